"""The tables that sessions hold with LOCK until the end of their transactions."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...errors import WarehouseError

Table = tuple[str, str]


@dataclass(slots=True)
class Locks:
    """Which session holds which table. LOCK waits for LOCK only: reads and writes go on, and DuckDB finds conflicts."""

    _changed: threading.Condition = field(default_factory=threading.Condition)
    _holders: dict[Table, int] = field(default_factory=dict)
    _awaited: dict[int, Table] = field(default_factory=dict)
    _interrupted: set[int] = field(default_factory=set)

    def take(self, session: int, tables: Sequence[Table]) -> None:
        """Wait until the session holds every table. Errors: WarehouseError 40P01 for a deadlock, 57014."""
        with self._changed:
            for table in tables:
                while self._holders.get(table, session) != session:
                    self._awaited[session] = table
                    try:
                        self._check(session)
                        self._changed.wait()
                    finally:
                        del self._awaited[session]
                self._holders[table] = session

    def release(self, session: int) -> None:
        """Give up all that the session holds."""
        with self._changed:
            for table in [table for table, holder in self._holders.items() if holder == session]:
                del self._holders[table]
            self._interrupted.discard(session)
            self._changed.notify_all()

    def interrupt(self, session: int) -> None:
        """Wake a session that waits; it then fails."""
        with self._changed:
            if session in self._awaited:
                self._interrupted.add(session)
                self._changed.notify_all()

    def _check(self, session: int) -> None:
        holder: int | None = session
        for _ in range(len(self._awaited)):
            table = self._awaited.get(holder) if holder is not None else None
            holder = self._holders.get(table) if table else None
            if holder == session:
                raise WarehouseError("deadlock detected", sqlstate="40P01", hint="lock tables in the same order")
        if session in self._interrupted:
            self._interrupted.discard(session)
            raise WarehouseError("Query canceled on user's request", sqlstate="57014")
