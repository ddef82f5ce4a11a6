"""etlrun run: a pipeline, from raw files to its star schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from .answering import answer
from .options import (
    Mounts,
    json_events_option,
    mount_option,
    select_option,
    target_option,
    var_option,
)

if TYPE_CHECKING:
    from ..execute import Event
    from ..history import Decision, Run
    from ..ledger import Noting
    from ..model import Pipeline, Target
    from ..plan import Plan
    from ..recording import NotedRun
    from ..warehouse import Session, Warehouse
    from .running import Through

# What a dry run whose answer is known does without is imported where it is used.


@click.command()
@click.argument("pipeline", type=click.Path(path_type=Path), required=False)
@target_option
@mount_option
@select_option
@var_option
@click.option("--dry-run", is_flag=True, help="Print the plan as SQL; connect to nothing.")
@click.option("--full-refresh", is_flag=True, help="Drop and create each table in the transaction that fills it.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Run what `etlrun plan` wrote; refused if anything that went into it has changed.",
)  # fmt: skip
@click.option(
    "--resume",
    is_flag=True,
    help="Continue the last run if it failed or was killed: leave out the steps that are proven done.",
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
    pipeline: Path | None, target: str | None, mounts: Mounts, patterns: tuple[str, ...], variables: dict[str, str],
    dry_run: bool, full_refresh: bool, plan_file: Path | None, resume: bool, wait_seconds: float, as_json: bool,
    openlineage: str | None,
    report: Path | None,
) -> int:  # fmt: skip
    """Run PIPELINE: stage its files, fill its tables, in dependency order."""
    if dry_run and resume:
        raise UsageError("--resume asks the warehouse what is done, and --dry-run connects to nothing")
    if report and not report.absolute().parent.is_dir():
        raise UsageError(f"there is no folder for the report: {report}")
    if report and report.is_dir():
        raise UsageError(f"the report is a file, and this is a folder: {report}")
    if dry_run and pipeline and not plan_file:
        answer(pipeline, partial(_planned, pipeline, target, patterns, variables, full_refresh))
        return 0

    from ..environment import fill, resolve
    from ..execute import execute
    from ..history import decide, read_records
    from ..ledger import Noting
    from ..plan import make_plan
    from ..planfile import disagreements, refuse
    from ..recording import held
    from .asked import asked_pipeline, asked_run, asked_steps, asked_target, environment_of
    from .changing import changes_before_run
    from .running import new_run, reached, started_by, watched

    asked, reviewed = asked_run(pipeline, plan_file, target, variables, patterns, full_refresh)
    document = asked_pipeline(asked.pipeline, asked.variables, complete=not dry_run)
    chosen = asked_target(document, asked.target)
    environ = environment_of(document, chosen)
    chosen = fill(chosen, environ) if dry_run else resolve(chosen, environ)
    only = asked_steps(document, asked.select)
    if reviewed:
        reviewed_plan = make_plan(document, chosen, only=only, full_refresh=asked.full_refresh)
        refuse(disagreements(reviewed, reviewed_plan, environ))
    if dry_run:
        from ..dry_run import plan_text

        click.echo("\n".join(plan_text(_plan(document, chosen, only, Noting(full_refresh=asked.full_refresh)))))
        return 0
    noting = Noting(new_run(), started_by(), full_refresh=asked.full_refresh)
    plan = _plan(document, chosen, only, noting)  # before a connection: what is wrong with it is told at once
    with reached(chosen, document.folder, mounts, wait_seconds=wait_seconds) as warehouse:
        last = _unfinished_run(warehouse, document) if resume else None
        if last:
            only = only if only is not None else _same_selection(last, document)
            full_refresh = asked.full_refresh or last.full_refresh
            noting = replace(noting, full_refresh=full_refresh, resumes=last.run)
            plan = _plan(document, chosen, only, noting)
        through = []
        if openlineage:
            through.append(_with_lineage(document, plan, noting.run, openlineage, environ))

        def decided(session: Session) -> Mapping[str, Decision]:
            return decide(plan.steps, last.run, read_records(session, document, runs=[last.run])) if last else {}

        with held(plan, document, warehouse, wait_seconds=wait_seconds) as run:
            # The lease is given back after this: what the look has opened is closed, the warehouse itself is not.
            first, looked_at = None, replace(warehouse, close=lambda: None)
            if not noting.full_refresh:
                first, looked_at = changes_before_run(
                    looked_at, pipeline=document, target=chosen, only=only, run=noting.run, is_reviewed=bool(reviewed)
                )
            with closing(looked_at):
                if first and (code := watched(first, execute(first, looked_at), as_json=as_json)):
                    return code
                if report:
                    through.append(_reported(plan, report, run))
                events = run.events(looked_at, threads=chosen.threads, decide=decided)
                return watched(plan, events, as_json=as_json, through=through)


def _plan(pipeline: Pipeline, target: Target, only: frozenset[str] | None, noting: Noting) -> Plan:
    """Return the plan of a run. Errors: InvalidPipeline."""
    from ..ledger import RUN, noted
    from ..plan import make_plan

    plan = make_plan(pipeline, target, only=only, full_refresh=noting.full_refresh, run=noting.run)
    # The files of an incremental source are listed under the run's id.
    differs = noting.run != RUN and any(source.incremental for source in pipeline.staging)
    whole = make_plan(pipeline, target, full_refresh=noting.full_refresh) if differs or only is not None else None
    return noted(plan, pipeline, replace(noting, selection=tuple(sorted(only or ()))), whole)


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


def _planned(
    path: Path, target: str | None, patterns: tuple[str, ...], variables: dict[str, str], full_refresh: bool
) -> tuple[Pipeline, Iterator[str]]:
    from ..dry_run import plan_text
    from ..environment import fill
    from ..ledger import Noting
    from .asked import asked_pipeline, asked_steps, asked_target, environment_of

    document = asked_pipeline(path, variables)
    chosen = asked_target(document, target)
    chosen, only = fill(chosen, environment_of(document, chosen)), asked_steps(document, patterns)
    return document, plan_text(_plan(document, chosen, only, Noting(full_refresh=full_refresh)))


def _with_lineage(pipeline: Pipeline, plan: Plan, run: str, place: str, environ: Mapping[str, str]) -> Through:
    try:
        from ..openlineage import emitter, with_lineage  # an extra of its own, which few runs need
    except ModuleNotFoundError as error:
        raise UsageError("--openlineage needs a library: pip install 'etlrun[openlineage]'") from error
    emit = emitter(place, environ.get("OPENLINEAGE_API_KEY", ""))
    return lambda events: with_lineage(pipeline, plan, run, events, emit, partial(click.echo, err=True))


def _reported(plan: Plan, path: Path, run: NotedRun) -> Through:
    from ..errors import EtlrunError
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
