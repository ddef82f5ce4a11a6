"""Document x JSON Schema -> problems in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from .errors import Problem
from .shipped import shipped
from .source import Document

_KIND = {
    "object": "a mapping", "array": "a list", "string": "text", "number": "a number", "integer": "a whole number",
    "boolean": "true or false", "null": "nothing",
}  # fmt: skip


@cache
def pipeline_schema() -> dict[str, Any]:
    """Return the JSON Schema of a pipeline."""
    schema: dict[str, Any] = json.loads((shipped("schemas") / "pipeline.schema.json").read_text(encoding="utf-8"))
    return schema


def check(document: Document, *, part: bool = False) -> list[Problem]:
    """Return what the schema has against the document; `part` is for an included file, where no key is required."""
    return [problem for error in _validator(part).iter_errors(document.data) for problem in _problems(document, error)]


@cache
def _validator(part: bool) -> Draft202012Validator:
    schema = pipeline_schema()
    return Draft202012Validator({**schema, "required": []} if part else schema)


def _problems(document: Document, error: Any) -> Iterator[Problem]:
    path = list(error.absolute_path)
    if error.validator in ("additionalProperties", "unevaluatedProperties") and isinstance(error.instance, dict):
        yield from _unknown_keys(document, path, error)
    elif error.validator == "required":
        yield from _missing_key(document, path, error)
    elif isinstance(error.schema, dict) and "x-says" in error.schema and isinstance(error.instance, dict):
        yield Problem(f"'{path[-1]}' {error.schema['x-says']}", document.key(path))
    elif error.parent is not None or "propertyNames" in error.absolute_schema_path:
        name = str(error.instance)
        yield Problem(f"'{name}' cannot be a name here", document.key([*path, name]), _expected(error))
    else:
        yield Problem(_said(error, path), document.value(path), _hint(error))


def _unknown_keys(document: Document, path: list[Any], error: Any) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    missing = [key for key in error.schema.get("required", ()) if key not in error.instance]
    before = ""
    for key, value in error.instance.items():
        if _is_unknown(key, error):
            split = value is None and before and _on_one_line(document, path, before, key)
            yield _split_value(document, path, before, key) if split else Problem(
                f"unknown key '{key}'", document.key([*path, key]), _choice(key, known, missing)
            )  # fmt: skip
        before = key if isinstance(value, str) else ""


def _on_one_line(document: Document, path: list[Any], first: str, second: str) -> bool:
    return document.value([*path, first]).line == document.key([*path, second]).line


def _split_value(document: Document, path: list[Any], key: str, rest: str) -> Problem:
    """A value such as decimal(12,2) inside of {…}: its second half was read as a key without a value."""
    value, end = document.value([*path, key]), document.key([*path, rest])
    whole = value.text[value.column - 1 : end.column - 1] + rest
    message = f"'{whole}' was split at its comma: inside of {{…}} a comma ends a value"
    return Problem(message, value, f"quote it: {key}: '{whole}'")


def _missing_key(document: Document, path: list[Any], error: Any) -> Iterator[Problem]:
    # jsonschema reports each missing key by itself, and names it only in its message.
    match = re.match(r"'(.*)' is a required property", error.message)
    key = match[1] if match else ""
    if any(_is_unknown(other, error) and get_close_matches(other, [key]) for other in error.instance):
        return  # misspelt: told as an unknown key
    described = error.schema.get("properties", {}).get(key, {}).get("description", "")
    yield Problem(f"the key '{key}' is missing" + (f" in '{path[-1]}'" if path else ""), document.key(path), described)


def _said(error: Any, path: list[Any]) -> str:
    value, rule = error.instance, error.validator_value
    key = f"'{path[-1]}'" if path and isinstance(path[-1], str) else "this"
    match error.validator:
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            return f"{key} must be {' or '.join(_KIND[kind] for kind in kinds)}, not {_kind_of(value)}"
        case "enum" | "const" | "pattern" | "anyOf" | "oneOf" if isinstance(value, (str, int, float)):
            return f"{key} cannot be '{_shown(value)}'"
        case "minLength" | "minItems" | "minProperties":
            return f"{key} is empty"
        case "maxLength":
            return f"{key} is longer than {rule} characters"
        case "minimum":
            return f"{key} is {value}, less than {rule}"
        case "maximum":
            return f"{key} is {value}, more than {rule}"
        case "uniqueItems":
            return f"{key} names something twice"
        case "maxProperties":
            return f"{key} has {len(value)} keys where {rule} is allowed"
        case _:
            return f"{key} is not as it must be"


def _hint(error: Any) -> str:
    if error.validator == "enum":
        return _choice(str(error.instance), [_shown(choice) for choice in error.validator_value])
    return _expected(error)


def _expected(error: Any) -> str:
    expected = error.schema.get("x-expected", "") if isinstance(error.schema, dict) else ""
    return f"expected {expected}" if expected else ""


def _choice(word: str, known: list[str], wanted: Sequence[str] = ()) -> str:
    close = get_close_matches(word.lower(), wanted, n=1) or get_close_matches(word.lower(), known, n=1)
    one_of = f"expected one of {', '.join(known)}" if known else ""
    return f"did you mean '{close[0]}'?" if close else one_of


def _kind_of(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"{_shown(value)}"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text '{value if len(value) <= 40 else value[:37] + '…'}'"
    return "a mapping" if isinstance(value, dict) else "a list"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def prune(document: Document) -> frozenset[str]:
    """Take out of the document what the schema does not allow, so that the rest can be checked as well.

    An unknown key goes alone; of other mistakes the whole table, staging source or target goes. Returns the names
    that were lost, so that nobody who refers to one of them is told off.
    """
    lost: set[str] = set()
    for error in sorted(_validator(True).iter_errors(document.data), key=lambda error: -len(error.absolute_path)):
        path = list(error.absolute_path)
        if error.validator in ("additionalProperties", "unevaluatedProperties"):
            node = document.data
            for step in path:
                node = node[step] if node is not None and (isinstance(node, list) or step in node) else None
            for key in [key for key in node or () if _is_unknown(key, error)]:
                del node[key]
        else:
            if "propertyNames" in error.absolute_schema_path:
                path.append(error.instance)
            lost |= _without(document.data, path)
    return frozenset(lost)


def _is_unknown(key: str, error: Any) -> bool:
    schema = error.schema if isinstance(error.schema, dict) else {}
    free = schema.get("patternProperties", {})
    return key not in schema.get("properties", {}) and not any(re.search(pattern, key) for pattern in free)


def _without(data: Any, path: list[Any]) -> set[str]:
    section = data.get(path[0]) if path else None
    if len(path) > 1 and path[0] in ("staging", "tables", "targets", "vars") and isinstance(section, dict):
        section.pop(path[1], None)
        return {str(path[1])}
    if path:
        data.pop(path[0], None)
        return set(section) if isinstance(section, dict) else {str(section)}
    return set()
