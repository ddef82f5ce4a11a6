"""etlrun schema: the JSON Schema of a pipeline."""

from __future__ import annotations

import click

from ..shipped import shipped


@click.command()
def command() -> None:
    """Print the JSON Schema of a pipeline, as it is shipped.

    \b
    etlrun schema > pipeline.schema.json
    and in the first line of the pipeline, for editors that speak the YAML language server:
    # yaml-language-server: $schema=pipeline.schema.json
    """
    click.echo((shipped("schemas") / "pipeline.schema.json").read_text(encoding="utf-8"), nl=False)
