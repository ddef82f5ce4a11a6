from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph import Cycle, above, below, order

NAMES = [f"s{number}" for number in range(8)]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, frozenset[str]]:
    """Draw any graph, cycles included, its steps declared in any order; a step may need what no step is."""
    names = draw(st.permutations(NAMES[: draw(st.integers(1, 8))]))
    return {name: draw(st.frozensets(st.sampled_from([*NAMES[:8], "outside"]), max_size=3)) for name in names}


@st.composite
def acyclic(draw: st.DrawFn) -> dict[str, frozenset[str]]:
    names = draw(st.permutations(NAMES))
    ranked = {name: draw(st.frozensets(st.sampled_from([name, *names[:rank]]))) for rank, name in enumerate(names)}
    return {name: ranked[name] - {name} for name in draw(st.permutations(names))}


def reachable(needs: dict[str, frozenset[str]]) -> set[tuple[str, str]]:
    """Return (step, what it waits for) for every pair, by squaring until nothing comes to it."""
    pairs = {(step, other) for step, others in needs.items() for other in others if other in needs}
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c} - pairs:
        pairs |= more
    return pairs


@given(graphs())
def test_order_is_an_order_or_tells_a_cycle(needs: dict[str, frozenset[str]]) -> None:
    if any(a == b for a, b in reachable(needs)):
        with pytest.raises(Cycle) as caught:
            order(needs)
        path = caught.value.path
        assert path[0] == path[-1]
        assert len(set(path)) == len(path) - 1
        assert all(second in needs[first] for first, second in pairwise(path))
        assert str(caught.value) == " -> ".join(path)
        return
    ordered = order(needs)
    assert sorted(ordered) == sorted(needs)
    for place, name in enumerate(ordered):
        assert needs[name] & set(needs) <= set(ordered[:place])


@given(st.permutations(NAMES))
def test_order_of_free_steps_is_as_declared(names: list[str]) -> None:
    assert order({name: frozenset() for name in names}) == tuple(names)


@given(acyclic())
def test_order_moves_up_only_what_is_needed(needs: dict[str, frozenset[str]]) -> None:
    """A step stands before one that was declared before it only if some step up to there waits for it."""
    ordered, declared, pairs = order(needs), list(needs), reachable(needs)
    for early, late in pairwise(ordered):
        if declared.index(early) > declared.index(late):
            assert any((step, early) in pairs for step in declared[: declared.index(early)])


def test_order_of_a_long_chain_needs_no_recursion() -> None:
    names = [f"t{number}" for number in range(10_000)]
    needs = {name: frozenset({other}) for name, other in pairwise(names)} | {names[-1]: frozenset()}
    assert order(needs) == tuple(reversed(names))


@given(acyclic(), st.sampled_from(NAMES))
def test_below_and_above_are_who_waits_and_what_is_waited_for(needs: dict[str, frozenset[str]], name: str) -> None:
    pairs = reachable(needs)
    assert below(needs, name) == {step for step, other in pairs if other == name}
    assert above(needs, name) == {other for step, other in pairs if step == name}
