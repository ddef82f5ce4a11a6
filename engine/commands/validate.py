"""etlrun validate: every mistake of a pipeline, with its place."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InvalidPipeline, Problem
from .answering import answer
from .options import target_option, var_option

if TYPE_CHECKING:
    from ..model import Pipeline

# What an answer that is known does without is imported where it is used.


@click.command()
@click.argument("pipelines", metavar="PIPELINE…", type=click.Path(path_type=Path), nargs=-1, required=True)
@target_option
@var_option
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "sarif"]), default="text", show_default=True,
    help="How what is found is written; sarif (2.1.0) is for code review tools.",
)  # fmt: skip
def command(pipelines: tuple[Path, ...], target: str | None, variables: dict[str, str], format_: str) -> int:
    """Check each PIPELINE: its YAML, its SQL, its templates. Connects to nothing."""
    if format_ != "text":
        return _write_findings(pipelines, target, variables, format_)
    errors: list[Problem] = []
    for path in pipelines:
        try:
            answer(path, partial(_answered, path, target, variables))
        except InvalidPipeline as error:
            _warn(error.warnings)
            errors += error.problems
    if errors:
        raise InvalidPipeline(errors)
    return 0


def _answered(path: Path, target: str | None, variables: Mapping[str, str]) -> tuple[Pipeline, list[str]]:
    document, said = _checked(path, target, variables)
    _warn(document.warnings)
    return document, [f"{path} is valid: {said}"]


def _warn(warnings: Iterable[Problem]) -> None:
    from ..problems import advice_text

    for line in advice_text(warnings):
        click.echo(line, err=True)


def _write_findings(
    pipelines: Iterable[Path], target: str | None, variables: Mapping[str, str], format_: str
) -> int:  # fmt: skip
    from ..findings import findings_json, findings_sarif

    errors: list[Problem] = []
    warnings: list[Problem] = []
    for path in pipelines:
        try:
            warnings += _checked(path, target, variables)[0].warnings
        except InvalidPipeline as error:
            errors += error.problems
            warnings += error.warnings
    written = (findings_json if format_ == "json" else findings_sarif)(errors, warnings)
    click.echo(json.dumps(written, ensure_ascii=False, indent=2))
    return InvalidPipeline.exit_code if errors else 0


def _checked(path: Path, target: str | None, variables: Mapping[str, str]) -> tuple[Pipeline, str]:
    """Return a valid pipeline, and what it has in words. Errors: InvalidPipeline."""
    from ..environment import fill
    from ..planning import make_plan
    from ..read import read_pipeline
    from .asked import asked_target, environment_of

    document = read_pipeline(path, os.environ, variables)
    chosen = asked_target(document, target)
    try:
        plan = make_plan(document, fill(chosen, environment_of(document, chosen)))
    except InvalidPipeline as error:
        raise InvalidPipeline(error.problems, document.warnings) from error
    count = sum(len(transaction.statements) for step in plan.steps for transaction in step.transactions)
    counts = ((len(document.staging), "staging source"), (len(document.tables), "table"), (count, "statement"))
    return document, ", ".join(f"{number} {what}{'s' if number != 1 else ''}" for number, what in counts)
