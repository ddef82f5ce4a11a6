"""etlrun schema: the JSON Schemas of what etlrun reads and writes."""

from __future__ import annotations

import click

from ..shipped import shipped


@click.command()
@click.argument("of", type=click.Choice(["pipeline", "event", "plan"]), default="pipeline")
def command(of: str) -> None:
    """Print the JSON Schema of a pipeline, of an event (a line of `etlrun run --json`) or of a plan file.

    \b
    etlrun schema > pipeline.schema.json
    and in the first line of the pipeline, for editors that speak the YAML language server:
    # yaml-language-server: $schema=pipeline.schema.json
    """
    click.echo((shipped("schemas") / f"{of}.schema.json").read_text(encoding="utf-8"), nl=False)
