"""etlrun history: what has been run, and how it went."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from ..environment import resolve
from ..errors import UsageError
from ..graph import order
from ..history import Record, Run, read_records, read_runs
from ..model import Pipeline
from ..read import needs, read_pipeline
from ..window import slice_of
from .asked import asked_target, environment_of
from .options import Mounts, mount_option, pipeline_argument, target_option
from .running import reached

_RUN_HEADINGS = ("run", "status", "started (UTC)", "seconds", "steps", "rows", "by")
_STEP_HEADINGS = ("step", "status", "rows", "seconds", "rejects", "ended (UTC)", "because")


@click.command()
@pipeline_argument
@click.argument("run", required=False)
@target_option
@mount_option
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON: an object a line.")
def command(pipeline: Path, run: str | None, target: str | None, mounts: Mounts, limit: int, as_json: bool) -> None:
    """Show the last runs of PIPELINE, or with RUN the steps of one."""
    document = read_pipeline(pipeline, os.environ)
    chosen = asked_target(document, target)
    with reached(resolve(chosen, environment_of(document, chosen)), document.folder, mounts) as warehouse:
        session = warehouse.open_session()
        runs = read_runs(session, document, limit=limit, run=run or "")
        records = read_records(session, document, runs=[run]) if run else ()
        session.close()
    if run and not runs:
        raise UsageError(f"no run '{run}' of {document.name}: 'etlrun history {pipeline}' shows the last ones")
    if as_json:
        for each in records if run else runs:
            click.echo(json.dumps(_object(each, document), ensure_ascii=False, default=str))
    elif run:
        click.echo("\n".join(_said(runs[0], _window(runs[0], document))))
        rank = {name: place for place, name in enumerate(order(needs(document)))}
        ranked = sorted(records, key=lambda record: rank.get(record.step, len(rank)))
        _show(_STEP_HEADINGS, [_step_row(record) for record in ranked])
    elif runs:
        if document.window:
            rows = [(each.run, _window(each, document), *_run_row(each)[1:]) for each in runs]
            _show((_RUN_HEADINGS[0], "window", *_RUN_HEADINGS[1:]), rows)
        else:
            _show(_RUN_HEADINGS, [_run_row(each) for each in runs])
    else:
        click.echo(f"no run of {document.name} has been noted in {chosen.name}", err=True)


def _show(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from ..terminal import write_table

    write_table(headings, rows, sys.stdout)


def _window(run: Run, pipeline: Pipeline) -> str:
    """Return the time that a run was of, by the variables of the pipeline's window; empty where there is none."""
    piece = slice_of(pipeline.window, run.variables) if pipeline.window else None
    return str(piece) if piece else ""


def _object(each: Run | Record, pipeline: Pipeline) -> dict[str, object]:
    return {**asdict(each), **({"window": _window(each, pipeline)} if isinstance(each, Run) else {})}


def _said(run: Run, window: str) -> list[str]:
    """Return the lines that tell a run beside its steps."""
    lines = [
        f"run {run.run}: {run.status}, started {str(run.started_at)[:19]} UTC by {run.started_by}, target {run.target}"
    ]
    if run.resumes:
        lines.append(f"  continues run {run.resumes}")
    if window:
        lines.append(f"  of {window}")
    if run.selection:
        lines.append(f"  of the steps {', '.join(run.selection)}")
    if run.full_refresh:
        lines.append("  with --full-refresh")
    if run.variables:
        lines.append(f"  with {', '.join(f'{name}={value}' for name, value in run.variables.items())}")
    return lines


def _run_row(run: Run) -> tuple[str, ...]:
    counts = {"done": run.done, "kept": run.kept, "failed": run.failed, "skipped": run.skipped}
    steps = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return run.run, run.status, str(run.started_at)[:19], f"{run.seconds:,}", steps, f"{run.rows:,}", run.started_by


def _step_row(record: Record) -> tuple[str, ...]:
    counts = ("" if count is None else f"{count:,}" for count in (record.rows, record.rejects))
    rows, rejects = counts
    because = record.because or record.error.partition("\n")[0]
    return record.step, record.status, rows, f"{record.seconds:.2f}", rejects, str(record.ended_at), because
