"""etlrun plan: a run in a file, for review."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import InvalidPipeline, Problem, UsageError
from ..model import Pipeline
from ..planfile import Request, plan_file_text
from ..planning import make_plan
from ..problems import advice_text
from ..read import read_pipeline
from ..selection import Selection
from .asked import asked_steps, asked_target
from .options import pipeline_argument, select_options, target_option, var_option


@click.command()
@pipeline_argument
@click.option(
    "--out", "out", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The plan file to write, such as plan.json.",
)  # fmt: skip
@target_option
@select_options
@var_option
@click.option("--full-refresh", is_flag=True, help="Drop and create each table in the transaction that fills it.")
def command(
    pipeline: Path, out: Path, target: str | None, patterns: tuple[str, ...], excluded: tuple[str, ...],
    variables: dict[str, str], full_refresh: bool,
) -> int:  # fmt: skip
    """Write every statement of a run of PIPELINE into a file, to be reviewed and then run as it is.

    \b
    etlrun plan PIPELINE --target aws --out plan.json
    etlrun run --plan plan.json

    Environment variables stay ${NAME} and are put in by the run: no secret is in the file. The run is refused when
    anything that went into the plan has changed. Values given with --var are in the file.
    """
    document, selection = _read(pipeline, variables), Selection(patterns, excluded)
    chosen = asked_target(document, target)
    plan = make_plan(document, chosen, only=asked_steps(document, selection), full_refresh=full_refresh)
    request = Request(pipeline, chosen.name, variables, selection, full_refresh)
    text = plan_file_text(request, plan, out.parent)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}") from error
    count = sum(len(transaction.statements) for step in plan.steps for transaction in step.transactions)
    click.echo(f"{out}: {len(plan.steps)} steps, {count} statements; to run it: etlrun run --plan {out}")
    return 0


def _read(pipeline: Path, variables: dict[str, str]) -> Pipeline:
    """Read a pipeline with its references to the environment as they are written. Errors: InvalidPipeline."""
    try:
        document = read_pipeline(pipeline, None, variables)
    except InvalidPipeline as error:
        read_pipeline(pipeline, {}, variables)  # what is wrong without this as well is told as it always is
        hint = "give the variable that comes from the environment a value with --var: it is then part of the plan"
        raise InvalidPipeline([*error.problems, Problem("in a plan ${NAME} stays as it is", None, hint)]) from error
    if document.warnings:
        click.echo("\n".join(advice_text(document.warnings)), err=True)
    return document
