"""What a query reads and what its columns are called, as the grammar has it: without a catalog, without types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from operator import attrgetter
from typing import Any

from ...datatypes import DataType
from ...errors import WarehouseError
from . import syntax as s
from .query_grammar import StatementReader


@lru_cache(maxsize=16)
def read_query(text: str) -> s.Query:
    """Parse one SELECT. What comes back is shared: the same text is asked for more than once in a row.

    Errors: WarehouseError, which says where.
    """
    reader = StatementReader(text)
    try:
        query = reader.query()
        reader.expect_end()
    except WarehouseError as error:
        error.span = error.span or (reader.token.start, reader.token.end)
        raise
    return query


def leaves(query: s.Query) -> Iterator[s.Select]:
    """Yield the SELECTs whose rows a query gives: one, or all sides of its UNIONs."""
    body = query.body
    if isinstance(body, s.Select):
        yield body
    elif isinstance(body, s.Query):
        yield from leaves(body)
    else:
        yield from leaves(body.left)
        yield from leaves(body.right)


def column_names(query: s.Query) -> tuple[str, ...] | None:
    """Return the names of the columns, '' for one without a name of its own; None where a '*' stands for some."""
    select = next(leaves(query))
    if any(is_star(item) for item in select.items):
        return None
    return tuple(item.alias or _own_name(item.value) for item in select.items)


def is_star(item: s.Item) -> bool:
    return isinstance(item.value, s.Star) or (isinstance(item.value, s.Name) and item.value.parts[-1] == "*")


def _own_name(node: s.Expression) -> str:
    # Redshift would name COUNT(*) 'count' and a literal '?column?'; nobody means these names.
    while isinstance(node, s.Cast):
        node = node.value
    if isinstance(node, (s.Name, s.Step)):
        last = node.parts[-1] if isinstance(node, s.Name) else node.path[-1]
        return last if isinstance(last, str) and not last.startswith("$") else ""
    return ""


def tables(query: s.Query) -> Iterator[s.Table]:
    """Yield the relations that a query reads, wherever it does; not those that its WITH lists define."""
    yield from _tables(query, frozenset(), frozenset())


def _tables(node: Any, common: frozenset[str], aliases: frozenset[str]) -> Iterator[s.Table]:
    if isinstance(node, s.Table):
        # alias.path is a step into a SUPER value.
        step = node.schema in aliases or node.database in aliases
        if not step and (node.schema is not None or node.name not in common):
            yield node
    elif isinstance(node, s.Query):
        yield from _tables_of_query(node, common, aliases)
    else:
        if isinstance(node, s.Select) and node.source is not None:
            aliases |= set(_aliases(node.source))
        for part in below(node):
            yield from _tables(part, common, aliases)


def _tables_of_query(query: s.Query, common: frozenset[str], aliases: frozenset[str]) -> Iterator[s.Table]:
    for one in query.common:
        yield from _tables(one.query, common | {one.name} if query.recursive else common, aliases)
        common |= {one.name}
    yield from _tables(query.body, common, aliases)
    for part in (*query.order, query.limit, query.offset):
        if part is not None:
            yield from _tables(part, common, aliases)


def _aliases(source: s.Source) -> Iterator[str]:
    if isinstance(source, s.Join):
        yield from _aliases(source.left)
        yield from _aliases(source.right)
    elif isinstance(source, s.Table):
        yield source.alias or source.name
    else:
        yield source.alias


_VALUES: dict[type, Callable[[Any], Any]] = {}
"""For each kind of record what gets its fields at once; where it was written is none of them."""
_PLAIN = frozenset({str, int, float, bool, dict, type(None), DataType})


def below(node: Any) -> list[Any]:
    """Return the records right below a record of the syntax."""
    kind = type(node)
    values = _VALUES.get(kind)
    if values is None:
        names = tuple(name for name in kind.__slots__ if name not in ("start", "end"))
        # One name alone would give no tuple, and none at all no getter.
        values = _VALUES[kind] = attrgetter(*names) if len(names) > 1 else lambda one: [getattr(one, n) for n in names]
    found: list[Any] = []
    for value in values(node):
        if type(value) is tuple:
            _add_records(value, found)
        elif type(value) not in _PLAIN:
            found.append(value)
    return found


def _add_records(values: tuple[Any, ...], found: list[Any]) -> None:
    for value in values:
        if type(value) is tuple:
            _add_records(value, found)
        elif type(value) not in _PLAIN:
            found.append(value)
