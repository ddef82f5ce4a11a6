"""etlrun run: a pipeline, from raw files to its star schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from .answering import answer
from .options import (
    Mounts,
    from_option,
    json_events_option,
    mount_option,
    select_options,
    target_option,
    to_option,
    var_option,
)

if TYPE_CHECKING:
    from ..history import Run
    from ..model import Pipeline, Target
    from ..plan import Plan
    from ..planfile import PlanFile, Request
    from ..warehouse import Warehouse
    from .once import Manner

# What a dry run whose answer is known does without is imported where it is used.


@click.command()
@click.argument("pipeline", type=click.Path(path_type=Path), required=False)
@target_option
@mount_option
@select_options
@var_option
@from_option
@to_option
@click.option("--dry-run", is_flag=True, help="Print the plan as SQL; connect to nothing.")
@click.option("--full-refresh", is_flag=True, help="Drop and create each table in the transaction that fills it.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Run what `etlrun plan` wrote; refused if anything that went into it has changed.",
)  # fmt: skip
@click.option(
    "--resume",
    is_flag=True,
    help="Continue the last run if it failed or was killed: leave out the steps, and with --from the slices, "
    "that are proven done.",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="How long to wait while another run of the pipeline is under way; then leave with exit code 5.",
)
@json_events_option
@click.option(
    "--openlineage", metavar="FILE|URL|config",
    help="Emit OpenLineage events: to a file, to a server, or as OpenLineage's own configuration says.",
)  # fmt: skip
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Write what happened as an HTML page.")
def command(
    pipeline: Path | None, target: str | None, mounts: Mounts, patterns: tuple[str, ...], excluded: tuple[str, ...],
    variables: dict[str, str], begin: datetime | None, end: datetime | None, dry_run: bool, full_refresh: bool,
    plan_file: Path | None, resume: bool, wait_seconds: float, as_json: bool, openlineage: str | None,
    report: Path | None,
) -> int:  # fmt: skip
    """Run PIPELINE: stage its files, fill its tables, in dependency order."""
    if dry_run and resume:
        raise UsageError("--resume asks the warehouse what is done, and --dry-run connects to nothing")
    if report and not report.absolute().parent.is_dir():
        raise UsageError(f"there is no folder for the report: {report}")
    if report and report.is_dir():
        raise UsageError(f"the report is a file, and this is a folder: {report}")
    times = (begin, end) if begin or end else None
    if times and plan_file:
        raise UsageError("--plan is of one run: --from and --to do not go with it")
    if dry_run and pipeline and not plan_file:
        answer(pipeline, partial(_planned, pipeline, target, patterns, excluded, variables, times, full_refresh))
        return 0

    from ..environment import fill, resolve
    from ..selection import Selection
    from .asked import asked_pipeline, asked_run, asked_slices, asked_target, environment_of
    from .backfill import backfill
    from .once import Manner

    asked, reviewed = asked_run(pipeline, plan_file, target, variables, Selection(patterns, excluded), full_refresh)
    document = asked_pipeline(asked.pipeline, asked.variables, complete=not dry_run and not times)
    chosen = asked_target(document, asked.target)
    environ = environment_of(document, chosen)
    chosen = fill(chosen, environ) if dry_run else resolve(chosen, environ)
    manner = Manner(wait_seconds, as_json, openlineage, report, environ)
    if times is None:
        return _run(asked, reviewed, document, chosen, mounts, manner, dry_run=dry_run, resume=resume)
    pieces = asked_slices(document, *times, asked)
    if report and len(pieces) > 1:
        raise UsageError(f"--report is of one run, and these are {len(pieces):,}: give the time of one slice")
    return backfill(asked, document, chosen, pieces, mounts=mounts, resume=resume, manner=manner)


def _run(
    asked: Request, reviewed: PlanFile | None, pipeline: Pipeline, target: Target, mounts: Mounts, manner: Manner, *,
    dry_run: bool, resume: bool,
) -> int:  # fmt: skip
    from ..dry_run import plan_text
    from ..ledger import Noting, plan_run
    from ..planfile import disagreements, refuse
    from ..planning import make_plan
    from .asked import asked_steps, depends_on_runs
    from .once import run_once
    from .running import new_run, reached, started_by

    is_open = not dry_run and depends_on_runs(pipeline, asked.selection)
    only = None if is_open else asked_steps(pipeline, asked.selection)
    if reviewed:
        plan = make_plan(pipeline, target, only=only, full_refresh=asked.full_refresh)
        refuse(disagreements(reviewed, plan, manner.environ))
    if dry_run:
        plan = plan_run(pipeline, target, only, Noting(full_refresh=asked.full_refresh))
        click.echo("\n".join(plan_text(plan)))
        return 0
    noting = Noting(new_run(), started_by(), full_refresh=asked.full_refresh)
    plan = plan_run(pipeline, target, only, noting)  # before a connection: what is wrong with it is told at once
    with reached(target, pipeline.folder, mounts, wait_seconds=manner.wait_seconds) as warehouse:
        last = _unfinished_run(warehouse, pipeline) if resume else None
        if is_open:
            only = asked_steps(pipeline, asked.selection, _changed(warehouse, pipeline, plan))
            if not only:
                click.echo("nothing to run: by what was done before, no step is left", err=True)
                return 0
        elif last and not asked.selection:
            only = _same_selection(last, pipeline)
        if last:
            noting = replace(noting, full_refresh=asked.full_refresh or last.full_refresh, resumes=last.run)
        if last or is_open:
            plan = plan_run(pipeline, target, only, noting)
        return run_once(warehouse, pipeline, plan, only, noting, replace(manner, is_reviewed=bool(reviewed)), last)


def _planned(
    path: Path, target: str | None, patterns: tuple[str, ...], excluded: tuple[str, ...], variables: dict[str, str],
    times: tuple[datetime | None, datetime | None] | None, full_refresh: bool,
) -> tuple[Pipeline, Iterator[str]]:  # fmt: skip
    from ..dry_run import plan_text
    from ..environment import fill
    from ..ledger import Noting, plan_run
    from ..planfile import Request
    from ..selection import Selection
    from .asked import asked_pipeline, asked_slices, asked_steps, asked_target, environment_of, sliced

    document = asked_pipeline(path, variables)
    chosen = asked_target(document, target)
    chosen = fill(chosen, environment_of(document, chosen))
    asked = Request(path, target, variables, Selection(patterns, excluded), full_refresh)

    def text(pipeline: Pipeline) -> Iterator[str]:
        only = asked_steps(pipeline, asked.selection)
        return plan_text(plan_run(pipeline, chosen, only, Noting(full_refresh=full_refresh)))

    if times is None:
        return document, text(document)
    pieces = asked_slices(document, *times, asked)
    return document, chain.from_iterable(
        (f"-- slice {number} of {len(pieces)}, {piece}", *text(sliced(asked, document, piece)), "")
        for number, piece in enumerate(pieces, start=1)
    )


def _changed(warehouse: Warehouse, pipeline: Pipeline, plan: Plan) -> frozenset[str]:
    from ..history import read_changed

    session = warehouse.open_session()
    changed = read_changed(session, pipeline, plan.steps)
    session.close()
    return changed


def _unfinished_run(warehouse: Warehouse, pipeline: Pipeline) -> Run | None:
    """Return the last run if it was not done, and say which it is."""
    from ..history import read_resumed, read_runs

    session = warehouse.open_session()
    found = read_runs(session, pipeline, limit=1)
    if not found or found[0].status == "done":
        said = f"the last run, {found[0].run}, is done" if found else "there was no run yet"
        click.echo(f"nothing to resume: {said}; this run begins anew", err=True)
        session.close()
        return None
    last = read_resumed(session, pipeline, found[0])
    session.close()
    ended = "was not ended" if last.status == "running" else f"ended as '{last.status}'"
    click.echo(f"resumes run {last.run} of {str(last.started_at)[:19]} UTC, which {ended}", err=True)
    return last


def _same_selection(last: Run, pipeline: Pipeline) -> frozenset[str] | None:
    """Return the steps that a run was asked for, as far as there still are such; None for all."""
    from ..read import needs

    return frozenset(last.selection) & frozenset(needs(pipeline)) if last.selection else None
