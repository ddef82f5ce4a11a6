"""Hooks of a whole run: what is sent when, and what becomes of the run; on local Redshift and on the cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from events import read_events
from places import Place, make_place

from engine.__main__ import _run

HOOKS = """\
vars: {least: 1}
hooks:
  before:
    - CREATE TABLE IF NOT EXISTS feed.log (line integer IDENTITY(1, 1), what varchar(20))
    - INSERT INTO feed.log (what) VALUES ('before {{ vars.least }}')
  after:
    - INSERT INTO feed.log (what) SELECT 'after ' || n FROM counts
    - VACUUM dw.counts
  on_failure:
    - INSERT INTO feed.log (what) VALUES ('on_failure')
tables:
  counts:
    columns: {n: {type: bigint}}
    load: {sql: 'SELECT COUNT(*) AS n FROM feed.batch'}
  least:
    columns: {n: {type: bigint}}
    load: {sql: 'SELECT n FROM counts'}
    checks: [{expression: 'n >= {{ vars.least }}'}]
"""
BROKEN = "INSERT INTO feed.nothing VALUES (1)"


@pytest.fixture(params=["local", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    place = make_place(request, tmp_path)
    if place.lab:
        place.lab.drop("etlrun")
    place.feed("(1, 'x', 1, NULL)")
    return place


def run(place: Place, text: str = HOOKS, *arguments: str) -> int:
    path = place.folder / "p.yaml"
    path.write_text(f"version: 1\nname: p\nschema: dw\ntargets:\n{place.target}{text}", encoding="utf-8")
    return _run([str(path), *arguments])


def log(place: Place) -> list[str]:
    return [what for (what,) in place.send("SELECT what FROM feed.log ORDER BY line")]


def steps(place: Place, number: int = 1) -> dict[str, str]:
    """Return what became of each step and each part of hooks in the newest run, or in the one before it."""
    runs = place.send("SELECT run FROM etlrun.runs ORDER BY started_at DESC")
    sql = f"SELECT step, status FROM etlrun.steps WHERE run = '{runs[number - 1][0]}' AND status <> 'begun'"
    return dict(place.send(sql))


def run_status(place: Place) -> str:
    ((status, _), *_) = place.send("SELECT status, started_at FROM etlrun.runs ORDER BY started_at DESC")
    return str(status)


def test_hooks_are_sent_around_the_steps_and_noted(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place) == 0
    assert log(place) == ["before 1", "after 1"]
    assert steps(place) == {"hooks.before": "done", "counts": "done", "least": "done", "hooks.after": "done"}
    rows = place.send("SELECT number, status FROM etlrun.steps WHERE step = 'hooks.after' ORDER BY number")
    assert rows == [(1, "begun"), (2, "done")]
    said = capsys.readouterr()
    assert "hooks.before: sent in" in said.err
    assert "[1/2] counts" in said.err
    assert [line.split()[0] for line in said.out.splitlines()[2:]] == ["hooks.before", "counts", "least", "hooks.after"]


def test_a_step_that_fails_has_the_hooks_of_a_failure_sent(place: Place) -> None:
    assert run(place, HOOKS, "--var", "least=5") == 1
    assert log(place) == ["before 5", "on_failure"]
    assert steps(place) == {
        "hooks.before": "done", "counts": "done", "least": "failed", "hooks.after": "skipped",
        "hooks.on_failure": "done",
    }  # fmt: skip
    assert run_status(place) == "failed"


def test_a_hook_before_that_fails_keeps_every_step_from_beginning(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    second = "INSERT INTO feed.log (what) VALUES ('before {{ vars.least }}')"
    assert run(place, HOOKS.replace(second, BROKEN)) == 1
    assert log(place) == ["on_failure"]
    assert steps(place) == {
        "hooks.before": "failed", "counts": "skipped", "least": "skipped", "hooks.after": "skipped",
        "hooks.on_failure": "done",
    }  # fmt: skip
    said = capsys.readouterr().err
    assert "p.yaml:" in said
    assert "hooks.before failed:" in said
    assert BROKEN in said
    assert place.send("SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'dw'") == [(0,)]


def test_a_resumed_run_whose_hook_before_fails_keeps_what_was_done(place: Place) -> None:
    assert run(place, HOOKS, "--var", "least=5") == 1
    second = "INSERT INTO feed.log (what) VALUES ('before {{ vars.least }}')"
    assert run(place, HOOKS.replace(second, BROKEN), "--resume") == 1
    assert steps(place) == {
        "hooks.before": "failed", "counts": "kept", "least": "skipped", "hooks.after": "skipped",
        "hooks.on_failure": "done",
    }  # fmt: skip
    assert run(place, HOOKS, "--resume") == 0
    assert steps(place) == {"hooks.before": "done", "counts": "kept", "least": "done", "hooks.after": "done"}


def test_a_hook_after_that_fails_leaves_the_steps_done_and_resume_sends_it_again(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place, HOOKS.replace("VACUUM dw.counts", BROKEN)) == 1
    assert log(place) == ["before 1", "after 1", "on_failure"]
    assert steps(place)["least"] == "done"
    assert steps(place)["hooks.after"] == "failed"
    assert run_status(place) == "failed"
    assert place.send("SELECT n FROM dw.least") == [(1,)]
    assert run(place, HOOKS, "--resume") == 0
    assert steps(place) == {"hooks.before": "done", "counts": "kept", "least": "kept", "hooks.after": "done"}
    assert log(place)[3:] == ["before 1", "after 1"]


def test_a_failure_of_a_hook_of_failure_is_told_too(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    broken = HOOKS.replace("INSERT INTO feed.log (what) VALUES ('on_failure')", BROKEN)
    assert run(place, broken, "--var", "least=5", "--json") == 1
    events = read_events(capsys.readouterr().out)
    assert [each["step"] for each in events if each["event"] == "failed"] == ["least", "hooks.on_failure"]
    started = {each["step"]: each.get("number") for each in events if each["event"] == "started"}
    assert started == {"hooks.before": None, "counts": 1, "least": 2, "hooks.on_failure": None}


def test_some_of_the_steps_have_the_hooks_as_well(place: Place) -> None:
    assert run(place, HOOKS, "--select", "counts") == 0
    assert steps(place) == {"hooks.before": "done", "counts": "done", "hooks.after": "done"}


def test_what_takes_no_transaction_is_sent_without(place: Place) -> None:
    text = HOOKS.replace("VACUUM dw.counts", "TRUNCATE feed.batch\n    - VACUUM FULL dw.counts")
    assert run(place, text) == 0
    assert place.send("SELECT COUNT(*) FROM feed.batch") == [(0,)]


def test_lineage_and_report_know_the_hooks(place: Place) -> None:
    events, page = place.folder / "lineage.json", place.folder / "run.html"
    assert run(place, HOOKS, "--openlineage", str(events), "--report", str(page)) == 0
    assert "hooks.after" in page.read_text(encoding="utf-8")
    said = [json.loads(line) for line in events.read_text(encoding="utf-8").splitlines()]
    assert [each["eventType"] for each in said if each["job"]["name"] == "p"] == ["START", "COMPLETE"]
    assert {each["job"]["name"] for each in said} == {"p", "p.counts", "p.least"}
    events.unlink()
    assert run(place, HOOKS.replace("VACUUM dw.counts", BROKEN), "--openlineage", str(events)) == 1
    assert json.loads(events.read_text(encoding="utf-8").splitlines()[-1])["eventType"] == "FAIL"
