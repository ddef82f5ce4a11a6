"""Operators on values whose types are known: arithmetic, concatenation, and the type that values have together.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...datatypes import DataType
from ...errors import WarehouseError
from .casts import as_text, cast, implicit
from .super_arithmetic import dynamic, is_dynamic
from .types import stored_type
from .values import (
    DATE,
    DOUBLE,
    INTEGER,
    INTERVAL,
    SUPER,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    Typed,
    arithmetic_type,
    as_decimal,
    category,
    common_type,
    format_type,
    is_number,
    unlike,
    varchar,
)


def unified(values: list[Typed], what: str) -> tuple[DataType, list[str]]:
    """Return the type that the values have together, and their texts in it. Errors: WarehouseError 42804."""
    type_ = common_type([value.type for value in values])
    if type_ is None:
        first, other = unlike([value.type for value in values])
        raise WarehouseError(
            f"{what} types {format_type(first, False)} and {format_type(other, False)} cannot be matched",
            sqlstate="42804",
        )
    if type_ == UNKNOWN:
        longest = max((len((value.constant or "").encode()) for value in values), default=1)
        return varchar(longest), [value.sql for value in values]
    if type_.is_text:
        lengths = [len((v.constant or "").encode()) if v.type == UNKNOWN else v.type.length or 65535 for v in values]
        type_ = DataType(type_.name, length=max(1, min(65535, max(lengths))))
        return type_, [as_text(value) for value in values]
    return type_, [implicit(value, type_) for value in values]


def concatenate(left: Typed, right: Typed) -> Typed:
    """Join two texts: NULL if one is."""
    if "super" in (left.type.name, right.type.name) and left.type == right.type:
        raise WarehouseError("operator does not exist: super || super", sqlstate="42883")
    if left.type.name == right.type.name == "varbyte":
        return Typed(f"({left.sql} || {right.sql})", DataType("varbyte", length=64000))
    length = (left.type.length or 65535) + (right.type.length or 65535)
    if left.type == UNKNOWN or right.type == UNKNOWN:
        other = right if left.type == UNKNOWN else left
        constant = left if left.type == UNKNOWN else right
        length = len((constant.constant or "").encode()) + (other.type.length or 65535)
    one, two = (v.sql if v.sql != "NULL" else "CAST(NULL AS VARCHAR)" for v in (_texted(left), _texted(right)))
    return Typed(f"({one} || {two})", varchar(length))


def _texted(value: Typed) -> Typed:
    return Typed(as_text(value), value.type)


def arithmetic(op: str, left: Typed, right: Typed) -> Typed:
    """Translate + - * / % ^ & | # << >>. Errors: WarehouseError 42883."""
    if is_dynamic(op, left, right):
        return dynamic(op, left, right)
    left, right = _agreed(left, right, op)
    kinds = category(left.type), category(right.type)
    if is_number(left.type) and is_number(right.type):
        return _numbers(op, left, right)
    found = _TIMES.get((kinds[0], op, kinds[1]))
    if found is not None:
        return found(left, right)
    if op == "+" and kinds[0] in ("text", "unknown") and kinds[1] in ("text", "unknown"):
        return concatenate(left, right)
    raise no_operator(op, left, right)


def _agreed(left: Typed, right: Typed, op: str) -> tuple[Typed, Typed]:
    """Give a constant without a type, or a SUPER value, the type that the other side asks for."""
    for one, other in ((left, right), (right, left)):
        if one.type not in (UNKNOWN, SUPER) or (one.type == UNKNOWN and other.type.is_text):
            continue
        kind = category(other.type)
        if kind in ("int", "decimal", "float"):
            target = other.type if one.type == UNKNOWN else DOUBLE
            if one.type == UNKNOWN and one.constant is not None and not one.constant.strip().lstrip("+-").isdigit():
                target = DOUBLE if kind != "decimal" else other.type
        elif kind in ("date", "timestamp", "timestamptz"):
            target = (TIMESTAMP if kind == "timestamp" else other.type) if op == "-" else INTERVAL
        elif kind == "interval":
            target = TIMESTAMP if op in "+-" else DOUBLE
        elif one.type == SUPER and other.type in (SUPER, UNKNOWN):
            target = DOUBLE
        else:
            continue
        changed = cast(one, target)
        return _agreed(changed, right, op) if one is left else (left, changed)
    return left, right


def _numbers(op: str, left: Typed, right: Typed) -> Typed:
    if op in ("&", "|", "#", "<<", ">>"):
        if category(left.type) != "int" or category(right.type) != "int":
            raise no_operator(op, left, right)
        type_ = arithmetic_type("+", left.type, right.type)
        if op == "#":
            return Typed(f"xor({left.sql}, {right.sql})", type_)
        return Typed(f"({left.sql} {op} {right.sql})", type_)
    if op == "^":
        return Typed(f"rs_power(CAST({left.sql} AS DOUBLE), CAST({right.sql} AS DOUBLE))", DOUBLE)
    type_ = arithmetic_type(op, left.type, right.type)
    if op == "/" and type_.name == "decimal":
        return divide_decimals(left, right, type_)
    if op == "%" and type_.name == "decimal":
        type_ = common_type([left.type, right.type]) or type_
    sql = f"({left.sql} {op} {right.sql})"
    if type_.name == "decimal" and op in ("+", "-", "*"):
        sql = f"CAST({sql} AS {stored_type(type_)})"
    if category(right.type) != category(left.type) and type_.name != "decimal":
        sql = f"CAST({sql} AS {stored_type(type_)})"
    return Typed(sql, type_)


def divide_decimals(left: Typed, right: Typed, type_: DataType) -> Typed:
    """Divide exactly and cut what is behind the scale (an assumption: no AWS page says that it rounds).

    The quotient is one of whole numbers, a*10^(scale+s2) by b*10^s2; times one unit of the last place it is a
    decimal again.
    """
    s2 = as_decimal(right.type)[1]
    scale = type_.scale or 0
    factor = _factor(left, right, scale)
    numerator = _whole(left, scale + s2)
    quotient = factor or f"({numerator} // {_whole(right, s2)})"
    return Typed(of_units(quotient, type_), type_, units=quotient)


_NUMERAL = re.compile(r"CAST\('(\d+)\.?(\d*)' AS DECIMAL\(\d+,\d+\)\)")


def _factor(left: Typed, right: Typed, scale: int) -> str:
    """Return a whole number by a constant such as 1000.0 as a product, '' where it is none.

    DuckDB divides a HUGEINT fifteen times as slowly as it multiplies one.
    """
    constant = _NUMERAL.fullmatch(right.sql)
    if constant is None or category(left.type) != "int":
        return ""
    divisor = int(constant[1] + constant[2])
    multiplier = 10 ** (scale + len(constant[2]))
    if not divisor or multiplier % divisor:
        return ""
    return f"(CAST({left.sql} AS HUGEINT) * {multiplier // divisor}::HUGEINT)"


def of_units(whole: str, type_: DataType) -> str:
    """Return the decimal that has `whole`, a HUGEINT, units in its last place."""
    scale = type_.scale or 0
    unit = f"CAST('0.{'1'.zfill(scale)}' AS DECIMAL({scale},{scale}))" if scale else "1"
    return f"CAST((CAST({whole} AS DECIMAL(38,0)) * {unit}) AS {stored_type(type_)})"


def _whole(value: Typed, scale: int) -> str:
    """Return the number times 10^scale as a HUGEINT."""
    if category(value.type) == "int":
        return f"(CAST({value.sql} AS HUGEINT) * {10**scale}::HUGEINT)" if scale else f"CAST({value.sql} AS HUGEINT)"
    if not scale:
        return f"CAST({value.sql} AS HUGEINT)"
    return f"CAST(({value.sql} * CAST({10**scale} AS DECIMAL({scale + 1},0))) AS HUGEINT)"


def _plus_days(sign: str) -> Callable[[Typed, Typed], Typed]:
    return lambda left, right: Typed(f"({left.sql} {sign} CAST({right.sql} AS INTEGER))", left.type)


def _shifted(sign: str) -> Callable[[Typed, Typed], Typed]:
    def shift(left: Typed, right: Typed) -> Typed:
        type_ = TIMESTAMP if left.type == DATE else left.type
        return Typed(f"({left.sql} {sign} {right.sql})", type_)

    return shift


def _swapped(change: Callable[[Typed, Typed], Typed]) -> Callable[[Typed, Typed], Typed]:
    return lambda left, right: change(right, left)


def _days_between(left: Typed, right: Typed) -> Typed:
    return Typed(f"CAST(({left.sql} - {right.sql}) AS INTEGER)", INTEGER)


def _time_between(left: Typed, right: Typed) -> Typed:
    type_ = TIMESTAMPTZ if TIMESTAMPTZ in (left.type, right.type) else TIMESTAMP
    return Typed(f"({implicit(left, type_)} - {implicit(right, type_)})", INTERVAL)


_CONSTANT = re.compile(r"INTERVAL '(-?\d+) months (-?\d+) days (-?\d+) microseconds'")


def _times_number(left: Typed, right: Typed) -> Typed:
    """A constant interval, as in n * interval '1 second', needs no taking apart for each row."""
    constant = _CONSTANT.fullmatch(left.sql)
    if constant is not None:
        months, days, microseconds = (int(part) for part in constant.groups())
        total = days * 86_400_000_000 + microseconds
        whole = category(right.type) == "int"
        if not months:
            unit = 10 ** (right.type.scale or 0)
            product = f"{right.sql} * {total}" if not whole else f"CAST({right.sql} AS BIGINT) * {total}"
            if right.units and not total % unit:
                product = f"{right.units} * {total // unit}"
            return Typed(f"to_microseconds(CAST({product} AS BIGINT))", left.type)
        if whole and not total:
            return Typed(f"to_months(CAST({right.sql} * {months} AS INTEGER))", left.type)
    return Typed(f"rs_interval_times({left.sql}, {right.sql})", left.type)


def _by_number(left: Typed, right: Typed) -> Typed:
    return Typed(f"rs_interval_times({left.sql}, 1 / CAST({right.sql} AS DOUBLE))", left.type)


def _intervals(sign: str) -> Callable[[Typed, Typed], Typed]:
    return lambda left, right: Typed(f"({left.sql} {sign} {right.sql})", INTERVAL)


def _date_and_time(left: Typed, right: Typed) -> Typed:
    return Typed(f"({left.sql} + {right.sql})", TIMESTAMP)


_TIMES: dict[tuple[str, str, str], Callable[[Typed, Typed], Typed]] = {
    ("date", "+", "int"): _plus_days("+"),
    ("int", "+", "date"): _swapped(_plus_days("+")),
    ("date", "-", "int"): _plus_days("-"),
    ("date", "-", "date"): _days_between,
    ("date", "+", "time"): _date_and_time,
    ("interval", "+", "interval"): _intervals("+"),
    ("interval", "-", "interval"): _intervals("-"),
}
for _kind in ("date", "timestamp", "timestamptz", "time", "timetz"):
    _TIMES[_kind, "+", "interval"] = _shifted("+")
    _TIMES[_kind, "-", "interval"] = _shifted("-")
    _TIMES["interval", "+", _kind] = _swapped(_shifted("+"))
for _kind in ("timestamp", "timestamptz"):
    for _other in ("date", "timestamp", "timestamptz"):
        _TIMES[_kind, "-", _other] = _TIMES[_other, "-", _kind] = _time_between
for _kind in ("int", "decimal", "float"):
    _TIMES[_kind, "*", "interval"] = _swapped(_times_number)
    _TIMES["interval", "*", _kind] = _times_number
    _TIMES["interval", "/", _kind] = _by_number
_TIMES["date", "-", "date"] = _days_between


def no_operator(op: str, left: Typed | None, right: Typed) -> WarehouseError:
    names = [format_type(value.type, False) for value in (left, right) if value is not None]
    shown = f"{names[0]} {op} {names[1]}" if left is not None else f"{op} {names[0]}"
    return WarehouseError(
        f"operator does not exist: {shown}",
        sqlstate="42883",
        hint="No operator matches the given name and argument type(s). You may need to add explicit type casts.",
    )
