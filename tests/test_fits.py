from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engine.errors import InvalidPipeline
from engine.fits import fits
from engine.schema import pipeline_schema
from engine.source import read_document

HERE = Path(__file__).resolve().parent
FILES = sorted([*HERE.parent.glob("pipelines/**/*.yaml"), *HERE.glob("invalid/**/*.yaml")])
FITS = fits(pipeline_schema())
TRUTH = Draft202012Validator(pipeline_schema())


def data_of(path: Path) -> Any:
    try:
        return read_document(path, path.name).data
    except InvalidPipeline:
        return None  # no YAML at all


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value below a node."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [path] if path else []
    for key, value in inside:
        found += places(value, (*path, key))
    return found


KNOWN = [data for path in HERE.parent.glob("pipelines/**/*.yaml") if (data := data_of(path)) is not None]
WORDS = sorted({str(step) for data in KNOWN for path in places(data) for step in path})
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-1, 40), st.sampled_from([1.0, 1.5, 5439]), st.sampled_from(WORDS),
        st.sampled_from(["", "auto", "merge", "scd2", "s3://b/k", "${X}", "not_null", "A b", "2020-01-01", "key"]),
    ),
    lambda values: st.one_of(
        st.lists(values, max_size=3), st.dictionaries(st.sampled_from(WORDS), values, max_size=3)
    ),
    max_leaves=4,
)  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HERE.parent)))
def test_a_file_fits_where_jsonschema_says_so(path: Path) -> None:
    data = data_of(path)
    assert FITS(data) == TRUTH.is_valid(data)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_changed_pipeline_fits_where_jsonschema_says_so(choose: st.DataObject) -> None:
    data = deepcopy(choose.draw(st.sampled_from(KNOWN)))
    for _ in range(choose.draw(st.integers(1, 2))):
        *above, last = choose.draw(st.sampled_from(places(data) or [("nothing",)]))
        node = data
        for step in above:
            node = node[step]
        node[last] = choose.draw(VALUES)
        if choose.draw(st.booleans()):
            del node[last]
    assert FITS(data) == TRUTH.is_valid(data)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"const": 1}, True, False),
        ({"enum": [True, "on"]}, 1, False),
        ({"type": "integer"}, 2.0, True),
        ({"type": "integer"}, True, False),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 2, False),
        ({"prefixItems": [{"const": 1}], "items": False}, [1], True),
        ({"prefixItems": [{"const": 1}], "items": False}, [1, 2], False),
        ({"patternProperties": {"^x-": True}, "additionalProperties": False}, {"x-a": 1}, True),
        ({"properties": {"a": {"type": "null"}}, "additionalProperties": {"const": 1}}, {"a": None, "b": 2}, False),
        ({"items": {"$ref": "#"}, "type": "array"}, [[], [1]], False),
        (False, 1, False),
    ],
)  # fmt: skip
def test_keywords_mean_what_the_standard_says(schema: Any, value: Any, expected: bool) -> None:
    assert fits(schema)(value) is expected
    assert Draft202012Validator(schema).is_valid(value) is expected


def test_a_keyword_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="contains"):
        fits({"contains": {"const": 1}})
