"""TLS, as clients ask for it, with a certificate authority of the test's own."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import redshift_connector
from certificates import Certificates
from raw_client import RawClient, error, startup
from servers import Canned, Local, refusal

from engine.errors import UsageError
from engine.wire.server import read_certificate
from engine.wire.settings import Settings
from engine.wire.sign_in import Account


@pytest.fixture
def tls(certificates: Certificates) -> ssl.SSLContext:
    return read_certificate(certificates.certificate, certificates.key)


def _connect(port: int, **options: object) -> redshift_connector.Connection:
    return redshift_connector.connect(
        port=port, database="dev", user="etl", password="secret", application_name="test", **options
    )


@pytest.mark.parametrize("sslmode", ["verify-full", "verify-ca"])
def test_redshift_connector_verifies_the_certificate(
    local: Callable[..., Local], tls: ssl.SSLContext, certificates: Certificates, monkeypatch: pytest.MonkeyPatch,
    sslmode: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    served = local(tls=tls, tls_required=True, account=Account("etl", "secret"))
    with _connect(served.port, host="localhost", ssl=True, sslmode=sslmode) as connection:
        assert connection.cursor().execute("select 1").fetchone() == [1]


def test_redshift_connector_distrusts_an_unknown_authority(local: Callable[..., Local], tls: ssl.SSLContext) -> None:
    served = local(tls=tls)
    assert "CERTIFICATE_VERIFY_FAILED" in str(refusal(lambda: _connect(served.port, host="localhost", ssl=True)))
    with _connect(served.port, host="127.0.0.1", ssl=False) as connection:
        assert connection.cursor().execute("select 1").fetchone() == [1]


def test_plain_text_is_refused_where_tls_is_required(local: Callable[..., Local], tls: ssl.SSLContext) -> None:
    served = local(tls=tls, tls_required=True)
    assert "SSL off" in str(refusal(lambda: _connect(served.port, host="127.0.0.1", ssl=False)))


def test_psql_verifies_the_certificate(
    local: Callable[..., Local], tls: ssl.SSLContext, certificates: Certificates
) -> None:
    if shutil.which("psql") is None:
        pytest.skip("needs the command psql, which is not here")
    served = local(tls=tls, tls_required=True, account=Account("etl", "secret"))
    place = f"host=localhost port={served.port} user=etl dbname=dev sslmode=verify-full"
    done = subprocess.run(
        ["psql", f"{place} sslrootcert={certificates.authority}", "-Atc", "select 1"],
        capture_output=True, text=True, check=False, env={**os.environ, "PGPASSWORD": "secret"},
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_client_that_breaks_off_the_handshake_hurts_nobody(
    canned: Callable[..., Canned], tls: ssl.SSLContext
) -> None:
    served = canned(Settings(tls=tls))
    with RawClient(served.port) as client:
        client.send(b"\0\0\0\x08\x04\xd2\x16\x2f")
        assert client.exactly(1) == b"S"
        client.send(b"not a handshake at all")
        assert client.ended() or True
    with RawClient(served.port) as client:
        client.start()


def test_close_says_goodbye_through_tls(
    canned: Callable[..., Canned], tls: ssl.SSLContext, certificates: Certificates
) -> None:
    served = canned(Settings(tls=tls))
    with RawClient(served.port) as client:
        client.send(b"\0\0\0\x08\x04\xd2\x16\x2f")
        assert client.exactly(1) == b"S"
        trust = ssl.create_default_context(cafile=str(certificates.authority))
        client.socket = trust.wrap_socket(client.socket, server_hostname="localhost")
        client.send(startup(user="me"))
        client.until()
        served.server.close()
        assert error(client.until("E"))["C"] == "57P01"


@pytest.mark.parametrize("content", ["", "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n"])
def test_files_that_are_no_certificate_are_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.pem").write_text(content)
    with pytest.raises(UsageError, match="not a certificate and its key"):
        read_certificate(tmp_path / "a.pem", tmp_path / "a.pem")
    with pytest.raises(UsageError, match="there is no file"):
        read_certificate(tmp_path / "a.pem", tmp_path / "b.pem")
