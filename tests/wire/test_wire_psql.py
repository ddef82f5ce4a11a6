"""psql against local Redshift on a port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import Local

from engine.wire.faults import Statement

pytestmark = pytest.mark.skipif(shutil.which("psql") is None, reason="needs the command psql, which is not here")


def _command(port: int, *options: str) -> list[str]:
    return ["psql", "-X", "-h", "127.0.0.1", "-p", str(port), "-U", "etl", "-d", "dev", *options]


def _psql(port: int, *options: str, script: str = "") -> tuple[str, str]:
    done = subprocess.run(
        _command(port, *options), input=script, capture_output=True, text=True, check=False, timeout=30,
        env={**os.environ, "PGOPTIONS": ""},
    )  # fmt: skip
    return done.stdout, done.stderr


def test_select_as_a_table(local: Callable[..., Local]) -> None:
    out, err = _psql(local().port, "-c", "select 1 as a, 2.50::numeric(5,2) as b, null as c, true as d")
    assert out == " a |  b   | c | d \n---+------+---+---\n 1 | 2.50 |   | t\n(1 row)\n\n"
    assert err == ""


def test_values_as_text(local: Callable[..., Local]) -> None:
    sql = (
        "select 0.1::float8, 1e20::float8, 2.5::real, timestamp '2018-11-01 21:01:46.796', date '2018-11-01', "
        "'2018-11-01 21:01:46+02'::timestamptz, '01:02:03'::time, interval '3 days 4 hours', "
        "json_parse('{\"a\":[1]}'), cast('ab' as char(4)), 12345678901234567890.5::numeric(30,3)"
    )
    out, _ = _psql(local().port, "-Atc", sql)
    assert out == (
        "0.1|1e+20|2.5|2018-11-01 21:01:46.796|2018-11-01|2018-11-01 19:01:46+00|01:02:03|3 days 04:00:00|"
        '{"a":[1]}|ab  |12345678901234567890.500\n'
    )


def test_several_statements_are_one_transaction(local: Callable[..., Local]) -> None:
    port = local().port
    out, err = _psql(port, "-Atc", "create table t (a int); insert into t values (1), (2); select count(*) from t")
    assert (out, err) == ("CREATE TABLE\nINSERT 0 2\n2\n", "")
    out, err = _psql(port, "-Atc", "insert into t values (3); select 1/0")
    assert err.startswith("ERROR:  division by zero")
    assert _psql(port, "-Atc", "select count(*) from t")[0] == "2\n"


def test_several_commands_are_several_transactions(local: Callable[..., Local]) -> None:
    commands = ("create table t (a int)", "select 1/0", "select count(*) from t")
    out, _ = _psql(local().port, "-At", *(word for command in commands for word in ("-c", command)))
    assert out == "CREATE TABLE\n0\n"


def test_a_session_from_a_script(local: Callable[..., Local]) -> None:
    script = r"""
        \timing on
        create table t (a int);
        begin;
        insert into t values (1);
        select 1/0;
        select 1;
        commit;
        select count(*) as left_over from t;
        \conninfo
        \set number 5
        select :number as five \gx
    """
    out, err = _psql(local().port, "-At", script=script)
    assert "ROLLBACK\n" in out
    assert "0\n" in out
    assert "five|5" in out
    assert "Time:" in out
    assert "division by zero" in err
    assert "current transaction is aborted" in err


def test_copy_and_its_notice(local: Callable[..., Local], tmp_path: Path) -> None:
    port = local().port
    (tmp_path / "bucket" / "rows.csv").write_text("1,one\n2,two\n")
    _psql(port, "-c", "create table t (a int, b varchar(10))")
    out, err = _psql(port, "-c", "copy t from 's3://bucket/rows' iam_role default csv")
    assert out == "COPY\n"
    assert err == "INFO:  Load into table 't' completed, 2 record(s) loaded successfully.\n"


def test_prepared_statements(local: Callable[..., Local]) -> None:
    help_text = subprocess.run(["psql", "--help=commands"], capture_output=True, text=True, check=False).stdout
    if "\\bind" not in help_text:
        pytest.skip("this psql has no \\bind")
    out, _ = _psql(local().port, "-At", script="select $1, $2 \\bind 1 'x y' \\g\n")
    assert out == "1|x y\n"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (r"\d", ["public|t|table|local", "public|v|view|local"]), (r"\dt", ["public|t|table|local"]),
        (r"\dt public.*", ["public|t|table|local"]), (r"\dv public.*", ["public|v|view|local"]),
        (r"\dn", ["public|local"]), (r"\dn pub*", ["public|local"]),
    ],
)  # fmt: skip
def test_lists(local: Callable[..., Local], command: str, shown: list[str]) -> None:
    port = local().port
    _psql(port, "-c", "create table t (a int)", "-c", "create view v as select a from t")
    out, err = _psql(port, "-At", script=f"{command}\n")
    assert (out.splitlines(), err) == (shown, "")


@pytest.mark.parametrize("command", [r"\d t", r"\d+ t", r"\l", r"\du", r"\df"])
def test_meta_commands_are_answered_or_refused(local: Callable[..., Local], command: str) -> None:
    _, err = _psql(local().port, script=f"{command}\nselect 'still here';\n")
    assert "bug in etlrun" not in err
    assert "server closed the connection" not in err


def test_ctrl_c_cancels_the_statement(local: Callable[..., Local]) -> None:
    log: list[Statement] = []
    served = local(log=log.append)
    slow = "select count(*) from big a, big b, big c, big d where mod(a.n + b.n * c.n + d.n, 7) = 3"
    rows = ", ".join(f"({number})" for number in range(500))
    _psql(served.port, "-c", "create table big (n bigint)", "-c", f"insert into big values {rows}")
    running = subprocess.Popen(_command(served.port, "-c", slow), stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert err == "Cancel request sent\nERROR:  Query canceled on user's request\n"
    assert log[-1].sqlstate == "57014"
