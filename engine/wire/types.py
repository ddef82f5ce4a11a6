"""Redshift's types on the wire: OIDs, sizes and modifiers, and each value as text or as bytes.

Source: https://github.com/aws/amazon-redshift-python-driver (utils/oids.py, utils/type_utils.py) for what differs from
PostgreSQL: binary numerics, intervals, SUPER, VARBYTE.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import partial
from typing import Any

from ..datatypes import DataType, UnknownType, parse_type
from ..errors import WarehouseError
from ..warehouse import ResultColumn

VARCHAR, NUMERIC, INTERVAL, Y2M, D2S = 1043, 1700, 1186, 1188, 1190

# name: (OID, size in bytes or -1)
_WIRE = {
    "smallint": (21, 2), "integer": (23, 4), "bigint": (20, 8), "real": (700, 4), "double precision": (701, 8),
    "decimal": (NUMERIC, -1), "boolean": (16, 1), "char": (1042, -1), "varchar": (VARCHAR, -1), "date": (1082, 4),
    "time": (1083, 8), "timetz": (1266, 12), "timestamp": (1114, 8), "timestamptz": (1184, 8),
    "interval year to month": (Y2M, 4), "interval day to second": (D2S, 8), "super": (4000, -1),
    "varbyte": (6551, -1), "geometry": (3000, -1), "geography": (3001, -1), "hllsketch": (2935, -1),
}  # fmt: skip
# Types of catalogs, which no column of a user has.
_CATALOG = {"name": (19, 64), "oid": (26, 4), "unknown": (705, -2), "interval": (INTERVAL, 12), "text": (25, -1)}

_EPOCH = datetime(2000, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)

Encode = Callable[[Any], bytes]
EncodeColumn = Callable[[Sequence[Any]], list[bytes]]

_NULL = b"\xff\xff\xff\xff"
# Most columns are of these types: one call in C for each value.
_PACKED: dict[int, Encode] = {
    21: partial(struct.Struct("!ih").pack, 2), 23: partial(struct.Struct("!ii").pack, 4),
    20: partial(struct.Struct("!iq").pack, 8), 701: partial(struct.Struct("!id").pack, 8),
    16: {False: b"\0\0\0\1\0", True: b"\0\0\0\1\1"}.__getitem__,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a result on the wire; `scale` counts a numeric's digits after the point."""

    name: str
    oid: int
    size: int
    modifier: int = -1
    scale: int = 0
    precision: int = 0


def field(column: ResultColumn) -> Field:
    """Return how a column is announced; a type that is not known goes as varchar, which carries anything as text."""
    name = column.type.strip().lower()
    if name in _CATALOG:
        return Field(column.name, *_CATALOG[name])
    try:
        type_ = parse_type(name)
    except UnknownType:
        return Field(column.name, VARCHAR, -1)
    oid, size = _WIRE[type_.name]
    return Field(column.name, oid, size, _modifier(type_), type_.scale or 0, type_.precision or 0)


def _modifier(type_: DataType) -> int:
    if type_.precision is not None:
        return ((type_.precision << 16) | (type_.scale or 0)) + 4
    return type_.length + 4 if type_.is_text and type_.length is not None else -1


def encoder(field_: Field, format_: int, *, amazon: bool) -> EncodeColumn:
    """Return what turns the values of a column into bytes, each with its length before it.

    `format_`: 0 text, 1 binary. `amazon`: binary numerics and intervals as Redshift's own drivers read them, else as
    PostgreSQL's do. A value of another type than announced is converted; the function raises WarehouseError if that
    cannot be.
    """
    encode = _binary(field_, amazon) if format_ == 1 else _TEXT.get(field_.oid, _any_text)
    packed = _PACKED.get(field_.oid) if format_ == 1 else None

    def column(values: Sequence[Any]) -> list[bytes]:
        try:
            if packed is not None:
                try:
                    return [_NULL if value is None else packed(value) for value in values]
                except (struct.error, KeyError, TypeError):
                    pass  # another type than announced: the slower way converts
            return [_NULL if value is None else _with_length(encode(value)) for value in values]
        except (ValueError, TypeError, AttributeError, OverflowError, ArithmeticError, struct.error) as error:
            raise WarehouseError(
                f"column {field_.name} was announced as another type than it has", sqlstate="0A000",
                hint="prepare the statement anew, or give its parameters their types with CAST",
            ) from error  # fmt: skip

    return column


def _with_length(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


# Text. DateStyle is ISO, MDY.


def _any_text(value: Any) -> bytes:
    """The text of a value of any type: what a column has whose type is not known."""
    for kind, text in _BY_VALUE:
        if isinstance(value, kind):
            return text(value)
    return str(value).encode()


def _string(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else _any_text(value)


def _bool_text(value: Any) -> bytes:
    return b"t" if value else b"f"


def _int_text(value: Any) -> bytes:
    return b"%d" % int(value)


def _float_text(value: float) -> bytes:
    """The shortest text that reads back as the same number.

    Redshift's own text has 15 digits unless extra_float_digits is set, as its drivers do; here nothing is lost.
    """
    if math.isnan(value) or math.isinf(value):
        return b"NaN" if math.isnan(value) else b"Infinity" if value > 0 else b"-Infinity"
    return repr(float(value)).removesuffix(".0").encode()


def _real_text(value: float) -> bytes:
    """As `_float_text`, of a number that has only single precision."""
    value = float(value)
    for digits in range(6, 9):
        text = f"{value:.{digits}g}"
        if math.isfinite(value) and struct.pack("!f", float(text)) == struct.pack("!f", value):
            return text.encode()
    return _float_text(value) if not math.isfinite(value) else f"{value:.9g}".encode()


def _numeric_text(value: Any) -> bytes:
    return format(value, "f").encode() if isinstance(value, Decimal) else _any_text(value)


def _timestamp_text(value: datetime) -> bytes:
    if value.tzinfo is not None:
        return _timestamp_text(value.astimezone(UTC).replace(tzinfo=None)) + b"+00"
    return (value.isoformat(" ").rstrip("0") if value.microsecond else value.isoformat(" ")).encode()


def _time_text(value: time) -> bytes:
    plain = value.replace(tzinfo=None).isoformat()
    return (plain.rstrip("0") if value.microsecond else plain).encode() + _zone_text(value)


def _zone_text(value: time) -> bytes:
    offset = value.utcoffset()
    if offset is None:
        return b""
    minutes = abs(int(offset.total_seconds())) // 60
    sign = "-" if offset < timedelta(0) else "+"
    return f"{sign}{minutes // 60:02d}{f':{minutes % 60:02d}' if minutes % 60 else ''}".encode()


def _interval_text(value: Any) -> bytes:
    """'3 days 04:05:06.5', as PostgreSQL writes an interval under its default style."""
    if isinstance(value, str):
        return value.encode()
    microseconds = _microseconds(value)
    sign, rest = ("-" if microseconds < 0 else ""), abs(microseconds)
    days, rest = divmod(rest, 86400 * 10**6)
    seconds, fraction = divmod(rest, 10**6)
    clock = f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    clock += f".{fraction:06d}".rstrip("0") if fraction else ""
    if not days:
        return clock.encode()
    unit = "day" if days == 1 and not sign else "days"
    return (f"{sign}{days} {unit}" + (f" {clock}" if rest else "")).encode()


def _months_text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    months = _months(value)
    sign, (years, rest) = ("-" if months < 0 else ""), divmod(abs(months), 12)
    parts = [f"{sign}{years} year{'' if years == 1 and not sign else 's'}"] if years else []
    parts += [f"{sign}{rest} mon{'' if rest == 1 and not sign else 's'}"] if rest or not years else []
    return " ".join(parts).encode()


def _bytes_text(value: Any) -> bytes:
    return bytes(value).hex().encode() if isinstance(value, bytes | bytearray | memoryview) else _string(value)


def _json_text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _microseconds(value: Any) -> int:
    return value // timedelta(microseconds=1) if isinstance(value, timedelta) else int(value)


def _months(value: Any) -> int:
    """The months of an interval: a month arrives as 30 days where the warehouse's driver has no months."""
    return round(value / timedelta(days=30)) if isinstance(value, timedelta) else int(value)


_BY_VALUE: tuple[tuple[type | tuple[type, ...], Encode], ...] = (
    (str, str.encode), (bool, _bool_text), (int, _int_text), (float, _float_text), (Decimal, _numeric_text),
    (datetime, _timestamp_text), (date, lambda value: value.isoformat().encode()), (time, _time_text),
    (timedelta, _interval_text), ((bytes, bytearray, memoryview), _bytes_text), ((list, dict, tuple), _json_text),
)  # fmt: skip
_TEXT: dict[int, Encode] = {
    VARCHAR: _string, 1042: _string, 25: _string, 16: _bool_text, 700: _real_text, NUMERIC: _numeric_text,
    Y2M: _months_text, D2S: _interval_text, INTERVAL: _interval_text, 6551: _bytes_text,
}  # fmt: skip


# Binary.


def _binary(field_: Field, amazon: bool) -> Encode:
    if field_.oid == NUMERIC:
        return _redshift_numeric(field_) if amazon else _postgres_numeric
    if field_.oid == INTERVAL:
        # Redshift's interval has 12 bytes, with 16 bits for days and for months; PostgreSQL's has 16.
        return lambda value: struct.pack("!qhh" if amazon else "!qii", _microseconds(value), 0, 0)
    return _BINARY.get(field_.oid) or _TEXT.get(field_.oid, _any_text)


def _redshift_numeric(field_: Field) -> Encode:
    """A signed integer, the value without its point: 8 bytes up to 18 digits, else 16."""
    size = 8 if 0 < field_.precision <= 18 else 16

    def encode(value: Any) -> bytes:
        unscaled = _EXACT.quantize(Decimal(value), Decimal(1).scaleb(-field_.scale)).scaleb(field_.scale, _EXACT)
        return int(unscaled).to_bytes(size, "big", signed=True)

    return encode


def _postgres_numeric(value: Any) -> bytes:
    """Groups of four decimal digits, as PostgreSQL sends a numeric."""
    number = Decimal(value)
    if not number.is_finite():
        raise InvalidOperation("only finite numbers")
    sign, digits, exponent = number.as_tuple()
    scale = max(0, -int(exponent))
    whole = int("".join(map(str, digits)) or "0") * 10 ** max(0, int(exponent)) * 10 ** (-scale % 4)
    groups: list[int] = []
    while whole:
        whole, group = divmod(whole, 10_000)
        groups.insert(0, group)
    weight = len(groups) - (scale + 3) // 4 - 1 if groups else 0
    while groups and not groups[-1]:
        groups.pop()
    return struct.pack(f"!Hhhh{len(groups)}h", len(groups), weight, 0x4000 if sign else 0, scale, *groups)


def _timestamp_binary(value: datetime) -> bytes:
    epoch = _EPOCH if value.tzinfo is None else _EPOCH_UTC
    since = value - epoch
    return struct.pack("!q", (since.days * 86400 + since.seconds) * 10**6 + since.microseconds)


def _date_binary(value: Any) -> bytes:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return struct.pack("!i", day.toordinal() - _EPOCH_DAY)


def _clock(value: time) -> int:
    return ((value.hour * 60 + value.minute) * 60 + value.second) * 10**6 + value.microsecond


def _timetz_binary(value: time) -> bytes:
    offset = value.utcoffset() or timedelta(0)
    return struct.pack("!qi", _clock(value), -int(offset.total_seconds()))


_BINARY: dict[int, Encode] = {
    16: lambda value: b"\1" if value else b"\0",
    21: lambda value: struct.pack("!h", int(value)),
    23: lambda value: struct.pack("!i", int(value)),
    20: lambda value: struct.pack("!q", int(value)),
    26: lambda value: struct.pack("!I", int(value)),
    700: lambda value: struct.pack("!f", float(value)),
    701: lambda value: struct.pack("!d", float(value)),
    1082: _date_binary,
    1083: lambda value: struct.pack("!q", _clock(value)),
    1266: _timetz_binary,
    1114: _timestamp_binary,
    1184: _timestamp_binary,
    Y2M: lambda value: struct.pack("!i", _months(value)),
    D2S: lambda value: struct.pack("!q", _microseconds(value)),
    6551: lambda value: bytes(value) if isinstance(value, bytes | bytearray | memoryview) else _string(value),
}
