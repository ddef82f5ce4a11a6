"""What a name means where it stands: the relations of FROM, the queries of WITH, the aliases of a select list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...datatypes import DataType
from ...errors import WarehouseError
from ...records import frozen
from .catalog import Relation, no_such_column
from .values import SUPER, Typed, quote


@frozen
class OutColumn:
    """A column that a query or a relation gives."""

    name: str
    type: DataType
    nocase: bool = False
    untyped: bool = False
    """It holds constants without a type, which INSERT gives the type of the column that they go to."""
    sources: frozenset[tuple[str, str, str]] = frozenset()
    """Schema, relation and column of what it is made of; found out for a Watch only."""


@dataclass(slots=True)
class FromItem:
    """A relation in FROM, by the name that the query gives it; it has no columns where nobody knows them."""

    alias: str
    columns: tuple[OutColumn, ...]
    schema: str = ""
    relation: str = ""
    types: dict[str, OutColumn] = field(init=False)
    doubled: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        self.types = {column.name: column for column in self.columns}
        if len(self.types) < len(self.columns):
            names = [column.name for column in self.columns]
            self.doubled = frozenset(name for name in names if names.count(name) > 1)

    def has(self, name: str) -> bool:
        return name in self.types or not self.types

    def reference(self, name: str) -> Typed:
        column = self.types.get(name, _UNKNOWN_COLUMN)
        if name in self.doubled:
            raise WarehouseError(f'column reference "{name}" is ambiguous', sqlstate="42702")
        sql = f"{quote(self.alias)}.{quote(name)}"
        return Typed(sql, column.type, name, nocase=column.nocase, origin=(self, name))


_UNKNOWN_COLUMN = OutColumn("", SUPER)


class ColumnsUnknown(WarehouseError):
    """A '*' stands for the columns of a relation that nobody knows."""


class Watch(Protocol):
    """Who wants to know more of a translation than its text: a checker."""

    def forgives(self, node: Any) -> bool:
        """Tell whether an expression shall count as a value of any type, because it is known to be wrong."""
        ...

    def value(self, node: Any, found: Typed) -> None:
        """An expression has been translated."""
        ...

    def name(self, node: Any, found: Typed) -> None:
        """The name of a column has been found; `found.origin` is None for an alias of the select list."""
        ...

    def select(self, select: Any, items: list[Any], scope: Scope, columns: tuple[OutColumn, ...]) -> Columns:
        """A SELECT has been translated; return its columns with their sources."""
        ...


Columns = tuple[OutColumn, ...]


@dataclass(slots=True)
class Session:
    """What a translation asks of the session: relations, search path, settings."""

    find: Callable[[str | None, str], Relation]
    """Errors: WarehouseError 42P01."""
    subquery: Callable[[Any, Any], tuple[str, tuple[Any, ...]]]
    """Translates a query inside an expression, in the scope given."""
    exact_blanks: bool = True
    reads: set[str] = field(default_factory=set)
    """The relations that the statement read, as schema.name."""
    volatile: bool = False
    """The text depends on more than the statement and the catalog, and is not worth remembering."""
    system_view: Callable[[str | None, str], tuple[str, tuple[OutColumn, ...]] | None] = lambda _schema, _name: None
    catalog: Callable[[str], str] = lambda text: text
    """Fills in the queries of the catalog that a text names, as {relations}."""
    view: Callable[[Relation], Any] = lambda _relation: None
    """Reads the query of a view."""
    unnamed: int = 0
    setting: Callable[[str], str] = lambda _name: ""
    facts: dict[str, str] = field(default_factory=dict)
    """Values of functions that ask about the session: current_schema, pg_last_copy_count, …"""
    functions: dict[str, tuple[tuple[DataType, ...], DataType, str]] = field(default_factory=dict)
    """SQL functions that the user has made: their parameters, result and body."""
    parameters: tuple[Typed, ...] = ()
    watch: Watch | None = None


@dataclass(slots=True)
class Scope:
    """The names that one SELECT sees."""

    session: Session
    parent: Scope | None = None
    items: list[FromItem] = field(default_factory=list)
    common: dict[str, tuple[OutColumn, ...]] = field(default_factory=dict)
    aliases: dict[str, Typed] = field(default_factory=dict)
    """Aliases of the select list that the expressions after them may use."""
    keys: dict[str, str] = field(default_factory=dict)
    """DuckDB texts of GROUP BY, with what stands for them: without blanks at the end, and of no known units."""
    aggregates: bool = False
    """Whether aggregates were met; and where they may not stand, `clause` names it."""
    windows: bool = False
    clause: str = ""
    inside_aggregate: bool = False
    sorted_by: str | None = None
    """What the aggregates met so far sort by: LISTAGG, MEDIAN and PERCENTILE_CONT of one query agree in it."""
    untyped: set[int] = field(default_factory=set)
    """Which items of the select list are constants without a type."""
    merged: dict[str, Typed] = field(default_factory=dict)
    """Columns that USING or NATURAL made one of two."""

    def common_query(self, name: str) -> tuple[OutColumn, ...] | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.common:
                return scope.common[name]
            scope = scope.parent
        return None

    def add(self, item: FromItem) -> FromItem:
        if any(other.alias == item.alias for other in self.items):
            raise WarehouseError(f'table name "{item.alias}" specified more than once', sqlstate="42712")
        self.items.append(item)
        return item

    def column(self, name: str) -> Typed | None:
        """Return the column of FROM, here or around, or None. Errors: 42702 for an ambiguous one."""
        if name in self.merged:
            one = self.merged[name]
            return Typed(one.sql, one.type, name, nocase=one.nocase, origin=one.origin)
        found = [item for item in self.items if name in item.types]
        if len(found) > 1:
            raise WarehouseError(f'column reference "{name}" is ambiguous', sqlstate="42702")
        if not found:
            found = [item for item in self.items if not item.types]
        return found[0].reference(name) if found else None

    def item(self, alias: str, schema: str = "") -> FromItem | None:
        for item in self.items:
            if item.alias == alias and (not schema or not item.schema or item.schema == schema):
                return item
        return None

    def unnested(self, name: str) -> Typed | None:
        """Return the value that an alias of FROM t, t.items AS item stands for."""
        item = self.item(name)
        if item is not None and name in item.types and item.types[name].type == SUPER:
            return item.reference(name)
        return None

    def known_columns(self) -> list[str]:
        names = [column.name for item in self.items for column in item.columns]
        return names + list(self.aliases) + (self.parent.known_columns() if self.parent else [])


def resolve(scope: Scope, parts: tuple[object, ...]) -> tuple[Typed, tuple[object, ...]]:
    """Return what a dotted name means and the steps that are left over, which go into a SUPER value.

    Errors: WarehouseError 42703, 42P01, 42702.
    """
    texts = [part for part in parts if isinstance(part, str)]
    level: Scope | None = scope
    while level is not None:
        found = _resolve_here(level, parts)
        if found is not None:
            return found
        level = level.parent
    if len(texts) == len(parts) > 1:
        table = texts[-2]
        level = scope
        while level is not None:
            item = level.item(table)
            if item is not None:
                raise no_such_column(f"{table}.{texts[-1]}", "", [f"{table}.{c.name}" for c in item.columns])
            level = level.parent
        known = [item.alias for item in scope.items]
        raise WarehouseError(
            f'missing FROM-clause entry for table "{table}"',
            sqlstate="42P01",
            hint=f"FROM has {', '.join(known)}" if known else "the query has no FROM",
        )
    raise no_such_column(str(parts[0]), "", scope.known_columns())


def _resolve_here(scope: Scope, parts: tuple[object, ...]) -> tuple[Typed, tuple[object, ...]] | None:
    first = parts[0]
    assert isinstance(first, str)
    if len(parts) > 1 and isinstance(parts[1], str):
        if len(parts) > 3 and first == "dev" and scope.item(str(parts[2]), parts[1]) is not None:
            return _resolve_here(scope, parts[1:])
        if len(parts) > 2 and isinstance(parts[2], str):
            item = scope.item(parts[1], first)
            if item is not None and item.schema == first and item.has(parts[2]):
                return item.reference(parts[2]), parts[3:]
        item = scope.item(first)
        unnested = item is not None and first in item.types and item.types[first].type == SUPER
        if item is not None and item.has(parts[1]) and not unnested:
            return item.reference(parts[1]), parts[2:]
    column = scope.column(first)
    if column is None:
        column = scope.unnested(first)
    if column is None or (len(parts) > 1 and (column.type != SUPER or (_is_unknown(column) and scope.item(first)))):
        return None
    return column, parts[1:]


def _is_unknown(column: Typed) -> bool:
    """Tell whether a column is only taken to be there, because nobody knows the columns of its relation."""
    return column.origin is not None and not column.origin[0].types
