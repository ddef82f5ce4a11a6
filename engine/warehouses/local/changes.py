"""INSERT, UPDATE, DELETE and MERGE -> DuckDB statements, with the rules of assignment.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_INSERT_30.html, r_UPDATE.html, r_DELETE.html, r_MERGE.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import WarehouseError
from ...records import frozen
from . import syntax as s
from .casts import assign
from .catalog import Column, Relation
from .expressions import condition, expression
from .queries import common_sql, query_sql
from .scope import FromItem, OutColumn, Scope, Session
from .sources import source_sql
from .values import Typed, quote


@frozen
class Changes:
    """Statements to run one after the other; the rows that they write are counted together.

    `refuse` is a query that must give no row, or `refusal` is raised.
    """

    statements: tuple[str, ...]
    refuse: str = ""
    refusal: str = ""


def insert_changes(insert: s.Insert, relation: Relation, session: Session) -> Changes:
    """Translate an INSERT."""
    if insert.source is None:
        return Changes((f"INSERT INTO {relation.sql} SELECT {', '.join(_filled(relation, {}))}",))
    if isinstance(insert.source, s.Query):
        sql, columns = query_sql(insert.source, Scope(session))
        targets = _targets(insert.columns, relation, len(columns))
        return Changes((insert_query(relation, targets, sql, columns),))
    targets = _targets(insert.columns, relation, len(insert.source[0]))
    rows = [f"({', '.join(_row(row, targets, relation, Scope(session)))})" for row in insert.source]
    return Changes((f"INSERT INTO {relation.sql} VALUES {', '.join(rows)}",))


def insert_query(relation: Relation, targets: list[Column], sql: str, columns: tuple[OutColumn, ...]) -> str:
    """Return the INSERT of a translated query into the target columns."""
    names = [f"c{number}" for number in range(len(columns))]
    given = {
        target.name: assign(Typed(f"q.{name}", column.type), target.type, target.name, untyped=column.untyped)
        for target, name, column in zip(targets, names, columns, strict=True)
    }
    return (
        f"INSERT INTO {relation.sql} SELECT {', '.join(_filled(relation, given))} FROM ({sql}) AS q({', '.join(names)})"
    )


def _filled(relation: Relation, given: dict[str, str]) -> Iterator[str]:
    """Yield a value for every column of the table: what is given, else its default."""
    for column in relation.columns:
        yield given.get(column.name) or default_of(column)


def default_of(column: Column) -> str:
    return column.default if column.default is not None else "NULL"


def _row(row: tuple[s.Expression, ...], targets: list[Column], relation: Relation, scope: Scope) -> Iterator[str]:
    given = {}
    for target, node in zip(targets, row, strict=True):
        if isinstance(node, s.Constant) and node.default:
            given[target.name] = default_of(target)
        else:
            given[target.name] = assign(expression(node, scope), target.type, target.name)
    yield from _filled(relation, given)


def _targets(names: tuple[str, ...] | None, relation: Relation, count: int) -> list[Column]:
    """Return the columns that the values go to, by position.

    Without a list they are the first ones; IDENTITY columns take part only where the values are enough for all
    columns, and then it is an error for those that always generate (an assumption).
    """
    if names is not None:
        found = [relation.column(name) for name in names]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise WarehouseError(f'column "{twice}" specified more than once', sqlstate="42701")
        if count > len(found):
            raise WarehouseError("INSERT has more expressions than target columns", sqlstate="42601")
        if count < len(found):
            raise WarehouseError("INSERT has more target columns than expressions", sqlstate="42601")
    else:
        found = [column for column in relation.columns if not column.identity]
        if count > len(found):
            found = [column for column in relation.columns if column.identity != "always"]
        if count > len(found):
            found = list(relation.columns)
        if count > len(found):
            raise WarehouseError("INSERT has more expressions than target columns", sqlstate="42601")
        found = found[:count]
    for column in found:
        if column.identity == "always":
            raise WarehouseError(f'cannot set an identity column to a value: "{column.name}"', sqlstate="0A000")
    return found


# --- UPDATE and DELETE -----------------------------------------------------------------------------------------------


def update_changes(update: s.Update, relation: Relation, session: Session) -> Changes:
    """Translate an UPDATE."""
    scope = Scope(session)
    prefix = common_sql(update.common, update.recursive, scope)
    target = _target(update.table, relation, scope)
    source = ""
    if update.source is not None:
        _refuse_outer_joins(update.source)
        source = f" FROM {source_sql(update.source, scope, query_sql)}"
    changes = ", ".join(_assignments(update.changes, relation, scope))
    where = f" WHERE {condition(update.where, scope, 'WHERE')}" if update.where is not None else ""
    return Changes((f"{prefix}UPDATE {target} SET {changes}{source}{where}",))


def _target(table: s.Table, relation: Relation, scope: Scope) -> str:
    alias = table.alias or table.name
    scope.add(FromItem(alias, tuple(OutColumn(c.name, c.type, c.nocase) for c in relation.columns), relation.schema))
    return f"{relation.sql} AS {quote(alias)}"


def _assignments(changes: tuple[tuple[str, s.Expression], ...], relation: Relation, scope: Scope) -> Iterator[str]:
    names = [name for name, _ in changes]
    for name, node in changes:
        column = relation.column(name)
        if names.count(name) > 1:
            raise WarehouseError(f'multiple assignments to same column "{name}"', sqlstate="42601")
        if column.identity:
            raise WarehouseError(f'cannot set an identity column to a value: "{name}"', sqlstate="0A000")
        default = isinstance(node, s.Constant) and node.default
        value = default_of(column) if default else assign(expression(node, scope), column.type, name)
        yield f"{quote(name)} = {value}"


def _refuse_outer_joins(source: s.Source) -> None:
    if isinstance(source, s.Join):
        if source.kind in ("left", "right", "full"):
            raise WarehouseError("Target table must be part of an equijoin predicate", sqlstate="0A000",
                                 hint="put the outer join into a query: FROM (SELECT … LEFT JOIN …) AS q")  # fmt: skip
        _refuse_outer_joins(source.left)
        _refuse_outer_joins(source.right)


def delete_changes(delete: s.Delete, relation: Relation, session: Session) -> Changes:
    """Translate a DELETE."""
    scope = Scope(session)
    prefix = common_sql(delete.common, delete.recursive, scope)
    target = _target(delete.table, relation, scope)
    using = f" USING {source_sql(delete.using, scope, query_sql)}" if delete.using is not None else ""
    where = f" WHERE {condition(delete.where, scope, 'WHERE')}" if delete.where is not None else ""
    return Changes((f"{prefix}DELETE FROM {target}{using}{where}",))


# --- MERGE -----------------------------------------------------------------------------------------------------------


def merge_changes(merge: s.Merge, target: Relation, source: Relation, session: Session) -> Changes:
    """Translate a MERGE. Errors: 0A000 for what Redshift's MERGE does not take."""
    if source.kind not in ("table", "materialized view") or target.kind != "table":
        raise WarehouseError(f'"{source.name}" is not a table: MERGE takes tables only', sqlstate="0A000")
    if source.key == target.key:
        raise WarehouseError("the source and the target of MERGE must not be the same table", sqlstate="0A000")
    scope = Scope(session)
    into = _target(merge.table, target, scope)
    using = _target(merge.source, source, scope)
    sides = [item.alias for item in scope.items]
    _check_condition(merge.on, sides, scope)
    on = condition(merge.on, scope, "MERGE ON")
    if merge.deduplicate:
        return _deduplicated(target, source, into, using, on)
    matched = "DELETE"
    if merge.changes is not None:
        matched = f"UPDATE SET {', '.join(_assignments(merge.changes, target, scope))}"
    targets = _targets(merge.columns, target, len(merge.values))
    only_source = Scope(session, items=scope.items[1:])
    values = ", ".join(_row(merge.values, targets, target, only_source))
    twice = f"SELECT 1 FROM {into} JOIN {using} ON {on} GROUP BY {quote(sides[0])}.rowid HAVING count(*) > 1 LIMIT 1"
    head = f"MERGE INTO {into} USING {using} ON {on}"
    return Changes(
        (f"{head} WHEN MATCHED THEN {matched} WHEN NOT MATCHED THEN INSERT VALUES ({values})",),
        twice if merge.changes is not None else "",
        "Found multiple matches to update the same tuple.",
    )


def _check_condition(node: s.Expression, sides: list[str], scope: Scope) -> None:
    """ON takes equalities of a column of the one table and a column of the other."""
    if isinstance(node, s.Binary) and node.op == "and":
        _check_condition(node.left, sides, scope)
        _check_condition(node.right, sides, scope)
        return
    if not isinstance(node, s.Binary) or node.op != "=":
        raise WarehouseError(
            "MERGE takes only equality conditions between the target and the source", sqlstate="0A000",
            hint="such as ON target.id = source.id AND …",
        )  # fmt: skip


def _deduplicated(target: Relation, source: Relation, into: str, using: str, on: str) -> Changes:
    """Matched rows are replaced, others added, rows that are alike collapse (an assumption).

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_MERGE.html, "REMOVE DUPLICATES"
    """
    if [c.type for c in target.columns] != [c.type for c in source.columns]:
        raise WarehouseError(
            "MERGE … REMOVE DUPLICATES needs a source with the same columns, in number, order and type, as the target",
            sqlstate="42601",
        )
    return Changes((
        f"DELETE FROM {into} USING {using} WHERE {on}",
        f"INSERT INTO {target.sql} SELECT DISTINCT * FROM {source.sql}",
    ))  # fmt: skip
