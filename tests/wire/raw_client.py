"""A client that speaks the protocol byte by byte, so that a test sees every message."""

from __future__ import annotations

import socket
import struct
from types import TracebackType

Message = tuple[str, bytes]


def text(*words: str) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


def startup(*, version: int = 196608, **parameters: str) -> bytes:
    body = struct.pack("!i", version) + text(*(word for pair in parameters.items() for word in pair)) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def parse(sql: str, name: str = "", types: tuple[int, ...] = ()) -> bytes:
    return message("P", text(name, sql) + struct.pack(f"!h{len(types)}i", len(types), *types))


def bind(*values: bytes | None, statement: str = "", portal: str = "", formats: tuple[int, ...] = ()) -> bytes:
    body = text(portal, statement) + struct.pack("!hh", 0, len(values))
    for value in values:
        body += b"\xff\xff\xff\xff" if value is None else struct.pack("!i", len(value)) + value
    return message("B", body + struct.pack(f"!h{len(formats)}h", len(formats), *formats))


def describe(kind: str, name: str = "") -> bytes:
    return message("D", kind.encode() + text(name))


def execute(portal: str = "", rows: int = 0) -> bytes:
    return message("E", text(portal) + struct.pack("!i", rows))


SYNC = message("S")


def fields(body: bytes) -> dict[str, str]:
    """Return the fields of an error or a notice."""
    return {part[:1].decode(): part[1:].decode() for part in body.split(b"\0") if part}


class RawClient:
    """Sends bytes, reads messages."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=20)

    def __enter__(self) -> RawClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, *data: bytes) -> None:
        self.socket.sendall(b"".join(data))

    def exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise EOFError(data)
            data += more
        return data

    def read(self) -> Message:
        kind = self.exactly(1).decode()
        return kind, self.exactly(struct.unpack("!i", self.exactly(4))[0] - 4)

    def until(self, last: str = "Z") -> list[Message]:
        """Return the messages up to the first of kind `last`."""
        found = [self.read()]
        while found[-1][0] != last:
            found.append(self.read())
        return found

    def start(self, **parameters: str) -> list[Message]:
        self.send(startup(**({"user": "me", "database": "dev"} | parameters)))
        return self.until()

    def query(self, sql: str) -> list[Message]:
        self.send(message("Q", text(sql)))
        return self.until()

    def ended(self) -> bool:
        """Return whether the server has closed the connection."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True


def kinds(messages: list[Message]) -> str:
    return "".join(kind for kind, _ in messages)


def tags(messages: list[Message]) -> list[str]:
    return [body[:-1].decode() for kind, body in messages if kind == "C"]


def error(messages: list[Message]) -> dict[str, str]:
    """Return the fields of the first error."""
    return fields(next(body for kind, body in messages if kind == "E"))


def status(messages: list[Message]) -> str:
    assert messages[-1][0] == "Z"
    return messages[-1][1].decode()


def cells(body: bytes) -> list[bytes | None]:
    """Return the values of a DataRow."""
    count, at = struct.unpack("!h", body[:2])[0], 2
    found: list[bytes | None] = []
    for _ in range(count):
        size = struct.unpack("!i", body[at : at + 4])[0]
        found.append(None if size < 0 else body[at + 4 : at + 4 + size])
        at += 4 + max(0, size)
    assert at == len(body)
    return found
