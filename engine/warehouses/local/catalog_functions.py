"""Functions that ask the catalog: what a number of a relation means, how a key or a view is written.

They are not in AWS's pages; clients use them as PostgreSQL has them:
https://www.postgresql.org/docs/8.0/functions-misc.html
"""

from __future__ import annotations

from collections.abc import Callable

from ...datatypes import DataType
from ...errors import WarehouseError
from . import syntax as s
from .casts import as_parameter
from .catalog import SYSTEM_SCHEMAS
from .query_grammar import StatementReader
from .scope import Scope
from .source_grammar import parse_table_name
from .value_functions import arguments_of, wrong_arguments
from .values import ARRAYS, BOOLEAN, INTEGER, Typed, category, literal, varchar

Translate = Callable[[s.Expression, Scope], Typed]

# Their first arguments are numbers, the keys of a row of a query of system_views; the text is what they show of it.
_LOOKUPS: dict[str, tuple[str, tuple[str, ...], DataType, str]] = {
    "pg_get_viewdef": ("{relations}", ("oid",), varchar(), "_row.definition"),
    "pg_get_constraintdef": ("{constraints}", ("oid",), varchar(), "_row.definition"),
    "obj_description": ("{relations}", ("oid",), varchar(), "nullif(_row.comment, '')"),
    "col_description": ("{columns}", ("relation_oid", "position"), varchar(), "nullif(_row.comment, '')"),
    "pg_table_is_visible": ("{relations}", ("oid",), BOOLEAN, "_row.schema IN ('pg_temp', {path})"),
}
_RELATION_NAME = """CASE WHEN _row.schema IN ('pg_temp', {path}) THEN '' ELSE rs_quote_ident(_row.schema) || '.' END
    || rs_quote_ident(_row.name)"""
# Numbers that PostgreSQL gives its own catalogs; no client asks for others.
_CATALOGS = {
    "pg_type": 1247, "pg_attribute": 1249, "pg_proc": 1255, "pg_class": 1259, "pg_database": 1262,
    "pg_attrdef": 2604, "pg_constraint": 2606, "pg_namespace": 2615, "pg_rewrite": 2618,
}  # fmt: skip


def _lookup(name: str) -> Callable[[s.Call, Scope, Translate], Typed]:
    source, keys, type_, shown = _LOOKUPS[name]

    def read(node: s.Call, scope: Scope, translate: Translate) -> Typed:
        # A last argument asks for a nicer text, or says which catalog the number is of.
        values = arguments_of(node, scope, translate, len(keys), len(keys) + 1)
        numbers = values[: len(keys)]
        if any(category(value.type) not in ("int", "unknown") for value in numbers):
            raise wrong_arguments(node, values)
        return _row(scope, source, keys, numbers, shown, type_)

    return read


def _row(
    scope: Scope, source: str, keys: tuple[str, ...], numbers: list[Typed], shown: str, type_: DataType
) -> Typed:  # fmt: skip
    # The alias is one that no query has: a number may be a column of it.
    tests = [f"_row.{key} = {as_parameter('int', number)}" for key, number in zip(keys, numbers, strict=True)]
    sql = f"(SELECT {shown} FROM {source} AS _row WHERE {' AND '.join(tests)})"
    return Typed(scope.session.catalog(sql), type_)


def _always(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """All functions and types are in pg_catalog or public."""
    arguments_of(node, scope, translate, 1)
    return Typed("TRUE", BOOLEAN)


def _regclass(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """'schema.table'::regclass is the relation's number, and a number its name. Errors: 42P01."""
    (value,) = arguments_of(node, scope, translate, 1)
    if value.constant is None:
        if category(value.type) != "int":
            raise WarehouseError("not supported locally: regclass of anything but a constant", sqlstate="0A000")
        return _row(scope, "{relations}", ("oid",), [value], _RELATION_NAME, varchar(256))
    if value.constant.isdigit():
        return Typed(value.constant, INTEGER)
    reader = StatementReader(value.constant)
    table = parse_table_name(reader)
    reader.expect_end()
    if table.schema in (None, SYSTEM_SCHEMAS[0]) and table.name in _CATALOGS:
        return Typed(str(_CATALOGS[table.name]), INTEGER)
    relation = scope.session.find(table.schema, table.name)
    return Typed(scope.session.catalog(f"{{oid {literal(relation.schema)} {literal(relation.name)}}}"), INTEGER)


def _regtype(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (value,) = arguments_of(node, scope, translate, 1)
    return Typed(f"rs_format_type({as_parameter('int', value)}, NULL)", varchar(128))


def _format_type(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    oid, modifier = (as_parameter("int", value) for value in arguments_of(node, scope, translate, 2))
    return Typed(f"rs_format_type({oid}, {modifier})", varchar(128))


def _format_encoding(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    number = as_parameter("int", arguments_of(node, scope, translate, 1)[0])
    names = scope.session.catalog("{encodings}")
    return Typed(f"CASE {number} WHEN 0 THEN 'none' ELSE {names}[{number}] END", varchar(128))


def _array_to_string(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    array, separator = arguments_of(node, scope, translate, 2)
    if array.type not in ARRAYS:
        raise wrong_arguments(node, [array, separator])
    return Typed(f"array_to_string({array.sql}, {as_parameter('text', separator)})", varchar())


FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    **{name: _lookup(name) for name in _LOOKUPS},
    "pg_function_is_visible": _always, "pg_type_is_visible": _always,
    "regclass": _regclass, "regtype": _regtype, "format_type": _format_type, "format_encoding": _format_encoding,
    "array_to_string": _array_to_string,
}  # fmt: skip
