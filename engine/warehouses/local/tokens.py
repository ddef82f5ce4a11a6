"""Redshift SQL text -> tokens, and the reader that walks them.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html, r_pg_keywords.html
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from ...errors import WarehouseError
from . import syntax as s
from .keywords import RESERVED

T = TypeVar("T")

MAX_NAME_BYTES = 127

_TOKEN = re.compile(
    r"""
      (?:\s++|--[^\n]*+)*+  # possessive: blanks are split in one way only
    (?:
      (?P<comment>/\*)
    | (?P<word>\#?[^\x00-@\[-^`{-\x7f][\w$]*)  # a letter, an underscore, or anything beyond ASCII
    | (?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    | (?P<string>'(?:[^'\\]|''|\\.)*')
    | (?P<name>"(?:[^"]|"")*")
    | (?P<body>\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$)
    | (?P<parameter>\$\d+)
    | (?P<op>::|\|\|/?|\|/|!~~\*|!~~|!~\*|!~|~~\*|~~|~\*|<=|>=|<>|!=|<<|>>|[-+*/%^&|\#@~<>=(),.;:\[\]{}])
    | (?P<end>\Z)
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLANKS = re.compile(r"(?:\s++|--[^\n]*+)*+")
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ESCAPE = re.compile(r"''|\\([0-7]{1,3}|.)", re.DOTALL)
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


class Token(NamedTuple):
    """A piece of a statement.

    `kind` is word, name, number, string, body, parameter, op or end; `value` is what it means: a word in lower
    case, a string without its quotes. `start` and `end` are offsets into the text.
    """

    kind: str
    value: str
    start: int
    end: int


def tokenize(sql: str, exact: bool = False) -> list[Token]:
    """Return the tokens of `sql`, the last of kind 'end'; with `exact`, quoted names keep their case.

    Errors: WarehouseError 42601.
    """
    tokens: list[Token] = []
    position, match = 0, _TOKEN.match
    while found := match(sql, position):
        kind = found.lastgroup or ""
        kind = "body" if kind == "tag" else kind
        start, position = found.span(kind)
        if kind == "comment":
            position = _comment_end(sql, start)
            continue
        value = _value(kind, found[kind]) if kind != "name" or not exact else _unquoted(found[kind])
        tokens.append(Token(kind, value, start, position))
        if kind == "end":
            return tokens
    blanks = _BLANKS.match(sql, position)
    raise _strange_character(sql, blanks.end() if blanks else position)


def _value(kind: str, text: str) -> str:
    if kind == "word":
        return fold(text)
    if kind == "string":
        return text[1:-1] if "\\" not in text and "''" not in text else _ESCAPE.sub(_unescape, text[1:-1])
    if kind == "name":
        return fold(_unquoted(text))
    if kind == "body":
        mark = text.index("$", 1) + 1
        return text[mark:-mark]
    return text


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"')


def _unescape(match: re.Match[str]) -> str:
    escaped = match[1]
    if escaped is None:
        return "'"
    if escaped[0] in "01234567":
        return chr(int(escaped, 8) & 0xFF)
    return _CONTROL.get(escaped, escaped)


def fold(name: str) -> str:
    """Fold a name as Redshift does, quoted or not: ASCII letters only."""
    return name.lower() if name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)


def _comment_end(sql: str, start: int) -> int:
    depth, position = 1, start + 2
    while depth:
        edge = _COMMENT_EDGE.search(sql, position)
        if edge is None:
            raise WarehouseError(f'unterminated /* comment at or near "{sql[start : start + 20]}"', sqlstate="42601")
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position


def _strange_character(sql: str, position: int) -> WarehouseError:
    kinds = {"'": "quoted string", '"': "quoted identifier", "$": "dollar-quoted string"}
    if sql[position] in kinds:
        message = f'unterminated {kinds[sql[position]]} at or near "{sql[position : position + 20]}"'
        return WarehouseError(message, sqlstate="42601", detail=place(sql, position))
    return syntax_error(sql, Token("op", sql[position], position, position + 1))


def place(sql: str, position: int) -> str:
    """Say where `position` is: the line, its text and a caret."""
    start = sql.rfind("\n", 0, position) + 1
    line = sql[start:].split("\n", 1)[0]
    head = f"line {sql.count(chr(10), 0, position) + 1}: "
    return f"{head}{line}\n{' ' * (len(head) + position - start)}^"


def syntax_error(sql: str, token: Token, hint: str = "") -> WarehouseError:
    """Return the error for `token` that stands where it may not."""
    text = sql[token.start : token.end]
    message = "syntax error at end of input" if token.kind == "end" else f'syntax error at or near "{text}"'
    error = WarehouseError(message, sqlstate="42601", detail=place(sql, token.start), hint=hint)
    error.span = (token.start, token.end)
    return error


class Reader(ABC):
    """Walks the tokens of one statement.

    A query stands in an expression and an expression in a query: both are read through the reader, so that no part of
    the grammar needs the parts above it.
    """

    __slots__ = ("sql", "token", "tokens", "where")

    def __init__(self, sql: str, tokens: list[Token] | None = None) -> None:
        self.sql = sql
        self.tokens = tokenize(sql) if tokens is None else tokens
        self.where = 0
        self.token = self.tokens[0]

    def advance(self) -> Token:
        token = self.token
        if self.where < len(self.tokens) - 1:
            self.where += 1
            self.token = self.tokens[self.where]
        return token

    def rewind(self, where: int) -> None:
        self.where, self.token = where, self.tokens[where]

    def look(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.where + ahead, len(self.tokens) - 1)]

    def at(self, *words: str) -> bool:
        """Tell whether the next tokens are these unquoted words."""
        if self.token.value != words[0] or self.token.kind != "word":
            return False
        rest = self.tokens[self.where + 1 : self.where + len(words)]
        return list(words[1:]) == [t.value for t in rest if t.kind == "word"]

    def at_any(self, words: frozenset[str]) -> bool:
        return self.token.kind == "word" and self.token.value in words

    def take(self, *words: str) -> bool:
        if not self.at(*words):
            return False
        for _ in words:
            self.advance()
        return True

    def at_op(self, op: str) -> bool:
        return self.token.value == op and self.token.kind == "op"

    def take_op(self, op: str) -> bool:
        if self.token.value == op and self.token.kind == "op":
            self.advance()
            return True
        return False

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.take(word):
                raise self.error(f"expected {word.upper()}")

    def expect_op(self, op: str) -> None:
        if not self.take_op(op):
            raise self.error(f"expected '{op}'")

    def expect_end(self) -> None:
        """Errors: 42601 where the statement goes on, or where a second one follows."""
        while self.take_op(";"):
            if self.token.kind != "end" and not self.at_op(";"):
                raise second_statement()
        if self.token.kind != "end":
            raise self.error()

    def name(self, what: str = "a name") -> str:
        """Read an identifier, which may not be a reserved word unless it is quoted."""
        token = self.token
        if token.kind == "word" and token.value in RESERVED:
            raise self.error(f'"{token.value}" is a reserved word: write it in double quotes to use it as {what}')
        return self.any_name(what)

    def any_name(self, what: str = "a name") -> str:
        token = self.token
        if token.kind not in ("word", "name"):
            raise self.error(f"expected {what}")
        self.advance()
        return checked_name(token.value)

    def string(self) -> str:
        if self.token.kind not in ("string", "body"):
            raise self.error("expected a string")
        return self.advance().value

    def integer(self) -> int:
        sign = -1 if self.take_op("-") else 1
        if self.token.kind != "number" or not self.token.value.isdigit():
            raise self.error("expected a whole number")
        return sign * int(self.advance().value)

    @abstractmethod
    def expression(self, power: int = 0) -> s.Expression:
        """Read an expression whose operators bind tighter than `power`."""

    @abstractmethod
    def query(self) -> s.Query:
        """Read a query, with its WITH list, up to where it ends."""

    def comma_separated(self, read: Callable[[Reader], T]) -> list[T]:
        found = [read(self)]
        while self.take_op(","):
            found.append(read(self))
        return found

    def expressions(self) -> tuple[s.Expression, ...]:
        return tuple(self.comma_separated(lambda reader: reader.expression()))

    def expressions_in_parentheses(self) -> tuple[s.Expression, ...]:
        self.expect_op("(")
        if self.take_op(")"):
            return ()
        values = self.expressions()
        self.expect_op(")")
        return values

    def query_in_parentheses(self) -> s.Query:
        self.expect_op("(")
        query = self.query()
        self.expect_op(")")
        return query

    def names_in_parentheses(self) -> tuple[str, ...]:
        self.expect_op("(")
        names = self.comma_separated(lambda reader: reader.name("a column"))
        self.expect_op(")")
        return tuple(names)

    def error(self, hint: str = "") -> WarehouseError:
        return syntax_error(self.sql, self.token, hint)


def checked_name(name: str) -> str:
    """Errors: 42602 for an empty name, 42622 for one of more than 127 bytes."""
    if not name:
        raise WarehouseError('zero-length delimited identifier at or near """"', sqlstate="42601")
    if len(name) > 31 and len(name.encode()) > MAX_NAME_BYTES:
        raise WarehouseError(
            f'identifier "{name[:40]}…" is too long',
            sqlstate="42622",
            detail=f"A name has at most {MAX_NAME_BYTES} bytes; this one has {len(name.encode())}.",
        )
    return name


def second_statement() -> WarehouseError:
    return WarehouseError(
        "cannot insert multiple commands into a prepared statement",
        sqlstate="42601",
        hint="send one statement at a time",
    )
