"""A query of Redshift SQL -> DuckDB text with the columns that it gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ...errors import WarehouseError
from . import syntax as s
from .aggregates import grouped, nulls, orders_sql
from .casts import implicit, stored_value
from .comparisons import key
from .expressions import condition, expression
from .operators import unified
from .rewriting import BEFORE
from .scope import ColumnsUnknown, FromItem, OutColumn, Scope
from .sources import source_sql
from .values import SUPER, UNKNOWN, Typed, category, common_type, quote

Columns = tuple[OutColumn, ...]


def query_sql(query: s.Query, scope: Scope) -> tuple[str, Columns]:
    """Translate a query in a scope of its own. Errors: WarehouseError."""
    prefix = common_sql(query.common, query.recursive, scope)
    body = query.body
    if isinstance(body, s.Select):
        sql, columns = _select(body, query, scope)
    elif isinstance(body, s.SetOperation):
        sql, columns = _set_operation(body, scope)
        sql += _ending(query, columns, scope)
    else:
        sql, columns = query_sql(body, Scope(scope.session, scope))
        if query.order or query.limit is not None or query.offset is not None:
            sql = f"SELECT * FROM ({sql}) AS q" + _ending(query, columns, scope)
    return prefix + sql, columns


def common_sql(common: tuple[s.Common, ...], recursive: bool, scope: Scope) -> str:
    """Translate a WITH list and add its queries to the scope."""
    texts = []
    _check_common_names(common)
    for one in common:
        inner = Scope(scope.session, scope)
        if recursive and isinstance(one.query.body, s.SetOperation):
            _check_recursion(one)
            _, start = query_sql(one.query.body.left, Scope(scope.session, scope))
            inner.common[one.name] = _renamed(start, one.columns, one.name)
        sql, columns = query_sql(one.query, inner)
        columns = _renamed(columns, one.columns, one.name)
        scope.common[one.name] = columns
        names = ", ".join(quote(column.name) for column in columns)
        texts.append(f"{quote(one.name)}({names}) AS ({sql})")
    if not texts:
        return ""
    return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(texts)} "


def _check_common_names(common: tuple[s.Common, ...]) -> None:
    names = [one.name for one in common]
    for name in names:
        if names.count(name) > 1:
            raise WarehouseError(f'WITH query name "{name}" specified more than once', sqlstate="42712")


def _check_recursion(one: s.Common) -> None:
    """Redshift takes UNION ALL only; a query that does not read itself may be any."""
    body = one.query.body
    assert isinstance(body, s.SetOperation)
    right = body.right.body
    tables = relations(right.source) if isinstance(right, s.Select) else ()
    if not any(table.schema is None and table.name == one.name for table in tables):
        return
    if not one.columns and one.name != BEFORE:
        raise WarehouseError(f'recursive query "{one.name}" needs a list of its columns', sqlstate="42601",
                             hint=f"write WITH RECURSIVE {one.name} (…) AS")  # fmt: skip
    if not body.all:
        raise WarehouseError(
            f'recursive query "{one.name}" must be of the form initial-query UNION ALL recursive-query',
            sqlstate="42P19",
        )


def relations(source: s.Source | None) -> Iterator[s.Table]:
    """Yield the tables that FROM names itself."""
    if isinstance(source, s.Table):
        yield source
    elif isinstance(source, s.Join):
        yield from relations(source.left)
        yield from relations(source.right)


def _renamed(columns: Columns, names: tuple[str, ...], what: str) -> Columns:
    if len(names) > len(columns):
        raise WarehouseError(
            f'table "{what}" has {len(columns)} columns available but {len(names)} columns specified', sqlstate="42P10"
        )
    return tuple(replace(c, name=name) for c, name in zip(columns, names, strict=False)) + columns[len(names) :]


def _select(select: s.Select, query: s.Query, scope: Scope) -> tuple[str, Columns]:
    source = ""
    if select.source is not None:
        source = f" FROM {source_sql(select.source, scope, query_sql)}"
    where = _where(select, scope)
    items = _expanded(select.items, scope)
    if select.exclude:
        items = _without(items, select.exclude)
    values = _translated(items, scope)
    group = ""
    if select.group:
        group = f" GROUP BY {_groups(select.group, items, scope)}"
        if scope.keys:
            values = _translated(items, scope)
    if select.distinct:
        values = [_distinct_value(value, scope) for value in values]
    having = f" HAVING {condition(select.having, scope, 'HAVING')}" if select.having is not None else ""
    qualify = f" QUALIFY {condition(select.qualify, scope, 'QUALIFY')}" if select.qualify is not None else ""
    columns = tuple(
        OutColumn(item.alias or value.name, value.type, value.nocase, number in scope.untyped)
        for number, (item, value) in enumerate(zip(items, values, strict=True))
    )
    if scope.session.watch is not None:
        columns = scope.session.watch.select(select, items, scope, columns)
    texts = [f"{value.sql} AS {quote(column.name)}" for value, column in zip(values, columns, strict=True)]
    order = _select_order(query, columns, items, values, scope)
    head = f"SELECT {'DISTINCT ' if select.distinct else ''}{', '.join(texts)}"
    return f"{head}{source}{where}{group}{having}{qualify}{order}{_limits(query, scope, select.top)}", columns


def _where(select: s.Select, scope: Scope) -> str:
    """Translate WHERE, where a name that FROM has not is an alias of the select list.

    Assumption, because sqlalchemy-redshift relies on it: AWS documents such names in the select list only.
    """
    if select.where is None:
        return ""
    try:
        return f" WHERE {condition(select.where, scope, 'WHERE')}"
    except WarehouseError as error:
        if error.sqlstate != "42703" or not any(item.alias for item in select.items):
            raise
        scope.clause = ""
        _translated(_expanded(select.items, scope), scope)
        if scope.aggregates or scope.windows:
            raise
        return f" WHERE {condition(select.where, scope, 'WHERE')}"


def _expanded(items: tuple[s.Item, ...], scope: Scope) -> list[s.Item]:
    found: list[s.Item] = []
    for item in items:
        if isinstance(item.value, s.Star):
            found.extend(_all_columns(scope))
        elif isinstance(item.value, s.Name) and item.value.parts[-1] == "*":
            found.extend(_columns_of(item.value, scope))
        else:
            found.append(item)
    return found


def _without(items: list[s.Item], names: tuple[str, ...]) -> list[s.Item]:
    known = [item.alias or (str(item.value.parts[-1]) if isinstance(item.value, s.Name) else "") for item in items]
    for name in names:
        if name not in known:
            raise WarehouseError(f'column "{name}" in EXCLUDE list does not exist', sqlstate="42703")
    return [item for item, name in zip(items, known, strict=True) if name not in names]


def _all_columns(scope: Scope) -> list[s.Item]:
    if not scope.items:
        raise WarehouseError("SELECT * with no tables specified is not valid", sqlstate="42601")
    found = [s.Item(s.Name((name,)), name) for name in scope.merged]
    for item in scope.items:
        _check_known(item)
        found.extend(
            s.Item(s.Name((item.alias, column.name)), column.name)
            for column in item.columns
            if column.name not in scope.merged
        )
    return found


def _check_known(item: FromItem) -> None:
    if not item.columns:
        raise ColumnsUnknown(f'the columns of "{item.alias}" are not known', sqlstate="0A000")


def _columns_of(name: s.Name, scope: Scope) -> list[s.Item]:
    alias = name.parts[-2]
    level: Scope | None = scope
    while level is not None:
        item = level.item(str(alias))
        if item is not None:
            _check_known(item)
            return [s.Item(s.Name((item.alias, column.name)), column.name) for column in item.columns]
        level = level.parent
    raise WarehouseError(f'relation "{alias}" does not exist', sqlstate="42P01")


def _translated(items: list[s.Item], scope: Scope) -> list[Typed]:
    """Translate the select list; what follows an alias may use it."""
    scope.aliases = {}
    values = []
    scope.untyped = set()
    for number, item in enumerate(items):
        value = expression(item.value, scope)
        if value.type == UNKNOWN:
            scope.untyped.add(number)
        values.append(stored_value(value))
        if item.alias and item.alias not in scope.aliases:
            scope.aliases[item.alias] = value
    return values


def _distinct_value(value: Typed, scope: Scope) -> Typed:
    if value.type.name != "varchar" or value.constant is not None:
        return value
    return Typed(grouped(value, scope), value.type, value.name, nocase=value.nocase)


def _groups(groups: tuple[s.Expression, ...], items: list[s.Item], scope: Scope) -> str:
    return ", ".join(_group(group, items, scope) for group in groups)


def _group(group: s.Expression, items: list[s.Item], scope: Scope) -> str:
    if isinstance(group, s.Grouping):
        texts = [_group(one, items, scope) for one in group.groups]
        return f"{group.kind.upper()} ({', '.join(texts)})"
    if isinstance(group, s.Row):
        return f"({', '.join(_group(one, items, scope) for one in group.values)})"
    node = group
    if isinstance(group, s.Number) and group.text.isdigit():
        node = _ordinal(int(group.text), items, "GROUP BY").value
    elif isinstance(group, s.Name) and len(group.parts) == 1 and scope.column(str(group.parts[0])) is None:
        node = next((item.value for item in items if item.alias == group.parts[0]), group)
    before, scope.clause = scope.clause, "GROUP BY"
    value = expression(node, scope)
    scope.clause = before
    text = grouped(value, scope)
    if text != value.sql or value.units:
        scope.keys[value.sql] = text
    return text


def _ordinal(number: int, items: list[s.Item], clause: str) -> s.Item:
    if not 1 <= number <= len(items):
        raise WarehouseError(f"{clause} position {number} is not in select list", sqlstate="42P10")
    return items[number - 1]


def _select_order(query: s.Query, columns: Columns, items: list[s.Item], values: list[Typed], scope: Scope) -> str:
    if not query.order:
        return ""
    texts = []
    names = [column.name for column in columns]
    for order in query.order:
        node = order.value
        if isinstance(node, s.Number) and node.text.isdigit():
            _ordinal(int(node.text), items, "ORDER BY")
            text, value = node.text, values[int(node.text) - 1]
        elif isinstance(node, s.Name) and len(node.parts) == 1 and names.count(str(node.parts[0])) == 1:
            place = names.index(str(node.parts[0]))
            text, value = str(place + 1), values[place]
        else:
            before, scope.clause = scope.clause, "ORDER BY"
            value = expression(node, scope)
            text = value.sql
            scope.clause = before
            if text.isdigit() or text.startswith("'"):
                continue
        if value.type == SUPER:
            # Booleans, numbers, strings, arrays, objects: query-super.html#order-by
            texts.append(f"rs_super_rank({value.sql}) {'DESC' if order.descending else 'ASC'} {nulls(order)}")
            texts.append(f"rs_number_of_super({value.sql}) {'DESC' if order.descending else 'ASC'} NULLS LAST")
        texts.append(f"{text} {'DESC' if order.descending else 'ASC'} {nulls(order)}")
    return f" ORDER BY {', '.join(texts)}" if texts else ""


def _ending(query: s.Query, columns: Columns, scope: Scope) -> str:
    order = ""
    if query.order:
        outside = Scope(scope.session, scope.parent)
        outside.items = [FromItem("", columns)]
        texts = []
        for one in query.order:
            if isinstance(one.value, s.Number) and one.value.text.isdigit():
                texts.append(f"{one.value.text} {'DESC' if one.descending else 'ASC'} {nulls(one)}")
            else:
                text = orders_sql((one,), outside, expression).replace('""."', '"')
                texts.append(text)
        order = f" ORDER BY {', '.join(texts)}"
    return order + _limits(query, scope)


def _limits(query: s.Query, scope: Scope, top: s.Expression | None = None) -> str:
    text = ""
    if top is not None and query.limit is not None:
        raise WarehouseError("TOP and LIMIT do not go together", sqlstate="42601")
    for word, value in (("LIMIT", query.limit or top), ("OFFSET", query.offset)):
        if value is None:
            continue
        number = expression(value, scope)
        if category(number.type) != "int" or number.sql.startswith("(-"):
            raise WarehouseError(f"argument of {word} must be a whole number", sqlstate="42804")
        text += f" {word} {number.sql}"
    return text


def _set_operation(operation: s.SetOperation, scope: Scope) -> tuple[str, Columns]:
    left, ones = query_sql(operation.left, Scope(scope.session, scope))
    right, twos = query_sql(operation.right, Scope(scope.session, scope))
    word = operation.op.upper()
    if len(ones) != len(twos):
        raise WarehouseError(f"each {word} query must have the same number of columns", sqlstate="42601")
    columns = []
    for one, two in zip(ones, twos, strict=True):
        untyped = one.untyped and two.untyped
        type_ = common_type([c.type for c in (one, two) if untyped or not c.untyped])
        if type_ is None:
            unified([Typed("", one.type), Typed("", two.type)], word)
        assert type_ is not None
        columns.append(OutColumn(one.name, type_, one.nocase or two.nocase, untyped, one.sources | two.sources))
    trimmed = not operation.all and scope.session.exact_blanks
    left, right = (_as_columns(sql, have, columns, trimmed) for sql, have in ((left, ones), (right, twos)))
    return f"({left}) {word}{' ALL' if operation.all else ''} ({right})", tuple(columns)


def _as_columns(sql: str, have: Columns, want: list[OutColumn], trimmed: bool) -> str:
    """Give the columns the types that both sides have together."""
    texts = []
    for number, (one, two) in enumerate(zip(have, want, strict=True)):
        value = Typed(f"q.c{number}", one.type)
        same = one.type == two.type or (one.type.is_text and two.type.is_text)
        text = value.sql if same else implicit(value, two.type)
        if trimmed and one.type.name == "varchar" and two.type.is_text:
            text = key(value)
        texts.append(text)
    if all(text == f"q.c{number}" for number, text in enumerate(texts)):
        return sql
    names = ", ".join(f"c{number}" for number in range(len(have)))
    outputs = ", ".join(f"{text} AS {quote(column.name)}" for text, column in zip(texts, want, strict=True))
    return f"SELECT {outputs} FROM ({sql}) AS q({names})"


def padded(sql: str, columns: Columns) -> str:
    """Give CHAR values of a result the blanks that fill them up to their length."""
    if not any(column.type.name == "char" for column in columns):
        return sql
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    outputs = ", ".join(
        (f"rpad(q.c{number}, {column.type.length}, ' ')" if column.type.name == "char" else f"q.c{number}")
        + f" AS {quote(column.name)}"
        for number, column in enumerate(columns)
    )
    return f"SELECT {outputs} FROM ({sql}) AS q({names})"
