"""What stands between the operators of Redshift's expressions: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_expressions.html
"""

from __future__ import annotations

from collections.abc import Callable

from ...datatypes import parse_type
from ...errors import WarehouseError
from . import syntax as s
from .call_grammar import parse_call, parse_named_call
from .keywords import RESERVED
from .rewriting import OUTER
from .tokens import Reader
from .type_grammar import interval_fields, parse_data_type

_NO_PARENTHESES = (
    "current_date current_time current_timestamp current_user current_user_id localtime localtimestamp session_user "
    "sysdate user".split()
)

_TYPED_STRINGS = frozenset(["date", "time", "timetz", "timestamp", "timestamptz"])


def parse_postfix(reader: Reader) -> s.Expression:
    value = parse_primary(reader)
    while True:
        if reader.at_op("(") and reader.look().value == "+" and reader.look(2).value == ")":
            for _ in range(3):
                reader.advance()
            return s.Unary(OUTER, value)
        if reader.take_op("::"):
            value = parse_cast(reader, value)
        elif reader.at_op("[") or reader.at_op("."):
            path = tuple(parse_steps(reader))
            if not path:
                raise reader.error()
            value = s.Name(value.parts + path) if isinstance(value, s.Name) else s.Step(value, path)
            if reader.at_op("(") and isinstance(value, s.Name) and value.parts[:-1] == ("pg_catalog",):
                value = parse_named_call(reader, str(value.parts[-1]))
        else:
            return value


# Types of the catalog, which no column of a user's table has, as what they are kept as.
_CATALOG_TYPES = {"name": "varchar(128)", "oid": "integer", "regproc": "varchar(128)"}


def parse_cast(reader: Reader, value: s.Expression, attempt: bool = False) -> s.Expression:
    """Read the type of a cast."""
    if reader.at("pg_catalog") and reader.look().value == ".":
        reader.advance()
        reader.advance()
    if reader.take("regclass") or reader.take("regtype"):
        return s.Call(reader.tokens[reader.where - 1].value, (value,))
    for name, kept in _CATALOG_TYPES.items():
        if reader.take(name):
            return s.Cast(value, parse_type(kept), attempt)
    return s.Cast(value, parse_data_type(reader), attempt)


def parse_steps(reader: Reader) -> list[str | int | s.Expression]:
    steps: list[str | int | s.Expression] = []
    while True:
        if reader.at_op(".") and reader.look().kind in ("word", "name"):
            reader.advance()
            steps.append(reader.any_name("a column"))
        elif reader.at_op(".") and reader.look().value == "*" and reader.look().kind == "op":
            reader.advance()
            steps.append(reader.advance().value)
            return steps
        elif reader.take_op("["):
            steps.append(_index(reader))
            reader.expect_op("]")
        else:
            return steps


def _index(reader: Reader) -> str | int | s.Expression:
    value = reader.expression()
    if isinstance(value, s.Number) and value.text.isdigit():
        return int(value.text)
    return value.value if isinstance(value, s.Text) else value


def parse_primary(reader: Reader) -> s.Expression:
    token = reader.token
    if token.kind == "number":
        reader.advance()
        return s.Number(token.value)
    if token.kind == "string":
        return _string(reader)
    if token.kind == "body":
        return s.Text(reader.advance().value)
    if token.kind == "op" and token.value == "(":
        return parse_parentheses(reader)
    if token.kind == "parameter":
        reader.advance()
        return s.Name((token.value,))
    if token.kind == "name":
        return _name_or_call(reader)
    if token.kind == "word":
        special = _SPECIAL.get(token.value)
        if special is not None:
            found = special(reader)
            if found is not None:
                return found
        if token.value in RESERVED and not (
            reader.look().value == "("
            and reader.look().kind == "op"
            and token.value in ("left", "right", "isnull", "collate")
        ):
            raise reader.error()
        return _name_or_call(reader)
    raise reader.error()


def _string(reader: Reader) -> s.Expression:
    token = reader.advance()
    value = token.value
    while reader.token.kind == "string" and "\n" in reader.sql[token.end : reader.token.start]:
        token = reader.advance()
        value += token.value
    return s.Text(value)


def parse_parentheses(reader: Reader) -> s.Expression:
    following = reader.look()
    if following.kind == "word" and following.value in ("select", "with"):
        return s.Scalar(reader.query_in_parentheses())
    if following.value == "(":
        where = reader.where
        try:
            values = reader.expressions_in_parentheses()
        except WarehouseError:
            reader.rewind(where)
            return s.Scalar(reader.query_in_parentheses())
        if len(values) == 1 and isinstance(values[0], s.Scalar) and reader.tokens[reader.where - 1].value == ")":
            return values[0]
    else:
        values = reader.expressions_in_parentheses()
    return values[0] if len(values) == 1 else s.Row(values)


def _name_or_call(reader: Reader) -> s.Expression:
    token = reader.advance()
    if not reader.at_op("("):
        if token.kind == "word" and token.value in _TYPED_STRINGS and reader.token.kind == "string":
            return s.Cast(_string(reader), parse_type(token.value))
        return s.Name((token.value,))
    return parse_named_call(reader, token.value)


def _case(reader: Reader) -> s.Expression:
    reader.advance()
    value = None if reader.at("when") else reader.expression()
    whens = []
    while reader.take("when"):
        condition = reader.expression()
        reader.expect("then")
        whens.append((condition, reader.expression()))
    if not whens:
        raise reader.error("expected WHEN")
    otherwise = reader.expression() if reader.take("else") else None
    reader.expect("end")
    return s.Case(value, tuple(whens), otherwise)


def _cast(reader: Reader) -> s.Expression:
    attempt = reader.advance().value == "try_cast"
    reader.expect_op("(")
    value = reader.expression()
    reader.expect("as")
    found = parse_cast(reader, value, attempt)
    reader.expect_op(")")
    return found


def _interval(reader: Reader) -> s.Expression | None:
    if reader.look().kind != "string":
        return None
    reader.advance()
    return s.Interval(reader.string(), interval_fields(reader))


def _typed_time(reader: Reader) -> s.Expression | None:
    """TIMESTAMP '…' and TIMESTAMP WITH TIME ZONE '…'."""
    where = reader.where
    follows = reader.look()
    if follows.kind == "string" or (follows.kind == "word" and follows.value in ("with", "without")):
        type_ = parse_data_type(reader)
        if reader.token.kind == "string":
            return s.Cast(_string(reader), type_)
    reader.rewind(where)
    return None


def _constant(value: bool | None, default: bool = False) -> Callable[[Reader], s.Expression]:
    def read(reader: Reader) -> s.Expression:
        reader.advance()
        return s.Constant(value, default)

    return read


def _exists(reader: Reader) -> s.Expression | None:
    if reader.look().value != "(":
        return None
    reader.advance()
    return s.Exists(reader.query_in_parentheses())


def _bare_call(reader: Reader) -> s.Expression:
    name = reader.advance().value
    if reader.at_op("(") and reader.look().value == ")":
        reader.advance()
        reader.advance()
    return s.Call(name)


def _approximate(reader: Reader) -> s.Expression | None:
    if reader.look().kind != "word":
        return None
    reader.advance()
    call = _name_or_call(reader)
    if not isinstance(call, s.Call) or call.name not in ("count", "percentile_disc"):
        raise reader.error("APPROXIMATE goes with COUNT(DISTINCT …) and PERCENTILE_DISC")
    call.approximate = True
    return call


def _array(reader: Reader) -> s.Expression | None:
    if reader.look().value == "[":
        reader.advance()
        reader.advance()
        values = () if reader.at_op("]") else reader.expressions()
        reader.expect_op("]")
        return s.Array(values)
    reader.advance()
    return parse_call(reader, "array") if reader.at_op("(") else s.Name(("array",))


def _national(reader: Reader) -> s.Expression | None:
    """E'…', whose escapes every string has, and N'…'."""
    if reader.look().kind == "string" and reader.look().start == reader.token.end:
        reader.advance()
        return _string(reader)
    return None


_SPECIAL = {
    "case": _case, "cast": _cast, "try_cast": _cast, "interval": _interval, "timestamp": _typed_time,
    "time": _typed_time, "null": _constant(None), "true": _constant(True), "false": _constant(False),
    "default": _constant(None, True), "exists": _exists, "approximate": _approximate, "array": _array,
    "e": _national, "n": _national, "oid": _name_or_call, **dict.fromkeys(_NO_PARENTHESES, _bare_call),
}  # fmt: skip
