"""An expression of Redshift SQL -> DuckDB text with its Redshift type."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...errors import WarehouseError
from . import supers
from . import syntax as s
from .calls import call
from .casts import cast, implicit
from .catalog import SYSTEM_SCHEMAS
from .comparisons import compare, compared
from .intervals import interval_sql
from .operators import arithmetic, concatenate, no_operator, unified
from .patterns import match
from .rewriting import OUTER, PRIOR
from .scope import Scope, resolve
from .super_arithmetic import negative
from .text_functions import collated
from .values import (
    ARRAYS,
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    INTERVAL,
    MONTHS,
    SMALLINT,
    SMALLINTS,
    SUPER,
    TEXTS,
    UNKNOWN,
    Typed,
    category,
    decimal,
    format_type,
    is_number,
    literal,
)


def expression(node: s.Expression, scope: Scope) -> Typed:
    """Translate one expression. Errors: WarehouseError, which says where unless nobody wrote the expression."""
    watch = scope.session.watch
    if watch is not None and watch.forgives(node):
        return Typed("NULL", SUPER)
    try:
        found = _TRANSLATIONS[type(node)](node, scope)
    except WarehouseError as error:
        if error.span is None and node.start >= 0:
            error.span = (node.start, node.end)
        raise
    if watch is not None:
        watch.value(node, found)
    if scope.keys and not scope.inside_aggregate:
        key = scope.keys.get(found.sql)
        if key is not None:
            found.sql, found.units = key, ""
    return found


def condition(node: s.Expression, scope: Scope, clause: str) -> str:
    """Translate a condition. Errors: 42804 where it is not boolean."""
    before, scope.clause = scope.clause, clause
    value = expression(node, scope)
    scope.clause = before
    try:
        return truth(value, clause)
    except WarehouseError as error:
        error.span = (node.start, node.end) if node.start >= 0 else None
        raise


def truth(value: Typed, clause: str) -> str:
    if value.type in (BOOLEAN, UNKNOWN, SUPER):
        return implicit(value, BOOLEAN)
    if value.type == INTEGER and value.sql in ("0", "1"):
        return "TRUE" if value.sql == "1" else "FALSE"  # WHERE 1 AND …, as sqlalchemy-redshift sends it
    raise WarehouseError(
        f"argument of {clause} must be type boolean, not type {format_type(value.type, False)}", sqlstate="42804"
    )


def _number(node: s.Number, scope: Scope) -> Typed:
    text = node.text
    if "e" in text or "E" in text:
        if math.isinf(float(text)):
            raise WarehouseError(f'"{text}" is out of range for type double precision', sqlstate="22003")
        return Typed(f"CAST({text} AS DOUBLE)", DOUBLE)
    whole, point, fraction = text.partition(".")
    if not point:
        value = int(text)
        if value <= 2147483647:
            return Typed(str(value), INTEGER)
        if value <= 9223372036854775807:
            return Typed(str(value), BIGINT)
    digits = whole.lstrip("0") + fraction
    precision = max(len(digits), len(fraction), 1)
    if precision > 38:
        return Typed(f"CAST('{text}' AS DOUBLE)", DOUBLE)
    return Typed(
        f"CAST('{whole or '0'}.{fraction}' AS DECIMAL({precision},{len(fraction)}))", decimal(precision, len(fraction))
    )


def _text(node: s.Text, scope: Scope) -> Typed:
    if "\0" in node.value:
        raise WarehouseError("a string may not hold the character NUL", sqlstate="22021")
    return Typed(literal(node.value), UNKNOWN, constant=node.value)


def _constant(node: s.Constant, scope: Scope) -> Typed:
    if node.default:
        raise WarehouseError("DEFAULT is not allowed in this context", sqlstate="42601")
    if node.value is None:
        return Typed("NULL", UNKNOWN)
    return Typed("TRUE" if node.value else "FALSE", BOOLEAN, "bool")


def _name(node: s.Name, scope: Scope) -> Typed:
    first = node.parts[0]
    if isinstance(first, str) and first.startswith("$") and first[1:].isdigit():
        return _parameter(int(first[1:]), scope)
    value, rest = _named(node, scope)
    if scope.session.watch is not None:
        scope.session.watch.name(node, value)
    return _inside(value, rest, scope) if rest else value


def _named(node: s.Name, scope: Scope) -> tuple[Typed, tuple[object, ...]]:
    """Return what a name means, and the steps that are left over."""
    first = node.parts[0]
    if len(node.parts) == 1 and isinstance(first, str):
        column = _column_or_alias(first, scope)
        if column is not None:
            return column, ()
    if node.parts[-1] == "*" or not isinstance(first, str):
        raise WarehouseError('syntax error at or near "*"', sqlstate="42601")
    if len(node.parts) > 1 and first in scope.aliases and scope.column(first) is None:
        return scope.aliases[first], node.parts[1:]
    return resolve(scope, node.parts)


def _column_or_alias(name: str, scope: Scope) -> Typed | None:
    column = scope.column(name)
    if column is not None:
        return column
    if name in scope.aliases:
        alias = scope.aliases[name]
        return Typed(alias.sql, alias.type, name, alias.constant, alias.nocase)
    return None


def _parameter(number: int, scope: Scope) -> Typed:
    parameters = scope.session.parameters
    if not 1 <= number <= len(parameters):
        raise WarehouseError(f"there is no parameter ${number}", sqlstate="42P02")
    return parameters[number - 1]


def _step(scope: Scope) -> Callable[[Any], Typed]:
    return lambda node: expression(node, scope)


def _steps(node: s.Step, scope: Scope) -> Typed:
    return _inside(expression(node.value, scope), node.path, scope)


def _inside(value: Typed, path: tuple[object, ...], scope: Scope) -> Typed:
    """Return what lies at `path` inside a SUPER value, or in a catalog's array, whose elements count from 1."""
    if value.type in ARRAYS and len(path) == 1 and not isinstance(path[0], str):
        (step,) = path
        index = str(step) if isinstance(step, int) else implicit(expression(step, scope), INTEGER)  # type: ignore[arg-type]
        return Typed(f"{value.sql}[{index}]", ARRAYS[value.type], value.name)
    return supers.navigate(value, path, _step(scope))


def _star(node: s.Star, scope: Scope) -> Typed:
    raise WarehouseError('syntax error at or near "*"', sqlstate="42601", hint="* stands alone in a select list")


def _unary(node: s.Unary, scope: Scope) -> Typed:
    if node.op in (OUTER, PRIOR):
        where = "WHERE, in a list of tables" if node.op == OUTER else "CONNECT BY"
        raise WarehouseError(f"{node.op.upper()} stands only in {where}", sqlstate="42601")
    value = expression(node.value, scope)
    if node.op == "not":
        return Typed(f"(NOT {truth(value, 'NOT')})", BOOLEAN)
    if value.type == SUPER and node.op == "-":
        return negative(value)
    if value.type in (UNKNOWN, SUPER):
        value = cast(value, BIGINT if node.op == "~" else DOUBLE)
    if node.op == "-" and value.type in (INTERVAL, MONTHS):
        return Typed(f"(- {value.sql})", value.type)
    if not is_number(value.type) or (node.op == "~" and category(value.type) != "int"):
        raise no_operator(node.op, None, value)
    if node.op == "-":
        return Typed(f"(- {value.sql})", value.type)
    template, type_ = {"@": ("abs({})", value.type), "~": ("(~ {})", value.type), "|/": ("rs_sqrt({})", DOUBLE)}.get(
        node.op, ("rs_cbrt({})", DOUBLE)
    )
    return Typed(template.format(value.sql), type_)


def _binary(node: s.Binary, scope: Scope) -> Typed:
    op = node.op
    if op in ("and", "or"):
        left, right = expression(node.left, scope), expression(node.right, scope)
        return Typed(f"({truth(left, op.upper())} {op.upper()} {truth(right, op.upper())})", BOOLEAN)
    if op in ("=", "<>", "<", ">", "<=", ">="):
        return _comparison(node, scope)
    left, right = expression(node.left, scope), expression(node.right, scope)
    if op == "||":
        return concatenate(left, right)
    return arithmetic(op, left, right)


def _comparison(node: s.Binary, scope: Scope) -> Typed:
    if isinstance(node.left, s.Row) and isinstance(node.right, s.Row):
        return _row_comparison(node, scope)
    left, right = expression(node.left, scope), expression(node.right, scope)
    return Typed(compare(node.op, left, right, scope.session.exact_blanks), BOOLEAN)


def _row_comparison(node: s.Binary, scope: Scope) -> Typed:
    assert isinstance(node.left, s.Row)
    assert isinstance(node.right, s.Row)
    if len(node.left.values) != len(node.right.values):
        raise WarehouseError("unequal number of entries in row expressions", sqlstate="42601")
    if node.op not in ("=", "<>"):
        raise WarehouseError("not supported locally: an order of rows", sqlstate="0A000")
    pairs = zip(node.left.values, node.right.values, strict=True)
    equal = [_comparison(s.Binary("=", left, right), scope).sql for left, right in pairs]
    joined = f"({' AND '.join(equal)})"
    return Typed(joined if node.op == "=" else f"(NOT {joined})", BOOLEAN)


def _is(node: s.Is, scope: Scope) -> Typed:
    value = expression(node.value, scope)
    if node.what is None or node.what == "unknown":
        return Typed(f"({value.sql} IS NULL)" if value.type != SUPER else supers.is_null(value), BOOLEAN)
    return Typed(f"({truth(value, 'IS TRUE')} IS {'TRUE' if node.what else 'FALSE'})", BOOLEAN)


def _between(node: s.Between, scope: Scope) -> Typed:
    low = s.Binary(">=", node.value, node.low)
    high = s.Binary("<=", node.value, node.high)
    return _binary(s.Binary("and", low, high), scope)


def _in(node: s.In, scope: Scope) -> Typed:
    if isinstance(node.choices, s.Query):
        return _in_query(node, scope)
    if isinstance(node.value, s.Row):
        equal = [_comparison(s.Binary("=", node.value, choice), scope).sql for choice in node.choices]
        return Typed(f"({' OR '.join(equal)})", BOOLEAN)
    value = expression(node.value, scope)
    choices = [expression(choice, scope) for choice in node.choices]
    left, rights = compared(value, choices, scope.session.exact_blanks)
    return Typed(f"({left} IN ({', '.join(rights)}))", BOOLEAN)


def _in_query(node: s.In, scope: Scope) -> Typed:
    assert isinstance(node.choices, s.Query)
    query, columns = _subquery(node.choices, scope)
    values = node.value.values if isinstance(node.value, s.Row) else (node.value,)
    if len(values) != len(columns):
        raise WarehouseError(
            "subquery has too many columns" if len(values) < len(columns) else "subquery has too few columns",
            sqlstate="42601",
        )
    lefts: list[str] = []
    rights: list[str] = []
    for value, column in zip(values, columns, strict=True):
        right = Typed(f"q.c{len(rights)}", column.type, nocase=column.nocase)
        left, (right_sql,) = compared(expression(value, scope), [right], scope.session.exact_blanks)
        lefts.append(left)
        rights.append(right_sql)
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    plain = [f"q.{name}" for name in names.split(", ")] == rights
    chosen = query if plain else f"SELECT {', '.join(rights)} FROM ({query}) AS q({names})"
    left_sql = lefts[0] if len(lefts) == 1 else f"({', '.join(lefts)})"
    return Typed(f"({left_sql} IN ({chosen}))", BOOLEAN)


def _quantified(node: s.Quantified, scope: Scope) -> Typed:
    query, columns = _subquery(node.query, scope)
    if len(columns) != 1:
        raise WarehouseError("subquery must return only one column", sqlstate="42601")
    value = expression(node.value, scope)
    left, (right,) = compared(value, [Typed("q.c", columns[0].type)], scope.session.exact_blanks)
    return Typed(f"({left} {node.op} {'ALL' if node.all else 'ANY'} (SELECT {right} FROM ({query}) AS q(c)))", BOOLEAN)


def _in_array(node: s.InArray, scope: Scope) -> Typed:
    array = expression(node.array, scope)
    if array.type not in ARRAYS:
        raise WarehouseError("op ANY/ALL (array) is not supported", sqlstate="0A000", hint="use IN (…)")
    value = implicit(expression(node.value, scope), ARRAYS[array.type])
    word = "ALL" if node.all else "ANY"
    return Typed(f"({value} {node.op} {word} (SELECT unnest({array.sql})))", BOOLEAN)


def _array(node: s.Array, scope: Scope) -> Typed:
    """Queries of catalogs alone run where PostgreSQL's arrays are known; elsewhere Redshift refuses them."""
    if not scope.items or any(item.schema not in SYSTEM_SCHEMAS for item in scope.items):
        raise WarehouseError("ARRAY[…] is not supported", sqlstate="0A000", hint="write ARRAY(…)")
    values = [expression(value, scope) for value in node.values]
    type_ = SMALLINTS if all(value.type == SMALLINT for value in values) else TEXTS
    return Typed(f"[{', '.join(implicit(value, ARRAYS[type_]) for value in values)}]", type_, "array")


def _exists(node: s.Exists, scope: Scope) -> Typed:
    return Typed(f"(EXISTS ({_subquery(node.query, scope)[0]}))", BOOLEAN, "exists")


def _scalar(node: s.Scalar, scope: Scope) -> Typed:
    query, columns = _subquery(node.query, scope)
    if len(columns) != 1:
        raise WarehouseError("subquery must return only one column", sqlstate="42601")
    return Typed(f"({query})", columns[0].type, columns[0].name)


def _subquery(query: s.Query, scope: Scope) -> tuple[str, tuple[Any, ...]]:
    return scope.session.subquery(query, Scope(scope.session, scope))


def _row(node: s.Row, scope: Scope) -> Typed:
    raise WarehouseError("not supported locally: a row of values here", sqlstate="0A000")


def _case(node: s.Case, scope: Scope) -> Typed:
    results = [expression(result, scope) for _, result in node.whens]
    if node.otherwise is not None:
        results.append(expression(node.otherwise, scope))
    type_, texts = unified(results, "CASE")
    whens = []
    for (when, _), then in zip(node.whens, texts, strict=False):
        if node.value is None:
            test = truth(expression(when, scope), "CASE/WHEN")
        else:
            test = _comparison(s.Binary("=", node.value, when), scope).sql
        whens.append(f"WHEN {test} THEN {then}")
    otherwise = f" ELSE {texts[-1]}" if node.otherwise is not None else ""
    return Typed(f"(CASE {' '.join(whens)}{otherwise} END)", type_, "case")


def _cast(node: s.Cast, scope: Scope) -> Typed:
    value = expression(node.value, scope)
    found = cast(value, node.type, attempt=node.try_)
    if found.name == "?column?":
        found.name = _CAST_NAMES.get(node.type.name, node.type.name)
    return found


_CAST_NAMES = {
    "integer": "int4", "bigint": "int8", "smallint": "int2", "decimal": "numeric", "double precision": "float8",
    "real": "float4", "boolean": "bool", "char": "bpchar",
}  # fmt: skip


def _interval(node: s.Interval, scope: Scope) -> Typed:
    type_ = MONTHS if node.fields and node.fields.split()[-1].rstrip("s") in ("year", "month") else INTERVAL
    return Typed(interval_sql(node.text, node.fields), type_, "interval")


def _at_time_zone(node: s.AtTimeZone, scope: Scope) -> Typed:
    return call(s.Call("timezone", (node.zone, node.value)), scope, expression)


def _collate(node: s.Collate, scope: Scope) -> Typed:
    return collated(expression(node.value, scope), node.collation)


def _call(node: s.Call, scope: Scope) -> Typed:
    return call(node, scope, expression)


def _match(node: s.Match, scope: Scope) -> Typed:
    escape = expression(node.escape, scope) if node.escape is not None else None
    return match(node.op, expression(node.value, scope), expression(node.pattern, scope), escape)


_TRANSLATIONS: dict[type, Callable[[Any, Scope], Typed]] = {
    s.Number: _number, s.Text: _text, s.Constant: _constant, s.Name: _name, s.Star: _star, s.Step: _steps,
    s.Unary: _unary, s.Binary: _binary, s.Match: _match, s.Is: _is, s.Between: _between, s.In: _in,
    s.Quantified: _quantified, s.InArray: _in_array, s.Array: _array, s.Exists: _exists, s.Scalar: _scalar,
    s.Row: _row, s.Case: _case, s.Cast: _cast,
    s.Interval: _interval, s.AtTimeZone: _at_time_zone, s.Collate: _collate, s.Call: _call,
}  # fmt: skip
