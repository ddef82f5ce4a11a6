"""Which failures are worth another try, and how long to wait before it."""

from __future__ import annotations

import random
import re

from .errors import EtlrunError, WarehouseError, WarehouseUnreachable
from .records import frozen

_CAUSES = (
    # SQLSTATE does not tell these: Redshift answers XX000 for all of them. Facts of each: its number in the message.
    (re.compile(r"^\s*1023\b|serializable isolation violation", re.IGNORECASE), "serializable isolation violation"),
    (re.compile(r"^\s*1018\b|relation does not exist.*\b1018\b", re.IGNORECASE), "a table newer than the snapshot"),
    (re.compile(r"deadlock detected", re.IGNORECASE), "deadlock"),
    (re.compile(r"SlowDown|Throttl|TooManyRequests|RequestLimitExceeded", re.IGNORECASE), "throttled"),
    (re.compile(r"S3ServiceException.*Status 5\d\d|\bStatus 50[0234]\b|InternalError,Rid", re.DOTALL), "S3 failed"),
)


@frozen
class Retries:
    """How often a transaction is tried in all, and how long it waits: each wait is twice the one before."""

    attempts: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0

    def wait_seconds(self, attempt: int) -> float:
        """Return the wait after the failed `attempt` (from 1): backoff with full jitter, so that rivals spread out."""
        longest: float = min(self.longest_wait_seconds, self.first_wait_seconds * 2 ** (attempt - 1))
        return longest * (0.5 + random.random() / 2)


RETRIES = Retries()


def transient_cause(error: EtlrunError) -> str:
    """Return why a whole transaction may be tried again after `error`; empty if that would be of no use.

    A transaction that failed was rolled back, so trying it again is harmless. What is not known here is not tried.
    """
    if isinstance(error, WarehouseUnreachable):
        return "connection lost"
    if not isinstance(error, WarehouseError):
        return ""
    said = f"{error.message}\n{error.detail}"
    return next((cause for pattern, cause in _CAUSES if pattern.search(said)), "")
