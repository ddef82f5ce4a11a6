"""Servers that a test started, and why a client is refused by them."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import redshift_connector
from canned_session import CannedSession

from engine.warehouses.local.session import LocalDatabase
from engine.wire.faults import Statement
from engine.wire.server import Server


@dataclass
class Canned:
    """A server in front of canned sessions, and what it did."""

    server: Server
    sessions: list[CannedSession]

    @property
    def port(self) -> int:
        return self.server.port


@dataclass
class Local:
    """A server in front of local Redshift, and the statements that it was asked for."""

    server: Server
    database: LocalDatabase
    log: list[Statement] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.port


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
