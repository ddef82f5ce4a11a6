"""Plan + Warehouse -> results as they come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from .errors import EtlrunError, LoadError, RunFailed, WarehouseError, WarehouseUnreachable
from .plan import Plan, Statement, Step, Transaction
from .warehouse import Outcome, Session, Warehouse

_LOADS = ("COPY", "INSERT", "MERGE", "UPDATE")


@dataclass(frozen=True, slots=True)
class StepStarted:
    step: Step
    number: int
    """From 1."""


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is committed. `rows` counts the rows that its last load wrote."""

    step: Step
    seconds: float
    rows: int
    rejects: tuple[LoadError, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step failed; its transaction is rolled back."""

    step: Step
    seconds: float
    error: EtlrunError
    statement: Statement | None = None


@dataclass(frozen=True, slots=True)
class StepSkipped:
    """A step was not begun, for `because` failed, which it waits for, directly or not."""

    step: Step
    because: str


Result = StepDone | StepFailed | StepSkipped
Event = StepStarted | Result


class CheckFailed(RunFailed):
    """A check found rows that it must not find."""


def execute(plan: Plan, warehouse: Warehouse) -> Iterator[Event]:
    """Run the plan step by step and yield what happens.

    A step that fails skips exactly what waits for it; the others run. Errors: WarehouseUnreachable ends the run at
    once. Whoever stops the iteration, or interrupts it, rolls the open transaction back.
    """
    session = warehouse.open_session()
    failed: dict[str, str] = {}
    try:
        for statement in plan.prepare:
            session.execute(statement.sql)
        for number, step in enumerate(plan.steps, start=1):
            cause = next((failed[name] for name in sorted(step.needs) if name in failed), None)
            if cause is not None:
                failed[step.name] = cause
                yield StepSkipped(step, cause)
                continue
            yield StepStarted(step, number)
            result = _run_step(step, session, warehouse)
            if isinstance(result, StepFailed):
                failed[step.name] = step.name
            yield result
    finally:
        session.close()


def _run_step(step: Step, session: Session, warehouse: Warehouse) -> StepDone | StepFailed:
    start = time.monotonic()
    sent: list[Statement] = []
    outcomes: list[Outcome] = []
    try:
        for file in step.files:
            warehouse.write_file(file.url, file.content.encode())
        for transaction in step.transactions:
            outcomes += _run_transaction(transaction, session, sent)
    except WarehouseUnreachable:
        raise
    except RunFailed as error:
        return StepFailed(step, time.monotonic() - start, error, sent[-1] if sent else None)
    loads = [outcome.row_count for outcome in outcomes if outcome.command in _LOADS and outcome.row_count is not None]
    return StepDone(
        step,
        time.monotonic() - start,
        rows=loads[-1] if loads else 0,
        rejects=tuple(reject for outcome in outcomes for reject in outcome.rejects),
        notices=tuple(notice for outcome in outcomes for notice in outcome.notices),
    )


def _run_transaction(transaction: Transaction, session: Session, sent: list[Statement]) -> list[Outcome]:
    outcomes = []
    with session.transaction():
        for statement in transaction.statements:
            sent.append(statement)
            outcome = session.execute(statement.sql)
            if statement.check:
                _hold(statement, outcome)
            outcomes.append(outcome)
    return outcomes


def _hold(statement: Statement, outcome: Outcome) -> None:
    answer = outcome.rows[0][0] if len(outcome.rows) == 1 and outcome.rows[0] else None
    if not isinstance(answer, (int, Decimal)) or isinstance(answer, bool):
        message = f"the check '{statement.check}' must answer one number: how many rows fail"
        raise WarehouseError(message, hint="SELECT COUNT(*) AS failures FROM … WHERE what must not be")
    if answer:
        rows = "1 failure" if answer == 1 else f"{answer:,} failures"
        raise CheckFailed(f"check failed: {statement.check}: {rows}")
