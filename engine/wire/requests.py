"""What a client sends: bytes -> records. Pure, and suspicious: every length is checked before it is believed.

Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from ..records import frozen

MAX_STARTUP_BYTES = 10_000
MAX_SIGN_IN_BYTES = 65_536
MAX_MESSAGE_BYTES = 48 * 2**20
"""Redshift takes statements of 16 MB; a Bind may carry as much again in values, and some more."""

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102


class Malformed(ValueError):
    """The bytes are no message of the protocol."""


@frozen
class Startup:
    """The first message. `parameters` has user, database, and what else the client tells of itself."""

    major: int
    minor: int
    parameters: dict[str, str]


@frozen
class TlsRequest:
    """May we speak TLS?"""


@frozen
class GssRequest:
    """May we speak GSSAPI? (No.)"""


@frozen
class Cancel:
    """Stop what the connection with this key is doing."""

    process: int
    key: int


@frozen
class Query:
    """The simple protocol: a script."""

    sql: str


@frozen
class Parse:
    """Keep a statement under a name; a type of 0 is left to the server."""

    name: str
    sql: str
    types: tuple[int, ...]


@frozen
class Bind:
    """Make a portal of a statement and values. Formats: 0 text, 1 binary; none means text, one goes for all."""

    portal: str
    statement: str
    formats: tuple[int, ...]
    values: tuple[bytes | None, ...]
    result_formats: tuple[int, ...]


@frozen
class Describe:
    """What will it give? `kind` is S, a statement, or P, a portal."""

    kind: str
    name: str


@frozen
class Execute:
    """Run a portal, or go on with it; 0 rows at most means all."""

    portal: str
    max_rows: int


@frozen
class Close:
    """Forget a statement (S) or a portal (P)."""

    kind: str
    name: str


@frozen
class Flush:
    """Send what waits."""


@frozen
class Sync:
    """The end of a series of extended messages."""


@frozen
class Terminate:
    """Goodbye."""


@frozen
class Unsupported:
    """A message of the protocol that has no use here, such as a function call or a row of COPY FROM STDIN."""

    kind: str


First = Startup | TlsRequest | GssRequest | Cancel
Request = Query | Parse | Bind | Describe | Execute | Close | Flush | Sync | Terminate | Unsupported


def decode_first(body: bytes) -> First:
    """Return the first message of a connection; `body` is what follows its length. Errors: Malformed."""
    reader = _Reader(body)
    code = reader.int32()
    if code in (_SSL, _GSS):
        reader.end()
        return TlsRequest() if code == _SSL else GssRequest()
    if code == _CANCEL:
        cancel = Cancel(reader.int32(), reader.int32())
        reader.end()
        return cancel
    parameters: dict[str, str] = {}
    while (name := reader.text()) != "":
        parameters[name] = reader.text()
    reader.end()
    return Startup((code >> 16) & 0xFFFF, code & 0xFFFF, parameters)


def decode(kind: bytes, body: bytes) -> Request:
    """Return the message of one byte `kind` and what follows its length. Errors: Malformed."""
    build = _MESSAGES.get(kind)
    if build is None:
        raise Malformed(f"unknown message type {kind!r}")
    reader = _Reader(body)
    message = build(reader)
    if not isinstance(message, Unsupported):
        reader.end()
    return message


class _Reader:
    """Takes a message apart from its start to its end."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._body):
            raise Malformed("a message ends before its last field")
        self._at += size
        return self._body[self._at - size : self._at]

    def int16(self) -> int:
        return int(struct.unpack("!h", self.take(2))[0])

    def int32(self) -> int:
        return int(struct.unpack("!i", self.take(4))[0])

    def count(self, size: int) -> int:
        """A count of fields of `size` bytes or more; one that the message cannot hold is refused before it is used."""
        number = int(struct.unpack("!H", self.take(2))[0])
        if number * size > len(self._body) - self._at:
            raise Malformed("a message ends before its last field")
        return number

    def text(self) -> str:
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise Malformed("a text has no end")
        try:
            text = self._body[self._at : end].decode()
        except UnicodeDecodeError as error:
            raise Malformed("a text is not UTF-8") from error
        self._at = end + 1
        return text

    def letter(self, allowed: str) -> str:
        letter = self.take(1).decode("latin-1")
        if letter not in allowed:
            raise Malformed(f"'{letter}' where one of {', '.join(allowed)} belongs")
        return letter

    def formats(self) -> tuple[int, ...]:
        formats = tuple(self.int16() for _ in range(self.count(2)))
        if any(format_ not in (0, 1) for format_ in formats):
            raise Malformed("a format code is neither 0 (text) nor 1 (binary)")
        return formats

    def value(self) -> bytes | None:
        size = self.int32()
        return None if size == -1 else self.take(size)

    def end(self) -> None:
        if self._at != len(self._body):
            raise Malformed("a message goes on after its last field")


def _parse(reader: _Reader) -> Parse:
    return Parse(reader.text(), reader.text(), tuple(reader.int32() for _ in range(reader.count(4))))


def _bind(reader: _Reader) -> Bind:
    portal, statement, formats = reader.text(), reader.text(), reader.formats()
    values = tuple(reader.value() for _ in range(reader.count(4)))
    if len(formats) not in (0, 1, len(values)):
        raise Malformed(f"{len(formats)} formats for {len(values)} values")
    return Bind(portal, statement, formats, values, reader.formats())


_MESSAGES: dict[bytes, Callable[[_Reader], Request]] = {
    b"Q": lambda reader: Query(reader.text()),
    b"P": _parse,
    b"B": _bind,
    b"D": lambda reader: Describe(reader.letter("SP"), reader.text()),
    b"E": lambda reader: Execute(reader.text(), max(0, reader.int32())),
    b"C": lambda reader: Close(reader.letter("SP"), reader.text()),
    b"H": lambda reader: Flush(),
    b"S": lambda reader: Sync(),
    b"X": lambda reader: Terminate(),
    b"F": lambda reader: Unsupported("F"),
    b"d": lambda reader: Unsupported("d"),
    b"c": lambda reader: Unsupported("c"),
    b"f": lambda reader: Unsupported("f"),
}
