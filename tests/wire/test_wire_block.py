"""Transactions are what Redshift makes of BEGIN, COMMIT, errors and scripts."""

from __future__ import annotations

import pytest

from engine.errors import WarehouseError
from engine.warehouse import Outcome
from engine.wire.block import Block


class _Told:
    """A block, what it sent to the session, what it warned of."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.warnings: list[str] = []
        self.block = Block(self._run, self.warnings.append)

    def _run(self, sql: str) -> Outcome:
        self.sent.append(sql)
        if sql == "bad":
            raise WarehouseError("bad", sqlstate="42601")
        return Outcome(sql.split()[0].upper())

    def all(self, *sqls: str) -> list[str]:
        """Run statements one by one; what became of each is its tag or its SQLSTATE, and the status after it."""
        found = []
        for sql in sqls:
            try:
                answer = self.block.execute(sql).command
            except WarehouseError as error:
                answer = error.sqlstate
            found.append(f"{answer} {self.block.status}")
        return found

    def script(self, *sqls: str) -> None:
        try:
            for sql in sqls:
                self.block.before_statement_of_script(sql)
                self.block.execute(sql)
        except WarehouseError:
            self.block.script_failed()
        else:
            self.block.script_done()


def test_statements_outside_a_block_leave_it_idle() -> None:
    told = _Told()
    assert told.all("select 1", "bad", "select 2") == ["SELECT I", "42601 I", "SELECT I"]


def test_a_block_is_open_until_commit() -> None:
    told = _Told()
    assert told.all("begin transaction", "insert", "end") == ["BEGIN T", "INSERT T", "COMMIT I"]
    assert told.sent == ["begin transaction", "insert", "end"]


def test_a_failed_block_takes_nothing_but_its_end() -> None:
    told = _Told()
    assert told.all("begin", "bad", "select 1", "begin", "abort") == [
        "BEGIN T", "42601 E", "25P02 E", "25P02 E", "ROLLBACK I",
    ]  # fmt: skip
    assert told.sent == ["begin", "bad", "ROLLBACK"]


def test_commit_of_a_failed_block_rolls_back_and_says_so() -> None:
    told = _Told()
    assert told.all("begin", "bad", "commit") == ["BEGIN T", "42601 E", "ROLLBACK I"]
    assert told.sent[-1] == "ROLLBACK"


def test_needless_begin_and_commit_are_warned_of() -> None:
    told = _Told()
    assert told.all("commit", "begin", "begin", "commit", "rollback") == [
        "COMMIT I", "BEGIN T", "BEGIN T", "COMMIT I", "ROLLBACK I",
    ]  # fmt: skip
    assert told.sent == ["begin", "commit"]
    assert len(told.warnings) == 3


def test_a_script_is_one_transaction() -> None:
    told = _Told()
    told.script("insert 1", "insert 2")
    assert told.sent == ["BEGIN", "insert 1", "insert 2", "COMMIT"]
    assert told.block.status == "I"


def test_a_script_that_fails_is_rolled_back() -> None:
    told = _Told()
    told.script("insert 1", "bad", "insert 2")
    assert told.sent == ["BEGIN", "insert 1", "bad", "ROLLBACK"]
    assert told.block.status == "I"


def test_begin_in_a_script_stays_open() -> None:
    told = _Told()
    told.script("insert 1", "begin", "insert 2")
    assert told.sent == ["BEGIN", "insert 1", "insert 2"]
    assert told.block.status == "T"


def test_a_script_with_its_own_transactions_adds_none() -> None:
    told = _Told()
    told.script("begin", "insert 1", "commit", "insert 2")
    assert told.sent == ["begin", "insert 1", "commit", "BEGIN", "insert 2", "COMMIT"]


def test_a_script_in_an_open_block_neither_commits_nor_rolls_back() -> None:
    told = _Told()
    told.all("begin")
    told.script("insert 1", "bad")
    assert told.sent == ["begin", "insert 1", "bad"]
    assert told.block.status == "E"


@pytest.mark.parametrize(("sql", "status"), [("commit", "I"), ("insert", "E")])
def test_a_refused_statement_fails_its_block(sql: str, status: str) -> None:
    told = _Told()
    told.all("begin")
    told.block.refused(sql)
    assert told.block.status == status
