"""Checks -> the SELECTs that ask them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..model import Check, Definition
from ..plan import Keep, Statement
from ..tables import relation_name
from .making import Making

SHOWN_ROWS = 5
"""How many of the rows that fail a check are asked for."""
KEPT_ROWS = 1000
"""How many, where they are kept."""
_SAID_WIDTH = 100


def check_statements(
    checks: Iterable[Check], definition: Definition, values: dict[str, Any], making: Making
) -> tuple[Statement, ...]:
    return tuple(statement for check in checks for statement in _check(check, definition, values, making))


def _check(check: Check, definition: Definition, values: dict[str, Any], making: Making) -> tuple[Statement, ...]:
    asked = {"values": check.values, "said": check_said(check), "shown": _shown(check, definition)}
    limit = KEPT_ROWS if check.keep else SHOWN_ROWS
    rendered = making.statements(f"checks/{check.kind}", {**values, **asked, "limit": limit})
    keep = None
    if check.keep:
        keep = Keep(relation_name(definition.schema, check.keep), making.run, making.pipeline.name, definition.name)
    return tuple(
        replace(each, severity=check.severity, where=check.where, keep=keep) if each.check else each
        for each in rendered
    )


def _shown(check: Check, definition: Definition) -> tuple[str, ...]:
    """Return the columns that tell which rows fail: the primary key and what is looked at, or all."""
    names = [column.name for column in definition.columns]
    looked_at = [name for name in check.values if name in names] if isinstance(check.values, (list, dict)) else []
    if not definition.primary_key or not looked_at:
        return tuple(names)
    return tuple(dict.fromkeys((*definition.primary_key, *looked_at)))


def check_said(check: Check) -> str:
    """Return what must hold, in the YAML's words, or as its kind and values; cut where it is long."""
    said = check.name or f"{check.kind}: {_said(check.values)}"
    return said if len(said) <= _SAID_WIDTH else f"{said[: _SAID_WIDTH - 1]}…"


def _said(values: Any) -> str:
    if isinstance(values, dict):
        return ", ".join(f"{key} {_said(value)}" for key, value in values.items())
    text = ", ".join(str(value) for value in values) if isinstance(values, list) else str(values)
    return " ".join(text.split())
