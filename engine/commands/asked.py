"""What a command line asks for: the pipeline's target, its steps, the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .. import envfile
from ..errors import UsageError
from ..model import Pipeline, Target
from ..places import did_you_mean
from ..problems import advice_text
from ..read import needs, read_pipeline
from ..selection import NoSuchStep, Selection, asks_what_changed, select, tags
from ..window import Slice, bound, slices

if TYPE_CHECKING:
    from ..planfile import PlanFile, Request


def asked_run(
    pipeline: Path | None, plan_file: Path | None, target: str | None, variables: Mapping[str, str],
    selection: Selection, full_refresh: bool,
) -> tuple[Request, PlanFile | None]:  # fmt: skip
    """Return the run that is asked for: by the arguments, or by a plan that was reviewed.

    Errors: UsageError, InvalidPipeline for a plan that may not be run any more.
    """
    from ..planfile import Request, changed_inputs, read_plan_file, refuse

    if plan_file is None:
        if pipeline is None:
            raise UsageError("name a PIPELINE, or a plan with --plan")
        return Request(pipeline, target, variables, selection, full_refresh), None
    if target or selection or variables or full_refresh:
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


def asked_steps(
    pipeline: Pipeline, selection: Selection, changed: frozenset[str] | None = None
) -> frozenset[str] | None:  # fmt: skip
    """Return the steps that --select and --exclude leave; None if neither was given.

    `changed` are the steps that are not as they were when they were last done, where that was asked.
    Errors: UsageError.
    """
    waits = needs(pipeline)
    if changed is None and depends_on_runs(pipeline, selection):
        raise UsageError("'changed' asks the warehouse what was done: only 'etlrun run' does that, without --dry-run")
    try:
        chosen = select(waits, tags(pipeline), selection, changed or frozenset())
    except NoSuchStep as error:
        raise UsageError(str(error)) from error
    if chosen is not None and not chosen and changed is None:
        raise UsageError("--exclude leaves no step")
    return chosen


def depends_on_runs(pipeline: Pipeline, selection: Selection) -> bool:
    """Tell whether only the warehouse knows which steps are meant."""
    return asks_what_changed(selection, needs(pipeline))


def asked_slices(
    pipeline: Pipeline, begin: datetime | None, end: datetime | None, request: Request
) -> tuple[Slice, ...]:  # fmt: skip
    """Return the slices that --from and --to ask for, at least one. Errors: UsageError."""
    window = pipeline.window
    if window is None:
        raise UsageError(
            f"--from and --to: '{pipeline.name}' declares no window\n"
            "  name two of its vars: window: {from: since, to: until, every: day}"
        )
    if begin is None or end is None:
        raise UsageError("--from and --to go together: --from 2018-11-01 --to 2018-12-01 is all of November")
    for name in (window.begin, window.end):
        if name in request.variables:
            raise UsageError(f"--var {name} is given by --from and --to: take one of them out")
    if depends_on_runs(pipeline, request.selection):
        raise UsageError("'changed' does not go with --from and --to: each slice changes the SQL")
    try:
        found = slices(window, begin, end)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if request.full_refresh and len(found) > 1:
        raise UsageError(
            "--full-refresh drops what the slice before has loaded: refresh with the first one alone, "
            f"--from '{found[0].begin}' --to '{found[0].end}', then run the others without it"
        )
    return found


def sliced(request: Request, pipeline: Pipeline, piece: Slice, *, complete: bool = False) -> Pipeline:
    """Return a pipeline, as it was read, with the variables of a slice of its window. Errors: InvalidPipeline."""
    assert pipeline.window is not None
    variables = {**request.variables, **bound(pipeline.window, piece)}
    return read_pipeline(request.pipeline, os.environ, variables, complete=complete)


def environment_of(pipeline: Pipeline, target: Target, env_file: Path | None = None) -> Mapping[str, str]:
    """Return the environment; below it what `cluster create` wrote for the target."""
    return {**envfile.read(env_file or envfile.default_path(pipeline.folder, target.name)), **os.environ}
