"""A cluster, a bucket, processes that run the pipeline, somebody who reads all the while; and what goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Literal

from cloud import Cloud
from cloud import Fault as S3Fault
from events import read_events
from reference import Rows, rows_of

from engine.aws import Aws
from engine.buckets import Buckets
from engine.errors import EtlrunError
from engine.storage import Storage
from engine.warehouses.local.session import LocalDatabase, LocalSession, open_database
from engine.wire.faults import NONE, Fault, serializable_violation
from engine.wire.server import Server
from engine.wire.settings import Settings

Kind = Literal["cut before", "cut after", "1023", "slow", "S3 503", "kill before", "kill after"]
KINDS: tuple[Kind, ...] = ("cut before", "cut after", "1023", "slow", "S3 503", "kill before", "kill after")
BUCKET = "chaos"
_READER_PAUSE_SECONDS = 0.015
"""Between two looks at all tables: a reader who never paused would take the time of those who are watched."""


@dataclass(frozen=True)
class Planned:
    """What goes wrong at the statement `at` of a round, counted from 1 over all its runs; `run` is who is killed."""

    at: int
    kind: Kind
    run: int = 0


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, None if it was killed; the last event of each step."""

    code: int | None
    steps: Mapping[str, str] = field(default_factory=dict)
    said: str = ""


class Runner:
    """A process of its own, so that it can be killed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("runner.py"))], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={**os.environ, **environ},
        )  # fmt: skip
        self._is_ready = False
        self._is_killed = False

    def run(self, arguments: list[str]) -> Ended:
        """Run etlrun, and wait for its end or for that of the process."""
        assert self._process.stdin
        assert self._process.stdout
        if not self._is_ready:
            assert self._process.stdout.readline() == "ready\n"
            self._is_ready = True
        line = ""
        with suppress(BrokenPipeError):  # killed before it was asked
            self._process.stdin.write(json.dumps(arguments) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            assert self._is_killed, "a run ended without a word"
            return Ended(None)
        answer = json.loads(line)
        steps = {event["step"]: event["event"] for event in read_events(answer["out"])}
        return Ended(answer["code"], steps, answer["said"])

    @property
    def is_alive(self) -> bool:
        return not self._is_killed and self._process.poll() is None

    def kill(self) -> None:
        # Who has ended its run may be killed by the other's statement, and takes a moment to die.
        self._is_killed = True
        self._process.send_signal(signal.SIGKILL)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()


class Runners:
    """Two processes at work and one that stands by: starting one takes longer than a run."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._standing_by = [Runner(environ) for _ in range(3)]

    def take(self) -> Runner:
        self._standing_by.append(Runner(self._environ)) if len(self._standing_by) < 2 else None
        return self._standing_by.pop(0)

    def give_back(self, runner: Runner) -> None:
        if runner.is_alive:
            self._standing_by.insert(0, runner)
        else:
            runner.close()

    def close(self) -> None:
        for runner in self._standing_by:
            runner.close()


class _Counted:
    """A session of the server that is counted until it is closed."""

    def __init__(self, session: LocalSession, world: World) -> None:
        self._session, self._world = session, world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def close(self) -> None:
        self._session.close()
        with self._world.lock:
            self._world.open_sessions -= 1


@dataclass
class World:
    """One history: a database, and what has come of it so far."""

    cloud: Cloud
    runners: Runners
    database: LocalDatabase = field(init=False)
    server: Server = field(init=False)
    lock: threading.Lock = field(default_factory=threading.Lock)
    open_sessions: int = 0
    planned: tuple[Planned, ...] = ()
    at_work: list[Runner] = field(default_factory=list)
    statements: Any = None

    def start(self, settings: Callable[..., Settings]) -> None:
        self.database = open_database(None, Storage((), cache(lambda: Buckets(Aws("", "us-west-2")))))
        self.server = Server(self._session, settings(faults=self._fault))
        self.server.__enter__()

    def stop(self) -> None:
        self.server.close()
        self.database.close()
        self.cloud.faults.clear()
        self.cloud.requests.clear()

    def _session(self) -> Any:
        with self.lock:
            self.open_sessions += 1
        return _Counted(self.database.session(), self)

    def _fault(self, number: int, sql: str) -> Fault:
        with self.lock:
            at = next(self.statements)
        planned = next((each for each in self.planned if each.at == at), None)
        match planned.kind if planned else None:
            case "cut before":
                return Fault(kill_before=True)
            case "cut after":
                return Fault(kill_after=True)
            case "1023":
                return Fault(error=serializable_violation())
            case "slow":
                return Fault(delay_seconds=0.02)
            case "S3 503":
                self.cloud.faults.append(S3Fault("^(GET|HEAD|PUT) /"))
            case "kill before" | "kill after" if planned:
                self.at_work[planned.run % len(self.at_work)].kill()
                return Fault(kill_before=planned.kind == "kill before")
        return NONE

    def run(self, *runs: list[str], planned: tuple[Planned, ...] = ()) -> list[Ended]:
        """Run etlrun once for each list of arguments, at once; return when nothing of it goes on."""
        self.planned, self.statements = planned, count(1)
        self.at_work = [self.runners.take() for _ in runs]
        ended: list[Ended] = [Ended(None)] * len(runs)

        def work(number: int) -> None:
            ended[number] = self.at_work[number].run(runs[number])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(runs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for runner in self.at_work:
            self.runners.give_back(runner)
        self.planned = ()
        self.cloud.faults.clear()
        self._settle()
        return ended

    def _settle(self) -> None:
        """Wait until the cluster has seen that a killed client is gone."""
        last = time.monotonic() + 10
        while self.open_sessions:
            assert time.monotonic() < last, "a session of a killed client stays open"
            time.sleep(0.001)

    def rows(self, relation: str, columns: str) -> Rows:
        """Return the rows of a table; none where it is not there."""
        session = self.database.session()
        try:
            return _rows(session, relation, columns)
        finally:
            session.close()


def _rows(session: LocalSession, relation: str, columns: str) -> Rows:
    try:
        return rows_of(session.execute(f"SELECT {columns} FROM {relation}").rows)
    except EtlrunError as error:
        if "does not exist" in str(error):
            return ()
        raise


class Reader:
    """Somebody who asks for the tables all the while, on a connection of their own, and notes what they saw."""

    def __init__(self, world: World, relations: Mapping[str, str]) -> None:
        self._world, self._relations = world, relations
        self.seen: dict[str, set[Rows]] = {relation: set() for relation in relations}
        self.errors: list[BaseException] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _read(self) -> None:
        session = self._world.database.session()
        try:
            while not self._done.wait(_READER_PAUSE_SECONDS):
                for relation, columns in self._relations.items():
                    self.seen[relation].add(_rows(session, relation, columns))
        except BaseException as error:
            self.errors.append(error)
        finally:
            session.close()
