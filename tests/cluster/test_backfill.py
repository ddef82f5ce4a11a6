"""A longer time is run slice by slice, stops where one fails, and goes on there: locally and on the cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from events import read_events
from lab import StandIn
from places import Place, make_place

from engine.__main__ import _run
from engine.wire.faults import NONE, Fault

PIPELINE = """\
vars: {since: "2018-11-01", until: "2018-11-02"}
window: {from: since, to: until, every: day}
tables:
  counts:
    columns: {n: {type: bigint}}
    load: {sql: 'SELECT COUNT(*) AS n FROM feed.batch'}
  visits:
    columns: {id: {type: integer}, at: {type: timestamp}}
    load:
      strategy: delete_insert
      range: {column: at, from: "{{ vars.since }}", to: "{{ vars.until }}"}
      sql: SELECT id, at FROM feed.batch
    depends_on: [counts]
    checks: [{expression: id < 100}]
"""
NOVEMBER = ("--from", "2018-11-01", "--to", "2018-11-04")
GOOD = ("(1, '', 0, '2018-11-01 00:00:00')", "(2, '', 0, '2018-11-02 23:59:59')", "(3, '', 0, '2018-11-03 00:00:00')")
OUTSIDE = ("(8, '', 0, '2018-10-31 23:59:59')", "(9, '', 0, '2018-11-04 00:00:00')")


@pytest.fixture(params=["local", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    place = make_place(request, tmp_path)
    if place.lab:
        place.lab.drop("etlrun")
    write(place)
    place.feed(*GOOD, *OUTSIDE)
    return place


def write(place: Place, text: str = PIPELINE) -> None:
    head = f"version: 1\nname: p\nschema: dw\ntargets:\n{place.target}"
    (place.folder / "p.yaml").write_text(head + text, encoding="utf-8")


def run(place: Place, *arguments: str) -> int:
    return _run([str(place.folder / "p.yaml"), *arguments])


def visits(place: Place) -> list[int]:
    return [number for (number,) in place.send("SELECT id FROM dw.visits ORDER BY id")]


def runs(place: Place) -> list[tuple[str, str]]:
    """Return the day and the status of each run, in the order of their begin."""
    found = place.send("SELECT variables, status FROM etlrun.runs ORDER BY started_at, run")
    return [(json.loads(variables)["since"][-2:], status) for variables, status in found]


def test_each_slice_is_a_run_and_they_are_half_open(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, *NOVEMBER) == 0
    assert visits(place) == [1, 2, 3]
    assert runs(place) == [("01", "done"), ("02", "done"), ("03", "done")]
    said = capsys.readouterr().err
    assert "slice 2 of 3, 2018-11-02 to 2018-11-03\n" in said
    assert "3 of 3 slices run" in said
    assert _run(["history", str(place.folder / "p.yaml")]) == 0
    said = capsys.readouterr().out
    assert said.split()[:2] == ["run", "window"]
    assert "2018-11-03 to 2018-11-04" in said
    assert _run(["history", str(place.folder / "p.yaml"), "--json"]) == 0
    newest, *_ = map(json.loads, capsys.readouterr().out.splitlines())
    assert newest["window"] == "2018-11-03 to 2018-11-04"
    assert _run(["history", str(place.folder / "p.yaml"), newest["run"]]) == 0
    assert "  of 2018-11-03 to 2018-11-04\n" in capsys.readouterr().out


def test_a_slice_that_fails_ends_it_and_resume_goes_on_there(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed(*GOOD, "(500, '', 0, '2018-11-02 12:00:00')")
    assert run(place, *NOVEMBER, "--exclude", "counts") == 1
    said = capsys.readouterr().err
    command = f"etlrun {place.folder / 'p.yaml'} --from 2018-11-01 --to 2018-11-04 --resume --exclude counts"
    assert f"stopped at slice 2 of 3, 2018-11-02 to 2018-11-03; to go on: {command}" in said
    assert runs(place) == [("01", "done"), ("02", "failed")]
    assert visits(place) == [1]
    place.feed(*GOOD)
    assert run(place, *NOVEMBER, "--resume", "--exclude", "counts") == 0
    said = capsys.readouterr().err
    assert "slice 1 of 3, 2018-11-01 to 2018-11-02: skipped, done in run 20" in said
    assert "2 of 3 slices run, 1 had been done before" in said
    assert runs(place) == [("01", "done"), ("02", "failed"), ("02", "done"), ("03", "done")]
    assert visits(place) == [1, 2, 3]


def test_the_slice_that_failed_last_is_continued_step_by_step(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    def events(*arguments: str) -> list[str]:
        capsys.readouterr()
        run(place, *NOVEMBER, "--resume", "--json", *arguments)
        found = read_events(capsys.readouterr().out)
        return [
            f"{each['from'][-2:]} {'run' if each['runs'] else 'skipped'}" if each["event"] == "slice"
            else f"{each['step']} {each['event']}"
            for each in found if each["event"] != "started"
        ]  # fmt: skip

    bad = (*GOOD, "(500, '', 0, '2018-11-02 12:00:00')")
    place.feed(*bad)
    assert run(place, *NOVEMBER) == 1
    place.feed(*GOOD)
    assert events() == [
        "01 skipped", "02 run", "counts kept", "visits done", "03 run", "counts done", "visits done",
    ]  # fmt: skip
    assert events() == ["01 skipped", "02 skipped", "03 skipped"]
    # Another run has come between: its rows are in the tables that all slices share, so no step is left out.
    place.feed(*bad)
    assert run(place, "--from", "2018-11-02", "--to", "2018-11-03") == 1
    place.feed(*GOOD)
    assert run(place) == 0
    assert events() == ["01 skipped", "02 run", "counts done", "visits done", "03 skipped"]


def test_slices_are_not_proven_done_once_their_sql_is_another_or_the_tables_were_made_anew(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, *NOVEMBER) == 0
    write(place, PIPELINE.replace("SELECT id, at", "SELECT id + 10 AS id, at"))
    capsys.readouterr()
    assert run(place, *NOVEMBER, "--resume") == 0
    said = capsys.readouterr().err
    assert "slice 1 of 3, 2018-11-01 to 2018-11-02 (visits: runs again: its SQL changed)\n" in said
    assert visits(place) == [11, 12, 13]
    assert run(place, "--from", "2018-11-02", "--to", "2018-11-03", "--full-refresh") == 0
    assert visits(place) == [12]
    capsys.readouterr()
    assert run(place, *NOVEMBER, "--resume") == 0
    assert "2 of 3 slices run, 1 had been done before" in capsys.readouterr().err
    assert visits(place) == [11, 12, 13]


@pytest.mark.parametrize("place", ["cluster"], indirect=True)
def test_pipeline_that_changes_meanwhile_ends_it(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    if not isinstance(place.lab, StandIn):
        pytest.skip("needs a cluster that can be watched")
    write(place, PIPELINE.replace("sql: SELECT id, at FROM feed.batch", "sql_file: visits.sql"))
    select = place.folder / "visits.sql"
    select.write_text("SELECT id, at FROM feed.batch", encoding="utf-8")

    def saved(number: int, sql: str) -> Fault:
        select.write_text("SELECT id + 1 AS id, at FROM feed.batch", encoding="utf-8")
        return NONE

    place.lab.faults = saved
    assert run(place, *NOVEMBER) == 1
    place.lab.faults = lambda number, sql: NONE
    said = capsys.readouterr().err
    assert "the files of the pipeline have changed since the first slice" in said
    assert "stopped at slice 2 of 3" in said
