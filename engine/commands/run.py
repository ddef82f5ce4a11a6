"""etlrun run: a pipeline, from raw files to its star schema."""

from __future__ import annotations

from pathlib import Path

import click

from ..environment import fill, resolve
from ..plan import make_plan
from ..report import plan_text
from .asked import asked_pipeline, asked_steps, asked_target, environment_of
from .options import (
    Mounts,
    json_events_option,
    mount_option,
    pipeline_argument,
    select_option,
    target_option,
    var_option,
)
from .running import carry_out, new_run


@click.command()
@pipeline_argument
@target_option
@mount_option
@select_option
@var_option
@click.option("--dry-run", is_flag=True, help="Print the plan as SQL; connect to nothing.")
@click.option("--full-refresh", is_flag=True, help="Drop and create each table in the transaction that fills it.")
@json_events_option
def command(
    pipeline: Path, target: str | None, mounts: Mounts, patterns: tuple[str, ...], variables: dict[str, str],
    dry_run: bool, full_refresh: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run PIPELINE: stage its files, fill its tables, in dependency order."""
    document = asked_pipeline(pipeline, variables, complete=not dry_run)
    chosen = asked_target(document, target)
    environ = environment_of(document, chosen)
    chosen = fill(chosen, environ) if dry_run else resolve(chosen, environ)
    only = asked_steps(document, patterns)
    plan = make_plan(
        document, chosen, only=only, full_refresh=full_refresh, run="RUN" if dry_run else new_run()
    )  # fmt: skip
    if dry_run:
        click.echo("\n".join(plan_text(plan)))
        return 0
    return carry_out(plan, document.folder, mounts, as_json=as_json)
