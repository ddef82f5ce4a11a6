"""etlrun diff: which SQL a change of a pipeline changes."""

from __future__ import annotations

from pathlib import Path

import click

from .against import told_against
from .options import pipeline_argument, target_option, var_option


@click.command()
@pipeline_argument
@click.option("--against", "ref", required=True, metavar="REF", help="A commit, branch or tag of git.")
@target_option
@var_option
def command(pipeline: Path, ref: str, target: str | None, variables: dict[str, str]) -> int:
    """Say which SQL of PIPELINE has changed since a commit, as Markdown for a pull request.

    Marks what is destructive, rewrites a table or takes locks. Connects to nothing; the environment does not count.
    Exit code 0: nothing differs; 1: something does.
    """
    return told_against(pipeline, ref, target, variables)
