"""A session that has its answers ready: what the wire does is tested without a warehouse behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from engine.errors import LoadFailed, WarehouseError
from engine.warehouse import Outcome, ResultColumn

_COLUMNS = (ResultColumn("number", "integer"), ResultColumn("name", "character varying(20)"))
_ANSWERS: dict[str, Callable[[], Outcome]] = {
    "select two": lambda: Outcome("SELECT", 2, _COLUMNS, [(1, "one"), (2, None)]),
    "select none": lambda: Outcome("SELECT", 0, _COLUMNS, []),
    "select price": lambda: Outcome("SELECT", 1, (ResultColumn("price", "numeric(12,2)"),), [(Decimal("2.50"),)]),
    "select unknown": lambda: Outcome("SELECT", 1, (ResultColumn("x"),), [([1, {"a": None}],)]),
    "insert three": lambda: Outcome("INSERT", 3),
    "copy t": lambda: Outcome("COPY", 5, notices=("INFO: Load into table 't' completed, 5 record(s) loaded.",)),
}


def _load_failed() -> Outcome:
    raise LoadFailed("Load into table 't' failed.  Check 'stl_load_errors' system table for details.", ())


def _fails() -> Outcome:
    raise WarehouseError('relation "t" does not exist', sqlstate="42P01", detail="the detail", hint="the hint")


def _bug() -> Outcome:
    raise KeyError("never seen by a user")


_ANSWERS |= {"copy bad": _load_failed, "select t": _fails, "select bug": _bug}


class CannedSession:
    """Answers by the statement's text; numbers count its rows ('select 100000'); 'wait' ends when interrupted."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.closed = threading.Event()
        self.waiting = threading.Event()
        self._interrupted = threading.Event()
        self.thread = threading.get_ident()

    def execute(self, sql: str) -> Outcome:
        assert threading.get_ident() == self.thread, "a session belongs to the thread that opened it"
        self.sent.append(sql)
        text = sql.removesuffix("\nLIMIT 0")
        if text.startswith("wait"):
            return self._wait()
        outcome = _ANSWERS[text]() if text in _ANSWERS else self._other(text)
        return Outcome(outcome.command, 0, outcome.columns) if sql.endswith("\nLIMIT 0") else outcome

    def _other(self, sql: str) -> Outcome:
        words = sql.split()
        if len(words) == 2 and words[1].isdigit():
            rows = [(number, f"row {number}") for number in range(int(words[1]))]
            return Outcome("SELECT", len(rows), _COLUMNS, rows)
        if words[0] == "echo" or words[:2] == ["select", "echo"]:
            return Outcome("SELECT", 1, (ResultColumn("text", "character varying(65535)"),), [(sql,)])
        return Outcome(words[0].upper())

    def _wait(self) -> Outcome:
        self._interrupted.clear()
        self.waiting.set()
        assert self._interrupted.wait(20), "nobody interrupted"
        self.waiting.clear()
        raise WarehouseError("interrupted")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        yield

    def interrupt(self) -> None:
        self._interrupted.set()

    def close(self) -> None:
        assert threading.get_ident() == self.thread
        self.closed.set()
