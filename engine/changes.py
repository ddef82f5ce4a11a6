"""Two plans -> which SQL changes, statement by statement, as Markdown for a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import Literal

from .copy import masked
from .plan import Plan, Statement, Step
from .records import frozen
from .risks import KINDS, Risk, reshaped, risks
from .script import code

_PREPARE = "before the first step"
_CONTEXT = 3


@frozen
class Change:
    """A statement that is new (`old` is empty), gone (`new` is empty) or changed, and what the new one risks."""

    old: str
    new: str
    risks: tuple[Risk, ...]


@frozen
class StepChange:
    """What changes in a step; `name` is in the user's words."""

    name: str
    kind: Literal["new", "changed", "gone"]
    changes: tuple[Change, ...]


def changes(old: Plan | None, new: Plan) -> tuple[StepChange, ...]:
    """Return the steps whose statements differ, in the order of the plan; those that are gone come last."""
    before = {} if old is None else {step.name: step for step in (*old.hooks, *old.steps)}
    found = [_compared(_PREPARE, _texts(old.prepare) if old else None, _texts(new.prepare), frozenset())]
    for step in (*new.hooks, *new.steps):
        former = before.pop(step.name, None)
        found.append(_compared(f"`{step.name}`", _said(former) if former else None, _said(step), _own(step, former)))
    gone = [StepChange(f"`{name}`", "gone", ()) for name in before]
    return (*(each for each in found if each.changes), *gone)


def _said(step: Step) -> tuple[str, ...]:
    """Return what a step does: the files that are written before it, and its statements."""
    files = tuple(f"-- file {file.url}\n{file.content.rstrip()}" for file in step.files)
    sent = (each for transaction in step.transactions for each in (*transaction.statements, *transaction.ledger))
    return (*files, *_texts(tuple(sent)))


def _texts(statements: Sequence[Statement]) -> tuple[str, ...]:
    return tuple(masked(statement.sql) for statement in statements)


def _own(step: Step, former: Step | None) -> frozenset[str]:
    """Return the tables whose rows cannot be missed: temporary ones, and the one of a step that is new."""
    created = (_TEMPORARY.match(code(text)) for text in _said(step))
    temporary = {match[1].strip('"') for match in created if match}
    return frozenset(temporary if former else {*temporary, step.name})


_TEMPORARY = re.compile(r"\s*CREATE\s+TEMP(?:ORARY)?\s+TABLE\s+(\S+)", re.IGNORECASE)
_TARGET = re.compile(
    r"\s*(?:DELETE\s+FROM|UPDATE|TRUNCATE(?:\s+TABLE)?|DROP\s+TABLE(?:\s+IF\s+EXISTS)?|ALTER\s+TABLE|MERGE\s+INTO)\s+(\S+)",
    re.IGNORECASE,
)


def _target(statement: str) -> str:
    """Return the name of the table that a statement changes, without its schema."""
    match = _TARGET.match(code(statement))
    return match[1].rpartition(".")[2] if match else ""


def _compared(name: str, old: tuple[str, ...] | None, new: tuple[str, ...], own: frozenset[str]) -> StepChange:
    found: list[Change] = []
    former = old or ()
    for kind, i, j, k, m in SequenceMatcher(None, former, new, autojunk=False).get_opcodes():
        if kind != "equal":
            found += _paired(former[i:j], new[k:m], own)
    return StepChange(name, "new" if old is None else "changed", tuple(found))


def _paired(old: Sequence[str], new: Sequence[str], own: frozenset[str]) -> Iterator[Change]:
    """Yield the changes of a stretch: a statement that begins as a former one did is that one, changed."""
    left = list(old)
    for text in new:
        former = next((each for each in left if _head(each) == _head(text)), "")
        if former:
            yield from (Change(gone, "", ()) for gone in left[: left.index(former)])
            del left[: left.index(former) + 1]
        yield Change(former, text, tuple(_risks(former, text, own)))
    yield from (Change(gone, "", ()) for gone in left)


def _head(statement: str) -> str:
    """Return how a statement begins: what it does, and to which table."""
    first = next((line for line in statement.split("\n") if line.strip() and not line.startswith("--")), "")
    return first.partition("(")[0].partition(" IS ")[0].strip() or statement.partition("-")[0]


def _risks(old: str, new: str, own: frozenset[str]) -> Iterator[Risk]:
    if new.startswith("-- file "):
        return
    if _target(new).strip('"') not in own:
        yield from risks(new)
    if old and _head(new).startswith("CREATE TABLE"):
        yield from reshaped(old, new)


# --- Markdown --------------------------------------------------------------------------------------------------------


def changes_markdown(found: Sequence[StepChange], pipeline: str, ref: str, target: str) -> Iterator[str]:
    """Yield the lines of a comment for a pull request."""
    yield f"## SQL of `{pipeline}` against `{ref}`"
    yield ""
    if not found:
        yield f"No statement changes (target `{target}`)."
        return
    yield f"Target `{target}`, steps: {_counted(found)}."
    yield ""
    yield "| step | | statements | risk |"
    yield "|---|---|---|---|"
    for step in found:
        kinds = {risk.kind for change in step.changes for risk in change.risks}
        marks = ", ".join(f"**{said}**" for kind, said in KINDS.items() if kind in kinds)
        yield f"| {step.name} | {step.kind} | {len(step.changes) or ''} | {marks} |"
    for step in found:
        yield ""
        yield f"### {step.name}: {step.kind}"
        if step.kind == "gone":
            yield ""
            yield "Its table stays as it is in the warehouse; nothing fills it any more."
        for change in step.changes:
            yield ""
            yield from _change(change)


def _counted(found: Sequence[StepChange]) -> str:
    kinds = [step.kind for step in found]
    said = (f"{kinds.count(kind)} {kind}" for kind in ("changed", "new", "gone") if kind in kinds)
    return ", ".join(said)


def _change(change: Change) -> Iterator[str]:
    for risk in change.risks:
        yield f"- **{KINDS[risk.kind]}**: {risk.why}"
    if change.risks:
        yield ""
    lines = [f"+{line}" for line in change.new.split("\n")]
    if change.old and change.new:
        old, new = change.old.split("\n"), change.new.split("\n")
        lines = list(unified_diff(old, new, n=_CONTEXT, lineterm=""))[2:]
    elif change.old:
        lines = [f"-{line}" for line in change.old.split("\n")]
    longest = max(map(len, re.findall("`+", "".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}diff"
    yield from lines
    yield fence
