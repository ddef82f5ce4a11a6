"""etlrun query: one SELECT."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from ..errors import UsageError
from ..terminal import write_outcome
from .opened import pipeline_session
from .options import Mounts, format_option, mount_option, pipeline_argument, target_option, var_option


@click.command()
@pipeline_argument
@click.argument("sql")
@target_option
@mount_option
@var_option
@format_option
def command(
    pipeline: Path, sql: str, target: str | None, mounts: Mounts, variables: dict[str, str], format_: str
) -> None:  # fmt: skip
    """Answer one SELECT, in Redshift SQL, from the target of PIPELINE."""
    if not re.match(r"(?is)(\s|--[^\n]*\n|/\*.*?\*/|\()*(select|with|show|explain)\b", sql):
        raise UsageError("query answers a SELECT; etlrun sql runs any statement")
    with pipeline_session(pipeline, target, mounts, variables) as session:
        write_outcome(session.execute(sql), format_, sys.stdout)
