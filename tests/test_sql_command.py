"""etlrun sql: scripts of any statements, on a pipeline's target or on a database."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redshift_connector.error import ProgrammingError

from engine.__main__ import _run
from engine.warehouses.redshift import _refused

SCRIPT = """\
-- A table; with a semicolon in this comment.
CREATE TABLE t (id integer, word varchar(20));

INSERT INTO t VALUES (1, 'a;b'), (2, 'it''s'); /* ; */ SELECT id, word FROM t ORDER BY id;
CREATE FUNCTION twice (integer) RETURNS integer IMMUTABLE AS $$ SELECT $1 * 2; $$ LANGUAGE sql;
SELECT twice(21) AS answer
"""


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    return "here.duckdb"


def sql(*arguments: str, database: str) -> int:
    return _run(["sql", "--database", database, *arguments])


def lines(database: str, query: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert sql("-c", query, "--format", "csv", database=database) == 0
    return capsys.readouterr().out.splitlines()[1:]


def test_script_of_many_statements(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("script.sql").write_text(SCRIPT, encoding="utf-8")
    assert sql("script.sql", database=database) == 0
    said = capsys.readouterr()
    assert said.out == (
        "id   word\n─────────\n1    a;b \n2    it's\n2 rows\n\nanswer\n──────\n42    \n1 row\n"
    )  # fmt: skip
    assert said.err == "script.sql:2: CREATE TABLE\nscript.sql:4: INSERT, 2 rows\nscript.sql:5: CREATE FUNCTION\n"


@pytest.mark.parametrize(
    ("format_", "expected"),
    [("csv", "a\n1\n\nb\n2\n"), ("json", '[\n  {\n    "a": 1\n  }\n]\n[\n  {\n    "b": 2\n  }\n]\n')],
)
def test_formats_of_several_results(
    database: str, format_: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sql("-c", "SELECT 1 AS a; SELECT 2 AS b", "--format", format_, database=database) == 0
    assert capsys.readouterr().out == expected


def test_script_from_stdin(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 1 AS a;\nSELECT nothing;"))
    assert sql("-", database=database) == 1
    assert capsys.readouterr().err.startswith('stdin:2:8: column "nothing" does not exist')


def test_an_error_stops_the_script(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("script.sql").write_text(
        "CREATE TABLE orders (id integer);\n/* why */ SELECT\n\tamount\nFROM orders;\nSELECT 1;\nSELECT 2;",
        encoding="utf-8",
    )
    assert sql("script.sql", database=database) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "script.sql:1: CREATE TABLE\n"
        'script.sql:3:2: column "amount" does not exist\n'
        "    3 |  amount\n"
        "      |  ^^^^^^\n"
        "stopped: 2 statements after it not sent; --on-error continue goes on\n"
    )


def test_an_error_without_a_place_is_told_at_its_statement(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        sql("-c", "SELECT 1 AS a;\n  -- a comment\n  SELECT 1 / (a - a) FROM (SELECT 1 AS a) AS t", database=database)
        == 1
    )
    assert capsys.readouterr().err.startswith("-c:3:3: division by zero\n")


def test_a_syntax_error_shows_its_line_once(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql("-c", "SELECT 1;\nSELECT 1 FORM t WHERE x", database=database) == 1
    said = capsys.readouterr().err
    assert said == '-c:2:15: syntax error at or near "t"\n    2 | SELECT 1 FORM t WHERE x\n      |               ^\n'


def test_a_position_that_a_cluster_says_is_taken_over() -> None:
    said = {"S": "ERROR", "C": "42601", "M": 'syntax error at or near "FORM"', "P": "10"}
    assert _refused(ProgrammingError(said)).span == (9, 10)
    assert _refused(ProgrammingError({**said, "P": ""})).span is None


def test_errors_may_be_passed_over(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    script = "SELECT nothing; SELECT 1 AS one; SELECT 'never closed; SELECT 2 AS two"
    assert sql("-c", script, "--on-error", "continue", "--format", "csv", database=database) == 1
    said = capsys.readouterr()
    assert said.out == "one\n1\n"
    assert said.err.count("-c:1:") == 2
    assert "unterminated quoted string" in said.err


def test_a_key_in_a_line_is_not_shown(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    copy = "COPY nowhere FROM 's3://b/k' ACCESS_KEY_ID 'AKIASECRET' SECRET_ACCESS_KEY 'verysecret' CSV nonsense"
    assert sql("-c", copy, database=database) == 1
    assert "verysecret" not in capsys.readouterr().err


def test_each_statement_is_its_own_transaction(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql("-c", "CREATE TABLE t (a integer); INSERT INTO t VALUES (1); SELECT 1 / 0", database=database) == 1
    assert lines(database, "SELECT COUNT(*) FROM t", capsys) == ["1"]


def test_a_script_has_its_own_transactions(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    script = """
        CREATE TABLE t (a integer);
        BEGIN; INSERT INTO t VALUES (1); COMMIT;
        BEGIN; INSERT INTO t VALUES (2); ROLLBACK;
        BEGIN; INSERT INTO t VALUES (3); SELECT 1 / 0; INSERT INTO t VALUES (4); COMMIT;
        INSERT INTO t VALUES (5);
    """
    assert sql("-c", script, "--on-error", "continue", database=database) == 1
    assert "current transaction is aborted" in capsys.readouterr().err
    assert lines(database, "SELECT a FROM t ORDER BY a", capsys) == ["1", "5"]


def test_a_transaction_left_open_is_rolled_back_and_told(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql("-c", "CREATE TABLE t (a integer);\nBEGIN;\nINSERT INTO t VALUES (1);", database=database) == 1
    assert capsys.readouterr().err.endswith(
        "-c:2:1: the transaction that begins here was not committed, and is rolled back\n"
    )
    assert lines(database, "SELECT COUNT(*) FROM t", capsys) == ["0"]


def test_a_load_that_fails_says_why(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "rows.csv").write_text("1\nx\n")
    script = "CREATE TABLE t (a integer); COPY t FROM 's3://b/rows' IAM_ROLE default CSV"
    assert sql("-c", script, "--mount", f"s3://b={tmp_path / 'bucket'}", database=database) == 1
    assert "s3://b/rows.csv:2: column a int" in capsys.readouterr().err


def test_a_script_with_no_statement(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sql("-c", "-- nothing\n;;", database=database) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--database", "x.duckdb"], "say what to run"),
        (["--database", "x.duckdb", "a.sql", "b.sql"], "say what to run"),
        (["--database", "x.duckdb", "a.sql", "-c", "SELECT 1"], "say what to run"),
        (["--database", "x.duckdb", "--target", "aws", "-c", "SELECT 1"], "belong to a PIPELINE"),
        (["--database", "x.duckdb", "nowhere.sql"], "cannot read the script nowhere.sql: No such file"),
        (["--database", "x.duckdb", "latin.sql"], "the script latin.sql is not UTF-8: byte 9"),
        (["-c", "SELECT 1"], "name a PIPELINE, or --database FILE"),
    ],
)
def test_wrong_usage(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("latin.sql").write_bytes("SELECT 'é'".encode("latin-1"))
    assert _run(["sql", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert not Path("x.duckdb").exists()


def test_pipelines_target_and_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = tmp_path / "p.yaml"
    pipeline.write_text(
        "version: 1\nname: p\nschema: shop\ntarget: one\ntargets:\n"
        "  one: {warehouse: local}\n  two: {warehouse: local, database: two.duckdb}\n"
        "tables:\n  t:\n    columns: {a: {type: integer}}\n    load: {sql: SELECT 1 AS a}\n",
        encoding="utf-8",
    )
    assert _run([str(pipeline), "--target", "two"]) == 0
    capsys.readouterr()
    assert (
        _run(
            [
                "sql",
                str(pipeline),
                "--target",
                "two",
                "-c",
                "UPDATE t SET a = 7; SELECT a FROM shop.t",
                "--format",
                "json",
            ]
        )
        == 0
    )
    said = capsys.readouterr()
    assert json.loads(said.out) == [{"a": 7}]
    assert said.err == "-c:1: UPDATE, 1 row\n"
    assert _run(["sql", str(pipeline), "--target", "three", "-c", "SELECT 1"]) == 2


def test_ctrl_c_rolls_back_and_exits_130(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ", ".join(f"({number})" for number in range(500))
    assert sql("-c", f"CREATE TABLE big (n bigint); INSERT INTO big VALUES {rows}", database=database) == 0
    slow = (
        "BEGIN; DELETE FROM big WHERE n = 1; SELECT 1 AS begun; "
        "SELECT COUNT(*) FROM big a, big b, big c, big d WHERE MOD(a.n + b.n * c.n + d.n, 7) = 3"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "sql", "--database", database, "-c", slow],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("begun")
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, "interrupted; what was not committed is rolled back" in said) == (130, True)
    assert lines(database, "SELECT COUNT(*) FROM big", capsys) == ["500"]


def test_database_in_a_folder_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    assert _run(["sql", "--database", "dta/new.duckdb", "-c", "SELECT 1"]) == 2
    assert "--database dta/new.duckdb: there is no folder 'dta': did you mean 'data'?" in capsys.readouterr().err
    assert not (tmp_path / "dta").exists()
    assert _run(["sql", "--database", "data/new.duckdb", "-c", "SELECT 1"]) == 0
    assert _run(["sql", "--database", "new.duckdb", "-c", "SELECT 1"]) == 0
