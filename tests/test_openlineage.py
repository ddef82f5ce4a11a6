"""Runs as OpenLineage events: to a file, over HTTP, and when they cannot be sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from engine.__main__ import _run
from engine.errors import Where
from engine.model import Target
from engine.openlineage import namespace

FACET = {"type": "object", "required": ["_producer", "_schemaURL"], "properties": {"_producer": {"format": "uri"}}}
FACETS = {"type": "object", "additionalProperties": FACET}
DATASETS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["namespace", "name"],
        "properties": {
            "namespace": {"type": "string"}, "name": {"type": "string"},
            "facets": FACETS, "inputFacets": FACETS, "outputFacets": FACETS,
        },
    },
}  # fmt: skip
RUN_EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventTime": {"type": "string", "format": "date-time"},
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "producer": {"type": "string", "format": "uri"},
        "run": {
            "type": "object", "required": ["runId"],
            "properties": {"runId": {"type": "string", "format": "uuid"}, "facets": FACETS},
        },
        "job": {
            "type": "object", "required": ["namespace", "name"],
            "properties": {"namespace": {"type": "string"}, "name": {"type": "string"}, "facets": FACETS},
        },
        "inputs": DATASETS, "outputs": DATASETS,
    },
}  # fmt: skip
"""What OpenLineage's specification 2-0-2 asks of a RunEvent."""

VISITS = """\
version: 1
name: visits
targets: {local: {warehouse: local, database: ':memory:', mounts: {s3://site: bucket}}}
schema: visits
staging:
  raw_visits:
    from: s3://site/visits/
    columns:
      id:   {type: integer}
      page: {type: varchar(20), path: $.p}
tables:
  visits:
    description: One row for each visit.
    columns:
      id:   {type: integer}
      page: {type: varchar(20), description: Its path.}
    load: {sql: 'SELECT id, page FROM raw_visits'}
  totals:
    columns:
      visits: {type: bigint}
    load: {sql: SELECT COUNT(id) AS visits FROM visits}
"""


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    (tmp_path / "bucket" / "visits").mkdir(parents=True)
    (tmp_path / "bucket" / "visits" / "1.json").write_text('{"id": 1, "p": "a"}{"id": 2, "p": "b"}')
    path = tmp_path / "visits.yaml"
    path.write_text(VISITS, encoding="utf-8")
    return path


def emitted(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def states(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["eventType"], event["job"]["name"]) for event in events]


def test_run_is_told_as_the_specification_has_it(visits: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    assert _run([str(visits), "--openlineage", str(file)]) == 0
    events = emitted(file)
    assert states(events) == [
        ("START", "visits"),
        ("START", "visits.raw_visits"), ("COMPLETE", "visits.raw_visits"),
        ("START", "visits.visits"), ("COMPLETE", "visits.visits"),
        ("START", "visits.totals"), ("COMPLETE", "visits.totals"),
        ("COMPLETE", "visits"),
    ]  # fmt: skip
    checker = Draft202012Validator(RUN_EVENT, format_checker=FormatChecker())
    assert [error.message for event in events for error in checker.iter_errors(event)] == []
    assert len({event["run"]["runId"] for event in events}) == 4
    assert {event["producer"].split(":")[1] for event in events} == {"etlrun"}


def test_step_tells_its_datasets_columns_and_rows(visits: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    assert _run([str(visits), "--openlineage", str(file)]) == 0
    events = {(event["eventType"], event["job"]["name"]): event for event in emitted(file)}
    local = "duckdb://:memory:"

    staged = events["COMPLETE", "visits.raw_visits"]
    assert [(each["namespace"], each["name"]) for each in staged["inputs"]] == [("s3://site", "visits")]
    (output,) = staged["outputs"]
    (field,) = output["facets"]["columnLineage"]["fields"]["page"]["inputFields"]
    assert (field["namespace"], field["name"], field["field"]) == ("s3://site", "visits", "$.p")

    made = events["COMPLETE", "visits.visits"]
    assert [(each["namespace"], each["name"]) for each in made["inputs"]] == [(local, "dev.visits.raw_visits")]
    (output,) = made["outputs"]
    assert (output["namespace"], output["name"]) == (local, "dev.visits.visits")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert output["facets"]["documentation"]["description"] == "One row for each visit."
    assert output["facets"]["schema"]["fields"][1] | {} == {
        "name": "page", "type": "varchar(20)", "description": "Its path.", "fields": [],
    }  # fmt: skip
    assert "INSERT INTO visits.visits" in made["job"]["facets"]["sql"]["query"]
    parent = made["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == events["START", "visits"]["run"]["runId"]
    assert parent["job"]["name"] == "visits"


def test_failed_step_fails_its_run(visits: Path, tmp_path: Path) -> None:
    (tmp_path / "bucket" / "visits" / "2.json").write_text('{"id": "many", "p": "c"}')
    file = tmp_path / "events.ndjson"
    assert _run([str(visits), "--openlineage", str(file)]) == 1
    events = emitted(file)
    assert states(events)[1:] == [("START", "visits.raw_visits"), ("FAIL", "visits.raw_visits"), ("FAIL", "visits")]
    assert "Load into table 'raw_visits' failed" in events[2]["run"]["facets"]["errorMessage"]["message"]


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """A collector of events: its URL, and what came, with its authorization."""
    came: list[tuple[str, dict[str, Any]]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            came.append((self.headers.get("Authorization", ""), body))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{collector.server_port}", came
        collector.shutdown()
        thread.join()


def test_events_are_sent_over_http(
    visits: Path, server: tuple[str, list[tuple[str, dict[str, Any]]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, came = server
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "open sesame")
    assert _run([str(visits), "--openlineage", url]) == 0
    assert states([event for _, event in came])[-1] == ("COMPLETE", "visits")
    assert {authorization for authorization, _ in came} == {"Bearer open sesame"}


def test_run_goes_on_where_events_cannot_be_sent(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(visits), "--openlineage", "http://127.0.0.1:9"]) == 0
    said = capsys.readouterr().err
    assert said.count("OpenLineage events cannot be sent, the run goes on without them") == 1


def test_folder_that_is_not_there_is_wrong_usage(visits: Path, tmp_path: Path) -> None:
    assert _run([str(visits), "--openlineage", str(tmp_path / "none" / "events.ndjson")]) == 2


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("lake.abc123xyz789.us-west-2.redshift.amazonaws.com", "redshift://lake.us-west-2:5439"),
        ("wg.123456789012.eu-west-1.redshift-serverless.amazonaws.com", "redshift://wg.eu-west-1:5439"),
        ("warehouse.example.com", "redshift://warehouse.example.com:5439"),
    ],
)
def test_cluster_is_named_as_openlineage_names_it(host: str, named: str) -> None:
    assert namespace(Target("aws", "redshift", Where("p.yaml", 1, 1), host=host)) == named
