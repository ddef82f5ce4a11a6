"""LOCK: one session at a time, which then sees what the one before it has committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from engine.errors import WarehouseError
from engine.storage import Storage
from engine.warehouses.local.session import LocalDatabase, LocalSession, open_database


@pytest.fixture
def database() -> Iterator[LocalDatabase]:
    database = open_database(None, Storage())
    session = database.session()
    for sql in ("CREATE TABLE a (i integer)", "CREATE TABLE b (i integer)"):
        session.execute(sql)
    yield database
    database.close()


def send(session: LocalSession, *statements: str) -> object:
    outcome = [session.execute(sql) for sql in statements][-1]
    return outcome.rows[0][0] if outcome.rows else None


def in_thread(failures: list[WarehouseError], session: LocalSession, *statements: str) -> threading.Thread:
    def run() -> None:
        try:
            send(session, *statements)
        except WarehouseError as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_who_waits_sees_what_was_committed(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    send(one, "BEGIN", "SET query_group TO 'x'", "LOCK a")
    failures: list[WarehouseError] = []
    once = "INSERT INTO a SELECT 1 WHERE (SELECT COUNT(*) FROM a) = 0"
    other = in_thread(failures, two, "BEGIN", "LOCK a", once, "COMMIT")
    time.sleep(0.1)
    assert other.is_alive()
    send(one, once, "COMMIT")
    other.join(10)
    assert not failures
    assert send(one, "SELECT COUNT(*) FROM a") == 1


def test_snapshot_of_who_has_looked_before_stays(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    send(one, "BEGIN", "SELECT COUNT(*) FROM a")
    send(two, "INSERT INTO a VALUES (1)")
    assert send(one, "LOCK a", "SELECT COUNT(*) FROM a") == 0


@pytest.mark.parametrize("end", ["ROLLBACK", "COMMIT", "close"])
def test_lock_ends_with_its_transaction(database: LocalDatabase, end: str) -> None:
    one, two = database.session(), database.session()
    send(one, "BEGIN", "LOCK TABLE a, b")
    if end == "close":
        one.close()
    else:
        send(one, end)
    send(two, "BEGIN", "LOCK b", "COMMIT")


def test_deadlock_is_told(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    send(one, "BEGIN", "LOCK a")
    send(two, "BEGIN", "LOCK b")
    failures: list[WarehouseError] = []
    other = in_thread(failures, one, "LOCK b", "COMMIT")
    time.sleep(0.1)
    with pytest.raises(WarehouseError, match="deadlock detected") as caught:
        send(two, "LOCK a")
    assert caught.value.sqlstate == "40P01"
    send(two, "ROLLBACK")
    other.join(10)
    assert not failures


def test_who_waits_can_be_interrupted(database: LocalDatabase) -> None:
    one, two = database.session(), database.session()
    send(one, "BEGIN", "LOCK a")
    failures: list[WarehouseError] = []
    other = in_thread(failures, two, "BEGIN", "LOCK a")
    while other.is_alive():
        two.interrupt()
        other.join(0.01)
    assert [error.sqlstate for error in failures] == ["57014"]
    with pytest.raises(WarehouseError, match="canceled"):
        send(two, "ROLLBACK", "SET statement_timeout TO 50", "BEGIN", "LOCK a")
