"""FROM: tables that nothing ties together, and tables whose columns an outer join may make NULL."""

from __future__ import annotations

from collections.abc import Iterator

from ..warehouses.local import syntax as s
from ..warehouses.local.reading import leaves
from ..warehouses.local.scope import FromItem
from .watching import Record, Seen, walk

Leaf = s.Table | s.Derived | s.Unnest | s.Series | s.Pivot | s.Unpivot


def untied(seen: Seen, record: Record, common: dict[str, s.Query]) -> Iterator[tuple[FromItem, Leaf]]:
    """Yield each table of FROM that no condition ties to a table before it, unless CROSS JOIN says so."""
    source = seen.select.source
    if not isinstance(source, s.Join):
        return
    found = list(_leaves(source))
    items = seen.scope.items
    if len(found) != len(items):
        return
    groups = _Groups(len(items))
    numbers = {id(item): number for number, item in enumerate(items)}
    _tie(source, 0, groups, numbers, record)
    for condition in conjuncts(seen.select.where):
        groups.tie(_mentioned(condition, numbers, record))
    for number, (item, leaf) in enumerate(zip(items, found, strict=True)):
        # alias.path is a step into a SUPER value, though it looks like schema.table; so is the name of an element.
        is_query = isinstance(leaf, s.Table) and leaf.schema is None and leaf.name in common
        is_step = isinstance(leaf, s.Table) and not item.relation and not is_query
        if is_step or isinstance(leaf, (s.Unnest, s.Series)) or _has_one_row(leaf, record, common):
            groups.tie({0, number})
    for number, (item, leaf) in enumerate(zip(items, found, strict=True)):
        if groups.first(number) == number and number > 0:
            yield item, leaf


def nullable(seen: Seen, record: Record) -> frozenset[int]:
    """Return the ids of the FROM items that an outer join may fill with NULLs and that WHERE says nothing of."""
    source = seen.select.source
    if not isinstance(source, s.Join):
        return frozenset()
    numbers = {id(item): number for number, item in enumerate(seen.scope.items)}
    said: set[int] = set()
    for condition in (seen.select.where, seen.select.qualify):
        if condition is not None:
            said |= _mentioned(condition, numbers, record)
    optional = set(_optional(source, 0)) - said
    return frozenset(id(item) for item in seen.scope.items if numbers[id(item)] in optional)


def _leaves(source: s.Source) -> Iterator[Leaf]:
    if isinstance(source, s.Join):
        yield from _leaves(source.left)
        yield from _leaves(source.right)
    else:
        yield source


def _count(source: s.Source) -> int:
    return sum(1 for _ in _leaves(source))


def _optional(source: s.Source, first: int) -> Iterator[int]:
    if not isinstance(source, s.Join):
        return
    middle = first + _count(source.left)
    end = middle + _count(source.right)
    if source.kind in ("left", "full"):
        yield from range(middle, end)
    if source.kind in ("right", "full"):
        yield from range(first, middle)
    yield from _optional(source.left, first)
    yield from _optional(source.right, middle)


def _tie(source: s.Source, first: int, groups: _Groups, numbers: dict[int, int], record: Record) -> None:
    if not isinstance(source, s.Join):
        return
    middle = first + _count(source.left)
    _tie(source.left, first, groups, numbers, record)
    _tie(source.right, middle, groups, numbers, record)
    if source.kind == "cross" or source.natural or source.using is not None:
        groups.tie({first, middle})
    elif source.on is not None:
        mentioned = _mentioned(source.on, numbers, record)
        groups.tie(mentioned or {first, middle})


def _mentioned(condition: s.Expression, numbers: dict[int, int], record: Record) -> set[int]:
    found = set()
    for node in walk(condition):
        origin = record.origin(node) if isinstance(node, s.Name) else None
        if origin is not None and id(origin[0]) in numbers:
            found.add(numbers[id(origin[0])])
    return found


def conjuncts(condition: s.Expression | None) -> Iterator[s.Expression]:
    if isinstance(condition, s.Binary) and condition.op == "and":
        yield from conjuncts(condition.left)
        yield from conjuncts(condition.right)
    elif condition is not None:
        yield condition


def _has_one_row(leaf: Leaf, record: Record, common: dict[str, s.Query]) -> bool:
    """A query with no more than one row may stand beside any table: it holds parameters or a total."""
    query = leaf.query if isinstance(leaf, s.Derived) else None
    if isinstance(leaf, s.Table) and leaf.schema is None:
        query = common.get(leaf.name)
    if query is None:
        return False
    if isinstance(query.limit, s.Number) and query.limit.text == "1":
        return True
    selects = list(leaves(query))
    if len(selects) != 1 or selects[0] not in record.selects:
        return False
    (select,) = selects
    return select.source is None or (not select.group and record.selects[select].scope.aggregates)


class _Groups:
    """Which of a row of things belong together."""

    def __init__(self, count: int) -> None:
        self.above = list(range(count))

    def first(self, number: int) -> int:
        """Return the smallest number of the group."""
        while self.above[number] != number:
            number = self.above[number]
        return number

    def tie(self, numbers: set[int]) -> None:
        firsts = {self.first(number) for number in numbers}
        for each in firsts:
            self.above[each] = min(firsts)
