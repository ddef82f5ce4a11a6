"""A Redshift cluster or serverless workgroup, through redshift_connector."""

from __future__ import annotations

import re
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import redshift_connector
from redshift_connector import error as driver
from redshift_connector.core import COMMAND_COMPLETE

from ..errors import CommitUnknown, LoadError, LoadFailed, WarehouseError, WarehouseUnreachable
from ..records import frozen
from ..warehouse import Outcome, ResultColumn

CONNECT_SECONDS = 30
_KEEPALIVE = {"tcp_keepalive": True, "tcp_keepalive_idle": 60, "tcp_keepalive_interval": 30, "tcp_keepalive_count": 5}
_LOAD_FAILED = re.compile(r"Load into table '(.*)' failed\.")
_TYPES = {
    16: "boolean", 20: "bigint", 21: "smallint", 23: "integer", 25: "text", 700: "real", 701: "double precision",
    1042: "character", 1043: "character varying", 1082: "date", 1083: "time without time zone",
    1114: "timestamp without time zone", 1184: "timestamp with time zone", 1266: "time with time zone", 1700: "numeric",
    1188: "interval year to month", 1190: "interval day to second", 4000: "super", 6551: "binary varying",
}  # fmt: skip


@frozen
class RedshiftSession:
    """One connection. The driver's own transactions are off: BEGIN and COMMIT are sent here, and COMMIT is checked."""

    connection: Any
    tags: list[str]
    """The command tag of the last statement: the driver does not keep it."""

    def execute(self, sql: str) -> Outcome:
        notices = self.connection.notices
        notices.clear()
        self.tags.clear()
        with _explained(sql), self.connection.cursor() as cursor:
            cursor.execute(sql)
            described = cursor.description or ()
            rows = [tuple(row) for row in cursor.fetchall()] if described else []
            counted = cursor.rowcount
        command = _command(self.tags[-1] if self.tags else "", sql)
        outcome = Outcome(
            command,
            row_count=len(rows) if described else counted if counted >= 0 else None,
            columns=tuple(ResultColumn(_text(column[0]), _TYPES.get(column[1], "")) for column in described),
            rows=rows,
            notices=tuple(_text(notice.get(b"M", b"")) for notice in notices),
        )
        return self._loaded(outcome) if command == "COPY" else outcome

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.execute("BEGIN")
        try:
            yield
        except LoadFailed as error:
            self._roll_back()
            raise LoadFailed(error.message, error.errors or self._load_errors()) from error
        except BaseException:
            self._roll_back()
            raise
        if self._commit().command != "COMMIT":
            # COMMIT of a failed block rolls back, and the driver does not tell.
            raise WarehouseError("the transaction was rolled back at its COMMIT", sqlstate="25P02")

    def close(self) -> None:
        with suppress(*_UNREACHABLE):  # it may have been lost before; then there is nothing left to close
            self.connection.close()
        with suppress(OSError, AttributeError):  # the driver forgets its file where it could not say goodbye
            self.connection._sock.close()

    def interrupt(self) -> None:
        """Cut the connection: the cluster rolls the open transaction back, and the statement under way ends."""
        with suppress(OSError):
            self.connection._usock.shutdown(socket.SHUT_RDWR)

    def _commit(self) -> Outcome:
        try:
            return self.execute("COMMIT")
        except WarehouseUnreachable as error:
            raise CommitUnknown(f"{error}, while COMMIT was under way") from error
        except WarehouseError:
            self._roll_back()
            raise

    def _roll_back(self) -> None:
        # A lost session is rolled back by the cluster, and the error that is on its way says why.
        with suppress(WarehouseUnreachable):
            self.execute("ROLLBACK")

    def _loaded(self, outcome: Outcome) -> Outcome:
        """Add what the driver does not say of a COPY: how many rows it loaded, and which it left out."""
        ((count,),) = self._ask("SELECT pg_last_copy_count()")
        left_out = any("could not be loaded" in notice for notice in outcome.notices)
        return replace(outcome, row_count=int(count), rejects=self._load_errors() if left_out else ())

    def _load_errors(self) -> tuple[LoadError, ...]:
        """Return the error rows of this session's last COPY: STL on a provisioned cluster, SYS on serverless."""
        for query in (_STL_ERRORS, _SYS_ERRORS):
            try:
                rows = self._ask(query)
            except WarehouseError:
                continue
            if rows:
                return tuple(_load_error(row) for row in rows)
        return ()

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        with _explained(sql), self.connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]


def open_session(settings: Mapping[str, Any], *, application: str) -> RedshiftSession:
    """Connect. `settings` are redshift_connector's own: host, port, database, user, password, iam, …

    TLS verifies the certificate and the host's name unless the settings say otherwise. Errors: WarehouseUnreachable.
    """
    # Named statements would be closed one round trip each after every CREATE: none are kept.
    own = {"timeout": CONNECT_SECONDS, "application_name": application, "max_prepared_statements": 0}
    wanted: dict[str, Any] = {"ssl": True, "sslmode": "verify-full", **_KEEPALIVE, **own, **settings}
    if not wanted["ssl"]:
        del wanted["sslmode"]
    try:
        connection = redshift_connector.connect(**wanted)
    except _FAILURES as error:
        raise _unreachable(settings, error) from error
    # The timeout is for connecting; a COPY may be silent for an hour, and keep-alive notices a dead peer.
    connection._usock.settimeout(None)
    connection.autocommit = True
    tags: list[str] = []
    connection.message_types[COMMAND_COMPLETE] = _noting(tags, connection.message_types[COMMAND_COMPLETE])
    return RedshiftSession(connection, tags)


def _noting(tags: list[str], handle: Callable[[bytes, Any], None]) -> Callable[[bytes, Any], None]:
    def noted(data: bytes, cursor: Any) -> None:
        tags.append(data.rstrip(b"\0").decode("utf-8", "replace"))
        handle(data, cursor)

    return noted


def _command(tag: str, sql: str) -> str:
    """Return a tag without its counts: 'INSERT 0 5' -> 'INSERT'. An empty tag is told by the statement itself."""
    words = [word for word in tag.split() if not word.isdigit()]
    return " ".join(words) or (sql.split(maxsplit=1)[0].upper() if sql.split() else "")


# --- errors ----------------------------------------------------------------------------------------------------------

_UNREACHABLE = (driver.InterfaceError, OSError, struct.error, ValueError, AttributeError)
"""What the driver raises when the connection is gone: its own, the socket's, and stumbles over a cut-off message."""
_FAILURES = (driver.Error, *_UNREACHABLE, KeyError, IndexError, TypeError)

DRIVER_ERRORS: dict[type[Exception], type[WarehouseError] | type[WarehouseUnreachable]] = {
    driver.InterfaceError: WarehouseUnreachable,
    driver.OperationalError: WarehouseUnreachable,
    driver.DataError: WarehouseError,
    driver.IntegrityError: WarehouseError,
    driver.InternalError: WarehouseError,
    driver.NotSupportedError: WarehouseError,
    driver.ProgrammingError: WarehouseError,
    driver.DatabaseError: WarehouseError,
    driver.ArrayContentNotSupportedError: WarehouseError,
    driver.ArrayContentNotHomogenousError: WarehouseError,
    driver.ArrayDimensionsNotConsistentError: WarehouseError,
    driver.Error: WarehouseError,
    driver.Warning: WarehouseError,
}
"""What each of the driver's exceptions becomes; a test compares the keys with the driver's."""


@contextmanager
def _explained(sql: str) -> Iterator[None]:
    try:
        yield
    except driver.Error as error:
        if DRIVER_ERRORS[type(error)] is WarehouseUnreachable:
            raise WarehouseUnreachable(f"the connection to Redshift was lost: {_said(error)}") from error
        raise _refused(error) from error
    except _UNREACHABLE as error:
        raise WarehouseUnreachable(f"the connection to Redshift was lost: {error}") from error


def _refused(error: Exception) -> WarehouseError:
    fields = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    message, detail = str(fields.get("M", error)), str(fields.get("D", ""))
    if _LOAD_FAILED.search(message):
        return LoadFailed(message, ())
    sqlstate, hint = str(fields.get("C", "XX000")), str(fields.get("H", ""))
    refused = WarehouseError(message, sqlstate=sqlstate, detail=detail, hint=hint)
    position = str(fields.get("P", ""))
    if position.isdigit():
        refused.span = (int(position) - 1, int(position))
    return refused


def _said(error: Exception) -> str:
    if error.args and isinstance(error.args[0], dict):
        return str(error.args[0].get("M", error))
    return ": ".join(str(part) for part in error.args) or str(error)


def _unreachable(settings: Mapping[str, Any], error: Exception) -> WarehouseUnreachable:
    place = f"{settings.get('host', 'the cluster')}:{settings.get('port', 5439)}"
    return WarehouseUnreachable(
        f"cannot connect to {place}: {_said(error)}\n  etlrun doctor PIPELINE looks for what is in the way"
    )


# --- what a COPY could not load --------------------------------------------------------------------------------------

_STL_ERRORS = """\
SELECT TRIM(filename), line_number, TRIM(colname), TRIM(type), TRIM(col_length), position, TRIM(raw_line),
    TRIM(raw_field_value), err_code, TRIM(err_reason), start_offset
FROM stl_load_errors
WHERE query = pg_last_copy_id() AND session = pg_backend_pid()
ORDER BY filename, line_number
LIMIT 100"""
_SYS_ERRORS = """\
SELECT TRIM(file_name), line_number, TRIM(column_name), TRIM(column_type), TRIM(column_length), position, '',
    '', error_code, TRIM(error_message), 0
FROM sys_load_error_detail
WHERE query_id = pg_last_copy_id()
ORDER BY file_name, line_number
LIMIT 100"""


def _load_error(row: tuple[Any, ...]) -> LoadError:
    file, line, column, type_, length, position, raw_line, raw_value, code, reason, offset = (
        value if value is not None else "" for value in row
    )
    return LoadError(
        file=str(file), line=int(line or 0), column=str(column), type=str(type_), length=str(length),
        position=int(position or 0), raw_line=str(raw_line), raw_value=str(raw_value), code=int(code or 0),
        reason=str(reason), start_offset=int(offset or 0),
    )  # fmt: skip


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, (bytes, bytearray)) else str(value)
