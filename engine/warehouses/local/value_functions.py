"""Functions of any type: NVL, DECODE, GREATEST, ROUND, and those that ask about the session.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_conditional_expressions.html,
https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...datatypes import DataType
from ...errors import WarehouseError
from . import syntax as s
from .casts import as_parameter, cast, stored_value
from .comparisons import compare, compared
from .operators import arithmetic, unified
from .scope import Scope
from .super_arithmetic import function_of
from .types import stored_type
from .values import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    SUPER,
    TEXTS,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    TIMETZ,
    UNKNOWN,
    Typed,
    category,
    format_type,
    is_number,
    literal,
    varchar,
)

Translate = Callable[[s.Expression, Scope], Typed]


def wrong_arguments(node: s.Call, arguments: list[Typed]) -> WarehouseError:
    types = ", ".join("unknown" if a.type == UNKNOWN else format_type(a.type, False) for a in arguments)
    return WarehouseError(
        f"function {node.name}({types}) does not exist",
        sqlstate="42883",
        hint="No function matches the given name and argument types. You may need to add explicit type casts.",
    )


def arguments_of(node: s.Call, scope: Scope, translate: Translate, least: int, most: int | None = None) -> list[Typed]:
    """Translate the arguments. Errors: 42883 where there are too few or too many."""
    values = [translate(argument, scope) for argument in node.arguments]
    if not least <= len(values) <= (most if most is not None else least) or node.over is not None or node.star:
        raise wrong_arguments(node, values)
    return values


def _coalesce(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 1, 1000)
    type_, texts = unified(values, "COALESCE")
    return Typed(f"COALESCE({', '.join(texts)})", type_, "coalesce")


def _isnull(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    type_, texts = unified(arguments_of(node, scope, translate, 2), "ISNULL")
    return Typed(f"COALESCE({', '.join(texts)})", type_)


def _nullif(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    left, right = arguments_of(node, scope, translate, 2)
    left = stored_value(left)
    equal = compare("=", left, right, scope.session.exact_blanks)
    return Typed(f"(CASE WHEN {equal} THEN NULL ELSE {left.sql} END)", left.type)


def _nvl2(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    test, *values = arguments_of(node, scope, translate, 3)
    type_, texts = unified(values, "NVL2")
    return Typed(f"(CASE WHEN {test.sql} IS NOT NULL THEN {texts[0]} ELSE {texts[1]} END)", type_)


def _decode(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """NULL matches NULL."""
    values = arguments_of(node, scope, translate, 3, 1000)
    subject, rest = values[0], values[1:]
    otherwise = rest.pop() if len(rest) % 2 else None
    searches, results = rest[::2], rest[1::2]
    type_, texts = unified([*results, *([otherwise] if otherwise else [])], "DECODE")
    whens = []
    for search, text in zip(searches, texts, strict=False):
        left, (right,) = compared(subject, [search], scope.session.exact_blanks)
        whens.append(f"WHEN {left} IS NOT DISTINCT FROM {right} THEN {text}")
    end = f" ELSE {texts[-1]}" if otherwise else ""
    return Typed(f"(CASE {' '.join(whens)}{end} END)", type_, "case")


def _extreme(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 1, 1000)
    type_, texts = unified(values, node.name.upper())
    return Typed(f"{node.name}({', '.join(texts)})", type_)


def _round(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """ROUND keeps the type; away from zero, as for decimals everywhere."""
    values = arguments_of(node, scope, translate, 1, 2)
    if values[0].type == SUPER:
        return function_of("round", values[0], _digits(node, values))
    value, digits = _roomy(node, _number(node, values)), _digits(node, values)
    if category(value.type) == "int":
        if digits.lstrip("-").isdigit() and int(digits) >= 0:
            return value
        return Typed(f"CAST({_rounded(value.sql, digits)} AS {stored_type(value.type)})", value.type)
    if category(value.type) == "float":
        return Typed(_rounded(value.sql, digits), DOUBLE)
    return Typed(f"CAST({_rounded(value.sql, digits)} AS {stored_type(value.type)})", value.type)


def _rounded(sql: str, digits: str) -> str:
    """DuckDB takes digits that are no constant for floating point alone, and never NULL, which gives NULL."""
    if digits.lstrip("-").isdigit():
        return f"round({sql}, {digits})"
    return f"(CASE WHEN {digits} IS NOT NULL THEN round(CAST({sql} AS DOUBLE), coalesce({digits}, 0)) END)"


def _trunc(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """TRUNC of a timestamp is its date."""
    values = arguments_of(node, scope, translate, 1, 2)
    if category(values[0].type) in ("timestamp", "timestamptz", "date"):
        return Typed(f"CAST({values[0].sql} AS DATE)", DATE)
    if values[0].type == SUPER:
        return Typed(f"rs_super_of(rs_trunc(rs_number_of_super({values[0].sql}), {_digits(node, values)}))", SUPER)
    value, digits = _number(node, values), _digits(node, values)
    if category(value.type) == "int" and digits.isdigit():
        return value
    if category(value.type) == "float" or not digits.isdigit():
        sql = f"rs_trunc({value.sql}, {digits})" if digits != "0" else f"trunc({value.sql})"
        return Typed(f"CAST({sql} AS {stored_type(value.type)})", value.type)
    return Typed(f"CAST(trunc({value.sql}, {digits}) AS {stored_type(value.type)})", value.type)


def _whole(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """CEIL and FLOOR keep the type of the argument."""
    values = arguments_of(node, scope, translate, 1)
    name = "floor" if node.name == "floor" else "ceil"
    if values[0].type == SUPER:
        return function_of(name, values[0])
    value = _roomy(node, _number(node, values))
    if category(value.type) == "int":
        return value
    return Typed(f"CAST({name}({value.sql}) AS {stored_type(value.type)})", value.type)


def _number(node: s.Call, values: list[Typed]) -> Typed:
    value = values[0]
    if value.type in (UNKNOWN, SUPER):
        return cast(value, DOUBLE)
    if not is_number(value.type):
        raise wrong_arguments(node, values)
    return value


def _roomy(node: s.Call, value: Typed) -> Typed:
    """A constant has just the digits that it is written with: 9.5 needs one more to become 10."""
    constant = node.arguments[0].value if isinstance(node.arguments[0], s.Unary) else node.arguments[0]
    precision, scale = value.type.precision or 38, value.type.scale or 0
    if not isinstance(constant, s.Number) or value.type.name != "decimal" or precision == 38:
        return value
    return cast(value, DataType("decimal", precision=precision + 1, scale=scale))


def _digits(node: s.Call, values: list[Typed]) -> str:
    if len(values) < 2:
        return "0"
    if category(values[1].type) not in ("int", "unknown"):
        raise wrong_arguments(node, values)
    text = as_parameter("int", values[1])
    if not text.strip("()- ").isdigit():
        return f"CAST({text} AS INTEGER)"
    digits = text.strip("()").replace(" ", "")
    if abs(int(digits)) > 2147483647:
        raise WarehouseError(f"integer out of range: {digits}", sqlstate="22003")
    return digits


def _mod(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    left, right = arguments_of(node, scope, translate, 2)
    return arithmetic("%", left, right)


def _array(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 0, 1000)
    return Typed(f"CAST(json_array({', '.join(v.sql for v in values)}) AS JSON)", SUPER)


def _object(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 0, 1000)
    if len(values) % 2 or any(category(key.type) not in ("text", "unknown") for key in values[::2]):
        raise wrong_arguments(node, values)
    return Typed(f"CAST(json_object({', '.join(v.sql for v in values)}) AS JSON)", SUPER)


def _path_text(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """JSON_EXTRACT_PATH_TEXT: what is missing is '' (an assumption: newer pages may say NULL)."""
    values = arguments_of(node, scope, translate, 2, 7)
    null_if_invalid = "FALSE"
    if values[-1].type == BOOLEAN:
        null_if_invalid = values.pop().sql
    steps = [as_parameter("text", value) for value in values[1:]]
    text = as_parameter("text", values[0])
    path = " || ".join(["'$'", *(f"rs_json_step({step})" for step in steps)])
    if all(value.constant is not None for value in values[1:]):
        path = literal("$" + "".join('."' + (v.constant or "").replace('"', '\\"') + '"' for v in values[1:]))
        index = [v.constant or "" for v in values[1:]]
        if any(step.isdigit() for step in index):
            path = " || ".join(["'$'", *(f"rs_json_step({literal(step)})" for step in index)])
    return Typed(f"rs_json_path_text({text}, {path}, {null_if_invalid})", varchar())


def _fact(name: str, type_: Any) -> Callable[[s.Call, Scope, Translate], Typed]:
    """A function that asks about the session; its answer is not to be remembered with the statement."""

    def read(node: s.Call, scope: Scope, translate: Translate) -> Typed:
        arguments_of(node, scope, translate, 0, 1)
        scope.session.volatile = True
        return Typed(scope.session.facts[name], type_)

    return read


def _current_schemas(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (implicit_too,) = arguments_of(node, scope, translate, 1)
    scope.session.volatile = True
    schemas = scope.session.facts["current_schemas"]
    return Typed(f"(CASE WHEN {implicit_too.sql} THEN ['pg_catalog'] ELSE [] END || {schemas})", TEXTS)


def _current_setting(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (name,) = arguments_of(node, scope, translate, 1)
    if name.constant is None:
        raise WarehouseError("not supported locally: CURRENT_SETTING of anything but a constant", sqlstate="0A000")
    scope.session.volatile = True
    return Typed(literal(scope.session.setting(name.constant.lower())), varchar(256))


def _clock(sql: str, type_: Any) -> Callable[[s.Call, Scope, Translate], Typed]:
    def read(node: s.Call, scope: Scope, translate: Translate) -> Typed:
        arguments_of(node, scope, translate, 0)
        return Typed(sql, type_)

    return read


_UTC_NOW = "timezone('UTC', now())"

FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    "coalesce": _coalesce, "nvl": _coalesce, "isnull": _isnull,  "nullif": _nullif, "nvl2": _nvl2,
    "decode": _decode, "greatest": _extreme, "least": _extreme, "round": _round, "trunc": _trunc, "ceil": _whole,
    "ceiling": _whole, "floor": _whole, "mod": _mod, "array": _array,
    "object": _object, "json_extract_path_text": _path_text,
    "getdate": _clock(f"date_trunc('second', {_UTC_NOW})", TIMESTAMP),
    "sysdate": _clock(_UTC_NOW, TIMESTAMP),
    "current_timestamp": _clock("now()", TIMESTAMPTZ), "now": _clock("now()", TIMESTAMPTZ),
    "localtimestamp": _clock(_UTC_NOW, TIMESTAMP), "localtime": _clock(f"CAST({_UTC_NOW} AS TIME)", TIME),
    "current_time": _clock(f"CAST(CAST({_UTC_NOW} AS TIME) AS TIMETZ)", TIMETZ),
    "current_date": _clock(f"CAST({_UTC_NOW} AS DATE)", DATE),
    "current_user": _fact("current_user", varchar(128)), "user": _fact("current_user", varchar(128)),
    "session_user": _fact("current_user", varchar(128)), "current_user_id": _fact("current_user_id", INTEGER),
    "current_schema": _fact("current_schema", varchar(128)), "current_schemas": _current_schemas,
    "current_database": _fact("current_database", varchar(128)), "version": _fact("version", varchar(256)),
    "pg_backend_pid": _fact("pg_backend_pid", INTEGER),
    "pg_last_copy_count": _fact("pg_last_copy_count", BIGINT), "pg_last_copy_id": _fact("pg_last_copy_id", INTEGER),
    "pg_last_query_id": _fact("pg_last_query_id", INTEGER), "last_user_query_id": _fact("pg_last_query_id", BIGINT),
    "pg_last_unload_count": _fact("pg_last_unload_count", BIGINT),
    "current_setting": _current_setting,
}  # fmt: skip
