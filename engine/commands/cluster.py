"""etlrun cluster: the cluster that a target asks for is made, looked at, taken away."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import envfile
from ..calls import Call, call_text, creation, deletion, left_alone
from ..cluster import There, Wanted, differences, state_text, unread, wanted
from ..environment import fill
from ..model import Target
from ..read import read_pipeline
from .asked import asked_target, environment_of
from .options import pipeline_argument, target_option, var_option

# boto3, which `aws` and `provision` bring, is imported where AWS is called: a dry run does without.
if TYPE_CHECKING:
    from ..aws import Aws

_NOT_AGREED = 130
"""The exit code, that of Ctrl-C."""


@click.group()
def command() -> None:
    """Make the cluster that a target of PIPELINE asks for, see how it is, take it away.

    With it come an IAM role that may read the pipeline's prefixes and write under 'work:', and a security group that
    lets 'allow_cidr' in. All of it is tagged etlrun:pipeline; what is not is never deleted.
    """


_env_file = click.option(
    "--env-file", type=click.Path(path_type=Path), metavar="FILE",
    help="Where endpoint and role are kept, by the names that the YAML reads; .etlrun/TARGET.env if left out.",
)  # fmt: skip


@command.command("create")
@pipeline_argument
@target_option
@var_option
@_env_file
@click.option("--dry-run", is_flag=True, help="Print each call to AWS, as if nothing were there; connect to nothing.")
@click.option("--allow-any-address", is_flag=True, help="Take an allow_cidr such as 0.0.0.0/0: anyone may knock.")
def cluster_create(
    pipeline: Path, target: str | None, variables: dict[str, str], env_file: Path | None, dry_run: bool,
    allow_any_address: bool,
) -> None:  # fmt: skip
    """Make what is missing; a second time changes nothing, and one that was interrupted goes on."""
    document = read_pipeline(pipeline, os.environ, variables)
    chosen = asked_target(document, target)
    environ = environment_of(document, chosen, env_file)
    want = wanted(document, chosen, environ, any_address=allow_any_address, with_password=not dry_run)
    for said in unread(document, chosen):
        click.echo(f"note: {said}", err=True)
    if dry_run:
        for call in creation(want, There()):
            click.echo("\n".join(call_text(call)))
        return
    from ..provision import look, mismatches, outputs

    aws = _aws(fill(chosen, environ))
    _carry_out(aws, want, lambda there: creation(want, there))
    there = look(aws, want)
    for said in (*differences(want, there), *mismatches(chosen, there)):
        click.echo(f"note: {said}", err=True)
    path = env_file or envfile.default_path(document.folder, chosen.name)
    values = outputs(chosen, want, there)
    envfile.write(path, values)
    click.echo(f"{there.endpoint.host}:{there.endpoint.port}" if there.endpoint else "")
    click.echo(f"{path} has {', '.join(values) or 'nothing: the YAML reads no variable of it'}", err=True)


@command.command("status")
@pipeline_argument
@target_option
@var_option
@_env_file
def cluster_status(
    pipeline: Path, target: str | None, variables: dict[str, str], env_file: Path | None
) -> int:  # fmt: skip
    """Say what is there and what is missing. Exit code 1: not all is there and ready."""
    from ..provision import look

    document = read_pipeline(pipeline, os.environ, variables)
    chosen = asked_target(document, target)
    environ = environment_of(document, chosen, env_file)
    want = wanted(document, chosen, environ, any_address=True, with_password=False)
    there = look(_aws(fill(chosen, environ)), want)
    click.echo("\n".join(state_text(want, there)))
    for said in differences(want, there):
        click.echo(f"note: {said}")
    missing = creation(want, there)
    for call in missing:
        click.echo(f"to do: {call.service} {call.operation}" + (f", until {call.until}" if call.until else ""))
    return 1 if missing else 0


@command.command("delete")
@pipeline_argument
@target_option
@var_option
@_env_file
@click.option("--dry-run", is_flag=True, help="Look at what is there, print each call, delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--final-snapshot", default="", metavar="NAME", help="Keep the data as a snapshot of this name.")
def cluster_delete(
    pipeline: Path, target: str | None, variables: dict[str, str], env_file: Path | None, dry_run: bool, yes: bool,
    final_snapshot: str,
) -> int:  # fmt: skip
    """Take away what `cluster create` made. Without --final-snapshot the data is gone for good."""
    from ..provision import look, outputs

    document = read_pipeline(pipeline, os.environ, variables)
    chosen = asked_target(document, target)
    environ = environment_of(document, chosen, env_file)
    want = wanted(document, chosen, environ, any_address=True, with_password=False)
    aws = _aws(fill(chosen, environ))
    there = look(aws, want)
    for what in left_alone(want, there):
        click.echo(f"note: the {what} stays: it is not tagged as this pipeline's", err=True)
    calls = deletion(want, there, final_snapshot)
    for call in calls:
        click.echo("\n".join(call_text(call)), err=not dry_run)
    if dry_run or not calls:
        if not calls:
            click.echo("nothing is there to delete", err=True)
        return 0
    data = f"the data stays as the snapshot {final_snapshot}" if final_snapshot else "the data is gone for good"
    if not yes and not _agrees(f"delete all of this? {data}"):
        click.echo("nothing was deleted; --yes does not ask", err=True)
        return _NOT_AGREED
    _carry_out(aws, want, lambda there: deletion(want, there, final_snapshot))
    path = env_file or envfile.default_path(document.folder, chosen.name)
    envfile.write(path, {}, without=tuple(outputs(chosen, want, there)))
    return 0


def _agrees(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:  # Ctrl-C, or nobody is there to answer
        click.echo(err=True)
        return False


def _aws(target: Target) -> Aws:
    from ..aws import Aws

    return Aws(target.profile, target.region)


def _carry_out(aws: Aws, wanted: Wanted, plan: Callable[[There], tuple[Call, ...]]) -> None:
    """Make the calls of a plan, and say so."""
    from ..provision import Made, carry_out

    told = -60.0
    try:
        for event in carry_out(aws, wanted, plan):
            name = f"{event.call.service} {event.call.operation}"
            if isinstance(event, Made):
                click.echo(name, err=True)
                told = -60.0
            elif event.seconds - told >= 60:
                told = event.seconds
                click.echo(f"{name}, until {event.call.until or 'it works'} … {event.seconds:.0f} s", err=True)
    except KeyboardInterrupt:
        click.echo("AWS goes on by itself; run the same command again to see it through", err=True)
        raise
