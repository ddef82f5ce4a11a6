"""Locks on tables: who has looked at a table in a transaction, and who has locked it.

Every statement shares its tables until the transaction ends; LOCK owns them, and waits for whoever shares them. DuckDB
does not wait: it finds two writers of one row when it is too late for the second.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ...errors import WarehouseError


@dataclass(slots=True)
class TableLocks:
    """The locks of one database; a session is its number, a table its schema.name."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    sharing: dict[str, set[int]] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)
    waiting: dict[int, str] = field(default_factory=dict)
    """What each session that waits waits for."""
    interrupted: set[int] = field(default_factory=set)
    released: dict[str, int] = field(default_factory=dict)
    """When a table was last given back by an owner: a count of all that were."""
    count: int = 0

    def share(self, session: int, table: str, *, keep: bool) -> None:
        """Wait until no other session owns the table; `keep` it until `release`. Errors: WarehouseError."""
        with self.changed:
            if self.owners:
                self._wait(session, table, exclusive=False)
            if keep:
                self.sharing.setdefault(table, set()).add(session)

    def own(self, session: int, table: str) -> None:
        """Wait until no other session shares the table, and own it until `release`. Errors: WarehouseError."""
        with self.changed:
            self._wait(session, table, exclusive=True)
            self.owners[table] = session

    def release(self, session: int) -> None:
        """Give back all that a session has."""
        with self.changed:
            for table, sessions in list(self.sharing.items()):
                sessions.discard(session)
                if not sessions:
                    del self.sharing[table]
            for table in [table for table, owner in self.owners.items() if owner == session]:
                del self.owners[table]
                self.count += 1
                self.released[table] = self.count
            self.changed.notify_all()

    def interrupt(self, session: int) -> None:
        """Let a session that waits give up."""
        with self.changed:
            if session in self.waiting:
                self.interrupted.add(session)
                self.changed.notify_all()

    def _wait(self, session: int, table: str, *, exclusive: bool) -> None:
        self.waiting[session] = table
        try:
            while self._others(session, table, exclusive=exclusive):
                if self._is_deadlock(session):
                    raise WarehouseError("deadlock detected", sqlstate="40P01", hint="lock tables in one order")
                self.changed.wait()
                if session in self.interrupted:
                    raise WarehouseError("Query canceled on user's request", sqlstate="57014")
        finally:
            del self.waiting[session]
            self.interrupted.discard(session)

    def _others(self, session: int, table: str, *, exclusive: bool) -> set[int]:
        """Return who is in the way."""
        owner = self.owners.get(table)
        found = set() if owner is None else {owner}
        if exclusive:
            found |= self.sharing.get(table, set())
        return found - {session}

    def _is_deadlock(self, session: int) -> bool:
        """Tell whether a session waits for one that waits for it, directly or not."""
        seen: set[int] = set()
        blockers = list(self._others(session, self.waiting[session], exclusive=True))
        while blockers:
            other = blockers.pop()
            if other == session:
                return True
            if other in self.waiting and other not in seen:
                seen.add(other)
                table = self.waiting[other]
                blockers += ({self.owners[table]} if table in self.owners else set()) | self.sharing.get(
                    table, set()
                ) - {other}
        return False
