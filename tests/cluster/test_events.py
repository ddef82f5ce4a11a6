"""Every event of --json is described, the schema describes none that does not come, and the page shows true ones."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from events import EVENT_SCHEMA, read_events
from jsonschema import Draft202012Validator
from lab import PROJECT, StandIn
from test_runs import take_lease

from engine.__main__ import INTERRUPTED, _run
from engine.events import Event
from engine.wire.faults import NONE, Fault, serializable_violation

PAGE = PROJECT / "docs" / "events.md"
VISITS = """\
version: 1
name: visits
targets: {local: {warehouse: local, mounts: {s3://site: bucket}, work: s3://site-work/etlrun}}
schema: visits
staging:
  raw_visits:
    from: s3://site/visits/
    load: incremental
    max_bad_files: 1
    columns:
      id:   {type: integer}
      page: {type: varchar(10)}
  raw_pages:
    from: s3://site/pages/
    columns:
      page: {type: varchar(10)}
tables:
  visits:
    columns:
      id:   {type: integer}
      page: {type: varchar(10)}
    load: {sql: 'SELECT id, page FROM raw_visits'}
    checks:
      - unique: [id]
      - {not_null: [page], severity: warn}
  totals:
    columns:
      n: {type: bigint}
    load: {sql: SELECT COUNT(*) AS n FROM visits}
"""
DAYS = """\
version: 1
name: days
vars: {since: "2018-11-01", until: "2018-11-02"}
window: {from: since, to: until, every: day}
hooks: {after: [ANALYZE days]}
tables:
  days:
    columns: {day: {type: date}}
    load: {strategy: append, sql: "SELECT CAST('{{ vars.since }}' AS date) AS day"}
"""
Told = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Run a command with --json, and return its events."""

    def tell(code: int, *arguments: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        found = _run([*arguments, "--json"])
        said = capsys.readouterr()
        assert found == code, said.err
        return read_events(said.out)

    return tell


def local_events(folder: Path, told: Told) -> list[dict[str, Any]]:
    """Return the events of runs of one pipeline: files come, break, are mended; checks fail; a column is added."""
    path = folder / "visits.yaml"

    def put(name: str, text: str) -> None:
        (folder / "bucket" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "bucket" / name).write_text(text, encoding="utf-8")

    path.write_text(VISITS, encoding="utf-8")
    put("visits/1.json", '{"id": 1, "page": "home"}{"id": 2}')
    put("visits/2.json", '{"id": "two"}')
    put("pages/1.json", '{"page": "home"}')
    found = told(0, "run", "visits.yaml")
    found += told(0, "test", "visits.yaml")
    put("visits/3.json", '{"id": 1, "page": "again"}')
    put("pages/2.json", '{"page": "far too long"}')
    found += told(1, "run", "visits.yaml")
    path.write_text(VISITS.replace("  - unique: [id]", "  - unique: [id, page]"), encoding="utf-8")
    put("pages/2.json", '{"page": "home"}')
    found += told(0, "run", "visits.yaml", "--resume")
    path.write_text(VISITS.replace("      n: {", "      m: {type: bigint}\n      n: {"), encoding="utf-8")
    found += told(1, "run", "visits.yaml", "--select", "totals,visits")
    (folder / "days.yaml").write_text(DAYS, encoding="utf-8")
    time = ("--from", "2018-11-01", "--to", "2018-11-03")
    return found + told(0, "run", "days.yaml", *time) + told(0, "run", "days.yaml", *time, "--resume")


def cluster_events(stand_in: StandIn, tally: Path, told: Told) -> list[dict[str, Any]]:
    """Return the events of runs on a cluster: one that is retried, one that is too late, one that is interrupted."""
    faults = iter([Fault(error=serializable_violation())])
    stand_in.faults = lambda number, sql: next(faults, NONE) if sql.startswith("COPY") else NONE
    found = told(0, "run", str(tally))
    assert [event["event"] for event in found[:3]] == ["started", "retried", "done"]
    assert "bytes" not in found[2]
    take_lease(stand_in, 600)
    assert told(5, "run", str(tally)) == []
    take_lease(stand_in, 0)

    def interrupt(number: int, sql: str) -> Fault:
        if sql.startswith("COPY"):
            os.kill(os.getpid(), signal.SIGINT)
        return NONE

    stand_in.faults = interrupt
    broken_off = told(INTERRUPTED, "run", str(tally))
    assert [event["event"] for event in broken_off] == ["started"]
    return found + broken_off


@pytest.fixture
def events(
    stand_in: StandIn, tally: Path, tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:  # fmt: skip
    (tmp_path / "local").mkdir()
    monkeypatch.chdir(tmp_path / "local")
    return local_events(tmp_path / "local", told) + cluster_events(stand_in, tally, told)


def keys_of(events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(str(event["event"]), key) for event in events for key in event}


def steady(event: Any) -> Any:
    """Return an event without what differs from run to run."""
    text = re.sub(r'("(?:wait_)?seconds": )[\d.]+', r"\g<1>0", json.dumps(event))
    return json.loads(re.sub(r"\d{8}T\d{6}-[0-9a-f]{8}", "RUN", text))


def test_each_event_and_each_key_of_the_schema_is_told_and_shown(events: list[dict[str, Any]]) -> None:
    branches = {branch["$ref"].rpartition("/")[2] for branch in EVENT_SCHEMA["oneOf"]}
    described = {(name, key) for name in branches for key in EVENT_SCHEMA["$defs"][name]["properties"]}
    assert keys_of(events) == described
    kinds = {event["kind"] for event in events if event["event"] != "slice"}
    assert kinds == set(EVENT_SCHEMA["$defs"]["kind"]["enum"])
    shown = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)]
    assert {event["event"] for event in shown} == branches
    true = [steady(event) for event in events]
    assert [event for event in shown if steady(event) not in true] == []


def test_schema_has_a_branch_for_each_event_and_a_description_for_each_key() -> None:
    Draft202012Validator.check_schema(EVENT_SCHEMA)
    assert len(EVENT_SCHEMA["oneOf"]) == len(get_args(Event)) + 1  # a slice is none of a step
    for name, branch in EVENT_SCHEMA["$defs"].items():
        assert branch["description"], name
        for key, value in branch.get("properties", {}).items():
            described = EVENT_SCHEMA["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else value
            assert described["description"], (name, key)
        assert branch.get("additionalProperties", False) is False


@pytest.mark.parametrize("change", [{"new": 1}, {"kind": "other"}, {"event": "begun"}, {"number": "1"}])
def test_event_that_the_schema_does_not_describe_is_told(change: dict[str, Any]) -> None:
    event = {"event": "started", "pipeline": "p", "target": "t", "step": "s", "kind": "table", "number": 1, "steps": 1}
    assert read_events(json.dumps(event)) == [event]
    with pytest.raises(AssertionError, match="is not as the schema says"):
        read_events(json.dumps(event | change))


@pytest.mark.parametrize("of", ["event", "plan"])
def test_schema_is_printed(of: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["schema", of]) == 0
    written = (PROJECT / "schemas" / f"{of}.schema.json").read_text(encoding="utf-8")
    assert capsys.readouterr().out == written
