"""`etlrun serve`: the command, as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redshift_connector
from certificates import Certificates

from engine.errors import UsageError
from engine.wire.hosting import settings

PROJECT = Path(__file__).resolve().parents[2]


def _connect(port: int) -> redshift_connector.Connection:
    return redshift_connector.connect(
        host="127.0.0.1", port=port, database="dev", user="etl", password="x", ssl=False, application_name="test"
    )


@contextmanager
def _serve(*arguments: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "serve", "--port", "0", *arguments], cwd=PROJECT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on 127.0.0.1:"), process.communicate()
        yield int(line.rpartition(":")[2]), process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_and_rolls_back(tmp_path: Path, how: signal.Signals) -> None:
    file = str(tmp_path / "served.duckdb")
    with _serve("--database", file) as (port, process):
        connection = _connect(port)
        cursor = connection.cursor()
        cursor.execute("create table kept (a int)")
        connection.commit()
        cursor.execute("insert into kept values (1)")
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
        connection.close()
    with _serve("--database", file) as (port, _), _connect(port) as connection:
        assert connection.cursor().execute("select count(*) from kept").fetchone() == [0]


def test_serve_a_pipeline_has_its_mounts() -> None:
    with _serve("pipelines/shop/shop.yaml", "--database", ":memory:") as (port, _), _connect(port) as connection:
        cursor = connection.cursor()
        cursor.execute("create table lines (line varchar(1000))")
        cursor.execute("copy lines from 's3://shop-exports/orders/' iam_role default delimiter '\\001' gzip")
        assert cursor.execute("select count(*) from lines").fetchone()[0] > 1


def test_serve_mounts_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n2\n")
    with _serve("--mount", f"s3://bucket={tmp_path}") as (port, _), _connect(port) as connection:
        cursor = connection.cursor()
        cursor.execute("create table t (a int)")
        cursor.execute("copy t from 's3://bucket/a' iam_role default csv")
        assert cursor.execute("select count(*) from t").fetchone() == [2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "other machines can reach this address, so it needs a password"),
        (["--host", "0.0.0.0"], "and TLS (--tls-cert FILE --tls-key FILE)"),
        (["--user", "etl"], "--user and --password-env go together"),
        (["--password-env", "NO_SUCH_VARIABLE", "--user", "etl"], "NO_SUCH_VARIABLE is not set"),
        (["--tls-cert", "a.pem"], "--tls-cert and --tls-key go together"),
        (["--tls-cert", "no.pem", "--tls-key", "no.key"], "there is no file 'no.pem'"),
        (["--host", "192.0.2.1.invalid"], "this machine does not know the address"),
        (["no_such_pipeline.yaml"], "no_such_pipeline.yaml"),
    ],
)
def test_serve_refuses(arguments: list[str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", "serve", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert said in done.stderr
    assert done.returncode == (3 if "pipeline" in said else 2)
    assert done.stdout == ""


def test_settings_for_other_machines_need_password_and_tls(certificates: Certificates) -> None:
    environ = {"SECRET": "s3cret"}
    found = settings("0.0.0.0", "etl", "SECRET", environ, certificates.certificate, certificates.key)
    assert found.account is not None
    assert found.tls is not None
    assert found.tls_required
    with pytest.raises(UsageError, match="so it needs TLS"):
        settings("0.0.0.0", "etl", "SECRET", environ, None, None)
    with pytest.raises(UsageError, match="so it needs a password"):
        settings("0.0.0.0", "", None, environ, certificates.certificate, certificates.key)
    assert settings("127.0.0.1", "", None, environ, None, None).account is None
