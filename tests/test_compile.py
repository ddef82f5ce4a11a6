from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.compile.select import Compiled, Declared, Finding, compile_select, declare, item_spans
from engine.datatypes import UnknownType, parse_type
from engine.errors import Where
from engine.lexical import unquoted
from engine.model import Column, Definition
from engine.read import read_pipeline

HERE = Path(__file__).resolve().parent
NOWHERE = Where("p.yaml", 1, 1)


def definition(name: str, /, **columns: str) -> Definition:
    return Definition(
        name, "dw", NOWHERE, tuple(Column(name, parse_type(type_), NOWHERE) for name, type_ in columns.items())
    )


PLAYS = definition(
    "plays", id="bigint", n="integer", song="varchar(20)", at="timestamp", price="decimal(8,2)", j="super"
)
SONGS = definition("songs", song="varchar(20)", title="varchar(100)", year="smallint")
DECLARED = declare("dw", (PLAYS, SONGS))
TARGET = definition("t", a="integer", b="varchar(20)")


def compiled(sql: str, declared: Declared = DECLARED, target: Definition = TARGET) -> Compiled:
    return compile_select(sql, declared, target, tuple(column.name for column in target.columns))


def told(sql: str) -> list[str]:
    """Return each finding as 'rule: the text that it points to'."""
    return [f"{finding.rule}: {pointed(sql, finding)}" for finding in compiled(sql).findings]


def pointed(sql: str, finding: Finding) -> str:
    start, end = finding.span
    return sql[start:end] if start >= 0 else ""


# --- what is right ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT n AS a, song AS b FROM plays",
        "SELECT n AS a FROM dw.plays",
        "SELECT PLAYS.N AS a FROM Plays",
        'SELECT "plays"."n" AS a FROM plays',
        "SELECT p.n AS a FROM plays p, songs s WHERE p.song = s.song",
        "SELECT p.n AS a FROM plays p, songs s WHERE p.song || '' = s.song AND p.n > 1",
        "SELECT p.n AS a FROM plays p JOIN songs s USING (song)",
        "SELECT p.n AS a FROM plays p NATURAL JOIN songs s",
        "SELECT song AS b FROM plays JOIN songs USING (song)",
        "SELECT p.n AS a FROM plays p CROSS JOIN songs",
        "SELECT p.n AS a FROM plays p JOIN songs ON TRUE",
        "SELECT p.n AS a FROM plays p, (SELECT 1 AS one) q",
        "WITH most AS (SELECT MAX(year) AS y FROM songs) SELECT n AS a FROM plays, most WHERE n < y",
        "WITH settings AS (SELECT 5 AS least) SELECT n AS a FROM plays, settings",
        "SELECT i.n::integer AS a FROM plays p, p.j.items AS i",
        "SELECT n AS a FROM plays WHERE EXISTS (SELECT 1 FROM songs WHERE songs.song = plays.song)",
        "SELECT (SELECT MAX(year) FROM songs s WHERE s.song = p.song) AS a FROM plays p",
        "SELECT n AS a, COUNT(*) AS c FROM plays GROUP BY n",
        "SELECT n AS a, COUNT(*) AS c FROM plays GROUP BY 1",
        "SELECT n + 1 AS a, COUNT(*) AS c FROM plays GROUP BY n + 1",
        "SELECT n + 1 AS a, COUNT(*) AS c FROM plays GROUP BY a",
        "SELECT p.n AS a, COUNT(*) AS c FROM plays p GROUP BY n",
        "SELECT n AS a, SUM(id) AS s, s + 1 AS more FROM plays GROUP BY n",
        "SELECT n AS a, song AS b, COUNT(*) AS c FROM plays GROUP BY ROLLUP(n, song)",
        "SELECT n AS a, MAX(at) AS m, RANK() OVER (ORDER BY COUNT(*)) AS r FROM plays GROUP BY n HAVING COUNT(*) > 1",
        "SELECT j.x AS x, COUNT(*) AS c FROM plays GROUP BY j.x",
        "SELECT UPPER(song) AS b, COUNT(*) AS c FROM plays GROUP BY UPPER(plays.song)",
        "SELECT n / 2 AS a FROM plays",
        "SELECT 1.0 * n / 2 AS c FROM plays",
        "SELECT TIMESTAMP 'epoch' + id / 1000 * INTERVAL '1 second' AS c FROM plays",
        "SELECT EXTRACT(year FROM at) AS a, CASE WHEN n > 1 THEN 1 ELSE 0 END AS c FROM plays",
        "SELECT LEFT(title, 3) AS b FROM songs",
        "SELECT n AS a FROM plays UNION ALL SELECT year FROM songs",
        "SELECT n AS a FROM plays ORDER BY at LIMIT 10",
        "SELECT DISTINCT n AS a, 'x' AS b FROM plays",
        "SELECT NULL AS a, NULL AS b",
        "SELECT n AS a FROM plays QUALIFY ROW_NUMBER() OVER (PARTITION BY song ORDER BY at) = 1",
        "WITH RECURSIVE c (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM c WHERE k < 5) SELECT k AS a FROM c",
        "SELECT x.whatever AS a, x.more / 2 AS b FROM elsewhere.x",
        "SELECT whatever AS a, SUM(more) AS b FROM elsewhere.x GROUP BY whatever",
        "SELECT x.a AS a, p.song AS b FROM elsewhere.x AS x, plays AS p",
        "SELECT * FROM elsewhere.x",
        "SELECT q.a FROM (SELECT * FROM elsewhere.x) AS q",
    ],
)
def test_select_that_is_right_has_nothing_to_be_told(sql: str) -> None:
    assert told(sql) == []


CASES = [
    case for path in sorted((HERE / "conformance").glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))
]


def declared_by(setup: list[str]) -> Declared | None:
    """The tables that a case makes, as far as a pattern can read them."""
    found = []
    for statement in setup:
        if re.match(r"(?i)(alter|create (or replace )?function|create .*\bas\b)", statement):
            return None
        match = re.match(r"(?is)create\s+(?:temp\s+)?table\s+(\w+)\s*\((.*)\)", statement)
        if match:
            columns = [part.split(None, 1) for part in re.split(r",(?![^(]*\))", match[2])]
            try:
                found.append(
                    definition(
                        match[1],
                        **{unquoted(name).lower(): re.split(r"\s(?!\()", type_)[0] for name, type_ in columns},
                    )
                )
            except (UnknownType, ValueError):
                return None
    return declare("dw", tuple(found))


def answered() -> list[Any]:
    found = []
    for case in CASES:
        sql, setup = case.get("query"), case.get("setup", [])
        if case["expect"] != "error" and isinstance(sql, str) and re.match(r"(?i)\s*(select|with)\b", sql):
            declared = declared_by([setup] if isinstance(setup, str) else setup)
            if declared is not None:
                found.append(pytest.param(sql, declared, id=case["id"]))
    return found


@pytest.mark.parametrize(("sql", "declared"), answered())
def test_select_that_redshift_answers_is_no_error(sql: str, declared: Declared) -> None:
    rules = {finding.rule for finding in compiled(sql, declared, definition("t")).findings}
    assert rules <= {"column-count", "column-order"}, "the columns of '*' have no table here to go to"


# --- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT x AS a FROM plays", ["unknown-column: x"]),
        ("SELECT p.x AS a, q.n AS b FROM plays p", ["unknown-column: x", "unknown-table: q"]),
        ("SELECT n AS a FROM plays WHERE x = 1 ORDER BY y", ["unknown-column: x", "unknown-column: y"]),
        ("SELECT n AS a FROM plays GROUP BY n HAVING MAX(x) = 1", ["unknown-column: x"]),
        ("SELECT a FROM (SELECT n AS b FROM plays) q", ["unknown-column: a"]),
        ("WITH q AS (SELECT n FROM plays) SELECT q.m AS a FROM q", ["unknown-column: m"]),
        ("SELECT p.n AS a FROM plays p JOIN songs s ON s.songg = p.song", ["unknown-column: songg"]),
        ("SELECT x.a AS a, p.m AS b FROM elsewhere.x, plays p", ["unknown-column: m"]),
        ("SELECT song AS b FROM plays p, songs s WHERE p.song = s.song", ["ambiguous-column: song"]),
        ("SELECT n AS a, song AS b FROM plays GROUP BY n", ["missing-group-by: song"]),
        ("SELECT n AS a, COUNT(*) AS c FROM plays", ["missing-group-by: n"]),
        ("SELECT n + id AS c, MAX(at) AS m FROM plays GROUP BY n", ["missing-group-by: id"]),
        ("SELECT MAX(n) AS a FROM plays HAVING song = 'x'", ["missing-group-by: song"]),
        ("SELECT MAX(n) AS a FROM plays WHERE MAX(n) > 1", ["missing-group-by: MAX(n)"]),
        ("SELECT at + at AS c FROM plays", ["type-mismatch: at + at"]),
        ("SELECT at::integer AS a FROM plays", ["type-mismatch: at::integer"]),
        ("SELECT song AS a FROM plays", ["type-mismatch: song"]),
        ("SELECT n AS a FROM plays WHERE n", ["type-mismatch: n"]),
        ("SELECT n AS a FROM plays UNION SELECT year, song FROM songs", ["column-count: "]),
        ("SELECT title AS b FROM songs", ["text-length: title"]),
        ("SELECT 'a text that is far too long' AS b", ["text-length: 'a text that is far too long'"]),
        ("SELECT song || song AS b FROM plays", ["text-length: song || song"]),
        ("SELECT id AS a FROM plays", ["narrowing: id"]),
        ("SELECT price AS a FROM plays", ["narrowing: price"]),
        ("SELECT CAST(n / 2 AS decimal(8,2)) AS c FROM plays", ["integer-division: n / 2"]),
        ("SELECT ROUND(n / 3, 2) AS c FROM plays", ["integer-division: n / 3"]),
        ("SELECT (n + 1) / 2 * 1.5 AS c FROM plays", ["integer-division: (n + 1) / 2"]),
        ("SELECT p.n AS a FROM plays p, songs", ["cross-join: songs"]),
        ("SELECT p.n AS a FROM plays p JOIN songs s ON p.n = 1", ["cross-join: songs"]),
        ("SELECT p.n AS a FROM plays p, songs s, songs r WHERE p.song = s.song", ["cross-join: songs"]),
        ("SELECT n AS a FROM plays WHERE UDF(n) AND x", ["unknown-function: UDF(n)", "unknown-column: x"]),
        ("SELECT n AS a FROM plays FETCH FIRST 1 ROW ONLY", ["syntax: FETCH"]),
        ("SELECT n AS a FROM plays WHERE", ["not-checked: "]),
    ],
)
def test_select_that_is_wrong_is_told_with_its_place(sql: str, expected: list[str]) -> None:
    assert told(sql) == expected


def test_columns_have_types_and_sources() -> None:
    found = compiled("SELECT n * 2 AS a, COALESCE(song, 'x') AS b FROM plays").columns
    assert found is not None
    assert [(column.name, str(column.type), column.sources) for column in found] == [
        ("a", "integer", (("dw", "plays", "n"),)),
        ("b", "varchar(20)", (("dw", "plays", "song"),)),
    ]


def test_items_are_found_in_the_text() -> None:
    sql = "WITH q AS (SELECT 1 AS x) SELECT x AS a, 'a,b' b FROM q"
    assert [sql[start:end] for start, end in item_spans(sql)] == ["x AS a", "'a,b' b"]
    assert item_spans("SELECT FROM WHERE") == ()


SELECTS = [table.load.select for table in read_pipeline(HERE.parent / "pipelines" / "sparkify.yaml", {}).tables]
TOKENS = [re.findall(r"'[^']*'|\w+|\s+|--[^\n]*|.", select) for select in SELECTS]


@given(st.data())
def test_no_text_makes_the_checker_fail(data: st.DataObject) -> None:
    """Take tokens out of a SELECT, double some, put others in their place."""
    tokens = list(data.draw(st.sampled_from(TOKENS)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(tokens) - 1))
        tokens[place : place + 1] = data.draw(
            st.sampled_from([[], [tokens[place]] * 2, [data.draw(st.sampled_from(tokens))], ["NULL"], ["*"], ["("]])
        )
    found = compiled("".join(tokens))
    assert not [finding for finding in found.findings if "the checker failed" in finding.message]
