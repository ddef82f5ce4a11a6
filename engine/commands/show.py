"""etlrun show: all that is known of one table."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..describe import COLUMN_HEADINGS, column_rows, part_text
from ..dry_run import step_text
from ..environment import fill
from ..errors import UsageError
from ..lineage import trace
from ..model import StagingSource, Table
from ..places import did_you_mean
from ..planning import make_plan
from ..read import read_pipeline
from .asked import asked_target, environment_of
from .options import pipeline_argument, target_option, var_option


@click.command()
@pipeline_argument
@click.argument("table")
@target_option
@var_option
def command(pipeline: Path, table: str, target: str | None, variables: dict[str, str]) -> None:
    """Show a table or a staging source of PIPELINE: its columns and where they come from, its checks, its SQL.

    Connects to nothing.
    """
    from ..terminal import write_table

    document = read_pipeline(pipeline, os.environ, variables)
    parts: dict[str, StagingSource | Table] = {source.name: source for source in document.staging}
    parts |= {each.name: each for each in document.tables}
    if table not in parts:
        raise UsageError(f"no table '{table}': {did_you_mean(table, parts, 'there are')}")
    chosen = asked_target(document, target)
    plan = make_plan(document, fill(chosen, environment_of(document, chosen)), only={table})
    click.echo("\n".join(part_text(document, parts[table])))
    click.echo()
    write_table(COLUMN_HEADINGS, column_rows(parts[table], trace(document)), sys.stdout)
    click.echo("\n".join(line for step in plan.steps for line in step_text(step)))
