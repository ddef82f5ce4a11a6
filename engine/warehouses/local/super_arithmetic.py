"""Arithmetic on SUPER values: their types are known only when they are computed, and the result is SUPER again.

What is no number gives NULL; + joins two strings. Whole numbers stay whole; where one has a fraction, both become
floating point of 15 digits (Redshift reckons in decimals of any scale).
Source: https://docs.aws.amazon.com/redshift/latest/dg/operators-functions.html
"""

from __future__ import annotations

from .casts import implicit
from .values import SUPER, Typed, category

_MACROS = {
    "+": "rs_super_plus",
    "-": "rs_super_minus",
    "*": "rs_super_times",
    "/": "rs_super_divided",
    "%": "rs_super_modulo",
}
_KINDS = ("int", "decimal", "float", "text", "unknown", "bool", "super")


def is_dynamic(op: str, left: Typed, right: Typed) -> bool:
    """Tell whether this is arithmetic whose types only the values know."""
    kinds = category(left.type), category(right.type)
    return op in _MACROS and "super" in kinds and all(kind in _KINDS for kind in kinds)


def dynamic(op: str, left: Typed, right: Typed) -> Typed:
    return Typed(f"{_MACROS[op]}({implicit(left, SUPER)}, {implicit(right, SUPER)})", SUPER)


def negative(value: Typed) -> Typed:
    return Typed(f"rs_super_minus(CAST('0' AS JSON), {value.sql})", SUPER)


def function_of(name: str, value: Typed, *digits: str) -> Typed:
    """CEIL, FLOOR, ROUND or TRUNC of a SUPER value."""
    return Typed(f"rs_super_of({name}({', '.join([f'rs_number_of_super({value.sql})', *digits])}))", SUPER, name)
