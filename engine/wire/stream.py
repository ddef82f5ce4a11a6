"""One client's bytes: whole messages in, buffered answers out."""

from __future__ import annotations

import socket
import ssl

from .requests import MAX_MESSAGE_BYTES, MAX_SIGN_IN_BYTES, MAX_STARTUP_BYTES, Malformed

_CHUNK = 65_536


class Disconnected(Exception):
    """The client has gone, or does not answer."""


class Stream:
    """Reads and writes one socket. What a client claims to send is never allocated before it has come."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._received = bytearray()
        self._waiting = bytearray()

    @property
    def is_secret(self) -> bool:
        return isinstance(self.socket, ssl.SSLSocket)

    def begin_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on. Errors: Disconnected, also where the client does not like the certificate."""
        try:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            raise Disconnected from error

    def read_first(self) -> bytes:
        """Return the body of the first message, which has no kind. Errors: Disconnected, Malformed.

        Reads not one byte further: what comes before TLS has begun must not be taken for what comes within.
        """
        size = int.from_bytes(self._exactly(4), "big")
        if not 8 <= size <= MAX_STARTUP_BYTES:
            raise Malformed(f"invalid length of the start-up packet: {size}")
        return self._exactly(size - 4)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self._receive(size - len(data))
        return data

    def read(self, *, signed_in: bool = True) -> tuple[bytes, bytes]:
        """Return the next message: its kind and its body. Errors: Disconnected, Malformed."""
        self._fill(5)
        size = int.from_bytes(self._received[1:5], "big")
        if not 4 <= size <= (MAX_MESSAGE_BYTES if signed_in else MAX_SIGN_IN_BYTES):
            raise Malformed(f"invalid message length: {size}")
        self._fill(size + 1)
        kind, body = bytes(self._received[:1]), bytes(self._received[5 : size + 1])
        del self._received[: size + 1]
        return kind, body

    def _fill(self, size: int) -> None:
        while len(self._received) < size:
            self._received += self._receive(_CHUNK)

    def _receive(self, most: int) -> bytes:
        try:
            data = self.socket.recv(most)
        except (OSError, ValueError) as error:
            raise Disconnected from error
        if not data:
            raise Disconnected
        return data

    def write(self, data: bytes) -> None:
        """Keep `data` for the next flush; much of it is sent at once, so that a result needs no memory of its size."""
        self._waiting += data
        if len(self._waiting) >= _CHUNK:
            self.flush()

    def flush(self) -> None:
        """Send what waits. Errors: Disconnected."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, bytearray()
        try:
            self.socket.sendall(waiting)
        except (OSError, ValueError) as error:
            raise Disconnected from error

    def close(self) -> None:
        """End the connection at once; what waits is not sent."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the client was faster
        finally:
            self.socket.close()
