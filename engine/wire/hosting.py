"""What `etlrun serve` does: who may come in, from where, and until when."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

from ..errors import UsageError
from ..warehouse import Session
from .server import Server, is_loopback, read_certificate
from .settings import Settings
from .sign_in import Account


def settings(
    host: str, user: str, password_env: str | None, environ: Mapping[str, str], certificate: Path | None,
    key: Path | None,
) -> Settings:  # fmt: skip
    """Return the rules of a server. One that others can reach needs a password and TLS.

    Errors: UsageError.
    """
    account = _account(user, password_env, environ)
    if (certificate is None) != (key is None):
        raise UsageError("--tls-cert and --tls-key go together")
    tls = read_certificate(certificate, key) if certificate is not None and key is not None else None
    if is_loopback(host):
        return Settings(account, tls)
    missing = [
        *(["a password (--user NAME --password-env NAME)"] if account is None else []),
        *(["TLS (--tls-cert FILE --tls-key FILE)"] if tls is None else []),
    ]
    if missing:
        raise UsageError(f"--host {host}: other machines can reach this address, so it needs {' and '.join(missing)}")
    return Settings(account, tls, tls_required=True)


def _account(user: str, password_env: str | None, environ: Mapping[str, str]) -> Account | None:
    if bool(user) != bool(password_env):
        raise UsageError("--user and --password-env go together")
    if not password_env:
        return None
    password = environ.get(password_env, "")
    if not password:
        raise UsageError(f"--password-env: the environment variable {password_env} is not set, or empty")
    return Account(user, password)


def host(
    open_session: Callable[[], Session], rules: Settings, address: str, port: int, say: Callable[[str], None]
) -> None:
    """Serve until Ctrl-C or SIGTERM; `say` hears where, once clients may come. Errors: UsageError."""
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        with Server(open_session, rules, host=address, port=port) as server:
            shown = f"[{server.host}]" if ":" in server.host else server.host
            say(f"listening on {shown}:{server.port}")
            server.wait()
    except KeyboardInterrupt:
        return  # this is how a server ends
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
