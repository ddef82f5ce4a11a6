from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.jsonpaths import InvalidPath, file_content, notation, parse_path, path_to

MEMBERS = st.text(min_size=1)
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="'.[]*"), min_size=1)
STEPS = st.lists(PLAIN | st.integers(0, 10**6), max_size=5)


@given(STEPS)
def test_dots_read_back(steps: list[str | int]) -> None:
    text = "$" + "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in steps)
    assert parse_path(text) == tuple(steps)


@given(st.lists(MEMBERS | st.integers(0, 10**6), max_size=5))
def test_brackets_read_back(steps: list[str | int]) -> None:
    escaped = [step.replace("\\", "\\\\").replace("'", "\\'") if isinstance(step, str) else step for step in steps]
    text = "$" + "".join(f"['{step}']" if isinstance(step, str) else f"[{step}]" for step in escaped)
    assert parse_path(text) == tuple(steps)


@given(MEMBERS)
def test_path_to_a_member_leads_to_it(member: str) -> None:
    assert parse_path(path_to(member)) == (member,)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("$", ()),
        ("$.a", ("a",)),
        ("$.userId", ("userId",)),
        ("$.a.b[0]", ("a", "b", 0)),
        ("$[2]", (2,)),
        ("$['a']['b'][0]", ("a", "b", 0)),
        ("$['a.b']", ("a.b",)),
        ("$['a..b']", ("a..b",)),
        ("$['a*']['?(x)']", ("a*", "?(x)")),
        ("$['a[-1]']", ("a[-1]",)),
        ("$.a[0][1].c", ("a", 0, 1, "c")),
        ("$['it\\'s']", ("it's",)),
        ("$.two words", ("two words",)),
    ],
)
def test_path(text: str, steps: tuple[str | int, ...]) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a.b", "the JSONPath 'a.b' does not start with '$'", "write '$.a.b'"),
        (".a", "the JSONPath '.a' does not start with '$'", "write '$.a'"),
        ("$..a", "the JSONPath '$..a' searches at any depth", "COPY has no '..': write every level out"),
        ("$.a[?(@.b)]", "the JSONPath '$.a[?(@.b)]' has a filter", "COPY has no filters: load it whole, select in SQL"),
        ("$.a[*]", "the JSONPath '$.a[*]' has a wildcard", "COPY has no '*': name one member or one index"),
        ("$.*", "the JSONPath '$.*' has a wildcard", "COPY has no '*': name one member or one index"),
        ("$.a[0:2]", "the JSONPath '$.a[0:2]' has a slice", "COPY takes one index from 0, such as [0]"),
        ("$.a[:2]", "the JSONPath '$.a[:2]' has a slice", "COPY takes one index from 0, such as [0]"),
        ("$.a[-1]", "the JSONPath '$.a[-1]' has a negative index", "COPY counts from 0, from the front"),
        ("$.a['b']", "the JSONPath '$.a['b']' mixes dots and brackets", "use one notation: $.a.b or $['a']['b']"),
        ("$['a'].b", "the JSONPath '$['a'].b' mixes dots and brackets", "use one notation: $.a.b or $['a']['b']"),
        ("$a", "the JSONPath '$a' cannot be read from 'a' on", "write $.a.b[0] or $['a']['b'][0]"),
        ("$.a.", "the JSONPath '$.a.' cannot be read from '.' on", "write $.a.b[0] or $['a']['b'][0]"),
        ('$["a"]', "the JSONPath '$[\"a\"]' cannot be read from '[\"a\"]' on", "write $.a.b[0] or $['a']['b'][0]"),
        ("$.a[0", "the JSONPath '$.a[0' cannot be read from '[0' on", "write $.a.b[0] or $['a']['b'][0]"),
        ("$['a", "the JSONPath '$['a' cannot be read from '['a' on", "write $.a.b[0] or $['a']['b'][0]"),
        ("$.a[²]", "the JSONPath '$.a[²]' cannot be read from '[²]' on", "write $.a.b[0] or $['a']['b'][0]"),
    ],
)
def test_path_that_copy_does_not_take(text: str, message: str, hint: str) -> None:
    with pytest.raises(InvalidPath) as caught:
        parse_path(text)
    assert str(caught.value) == message
    assert caught.value.hint == hint


@given(st.text("$.ab['\\]*?0-:\"", max_size=12).map("${}".format) | st.text(max_size=8))
def test_any_text_is_a_path_or_is_told_not_to_be(text: str) -> None:
    with suppress(InvalidPath):
        assert all(isinstance(step, (str, int)) for step in parse_path(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("$.a", "dot"),
        ("$.a[0]", "dot"),
        ("$['a']", "bracket"),
        ("$['a.b']", "bracket"),
        ("$", ""),
        ("$[0]", ""),
        ("$[0]['a']", "bracket"),
    ],
)
def test_notation(text: str, kind: str) -> None:
    assert notation(text) == kind


def test_file_holds_the_paths_in_order() -> None:
    content = file_content(("$.a", "$.größe", "$['it\\'s']"))
    assert json.loads(content) == {"jsonpaths": ["$.a", "$.größe", "$['it\\'s']"]}
    assert "größe" in content
    assert content.endswith("}\n")
