"""Each type is announced and encoded as Redshift's drivers and PostgreSQL's read it."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redshift_connector.utils import type_utils as driver

from engine.errors import WarehouseError
from engine.warehouse import ResultColumn
from engine.wire.encoding import encoder
from engine.wire.types import Field, field


def _one(type_: str, value: Any, format_: int, *, amazon: bool = True) -> bytes:
    (cell,) = encoder(field(ResultColumn("c", type_)), format_, amazon=amazon)([value])
    assert int.from_bytes(cell[:4], "big") == len(cell) - 4
    return cell[4:]


@pytest.mark.parametrize(
    ("type_", "oid", "size", "modifier"),
    [
        ("smallint", 21, 2, -1), ("integer", 23, 4, -1), ("bigint", 20, 8, -1), ("real", 700, 4, -1),
        ("double precision", 701, 8, -1), ("numeric(12,2)", 1700, -1, (12 << 16) + 2 + 4), ("boolean", 16, 1, -1),
        ("character(3)", 1042, -1, 7), ("character varying(20)", 1043, -1, 24), ("date", 1082, 4, -1),
        ("timestamp without time zone", 1114, 8, -1), ("timestamp with time zone", 1184, 8, -1),
        ("time without time zone", 1083, 8, -1), ("time with time zone", 1266, 12, -1), ("super", 4000, -1, -1),
        ("interval year to month", 1188, 4, -1), ("interval day to second", 1190, 8, -1), ("interval", 1186, 12, -1),
        ("binary varying(10)", 6551, -1, -1), ("", 1043, -1, -1), ("no such type", 1043, -1, -1), ("oid", 26, 4, -1),
    ],
)  # fmt: skip
def test_columns_are_announced(type_: str, oid: int, size: int, modifier: int) -> None:
    found = field(ResultColumn("c", type_))
    assert (found.oid, found.size, found.modifier) == (oid, size, modifier)


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("integer", -5, "-5"), ("boolean", True, "t"), ("boolean", False, "f"), ("numeric(38,10)", Decimal("1E-10"),
         "0.0000000001"), ("numeric(5,0)", Decimal("1E+3"), "1000"), ("double precision", 0.1, "0.1"),
        ("double precision", 5.0, "5"), ("double precision", 1e20, "1e+20"), ("double precision", float("nan"), "NaN"),
        ("double precision", float("-inf"), "-Infinity"), ("real", 0.10000000149011612, "0.1"), ("real", 16777216.0,
         "16777216"), ("real", float("inf"), "Infinity"), ("date", date(999, 1, 2), "0999-01-02"),
        ("timestamp", datetime(2018, 11, 1, 21, 1, 46, 796000), "2018-11-01 21:01:46.796"),
        ("timestamp", datetime(2018, 11, 1), "2018-11-01 00:00:00"),
        ("timestamptz", datetime(2018, 11, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2018-11-01 00:00:00+00"),
        ("time", time(1, 2, 3, 450000), "01:02:03.45"), ("timetz", time(1, 2, tzinfo=UTC), "01:02:00+00"),
        ("timetz", time(1, 2, tzinfo=timezone(-timedelta(hours=3, minutes=30))), "01:02:00-03:30"),
        ("interval day to second", timedelta(days=3, hours=4, seconds=5.5), "3 days 04:00:05.5"),
        ("interval day to second", timedelta(days=1), "1 day"), ("interval day to second", timedelta(), "00:00:00"),
        ("interval day to second", -timedelta(days=1, hours=1), "-1 days -01:00:00"),
        ("interval year to month", timedelta(days=27 * 30), "2 years 3 mons"), ("interval year to month", 0, "0 mons"),
        ("interval year to month", -1, "-1 mons"), ("super", '{"a": 1}', '{"a": 1}'), ("super", [1, "x"], '[1,"x"]'),
        ("varbyte(4)", b"\xde\xad", "dead"), ("varchar(10)", "é", "é"), ("varchar(10)", 5, "5"), ("", {"a": None},
         '{"a":null}'), ("", Decimal("1.50"), "1.50"), ("", True, "t"), ("interval", "1 mon", "1 mon"),
    ],
)  # fmt: skip
def test_values_as_text(type_: str, value: Any, text: str) -> None:
    assert _one(type_, value, 0).decode() == text


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 18))
def test_small_numerics_are_eight_bytes_that_the_driver_reads(unscaled: int, scale: int) -> None:
    value = Decimal(unscaled).scaleb(-scale)
    if abs(unscaled) < 10**18:
        data = _one(f"numeric(18,{scale})", value, 1)
        assert len(data) == 8
        assert driver.numeric_in_binary(data, 0, 8, scale) == value


@given(st.integers(-(10**38) + 1, 10**38 - 1), st.integers(0, 37))
def test_wide_numerics_are_sixteen_bytes_that_the_driver_reads(unscaled: int, scale: int) -> None:
    sign, digits = (1 if unscaled < 0 else 0), tuple(map(int, str(abs(unscaled))))
    value = Decimal((sign, digits, -scale))
    data = _one(f"numeric(38,{scale})", value, 1)
    assert len(data) == 16
    assert int.from_bytes(data, "big", signed=True) == unscaled


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**20), max_value=10**20))
def test_numerics_for_postgresql_have_groups_of_four_digits(value: Decimal) -> None:
    data = _one("numeric(38,9)", value, 1, amazon=False)
    count, weight, sign, scale = struct.unpack("!HhHH", data[:8])
    groups = struct.unpack(f"!{count}H", data[8:])
    total = sum(group * Fraction(10_000) ** (weight - place) for place, group in enumerate(groups))
    assert (-total if sign else total) == Fraction(value)
    assert scale == 9
    assert all(group < 10_000 for group in groups)


@given(st.datetimes(datetime(1700, 1, 1)))
def test_timestamps_are_read_by_the_driver(value: datetime) -> None:
    assert driver.timestamp_recv_integer(_one("timestamp", value, 1), 0, 8) == value
    assert driver.timestamptz_recv_integer(_one("timestamptz", value.replace(tzinfo=UTC), 1), 0, 8) == value.replace(
        tzinfo=UTC
    )
    assert driver.date_recv_binary(_one("date", value.date(), 1), 0, 4) == value.date()


@given(st.times())
def test_times_are_read_by_the_driver(value: time) -> None:
    value = value.replace(microsecond=value.microsecond // 1000 * 1000)  # the driver reads times as floats
    data = _one("time", value, 1)
    assert abs(driver.time_recv_binary(data, 0, 8).microsecond - value.microsecond) <= 1
    assert data == struct.pack("!q", (datetime.combine(date.min, value) - datetime.min) // timedelta(microseconds=1))


def test_other_values_as_bytes() -> None:
    assert _one("boolean", True, 1) == b"\1"
    assert _one("real", 1.5, 1) == struct.pack("!f", 1.5)
    assert _one("timetz", time(1, tzinfo=timezone(timedelta(hours=2))), 1) == struct.pack("!qi", 3600 * 10**6, -7200)
    assert _one("interval year to month", timedelta(days=810), 1) == struct.pack("!i", 27)
    assert _one("interval day to second", timedelta(seconds=1), 1) == struct.pack("!q", 10**6)
    assert _one("interval", timedelta(seconds=1), 1) == struct.pack("!qhh", 10**6, 0, 0)
    assert _one("interval", timedelta(seconds=1), 1, amazon=False) == struct.pack("!qii", 10**6, 0, 0)
    assert _one("varbyte", b"\xde", 1) == b"\xde"
    assert _one("super", '{"a":1}', 1) == b'{"a":1}'


def test_null_has_no_bytes() -> None:
    for type_ in ("integer", "varchar", "numeric(5,2)"):
        for format_ in (0, 1):
            assert encoder(field(ResultColumn("c", type_)), format_, amazon=True)([None]) == [b"\xff\xff\xff\xff"]


def test_a_value_of_a_near_type_is_converted() -> None:
    assert _one("integer", Decimal(5), 1) == struct.pack("!i", 5)
    assert _one("boolean", Decimal(1), 1) == b"\1"
    assert _one("numeric(10,2)", 5, 1) == struct.pack("!q", 500)
    assert _one("double precision", Decimal("1.5"), 1) == struct.pack("!d", 1.5)
    assert _one("date", "2000-01-02", 1) == struct.pack("!i", 1)


@pytest.mark.parametrize(("type_", "value"), [("integer", "x"), ("smallint", 2**40), ("timestamp", 5), ("date", 1.5)])
def test_a_value_of_another_type_than_announced_is_told(type_: str, value: Any) -> None:
    with pytest.raises(WarehouseError, match="column c was announced as another type") as caught:
        _one(type_, value, 1)
    assert caught.value.sqlstate == "0A000"


def test_a_field_without_a_scale_is_whole() -> None:
    (cell,) = encoder(Field("c", 1700, -1), 1, amazon=True)([Decimal("2.5")])
    assert int.from_bytes(cell[4:], "big", signed=True) == 3
