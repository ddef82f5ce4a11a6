"""From one Redshift type to another, as DuckDB text: explicit casts, implicit ones, and assignment to a column.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html#r_Type_conversion
"""

from __future__ import annotations

import re

from ...datatypes import MAX_VARBYTE_BYTES, MAX_VARCHAR_BYTES, DataType
from ...errors import WarehouseError
from .intervals import interval_sql
from .types import stored_type
from .values import (
    BIGINT,
    DATE,
    DOUBLE,
    TIMESTAMP,
    UNKNOWN,
    Typed,
    category,
    format_type,
    literal,
    varchar,
)

_NUMBERS = ("int", "decimal", "float")
_EXPLICIT = {
    "text": {*_NUMBERS, "text", "bool", "date", "timestamp", "timestamptz", "time", "timetz", "interval", "super",
             "varbyte"},
    "int": {*_NUMBERS, "text", "bool", "super", "varbyte"},
    "decimal": {*_NUMBERS, "text", "super", "bool"},
    "float": {*_NUMBERS, "text", "super"},
    "bool": {"bool", "int", "decimal", "text", "super"},
    "date": {"date", "timestamp", "timestamptz", "text", "super"},
    "timestamp": {"date", "timestamp", "timestamptz", "time", "timetz", "text", "super"},
    "timestamptz": {"date", "timestamp", "timestamptz", "time", "timetz", "text", "super"},
    "time": {"time", "timetz", "text", "interval", "super"},
    "timetz": {"time", "timetz", "text", "super"},
    "interval": {"interval", "text", "time"},
    "varbyte": {"varbyte", "text"},
    "super": {*_NUMBERS, "text", "bool", "date", "timestamp", "timestamptz", "time", "super"},
}  # fmt: skip
_ASSIGNED = {
    "text": {"text", "super", "varbyte"},
    "int": {*_NUMBERS, "text", "super", "bool"}, "decimal": {*_NUMBERS, "text", "super"},
    "float": {*_NUMBERS, "text", "super"}, "bool": {"bool", "super", "text"},
    "date": {"date", "timestamp", "timestamptz", "text", "super"},
    "timestamp": {"date", "timestamp", "timestamptz", "time", "text", "super"},
    "timestamptz": {"date", "timestamp", "timestamptz", "time", "timetz", "text", "super"},
    "time": {"time", "timetz", "interval", "text"}, "timetz": {"time", "timetz", "text"},
    "interval": {"interval", "text"}, "varbyte": {"varbyte"},
    "super": {*_NUMBERS, "bool", "date", "timestamp", "timestamptz", "time", "super"},
}  # fmt: skip
"""What INSERT and UPDATE convert by themselves; a text column into a number needs a CAST."""


def cast(value: Typed, target: DataType, *, attempt: bool = False) -> Typed:
    """Return `value` as `target`, as CAST does: too long a text is cut. Errors: WarehouseError 42846."""
    source = category(value.type)
    if source == "unknown" and (value.constant is None or not attempt):
        return _from_constant(value, target)
    if source == "unknown":
        value, source = Typed(value.sql, varchar(), value.name), "text"
    if category(target) not in _EXPLICIT.get(source, ()):
        raise WarehouseError(
            f"cannot cast type {format_type(value.type, False)} to {format_type(target, False)}", sqlstate="42846"
        )
    sql = _attempt(value, target) if attempt else _convert(value, target)
    return Typed(sql, target, value.name, nocase=value.nocase)


def _attempt(value: Typed, target: DataType) -> str:
    """TRY_CAST: NULL where CAST fails. DuckDB's TRY does not take what raises errors of its own."""
    kind, type_ = category(target), stored_type(target)
    if category(value.type) != "text" or kind == "text":
        return f"TRY_CAST({value.sql} AS {type_})" if kind != "text" else _convert(value, target)
    if kind == "int":
        return f"CASE WHEN rs_is_int({value.sql}) THEN TRY_CAST({value.sql} AS {type_}) END"
    if kind in ("date", "timestamp", "timestamptz"):
        return f"CAST(coalesce(TRY_CAST({value.sql} AS TIMESTAMP), rs_moment({value.sql})) AS {type_})"
    return f"TRY_CAST({value.sql} AS {type_})"


def _from_constant(value: Typed, target: DataType) -> Typed:
    if value.constant is None:
        return Typed(f"CAST(NULL AS {stored_type(target)})", target, value.name)
    if target.name == "super":
        return Typed(f"CAST(to_json({value.sql}) AS JSON)", target, value.name)
    _check_constant(value.constant, target)
    text = Typed(value.sql, varchar(len(value.constant.encode())), value.name, value.constant)
    return Typed(_convert(text, target), target, value.name)


_NUMERALS = {
    "int": ("integer", re.compile(r"\s*[-+]?[0-9]+\s*")),
    "decimal": ("type numeric", re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")),
}


def _check_constant(text: str, target: DataType) -> None:
    """A constant is converted when the statement is read, whether or not its place is ever computed."""
    what, numeral = _NUMERALS.get(category(target), ("", None))
    if numeral is not None and numeral.fullmatch(text) is None:
        raise WarehouseError(f'invalid input syntax for {what}: "{text}"', sqlstate="22P02")


def assign(value: Typed, target: DataType, column: str, *, untyped: bool = False) -> str:
    """Return `value` as it is written into a column of type `target`: too long a text is an error.

    Errors: WarehouseError 42804 where only a CAST converts.
    """
    source = category(value.type)
    if source != "unknown" and not untyped and category(target) not in _ASSIGNED.get(source, ()):
        raise WarehouseError(
            f'column "{column}" is of type {format_type(target, False)} '
            f"but expression is of type {format_type(value.type, False)}",
            sqlstate="42804",
            hint="You will need to rewrite or cast the expression.",
        )
    if source == "unknown" and value.constant is None:
        return "NULL"
    if target.name == "varbyte":
        whole = implicit(value, DataType("varbyte", length=MAX_VARBYTE_BYTES))
        return f"rs_fit_blob({whole}, {target.length}, {literal(format_type(target))})"
    if not target.is_text:
        return implicit(value, target)
    if value.constant is not None and value.constant.isascii() and len(value.constant) <= (target.length or 1):
        return value.sql if target.name == "varchar" else literal(value.constant.rstrip(" "))
    text = value.sql if source in ("text", "unknown") else as_text(value)
    length, name = target.length or 1, literal(format_type(target))
    if target.name == "char":
        return f"rs_fit_char({text}, {length}, {name})"
    if _is_within(value, length):
        return text
    return f"rs_fit({text}, {length}, {name})"


def implicit(value: Typed, target: DataType) -> str:
    """Return the text of `value` as `target` where Redshift converts by itself."""
    if category(value.type) == "unknown":
        return _from_constant(value, target).sql
    return value.sql if value.type == target and not target.is_text else _convert(value, target)


def as_text(value: Typed) -> str:
    """Return the text of `value` as text of any length."""
    kind = category(value.type)
    if kind in ("text", "unknown"):
        return value.sql
    return _TO_TEXT.get(kind, "CAST({} AS VARCHAR)").format(value.sql)


_TO_TEXT = {
    "float": "rs_text_of_double({})",
    "super": "rs_text_of_super({})",
    "varbyte": "decode({})",
    "interval": "rs_text_of_interval({})",
}


def _convert(value: Typed, target: DataType) -> str:
    to, source = category(target), category(value.type)
    if to == "text":
        return _cut(as_text(value), target, value)
    if to == "varbyte":
        return _to_varbyte(value, target)
    if source == "text":
        return _from_text(value, target)
    if source == "super":
        return value.sql if to == "super" else f"TRY_CAST(rs_scalar({value.sql}) AS {stored_type(target)})"
    if to == "super":
        return f"CAST(to_json({value.sql}) AS JSON)"
    if to == "int" and source == "float":
        return f"CAST({value.sql} AS {stored_type(target)})"
    if to == "timetz" and source == "timestamp":
        return f"CAST(CAST({value.sql} AS TIME) AS TIMETZ)"
    if source == "decimal" and to == "bool":
        return f"({value.sql} <> 0)"
    return f"CAST({value.sql} AS {stored_type(target)})"


def _to_varbyte(value: Typed, target: DataType) -> str:
    """A CHAR counts with the blanks that fill it; a whole number has as many bytes as its type."""
    length = target.length or 1
    if category(value.type) == "int":
        digits = {"smallint": 4, "integer": 8, "bigint": 16}[value.type.name]
        return f"from_hex(right(lpad(to_hex(CAST({value.sql} AS BIGINT)), 16, '0'), {digits}))[1:{length}]"
    if category(value.type) == "varbyte":
        return value.sql if (value.type.length or length + 1) <= length else f"{value.sql}[1:{length}]"
    text = f"rpad({value.sql}, {value.type.length or 1}, ' ')" if value.type.name == "char" else value.sql
    return f"encode({text})" if (value.type.length or length + 1) <= length else f"encode({text})[1:{length}]"


def _cut(sql: str, target: DataType, value: Typed) -> str:
    length = target.length or 1
    if target.name == "char":
        return f"rs_cut_char({sql}, {length})"
    if _is_within(value, length):
        return sql
    return f"rs_cut({sql}, {length})"


def _is_within(value: Typed, length: int) -> bool:
    """Tell whether a text has at most `length` bytes: what is computed may have more than a column can hold."""
    known = value.type.length or MAX_VARCHAR_BYTES
    return value.type.is_text and known <= length and (known < MAX_VARCHAR_BYTES or value.origin is not None)


_FROM_TEXT = {
    "smallint": "CAST(rs_int({}) AS SMALLINT)", "integer": "CAST(rs_int({}) AS INTEGER)", "bigint": "rs_int({})",
    "real": "CAST(rs_double({}) AS FLOAT)", "double precision": "rs_double({})", "boolean": "rs_bool({})",
    "date": "rs_date({})", "timestamp": "rs_timestamp({})", "timestamptz": "rs_timestamptz({})",
    "time": "rs_time({})", "timetz": "rs_timetz({})", "super": "CAST(to_json({}) AS JSON)",
    "interval day to second": "rs_interval({})", "interval year to month": "rs_interval({})",
}  # fmt: skip


def _from_text(value: Typed, target: DataType) -> str:
    if target.name == "decimal":
        return f"CAST(rs_number({value.sql}) AS {stored_type(target)})"
    if target.name.startswith("interval") and value.constant is not None:
        return interval_sql(value.constant)
    return _FROM_TEXT[target.name].format(value.sql)


_ACCEPTS = {
    "text": ("text",), "int": ("int",), "num": _NUMBERS, "dec": ("decimal", "int"), "float": _NUMBERS,
    "bool": ("bool",), "date": ("date", "timestamp", "timestamptz"), "ts": ("date", "timestamp", "timestamptz"),
    "tz": ("timestamptz",), "time": ("time", "timetz"), "super": ("super",), "varbyte": ("varbyte",),
    "interval": ("interval",), "str": ("text", *_NUMBERS, "bool", "date", "timestamp", "timestamptz", "super"),
}  # fmt: skip
_WANTED = {"int": BIGINT, "float": DOUBLE, "date": DATE, "ts": TIMESTAMP, "num": DOUBLE}


def accepts(kind: str, value: Typed) -> bool:
    """Tell whether a parameter of this kind takes `value`; the kinds are those of the functions table."""
    return kind == "any" or value.type == UNKNOWN or category(value.type) in _ACCEPTS[kind]


def as_parameter(kind: str, value: Typed) -> str:
    """Return the text of an argument for a parameter of this kind."""
    if kind == "any":
        return value.sql
    if kind in ("text", "str"):
        return "CAST(NULL AS VARCHAR)" if value.constant is None and value.type == UNKNOWN else as_text(value)
    wanted = _WANTED.get(kind)
    if value.type == UNKNOWN:
        exact = {"bool": DataType("boolean"), "super": DataType("super"), "tz": DataType("timestamptz")}
        target = wanted or exact.get(kind) or DataType(kind if kind != "dec" else "double precision")
        return _from_constant(value, target).sql
    if wanted is not None and kind in ("float", "date", "ts") and value.type != wanted:
        return _convert(value, wanted)
    return value.sql


def stored_value(value: Typed) -> Typed:
    """Give a constant without a type the type that a column of a result has."""
    if value.type != UNKNOWN:
        return value
    if value.constant is None:
        return Typed("CAST(NULL AS VARCHAR)", varchar(1), value.name)
    return Typed(value.sql, varchar(len(value.constant.encode())), value.name, value.constant)
