"""Files are loaded exactly once: under faults at every statement, with two runs at once, late, changed and broken."""

from __future__ import annotations

import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import boto3
import pytest
from lab import TARGET, Lab, StandIn
from test_cluster_faults import KINDS, run_with_fault

from engine.__main__ import _run
from engine.connect import connect
from engine.environment import resolve
from engine.errors import WarehouseError
from engine.events import StepFailed
from engine.execute import execute
from engine.planning import make_plan
from engine.read import read_pipeline
from engine.wire.faults import NONE, Fault

FEED = """\
version: 1
name: feed
schema: feed
target: lab
targets:
TARGET
staging:
  batches:
    from: BUCKET/batches/
    load: incremental
    after: empty
    SETTINGS
    columns:
      id: {type: integer, path: $.i}
      n:  {type: integer, path: $.n}
tables:
  seen:
    columns:
      id: {type: integer}
      n:  {type: integer}
    load: {strategy: append, sql: 'SELECT id, n FROM batches'}
    checks: [{expression: n < 100}]
  latest:
    columns:
      id: {type: integer, primary_key: true}
      n:  {type: integer}
    load: {strategy: merge, key: [id], order_by: [n DESC], sql: 'SELECT id, n FROM batches'}
    checks: [{expression: n < 200}]
"""
KEPT = """\
version: 1
name: feed
schema: feed
target: lab
targets:
TARGET
staging:
  batches:
    from: BUCKET/batches/
    load: incremental
    SETTINGS
    columns:
      id: {type: integer, path: $.i}
      n:  {type: integer, path: $.n}
tables:
  seen:
    columns:
      id: {type: integer}
      n:  {type: integer}
    load: {sql: 'SELECT id, n FROM batches'}
"""


class Feed:
    """The pipeline feed, and the files that it is fed."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.path = lab, folder / "feed.yaml"
        self.write(FEED)

    def write(self, text: str, settings: str = "x-none: 0") -> None:
        text = text.replace("TARGET\n", TARGET).replace("BUCKET", self.lab.bucket("tally"))
        self.path.write_text(text.replace("SETTINGS", settings), encoding="utf-8")

    def put(self, name: str, content: str) -> None:
        bucket, _, prefix = self.lab.bucket("tally").removeprefix("s3://").partition("/")
        key = "/".join(filter(None, (prefix, "batches", name)))
        boto3.client("s3", region_name=self.lab.cluster.region).put_object(Bucket=bucket, Key=key, Body=content)

    def remove(self, name: str) -> None:
        bucket, _, prefix = self.lab.bucket("tally").removeprefix("s3://").partition("/")
        key = "/".join(filter(None, (prefix, "batches", name)))
        boto3.client("s3", region_name=self.lab.cluster.region).delete_object(Bucket=bucket, Key=key)

    def unloaded(self, to: str) -> dict[str, str]:
        bucket, _, prefix = to.removeprefix("s3://").partition("/")
        s3 = boto3.client("s3", region_name=self.lab.cluster.region)
        keys = [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
        return {key.split("/")[-2]: s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys}

    def run(self, *arguments: str) -> int:
        return _run([str(self.path), *arguments])

    def run_command(self, command: str, *arguments: str) -> int:
        return _run([command, str(self.path), *arguments])

    def rows(self, table: str = "seen") -> list[tuple[Any, ...]]:
        return self.lab.rows("feed", (table,))[table]

    def known(self) -> list[tuple[Any, ...]]:
        with self.lab.session() as session:
            found = session.execute("SELECT key, status, reason FROM etlrun.files ORDER BY key").rows
        return [(str(key).rpartition("/")[2], status, reason) for key, status, reason in found]


@pytest.fixture
def feed(lab: Lab, tmp_path: Path) -> Feed:
    lab.drop("feed", "etlrun")
    return Feed(lab, tmp_path)


def record(i: int, n: int) -> str:
    return f'{{"i": {i}, "n": {n}}}\n'


# --- once, whatever happens ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(4))
def test_fault_at_every_statement_loads_each_file_once(
    stand_in: StandIn, tmp_path: Path, first: int, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each statement from the choice of files to a table's COMMIT meets a fault; with --every-statement every kind."""
    feed = Feed(stand_in, tmp_path)
    feed.put("0.json", record(0, 0))
    assert feed.run() == 0
    statements = [each.sql for each in stand_in.log]
    begin = statements.index("LOCK feed.batches") - 1
    places = range(begin, statements.index("COMMIT", statements.index("LOCK feed.batches", begin + 2)) + 2)
    assert len(places) > 25
    faults = [(at, list(KINDS)[(at + at // 4) % 4]) for at in places[first::4]]
    if request.config.getoption("--every-statement"):
        faults = [(at, list(KINDS)[first]) for at in range(1, len(statements) + 1)]
    expected = [(0, 0)]
    for at, kind in faults:
        feed.put(f"{at}.json", record(at % 7, at % 50))
        expected.append((at % 7, at % 50))
        said = (at, kind, statements[at - 1])
        assert run_with_fault(stand_in, feed.path, at, kind) == 0, (*said, capsys.readouterr().err)
        assert feed.rows() == sorted(expected, key=repr), said
        assert {status for _, status, _ in feed.known()} == {"loaded"}, said


def test_two_runs_at_once_load_each_file_once(stand_in: StandIn, tmp_path: Path) -> None:
    feed = Feed(stand_in, tmp_path)
    assert feed.run() == 0
    pipeline = read_pipeline(feed.path, os.environ)
    target = resolve(pipeline.targets[0], os.environ)
    failed: list[object] = []

    def run(name: str) -> None:
        warehouse = connect(target, pipeline.folder)
        events = list(execute(make_plan(pipeline, target, run=name), warehouse, threads=2))
        failed.extend(event for event in events if isinstance(event, StepFailed))

    for number in range(4):
        feed.put(f"{number}.json", record(number, number))
        runs = [threading.Thread(target=run, args=(f"{number}-{each}",)) for each in range(3)]
        for each in runs:
            each.start()
        for each in runs:
            each.join()
        assert not failed
        assert feed.rows() == [(each, each) for each in range(number + 1)]
    assert feed.rows("latest") == feed.rows()


# --- what is taken, and what waits -----------------------------------------------------------------------------------


def test_table_that_failed_takes_the_rows_in_the_next_run_and_the_others_do_not(
    feed: Feed, capsys: pytest.CaptureFixture[str]
) -> None:
    both_append = FEED.replace("strategy: merge, key: [id], order_by: [n DESC]", "strategy: append")
    feed.write(both_append)
    feed.put("1.json", record(1, 150))
    assert feed.run() == 1, "seen refuses 150"
    assert (feed.rows("batches"), feed.rows("latest"), feed.known()) == (
        [(1, 150)], [(1, 150)], [("1.json", "loaded", "")],
    )  # fmt: skip
    feed.put("2.json", record(2, 2))
    capsys.readouterr()
    assert feed.run() == 1
    said = capsys.readouterr().err
    assert "no file is loaded before every table has taken the rows of the last load: 1 failure" in said
    assert "table=seen, run=" in said
    assert feed.rows("latest") == [(1, 150)], "it has taken them, and takes nothing twice"
    feed.write(both_append.replace("n < 100", "n < 1000"))
    for _ in range(3):
        assert feed.run() == 0
    assert feed.rows("seen") == feed.rows("latest") == [(1, 150), (2, 2)]
    assert feed.rows("batches") == [], "the rows that every table has taken are gone"


def test_table_that_was_not_selected_takes_the_rows_later(feed: Feed) -> None:
    feed.put("1.json", record(1, 1))
    assert feed.run("--select", "batches,seen") == 0
    feed.put("2.json", record(2, 2))
    assert feed.run("--select", "batches,seen") == 0
    assert (feed.rows("seen"), feed.known()) == ([(1, 1)], [("1.json", "loaded", "")])
    assert [feed.run(), feed.run()] == [0, 0]
    assert feed.rows("seen") == feed.rows("latest") == [(1, 1), (2, 2)]


def test_rows_that_are_kept_add_up(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.write(KEPT)
    assert feed.run() == 0
    assert f"there is no file at {feed.lab.bucket('tally')}/batches/" in capsys.readouterr().err
    feed.put("1.json", record(1, 1))
    feed.put('a,"b" ü.json', record(2, 2))
    assert feed.run() == 0
    assert "batches: 2 rows of 2 new files in " in capsys.readouterr().err
    assert feed.run() == 0
    assert "batches: 0 rows of 0 new files in " in capsys.readouterr().err
    assert feed.rows() == feed.rows("batches") == [(1, 1), (2, 2)]
    assert [name for name, _, _ in feed.known()] == ["1.json", 'a,"b" ü.json']


def test_full_refresh_loads_every_file_anew(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2):
        feed.put(f"{number}.json", record(number, number))
        assert feed.run() == 0
    assert feed.rows("batches") == [(2, 2)]
    assert feed.run("--full-refresh") == 0
    assert feed.rows() == feed.rows("latest") == feed.rows("batches") == [(1, 1), (2, 2)]
    capsys.readouterr()
    assert feed.run("--full-refresh", "--select", "seen") == 3
    assert "refresh batches, latest, seen together: --select batches+" in capsys.readouterr().err
    assert feed.rows() == [(1, 1), (2, 2)]


# --- changed files ---------------------------------------------------------------------------------------------------


def test_changed_file_fails_the_step(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.put("1.json", record(1, 1))
    assert feed.run() == 0
    feed.put("1.json", record(1, 7))
    feed.put("2.json", record(2, 2))
    assert feed.run() == 1
    said = capsys.readouterr().err
    assert "check failed: no file that was loaded may have changed: 1 failure" in said
    assert f"file={feed.lab.bucket('tally')}/batches/1.json" in said
    assert feed.rows() == [(1, 1)]


def test_changed_file_is_skipped(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.write(FEED, "changed: skip")
    feed.put("1.json", record(1, 1))
    assert feed.run() == 0
    feed.put("1.json", record(1, 7))
    feed.put("2.json", record(2, 2))
    assert feed.run() == 0
    assert "files that have changed are not loaded again: 1 failure" in capsys.readouterr().err
    assert feed.rows() == [(1, 1), (2, 2)]


def test_changed_file_reloads_all_that_is_kept(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.write(KEPT, "changed: reload")
    for number in (1, 2):
        feed.put(f"{number}.json", record(number, number))
        assert feed.run() == 0
    feed.put("1.json", record(1, 7))
    feed.put("3.json", record(3, 3))
    for _ in range(2):
        assert feed.run() == 0
        assert feed.rows() == feed.rows("batches") == [(1, 7), (2, 2), (3, 3)]
    feed.remove("2.json")
    assert feed.run() == 0, "a file that is gone is of no matter"
    feed.put("1.json", record(1, 8))
    assert feed.run() == 1
    assert "none that was loaded may be gone: 1 failure" in capsys.readouterr().err
    assert feed.rows() == [(1, 7), (2, 2), (3, 3)]


def test_changed_file_is_taken_again_by_key(feed: Feed) -> None:
    text = FEED.replace("strategy: append", "strategy: insert_missing, key: [id], order_by: [n]")
    feed.write(text, "changed: reload")
    feed.put("1.json", record(1, 1))
    assert feed.run() == 0
    feed.put("1.json", record(1, 7) + record(2, 2))
    for _ in range(2):
        assert feed.run() == 0
        assert (feed.rows("seen"), feed.rows("latest")) == ([(1, 1), (2, 2)], [(1, 7), (2, 2)])


# --- broken files ----------------------------------------------------------------------------------------------------


def test_broken_file_is_set_aside_and_tried_again(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.write(FEED, "max_bad_files: 1")
    feed.put("1.json", record(1, 1))
    feed.put("bad.json", '{"i": 3, "n": "many"}')
    assert feed.run() == 0
    said = capsys.readouterr().err
    assert "batches: 1 row of 1 new file, 1 broken in " in said
    assert f"warning: set aside {feed.lab.bucket('tally')}/batches/bad.json: line 1, column n: " in said
    assert feed.rows() == [(1, 1)]
    ((_, _, reason),) = [each for each in feed.known() if each[1] == "quarantined"]
    assert "many" in reason
    assert feed.run() == 0
    assert "set aside" not in capsys.readouterr().err, "it is left alone"
    feed.put("bad.json", record(3, 3))
    assert feed.run() == 0
    assert feed.rows() == [(1, 1), (3, 3)]
    assert {status for _, status, _ in feed.known()} == {"loaded"}


def test_too_many_broken_files_load_nothing(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.write(FEED, "max_bad_files: 1")
    feed.put("1.json", record(1, 1))
    for name in ("bad1.json", "bad2.json"):
        feed.put(name, '{"i": 3, "n": "many"}')
    for _ in range(2):
        assert feed.run() == 1
        said = capsys.readouterr().err
        assert "2 files are broken, and max_bad_files allows 1" in said
        assert "many" in said
        assert (feed.rows("batches"), feed.known()) == ([], [])


def test_broken_file_that_the_error_does_not_name_is_found_by_halves(stand_in: StandIn, tmp_path: Path) -> None:
    feed = Feed(stand_in, tmp_path)
    feed.write(FEED, "max_bad_files: 2")
    for number in range(9):
        feed.put(f"{number}.json", record(number, number))

    def refuse(number: int, sql: str) -> Fault:
        """Fail as a COPY does, and say nothing of the file."""
        found = re.search(r"COPY feed.batches.*FROM 's3://lab-work/(.*)'\nIAM", sql, re.DOTALL)
        if not found:
            return NONE
        listed = boto3.client("s3").get_object(Bucket="lab-work", Key=found[1])["Body"].read().decode()
        failed = "Load into table 'batches' failed.  Check 'stl_load_errors' system table for details."
        is_broken = any(f"/{name}.json" in listed for name in (3, 7))
        return Fault(error=WarehouseError(failed)) if is_broken else NONE

    stand_in.faults = refuse
    assert feed.run() == 0
    assert feed.rows() == [(each, each) for each in range(9) if each not in (3, 7)]
    assert [name for name, status, _ in feed.known() if status == "quarantined"] == ["3.json", "7.json"]


def test_files_are_told_before_the_first_run(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.write(FEED)
    feed.put("1.json", record(1, 1))
    assert feed.run_command("files") == 0
    assert "batches: 0 loaded, 1 new, 0 changed, 0 quarantined, 0 gone\n" in capsys.readouterr().out
    assert feed.run() == 0


def test_files_are_told(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    feed.write(FEED, "max_bad_files: 1")
    for name, content in {"1.json": record(1, 1), "2.json": record(2, 2), "bad.json": "[", "4.json": ""}.items():
        feed.put(name, content)
    assert feed.run() == 0
    feed.put("1.json", record(1, 7))
    feed.put("3.json", record(3, 3))
    feed.remove("2.json")
    capsys.readouterr()
    assert feed.run_command("files") == 0
    said = capsys.readouterr().out
    assert "batches: 1 loaded, 1 new, 1 changed, 1 quarantined, 1 gone\n" in said
    assert re.search(r"  quarantined  s3://.*/batches/bad.json  1 bytes, of \d{4}-.*: line 1: ", said)
    assert feed.run_command("files", "batches", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {each["file"].rpartition("/")[2]: each["status"] for each in lines} == {
        "1.json": "changed", "2.json": "gone", "3.json": "new", "4.json": "loaded", "bad.json": "quarantined",
    }  # fmt: skip
    assert feed.run_command("files", "--retry", lines[-1]["file"], "--retry", "batches/none.json") == 2
    told = capsys.readouterr()
    assert "1 loaded, 2 new, 1 changed, 0 quarantined, 1 gone" in told.out
    assert "1 of --retry name no file that was set aside" in told.err


# --- unload, grants --------------------------------------------------------------------------------------------------


def test_unload_writes_what_was_committed(feed: Feed, capsys: pytest.CaptureFixture[str]) -> None:
    to = f"{feed.lab.cluster.work}/unloaded/"
    unload = f"    unload: {{to: '{to}', existing: clean, format: csv, header: true, partition_by: [id]}}\n"
    feed.write(KEPT + unload)
    for number in (1, 2):
        feed.put(f"{number}.json", record(number, number))
        assert feed.run() == 0
    assert feed.unloaded(to) == {"id=1": "n\n1\n", "id=2": "n\n2\n"}
    feed.write(KEPT + unload.replace("[id]", "[id], sql: 'SELECT id, 1 / (n - n) AS n FROM seen'"))
    feed.put("3.json", record(3, 3))
    assert feed.run() == 1
    assert "seen is loaded, but its UNLOAD failed: " in capsys.readouterr().err
    assert feed.rows() == [(1, 1), (2, 2), (3, 3)]


def test_exclusive_grants_revoke_what_is_not_declared(feed: Feed) -> None:
    feed.write(KEPT + "    grants: {select: [group readers, public]}\n")
    assert feed.run() == 0
    with feed.lab.session() as session:
        session.execute("GRANT INSERT, SELECT ON feed.seen TO Ann")
        session.execute("GRANT SELECT ON feed.batches TO Ann")
    feed.write(KEPT + "    grants: {exclusive: true, select: [group readers], delete: [role keeper]}\n")
    assert feed.run() == 0
    with feed.lab.session() as session:
        found = session.execute(
            "SELECT relation_name, privilege_type, identity_type, identity_name FROM svv_relation_privileges "
            "WHERE namespace_name = 'feed' ORDER BY 1, 2, 3, 4"
        ).rows
    assert [tuple(row) for row in found] == [
        ("batches", "SELECT", "user", "ann"), ("seen", "DELETE", "role", "keeper"),
        ("seen", "SELECT", "group", "readers"),
    ]  # fmt: skip
