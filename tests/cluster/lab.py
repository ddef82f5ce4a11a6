"""A cluster to run on: local Redshift behind the wire with moto's S3, or a true one that REDSHIFT_TEST_URL names."""

from __future__ import annotations

import os
import shutil
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from cloud import Cloud

from engine.warehouse import Session
from engine.warehouses.local.session import LocalDatabase
from engine.warehouses.redshift import open_session
from engine.wire.faults import NONE, Fault, Statement

PROJECT = Path(__file__).resolve().parents[2]
TABLES = ("staging_events", "staging_songs", "songplays", "users", "songs", "artists", "time")
PASSWORD = "sesame, öpen"
UNCLOSED_SOCKETS = [
    # The driver leaves its socket open where it may not connect: that is told of within the test, and no later.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("sockets_end_here"),
]
TRUE_CLUSTER = os.environ.get("REDSHIFT_TEST_URL", "")
"""redshift://user:password@host:port/database?work=s3://bucket/prefix&region=…&iam_role=arn:…

Pipelines run into schemas of their own there, which are dropped first; objects go under work.
"""

TARGET = """\
  lab:
    warehouse: redshift
    host: ${LAB_HOST}
    port: ${LAB_PORT}
    database: ${LAB_DATABASE}
    user: ${LAB_USER}
    password: ${LAB_PASSWORD}
    region: ${LAB_REGION}
    work: ${LAB_WORK}
    iam_role: ${LAB_ROLE}
"""


@dataclass(frozen=True)
class Cluster:
    """Where a cluster is, and where its files are put."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    region: str
    work: str
    role: str

    def environ(self) -> dict[str, str]:
        return {
            "LAB_HOST": self.host, "LAB_PORT": str(self.port), "LAB_DATABASE": self.database, "LAB_USER": self.user,
            "LAB_PASSWORD": self.password, "LAB_REGION": self.region, "LAB_WORK": self.work, "LAB_ROLE": self.role,
        }  # fmt: skip


def true_cluster(url: str) -> Cluster:
    """Read a REDSHIFT_TEST_URL."""
    parts = urllib.parse.urlsplit(url)
    options = dict(urllib.parse.parse_qsl(parts.query))
    return Cluster(
        host=parts.hostname or "", port=parts.port or 5439, database=parts.path.strip("/") or "dev",
        user=urllib.parse.unquote(parts.username or ""), password=urllib.parse.unquote(parts.password or ""),
        region=options["region"], work=options["work"].rstrip("/"), role=options.get("iam_role", "default"),
    )  # fmt: skip


@dataclass
class Lab:
    """A cluster and a bucket."""

    cluster: Cluster

    @contextmanager
    def session(self) -> Iterator[Session]:
        one = self.cluster
        settings = {"host": one.host, "port": one.port, "database": one.database}
        session = open_session({**settings, "user": one.user, "password": one.password}, application="test")
        yield session
        session.close()

    def rows(self, schema: str, tables: tuple[str, ...]) -> dict[str, list[tuple[Any, ...]]]:
        with self.session() as session:
            return {
                table: sorted(session.execute(f"SELECT * FROM {schema}.{table}").rows, key=repr) for table in tables
            }

    def drop(self, *schemas: str) -> None:
        with self.session() as session:
            for schema in schemas:
                session.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    def bucket(self, name: str) -> str:
        """Return what stands for a bucket: on a true cluster, a folder under work."""
        return f"{self.cluster.work}/{name}" if TRUE_CLUSTER else f"s3://{name}"

    def upload(self, folder: Path, name: str) -> None:
        bucket, _, prefix = self.bucket(name).removeprefix("s3://").partition("/")
        s3 = boto3.client("s3", region_name=self.cluster.region)
        for path in folder.rglob("*"):
            if path.is_file():
                key = "/".join(filter(None, (prefix, path.relative_to(folder).as_posix())))
                s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

    def pipeline(self, shipped: str, folder: Path) -> Path:
        """Copy a shipped pipeline to `folder`, give it the target 'lab', and upload its sample."""
        shutil.copytree(PROJECT / "pipelines", folder, ignore=shutil.ignore_patterns(".etlrun", "*.py"))
        copy = folder / f"{shipped}.yaml"
        text = copy.read_text(encoding="utf-8").replace("targets:\n", f"targets:\n{TARGET}", 1)
        targets, staging = text.split("\nstaging:", 1)
        staging = staging.replace("s3://udacity-dend", self.bucket("udacity-dend"))
        staging = staging.replace("region: us-west-2", f"region: {self.cluster.region}")
        copy.write_text(f"{targets}\nstaging:{staging}", encoding="utf-8")
        return copy


@dataclass
class StandIn(Lab):
    """Local Redshift behind the wire, with moto's S3: what it was asked, and what goes wrong."""

    database: LocalDatabase
    cloud: Cloud
    faults: Callable[[int, str], Fault] = lambda number, sql: NONE
    log: list[Statement] = field(default_factory=list)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Not through the wire: nothing is logged, and nothing goes wrong."""
        session = self.database.session()
        yield session
        session.close()


TALLY = """\
version: 1
name: tally
targets:
schema: tally
target: lab
staging:
  raws:
    from: BUCKET/raw/
    columns:
      id: {type: integer, path: $.i}
      n:  {type: integer, path: $.n}
tables:
  seen:
    columns:
      id: {type: integer}
      n:  {type: integer}
    load: {strategy: append, sql: 'SELECT id, n FROM raws'}
  latest:
    columns:
      id: {type: integer, primary_key: true}
      n:  {type: integer}
    load: {strategy: merge, key: [id], order_by: [n DESC], sql: 'SELECT id, n FROM raws'}
    checks:
      - unique: [id]
"""
TALLIED = ("raws", "seen", "latest")
CLEAN = {"raws": [(1, 1), (1, 2), (2, 5)], "seen": [(1, 1), (1, 2), (2, 5)], "latest": [(1, 2), (2, 5)]}
