"""What happens in a run, as records."""

from __future__ import annotations

from .checks import Failure
from .errors import EtlrunError, LoadError
from .files import Taken
from .plan import Statement, Step
from .records import frozen


@frozen
class StepStarted:
    step: Step
    number: int
    """From 1."""
    because: str = ""
    """Why it runs, where the run continues another."""


@frozen
class StepRetried:
    """A transaction of a step failed for a passing cause, was rolled back, and is tried again after a wait."""

    step: Step
    attempt: int
    """The one that failed, from 1."""
    cause: str
    wait_seconds: float


@frozen
class StepDone:
    """A step is committed. `rows` counts the rows that its last load wrote."""

    step: Step
    seconds: float
    rows: int
    rejects: tuple[LoadError, ...] = ()
    notices: tuple[str, ...] = ()
    warnings: tuple[Failure, ...] = ()
    """Checks that do not hold, and whose severity is 'warn'."""
    taken: Taken | None = None
    """What became of the files of an incremental source."""
    bytes_read: int | None = None
    """The size of the files that were loaded, as they are stored; None where nothing was, or nobody tells."""


@frozen
class StepFailed:
    """A step failed; its transaction is rolled back."""

    step: Step
    seconds: float
    error: EtlrunError
    statement: Statement | None = None


@frozen
class StepSkipped:
    """A step was not begun, for `because` failed, which it waits for, directly or not."""

    step: Step
    because: str


@frozen
class StepKept:
    """A step need not run, `because` of what an earlier run has committed."""

    step: Step
    because: str


Result = StepDone | StepFailed | StepSkipped | StepKept
Event = StepStarted | StepRetried | Result
