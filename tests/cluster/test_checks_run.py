"""Checks on what a load left, on local Redshift and on a cluster: before the commit, and alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from events import read_events
from places import FEED, ITEM, Place, make_place

from engine.__main__ import _run


@pytest.fixture(params=["local", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return make_place(request, tmp_path)


def checks(*items: str) -> str:
    return "    checks:\n" + "".join(f"      - {item}\n" for item in items)


@pytest.mark.parametrize(
    ("check", "holds", "fails", "said"),
    [
        ("not_null: [v, n]", ["(1, 'a', 1)"], ["(1, NULL, 1)", "(2, NULL, NULL)"], "not_null: v, n: 2 failures"),
        ("unique: [id]",
         ["(NULL, 'a', 1)", "(NULL, 'a', 1)", "(1, 'a', 1)"], ["(1, 'a', 1)", "(1, 'b', 1)"], "1 failure"),
        ("accepted_values: {v: [a, b]}", ["(1, 'a', 1)", "(1, NULL, 1)"], ["(1, 'c', 1)"], "v a, b: 1 failure"),
        ("relationships: {n: t.id}", ["(1, 'a', 1)", "(2, 'b', NULL)"], ["(1, 'a', 3)"], "n t.id: 1 failure"),
        ("expression: n > 0", ["(1, 'a', 1)", "(1, 'a', NULL)"], ["(1, 'a', 0)"], "expression: n > 0: 1 failure"),
        ("row_count: {min: 1, max: 2}", ["(1, 'a', 1)"], [], "row_count: min 1, max 2: 1 failure"),
        ("row_count: {min: 1}", ["(1, 'a', 1)"], [], "row_count: min 1: 1 failure"),
        ("row_count: {max: 1}", [], ["(1, 'a', 1)", "(1, 'a', 1)"], "row_count: max 1: 1 failure"),
        ("sql: SELECT id FROM t WHERE v > '{{ vars.until }}'", ["(1, 'a', 1)"], ["(1, 'zz', 1)"], "1 failure"),
        ("{name: no more than one, sql: SELECT id FROM t OFFSET 1}", ["(1, 'a', 1)"], ["(1, 'a', 1)"] * 3,
         "no more than one: 2 failures"),
    ],
)  # fmt: skip
def test_check_before_the_commit(
    place: Place, capsys: pytest.CaptureFixture[str], check: str, holds: list[str], fails: list[str], said: str
) -> None:
    place.feed(*holds)
    assert place.run(FEED, rest=checks(check)) == 0
    before = place.rows()
    place.feed(*fails)
    capsys.readouterr()
    assert place.run(FEED, rest=checks(check)) == 1
    assert said in capsys.readouterr().err
    assert place.rows() == before, "bad data never becomes visible"


def test_freshness(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    columns = "{id: {type: integer}, at: {type: timestamp}}"
    rest = checks("freshness: {column: at, within: 2 days}")
    for age, code in [("1 day", 0), ("3 days", 1)]:
        place.feed()
        place.send(f"INSERT INTO feed.batch SELECT 1, 'a', 1, GETDATE() - INTERVAL '{age}'")
        assert place.run("sql: 'SELECT id, at FROM feed.batch'", columns, rest) == code
    said = capsys.readouterr().err
    assert "freshness: column at, within 2 days: 1 failure" in said
    assert "newest=" in said
    place.feed()
    assert place.run("sql: 'SELECT id, at FROM feed.batch'", columns, rest) == 1, "an empty table is not fresh"


def test_every_failed_check_is_told_with_some_of_its_rows(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed(*(f"({number}, NULL, -1)" for number in range(7)))
    rest = checks("not_null: [v]", "unique: [id]", "expression: n >= 0")
    assert place.run(FEED, "{id: {type: integer, primary_key: true}, v: {type: varchar(9)}, n: {type: integer}}", rest)
    said = capsys.readouterr().err
    assert (
        "t failed and was rolled back: 2 checks failed: not_null: v: 7 failures; expression: n >= 0: 7 failures" in said
    )
    assert re.search(r"^  .*p\.yaml:\d+:9: not_null: v: 7 failures$", said, re.M)
    assert said.count(", v=NULL\n") == 5
    assert "    … and 2 more\n" in said


def test_warning_lets_the_step_go_on(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed("(1, NULL, 1)")
    rest = checks("{not_null: [v], severity: warn}", "{unique: [id], severity: warn}")
    assert place.run(FEED, rest=rest) == 0
    assert place.rows() == [(1, None, 1)]
    said = capsys.readouterr().err
    assert "[1/1] t: 1 row in " in said
    assert ", 1 warning\n" in said
    assert re.search(r"p\.yaml:\d+:10: t: warning: not_null: v: 1 failure\n    id=1, v=NULL, n=1$", said, re.M)
    assert place.run(FEED, ITEM, rest, "--json") == 0
    done = read_events(capsys.readouterr().out)[-1]
    (warning,) = done["warnings"]
    assert (warning["check"], warning["failures"]) == ("not_null: v", 1)
    assert warning["rows"] == [{"id": 1, "v": None, "n": 1}]


def test_failures_are_kept(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed("(1, 'it''s', -1)", "(2, NULL, 1)", "(3, 'ok', 1)")
    rest = checks("{expression: n > 0, keep_failures: bad}", "{not_null: [v], keep_failures: bad, severity: warn}")
    assert place.run(FEED, rest=rest) == 1
    kept = place.send("SELECT pipeline, step, check_name, failing_row FROM dw.bad ORDER BY check_name")
    assert [row[:3] for row in kept] == [("p", "t", "expression: n > 0"), ("p", "t", "not_null: v")]
    assert [json.loads(row[3]) for row in kept] == [{"id": 1, "v": "it's", "n": -1}, {"id": 2, "v": None, "n": 1}]
    place.feed("(2, NULL, 1)")
    assert place.run(FEED, rest=rest) == 0
    assert place.send("SELECT COUNT(*) FROM dw.bad") == [(3,)]


def test_checks_alone(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed("(1, 'a', 1)")
    assert place.run(FEED, rest=checks("not_null: [v]", "row_count: {min: 1}")) == 0
    path = str(place.folder / "p.yaml")
    capsys.readouterr()
    assert _run(["test", path]) == 0
    assert "[1/1] t: 2 checks asked in " in capsys.readouterr().err
    place.send("UPDATE dw.t SET v = NULL")
    assert _run(["test", path]) == 1
    said = capsys.readouterr().err
    assert "t failed: check failed: not_null: v: 1 failure" in said
    assert "rolled back" not in said
    assert place.rows() == [(1, None, 1)]
    assert _run(["test", path, "--dry-run"]) == 0
    script = capsys.readouterr().out
    assert "SELECT\n    COUNT(*) OVER () AS failures,\n    id, v, n\nFROM dw.t\nWHERE v IS NULL\nLIMIT 5;" in script
    assert "CREATE" not in script
    assert "INSERT" not in script
