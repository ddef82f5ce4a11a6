"""Servers for the tests of the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from canned_session import CannedSession
from servers import Canned, Local

from engine.storage import Mount, Storage
from engine.warehouse import Session
from engine.warehouses.local.session import open_database
from engine.wire.faults import Statement
from engine.wire.server import Server
from engine.wire.settings import Settings


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
