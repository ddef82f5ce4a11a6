"""A value of a translated query: its DuckDB text and its Redshift type; and how types are grouped and compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...datatypes import MAX_VARCHAR_BYTES, DataType

UNKNOWN = DataType("unknown")
"""A string constant or NULL before anything has given it a type."""

SMALLINT, INTEGER, BIGINT = DataType("smallint"), DataType("integer"), DataType("bigint")
REAL, DOUBLE, BOOLEAN = DataType("real"), DataType("double precision"), DataType("boolean")
DATE, TIME, TIMETZ = DataType("date"), DataType("time"), DataType("timetz")
TIMESTAMP, TIMESTAMPTZ = DataType("timestamp"), DataType("timestamptz")
SUPER, INTERVAL, MONTHS = DataType("super"), DataType("interval day to second"), DataType("interval year to month")
VARBYTE = DataType("varbyte", length=64000)
SMALLINTS, TEXTS = DataType("smallint[]"), DataType("text[]")
"""Types of catalogs, which no column of a user's table has."""
ARRAYS = {SMALLINTS: SMALLINT, TEXTS: DataType("varchar", length=MAX_VARCHAR_BYTES)}

_CATEGORY = {
    "smallint": "int", "integer": "int", "bigint": "int", "decimal": "decimal", "real": "float",
    "double precision": "float", "varchar": "text", "char": "text", "boolean": "bool", "unknown": "unknown",
    "interval year to month": "interval", "interval day to second": "interval",
}  # fmt: skip
_INTEGER_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}


@dataclass(slots=True)
class Typed:
    """A value: `sql` stands alone, in parentheses where it must; `constant` is the text of a string constant."""

    sql: str
    type: DataType
    name: str = "?column?"
    constant: str | None = None
    nocase: bool = False
    origin: Any = None
    """Of a column, the FromItem and the name."""
    units: str = ""
    """Of a decimal that was computed, how many units of its last place it has, as a HUGEINT."""


def varchar(length: int | None = MAX_VARCHAR_BYTES) -> DataType:
    return DataType("varchar", length=max(1, min(length or MAX_VARCHAR_BYTES, MAX_VARCHAR_BYTES)))


def decimal(precision: int, scale: int) -> DataType:
    return DataType("decimal", precision=precision, scale=scale)


def category(type_: DataType) -> str:
    """Return int, decimal, float, text, bool, unknown, interval, or the name of the type itself."""
    return _CATEGORY.get(type_.name, type_.name)


def is_number(type_: DataType) -> bool:
    return category(type_) in ("int", "decimal", "float")


def as_decimal(type_: DataType) -> tuple[int, int]:
    """Return precision and scale of a decimal, or those that hold an integer."""
    if type_.name == "decimal":
        return type_.precision or 18, type_.scale or 0
    return _INTEGER_DIGITS[type_.name], 0


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_FORMAT = {
    "varchar": "character varying", "char": "character", "decimal": "numeric", "varbyte": "binary varying",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
    "time": "time without time zone", "timetz": "time with time zone",
}  # fmt: skip


def format_type(type_: DataType, arguments: bool = True) -> str:
    """Return the type as Redshift prints it: 'character varying(20)', 'numeric(17,9)'."""
    name = _FORMAT.get(type_.name, type_.name)
    if not arguments:
        return name
    if type_.length is not None:
        return f"{name}({type_.length})"
    return f"{name}({type_.precision},{type_.scale})" if type_.precision is not None else name


def common_type(types: list[DataType]) -> DataType | None:
    """Return the type that UNION, CASE, COALESCE and the like give these types; None where there is none.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNION.html,
    https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
    """
    known = [type_ for type_ in types if type_ != UNKNOWN]
    if not known:
        return UNKNOWN
    found = known[0]
    for type_ in known[1:]:
        merged = _merged(found, type_)
        if merged is None:
            return None
        found = merged
    return found


def unlike(types: list[DataType]) -> tuple[DataType, DataType]:
    """Return the first two of types that have no common type, of which there must be two."""
    known = [type_ for type_ in types if type_ != UNKNOWN]
    for place, type_ in enumerate(known):
        if common_type(known[: place + 1]) is None:
            return known[0], type_
    return known[0], known[-1]


_RANKS = {"smallint": 0, "integer": 1, "bigint": 2, "decimal": 3, "real": 4, "double precision": 5}
_TIMES = {"date": 0, "timestamp": 1, "timestamptz": 2}


def _merged(one: DataType, two: DataType) -> DataType | None:
    if one == two:
        return one
    if "super" in (one.name, two.name):
        return SUPER
    if one.name in _RANKS and two.name in _RANKS:
        return _merged_numbers(one, two)
    if one.is_text and two.is_text:
        length = max(one.length or 1, two.length or 1)
        return DataType("char" if one.name == two.name == "char" else "varchar", length=length)
    if one.name in _TIMES and two.name in _TIMES:
        return one if _TIMES[one.name] >= _TIMES[two.name] else two
    if category(one) == category(two) == "interval":
        return INTERVAL
    if one.name == two.name == "varbyte":
        return DataType("varbyte", length=max(one.length or 1, two.length or 1))
    return None


def _merged_numbers(one: DataType, two: DataType) -> DataType:
    wide = one if _RANKS[one.name] >= _RANKS[two.name] else two
    if wide.name == "real" and one.name != two.name:
        return DOUBLE
    if wide.name != "decimal":
        return wide
    (p1, s1), (p2, s2) = as_decimal(one), as_decimal(two)
    scale = max(s1, s2)
    return decimal(min(38, max(p1 - s1, p2 - s2) + scale), scale)


def arithmetic_type(op: str, one: DataType, two: DataType) -> DataType:
    """Return the type of + - * / % of two numbers.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_numeric_computations201.html
    """
    kinds = category(one), category(two)
    if "float" in kinds:
        return REAL if one == two == REAL else DOUBLE
    if kinds == ("int", "int"):
        return one if _RANKS[one.name] >= _RANKS[two.name] else two
    (p1, s1), (p2, s2) = as_decimal(one), as_decimal(two)
    if op == "*":
        return _capped(p1 + p2 + 1, s1 + s2)
    if op == "/":
        scale = max(4, s1 + p2 - s2 + 1)
        return _capped(p1 - s1 + s2 + scale, scale, least=4)
    scale = max(s1, s2)
    return _capped(max(p1 - s1, p2 - s2) + 1 + scale, scale)


def _capped(precision: int, scale: int, least: int | None = None) -> DataType:
    """Cut precision to 38. The scale gives way only in a division, down to 4: an assumption.

    AWS says where the limits are, not what gives way first; published results of SUM(numeric)/COUNT(*) have four
    digits after the point.
    """
    if precision <= 38:
        return decimal(precision, scale)
    if least is None:
        return decimal(38, min(scale, 37))
    return decimal(38, max(least, scale - (precision - 38)))
