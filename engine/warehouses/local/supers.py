"""SUPER: steps into a value, and what NULL is.

Source: https://docs.aws.amazon.com/redshift/latest/dg/query-super.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ...errors import WarehouseError
from .values import SUPER, Typed, category, format_type, literal


def navigate(value: Typed, path: Iterable[Any], translate: Callable[[Any], Typed]) -> Typed:
    """Return what lies at `path` inside a SUPER value; a step that leads nowhere gives NULL (lax mode)."""
    if value.type != SUPER:
        raise WarehouseError(
            f"navigation on a value of type {format_type(value.type, False)} is not allowed: only SUPER has parts",
            sqlstate="42809",
        )
    sql, name, steps = value.sql, value.name, ""
    for step in path:
        if isinstance(step, int):
            steps += f"[{step}]"
        elif isinstance(step, str):
            steps += "." + '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
            name = step
        else:
            sql, steps = _dynamic(_walk(sql, steps), translate(step)), ""
    return Typed(_walk(sql, steps), SUPER, name)


def _walk(sql: str, steps: str) -> str:
    return f"json_extract({sql}, {literal('$' + steps)})" if steps else sql


def _dynamic(sql: str, step: Typed) -> str:
    if category(step.type) == "int":
        return f"json_extract({sql}, '$[' || {step.sql} || ']')"
    return f"json_extract({sql}, '$.\"' || {step.sql} || '\"')"


def is_null(value: Typed) -> str:
    """SUPER null is not known from NULL."""
    return f"({value.sql} IS NULL OR json_type({value.sql}) = 'NULL')"
