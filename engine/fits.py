"""JSON Schema -> a function that tells whether a value fits, and no more: `schema` has the words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

Schema = Mapping[str, Any] | bool
Fits = Callable[[Any], bool]

_ANNOTATIONS = frozenset(
    ("$schema", "$comment", "$defs", "title", "description", "default", "examples", "defaultSnippets")
)
_TYPES: Mapping[str, Fits] = MappingProxyType({
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: _is_number(value),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
})  # fmt: skip


def fits(schema: Schema) -> Fits:
    """Return the function for a schema of draft 2020-12; a `$ref` is a path within it.

    It has the keywords that the pipeline's schema uses. Errors: ValueError for others.
    """
    return _Compiler(schema).compiled(schema)


class _Compiler:
    def __init__(self, root: Schema) -> None:
        self.root = root
        self.referred: dict[str, list[Fits]] = {}

    def compiled(self, schema: Schema) -> Fits:
        if isinstance(schema, bool):
            return lambda value: schema
        tests = [each for keyword in schema if (each := self._keyword(keyword, schema)) is not None]
        return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)

    def _keyword(self, keyword: str, schema: Mapping[str, Any]) -> Fits | None:
        """Return the test for one keyword, None where it has none, or where another one's test has it too."""
        rule = schema[keyword]
        if keyword in _SIMPLE:
            kind, holds = _SIMPLE[keyword]
            return lambda value: not isinstance(value, kind) or holds(value, rule)
        match keyword:
            case "$ref":
                return self._reference(rule)
            case "type":
                kinds = [_TYPES[kind] for kind in ([rule] if isinstance(rule, str) else rule)]
                return kinds[0] if len(kinds) == 1 else lambda value: any(kind(value) for kind in kinds)
            case "const":
                return _one_of([rule])
            case "enum":
                return _one_of(rule)
            case "pattern":
                search = re.compile(rule).search
                return lambda value: not isinstance(value, str) or search(value) is not None
            case "minimum":
                return lambda value: not _is_number(value) or value >= rule
            case "maximum":
                return lambda value: not _is_number(value) or value <= rule
            case "items":
                return self._items(rule, len(schema.get("prefixItems", ())))
            case "prefixItems":
                tests = [self.compiled(each) for each in rule]
                return _of(list, lambda value: all(test(each) for test, each in zip(tests, value, strict=False)))
            case "propertyNames":
                test = self.compiled(rule)
                return _of(dict, lambda value: all(map(test, value)))
            case "properties" | "patternProperties" | "additionalProperties":
                first = next(each for each in schema if each in _OF_MEMBERS)
                return self._members(schema) if keyword == first else None
            case "not":
                test = self.compiled(rule)
                return lambda value: not test(value)
            case "allOf" | "anyOf" | "oneOf":
                return self._combined(keyword, [self.compiled(each) for each in rule])
            case "if":
                return self._condition(schema)
        if keyword in _ANNOTATIONS or keyword.startswith("x-") or (keyword in ("then", "else") and "if" in schema):
            return None
        raise ValueError(f"the keyword '{keyword}' of JSON Schema")

    def _reference(self, path: str) -> Fits:
        found = self.referred.get(path)
        if found is None:
            # Noted before it is compiled: a schema may refer to itself.
            found = self.referred[path] = []
            place: Any = self.root
            for part in path.split("/")[1:]:
                place = place[part]
            found.append(self.compiled(place))
        return found[0] if found else lambda value: found[0](value)

    def _items(self, schema: Schema, first: int) -> Fits:
        test = self.compiled(schema)
        return _of(list, lambda value: all(map(test, value[first:] if first else value)))

    def _members(self, schema: Mapping[str, Any]) -> Fits:
        named = {name: self.compiled(each) for name, each in schema.get("properties", {}).items()}
        patterns = [
            (re.compile(pattern).search, self.compiled(each))
            for pattern, each in schema.get("patternProperties", {}).items()
        ]
        others = self.compiled(schema.get("additionalProperties", True))

        def fit(value: dict[str, Any]) -> bool:
            for key, each in value.items():
                tests = [test for search, test in patterns if search(key)]
                if key in named:
                    tests.append(named[key])
                if not (all(test(each) for test in tests) if tests else others(each)):
                    return False
            return True

        return _of(dict, fit)

    def _combined(self, keyword: str, tests: list[Fits]) -> Fits:
        if keyword == "oneOf":
            return lambda value: sum(test(value) for test in tests) == 1
        combine = all if keyword == "allOf" else any
        return lambda value: combine(test(value) for test in tests)

    def _condition(self, schema: Mapping[str, Any]) -> Fits:
        condition, then, otherwise = (self.compiled(schema.get(keyword, True)) for keyword in ("if", "then", "else"))
        return lambda value: then(value) if condition(value) else otherwise(value)


def _of(kind: type, test: Fits) -> Fits:
    return lambda value: not isinstance(value, kind) or test(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _one_of(choices: list[Any]) -> Fits:
    """To JSON, 1 is 1.0 and is not true."""
    known = [(choice, isinstance(choice, bool)) for choice in choices]
    return lambda value: (value, isinstance(value, bool)) in known


def _all_required(value: dict[str, Any], rule: Mapping[str, list[str]]) -> bool:
    return all(key not in value or set(needed) <= value.keys() for key, needed in rule.items())


_OF_MEMBERS = ("properties", "patternProperties", "additionalProperties")
_SIMPLE: Mapping[str, tuple[type, Callable[[Any, Any], bool]]] = MappingProxyType({
    "required": (dict, lambda value, rule: all(key in value for key in rule)),
    "dependentRequired": (dict, _all_required),
    "minProperties": (dict, lambda value, rule: len(value) >= rule),
    "maxProperties": (dict, lambda value, rule: len(value) <= rule),
    "minItems": (list, lambda value, rule: len(value) >= rule),
    "maxItems": (list, lambda value, rule: len(value) <= rule),
    "minLength": (str, lambda value, rule: len(value) >= rule),
    "maxLength": (str, lambda value, rule: len(value) <= rule),
    # Of texts: the schema asks for nothing else to be there once.
    "uniqueItems": (list, lambda value, rule: not rule or len({repr(each) for each in value}) == len(value)),
})  # fmt: skip
