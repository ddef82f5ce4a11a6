"""A script of Redshift SQL and a session -> what became of each statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .copy import masked
from .errors import WarehouseError, Where
from .script import Written, code_start, first_word, split
from .warehouse import Outcome, Session

_BEGINS = ("begin", "start")
_ENDS = ("commit", "end", "rollback", "abort")


@dataclass(frozen=True, slots=True)
class Answered:
    """A statement that was run."""

    where: Where
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Refused:
    """A statement that the warehouse refused; `where` is the cause, as far as the warehouse says."""

    where: Where
    error: WarehouseError


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a script: how many statements were not sent, and where a transaction begins that is still open."""

    unsent: int
    open: Where | None


def run_script(script: str, file: str, session: Session, *, go_on: bool) -> Iterator[Answered | Refused | Ended]:
    """Run the statements one by one; after one that is refused only if `go_on`.

    BEGIN and COMMIT are the script's own: nothing is put around its statements. Errors: WarehouseUnreachable.
    """
    written = list(split(script))
    begun: Where | None = None
    for number, statement in enumerate(written, start=1):
        where = _place(script, file, statement)
        word = first_word(statement.text)
        try:
            outcome = session.execute(statement.text)
        except WarehouseError as error:
            yield Refused(_place(script, file, statement, error.span), error)
            if not go_on:
                yield Ended(len(written) - number, begun)
                return
        else:
            begun = (begun or where) if word in _BEGINS else begun
            yield Answered(where, outcome)
        if word in _ENDS:
            begun = None
    yield Ended(0, begun)


def _place(script: str, file: str, statement: Written, span: tuple[int, int] | None = None) -> Where:
    start, stop = span or (code_start(statement.text), code_start(statement.text))
    at = statement.start + start
    begin = script.rfind("\n", 0, at) + 1
    text = script[begin:].split("\n", 1)[0].rstrip("\r")
    # Without a span the whole statement is meant, and no part of its line is better than another.
    shown = masked(text) if span is not None else ""
    return Where(file, script.count("\n", 0, at) + 1, at - begin + 1, shown, max(1, stop - start))
