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
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from reference import LOADS, Rows, reachable, rows_of
from world import BUCKET, KINDS, Ended, Kind, Planned, Reader, Runners, World

from engine.wire.server import read_certificate
from engine.wire.settings import Settings
from engine.wire.sign_in import Account

PASSWORD = "sesame"
HISTORIES_IN_ONE = 10
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
LOADED    columns:
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
KEYS
      sql: "SELECT id, v, n, {{ vars.run }} AS run FROM incoming"
"""
KEYS = {
    "insert_missing": "      key: [id]\n      order_by: [n DESC]\n",
    "merge": "      key: [id]\n      order_by: [n DESC]\n",
    "delete_insert": "      key: [id]\n",
}
COLUMNS = "id, v, n, run"
Staged = tuple[tuple[int, str, int], ...]
"""The rows of a file."""


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
    """One pipeline through a handful of rounds. What must hold after a round is told by `Compared` and `Emptied`."""

    def __init__(self, world: World, folder: Path) -> None:
        super().__init__()
        self.world = world
        self.name = f"h{next(_NUMBERS)}"
        self.path = folder / f"{self.name}.yaml"
        self.files: dict[str, Staged] = {}
        self.tables: tuple[str, ...] = ()
        self.numbers = count(1)
        self.runs = count(1)

    def write(self, strategies: set[str], threads: int, loaded: str) -> None:
        """Write the pipeline, a table for each strategy, and put its first file."""
        self.tables = tuple(f"by_{strategy}" for strategy in sorted(strategies))
        text = PIPELINE.replace("LOADED", loaded).replace("NAME", self.name).replace("THREADS", str(threads))
        text = text.replace("PORT", str(self.world.server.port))
        for table in self.tables:
            keys = KEYS.get(table.removeprefix("by_"), "")
            text += TABLE.replace("NAME", table).replace("STRATEGY", table.removeprefix("by_")).replace("KEYS\n", keys)
        self.path.write_text(text, encoding="utf-8")
        self.put("first", [(1, "a"), (2, "b")])

    def put(self, name: str, records: list[tuple[int, str]]) -> None:
        self.files[name] = tuple((key, value, next(self.numbers)) for key, value in records)
        lines = (json.dumps({"i": key, "v": value, "n": number}) for key, value, number in self.files[name])
        boto3.client("s3").put_object(Bucket=BUCKET, Key=f"{self.name}/{name}.json", Body="\n".join(lines).encode())

    @rule(
        name=st.sampled_from(["first", "second", "late"]),
        records=st.lists(st.tuples(st.integers(1, 4), st.sampled_from("abc")), min_size=1, max_size=4),
    )
    def file_comes(self, name: str, records: list[tuple[int, str]]) -> None:
        """A file arrives, or is uploaded again with other records."""
        self.put(name, records)

    @rule(at=st.integers(1, 60), kind=st.sampled_from(KINDS), more=st.lists(st.integers(1, 80), max_size=2))
    def run(self, at: int, kind: Kind, more: list[int]) -> None:
        self.round(1, (Planned(at, kind), *(Planned(each, "1023") for each in more if each != at)))

    @rule(at=st.integers(1, 120), kind=st.sampled_from(KINDS), victim=st.integers(0, 1))
    def two_runs(self, at: int, kind: Kind, victim: int) -> None:
        self.round(2, (Planned(at, kind, victim),))

    def round(self, runs: int, planned: tuple[Planned, ...] = ()) -> list[Ended]:
        """Run the pipeline so often at once, and look at what became of it."""
        raise NotImplementedError

    def raced(self, numbers: list[int], planned: tuple[Planned, ...]) -> tuple[list[Ended], Mapping[str, set[Rows]]]:
        """Run the pipeline once for each number, at once. Returns how the runs ended, and what the reader saw."""
        relations = {f"{self.name}.incoming": "id, v, n", **{f"{self.name}.{table}": COLUMNS for table in self.tables}}
        with Reader(self.world, relations) as reader:
            arguments = ["run", str(self.path), "--json", "--wait", "60", "--var"]
            commands = [[*arguments, f"run={number}"] for number in numbers]
            ended = self.world.run(*commands, planned=planned)
        assert not reader.errors, reader.errors
        return ended, {relation.partition(".")[2]: seen for relation, seen in reader.seen.items()}

    def rows(self, table: str, columns: str = COLUMNS) -> Rows:
        return self.world.rows(f"{self.name}.{table}", columns)

    def whole_run(self) -> None:
        """Run without any fault."""
        (ended,) = self.round(1)
        assert ended.code == 0, ended.said
        assert set(ended.steps.values()) == {"done"}

    def teardown(self) -> None:
        """However it went, the next run that nothing happens to is whole."""
        if self.tables:
            self.whole_run()
            self.check_end()
            session = self.world.database.session()
            session.execute(f"DROP SCHEMA {self.name} CASCADE")
            session.close()

    def check_end(self) -> None:
        """See that nothing is missing at last."""


class Compared(History):
    """All of the files, or each file once: the rows after each round are those that plain Python has."""

    def __init__(self, world: World, folder: Path) -> None:
        super().__init__(world, folder)
        self.states: dict[str, Rows] = {}
        self.loaded: dict[str, Staged] = {}
        self.is_incremental = False

    @initialize(
        strategies=st.sets(st.sampled_from(sorted(LOADS)), min_size=1, max_size=3), threads=st.sampled_from([1, 3]),
        is_incremental=st.booleans(),
    )  # fmt: skip
    def declare(self, strategies: set[str], threads: int, is_incremental: bool) -> None:
        self.is_incremental = is_incremental
        if is_incremental:  # a table that appends all kept rows again is refused
            strategies = (strategies - {"append"}) or {"merge"}
        self.write(strategies, threads, "    load: incremental\n    changed: skip\n" if is_incremental else "")
        self.states = dict.fromkeys(self.tables, ())

    def round(self, runs: int, planned: tuple[Planned, ...] = ()) -> list[Ended]:
        numbers = [next(self.runs) for _ in range(runs)]
        # Of an incremental source a file counts as it was when it was loaded.
        files = {**self.files, **self.loaded} if self.is_incremental else dict(self.files)
        staged = [row for rows in files.values() for row in rows]
        batches = [rows_of((*row, number) for row in staged) for number in numbers]
        before = self.rows("incoming", "id, v, n")
        ended, seen = self.raced(numbers, planned)
        assert seen["incoming"] <= {before, rows_of(staged)}
        if self.rows("incoming", "id, v, n") == rows_of(staged):
            self.loaded = files
        for table, old in self.states.items():
            states = reachable(LOADS[table.removeprefix("by_")], old, batches)
            assert seen[table] <= set().union(*states.values()), table
            self.states[table] = self._found(table, states, ended)
        return ended

    def _found(self, table: str, states: Mapping[frozenset[int], set[Rows]], ended: list[Ended]) -> Rows:
        """Return what is in a table now, which must be what the runs said."""
        now = self.rows(table)
        must = {number for number, end in enumerate(ended) if end.steps.get(table) == "done"}
        # A run that was killed or cut off may have committed, or not; one that says that it failed has not.
        cannot = {
            number for number, end in enumerate(ended)
            if end.code is not None and end.steps.get(table) != "done" and "COMMIT" not in end.said
        }  # fmt: skip
        fitting = [state for some, found in states.items() if must <= some and not some & cannot for state in found]
        assert now in fitting, (table, ended)
        return now


class Emptied(History):
    """Each file once, and its rows go when the tables have taken them: a table takes a file wholly, and once."""

    def __init__(self, world: World, folder: Path) -> None:
        super().__init__(world, folder)
        self.versions: dict[str, list[frozenset[int]]] = {}
        """What each file has held so far, by the numbers of its rows."""

    @initialize(threads=st.sampled_from([1, 3]), more=st.sampled_from([set(), {"merge"}]))
    def declare(self, threads: int, more: set[str]) -> None:
        self.write({"append", *more}, threads, "    load: incremental\n    after: empty\n    changed: skip\n")

    def put(self, name: str, records: list[tuple[int, str]]) -> None:
        super().put(name, records)
        self.versions.setdefault(name, []).append(frozenset(number for *_, number in self.files[name]))

    def round(self, runs: int, planned: tuple[Planned, ...] = ()) -> list[Ended]:
        ended, seen = self.raced([next(self.runs) for _ in range(runs)], planned)
        for rows in (*seen["by_append"], self.rows("by_append")):
            self._check(rows)
        return ended

    def _check(self, rows: Rows) -> set[str]:
        """See that of each file one version is there wholly, or nothing. Returns the files that are there."""
        numbers = [row[2] for row in rows]
        assert len(set(numbers)) == len(numbers), "doubled"
        there = set()
        for name, versions in self.versions.items():
            found = [version for version in versions if version & set(numbers)]
            assert len(found) <= 1, f"{name} was taken twice"
            assert all(version <= set(numbers) for version in found), f"{name} was taken in part"
            there |= {name for _ in found}
        return there

    def check_end(self) -> None:
        # The run before may have caught up with what was pending, and left new files to this one.
        self.whole_run()
        assert self._check(self.rows("by_append")) == set(self.files), "lost"
        assert self.rows("incoming", "id, v, n") == ()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        parts = -(-metafunc.config.getoption("--histories") // HISTORIES_IN_ONE)
        metafunc.parametrize("part", range(parts))


def test_histories(world: World, tmp_path: Path, part: int) -> None:
    kind = Emptied if part % 4 == 3 else Compared
    histories = count()

    def begin() -> History:
        next(histories)
        return kind(world, tmp_path)

    run_state_machine_as_test(
        begin,
        settings=settings(
            max_examples=HISTORIES_IN_ONE, stateful_step_count=6, deadline=None, database=None, print_blob=False,
            suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ),
    )  # fmt: skip
    assert next(histories) >= HISTORIES_IN_ONE
