"""etlrun test: the checks alone."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..dry_run import plan_text
from ..environment import fill, resolve
from ..execute import execute
from ..planning import make_check_plan
from ..read import read_pipeline
from ..selection import Selection
from .asked import asked_steps, asked_target, environment_of
from .options import (
    Mounts,
    json_events_option,
    mount_option,
    pipeline_argument,
    select_options,
    target_option,
    var_option,
)
from .running import new_run, reached, watched


@click.command()
@pipeline_argument
@target_option
@mount_option
@select_options
@var_option
@click.option("--dry-run", is_flag=True, help="Print what would be asked as SQL; connect to nothing.")
@json_events_option
def command(
    pipeline: Path, target: str | None, mounts: Mounts, patterns: tuple[str, ...], excluded: tuple[str, ...],
    variables: dict[str, str], dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Ask the checks of PIPELINE of what is in its tables now; load nothing. Exit code 1: one does not hold."""
    document = read_pipeline(pipeline, os.environ, variables, complete=not dry_run)
    chosen, only = asked_target(document, target), asked_steps(document, Selection(patterns, excluded))
    environ = environment_of(document, chosen)
    if dry_run:
        click.echo("\n".join(plan_text(make_check_plan(document, fill(chosen, environ), only=only))))
        return 0
    plan = make_check_plan(document, resolve(chosen, environ), only=only, run=new_run())
    if not plan.steps:
        click.echo("there are no checks to ask", err=True)
    with reached(plan.target, document.folder, mounts) as warehouse:
        return watched(plan, execute(plan, warehouse, threads=plan.target.threads), as_json=as_json)
