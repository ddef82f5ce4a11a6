"""FROM: relations, joins, the elements of SUPER values, PIVOT and UNPIVOT -> DuckDB text.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_clause30.html,
https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_clause-pivot-unpivot-examples.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ...errors import WarehouseError
from . import syntax as s
from .absent_views import is_absent_view
from .catalog import Relation
from .comparisons import compare
from .expressions import condition, expression
from .scope import ColumnsUnknown, FromItem, OutColumn, Scope, resolve
from .supers import navigate
from .values import BIGINT, SUPER, Typed, quote, varchar

Columns = tuple[OutColumn, ...]
QuerySql = Callable[[s.Query, Scope], tuple[str, Columns]]


def source_sql(source: s.Source, scope: Scope, query_sql: QuerySql) -> str:
    """Translate FROM and add what it names to the scope. Errors: WarehouseError."""
    try:
        return _source_sql(source, scope, query_sql)
    except WarehouseError as error:
        if error.span is None and isinstance(source, (s.Table, s.Derived)) and source.start >= 0:
            error.span = (source.start, source.end)
        raise


def _source_sql(source: s.Source, scope: Scope, query_sql: QuerySql) -> str:
    if isinstance(source, s.Table):
        return _table(source, scope, query_sql)
    if isinstance(source, s.Join):
        return _join(source, scope, query_sql)
    if isinstance(source, s.Derived):
        sql, columns = query_sql(source.query, Scope(scope.session, _outside(scope)))
        return _named(f"({sql})", columns, source.alias or _unnamed(scope), source.columns, scope)
    if isinstance(source, s.Unnest):
        return _unnest(source, scope)
    if isinstance(source, s.Series):
        return _series(source, scope)
    if isinstance(source, s.Pivot):
        return _pivot(source, scope, query_sql)
    return _unpivot(source, scope, query_sql)


def _outside(scope: Scope) -> Scope:
    """A query in FROM does not see the other items of FROM, but the queries of WITH."""
    return replace(scope, items=[], aliases={}, keys={}, merged={})


def _unnamed(scope: Scope) -> str:
    scope.session.unnamed += 1
    return f"unnamed_{scope.session.unnamed}"


def _named(
    sql: str, columns: Columns, alias: str, names: tuple[str, ...], scope: Scope, schema: str = "", relation: str = ""
) -> str:
    if len(names) > len(columns) and columns:
        raise WarehouseError(
            f'table "{alias}" has {len(columns)} columns available but {len(names)} columns specified', sqlstate="42P10"
        )
    renamed = tuple(replace(c, name=n) for c, n in zip(columns, names, strict=False)) + columns[len(names) :]
    scope.add(FromItem(alias, renamed, schema, relation))
    shown = f"({', '.join(quote(column.name) for column in renamed)})" if names else ""
    return f"{sql} AS {quote(alias)}{shown}"


def _table(table: s.Table, scope: Scope, query_sql: QuerySql) -> str:
    alias = table.alias or table.name
    if table.schema is None:
        common = scope.common_query(table.name)
        if common is not None:
            return _named(quote(table.name), common, alias, table.columns, scope)
        if _is_element(table.name, scope):
            return _unnest(s.Unnest(s.Name((table.name,)), alias), scope)
    elif _is_item(table.database or table.schema, scope):
        parts = tuple(part for part in (table.database, table.schema, table.name) if part is not None)
        return _unnest(s.Unnest(s.Name(parts), alias), scope)
    system = scope.session.system_view(table.schema, table.name)
    if system is not None:
        schema = table.schema or "pg_catalog"
        return _named(f"({system[0]})", system[1], alias, table.columns, scope, schema, table.name)
    relation = _found(table, scope)
    scope.session.reads.add(relation.key)
    columns = tuple(OutColumn(column.name, column.type, column.nocase) for column in relation.columns)
    if scope.session.watch is not None:
        columns = tuple(
            OutColumn(c.name, c.type, c.nocase, sources=frozenset([(relation.schema, relation.name, c.name)]))
            for c in relation.columns
        )
    if relation.kind in ("view", "late view"):
        sql, columns = _view(relation, columns, scope, query_sql)
    else:
        sql = relation.sql
    return _named(sql, columns, alias, table.columns, scope, relation.schema, relation.name)


def _found(table: s.Table, scope: Scope) -> Relation:
    try:
        return scope.session.find(table.schema, table.name)
    except WarehouseError as error:
        if error.sqlstate != "42P01" or not is_absent_view(table.schema, table.name):
            raise
        raise WarehouseError(f"not supported locally: the system view {table.name}", sqlstate="0A000") from None


def _is_element(name: str, scope: Scope) -> bool:
    """Tell whether `name` is the value that an earlier item of FROM unnests: FROM t, t.items AS i, i AS part."""
    item = scope.item(name)
    return item is not None and not item.relation and name in item.types and item.types[name].type == SUPER


def _is_item(name: str, scope: Scope | None) -> bool:
    """Tell whether `name` is a relation of FROM, here or around: t.items is then a path, not a table of a schema."""
    while scope is not None:
        if scope.item(name) is not None:
            return True
        scope = scope.parent
    return False


def _view(relation: Relation, columns: Columns, scope: Scope, query_sql: QuerySql) -> tuple[str, Columns]:
    query = scope.session.view(relation)
    sql, found = query_sql(query, Scope(scope.session))
    if relation.kind == "late view":
        names = tuple(column.name for column in columns)
        renamed = tuple(replace(c, name=n) for c, n in zip(found, names, strict=False)) + found[len(names) :]
        shown = ", ".join(f"c{n} AS {quote(column.name)}" for n, column in enumerate(renamed))
        inner = ", ".join(f"c{n}" for n in range(len(found)))
        return f"(SELECT {shown} FROM ({sql}) AS v({inner}))", renamed
    inner = ", ".join(f"c{n}" for n in range(len(found)))
    shown = ", ".join(f"c{n} AS {quote(column.name)}" for n, column in enumerate(columns))
    return f"(SELECT {shown} FROM ({sql}) AS v({inner}))", columns


# --- joins -----------------------------------------------------------------------------------------------------------


def _join(join: s.Join, scope: Scope, query_sql: QuerySql) -> str:
    before = len(scope.items)
    left = source_sql(join.left, scope, query_sql)
    middle = len(scope.items)
    right = source_sql(join.right, scope, query_sql)
    if isinstance(join.right, s.Join):
        right = f"({right})"
    if join.kind == "":
        return f"{left}, {right}"
    if isinstance(join.left, s.Join) and join.left.kind == "":
        left = f"({left})"
    if join.kind == "cross":
        return f"{left} CROSS JOIN {right}"
    word = {"inner": "JOIN", "left": "LEFT JOIN", "right": "RIGHT JOIN", "full": "FULL JOIN"}[join.kind]
    if join.on is not None:
        return f"{left} {word} {right} ON {condition(join.on, scope, 'JOIN/ON')}"
    names = join.using if join.using is not None else _shared(scope, before, middle)
    tests = [_merge(name, join, scope, before, middle) for name in names]
    return f"{left} {word} {right} ON {' AND '.join(tests) if tests else 'TRUE'}"


def _shared(scope: Scope, before: int, middle: int) -> tuple[str, ...]:
    right = {column.name for item in scope.items[middle:] for column in item.columns}
    left = [column.name for item in scope.items[before:middle] for column in item.columns]
    return tuple(dict.fromkeys(name for name in left if name in right))


def _merge(name: str, join: s.Join, scope: Scope, before: int, middle: int) -> str:
    left = scope.merged.get(name) or _side(name, scope.items[before:middle], "left")
    right = _side(name, scope.items[middle:], "right")
    test = compare("=", left, right, scope.session.exact_blanks)
    value = left if join.kind in ("inner", "left") else right
    if join.kind == "full":
        value = Typed(f"COALESCE({left.sql}, {right.sql})", left.type, name, nocase=left.nocase)
    scope.merged[name] = value
    return test


def _side(name: str, items: list[FromItem], side: str) -> Typed:
    found = [item for item in items if name in item.types] or [item for item in items if not item.types]
    if not found:
        raise WarehouseError(
            f'column "{name}" specified in USING clause does not exist in {side} table', sqlstate="42703"
        )
    if len(found) > 1:
        raise WarehouseError(f'common column name "{name}" appears more than once in {side} table', sqlstate="42702")
    return found[0].reference(name)


# --- SUPER -----------------------------------------------------------------------------------------------------------


def _unnest(source: s.Unnest, scope: Scope) -> str:
    """An array gives its elements; NULL, or what is no array, gives none."""
    value, rest = resolve(scope, source.path.parts)
    value = navigate(value, rest, lambda node: expression(node, scope)) if rest else value
    if value.type != SUPER:
        raise WarehouseError(
            f"navigation on a value of type {value.type.name} is not allowed: only SUPER is unnested", sqlstate="42809"
        )
    alias = source.alias or str(source.path.parts[-1])
    if source.object:
        return _unpivot_object(source, value, alias, scope)
    columns = [OutColumn(alias, SUPER)]
    elements = f"rs_elements({value.sql})"
    shown = f"unnest({elements}) AS {quote(alias)}"
    if source.position:
        columns.append(OutColumn(source.position, BIGINT))
        shown += f", unnest(range(len({elements}))) AS {quote(source.position)}"
    scope.add(FromItem(alias, tuple(columns)))
    return f"LATERAL (SELECT {shown}) AS {quote(alias)}"


def _unpivot_object(source: s.Unnest, value: Typed, alias: str, scope: Scope) -> str:
    name = source.position or "attribute_name"
    scope.add(FromItem(alias, (OutColumn(alias, SUPER), OutColumn(name, varchar(256)))))
    return (
        f"LATERAL (SELECT json_extract({value.sql}, '$.\"' || k.k || '\"') AS {quote(alias)}, k.k AS {quote(name)} "
        f"FROM (SELECT unnest(CASE WHEN json_type({value.sql}) = 'OBJECT' THEN json_keys({value.sql}) END) AS k) AS k) "
        f"AS {quote(alias)}"
    )


def _series(source: s.Series, scope: Scope) -> str:
    texts = ", ".join(f"CAST({expression(argument, scope).sql} AS BIGINT)" for argument in source.arguments)
    alias = source.alias or "generate_series"
    name = source.columns[0] if source.columns else alias
    scope.add(FromItem(alias, (OutColumn(name, BIGINT),)))
    return f"(SELECT generate_series AS {quote(name)} FROM generate_series({texts})) AS {quote(alias)}"


# --- PIVOT -----------------------------------------------------------------------------------------------------------


def _pivot(source: s.Pivot, scope: Scope, query_sql: QuerySql) -> str:
    """PIVOT is GROUP BY what it does not name, with each aggregate over the rows of one value."""
    used = {name for item in (*source.aggregates, s.Item(source.by)) for name in _names(item.value)}
    inner = Scope(scope.session, _outside(scope))
    source_sql(source.source, inner, query_sql)
    _check_known(inner)
    others = [column.name for item in inner.items for column in item.columns if column.name not in used]
    items = [s.Item(s.Name((name,)), name) for name in others]
    for value in source.values:
        items.extend(_pivoted(value, aggregate, source) for aggregate in source.aggregates)
    groups = tuple(s.Name((name,)) for name in others)
    query = s.Query(s.Select(tuple(items), source.source, group=groups))
    sql, columns = query_sql(query, Scope(scope.session, _outside(scope)))
    return _named(f"({sql})", columns, source.alias or _unnamed(scope), (), scope)


def _check_known(scope: Scope) -> None:
    for item in scope.items:
        if not item.columns:
            raise ColumnsUnknown(f'the columns of "{item.alias}" are not known', sqlstate="0A000")


def _pivoted(value: s.Item, aggregate: s.Item, source: s.Pivot) -> s.Item:
    call = aggregate.value
    if not isinstance(call, s.Call) or len(call.arguments) > 1:
        raise WarehouseError("PIVOT takes aggregates of one argument", sqlstate="42601")
    test = s.Binary("=", source.by, value.value)
    counted = call.arguments[0] if call.arguments else s.Number("1")
    chosen = replace(call, star=False, arguments=(s.Case(None, ((test, counted),), None),))
    name = value.alias or _shown(value.value)
    suffix = aggregate.alias or (call.name if len(source.aggregates) > 1 else "")
    return s.Item(chosen, f"{name}_{suffix}" if suffix else name)


def _shown(node: s.Expression) -> str:
    if isinstance(node, s.Text):
        return node.value.lower()
    return node.text if isinstance(node, s.Number) else "?column?"


def _names(node: s.Expression) -> set[str]:
    if isinstance(node, s.Name):
        return {str(node.parts[-1])}
    if isinstance(node, s.Call):
        return {name for argument in node.arguments for name in _names(argument)}
    return set()


def _unpivot(source: s.Unpivot, scope: Scope, query_sql: QuerySql) -> str:
    inner = Scope(scope.session, _outside(scope))
    source_sql(source.source, inner, query_sql)
    _check_known(inner)
    used = {str(item.value.parts[0]) for item in source.columns if isinstance(item.value, s.Name)}
    others = [column.name for item in inner.items for column in item.columns if column.name not in used]
    query: s.Query | None = None
    for item in source.columns:
        assert isinstance(item.value, s.Name)
        name = item.alias or str(item.value.parts[0])
        shown = (*(s.Item(s.Name((other,)), other) for other in others), s.Item(s.Text(name), source.name),
                 s.Item(item.value, source.value))  # fmt: skip
        where = None if source.nulls else s.Unary("not", s.Is(item.value, None))
        one = s.Query(s.Select(shown, source.source, where))
        query = one if query is None else s.Query(s.SetOperation("union", True, query, one))
    assert query is not None
    sql, columns = query_sql(query, Scope(scope.session, _outside(scope)))
    return _named(f"({sql})", columns, source.alias or _unnamed(scope), (), scope)
