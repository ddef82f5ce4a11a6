"""Sessions of local Redshift: transactions, errors, isolation, what a file keeps."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import LoadFailed, WarehouseError, WarehouseUnreachable
from engine.storage import Mount, Storage
from engine.warehouses.local.session import LocalDatabase, LocalSession, open_database

LONG = "select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b where a.a * b.b % 7 = 3"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[LocalDatabase]:
    opened = open_database(None, Storage((Mount("s3://b", tmp_path),)))
    yield opened
    opened.close()


@pytest.fixture
def session(database: LocalDatabase) -> Iterator[LocalSession]:
    opened = database.session()
    yield opened
    opened.close()


def rows(session: LocalSession, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in session.execute(sql).rows]


def refused(session: LocalSession, sql: str) -> WarehouseError:
    with pytest.raises(WarehouseError) as caught:
        session.execute(sql)
    return caught.value


def test_select_gives_columns_with_redshift_types(session: LocalSession) -> None:
    outcome = session.execute("select 1 as a, 'x'::varchar(3) as b, 1.50 as c, timestamp '2020-01-01' as d")
    assert outcome.command == "SELECT"
    assert outcome.row_count == 1
    assert [(column.name, column.type) for column in outcome.columns] == [
        ("a", "integer"),
        ("b", "character varying(3)"),
        ("c", "numeric(3,2)"),
        ("d", "timestamp without time zone"),
    ]


def test_row_counts_are_of_rows_written(session: LocalSession) -> None:
    session.execute("create table t (a int)")
    assert session.execute("insert into t values (1), (2), (3)").row_count == 3
    assert session.execute("update t set a = 9 where a > 1").row_count == 2
    assert session.execute("delete from t where a = 9").row_count == 2


def test_transaction_commits_and_rolls_back(session: LocalSession) -> None:
    session.execute("create table t (a int)")
    with session.transaction():
        session.execute("insert into t values (1)")

    def stop() -> None:
        with session.transaction():
            session.execute("insert into t values (2)")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop()
    assert rows(session, "select a from t") == [(1,)]


def test_transaction_raises_where_commit_became_rollback(session: LocalSession) -> None:
    session.execute("create table t (a int)")

    def fail_quietly() -> None:
        with session.transaction():
            session.execute("insert into t values (1)")
            refused(session, "select nosuch from t")

    with pytest.raises(WarehouseError, match="rolled back") as caught:
        fail_quietly()
    assert caught.value.sqlstate == "25P02"
    assert rows(session, "select count(*) from t") == [(0,)]


def test_failed_block_refuses_until_rollback(session: LocalSession) -> None:
    session.execute("begin")
    assert refused(session, "select 1/0").sqlstate == "22012"
    assert refused(session, "select 1").sqlstate == "25P02"
    assert session.execute("commit").command == "ROLLBACK"
    assert rows(session, "select 1") == [(1,)]


def test_mistake_that_only_the_translation_sees_fails_the_block_too(session: LocalSession) -> None:
    session.execute("begin")
    assert refused(session, "selec 1").sqlstate == "42601"
    assert refused(session, "select 1").sqlstate == "25P02"
    session.execute("rollback")


def test_syntax_error_says_line_and_token(session: LocalSession) -> None:
    error = refused(session, "select 1,\n  from t")
    assert error.message == 'syntax error at or near "from"'
    assert error.detail == "line 2:   from t\n          ^"


def test_second_statement_is_refused(session: LocalSession) -> None:
    error = refused(session, "select 1; select 2")
    assert (error.sqlstate, error.message) == ("42601", "cannot insert multiple commands into a prepared statement")
    assert rows(session, "select 1 ; -- the end\n") == [(1,)]


@pytest.mark.parametrize(
    ("sql", "hint"),
    [
        ("select * from song", 'did you mean "songs"?'),
        ("select titel from songs", 'did you mean "title"?'),
        ("select uper(title) from songs", "did you mean upper?"),
    ],
)
def test_hint_suggests_a_name(session: LocalSession, sql: str, hint: str) -> None:
    session.execute("create table songs (title varchar(10))")
    assert refused(session, sql).hint == hint


def test_sessions_do_not_see_what_is_not_committed(database: LocalDatabase, session: LocalSession) -> None:
    other = database.session()
    session.execute("create table t (a int)")
    session.execute("begin")
    session.execute("insert into t values (1)")
    session.execute("create table u (a int)")
    assert rows(other, "select count(*) from t") == [(0,)]
    assert refused(other, "select * from u").sqlstate == "42P01"
    session.execute("commit")
    assert rows(other, "select count(*) from t") == [(1,)]
    assert rows(other, "select count(*) from u") == [(0,)]
    other.close()


def test_temporary_tables_and_settings_are_the_sessions_own(database: LocalDatabase, session: LocalSession) -> None:
    other = database.session()
    session.execute("create temp table t (a int)")
    session.execute("set search_path to nosuch, public")
    assert refused(other, "select * from t").sqlstate == "42P01"
    assert rows(other, "show search_path") == [("$user, public",)]
    other.close()


def test_writers_of_one_row_conflict_as_1023(database: LocalDatabase, session: LocalSession) -> None:
    other = database.session()
    session.execute("create table t (a int)")
    session.execute("insert into t values (1)")
    session.execute("begin")
    session.execute("update t set a = 2")
    error = refused(other, "update t set a = 3")
    assert (error.sqlstate, error.message) == ("XX000", "1023")
    assert "isolation violation" in error.detail
    session.execute("commit")
    other.close()


def test_interrupt_stops_the_statement(session: LocalSession) -> None:
    threading.Timer(0.2, session.interrupt).start()
    began = time.monotonic()
    error = refused(
        session,
        "select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b where a.a * b.b % 7 = 3",
    )
    assert error.sqlstate == "57014"
    assert time.monotonic() - began < 20
    assert rows(session, "select 1") == [(1,)]


def test_keyboard_interrupt_leaves_the_session_usable(session: LocalSession) -> None:
    def press(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    session.execute("create table t (a int)")
    session.execute("begin")
    session.execute("insert into t values (1)")
    before = signal.signal(signal.SIGALRM, press)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises((KeyboardInterrupt, WarehouseError)):
            session.execute(LONG)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert session.execute("rollback").command == "ROLLBACK"
    assert rows(session, "select count(*) from t") == [(0,)]


def test_statement_timeout_stops_the_statement(session: LocalSession) -> None:
    session.execute("set statement_timeout to 100")
    error = refused(
        session,
        "select count(*) from generate_series(1, 100000) a, generate_series(1, 1000000) b where a.a * b.b % 7 = 3",
    )
    assert error.sqlstate == "57014"


def test_translation_is_remembered_until_the_catalog_changes(database: LocalDatabase, session: LocalSession) -> None:
    other = database.session()
    session.execute("create table t (a int)")
    session.execute("insert into t values (1)")
    assert rows(session, "select * from t") == [(1,)]
    other.execute("alter table t add column b int default 5")
    assert rows(session, "select * from t") == [(1, 5)]
    session.execute("begin")
    session.execute("drop table t")
    assert refused(session, "select * from t").sqlstate == "42P01"
    session.execute("rollback")
    assert rows(session, "select * from t") == [(1, 5)]
    other.close()


def test_translation_is_forgotten_where_a_name_means_another_table(session: LocalSession) -> None:
    session.execute("create schema nearer")
    session.execute("create table public.t (a int)")
    session.execute("insert into public.t values (1)")
    session.execute("set search_path to nearer, public")
    assert rows(session, "select a from t") == [(1,)]
    with session.transaction():
        session.execute("create table nearer.t (a varchar(5))")
        session.execute("insert into nearer.t values ('near')")
        assert rows(session, "select a from t") == [("near",)]
    assert rows(session, "select a from t") == [("near",)]
    session.execute("alter table nearer.t rename to other")
    assert rows(session, "select a from t") == [(1,)]


def test_translation_is_forgotten_where_a_table_of_its_view_changes(session: LocalSession) -> None:
    session.execute("create table public.t (a int, b int)")
    session.execute("create view public.v as select * from public.t with no schema binding")
    session.execute("insert into public.t values (1, 2)")
    assert rows(session, "select * from public.v") == [(1, 2)]
    session.execute("alter table public.t drop column b")
    assert rows(session, "select * from public.v") == [(1,)]


def test_catalog_of_a_rolled_back_transaction_is_forgotten(session: LocalSession) -> None:
    session.execute("create table t (a int)")
    session.execute("begin")
    session.execute("alter table t add column b int")
    session.execute("insert into t (a, b) values (1, 2)")
    session.execute("rollback")
    assert 'column "b"' in str(refused(session, "insert into t (a, b) values (1, 2)"))


def test_catalog_that_another_session_changed_meanwhile_is_read_again(
    database: LocalDatabase, session: LocalSession
) -> None:
    session.execute("create table t (a int)")
    session.execute("create table own (a int)")
    other = database.session()
    session.execute("begin")
    assert rows(session, "select count(*) from own") == [(0,)]
    other.execute("alter table t add column b int")
    session.execute("comment on table own is 'changed in an older transaction'")
    assert rows(session, "select * from t") == []
    session.execute("commit")
    assert [column.name for column in session.execute("select * from t").columns] == ["a", "b"]
    other.close()


def test_macros_come_back_after_a_rollback(session: LocalSession) -> None:
    session.execute("begin")
    assert rows(session, "select initcap('ab cd')") == [("Ab Cd",)]
    session.execute("rollback")
    assert rows(session, "select initcap('ef')") == [("Ef",)]


def test_file_keeps_tables_types_and_identities(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "public.duckdb"
    database = open_database(path, Storage())
    session = database.session()
    session.execute("create table t (id int identity(1, 1), v varchar(3))")
    session.execute("insert into t (v) values ('a')")
    session.close()
    database.close()
    database = open_database(path, Storage())
    session = database.session()
    session.execute("insert into t (v) values ('b')")
    assert rows(session, "select id, v from t order by id") == [(1, "a"), (2, "b")]
    assert refused(session, "insert into t (v) values ('long')").sqlstate == "22001"
    session.close()
    database.close()


def test_what_is_no_database_is_unreachable(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at " * 200)
    with pytest.raises(WarehouseUnreachable, match=r"notes\.txt is not a database"):
        open_database(path, Storage())


def test_folder_that_cannot_be_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseUnreachable, match="cannot make the folder"):
        open_database(tmp_path / "file" / "x.duckdb", Storage())


def load_errors(session: LocalSession) -> list[tuple[object, ...]]:
    return rows(
        session, "select line_number, trim(colname), err_code from stl_load_errors where query = pg_last_copy_id()"
    )


def test_copy_tells_what_it_loaded(session: LocalSession, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1, "b": "x"}\n{"a": 2, "b": "long"}\n')
    session.execute("create table t (a int, b varchar(3))")
    outcome = session.execute("copy t from 's3://b/x' iam_role default json 'auto' maxerror 2")
    assert (outcome.command, outcome.row_count, len(outcome.rejects)) == ("COPY", 1, 1)
    assert outcome.notices[0] == "INFO: Load into table 't' completed, 1 record(s) loaded successfully."
    assert rows(session, "select pg_last_copy_count()") == [(1,)]
    assert load_errors(session) == [(2, "b", 1204)]


def test_load_errors_outlive_the_transaction_that_they_broke(session: LocalSession, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": "one"}')
    session.execute("create table t (a int)")
    with pytest.raises(LoadFailed), session.transaction():
        session.execute("copy t from 's3://b/x' iam_role default json 'auto'")
    assert [row[0] for row in load_errors(session)] == [1]
    assert rows(session, "select pg_last_copy_count()") == [(0,)]
    assert rows(session, "select status from sys_load_history") == [("aborted",)]


def test_history_of_a_load_outlives_a_rollback(session: LocalSession, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": 1}')
    session.execute("create table t (a int)")
    session.execute("begin")
    session.execute("copy t from 's3://b/x' iam_role default json 'auto'")
    assert rows(session, "select count(*) from stl_load_commits") == [(1,)]
    session.execute("rollback")
    assert rows(session, "select count(*) from t") == [(0,)]
    assert rows(session, "select count(*) from stl_load_commits") == [(1,)]


def test_copy_into_nothing_is_refused(session: LocalSession) -> None:
    error = refused(session, "copy nosuch from 's3://b/x' iam_role default json 'auto'")
    assert (error.sqlstate, error.message) == ("XX000", "Cannot COPY into nonexistent table nosuch")


def test_blanks_count_where_exactness_is_switched_off() -> None:
    database = open_database(None, Storage(), exact_blanks=False)
    session = database.session()
    session.execute("create table t (a varchar(5))")
    session.execute("insert into t values ('x'), ('x ')")
    assert rows(session, "select count(*) from (select distinct a from t) q") == [(2,)]
    database.close()


def test_temporary_table_can_be_made_again_after_a_rollback() -> None:
    database = open_database(None, Storage())
    session = database.session()
    for _ in range(3):
        session.execute("BEGIN")
        session.execute("CREATE TEMP TABLE batch (id integer)")
        session.execute("INSERT INTO batch SELECT 1")
        session.execute("ROLLBACK")
    session.execute("CREATE TEMP TABLE batch (id integer)")
    assert session.execute("SELECT COUNT(*) FROM batch").rows == [(0,)]
    session.close()
    database.close()
