"""Statements that read and write rows: SELECT, INSERT, UPDATE, DELETE, MERGE, TRUNCATE, EXPLAIN."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...records import frozen
from ...warehouse import Outcome, ResultColumn
from . import facts
from . import syntax as s
from .catalog import Relation
from .change_grammar import parse_delete, parse_insert, parse_merge, parse_update
from .changes import Changes, delete_changes, insert_changes, merge_changes, update_changes
from .queries import padded, query_sql
from .query_grammar import parse_with
from .scope import OutColumn, Scope
from .source_grammar import parse_table_name
from .tables import create_as
from .tokens import Reader
from .values import format_type

if TYPE_CHECKING:
    from .session import LocalSession

_REMEMBERED = 512


@frozen
class Translated:
    """A statement ready to run again: a query with its columns, or changes of rows."""

    command: str
    sql: str = ""
    columns: tuple[ResultColumn, ...] = ()
    changes: Changes | None = None
    tables: frozenset[str] = frozenset()
    """What it looks at, as schema.name."""

    def reads(self, name: str) -> bool:
        """Tell whether it looks at a relation of that name, in any schema."""
        return any(table.endswith(f".{name}") for table in self.tables)


def run_remembered(session: LocalSession, translated: Translated) -> Outcome:
    if translated.changes is not None:
        return _change(session, translated)
    rows = session.query_rows(translated.sql)
    return Outcome(translated.command, len(rows), translated.columns, rows)


def _remember(session: LocalSession, reader: Reader, translated: Translated, volatile: bool) -> None:
    if volatile:
        return
    if len(session.translations) >= _REMEMBERED:
        session.translations.clear()
    tables = frozenset(session.touched)
    session.translations[reader.sql, session.search_path] = replace(translated, tables=tables)


def run_query(session: LocalSession, reader: Reader) -> Outcome:
    query = reader.query()
    reader.expect_end()
    into = _into(query)
    if into is not None:
        assert into.into is not None
        table, temporary, into.into = into.into, into.into_temporary, None
        return create_as(session, table, temporary, query, command="SELECT")
    context = facts.context(session)
    sql, columns = query_sql(query, Scope(context))
    translated = Translated("SELECT", padded(sql, columns), result_columns(columns))
    _remember(session, reader, translated, context.volatile)
    return run_remembered(session, translated)


def result_columns(columns: tuple[OutColumn, ...]) -> tuple[ResultColumn, ...]:
    return tuple(ResultColumn(column.name, format_type(column.type)) for column in columns)


def _into(query: s.Query) -> s.Select | None:
    body = query.body
    while isinstance(body, s.Query):
        body = body.body
    return body if isinstance(body, s.Select) and body.into is not None else None


def run_with(session: LocalSession, reader: Reader) -> Outcome:
    """WITH stands before SELECT, UPDATE and DELETE."""
    where = reader.where
    parse_with(reader)
    word = reader.token.value
    reader.rewind(where)
    return {"update": run_update, "delete": run_delete}.get(word, run_query)(session, reader)


def target(session: LocalSession, table: s.Table, doing: str) -> Relation:
    """Return the table that a statement writes. Errors: 42P01, 42809 for a view."""
    relation = session.find(table.schema, table.name)
    if relation.kind in ("view", "late view", "materialized view"):
        raise WarehouseError(f'cannot {doing} a view: "{relation.name}"', sqlstate="42809")
    return relation


def run_insert(session: LocalSession, reader: Reader) -> Outcome:
    return _new_change(session, reader, "INSERT", *_insert(session, reader))


def _insert(session: LocalSession, reader: Reader) -> tuple[Changes, bool]:
    """Return the changes, and whether they depend on more than the statement."""
    insert = parse_insert(reader)
    reader.expect_end()
    relation = target(session, insert.table, "insert into")
    context = facts.context(session)
    changes = insert_changes(insert, relation, context)
    return changes, context.volatile


def run_update(session: LocalSession, reader: Reader) -> Outcome:
    return _new_change(session, reader, "UPDATE", *_update(session, reader))


def _update(session: LocalSession, reader: Reader) -> tuple[Changes, bool]:
    """Return the changes, and whether they depend on more than the statement."""
    update = parse_update(reader)
    reader.expect_end()
    relation = target(session, update.table, "update")
    context = facts.context(session)
    changes = update_changes(update, relation, context)
    return changes, context.volatile


def run_delete(session: LocalSession, reader: Reader) -> Outcome:
    return _new_change(session, reader, "DELETE", *_delete(session, reader))


def _delete(session: LocalSession, reader: Reader) -> tuple[Changes, bool]:
    """Return the changes, and whether they depend on more than the statement."""
    delete = parse_delete(reader)
    reader.expect_end()
    relation = target(session, delete.table, "delete from")
    context = facts.context(session)
    changes = delete_changes(delete, relation, context)
    return changes, context.volatile


def run_merge(session: LocalSession, reader: Reader) -> Outcome:
    merge = parse_merge(reader)
    reader.expect_end()
    into = target(session, merge.table, "merge into")
    source = session.find(merge.source.schema, merge.source.name)
    context = facts.context(session)
    changes = merge_changes(merge, into, source, context)
    return _new_change(session, reader, "MERGE", changes, context.volatile)


def _new_change(session: LocalSession, reader: Reader, command: str, changes: Changes, volatile: bool) -> Outcome:
    translated = Translated(command, changes=changes)
    if len(reader.sql) < 20000:
        _remember(session, reader, translated, volatile)
    return _change(session, translated)


def _change(session: LocalSession, translated: Translated) -> Outcome:
    changes = translated.changes
    assert changes is not None
    if len(changes.statements) == 1 and not changes.refuse:
        return Outcome(translated.command, _count(session, changes.statements[0]))
    with session.atomic():
        if changes.refuse and session.query_rows(changes.refuse):
            raise WarehouseError(changes.refusal, sqlstate="XX000")
        return Outcome(translated.command, sum(_count(session, sql) for sql in changes.statements))


def _count(session: LocalSession, sql: str) -> int:
    rows = session.query_rows(sql)
    return int(rows[0][0]) if rows else 0


def run_truncate(session: LocalSession, reader: Reader) -> Outcome:
    """TRUNCATE commits the transaction around it, and what follows is outside any.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
    """
    reader.expect("truncate")
    reader.take("table")
    relation = target(session, parse_table_name(reader), "truncate")
    reader.expect_end()
    session.connection.execute(f"DELETE FROM {relation.sql}")
    if session.in_block:
        session.commit()
        session.begin()
    return Outcome("TRUNCATE TABLE")


def run_explain(session: LocalSession, reader: Reader) -> Outcome:
    reader.expect("explain")
    reader.take("verbose")
    sql = _explained(session, reader)
    found = session.query_rows(f"EXPLAIN {sql}")
    lines = [(line,) for row in found for line in str(row[-1]).splitlines()]
    return Outcome("EXPLAIN", len(lines), (ResultColumn("QUERY PLAN", "character varying(256)"),), lines)


_CHANGES = {"insert": _insert, "update": _update, "delete": _delete}


def _explained(session: LocalSession, reader: Reader) -> str:
    """Return the DuckDB statement of a query or a change; of CREATE TABLE … AS that of its query."""
    if reader.at("create"):
        while not reader.take("as"):
            if reader.advance().kind == "end":
                raise reader.error("EXPLAIN takes CREATE TABLE … AS")
    where = reader.where
    if reader.at("with"):
        parse_with(reader)
    change = _CHANGES.get(reader.token.value) if reader.token.kind == "word" else None
    reader.rewind(where)
    if change is not None:
        return change(session, reader)[0].statements[0]
    query = reader.query()
    reader.expect_end()
    return query_sql(query, Scope(facts.context(session)))[0]
