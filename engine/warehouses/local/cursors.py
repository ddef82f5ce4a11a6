"""DECLARE, FETCH and CLOSE: a session has one cursor at a time, and its transaction ends it.

Source: https://docs.aws.amazon.com/redshift/latest/dg/declare.html, fetch.html, close.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import WarehouseError
from ...warehouse import Outcome, ResultColumn
from . import rows
from .settings import reader_of
from .tokens import Reader

if TYPE_CHECKING:
    from .session import LocalSession


@dataclass(slots=True)
class Cursor:
    """An open cursor; `fetched` counts its steps: one more than there are rows once it has run off the end."""

    name: str
    columns: tuple[ResultColumn, ...]
    rows: Sequence[tuple[Any, ...]]
    fetched: int = 0

    def forward(self, count: int | None) -> Sequence[tuple[Any, ...]]:
        """Return the next rows, None for all that are left; 0 for the row where it stands, without moving."""
        if count == 0:
            return self.rows[self.fetched - 1 : self.fetched] if self.fetched else ()
        start, end = self.fetched, len(self.rows) + 1 if count is None else self.fetched + count
        self.fetched = min(end, len(self.rows) + 1)
        return self.rows[start:end]


def declare(session: LocalSession, reader: Reader) -> Outcome:
    """DECLARE name CURSOR FOR query: the query is run at once, whatever is fetched of it."""
    reader.advance()
    name = reader.name("a cursor")
    reader.expect("cursor", "for")
    if not session.in_block:
        raise WarehouseError("DECLARE CURSOR may only be used in transaction blocks", sqlstate="25P01", hint="BEGIN")
    if session.cursor is not None:
        taken = session.cursor.name == name
        raise WarehouseError(
            f'cursor "{name}" already exists' if taken else "Only one cursor can be open at a time in a session",
            sqlstate="42P03" if taken else "0A000",
            hint=f"CLOSE {session.cursor.name}",
        )
    query = reader_of(session, reader.sql[reader.token.start :])
    found = rows.run_with(session, query) if query.at("with") else rows.run_query(session, query)
    session.cursor = Cursor(name, found.columns, found.rows)
    return Outcome("DECLARE CURSOR")


def fetch(session: LocalSession, reader: Reader) -> Outcome:
    """FETCH [NEXT | ALL | FORWARD [n | ALL] | n] FROM name: a cursor goes forwards only."""
    reader.advance()
    count = _count(reader)
    if not reader.take("from"):
        reader.take("in")
    cursor = _open(session, reader)
    found = list(cursor.forward(count))
    return Outcome("FETCH", len(found), cursor.columns, found)


def _count(reader: Reader) -> int | None:
    """Return how many rows are asked for; None for all."""
    if reader.take("next"):
        return 1
    if reader.take("prior") or reader.take("backward") or reader.take("first") or reader.take("last"):
        raise WarehouseError("cursor can only scan forward", sqlstate="55000", hint="CLOSE and DECLARE it again")
    reader.take("forward")
    if reader.take("all"):
        return None
    if reader.token.kind != "number" and not reader.at_op("-"):
        return 1
    count = reader.integer()
    if count < 0:
        raise WarehouseError("cursor can only scan forward", sqlstate="55000", hint="CLOSE and DECLARE it again")
    return count


def close(session: LocalSession, reader: Reader) -> Outcome:
    reader.advance()
    _open(session, reader)
    session.cursor = None
    return Outcome("CLOSE CURSOR")


def _open(session: LocalSession, reader: Reader) -> Cursor:
    name = reader.name("a cursor")
    reader.expect_end()
    if session.cursor is None or session.cursor.name != name:
        raise WarehouseError(f'cursor "{name}" does not exist', sqlstate="34000", hint="DECLARE it in this transaction")
    return session.cursor
