"""etlrun validate: every mistake of a pipeline, with its place."""

from __future__ import annotations

from pathlib import Path

import click

from ..environment import fill
from ..errors import InvalidPipeline, Problem
from ..plan import make_plan
from .asked import asked_pipeline, asked_target, environment_of
from .options import target_option, var_option


@click.command()
@click.argument("pipelines", metavar="PIPELINE…", type=click.Path(path_type=Path), nargs=-1, required=True)
@target_option
@var_option
def command(pipelines: tuple[Path, ...], target: str | None, variables: dict[str, str]) -> None:
    """Check each PIPELINE: its YAML, its SQL, its templates. Connects to nothing."""
    problems: list[Problem] = []
    for path in pipelines:
        try:
            document = asked_pipeline(path, variables)
            chosen = asked_target(document, target)
            plan = make_plan(document, fill(chosen, environment_of(document, chosen)))
        except InvalidPipeline as error:
            problems += error.problems
            continue
        count = sum(len(transaction.statements) for step in plan.steps for transaction in step.transactions)
        parts = f"{len(document.staging)} staging sources, {len(document.tables)} tables, {count} statements"
        click.echo(f"{path} is valid: {parts}")
    if problems:
        raise InvalidPipeline(problems)
