"""The first words with a client: TLS or not, who it is, and what the server says of itself."""

from __future__ import annotations

from dataclasses import field

from ..errors import WarehouseError
from ..records import frozen
from . import replies
from .requests import Cancel, GssRequest, Malformed, Startup, TlsRequest, decode_first
from .settings import Settings
from .sign_in import challenge
from .stream import Disconnected, Stream

SERVER_VERSION = "8.0.2"
"""Of PostgreSQL, as Redshift has reported it ever since; its drivers choose what to send by it."""
NEWEST_PROTOCOL = 2


class Refused(Exception):
    """The client is not let in; `error` says why."""

    def __init__(self, error: WarehouseError) -> None:
        super().__init__(error.message)
        self.error = error


@frozen
class Guest:
    """A client who has come in. `protocol` is Amazon's addition to the protocol: 0 none, 1 more about columns, 2 binary
    numerics; `amazon` says whether its driver is one of Amazon's."""

    stream: Stream = field(repr=False)
    parameters: dict[str, str]
    protocol: int
    amazon: bool

    @property
    def user(self) -> str:
        return self.parameters.get("user", "")


def greet(stream: Stream, settings: Settings) -> Guest | Cancel:
    """Return who comes in, or which connection is to be stopped. Errors: Refused, Malformed, Disconnected."""
    first = decode_first(stream.read_first())
    while isinstance(first, TlsRequest | GssRequest):
        _answer(stream, first, settings)
        first = decode_first(stream.read_first())
    if isinstance(first, Cancel):
        return first
    _check(stream, first, settings)
    guest = _guest(stream, first)
    options = [name for name in first.parameters if name.startswith("_pq_.")]
    if first.minor > 0 or options:
        stream.write(replies.negotiate(options))
    _sign_in(guest, settings)
    _introduce(guest)
    return guest


def _answer(stream: Stream, request: TlsRequest | GssRequest, settings: Settings) -> None:
    tls = settings.tls if isinstance(request, TlsRequest) and not stream.is_secret else None
    stream.write(b"N" if tls is None else b"S")
    stream.flush()
    if tls is not None:
        stream.begin_tls(tls)


def _check(stream: Stream, startup: Startup, settings: Settings) -> None:
    if startup.major != 3:
        spoken = f"{startup.major}.{startup.minor}"
        raise Refused(WarehouseError(f"unsupported frontend protocol {spoken}: 3.0 is spoken here", sqlstate="0A000"))
    user = startup.parameters.get("user", "")
    if not user:
        raise Refused(WarehouseError("no user name in the start-up packet", sqlstate="28000"))
    if settings.tls_required and not stream.is_secret:
        database = startup.parameters.get("database", user)
        raise Refused(
            WarehouseError(
                f'no pg_hba.conf entry for user "{user}", database "{database}", SSL off', sqlstate="28000",
                hint="this server speaks TLS only: connect with sslmode=require or verify-full",
            )
        )  # fmt: skip


def _guest(stream: Stream, startup: Startup) -> Guest:
    asked = startup.parameters.get("client_protocol_version")
    try:
        protocol = max(0, min(int(asked or 0), NEWEST_PROTOCOL))
    except ValueError:
        protocol = 0
    return Guest(stream, startup.parameters, protocol, asked is not None)


def _sign_in(guest: Guest, settings: Settings) -> None:
    if settings.account is not None:
        exchange = challenge(settings.account, guest.user, amazon=guest.amazon)
        question: bytes = next(exchange)
        try:
            while True:
                guest.stream.write(question)
                guest.stream.flush()
                question = exchange.send(_answer_of(guest.stream))
        except StopIteration as end:
            rest: bytes | None = end.value
        except UnicodeDecodeError as error:
            raise Malformed("a password message is not UTF-8") from error
        if rest is None:
            wrong = f'password authentication failed for user "{guest.user}"'
            raise Refused(WarehouseError(wrong, sqlstate="28000"))
        guest.stream.write(rest)
    guest.stream.write(replies.SIGNED_IN)


def _answer_of(stream: Stream) -> bytes:
    kind, body = stream.read(signed_in=False)
    if kind == b"X":
        raise Disconnected
    if kind not in (b"p", b"d"):  # d: the answer to Redshift's digest
        raise Malformed(f"{kind!r} where a password belongs")
    return body


def _introduce(guest: Guest) -> None:
    told = {
        "server_version": SERVER_VERSION,
        "server_encoding": "UTF8",
        "client_encoding": "UTF8",
        "DateStyle": "ISO, MDY",
        "TimeZone": "UTC",
        "integer_datetimes": "on",
        "is_superuser": "on",
        "session_authorization": guest.user,
        "application_name": guest.parameters.get("application_name", ""),
    }
    if guest.amazon:
        told["server_protocol_version"] = str(guest.protocol)
    for name, value in told.items():
        guest.stream.write(replies.parameter_status(name, value))
