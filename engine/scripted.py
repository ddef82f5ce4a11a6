"""A script of Redshift SQL and a session -> what became of each statement."""

from __future__ import annotations

from collections.abc import Iterator

from .copy import masked
from .errors import WarehouseError, Where
from .records import frozen
from .script import Written, code_start, first_word, split
from .warehouse import Outcome, Session

_BEGINS = ("begin", "start")
_ENDS = ("commit", "end", "rollback", "abort")


@frozen
class Answered:
    """A statement that was run."""

    where: Where
    outcome: Outcome


@frozen
class Refused:
    """A statement that the warehouse refused; `where` is the cause, as far as the warehouse says."""

    where: Where
    error: WarehouseError


@frozen
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
        word = first_word(statement.text)
        event = run_statement(statement, script, file, session)
        yield event
        if isinstance(event, Answered):
            begun = (begun or event.where) if word in _BEGINS else begun
        elif not go_on:
            yield Ended(len(written) - number, begun)
            return
        if word in _ENDS:
            begun = None
    yield Ended(0, begun)


def run_statement(statement: Written, script: str, file: str, session: Session) -> Answered | Refused:
    """Run a statement of a script, which `file` is the name of. Errors: WarehouseUnreachable."""
    try:
        outcome = session.execute(statement.text)
    except WarehouseError as error:
        return Refused(_place(script, file, statement, error.span), error)
    return Answered(_place(script, file, statement), outcome)


def _place(script: str, file: str, statement: Written, span: tuple[int, int] | None = None) -> Where:
    start, stop = span or (code_start(statement.text), code_start(statement.text))
    at = statement.start + start
    begin = script.rfind("\n", 0, at) + 1
    text = script[begin:].split("\n", 1)[0].rstrip("\r")
    # Without a span the whole statement is meant, and no part of its line is better than another.
    shown = masked(text) if span is not None else ""
    return Where(file, script.count("\n", 0, at) + 1, at - begin + 1, shown, max(1, stop - start))
