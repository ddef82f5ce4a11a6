"""Old forms of a SELECT -> what they stand for: joins with (+), CONNECT BY.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_WHERE_oracle_outer.html, r_CONNECT_BY_clause.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from ...errors import WarehouseError
from . import syntax as s

OUTER, PRIOR = "(+)", "prior"
"""How the grammar marks a column with (+) and what PRIOR stands before: as operators of one value."""
BEFORE, _LEVEL = "connect by prior", "level"
"""The query that a CONNECT BY becomes, whose columns nobody lists, and the column that counts."""


def rewritten(node: Any, change: Callable[[s.Expression], s.Expression]) -> Any:
    """Return an expression with `change` made in every part of it, from outside in; queries inside stay as they are."""
    if isinstance(node, tuple):
        return tuple(rewritten(one, change) for one in node)
    if not isinstance(node, s.Expression):
        return node
    found = change(node)
    if found is not node:
        return found
    parts = {one.name: getattr(node, one.name) for one in fields(node) if one.name not in ("start", "end")}
    changes = {name: rewritten(part, change) for name, part in parts.items()}
    return replace(node, **{name: new for name, new in changes.items() if new is not parts[name]})


def holds(node: Any, test: Callable[[s.Expression], bool]) -> bool:
    """Tell whether some part of an expression passes the test."""
    found = []

    def look(part: s.Expression) -> s.Expression:
        if test(part):
            found.append(part)
        return part

    rewritten(node, look)
    return bool(found)


# --- (+) -------------------------------------------------------------------------------------------------------------


def join_outer(select: s.Select) -> None:
    """Make the tables whose columns WHERE marks with (+) the right side of left joins."""
    tests = list(_conjuncts(select.where))
    marked = [(test, _marked_tables(test)) for test in tests]
    outer = list(dict.fromkeys(name for _, names in marked for name in names))
    if not outer:
        return
    if any(len(names) > 1 for _, names in marked):
        raise WarehouseError("a predicate may reference only one outer-joined table", sqlstate="0A000")
    sources = {_alias(source): source for source in _listed(select.source)}
    placed = [name for name in sources if name not in outer]
    if not placed or not all(name in sources for name in outer):
        raise WarehouseError("not supported locally: (+) but on tables of a list in FROM", sqlstate="0A000")
    tree = sources[placed[0]]
    for name in placed[1:]:
        tree = s.Join(tree, sources[name], "")
    for name in _in_turn(outer, marked, placed):
        on = _all_of([_unmarked(test) for test, names in marked if names == {name}])
        tree = s.Join(tree, sources[name], "left", on)
        placed.append(name)
    if placed != list(sources) and any(isinstance(item.value, s.Star) for item in select.items):
        raise WarehouseError("not supported locally: SELECT * with an outer-joined table before others",
                             sqlstate="0A000", hint="write LEFT JOIN")  # fmt: skip
    rest = [test for test, names in marked if not names]
    select.source, select.where = tree, _all_of(rest) if rest else None


def _in_turn(outer: list[str], marked: list[tuple[s.Expression, set[str]]], placed: list[str]) -> Iterator[str]:
    """Yield the tables to join so that each comes after those that its predicates name."""
    waiting = list(outer)
    while waiting:
        ready = [
            name
            for name in waiting
            if not any(names == {name} and holds(test, _names_of(set(waiting) - {name})) for test, names in marked)
        ]
        if not ready:
            raise WarehouseError("two tables are outer-joined to each other", sqlstate="0A000")
        waiting.remove(ready[0])
        yield ready[0]


def _names_of(tables: set[str]) -> Callable[[s.Expression], bool]:
    return lambda node: isinstance(node, s.Name) and len(node.parts) > 1 and node.parts[0] in tables


def _conjuncts(node: s.Expression | None) -> Iterator[s.Expression]:
    if isinstance(node, s.Binary) and node.op == "and":
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    elif node is not None:
        yield node


def _all_of(tests: list[s.Expression]) -> s.Expression:
    found = tests[0]
    for test in tests[1:]:
        found = s.Binary("and", found, test)
    return found


def _is_marked(node: s.Expression) -> bool:
    return isinstance(node, s.Unary) and node.op == OUTER


def _marked_tables(test: s.Expression) -> set[str]:
    tables: set[str] = set()

    def look(node: s.Expression) -> s.Expression:
        if isinstance(node, s.Unary) and node.op == OUTER:
            assert isinstance(node.value, s.Name)
            if len(node.value.parts) < 2:
                raise WarehouseError("not supported locally: (+) after a column without its table", sqlstate="0A000")
            tables.add(str(node.value.parts[-2]))
        return node

    rewritten(test, look)
    return tables


def _unmarked(test: s.Expression) -> s.Expression:
    return rewritten(test, lambda node: node.value if isinstance(node, s.Unary) and node.op == OUTER else node)  # type: ignore[no-any-return]


def _listed(source: s.Source | None) -> Iterator[s.Source]:
    if isinstance(source, s.Join) and source.kind == "":
        yield from _listed(source.left)
        yield from _listed(source.right)
    elif source is not None:
        yield source


def _alias(source: s.Source) -> str:
    return source.alias or source.name if isinstance(source, s.Table) else getattr(source, "alias", "")


# --- CONNECT BY ------------------------------------------------------------------------------------------------------


def connect_by(select: s.Select, start: s.Expression | None, condition: s.Expression) -> None:
    """Make FROM a recursive query: the rows of START WITH, then those that PRIOR leads to; LEVEL counts them."""
    source = select.source
    if not isinstance(source, (s.Table, s.Derived)) or not _alias(source) or select.group:
        raise WarehouseError("not supported locally: CONNECT BY but over one relation", sqlstate="0A000",
                             hint="write WITH RECURSIVE")  # fmt: skip
    if len(select.items) > 1 and any(isinstance(item.value, s.Star) for item in select.items):
        raise WarehouseError("not supported locally: CONNECT BY with * beside other columns", sqlstate="0A000")
    alias = _alias(source)
    every = s.Item(s.Name((alias, "*")))
    deeper = s.Binary("+", s.Name((BEFORE, _LEVEL)), s.Number("1"))

    def step(node: s.Expression) -> s.Expression:
        if isinstance(node, s.Unary) and node.op == PRIOR:
            return rewritten(node.value, lambda part: _column(part, BEFORE))  # type: ignore[no-any-return]
        if isinstance(node, s.Name) and node.parts == (_LEVEL,):
            return deeper
        return _column(node, alias)

    first = s.Select((every, s.Item(s.Number("1"), _LEVEL)), source, start)
    then = s.Select((every, s.Item(deeper, _LEVEL)), s.Join(source, s.Table(BEFORE), ""), rewritten(condition, step))
    both = s.Query(s.SetOperation("union", True, s.Query(first), s.Query(then)))
    found = s.Query(s.Select((s.Item(s.Star()),), s.Table(BEFORE)), (s.Common(BEFORE, (), both),), recursive=True)
    select.source = s.Derived(found, alias)
    if isinstance(select.items[0].value, s.Star):
        select.exclude = (*select.exclude, _LEVEL)


def _column(node: s.Expression, alias: str) -> s.Expression:
    return s.Name((alias, node.parts[-1])) if isinstance(node, s.Name) else node
