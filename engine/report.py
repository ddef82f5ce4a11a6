"""Results -> text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from .checks import CheckFailed, Failure
from .copy import masked
from .errors import LoadError, LoadFailed, WarehouseError, Where
from .events import Event, StepDone, StepFailed, StepKept, StepRetried, StepSkipped, StepStarted
from .files import Seen, Taken
from .history import Decision
from .load_edits import column_edit, file_edits, parquet_edit
from .model import Column
from .plan import Plan, Step
from .planning.checks import SHOWN_ROWS
from .problems import clipped, error_text, excerpt, load_errors_text
from .scripted import Answered, Ended, Refused
from .window import Slice

_STATEMENT_LINES = 12
_OTHERS_DEPEND_ON_IT = "2BP01"
_NOT_THERE = ("42P01", "3F000")
_FILE_STATES = ("loaded", "new", "changed", "quarantined", "gone")
_COUNTED = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")
_DRAWN = re.compile(r"  line \d+: ")


def answered_text(answered: Answered) -> Iterator[str]:
    """Yield the lines that tell what a statement without rows has done, and what the warehouse says to it."""
    outcome = answered.outcome
    for notice in outcome.notices:
        yield f"{answered.where.file}:{answered.where.line}: {masked(notice)}"
    yield from load_errors_text(outcome.rejects)
    if not outcome.columns:
        counted = outcome.row_count if outcome.command in _COUNTED else None
        rows = f", {counted:,} row{'s' if counted != 1 else ''}" if counted is not None else ""
        yield f"{answered.where.file}:{answered.where.line}: {outcome.command}{rows}"


def refused_text(refused: Refused) -> Iterator[str]:
    """Yield the lines that tell why a statement of a script was refused, and where."""
    first, *rest = error_text(refused.error)
    yield f"{refused.where}: {first}"
    if refused.where.text.strip():
        yield from excerpt(refused.where)
        # Local Redshift draws the same line and caret into the detail of a syntax error.
        rest = [line for line in rest if line.strip() != "^" and not _DRAWN.match(line)]
    yield from rest


def ended_text(ended: Ended) -> Iterator[str]:
    """Yield the lines that tell what a script leaves undone."""
    if ended.unsent:
        count = f"{ended.unsent} statement{'s' if ended.unsent != 1 else ''} after it"
        yield f"stopped: {count} not sent; --on-error continue goes on"
    if ended.open:
        yield f"{ended.open}: the transaction that begins here was not committed, and is rolled back"


def event_text(plan: Plan, event: Event) -> Iterator[str]:
    """Yield the plain lines that tell an event of a run."""
    head = event.step.name
    if event.step.kind != "hooks":
        numbers = {step.name: number for number, step in enumerate(plan.steps, start=1)}
        head = f"[{numbers[head]}/{len(plan.steps)}] {head}"
    match event:
        case StepStarted(because=because):
            yield f"{head} … ({because})" if because else f"{head} …"
        case StepRetried(attempt=attempt, cause=cause, wait_seconds=seconds):
            yield f"{head}: {cause}; rolled back, try {attempt + 1} in {seconds:.1f} s"
        case StepDone(rows=rows, seconds=seconds, rejects=rejects, warnings=warnings, step=step):
            left_out = f", {len(rejects):,} left out" if rejects else ""
            done = _done(step, rows)
            done += _of_files(event.taken) if event.taken else ""
            warned = f", {len(warnings)} warning{'s' if len(warnings) != 1 else ''}" if warnings else ""
            yield f"{head}: {done} in {seconds:.2f} s{left_out}{warned}"
        case StepFailed(seconds=seconds, error=error):
            yield f"{head}: failed after {seconds:.2f} s: {masked(str(error))}"
        case StepSkipped(because=because):
            yield f"{head}: skipped, {because} failed"
        case StepKept(because=because):
            yield f"{head}: skipped, {because}"


def _done(step: Step, rows: int) -> str:
    if step.kind in ("changes", "hooks"):
        return "changed" if step.kind == "changes" else "sent"
    return _asked(step) if step.kind == "checks" else f"{rows:,} row{'s' if rows != 1 else ''}"


def _of_files(taken: Taken) -> str:
    broken = f", {len(taken.broken):,} broken" if taken.broken else ""
    return f" of {taken.loaded:,} new file{'s' if taken.loaded != 1 else ''}{broken}"


def files_text(seen: Seen) -> Iterator[str]:
    """Yield the lines that tell what became of the files of a source: counts, then those that are not loaded."""
    counts = {status: seen.counts.get(status, 0) for status in _FILE_STATES}
    yield f"{seen.source}: " + ", ".join(f"{count:,} {status}" for status, count in counts.items())
    for row in seen.files:
        file = dict(zip(seen.columns, row, strict=True))
        why = f": {masked(file['reason'])}" if file["status"] == "quarantined" else ""
        yield f"  {file['status']:<11}  {file['file']}  {file['size']:,} bytes, of {file['modified']}{why}"
    left = sum(count for status, count in counts.items() if status != "loaded") - len(seen.files)
    if left > 0:
        yield f"  … and {left:,} more; --json writes every file"


def _asked(step: Step) -> str:
    count = sum(bool(statement.check) for transaction in step.transactions for statement in transaction.statements)
    return f"{count} check{'s' if count != 1 else ''} asked"


def warning_text(done: StepDone) -> Iterator[str]:
    """Yield the lines that tell what does not hold, and let its step go on: checks, files that were set aside, and what
    the warehouse warns of."""
    for warning in done.warnings:
        yield f"{warning.statement.where or done.step.where}: {done.step.name}: warning: {masked(str(warning))}"
        yield from _failed_rows(warning)
    for notice in done.notices:
        if notice.startswith("WARNING: "):
            yield f"{done.step.where}: {done.step.name}: warning: {masked(notice.removeprefix('WARNING: '))}"
    if done.taken and not done.taken.listed and done.step.listing:
        yield f"{done.step.where}: {done.step.name}: warning: there is no file at {done.step.listing.source}"
    for url, reason in (done.taken.broken if done.taken else {}).items():
        yield f"{done.step.where}: {done.step.name}: warning: set aside {url}: {masked(reason)}"


def _failed_check(failure: Failure) -> Iterator[str]:
    """Yield the lines that tell a failed check: its place, what must hold, some of the rows."""
    where = failure.statement.where
    if where or failure.rows:
        yield f"  {f'{where}: ' if where else ''}{masked(str(failure))}"
    yield from _failed_rows(failure)


def _failed_rows(failure: Failure) -> Iterator[str]:
    for row in failure.rows[:SHOWN_ROWS]:
        yield f"    {clipped(', '.join(map(_cell, failure.columns, row)))}"
    if failure.rows and failure.count > SHOWN_ROWS:
        yield f"    … and {failure.count - SHOWN_ROWS:,} more"


def _cell(name: str, value: object) -> str:
    return f"{name}={'NULL' if value is None else value}"


def failure_text(failure: StepFailed) -> Iterator[str]:
    """Yield the lines that tell why a step failed, with the statement and the place in the YAML."""
    first, *rest = error_text(failure.error)
    is_unload = failure.statement is not None and failure.statement.sql.startswith("UNLOAD")
    failed = "failed" if failure.step.kind in ("checks", "hooks") else "failed and was rolled back"
    failed = "is loaded, but its UNLOAD failed" if is_unload else failed
    yield f"{_failed_at(failure)}: {failure.step.name} {failed}: {first}"
    yield from rest
    asked = failure.error if failure.step.kind == "checks" else None
    if isinstance(asked, WarehouseError) and asked.sqlstate in _NOT_THERE:
        yield "  the tables are made by a run: etlrun PIPELINE comes first, then etlrun test PIPELINE"
    if isinstance(failure.error, CheckFailed):
        for found in failure.error.failures:
            yield from _failed_check(found)
        yield from (f"  {notice}" for notice in failure.error.notices)
    if isinstance(failure.error, LoadFailed):
        yield from _mends(failure.step, failure.error.errors)
        sent = failure.statement.sql if failure.statement else ""
        yield from (f"  {edit}" for edit in file_edits(failure.error.errors, failure.step.columns, sent))
    if isinstance(failure.error, WarehouseError) and (unfit := parquet_edit(failure.error, failure.step.columns)):
        yield from _column(*unfit)
    if isinstance(failure.error, WarehouseError) and failure.error.sqlstate == _OTHERS_DEPEND_ON_IT:
        yield "  make the view that is bound to it WITH NO SCHEMA BINDING, or load the table with strategy: replace"
    if failure.statement:
        sql = masked(failure.statement.sql).split("\n")
        yield "  in the statement"
        yield from (f"    {line}" for line in sql[:_STATEMENT_LINES])
        if len(sql) > _STATEMENT_LINES:
            yield f"    … {len(sql) - _STATEMENT_LINES} more lines; --dry-run shows them"


def _failed_at(failure: StepFailed) -> Where:
    """Return where what has failed is written: a hook or the SELECT of a check, or else the step."""
    at = failure.statement.where if failure.statement else None
    return failure.step.where if at is None or isinstance(failure.error, CheckFailed) else at


def _mends(step: Step, errors: tuple[LoadError, ...]) -> Iterator[str]:
    """Yield for each column that rows were refused for: its line in the YAML, and the edit that would take them."""
    for column in step.columns:
        refused = [error for error in errors if error.column == column.name]
        if not refused:
            continue
        yield from _column(column, column_edit(column, refused))


def _column(column: Column, edit: str) -> Iterator[str]:
    yield f"  {column.where}: {column.name} is {column.type}{edit}"
    yield from excerpt(column.where)


def event_json(plan: Plan, event: Event) -> str:
    """Return an event as one line of JSON, as schemas/event.schema.json describes it."""
    common: dict[str, object] = {"pipeline": plan.pipeline, "target": plan.target.name}
    if plan.ledger:
        common["run"] = plan.ledger.run
    common |= {"step": event.step.name, "kind": event.step.kind}
    match event:
        case StepStarted(number=number, because=because):
            said: dict[str, object] = {"event": "started", "number": number, "steps": len(plan.steps)}
            if event.step.kind == "hooks":
                said = {"event": "started"}
            if because:
                said["because"] = because
        case StepRetried(attempt=attempt, cause=cause, wait_seconds=seconds):
            said = {"event": "retried", "attempt": attempt, "cause": cause, "wait_seconds": round(seconds, 3)}
        case StepDone(rows=rows, seconds=seconds, rejects=rejects, notices=notices, warnings=warnings):
            said = {"event": "done", "rows": rows, "seconds": round(seconds, 3), "rejects": len(rejects)}
            said["notices"] = list(notices)
            said["warnings"] = [_check_json(warning) for warning in warnings]
            if event.bytes_read is not None:
                said["bytes"] = event.bytes_read
            if event.taken:
                said["files"] = event.taken.loaded
                said["set_aside"] = dict(event.taken.broken)
        case StepFailed(seconds=seconds, error=error):
            said = {"event": "failed", "seconds": round(seconds, 3), "error": masked(str(error))}
            said["where"] = str(_failed_at(event))
            if isinstance(error, LoadFailed):
                said["load_errors"] = [asdict(row) for row in error.errors]
            if isinstance(error, CheckFailed):
                said["checks"] = [_check_json(found) for found in error.failures]
        case StepSkipped(because=because):
            said = {"event": "skipped", "because": because}
        case StepKept(because=because):
            said = {"event": "kept", "because": because}
    return json.dumps({"event": said.pop("event"), **common, **said}, ensure_ascii=False, default=str)


def slice_json(plan: Plan, pieces: Sequence[Slice], number: int, decision: Decision) -> str:
    """Return as one line of JSON that a slice begins, or is left out; `number` counts from 1."""
    piece = pieces[number - 1]
    said: dict[str, object] = {
        "event": "slice", "pipeline": plan.pipeline, "target": plan.target.name, "from": piece.begin, "to": piece.end,
        "number": number, "slices": len(pieces), "runs": decision.runs,
    }  # fmt: skip
    if decision.because:
        said["because"] = decision.because
    return json.dumps(said, ensure_ascii=False)


def _check_json(failure: Failure) -> dict[str, object]:
    rows = [dict(zip(failure.columns, row, strict=True)) for row in failure.rows[:SHOWN_ROWS]]
    where = failure.statement.where
    return {
        "check": failure.statement.check,
        "where": str(where) if where else "",
        "failures": failure.count,
        "rows": rows,
    }
