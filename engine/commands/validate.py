"""etlrun validate: every mistake of a pipeline, with its place."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from ..environment import fill
from ..errors import InvalidPipeline, Problem
from ..findings import findings_json, findings_sarif
from ..plan import make_plan
from ..read import read_pipeline
from ..report import advice_text
from .asked import asked_target, environment_of
from .options import target_option, var_option

_WRITERS = {"json": findings_json, "sarif": findings_sarif}


@click.command()
@click.argument("pipelines", metavar="PIPELINE…", type=click.Path(path_type=Path), nargs=-1, required=True)
@target_option
@var_option
@click.option(
    "--format", "format_", type=click.Choice(["text", *_WRITERS]), default="text", show_default=True,
    help="How what is found is written; sarif (2.1.0) is for code review tools.",
)  # fmt: skip
def command(pipelines: tuple[Path, ...], target: str | None, variables: dict[str, str], format_: str) -> int:
    """Check each PIPELINE: its YAML, its SQL, its templates. Connects to nothing."""
    errors: list[Problem] = []
    warnings: list[Problem] = []
    valid: list[str] = []
    for path in pipelines:
        try:
            said, advice = _checked(path, target, variables)
        except InvalidPipeline as error:
            errors += error.problems
            warnings += error.warnings
            continue
        valid.append(f"{path} is valid: {said}")
        warnings += advice
    if format_ in _WRITERS:
        click.echo(json.dumps(_WRITERS[format_](errors, warnings), ensure_ascii=False, indent=2))
        return InvalidPipeline.exit_code if errors else 0
    if warnings:
        click.echo("\n".join(advice_text(warnings)), err=True)
    for line in valid:
        click.echo(line)
    if errors:
        raise InvalidPipeline(errors)
    return 0


def _checked(path: Path, target: str | None, variables: dict[str, str]) -> tuple[str, Sequence[Problem]]:
    """Return what a valid pipeline has, in words, and what its rules warn of. Errors: InvalidPipeline."""
    document = read_pipeline(path, os.environ, variables)
    chosen = asked_target(document, target)
    try:
        plan = make_plan(document, fill(chosen, environment_of(document, chosen)))
    except InvalidPipeline as error:
        raise InvalidPipeline(error.problems, document.warnings) from error
    count = sum(len(transaction.statements) for step in plan.steps for transaction in step.transactions)
    parts = f"{len(document.staging)} staging sources, {len(document.tables)} tables, {count} statements"
    return parts, document.warnings
