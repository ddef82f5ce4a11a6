"""Arguments -> calls. What was asked for goes to stdout, the rest to stderr."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import __version__
from .errors import InvalidPipeline, Problem, UsageError, WarehouseUnreachable

# Modules that bring libraries with them are imported where they are used: `etlrun --version` starts without any.
if TYPE_CHECKING:
    from .execute import Event, Result
    from .model import Pipeline, Target
    from .plan import Plan
    from .warehouse import Warehouse


class _Commands(click.Group):
    """`etlrun PIPELINE …` is `etlrun run PIPELINE …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else "--help"
        if first not in self.commands and first not in ("--help", "--version"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


def _mounts(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> tuple[tuple[str, Path], ...]:
    mounts = []
    for text in value:
        url, _, folder = text.partition("=")
        if not re.fullmatch(r"s3://[^/=]+(/[^=]*)?", url) or not folder:
            raise click.BadParameter(f"'{text}' is not s3://bucket=FOLDER", ctx, param)
        if not Path(folder).is_dir():
            raise click.BadParameter(f"there is no folder '{folder}'", ctx, param)
        mounts.append((url.rstrip("/"), Path(folder).resolve()))
    return tuple(mounts)


def _variables(ctx: click.Context, param: click.Parameter, value: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in value]
    for name, equals, _ in pairs:
        if not equals or not name:
            raise click.BadParameter(f"'{name}' is not NAME=VALUE", ctx, param)
    return {name: text for name, _, text in pairs}


_pipeline = click.argument("pipeline", type=click.Path(path_type=Path))
_target = click.option("--target", metavar="NAME", help="Where to run; the pipeline's own target if left out.")
_mount = click.option(
    "--mount", "mounts", multiple=True, callback=_mounts, metavar="s3://BUCKET=FOLDER",
    help="A folder that stands for a bucket on local Redshift. Repeatable.",
)  # fmt: skip
_var = click.option(
    "--var", "variables", multiple=True, callback=_variables, metavar="NAME=VALUE",
    help="The value of one of the pipeline's vars. Repeatable.",
)  # fmt: skip
_select = click.option(
    "--select", "patterns", multiple=True, metavar="STEPS",
    help="Only these steps: name, +name (with all it needs), name+ (with all that needs it). Commas or repeats.",
)  # fmt: skip


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="etlrun", message="%(prog)s %(version)s")
def cli() -> None:
    """Declarative pipelines for Amazon Redshift.

    \b
    etlrun PIPELINE                   run it where it says: on local Redshift, or on a cluster
    etlrun PIPELINE --dry-run         print every statement of the run, send nothing
    etlrun validate PIPELINE          find every mistake, with its place
    etlrun query PIPELINE "SELECT …"  ask the target

    Exit codes: 0 done, 1 a step or a check failed, 2 wrong usage, 3 the pipeline is not valid,
    4 the warehouse could not be reached, 70 a bug in etlrun, 130 interrupted.
    """


@cli.command()
@_pipeline
@_target
@_mount
@_select
@_var
@click.option("--dry-run", is_flag=True, help="Print the plan as SQL; connect to nothing.")
@click.option("--full-refresh", is_flag=True, help="Drop and create each table in the transaction that fills it.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON event a line.")
def run(
    pipeline: Path, target: str | None, mounts: tuple[tuple[str, Path], ...], patterns: tuple[str, ...],
    variables: dict[str, str], dry_run: bool, full_refresh: bool, as_json: bool,
) -> int:  # fmt: skip
    """Run PIPELINE: stage its files, fill its tables, in dependency order."""
    from .environment import fill, resolve
    from .plan import make_plan
    from .read import read_pipeline

    document = read_pipeline(pipeline, os.environ, variables, complete=not dry_run)
    chosen = _chosen_target(document, target)
    chosen = fill(chosen, os.environ) if dry_run else resolve(chosen, os.environ)
    plan = make_plan(document, chosen, only=_selected(document, patterns), full_refresh=full_refresh)
    if dry_run:
        from .report import plan_text

        click.echo("\n".join(plan_text(plan)))
        return 0
    from .connect import connect

    warehouse = connect(chosen, document.folder, mounts)
    try:
        return _run(plan, warehouse, as_json)
    finally:
        warehouse.close()


@cli.command()
@click.argument("pipelines", metavar="PIPELINE…", type=click.Path(path_type=Path), nargs=-1, required=True)
@_target
@_var
def validate(pipelines: tuple[Path, ...], target: str | None, variables: dict[str, str]) -> None:
    """Check each PIPELINE: its YAML, its SQL, its templates. Connects to nothing."""
    from .environment import fill
    from .plan import make_plan
    from .read import read_pipeline

    problems: list[Problem] = []
    for path in pipelines:
        try:
            document = read_pipeline(path, os.environ, variables)
            plan = make_plan(document, fill(_chosen_target(document, target), os.environ))
        except InvalidPipeline as error:
            problems += error.problems
            continue
        count = sum(len(transaction.statements) for step in plan.steps for transaction in step.transactions)
        parts = f"{len(document.staging)} staging sources, {len(document.tables)} tables, {count} statements"
        click.echo(f"{path} is valid: {parts}")
    if problems:
        raise InvalidPipeline(problems)


@cli.command()
@_pipeline
@click.argument("sql")
@_target
@_mount
@_var
@click.option(
    "--format", "format_", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True,
    help="How the rows are written.",
)  # fmt: skip
def query(
    pipeline: Path, sql: str, target: str | None, mounts: tuple[tuple[str, Path], ...], variables: dict[str, str],
    format_: str,
) -> None:  # fmt: skip
    """Answer one SELECT, in Redshift SQL, from the target of PIPELINE."""
    from .connect import connect
    from .environment import resolve
    from .lexical import identifier
    from .read import read_pipeline
    from .terminal import write_outcome

    if not re.match(r"(?is)(\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|show|explain)\b", sql):
        raise UsageError("query answers a SELECT; to change tables, edit the pipeline and run it")
    document = read_pipeline(pipeline, os.environ, variables)
    warehouse = connect(resolve(_chosen_target(document, target), os.environ), document.folder, mounts)
    try:
        session = warehouse.open_session()
        session.execute(f"SET search_path TO {identifier(document.schema)}, public")
        write_outcome(session.execute(sql), format_, sys.stdout)
        session.close()
    finally:
        warehouse.close()


def _chosen_target(pipeline: Pipeline, name: str | None) -> Target:
    from .build import did_you_mean

    targets = {target.name: target for target in pipeline.targets}
    wanted = name or pipeline.target
    if wanted not in targets:
        raise UsageError(f"unknown target '{wanted}': {did_you_mean(wanted, targets, 'targets are')}")
    return targets[wanted]


def _selected(pipeline: Pipeline, patterns: Iterable[str]) -> frozenset[str] | None:
    from .build import did_you_mean
    from .graph import select
    from .read import needs

    wanted = [part.strip() for pattern in patterns for part in pattern.split(",") if part.strip()]
    if not wanted:
        return None
    try:
        return select(needs(pipeline), wanted)
    except KeyError as error:
        name = str(error.args[0])
        raise UsageError(f"no step '{name}': {did_you_mean(name, needs(pipeline), 'steps are')}") from error


def _run(plan: Plan, warehouse: Warehouse, as_json: bool) -> int:
    from .execute import StepDone, StepStarted, execute
    from .report import event_json, event_text

    events: Iterable[Event] = execute(plan, warehouse)
    live = not as_json and sys.stderr.isatty()
    if live:
        from .terminal import watch

        events = watch(plan, events, sys.stderr)
    results: list[Result] = []
    try:
        for event in events:
            if not isinstance(event, StepStarted):
                results.append(event)
            if as_json:
                click.echo(event_json(plan, event))
            elif not live:
                for line in event_text(plan, event):
                    click.echo(line, err=True)
    except (KeyboardInterrupt, WarehouseUnreachable):
        _show(results, as_json)
        raise
    _show(results, as_json)
    return 0 if all(isinstance(result, StepDone) for result in results) else 1


def _show(results: list[Result], as_json: bool) -> None:
    from .execute import StepFailed
    from .report import failure_text
    from .terminal import summary

    if as_json:
        return
    if results:
        summary(results, sys.stdout)
    for result in results:
        if isinstance(result, StepFailed):
            click.echo("", err=True)
            for line in failure_text(result):
                click.echo(line, err=True)


