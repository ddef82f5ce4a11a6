"""LIKE, SIMILAR TO and POSIX patterns -> what DuckDB matches with.

Source: https://docs.aws.amazon.com/redshift/latest/dg/pattern-matching-conditions.html
"""

from __future__ import annotations

import re

from ...errors import WarehouseError
from .casts import as_text
from .values import BOOLEAN, SUPER, Typed, category, format_type, literal


def match(op: str, value: Typed, pattern: Typed, escape: Typed | None) -> Typed:
    """Translate one of like, ilike, similar, ~ and ~*."""
    for one in (value, pattern):
        if category(one.type) not in ("text", "unknown") and one.type != SUPER:
            raise WarehouseError(
                f"operator does not exist: {format_type(value.type, False)} ~~ {format_type(pattern.type, False)}",
                sqlstate="42883",
                hint="LIKE and the like need text: cast the value to VARCHAR.",
            )
    sign = _escape(escape)
    text = as_text(value)
    if op in ("like", "ilike"):
        return Typed(_like(op.upper(), text, pattern, sign), BOOLEAN)
    if op == "similar":
        if pattern.constant is None:
            return Typed(f"rs_similar({text}, {as_text(pattern)})", BOOLEAN)
        return Typed(f"regexp_full_match({text}, {literal(similar_regex(pattern.constant, sign))}, 's')", BOOLEAN)
    options = "'si'" if op == "~*" else "'s'"
    return Typed(f"regexp_matches({text}, {as_text(pattern)}, {options})", BOOLEAN)


def _escape(escape: Typed | None) -> str:
    if escape is None:
        return "\\"
    if escape.constant is None or len(escape.constant) > 1:
        raise WarehouseError("invalid escape string", sqlstate="22019", hint="ESCAPE takes one character")
    return escape.constant


def _like(op: str, text: str, pattern: Typed, sign: str) -> str:
    if pattern.constant is None:
        return f"({text} {op} {as_text(pattern)} ESCAPE {literal(sign)})"
    if not sign or sign not in pattern.constant:
        return f"({text} {op} {literal(pattern.constant)})"
    if _dangling(pattern.constant, sign):
        raise WarehouseError("LIKE pattern must not end with escape character", sqlstate="22025")
    return f"({text} {op} {literal(_plain_escapes(pattern.constant, sign))} ESCAPE {literal(sign)})"


def _dangling(pattern: str, sign: str) -> bool:
    return (len(pattern) - len(pattern.rstrip(sign))) % 2 == 1


def _plain_escapes(pattern: str, sign: str) -> str:
    """Leave an escape only before what needs one: DuckDB refuses any other."""
    found, position = "", 0
    while position < len(pattern):
        if pattern[position] == sign:
            position += 1
            found += sign + pattern[position] if pattern[position] in ("%", "_", sign) else pattern[position]
        else:
            found += pattern[position]
        position += 1
    return found


def similar_regex(pattern: str, escape: str = "\\") -> str:
    """Return the regular expression of a SIMILAR TO pattern; it is matched against the whole text."""
    found, position = "", 0
    while position < len(pattern):
        sign = pattern[position]
        listed = _LIST.match(pattern, position)
        position += 1
        if sign == escape and position < len(pattern):
            found += _literal_sign(pattern[position])
            position += 1
        elif listed is not None:
            found += listed[1] + _listed(listed[2], escape) + "]"
            position = listed.end()
        else:
            found += {"%": ".*", "_": "."}.get(sign) or (sign if sign in "|*+?{}()" else _literal_sign(sign))
    return f"(?:{found})"


_LIST = re.compile(r"(\[\^?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]", re.DOTALL)
_LISTED = re.compile(r"(\[:\w+:\])|\\(.)|(.)", re.DOTALL)


def _listed(signs: str, escape: str) -> str:
    """Return what stands between brackets: classes and ranges as they are, any other sign for itself."""
    found = ""
    for named, escaped, sign in _LISTED.findall(signs):
        if named:
            found += named
        elif escaped:
            found += ("" if escape == "\\" else r"\\") + "\\" * (not escaped.isalnum()) + escaped
        else:
            found += "\\" + sign if sign in "[]&~\\" else sign
    return found


def _literal_sign(sign: str) -> str:
    return "\\" + sign if sign in ".^$*+?{}()[]|\\/-" else sign
