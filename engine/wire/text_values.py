"""Values as text, as Redshift writes them: DateStyle is ISO, MDY."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from .types import D2S, INTERVAL, NUMERIC, SMALLINTS, TEXTS, VARCHAR, Y2M, Field

Encode = Callable[[Any], bytes]


def text(field_: Field) -> Encode:
    """Return what turns a value of a column into text."""
    return _TEXT.get(field_.oid, _any_text)


def _any_text(value: Any) -> bytes:
    """The text of a value of any type: what a column has whose type is not known."""
    for kind, text in _BY_VALUE:
        if isinstance(value, kind):
            return text(value)
    return str(value).encode()


def string_text(value: Any) -> bytes:
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
    microseconds = microseconds_of(value)
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
    months = months_of(value)
    sign, (years, rest) = ("-" if months < 0 else ""), divmod(abs(months), 12)
    parts = [f"{sign}{years} year{'' if years == 1 and not sign else 's'}"] if years else []
    parts += [f"{sign}{rest} mon{'' if rest == 1 and not sign else 's'}"] if rest or not years else []
    return " ".join(parts).encode()


def _bytes_text(value: Any) -> bytes:
    return bytes(value).hex().encode() if isinstance(value, bytes | bytearray | memoryview) else string_text(value)


def _json_text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def microseconds_of(value: Any) -> int:
    return value // timedelta(microseconds=1) if isinstance(value, timedelta) else int(value)


def months_of(value: Any) -> int:
    """The months of an interval: a month arrives as 30 days where the warehouse's driver has no months."""
    return round(value / timedelta(days=30)) if isinstance(value, timedelta) else int(value)


def _array_text(value: Sequence[Any]) -> bytes:
    r"""{1,2}, or {"a","b \"c\""}."""
    return b"{%s}" % b",".join(b"NULL" if one is None else _element_text(one) for one in value)


def _element_text(value: Any) -> bytes:
    if not isinstance(value, str):
        return _any_text(value)
    return b'"%s"' % value.replace("\\", "\\\\").replace('"', '\\"').encode()


_BY_VALUE: tuple[tuple[type | tuple[type, ...], Encode], ...] = (
    (str, str.encode), (bool, _bool_text), (int, _int_text), (float, _float_text), (Decimal, _numeric_text),
    (datetime, _timestamp_text), (date, lambda value: value.isoformat().encode()), (time, _time_text),
    (timedelta, _interval_text), ((bytes, bytearray, memoryview), _bytes_text), ((list, dict, tuple), _json_text),
)  # fmt: skip
_TEXT: dict[int, Encode] = {
    VARCHAR: string_text, 1042: string_text, 25: string_text, 16: _bool_text, 700: _real_text, NUMERIC: _numeric_text,
    Y2M: _months_text, D2S: _interval_text, INTERVAL: _interval_text, 6551: _bytes_text,
    SMALLINTS: _array_text, TEXTS: _array_text,
}  # fmt: skip
