"""What the strategies do to a table, in plain Python, a row at a time: what chaos is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations, permutations

Row = tuple[int | str | bool | None, ...]
"""(id, v, n, run): a key, a value, a number that grows with each arrival, and the run that loaded it."""
Rows = tuple[Row, ...]
Load = Callable[[Rows, Rows], Rows]
"""(rows of the table, rows of the batch) -> rows of the table."""


def rows_of(rows: Iterable[Row]) -> Rows:
    return tuple(sorted(rows, key=repr))


def _best(batch: Rows) -> Rows:
    """Return of each key the row with the highest n."""
    found: dict[object, Row] = {}
    for row in batch:
        if row[0] not in found or row[2] > found[row[0]][2]:  # type: ignore[operator]
            found[row[0]] = row
    return tuple(found.values())


def replace(table: Rows, batch: Rows) -> Rows:
    return rows_of(batch)


def append(table: Rows, batch: Rows) -> Rows:
    return rows_of((*table, *batch))


def insert_missing(table: Rows, batch: Rows) -> Rows:
    known = {row[0] for row in table}
    return rows_of((*table, *(row for row in _best(batch) if row[0] not in known)))


def merge(table: Rows, batch: Rows) -> Rows:
    best = _best(batch)
    new = {row[0] for row in best}
    return rows_of((*best, *(row for row in table if row[0] not in new)))


def delete_insert(table: Rows, batch: Rows) -> Rows:
    new = {row[0] for row in batch}
    return rows_of((*batch, *(row for row in table if row[0] not in new)))


LOADS: Mapping[str, Load] = {
    "replace": replace, "swap": replace, "append": append, "insert_missing": insert_missing, "merge": merge,
    "delete_insert": delete_insert,
}  # fmt: skip


def reachable(load: Load, table: Rows, batches: Iterable[Rows]) -> dict[frozenset[int], set[Rows]]:
    """Return what a table may be after any of some loads, in any order: by the numbers of those that took place."""
    listed = list(batches)
    found: dict[frozenset[int], set[Rows]] = {}
    for size in range(len(listed) + 1):
        for some in combinations(range(len(listed)), size):
            states = found.setdefault(frozenset(some), set())
            for order in permutations(some):
                state = table
                for number in order:
                    state = load(state, listed[number])
                states.add(state)
    return found
