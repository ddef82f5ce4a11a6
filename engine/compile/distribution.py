"""Joins of tables whose distribution keys are other columns: rows travel between the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter

from ..warehouses.local import syntax as s
from .joins import conjuncts
from .watching import Record, Seen

Distkeys = Mapping[tuple[str, str], str]
"""The distribution key of each table that has one, by schema and name."""


def apart(seen: Seen, record: Record, distkeys: Distkeys) -> Iterator[tuple[s.Expression, str]]:
    """Yield each join of two tables with distribution keys whose conditions do not tie these keys, and say it."""
    numbers = {id(item): number for number, item in enumerate(seen.scope.items)}
    met: dict[tuple[int, int], list[tuple[s.Expression, bool, str]]] = {}
    for condition in _conditions(seen.select):
        if not isinstance(condition, s.Binary) or condition.op != "=":
            continue
        origins = (record.origin(condition.left), record.origin(condition.right))
        sides = sorted(
            ((numbers[id(side[0])], side) for side in origins if side and id(side[0]) in numbers), key=itemgetter(0)
        )
        if len(sides) != 2 or sides[0][0] == sides[1][0]:
            continue
        (first, (one, column)), (second, (other, another)) = sides
        keys = distkeys.get((one.schema, one.relation)), distkeys.get((other.schema, other.relation))
        if None not in keys:
            said = f"'{one.relation}' is distributed by {keys[0]}, '{other.relation}' by {keys[1]}"
            met.setdefault((first, second), []).append((condition, keys == (column, another), said))
    for conditions in met.values():
        if not any(tied for _, tied, _ in conditions):
            yield conditions[0][0], conditions[0][2]


def _conditions(select: s.Select) -> Iterator[s.Expression]:
    yield from conjuncts(select.where)
    pending = [select.source]
    while pending:
        source = pending.pop()
        if isinstance(source, s.Join):
            yield from conjuncts(source.on)
            pending += [source.left, source.right]
