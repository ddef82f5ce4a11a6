"""The text of a statement, as far as a server must read it: what kind it is, and where its parameters stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..errors import WarehouseError
from ..script import first_word, parts

_WORD = re.compile(r"[()]|[a-z_]\w*", re.IGNORECASE)
_ROWS = frozenset({"select", "with", "values", "show", "explain", "describe", "desc", "fetch"})
_CURSOR = re.compile(r"(\"[^\"]+\"|\w+)\s*;?\s*$")
_TOP = re.compile(r"top\s+\d+\b", re.IGNORECASE)


def parameter_count(sql: str) -> int:
    """Return the highest n of the parameters $n in `sql`; those of PREPARE are its own.

    Errors: WarehouseError 42601 for text that has no end.
    """
    if "$" not in sql or first_word(sql) == "prepare":
        return 0
    return max((int(part[1:]) for kind, part in _parts(sql) if kind == "number"), default=0)


def substitute(sql: str, literals: Sequence[str]) -> str:
    """Return `sql` with the n-th of `literals` for each $n outside of texts, quoted names and comments.

    Errors: WarehouseError 08P01 if a literal is missing, 42601 for text that has no end.
    """
    return "".join(_literal(part, literals) if kind == "number" else part for kind, part in _parts(sql))


def _literal(part: str, literals: Sequence[str]) -> str:
    number = int(part[1:])
    if not 1 <= number <= len(literals):
        raise WarehouseError(f"there is no parameter ${number}", sqlstate="42P02")
    return literals[number - 1]


def _words(sql: str) -> list[tuple[str, int]]:
    """Return the words of `sql` in lower case that stand outside of texts, comments and parentheses, and where.

    A parenthesis around the whole of a query does not count: '(SELECT 1) UNION …' begins with select.
    """
    bare = "".join(part if kind == "code" else " " * len(part) for kind, part in _parts(sql))
    found: list[tuple[str, int]] = []
    depth = 0
    for match in _WORD.finditer(bare):
        token = match[0].lower()
        if token in "()":
            depth += 1 if token == "(" else -1
        elif depth == 0 or not found:
            found.append((token, match.start()))
    return found


def gives_rows(sql: str) -> bool:
    """Return whether running `sql` gives a result set. SELECT INTO makes a table instead."""
    if first_word(sql) not in _ROWS:
        return False
    found = [word for word, _ in _words(sql)]
    if found[0] == "with":
        return next((word for word in found if word in ("select", "insert", "update", "delete")), "select") == "select"
    return found[0] != "select" or "into" not in found


def probe(sql: str) -> str:
    """Return a statement that has the columns of `sql`, which gives rows, and does next to nothing.

    The LIMIT takes the place of the query's own. A query around it would not do: it cannot name columns alike.
    """
    found = _words(sql)
    if found[0][0] == "fetch" and (cursor := _CURSOR.search(sql)) is not None:
        return f"FETCH FORWARD 0 FROM {cursor[1]}"  # the row where the cursor stands, and it stays there
    if found[0][0] not in ("select", "with", "values"):
        return sql  # SHOW and EXPLAIN only look
    for word, at in found:
        if word == "top" and (number := _TOP.match(sql, at)) is not None:
            return f"{sql[:at]}TOP 0{sql[number.end() :]}"
        if word in ("limit", "offset"):
            return f"{sql[:at]}LIMIT 0"
    return f"{sql}\nLIMIT 0"


def _parts(sql: str) -> Iterator[tuple[str, str]]:
    """Yield the text in parts: code, quoted, comment, number (of a parameter). Errors: 42601 for what has no end."""
    for part in parts(sql):
        if part.kind == "open":
            what = "comment" if sql.startswith("/*", part.start) else "quoted text"
            near = sql[part.start : part.start + 20]
            raise WarehouseError(f"unterminated {what} at or near {near}", sqlstate="42601")
        yield "code" if part.kind == "end" else part.kind, sql[part.start : part.stop]
