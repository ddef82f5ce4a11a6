"""A run that is noted: it takes its pipeline's lease, renews it, notes what becomes of each step, and gives it back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any

from .checks import failure
from .errors import EtlrunError, LeaseHeld, LeaseLost, WarehouseError, WarehouseUnreachable
from .events import Event, StepFailed, StepSkipped
from .execute import UNDECIDED
from .history import Decision, Past, read_past
from .ledger import LEASE_SECONDS, Ended, ended_statements, measured
from .model import Pipeline
from .phases import carried_out
from .plan import Ledger, Plan, Statement
from .retries import RETRIES, Retries, transient_cause
from .warehouse import Session, Warehouse

_RENEWALS = 4
"""How often the lease is renewed within its time."""
_POLL_SECONDS = 0.5
_WRONG_LAYOUT = ("42703", "42P01", "42804")

Decide = Callable[[Session], Mapping[str, Decision]]
"""Asks which steps run, and why; the run has the lease by then."""


@dataclass(slots=True)
class Desk:
    """Where a run is noted: one session, opened anew where it was lost."""

    warehouse: Warehouse
    retries: Retries
    session: Session | None = None

    def commit(self, statements: Sequence[Statement]) -> None:
        """Send a transaction until it is committed; twice must do no harm."""
        if not statements:
            return
        self._insist(lambda session: _send(session, statements, in_block=True))

    def send(self, statements: Sequence[Statement]) -> None:
        """Send statements, each its own transaction; twice must do no harm."""
        self._insist(lambda session: _send(session, statements, in_block=False))

    def rows(self, statement: Statement) -> Sequence[tuple[Any, ...]]:
        found: list[Sequence[tuple[Any, ...]]] = []
        self._insist(lambda session: found.append(session.execute(statement.sql).rows))
        return found[-1]

    def begin(self, ledger: Ledger) -> None:
        """Take the lease and note the run. Errors: LeaseHeld."""
        self._insist(lambda session: _send(session, _signed(ledger.begin, ledger, session), in_block=True))

    def renew(self, ledger: Ledger) -> None:
        self._insist(lambda session: _send(session, _signed([ledger.renew], ledger, session), in_block=False))

    def ask(self, question: Callable[[Session], None]) -> None:
        self._insist(question)

    def close(self) -> None:
        if self.session:
            self.session.close()
        self.session = None

    def _insist(self, work: Callable[[Session], None]) -> None:
        attempt = 0
        while True:
            attempt += 1
            self.session = self.session or self.warehouse.open_session()
            try:
                return work(self.session)
            except EtlrunError as error:
                if isinstance(error, WarehouseUnreachable):
                    self.close()
                if not transient_cause(error) or attempt >= self.retries.attempts:
                    raise
            time.sleep(self.retries.wait_seconds(attempt))


def _signed(statements: Iterable[Statement], ledger: Ledger, session: Session) -> list[Statement]:
    """Return statements with the session that sends them."""
    ((user, number),) = session.execute(ledger.session.sql).rows
    return [measured(statement, db_user=str(user), session=int(number)) for statement in statements]


def _send(session: Session, statements: Sequence[Statement], *, in_block: bool) -> None:
    with session.transaction() if in_block else nullcontext():
        _send_each(session, statements)


def _send_each(session: Session, statements: Sequence[Statement]) -> None:
    for statement in statements:
        outcome = session.execute(statement.sql)
        if statement.check and failure(statement, outcome):
            raise LeaseHeld("another run of the pipeline is under way")


@dataclass(slots=True)
class NotedRun:
    """A run that has its pipeline's lease. Its `status` is what is noted when it ends."""

    plan: Plan
    pipeline: Pipeline
    desk: Desk
    status: str = "failed"
    skipped: list[Ended] = field(default_factory=list)

    def events(
        self, warehouse: Warehouse, *, threads: int = 1, decide: Decide = lambda session: UNDECIDED
    ) -> Generator[Event]:
        """Yield what happens, hooks included, note what was not committed. Errors: those of `execute`, LeaseLost."""
        decisions: dict[str, Decision] = {}
        self.desk.ask(lambda session: decisions.update(decide(session)))
        left = [(step, decisions[step.name]) for step in self.plan.steps if step.name in decisions]
        self._note([
            Ended(step, "begun" if decision.runs else "kept", decision.because)
            for step, decision in left
            if decision.is_loaded or not decision.runs
        ])  # fmt: skip
        events = carried_out(
            self.plan, warehouse, threads=threads, retries=self.desk.retries, decisions=decisions
        )  # fmt: skip
        failed = False
        with closing(events):
            for event in events:
                if isinstance(event, StepFailed):
                    failed = True
                    self._note([Ended(event.step, "failed", "", str(event.error), event.seconds)])
                elif isinstance(event, StepSkipped):
                    self.skipped.append(Ended(event.step, "skipped", f"{event.because} failed"))
                yield event
        self.status = "failed" if failed else "done"

    def past(self) -> Past:
        """Return this run as it is noted, and those before it. Errors: those of the warehouse."""
        assert self.plan.ledger is not None
        found, run = [], self.plan.ledger.run
        self.desk.ask(lambda session: found.append(read_past(session, self.pipeline, run)))
        return found[-1]

    def _note(self, ended: Sequence[Ended]) -> None:
        self.desk.commit(ended_statements(self.plan, self.pipeline, ended))


@contextmanager
def held(
    plan: Plan, pipeline: Pipeline, warehouse: Warehouse, *, wait_seconds: float = 0.0, retries: Retries = RETRIES
) -> Iterator[NotedRun]:
    """Take the lease of a pipeline for a plan that `ledger.noted` has made, and give it back at the end.

    Errors: LeaseHeld where another run of the pipeline is under way, and still is after `wait_seconds`; those of what
    is done with it.
    """
    ledger = plan.ledger
    assert ledger is not None
    run = NotedRun(plan, pipeline, Desk(warehouse, retries))
    try:
        _take(run.desk, ledger, plan.pipeline, wait_seconds)
        try:
            with _renewed(ledger, warehouse):
                yield run
        except BaseException as error:
            if not isinstance(error, LeaseLost):  # who has taken over has noted that
                # The error is the one to be told; and if this fails as well, the lease runs out by itself.
                with suppress(EtlrunError), closing(Desk(warehouse, Retries(attempts=1))) as desk:
                    _end(desk, run, ledger, _status(error))
            raise
        _end(run.desk, run, ledger, run.status)
    finally:
        run.desk.close()


def _status(error: BaseException) -> str:
    if isinstance(error, WarehouseUnreachable):
        return "unreachable"
    return "failed" if isinstance(error, Exception) else "interrupted"


def _end(desk: Desk, run: NotedRun, ledger: Ledger, status: str) -> None:
    desk.commit([*ended_statements(run.plan, run.pipeline, run.skipped), *ledger.ends[status]])


def _take(desk: Desk, ledger: Ledger, pipeline: str, wait_seconds: float) -> None:
    """Take the lease, as soon as nobody holds it. Errors: LeaseHeld."""
    give_up = time.monotonic() + wait_seconds
    try:
        _make_tables(desk, ledger)
        if desk.warehouse.is_alone:
            desk.send([ledger.seize])
        while True:
            holders = desk.rows(ledger.holder)
            if holders and _is_gone(desk, ledger, holders[0]):
                desk.send([ledger.seize])
            elif not holders:
                with suppress(LeaseHeld):  # another was quicker
                    return desk.begin(ledger)
            elif time.monotonic() >= give_up:
                raise LeaseHeld(_held(pipeline, holders[0]))
            else:
                time.sleep(_POLL_SECONDS)
    except WarehouseError as error:
        if error.sqlstate in _WRONG_LAYOUT:
            hint = "rename or drop the tables etlrun.runs and etlrun.steps: the next run makes them anew"
            raise WarehouseError(
                f"the tables of the schema etlrun are of another version of etlrun: {error}", hint=hint
            ) from error
        raise


def _make_tables(desk: Desk, ledger: Ledger) -> None:
    """Make the tables of the ledger where there are none."""
    try:
        desk.send(ledger.tables)
    except WarehouseError:
        # IF NOT EXISTS fails where another makes the same at the same time; then they are there now.
        time.sleep(desk.retries.wait_seconds(1))
        desk.send(ledger.tables)


def _is_gone(desk: Desk, ledger: Ledger, lease: Sequence[Any]) -> bool:
    """Tell whether the session of who holds the lease has ended, as far as that can be seen."""
    _, _, user, number, *_ = lease
    try:
        ((me, _),) = desk.rows(ledger.session)
        ((count,),) = desk.rows(measured(ledger.alive, session=number))
    except WarehouseError:  # a workgroup has no stv_sessions
        return False
    return bool(me == user and not count)


def _held(pipeline: str, lease: Sequence[Any]) -> str:
    run, holder, _, _, since, seconds = lease
    return (
        f"another run of {pipeline} is under way: {run} by {holder}, since {since} UTC\n"
        f"  its lease ends in {seconds} s unless it is renewed; to wait for it: --wait SECONDS"
    )


@contextmanager
def _renewed(ledger: Ledger, warehouse: Warehouse) -> Iterator[None]:
    """Renew the lease while the body works, from a thread and a session of its own, which short runs do without."""
    over = threading.Event()
    thread = threading.Thread(target=_renew, args=(ledger, warehouse, over), name="etlrun-lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _renew(ledger: Ledger, warehouse: Warehouse, over: threading.Event) -> None:
    desk = Desk(warehouse, Retries(attempts=1))
    while not over.wait(LEASE_SECONDS / _RENEWALS):
        # The next time comes soon; and a step that has lost the lease commits nothing, whatever is known here.
        with suppress(EtlrunError):
            desk.renew(ledger)
    desk.close()
