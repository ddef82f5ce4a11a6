"""Comparing values: types that must agree, and blanks at the end of a text that do not count.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html#r_Character_types-significance-of-trailing-blanks
"""

from __future__ import annotations

from ...datatypes import DataType
from ...errors import WarehouseError
from .casts import as_text, implicit
from .values import DOUBLE, SUPER, UNKNOWN, Typed, category, common_type, format_type, literal, unlike


def compare(op: str, left: Typed, right: Typed, exact_blanks: bool) -> str:
    """Return the text of a comparison. Errors: WarehouseError 42883 for types that do not compare."""
    if op == "=" and (left.type == SUPER) != (right.type == SUPER):
        one, (two,) = compared(left, [right], exact_blanks)
        given = f"{left.sql} IS NOT NULL AND {right.sql} IS NOT NULL"
        return f"(CASE WHEN {given} THEN coalesce({one} = {two}, FALSE) END)"
    if left.nocase or right.nocase or not _is_text(left, right):
        one, (two,) = compared(left, [right], exact_blanks)
        return f"({one} {op} {two})"
    if right.constant is None and left.constant is not None:
        return compare({"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(op, op), right, left, exact_blanks)
    if right.constant is not None and left.constant is None and left.type.name == "varchar" and exact_blanks:
        return _with_constant(op, left, right.constant.rstrip(" "))
    one, (two,) = compared(left, [right], exact_blanks)
    return f"({one} {op} {two})"


def _with_constant(op: str, value: Typed, constant: str) -> str:
    """Compare with a constant so that DuckDB can still skip what its statistics rule out.

    Everything that equals 'x' but for blanks at its end lies from 'x' up to, but not with, 'x!'.
    """
    text = literal(constant)
    if op == "=" and "\0" not in constant:
        return f"({value.sql} >= {text} AND {value.sql} < {literal(constant + '!')} AND {key(value)} = {text})"
    if op in (">=", "<"):
        return f"({value.sql} {op} {text})"
    return f"({key(value)} {op} {text})"


def key(value: Typed) -> str:
    """Return a text that is equal for texts that differ only in blanks at their end."""
    if value.constant is not None:
        return literal(value.constant.rstrip(" "))
    if value.type.name == "char":
        return value.sql
    return f"(CASE WHEN ends_with({value.sql}, ' ') THEN rtrim({value.sql}, ' ') ELSE {value.sql} END)"


def compared(value: Typed, others: list[Typed], exact_blanks: bool) -> tuple[str, list[str]]:
    """Return the texts of `value` and `others` in a type in which they compare. Errors: WarehouseError 42883."""
    everything = [value, *others]
    if any(one.type == SUPER for one in everything):
        texts = _in_super(everything)
        return texts[0], texts[1:]
    type_ = common_type([one.type for one in everything])
    if type_ is None:
        one_type, other_type = unlike([one.type for one in everything])
        raise WarehouseError(
            f"operator does not exist: {format_type(one_type, False)} = {format_type(other_type, False)}",
            sqlstate="42883",
            hint="No operator matches the given name and argument type(s). You may need to add explicit type casts.",
        )
    if type_ == UNKNOWN or type_.is_text:
        texts = [key(one) if exact_blanks else _plain_key(one) for one in everything]
        return texts[0], texts[1:]
    texts = [_as(one, type_) for one in everything]
    return texts[0], texts[1:]


def _as(value: Typed, type_: DataType) -> str:
    """Numbers of most types compare as they are: DuckDB widens them, and can then still use its statistics.

    A REAL is compared as DOUBLE PRECISION, where DuckDB narrows what it is compared with.
    """
    if type_ == DOUBLE and value.type.name in ("real", "decimal") and value.constant is None:
        return f"CAST({value.sql} AS DOUBLE)"
    number = ("int", "decimal", "float")
    if value.constant is None and category(value.type) in number and category(type_) in number:
        return value.sql
    return implicit(value, type_)


def _plain_key(value: Typed) -> str:
    return literal(value.constant.rstrip(" ")) if value.constant is not None else value.sql


def _is_text(left: Typed, right: Typed) -> bool:
    kinds = {category(left.type), category(right.type)}
    return kinds <= {"text", "unknown"}


def _in_super(values: list[Typed]) -> list[str]:
    """Compare a SUPER value in the type of the other side; what has not that type is NULL, as lax mode says.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/query-super.html#dynamic-typing
    """
    others = [value for value in values if value.type != SUPER]
    if not others:
        return [f"CAST({value.sql} AS VARCHAR)" for value in values]
    type_ = common_type([value.type for value in others]) or DOUBLE
    if type_ == UNKNOWN or type_.is_text:
        return [f"rs_string_of_super({v.sql})" if v.type == SUPER else as_text(v) for v in values]
    target = DOUBLE if category(type_) in ("int", "float", "decimal") else type_
    if target == DOUBLE:
        return [f"rs_number_of_super({v.sql})" if v.type == SUPER else implicit(v, DOUBLE) for v in values]
    return [implicit(value, target) for value in values]
