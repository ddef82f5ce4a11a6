"""A port on which a warehouse answers: one thread that accepts, one for each client."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType

from ..errors import EtlrunError, UsageError, WarehouseError
from ..warehouse import Session
from . import replies
from .connection import Connection
from .greeting import Guest, Refused, greet
from .requests import Cancel, Malformed
from .runner import Killed, Lost
from .settings import Settings
from .stream import Disconnected, Stream

_DEFAULTS = Settings()
_FAREWELL_SECONDS = 3
_LOOK_UP_SECONDS = 0.5


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches `host`. Errors: UsageError if it has no address."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"--host {host}: this machine does not know the address ({error.strerror})") from error
    return all(ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback for *_, address in found)


def read_certificate(certificate: Path, key: Path) -> ssl.SSLContext:
    """Return what the server needs to speak TLS. Errors: UsageError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Without it the server could not say why it closes a connection, once it has stopped listening to the client.
    context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
    for path in (certificate, key):
        if not path.is_file():
            raise UsageError(f"there is no file '{path}'")
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        raise UsageError(f"{certificate} and {key} are not a certificate and its key, in PEM, unencrypted") from error
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted")  # OpenSSL would ask the terminal


class Server:
    """A warehouse on a port: it listens as soon as it is made, and answers inside `with`.

    `open_session` is called in the thread of each client, and the session is used in that thread only, but for
    `interrupt`.
    """

    def __init__(
        self, open_session: Callable[[], Session], settings: Settings = _DEFAULTS, *, host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:  # fmt: skip
        self._open_session = open_session
        self._settings = settings
        self._listener = _listen(host, port)
        self._listener.settimeout(_LOOK_UP_SECONDS)
        self.host, self.port = self._listener.getsockname()[:2]
        self._statements = count(1)
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._clients: dict[int, tuple[Stream, threading.Thread]] = {}
        self._connections: dict[tuple[int, int], Connection] = {}
        self._closing = False
        self._closed = threading.Event()
        self._acceptor = threading.Thread(target=self._accept, name="etlrun-serve", daemon=True)

    def __enter__(self) -> Server:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def wait(self) -> None:
        """Wait until the server is closed, or a signal raises here."""
        self._closed.wait()

    def close(self) -> None:
        """Stop listening, stop what runs, roll back what is open, say goodbye."""
        self._closing = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        with self._lock:
            clients, connections = list(self._clients.values()), list(self._connections.values())
        for connection in connections:
            connection.cancel()
        for stream, _ in clients:
            # Ends the wait for the client's next message only: the last words still go out. Through the socket's own
            # class, since that of TLS would forget its keys.
            with suppress(OSError):
                socket.socket.shutdown(stream.socket, socket.SHUT_RD)
        if not _joined(thread for _, thread in clients):
            for stream, _ in clients:  # those who do not even take their results
                with suppress(OSError):
                    socket.socket.shutdown(stream.socket, socket.SHUT_RDWR)
            _joined(thread for _, thread in clients)
        self._closed.set()

    def _accept(self) -> None:
        while not self._closing:
            try:
                accepted, _ = self._listener.accept()
            except TimeoutError:
                continue  # nobody came
            except OSError:
                time.sleep(0.05)  # the client was gone before it was let in, or there are too many open files
                continue
            if len(self._clients) >= 2 * self._settings.max_clients:
                accepted.close()
                continue
            number = next(self._numbers)
            thread = threading.Thread(
                target=self._client, args=(accepted, number), name=f"etlrun-client-{number}", daemon=True
            )
            with self._lock:
                self._clients[number] = (Stream(accepted), thread)
            thread.start()

    def _client(self, accepted: socket.socket, number: int) -> None:
        with self._lock:
            stream, _ = self._clients[number]
            crowded = len(self._clients) > self._settings.max_clients
        try:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            accepted.settimeout(self._settings.sign_in_seconds)
            guest = greet(stream, self._settings)
            if isinstance(guest, Cancel):
                self._cancel(guest)
                return
            if crowded:
                raise Refused(WarehouseError("connection limit exceeded for non-superusers", sqlstate="53300"))
            stream.socket.settimeout(None)
            self._serve(guest, number)
        except Refused as refused:
            _say(stream, refused.error)
        except Malformed as error:
            _say(stream, WarehouseError(f"invalid message: {error}", sqlstate="08P01"))
        except Lost as error:
            _say(stream, WarehouseError(str(error), sqlstate="57P01"))
        except (Disconnected, OSError):
            if self._closing:
                _say(stream, WarehouseError("terminating connection due to administrator command", sqlstate="57P01"))
        except Killed:
            pass
        finally:
            stream.close()
            with self._lock:
                del self._clients[number]

    def _serve(self, guest: Guest, number: int) -> None:
        try:
            session = self._open_session()
        except EtlrunError as error:
            raise Refused(WarehouseError(str(error), sqlstate="57P03")) from error
        key = secrets.randbits(31)
        connection = Connection(guest, session, number, self._settings, self._statements)
        with self._lock:
            self._connections[number, key] = connection
        try:
            guest.stream.write(replies.backend_key(number, key))
            connection.serve()
        finally:
            with self._lock:
                del self._connections[number, key]
            session.close()

    def _cancel(self, request: Cancel) -> None:
        with self._lock:
            connection = self._connections.get((request.process, request.key))
        if connection is not None:
            connection.cancel()


def _joined(threads: Iterable[threading.Thread]) -> bool:
    """Wait a little for all of them; False if one goes on."""
    last = time.monotonic() + _FAREWELL_SECONDS
    alive = False
    for thread in threads:
        thread.join(max(0, last - time.monotonic()))
        alive |= thread.is_alive()
    return not alive


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        advice = "choose another --port, or 0 for a free one"
        raise UsageError(f"cannot listen on {host}:{port} ({why}); {advice}") from error


def _say(stream: Stream, error: WarehouseError) -> None:
    with suppress(Disconnected):
        stream.write(replies.error(error, "FATAL"))
        stream.flush()
