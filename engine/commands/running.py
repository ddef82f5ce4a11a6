"""A plan is carried out and watched: events as they come, a summary at the end."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click

from ..connect import connect
from ..errors import WarehouseUnreachable
from ..execute import Event, Result, StepDone, StepFailed, StepRetried, StepStarted, execute
from ..plan import Plan
from ..report import event_json, event_text, failure_text, warning_text
from ..warehouse import Warehouse
from .options import Mounts

# rich, which `terminal` brings, is imported where there is something to show: a dry run does without.


def new_run() -> str:
    """Return an id for a run: when it began, in UTC, and what no other has."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"


Through = Callable[[Iterable[Event]], Iterator[Event]]
"""Passes the events of a run on, and does something with them on the way."""


Before = Callable[[Warehouse], tuple[Plan | None, Warehouse]]
"""Looks at the warehouse, and returns the plan to carry out before a run; None for none."""


def carry_out(
    plan: Plan, folder: Path, mounts: Mounts, *, as_json: bool, through: Sequence[Through] = (),
    before: Before | None = None,
) -> int:  # fmt: skip
    """Run a plan on its target, and show it. Returns the exit code. Errors: those of `execute` and of `before`."""
    warehouse = connect(plan.target, folder, mounts)
    try:
        first, warehouse = before(warehouse) if before else (None, warehouse)
        if first and (code := watched(first, warehouse, as_json=as_json)):
            return code
        return watched(plan, warehouse, as_json=as_json, through=through)
    finally:
        warehouse.close()


def watched(plan: Plan, warehouse: Warehouse, *, as_json: bool, through: Sequence[Through] = ()) -> int:
    """Run a plan on a warehouse that is reached, and show it. Returns the exit code. Errors: those of `execute`."""
    events: Iterable[Event] = execute(plan, warehouse, threads=plan.target.threads)
    for passed in through:
        events = passed(events)
    return _watched(plan, events, as_json)


def _watched(plan: Plan, events: Iterable[Event], as_json: bool) -> int:
    live = not as_json and sys.stderr.isatty()
    if live:
        from ..terminal import watch

        events = watch(plan, events, sys.stderr)
    results: list[Result] = []
    try:
        for event in events:
            if not isinstance(event, (StepStarted, StepRetried)):
                results.append(event)
            if as_json:
                click.echo(event_json(plan, event))
            elif not live:
                for line in event_text(plan, event):
                    click.echo(line, err=True)
    except (KeyboardInterrupt, WarehouseUnreachable):
        _show(results, as_json)
        raise
    _show(results, as_json)
    return 0 if all(isinstance(result, StepDone) for result in results) else 1


def _show(results: list[Result], as_json: bool) -> None:
    from ..terminal import summary

    if as_json:
        return
    if results:
        summary(results, sys.stdout)
    for result in results:
        if isinstance(result, StepDone):
            for line in warning_text(result):
                click.echo(line, err=True)
        if isinstance(result, StepFailed):
            click.echo("", err=True)
            for line in failure_text(result):
                click.echo(line, err=True)
