"""A cluster for each test, and a pipeline that doubles rows if anything is sent twice."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from certificates import Certificates
from cloud import Cloud
from lab import PASSWORD, TALLY, TARGET, TRUE_CLUSTER, Cluster, Lab, StandIn, true_cluster

from engine.aws import Aws
from engine.buckets import Buckets
from engine.storage import Storage
from engine.warehouses.local.session import open_database
from engine.wire.server import Server, read_certificate
from engine.wire.settings import Settings
from engine.wire.sign_in import Account


@pytest.fixture
def sockets_end_here() -> Iterator[None]:
    """Let what the driver left open end with its test."""
    yield
    gc.collect()


@pytest.fixture
def stand_in(
    moto: Cloud, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[StandIn]:
    """A cluster that can be made to fail. Nothing of it can be tried on a true one."""
    with urlopen(Request(f"{moto.url}/moto-api/reset", method="POST")):
        pass
    environ = {
        "AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG", "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_EC2_METADATA_DISABLED": "true", "SSL_CERT_FILE": str(certificates.authority),
    }  # fmt: skip
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("engine.retries.RETRIES.__class__.wait_seconds", lambda self, attempt: 0.01)
    for bucket in ("udacity-dend", "tally", "lab-work"):
        boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})

    database = open_database(None, Storage((), cache(lambda: Buckets(Aws("", "us-west-2")))))
    cluster = Cluster("localhost", 0, "dev", "etl", PASSWORD, "us-west-2", "s3://lab-work/etlrun", "default")
    lab = StandIn(cluster, database, moto)
    settings = Settings(
        Account("etl", PASSWORD), read_certificate(certificates.certificate, certificates.key), tls_required=True,
        faults=lambda number, sql: lab.faults(number, sql), log=lab.log.append,
    )  # fmt: skip
    with Server(database.session, settings) as server:
        for name, value in {**cluster.environ(), "LAB_PORT": str(server.port)}.items():
            monkeypatch.setenv(name, value)
        yield lab
    database.close()
    moto.faults.clear()
    moto.requests.clear()


@pytest.fixture
def lab(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The cluster that REDSHIFT_TEST_URL names, or the stand-in."""
    if not TRUE_CLUSTER:
        stand_in: StandIn = request.getfixturevalue("stand_in")
        return stand_in
    lab = Lab(true_cluster(TRUE_CLUSTER))
    for name, value in lab.cluster.environ().items():
        monkeypatch.setenv(name, value)
    lab.drop("sparkify", "tally", "etlrun")
    return lab


@pytest.fixture
def tally(lab: Lab, tmp_path: Path) -> Path:
    """The pipeline tally and its one file of three records."""
    path = tmp_path / "tally.yaml"
    text = TALLY.replace("targets:\n", f"targets:\n{TARGET}").replace("BUCKET", lab.bucket("tally"))
    path.write_text(text, encoding="utf-8")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "1.json").write_text('{"i": 1, "n": 1}{"i": 1, "n": 2}{"i": 2, "n": 5}')
    lab.upload(tmp_path / "data", "tally")
    return path
