"""What a statement risks: rows and columns that are lost, tables that are rewritten, locks that others wait for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from .records import frozen
from .script import code

Kind = Literal["destructive", "rewrites", "locks"]
KINDS: dict[Kind, str] = {
    "destructive": "destructive", "rewrites": "rewrites a table", "locks": "takes locks",
}  # fmt: skip


@frozen
class Risk:
    kind: Kind
    why: str


_LOCKED = "others wait for its exclusive lock, also who reads"
_RULES: tuple[tuple[str, Kind, str], ...] = (
    (r"DROP (?!COLUMN)", "destructive", "what it drops is gone"),
    (r"TRUNCATE ", "destructive", "all rows go, and the transaction is committed"),
    (r"DELETE (?:FROM )?(?!.* (?:WHERE|USING) )", "destructive", "all rows go"),
    (r"DELETE .* (?:WHERE|USING) ", "destructive", "rows go"),
    (r"MERGE .* THEN DELETE", "destructive", "rows go"),
    (r"ALTER TABLE .* DROP (?:COLUMN )?", "destructive", "the column and its values are gone"),
    (r"ALTER TABLE .* APPEND FROM ", "destructive", "the rows leave the other table, and nothing brings them back"),
    (r"UPDATE (?!.* WHERE )", "rewrites", "every row is written anew"),
    (r"UPDATE .* WHERE ", "rewrites", "the rows that it finds are written anew"),
    (r"MERGE .* THEN UPDATE", "rewrites", "the rows that match are written anew"),
    (r"VACUUM\b", "rewrites", "rows are moved and sorted"),
    (r"ALTER TABLE .* ALTER (?:DISTKEY|DISTSTYLE|SORTKEY|COMPOUND|ENCODE|COLUMN .* ENCODE)", "rewrites",
     "the table is laid out anew"),
    (r"ALTER TABLE .* RENAME TO ", "rewrites", "another table takes the name"),
    (r"ALTER TABLE ", "locks", _LOCKED),
    (r"DROP (?:TABLE|VIEW|MATERIALIZED)", "locks", _LOCKED),
    (r"TRUNCATE ", "locks", _LOCKED),
    (r"LOCK ", "locks", _LOCKED),
)  # fmt: skip
# Source: https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html and r_ALTER_TABLE.html
_COMPILED = tuple((re.compile(pattern), kind, why) for pattern, kind, why in _RULES)


def risks(statement: str) -> tuple[Risk, ...]:
    """Return what a statement risks, the gravest first; what it says in texts and comments does not count."""
    said = " ".join(code(statement).upper().split()) + " "
    return tuple(Risk(kind, why) for rule, kind, why in _COMPILED if rule.match(said))


def reshaped(old: str, new: str) -> Iterator[Risk]:
    """Yield what it takes to make a table that is there like a CREATE TABLE that has changed.

    A CREATE TABLE IF NOT EXISTS changes no table that is there; that is for the change itself to bring.
    """
    before, after = _columns(old), _columns(new)
    for name in before:
        if name not in after:
            yield Risk("destructive", f"the column {name} and its values are gone, once the table has this shape")
    retyped = [name for name, type_ in before.items() if after.get(name, type_) != type_]
    if retyped:
        yield Risk("rewrites", f"{', '.join(retyped)}: the values are written anew, once the table has this shape")
    if _attributes(old) != _attributes(new):
        yield Risk("rewrites", "the table is laid out anew, once it has this shape")
    if before != after:
        yield Risk("locks", _LOCKED)


_COLUMN = re.compile(r'^    ("(?:[^"]|"")+"|[^\s(]+)\s+(.*?),?$', re.MULTILINE)
_NO_COLUMN = ("PRIMARY", "FOREIGN", "UNIQUE")


def _columns(create: str) -> dict[str, str]:
    """Return the columns of a CREATE TABLE as the template lays them out: a line each."""
    body = create.partition("(\n")[2].partition("\n)")[0]
    return {name: " ".join(rest.split()) for name, rest in _COLUMN.findall(body) if name not in _NO_COLUMN}


def _attributes(create: str) -> str:
    return create.rpartition("\n)")[2]
