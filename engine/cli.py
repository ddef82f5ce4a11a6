"""Arguments -> calls. What was asked for goes to stdout, the rest to stderr."""

from __future__ import annotations

import os
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import __version__
from .errors import InvalidPipeline, Problem, UsageError, WarehouseUnreachable

# Modules that bring libraries with them are imported where they are used: `etlrun --version` starts without any.
if TYPE_CHECKING:
    from .aws import Aws
    from .calls import Call
    from .cluster import There, Wanted
    from .execute import Event, Result
    from .model import Pipeline, Target
    from .plan import Plan
    from .warehouse import Warehouse


class _Commands(click.Group):
    """`etlrun PIPELINE …` is `etlrun run PIPELINE …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            args = ["--help"]
        elif args[0] not in self.commands and args[0] not in ("-h", "--help", "--version"):
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
    etlrun test PIPELINE              ask its checks of what is in the tables now
    etlrun lineage PIPELINE [COLUMN]  say where columns come from, and what is made of them
    etlrun query PIPELINE "SELECT …"  ask the target
    etlrun serve [PIPELINE]           put local Redshift on a port
    etlrun cluster create PIPELINE    make the cluster that a target asks for
    etlrun doctor PIPELINE            check what a run needs, and say how to mend it

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
    _warn(document)
    chosen = _chosen_target(document, target)
    environ = _environ(document, chosen)
    chosen = fill(chosen, environ) if dry_run else resolve(chosen, environ)
    only = _selected(document, patterns)
    identity = "RUN" if dry_run else _new_run()
    plan = make_plan(document, chosen, only=only, full_refresh=full_refresh, run=identity)
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
            _warn(document)
            chosen = _chosen_target(document, target)
            plan = make_plan(document, fill(chosen, _environ(document, chosen)))
        except InvalidPipeline as error:
            problems += error.problems
            continue
        count = sum(len(transaction.statements) for step in plan.steps for transaction in step.transactions)
        parts = f"{len(document.staging)} staging sources, {len(document.tables)} tables, {count} statements"
        click.echo(f"{path} is valid: {parts}")
    if problems:
        raise InvalidPipeline(problems)


@cli.command("test")
@_pipeline
@_target
@_mount
@_select
@_var
@click.option("--dry-run", is_flag=True, help="Print what would be asked as SQL; connect to nothing.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON event a line.")
def ask_checks(
    pipeline: Path, target: str | None, mounts: tuple[tuple[str, Path], ...], patterns: tuple[str, ...],
    variables: dict[str, str], dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Ask the checks of PIPELINE of what is in its tables now; load nothing. Exit code 1: one does not hold."""
    from .plan import make_check_plan
    from .read import read_pipeline

    document = read_pipeline(pipeline, os.environ, variables, complete=not dry_run)
    _warn(document)
    chosen, only = _chosen_target(document, target), _selected(document, patterns)
    environ = _environ(document, chosen)
    if dry_run:
        from .environment import fill
        from .report import plan_text

        click.echo("\n".join(plan_text(make_check_plan(document, fill(chosen, environ), only=only))))
        return 0
    from .connect import connect
    from .environment import resolve

    chosen = resolve(chosen, environ)
    plan = make_check_plan(document, chosen, only=only, run=_new_run())
    warehouse = connect(chosen, document.folder, mounts)
    try:
        return _run(plan, warehouse, as_json)
    finally:
        warehouse.close()


def _new_run() -> str:
    """Return an id for a run: when it began, in UTC, and what no other has."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"


@cli.command()
@_pipeline
@click.argument("column", metavar="[TABLE[.COLUMN]]", required=False)
@_var
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for tools.")
def lineage(pipeline: Path, column: str | None, variables: dict[str, str], as_json: bool) -> None:
    """Say where each column of PIPELINE comes from, up to the raw files, and what is made of it.

    Reads the SELECTs and connects to nothing.
    """
    import json

    from .lineage import lineage_json, lineage_text, part, trace
    from .read import read_pipeline

    document = read_pipeline(pipeline, os.environ, variables)
    traced = trace(document)
    names = _named_columns(document, tuple(traced), column)
    if as_json:
        click.echo(json.dumps(lineage_json(part(traced, names)), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(lineage_text(traced, names)))


def _named_columns(
    pipeline: Pipeline, known: tuple[tuple[str, str], ...], wanted: str | None
) -> tuple[tuple[str, str], ...]:
    """Return the columns that TABLE or TABLE.COLUMN names; of the whole pipeline where nothing is named."""
    from .places import did_you_mean

    if wanted is None:
        tables = {definition.name for definition in pipeline.definitions}
        return tuple(name for name in known if name[0] in tables)
    found = tuple(name for name in known if wanted in (name[0], ".".join(name)))
    if not found:
        names = {".".join(name) for name in known} if "." in wanted else {name[0] for name in known}
        raise UsageError(f"no column '{wanted}': {did_you_mean(wanted, names, 'there are')}")
    return found


@cli.command()
@click.argument("pipeline", required=False, type=click.Path(path_type=Path))
@_target
@_mount
@_var
@click.option("--database", metavar="FILE|:memory:", help="The database; left out, the target's own or :memory:.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5439, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option("--user", default="", metavar="NAME", help="Let in this user only; anybody if left out.")
@click.option("--password-env", metavar="NAME", help="The environment variable that has the user's password.")
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="A certificate, in PEM: speak TLS.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="The certificate's key, in PEM.")
def serve(
    pipeline: Path | None, target: str | None, mounts: tuple[tuple[str, Path], ...], variables: dict[str, str],
    database: str | None, host: str, port: int, user: str, password_env: str | None, tls_cert: Path | None,
    tls_key: Path | None,
) -> None:  # fmt: skip
    """Put local Redshift on a port, for psql, redshift_connector or any client of Redshift. Ends with Ctrl-C.

    It is the database of PIPELINE, or an empty one.
    """
    from .wire.hosting import host as listen
    from .wire.hosting import settings

    rules = settings(host, user, password_env, os.environ, tls_cert, tls_key)
    warehouse = _served(pipeline, target, mounts, variables, database)
    try:
        listen(warehouse.open_session, rules, host, port, click.echo)
    finally:
        warehouse.close()


def _served(
    pipeline: Path | None, target: str | None, mounts: tuple[tuple[str, Path], ...], variables: dict[str, str],
    database: str | None,
) -> Warehouse:  # fmt: skip
    from .connect import connect, declared_mounts, given_mounts, open_local
    from .environment import resolve
    from .read import read_pipeline

    file = None if database in (None, ":memory:") else Path(database or "").absolute()
    if pipeline is None:
        return open_local(file, given_mounts(mounts))
    document = read_pipeline(pipeline, os.environ, variables)
    chosen = _chosen_target(document, target)
    chosen = resolve(chosen, _environ(document, chosen))
    if database is None:
        return connect(chosen, document.folder, mounts)
    return open_local(file, declared_mounts(chosen, document.folder, mounts), chosen.profile, chosen.region)


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
    chosen = _chosen_target(document, target)
    warehouse = connect(resolve(chosen, _environ(document, chosen)), document.folder, mounts)
    try:
        session = warehouse.open_session()
        session.execute(f"SET search_path TO {identifier(document.schema)}, public")
        write_outcome(session.execute(sql), format_, sys.stdout)
        session.close()
    finally:
        warehouse.close()


@cli.command()
@_pipeline
@_target
@_var
def doctor(pipeline: Path, target: str | None, variables: dict[str, str]) -> int:
    """Check what a run of PIPELINE on a cluster needs, one thing after another. Exit code 1: something is wrong.

    Looks at the environment, the AWS sign-in, each S3 prefix, the role and its policies, the cluster and its port;
    puts a small file under 'work:' and takes it away again.
    """
    from .doctor import examine
    from .read import read_pipeline

    document = read_pipeline(pipeline, os.environ, variables)
    chosen = _chosen_target(document, target)
    wrong = False
    for finding in examine(document, chosen, _environ(document, chosen)):
        click.echo(f"{finding.status:7}  {finding.what}")
        if finding.mend and finding.status != "ok":
            click.echo(f"{'':7}  {finding.mend}")
        wrong |= finding.status == "wrong"
    return 1 if wrong else 0


@cli.group()
def cluster() -> None:
    """Make the cluster that a target of PIPELINE asks for, see how it is, take it away.

    With it come an IAM role that may read the pipeline's prefixes and write under 'work:', and a security group that
    lets 'allow_cidr' in. All of it is tagged etlrun:pipeline; what is not is never deleted.
    """


_env_file = click.option(
    "--env-file", type=click.Path(path_type=Path), metavar="FILE",
    help="Where endpoint and role are kept, by the names that the YAML reads; .etlrun/TARGET.env if left out.",
)  # fmt: skip


@cluster.command("create")
@_pipeline
@_target
@_var
@_env_file
@click.option("--dry-run", is_flag=True, help="Print each call to AWS, as if nothing were there; connect to nothing.")
@click.option("--allow-any-address", is_flag=True, help="Take an allow_cidr such as 0.0.0.0/0: anyone may knock.")
def cluster_create(
    pipeline: Path, target: str | None, variables: dict[str, str], env_file: Path | None, dry_run: bool,
    allow_any_address: bool,
) -> None:  # fmt: skip
    """Make what is missing; a second time changes nothing, and one that was interrupted goes on."""
    from . import envfile
    from .calls import call_text, creation
    from .cluster import There, differences, unread, wanted
    from .read import read_pipeline

    document = read_pipeline(pipeline, os.environ, variables)
    chosen = _chosen_target(document, target)
    environ = _environ(document, chosen, env_file)
    want = wanted(document, chosen, environ, any_address=allow_any_address, with_password=not dry_run)
    for said in unread(document, chosen):
        click.echo(f"note: {said}", err=True)
    if dry_run:
        for call in creation(want, There()):
            click.echo("\n".join(call_text(call)))
        return
    from .environment import fill
    from .provision import look, mismatches, outputs

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


@cluster.command("status")
@_pipeline
@_target
@_var
@_env_file
def cluster_status(
    pipeline: Path, target: str | None, variables: dict[str, str], env_file: Path | None
) -> int:  # fmt: skip
    """Say what is there and what is missing. Exit code 1: not all is there and ready."""
    from .calls import creation
    from .cluster import differences, state_text, wanted
    from .environment import fill
    from .provision import look
    from .read import read_pipeline

    document = read_pipeline(pipeline, os.environ, variables)
    chosen = _chosen_target(document, target)
    environ = _environ(document, chosen, env_file)
    want = wanted(document, chosen, environ, any_address=True, with_password=False)
    there = look(_aws(fill(chosen, environ)), want)
    click.echo("\n".join(state_text(want, there)))
    for said in differences(want, there):
        click.echo(f"note: {said}")
    missing = creation(want, there)
    for call in missing:
        click.echo(f"to do: {call.service} {call.operation}" + (f", until {call.until}" if call.until else ""))
    return 1 if missing else 0


@cluster.command("delete")
@_pipeline
@_target
@_var
@_env_file
@click.option("--dry-run", is_flag=True, help="Look at what is there, print each call, delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--final-snapshot", default="", metavar="NAME", help="Keep the data as a snapshot of this name.")
def cluster_delete(
    pipeline: Path, target: str | None, variables: dict[str, str], env_file: Path | None, dry_run: bool, yes: bool,
    final_snapshot: str,
) -> None:  # fmt: skip
    """Take away what `cluster create` made. Without --final-snapshot the data is gone for good."""
    from . import envfile
    from .calls import call_text, deletion, left_alone
    from .cluster import wanted
    from .environment import fill
    from .provision import look, outputs
    from .read import read_pipeline

    document = read_pipeline(pipeline, os.environ, variables)
    chosen = _chosen_target(document, target)
    environ = _environ(document, chosen, env_file)
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
        return
    data = f"the data stays as the snapshot {final_snapshot}" if final_snapshot else "the data is gone for good"
    if not yes and not click.confirm(f"delete all of this? {data}", err=True):
        raise click.Abort
    _carry_out(aws, want, lambda there: deletion(want, there, final_snapshot))
    path = env_file or envfile.default_path(document.folder, chosen.name)
    envfile.write(path, {}, without=tuple(outputs(chosen, want, there)))


def _aws(target: Target) -> Aws:
    from .aws import Aws

    return Aws(target.profile, target.region)


def _carry_out(aws: Aws, wanted: Wanted, plan: Callable[[There], tuple[Call, ...]]) -> None:
    """Make the calls of a plan, and say so."""
    from .provision import Made, carry_out

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


def _environ(pipeline: Pipeline, target: Target, env_file: Path | None = None) -> Mapping[str, str]:
    """Return the environment; below it what `cluster create` wrote for the target."""
    from . import envfile

    return {**envfile.read(env_file or envfile.default_path(pipeline.folder, target.name)), **os.environ}


def _warn(pipeline: Pipeline) -> None:
    if pipeline.warnings:
        from .report import advice_text

        click.echo("\n".join(advice_text(pipeline.warnings)), err=True)


def _chosen_target(pipeline: Pipeline, name: str | None) -> Target:
    from .places import did_you_mean

    targets = {target.name: target for target in pipeline.targets}
    wanted = name or pipeline.target
    if wanted not in targets:
        raise UsageError(f"unknown target '{wanted}': {did_you_mean(wanted, targets, 'targets are')}")
    return targets[wanted]


def _selected(pipeline: Pipeline, patterns: Iterable[str]) -> frozenset[str] | None:
    from .graph import select
    from .places import did_you_mean
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
    from .execute import StepDone, StepRetried, StepStarted, execute
    from .report import event_json, event_text

    events: Iterable[Event] = execute(plan, warehouse, threads=plan.target.threads)
    live = not as_json and sys.stderr.isatty()
    if live:
        from .terminal import watch

        events = watch(plan, events, sys.stderr)
    results: list[Result] = []
    try:
        for event in events:
            if not isinstance(event, (StepStarted, StepRetried)):
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
    from .execute import StepDone, StepFailed
    from .report import failure_text, warning_text
    from .terminal import summary

    if as_json:
        return
    if results:
        summary(results, sys.stdout)
    for result in results:
        if isinstance(result, StepDone):
            for line in warning_text(result):
                click.echo(line, err=True)
        if isinstance(result, StepFailed):
            click.echo("", err=True)
            for line in failure_text(result):
                click.echo(line, err=True)
