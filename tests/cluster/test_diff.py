"""Declared tables against those that are there: on local Redshift and through the wire the same plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import TARGET, StandIn
from places import LOCAL, Place, make_place

from engine.__main__ import _run
from engine.wire.faults import NONE, Fault

HEAD = "version: 1\nname: p\nschema: dw\nrules: {missing-column: off}\ntargets:\n"
BEFORE = """\
tables:
  kinds:
    columns:
      code: {type: varchar(4), primary_key: true}
    load: {sql: "SELECT 'a' AS code"}
  t:
    columns:
      id: {type: integer}
      v:  {type: varchar(10), references: kinds.code}
      n:  {type: 'decimal(8,2)'}
      w:  {type: varchar(10)}
    load: {strategy: append, sql: "SELECT 1 AS id, 'a' AS v, 2.5 AS n"}
"""
SAFE = (
    BEFORE.replace("w:  {type: varchar(10)}", "w:  {type: varchar(99), description: Wide.}")
    .replace("    load: {strategy", "      b:  {type: boolean, default: 'true', null: false}\n    load: {strategy")
    .replace("    load: {strategy", "    distkey: id\n    sortkey: [n]\n    load: {strategy")
)
COPIED = SAFE.replace("decimal(8,2)", "decimal(12,2)")
LOSING = COPIED.replace("      w:  {type: varchar(99), description: Wide.}\n", "")
LOSING = LOSING.replace("id: {type: integer}", "id: {type: smallint}")


@pytest.fixture(params=["local", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return make_place(request, tmp_path)


def run(place: Place, tables: str, *arguments: str) -> int:
    path = place.folder / "p.yaml"
    path.write_text(f"{HEAD}{place.target}{tables}", encoding="utf-8")
    command = arguments or ("run",)
    return _run([command[0], str(path), *command[1:]])


def differences(place: Place, tables: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[dict[str, object]]]:
    capsys.readouterr()
    run(place, tables, "diff", "--json")
    found: dict[str, list[dict[str, object]]] = json.loads(capsys.readouterr().out)
    return found


def test_run_makes_safe_changes_first_and_shows_them(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, BEFORE) == 0
    assert run(place, SAFE) == 0
    said = capsys.readouterr().err
    assert "t.w: varchar(10) in the warehouse, varchar(99) declared" in said
    assert "ALTER TABLE dw.t ALTER COLUMN w TYPE varchar(99);" in said
    assert place.send("SELECT id, v, n, w, b FROM dw.t ORDER BY id") == [(1, "a", 2.5, None, True)] * 2
    assert run(place, SAFE, "diff") == 0
    assert capsys.readouterr().out.endswith("nothing differs\n")


def test_run_stops_at_what_is_not_safe_before_it_sends_anything(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, BEFORE) == 0
    capsys.readouterr()
    assert run(place, COPIED) == 1
    said = capsys.readouterr()
    assert said.out == ""
    line = next(n for n, text in enumerate((HEAD + place.target + COPIED).splitlines(), 1) if "12,2" in text)
    assert f"p.yaml:{line}:7: t.n: decimal(8,2) in the warehouse, decimal(12,2) declared" in said.err
    assert "`etlrun diff --apply` sends it" in said.err
    assert place.send("SELECT COUNT(*) FROM dw.t") == [(1,)]
    assert run(place, COPIED, "run", "--full-refresh") == 0
    assert run(place, COPIED) == 0


def test_rows_that_only_the_table_has_are_not_to_be_dropped(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, BEFORE) == 0
    capsys.readouterr()
    assert run(place, COPIED) == 1
    said = capsys.readouterr().err
    assert "--full-refresh would drop the table, with the rows that its load gives no more" in said
    assert "or drop and fill the table: --full-refresh" not in said
    replaced = COPIED.replace("strategy: append", "strategy: replace")
    assert run(place, replaced) == 1
    assert "or drop and fill the table: --full-refresh" in capsys.readouterr().err


def test_column_that_may_be_renamed_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, BEFORE) == 0
    capsys.readouterr()
    assert run(place, BEFORE.replace("      w: ", "      other: ")) == 1
    assert "if 'other' is its new name, rename it in the warehouse first" in capsys.readouterr().err


def test_diff_applies_what_it_shows(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, BEFORE) == 0
    assert run(place, COPIED, "diff") == 1
    shown = capsys.readouterr().out
    assert "RENAME TO etlrun_old_t" in shown
    assert shown.endswith("6 differences: 1 safe, 5 copy\n")
    assert place.send("SELECT COUNT(*) FROM dw.t") == [(1,)]
    assert run(place, COPIED, "diff", "--apply") == 0
    assert run(place, COPIED, "diff") == 0
    assert place.send("SELECT id, v, n FROM dw.t") == [(1, "a", 2.5)]


def test_what_loses_data_is_named_and_must_be_allowed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, COPIED) == 0
    place.send("UPDATE dw.t SET w = 'x'")
    capsys.readouterr()
    assert run(place, LOSING, "diff", "--apply") == 1
    said = capsys.readouterr()
    assert "destructive: needs --allow-destructive: 1 value is lost" in said.out
    assert "destructive: needs --allow-destructive: 1 value is converted" in said.out
    assert said.err.endswith("nothing was sent: something would be lost: --allow-destructive\n")
    assert place.send("SELECT w FROM dw.t") == [("x",)]
    assert run(place, LOSING, "diff", "--apply", "--allow-destructive") == 0
    assert run(place, LOSING, "diff") == 0
    assert place.send("SELECT * FROM dw.t") == [(1, "a", 2.5, True)]


def test_swap_needs_no_change_before_a_run(place: Place) -> None:
    swapped = BEFORE.replace("strategy: append", "strategy: swap")
    assert run(place, swapped) == 0
    assert run(place, swapped.replace("decimal(8,2)", "decimal(12,2)")) == 0
    assert place.send("SELECT n FROM dw.t") == [(2.5,)]


def test_bound_view_stands_in_the_way_of_a_copy(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, BEFORE) == 0
    place.send("CREATE VIEW dw.seen AS SELECT id FROM dw.t")
    assert run(place, COPIED, "diff", "--apply") == 1
    said = capsys.readouterr()
    assert "the view dw.seen is bound to the table" in said.out
    assert said.err.endswith("nothing was sent: something cannot be done\n")
    assert run(place, SAFE, "diff", "--apply") == 0
    assert place.send("SELECT * FROM dw.seen") == [(1,)]


def test_both_warehouses_give_the_same_plan(
    stand_in: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    places = Place(tmp_path / "a", LOCAL, None), Place(tmp_path / "b", TARGET, stand_in)
    for place in places:
        assert run(place, BEFORE) == 0
    for tables in (BEFORE, SAFE, COPIED, LOSING):
        one, other = (differences(place, tables, capsys) for place in places)
        assert bool(one["differences"]) == (tables != BEFORE)
        assert one["statements"] == other["statements"]
        told = [[{**each, "where": ""} for each in found["differences"]] for found in (one, other)]
        assert told[0] == told[1]


def killed_at(sql: str, fault: Fault) -> Callable[[int, str], Fault]:
    return lambda number, text: fault if text == sql else NONE


def test_deep_copy_that_is_killed_leaves_the_table_as_before_or_after(
    stand_in: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The connection is cut at each statement in turn, and cut again at each try."""
    place = Place(tmp_path, TARGET, stand_in)
    assert run(place, COPIED) == 0
    stand_in.log.clear()
    assert run(place, LOSING, "diff", "--apply", "--allow-destructive") == 0
    copy = [each.sql for each in stand_in.log]
    inside = copy[copy.index(next(sql for sql in copy if sql.startswith("LOCK dw.t"))) :]
    cut = [sql for sql in inside if sql.startswith(("LOCK", "INSERT", "ALTER", "DROP", "COMMIT", "CREATE TABLE"))]
    assert len(cut) > 6
    before, after = ("id", "v", "n", "w", "b"), ("id", "v", "n", "b")
    for at, sql in enumerate(cut):
        stand_in.drop("dw")
        assert run(place, COPIED) == 0
        stand_in.faults = killed_at(sql, Fault(kill_after=True) if at % 2 else Fault(kill_before=True))
        run(place, LOSING, "diff", "--apply", "--allow-destructive")
        stand_in.faults = lambda number, sql: NONE
        with stand_in.session() as session:
            shape = tuple(column.name for column in session.execute("SELECT * FROM dw.t").columns)
        assert shape in (before, after), (sql, shape, capsys.readouterr().err)
        assert place.send("SELECT COUNT(*) FROM dw.t") == [(1,)]
        assert run(place, LOSING, "diff", "--apply", "--allow-destructive") == 0, capsys.readouterr().err
