"""Where a script's statements begin and end, and what in a statement is text, name, comment or code.

Source: https://www.postgresql.org/docs/current/sql-syntax-lexical.html, which Redshift follows: comments nest, and a
backslash escapes in a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from .records import frozen

_MARK = re.compile(
    r"""(?=['"$/;-])(?:  # looking at one character first takes an eighth of the time
        (?P<quoted>'(?:[^'\\]|\\.|'')*+' | "(?:[^"]|"")*+" | (?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$)
      | (?P<comment>--[^\n]*)
      | (?P<block>/\*)
      | (?P<end>;)
      | (?<![\w$])\$(?P<number>\d{1,5})
      | (?P<open>['"] | (?<![\w$])\$(?:[A-Za-z_]\w*)?\$))""",
    re.VERBOSE | re.DOTALL,
)
_BLOCK_EDGE = re.compile(r"/\*|\*/")
_FIRST_WORD = re.compile(r"(?:[\s(;]|--[^\n]*+)*+([a-z_]\w*)", re.IGNORECASE)
_SAID = re.compile(r"[^\n]")
_OPENING = re.compile(r"[\s(;]*")

Kind = Literal["code", "quoted", "comment", "number", "end", "open"]


class Part(NamedTuple):
    """A piece of SQL, from offset `start` to `stop`.

    'number' is a parameter $n, 'end' a semicolon, 'open' a quote or a comment that has no end, with all behind it.
    """

    kind: Kind
    start: int
    stop: int


@frozen
class Written:
    """A statement of a script as written, without its semicolon, and at which offset of the script it begins."""

    text: str
    start: int


def parts(sql: str) -> Iterator[Part]:
    """Yield the parts of `sql`, which together are all of it."""
    at = 0
    while (match := _MARK.search(sql, at)) is not None:
        start, stop = match.span()
        kind: Kind = "quoted"
        if match.lastgroup == "block":
            closing = _block_stop(sql, stop)
            kind, stop = ("comment", closing) if closing else ("open", len(sql))
        elif match.lastgroup == "open":
            kind, stop = "open", len(sql)
        elif match.lastgroup in ("comment", "end", "number"):
            kind = match.lastgroup  # type: ignore[assignment]
        if start > at:
            yield Part("code", at, start)
        yield Part(kind, start, stop)
        at = stop
    if at < len(sql):
        yield Part("code", at, len(sql))


def _block_stop(sql: str, at: int) -> int:
    """Return where a comment ends whose inside begins at `at`; 0 if it does not. Comments nest."""
    depth = 1
    while depth:
        edge = _BLOCK_EDGE.search(sql, at)
        if edge is None:
            return 0
        depth += 1 if edge[0] == "/*" else -1
        at = edge.end()
    return at


def split(script: str) -> Iterator[Written]:
    """Yield the statements of a script, without the blanks around them; comments before one belong to it.

    A semicolon in text, in a quoted name or in a comment ends nothing. What is only a comment is no statement.
    """
    start, says_something = 0, False
    for part in parts(script):
        if part.kind == "end":
            if says_something:
                yield _written(script, start, part.start)
            start, says_something = part.stop, False
        elif part.kind != "comment" and not says_something:
            says_something = part.kind != "code" or not script[part.start : part.stop].isspace()
    if says_something:
        yield _written(script, start, len(script))


def _written(script: str, start: int, stop: int) -> Written:
    text = script[start:stop]
    return Written(text.strip(), start + len(text) - len(text.lstrip()))


def statements(script: str) -> tuple[str, ...]:
    """Return the texts of the statements of a script, as `split` finds them."""
    return tuple(written.text for written in split(script))


def unclosed(sql: str) -> int | None:
    """Return where a quote or a comment begins that has no end; None if all have one."""
    return next((part.start for part in parts(sql) if part.kind == "open"), None)


def first_word(sql: str) -> str:
    """Return the word that says what kind of statement `sql` is, in lower case; empty if there is none.

    What stands before it: comments, semicolons, and parentheses as in '(SELECT 1) UNION …'.
    """
    match = _FIRST_WORD.match(sql)
    if match is None and "/*" in sql:
        match = _FIRST_WORD.match(sql, code_start(sql))
    return match[1].lower() if match is not None else ""


def code_start(sql: str) -> int:
    """Return where `sql` begins to say something: behind its comments and blanks."""
    for part in parts(sql):
        if part.kind == "comment":
            continue
        blanks = _OPENING.match(sql, part.start, part.stop)
        at = blanks.end() if blanks is not None else part.start
        if at < part.stop:
            return at
    return len(sql)


def closed(statement: str) -> str:
    """Return `statement` so that a semicolon may follow: on a new line after a comment, which would swallow it."""
    last = statement[statement.rfind("\n") + 1 :]
    if "--" not in last:
        return statement
    *_, final = parts(statement)
    ends_in_comment = final.kind == "comment" and statement.startswith("--", final.start)
    return statement + "\n" if ends_in_comment else statement


def code(script: str) -> str:
    """Return SQL without what its comments and texts say; each character stays where it was."""
    return "".join(_silent(script[part.start : part.stop], part.kind) for part in parts(script))


def _silent(text: str, kind: Kind) -> str:
    if kind == "quoted" and text.startswith("'"):
        return f"'{_SAID.sub(' ', text[1:-1])}'"
    return _SAID.sub(" ", text) if kind == "comment" else text
