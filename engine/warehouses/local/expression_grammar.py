"""Redshift's expressions by the power of their operators: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_expressions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from . import syntax as s
from .keywords import RESERVED
from .rewriting import PRIOR
from .term_grammar import parse_parentheses, parse_postfix
from .tokens import Reader, Token

_COMPARISONS = {"=", "<>", "!=", "<", ">", "<=", ">="}

_POWERS = {
    "=": 4, "<>": 4, "!=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4,
    "~": 6, "!~": 6, "~*": 6, "!~*": 6, "~~": 6, "!~~": 6, "~~*": 6, "!~~*": 6,
    "||": 6, "&": 6, "|": 6, "#": 6, "<<": 6, ">>": 6,
    "+": 7, "-": 7, "*": 8, "/": 8, "%": 8, "^": 9,
}  # fmt: skip

_WORD_POWERS = {
    "or": 1, "and": 2, "is": 4, "isnull": 4, "notnull": 4,
    "between": 5, "in": 5, "like": 5, "ilike": 5, "similar": 5, "not": 5, "at": 10, "collate": 10, "operator": 6,
}  # fmt: skip

_MATCHES = {"~": "~", "!~": "~", "~*": "~*", "!~*": "~*", "~~": "like", "!~~": "like", "~~*": "ilike", "!~~*": "ilike"}

_NEGATED = ("between", "in", "like", "ilike", "similar")


def parse_expression(reader: Reader, power: int = 0) -> s.Expression:
    """Read an expression whose operators bind tighter than `power`."""
    start = reader.token.start
    left = _prefix(reader)
    if left.start < 0:
        left.start, left.end = start, reader.tokens[reader.where - 1].end
    while True:
        token = reader.token
        if token.kind == "op":
            binds = _POWERS.get(token.value, 0)
        elif token.kind == "word":
            binds = _WORD_POWERS.get(token.value, 0)
            if token.value == "not" and reader.look().value not in _NEGATED:
                return left  # DEFAULT 1 NOT NULL
        else:
            return left
        if binds <= power:
            return left
        if token.kind == "op":
            left = _symbol(reader, left, binds)
        else:
            left = (_operator if token.value == "operator" else _word)(reader, left, binds)
        left.start, left.end = start, reader.tokens[reader.where - 1].end


def _operator(reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    """x OPERATOR (pg_catalog.~) y, as psql writes it: an operator by its full name."""
    reader.advance()
    reader.expect_op("(")
    if reader.take("pg_catalog"):
        reader.expect_op(".")
    if reader.token.value not in _POWERS or reader.look().value != ")":
        raise reader.error("expected an operator")
    op = reader.advance().value
    reader.expect_op(")")
    return _applied(op, reader, left, binds)


def _symbol(reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    return _applied(reader.advance().value, reader, left, binds)


def _applied(op: str, reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    op = "<>" if op == "!=" else op
    if op in _MATCHES:
        match = s.Match(_MATCHES[op], left, parse_expression(reader, binds))  # type: ignore[arg-type]
        return s.Unary("not", match) if op.startswith("!") else match
    if op in _COMPARISONS and (reader.at("any") or reader.at("some") or reader.at("all")):
        every = reader.advance().value == "all"
        if not (reader.at_op("(") and reader.look().value in ("select", "with", "(")):
            return s.InArray(op, left, every, parse_parentheses(reader))
        return s.Quantified(op, left, every, reader.query_in_parentheses())
    return s.Binary(op, left, parse_expression(reader, binds - 1 if op == "=" else binds))


def _word(reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    word = reader.advance().value
    if word in ("or", "and"):
        return s.Binary(word, left, parse_expression(reader, binds))
    if word == "not":
        return s.Unary("not", _word(reader, left, binds))
    if word == "is":
        return _is(reader, left)
    if word in ("isnull", "notnull"):
        is_null = s.Is(left, None)
        return is_null if word == "isnull" else s.Unary("not", is_null)
    return _WORDS[word](reader, left)


def _is(reader: Reader, left: s.Expression) -> s.Expression:
    negated = reader.take("not")
    for word, what in (("null", None), ("true", True), ("false", False), ("unknown", "unknown")):
        if reader.take(word):
            found = s.Is(left, what)  # type: ignore[arg-type]
            return s.Unary("not", found) if negated else found
    raise reader.error("expected NULL, TRUE, FALSE or UNKNOWN")


def _between(reader: Reader, left: s.Expression) -> s.Expression:
    low = parse_expression(reader, 5)
    reader.expect("and")
    return s.Between(left, low, parse_expression(reader, 5))


def _in(reader: Reader, left: s.Expression) -> s.Expression:
    if reader.at_op("(") and reader.look().value in ("select", "with") and reader.look().kind == "word":
        return s.In(left, reader.query_in_parentheses())
    return s.In(left, reader.expressions_in_parentheses())


def _match(kind: Literal["like", "ilike", "similar"]) -> Callable[[Reader, s.Expression], s.Expression]:
    def read(reader: Reader, left: s.Expression) -> s.Expression:
        if kind == "similar":
            reader.expect("to")
        pattern = parse_expression(reader, 5)
        escape = parse_expression(reader, 5) if reader.take("escape") else None
        return s.Match(kind, left, pattern, escape)

    return read


def _at_time_zone(reader: Reader, left: s.Expression) -> s.Expression:
    reader.expect("time", "zone")
    return s.AtTimeZone(left, parse_expression(reader, 10))


def _collate(reader: Reader, left: s.Expression) -> s.Expression:
    return s.Collate(left, reader.any_name("a collation"))


_WORDS = {
    "between": _between, "in": _in, "like": _match("like"), "ilike": _match("ilike"), "similar": _match("similar"),
    "at": _at_time_zone, "collate": _collate,
}  # fmt: skip


def _prefix(reader: Reader) -> s.Expression:
    token = reader.token
    if token.kind == "op":
        if token.value in ("-", "+"):
            reader.advance()
            value = parse_expression(reader, 11)
            return value if token.value == "+" else s.Unary("-", value)
        if token.value in ("~", "@", "|/", "||/"):
            reader.advance()
            return s.Unary(token.value, parse_expression(reader, 6))
    elif token.kind == "word" and token.value == "not":
        reader.advance()
        return s.Unary("not", parse_expression(reader, 3))
    elif token.kind == "word" and token.value == PRIOR and _names_a_column(reader.look()):
        reader.advance()
        return s.Unary(PRIOR, parse_postfix(reader))
    return parse_postfix(reader)


def _names_a_column(token: Token) -> bool:
    return token.kind == "name" or (token.kind == "word" and token.value not in RESERVED)
