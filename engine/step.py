"""A step at work: each of its transactions is sent until it is committed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

from .checks import CheckFailed, Failure, failure, kept
from .errors import (
    CommitUnknown,
    EtlrunError,
    LeaseLost,
    LoadFailed,
    RunFailed,
    WarehouseError,
    WarehouseUnreachable,
)
from .events import StepDone, StepFailed, StepRetried
from .files import Intake, listed, of_files
from .ledger import measured
from .plan import Statement, Step, Transaction
from .retries import transient_cause
from .sessions import Sessions
from .warehouse import Outcome, Session

_LOADS = ("COPY", "INSERT", "MERGE", "UPDATE")


def run_step(step: Step, sessions: Sessions, tell: Callable[[StepRetried], None]) -> StepDone | StepFailed:
    """Run a step. Errors: WarehouseUnreachable, LeaseLost and what nobody foresaw, which end the run."""
    begin = time.monotonic()
    work = _Work(step, sessions, tell, Intake(step) if step.listing else None)
    try:
        outcomes = work.outcomes()
    except CheckFailed as error:
        error.notices = work.keep([*error.failures, *work.warnings])
        return StepFailed(step, time.monotonic() - begin, error, error.failures[0].statement)
    except RunFailed as error:
        return StepFailed(step, time.monotonic() - begin, error, work.sent[-1] if work.sent else None)
    unkept = work.keep(work.warnings)
    taken = work.intake.result if work.intake else None
    return StepDone(
        step, time.monotonic() - begin, _loaded_rows(outcomes),
        rejects=tuple(reject for outcome in outcomes for reject in outcome.rejects),
        notices=(*(notice for outcome in outcomes for notice in outcome.notices), *unkept),
        warnings=tuple(work.warnings), taken=taken, bytes_read=taken.size if taken else _bytes_read(outcomes),
    )  # fmt: skip


class _Tried(Exception):
    """A load that was only tried went well; its transaction is rolled back."""


@dataclass(slots=True)
class _Work:
    """What the transactions of a step have in common, and what has come of them so far."""

    step: Step
    sessions: Sessions
    tell: Callable[[StepRetried], None]
    intake: Intake | None
    sent: list[Statement] = field(default_factory=list)
    warnings: list[Failure] = field(default_factory=list)

    def outcomes(self) -> list[Outcome]:
        for file in self.step.files:
            self.sessions.warehouse.write_file(file.url, file.content.encode())
        if self.intake is None or self.step.listing is None:
            return self._committed_all()
        with listed(self.step.listing, self.sessions.warehouse) as self.intake.listed:
            return self._committed_all()

    def _committed_all(self) -> list[Outcome]:
        return [outcome for transaction in self.step.transactions for outcome in self._committed(transaction)]

    def _committed(self, transaction: Transaction) -> list[Outcome]:
        """Send a transaction until it is committed, or until another try would be of no use."""
        retries, stopping = self.sessions.retries, self.sessions.stopping
        attempt, before = 0, len(self.warnings)
        outcomes: list[Outcome] = []
        is_unknown = False
        failed_load: WarehouseError | None = None
        while True:
            attempt += 1
            try:
                if self.intake and failed_load:
                    self.intake.set_aside(failed_load, partial(self._loads, transaction, self.intake))
                    failed_load, attempt = None, 1
                with self.sessions.taken() as session:
                    if is_unknown and _is_in_ledger(session, transaction):
                        return outcomes
                    is_unknown = False
                    outcomes = []
                    del self.warnings[before:]
                    self._attempt(session, transaction, outcomes)
                return outcomes
            except EtlrunError as error:
                is_copy = bool(self.sent) and self.sent[-1].needs_files
                broken = of_files(error) if self.intake and self.step.max_bad_files and is_copy else None
                if broken and broken is not failed_load:
                    failed_load = broken
                    continue
                is_unknown = is_unknown or isinstance(error, CommitUnknown)
                cause = transient_cause(error)
                if transaction.alone and isinstance(error, WarehouseUnreachable):
                    raise  # what was sent may have been done, and nothing tells
                if not cause or attempt >= retries.attempts or stopping.is_set():
                    raise
                pause = retries.wait_seconds(attempt)
                self.tell(StepRetried(self.step, attempt, cause, pause))
                if stopping.wait(pause):
                    raise

    def _attempt(self, session: Session, transaction: Transaction, outcomes: list[Outcome]) -> None:
        failures: list[Failure] = []
        begin = time.monotonic()
        with nullcontext() if transaction.alone else session.transaction():
            for statement in transaction.statements:
                if statement.needs_files and self.intake and not self.intake.chosen:
                    continue
                self.sent.append(statement)
                outcome = self._sent(session, statement, self.intake)
                outcomes.append(outcome if statement.is_load else replace(outcome, row_count=None))
                found = failure(statement, outcome) if statement.check else None
                if found and statement.severity == "lease":
                    raise LeaseLost("another run of the pipeline has taken the place of this one, and goes on")
                if found and statement.severity == "guard":
                    raise CheckFailed([found])
                if found:
                    (self.warnings if statement.severity == "warn" else failures).append(found)
            if failures:
                raise CheckFailed(failures)
            rejects = sum(len(outcome.rejects) for outcome in outcomes)
            known = {"rows": _loaded_rows(outcomes), "rejects": rejects}
            for statement in transaction.ledger:
                seconds = round(time.monotonic() - begin, 3)
                session.execute(measured(statement, **known, seconds=seconds).sql)

    def _sent(self, session: Session, statement: Statement, intake: Intake | None) -> Outcome:
        """Send a statement; one that chooses files is told before which are broken, and its rows become a manifest."""
        if not statement.manifest or intake is None:
            outcome = session.execute(statement.sql)
            for row in outcome.rows if statement.gives_statements else ():
                session.execute(str(row[0]))
            return outcome
        for sql in intake.quarantine():
            session.execute(sql)
        outcome = session.execute(statement.sql)
        content = intake.take(outcome.rows)
        if intake.chosen:
            self.sessions.warehouse.write_file(statement.manifest, content)
        return outcome

    def _loads(self, transaction: Transaction, intake: Intake, files: frozenset[str]) -> bool:
        """Tell whether some of the files of a transaction can be loaded. Nothing of it stays."""
        trial = replace(intake, only=files)
        try:
            with self.sessions.taken() as session, session.transaction():
                for statement in transaction.statements:
                    self._sent(session, statement, trial)
                    if statement.needs_files:
                        raise _Tried
        except (_Tried, LoadFailed) as result:
            return isinstance(result, _Tried)
        raise AssertionError("no statement reads the manifest")

    def keep(self, failures: list[Failure]) -> tuple[str, ...]:
        """Keep the rows that failed checks which ask for it, in a transaction of their own: the step's is over.

        Returns what there is to say if that is not possible; the step's own result stands all the same.
        """
        statements = [sql for sql in map(kept, failures) if sql]
        if not statements:
            return ()
        try:
            with self.sessions.taken() as session, session.transaction():
                for sql in statements:
                    session.execute(sql)
        except EtlrunError as error:
            return (f"the rows that failed could not be kept: {error}",)
        return ()


def _is_in_ledger(session: Session, transaction: Transaction) -> bool:
    """Look whether a transaction whose COMMIT got no answer was committed after all."""
    with session.transaction():
        answers = [session.execute(statement.sql) for statement in transaction.proof]
    return bool(answers and answers[-1].rows and answers[-1].rows[0][0])


def _loaded_rows(outcomes: Sequence[Outcome]) -> int:
    """Return how many rows the last load wrote."""
    loads = [each.row_count for each in outcomes if each.command in _LOADS and each.row_count is not None]
    return loads[-1] if loads else 0


def _bytes_read(outcomes: Sequence[Outcome]) -> int | None:
    """Return the size of what was copied; None if there is a COPY of which it is not known, or none."""
    sizes = [each.bytes_read for each in outcomes if each.command == "COPY"]
    known = [size for size in sizes if size is not None]
    return sum(known) if known and len(known) == len(sizes) else None
