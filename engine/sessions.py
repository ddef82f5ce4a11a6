"""The sessions of a run: prepared when they are opened, shared by its workers, interrupted together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock

from .errors import EtlrunError, WarehouseUnreachable
from .plan import Statement
from .retries import Retries, transient_cause
from .warehouse import Session, Warehouse


@dataclass(slots=True)
class Sessions:
    """Those that are free, and those at work. `stopping` is set when all shall end."""

    warehouse: Warehouse
    prepare: tuple[Statement, ...]
    retries: Retries
    stopping: Event = field(default_factory=Event)
    free: list[Session] = field(default_factory=list)
    busy: list[Session] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def taken(self) -> Iterator[Session]:
        """Give the body a session of its own. One that has lost its warehouse is not given to another."""
        with self.lock:
            session = self.free.pop() if self.free else None
        session = session or self._prepared()
        with self.lock:
            self.busy.append(session)
        is_lost = False
        try:
            yield session
        except WarehouseUnreachable:
            is_lost = True
            raise
        finally:
            with self.lock:
                self.busy.remove(session)
                if not is_lost:
                    self.free.append(session)
            if is_lost:
                session.close()

    def _prepared(self) -> Session:
        """Open a session. A cluster that cannot be reached is told at once; one that is lost later is tried again."""
        for attempt in count(1):
            session = self.warehouse.open_session()
            try:
                for statement in self.prepare:
                    session.execute(statement.sql)
                return session
            except EtlrunError as error:
                session.close()
                if not transient_cause(error) or attempt >= self.retries.attempts:
                    raise
                self.stopping.wait(self.retries.wait_seconds(attempt))
            except BaseException:
                session.close()
                raise
        raise AssertionError("count() has no end")

    def stop(self) -> None:
        """Stop what is running: the statements under way fail, and their transactions are rolled back."""
        self.stopping.set()
        with self.lock:
            busy = list(self.busy)
        for session in busy:
            session.interrupt()

    def close(self) -> None:
        for session in [*self.free, *self.busy]:
            session.close()
