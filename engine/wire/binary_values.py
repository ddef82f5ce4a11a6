"""Values as bytes: PostgreSQL's forms, and Redshift's where its drivers expect another."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from .text_values import Encode, microseconds_of, months_of, string_text, text
from .types import D2S, INTERVAL, NUMERIC, SMALLINTS, TEXTS, Y2M, Field

_EPOCH = datetime(2000, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)


def binary(field_: Field, amazon: bool) -> Encode:
    """Return what turns a value into bytes; `amazon`: as Redshift's own drivers read them."""
    if field_.oid == NUMERIC:
        return _redshift_numeric(field_) if amazon else _postgres_numeric
    if field_.oid == INTERVAL:
        # Redshift's interval has 12 bytes, with 16 bits for days and for months; PostgreSQL's has 16.
        return lambda value: struct.pack("!qhh" if amazon else "!qii", microseconds_of(value), 0, 0)
    return _BINARY.get(field_.oid) or text(field_)


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


def _array(element: int) -> Encode:
    """One dimension, from 1: PostgreSQL's array_send."""

    def encode(value: Sequence[Any]) -> bytes:
        head = struct.pack("!iiiii", 1, int(None in value), element, len(value), 1)
        if not value:
            head = struct.pack("!iii", 0, 0, element)
        return head + b"".join(_element(element, one) for one in value)

    return encode


def _element(oid: int, value: Any) -> bytes:
    if value is None:
        return struct.pack("!i", -1)
    data = struct.pack("!h", value) if oid == 21 else string_text(value)
    return struct.pack("!i", len(data)) + data


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
    Y2M: lambda value: struct.pack("!i", months_of(value)),
    D2S: lambda value: struct.pack("!q", microseconds_of(value)),
    SMALLINTS: _array(21),
    TEXTS: _array(25),
    6551: lambda value: bytes(value) if isinstance(value, bytes | bytearray | memoryview) else string_text(value),
}
