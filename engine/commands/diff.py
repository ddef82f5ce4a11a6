"""etlrun diff: the declared tables against those in the warehouse."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from ..change_report import changes_json, changes_text, count_text
from ..connect import connect
from ..dry_run import plan_text
from ..environment import resolve
from ..errors import UsageError
from ..execute import execute
from ..migration import make_change_plan
from ..read import read_pipeline
from ..selection import Selection
from .against import told_against
from .asked import asked_steps, asked_target, environment_of
from .changing import found_changes
from .options import Mounts, mount_option, pipeline_argument, select_options, target_option, var_option
from .running import new_run, watched


@click.command()
@pipeline_argument
@target_option
@mount_option
@select_options
@var_option
@click.option(
    "--against",
    "ref",
    metavar="REF",
    help="Compare with a commit, branch or tag of git instead: which SQL has changed.",
)
@click.option("--apply", is_flag=True, help="Send it. Nothing is sent while something is refused.")
@click.option("--allow-destructive", is_flag=True, help="With --apply: also what loses data.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for tools.")
def command(
    pipeline: Path, target: str | None, mounts: Mounts, patterns: tuple[str, ...], excluded: tuple[str, ...],
    variables: dict[str, str], ref: str | None, apply: bool, allow_destructive: bool, as_json: bool,
) -> int:  # fmt: skip
    """Compare the tables of PIPELINE with those in the warehouse, and show the SQL that would change them.

    With --against it connects to nothing, and says which SQL has changed since a commit, as Markdown for a pull
    request. Exit code 0: nothing differs; 1: something does.
    """
    selection = Selection(patterns, excluded)
    if ref is not None:
        if apply or allow_destructive or as_json or selection or mounts:
            raise UsageError("--against goes with --target and --var only")
        return told_against(pipeline, ref, target, variables)
    document = read_pipeline(pipeline, os.environ, variables, complete=True)
    chosen = asked_target(document, target)
    chosen, only = resolve(chosen, environment_of(document, chosen)), asked_steps(document, selection)
    warehouse = connect(chosen, document.folder, mounts)
    try:
        found, changes, warehouse = found_changes(warehouse, document, only)
        plan = make_change_plan(document, chosen, found, changes, new_run() if apply else "RUN")
        if as_json:
            click.echo(json.dumps(changes_json(plan, changes), ensure_ascii=False, indent=2))
        elif changes:
            shown = plan_text(plan) if plan.steps else ()
            click.echo("\n".join((*changes_text(changes), "", *shown, "", count_text(changes))))
        else:
            click.echo("nothing differs")
        if not apply or not changes:
            return 1 if changes else 0
        risks = {change.risk for change in changes}
        if "refused" in risks or ("destructive" in risks and not allow_destructive):
            why = "something cannot be done" if "refused" in risks else "something would be lost: --allow-destructive"
            click.echo(f"nothing was sent: {why}", err=True)
            return 1
        if code := watched(plan, execute(plan, warehouse, threads=plan.target.threads), as_json=as_json):
            return code
        _, left, warehouse = found_changes(warehouse, document, only)
        for line in changes_text(left):
            click.echo(f"still differs: {line}", err=True)
        return 1 if left else 0
    finally:
        warehouse.close()
