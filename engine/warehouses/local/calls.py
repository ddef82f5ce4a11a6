"""A call of a function -> DuckDB text: by the table of functions, or by the function that knows it."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from ...datatypes import DataType
from ...errors import WarehouseError
from . import (
    aggregates,
    catalog_functions,
    date_functions,
    hash_functions,
    super_functions,
    text_functions,
    value_functions,
)
from . import syntax as s
from .casts import accepts, as_parameter, cast
from .functions import Function, functions
from .keywords import AGGREGATES
from .query_grammar import StatementReader
from .scope import Scope
from .values import BIGINT, BOOLEAN, DATE, DOUBLE, SUPER, TIMESTAMP, UNKNOWN, Typed, format_type, varchar

Translate = Callable[[s.Expression, Scope], Typed]

_SPECIAL = {
    **value_functions.FUNCTIONS, **text_functions.FUNCTIONS, **date_functions.FUNCTIONS, **aggregates.FUNCTIONS,
    **hash_functions.FUNCTIONS, **super_functions.FUNCTIONS, **catalog_functions.FUNCTIONS,
}  # fmt: skip


def call(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """Translate a call. Errors: WarehouseError 42883 for what Redshift has not."""
    made = scope.session.functions.get(node.name)
    if made is not None:
        return _made(node, scope, translate, *made)
    special = _SPECIAL.get(node.name)
    if special is not None:
        found = special(node, scope, translate)
        if found.name == "?column?":
            found.name = node.name
        return found
    arguments = [translate(argument, scope) for argument in node.arguments]
    if is_refused(node.name):
        raise WarehouseError(f"not supported locally: {node.name.upper()}", sqlstate="0A000")
    known = functions().get(node.name, ())
    if node.over is not None or node.distinct or node.star or node.order:
        raise no_such_function(node.name, arguments)
    for by_casting in (False, True):
        for function in known:
            if _takes(function, arguments, by_casting):
                return _called(node.name, function, arguments)
    raise no_such_function(node.name, arguments)


def _takes(function: Function, arguments: list[Typed], by_casting: bool) -> bool:
    """Tell whether the function takes the arguments, or would if what is SUPER were cast."""
    return len(arguments) == len(function.kinds) and all(
        accepts(kind, argument) or (by_casting and kind != "any" and argument.type == SUPER)
        for kind, argument in zip(function.kinds, arguments, strict=True)
    )


def _called(name: str, function: Function, arguments: list[Typed]) -> Typed:
    texts = [_argument(kind, argument) for kind, argument in zip(function.kinds, arguments, strict=True)]
    type_ = function.result if function.result is not None else _first_type(arguments[0])
    return Typed(f"({function.sql.format(*texts)})", type_, name)


_OF_SUPER = {
    "int": BIGINT,
    "float": DOUBLE,
    "num": DOUBLE,
    "dec": DOUBLE,
    "date": DATE,
    "ts": TIMESTAMP,
    "bool": BOOLEAN,
}


def _argument(kind: str, argument: Typed) -> str:
    """A SUPER value becomes what the parameter asks for, or NULL."""
    if argument.type != SUPER or kind in ("super", "any"):
        return as_parameter(kind, argument)
    return cast(argument, _OF_SUPER.get(kind, varchar())).sql


def _first_type(argument: Typed) -> DataType:
    if argument.type == UNKNOWN:
        return varchar(len((argument.constant or "").encode()) or 1)
    if argument.type == SUPER:
        return varchar()
    if argument.type.name == "char":
        return varchar(argument.type.length)
    return argument.type


def _made(
    node: s.Call, scope: Scope, translate: Translate, parameters: tuple[DataType, ...], result: DataType, body: str
) -> Typed:
    arguments = [translate(argument, scope) for argument in node.arguments]
    if len(arguments) != len(parameters):
        raise no_such_function(node.name, arguments)
    given = tuple(cast(argument, type_) for argument, type_ in zip(arguments, parameters, strict=True))
    before, scope.session.parameters = scope.session.parameters, given
    value = translate(StatementReader(body).expression(), Scope(scope.session))
    scope.session.parameters = before
    found = cast(value, result)
    return Typed(f"({found.sql})", result, node.name)


def no_such_function(name: str, arguments: list[Typed]) -> WarehouseError:
    types = ", ".join("unknown" if a.type == UNKNOWN else format_type(a.type, False) for a in arguments)
    names = sorted({*functions(), *_SPECIAL})
    if name in names:
        hint = "No function matches the given name and argument types. You may need to add explicit type casts."
    else:
        close = get_close_matches(name, names, n=1)
        hint = (
            f"did you mean {close[0]}?" if close else "Redshift has no function of this name, or local Redshift not yet"
        )
    return WarehouseError(f"function {name}({types}) does not exist", sqlstate="42883", hint=hint)


_REFUSED = frozenset(
    "array_sort default_iam_role current_aws_account current_namespace current_session_arn "
    "farmfingerprint64 has_assumerole_privilege pg_cancel_backend pg_get_cols pg_get_grantee_by_iam_role "
    "pg_get_iam_role_by_user pg_get_late_binding_view_cols pg_get_session_roles pg_last_unload_id "
    "pg_terminate_backend change_query_priority change_session_priority change_user_priority reboot_cluster "
    "role_is_member_of set_config size slice_num user_is_member_of explain_model age isfinite "
    "generate_series h3_boundary h3_center "
    "h3_fromlonglat h3_frompoint h3_isvalid h3_polyfill h3_resolution h3_tochildren h3_toparent".split()
)


def is_refused(name: str) -> bool:
    """Tell whether Redshift has the function and local Redshift cannot answer as it does."""
    return name in _REFUSED or name.startswith(("st_", "hll_", "geometrytype"))


def is_aggregate(node: s.Call) -> bool:
    return node.name in AGGREGATES and node.over is None
