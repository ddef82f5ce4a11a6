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
from .grammar import parse_table_name
from .scope import Scope
from .tokens import Reader
from .value_functions import arguments_of, wrong_arguments
from .values import ARRAYS, BOOLEAN, INTEGER, Typed, category, literal, varchar

Translate = Callable[[s.Expression, Scope], Typed]

# How many arguments, the type, the text: {0} and {1} are the first arguments, numbers; {{…}} queries of system_views.
_TEMPLATES: dict[str, tuple[int, int, DataType, str]] = {
    "pg_get_viewdef": (1, 2, varchar(), "(SELECT v.definition FROM {{relations}} AS v WHERE v.oid = {0})"),
    "pg_get_constraintdef": (1, 2, varchar(), "(SELECT k.definition FROM {{constraints}} AS k WHERE k.oid = {0})"),
    "obj_description": (1, 2, varchar(), "(SELECT nullif(v.comment, '') FROM {{relations}} AS v WHERE v.oid = {0})"),
    "col_description": (
        2, 2, varchar(),
        "(SELECT nullif(v.comment, '') FROM {{columns}} AS v WHERE v.relation_oid = {0} AND v.position = {1})",
    ),
    "pg_table_is_visible": (
        1, 1, BOOLEAN, "(SELECT v.schema IN ('pg_temp', {{path}}) FROM {{relations}} AS v WHERE v.oid = {0})"
    ),
    "format_encoding": (1, 1, varchar(128), "CASE {0} WHEN 0 THEN 'none' ELSE {{encodings}}[{0}] END"),
    "pg_function_is_visible": (1, 1, BOOLEAN, "({0} IS NOT NULL)"),
    "pg_type_is_visible": (1, 1, BOOLEAN, "({0} IS NOT NULL)"),
}  # fmt: skip
_RELATION_NAME = """(SELECT CASE WHEN v.schema IN ('pg_temp', {{path}}) THEN rs_quote_ident(v.name)
    ELSE rs_quote_ident(v.schema) || '.' || rs_quote_ident(v.name) END FROM {{relations}} AS v WHERE v.oid = {0})"""
# Numbers that PostgreSQL gives its own catalogs; no client asks for others.
_CATALOGS = {
    "pg_type": 1247, "pg_attribute": 1249, "pg_proc": 1255, "pg_class": 1259, "pg_database": 1262,
    "pg_attrdef": 2604, "pg_constraint": 2606, "pg_namespace": 2615, "pg_rewrite": 2618,
}  # fmt: skip


def _asked(name: str) -> Callable[[s.Call, Scope, Translate], Typed]:
    least, most, type_, template = _TEMPLATES[name]

    def read(node: s.Call, scope: Scope, translate: Translate) -> Typed:
        values = arguments_of(node, scope, translate, least, most)
        numbers = values[: 2 if "{1}" in template else 1]
        if any(category(value.type) not in ("int", "unknown") for value in numbers):
            raise wrong_arguments(node, values)
        texts = [as_parameter("int", value) for value in numbers]
        return Typed(scope.session.catalog(template.format(*texts)), type_)

    return read


def _regclass(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """'schema.table'::regclass is the relation's number, and a number its name. Errors: 42P01."""
    (value,) = arguments_of(node, scope, translate, 1)
    if value.constant is None:
        if category(value.type) != "int":
            raise WarehouseError("not supported locally: regclass of anything but a constant", sqlstate="0A000")
        return Typed(scope.session.catalog(_RELATION_NAME.format(value.sql)), varchar(256))
    if value.constant.isdigit():
        return Typed(value.constant, INTEGER)
    reader = Reader(value.constant)
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


def _array_to_string(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    array, separator = arguments_of(node, scope, translate, 2)
    if array.type not in ARRAYS:
        raise wrong_arguments(node, [array, separator])
    return Typed(f"array_to_string({array.sql}, {as_parameter('text', separator)})", varchar())


FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    **{name: _asked(name) for name in _TEMPLATES},
    "regclass": _regclass, "regtype": _regtype, "format_type": _format_type, "array_to_string": _array_to_string,
}  # fmt: skip
