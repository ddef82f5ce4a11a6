"""etlrun sql: a script of any statements."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from pathlib import Path

import click

from ..errors import UsageError
from ..scripted import run_script
from ..warehouse import Session
from .opened import database_session, pipeline_session
from .options import Mounts, format_option, mount_option, target_option, var_option
from .telling import tell


@click.command()
@click.argument("arguments", metavar="PIPELINE [SCRIPT.sql|-]", nargs=-1, type=click.Path())
@click.option("-c", "sql", metavar="SQL", help="The statements themselves, in place of a script.")
@click.option("--database", metavar="FILE|:memory:", help="A database of local Redshift, in place of PIPELINE.")
@target_option
@mount_option
@var_option
@format_option
@click.option(
    "--on-error", type=click.Choice(["stop", "continue"]), default="stop", show_default=True,
    help="What to do after a statement that is refused.",
)  # fmt: skip
def command(
    arguments: tuple[str, ...], sql: str | None, database: str | None, target: str | None, mounts: Mounts,
    variables: dict[str, str], format_: str, on_error: str,
) -> int:  # fmt: skip
    """Run the statements of SCRIPT.sql, in Redshift SQL, on the target of PIPELINE. '-' reads them from stdin.

    Each is its own transaction, unless the script says BEGIN and COMMIT. Exit code 1: a statement was refused.
    """
    if database is not None and (target or variables):
        raise UsageError("--target and --var belong to a PIPELINE; --database takes its place")
    places = arguments if database is not None else arguments[1:]
    if database is None and not arguments:
        raise UsageError("name a PIPELINE, or --database FILE")
    script, file = _script(places, sql)
    session: AbstractContextManager[Session] = (
        database_session(database, mounts)
        if database is not None
        else pipeline_session(Path(arguments[0]), target, mounts, variables)
    )
    with session as opened:
        return tell(run_script(script, file, opened, go_on=on_error == "continue"), format_)


def _script(places: tuple[str, ...], sql: str | None) -> tuple[str, str]:
    """Return the text of the script and what its lines are told by. Errors: UsageError."""
    if len(places) + (sql is not None) != 1:
        raise UsageError("say what to run: one SCRIPT.sql, '-' for stdin, or -c SQL")
    if sql is not None:
        return sql, "-c"
    try:
        if places[0] == "-":
            return sys.stdin.read(), "stdin"
        return Path(places[0]).read_text(encoding="utf-8-sig"), places[0]
    except OSError as error:
        raise UsageError(f"cannot read the script {places[0]}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the script {places[0]} is not UTF-8: byte {error.start + 1} is no part of a text") from error
