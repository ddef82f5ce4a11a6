"""etlrun doctor: what a run on a cluster needs, and how to mend it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..doctor import examine
from ..read import read_pipeline
from .asked import asked_target, environment_of
from .options import pipeline_argument, target_option, var_option


@click.command()
@pipeline_argument
@target_option
@var_option
def command(pipeline: Path, target: str | None, variables: dict[str, str]) -> int:
    """Check what a run of PIPELINE on a cluster needs, one thing after another. Exit code 1: something is wrong.

    Looks at the environment, the AWS sign-in, each S3 prefix, the role and its policies, the cluster and its port;
    puts a small file under 'work:' and takes it away again.
    """
    document = read_pipeline(pipeline, os.environ, variables)
    chosen = asked_target(document, target)
    wrong = False
    for finding in examine(document, chosen, environment_of(document, chosen)):
        click.echo(f"{finding.status:7}  {finding.what}")
        if finding.mend and finding.status != "ok":
            click.echo(f"{'':7}  {finding.mend}")
        wrong |= finding.status == "wrong"
    return 1 if wrong else 0
