"""Statements of hooks and of templates beside the pipeline: what a transaction does not take, what drops too much."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import frozen
from ..script import code
from ..sql import InvalidSql, read_select

BREAKS_TRANSACTION = "breaks-transaction"
_START = r"(?:\A|[;\0])\s*"
_RULES = tuple(
    (rule, re.compile(_START + pattern, re.IGNORECASE), message, hint)
    for rule, pattern, message, hint in (
        (BREAKS_TRANSACTION, r"(TRUNCATE)\b", "TRUNCATE commits the transaction of its step", "write DELETE FROM"),
        (BREAKS_TRANSACTION, r"(VACUUM)\b", "VACUUM cannot run in the transaction of a step",
         "send it apart from the pipeline; Redshift also does it by itself"),
        (BREAKS_TRANSACTION, r"ALTER\s+TABLE\s+\S+\s+ALTER\s+(?:COLUMN\s+)?\S+\s+(TYPE)\b",
         "ALTER COLUMN … TYPE cannot run in the transaction of a step", "send it apart from the pipeline"),
        (BREAKS_TRANSACTION, r"ALTER\s+TABLE\s+\S+\s+(APPEND)\b",
         "ALTER TABLE … APPEND cannot run in the transaction of a step", "write INSERT INTO … SELECT, and DELETE"),
        (BREAKS_TRANSACTION, r"((?:CREATE|DROP)\s+(?:DATABASE|EXTERNAL\s+TABLE))\b",
         "this cannot run in the transaction of a step", "send it apart from the pipeline"),
        ("drop-cascade", r"DROP\b[^;]*?\b(CASCADE)\b", "CASCADE drops all that depends on it, and names none of it",
         "drop by name what depends on it, or leave CASCADE out to be told what does"),
    )
)  # fmt: skip
_LATE_BOUND = re.compile(
    r"\bCREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+[^;]*?\bAS\b\s*\(?([^;]*?)\)?\s*WITH\s+NO\s+SCHEMA\s+BINDING", re.IGNORECASE
)


@frozen
class Finding:
    """Something that a rule says of a script, and where: from 1, in characters."""

    rule: str
    message: str
    hint: str
    line: int
    column: int
    width: int


def findings(script: str) -> Iterator[Finding]:
    """Yield what is said of the statements of a script."""
    said = code(script)
    for rule, pattern, message, hint in _RULES:
        for match in pattern.finditer(said):
            yield _finding(rule, message, hint, said, match.start(1), match.end(1))
    for match in _LATE_BOUND.finditer(said):
        yield from _unqualified(said, match.start(1), match[1])


def takes_no_transaction(statement: str) -> bool:
    """Tell whether Redshift commits before a statement, or refuses it within a transaction."""
    return any(each.rule == BREAKS_TRANSACTION for each in findings(statement))


def _unqualified(script: str, start: int, query: str) -> Iterator[Finding]:
    try:
        relations = read_select(query).relations
    except InvalidSql:
        return
    for relation in relations:
        if not relation.schema:
            before = sum(len(line) + 1 for line in query.split("\n")[: relation.line - 1])
            place = start + before + relation.column - 1
            message = f"a view that is bound late must name the schema of '{relation.name}'"
            hint = f"write schema.{relation.name}"
            yield _finding("late-binding-name", message, hint, script, place, place + len(relation.name))


def _finding(rule: str, message: str, hint: str, script: str, start: int, end: int) -> Finding:
    line, begin = script.count("\n", 0, start) + 1, script.rfind("\n", 0, start) + 1
    return Finding(rule, message, hint, line, start - begin + 1, end - start)


_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def without_jinja(template: str) -> str:
    """Return the SQL of a template, each character where it was: a name for what is put in, nothing for tags."""
    return _JINJA.sub(_blank, template)


def _blank(match: re.Match[str]) -> str:
    if match[0].startswith("{{"):
        return ("q." + "x" * len(match[0]))[: len(match[0])]  # a name with its schema, as `relation` is
    blank = re.sub(r"[^\n]", " ", match[0])
    # A tag may put in whole statements, so that another one begins behind it.
    return "\0" + blank[1:] if match[0].startswith("{%") else blank
