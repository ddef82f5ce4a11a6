"""How a server behaves towards its clients."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from ..records import frozen
from .faults import Faults, Statement, Wording, no_faults, provisioned
from .sign_in import Account


def _ignore(statement: Statement) -> None:
    """Nobody asked."""


@frozen
class Settings:
    """`account`: the one user who is let in; anybody if None. `log` hears of each statement when it is done."""

    account: Account | None = None
    tls: ssl.SSLContext | None = None
    tls_required: bool = False
    faults: Faults = no_faults
    wording: Wording = provisioned
    log: Callable[[Statement], None] = _ignore
    sign_in_seconds: float = 60
    max_clients: int = 500
