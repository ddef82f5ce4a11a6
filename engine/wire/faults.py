"""What a server does wrong on purpose, and what it tells of each statement: for tests of those who talk to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from ..errors import WarehouseError
from ..records import frozen


@frozen
class Statement:
    """A statement that was asked for: `number` counts those of all clients from 1, in the order of their coming."""

    number: int
    client: int
    sql: str
    sqlstate: str = ""
    """Empty where it succeeded."""
    parameters: dict[str, str] = field(default_factory=dict)
    """What the client told of itself: user, database, application_name, …"""


@frozen
class Fault:
    """What happens to one statement, in the order of the fields."""

    delay_seconds: float = 0
    kill_before: bool = False
    """Cut the connection, the statement does not run."""
    error: WarehouseError | None = None
    """Answer this; the statement does not run."""
    kill_after: bool = False
    """Run it, then cut the connection: the client never learns how it went."""


NONE = Fault()
Faults = Callable[[int, str], Fault]
"""(number of the statement, its text) -> what happens to it."""


def no_faults(number: int, sql: str) -> Fault:
    """Every statement goes well."""
    return NONE


def serializable_violation() -> WarehouseError:
    """Return the error of two transactions that cannot both be: to be tried again, as a whole transaction."""
    return WarehouseError(
        "1023",
        detail="Serializable isolation violation on table - 119371, transactions forming the cycle are: "
        "1745830, 1745762 (pid:15021)",
    )


Wording = Callable[[str], str]
"""How a kind of Redshift puts a message: a cluster's words -> its own."""


def provisioned(text: str) -> str:
    """A cluster's words, which are those of local Redshift."""
    return text


def serverless(text: str) -> str:
    """The words of a serverless workgroup, which has other system tables."""
    return text.replace("'stl_load_errors'", "'sys_load_error_detail'")
