"""Servers for the tests of the wire."""

from __future__ import annotations

import gc
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redshift_connector
from canned_session import CannedSession

from engine.storage import Mount, Storage
from engine.warehouse import Session
from engine.warehouses.local.session import LocalDatabase, open_database
from engine.wire.faults import Statement
from engine.wire.server import Server
from engine.wire.settings import Settings


@dataclass
class Canned:
    """A server in front of canned sessions, and what it did."""

    server: Server
    sessions: list[CannedSession]

    @property
    def port(self) -> int:
        return self.server.port


@pytest.fixture
def canned() -> Iterator[Callable[..., Canned]]:
    """Start servers that answer from a can; each is closed at the end."""
    servers: list[Server] = []

    def start(settings: Settings = Settings(), **place: object) -> Canned:  # noqa: B008, it is frozen
        sessions: list[CannedSession] = []

        def open_session() -> Session:
            sessions.append(CannedSession())
            return sessions[-1]

        servers.append(Server(open_session, settings, **place))  # type: ignore[arg-type]
        servers[-1].__enter__()
        return Canned(servers[-1], sessions)

    yield start
    for server in servers:
        server.close()


@dataclass
class Local:
    """A server in front of local Redshift, and the statements that it was asked for."""

    server: Server
    database: LocalDatabase
    log: list[Statement] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.port


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Callable[..., Local]]:
    """Start servers of local Redshift; s3://bucket is a folder 'bucket' of the test."""
    (tmp_path / "bucket").mkdir()
    running: list[Local] = []

    def start(**settings: object) -> Local:
        database = open_database(None, Storage((Mount("s3://bucket", tmp_path / "bucket"),)))
        log: list[Statement] = []
        server = Server(database.session, Settings(**({"log": log.append} | settings)))  # type: ignore[arg-type]
        running.append(Local(server, database, log))
        server.__enter__()
        return running[-1]

    yield start
    for one in running:
        one.server.close()
        one.database.close()


def refusal(connect: Callable[[], object]) -> object:
    """Return why redshift_connector may not connect. It leaves its socket open, of which nothing must be heard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            connect()
        except redshift_connector.InterfaceError as error:
            said = error.args
        else:
            pytest.fail("it may connect")
        gc.collect()
    return said[0] if len(said) == 1 else said


@dataclass(frozen=True)
class Certificates:
    """A certificate authority made for the test, and a certificate of it for localhost and 127.0.0.1."""

    authority: Path
    certificate: Path
    key: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("needs the command openssl, which is not here")
    folder = tmp_path_factory.mktemp("tls")
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    (folder / "names.txt").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")

    def openssl(*arguments: str | Path) -> None:
        subprocess.run(["openssl", *map(str, arguments)], cwd=folder, check=True, capture_output=True)

    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", made.authority, "-days", "2",
        "-subj", "/CN=etlrun test authority", "-addext", "basicConstraints=critical,CA:TRUE",
        "-addext", "keyUsage=critical,keyCertSign",
    )  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", made.key, "-out", "server.csr", "-subj", "/CN=localhost")
    openssl(
        "x509", "-req", "-in", "server.csr", "-CA", made.authority, "-CAkey", "ca.key", "-CAcreateserial",
        "-out", made.certificate, "-days", "2", "-extfile", "names.txt",
    )  # fmt: skip
    return made
