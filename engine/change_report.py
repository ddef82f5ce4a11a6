"""Changes of tables -> text and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from .errors import Problem, TablesDiffer
from .migration import Change
from .model import Pipeline
from .plan import Plan

_RISKS = {
    "safe": "in place; nothing is lost",
    "copy": "the table is built anew beside the old one and takes its name, in one transaction; nothing is lost",
    "destructive": "needs --allow-destructive",
    "refused": "cannot be done",
}
_TODO = {
    "safe": "`etlrun diff` shows the SQL, `etlrun diff --apply` sends it",
    "copy": "`etlrun diff` shows the SQL, `etlrun diff --apply` sends it",
    "destructive": "`etlrun diff` shows the SQL, `etlrun diff --apply --allow-destructive` sends it",
    "refused": "mend that first",
}
_GIVEN_ANEW = ("replace", "swap")
"""The strategies that give all rows in each run. Others have rows that nothing else has."""


def change_text(change: Change) -> str:
    """Return the one line that says how grave a change is."""
    return f"{_RISKS[change.risk]}{f': {change.lost}' if change.lost else ''}"


def changes_text(changes: Sequence[Change]) -> Iterator[str]:
    """Yield the lines that tell each difference: its place in the YAML, what is there, how grave it is."""
    for change in changes:
        yield f"{change.difference.where}: {change.difference}"
        yield f"  {change.risk}: {change_text(change)}"


def count_text(changes: Sequence[Change]) -> str:
    """Return how many there are of each kind: '3 differences: 2 safe, 1 destructive'."""
    counts = Counter(change.risk for change in changes)
    parts = ", ".join(f"{counts[risk]} {risk}" for risk in _RISKS if counts[risk])  # type: ignore[index]
    return f"{len(changes)} difference{'s' if len(changes) != 1 else ''}: {parts}"


def tables_differ(stops: Sequence[Change], changes: Sequence[Change], pipeline: Pipeline) -> TablesDiffer:
    """Return the error that stops a run: those of its `changes` that it does not make by itself."""
    given_anew = {table.name for table in pipeline.tables if table.load.strategy in _GIVEN_ANEW}
    given_anew |= {source.name for source in pipeline.staging if source.incremental is None}
    problems = []
    for each in stops:
        table = each.difference.table
        other = "or drop and fill the table: --full-refresh"
        if table not in given_anew:
            other = "--full-refresh would drop the table, with the rows that its load gives no more"
        said = f"{change_text(each)}\n  {_TODO[each.risk]}; {other}{_renamed(each, changes)}"
        problems.append(Problem(str(each.difference), each.difference.where, said))
    return TablesDiffer(problems)


def _renamed(gone: Change, changes: Sequence[Change]) -> str:
    """Return what to do if a column that is gone is in truth the one that is new, as far as that can be."""
    one = gone.difference
    new = [each.difference for each in changes if each.difference.table == one.table]
    new = [each for each in new if each.kind == "column" and each.declared == one.live]
    if one.kind != "column gone" or len(new) != 1:
        return ""
    return f"\n  if '{new[0].name}' is its new name, rename it in the warehouse first: ALTER TABLE … RENAME COLUMN"


def changes_json(plan: Plan, changes: Sequence[Change]) -> dict[str, object]:
    """Return what `etlrun diff --json` writes."""
    return {
        "pipeline": plan.pipeline,
        "target": plan.target.name,
        "differences": [_change_json(change) for change in changes],
        "statements": [
            {"table": step.name, "transaction": None if transaction.alone else number, "sql": statement.sql}
            for step in plan.steps
            for number, transaction in enumerate(step.transactions, start=1)
            for statement in (*transaction.statements, *transaction.ledger)
        ],
    }


def _change_json(change: Change) -> dict[str, object]:
    one = change.difference
    return {
        "table": one.table, "kind": one.kind, "name": one.name, "live": one.live, "declared": one.declared,
        "where": str(one.where), "risk": change.risk, "lost": change.lost,
    }  # fmt: skip
