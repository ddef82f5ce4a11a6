"""Which step waits for which: order, what is above a step, what is below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Needs = Mapping[str, frozenset[str]]
"""For each step the steps that it waits for."""


class Cycle(ValueError):
    """Steps that wait for each other; `path` is the whole way round, its first step again at its end."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(" -> ".join(path))
        self.path = tuple(path)


def order(needs: Needs) -> tuple[str, ...]:
    """Return the steps so that each comes after what it needs; else in the order in which they were declared.

    Errors: Cycle.
    """
    done: dict[str, None] = {}
    rank = {name: place for place, name in enumerate(needs)}
    for name in needs:
        _visit(name, needs, rank, done)
    return tuple(done)


def _visit(start: str, needs: Needs, rank: Mapping[str, int], done: dict[str, None]) -> None:
    # Depth first with a stack of its own: a chain of 10,000 steps must not meet Python's recursion limit.
    path: list[str] = []
    stack: list[tuple[str, bool]] = [(start, False)]
    open_: set[str] = set()
    while stack:
        name, finished = stack.pop()
        if finished:
            path.pop()
            open_.discard(name)
            done[name] = None
        elif name in open_:
            raise Cycle([*path[path.index(name) :], name])
        elif name not in done:
            path.append(name)
            open_.add(name)
            stack.append((name, True))
            waiting = sorted((other for other in needs[name] if other in needs), key=rank.__getitem__, reverse=True)
            stack += [(other, False) for other in waiting]


def below(needs: Needs, failed: str) -> frozenset[str]:
    """Return every step that waits for `failed`, directly or not."""
    found = {failed}
    for name in order(needs):
        if needs[name] & found:
            found.add(name)
    return frozenset(found - {failed})


def above(needs: Needs, name: str) -> frozenset[str]:
    """Return every step that `name` waits for, directly or not."""
    found: set[str] = set()
    waiting = list(needs[name])
    while waiting:
        step = waiting.pop()
        if step not in found:
            found.add(step)
            waiting += needs.get(step, ())
    return frozenset(found)
