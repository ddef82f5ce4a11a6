"""What the server answers: records -> bytes.

Source: https://www.postgresql.org/docs/current/protocol-message-formats.html; what Redshift adds to a row description
is read by its drivers: https://github.com/aws/amazon-redshift-python-driver
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from ..errors import LoadFailed, WarehouseError
from .types import Field

_NULLABLE, _SEARCHABLE = 1, 1 << 12

PARSE_COMPLETE = b"1\0\0\0\4"
BIND_COMPLETE = b"2\0\0\0\4"
CLOSE_COMPLETE = b"3\0\0\0\4"
NO_DATA = b"n\0\0\0\4"
EMPTY_QUERY = b"I\0\0\0\4"
PORTAL_SUSPENDED = b"s\0\0\0\4"
SIGNED_IN = b"R\0\0\0\x08\0\0\0\0"


def message(kind: bytes, body: bytes) -> bytes:
    """Return one message: its kind, its length with the length itself, its body."""
    return kind + struct.pack("!i", len(body) + 4) + body


def _texts(*texts: str) -> bytes:
    return b"".join(_text(text) for text in texts)


def _text(text: str) -> bytes:
    return text.replace("\0", "").encode(errors="replace") + b"\0"


def authentication(code: int, body: bytes = b"") -> bytes:
    """Return a step of signing in."""
    return message(b"R", struct.pack("!i", code) + body)


def parameter_status(name: str, value: str) -> bytes:
    """Return what the server tells of itself."""
    return message(b"S", _texts(name, value))


def backend_key(process: int, key: int) -> bytes:
    """Return what a CancelRequest must know."""
    return message(b"K", struct.pack("!ii", process, key))


def negotiate(options: Sequence[str]) -> bytes:
    """Return that protocol 3.0 it is, and which of the client's protocol options are unknown."""
    return message(b"v", struct.pack("!ii", 0, len(options)) + _texts(*options))


def ready(status: str) -> bytes:
    """Return ReadyForQuery: I idle, T in a transaction block, E in a failed one."""
    return message(b"Z", status.encode())


def parameter_description(types: Sequence[int]) -> bytes:
    """Return the types of a statement's parameters."""
    return message(b"t", struct.pack(f"!H{len(types)}i", len(types), *types))


def row_description(fields: Sequence[Field], formats: Sequence[int], *, extended: bool) -> bytes:
    """Return the columns of a result; `extended` adds what client protocols 1 and 2 expect after each.

    Added: schema, table, column and catalog names, and bits for nullable, autoincrement, read only, searchable. A
    result does not say which table a column came from, so the names are empty, as Redshift's are for expressions.
    """
    parts = [struct.pack("!H", len(fields))]
    for field, format_ in zip(fields, formats, strict=True):
        parts.append(_text(field.name) + struct.pack("!ihihih", 0, 0, field.oid, field.size, field.modifier, format_))
        if extended:
            parts.append(_texts("", "", "", "") + struct.pack("!h", _NULLABLE | _SEARCHABLE))
    return message(b"T", b"".join(parts))


def command_complete(tag: str) -> bytes:
    """Return that a statement is done."""
    return message(b"C", _text(tag))


def notice(text: str, sqlstate: str = "00000") -> bytes:
    """Return a notice, such as COPY's count. A text may begin with its severity, as 'WARNING: …'; INFO if not."""
    severity, colon, said = text.partition(": ")
    if not colon or severity not in ("INFO", "NOTICE", "WARNING"):
        severity, said = "INFO", text
    return message(b"N", _fields((("S", severity), ("C", sqlstate), ("M", said))))


def error(problem: WarehouseError, severity: str = "ERROR") -> bytes:
    """Return an error: never without C, which redshift_connector does not survive."""
    fields = [
        ("S", severity), ("C", problem.sqlstate or "XX000"), ("M", problem.message or "unknown error"),
        ("D", problem.detail), ("H", problem.hint), *_source(problem),
    ]  # fmt: skip
    return message(b"E", _fields(fields))


def _fields(fields: Iterable[tuple[str, str]]) -> bytes:
    return b"".join(code.encode() + _text(text) for code, text in fields if text) + b"\0"


def _source(problem: WarehouseError) -> tuple[tuple[str, str], ...]:
    """Where in Redshift the error is raised, for the errors of which that has been seen."""
    if isinstance(problem, LoadFailed):
        return (("F", "../src/pg/src/backend/commands/commands_copy.c"), ("L", "718"), ("R", "CheckMaxRowError"))
    if problem.message == "1023":
        return (("R", "pg_throw"),)
    return ()
