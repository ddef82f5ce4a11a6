"""A longer time, slice by slice: a run of the pipeline for each, in order, up to the first that fails."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace

import click

from ..errors import EtlrunError, RunFailed
from ..history import Run, decide, read_records, read_runs, runs_of_slices
from ..ledger import Noting, plan_run, without_secrets
from ..model import Pipeline, Target
from ..plan import Plan
from ..planfile import Request
from ..warehouse import Warehouse
from ..window import Slice
from .asked import asked_steps, sliced
from .once import Manner, run_once
from .options import Mounts
from .running import new_run, reached, started_by

_ALL_RUNS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Planned:
    """A slice, read and planned."""

    pipeline: Pipeline
    only: frozenset[str] | None
    noting: Noting
    plan: Plan


def backfill(
    asked: Request, pipeline: Pipeline, target: Target, pieces: tuple[Slice, ...], *, mounts: Mounts, resume: bool,
    manner: Manner,
) -> int:  # fmt: skip
    """Run the pipeline for each slice; with `resume` without those that are proven done.

    Returns the exit code of the first that fails. Errors: those of a run, and what goes on is told before.
    """
    going_on = f"to go on: {_command(asked, pieces, mounts)}"
    _planned(asked, pipeline, target, pieces[0])  # before a connection: what is wrong with it is told at once
    run_in_all = 0
    with reached(target, pipeline.folder, mounts) as warehouse:
        runs = _runs(warehouse, pipeline) if resume else ()
        known = runs_of_slices(runs, pipeline.window) if pipeline.window else {}
        for number, piece in enumerate(pieces, start=1):
            place = f"slice {number} of {len(pieces)}, {piece}"
            try:
                planned, last = _planned(asked, pipeline, target, piece), known.get(piece)
                if last and _is_proven(warehouse, planned, last):
                    _tell(manner, pipeline, pieces, number, f"done in run {last.run}")
                    continue
                _tell(manner, pipeline, pieces, number)
                # Step by step only what nobody has touched since can be continued: staging tables have no slices.
                if last and last.run == runs[0].run and last.status != "done" and not run_in_all:
                    planned = _continued(planned, last, target)
                else:
                    last = None
                run_in_all += 1
                code = run_once(
                    warehouse, planned.pipeline, planned.plan, planned.only, planned.noting, manner, last
                )  # fmt: skip
            except (EtlrunError, KeyboardInterrupt):
                click.echo(f"stopped at {place}; {going_on}", err=True)
                raise
            if code:
                click.echo(f"stopped at {place}; {going_on}", err=True)
                return code
    left = f", {len(pieces) - run_in_all:,} had been done before" if run_in_all < len(pieces) else ""
    click.echo(f"{run_in_all:,} of {len(pieces):,} slice{'s' if len(pieces) != 1 else ''} run{left}", err=True)
    return 0


def _planned(asked: Request, first: Pipeline, target: Target, piece: Slice) -> _Planned:
    """Return a slice of the pipeline as it was read first. Errors: RunFailed if its files have changed since."""
    pipeline = sliced(asked, first, piece, complete=True)
    if pipeline.inputs != first.inputs:
        raise RunFailed("the files of the pipeline have changed since the first slice: the others would not be like it")
    only = asked_steps(pipeline, asked.selection)
    noting = Noting(new_run(), started_by(), full_refresh=asked.full_refresh)
    return _Planned(pipeline, only, noting, plan_run(pipeline, target, only, noting))


def _continued(planned: _Planned, last: Run, target: Target) -> _Planned:
    full_refresh = planned.noting.full_refresh or last.full_refresh
    noting = replace(planned.noting, full_refresh=full_refresh, resumes=last.run)
    return replace(planned, noting=noting, plan=plan_run(planned.pipeline, target, planned.only, noting))


def _runs(warehouse: Warehouse, pipeline: Pipeline) -> tuple[Run, ...]:
    session = warehouse.open_session()
    runs = read_runs(session, pipeline, limit=_ALL_RUNS)
    session.close()
    return runs


def _is_proven(warehouse: Warehouse, planned: _Planned, run: Run) -> bool:
    """Tell whether a slice is done: by a run that is, with all of its steps as they would be sent now."""
    if run.status != "done":
        return False
    session = warehouse.open_session()
    records = read_records(session, planned.pipeline, runs=[run.run])
    session.close()
    return not any(decision.runs for decision in decide(planned.plan.steps, run.run, records).values())


def _tell(manner: Manner, pipeline: Pipeline, pieces: tuple[Slice, ...], number: int, because: str = "") -> None:
    piece = pieces[number - 1]
    if manner.as_json:
        event: Mapping[str, object] = {
            "event": "slice", "pipeline": pipeline.name, "number": number, "slices": len(pieces), "from": piece.begin,
            "to": piece.end, **({"because": because} if because else {}),
        }  # fmt: skip
        click.echo(json.dumps(event, ensure_ascii=False))
        return
    kept = f": skipped, {because}" if because else ""
    click.echo(f"slice {number} of {len(pieces)}, {piece}{kept}", err=True)


def _command(asked: Request, pieces: tuple[Slice, ...], mounts: Mounts) -> str:
    """Return the command that goes on where this one has stopped."""
    words = ["etlrun", str(asked.pipeline), "--from", pieces[0].begin, "--to", pieces[-1].end, "--resume"]
    for option, values in (
        ("--target", [asked.target] if asked.target else []),
        ("--select", asked.selection.select),
        ("--exclude", asked.selection.exclude),
        ("--var", [f"{name}={value}" for name, value in without_secrets(asked.variables).items()]),
        ("--mount", [f"{url}={folder}" for url, folder in mounts]),
    ):
        for value in values:
            words += [option, value]
    return shlex.join([*words, *(["--full-refresh"] if asked.full_refresh else [])])
