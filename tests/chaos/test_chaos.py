"""Random histories of a pipeline: files come, runs meet, processes and connections die. Nothing is lost or doubled.

Each history is compared with plain Python after each round, and a reader asks for every table all the while: what it
sees must be a state that some whole loads lead to. `--histories N` says how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import boto3
import pytest
from certificates import Certificates
from cloud import Cloud
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from reference import LOADS, Row, Rows, reachable, rows_of
from world import BUCKET, KINDS, Ended, Planned, Reader, Runners, World

from engine.wire.server import read_certificate
from engine.wire.settings import Settings
from engine.wire.sign_in import Account

PASSWORD = "sesame"
HISTORIES_IN_ONE = 25
"""A test runs so many, so that all cores have work and a failure is found in little time."""
_NUMBERS = count(1)

PIPELINE = """\
version: 1
name: NAME
target: lab
targets:
  lab:
    warehouse: redshift
    host: localhost
    port: PORT
    user: etl
    password: ${CHAOS_PASSWORD}
    region: us-west-2
    work: s3://chaos/work
    threads: THREADS
schema: NAME
vars: {run: 0}
staging:
  incoming:
    from: s3://chaos/NAME/
    columns:
      id: {type: integer, path: $.i}
      v:  {type: varchar(20), path: $.v}
      n:  {type: integer, path: $.n}
tables:
"""
TABLE = """\
  NAME:
    columns:
      id:  {type: integer}
      v:   {type: varchar(20)}
      n:   {type: integer}
      run: {type: integer}
    load:
      strategy: STRATEGY
SETTINGS
      sql: "SELECT id, v, n, {{ vars.run }} AS run FROM incoming"
"""
SETTINGS = {
    "insert_missing": "      key: [id]\n      order_by: [n DESC]",
    "merge": "      key: [id]\n      order_by: [n DESC]",
    "delete_insert": "      key: [id]",
}
COLUMNS = "id, v, n, run"


@pytest.fixture(scope="module")
def runners(moto: Cloud, certificates: Certificates) -> Iterator[Runners]:
    environ = {
        "AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-west-2", "AWS_EC2_METADATA_DISABLED": "true",
        "SSL_CERT_FILE": str(certificates.authority), "CHAOS_PASSWORD": PASSWORD,
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        runners = Runners(environ)
        yield runners
        runners.close()


@pytest.fixture
def world(moto: Cloud, runners: Runners, certificates: Certificates) -> Iterator[World]:
    tls = read_certificate(certificates.certificate, certificates.key)
    world = World(moto, runners)
    world.start(lambda faults: Settings(Account("etl", PASSWORD), tls, tls_required=True, faults=faults))
    yield world
    world.stop()


class History(RuleBasedStateMachine):
    """One pipeline through a handful of rounds."""

    def __init__(self, world: World, folder: Path) -> None:
        super().__init__()
        self.world = world
        self.name = f"h{next(_NUMBERS)}"
        self.path = folder / f"{self.name}.yaml"
        self.files: dict[str, list[tuple[int, str, int]]] = {}
        self.tables: dict[str, Rows] = {}
        self.numbers = count(1)
        self.runs = count(1)

    @initialize(
        strategies=st.sets(st.sampled_from(sorted(LOADS)), min_size=1, max_size=3), threads=st.sampled_from([1, 3])
    )
    def declare(self, strategies: set[str], threads: int) -> None:
        self.tables = {f"by_{strategy}": () for strategy in sorted(strategies)}
        text = (
            PIPELINE.replace("NAME", self.name)
            .replace("THREADS", str(threads))
            .replace("PORT", str(self.world.server.port))
        )
        for table in self.tables:
            strategy = table.removeprefix("by_")
            text += (
                TABLE.replace("NAME", table)
                .replace("STRATEGY", strategy)
                .replace("SETTINGS\n", f"{SETTINGS[strategy]}\n" if strategy in SETTINGS else "")
            )
        self.path.write_text(text, encoding="utf-8")
        self.put("first", [(1, "a"), (2, "b")])

    def put(self, name: str, records: list[tuple[int, str]]) -> None:
        rows = [(key, value, next(self.numbers)) for key, value in records]
        self.files[name] = rows
        body = "\n".join(json.dumps({"i": key, "v": value, "n": number}) for key, value, number in rows)
        boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{self.name}/{name}.json", Body=body.encode())

    @rule(
        name=st.sampled_from(["first", "second", "late"]),
        records=st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc")), min_size=1, max_size=4),
    )
    def file_comes(self, name: str, records: list[tuple[int, str]]) -> None:
        """A file arrives, or is uploaded again with other records."""
        self.put(name, records)

    @rule(at=st.integers(1, 45), kind=st.sampled_from(KINDS), more=st.lists(st.integers(1, 60), max_size=2))
    def run(self, at: int, kind: str, more: list[int]) -> None:
        faults = (Planned(at, kind), *(Planned(each, "1023") for each in more if each != at))  # type: ignore[arg-type]
        self.round(1, faults)

    @rule(at=st.integers(1, 90), kind=st.sampled_from(KINDS), victim=st.integers(0, 1))
    def two_runs(self, at: int, kind: str, victim: int) -> None:
        self.round(2, (Planned(at, kind, victim),))  # type: ignore[arg-type]

    def round(self, runs: int, planned: tuple[Planned, ...] = ()) -> list[Ended]:
        """Run the pipeline so often at once, and look at what became of it."""
        numbers = [next(self.runs) for _ in range(runs)]
        staged = [row for rows in self.files.values() for row in rows]
        batches = [rows_of((*row, number) for row in staged) for number in numbers]
        before = self.world.rows(f"{self.name}.incoming", "id, v, n")
        relations = {f"{self.name}.incoming": "id, v, n", **{f"{self.name}.{table}": COLUMNS for table in self.tables}}
        with Reader(self.world, relations) as reader:
            commands = [["run", str(self.path), "--json", "--var", f"run={number}"] for number in numbers]
            ended = self.world.run(*commands, planned=planned)
        assert not reader.errors, reader.errors
        seen = reader.seen
        assert seen[f"{self.name}.incoming"] <= {before, rows_of(staged)}
        for table, old in self.tables.items():
            states = reachable(LOADS[table.removeprefix("by_")], old, batches)
            assert seen[f"{self.name}.{table}"] <= set().union(*states.values()), table
            self.tables[table] = self._found(table, states, ended)
        return ended

    def _found(self, table: str, states: Mapping[frozenset[int], set[Rows]], ended: list[Ended]) -> Rows:
        """Return what is in a table now, which must be what the runs said."""
        now = self.world.rows(f"{self.name}.{table}", COLUMNS)
        must = {number for number, end in enumerate(ended) if end.steps.get(table) == "done"}
        # A run that was killed or cut off may have committed, or not; one that says that it failed has not.
        cannot = {
            number for number, end in enumerate(ended)
            if end.code is not None and end.steps.get(table) != "done" and "COMMIT" not in end.said
        }  # fmt: skip
        fitting = [
            state for some, found in states.items() if must <= some and not some & cannot for state in found
        ]  # fmt: skip
        assert now in fitting, (table, ended)
        return now

    def teardown(self) -> None:
        """However it went, the next run that nothing happens to is whole."""
        if self.tables:
            (ended,) = self.round(1)
            assert ended.code == 0, ended.said
            assert set(ended.steps.values()) == {"done"}
            session = self.world.database.session()
            session.execute(f"DROP SCHEMA {self.name} CASCADE")
            session.close()


def row_counts(rows: Rows) -> dict[Row, int]:
    return {row: rows.count(row) for row in rows}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        histories = metafunc.config.getoption("--histories")
        metafunc.parametrize("part", range(-(-histories // HISTORIES_IN_ONE)))


def test_histories(world: World, tmp_path: Path, part: int, request: pytest.FixtureRequest) -> None:
    histories = count()

    def begin() -> History:
        next(histories)
        return History(world, tmp_path)

    run_state_machine_as_test(
        begin,
        settings=settings(
            max_examples=HISTORIES_IN_ONE, stateful_step_count=6, deadline=None, database=None, print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert next(histories) >= HISTORIES_IN_ONE
