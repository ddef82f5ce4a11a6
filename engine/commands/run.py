"""etlrun run: a pipeline, from raw files to its star schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    from ..model import Pipeline
    from ..plan import Plan
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
@json_events_option
@click.option(
    "--openlineage", metavar="FILE|URL|config",
    help="Emit OpenLineage events: to a file, to a server, or as OpenLineage's own configuration says.",
)  # fmt: skip
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Write what happened as an HTML page.")
def command(
    pipeline: Path | None, target: str | None, mounts: Mounts, patterns: tuple[str, ...], variables: dict[str, str],
    dry_run: bool, full_refresh: bool, plan_file: Path | None, as_json: bool, openlineage: str | None,
    report: Path | None,
) -> int:  # fmt: skip
    """Run PIPELINE: stage its files, fill its tables, in dependency order."""
    if dry_run and pipeline and not plan_file:
        answer(pipeline, partial(_planned, pipeline, target, patterns, variables, full_refresh))
        return 0

    from ..environment import fill, resolve
    from ..plan import make_plan
    from ..planfile import disagreements, refuse
    from .asked import asked_pipeline, asked_run, asked_steps, asked_target, environment_of
    from .changing import changes_before_run
    from .running import carry_out, new_run

    asked, reviewed = asked_run(pipeline, plan_file, target, variables, patterns, full_refresh)
    document = asked_pipeline(asked.pipeline, asked.variables, complete=not dry_run)
    chosen = asked_target(document, asked.target)
    environ = environment_of(document, chosen)
    chosen = fill(chosen, environ) if dry_run else resolve(chosen, environ)
    only = asked_steps(document, asked.select)
    make = partial(make_plan, document, chosen, only=only, full_refresh=asked.full_refresh)
    if reviewed:
        refuse(disagreements(reviewed, make(run="RUN"), environ))
    identity = "RUN" if dry_run else new_run()
    plan = make(run=identity)
    if dry_run:
        from ..dry_run import plan_text

        click.echo("\n".join(plan_text(plan)))
        return 0
    through = []
    if openlineage:
        through.append(_with_lineage(document, plan, identity, openlineage, environ))
    if report:
        through.append(_reported(plan, identity, report))
    before = None if asked.full_refresh else partial(
        changes_before_run, pipeline=document, target=chosen, only=only, run=identity, is_reviewed=bool(reviewed)
    )  # fmt: skip
    return carry_out(plan, document.folder, mounts, as_json=as_json, through=through, before=before)


def _planned(
    path: Path, target: str | None, patterns: tuple[str, ...], variables: dict[str, str], full_refresh: bool
) -> tuple[Pipeline, Iterator[str]]:
    from ..dry_run import plan_text
    from ..environment import fill
    from ..plan import make_plan
    from .asked import asked_pipeline, asked_steps, asked_target, environment_of

    document = asked_pipeline(path, variables)
    chosen = asked_target(document, target)
    chosen, only = fill(chosen, environment_of(document, chosen)), asked_steps(document, patterns)
    return document, plan_text(make_plan(document, chosen, only=only, full_refresh=full_refresh))


def _with_lineage(pipeline: Pipeline, plan: Plan, run: str, place: str, environ: Mapping[str, str]) -> Through:
    try:
        from ..openlineage import emitter, with_lineage  # an extra of its own, which few runs need
    except ModuleNotFoundError as error:
        raise UsageError("--openlineage needs a library: pip install 'etlrun[openlineage]'") from error
    emit = emitter(place, environ.get("OPENLINEAGE_API_KEY", ""))
    return lambda events: with_lineage(pipeline, plan, run, events, emit, partial(click.echo, err=True))


def _reported(plan: Plan, run: str, path: Path) -> Through:
    from ..run_report import run_page
    from ..timeline import Recording

    if not path.absolute().parent.is_dir():
        raise UsageError(f"there is no folder for the report: {path}")

    def through(events: Iterable[Event]) -> Iterator[Event]:
        recording, began = Recording(), datetime.now().astimezone()
        try:
            yield from recording.passed_on(events)
        finally:
            page = run_page(plan, run, began, recording.bars, recording.clock() - recording.begun)
            path.write_text(page, encoding="utf-8")

    return through
