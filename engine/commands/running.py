"""A plan is carried out and watched: events as they come, a summary at the end."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import click

from ..connect import connect
from ..errors import DatabaseInUse, LeaseHeld, WarehouseUnreachable
from ..events import Event, Result, StepDone, StepFailed, StepKept, StepRetried, StepStarted
from ..model import Target
from ..plan import Plan
from ..report import event_json, event_text, failure_text, warning_text
from ..summary import summary_text
from ..warehouse import Warehouse
from .options import Mounts

_MAX_NAME = 200
_POLL_SECONDS = 0.5

# rich, which `terminal` brings, is imported where there is something to show: a dry run does without.


def new_run() -> str:
    """Return an id for a run: when it began, in UTC, and what no other has."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"


def started_by() -> str:
    """Return who starts a run: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may have users without a name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"[:_MAX_NAME]


Through = Callable[[Iterable[Event]], Iterator[Event]]
"""Passes the events of a run on, and does something with them on the way."""


@contextmanager
def reached(target: Target, folder: Path, mounts: Mounts, *, wait_seconds: float = 0.0) -> Iterator[Warehouse]:
    """Reach a target's warehouse, and leave it at the end. Errors: those of `connect`.

    A local database that another process has open is waited for.
    """
    give_up = time.monotonic() + wait_seconds
    while True:
        try:
            warehouse = connect(target, folder, mounts)
            break
        except DatabaseInUse:
            if time.monotonic() >= give_up:
                raise
        time.sleep(_POLL_SECONDS)
    try:
        yield warehouse
    finally:
        warehouse.close()


def watched(plan: Plan, events: Generator[Event], *, as_json: bool, through: Sequence[Through] = ()) -> int:
    """Show what happens while a plan is run. Returns the exit code. Errors: those of the run."""
    with closing(events):
        passed: Iterable[Event] = events
        for each in through:
            passed = each(passed)
        return _watched(plan, passed, as_json)


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
    except (KeyboardInterrupt, LeaseHeld, WarehouseUnreachable):
        _show(results, as_json)
        raise
    except BrokenPipeError as error:
        # Nobody reads the events any more: a run that is cut short by that is not done.
        setattr(sys, "stdout" if as_json else "stderr", open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        raise KeyboardInterrupt from error
    _show(results, as_json)
    return 0 if all(isinstance(result, (StepDone, StepKept)) for result in results) else 1


def _show(results: list[Result], as_json: bool) -> None:
    if as_json:
        return
    if results and sys.stdout.isatty():
        from ..terminal import summary

        summary(results, sys.stdout)
    elif results:
        for line in summary_text(results):
            click.echo(line)
    for result in results:
        if isinstance(result, StepDone):
            for line in warning_text(result):
                click.echo(line, err=True)
        if isinstance(result, StepFailed):
            click.echo("", err=True)
            for line in failure_text(result):
                click.echo(line, err=True)
