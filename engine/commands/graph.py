"""etlrun graph: the steps, or the tables with their keys, for READMEs and pull requests."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from .. import drawing
from ..diagram import entities, steps
from ..read import read_pipeline
from .options import pipeline_argument, var_option


@click.command()
@pipeline_argument
@click.option(
    "--format", "format_", type=click.Choice(["mermaid", "dot", "svg", "json"]), default="mermaid", show_default=True,
    help="svg needs Graphviz.",
)  # fmt: skip
@click.option("--er", is_flag=True, help="The tables with their columns and keys, in place of the steps.")
@var_option
def command(pipeline: Path, format_: str, er: bool, variables: dict[str, str]) -> None:
    """Draw the steps of PIPELINE, from raw files to tables, or with --er its star schema. Connects to nothing."""
    document = read_pipeline(pipeline, os.environ, variables)
    if er:
        said = _drawn(
            entities(document), format_, drawing.entities_mermaid, drawing.entities_dot, drawing.entities_json
        )
    else:
        said = _drawn(steps(document), format_, drawing.steps_mermaid, drawing.steps_dot, drawing.steps_json)
    click.echo(said)


def _drawn(
    diagram: Any, format_: str, mermaid: Callable[[Any], Iterator[str]], dot: Callable[[Any], Iterator[str]],
    as_json: Callable[[Any], Mapping[str, object]],
) -> str:  # fmt: skip
    if format_ == "json":
        return json.dumps(as_json(diagram), ensure_ascii=False, indent=2)
    if format_ == "svg":
        return drawing.svg("\n".join(dot(diagram))).rstrip("\n")
    return "\n".join(mermaid(diagram) if format_ == "mermaid" else dot(diagram))
