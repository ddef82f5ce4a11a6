"""What a check found: how many rows fail, which, and how they are kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from .errors import RunFailed, WarehouseError
from .lexical import literal
from .plan import Statement
from .records import frozen
from .warehouse import Outcome

_MAX_ROW_BYTES = 65_535


@frozen
class Failure:
    """A check that does not hold: `count` rows fail, and `rows` are some of them, each with a value for a column."""

    statement: Statement
    count: int
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()

    def __str__(self) -> str:
        return f"{self.statement.check}: {self.count:,} failure{'s' if self.count != 1 else ''}"


class CheckFailed(RunFailed):
    """Checks found rows that they must not find."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        head = "check failed" if len(failures) == 1 else f"{len(failures)} checks failed"
        super().__init__(f"{head}: {'; '.join(map(str, failures))}")
        self.failures = tuple(failures)
        self.notices: tuple[str, ...] = ()


def failure(statement: Statement, outcome: Outcome) -> Failure | None:
    """Return what the answer to a check says; None where it holds.

    The answer's first column says how many rows fail, further ones show them: a row each, perhaps not all. A check
    behind the load may answer no row at all, as nothing fails; one of a strategy must answer a number, unless it shows
    the rows. Errors: WarehouseError for an answer that is no number.
    """
    if not outcome.rows and (statement.severity != "guard" or len(outcome.columns) > 1):
        return None
    first = outcome.rows[0] if outcome.rows else ()
    count = first[0] if first and (len(outcome.rows) == 1 or len(first) > 1) else None
    if not isinstance(count, (int, Decimal)) or isinstance(count, bool):
        message = f"the check '{statement.check}' must answer one number: how many rows fail"
        raise WarehouseError(message, hint="SELECT COUNT(*) AS failures FROM … WHERE what must not be")
    if not count:
        return None
    names = tuple(column.name for column in outcome.columns[1:])
    return Failure(statement, int(count), names, tuple(tuple(row[1:]) for row in outcome.rows) if names else ())


def kept(found: Failure) -> str:
    """Return the INSERT that keeps the rows of a failure, as its check asks for; '' where there is nothing to keep."""
    keep = found.statement.keep
    if keep is None or not found.rows:
        return ""
    lead = ", ".join(map(literal, (keep.run, keep.pipeline, keep.step, found.statement.check)))
    rows = (dict(zip(found.columns, row, strict=True)) for row in found.rows)
    texts = (json.dumps(row, ensure_ascii=False, default=str).encode()[:_MAX_ROW_BYTES] for row in rows)
    values = ",\n".join(f"    ({lead}, GETDATE(), {literal(text.decode(errors='ignore'))})" for text in texts)
    return f"INSERT INTO {keep.relation} (run, pipeline, step, check_name, found_at, failing_row)\nVALUES\n{values}"
