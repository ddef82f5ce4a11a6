"""Statements are found where a script has them, and kinds of statements told apart."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import WarehouseError
from engine.script import closed, code, first_word, parts, split, statements, unclosed
from engine.warehouses.local.tokens import tokenize

PARTS = st.one_of(
    st.sampled_from(["SELECT", " ", "\n", "a", "1", "(", ")", ",", "-", "/", "*", "$", "a$b", "E"]),
    st.text("a;'\"-/*$ \n\\", max_size=8).map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"),
    st.text("a;'\"-/*$ \n", max_size=8).map(lambda text: '"' + text.replace('"', '""') + '"'),
    st.text("a;'\"-/* ", max_size=8).map("--{}\n".format),
    st.text("a;'\"- \n", max_size=8).map("/*{}*/".format),
    st.tuples(st.sampled_from(["", "q", "body_1"]), st.text("a;'\"-/* \n", max_size=8)).map(
        lambda pair: f" ${pair[0]}${pair[1]}${pair[0]}$ "
    ),
)
# A part begins with a blank, so that two never make a third thing: '-' and '-', 'a' and '$$'.
STATEMENTS = st.lists(PARTS, min_size=1, max_size=6).map(lambda parts: ("SELECT 1 " + " ".join(parts)).strip())


@given(st.lists(STATEMENTS, max_size=5), st.text(" \n", max_size=2))
def test_statements_that_were_joined_split_back(written: list[str], blanks: str) -> None:
    script = "".join(f"{blanks}{closed(statement)}{blanks};" for statement in written)
    assert statements(script) == tuple(written)


@given(st.lists(PARTS, max_size=8).map("".join))
def test_code_keeps_each_character_where_it_was(sql: str) -> None:
    said = code(sql)
    assert len(said) == len(sql)
    assert all(new in (old, " ") for old, new in zip(sql, said, strict=True))
    assert said.count("\n") == sql.count("\n")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 'it''s' -- DROP\nFROM t", "SELECT '     '        \nFROM t"),
        ("a /* x /* y */ z */ b; c", "a                   b; c"),
        ('"a--b" $$ DROP $$', '"a--b" $$ DROP $$'),
    ],
)
def test_code_is_silent_about_texts_and_comments(sql: str, said: str) -> None:
    assert code(sql) == said


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("", ()),
        (";;\n ; ", ()),
        ("-- only;\n/* com;ments */", ()),
        ("SELECT 1", ("SELECT 1",)),
        ("SELECT 1;", ("SELECT 1",)),
        ("  SELECT 1 ;\n\nSELECT 2;", ("SELECT 1", "SELECT 2")),
        ("SELECT ';'; SELECT 2", ("SELECT ';'", "SELECT 2")),
        ("SELECT 'it''s;' ; SELECT 'a\\';b'", ("SELECT 'it''s;'", "SELECT 'a\\';b'")),
        ('SELECT "a;""b"; SELECT 2', ('SELECT "a;""b"', "SELECT 2")),
        ("SELECT 1 -- a; b\n; SELECT 2", ("SELECT 1 -- a; b", "SELECT 2")),
        ("-- why\nSELECT 1; -- after", ("-- why\nSELECT 1",)),
        ("SELECT /* ; */ 1; SELECT 2", ("SELECT /* ; */ 1", "SELECT 2")),
        ("SELECT $$a;b$$; SELECT $q$;$$;$q$", ("SELECT $$a;b$$", "SELECT $q$;$$;$q$")),
        ("SELECT a$b$ FROM x; SELECT a$b$ FROM x", ("SELECT a$b$ FROM x", "SELECT a$b$ FROM x")),
    ],
)
def test_statements(script: str, found: tuple[str, ...]) -> None:
    assert statements(script) == found


@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1 -- one", "SELECT 1 -- one\n"),
        ("SELECT '-- one'", "SELECT '-- one'"),
        ("-- one\nSELECT 1", "-- one\nSELECT 1"),
        ("SELECT 1 /* -- one */", "SELECT 1 /* -- one */"),
        ("SELECT 'a\n-- b'", "SELECT 'a\n-- b'"),
    ],
)
def test_closed(statement: str, result: str) -> None:
    assert closed(statement) == result


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("SELECT 1 /* ; /* ; */ ; */; SELECT 2", ("SELECT 1 /* ; /* ; */ ; */", "SELECT 2")),
        ("SELECT 1; SELECT 'a; b", ("SELECT 1", "SELECT 'a; b")),
        ("SELECT 1; SELECT 'it''s; b;", ("SELECT 1", "SELECT 'it''s; b;")),
        ('SELECT 1; SELECT "a;', ("SELECT 1", 'SELECT "a;')),
        ("SELECT 1; /* a; /* b */; c", ("SELECT 1", "/* a; /* b */; c")),
        ("SELECT 1; SELECT $q$ ; $$ ;", ("SELECT 1", "SELECT $q$ ; $$ ;")),
        ("SELECT $1; SELECT $2", ("SELECT $1", "SELECT $2")),
    ],
)
def test_what_has_no_end_is_one_statement_up_to_the_end(script: str, found: tuple[str, ...]) -> None:
    assert statements(script) == found


TEXTS = st.lists(
    st.sampled_from(
        ["'", '"', "$$", "$q$", "$", "--", "/*", "*/", ";", "\n", " ", "\\", "a", "1", "(", "E'", "é", "''", "-", "#"]
    )
).map("".join)  # fmt: skip


@given(TEXTS)
def test_parts_are_all_of_a_text(sql: str) -> None:
    assert "".join(sql[part.start : part.stop] for part in parts(sql)) == sql
    assert all(part.start < part.stop for part in parts(sql))


@given(TEXTS)
def test_statements_end_where_the_parser_of_local_redshift_sees_semicolons(sql: str) -> None:
    with suppress(WarehouseError):  # what it cannot read tells nothing
        found: list[list[str]] = [[]]
        for token in tokenize(sql):
            if token.kind == "op" and token.value == ";":
                found.append([])
            elif token.kind != "end":
                found[-1].append(token.value)
        assert [[token.value for token in tokenize(one)[:-1]] for one in statements(sql)] == [
            one for one in found if one
        ]


@given(TEXTS)
def test_a_statement_stands_where_it_is_said_to(script: str) -> None:
    for written in split(script):
        assert script.startswith(written.text, written.start)


@pytest.mark.parametrize(
    ("sql", "at"), [("SELECT 'a' \"b\" $$c$$ /* /* */ */ -- '", None), ("a 'b", 2), ("/* /* */", 0), ("a $q$ $$", 2)]
)
def test_unclosed(sql: str, at: int | None) -> None:
    assert unclosed(sql) == at


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("  /* x */ -- y\n Commit", "commit"), ("((select", "select"), ("( /* x */ (select", "select"), ("", ""),
        ("1", ""), (";end", "end"), ("/* a /* b */ */ begin", "begin"), ("'select'", ""), ("-- only", ""),
    ],
)  # fmt: skip
def test_first_word(sql: str, word: str) -> None:
    assert first_word(sql) == word
