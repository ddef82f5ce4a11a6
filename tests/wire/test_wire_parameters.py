"""A bound value becomes a literal that cannot be anything else."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import WarehouseError
from engine.wire.parameters import sample, write


@pytest.mark.parametrize(
    ("oid", "value", "literal"),
    [
        (0, b"it's", "'it''s'"), (705, b"a\\b", "'a\\\\b'"), (1043, b"", "''"), (23, b" 5 ", "5"), (20, b"-5", "(-5)"),
        (1700, b"1E+2", "100"), (1700, b"-0.50", "(-0.50)"), (16, b"t", "true"), (16, b"off", "false"),
        (701, b"1.5", "CAST('1.5' AS double precision)"), (1082, b"2020-01-02", "CAST('2020-01-02' AS date)"),
        (1114, b"x' ", "CAST('x'' ' AS timestamp)"), (1186, b"1 day", "INTERVAL '1 day'"), (99999, b"x", "'x'"),
    ],
)  # fmt: skip
def test_text_becomes_a_literal(oid: int, value: bytes, literal: str) -> None:
    assert write(oid, 0, value) == literal


@pytest.mark.parametrize(
    ("oid", "value", "literal"),
    [
        (21, struct.pack("!h", -2), "(-2)"), (23, struct.pack("!i", 7), "7"),
        (20, struct.pack("!q", 2**40), "1099511627776"),
        (16, b"\1", "true"), (701, struct.pack("!d", 0.1), "CAST('0.1' AS double precision)"),
        (1082, struct.pack("!i", 366), "CAST('2001-01-01' AS date)"),
        (1083, struct.pack("!q", 3661 * 10**6), "CAST('01:01:01' AS time)"),
        (1266, struct.pack("!qi", 0, -7200), "CAST('00:00:00+02:00' AS timetz)"),
        (1114, struct.pack("!q", 1), "CAST('2000-01-01 00:00:00.000001' AS timestamp)"),
        (1184, struct.pack("!q", 0), "CAST('2000-01-01 00:00:00+00' AS timestamptz)"),
        (1186, struct.pack("!qhh", 5, 0, 14), "INTERVAL '14 months 0 days 5 microseconds'"),
        (1186, struct.pack("!qii", 5, 3, 0), "INTERVAL '0 months 3 days 5 microseconds'"),
        (1188, struct.pack("!i", 14), "INTERVAL '14' MONTH"), (1190, struct.pack("!q", 9), "INTERVAL '9 microseconds'"),
        (1700, struct.pack("!HhHH3H", 3, 1, 0x4000, 2, 1, 2, 5000), "(-10002.50)"),
        (1700, struct.pack("!HhHH9H", 9, 8, 0, 0, *[1234] * 9), "1234" * 9),
        (1700, struct.pack("!HhHH", 0, 0, 0, 0), "0"), (6551, b"\xff\0", "'ff00'"), (1043, b"x", "'x'"),
    ],
)  # fmt: skip
def test_bytes_become_a_literal(oid: int, value: bytes, literal: str) -> None:
    assert write(oid, 1, value) == literal


def test_null_is_null_of_any_type() -> None:
    assert write(23, 1, None) == write(1043, 0, None) == "NULL"


@pytest.mark.parametrize(
    ("oid", "format_", "value", "sqlstate"),
    [
        (23, 0, b"1; drop table t", "22P02"), (1700, 0, b"NaN", "22P02"), (1700, 0, b"1e999999", "22P02"),
        (16, 0, b"maybe", "22P02"), (701, 0, b"1.5'", "22P02"), (0, 0, b"\xff", "22021"), (0, 0, b"a\0b", "22021"),
        (23, 1, b"\0\0", "22P03"), (1114, 1, b"\x7f" * 8, "22P03"), (1700, 1, b"\0", "22P03"),
        (1700, 1, struct.pack("!HhHH", 0, 0, 0xC000, 0), "22P02"),
    ],
)  # fmt: skip
def test_what_is_no_value_of_its_type_is_refused(oid: int, format_: int, value: bytes, sqlstate: str) -> None:
    with pytest.raises(WarehouseError) as caught:
        write(oid, format_, value)
    assert caught.value.sqlstate == sqlstate


_TYPES = [0, 16, 20, 21, 23, 26, 700, 701, 705, 1043, 1082, 1083, 1114, 1184, 1186, 1188, 1190, 1266, 1700, 4000, 6551]
_LITERAL = re.compile(
    r"NULL|true|false|\(?-?\d+(\.\d+)?\)?|CAST\('([^'\\]|''|\\\\)*' AS [a-z ]+\)|INTERVAL '([^'\\]|''|\\\\)*'( MONTH)?"
    r"|'([^'\\]|''|\\\\)*'",
    re.DOTALL,
)


@given(st.sampled_from(_TYPES), st.sampled_from([0, 1]), st.one_of(st.binary(), st.text().map(str.encode)))
def test_any_value_becomes_exactly_one_literal(oid: int, format_: int, value: bytes) -> None:
    try:
        literal = write(oid, format_, value)
    except WarehouseError:
        return
    assert _LITERAL.fullmatch(literal), literal


@pytest.mark.parametrize("oid", _TYPES)
def test_every_type_has_a_sample(oid: int) -> None:
    assert sample(oid)
