"""LOCK waits, and is waited for; what is read behind it is as it stands then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from engine.errors import WarehouseError
from engine.storage import Storage
from engine.warehouses.local.session import LocalDatabase, LocalSession, open_database

WAIT = 10


@pytest.fixture
def database() -> Iterator[LocalDatabase]:
    database = open_database(None, Storage(()))
    session = database.session()
    session.execute("CREATE TABLE t (n integer)")
    session.execute("CREATE TABLE u (n integer)")
    session.execute("INSERT INTO t VALUES (1)")
    session.close()
    yield database
    database.close()


class Behind:
    """Work in a thread of its own, and what came of it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.results: list[object] = []
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()

    def _run(self, work: Callable[[], object]) -> None:
        try:
            self.results.append(work())
        except WarehouseError as error:
            self.results.append(error)

    @property
    def is_waiting(self) -> bool:
        self.thread.join(0.1)
        return self.thread.is_alive()

    def result(self) -> object:
        self.thread.join(WAIT)
        assert not self.thread.is_alive()
        return self.results[0]


def locked_sum(session: LocalSession) -> object:
    session.execute("BEGIN")
    session.execute("LOCK t")
    found = session.execute("SELECT SUM(n) FROM t").rows[0][0]
    session.execute("COMMIT")
    return found


def test_lock_waits_for_who_has_read_and_sees_what_they_wrote(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    one.execute("BEGIN")
    one.execute("SELECT n FROM t")
    behind = Behind(lambda: locked_sum(two))
    assert behind.is_waiting
    one.execute("INSERT INTO t VALUES (10)")
    assert behind.is_waiting
    one.execute("COMMIT")
    assert behind.result() == 11


@pytest.mark.parametrize("end", ["ROLLBACK", "close"])
def test_lock_goes_on_when_the_reader_rolls_back_or_is_lost(database: LocalDatabase, end: str) -> None:
    one, two = database.session(), database.session()
    one.execute("BEGIN")
    one.execute("INSERT INTO t VALUES (10)")
    behind = Behind(lambda: locked_sum(two))
    assert behind.is_waiting
    one.close() if end == "close" else one.execute(end)
    assert behind.result() == 1


@pytest.mark.parametrize("first", [(), ("SET query_group TO 'x'",)])
def test_first_statement_waits_for_the_lock_and_sees_what_was_done_under_it(
    database: LocalDatabase, first: tuple[str, ...]
) -> None:
    one, two = database.session(), database.session()
    one.execute("BEGIN")
    one.execute("LOCK t")
    two.execute("BEGIN")
    for sql in first:
        two.execute(sql)
    behind = Behind(lambda: two.execute("SELECT SUM(n) FROM t").rows[0][0])
    assert behind.is_waiting
    one.execute("UPDATE t SET n = 5")
    one.execute("COMMIT")
    assert behind.result() == 5


def test_statement_outside_of_a_transaction_waits_as_well(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    two.execute("SELECT SUM(n) FROM t")  # the second time its translation is remembered
    one.execute("BEGIN")
    one.execute("LOCK t")
    behind = Behind(lambda: two.execute("SELECT SUM(n) FROM t").rows[0][0])
    assert behind.is_waiting
    one.execute("UPDATE t SET n = 5")
    one.execute("COMMIT")
    assert behind.result() == 5


def test_table_that_was_locked_since_the_snapshot_is_a_serializable_violation(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    two.execute("BEGIN")
    two.execute("SELECT n FROM u")
    locked_sum(one)
    with pytest.raises(WarehouseError, match="1023"):
        two.execute("SELECT n FROM t")
    two.execute("ROLLBACK")
    assert len(two.execute("SELECT n FROM t").rows) == 1


def test_lock_takes_back_nothing_of_its_own_transaction(database: LocalDatabase) -> None:
    one = database.session()
    one.execute("BEGIN")
    one.execute("CREATE TABLE v (n integer)")
    one.execute("INSERT INTO t VALUES (2)")
    one.execute("LOCK t")
    one.execute("COMMIT")
    assert one.execute("SELECT (SELECT COUNT(*) FROM v), (SELECT COUNT(*) FROM t)").rows == [(0, 2)]


def test_two_who_wait_for_each_other_are_told(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    for session, sql in ((one, "SELECT n FROM t"), (two, "SELECT n FROM u")):
        session.execute("BEGIN")
        session.execute(sql)
    behind = Behind(lambda: one.execute("LOCK u"))
    assert behind.is_waiting
    with pytest.raises(WarehouseError, match="deadlock detected"):
        two.execute("LOCK t")
    two.execute("ROLLBACK")
    behind.result()
    one.execute("COMMIT")


def test_waiting_can_be_interrupted(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    one.execute("BEGIN")
    one.execute("LOCK t")
    behind = Behind(lambda: two.execute("SELECT n FROM t"))
    assert behind.is_waiting
    two.interrupt()
    assert isinstance(error := behind.result(), WarehouseError)
    assert error.sqlstate == "57014"
