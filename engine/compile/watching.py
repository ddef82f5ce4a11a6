"""What a translation of local Redshift tells a checker: types, the meaning of names, each SELECT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..warehouses.local import syntax as s
from ..warehouses.local.reading import below, leaves
from ..warehouses.local.scope import FromItem, OutColumn, Scope
from ..warehouses.local.values import UNKNOWN, Typed

Span = tuple[int, int]
"""From where to where in the SELECT, as offsets."""
Source = tuple[str, str, str]
"""Schema, relation, column."""


@dataclass(slots=True, eq=False)
class Seen:
    """A SELECT whose names and types are known; `items` are those of its list, with what a '*' stands for."""

    select: s.Select
    items: list[s.Item]
    scope: Scope


@dataclass(slots=True)
class Record:
    """What one translation told."""

    forgiven: frozenset[Span] = frozenset()
    """The expressions that are known to be wrong."""
    types: dict[s.Expression, Typed] = field(default_factory=dict)
    names: dict[s.Name, Typed] = field(default_factory=dict)
    selects: dict[s.Select, Seen] = field(default_factory=dict)
    outputs: dict[s.Select, tuple[OutColumn, ...]] = field(default_factory=dict)
    untold: bool = False
    """A column of a relation was met whose columns nobody declared: types say little."""

    def forgives(self, node: s.Expression) -> bool:
        return bool(self.forgiven) and (node.start, node.end) in self.forgiven

    def value(self, node: s.Expression, found: Typed) -> None:
        self.types[node] = found

    def name(self, node: s.Name, found: Typed) -> None:
        self.names[node] = found
        if found.origin is not None and not found.origin[0].types:
            self.untold = True

    def select(
        self, select: s.Select, items: list[s.Item], scope: Scope, columns: tuple[OutColumn, ...]
    ) -> tuple[OutColumn, ...]:
        seen = Seen(select, items, scope)
        made = tuple(
            OutColumn(column.name, column.type, column.nocase, column.untyped, self.sources(item.value, seen))
            for column, item in zip(columns, items, strict=True)
        )
        self.selects[select] = seen
        self.outputs[select] = made
        return made

    def origin(self, node: s.Expression) -> tuple[FromItem, str] | None:
        """Return the relation in FROM and the column that a name means; None for an alias of the select list."""
        found = self.names.get(node) if isinstance(node, s.Name) else None
        return None if found is None else found.origin

    def aliased(self, node: s.Expression, seen: Seen) -> s.Expression | None:
        """Return the expression that a name stands for as an alias of the select list."""
        if isinstance(node, s.Name) and node in self.names and self.names[node].origin is None:
            return next((item.value for item in seen.items if item.alias == node.parts[0]), None)
        return None

    def sources(self, node: s.Expression, seen: Seen) -> frozenset[Source]:
        """Return the declared columns that an expression is made of."""
        if isinstance(node, s.Name):
            return self._sources_of_name(node, seen)
        found: frozenset[Source] = frozenset()
        for part in parts(node):
            if isinstance(part, s.Query):
                found |= self._sources_of_query(part)
            else:
                found |= self.sources(part, seen)
        return found

    def _sources_of_name(self, node: s.Name, seen: Seen) -> frozenset[Source]:
        origin = self.origin(node)
        if origin is not None:
            item, name = origin
            if not item.types:
                return frozenset([(item.schema, item.relation, name)])
            return item.types[name].sources
        aliased = self.aliased(node, seen)
        return self.sources(aliased, seen) if aliased is not None and aliased is not node else frozenset()

    def _sources_of_query(self, query: s.Query) -> frozenset[Source]:
        found: frozenset[Source] = frozenset()
        for select in leaves(query):
            for column in self.outputs.get(select, ()):
                found |= column.sources
        return found

    def is_constant(self, node: s.Expression) -> bool:
        found = self.types.get(node)
        return found is not None and (found.constant is not None or found.type == UNKNOWN)


def parts(node: Any) -> Iterator[Any]:
    """Yield the expressions and queries right below a node, or below what it holds: orders, windows, items."""
    for each in below(node):
        if isinstance(each, _NODES):
            yield each
        else:
            yield from parts(each)


_NODES = (s.Expression, s.Query)


def walk(node: Any) -> Iterator[Any]:
    """Yield a node and every expression and query below it, in no particular order."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, _NODES):
            yield each
        pending.extend(below(each))
