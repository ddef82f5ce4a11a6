"""REGEXP_… functions.

Source: https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_REPLACE.html, REGEXP_SUBSTR.html, REGEXP_COUNT.html,
REGEXP_INSTR.html
"""

from __future__ import annotations

from collections.abc import Callable

from ...errors import WarehouseError
from . import syntax as s
from .casts import as_parameter
from .scope import Scope
from .value_functions import Translate, arguments_of
from .values import INTEGER, Typed, literal, varchar


def _options(value: Typed | None, name: str) -> tuple[str, bool, bool]:
    """Return DuckDB's options, whether a subexpression is asked for, and whether the pattern is PCRE."""
    if value is None:
        return "'s'", False, False
    if value.constant is None or not set(value.constant) <= set("ceip"):
        raise WarehouseError(f"invalid parameters of {name}: they are of c, e, i and p", sqlstate="22023")
    return ("'si'" if "i" in value.constant else "'s'"), "e" in value.constant, "p" in value.constant


def _substr(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """REGEXP_SUBSTR: no match gives ''."""
    values = arguments_of(node, scope, translate, 2, 5)
    options, sub, _ = _options(values[4] if len(values) > 4 else None, "REGEXP_SUBSTR")
    text, pattern = as_parameter("text", values[0]), as_parameter("text", values[1])
    start = as_parameter("int", values[2]) if len(values) > 2 else "1"
    occurrence = as_parameter("int", values[3]) if len(values) > 3 else "1"
    group = "1" if sub and "(" in (values[1].constant or "(") else "0"
    if start == occurrence == "1":
        return Typed(f"regexp_extract({text}, {pattern}, {group}, {options})", varchar(values[0].type.length))
    return Typed(
        f"rs_regexp_nth({text}, {pattern}, {start}, {occurrence}, {group}, {options})", varchar(values[0].type.length)
    )


def _replace(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """REGEXP_REPLACE replaces every match; $1 or \\1 in the replacement is a subexpression."""
    values = arguments_of(node, scope, translate, 2, 5)
    options, _, _ = _options(values[4] if len(values) > 4 else None, "REGEXP_REPLACE")
    text, pattern = as_parameter("text", values[0]), as_parameter("text", values[1])
    new = "''"
    if len(values) > 2:
        constant = values[2].constant
        new = literal(_groups(constant)) if constant is not None else as_parameter("text", values[2])
    options = options[:-1] + "g'"
    if len(values) > 3 and values[3].sql != "1":
        start = as_parameter("int", values[3])
        return Typed(
            f"(left({text}, {start} - 1) || regexp_replace(substring({text}, {start}), {pattern}, {new}, {options}))",
            varchar(),
        )
    return Typed(f"regexp_replace({text}, {pattern}, {new}, {options})", varchar())


def _groups(replacement: str) -> str:
    found = ""
    for position, sign in enumerate(replacement):
        follows = replacement[position + 1 : position + 2]
        found += "\\" if sign == "$" and follows.isdigit() else sign
    return found


def _count(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 2, 4)
    options, _, _ = _options(values[3] if len(values) > 3 else None, "REGEXP_COUNT")
    text, pattern = as_parameter("text", values[0]), as_parameter("text", values[1])
    if len(values) > 2:
        text = f"substring({text}, {as_parameter('int', values[2])})"
    return Typed(f"CAST(len(regexp_extract_all({text}, {pattern}, 0, {options})) AS INTEGER)", INTEGER)


def _instr(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """REGEXP_INSTR: where the match begins, or with option 1 the character after it; 0 if there is none."""
    values = arguments_of(node, scope, translate, 2, 6)
    options, _, _ = _options(values[5] if len(values) > 5 else None, "REGEXP_INSTR")
    text, pattern = as_parameter("text", values[0]), as_parameter("text", values[1])
    start, occurrence, after = (
        as_parameter("int", values[at]) if len(values) > at else default
        for at, default in ((2, "1"), (3, "1"), (4, "0"))
    )
    return Typed(
        f"CAST(rs_regexp_instr({text}, {pattern}, {start}, {occurrence}, {after}, {options}) AS INTEGER)", INTEGER
    )


FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    "regexp_substr": _substr, "regexp_replace": _replace, "regexp_count": _count, "regexp_instr": _instr,
}  # fmt: skip
