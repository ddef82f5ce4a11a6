"""etlrun render: the SQL of a pipeline as files, for code review."""

from __future__ import annotations

from pathlib import Path

import click

from ..environment import fill
from ..planning import make_plan
from ..read import read_pipeline
from ..sqlfiles import Difference, differences, differences_text, write
from .asked import asked_target
from .options import pipeline_argument, target_option, var_option


@click.command()
@pipeline_argument
@click.option(
    "--out", "folder", required=True, type=click.Path(path_type=Path), metavar="FOLDER",
    help="Where the files are put, one for each step; other files there stay as they are.",
)  # fmt: skip
@target_option
@var_option
@click.option("--check", is_flag=True, help="Write nothing; exit 1, with a diff, unless the files are up to date.")
def command(pipeline: Path, folder: Path, target: str | None, variables: dict[str, str], check: bool) -> int:
    """Write the SQL of PIPELINE into FOLDER, one file for each step, to be committed and reviewed.

    The environment does not count: ${NAME} stays, ${NAME:-default} is its default. So the files are the same on
    every machine, and hold no secret.
    """
    document = read_pipeline(pipeline, {}, variables)
    changed = differences(make_plan(document, fill(asked_target(document, target), {})), folder)
    if check:
        return _told(changed, pipeline, folder)
    write(changed)
    removed = sum(difference.new is None for difference in changed)
    click.echo(f"{folder}: {len(changed) - removed} written, {removed} removed")
    return 0


def _told(changed: tuple[Difference, ...], pipeline: Path, folder: Path) -> int:
    for line in differences_text(changed):
        click.echo(line)
    if changed:
        count = f"{len(changed)} file{'s are' if len(changed) != 1 else ' is'}"
        click.echo(f"{folder}: {count} not as {pipeline} gives them; run etlrun render without --check", err=True)
    return 1 if changed else 0
