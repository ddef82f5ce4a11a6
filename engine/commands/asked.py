"""What a command line asks for: the pipeline's target, its steps, the environment."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from .. import envfile
from ..errors import UsageError
from ..graph import select
from ..model import Pipeline, Target
from ..places import did_you_mean
from ..planfile import PlanFile, Request, changed_inputs, read_plan_file, refuse
from ..read import needs, read_pipeline
from ..report import advice_text


def asked_run(
    pipeline: Path | None, plan_file: Path | None, target: str | None, variables: Mapping[str, str],
    patterns: tuple[str, ...], full_refresh: bool,
) -> tuple[Request, PlanFile | None]:  # fmt: skip
    """Return the run that is asked for: by the arguments, or by a plan that was reviewed.

    Errors: UsageError, InvalidPipeline for a plan that may not be run any more.
    """
    if plan_file is None:
        if pipeline is None:
            raise UsageError("name a PIPELINE, or a plan with --plan")
        return Request(pipeline, target, variables, patterns, full_refresh), None
    if target or patterns or variables or full_refresh:
        raise UsageError("--plan says which target, steps and variables are meant: give no others")
    reviewed = read_plan_file(plan_file, pipeline)
    refuse(changed_inputs(reviewed))
    return reviewed.request, reviewed


def asked_pipeline(path: Path, variables: Mapping[str, str], *, complete: bool = False) -> Pipeline:
    """Read a pipeline, and tell what its rules warn of. Errors: InvalidPipeline."""
    pipeline = read_pipeline(path, os.environ, variables, complete=complete)
    if pipeline.warnings:
        click.echo("\n".join(advice_text(pipeline.warnings)), err=True)
    return pipeline


def asked_target(pipeline: Pipeline, name: str | None) -> Target:
    """Return the target of that name, the pipeline's own for None. Errors: UsageError."""
    targets = {target.name: target for target in pipeline.targets}
    wanted = name or pipeline.target
    if wanted not in targets:
        raise UsageError(f"unknown target '{wanted}': {did_you_mean(wanted, targets, 'targets are')}")
    return targets[wanted]


def asked_steps(pipeline: Pipeline, patterns: Iterable[str]) -> frozenset[str] | None:
    """Return the steps that --select names; None if it was not given. Errors: UsageError."""
    wanted = [part.strip() for pattern in patterns for part in pattern.split(",") if part.strip()]
    if not wanted:
        return None
    try:
        return select(needs(pipeline), wanted)
    except KeyError as error:
        name = str(error.args[0])
        raise UsageError(f"no step '{name}': {did_you_mean(name, needs(pipeline), 'steps are')}") from error


def environment_of(pipeline: Pipeline, target: Target, env_file: Path | None = None) -> Mapping[str, str]:
    """Return the environment; below it what `cluster create` wrote for the target."""
    return {**envfile.read(env_file or envfile.default_path(pipeline.folder, target.name)), **os.environ}
