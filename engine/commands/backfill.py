"""A longer time, slice by slice: a run of the pipeline for each, in order, up to the first that fails."""

from __future__ import annotations

import shlex
from contextlib import closing
from dataclasses import replace

import click

from ..errors import EtlrunError, RunFailed
from ..execute import RUNS
from ..history import Decision, Record, Run, decide, read_records, read_resumed, read_runs, runs_of_slices
from ..ledger import Noting, plan_run, without_secrets
from ..model import Pipeline, Target
from ..plan import Plan
from ..planfile import Request
from ..recording import Desk
from ..records import frozen
from ..report import slice_json
from ..retries import RETRIES
from ..warehouse import Warehouse
from ..window import Slice
from .asked import asked_steps, sliced
from .once import Manner, run_once
from .options import Mounts
from .running import new_run, reached, started_by

_ALL_RUNS = 1_000_000


@frozen
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
    _planned(asked, pipeline, target, pieces[0])  # before a connection: what is wrong with it is told at once
    ran = 0
    reaching = reached(target, pipeline.folder, mounts, wait_seconds=manner.wait_seconds)
    with reaching as warehouse, closing(Desk(warehouse, RETRIES)) as desk:
        runs = _runs(desk, pipeline) if resume else ()
        known = runs_of_slices(runs, pipeline.window) if pipeline.window else {}
        for number, piece in enumerate(pieces, start=1):
            try:
                planned, last = _planned(asked, pipeline, target, piece), known.get(piece)
                decision = _decided(desk, planned, last) if last else RUNS
                _tell(manner, planned.plan, pieces, number, decision)
                if not decision.runs:
                    continue
                # Only what nobody has touched since is continued step by step: staging tables have no slices.
                is_last = last is not None and not ran and last.run == runs[0].run and last.status != "done"
                last = _resumed(desk, pipeline, last) if last and is_last else None
                ran += 1
                code = _run(warehouse, _continued(planned, last) if last else planned, manner, last)
            except (EtlrunError, KeyboardInterrupt):
                _tell_end(asked, pieces, number, mounts)
                raise
            if code:
                _tell_end(asked, pieces, number, mounts)
                return code
    left = f", {len(pieces) - ran:,} had been done before" if ran < len(pieces) else ""
    click.echo(f"{ran:,} of {len(pieces):,} slice{'s' if len(pieces) != 1 else ''} run{left}", err=True)
    return 0


def _planned(asked: Request, first: Pipeline, target: Target, piece: Slice) -> _Planned:
    """Return a slice of the pipeline as it was read first. Errors: RunFailed if its files have changed since."""
    pipeline = sliced(asked, first, piece, complete=True)
    if pipeline.inputs != first.inputs:
        raise RunFailed("the files of the pipeline have changed since the first slice: the others would not be like it")
    only = asked_steps(pipeline, asked.selection)
    noting = Noting(new_run(), started_by(), full_refresh=asked.full_refresh)
    return _Planned(pipeline, only, noting, plan_run(pipeline, target, only, noting))


def _continued(planned: _Planned, last: Run) -> _Planned:
    full_refresh = planned.noting.full_refresh or last.full_refresh
    noting = replace(planned.noting, full_refresh=full_refresh, resumes=last.run)
    plan = plan_run(planned.pipeline, planned.plan.target, planned.only, noting)
    return replace(planned, noting=noting, plan=plan)


def _run(warehouse: Warehouse, planned: _Planned, manner: Manner, last: Run | None) -> int:
    return run_once(warehouse, planned.pipeline, planned.plan, planned.only, planned.noting, manner, last)


def _runs(desk: Desk, pipeline: Pipeline) -> tuple[Run, ...]:
    found: list[Run] = []
    desk.ask(lambda session: found.extend(read_runs(session, pipeline, limit=_ALL_RUNS)))
    return tuple(found)


def _resumed(desk: Desk, pipeline: Pipeline, last: Run) -> Run:
    found: list[Run] = []
    desk.ask(lambda session: found.append(read_resumed(session, pipeline, last)))
    return found[-1]


def _decided(desk: Desk, planned: _Planned, last: Run) -> Decision:
    """Decide whether a slice runs again: not if its last run is done, with all steps as they would be sent now."""
    if last.status != "done":
        ended = "was not ended" if last.status == "running" else f"ended as '{last.status}'"
        return Decision(True, f"run {last.run} {ended}")
    records: list[Record] = []
    desk.ask(lambda session: records.extend(read_records(session, planned.pipeline, runs=[last.run])))
    for name, decision in decide(planned.plan.steps, last.run, records).items():
        if decision.runs:
            return Decision(True, f"{name}: {decision.because}")
    return Decision(False, f"done in run {last.run}")


def _tell(manner: Manner, plan: Plan, pieces: tuple[Slice, ...], number: int, decision: Decision) -> None:
    if manner.as_json:
        click.echo(slice_json(plan, pieces, number, decision))
        return
    said = f" ({decision.because})" if decision.because else ""
    click.echo(f"{_place(pieces, number)}{said if decision.runs else f': skipped, {decision.because}'}", err=True)


def _place(pieces: tuple[Slice, ...], number: int) -> str:
    return f"slice {number} of {len(pieces)}, {pieces[number - 1]}"


def _tell_end(asked: Request, pieces: tuple[Slice, ...], number: int, mounts: Mounts) -> None:
    click.echo(f"stopped at {_place(pieces, number)}; to go on: {_command(asked, pieces, mounts)}", err=True)


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
