"""A password is asked for where one is set, in the way that each client knows."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

import pytest
import redshift_connector
from raw_client import RawClient, error, fields, message, startup
from servers import Canned, Local, refusal

from engine.wire.settings import Settings
from engine.wire.sign_in import METHODS, Account

# redshift_connector reads the end of the list of SCRAM mechanisms as one more, and gives up.
_DRIVER_METHODS = ["", *(method for method in METHODS if method != "scram-sha-256")]
SECRET = "pass wörd'\\"


def _connect(port: int, user: str = "etl", password: str = SECRET) -> redshift_connector.Connection:
    return redshift_connector.connect(
        host="127.0.0.1", port=port, database="dev", user=user, password=password, ssl=False, application_name="test"
    )


def _psql(port: int, user: str = "etl", password: str = SECRET) -> subprocess.CompletedProcess[str]:
    if shutil.which("psql") is None:
        pytest.skip("needs the command psql, which is not here")
    return subprocess.run(
        ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", user, "-d", "dev", "-Atc", "select 1"],
        capture_output=True, text=True, check=False, env={**os.environ, "PGPASSWORD": password},
    )  # fmt: skip


@pytest.mark.parametrize("method", _DRIVER_METHODS)
def test_redshift_connector_signs_in(local: Callable[..., Local], method: str) -> None:
    served = local(account=Account("etl", SECRET, method))
    with _connect(served.port) as connection:
        assert connection.cursor().execute("select 1").fetchone() == [1]


@pytest.mark.parametrize("method", _DRIVER_METHODS)
@pytest.mark.parametrize(("user", "password"), [("etl", "wrong"), ("other", SECRET)])
def test_redshift_connector_is_refused(local: Callable[..., Local], method: str, user: str, password: str) -> None:
    served = local(account=Account("etl", SECRET, method))
    assert refusal(lambda: _connect(served.port, user, password)) == {
        "S": "FATAL", "C": "28000", "M": f'password authentication failed for user "{user}"',
    }  # fmt: skip


@pytest.mark.parametrize("method", ["", "md5", "scram-sha-256"])
def test_psql_signs_in_or_is_refused(local: Callable[..., Local], method: str) -> None:
    served = local(account=Account("etl", SECRET, method))
    assert _psql(served.port).stdout == "1\n"
    refused = _psql(served.port, password="wrong")
    assert refused.returncode == 2
    assert 'password authentication failed for user "etl"' in refused.stderr


def test_anybody_comes_in_where_no_account_is_set(local: Callable[..., Local]) -> None:
    with _connect(local().port, "IAM:anybody", "anything") as connection:
        assert connection.cursor().execute("select 1").fetchone() == [1]


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0", b"SCRAM-SHA-256\0\0\0\0\4n,,x", b"OTHER\0\0\0\0\0", b"SCRAM-SHA-256\0\0\0\0\x0bp=x,,n=,r=a"],
)
def test_scram_refuses_what_makes_no_sense(canned: Callable[..., Canned], answer: bytes) -> None:
    with RawClient(canned(Settings(Account("etl", SECRET))).port) as client:
        client.send(startup(user="etl"))
        assert client.read() == ("R", b"\0\0\0\nSCRAM-SHA-256\0\0")
        client.send(message("p", answer))
        assert error(client.until("E"))["C"] in ("28000", "08P01")
        assert client.ended()


def test_another_message_than_a_password_is_refused(canned: Callable[..., Canned]) -> None:
    with RawClient(canned(Settings(Account("etl", SECRET))).port) as client:
        client.send(startup(user="etl"))
        client.read()
        client.send(message("Q", b"select 1\0"))
        assert fields(client.read()[1])["C"] == "08P01"


def test_an_account_does_not_show_its_password() -> None:
    assert "secret" not in repr(Account("etl", "secret"))
