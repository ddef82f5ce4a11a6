"""redshift_connector against local Redshift on a port."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import redshift_connector
from servers import Local

from engine.wire.faults import Fault, serverless


def _connect(port: int, **options: Any) -> redshift_connector.Connection:
    return redshift_connector.connect(
        host="127.0.0.1", port=port, database="dev", user="etl", password="x", ssl=False, application_name="test",
        **options,
    )  # fmt: skip


_VALUES: list[tuple[str, Any, int]] = [
    ("cast(-7 as smallint)", -7, 21), ("42", 42, 23), ("cast(9223372036854775807 as bigint)", 2**63 - 1, 20),
    ("cast(1.25 as numeric(10,2))", Decimal("1.25"), 1700), ("cast(-1.5 as numeric(38,10))", Decimal("-1.5"), 1700),
    ("cast(123456789012345678901.5 as numeric(38,3))", Decimal("123456789012345678901.5"), 1700),
    ("cast(0.1 as double precision)", 0.1, 701), ("cast(1.5 as real)", 1.5, 700), ("true", True, 16),
    ("1 = 2", False, 16),
    ("cast('ab' as char(4))", "ab  ", 1042), ("cast('é' as varchar(10))", "é", 1043), ("'text'", "text", 1043),
    ("date '2018-11-01'", date(2018, 11, 1), 1082), ("cast('01:02:03.5' as time)", time(1, 2, 3, 500000), 1083),
    ("cast('05:02:03+02' as timetz)", time(3, 2, 3, tzinfo=UTC), 1266),
    ("timestamp '2018-11-01 21:01:46.796'", datetime(2018, 11, 1, 21, 1, 46, 796000), 1114),
    ("cast('2018-11-01 21:01:46+01' as timestamptz)", datetime(2018, 11, 1, 20, 1, 46, tzinfo=UTC), 1184),
    ("json_parse('{\"a\":[1,null]}')", '{"a":[1,null]}', 4000), ("null", None, 1043),
    ("cast(null as integer)", None, 23), ("cast(null as numeric(10,2))", None, 1700),
]  # fmt: skip


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_every_type_arrives(local: Callable[..., Local], protocol: int) -> None:
    with _connect(local().port, client_protocol_version=protocol) as connection:
        cursor = connection.cursor()
        cursor.execute("select " + ", ".join(f"{sql} as c{number}" for number, (sql, _, _) in enumerate(_VALUES)))
        (row,) = cursor.fetchall()
        for (sql, value, oid), found, column in zip(_VALUES, row, cursor.description, strict=True):
            assert (found, column[1]) == (value, oid), sql


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_intervals_arrive(local: Callable[..., Local], protocol: int) -> None:
    with _connect(local().port, client_protocol_version=protocol) as connection:
        cursor = connection.cursor()
        cursor.execute("select interval '3 days 4 hours' day to second, interval '2-3' year to month")
        seconds, months = cursor.fetchone()
        assert (seconds.microseconds, months.months) == ((3 * 24 + 4) * 3600 * 10**6, 27)


@pytest.mark.parametrize("protocol", [0, 2])
def test_parameters_come_back(local: Callable[..., Local], protocol: int) -> None:
    values = (
        5, -70000, 2**40, "it's \\ \"$1\" é", Decimal("12.5"), 2.5, True, False, date(2020, 1, 2),
        datetime(2020, 1, 2, 3, 4, 5, 6), datetime(2020, 1, 2, 3, tzinfo=UTC), None,
    )  # fmt: skip
    with _connect(local().port, client_protocol_version=protocol) as connection:
        cursor = connection.cursor()
        cursor.execute("select " + ", ".join(["%s"] * len(values)), values)
        assert tuple(cursor.fetchone()) == values


@pytest.mark.parametrize(
    ("style", "where", "values"),
    [
        ("qmark", "a = ? and b = ?", (2, "b")), ("numeric", "a = :1 and b = :2", (2, "b")),
        ("named", "a = :a and b = :b", {"a": 2, "b": "b"}), ("format", "a = %s and b = %s", (2, "b")),
        ("pyformat", "a = %(a)s and b = %(b)s", {"a": 2, "b": "b"}),
    ],
)  # fmt: skip
def test_every_parameter_style(local: Callable[..., Local], style: str, where: str, values: Any) -> None:
    with _connect(local().port) as connection:
        cursor = connection.cursor()
        cursor.paramstyle = style
        cursor.execute("create table t (a integer, b varchar(10))")
        cursor.execute("insert into t values (1, 'a'), (2, 'b')")
        cursor.execute(f"select a, b from t where {where}", values)
        assert cursor.fetchall() == ([2, "b"],)


def test_types_of_parameters_meet_types_of_columns(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        cursor = connection.cursor()
        cursor.execute("create table t (a integer, p decimal(12,2), d date, ts timestamp, v varchar(5))")
        row = (1, Decimal("2.50"), date(2020, 1, 2), datetime(2020, 1, 2, 3), "x")
        cursor.execute("insert into t values (%s, %s, %s, %s, %s)", row)
        cursor.execute("insert into t values (%s, %s, %s, %s, %s)", ("2", "3.5", "2020-01-03", "2020-01-03 04:00", 7))
        wanted = [("a = %s", "1"), ("p = %s", 2.5), ("d = %s", "2020-01-02"), ("ts < %s", datetime(2020, 1, 3))]
        for where, value in wanted:
            cursor.execute(f"select * from t where {where}", (value,))
            assert tuple(cursor.fetchone()) == row
        cursor.execute("select p * %s, a + %s, coalesce(v, %s) from t order by a limit %s", (Decimal("1.5"), 1, "", 1))
        assert cursor.fetchone() == [Decimal("3.75"), 2, "x"]


def test_row_counts(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        cursor = connection.cursor()
        cursor.execute("create table t (a integer)")
        cursor.executemany("insert into t values (%s)", [(1,), (2,), (3,)])
        assert cursor.rowcount == 3
        assert cursor.execute("update t set a = a + 1 where a > 1").rowcount == 2
        assert cursor.execute("delete from t").rowcount == 3
        assert cursor.execute("select 1").rowcount == -1
        assert cursor.redshift_rowcount == 1


def test_fetching_in_pieces(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        cursor = connection.cursor()
        cursor.execute("select 1 union all select 2 union all select 3 order by 1")
        assert (cursor.fetchone(), cursor.fetchmany(1), cursor.fetchall()) == ([1], ([2],), ([3],))


def test_equal_names_stay_equal(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        cursor = connection.cursor()
        cursor.execute("select 1 as a, 2 as a, 3")
        assert [column[0] for column in cursor.description] == ["a", "a", "?column?"]


def test_transactions_by_default_and_errors_in_them(local: Callable[..., Local]) -> None:
    served = local()
    with _connect(served.port) as connection, _connect(served.port) as other:
        cursor = connection.cursor()
        cursor.execute("create table t (a integer)")
        connection.commit()
        cursor.execute("insert into t values (1)")
        assert other.cursor().execute("select count(*) from t").fetchone() == [0]
        other.rollback()
        with pytest.raises(redshift_connector.ProgrammingError) as caught:
            cursor.execute("select nothing from t")
        assert caught.value.args[0]["C"] == "42703"
        with pytest.raises(redshift_connector.ProgrammingError) as caught:
            cursor.execute("select 1")
        assert caught.value.args[0]["C"] == "25P02"
        connection.commit()
        assert cursor.execute("select count(*) from t").fetchone() == [0], "commit of a failed transaction rolls back"


def test_autocommit_and_own_transactions(local: Callable[..., Local]) -> None:
    served = local()
    with _connect(served.port, max_prepared_statements=0) as connection, _connect(served.port) as other:
        connection.autocommit = True
        cursor = connection.cursor()
        insert = "insert into t values (1)"
        for sql in ("create table t (a int)", "begin", insert, insert, "rollback", insert):
            cursor.execute(sql)
        assert other.cursor().execute("select a from t").fetchall() == ([1],)


def test_truncate_commits(local: Callable[..., Local]) -> None:
    served = local()
    with _connect(served.port) as connection, _connect(served.port) as other:
        cursor = connection.cursor()
        cursor.execute("create table t (a int)")
        cursor.execute("insert into t values (1)")
        cursor.execute("truncate t")
        assert other.cursor().execute("select count(*) from t").fetchone() == [0]
        connection.rollback()


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("select * from nowhere", "42P01"), ("selec 1", "42601"), ("select 1; select 2", "42601"),
        ("select 1/0", "22012"), ("select cast('x' as integer)", "22P02"), ("vacuum", "25001"),
    ],
)  # fmt: skip
def test_errors_have_their_sqlstate(local: Callable[..., Local], sql: str, sqlstate: str) -> None:
    with _connect(local().port) as connection:
        with pytest.raises(redshift_connector.ProgrammingError) as caught:
            connection.cursor().execute(sql)
        told = caught.value.args[0]
        assert (told["S"], told["C"]) == ("ERROR", sqlstate)
        assert "duckdb" not in str(told).lower()


def test_copy_and_its_notice(local: Callable[..., Local], tmp_path: Path) -> None:
    with _connect(local().port) as connection:
        (tmp_path / "bucket" / "rows.json").write_text('{"a": 1}\n{"a": 2}\n')
        cursor = connection.cursor()
        cursor.execute("create table t (a integer)")
        cursor.execute("copy t from 's3://bucket/rows' iam_role default json 'auto'")
        assert cursor.rowcount == -1
        assert [notice[b"M"] for notice in connection.notices] == [
            b"Load into table 't' completed, 2 record(s) loaded successfully."
        ]
        assert cursor.execute("select pg_last_copy_count()").fetchone() == [2]


@pytest.mark.parametrize(
    ("settings", "view"), [({}, "stl_load_errors"), ({"wording": serverless}, "sys_load_error_detail")]
)
def test_a_failed_copy_names_the_view_that_explains_it(
    local: Callable[..., Local], tmp_path: Path, settings: dict[str, Any], view: str
) -> None:
    with _connect(local(**settings).port) as connection:
        (tmp_path / "bucket" / "rows.json").write_text('{"a": "x"}\n')
        cursor = connection.cursor()
        cursor.execute("create table t (a integer)")
        connection.commit()
        with pytest.raises(redshift_connector.ProgrammingError) as caught:
            cursor.execute("copy t from 's3://bucket/rows' iam_role default json 'auto'")
        told = caught.value.args[0]
        assert told["M"] == f"Load into table 't' failed.  Check '{view}' system table for details."
        assert (told["C"], told["R"]) == ("XX000", "CheckMaxRowError")
        connection.rollback()
        cursor.execute("select trim(err_reason) from stl_load_errors where query = pg_last_copy_id()")
        assert "Invalid digit" in cursor.fetchone()[0]


def test_a_cut_connection_loses_what_is_not_committed(local: Callable[..., Local]) -> None:
    def faults(number: int, sql: str) -> Fault:
        return Fault(kill_after="insert" in sql)

    served = local(faults=faults)
    with _connect(served.port) as other:
        connection = _connect(served.port)
        cursor = connection.cursor()
        cursor.execute("create table t (a integer)")
        connection.commit()
        with pytest.raises(redshift_connector.InterfaceError, match="server socket closed"):
            cursor.execute("insert into t values (1)")
        connection.close()
        assert other.cursor().execute("select count(*) from t").fetchone() == [0]


def test_a_commit_whose_answer_is_lost_is_a_commit(local: Callable[..., Local]) -> None:
    served = local(faults=lambda number, sql: Fault(kill_after=sql == "commit"))
    connection = _connect(served.port)
    connection.cursor().execute("create table t (a integer)")
    with pytest.raises(redshift_connector.InterfaceError):
        connection.commit()
    connection.close()
    with _connect(served.port) as other:
        assert other.cursor().execute("select count(*) from t").fetchone() == [0]


def test_temporary_tables_are_of_their_session(local: Callable[..., Local]) -> None:
    served = local()
    with _connect(served.port) as connection, _connect(served.port) as other:
        connection.cursor().execute("create temp table t (a integer)")
        connection.commit()
        with pytest.raises(redshift_connector.ProgrammingError):
            other.cursor().execute("select * from t")


def test_ddl_after_many_prepared_statements(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        cursor = connection.cursor()
        for number in range(30):
            cursor.execute(f"select {number}")
        cursor.execute("create table t (a integer)")
        assert cursor.execute("select 1").fetchone() == [1]


def test_twenty_clients_write_at_once(local: Callable[..., Local]) -> None:
    served = local()
    with _connect(served.port) as connection:
        connection.cursor().execute("create table t (client integer, n integer)")
        connection.commit()
    failed: list[BaseException] = []

    def work(client: int) -> None:
        try:
            with _connect(served.port) as connection:
                for number in range(5):
                    connection.cursor().execute("insert into t values (%s, %s)", (client, number))
                    connection.commit()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert not failed
    with _connect(served.port) as connection:
        cursor = connection.cursor()
        assert cursor.execute("select count(*), count(distinct client) from t").fetchone() == [100, 20]


def test_metadata_calls_of_the_driver_are_answered_or_refused(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("create table t (a integer)")
        for call in (cursor.get_tables, cursor.get_columns, cursor.get_schemas):
            with suppress(redshift_connector.ProgrammingError):
                call()
        assert cursor.execute("select 1").fetchone() == [1]


def test_metadata_functions(local: Callable[..., Local]) -> None:
    """The driver asks as the JDBC driver does: DatabaseMetaData.getTables, getColumns, getPrimaryKeys, …"""
    with _connect(local().port) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        for sql in (
            "create schema shop",
            "create table shop.orders (id bigint, line smallint, note varchar(9) default 'no', primary key (id, line))",
            "comment on table shop.orders is 'bought'",
            "create view shop.big as select id from shop.orders",
        ):
            cursor.execute(sql)
        assert [list(row) for row in cursor.get_catalogs()] == [["dev"]]
        assert ["shop", "dev"] in [list(row) for row in cursor.get_schemas()]
        tables = cursor.get_tables(schema_pattern="shop")
        assert [(row[2], row[3], row[4]) for row in tables if row[3] != "INDEX"] == [
            ("orders", "TABLE", "bought"), ("big", "VIEW", None),
        ]  # fmt: skip
        columns = cursor.get_columns(schema_pattern="shop", tablename_pattern="orders")
        assert [(row[3], row[5], row[12], row[17]) for row in columns] == [
            ("id", "int8", None, "NO"), ("line", "int2", None, "NO"), ("note", "varchar", "'no'", "YES"),
        ]  # fmt: skip
        keys = cursor.get_primary_keys(schema="shop", table="orders")
        assert [(row[3], row[4], row[5]) for row in keys] == [("id", 1, "orders_pkey"), ("line", 2, "orders_pkey")]
        assert list(cursor.get_procedures()) == []


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_arrays_of_catalogs_arrive(local: Callable[..., Local], protocol: int) -> None:
    with _connect(local().port, client_protocol_version=protocol) as connection:
        cursor = connection.cursor()
        cursor.execute("create table t (a integer, b integer, primary key (b, a))")
        cursor.execute("select conkey, confkey, current_schemas(true) from pg_constraint")
        (found,) = cursor.fetchall()
        assert list(found) == [[2, 1], None, ["pg_catalog", "public"]]
        assert [column[1] for column in cursor.description] == [1005, 1005, 1009]


def test_cursors_and_prepared_statements_of_sql(local: Callable[..., Local]) -> None:
    """FETCH is described without moving the cursor; EXECUTE cannot be, and says so."""
    with _connect(local().port) as connection:
        cursor = connection.cursor()
        cursor.execute("declare c cursor for select 1 as a union all select 2 order by 1")
        cursor.execute("fetch next from c")
        assert (cursor.description[0][0], cursor.fetchall()) == ("a", ([1],))
        cursor.execute("fetch all from c")
        assert cursor.fetchall() == ([2],)
        cursor.execute("prepare p(int) as select $1 + 1")
        with pytest.raises(redshift_connector.ProgrammingError, match="EXECUTE in the extended protocol"):
            cursor.execute("execute p(1)")
        connection.rollback()
        cursor.execute("deallocate p")
