"""One run of a pipeline: from its lease to its summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from ..errors import EtlrunError, UsageError
from ..events import Event
from ..execute import execute
from ..history import Decision, Run, decide, read_records
from ..ledger import Noting
from ..model import Pipeline
from ..plan import Plan
from ..recording import NotedRun, held
from ..records import frozen
from ..warehouse import Session, Warehouse
from .changing import changes_before_run
from .running import Through, watched


@frozen
class Manner:
    """How the runs of a command line are carried out and told of."""

    wait_seconds: float
    as_json: bool
    openlineage: str | None
    report: Path | None
    environ: Mapping[str, str]
    is_reviewed: bool = False
    """Whether somebody has seen what is sent: nothing else may be."""


def run_once(
    warehouse: Warehouse, pipeline: Pipeline, plan: Plan, only: frozenset[str] | None, noting: Noting,
    manner: Manner, last: Run | None = None,
) -> int:  # fmt: skip
    """Carry out a plan that `plan_run` has made of `only` and `noting`, without what `last`, if any, has done.

    Returns the exit code. Errors: those of a run.
    """
    through = []
    if manner.openlineage:
        through.append(_with_lineage(pipeline, plan, noting.run, manner.openlineage, manner.environ))

    def decided(session: Session) -> Mapping[str, Decision]:
        return decide(plan.steps, last.run, read_records(session, pipeline, runs=[last.run])) if last else {}

    with held(plan, pipeline, warehouse, wait_seconds=manner.wait_seconds) as run:
        # The lease is given back after this: what the look has opened is closed, the warehouse itself is not.
        first, looked_at = None, replace(warehouse, close=lambda: None)
        if not noting.full_refresh:
            first, looked_at = changes_before_run(
                looked_at,
                pipeline=pipeline,
                target=plan.target,
                only=only,
                run=noting.run,
                is_reviewed=manner.is_reviewed,
            )
        with closing(looked_at):
            if first and (code := watched(first, execute(first, looked_at), as_json=manner.as_json)):
                return code
            if manner.report:
                through.append(_reported(plan, manner.report, run))
            events = run.events(looked_at, threads=plan.target.threads, decide=decided)
            return watched(plan, events, as_json=manner.as_json, through=through)


def _with_lineage(pipeline: Pipeline, plan: Plan, run: str, place: str, environ: Mapping[str, str]) -> Through:
    try:
        from ..openlineage import emitter, with_lineage  # an extra of its own, which few runs need
    except ModuleNotFoundError as error:
        raise UsageError("--openlineage needs a library: pip install 'etlrun[openlineage]'") from error
    emit = emitter(place, environ.get("OPENLINEAGE_API_KEY", ""))
    return lambda events: with_lineage(pipeline, plan, run, events, emit, partial(click.echo, err=True))


def _reported(plan: Plan, path: Path, run: NotedRun) -> Through:
    from ..run_report import run_page
    from ..timeline import Recording

    def through(events: Iterable[Event]) -> Iterator[Event]:
        recording, began = Recording(), datetime.now().astimezone()
        past, ended = None, 0.0
        try:
            yield from recording.passed_on(events)
            ended = recording.clock()
            with suppress(EtlrunError):  # what the steps have done stands all the same
                past = run.past()
        finally:
            seconds = (ended or recording.clock()) - recording.begun
            try:
                path.write_text(run_page(plan, began, recording.bars, seconds, past), encoding="utf-8")
            except OSError as error:
                click.echo(f"cannot write the report {path}: {error.strerror}", err=True)

    return through
