"""etlrun files: what became of the files of incremental sources."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..connect import connect
from ..environment import resolve
from ..errors import UsageError
from ..files import Seen, look
from ..places import did_you_mean
from ..planning import make_files_looks
from ..read import read_pipeline
from ..report import files_text
from .asked import asked_target, environment_of
from .options import Mounts, mount_option, pipeline_argument, target_option, var_option
from .running import new_run


@click.command()
@pipeline_argument
@click.argument("step", required=False)
@target_option
@mount_option
@var_option
@click.option(
    "--retry", multiple=True, metavar="KEY", help="Try a file that was set aside in the next run. Repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Write every file as a line of JSON.")
def command(
    pipeline: Path, step: str | None, target: str | None, mounts: Mounts, variables: dict[str, str],
    retry: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Say which files of PIPELINE's incremental sources, or of STEP's, are loaded, new, changed, set aside, gone.

    Loads nothing.
    """
    document = read_pipeline(pipeline, os.environ, variables, complete=True)
    chosen = asked_target(document, target)
    names = [source.name for source in document.staging if source.incremental]
    if not names:
        raise UsageError("no source of the pipeline has load: incremental")
    if step and step not in names:
        raise UsageError(f"no incremental source '{step}': {did_you_mean(step, names, 'there are')}")
    resolved = resolve(chosen, environment_of(document, chosen))
    looks = make_files_looks(document, resolved, only=step, run=new_run(), retry=retry)
    warehouse = connect(resolved, document.folder, mounts)
    try:
        seen, retried = look(looks, warehouse, every=as_json)
    finally:
        warehouse.close()
    _show(seen, as_json)
    if retried < len(retry):
        raise UsageError(f"{len(retry) - retried} of --retry name no file that was set aside")


def _show(seen: Sequence[Seen], as_json: bool) -> None:
    for each in seen:
        if not as_json:
            click.echo("\n".join(files_text(each)))
            continue
        for row in each.files:
            values: dict[str, Any] = {"step": each.source, **dict(zip(each.columns, row, strict=True))}
            click.echo(json.dumps(values, ensure_ascii=False, default=str))
