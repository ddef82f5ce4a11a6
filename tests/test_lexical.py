from __future__ import annotations

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from engine.lexical import MAX_NAME_BYTES, RESERVED, identifier, literal

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
NAMES = TEXT.filter(lambda name: 0 < len(name.encode()) <= MAX_NAME_BYTES)


def read_name(written: str) -> str:
    """Read a name by Redshift's rules: quoted, a doubled quote is one; plain, as it stands."""
    return written[1:-1].replace('""', '"') if written.startswith('"') else written


@given(NAMES)
def test_identifier_reads_back(name: str) -> None:
    written = identifier(name)
    assert read_name(written) == name
    assert not written.startswith('"') or written[1:-1].count('"') == 2 * name.count('"')


@given(st.sampled_from(sorted(RESERVED)))
def test_reserved_word_is_quoted(word: str) -> None:
    assert identifier(word) == f'"{word}"'


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("users", "users"),
        ("_a1$", "_a1$"),
        ("größe", "größe"),
        ("Users", '"Users"'),
        ("1st", '"1st"'),
        ("a b", '"a b"'),
        ("a-b", '"a-b"'),
        ('a"b', '"a""b"'),
        ("user", '"user"'),
        ("time", "time"),
        ("level", "level"),
        ("$a", '"$a"'),
        ("a.b", '"a.b"'),
        ("qualify", '"qualify"'),
        ("é" * 63, "é" * 63),
        ("a\n", '"a\n"'),
    ],
)
def test_identifier(name: str, written: str) -> None:
    assert identifier(name) == written


@pytest.mark.parametrize("name", ["", "a" * 128, "é" * 64])
def test_identifier_of_a_length_that_cannot_be(name: str) -> None:
    with pytest.raises(ValueError, match="a name has 1 to 127 bytes"):
        identifier(name)


@given(TEXT)
def test_literal_reads_back(text: str) -> None:
    written = literal(text)
    assert written[0] == written[-1] == "'"
    read, rest = [], written[1:-1]
    while rest:
        if rest[0] in "'\\":
            assert rest[1] == rest[0]  # nothing ends the literal, nothing is an escape of something else
        read.append(rest[0])
        rest = rest[2 if rest[0] in "'\\" else 1 :]
    assert "".join(read) == text


@pytest.mark.parametrize(("text", "written"), [("it's", "'it''s'"), ("a\\nb", "'a\\\\nb'"), ("", "''"), ("é", "'é'")])
def test_literal(text: str, written: str) -> None:
    assert literal(text) == written


@given(st.text("ab'\"; -/*$", max_size=12))
def test_literal_is_one_token_for_another_reader(text: str) -> None:
    (token,) = sqlglot.tokenize(literal(text), read="redshift")
    assert token.text == text
