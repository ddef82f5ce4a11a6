"""Keys in a statement are not shown."""

from __future__ import annotations

import re

BLANK = r"(?:\s|--[^\n]*|/\*.*?\*/)"
_HIDDEN = re.compile(
    rf"(?=[AMCS])\b((?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|MASTER_SYMMETRIC_KEY|CREDENTIALS){BLANK}*"
    rf"(?:\bAS\b{BLANK}*)?)'(?:[^'\\]|''|\\.)*(?:'|$)",
    re.IGNORECASE | re.DOTALL,
)


def masked(sql: str) -> str:
    """Return `sql` with every literal that carries a key as '***'; works on any statement, finished or not."""
    return _HIDDEN.sub(r"\1'***'", sql)
