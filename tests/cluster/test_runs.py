"""Runs are noted, continued, and kept apart: on local Redshift and on the cluster."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from events import read_events
from lab import StandIn
from places import Place, make_place

from engine.__main__ import _run
from engine.wire.faults import NONE, Fault

TABLES = """\
tables:
  a:
    columns: {id: {type: integer}}
    load: {sql: 'SELECT id FROM feed.batch'}
  b:
    columns: {id: {type: integer}}
    load: {sql: 'SELECT id FROM a'}
    checks: [{expression: id < 100}]
  c:
    columns: {id: {type: integer}}
    load: {sql: 'SELECT id FROM b'}
  d:
    columns: {id: {type: integer}}
    load: {sql: 'SELECT id + 1 AS id FROM feed.batch'}
"""


@pytest.fixture(params=["local", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    place = make_place(request, tmp_path)
    if place.lab:
        place.lab.drop("etlrun")
    write(place)
    place.feed("(1, 'x', 1, NULL)")
    return place


def write(place: Place, tables: str = TABLES) -> Path:
    path = place.folder / "p.yaml"
    path.write_text(f"version: 1\nname: p\nschema: dw\ntargets:\n{place.target}{tables}", encoding="utf-8")
    return path


def run(place: Place, *arguments: str) -> int:
    return _run([str(place.folder / "p.yaml"), *arguments])


def noted(place: Place) -> list[tuple[str, str]]:
    return [(step, status) for step, status in place.send("SELECT step, status FROM etlrun.steps ORDER BY step")]


def runs(place: Place) -> list[str]:
    return [status for (status,) in place.send("SELECT status FROM etlrun.runs ORDER BY started_at, run")]


def last_events(place: Place, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, tuple[str, str]]:
    """Run it, and return for each step how it ended, and why it ran or did not."""
    capsys.readouterr()
    run(place, "--json", *arguments)
    found: dict[str, tuple[str, str]] = {}
    for event in read_events(capsys.readouterr().out):
        because = event.get("because", found.get(event["step"], ("", ""))[1])
        found[event["step"]] = (event["event"], because)
    return found


def test_run_is_noted_with_its_steps(place: Place) -> None:
    assert run(place) == 0
    assert runs(place) == ["done"]
    assert noted(place) == [(name, "done") for name in "abcd"]
    assert place.send("SELECT row_count, rejects FROM etlrun.steps WHERE step = 'a'") == [(1, 0)]
    assert place.send("SELECT COUNT(*) FROM etlrun.lease_p") == [(0,)]


def test_failed_run_is_noted_and_continued(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed("(500, 'x', 1, NULL)")
    assert run(place) == 1
    assert noted(place) == [("a", "done"), ("b", "failed"), ("c", "skipped"), ("d", "done")]
    ((error, because),) = place.send(
        "SELECT b.error, c.because FROM etlrun.steps AS b, etlrun.steps AS c WHERE b.step = 'b' AND c.step = 'c'"
    )
    assert error == "check failed: expression: id < 100: 1 failure"
    assert because == "b failed"
    ((first,),) = place.send("SELECT run FROM etlrun.runs")
    write(place, TABLES.replace("id < 100", "id < 1000"))
    again = last_events(place, capsys, "--resume")
    assert again == {
        "a": ("kept", f"done in run {first}, same SQL"),
        "b": ("done", f"it failed in run {first}"),
        "c": ("done", f"it was skipped in run {first}"),
        "d": ("kept", f"done in run {first}, same SQL"),
    }
    assert runs(place) == ["failed", "done"]
    assert place.send("SELECT resumes FROM etlrun.runs WHERE status = 'done'") == [(first,)]


def test_resume_runs_what_changed_and_what_reads_it(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed("(500, 'x', 1, NULL)")
    assert run(place) == 1
    write(place, TABLES.replace("SELECT id FROM feed", "SELECT id - 1 AS id FROM feed").replace("< 100", "< 1000"))
    again = last_events(place, capsys, "--resume")
    assert again["a"] == ("done", "runs again: its SQL changed")
    assert again["b"][0] == "done"
    assert again["d"][0] == "kept"
    assert place.send("SELECT id FROM dw.c") == [(499,)]


def test_resume_of_a_run_that_is_done_begins_anew(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place, "--resume") == 0
    assert "nothing to resume: there was no run yet" in capsys.readouterr().err
    assert run(place, "--resume") == 0
    assert "is done; this run begins anew" in capsys.readouterr().err
    assert runs(place) == ["done", "done"]


def test_resume_asks_for_the_same_steps(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed("(500, 'x', 1, NULL)")
    assert run(place, "--select", "a,b") == 1
    write(place, TABLES.replace("id < 100", "id < 1000"))
    assert {name: how for name, (how, _) in last_events(place, capsys, "--resume").items()} == {
        "a": "kept",
        "b": "done",
    }


APPENDS = """\
tables:
  a:
    columns: {id: {type: integer}}
    load: {strategy: append, sql: 'SELECT id FROM feed.batch'}
  b:
    columns: {id: {type: integer}}
    load: {sql: 'SELECT id FROM a'}
    checks: [{expression: id < 100}]
"""


def test_resume_after_a_resume_that_did_nothing_appends_no_row_twice(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.feed("(500, 'x', 1, NULL)")
    write(place, APPENDS)
    assert run(place) == 1
    ((first,),) = place.send("SELECT run FROM etlrun.runs")
    write(place, APPENDS.replace("{id: {type: integer}}", "{id: {type: smallint}}", 1))
    assert run(place, "--resume") == 1  # a difference is in the way
    write(place, APPENDS.replace("id < 100", "id < 1000"))
    assert _run(["why", str(place.folder / "p.yaml"), "a"]) == 0
    assert f"the next run with --resume leaves it out: done in run {first}, same SQL" in capsys.readouterr().out
    assert last_events(place, capsys, "--resume") == {
        "a": ("kept", f"done in run {first}, same SQL"),
        "b": ("done", f"it failed in run {first}"),
    }
    assert place.send("SELECT id FROM dw.a") == [(500,)]
    assert runs(place) == ["failed", "failed", "done"]


UNLOADS = """\
tables:
  a:
    columns: {id: {type: integer}}
    load: {strategy: append, sql: 'SELECT id FROM feed.batch'}
    unload: {to: s3://BUCKET/a/, existing: clean, format: csv}
"""


@pytest.fixture
def unloading(tmp_path: Path) -> Place:
    """A place whose bucket 'full' is a file, so that nothing can be written to it."""
    (tmp_path / "full").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "full" / "a").write_text("")
    mounts = "{s3://full: full, s3://out: out}"
    place = Place(tmp_path, f"  here: {{warehouse: local, database: warehouse.duckdb, mounts: {mounts}}}\n", None)
    place.send("CREATE SCHEMA feed", "CREATE TABLE feed.batch (id integer, v varchar(9), n integer, at timestamp)")
    place.feed("(5, 'x', 1, NULL)")
    return place


def test_resume_after_a_failed_unload_appends_no_row_twice(
    unloading: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    write(unloading, UNLOADS.replace("BUCKET", "full"))
    assert run(unloading) == 1
    assert "a is loaded, but its UNLOAD failed" in capsys.readouterr().err
    assert run(unloading, "--resume") == 1
    (_, (second,)) = unloading.send("SELECT run FROM etlrun.runs ORDER BY started_at, run")
    write(unloading, UNLOADS.replace("BUCKET", "out"))
    assert _run(["why", str(unloading.folder / "p.yaml"), "a"]) == 0
    assert f"--resume unloads it: it is loaded, but failed in run {second}" in capsys.readouterr().out
    assert last_events(unloading, capsys, "--resume") == {"a": ("done", f"it is loaded, but failed in run {second}")}
    assert unloading.send("SELECT id FROM dw.a") == [(5,)]
    assert (unloading.folder / "out" / "a").is_dir()


def test_resume_after_a_failed_unload_loads_anew_what_has_changed(unloading: Place) -> None:
    write(unloading, UNLOADS.replace("BUCKET", "full"))
    assert run(unloading) == 1
    write(unloading, UNLOADS.replace("BUCKET", "out").replace("SELECT id", "SELECT id + 1 AS id"))
    assert run(unloading, "--resume") == 0
    assert unloading.send("SELECT id FROM dw.a ORDER BY id") == [(5,), (6,)]


def test_changed_are_the_steps_that_are_not_as_they_were_last_done(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    def which(*arguments: str) -> str:
        return "".join(
            sorted(name for name, (how, _) in last_events(place, capsys, *arguments).items() if how == "done")
        )

    assert which("--select", "changed", "--exclude", "d") == "abc"
    assert which("--select", "changed+") == "d"
    assert run(place, "--select", "changed") == 0
    assert "nothing to run" in capsys.readouterr().err
    assert runs(place) == ["done", "done"]
    other = TABLES.replace("SELECT id FROM a", "SELECT id + 1 AS id FROM a")
    write(place, other)
    assert which("--select", "changed") == "b"
    write(place, other.replace("b:\n    columns: {", "b:\n    columns: {more: {type: integer}, "))
    assert which("--select", "changed+") == "bc"
    assert which("--exclude", "changed") == "abcd"


def test_a_failed_step_stays_changed(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(place) == 0
    place.feed("(500, 'x', 1, NULL)")
    write(place, TABLES.replace("SELECT id FROM a", "SELECT id + 1 AS id FROM a"))
    assert run(place, "--select", "+changed") == 1
    place.feed("(5, 'x', 1, NULL)")
    assert {name: how for name, (how, _) in last_events(place, capsys, "--select", "+changed").items()} == {
        "a": "done", "b": "done",
    }  # fmt: skip


def test_history_and_why(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline = str(place.folder / "p.yaml")
    assert _run(["history", pipeline]) == 0
    assert "no run of p has been noted" in capsys.readouterr().err
    assert _run(["why", pipeline, "b"]) == 0
    assert "no run has been noted" in capsys.readouterr().out
    assert run(place) == 0
    place.feed("(500, 'x', 1, NULL)")
    assert run(place) == 1
    capsys.readouterr()
    assert _run(["history", pipeline, "--json"]) == 0
    new, old = map(json.loads, capsys.readouterr().out.splitlines())
    assert (old["status"], old["done"], old["rows"]) == ("done", 4, 4)
    assert (new["status"], new["done"], new["failed"], new["skipped"]) == ("failed", 2, 1, 1)
    assert _run(["history", pipeline, "--limit", "1"]) == 0
    said = capsys.readouterr().out
    assert "2 done, 1 failed, 1 skipped" in said
    assert old["run"] not in said
    assert _run(["history", pipeline, new["run"]]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[-4:]] == [
        ["a", "done"], ["b", "failed"], ["c", "skipped"], ["d", "done"],
    ]  # fmt: skip
    assert _run(["history", pipeline, "nothing"]) == 2
    write(place, TABLES.replace("SELECT id FROM feed", "SELECT id - 1 AS id FROM feed"))
    assert _run(["why", pipeline, "b"]) == 0
    said = capsys.readouterr().out
    assert f"b: failed in the last run, {new['run']}" in said
    assert f"last done in run {old['run']}" in said
    assert "changed since: a: its SQL changed" in said
    assert "the next run with --resume does it: it failed in run" in said


def test_report_shows_a_run_on_a_cluster_beside_the_last_one(stand_in: StandIn, tally: Path) -> None:
    report = tally.with_name("run.html")
    for _ in range(2):
        assert _run([str(tally), "--report", str(report)]) == 0
    page = report.read_text(encoding="utf-8")
    assert "Each step in the last 2 runs" in page
    assert 'aria-label="rows, the oldest first: 3, 3"' in page
    assert "A cluster tells the bytes that a COPY read later only, in sys_load_history." in page


def test_tables_of_another_version_are_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.send("CREATE SCHEMA etlrun", "CREATE TABLE etlrun.runs (run varchar(32), pipeline varchar(127))")
    assert run(place) == 1
    said = capsys.readouterr().err
    assert "the tables of the schema etlrun are of another version of etlrun" in said
    assert "rename or drop" in said


# --- one run at a time -----------------------------------------------------------------------------------------------


def take_lease(stand_in: StandIn, seconds: int, run: str = "other", user: str = "another") -> None:
    """Let another run hold the lease."""
    with stand_in.session() as session:
        session.execute("DELETE FROM etlrun.lease_tally")
        expires = f"DATEADD(second, {seconds}, GETDATE())"
        me = session.execute("SELECT current_user, pg_backend_pid()").rows[0]
        values = f"'{run}', 'me@there', '{user or me[0]}', {me[1]}, GETDATE(), {expires}"
        session.execute(f"INSERT INTO etlrun.lease_tally VALUES ({values})")


def test_second_run_leaves_with_its_own_code(
    stand_in: StandIn, tally: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([str(tally)]) == 0
    take_lease(stand_in, 600)
    assert _run([str(tally)]) == 5
    said = capsys.readouterr().err
    assert "another run of tally is under way: other by me@there, since " in said
    assert "--wait SECONDS" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("how", ["given back", "expired"])
def test_second_run_waits(stand_in: StandIn, tally: Path, how: str) -> None:
    assert _run([str(tally)]) == 0
    take_lease(stand_in, 2 if how == "expired" else 600)
    if how == "given back":

        def give_back() -> None:
            with stand_in.session() as session:
                session.execute("DELETE FROM etlrun.lease_tally")

        threading.Timer(1, give_back).start()
    begin = time.monotonic()
    assert _run([str(tally), "--wait", "30"]) == 0
    assert time.monotonic() - begin > 0.5


def test_lease_of_a_killed_process_on_a_file_is_taken_over_at_once(tmp_path: Path) -> None:
    place = Place(tmp_path, "  here: {warehouse: local, database: warehouse.duckdb}\n", None)
    place.send("CREATE SCHEMA feed", "CREATE TABLE feed.batch (id integer, v varchar(9), n integer, at timestamp)")
    write(place)
    assert run(place) == 0
    place.send("INSERT INTO etlrun.lease_p VALUES ('killed', 'me', 'me', 1, GETDATE(), DATEADD(hour, 1, GETDATE()))")
    place.send("UPDATE etlrun.runs SET status = 'running'")
    assert run(place) == 0
    assert runs(place) == ["lost", "done"]


def test_lease_of_a_session_that_is_gone_is_taken_over_at_once(stand_in: StandIn, tally: Path) -> None:
    assert _run([str(tally)]) == 0
    with stand_in.session() as session:
        me = session.execute("SELECT current_user").rows[0][0]
    take_lease(stand_in, 600, user=me)
    assert _run([str(tally)]) == 0


def test_run_that_lost_its_lease_commits_nothing_more(
    stand_in: StandIn, tally: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lease is taken over between the first step and the second."""
    assert _run([str(tally)]) == 0
    before = stand_in.rows("tally", ("seen",))

    def fault(number: int, sql: str) -> Fault:
        if sql == "SET query_group TO 'etlrun tally seen'":
            take_lease(stand_in, 600, "thief")
        return NONE

    stand_in.faults = fault
    assert _run([str(tally)]) == 5
    stand_in.faults = lambda number, sql: NONE
    assert "another run of the pipeline has taken the place of this one" in capsys.readouterr().err
    assert stand_in.rows("tally", ("seen",)) == before
    with stand_in.session() as session:
        assert session.execute("SELECT run FROM etlrun.lease_tally").rows == [("thief",)]


def test_lease_is_taken_over_only_after_the_step_that_is_under_way(stand_in: StandIn, tally: Path) -> None:
    """Who takes over locks the lease, and so waits until a step that has read it has been committed."""
    assert _run([str(tally)]) == 0
    order: list[str] = []

    def take_over() -> None:
        with stand_in.session() as session, session.transaction():
            session.execute("LOCK etlrun.lease_tally")
            order.append("taken over")
            session.execute("DELETE FROM etlrun.lease_tally")

    thread = threading.Thread(target=take_over, daemon=True)

    def fault(number: int, sql: str) -> Fault:
        if sql.startswith("INSERT INTO etlrun.steps") and "'seen'" in sql:
            thread.start()
            time.sleep(0.5)
            order.append("step commits")
        return NONE

    stand_in.faults = fault
    assert _run([str(tally)]) == 5
    stand_in.faults = lambda number, sql: NONE
    thread.join(10)
    assert order == ["step commits", "taken over"]
    assert len(stand_in.rows("tally", ("seen",))["seen"]) == 6


def test_lease_is_renewed_while_the_run_works(stand_in: StandIn, tally: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.recording.LEASE_SECONDS", 0.4)

    def fault(number: int, sql: str) -> Fault:
        if sql.startswith("COPY"):
            time.sleep(1)
        return NONE

    stand_in.faults = fault
    assert _run([str(tally)]) == 0
    assert sum(each.sql.startswith("UPDATE etlrun.lease_tally") for each in stand_in.log) >= 2


def test_two_runs_at_once_are_one_after_the_other(stand_in: StandIn, tally: Path) -> None:
    command = [sys.executable, "-m", "engine", str(tally), "--wait", "60"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate()[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    with stand_in.session() as session:
        found = session.execute("SELECT started_at, ended_at, status FROM etlrun.runs ORDER BY started_at").rows
    assert [status for *_, status in found] == ["done", "done"]
    assert len(stand_in.rows("tally", ("seen",))["seen"]) == 6


def test_a_step_costs_two_statements_more(stand_in: StandIn, tally: Path) -> None:
    assert _run([str(tally)]) == 0
    noting = [each.sql for each in stand_in.log if "etlrun." in each.sql]
    in_steps = [sql for sql in noting if sql.startswith(("-- check: the run still", "INSERT INTO etlrun.steps"))]
    assert len(in_steps) == 2 * 3
    assert len(noting) - len(in_steps) <= 14
