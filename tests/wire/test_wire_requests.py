"""What a client sends is taken apart, or refused; nothing else happens."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_client import bind, describe, execute, message, parse, startup, text

from engine.wire import requests
from engine.wire.requests import Malformed, decode, decode_first


def _decode(data: bytes) -> requests.Request:
    assert struct.unpack("!i", data[1:5])[0] == len(data) - 1
    return decode(data[:1], data[5:])


def test_startup_has_the_parameters() -> None:
    first = decode_first(startup(user="me", database="dev", application_name="x")[4:])
    assert first == requests.Startup(3, 0, {"user": "me", "database": "dev", "application_name": "x"})


@pytest.mark.parametrize(
    ("code", "first"), [(80877103, requests.TlsRequest()), (80877104, requests.GssRequest())], ids=["tls", "gss"]
)
def test_first_message_asks_for_encryption(code: int, first: requests.First) -> None:
    assert decode_first(struct.pack("!i", code)) == first


def test_cancel_has_its_key() -> None:
    assert decode_first(struct.pack("!iii", 80877102, 7, -9)) == requests.Cancel(7, -9)


def test_parse_bind_and_the_rest() -> None:
    assert _decode(parse("select $1", "s", (23,))) == requests.Parse("s", "select $1", (23,))
    assert _decode(bind(b"1", None, b"", statement="s", portal="p", formats=(1,))) == requests.Bind(
        "p", "s", (), (b"1", None, b""), (1,)
    )
    assert _decode(describe("P", "p")) == requests.Describe("P", "p")
    assert _decode(execute("p", 5)) == requests.Execute("p", 5)
    assert _decode(message("C", b"S" + text("s"))) == requests.Close("S", "s")
    assert _decode(message("Q", text("select 'é'"))) == requests.Query("select 'é'")
    assert _decode(message("F", b"anything")) == requests.Unsupported("F")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"Q", b"no end"), (b"Q", b"\xff\0"), (b"Q", b"one\0two\0"), (b"D", b"X\0"), (b"E", b"\0\0\0"),
        (b"P", b"\0\0\xff\xff"), (b"B", b"\0\0\0\0\x7f\xff"), (b"B", b"\0\0\0\1\0\7\0\0\0\0"),
        (b"B", b"\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"), (b"B", b"\0\0\0\2\0\0\0\0\0\0\0\0"), (b"?", b""), (b"S", b"x"),
    ],
)  # fmt: skip
def test_malformed_messages_are_refused(kind: bytes, body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(kind, body)


@given(st.sampled_from([bytes([letter]) for letter in b"QPBDECHSXFdcf!"]), st.binary())
def test_any_bytes_are_a_message_or_malformed(kind: bytes, body: bytes) -> None:
    with suppress(Malformed):
        decode(kind, body)


@given(st.one_of(st.binary(), st.binary().map(lambda tail: b"\0\3\0\0" + tail)))
def test_any_first_bytes_are_a_message_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        decode_first(body)


_NAMES = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]))


@given(_NAMES, _NAMES, st.lists(st.integers(0, 2**31 - 1)))
def test_parse_reads_what_was_sent(name: str, sql: str, types: list[int]) -> None:
    assert _decode(parse(sql, name, tuple(types))) == requests.Parse(name, sql, tuple(types))


@given(_NAMES, st.lists(st.none() | st.binary()), st.lists(st.sampled_from([0, 1])))
def test_bind_reads_what_was_sent(portal: str, values: list[bytes | None], formats: list[int]) -> None:
    sent = _decode(bind(*values, portal=portal, formats=tuple(formats)))
    assert sent == requests.Bind(portal, "", (), tuple(values), tuple(formats))
