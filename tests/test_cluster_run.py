"""A run on a cluster: redshift_connector over TLS to local Redshift behind the wire, files in moto's S3 over HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from certificates import Certificates
from cloud import Cloud, running

from engine.__main__ import _run
from engine.aws import Aws
from engine.buckets import Buckets
from engine.storage import Storage
from engine.warehouses.local.session import LocalDatabase, open_database
from engine.wire.faults import NONE, Fault, Statement, serializable_violation
from engine.wire.server import Server, read_certificate
from engine.wire.settings import Settings
from engine.wire.sign_in import Account

PROJECT = Path(__file__).resolve().parent.parent
PASSWORD = "sesame, öpen"
TABLES = ("staging_events", "staging_songs", "songplays", "users", "songs", "artists", "time")

pytestmark = [
    pytest.mark.filterwarnings("ignore:ssl:DeprecationWarning"),
    # The driver leaves its socket open where it may not connect.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def moto() -> Iterator[Cloud]:
    with running() as cloud:
        yield cloud


@dataclass
class Lab:
    """A cluster that is local Redshift behind the wire, and a bucket; what it was asked, what goes wrong."""

    database: LocalDatabase
    cloud: Cloud
    faults: Callable[[int, str], Fault] = lambda number, sql: NONE
    log: list[Statement] = field(default_factory=list)

    def rows(self, schema: str, tables: tuple[str, ...]) -> dict[str, list[tuple[object, ...]]]:
        session = self.database.session()
        found = {table: sorted(session.execute(f"SELECT * FROM {schema}.{table}").rows, key=repr) for table in tables}
        session.close()
        return found


@pytest.fixture
def lab(moto: Cloud, certificates: Certificates, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Lab]:
    with urlopen(Request(f"{moto.url}/moto-api/reset", method="POST")):
        pass
    database = open_database(None, Storage((), lambda: Buckets(Aws("", "us-west-2"))))
    lab = Lab(database, moto)
    settings = Settings(
        Account("etl", PASSWORD), read_certificate(certificates.certificate, certificates.key), tls_required=True,
        faults=lambda number, sql: lab.faults(number, sql), log=lab.log.append,
    )  # fmt: skip
    with Server(database.session, settings) as server:
        environ = {
            "AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG", "AWS_DEFAULT_REGION": "us-west-2",
            "AWS_EC2_METADATA_DISABLED": "true", "SSL_CERT_FILE": str(certificates.authority),
            "LAB_PORT": str(server.port), "LAB_PASSWORD": PASSWORD,
        }  # fmt: skip
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("engine.retries.RETRIES.__class__.wait_seconds", lambda self, attempt: 0.01)
        yield lab
    database.close()
    moto.faults.clear()


TARGET = """\
  lab:
    warehouse: redshift
    host: localhost
    port: ${LAB_PORT}
    user: etl
    password: ${LAB_PASSWORD}
    region: us-west-2
    work: s3://lab-work/etlrun
"""


def with_lab(pipeline: Path, folder: Path) -> Path:
    """Copy a shipped pipeline to `folder` and give it the target 'lab'."""
    shutil.copytree(pipeline.parent, folder, ignore=shutil.ignore_patterns(".etlrun", "*.py"))
    copy = folder / pipeline.name
    text = pipeline.read_text(encoding="utf-8")
    copy.write_text(text.replace("targets:\n", f"targets:\n{TARGET}", 1), encoding="utf-8")
    return copy


def upload(folder: Path, bucket: str) -> None:
    s3 = boto3.client("s3")
    for name in (bucket, "lab-work"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    for path in folder.rglob("*"):
        if path.is_file():
            s3.put_object(Bucket=bucket, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())


def local_rows(pipeline: Path, tables: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    assert _run([str(pipeline)]) == 0
    found = {}
    for table in tables:
        capsys.readouterr()
        assert _run(["query", str(pipeline), f"SELECT * FROM {table}", "--format", "csv"]) == 0
        found[table] = sorted(capsys.readouterr().out.splitlines()[1:])
    return found


def queried(pipeline: Path, tables: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    found = {}
    for table in tables:
        capsys.readouterr()
        assert _run(["query", str(pipeline), f"SELECT * FROM {table}", "--format", "csv", "--target", "lab"]) == 0
        found[table] = sorted(capsys.readouterr().out.splitlines()[1:])
    return found


def test_sparkify_on_the_cluster_is_sparkify_on_the_laptop(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = with_lab(PROJECT / "pipelines" / "sparkify.yaml", tmp_path / "home")
    upload(PROJECT / "pipelines" / "sparkify", "udacity-dend")
    assert _run([str(pipeline), "--target", "lab"]) == 0
    shown = capsys.readouterr()
    assert "songplays        done     1,259" in shown.out
    assert queried(pipeline, TABLES, capsys) == local_rows(pipeline, TABLES, capsys)
    (key,) = [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="lab-work")["Contents"]]
    assert key.startswith("etlrun/jsonpaths/sparkify/staging_events-")

    # The same content is not put a second time.
    puts = lab.cloud.asked("^PUT /lab-work/etlrun")
    assert _run([str(pipeline), "--target", "lab"]) == 0
    assert lab.cloud.asked("^PUT /lab-work/etlrun") == puts == 1


def test_small_real_data_on_the_cluster(
    lab: Lab, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = with_lab(PROJECT / "pipelines" / "sparkify.yaml", tmp_path / "home")
    upload(shared_data / "sparkify", "udacity-dend")
    assert _run([str(pipeline), "--target", "lab"]) == 0
    counts = {table: len(rows) for table, rows in lab.rows("sparkify", TABLES).items()}
    assert counts == {
        "staging_events": 8056, "staging_songs": 71, "songplays": 6820, "users": 96, "songs": 71, "artists": 69,
        "time": 6813,
    }  # fmt: skip


# --- faults at every statement ---------------------------------------------------------------------------------------

TALLY = """\
version: 1
name: tally
targets:
schema: tally
target: lab
staging:
  raws:
    from: s3://tally/raw/
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


@pytest.fixture
def tally(lab: Lab, tmp_path: Path) -> Path:
    """A pipeline that doubles rows if anything is sent twice: one table is appended to."""
    path = tmp_path / "tally.yaml"
    path.write_text(TALLY.replace("targets:\n", f"targets:\n{TARGET}"), encoding="utf-8")
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "1.json").write_text('{"i": 1, "n": 1}{"i": 1, "n": 2}{"i": 2, "n": 5}')
    upload(tmp_path / "data", "tally")
    return path


KINDS = {
    "killed before": Fault(kill_before=True),
    "killed after": Fault(kill_after=True),
    "1023": Fault(error=serializable_violation()),
}


@pytest.mark.parametrize("kind", KINDS)
def test_fault_at_every_statement_loses_nothing_and_doubles_nothing(
    lab: Lab, tally: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([str(tally)]) == 0
    statements = [each.sql for each in lab.log]
    assert lab.rows("tally", TALLIED) == CLEAN
    assert len(statements) > 20

    for k, sql in enumerate(statements, start=1):
        cleaner = lab.database.session()
        for schema in ("tally", "etlrun"):
            cleaner.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        cleaner.close()
        counter = iter(range(1, 10_000))
        lab.faults = lambda number, sql, at=k, c=counter: KINDS[kind] if next(c) == at else NONE
        assert _run([str(tally)]) == 0, (k, sql, capsys.readouterr().err)
        lab.faults = lambda number, sql: NONE
        assert lab.rows("tally", TALLIED) == CLEAN, (k, sql)


def test_throttled_s3_is_recovered_from(lab: Lab, tally: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from cloud import Fault as S3Fault

    lab.cloud.faults.append(S3Fault("GET /tally/raw/1.json", times=2))
    lab.cloud.faults.append(S3Fault("PUT /lab-work/", times=2))
    assert _run([str(tally)]) == 0, capsys.readouterr().err
    assert lab.rows("tally", TALLIED) == CLEAN


def test_load_that_fails_is_explained(lab: Lab, tally: Path, capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("s3").put_object(Bucket="tally", Key="raw/2.json", Body=b'{"i": 3, "n": 1}\n{"i": 4, "n": "many"}')
    assert _run([str(tally)]) == 1
    said = capsys.readouterr().err
    assert "Load into table 'raws' failed.  Check 'stl_load_errors' system table for details." in said
    assert "s3://tally/raw/2.json:2: column n" in said
    assert "many" in said


def test_no_secret_is_shown(lab: Lab, tally: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ([], ["--json"], ["--dry-run"]):
        _run([str(tally), *options])
    lab.faults = lambda number, sql: Fault(kill_before=True)
    _run([str(tally)])
    shown = capsys.readouterr()
    for secret in (PASSWORD, "wJalrXUtnFEMI/K7MDENG"):
        assert secret not in shown.out + shown.err
    assert all(secret not in statement.sql for statement in lab.log for secret in (PASSWORD, "wJalrXUtnFEMI"))


def test_wrong_password_exits_4(
    lab: Lab, tally: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_PASSWORD", "guess")
    assert _run([str(tally)]) == 4
    said = capsys.readouterr().err
    assert "cannot connect to localhost:" in said
    assert "guess" not in said


def test_certificate_of_nobody_exits_4(
    lab: Lab, tally: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert _run([str(tally)]) == 4
    assert "certificate" in capsys.readouterr().err.lower()
