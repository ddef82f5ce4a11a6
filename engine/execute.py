"""Plan + Warehouse -> results as they come."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from queue import SimpleQueue
from types import MappingProxyType

from .events import Event, StepDone, StepFailed, StepKept, StepSkipped, StepStarted
from .history import Decision
from .plan import Plan, Step
from .retries import RETRIES, Retries
from .sessions import Sessions
from .step import run_step
from .warehouse import Warehouse

RUNS = Decision(True, "")
UNDECIDED: Mapping[str, Decision] = MappingProxyType({})
"""Every step runs."""


def execute(
    plan: Plan, warehouse: Warehouse, *, threads: int = 1, retries: Retries = RETRIES,
    decisions: Mapping[str, Decision] = UNDECIDED,
) -> Generator[Event]:  # fmt: skip
    """Run the plan and yield what happens; up to `threads` steps that do not wait for each other run side by side.

    A step that `decisions` lets out counts as done. A step that fails skips exactly what waits for it; the others run.
    Errors: WarehouseUnreachable, when no try helped, ends the run. Whoever stops the iteration, or interrupts it, rolls
    the open transactions back.
    """
    sessions = Sessions(warehouse, plan.prepare, retries)
    events: SimpleQueue[Event | BaseException] = SimpleQueue()
    waiting = {step.name: (number, step) for number, step in enumerate(plan.steps, start=1)}
    unfinished = set(waiting)
    failed: dict[str, str] = {}
    running = 0
    pool = ThreadPoolExecutor(threads, thread_name_prefix="etlrun")
    workers: list[Future[None]] = []
    try:
        with sessions.taken():  # a cluster that cannot be reached is told before the first step begins
            pass
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
                    workers.append(pool.submit(_work, rest, sessions, events))
            if not running:
                continue
            event = events.get()
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
            sessions.stop()
        pool.shutdown()
        sessions.close()


def _work(step: Step, sessions: Sessions, events: SimpleQueue[Event | BaseException]) -> None:
    """Run a step and put its result into the queue; what ends the run goes there as it is."""
    try:
        events.put(run_step(step, sessions, events.put))
    except BaseException as error:
        events.put(error)
