"""REGEXP_… functions, TEXT_TO_NUMERIC_ALT and COLLATE.

Source: https://docs.aws.amazon.com/redshift/latest/dg/REGEXP_REPLACE.html, REGEXP_SUBSTR.html, REGEXP_COUNT.html,
REGEXP_INSTR.html, r_TEXT_TO_NUMERIC_ALT.html, r_COLLATE.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...errors import WarehouseError
from ...records import frozen
from . import syntax as s
from .casts import as_parameter, as_text
from .scope import Scope
from .types import stored_type
from .value_functions import Translate, arguments_of
from .values import INTEGER, Typed, decimal, literal, varchar


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
    if pcre := _looks_around(values, 4):
        return Typed(literal(pcre.substr(sub)), varchar(values[0].type.length))
    group = "1" if sub and "(" in (values[1].constant if values[1].constant is not None else "(") else "0"
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
    if pcre := _looks_around(values, 4, replaces=True):
        return Typed(literal(pcre.replaced()), varchar())
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
    if pcre := _looks_around(values, 3):
        return Typed(str(len(pcre.matches)), INTEGER)
    if len(values) > 2:
        text = f"substring({text}, {as_parameter('int', values[2])})"
    return Typed(f"CAST(len(regexp_extract_all({text}, {pattern}, 0, {options})) AS INTEGER)", INTEGER)


def _instr(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """REGEXP_INSTR: where the match begins, or with option 1 the character after it; 0 if there is none."""
    values = arguments_of(node, scope, translate, 2, 6)
    options, _, _ = _options(values[5] if len(values) > 5 else None, "REGEXP_INSTR")
    text, pattern = as_parameter("text", values[0]), as_parameter("text", values[1])
    if pcre := _looks_around(values, 5):
        return Typed(str(pcre.instr()), INTEGER)
    start, occurrence, after = (
        as_parameter("int", values[at]) if len(values) > at else default
        for at, default in ((2, "1"), (3, "1"), (4, "0"))
    )
    return Typed(
        f"CAST(rs_regexp_instr({text}, {pattern}, {start}, {occurrence}, {after}, {options}) AS INTEGER)", INTEGER
    )


# --- look-around -----------------------------------------------------------------------------------------------------

_AROUND = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]")


@frozen
class _Pcre:
    """A call with look-around, of constants: DuckDB's regular expressions have none, Python's have."""

    numbers: tuple[int, ...]
    """Where to begin, which match, and whether its end is asked for."""
    text: str
    new: str
    pattern: re.Pattern[str]

    @property
    def matches(self) -> list[re.Match[str]]:
        start = self.numbers[0] if self.numbers else 1
        return [match for match in self.pattern.finditer(self.text, start - 1) if match.group()]

    def _match(self) -> re.Match[str] | None:
        wanted = self.numbers[1] if len(self.numbers) > 1 else 1
        return self.matches[wanted - 1] if 0 < wanted <= len(self.matches) else None

    def substr(self, sub: bool) -> str:
        match = self._match()
        return (match[1] or "" if sub and self.pattern.groups else match.group()) if match is not None else ""

    def instr(self) -> int:
        match = self._match()
        if match is None:
            return 0
        return (match.end() if len(self.numbers) > 2 and self.numbers[2] else match.start()) + 1

    def replaced(self) -> str:
        start = self.numbers[0] - 1 if self.numbers else 0
        new = re.sub(r"[$\\]([0-9])", r"\\g<\1>", self.new)
        return self.text[:start] + self.pattern.sub(new, self.text[start:])


def _looks_around(values: list[Typed], options: int, *, replaces: bool = False) -> _Pcre | None:
    """Return the call for Python where its pattern looks around, which only option p allows.

    Errors: WarehouseError 0A000 where the text is no constant, 2201B for a bad pattern.
    """
    given = values[options].constant or "" if len(values) > options else ""
    pattern = values[1].constant or ""
    if "p" not in given or not _AROUND.search(pattern):
        return None
    between = values[2:options]
    new = (between.pop(0).constant if between else "") if replaces else ""
    if values[0].constant is None or new is None or not all(value.sql.isdigit() for value in between):
        raise WarehouseError(
            "not supported locally: look-around and back references, but in constants", sqlstate="0A000"
        )
    try:
        compiled = re.compile(pattern, re.DOTALL | (re.IGNORECASE if "i" in given else 0))
    except re.error as problem:
        raise WarehouseError(f"invalid regular expression: {problem}", sqlstate="2201B") from None
    return _Pcre(tuple(int(value.sql) for value in between), values[0].constant, new, compiled)


# --- others ----------------------------------------------------------------------------------------------------------


def _text_to_numeric_alt(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """TEXT_TO_NUMERIC_ALT: what lies in the middle is rounded to the even number."""
    values = arguments_of(node, scope, translate, 1, 4)
    if len(values) in (2, 4):
        raise WarehouseError("not supported locally: TEXT_TO_NUMERIC_ALT with a format", sqlstate="0A000")
    sizes = [value.sql for value in values[1:]] or ["38", "0"]
    if not all(size.isdigit() for size in sizes) or not int(sizes[1]) <= int(sizes[0]) <= 38 or sizes[0] == "0":
        raise WarehouseError("precision and scale are constants up to 38", sqlstate="22023")
    type_ = decimal(int(sizes[0]), int(sizes[1]))
    text = f"rs_alternative_number({as_parameter('text', values[0])}, {sizes[1]})"
    return Typed(f"CAST({text} AS {stored_type(type_)})", type_)


def collated(value: Typed, collation: str) -> Typed:
    """Return a text that compares by `collation`. Errors: WarehouseError 42704."""
    if collation not in ("case_sensitive", "case_insensitive", "cs", "ci"):
        raise WarehouseError(f'collation "{collation}" does not exist', sqlstate="42704")
    nocase = collation in ("case_insensitive", "ci")
    type_ = value.type if value.type.is_text else varchar(len((value.constant or "").encode()))
    return Typed(f"({as_text(value)} COLLATE {'NOCASE' if nocase else 'BINARY'})", type_, value.name, nocase=nocase)


def _collate(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    value, collation = arguments_of(node, scope, translate, 2)
    return collated(value, (collation.constant or "").lower())


FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    "regexp_substr": _substr, "regexp_replace": _replace, "regexp_count": _count, "regexp_instr": _instr,
    "text_to_numeric_alt": _text_to_numeric_alt, "collate": _collate,
}  # fmt: skip
