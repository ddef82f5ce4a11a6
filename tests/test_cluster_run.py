"""A run on a cluster: redshift_connector over TLS to local Redshift behind the wire, files in moto's S3 over HTTP."""

from __future__ import annotations

import base64
import json
import shutil
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import pytest
from certificates import Certificates
from cloud import Cloud, running

from engine import __version__
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


def test_faults_in_a_run_of_sparkify(
    lab: Lab, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kinds of fault in turn, at every 13th statement; with --every-statement each kind at each statement."""
    pipeline = with_lab(PROJECT / "pipelines" / "sparkify.yaml", tmp_path / "home")
    upload(PROJECT / "pipelines" / "sparkify", "udacity-dend")
    assert _run([str(pipeline), "--target", "lab"]) == 0
    clean = lab.rows("sparkify", TABLES)
    places = range(1, len(lab.log) + 1)
    assert len(places) > 70
    kinds = list(KINDS.values())
    faults = [(k, kinds[k % len(kinds)]) for k in places[::13]]
    if request.config.getoption("--every-statement"):
        faults = [(k, kind) for k in places for kind in kinds]
    for at, fault in faults:
        counter = iter(range(1, 10_000))
        lab.faults = lambda number, sql, at=at, c=counter, fault=fault: fault if next(c) == at else NONE
        assert _run([str(pipeline), "--target", "lab"]) == 0, (at, fault, capsys.readouterr().err)
        lab.faults = lambda number, sql: NONE
        assert lab.rows("sparkify", TABLES) == clean, (at, fault)


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
    assert f"{tally}:19:7: n is integer" in said


def test_statements_name_their_step(lab: Lab, tally: Path) -> None:
    assert _run([str(tally)]) == 0
    begun = [after.sql for before, after in zip(lab.log, lab.log[1:], strict=False) if before.sql == "BEGIN"]
    assert begun == [f"SET query_group TO 'etlrun tally {step}'" for step in TALLIED]
    assert {each.parameters["application_name"] for each in lab.log} == {f"etlrun {__version__}"}


def test_doctor_signs_in_and_asks_for_rights(lab: Lab, tally: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run(["doctor", str(tally), "--target", "lab"])
    shown = capsys.readouterr()
    assert "signed in to dev as" in shown.out
    assert "may create tables in the schema tally" in shown.out
    assert "may create tables in the schema etlrun" in shown.out


def test_secret_in_place_of_a_password(lab: Lab, tally: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.dumps({"username": "etl", "password": PASSWORD})
    arn = boto3.client("secretsmanager").create_secret(Name="lab", SecretString=content)["ARN"]
    tally.write_text(tally.read_text().replace("password: ${LAB_PASSWORD}", f"secret: {arn}"), encoding="utf-8")
    assert _run([str(tally)]) == 0, capsys.readouterr().err
    assert lab.rows("tally", TALLIED) == CLEAN


def test_iam_signs_in_with_credentials_for_an_hour(
    lab: Lab, tally: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """moto gives a password of its own making, so this cluster lets anybody in and tells who came."""
    boto3.client("redshift").create_cluster(
        ClusterIdentifier="lab", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Sesame12",
        ClusterType="single-node",
    )  # fmt: skip
    sign_in = "sign_in: iam\n    cluster: {identifier: lab}"
    tally.write_text(tally.read_text().replace("password: ${LAB_PASSWORD}", sign_in), encoding="utf-8")
    log: list[Statement] = []
    settings = Settings(None, read_certificate(certificates.certificate, certificates.key), log=log.append)
    with Server(lab.database.session, settings) as server:
        monkeypatch.setenv("LAB_PORT", str(server.port))
        assert _run([str(tally)]) == 0, capsys.readouterr().err
    assert {each.parameters["user"] for each in log} == {"IAM:etl"}
    assert lab.rows("tally", TALLIED) == CLEAN


SECRETS = (PASSWORD, "wJalrXUtnFEMI/K7MDENG", 'wrong "guess" %27;--', "pass: word, {x} ${HOME}")


def forms(secret: str) -> set[str]:
    """Return a secret as it may show up: plain, quoted for SQL, JSON, a URL or a repr, or in base64."""
    plain = {secret, secret.replace("'", "''"), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    encoded = base64.b64encode(secret.encode()).decode()
    return plain | {urllib.parse.quote(secret), urllib.parse.quote_plus(secret), encoded}


@pytest.mark.parametrize("password", SECRETS[:1] + SECRETS[2:])
def test_no_secret_comes_out_anywhere(
    lab: Lab, tally: Path, tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Outputs, events, plans, logs of bugs, files, statements: after runs that go well and runs that go wrong."""
    monkeypatch.setenv("LAB_PASSWORD", password)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    commands = [["run"], ["run", "--json"], ["run", "--dry-run"], ["validate"], ["doctor", "--target", "lab"]]
    for name, *options in commands:
        _run([name, str(tally), *options])
    _run(["query", str(tally), "SELECT 1 / 0"])
    tally.write_text(tally.read_text().replace("${LAB_PASSWORD}", json.dumps(password)), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("engine.plan.order", lambda waits: 1 / 0)
        assert _run(["run", str(tally)]) == 70
    tally.write_text(tally.read_text().replace("user: etl", "usr: etl"), encoding="utf-8")
    assert _run(["run", str(tally)]) == 3
    tally.unlink()
    shown = capsys.readouterr()
    files = [path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    sinks = [shown.out, shown.err, *files, *(statement.sql for statement in lab.log)]
    assert len(shown.err) > 300
    for secret in {*SECRETS, password}:
        for form in forms(secret):
            assert not any(form in sink for sink in sinks), form


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
