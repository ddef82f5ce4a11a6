"""What every statement of a client goes through: its number, its faults, its block, the session, the log."""

from __future__ import annotations

import re
import threading
import time
import traceback
from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from typing import Any

from ..errors import EtlrunError, LoadFailed, WarehouseError, WarehouseUnreachable
from ..script import first_word
from ..warehouse import Outcome, Session
from . import replies
from .block import Block
from .faults import Statement
from .greeting import Guest
from .settings import Settings
from .stream import Disconnected


class Killed(Exception):
    """A fault cuts the connection."""


class Lost(Exception):
    """The warehouse behind the session is gone."""


ENDS = (Killed, Lost, Disconnected)
"""What ends a connection; any other exception is an answer."""


class Runner:
    """Runs the statements of one client in its session, in the thread that opened it.

    `count` numbers the statements of all clients; `prepared` are the client's statements by name.
    """

    def __init__(
        self, guest: Guest, session: Session, number: int, settings: Settings, count: Iterator[int],
        prepared: MutableMapping[str, Any],
    ) -> None:  # fmt: skip
        self._guest = guest
        self._stream = guest.stream
        self._session = session
        self._number = number
        self._settings = settings
        self._count = count
        self._prepared = prepared
        self._lock = threading.Lock()
        self._busy = self._cancelled = False
        self.block = Block(self.send, self._warn)

    def cancel(self) -> None:
        """Stop the statement that is running, if one is; from any thread."""
        with self._lock:
            if self._busy:
                self._cancelled = True
                self._session.interrupt()

    def execute(self, sql: str) -> Outcome:
        """Run a statement that the client asked for, and pass its notices on. Errors: WarehouseError, Killed, Lost."""
        number = next(self._count)
        done = Statement(number, self._number, sql, "", self._guest.parameters)
        fault = self._settings.faults(number, sql)
        try:
            if fault.delay_seconds:
                time.sleep(fault.delay_seconds)
            if fault.kill_before:
                raise Killed
            if fault.error is not None:
                self.block.refused(sql)
                raise fault.error
            outcome = self.block.execute(sql)
        except Killed:
            raise
        except Exception as error:
            self._settings.log(replace(done, sqlstate=error.sqlstate if isinstance(error, WarehouseError) else "XX000"))
            raise
        self._settings.log(done)
        if fault.kill_after:
            raise Killed
        for notice in outcome.notices:
            self._stream.write(replies.notice(self._settings.wording(notice)))
        return outcome

    def send(self, sql: str) -> Outcome:
        """Run a statement in the session, where it can be cancelled. Errors: WarehouseError, Lost."""
        if first_word(sql) == "deallocate" and self._forgets(sql):
            return Outcome("DEALLOCATE")
        with self._lock:
            self._busy, self._cancelled = True, False
        try:
            return self._session.execute(sql)
        except WarehouseUnreachable as error:
            raise Lost(str(error)) from error
        except WarehouseError as error:
            if self._cancelled:
                raise WarehouseError("Query canceled on user's request", sqlstate="57014") from error
            raise
        finally:
            with self._lock:
                self._busy = False

    def _forgets(self, sql: str) -> bool:
        """Forget a statement that is kept here, by its name in the protocol; a session has those of PREPARE."""
        match = re.search(r"(?is)deallocate\s+(?:prepare\s+)?\"?(\w+)\"?\s*;?\s*$", sql)
        name = match[1] if match else ""
        if name.lower() == "all":
            self._prepared.clear()
            return False
        return self._prepared.pop(name, None) is not None

    def _warn(self, text: str) -> None:
        self._stream.write(replies.notice(f"WARNING: {text}", "01000"))

    def tell(self, error: Exception) -> None:
        """Send an error in the words of the warehouse. An exception that nobody expected is a bug, and says where."""
        if not isinstance(error, WarehouseError):
            frame = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{type(error).__name__} in {frame.name}, line {frame.lineno} of {frame.filename}"
            said = str(error) if isinstance(error, EtlrunError) else "this is a bug in etlrun: please report it"
            error = WarehouseError(said, detail="" if isinstance(error, EtlrunError) else place)
        self._stream.write(replies.error(_reworded(error, self._settings)))


def _reworded(error: WarehouseError, settings: Settings) -> WarehouseError:
    # A copy: the error may be a test's own.
    said = settings.wording(error.message)
    if said == error.message:
        return error
    if isinstance(error, LoadFailed):
        return LoadFailed(said, error.errors)
    return WarehouseError(said, sqlstate=error.sqlstate, detail=error.detail, hint=error.hint)
