"""What can go wrong, with its place and its exit code.

EtlrunError                  70  a bug in the engine, unless a subclass says otherwise
├── UsageError                2  wrong arguments
├── InvalidPipeline           3  problems in the YAML, its SQL or its templates
├── RunFailed                 1  a step or a check failed
│   ├── TablesDiffer          1  the warehouse's tables are not as declared, and a run does not change them by itself
│   └── WarehouseError        1  the warehouse refused a statement
│       ├── LoadFailed        1  a COPY met rows that it could not load
│       └── AwsError          1  AWS refused a call
├── WarehouseUnreachable      4  no connection, or it was lost
│   └── CommitUnknown         4  it was lost during COMMIT: committed or not, nobody has said
└── LeaseHeld                 5  another run of the pipeline is under way
    └── LeaseLost             5  another run took this one's place; nothing more is committed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import ClassVar

from .records import frozen


@frozen
class Where:
    """A place in a text file: line and column count from 1, columns in characters."""

    file: str
    line: int
    column: int
    text: str = field(default="", repr=False)
    """The whole line, without its end; empty where it is not known. It may hold a password, so no repr shows it."""
    width: int = 1
    """How many characters the caret underlines."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@frozen
class Problem:
    """One mistake in a pipeline: where it is, what is wrong, what to do."""

    message: str
    where: Where | None = None
    hint: str = ""
    rule: str = ""
    """Of a SELECT, the rule that says so."""

    @property
    def position(self) -> tuple[str, int, int, str]:
        """The sort key: problems are told in the order of the file."""
        if self.where is None:
            return ("", 0, 0, self.message)
        return (self.where.file, self.where.line, self.where.column, self.message)


class EtlrunError(Exception):
    """The root. Its text is meant for a user's eyes."""

    exit_code: ClassVar[int] = 70


class UsageError(EtlrunError):
    """The command was called with arguments that cannot be."""

    exit_code = 2


class InvalidPipeline(EtlrunError):
    """The pipeline has problems; nothing was sent. `warnings` are what else was seen."""

    exit_code = 3

    def __init__(
        self, problems: list[Problem] | tuple[Problem, ...], warnings: tuple[Problem, ...] = ()
    ) -> None:  # fmt: skip
        self.warnings = warnings
        self.problems = tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.position))
        super().__init__("\n".join(f"{p.where}: {p.message}" if p.where else p.message for p in self.problems))


class RunFailed(EtlrunError):
    """A step of a run failed."""

    exit_code = 1


class TablesDiffer(RunFailed):
    """Tables differ from what is declared in ways that a run does not change by itself; nothing was sent."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{p.where}: {p.message}" for p in self.problems))


class WarehouseError(RunFailed):
    """The warehouse refused a statement.

    `sqlstate` has five characters; Redshift answers XX000 for most run-time failures, so a cause is told
    by `message` and `detail`, never by the SQLSTATE alone.
    """

    def __init__(self, message: str, *, sqlstate: str = "XX000", detail: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint
        self.span: tuple[int, int] | None = None
        """From where to where in the statement the cause stands, as offsets; None where that is not known."""


@frozen
class LoadError:
    """One row, or one file, that a COPY could not load: a row of STL_LOAD_ERRORS."""

    file: str
    line: int
    """Counted from 1; for JSON the last line of the value."""
    column: str
    type: str
    length: str
    """The declared length as Redshift prints it: '20' for varchar(20), '12, 2' for decimal(12,2), else empty."""
    position: int
    raw_line: str
    raw_value: str
    code: int
    reason: str
    start_offset: int = 0
    """In bytes, from the start of the file."""


class LoadFailed(WarehouseError):
    """A COPY met rows that it could not load, as many as MAXERROR or more."""

    def __init__(self, message: str, errors: tuple[LoadError, ...]) -> None:
        super().__init__(message)
        self.errors = errors


class AwsError(WarehouseError):
    """AWS refused a call; `code` is its own word for why, such as 'NoSuchBucket' or '404'."""

    def __init__(self, message: str, *, code: str, detail: str = "", hint: str = "") -> None:
        super().__init__(message, detail=detail, hint=hint)
        self.code = code


class WarehouseUnreachable(EtlrunError):
    """The warehouse did not answer, or the connection to it was lost."""

    exit_code = 4


class DatabaseInUse(WarehouseUnreachable):
    """Another process has the file of a local database open."""


class CommitUnknown(WarehouseUnreachable):
    """The connection was lost during COMMIT: the transaction may be committed, or not."""


class LeaseHeld(EtlrunError):
    """Another run of the pipeline is under way."""

    exit_code = 5


class LeaseLost(LeaseHeld):
    """Another run has taken the place of this one, which commits nothing more."""
