"""The transaction block of one client: what BEGIN, COMMIT and an error do to the statements after them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from ..errors import EtlrunError, WarehouseError
from ..script import first_word
from ..warehouse import Outcome

_BEGINS = ("begin", "start")
_ENDS = ("commit", "end", "rollback", "abort")


class Block:
    """Keeps a session's transaction as Redshift does. `status` is I (idle), T (in a block) or E (in a failed one).

    `run` sends a statement to the session, `warn` a warning to the client.
    """

    def __init__(self, run: Callable[[str], Outcome], warn: Callable[[str], None]) -> None:
        self._run = run
        self._warn = warn
        self._of_script = False
        self.status = "I"

    def check(self, sql: str) -> None:
        """Refuse what a failed block does not take. Errors: WarehouseError 25P02."""
        if self.status == "E" and first_word(sql) not in _ENDS:
            raise WarehouseError(
                "current transaction is aborted, commands ignored until end of transaction block", sqlstate="25P02",
                hint="send ROLLBACK",
            )  # fmt: skip

    def execute(self, sql: str) -> Outcome:
        """Run one statement. Errors: WarehouseError, WarehouseUnreachable."""
        self.check(sql)
        word = first_word(sql)
        if word in _ENDS:
            return self._end(word in ("commit", "end"), sql)
        if word in _BEGINS:
            return self._begin(sql)
        try:
            return self._run(sql)
        except EtlrunError:
            self.failed()
            raise

    def failed(self) -> None:
        """Say that a statement went wrong."""
        if self.status == "T":
            self.status = "E"

    def refused(self, sql: str) -> None:
        """Say that a statement was answered with an error and not run: a COMMIT that fails rolls back."""
        self.failed()
        if self.status == "E" and first_word(sql) in _ENDS:
            self._leave()
            self._run("ROLLBACK")

    def _begin(self, sql: str) -> Outcome:
        if self.status == "T" and not self._of_script:
            self._warn("there is already a transaction in progress")
        if self.status == "I":
            self._run(sql)
        # In a script, BEGIN makes the script's own transaction one that stays open.
        self.status, self._of_script = "T", False
        return Outcome("BEGIN")

    def _end(self, commits: bool, sql: str) -> Outcome:
        if self.status == "I":
            self._warn("there is no transaction in progress")
            return Outcome("COMMIT" if commits else "ROLLBACK")
        failed = self.status == "E"
        self._leave()
        # A block that failed has nothing to commit: COMMIT rolls it back, and only the tag tells.
        outcome = self._run("ROLLBACK" if failed else sql)
        return replace(outcome, command="COMMIT" if commits and not failed else "ROLLBACK")

    def _leave(self) -> None:
        self.status, self._of_script = "I", False

    # A script of several statements in one message is one transaction, unless it has BEGIN, COMMIT or ROLLBACK.

    def before_statement_of_script(self, sql: str) -> None:
        """Open the transaction of a script, where none is open."""
        if self.status == "I" and first_word(sql) not in (*_BEGINS, *_ENDS):
            self._run("BEGIN")
            self.status, self._of_script = "T", True

    def script_done(self) -> None:
        """Commit the transaction of a script. Errors: WarehouseError."""
        if self._of_script:
            self._leave()
            self._run("COMMIT")

    def script_failed(self) -> None:
        """Roll back the transaction of a script."""
        if self._of_script:
            self._leave()
            with suppress(EtlrunError):
                self._run("ROLLBACK")
