from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checks import CheckFailed
from engine.errors import LoadError, RunFailed, WarehouseError, WarehouseUnreachable, Where
from engine.events import Event, StepDone, StepFailed, StepSkipped, StepStarted
from engine.execute import execute
from engine.graph import below, order
from engine.model import Target
from engine.plan import Keep, Plan, Statement, Step, StoredFile, Transaction
from engine.retries import Retries
from engine.warehouse import Outcome, ResultColumn, Session, Warehouse

WHERE = Where("p.yaml", 1, 1)
NO_FILES = (lambda prefix: iter(()), lambda url: None)


@dataclass
class Recorder:
    """A warehouse that notes what is asked of it, and answers by the statement's text."""

    answers: dict[str, Outcome | BaseException | Callable[[], Outcome]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    committed: list[str] = field(default_factory=list)
    """The statements whose transaction was committed."""
    pending: list[str] = field(default_factory=list)

    def execute(self, sql: str) -> Outcome:
        self.log.append(sql)
        self.pending.append(sql)
        answer = self.answers.get(sql, Outcome(sql.split()[0], 1))
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Outcome) else answer()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.log.append("BEGIN")
        self.pending.clear()
        try:
            yield
        except BaseException:
            self.log.append("ROLLBACK")
            raise
        self.log.append("COMMIT")
        self.committed += self.pending

    def interrupt(self) -> None:
        self.log.append("interrupt")

    def close(self) -> None:
        self.log.append("close")

    def write_file(self, url: str, content: bytes) -> None:
        self.log.append(f"write {url} {content.decode()}")
        answer = self.answers.get(url)
        if isinstance(answer, BaseException):
            raise answer

    @property
    def warehouse(self) -> Warehouse:
        return Warehouse(self._open, self.write_file, lambda: self.log.append("close warehouse"), *NO_FILES)

    def _open(self) -> Session:
        self.log.append("open")
        return self


def step(name: str, *needs: str, files: tuple[StoredFile, ...] = ()) -> Step:
    return Step(name, "table", frozenset(needs), WHERE, (Transaction((Statement(f"INSERT {name}"),)),), files)


def plan(*steps: Step, prepare: tuple[str, ...] = ()) -> Plan:
    target = Target(name="local", warehouse="local", where=WHERE)
    return Plan("p", target, tuple(map(Statement, prepare)), steps)


def told(events: list[Event]) -> list[tuple[str, ...]]:
    """Return each event as its kind and its step, for a skipped one also because of whom."""
    names = {StepStarted: "started", StepDone: "done", StepFailed: "failed", StepSkipped: "skipped"}
    return [
        (names[type(event)], event.step.name, *([event.because] if isinstance(event, StepSkipped) else []))
        for event in events
    ]


FAILURE = WarehouseError("refused")


def test_run_is_told_and_sent_step_by_step() -> None:
    recorder = Recorder()
    events = list(execute(plan(step("a"), step("b", "a"), prepare=("SET x",)), recorder.warehouse))
    assert told(events) == [("started", "a"), ("done", "a"), ("started", "b"), ("done", "b")]
    assert [event.number for event in events if isinstance(event, StepStarted)] == [1, 2]
    assert recorder.log == [
        "open",
        "SET x",
        "BEGIN",
        "INSERT a",
        "COMMIT",
        "BEGIN",
        "INSERT b",
        "COMMIT",
        "close",
    ]


def test_failed_step_skips_what_is_below_it_and_nothing_else() -> None:
    recorder = Recorder({"INSERT b": FAILURE})
    steps = (step("a"), step("b", "a"), step("c", "a"), step("d", "b"), step("e", "d", "c"), step("f", "c"))
    events = list(execute(plan(*steps), recorder.warehouse))
    assert told(events) == [
        ("started", "a"),
        ("done", "a"),
        ("started", "b"),
        ("failed", "b"),
        ("started", "c"),
        ("skipped", "d", "b"),
        ("skipped", "e", "b"),
        ("done", "c"),
        ("started", "f"),
        ("done", "f"),
    ]
    assert recorder.committed == ["INSERT a", "INSERT c", "INSERT f"]
    (failed,) = [event for event in events if isinstance(event, StepFailed)]
    assert failed.error is FAILURE
    assert failed.statement == Statement("INSERT b")
    assert failed.seconds >= 0


NAMES = [f"s{number}" for number in range(7)]


@given(st.data())
def test_failures_skip_exactly_what_waits_for_them(data: st.DataObject) -> None:
    needs = {
        name: data.draw(st.frozensets(st.sampled_from([name, *NAMES[:rank]]))) - {name}
        for rank, name in enumerate(NAMES)
    }
    broken = data.draw(st.frozensets(st.sampled_from(NAMES)))
    recorder = Recorder({f"INSERT {name}": FAILURE for name in broken})
    events = list(execute(plan(*(step(name, *needs[name]) for name in order(needs))), recorder.warehouse))
    skipped = frozenset().union(*(below(needs, name) for name in broken)) if broken else frozenset()
    kinds = {event.step.name: type(event) for event in events if not isinstance(event, StepStarted)}
    assert kinds == {
        name: StepSkipped if name in skipped else StepFailed if name in broken else StepDone for name in NAMES
    }
    for event in events:
        if isinstance(event, StepSkipped):
            assert event.because in broken - skipped
            assert event.step.name in below(needs, event.because)


def test_step_that_is_not_in_the_plan_is_not_waited_for() -> None:
    assert told(list(execute(plan(step("b", "a")), Recorder().warehouse))) == [("started", "b"), ("done", "b")]


# --- what one step gives ---------------------------------------------------------------------------------------------


def one(recorder: Recorder, *statements: Statement, files: tuple[StoredFile, ...] = ()) -> StepDone | StepFailed:
    only = Step("t", "table", frozenset(), WHERE, (Transaction(statements),), files)
    _, result = execute(plan(only), recorder.warehouse)
    assert isinstance(result, (StepDone, StepFailed))
    return result


def test_rows_are_those_of_the_last_load() -> None:
    recorder = Recorder(
        {
            "CREATE": Outcome("CREATE TABLE"),
            "DELETE": Outcome("DELETE", 99),
            "INSERT batch": Outcome("INSERT", 7),
            "MERGE": Outcome("MERGE", 5),
            "DROP": Outcome("DROP TABLE"),
        }
    )
    result = one(recorder, *map(Statement, ["CREATE", "DELETE", "INSERT batch", "MERGE", "DROP"]))
    assert isinstance(result, StepDone)
    assert result.rows == 5


@pytest.mark.parametrize("outcome", [Outcome("INSERT"), Outcome("DELETE", 9), Outcome("SELECT", 9)])
def test_rows_are_none_where_nothing_was_loaded_or_counted(outcome: Outcome) -> None:
    result = one(Recorder({"X": outcome}), Statement("X"))
    assert isinstance(result, StepDone)
    assert result.rows == 0


def test_rejects_and_notices_are_kept() -> None:
    reject = LoadError("s3://b/x", 1, "id", "int4", "", 0, "{}", "x", 1207, "Invalid digit")
    recorder = Recorder(
        {"COPY": Outcome("COPY", 3, notices=("one",), rejects=(reject,)), "X": Outcome("X", notices=("two",))}
    )
    result = one(recorder, Statement("COPY"), Statement("X"))
    assert isinstance(result, StepDone)
    assert (result.rejects, result.notices) == ((reject,), ("one", "two"))


def answer(*rows: tuple[Any, ...]) -> Outcome:
    return Outcome("SELECT", len(rows), rows=rows)


@pytest.mark.parametrize("value", [0, Decimal(0)])
def test_check_that_holds(value: object) -> None:
    recorder = Recorder({"SELECT": answer((value,))})
    assert isinstance(one(recorder, Statement("INSERT t"), Statement("SELECT", "unique: id")), StepDone)
    assert "COMMIT" in recorder.log


@pytest.mark.parametrize(("value", "said"), [(1, "1 failure"), (1234, "1,234 failures"), (Decimal(2), "2 failures")])
def test_check_that_fails_rolls_its_step_back(value: object, said: str) -> None:
    recorder = Recorder({"SELECT": answer((value,))})
    result = one(recorder, Statement("INSERT t"), Statement("SELECT", "unique: id"), Statement("AFTER"))
    assert isinstance(result, StepFailed)
    assert isinstance(result.error, CheckFailed)
    assert str(result.error) == f"check failed: unique: id: {said}"
    assert result.statement == Statement("SELECT", "unique: id")
    assert recorder.log == ["open", "BEGIN", "INSERT t", "SELECT", "ROLLBACK", "close"]
    assert recorder.committed == []


@pytest.mark.parametrize(
    "outcome", [answer(), answer((1,), (2,)), answer(("x",)), answer((None,)), answer(()), answer((True,))]
)
def test_check_that_answers_no_number(outcome: Outcome) -> None:
    result = one(Recorder({"SELECT": outcome}), Statement("SELECT", "mine"))
    assert isinstance(result, StepFailed)
    assert str(result.error) == "the check 'mine' must answer one number: how many rows fail"
    assert isinstance(result.error, WarehouseError)
    assert result.error.hint == "SELECT COUNT(*) AS failures FROM … WHERE what must not be"


def test_select_that_is_no_check_may_answer_anything() -> None:
    assert isinstance(one(Recorder({"SELECT": answer(("x",))}), Statement("SELECT")), StepDone)


def test_files_are_written_before_the_step_begins() -> None:
    recorder = Recorder()
    one(recorder, Statement("COPY"), files=(StoredFile("s3://w/a", "é"), StoredFile("s3://w/b", "2")))
    assert recorder.log == ["open", "write s3://w/a é", "write s3://w/b 2", "BEGIN", "COPY", "COMMIT", "close"]


def test_file_that_cannot_be_written_fails_the_step() -> None:
    recorder = Recorder({"s3://w/a": FAILURE})
    result = one(recorder, Statement("COPY"), files=(StoredFile("s3://w/a", ""),))
    assert isinstance(result, StepFailed)
    assert (result.error, result.statement) == (FAILURE, None)
    assert "COPY" not in recorder.log


def test_transactions_of_a_step_are_committed_one_by_one() -> None:
    transactions = (Transaction((Statement("A"),)), Transaction((Statement("B"), Statement("C"))))
    only = Step("t", "table", frozenset(), WHERE, transactions)
    recorder = Recorder({"C": FAILURE})
    list(execute(plan(only), recorder.warehouse))
    assert recorder.log == ["open", "BEGIN", "A", "COMMIT", "BEGIN", "B", "C", "ROLLBACK", "close"]
    assert recorder.committed == ["A"]


# --- the end of a run ------------------------------------------------------------------------------------------------


def test_unreachable_warehouse_ends_the_run() -> None:
    recorder = Recorder({"INSERT b": WarehouseUnreachable("lost")})
    events: list[Event] = []
    with pytest.raises(WarehouseUnreachable, match="lost"):
        events.extend(execute(plan(step("a"), step("b"), step("c")), recorder.warehouse))
    assert recorder.log[-3:] == ["INSERT b", "ROLLBACK", "close"]
    assert "INSERT c" not in recorder.log


def test_unreachable_warehouse_at_the_start() -> None:
    def refuse() -> Session:
        raise WarehouseUnreachable("nobody there")

    warehouse = Warehouse(refuse, lambda url, content: None, lambda: None, *NO_FILES)
    with pytest.raises(WarehouseUnreachable, match="nobody there"):
        next(execute(plan(step("a")), warehouse))


def test_failure_to_prepare_ends_the_run_and_closes_the_session() -> None:
    recorder = Recorder({"SET x": FAILURE})
    with pytest.raises(RunFailed):
        list(execute(plan(step("a"), prepare=("SET x",)), recorder.warehouse))
    assert recorder.log == ["open", "SET x", "close"]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_interruption_rolls_back_and_closes_the_session(interruption: type[BaseException]) -> None:
    recorder = Recorder({"INSERT a": interruption()})
    with pytest.raises(interruption):
        list(execute(plan(step("a"), step("b")), recorder.warehouse))
    assert recorder.log == ["open", "BEGIN", "INSERT a", "ROLLBACK", "close"]
    assert recorder.committed == []


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_whoever_stops_early_leaves_nothing_open(taken: int) -> None:
    recorder = Recorder()
    events = execute(plan(step("a"), step("b")), recorder.warehouse)
    for _ in range(taken):
        next(events)
    events.close()  # type: ignore[attr-defined]  # it is a generator
    assert recorder.log[-1] == "close"
    assert recorder.log.count("BEGIN") == recorder.log.count("COMMIT") == taken // 2
    assert "INSERT b" not in recorder.log


# --- checks behind the load ------------------------------------------------------------------------------------------

BAD = Keep("dw.bad", "run-1", "p", "a")


def rows_that_fail(count: int) -> Outcome:
    return Outcome("SELECT", 1, (ResultColumn("failures"), ResultColumn("id")), ((count, 7),))


def test_all_checks_are_asked_before_the_step_fails() -> None:
    recorder = Recorder({"ONE": answer((2,)), "TWO": answer((0,)), "THREE": answer((1,))})
    checks = [Statement(sql, sql.lower(), severity="error") for sql in ("ONE", "TWO", "THREE")]
    result = one(recorder, Statement("INSERT t"), *checks)
    assert isinstance(result, StepFailed)
    assert str(result.error) == "2 checks failed: one: 2 failures; three: 1 failure"
    assert recorder.log == ["open", "BEGIN", "INSERT t", "ONE", "TWO", "THREE", "ROLLBACK", "close"]


def test_warning_is_told_and_committed() -> None:
    recorder = Recorder({"ONE": rows_that_fail(2)})
    result = one(recorder, Statement("INSERT t"), Statement("ONE", "one", severity="warn"))
    assert isinstance(result, StepDone)
    assert [str(warning) for warning in result.warnings] == ["one: 2 failures"]
    assert recorder.committed == ["INSERT t", "ONE"]


def test_warning_of_a_try_that_was_rolled_back_is_forgotten() -> None:
    answers = iter([WarehouseError("1023", detail="Serializable isolation violation on table"), Outcome("INSERT", 1)])

    def last() -> Outcome:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    recorder = Recorder({"ONE": rows_that_fail(2), "INSERT late": last})
    statements = (Statement("ONE", "one", severity="warn"), Statement("INSERT late"))
    only = Step("t", "table", frozenset(), WHERE, (Transaction(statements),))
    *_, result = execute(plan(only), recorder.warehouse, retries=Retries(first_wait_seconds=0.001))
    assert isinstance(result, StepDone)
    assert recorder.log.count("ONE") == 2
    assert len(result.warnings) == 1


@pytest.mark.parametrize(("severity", "end"), [("error", "ROLLBACK"), ("warn", "COMMIT")])
def test_failures_are_kept_once_the_step_is_over(severity: Literal["error", "warn"], end: str) -> None:
    recorder = Recorder({"ONE": rows_that_fail(2)})
    one(recorder, Statement("ONE", "one", severity=severity, keep=BAD))
    insert = recorder.log[5]
    assert insert.startswith("INSERT INTO dw.bad ")
    assert recorder.log == ["open", "BEGIN", "ONE", end, "BEGIN", insert, "COMMIT", "close"]
    assert insert in recorder.committed


@dataclass
class Full(Recorder):
    """A warehouse that cannot keep anything."""

    def execute(self, sql: str) -> Outcome:
        if sql.startswith("INSERT INTO dw.bad"):
            self.log.append("full")
            raise WarehouseError("disk full")
        return Recorder.execute(self, sql)


def test_failures_that_cannot_be_kept_do_not_change_the_result() -> None:
    full = Full({"ONE": rows_that_fail(2)})
    done = one(full, Statement("ONE", "one", severity="warn", keep=BAD))
    assert isinstance(done, StepDone)
    assert done.notices == ("the rows that failed could not be kept: disk full",)
    failed = one(Full({"ONE": rows_that_fail(2)}), Statement("ONE", "one", severity="error", keep=BAD))
    assert isinstance(failed, StepFailed)
    assert isinstance(failed.error, CheckFailed)
    assert failed.error.notices == ("the rows that failed could not be kept: disk full",)


def test_rows_of_the_load_are_counted_and_no_others() -> None:
    recorder = Recorder({"INSERT t": Outcome("INSERT", 5), "INSERT other": Outcome("INSERT", 1)})
    result = one(recorder, Statement("INSERT t"), Statement("INSERT other", is_load=False))
    assert isinstance(result, StepDone)
    assert result.rows == 5
