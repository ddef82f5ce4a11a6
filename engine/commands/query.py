"""etlrun query: one SELECT."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from ..connect import connect
from ..environment import resolve
from ..errors import UsageError
from ..lexical import identifier
from ..read import read_pipeline
from ..terminal import write_outcome
from .asked import asked_target, environment_of
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
        raise UsageError("query answers a SELECT; to change tables, edit the pipeline and run it")
    document = read_pipeline(pipeline, os.environ, variables)
    chosen = asked_target(document, target)
    warehouse = connect(resolve(chosen, environment_of(document, chosen)), document.folder, mounts)
    try:
        session = warehouse.open_session()
        session.execute(f"SET search_path TO {identifier(document.schema)}, public")
        write_outcome(session.execute(sql), format_, sys.stdout)
        session.close()
    finally:
        warehouse.close()
