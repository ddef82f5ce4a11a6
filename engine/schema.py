"""Document x JSON Schema -> problems in words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from .errors import Problem
from .fits import Fits, fits
from .shipped import shipped
from .source import Document

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

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
    if _fits(part)(document.data):
        return []
    return [problem for error in _validator(part).iter_errors(document.data) for problem in _problems(document, error)]


def plan_mistake(data: Any) -> str:
    """Return what is wrong with the content of a plan file, and where; empty if nothing is."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    schema = json.loads((shipped("schemas") / "plan.schema.json").read_text(encoding="utf-8"))
    error = best_match(Draft202012Validator(schema).iter_errors(data))
    return f"{error.json_path}: {error.message}" if error else ""


def _schema(part: bool) -> dict[str, Any]:
    schema = pipeline_schema()
    return {**schema, "required": []} if part else schema


@cache
def _fits(part: bool) -> Fits:
    return fits(_schema(part))


@cache
def _validator(part: bool) -> Draft202012Validator:
    # It takes ten times as long as _fits, and as long again to import: only a file with mistakes needs it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_schema(part))


def _problems(document: Document, error: Any) -> Iterator[Problem]:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        yield from _unknown_keys(document, path, error)
    elif error.validator == "required":
        yield from _missing_key(document, path, error)
    elif isinstance(error.schema, dict) and "x-says" in error.schema and isinstance(error.instance, dict):
        yield Problem(f"'{path[-1]}' {error.schema['x-says']}", document.key(path))
    elif "propertyNames" in error.absolute_schema_path:
        name = str(error.instance)
        if error.validator == "maxLength":
            message, hint = f"'{name}' is longer than {error.validator_value} characters", ""
        else:
            message, hint = f"'{name}' cannot be a name here", _expected(error)
        yield Problem(message, document.key([*path, name]), hint)
    else:
        yield Problem(_said(error, path), document.value(path), _hint(error))


def _unknown_keys(document: Document, path: list[Any], error: Any) -> Iterator[Problem]:
    known = list(error.schema.get("properties", {}))
    missing = [key for key in error.schema.get("required", ()) if key not in error.instance]
    for key, before in _unknown(document, path, error):
        if before:
            yield _split_value(document, path, before, key)
        else:
            hint = _as_value(key, error.schema) or _choice(key, known, missing)
            yield Problem(f"unknown key '{key}'", document.key([*path, key]), hint)


def _as_value(word: str, schema: dict[str, Any]) -> str:
    """Return a hint if the unknown key is a value of a known one, such as 'gzip' of compression."""
    properties = schema.get("properties", {}).items()
    return next((f"write {key}: {word}" for key, each in properties if word in each.get("enum", ())), "")


def _unknown(document: Document, path: list[Any], error: Any) -> Iterator[tuple[str, str]]:
    """Yield each unknown key, and the key whose value it is a part of, split off at a comma; '' if it is none."""
    before = ""
    for key, value in error.instance.items():
        if _is_unknown(key, error):
            split = value is None and before
            same_line = split and document.value([*path, before]).line == document.key([*path, key]).line
            yield key, before if same_line else ""
        before = key if isinstance(value, str) else ""


def _split_value(document: Document, path: list[Any], key: str, rest: str) -> Problem:
    """A value such as decimal(12,2) inside of {…}: its second half was read as a key without a value."""
    whole = _whole(document, path, key, rest)
    message = f"'{whole}' was split at its comma: inside of {{…}} a comma ends a value"
    return Problem(message, document.value([*path, key]), f"quote it: {key}: '{whole}'")


def _whole(document: Document, path: list[Any], key: str, rest: str) -> str:
    value, end = document.value([*path, key]), document.key([*path, rest])
    return value.text[value.column - 1 : end.column - 1] + rest


def _missing_key(document: Document, path: list[Any], error: Any) -> Iterator[Problem]:
    # jsonschema reports each missing key by itself, and names it only in its message.
    match = re.match(r"'(.*)' is a required property", error.message)
    key = match[1] if match else ""
    if any(_is_unknown(other, error) and get_close_matches(other, [key]) for other in error.instance):
        return  # misspelt: told as an unknown key
    place = f" in '{path[-1]}'" if path else ""
    yield Problem(f"the key '{key}' is missing{place}", document.key(path), _described(error.schema, key))


def _described(schema: dict[str, Any], key: str) -> str:
    # The root has its properties behind a reference, as some keys have their description.
    if "properties" not in schema:
        schema = _referred(schema)
    found = schema["properties"].get(key, {})
    return str((found if "description" in found else _referred(found)).get("description", ""))


def _referred(schema: dict[str, Any]) -> dict[str, Any]:
    place = pipeline_schema()
    for part in schema.get("$ref", "#").split("/")[1:]:
        place = place[part]
    return place


def _said(error: Any, path: list[Any]) -> str:
    value, rule = error.instance, error.validator_value
    key = _called(path)
    narrower = [each for each in error.context if each.validator not in ("type", "const")]
    if error.validator == "anyOf" and len(narrower) == 1:
        return _said(narrower[0], path)
    match error.validator:
        case "type":
            kinds = [rule] if isinstance(rule, str) else rule
            return f"{key} must be {' or '.join(_KIND[kind] for kind in kinds)}, not {_kind_of(value)}"
        case "enum" | "const" | "pattern" | "anyOf" | "oneOf" if isinstance(value, (str, int, float)):
            return f"{key} cannot be '{_shown(value)}'"
        case "minLength" | "minItems" | "minProperties" if not value:
            return f"{key} is empty"
        case "minItems" | "maxItems":
            return f"{key} must have {rule} items, not {len(value)}"
        case "maxLength":
            return f"{key} is longer than {rule} character{'s' if rule != 1 else ''}"
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


def _called(path: list[Any]) -> str:
    if not path:
        return "a pipeline"
    return f"'{path[-1]}'" if isinstance(path[-1], str) else f"item {path[-1] + 1} of '{path[-2]}'"


def _hint(error: Any) -> str:
    accepted = {"enum": error.validator_value, "const": [error.validator_value]}.get(error.validator, [])
    if isinstance(error.instance, str) and error.instance in map(_shown, accepted):
        return f"write it without quotes: {error.instance}"
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

    An unknown key goes alone, and what was split at a comma is put together; of other mistakes the whole table,
    staging source or target goes. Returns the names that were lost, so that nobody who refers to one of them is told
    off.
    """
    lost: set[str] = set()
    for error in sorted(_validator(True).iter_errors(document.data), key=lambda error: -len(error.absolute_path)):
        path = list(error.absolute_path)
        if error.validator == "additionalProperties":
            for key, before in list(_unknown(document, path, error)):
                if before:
                    error.instance[before] = _whole(document, path, before, key)
                del error.instance[key]
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
        return {str(path[1]), str(path[1]).lower()}
    if path:
        data.pop(path[0], None)
        return set(section) if isinstance(section, dict) else {str(section)}
    return set()
