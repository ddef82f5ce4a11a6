"""Plan -> SQL script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from . import __version__
from .copy import masked
from .plan import Plan, Statement, Step
from .script import closed


def plan_text(plan: Plan) -> Iterator[str]:
    """Yield the lines of a dry run: the whole plan as a script that a SQL client takes. Same plan, same bytes."""
    yield f"-- etlrun {__version__}: pipeline {plan.pipeline}, target {plan.target.name}"
    yield "-- In a run, its own id stands in place of RUN, who started it in place of WHO, and what is only known then"
    yield "-- in place of 0 /* … */ and '' /* … */."
    yield ""
    if plan.ledger:
        yield "-- the run is noted, and takes the lease of its pipeline"
        yield from statements_text(plan.ledger.tables)
        yield "BEGIN;"
        yield from statements_text(plan.ledger.begin)
        yield "COMMIT;"
        yield ""
    yield from statements_text(plan.prepare)
    if plan.before:
        yield from ("", "-- before the steps: hooks")
        yield from step_text(plan.before)
    for number, step in enumerate(plan.steps, start=1):
        yield ""
        yield f"-- step {number} of {len(plan.steps)}: {step.name} ({step.kind})"
        if step.needs:
            yield f"-- after {', '.join(sorted(step.needs))}"
        yield from step_text(step)
    if plan.after:
        yield from ("", "-- after the steps: hooks")
        yield from step_text(plan.after)
    if plan.on_failure:
        yield from ("", "-- in place of what comes after the steps, if something failed: hooks")
        yield from _commented(step_text(plan.on_failure))
    if plan.ledger:
        yield ""
        yield "-- the end of the run; until then its lease is renewed by another session:"
        yield from _commented([plan.ledger.renew.sql])
        yield "BEGIN;"
        yield from statements_text(plan.ledger.ends["done"])
        yield "COMMIT;"


def step_text(step: Step) -> Iterator[str]:
    """Yield the lines of a step's part of the script: its files, its transactions."""
    yield from _files(step)
    for place, transaction in enumerate(step.transactions, start=1):
        yield ""
        alone = ": none, each statement stands on its own" if transaction.alone else ""
        yield f"-- transaction {place} of {len(step.transactions)}{alone}"
        if not transaction.alone:
            yield "BEGIN;"
            yield ""
        sent = (*transaction.statements, *transaction.ledger)
        for statement, following in zip_longest(sent, sent[1:]):
            yield from statements_text([statement])
            # One-liners of a kind, such as comments, stand together.
            if following is None or "\n" in statement.sql + following.sql or _verb(statement) != _verb(following):
                yield ""
        if not transaction.alone:
            yield "COMMIT;"


def statements_text(statements: Iterable[Statement]) -> Iterator[str]:
    """Yield statements as a script has them: with a semicolon, and without the keys that a literal carries."""
    for statement in statements:
        yield f"{closed(masked(statement.sql))};"
        if statement.manifest:
            yield f"-- In a run, {statement.manifest} lists these files; of none, the COPY is not sent. Files that were"
            yield "-- found broken are taken out before: UPDATE etlrun_files SET status = 'quarantined' …"
        if statement.gives_statements:
            yield "-- In a run, each row of this is sent as a statement."


def _commented(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines as a script has them that does not send them."""
    yield from (f"--   {line}".rstrip() for text in lines for line in text.split("\n"))


def _files(step: Step) -> Iterator[str]:
    for file in step.files:
        yield f"-- file {file.url}, written before the step:"
        yield from (f"--   {line}" for line in file.content.rstrip("\n").split("\n"))


def _verb(statement: Statement) -> str:
    return statement.sql.split(maxsplit=1)[0]
