"""What the ledger tells: the runs of a pipeline, their steps, and which steps need not run again."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .errors import WarehouseError
from .model import Pipeline, Window
from .plan import Step, template_statements
from .records import frozen
from .render import render
from .warehouse import Session
from .window import Slice, slice_of

_NOT_THERE = ("42P01", "3F000")
"""SQLSTATEs of a table and a schema that do not exist: nothing has run yet."""
COMPARED_RUNS = 10
"""How many runs a run is compared with."""
_ENDED = {"failed": "failed", "begun": "had not ended"}


@frozen
class Run:
    """A run, and how many of its steps ended how."""

    run: str
    status: str
    started_at: Any
    ended_at: Any
    started_by: str
    version: str
    target: str
    selection: tuple[str, ...]
    """The steps that were asked for; none for all."""
    full_refresh: bool
    variables: Mapping[str, Any]
    resumes: str
    seconds: int
    done: int
    failed: int
    skipped: int
    kept: int
    rows: int


@frozen
class Record:
    """What became of a step in a run."""

    run: str
    step: str
    status: str
    columns_hash: str
    sql_hash: str
    inputs_hash: str
    rows: int | None
    rejects: int | None
    seconds: float
    ended_at: Any
    because: str
    error: str
    begun_hash: str = ""
    """Of the first of its transactions, where that was committed and others were to follow."""


@frozen
class Decision:
    """Whether a step runs, and why or why not."""

    runs: bool
    because: str
    is_loaded: bool = False
    """Whether its first transaction is committed, and the others alone run."""


@frozen
class Past:
    """Runs of a pipeline, the oldest first, with what became of their steps: (run, step) -> record.

    The last one is the run that is compared with the others.
    """

    runs: tuple[Run, ...]
    records: Mapping[tuple[str, str], Record]


def read_runs(session: Session, pipeline: Pipeline, *, limit: int, run: str = "") -> tuple[Run, ...]:
    """Return the last runs, the newest first, or the one of that id; none where nothing has been noted."""
    rows = _ask(session, pipeline, "ledger_runs", limit=limit, of_run=run)
    return tuple(map(_run, rows))


def read_resumed(session: Session, pipeline: Pipeline, last: Run) -> Run:
    """Return the run that --resume continues: the last one, or where that continued another and ended before it noted
    anything of a step, the other one."""
    while last.resumes and not read_records(session, pipeline, runs=[last.run]):
        found = read_runs(session, pipeline, limit=1, run=last.resumes)
        if not found:
            break
        (last,) = found
    return last


def read_records(
    session: Session, pipeline: Pipeline, *, runs: Sequence[str] = (), step: str = ""
) -> tuple[Record, ...]:  # fmt: skip
    """Return what became of the steps of some runs, or of a step in all runs, the newest first."""
    rows = _ask(session, pipeline, "ledger_steps", of_runs=runs, of_step=step)
    found = [_record(row) for row in rows]
    rows_of: dict[tuple[str, str], int] = defaultdict(int)
    seconds_of: dict[tuple[str, str], float] = defaultdict(float)
    begun: dict[tuple[str, str], str] = {}
    for record in found:
        rows_of[record.run, record.step] += record.rows or 0
        seconds_of[record.run, record.step] += record.seconds
        if record.status == "begun":
            begun[record.run, record.step] = record.sql_hash
    ended = {(record.run, record.step) for record in found if record.status != "begun"}
    # Of a step with several transactions the last one tells; 'begun' alone, and it has not ended.
    told = [record for record in found if record.status != "begun" or (record.run, record.step) not in ended]
    summed = (
        replace(record, rows=rows_of[record.run, record.step], seconds=seconds_of[record.run, record.step])
        if record.rows is not None
        else record
        for record in told
    )
    return tuple(replace(record, begun_hash=begun.get((record.run, record.step), "")) for record in summed)


def read_past(session: Session, pipeline: Pipeline, run: str) -> Past:
    """Return a run that is under way, behind the last ones before it."""
    runs = read_runs(session, pipeline, limit=COMPARED_RUNS + 1)
    # It is not the newest for certain: two may have begun in the same moment.
    this = [each for each in runs if each.run == run]
    before = [each for each in reversed(runs) if each.run != run]
    if not this:  # somebody has emptied the ledger
        return Past((), {})
    records = read_records(session, pipeline, runs=[each.run for each in runs])
    ended = {(record.run, record.step): record for record in records if record.status != "begun"}
    return Past((*before, *this), ended)


def read_changed(session: Session, pipeline: Pipeline, steps: Iterable[Step]) -> frozenset[str]:
    """Return which of the steps, with their hashes, are not as they were when they were last done, or never were."""
    done = {record.step: record for record in map(_record, _ask(session, pipeline, "ledger_last_done"))}
    return frozenset(step.name for step in steps if step.name not in done or own_changes(step, done[step.name]))


def runs_of_slices(runs: Iterable[Run], window: Window) -> dict[Slice, Run]:
    """Return the last run of each slice, out of runs with the newest first.

    Those before the last full refresh do not count: it has dropped what they had loaded.
    """
    found: dict[Slice, Run] = {}
    for run in runs:
        piece = slice_of(window, run.variables)
        if piece:
            found.setdefault(piece, run)
        if run.full_refresh:
            break
    return found


def _run(row: tuple[Any, ...]) -> Run:
    (run, status, started_at, ended_at, started_by, version, target, selection, full_refresh, variables, resumes,
     seconds, done, failed, skipped, kept, rows) = row  # fmt: skip
    return Run(
        run, status, started_at, ended_at, started_by, version, target, tuple(json.loads(selection)), full_refresh,
        json.loads(variables), resumes, int(seconds), int(done), int(failed), int(skipped), int(kept), int(rows),
    )  # fmt: skip


def _record(row: tuple[Any, ...]) -> Record:
    run, step, status, columns_hash, sql_hash, inputs_hash, rows, rejects, seconds, ended_at, because, error = row
    return Record(
        run, step, status, columns_hash, sql_hash, inputs_hash, rows, rejects, float(seconds or 0), ended_at,
        because or "", error or "",
    )  # fmt: skip


def _ask(session: Session, pipeline: Pipeline, template: str, **values: Any) -> list[tuple[Any, ...]]:
    values = {"pipeline": pipeline.name, **values}
    (question,) = template_statements(render(pipeline.folder, template, values))
    try:
        return [tuple(row) for row in session.execute(question.sql).rows]
    except WarehouseError as error:
        if error.sqlstate in _NOT_THERE:
            return []
        raise


def decide(steps: Iterable[Step], run: str, records: Iterable[Record]) -> dict[str, Decision]:
    """Decide for each step, in an order that works, whether it must run again after `run`, of which `records` tell.

    A step need not run if it was committed there, or proven to be by that run, with the same SQL and columns, and if
    nothing that it waits for runs again. Where only its UNLOAD is left, the same holds for its load.
    """
    known: dict[str, Record] = {}
    for record in records:
        known.setdefault(record.step, record)
    decisions: dict[str, Decision] = {}
    for step in steps:
        again = next((name for name in sorted(step.needs) if name in decisions and decisions[name].runs), "")
        decisions[step.name] = _decide(step, run, known.get(step.name), again)
    return decisions


def _decide(step: Step, run: str, record: Record | None, again: str) -> Decision:
    if record is None:
        return Decision(True, f"it had not ended in run {run}")
    if record.status not in ("done", "kept"):
        ended = _ENDED.get(record.status, "was skipped")
        if _is_loaded(step, record) and not again and not _input_changes(step, record):
            return Decision(True, f"it is loaded, but {ended} in run {run}", is_loaded=True)
        return Decision(True, f"it {ended} in run {run}")
    causes = (*own_changes(step, record), *([f"{again} runs again"] if again else []), *_input_changes(step, record))
    if causes:
        return Decision(True, f"runs again: {causes[0]}")
    return Decision(False, record.because or f"done in run {record.run}, same SQL")


def _is_loaded(step: Step, record: Record) -> bool:
    """Tell whether a table was loaded by the SQL of now, and only its UNLOAD is left."""
    same = (record.columns_hash, record.begun_hash) == (step.columns_hash, step.begun_hash)
    return step.kind == "table" and bool(step.begun_hash) and same


def own_changes(step: Step, record: Record) -> tuple[str, ...]:
    """Return what has changed of a step itself since it was noted, in words."""
    pairs = (
        ("its columns changed", step.columns_hash, record.columns_hash),
        ("its SQL changed", step.sql_hash, record.sql_hash),
    )
    return tuple(said for said, now, then in pairs if now != then)


def _input_changes(step: Step, record: Record) -> tuple[str, ...]:
    return () if step.inputs_hash == record.inputs_hash else ("what it reads changed",)
