from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sql import InvalidSql, Select, read_select

# --- what a SELECT reads and gives -----------------------------------------------------------------------------------


def reads(select: Select) -> list[tuple[str, str]]:
    return [(relation.schema, relation.name) for relation in select.relations]


@pytest.mark.parametrize(
    ("text", "relations"),
    [
        ("SELECT a FROM x", [("", "x")]),
        ("SELECT a FROM x, y JOIN s.z ON TRUE", [("", "x"), ("", "y"), ("s", "z")]),
        ("SELECT a FROM x UNION ALL SELECT b FROM y", [("", "x"), ("", "y")]),
        ("SELECT a FROM x WHERE b IN (SELECT c FROM y)", [("", "x"), ("", "y")]),
        ("SELECT (SELECT MAX(c) FROM y) AS m, EXISTS (SELECT 1 FROM z) AS e FROM x", [("", "y"), ("", "z"), ("", "x")]),
        ("WITH c AS (SELECT a FROM x) SELECT a FROM c", [("", "x")]),
        ("WITH c AS (SELECT a FROM x), d AS (SELECT a FROM c) SELECT a FROM d JOIN y ON TRUE", [("", "x"), ("", "y")]),
        ("WITH x AS (SELECT a FROM x) SELECT a FROM x", [("", "x")]),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT n FROM r", []),
        ("SELECT a FROM (SELECT a FROM x) AS q", [("", "x")]),
        ("SELECT i FROM x, x.items AS i", [("", "x")]),
        ('SELECT a FROM X, "Y", S.Z', [("", "x"), ("", "y"), ("s", "z")]),
        ("SELECT a FROM Übersicht", [("", "Übersicht")]),
        ("SELECT a FROM x AS y", [("", "x")]),
        ("SELECT a FROM x JOIN x AS other ON TRUE", [("", "x")]),
        ("SELECT 1 AS one", []),
        ("(SELECT a FROM x)", [("", "x")]),
        ("-- why\nSELECT a FROM x -- x, y\n/* z */", [("", "x")]),
    ],
)
def test_select_reads(text: str, relations: list[tuple[str, str]]) -> None:
    assert reads(read_select(text)) == relations


@pytest.mark.parametrize("name", ["events", '"events"', "größe", "s.events", '"S"."events"'])
@pytest.mark.parametrize("before", ["SELECT a FROM ", "SELECT 'é', a\nFROM\n   ", "-- é\nSELECT a FROM "])
def test_relation_is_where_it_is_named(before: str, name: str) -> None:
    (relation,) = read_select(before + name).relations
    line = (before + name).split("\n")[relation.line - 1]
    assert line[relation.column - 1 :] == name.rpartition(".")[2]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("SELECT a, x.b, c AS d, e f FROM x", ("a", "b", "d", "f")),
        ('SELECT A, "B", "Ünder" FROM x', ("a", "b", "Ünder")),
        ("SELECT CAST(a AS integer), b::date, (c), ((d))::text FROM x", ("a", "b", "c", "d")),
        ("SELECT t.a.b FROM t", ("b",)),
        ("SELECT a FROM x UNION ALL SELECT b FROM y", ("a",)),
        ("WITH c AS (SELECT * FROM x) SELECT a FROM c", ("a",)),
        ("SELECT COUNT(*), UPPER(a), -a, 1, 'text', NULL, TRUE, a + 1, CASE WHEN a THEN b END FROM x", ("",) * 9),
        ("SELECT COUNT(*) AS n, (SELECT MAX(a) FROM x) AS m FROM x", ("n", "m")),
        ("SELECT * FROM x", ()),
        ("SELECT x.*, 1 AS one FROM x", ()),
        ("SELECT DISTINCT a FROM x", ("a",)),
        ("SELECT TOP 5 a FROM x", ("a",)),
        ("SELECT a, a FROM x", ("a", "a")),
    ],
)
def test_select_gives(text: str, columns: tuple[str, ...]) -> None:
    assert read_select(text).columns == columns


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "no statement", (1, 1)),
        ("-- nothing", "no statement", (1, 1)),
        ("SELECT 1; SELECT 2", "2 statements where one SELECT belongs", (1, 1)),
        ("DELETE FROM x", "DELETE where a SELECT belongs", (1, 1)),
        ("INSERT INTO x SELECT 1", "INSERT where a SELECT belongs", (1, 1)),
        ("create table x (a int)", "CREATE where a SELECT belongs", (1, 1)),
        ("SELECT 0?", "the SQL cannot be read", (1, 1)),
        ("(x) UNION SELECT 1", "one side of a UNION, INTERSECT or EXCEPT is no SELECT", (1, 1)),
        ("SELECT $1\n1", "the SQL makes no sense from '1' on", (1, 1)),
        ("VALUES (1)", "VALUES where a SELECT belongs", (1, 1)),
        ("SELECT a INTO y FROM x", "SELECT … INTO where a SELECT belongs: the strategy says where the rows go", (1, 1)),
        ("SELECT a\nFROM x\nWHERE é é é", "the SQL makes no sense from 'é' on", (3, 9)),
        ("SELECT a b c FROM x", "the SQL makes no sense from 'c' on", (1, 12)),
        ("SELECT a\nFROM x\nWHERE b = 'c", "the SQL cannot be read: a quote or a comment is not closed", (3, 11)),
        ("SELECT 'a\"', \"b FROM x", "the SQL cannot be read: a quote or a comment is not closed", (1, 14)),
        ("SELECT a /* ' \nFROM x", "the SQL cannot be read: a quote or a comment is not closed", (1, 10)),
    ],
)
def test_text_that_is_no_select(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(InvalidSql) as caught:
        read_select(text)
    assert str(caught.value) == message
    assert (caught.value.line, caught.value.column) == place


@given(
    st.text("SELECTFROMwhereab ,.()*'\"-/;$1é\n", max_size=40).map("SELECT {}".format)
    | st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=20)
)
def test_any_text_is_read_or_refused_within_itself(text: str) -> None:
    try:
        read_select(text)
    except InvalidSql as error:
        rows = text.split("\n")
        assert 1 <= error.line <= len(rows), text  # noqa: PT017 - not every text is refused
        assert 1 <= error.column <= len(rows[error.line - 1]) + 1, text  # noqa: PT017
