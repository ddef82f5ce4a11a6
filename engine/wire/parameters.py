"""Bound values -> literals of Redshift SQL.

A session takes text, so a bound value is written into it: numbers only after they have been read as numbers, all else
quoted by `lexical.literal`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from ..errors import WarehouseError
from ..lexical import literal

_EPOCH = datetime(2000, 1, 1)
_INTEGERS = {21: "smallint", 23: "integer", 20: "bigint", 26: "oid"}
_FLOATS = {700: "real", 701: "double precision"}
_CASTS = {
    1082: "date", 1083: "time", 1266: "timetz", 1114: "timestamp", 1184: "timestamptz",
    1188: "interval year to month", 1190: "interval day to second", 4000: "super",
}  # fmt: skip

_SAMPLES = {
    16: "true", 21: "1", 23: "1", 20: "CAST(1 AS bigint)", 26: "1",
    700: "CAST(1 AS real)", 701: "CAST(1 AS double precision)",
    1700: "CAST(1 AS decimal(38,10))", 1082: "CAST('2000-01-01' AS date)", 1083: "CAST('00:00' AS time)",
    1266: "CAST('00:00+00' AS timetz)", 1114: "CAST('2000-01-01' AS timestamp)",
    1184: "CAST('2000-01-01 00:00+00' AS timestamptz)", 1186: "INTERVAL '1 day'",
}  # fmt: skip


def sample(oid: int) -> str:
    """Return a literal that stands for a value of this type while only a statement's columns are asked for.

    A numeric's value alone has a scale, so its sample has room on both sides of the point. A value without a type is
    NULL: it fits wherever a text would be read as a number or a date.
    """
    return _SAMPLES.get(oid, f"CAST(NULL AS {_CASTS[oid]})" if oid in _CASTS else "NULL")


def write(oid: int, format_: int, value: bytes | None) -> str:
    """Return the literal of a bound value. `oid` 0 or one that is not known: text. `format_`: 0 text, 1 binary.

    Errors: WarehouseError 22P02 for a text that is no value of the type, 22P03 for such bytes.
    """
    if value is None:
        return "NULL"
    try:
        if format_ == 1 and oid in _BINARY:
            return _BINARY[oid](value)
        return _from_text(oid, value.decode())
    except UnicodeDecodeError as error:
        raise WarehouseError("invalid byte sequence for encoding UTF8", sqlstate="22021") from error
    except (struct.error, OverflowError) as error:
        raise WarehouseError(f"incorrect binary data in bind parameter of type {oid}", sqlstate="22P03") from error


def _from_text(oid: int, text: str) -> str:
    if "\0" in text:
        raise WarehouseError("a text cannot hold a zero byte", sqlstate="22021")
    if oid in _INTEGERS:
        return _integer(text, _INTEGERS[oid])
    if oid == 1700:
        return _numeric(text)
    if oid in _FLOATS:
        return _float(text, _FLOATS[oid])
    if oid == 16:
        return _boolean(text)
    if oid in _CASTS:
        return f"CAST({literal(text)} AS {_CASTS[oid]})"
    return f"INTERVAL {literal(text)}" if oid == 1186 else literal(text)


def _refused(text: str, type_: str) -> WarehouseError:
    return WarehouseError(f'invalid input syntax for type {type_}: "{text}"', sqlstate="22P02")


def _integer(text: str, type_: str) -> str:
    try:
        return _number(int(text.strip()))
    except ValueError as error:
        raise _refused(text, type_) from error


def _number(value: int) -> str:
    # In parentheses: 'a -$1' must not become the comment 'a --1'.
    return str(value) if value >= 0 else f"({value})"


def _numeric(text: str) -> str:
    try:
        number = Decimal(text.strip())
    except InvalidOperation as error:
        raise _refused(text, "numeric") from error
    if not number.is_finite() or abs(number.adjusted()) > 80:
        raise _refused(text, "numeric")
    return f"{number:f}" if number >= 0 and not number.is_signed() else f"({number:f})"


def _float(text: str, type_: str) -> str:
    try:
        float(text)
    except ValueError as error:
        raise _refused(text, type_) from error
    return f"CAST({literal(text.strip())} AS {type_})"


def _boolean(text: str) -> str:
    word = text.strip().lower()
    if word in ("t", "true", "y", "yes", "on", "1"):
        return "true"
    if word in ("f", "false", "n", "no", "off", "0"):
        return "false"
    raise _refused(text, "boolean")


def _unpack(format_: str, value: bytes) -> int:
    return int(struct.unpack(format_, value)[0])


def _moment(value: bytes) -> str:
    return (_EPOCH + timedelta(microseconds=_unpack("!q", value))).isoformat(" ")


def _interval(value: bytes) -> str:
    # 12 bytes from Redshift's drivers, 16 from PostgreSQL's.
    microseconds, days, months = struct.unpack("!qhh" if len(value) == 12 else "!qii", value)
    return f"INTERVAL '{months} months {days} days {microseconds} microseconds'"


def _clock(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).time().isoformat()


def _timetz(value: bytes) -> str:
    microseconds, west = struct.unpack("!qi", value)
    sign, minutes = ("-" if west > 0 else "+"), abs(west) // 60
    return f"CAST('{_clock(microseconds)}{sign}{minutes // 60:02d}:{minutes % 60:02d}' AS timetz)"


def _binary_numeric(value: bytes) -> str:
    """PostgreSQL's binary numeric; Redshift's drivers send theirs as text."""
    count, weight, sign, scale = struct.unpack("!HhHH", value[:8])
    if sign not in (0, 0x4000):
        raise _refused("NaN", "numeric")
    groups = struct.unpack(f"!{count}H", value[8:])
    digits = "".join(f"{group:04d}" for group in groups) or "0"
    exact = Decimal((0, tuple(map(int, digits)), 4 * (weight - count + 1) if count else 0))
    return _numeric(f"{'-' if sign else ''}{exact:.{scale}f}")


_BINARY: dict[int, Callable[[bytes], str]] = {
    16: lambda value: "true" if _unpack("!?", value) else "false",
    21: lambda value: _number(_unpack("!h", value)),
    23: lambda value: _number(_unpack("!i", value)),
    20: lambda value: _number(_unpack("!q", value)),
    26: lambda value: _number(_unpack("!I", value)),
    700: lambda value: f"CAST('{struct.unpack('!f', value)[0]!r}' AS real)",
    701: lambda value: f"CAST('{struct.unpack('!d', value)[0]!r}' AS double precision)",
    1700: _binary_numeric,
    1082: lambda value: f"CAST('{(_EPOCH + timedelta(days=_unpack('!i', value))).date().isoformat()}' AS date)",
    1083: lambda value: f"CAST('{_clock(_unpack('!q', value))}' AS time)",
    1266: _timetz,
    1114: lambda value: f"CAST('{_moment(value)}' AS timestamp)",
    1184: lambda value: f"CAST('{_moment(value)}+00' AS timestamptz)",
    1186: _interval,
    1188: lambda value: f"INTERVAL '{_unpack('!i', value)}' MONTH",
    1190: lambda value: f"INTERVAL '{_unpack('!q', value)} microseconds'",
    6551: lambda value: literal(value.hex()),
}
