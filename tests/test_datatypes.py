from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import datatypes
from engine.datatypes import DataType, UnknownType, parse_type

PLAIN = sorted({*datatypes._ALIASES.values()} - {"char", "varchar", "varbyte", "decimal"})
LENGTHS = {"char": 4096, "varchar": 65535, "varbyte": 1024000}
TYPES = st.one_of(
    st.sampled_from(PLAIN).map(DataType),
    *(st.integers(1, most).map(lambda n, name=name: DataType(name, length=n)) for name, most in LENGTHS.items()),
    st.integers(1, 38).flatmap(
        lambda p: st.integers(0, min(p, 37)).map(lambda s: DataType("decimal", precision=p, scale=s))
    ),
)


@given(TYPES)
def test_type_reads_back(type_: DataType) -> None:
    assert parse_type(str(type_)) == type_


@given(TYPES, st.text(" \t", max_size=2), st.booleans())
def test_type_reads_back_however_it_is_spaced_and_cased(type_: DataType, blanks: str, upper: bool) -> None:
    text = str(type_).replace("(", f"{blanks}({blanks}").replace(",", f"{blanks},{blanks}").replace(")", f"{blanks})")
    text = f"{blanks}{text}{blanks}".replace(" ", "  ")
    assert parse_type(text.upper() if upper else text) == type_


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("int", "integer"),
        ("int2", "smallint"),
        ("int4", "integer"),
        ("int8", "bigint"),
        ("float", "double precision"),
        ("float4", "real"),
        ("float8", "double precision"),
        ("float(24)", "real"),
        ("float(25)", "double precision"),
        ("bool", "boolean"),
        ("text", "varchar(256)"),
        ("varchar", "varchar(256)"),
        ("varchar(max)", "varchar(65535)"),
        ("nvarchar(7)", "varchar(7)"),
        ("character varying(9)", "varchar(9)"),
        ("char", "char(1)"),
        ("bpchar", "char(256)"),
        ("char(max)", "char(4096)"),
        ("nchar(3)", "char(3)"),
        ("varbyte", "varbyte(64000)"),
        ("varbinary(5)", "varbyte(5)"),
        ("binary varying(5)", "varbyte(5)"),
        ("numeric", "decimal(18,0)"),
        ("numeric(5)", "decimal(5,0)"),
        ("DECIMAL( 12 , 2 )", "decimal(12,2)"),
        ("timestamp without time zone", "timestamp"),
        ("timestamp with time zone", "timestamptz"),
        ("time with time zone", "timetz"),
        ("super", "super"),
        ("interval year to month", "interval year to month"),
        ("decimal(38,37)", "decimal(38,37)"),
    ],
)
def test_type_has_one_canonical_spelling(text: str, canonical: str) -> None:
    assert str(parse_type(text)) == canonical


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("varchr(10)", "'varchr(10)' is not a Redshift type", "did you mean 'varchar'?"),
        ("string", "'string' is not a Redshift type", "Redshift has no string; use varchar(256)"),
        ("JSONB", "'JSONB' is not a Redshift type", "Redshift has no jsonb; use super"),
        ("uuid", "'uuid' is not a Redshift type", "Redshift has no uuid; use varchar(36)"),
        ("qqq", "'qqq' is not a Redshift type", "types are bigint, boolean, char, date, decimal"),
        ("", "'' is not a Redshift type", "types are"),
        ("varchar(10", "'varchar(10' is not a Redshift type", "close the parenthesis: varchar(10)"),
        ("varchar()", "'varchar()' is not a Redshift type", "did you mean 'varchar'?"),
        ("varchar(0)", "'varchar(0)': the length of varchar is a number of bytes from 1 to 65535", ""),
        ("varchar(65536)", "'varchar(65536)': the length of varchar is a number of bytes from 1 to 65535", ""),
        ("varchar(abc)", "'varchar(abc)': the length of varchar is a number of bytes from 1 to 65535", ""),
        ("varchar(²)", "'varchar(²)': the length of varchar is a number of bytes from 1 to 65535", ""),
        ("varchar(1,2)", "'varchar(1,2)': varchar takes one length", "write varchar(1)"),
        ("char(4097)", "'char(4097)': the length of char is a number of bytes from 1 to 4096", ""),
        ("decimal(39)", "'decimal(39)': the precision of decimal goes from 1 to 38", ""),
        ("decimal(0)", "'decimal(0)': the precision of decimal goes from 1 to 38", ""),
        ("decimal(²)", "'decimal(²)': the precision of decimal goes from 1 to 38", ""),
        ("decimal(4,5)", "'decimal(4,5)': the scale goes from 0 to the precision, 37 at most", ""),
        ("decimal(38,38)", "'decimal(38,38)': the scale goes from 0 to the precision, 37 at most", ""),
        ("integer(4)", "'integer(4)': integer takes no argument", "write integer"),
        ("timestamp(3)", "'timestamp(3)': timestamp takes no argument", "write timestamp"),
        ("float(²)", "'float(²)': double precision takes no argument", "write double precision"),
        ("float(0)", "'float(0)': the precision of float goes from 1 to 53", ""),
        ("float(54)", "'float(54)': the precision of float goes from 1 to 53", ""),
    ],
)
def test_type_that_cannot_be(text: str, message: str, hint: str) -> None:
    with pytest.raises(UnknownType) as caught:
        parse_type(text)
    assert str(caught.value) == message
    assert caught.value.hint.startswith(hint)
    assert bool(caught.value.hint) == bool(hint)


@given(st.text(max_size=20) | st.text("varchdeiml(,)0123456789² ", max_size=20))
def test_any_text_is_a_type_or_is_told_not_to_be(text: str) -> None:
    with suppress(UnknownType):
        assert parse_type(str(parse_type(text))) == parse_type(text)


@pytest.mark.parametrize(("text", "is_text"), [("text", True), ("char(2)", True), ("super", False), ("varbyte", False)])
def test_text_types(text: str, is_text: bool) -> None:
    assert parse_type(text).is_text == is_text


@given(st.sampled_from(sorted(datatypes._FOREIGN)))
def test_suggested_types_exist(word: str) -> None:
    parse_type(datatypes._FOREIGN[word].partition(" with identity")[0])
    with pytest.raises(UnknownType):
        parse_type(word)
