"""Divisions of integers, whose fraction is lost, where a fraction is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..warehouses.local import syntax as s
from ..warehouses.local.values import category, is_number
from .watching import Record

_PASSED_ON = ("coalesce", "nvl", "nullif", "abs", "greatest", "least", "isnull")


def lost_fractions(nodes: Iterable[Any], record: Record) -> Iterator[s.Binary]:
    """Yield each integer division that one of `nodes` casts to, or combines with, a number with a fraction."""
    for node in nodes:
        if isinstance(node, s.Cast) and category(node.type) in ("decimal", "float") and node.type.scale != 0:
            yield from integer_divisions(node.value, record)
        elif isinstance(node, s.Binary) and node.op in ("+", "-", "*", "/"):
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if _has_fraction(other, record):
                    yield from integer_divisions(one, record)
        elif isinstance(node, s.Call) and node.name == "round" and len(node.arguments) == 2:
            yield from integer_divisions(node.arguments[0], record)


def integer_divisions(node: s.Expression, record: Record) -> Iterator[s.Binary]:
    """Yield the integer divisions that make up the value of `node`."""
    found = record.types.get(node)
    if found is None or category(found.type) != "int":
        return
    if isinstance(node, s.Binary) and node.op == "/":
        yield node
    elif isinstance(node, s.Binary) and node.op in ("+", "-", "*"):
        yield from integer_divisions(node.left, record)
        yield from integer_divisions(node.right, record)
    elif isinstance(node, s.Unary):
        yield from integer_divisions(node.value, record)
    elif isinstance(node, s.Case):
        for result in (*(then for _, then in node.whens), *([node.otherwise] if node.otherwise else [])):
            yield from integer_divisions(result, record)
    elif isinstance(node, s.Call) and node.name in (*_PASSED_ON, "round"):
        for argument in node.arguments:
            yield from integer_divisions(argument, record)


def _has_fraction(node: s.Expression, record: Record) -> bool:
    found = record.types.get(node)
    return found is not None and is_number(found.type) and category(found.type) != "int"
