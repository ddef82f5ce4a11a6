"""Plan + Warehouse -> results as they come."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from queue import SimpleQueue
from threading import Event as Flag
from threading import Lock
from types import MappingProxyType

from .checks import CheckFailed, Failure, failure, kept
from .errors import (
    CommitUnknown,
    EtlrunError,
    LeaseLost,
    LoadError,
    LoadFailed,
    RunFailed,
    WarehouseError,
    WarehouseUnreachable,
)
from .files import Intake, Taken, listed, of_files
from .history import Decision
from .ledger import measured
from .plan import Plan, Statement, Step, Transaction
from .records import frozen
from .retries import RETRIES, Retries, transient_cause
from .warehouse import Outcome, Session, Warehouse

RUNS = Decision(True, "")
UNDECIDED: Mapping[str, Decision] = MappingProxyType({})
"""Every step runs."""
_LOADS = ("COPY", "INSERT", "MERGE", "UPDATE")


@frozen
class StepStarted:
    step: Step
    number: int
    """From 1."""
    because: str = ""
    """Why it runs, where the run continues another."""


@frozen
class StepRetried:
    """A transaction of a step failed for a passing cause, was rolled back, and is tried again after a wait."""

    step: Step
    attempt: int
    """The one that failed, from 1."""
    cause: str
    wait_seconds: float


@frozen
class StepDone:
    """A step is committed. `rows` counts the rows that its last load wrote."""

    step: Step
    seconds: float
    rows: int
    rejects: tuple[LoadError, ...] = ()
    notices: tuple[str, ...] = ()
    warnings: tuple[Failure, ...] = ()
    """Checks that do not hold, and whose severity is 'warn'."""
    taken: Taken | None = None
    """What became of the files of an incremental source."""
    bytes_read: int | None = None
    """The size of the files that were loaded, as they are stored; None where nothing was, or nobody tells."""


@frozen
class StepFailed:
    """A step failed; its transaction is rolled back."""

    step: Step
    seconds: float
    error: EtlrunError
    statement: Statement | None = None


@frozen
class StepSkipped:
    """A step was not begun, for `because` failed, which it waits for, directly or not."""

    step: Step
    because: str


@frozen
class StepKept:
    """A step need not run, `because` of what an earlier run has committed."""

    step: Step
    because: str


Result = StepDone | StepFailed | StepSkipped | StepKept
Event = StepStarted | StepRetried | Result


def execute(
    plan: Plan, warehouse: Warehouse, *, threads: int = 1, retries: Retries = RETRIES,
    decisions: Mapping[str, Decision] = UNDECIDED,
) -> Generator[Event]:  # fmt: skip
    """Run the plan and yield what happens; up to `threads` steps that do not wait for each other run side by side.

    A step that `decisions` lets out counts as done. A step that fails skips exactly what waits for it;
    the others run. Errors: WarehouseUnreachable, when no try
    helped, ends the run. Whoever stops the iteration, or interrupts it, rolls the open transactions back.
    """
    run = _Run(plan, warehouse, retries)
    waiting = {step.name: (number, step) for number, step in enumerate(plan.steps, start=1)}
    unfinished = set(waiting)
    failed: dict[str, str] = {}
    running = 0
    pool = ThreadPoolExecutor(threads, thread_name_prefix="etlrun")
    workers: list[Future[None]] = []
    try:
        run.give_back(run.take_session())  # a cluster that cannot be reached is told before the first step begins
        while waiting or running:
            for name, (number, step) in list(waiting.items()):
                cause = next((failed[other] for other in sorted(step.needs) if other in failed), None)
                decision = decisions.get(name, RUNS)
                if not decision.runs:
                    del waiting[name]
                    unfinished.discard(name)
                    yield StepKept(step, decision.because)
                elif cause is not None:
                    del waiting[name]
                    failed[name] = cause
                    unfinished.discard(name)
                    yield StepSkipped(step, cause)
                elif running < threads and not step.needs & unfinished:
                    del waiting[name]
                    running += 1
                    yield StepStarted(step, number, decision.because)
                    rest = replace(step, transactions=step.transactions[1:]) if decision.is_loaded else step
                    workers.append(pool.submit(run.step, rest))
            if not running:
                continue
            event = run.events.get()
            if isinstance(event, BaseException):
                raise event
            if isinstance(event, StepFailed):
                failed[event.step.name] = event.step.name
            if isinstance(event, (StepDone, StepFailed)):
                unfinished.discard(event.step.name)
                running -= 1
            yield event
    finally:
        # An interrupt between two statements stops neither; so it is given until every worker has ended.
        while wait(workers, timeout=0.05).not_done:
            run.stop()
        pool.shutdown()
        run.close()


class _Tried(Exception):
    """A load that was only tried went well; its transaction is rolled back."""


@dataclass(slots=True)
class _Run:
    """What the workers of a run share: free sessions, those at work, and the queue of what happened."""

    plan: Plan
    warehouse: Warehouse
    retries: Retries
    events: SimpleQueue[Event | BaseException] = field(default_factory=SimpleQueue)
    free: list[Session] = field(default_factory=list)
    busy: list[Session] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)
    stopping: Flag = field(default_factory=Flag)

    def step(self, step: Step) -> None:
        """Run a step and put its result into the queue; what nobody foresaw goes there as it is."""
        begin = time.monotonic()
        sent: list[Statement] = []
        warnings: list[Failure] = []
        intake = Intake(step) if step.listing else None
        try:
            outcomes = self._outcomes(step, sent, warnings, intake)
            unkept = self._keep(warnings)
            rejects = tuple(reject for outcome in outcomes for reject in outcome.rejects)
            notices = tuple(notice for outcome in outcomes for notice in outcome.notices) + unkept
            rows = _loaded_rows(outcomes)
            seconds = time.monotonic() - begin
            taken = intake.result if intake else None
            read = taken.size if taken else _bytes_read(outcomes)
            self.events.put(StepDone(step, seconds, rows, rejects, notices, tuple(warnings), taken, read))
        except CheckFailed as error:
            error.notices = self._keep([*error.failures, *warnings])
            statement = error.failures[0].statement
            self.events.put(StepFailed(step, time.monotonic() - begin, error, statement))
        except RunFailed as error:
            self.events.put(StepFailed(step, time.monotonic() - begin, error, sent[-1] if sent else None))
        except BaseException as error:
            self.events.put(error)

    def _outcomes(
        self, step: Step, sent: list[Statement], warnings: list[Failure], intake: Intake | None
    ) -> list[Outcome]:  # fmt: skip
        for file in step.files:
            self.warehouse.write_file(file.url, file.content.encode())
        if intake is None or step.listing is None:
            return [outcome for part in step.transactions for outcome in self._committed(step, part, sent, warnings)]
        with listed(step.listing, self.warehouse) as intake.listed:
            return [
                outcome for part in step.transactions for outcome in self._committed(step, part, sent, warnings, intake)
            ]

    def _committed(
        self, step: Step, transaction: Transaction, sent: list[Statement], warnings: list[Failure],
        intake: Intake | None = None,
    ) -> list[Outcome]:  # fmt: skip
        """Run a transaction until it is committed, or until another try would be of no use."""
        attempt, before = 0, len(warnings)
        outcomes: list[Outcome] = []
        is_unknown = False
        failed_load: WarehouseError | None = None
        while True:
            attempt += 1
            try:
                if intake and failed_load:
                    intake.set_aside(failed_load, partial(self._loads, transaction, intake))
                    failed_load, attempt = None, 1
                session = self.take_session()
                if is_unknown and self._is_in_ledger(session, transaction):
                    return outcomes
                is_unknown = False
                outcomes = []
                del warnings[before:]
                self._attempt(session, transaction, sent, outcomes, warnings, intake)
                return outcomes
            except EtlrunError as error:
                is_copy = bool(sent) and sent[-1].needs_files
                broken = of_files(error) if intake and step.max_bad_files and is_copy else None
                if broken and broken is not failed_load:
                    failed_load = broken
                    continue
                is_unknown = is_unknown or isinstance(error, CommitUnknown)
                cause = transient_cause(error)
                if transaction.alone and isinstance(error, WarehouseUnreachable):
                    raise  # what was sent may have been done, and nothing tells
                if not cause or attempt >= self.retries.attempts or self.stopping.is_set():
                    raise
                pause = self.retries.wait_seconds(attempt)
                self.events.put(StepRetried(step, attempt, cause, pause))
                if self.stopping.wait(pause):
                    raise

    def _attempt(
        self, session: Session, transaction: Transaction, sent: list[Statement], outcomes: list[Outcome],
        warnings: list[Failure], intake: Intake | None = None,
    ) -> None:  # fmt: skip
        failures: list[Failure] = []
        begin = time.monotonic()
        try:
            with nullcontext() if transaction.alone else session.transaction():
                for statement in transaction.statements:
                    if statement.needs_files and intake and not intake.chosen:
                        continue
                    sent.append(statement)
                    outcome = self._sent(session, statement, intake)
                    outcomes.append(outcome if statement.is_load else replace(outcome, row_count=None))
                    found = failure(statement, outcome) if statement.check else None
                    if found and statement.severity == "lease":
                        raise LeaseLost("another run of the pipeline has taken the place of this one, and goes on")
                    if found and statement.severity == "guard":
                        raise CheckFailed([found])
                    if found:
                        (warnings if statement.severity == "warn" else failures).append(found)
                if failures:
                    raise CheckFailed(failures)
                rejects = sum(len(outcome.rejects) for outcome in outcomes)
                known = {"rows": _loaded_rows(outcomes), "rejects": rejects}
                for statement in transaction.ledger:
                    seconds = round(time.monotonic() - begin, 3)
                    session.execute(measured(statement, **known, seconds=seconds).sql)
        except WarehouseUnreachable:
            self._drop(session)
            raise
        except BaseException:
            self.give_back(session)
            raise
        self.give_back(session)

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
            self.warehouse.write_file(statement.manifest, content)
        return outcome

    def _loads(self, transaction: Transaction, intake: Intake, files: frozenset[str]) -> bool:
        """Tell whether some of the files of a transaction can be loaded. Nothing of it stays."""
        trial = replace(intake, only=files)
        session = self.take_session()
        try:
            with session.transaction():
                for statement in transaction.statements:
                    self._sent(session, statement, trial)
                    if statement.needs_files:
                        raise _Tried
        except (_Tried, LoadFailed) as result:
            self.give_back(session)
            return isinstance(result, _Tried)
        except WarehouseUnreachable:
            self._drop(session)
            raise
        except BaseException:
            self.give_back(session)
            raise
        raise AssertionError("no statement reads the manifest")

    def _keep(self, failures: list[Failure]) -> tuple[str, ...]:
        """Keep the rows that failed checks which ask for it, in a transaction of their own: the step's is over.

        Returns what there is to say if that is not possible; the step's own result stands all the same.
        """
        statements = [sql for sql in map(kept, failures) if sql]
        if not statements:
            return ()
        session = None
        try:
            session = self.take_session()
            with session.transaction():
                for sql in statements:
                    session.execute(sql)
        except EtlrunError as error:
            if session:
                self._drop(session)
            return (f"the rows that failed could not be kept: {error}",)
        self.give_back(session)
        return ()

    def _is_in_ledger(self, session: Session, transaction: Transaction) -> bool:
        """Look whether a transaction whose COMMIT got no answer was committed after all."""
        try:
            with session.transaction():
                answers = [session.execute(statement.sql) for statement in transaction.proof]
        except WarehouseUnreachable:
            self._drop(session)
            raise
        is_there = bool(answers and answers[-1].rows and answers[-1].rows[0][0])
        if is_there:
            self.give_back(session)
        return is_there

    def take_session(self) -> Session:
        with self.lock:
            session = self.free.pop() if self.free else None
        session = session or self._prepared_session()
        with self.lock:
            self.busy.append(session)
        return session

    def _prepared_session(self) -> Session:
        """Open a session. A cluster that cannot be reached is told at once; one that is lost later is tried again."""
        for attempt in count(1):
            session = self.warehouse.open_session()
            try:
                for statement in self.plan.prepare:
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

    def give_back(self, session: Session) -> None:
        with self.lock:
            self.busy.remove(session)
            self.free.append(session)

    def _drop(self, session: Session) -> None:
        with self.lock:
            self.busy.remove(session)
        session.close()

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


def _loaded_rows(outcomes: Sequence[Outcome]) -> int:
    """Return how many rows the last load wrote."""
    loads = [each.row_count for each in outcomes if each.command in _LOADS and each.row_count is not None]
    return loads[-1] if loads else 0


def _bytes_read(outcomes: Sequence[Outcome]) -> int | None:
    """Return the size of what was copied; None if there is a COPY of which it is not known, or none."""
    sizes = [each.bytes_read for each in outcomes if each.command == "COPY"]
    known = [size for size in sizes if size is not None]
    return sum(known) if known and len(known) == len(sizes) else None
