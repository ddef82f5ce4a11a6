"""Files are loaded exactly once: under faults at every statement, with two runs at once, late, changed and broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from lab import TARGET, Lab, StandIn
from test_cluster_faults import KINDS, run_with_fault

from engine.__main__ import _run

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

    def run(self, *arguments: str) -> int:
        return _run([str(self.path), *arguments])

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


@pytest.mark.parametrize("kind", KINDS)
def test_fault_at_every_statement_loads_each_file_once(
    stand_in: StandIn, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    feed = Feed(stand_in, tmp_path)
    feed.put("0.json", record(0, 0))
    assert feed.run() == 0
    statements = [each.sql for each in stand_in.log]
    assert len(statements) > 45
    for at, sql in enumerate(statements, start=1):
        feed.put(f"{at}.json", record(at % 7, at % 50))
        assert run_with_fault(stand_in, feed.path, at, kind) == 0, (at, sql, capsys.readouterr().err)
        assert feed.rows() == sorted(((i % 7, i % 50) for i in range(at + 1)), key=repr), (at, sql)
