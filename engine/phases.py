"""The parts of a run: the hooks before it, its steps, and the hooks behind them, as it has ended."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import replace

from .events import Event, StepFailed, StepKept, StepSkipped
from .execute import UNDECIDED, execute
from .history import Decision
from .plan import Plan, Step
from .retries import RETRIES, Retries
from .warehouse import Warehouse


def carried_out(
    plan: Plan, warehouse: Warehouse, *, threads: int = 1, retries: Retries = RETRIES,
    decisions: Mapping[str, Decision] = UNDECIDED,
) -> Generator[Event]:  # fmt: skip
    """Run a plan with its hooks, and yield what happens: see `execute`.

    If a hook before it fails, no step is begun. Where something failed the hooks of a failure take the place of those
    after it. Whoever stops the iteration stops the run; no more hooks are sent then.
    """
    failed = yield from _hook(plan, plan.before, warehouse, retries)
    if failed:
        for step in plan.steps:
            decision = decisions.get(step.name)
            yield StepSkipped(step, failed) if decision is None or decision.runs else StepKept(step, decision.because)
    else:
        with closing(execute(plan, warehouse, threads=threads, retries=retries, decisions=decisions)) as events:
            for event in events:
                if isinstance(event, StepFailed):
                    failed = failed or event.step.name
                yield event
    if failed and plan.after:
        yield StepSkipped(plan.after, failed)
    elif not failed:
        failed = yield from _hook(plan, plan.after, warehouse, retries)
    if failed:
        yield from _hook(plan, plan.on_failure, warehouse, retries)


def _hook(plan: Plan, step: Step | None, warehouse: Warehouse, retries: Retries) -> Generator[Event, None, str]:
    """Yield what becomes of hooks. Returns the name of their step if it failed, else nothing."""
    failed = ""
    if step:
        with closing(execute(replace(plan, steps=(step,)), warehouse, retries=retries)) as events:
            for event in events:
                failed = step.name if isinstance(event, StepFailed) else failed
                yield event
    return failed
