"""What has been run, kept in the warehouse itself: what notes a run and its steps, and who holds the lease."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from . import __version__
from .copy import masked
from .lexical import MAX_NAME_BYTES, identifier, literal
from .model import Pipeline, Target
from .plan import Ledger, Plan, Statement, Step, template_statements
from .planning import make_plan
from .records import frozen
from .render import render

RUN = "RUN"
"""Stands for a run's id in a dry run."""
LEASE_SECONDS = 60
"""For how long a run holds its pipeline without renewing the lease."""
ENDS = ("done", "failed", "interrupted", "unreachable")
_SECRET = re.compile(r"pass|secret|token|credential|private|api_?key", re.IGNORECASE)
_MEASURED = re.compile(r"(?:0|'') /\* (\w+) \*/|'(?:[^'\\]|''|\\.)*'")
_MAX_TEXT_BYTES = 65_535
_MAX_ERROR_BYTES = 4_096
_MAX_REASON_BYTES = 1_024


@frozen
class Noting:
    """What is noted of a run besides its steps."""

    run: str = RUN
    by: str = "WHO"
    selection: tuple[str, ...] = ()
    """The steps that were asked for; none for all."""
    full_refresh: bool = False
    resumes: str = ""
    """The run that it continues."""


@frozen
class Ended:
    """A step that was not committed in this run: 'failed', 'skipped', or as an earlier run left it: 'kept', or 'begun'
    where that had loaded it and its UNLOAD is left."""

    step: Step
    status: str
    because: str = ""
    error: str = ""
    seconds: float = 0.0


def plan_run(pipeline: Pipeline, target: Target, only: frozenset[str] | None, noting: Noting) -> Plan:
    """Return the plan of a run of the steps in `only` (None: all), with what notes it. Errors: InvalidPipeline."""
    plan = make_plan(pipeline, target, only=only, full_refresh=noting.full_refresh, run=noting.run)
    # The files of an incremental source are listed under the run's id.
    differs = noting.run != RUN and any(source.incremental for source in pipeline.staging)
    whole = make_plan(pipeline, target, full_refresh=noting.full_refresh) if differs or only is not None else None
    return noted(plan, pipeline, replace(noting, selection=tuple(sorted(only or ()))), whole)


def noted(plan: Plan, pipeline: Pipeline, noting: Noting, whole: Plan | None = None) -> Plan:
    """Return the plan of a run with all that notes it: its ledger, and in each transaction the lease, row and proof.

    `whole` is the same plan with all its steps and RUN for the run's id, where that is another: hashes are of it, for
    what a step waits for counts, selected or not, and the run's id does not.
    """
    values = _values(plan, pipeline, noting)

    def statements(template: str, **more: Any) -> tuple[Statement, ...]:
        return template_statements(render(pipeline.folder, template, {**values, **more}))

    asked = ("session", "holder", "alive", "seize", "renew")
    ledger = Ledger(
        run=noting.run, tables=statements("ledger_tables"), begin=statements("ledger_begin"),
        ends={status: statements("ledger_end", status=status) for status in ENDS},
        **{name: statements(f"ledger_{name}")[0] for name in asked},
    )  # fmt: skip
    held = tuple(replace(each, severity="lease") for each in statements("ledger_held"))

    def with_rows(step: Step) -> Step:
        transactions = []
        for number, transaction in enumerate(step.transactions, start=1):
            status = "done" if number == len(step.transactions) else "begun"
            row = {"name": step.name, "number": number, "status": status, "hashes": _hashes(step, status)}
            transactions.append(
                replace(
                    transaction, statements=_with_lease(transaction.statements, held),
                    ledger=(*transaction.ledger, *statements("ledger_done", **row)),
                    proof=statements("ledger_proof", **row),
                )
            )  # fmt: skip
        return replace(step, transactions=tuple(transactions))

    hashes = {step.name: step for step in hashed((whole or plan).steps)}
    return replace(
        plan, ledger=ledger, steps=tuple(with_rows(_with_hashes_of(hashes[each.name], each)) for each in plan.steps),
        before=plan.before and with_rows(plan.before), after=plan.after and with_rows(plan.after),
        on_failure=plan.on_failure and with_rows(plan.on_failure),
    )  # fmt: skip


def _with_hashes_of(other: Step, step: Step) -> Step:
    return replace(
        step, columns_hash=other.columns_hash, sql_hash=other.sql_hash, inputs_hash=other.inputs_hash,
        begun_hash=other.begun_hash,
    )  # fmt: skip


def _with_lease(sent: tuple[Statement, ...], held: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Return statements with the look at the lease where they first look at a table: behind SET and LOCK."""
    place = next(
        (at for at, each in enumerate(sent) if each.sql.split(maxsplit=1)[0] not in ("SET", "LOCK")), len(sent)
    )
    return (*sent[:place], *held, *sent[place:])


def hashed(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return steps in an order that works, with their hashes: that of a table that is dropped first is no other."""
    done: dict[str, Step] = {}
    for step in steps:
        inputs = [(name, *_hashes(done[name])) for name in sorted(step.needs) if name in done]
        created, sent = [], []
        for transaction in step.transactions:
            texts = [statement.sql for statement in transaction.statements]
            place = next((place for place, sql in enumerate(texts) if sql.startswith("CREATE TABLE")), 0)
            created.append(texts[place])
            sent.append(texts[place + 1 :])
        begun = _hash(sent[0]) if len(sent) > 1 else ""
        done[step.name] = replace(
            step, columns_hash=_hash(created), sql_hash=_hash(sent), inputs_hash=_hash(inputs), begun_hash=begun
        )
    return tuple(done.values())


def _hashes(step: Step, status: str = "done") -> tuple[str, str, str]:
    """Return what is noted of a step: 'begun' of what its first transaction sends, for that is all it tells of."""
    return step.columns_hash, step.begun_hash if status == "begun" else step.sql_hash, step.inputs_hash


def _hash(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()[:16]


def lease_name(pipeline: str) -> str:
    """Return the table that says who holds a pipeline. Each has its own: a lock on it stops nobody else."""
    name = f"lease_{pipeline}"
    if len(name.encode()) > MAX_NAME_BYTES:
        name = f"lease_{hashlib.sha256(pipeline.encode()).hexdigest()[:32]}"
    return f"etlrun.{identifier(name)}"


def without_secrets(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return variables as they may be shown: a value whose name sounds like a secret is '***'."""
    return {name: "***" if _SECRET.search(name) else value for name, value in variables.items()}


def _values(plan: Plan, pipeline: Pipeline, noting: Noting) -> dict[str, Any]:
    variables = without_secrets(pipeline.written_variables)
    texts = {
        "selection": _clipped(json.dumps(noting.selection, ensure_ascii=False), _MAX_TEXT_BYTES),
        "variables": _clipped(json.dumps(variables, ensure_ascii=False), _MAX_TEXT_BYTES),
    }
    return {
        **texts, "lease": lease_name(plan.pipeline), "lease_seconds": LEASE_SECONDS, "pipeline": plan.pipeline,
        "target": plan.target.name, "run": noting.run, "by": noting.by, "version": __version__,
        "full_refresh": str(noting.full_refresh), "resumes": noting.resumes,
    }  # fmt: skip


def measured(statement: Statement, **values: str | float) -> Statement:
    """Return a statement with what is only known while it runs: `0 /* rows */` is a number, `'' /* … */` a text."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1] or "")
        return match[0] if found is None else literal(found) if isinstance(found, str) else str(found)

    return replace(statement, sql=_MEASURED.sub(value, statement.sql))


def ended_statements(plan: Plan, pipeline: Pipeline, ended: Iterable[Ended]) -> tuple[Statement, ...]:
    """Return what notes the steps that were not committed in this run; nothing for none."""
    rows = [
        {
            "name": each.step.name, "status": each.status, "hashes": _hashes(each.step, each.status),
            "seconds": f"{each.seconds:.3f}", "because": _clipped(each.because, _MAX_REASON_BYTES),
            "error": _clipped(masked(each.error), _MAX_ERROR_BYTES),
        }
        for each in ended
    ]  # fmt: skip
    if not rows or plan.ledger is None:
        return ()
    values = {"run": plan.ledger.run, "pipeline": plan.pipeline, "ended": rows}
    return template_statements(render(pipeline.folder, "ledger_ended", values))


def _clipped(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
