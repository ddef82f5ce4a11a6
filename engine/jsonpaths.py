"""JSONPaths as COPY reads them: the grammar, and the file.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html#copy-json-jsonpaths
"""

from __future__ import annotations

import json
import re
from typing import Literal

Step = str | int
"""The name of a member, or the index of an array element, from 0."""

Notation = Literal["dot", "bracket", ""]

_DOT = re.compile(r"\.([^'.\[\]]+)|\[(\d+)\]")
_BRACKET = re.compile(r"\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\]", re.DOTALL)
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)


class InvalidPath(ValueError):
    """The text is no JSONPath that COPY takes; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def parse_path(text: str) -> tuple[Step, ...]:
    """Return the steps of a path: "$.a.b[0]" and "$['a']['b'][0]" -> ('a', 'b', 0); '$' -> ().

    Errors: InvalidPath for wildcards, filters, slices, recursion, negative indexes and mixed notation.
    """
    if not text.startswith("$"):
        raise InvalidPath(f"the JSONPath '{text}' does not start with '$'", f"write '$.{text.lstrip('.')}'")
    rest = text[1:]
    bare = _QUOTED.sub("", rest)  # a quoted name may hold any sign
    if ".." in bare:
        raise InvalidPath(f"the JSONPath '{text}' searches at any depth", "COPY has no '..': write every level out")
    if re.search(r"\[\s*\?|\[\s*\(", bare):
        raise InvalidPath(f"the JSONPath '{text}' has a filter", "COPY has no filters: load it whole, select in SQL")
    if re.search(r"\[\s*\*\s*\]|\.\*", bare):
        raise InvalidPath(f"the JSONPath '{text}' has a wildcard", "COPY has no '*': name one member or one index")
    if re.search(r"\[\s*-?\d*\s*:", bare):
        raise InvalidPath(f"the JSONPath '{text}' has a slice", "COPY takes one index from 0, such as [0]")
    if re.search(r"\[\s*-", bare):
        raise InvalidPath(f"the JSONPath '{text}' has a negative index", "COPY counts from 0, from the front")
    if "['" in rest and re.search(r"(^|\])\.", bare):
        raise InvalidPath(f"the JSONPath '{text}' mixes dots and brackets", "use one notation: $.a.b or $['a']['b']")
    pattern = _BRACKET if "['" in rest else _DOT
    steps: list[Step] = []
    at = 0
    while at < len(rest):
        match = pattern.match(rest, at)
        if match is None:
            raise InvalidPath(
                f"the JSONPath '{text}' cannot be read from '{rest[at:]}' on", "write $.a.b[0] or $['a']['b'][0]"
            )
        steps.append(_name(match[1], pattern) if match[1] is not None else int(match[2]))
        at = match.end()
    return tuple(steps)


def _name(written: str, pattern: re.Pattern[str]) -> str:
    # Only inside of quotes is a backslash an escape.
    return re.sub(r"\\(.)", r"\1", written, flags=re.DOTALL) if pattern is _BRACKET else written


def notation(text: str) -> Notation:
    """Return how a path is written; '' where both ways look the same ('$', '$[0]'). A file keeps to one."""
    return "bracket" if "['" in text else "dot" if "." in text else ""


def path_to(member: str) -> str:
    """Return the path to a member of the first level."""
    if re.search(r"['.\[\]*]", member):
        return "$['" + re.sub(r"(['\\])", r"\\\1", member) + "']"
    return f"$.{member}"


def file_content(paths: tuple[str, ...]) -> str:
    """Return the text of a JSONPaths file: one path a line, in the order of the columns."""
    return json.dumps({"jsonpaths": list(paths)}, indent=2, ensure_ascii=False) + "\n"
