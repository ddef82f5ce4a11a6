"""Calls of Redshift's functions, with their windows and words: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
"""

from __future__ import annotations

from . import syntax as s
from .tokens import Reader
from .type_grammar import parse_data_type


def parse_orders(reader: Reader) -> tuple[s.Order, ...]:
    return tuple(reader.comma_separated(_order))


def _order(reader: Reader) -> s.Order:
    order = s.Order(reader.expression())
    if reader.take("desc"):
        order.descending = True
    else:
        reader.take("asc")
    if reader.take("nulls"):
        order.nulls_first = reader.take("first")
        if not order.nulls_first:
            reader.expect("last")
    return order


def parse_named_call(reader: Reader, name: str) -> s.Expression:
    special = _SPECIAL_CALLS.get(name)
    return special(reader) if special is not None else parse_call(reader, name)


def parse_call(reader: Reader, name: str) -> s.Expression:
    reader.expect_op("(")
    call = s.Call(name)
    if reader.at_op("*") and reader.look().value == ")":
        reader.advance()
        call.star = True
    elif not reader.at_op(")"):
        call.distinct = reader.take("distinct")
        if not call.distinct:
            reader.take("all")
        call.arguments = reader.expressions()
        _nulls(reader, call)
        if reader.at("order"):
            raise reader.error("write WITHIN GROUP (ORDER BY …)")
    reader.expect_op(")")
    if reader.take("within", "group"):
        reader.expect_op("(")
        reader.expect("order", "by")
        call.order = parse_orders(reader)
        reader.expect_op(")")
    if reader.at("filter") and reader.look().value == "(":
        raise reader.error("FILTER is not supported by Redshift; write SUM(CASE WHEN … THEN … END)")
    _nulls(reader, call)
    if reader.take("over"):
        call.over = _window(reader)
    return call


def _nulls(reader: Reader, call: s.Call) -> None:
    if reader.take("ignore", "nulls"):
        call.nulls = "ignore"
    elif reader.take("respect", "nulls"):
        call.nulls = "respect"


def _window(reader: Reader) -> s.Window:
    reader.expect_op("(")
    window = s.Window()
    if reader.take("partition", "by"):
        window.partition = reader.expressions()
    if reader.take("order", "by"):
        window.order = parse_orders(reader)
    if reader.at("rows"):
        window.frame = _frame(reader)
    elif reader.at("range"):
        raise reader.error("a window frame is given in ROWS")
    reader.expect_op(")")
    return window


def _frame(reader: Reader) -> str:
    reader.advance()
    if reader.take("between"):
        start = _bound(reader)
        reader.expect("and")
        return f"ROWS BETWEEN {start} AND {_bound(reader)}"
    return f"ROWS BETWEEN {_bound(reader)} AND CURRENT ROW"


def _bound(reader: Reader) -> str:
    if reader.take("current", "row"):
        return "CURRENT ROW"
    size = "UNBOUNDED" if reader.take("unbounded") else str(reader.integer())
    side = "PRECEDING" if reader.take("preceding") else "FOLLOWING"
    if side == "FOLLOWING":
        reader.expect("following")
    return f"{size} {side}"


def _extract(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    part = reader.advance()
    if part.kind not in ("word", "name", "string"):
        raise reader.error("expected a date part")
    reader.expect("from")
    value = reader.expression()
    reader.expect_op(")")
    return s.Call("extract", (s.Text(part.value), value))


def _trim(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    side = reader.advance().value if reader.at_any(frozenset({"both", "leading", "trailing"})) else "both"
    first = None if reader.at("from") else reader.expression()
    characters = None
    if reader.take("from"):
        characters, first = first, reader.expression()
    elif reader.take_op(","):
        characters = reader.expression()
    reader.expect_op(")")
    name = {"both": "btrim", "leading": "ltrim", "trailing": "rtrim"}[side]
    assert first is not None
    return s.Call(name, (first,) if characters is None else (first, characters))


def _position(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    part = reader.expression(5)
    reader.expect("in")
    value = reader.expression()
    reader.expect_op(")")
    return s.Call("strpos", (value, part))


def _substring(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    arguments = [reader.expression()]
    while not reader.at_op(")"):
        if not (reader.take("from") or reader.take("for") or reader.take_op(",")):
            raise reader.error("expected ',', FROM or FOR")
        arguments.append(reader.expression())
    reader.expect_op(")")
    return s.Call("substring", tuple(arguments))


def _convert(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    type_ = parse_data_type(reader)
    reader.expect_op(",")
    value = reader.expression()
    reader.expect_op(")")
    return s.Cast(value, type_)


def _object_transform(reader: Reader) -> s.Expression:
    """OBJECT_TRANSFORM (value [KEEP path, …] [SET path, value, …])."""
    reader.expect_op("(")
    value = reader.expression()
    keep = reader.expressions() if reader.take("keep") else ()
    changes = reader.expressions() if reader.take("set") else ()
    if len(changes) % 2:
        raise reader.error("SET takes pairs of a path and a value")
    reader.expect_op(")")
    return s.Call("object_transform", (value, s.Row(keep), s.Row(changes)))


_SPECIAL_CALLS = {
    "object_transform": _object_transform, "extract": _extract,
    "trim": _trim, "position": _position, "substring": _substring, "convert": _convert,
}  # fmt: skip
