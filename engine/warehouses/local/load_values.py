"""How a COPY turns a raw value into a column's type: one SQL expression for each type, and when a value is bad.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-conversion.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ...copy import Copy
from ...datatypes import DataType
from ...records import frozen
from .load_times import date_value, time_value, timestamp_value
from .types import stored_type

RawKind = Literal["text", "json", "typed"]
"""What the raw column holds: the text of the value, or its JSON with quotes around strings, or what DuckDB read."""


@frozen
class LoadColumn:
    """A column of the target table."""

    name: str
    type: DataType
    null: bool = True
    default: str | None = None
    """A DuckDB SQL expression."""
    identity: Literal["", "always", "by default"] = ""


@frozen
class LoadTable:
    """The target: `name` as the user wrote it, for messages; `relation` is its quoted DuckDB name."""

    name: str
    relation: str
    columns: tuple[LoadColumn, ...]


@frozen
class Rule:
    """Over a raw column `raw` and a column `value` that holds the first expression, both SQL."""

    value: str
    """What is stored; NULL where the raw value cannot be converted."""
    bad: str
    """True for a row that must be refused."""


@frozen
class Raw:
    """A raw column of a scan: its SQL, what it holds, and SQL that is true where its path cannot be followed."""

    sql: str
    kind: RawKind = "text"
    lost: str = ""


def raw_kind(type_: DataType) -> RawKind:
    """Return how a JSON value is best read for `type_`.

    Integers are read as JSON because 1.0 is an integer and "1.0" is none.
    """
    return "json" if type_.name in (*_INTEGERS, "super") else "text"


def rule(column: LoadColumn, copy: Copy, kind: RawKind, raw: str, value: str) -> Rule:
    """Return the rule of `column`; `raw` and `value` are the SQL names of the two columns."""
    convert = _cast if kind == "typed" else _VALUES[column.type.name]
    expression = convert(column.type, copy, kind, raw)
    tests = [] if column.null else [f"{value} IS NULL"]
    if column.type.is_text:
        if not copy.truncatecolumns:
            tests.append(f"strlen({value}) > {column.type.length}")
        if column.type.name == "char":
            tests.append(f"strlen({value}) <> length({value})")
    elif column.null and not (copy.acceptanydate and column.type.name in _DATES):
        tests.append(f"{value} IS NULL AND {_is_filled(kind, raw)}")
    return Rule(expression, " OR ".join(tests) or "false")


def _is_filled(kind: RawKind, raw: str) -> str:
    if kind == "typed":
        return f"{raw} IS NOT NULL"
    marks = '" ' if kind == "json" else " "
    return f"trim({raw}, '{marks}\t\r\n') <> ''"


_DATES = ("date", "timestamp", "timestamptz")


# --- one expression for each type ------------------------------------------------------------------------------------


def _integer(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    stored = stored_type(type_)
    if kind == "text":
        return _integer_text(raw, stored)
    number = f"TRY_CAST({raw} AS DOUBLE)"
    whole = f"CASE WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS {stored}) END"
    quoted = _integer_text(f"({raw}::JSON ->> '$')", stored)
    # Strings are rare: they are looked at only where the rest gives NULL.
    return (
        f"coalesce(CASE WHEN contains({raw}, '.') THEN {whole} ELSE TRY_CAST({raw} AS {stored}) END, "
        f"CASE WHEN starts_with({raw}, '\"') THEN {quoted} END)"
    )


def _integer_text(raw: str, stored: str) -> str:
    return rf"CASE WHEN regexp_full_match({raw}, '\s*[+-]?[0-9]+\s*') THEN TRY_CAST({raw} AS {stored}) END"


def _decimal(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    stored = stored_type(type_)
    if copy.roundec:
        return f"CASE WHEN NOT contains({raw}, '_') THEN TRY_CAST({raw} AS {stored}) END"
    scale = type_.scale or 0
    wide = f"TRY_CAST({raw} AS DECIMAL(38,{38 - (type_.precision or 18) + scale}))::VARCHAR"
    return (
        rf"CASE WHEN NOT contains({raw}, '.') AND regexp_full_match({raw}, '\s*[+-]?[0-9]+\s*') "
        f"THEN TRY_CAST({raw} AS {stored}) "
        rf"WHEN regexp_full_match({raw}, '\s*[+-]?([0-9]+\.[0-9]*|\.[0-9]+)\s*') "
        f"THEN TRY_CAST({_cut(f'trim({raw})', scale)} AS {stored}) "
        f"WHEN NOT contains({raw}, '_') THEN TRY_CAST({_cut(wide, scale)} AS {stored}) END"
    )


def _cut(digits: str, scale: int) -> str:
    return f"left({digits}, strpos({digits}, '.') + {scale}) || '0'"


def _float(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return f"CASE WHEN NOT contains({raw}, '_') THEN TRY_CAST({raw} AS {stored_type(type_)}) END"


def _boolean(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return (
        f"CASE WHEN lower(trim({raw})) IN ('t', 'true', 'y', 'yes', '1') THEN true "
        f"WHEN lower(trim({raw})) IN ('f', 'false', 'n', 'no', '0') THEN false END"
    )


def _text(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    value = raw
    if copy.blanksasnull:
        value = f"CASE WHEN trim({raw}, ' \t\r\n') <> '' OR {raw} = '' THEN {raw} END"
    if copy.trimblanks and type_.name == "varchar":
        value = f"rtrim({value})"
    if copy.emptyasnull:
        value = f"nullif({value}, '')"
    if copy.truncatecolumns:
        value = _truncated(value, type_.length or 1)
    # A CHAR is kept without the blanks that pad it, here as after an INSERT.
    return f"rtrim({value}, ' ')" if type_.name == "char" else value


def _truncated(value: str, size_bytes: int) -> str:
    """Cut `value` to so many bytes, before the character that would go over.

    An assumption: AWS says that the value is truncated "to fit", not what becomes of a character on the border.
    """
    cuts = ", ".join(f"TRY(decode(encode({value})[1:{size_bytes - less}]))" for less in range(min(4, size_bytes)))
    return f"CASE WHEN strlen({value}) > {size_bytes} THEN coalesce({cuts}, '') ELSE {value} END"


def _super(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return f"TRY_CAST({raw} AS JSON)"


def _varbyte(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return f"TRY(unhex({raw}))"


def _cast(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return f"TRY_CAST({raw} AS {stored_type(type_)})"


def _date(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return date_value(copy.dateformat, raw)


def _timestamp(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return timestamp_value(copy.timeformat, raw, zoned=type_.name == "timestamptz")


def _time(type_: DataType, copy: Copy, kind: RawKind, raw: str) -> str:
    return time_value(raw, zoned=type_.name == "timetz")


_INTEGERS = ("smallint", "integer", "bigint")
_VALUES: dict[str, Callable[[DataType, Copy, RawKind, str], str]] = {
    **dict.fromkeys(_INTEGERS, _integer),
    "decimal": _decimal,
    "real": _float,
    "double precision": _float,
    "boolean": _boolean,
    "char": _text,
    "varchar": _text,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamp,
    "time": _time,
    "timetz": _time,
    "super": _super,
    "varbyte": _varbyte,
    "interval year to month": _cast,
    "interval day to second": _cast,
}
