"""Tokens of Redshift SQL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import WarehouseError
from engine.warehouses.local.query_grammar import StatementReader
from engine.warehouses.local.tokens import fold, tokenize


def values(sql: str) -> list[str]:
    return [token.value for token in tokenize(sql)[:-1]]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("Select A.b", ["select", "a", ".", "b"]),
        ("'it''s' 'a\\nb' 'c\\\\d' '\\101'", ["it's", "a\nb", "c\\d", "A"]),
        ('"Mixed ""Case"""', ['mixed "case"']),
        ("#tmp 1.5e3 .5 1.", ["#tmp", "1.5e3", ".5", "1."]),
        ("a::int||b<>c!=d!~*e", ["a", "::", "int", "||", "b", "<>", "c", "!=", "d", "!~*", "e"]),
        ("a -- rest\n/* one /* two */ */ b", ["a", "b"]),
        ("$$ body; 'x' $$ $1", [" body; 'x' ", "$1"]),
        ("7%-2", ["7", "%", "-", "2"]),
    ],
)
def test_tokenize(sql: str, expected: list[str]) -> None:
    assert values(sql) == expected


@given(st.text())
def test_a_quoted_string_means_what_was_quoted(text: str) -> None:
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    assert values(quoted) == [text]


@given(st.text())
def test_any_text_has_tokens_or_a_syntax_error(text: str) -> None:
    try:
        tokens = tokenize(text)
    except WarehouseError as error:
        state = error.sqlstate
    else:
        state = tokens[-1].kind
    assert state in ("42601", "end")


@given(st.text())
def test_folding_changes_ascii_letters_only(name: str) -> None:
    folded = fold(name)
    assert len(folded) == len(name)
    assert all(one == two or (one.isascii() and one.lower() == two) for one, two in zip(name, folded, strict=True))


def test_error_at_the_end_says_so() -> None:
    with pytest.raises(WarehouseError, match="syntax error at end of input"):
        StatementReader("").name()


def test_reserved_word_needs_quotes() -> None:
    with pytest.raises(WarehouseError) as caught:
        StatementReader("user").name()
    assert '"user" is a reserved word' in caught.value.hint
    assert StatementReader('"user"').name() == "user"


def test_many_blanks_before_a_mistake_take_no_time() -> None:
    with pytest.raises(WarehouseError, match=r'at or near "\?"'):
        tokenize("SELECT" + " -- a comment\n   " * 2_000 + "?")
