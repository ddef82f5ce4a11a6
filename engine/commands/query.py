"""etlrun query: one SELECT."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from ..script import Written, first_word
from ..scripted import run_statement
from .opened import pipeline_session
from .options import Mounts, format_option, mount_option, pipeline_argument, target_option, var_option
from .telling import tell


@click.command()
@pipeline_argument
@click.argument("sql")
@target_option
@mount_option
@var_option
@format_option
def command(
    pipeline: Path, sql: str, target: str | None, mounts: Mounts, variables: dict[str, str], format_: str
) -> int:  # fmt: skip
    """Answer one SELECT, in Redshift SQL, from the target of PIPELINE."""
    if first_word(sql) not in ("select", "with", "show", "explain"):
        raise UsageError("query answers a SELECT; etlrun sql runs any statement")
    with pipeline_session(pipeline, target, mounts, variables) as session:
        return tell([run_statement(Written(sql, 0), sql, "query", session)], format_)
