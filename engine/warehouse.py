"""What the engine asks of a warehouse, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .errors import LoadError
from .records import frozen


@frozen
class ResultColumn:
    """A column of a result; `type` is a Redshift type such as 'character varying(20)', empty if not known."""

    name: str
    type: str = ""


@frozen
class Outcome:
    """What one statement gave.

    `command` is the command's tag ('INSERT', 'COPY', 'SELECT', 'CREATE TABLE', …). `row_count` counts the rows
    written, or loaded by a COPY, or returned; None where the warehouse does not say.
    """

    command: str
    row_count: int | None = None
    columns: tuple[ResultColumn, ...] = ()
    rows: Sequence[tuple[Any, ...]] = ()
    notices: tuple[str, ...] = ()
    rejects: tuple[LoadError, ...] = ()
    """Rows that a COPY left out because MAXERROR allowed it."""
    bytes_read: int | None = None
    """The size of the files that a COPY read, as they are stored; None where the warehouse does not say."""


class Session(Protocol):
    """One connection to a warehouse."""

    def execute(self, sql: str) -> Outcome:
        """Run one statement of Redshift SQL. Errors: WarehouseError, LoadFailed, WarehouseUnreachable."""

    def transaction(self) -> AbstractContextManager[None]:
        """Begin; commit at the end, roll back on raise."""

    def interrupt(self) -> None:
        """Stop the statement that is running, which then raises WarehouseError; callable from any thread."""

    def close(self) -> None:
        """Close the connection; what is not committed is rolled back."""


class ListedFile(Protocol):
    """A file that COPY could read."""

    @property
    def url(self) -> str: ...
    @property
    def size(self) -> int:
        """In bytes."""

    @property
    def etag(self) -> str:
        """Another one when the bytes are."""

    @property
    def modified(self) -> float:
        """In seconds since 1970."""


@frozen
class Warehouse:
    """A warehouse that has been reached: what a run does with it."""

    open_session: Callable[[], Session]
    write_file: Callable[[str, bytes], None]
    """Put a file where COPY can read it: (s3:// URL, content)."""
    close: Callable[[], None]
    list_files: Callable[[str], Iterator[ListedFile]]
    """Yield the files whose s3:// URL starts with a prefix, as they are found."""
    delete_file: Callable[[str], None]
    """Take the file at an s3:// URL away, if there is one."""
    is_alone: bool = False
    """Whether no other process can be connected to it: what another run seems to hold, it holds no more."""
