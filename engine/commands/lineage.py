"""etlrun lineage: where columns come from, and what is made of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from ..errors import UsageError
from ..lineage import lineage_json, lineage_text, part, trace
from ..model import Pipeline
from ..places import did_you_mean
from ..read import read_pipeline
from .options import pipeline_argument, var_option


@click.command()
@pipeline_argument
@click.argument("column", metavar="[TABLE[.COLUMN]]", required=False)
@var_option
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for tools.")
def command(pipeline: Path, column: str | None, variables: dict[str, str], as_json: bool) -> None:
    """Say where each column of PIPELINE comes from, up to the raw files, and what is made of it.

    Reads the SELECTs and connects to nothing.
    """
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
    if wanted is None:
        tables = {definition.name for definition in pipeline.definitions}
        return tuple(name for name in known if name[0] in tables)
    found = tuple(name for name in known if wanted in (name[0], ".".join(name)))
    if not found:
        names = {".".join(name) for name in known} if "." in wanted else {name[0] for name in known}
        raise UsageError(f"no column '{wanted}': {did_you_mean(wanted, names, 'there are')}")
    return found
