"""etlrun why: what became of one step, what has changed since, and what --resume would do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ..environment import resolve
from ..errors import UsageError
from ..graph import above
from ..history import Decision, Record, Run, decide, own_changes, read_records, read_resumed, read_runs
from ..ledger import hashed
from ..places import did_you_mean
from ..plan import Step
from ..planning import make_plan
from ..read import needs, read_pipeline
from .asked import asked_target, environment_of
from .options import Mounts, mount_option, pipeline_argument, target_option, var_option
from .running import reached


@click.command()
@pipeline_argument
@click.argument("step")
@target_option
@mount_option
@var_option
def command(pipeline: Path, step: str, target: str | None, mounts: Mounts, variables: dict[str, str]) -> None:
    """Say why STEP of PIPELINE ran, failed or was skipped last time, and what --resume would do."""
    document = read_pipeline(pipeline, os.environ, variables, complete=True)
    waits = needs(document)
    if step not in waits:
        raise UsageError(f"no step '{step}': {did_you_mean(step, waits, 'steps are')}")
    chosen = asked_target(document, target)
    chosen = resolve(chosen, environment_of(document, chosen))
    steps = {each.name: each for each in hashed(make_plan(document, chosen).steps)}
    with reached(chosen, document.folder, mounts) as warehouse:
        session = warehouse.open_session()
        records = read_records(session, document, step=step)
        runs = read_runs(session, document, limit=1)
        resumed = read_resumed(session, document, runs[0]) if runs else None
        last = read_records(session, document, runs=[resumed.run]) if resumed else ()
        done = next((record for record in records if record.status == "done"), None)
        then = read_records(session, document, runs=[done.run]) if done else ()
        session.close()
    for line in _last(step, records, runs):
        click.echo(line)
    if done:
        read = [name for name in steps if name in above(waits, step)]
        click.echo(_since(steps[step], done, [steps[name] for name in read], then))
    if resumed:
        click.echo(_next(step, resumed, decide(steps.values(), resumed.run, last)))


def _last(step: str, records: Sequence[Record], runs: Sequence[Run]) -> Iterator[str]:
    """Yield what became of a step the last time, and when it was last done."""
    if not runs:
        yield f"{step}: no run has been noted"
        return
    here = next((record for record in records if record.run == runs[0].run), None)
    if here is None:
        wanted = not runs[0].selection or step in runs[0].selection
        yield f"{step}: {'it had not ended' if wanted else 'it was not asked for'} in the last run, {runs[0].run}"
    else:
        because = f": {here.because or here.error}" if here.because or here.error else ""
        yield f"{step}: {here.status} in the last run, {here.run}, at {here.ended_at} UTC{because}"
    done = next((record for record in records if record.status == "done"), None)
    if done is None:
        yield "  it has never been done"
    else:
        rows = f"{done.rows or 0:,} rows in {done.seconds:.2f} s"
        yield f"  last done in run {done.run}, at {done.ended_at} UTC: {rows}"


def _since(step: Step, done: Record, read: Sequence[Step], then: Sequence[Record]) -> str:
    """Return what has changed since a step was done: its own, and which of the steps that it waits for."""
    before = {record.step: record for record in then}
    inputs = [
        f"{each.name}: {', '.join(found)}"
        for each in read
        if each.name in before and (found := own_changes(each, before[each.name]))
    ]
    if step.inputs_hash != done.inputs_hash and not inputs:
        inputs = ["it waits for other steps than then"]
    return "  changed since: " + ("; ".join([*own_changes(step, done), *inputs]) or "nothing")


def _next(step: str, last: Run, decisions: dict[str, Decision]) -> str:
    if last.status == "done":
        return "  the next run does it, with --resume as well: the last run is done"
    if last.selection and step not in last.selection:
        return f"  the next run with --resume leaves it out: run {last.run} was not asked for it"
    decision = decisions[step]
    what = "unloads it" if decision.is_loaded else "does it" if decision.runs else "leaves it out"
    return f"  the next run with --resume {what}: {decision.because}"
