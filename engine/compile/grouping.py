"""Columns that stand beside aggregates and are not grouped by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..warehouses.local import syntax as s
from ..warehouses.local.keywords import AGGREGATES
from .watching import Record, Seen, parts

Shape = tuple[Any, ...]


def ungrouped(seen: Seen, record: Record) -> Iterator[tuple[s.Name, str]]:
    """Yield each column that Redshift refuses because it is neither grouped by nor inside an aggregate."""
    if not (seen.select.group or seen.scope.aggregates):
        return
    keys = {_shape(group, record) for group in _groups(seen)}
    nodes = [item.value for item in seen.items]
    for node in (*nodes, *([seen.select.having] if seen.select.having is not None else [])):
        for name in _outside(node, keys, seen, record):
            origin = record.origin(name)
            assert origin is not None
            yield name, f"{origin[0].alias}.{origin[1]}"


def _groups(seen: Seen) -> Iterator[s.Expression]:
    pending = list(seen.select.group)
    while pending:
        group = pending.pop(0)
        if isinstance(group, s.Grouping):
            pending.extend(group.groups)
        elif isinstance(group, s.Row):
            pending.extend(group.values)
        elif isinstance(group, s.Number) and group.text.isdigit() and 0 < int(group.text) <= len(seen.items):
            yield seen.items[int(group.text) - 1].value
        else:
            yield _meant(group, seen)


def _meant(group: s.Expression, seen: Seen) -> s.Expression:
    """GROUP BY takes an alias of the select list where FROM has no such column."""
    if isinstance(group, s.Name) and len(group.parts) == 1:
        name = str(group.parts[0])
        if not any(item.has(name) for item in seen.scope.items):
            return next((item.value for item in seen.items if item.alias == name), group)
    return group


def _outside(node: Any, keys: set[Shape], seen: Seen, record: Record) -> Iterator[s.Name]:
    if isinstance(node, s.Query) or (isinstance(node, s.Call) and node.name in AGGREGATES and node.over is None):
        return
    if isinstance(node, s.Expression) and _shape(node, record) in keys:
        return
    if isinstance(node, s.Name):
        origin = record.origin(node)
        if origin is not None and node.parts[-1] == origin[1] and any(origin[0] is item for item in seen.scope.items):
            yield node
        return
    for part in parts(node):
        yield from _outside(part, keys, seen, record)


def _shape(node: Any, record: Record) -> Shape:
    """Return what is equal for expressions that mean the same, however they name their columns."""
    if isinstance(node, s.Name):
        origin = record.origin(node)
        if origin is not None:
            rest = node.parts[node.parts.index(origin[1]) + 1 :] if origin[1] in node.parts else ()
            return ("column", id(origin[0]), origin[1], *(str(part) for part in rest))
        return ("name", *(str(part) for part in node.parts))
    if isinstance(node, (s.Expression, s.Order, s.Window)):
        return (type(node).__name__, *(_shape(getattr(node, name), record) for name in type(node).__slots__))
    if isinstance(node, tuple):
        return tuple(_shape(each, record) for each in node)
    return ("value", node) if isinstance(node, (str, int, bool, type(None))) else ("other", repr(node))
