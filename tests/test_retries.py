"""Transactions are tried again where that is harmless and of use, and only there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from engine.errors import (
    CommitUnknown,
    EtlrunError,
    LoadFailed,
    RunFailed,
    UsageError,
    WarehouseError,
    WarehouseUnreachable,
    Where,
)
from engine.events import Event, StepDone, StepFailed, StepRetried
from engine.execute import execute
from engine.model import Target
from engine.plan import Plan, Statement, Step, Transaction
from engine.retries import Retries, transient_cause
from engine.warehouse import Outcome, Session, Warehouse

WHERE = Where("p.yaml", 1, 1)
NO_FILES = (lambda prefix: iter(()), lambda url: None)
QUICK = Retries(attempts=4, first_wait_seconds=0.001)
VIOLATION = WarehouseError("1023", detail="Serializable isolation violation on table - 119371, transactions forming …")
LOST = WarehouseUnreachable("the connection to Redshift was lost")


@dataclass
class Cluster:
    """A warehouse whose sessions fail as told: `failures[statement]` are what its next tries answer."""

    failures: dict[str, list[EtlrunError]] = field(default_factory=dict)
    committed: list[str] = field(default_factory=list)
    opened: int = 0

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self._open, lambda url, content: None, lambda: None, *NO_FILES)

    def _open(self) -> Session:
        self.opened += 1
        self.answer("open")
        return Visit(self)

    def answer(self, sql: str) -> None:
        if self.failures.get(sql):
            raise self.failures[sql].pop(0)


@dataclass
class Visit:
    """One session of the cluster."""

    cluster: Cluster
    pending: list[str] = field(default_factory=list)

    def execute(self, sql: str) -> Outcome:
        self.cluster.answer(sql)
        if sql == "proof":
            return Outcome("SELECT", 1, rows=[(self.cluster.committed.count("load"),)])
        self.pending.append(sql)
        return Outcome("INSERT", 1)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.pending.clear()
        yield
        self.cluster.answer("COMMIT")
        self.cluster.committed += self.pending
        self.cluster.answer("after COMMIT")

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


def run(cluster: Cluster, retries: Retries = QUICK) -> list[Event]:
    transaction = Transaction((Statement("load"),), (Statement("ledger"),), (Statement("proof"),))
    plan = Plan("p", Target("t", "redshift", WHERE), (), (Step("s", "table", frozenset(), WHERE, (transaction,)),))
    return list(execute(plan, cluster.warehouse, retries=retries))


@pytest.mark.parametrize("sql", ["load", "ledger", "COMMIT"])
@pytest.mark.parametrize("error", [VIOLATION, LOST], ids=["1023", "lost"])
def test_transaction_is_tried_again_whole(sql: str, error: EtlrunError) -> None:
    cluster = Cluster({sql: [error, error]})
    events = run(cluster)
    assert [event.cause for event in events if isinstance(event, StepRetried)] == [transient_cause(error)] * 2
    assert isinstance(events[-1], StepDone)
    assert cluster.committed == ["load", "ledger"]
    assert cluster.opened == (3 if error is LOST else 1)


def test_lost_commit_that_was_committed_is_not_sent_again() -> None:
    cluster = Cluster({"after COMMIT": [CommitUnknown("lost")], "open": []})
    assert isinstance(run(cluster)[-1], StepDone)
    assert cluster.committed == ["load", "ledger"]


def test_lost_commit_that_was_rolled_back_is_sent_again() -> None:
    cluster = Cluster({"COMMIT": [CommitUnknown("lost")]})
    assert isinstance(run(cluster)[-1], StepDone)
    assert cluster.committed == ["load", "ledger"]


def test_unknown_outcome_is_looked_up_also_when_the_look_fails_at_first() -> None:
    cluster = Cluster({"after COMMIT": [CommitUnknown("lost")], "proof": [LOST, LOST]})
    assert isinstance(run(cluster)[-1], StepDone)
    assert cluster.committed == ["load", "ledger"]


@pytest.mark.parametrize(
    "error",
    [
        WarehouseError('relation "x" does not exist', sqlstate="42P01"),
        WarehouseError("Query (150) canceled on user's request", sqlstate="57014"),
        WarehouseError("value 1023 is too long for type character varying(3)", sqlstate="22001"),
        LoadFailed("Load into table 't' failed.  Check 'stl_load_errors' system table for details.", ()),
        WarehouseError("S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X"),
    ],
    ids=str,
)
def test_other_errors_are_never_tried_again(error: RunFailed) -> None:
    cluster = Cluster({"load": [error]})
    events = run(cluster)
    assert not [event for event in events if isinstance(event, StepRetried)]
    assert isinstance(events[-1], StepFailed)
    assert events[-1].error is error
    assert cluster.committed == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (VIOLATION, "serializable isolation violation"),
        (WarehouseError("1018", detail="Relation does not exist"), "a table newer than the snapshot"),
        (WarehouseError("S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown"), "throttled"),
        (WarehouseError("S3ServiceException:We encountered an internal error,Status 500,Error X"), "S3 failed"),
        (LOST, "connection lost"),
        (UsageError("1023"), ""),
    ],
    ids=str,
)
def test_causes(error: EtlrunError, cause: str) -> None:
    assert transient_cause(error) == cause


def test_the_last_try_tells_its_error() -> None:
    cluster = Cluster({"load": [VIOLATION] * 9})
    events = run(cluster)
    assert len([event for event in events if isinstance(event, StepRetried)]) == QUICK.attempts - 1
    assert isinstance(events[-1], StepFailed)
    with pytest.raises(WarehouseUnreachable):
        run(Cluster({"load": [LOST] * 9}))


def test_waits_grow_and_are_spread() -> None:
    retries = Retries(first_wait_seconds=1, longest_wait_seconds=10)
    for attempt, longest in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (50, 10)]:
        waits = {retries.wait_seconds(attempt) for _ in range(50)}
        assert len(waits) > 1
        assert longest / 2 <= min(waits) <= max(waits) <= longest


def test_independent_steps_run_side_by_side_and_the_others_wait() -> None:
    """Two steps meet at a barrier, which they could not pass one after the other."""
    meeting = threading.Barrier(2, timeout=10)

    class Meeting(Visit):
        def execute(self, sql: str) -> Outcome:
            if sql in ("a", "b"):
                meeting.wait()
            return super().execute(sql)

    cluster = Cluster()
    steps = [
        Step(name, "table", frozenset(needs), WHERE, (Transaction((Statement(name),)),))
        for name, needs in (("a", ()), ("b", ()), ("c", ("a", "b")))
    ]
    warehouse = Warehouse(lambda: Meeting(cluster), lambda url, content: None, lambda: None, *NO_FILES)
    plan = Plan("p", Target("t", "redshift", WHERE), (), tuple(steps))
    events = list(execute(plan, warehouse, threads=2))
    assert {event.step.name for event in events[:2]} == {"a", "b"}
    assert [event.step.name for event in events[-2:]] == ["c", "c"]
    assert cluster.committed[-1] == "c"
