"""Which steps --select and --exclude mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.graph import above, below
from engine.selection import NoSuchStep, Selection, asks_what_changed, select

#   raw -> clean -> facts -> report
#          users ----^
NEEDS = {
    "raw": frozenset[str](), "users": frozenset[str](), "clean": frozenset({"raw"}),
    "facts": frozenset({"clean", "users"}), "report": frozenset({"facts"}),
}  # fmt: skip
TAGS = {"slow": frozenset({"clean", "users"}), "last": frozenset({"report"})}


def chosen(wanted: str = "", unwanted: str = "", changed: frozenset[str] = frozenset()) -> str:
    selection = Selection((wanted,) if wanted else (), (unwanted,) if unwanted else ())
    return " ".join(sorted(select(NEEDS, TAGS, selection, changed) or ()))


@pytest.mark.parametrize(
    ("wanted", "unwanted", "steps"),
    [
        ("clean", "", "clean"),
        ("clean, users", "", "clean users"),
        ("+clean", "", "clean raw"),
        ("clean+", "", "clean facts report"),
        ("+facts+", "", "clean facts raw report users"),
        ("tag:slow", "", "clean users"),
        ("+tag:slow", "", "clean raw users"),
        ("tag:slow+", "tag:last", "clean facts users"),
        ("", "users", "clean facts raw report"),
        ("", "clean+,users", "raw"),
        ("+facts", "+clean", "facts users"),
        ("changed", "", "users"),
        ("changed+", "", "facts report users"),
        ("", "changed+", "clean raw"),
        ("raw,changed", "", "raw users"),
    ],
)
def test_what_is_chosen(wanted: str, unwanted: str, steps: str) -> None:
    assert chosen(wanted, unwanted, frozenset({"users"})) == steps


def test_nothing_said_is_no_selection() -> None:
    assert select(NEEDS, TAGS, Selection()) is None
    assert select(NEEDS, TAGS, Selection((" , ",))) is None


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(list(NEEDS)), st.booleans()), min_size=1, max_size=3))
def test_select_is_the_union_of_its_patterns_and_exclude_what_is_left(parts: list[tuple[bool, str, bool]]) -> None:
    wanted = {name for _, name, _ in parts}
    wanted = wanted.union(*(above(NEEDS, name) for before, name, _ in parts if before))
    wanted = wanted.union(*(below(NEEDS, name) for _, name, after in parts if after))
    patterns = tuple("+" * before + name + "+" * after for before, name, after in parts)
    assert select(NEEDS, TAGS, Selection(select=patterns)) == wanted
    assert select(NEEDS, TAGS, Selection((",".join(patterns),))) == wanted
    assert select(NEEDS, TAGS, Selection(exclude=patterns)) == set(NEEDS) - wanted


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("cleen", "no step 'cleen': did you mean 'clean'?"),
        ("+", "no step '': steps are: changed, clean, facts, raw, report, users"),
        ("++clean", "no step '+clean': did you mean 'clean'?"),
        ("chnged+", "no step 'chnged': did you mean 'changed'?"),
        ("slow", "no step 'slow': did you mean 'tag:slow'?"),
        ("tag:slw", "no step has the tag 'slw': did you mean 'slow'?"),
        ("tag:", "no step has the tag '': tags are: last, slow"),
    ],
)
@pytest.mark.parametrize("option", ["select", "exclude"])
def test_what_means_no_step_is_told(pattern: str, said: str, option: str) -> None:
    with pytest.raises(NoSuchStep) as caught:
        select(NEEDS, TAGS, Selection(**{option: (f"raw,{pattern}",)}))
    assert str(caught.value) == said


def test_tag_where_there_are_none() -> None:
    with pytest.raises(NoSuchStep, match="no step has the tag 'slow': none has any"):
        select(NEEDS, {}, Selection(("tag:slow",)))


def test_a_step_called_changed_goes_before_the_word() -> None:
    needs = {**NEEDS, "changed": frozenset({"raw"})}
    assert not asks_what_changed(Selection(("changed+",)), needs)
    assert select(needs, {}, Selection(("+changed",))) == {"changed", "raw"}
    assert asks_what_changed(Selection(("raw, changed+",)), NEEDS)
    assert asks_what_changed(Selection(exclude=("+changed",)), NEEDS)
    assert not asks_what_changed(Selection(("raw",)), NEEDS)
