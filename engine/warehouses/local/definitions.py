"""Schemas, views and comments; and which CREATE or DROP is which.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_SCHEMA.html, r_CREATE_VIEW.html, r_COMMENT.html,
materialized-view-create-sql-command.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome
from . import facts
from . import syntax as s
from .catalog import SYSTEM_SCHEMAS, Column, Relation
from .changes import insert_query
from .principals import KINDS, create_principal, drop_principal
from .queries import query_sql
from .query_grammar import StatementReader
from .scope import OutColumn, Scope, Session
from .source_grammar import parse_table_name
from .tables import add, create_table, drop_relation, drop_table, make_table, rewrite
from .tokens import Reader
from .user_functions import create_function, drop_function
from .values import quote, varchar

if TYPE_CHECKING:
    from .session import LocalSession


def create(session: LocalSession, reader: Reader) -> Outcome:
    """Run CREATE …"""
    start = reader.where
    reader.expect("create")
    replacing = reader.take("or", "replace")
    if reader.at("view"):
        return _create_view(session, reader, replacing)
    if reader.at("function"):
        return create_function(session, reader, replacing)
    if reader.at("materialized", "view") and not replacing:
        return _create_materialized(session, reader)
    if reader.at("schema"):
        return _create_schema(session, reader)
    if reader.at_any(KINDS) and not replacing:
        return create_principal(session, reader)
    if reader.take("external"):
        raise _not_here(f"CREATE EXTERNAL {reader.token.value.upper()}")
    if any(reader.at(word) for word in ("table", "temp", "temporary", "local")) and not replacing:
        reader.rewind(start)
        return create_table(session, reader)
    if any(
        reader.at(word)
        for word in (
            "database",
            "procedure",
            "library",
            "datashare",
            "model",
            "identity",
            "rls",
            "masking",
        )
    ):
        raise _not_here(f"CREATE {reader.token.value.upper()}")
    raise reader.error()


def _not_here(what: str) -> WarehouseError:
    return WarehouseError(f"not supported locally: {what}", sqlstate="0A000")


def drop(session: LocalSession, reader: Reader) -> Outcome:
    """Run DROP …"""
    reader.expect("drop")
    if reader.at("table"):
        return drop_table(session, reader)
    if reader.at("view") or reader.at("materialized", "view"):
        return _drop_view(session, reader)
    if reader.at("schema"):
        return _drop_schema(session, reader)
    if reader.at("function"):
        return drop_function(session, reader)
    if reader.at_any(KINDS):
        return drop_principal(session, reader)
    if reader.token.kind == "word":
        raise _not_here(f"DROP {reader.token.value.upper()}")
    raise reader.error()


# --- schemas ---------------------------------------------------------------------------------------------------------


def _create_schema(session: LocalSession, reader: Reader) -> Outcome:
    reader.expect("schema")
    if_not_exists = reader.take("if", "not", "exists")
    name = "" if reader.at("authorization") else reader.name("a schema")
    owner = "local"
    if reader.take("authorization"):
        owner = reader.any_name("a user")
    if reader.take("quota"):
        reader.advance()
        if reader.token.kind == "word":
            reader.advance()
    reader.expect_end()
    name = name or owner
    if name.startswith("pg_") or name in (*SYSTEM_SCHEMAS, "local_catalog"):
        raise WarehouseError(f'unacceptable schema name "{name}"', sqlstate="42939",
                             detail='The prefix "pg_" is reserved for system schemas.')  # fmt: skip
    if session.has_schema(name):
        if if_not_exists:
            return Outcome("CREATE SCHEMA", notices=(f'INFO: Schema "{name}" already exists and will be skipped.',))
        raise WarehouseError(f'schema "{name}" already exists', sqlstate="42P06", hint="CREATE SCHEMA IF NOT EXISTS")
    with session.atomic():
        session.connection.execute(f"CREATE SCHEMA {quote(name)}")
        session.connection.execute("INSERT INTO local_catalog.schema_ VALUES (?, ?)", [name, owner])
        session.catalog_changes()
    return Outcome("CREATE SCHEMA")


def _drop_schema(session: LocalSession, reader: Reader) -> Outcome:
    reader.expect("schema")
    missing_ok = reader.take("if", "exists")
    names = [reader.name("a schema")]
    while reader.take_op(","):
        names.append(reader.name("a schema"))
    cascade = reader.take("cascade")
    reader.take("restrict")
    reader.expect_end()
    notices = []
    with session.atomic():
        for name in names:
            if not session.has_schema(name) or name in SYSTEM_SCHEMAS:
                if missing_ok:
                    notices.append(f'INFO: Schema "{name}" does not exist and will be skipped.')
                    continue
                raise WarehouseError(f'schema "{name}" does not exist', sqlstate="3F000")
            _empty_schema(session, name, cascade)
            session.connection.execute(f"DROP SCHEMA {quote(name)}")
            session.connection.execute("DELETE FROM local_catalog.schema_ WHERE name = ?", [name])
            session.catalog_changes()
    return Outcome("DROP SCHEMA", notices=tuple(notices))


def _empty_schema(session: LocalSession, schema: str, cascade: bool) -> None:
    rows = session.connection.execute("SELECT name FROM local_catalog.relation WHERE schema = ?", [schema]).fetchall()
    if rows and not cascade:
        raise WarehouseError(
            f"cannot drop schema {schema} because other objects depend on it",
            sqlstate="2BP01",
            detail=", ".join(f"{schema}.{row[0]}" for row in rows[:10]),
            hint="Use DROP ... CASCADE to drop the dependent objects too.",
        )
    for (name,) in rows:
        relation = session.lookup(schema, name)
        if relation is not None:
            drop_relation(session, relation, True)


# --- views -----------------------------------------------------------------------------------------------------------


def _create_view(session: LocalSession, reader: Reader, replacing: bool) -> Outcome:
    """A bound view knows its columns; one WITH NO SCHEMA BINDING asks for its tables when it is read."""
    reader.expect("view")
    table = parse_table_name(reader)
    names = _names(reader)
    reader.expect("as")
    start = reader.token.start
    query = reader.query()
    end = reader.tokens[reader.where - 1].end
    late = reader.take("with", "no", "schema", "binding")
    reader.expect_end()
    schema = session.creation_schema(table.schema, False)
    old = session.lookup(schema, table.name)
    if old is not None and (not replacing or old.kind not in ("view", "late view")):
        raise WarehouseError(f'Relation "{table.name}" already exists', sqlstate="42P07", hint="CREATE OR REPLACE VIEW")
    context = facts.context(session)
    if late:
        _check_qualified(query)
        columns = tuple(Column(name, varchar()) for name in names)
    else:
        columns = _columns(query, names, context)
    relation = Relation(schema, table.name, "late view" if late else "view", columns,
                        definition=reader.sql[start:end], reads=tuple(sorted(context.reads)))  # fmt: skip
    if old is not None and not late and old.kind == "view":
        _check_replaced(old, relation)
    _refuse_temporary(relation)
    with session.atomic():
        if old is not None:
            rewrite(session, old, relation)
        else:
            add(session, relation)
    return Outcome("CREATE VIEW")


def _names(reader: Reader) -> tuple[str, ...]:
    return reader.names_in_parentheses() if reader.at_op("(") else ()


def _columns(query: s.Query, names: tuple[str, ...], context: Session) -> tuple[Column, ...]:
    _, found = query_sql(query, Scope(context))
    if len(names) > len(found):
        raise WarehouseError("CREATE VIEW specifies more column names than columns", sqlstate="42601")
    shown = (*names, *(column.name for column in found[len(names) :]))
    if len(set(shown)) < len(shown):
        twice = next(name for name in shown if shown.count(name) > 1)
        raise WarehouseError(f'column "{twice}" duplicated', sqlstate="42701")
    return tuple(Column(name, column.type, nocase=column.nocase) for name, column in zip(shown, found, strict=True))


def _refuse_temporary(relation: Relation) -> None:
    if any(name.startswith("pg_temp.") for name in relation.reads):
        raise _not_here("a view on a temporary table")


def _check_replaced(old: Relation, new: Relation) -> None:
    before = [(column.name, column.type.name) for column in old.columns]
    after = [(column.name, column.type.name) for column in new.columns]
    if before != after[: len(before)]:
        raise WarehouseError("cannot change name or type of view column", sqlstate="42P16",
                             hint="DROP VIEW, then CREATE VIEW")  # fmt: skip


def _check_qualified(query: s.Query) -> None:
    """Errors: 42601 where a late-binding view names a table without its schema."""
    for table in _tables(query, frozenset()):
        if table.schema is None:
            raise WarehouseError(
                "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING",
                sqlstate="42601",
                hint=f'write "{table.name}" with its schema',
            )


def _tables(query: s.Query, known: frozenset[str]) -> list[s.Table]:
    known = known | {one.name for one in query.common}
    found = [table for one in query.common for table in _tables(one.query, known)]
    body = query.body
    if isinstance(body, s.Query):
        return found + _tables(body, known)
    if isinstance(body, s.SetOperation):
        return found + _tables(body.left, known) + _tables(body.right, known)
    return found + (_source_tables(body.source, known) if body.source is not None else [])


def _source_tables(source: s.Source, known: frozenset[str]) -> list[s.Table]:
    if isinstance(source, s.Table):
        return [] if source.schema is None and source.name in known else [source]
    if isinstance(source, s.Derived):
        return _tables(source.query, known)
    if isinstance(source, s.Join):
        return _source_tables(source.left, known) + _source_tables(source.right, known)
    if isinstance(source, (s.Pivot, s.Unpivot)):
        return _source_tables(source.source, known)
    return []


def _drop_view(session: LocalSession, reader: Reader) -> Outcome:
    kind = "materialized view" if reader.take("materialized") else "view"
    reader.expect("view")
    missing_ok = reader.take("if", "exists")
    names = [parse_table_name(reader)]
    while reader.take_op(","):
        names.append(parse_table_name(reader))
    cascade = reader.take("cascade")
    reader.take("restrict")
    reader.expect_end()
    with session.atomic():
        for name in names:
            relation = session.lookup(name.schema, name.name)
            if relation is None and missing_ok:
                continue
            relation = relation or session.find(name.schema, name.name)
            if relation.kind == "table" or (relation.kind == "materialized view") != (kind == "materialized view"):
                raise WarehouseError(f'"{relation.name}" is not a {kind}', sqlstate="42809")
            drop_relation(session, relation, cascade)
    return Outcome(f"DROP {kind.upper()}")


def _create_materialized(session: LocalSession, reader: Reader) -> Outcome:
    """A materialized view is a table that REFRESH fills anew."""
    reader.expect("materialized", "view")
    table = parse_table_name(reader)
    while not reader.at("as"):
        if reader.advance().kind == "end":
            raise reader.error("expected AS")
    reader.expect("as")
    start = reader.token.start
    query = reader.query()
    end = reader.tokens[reader.where - 1].end
    reader.expect_end()
    schema = session.creation_schema(table.schema, False)
    if session.lookup(schema, table.name) is not None:
        raise WarehouseError(f'Relation "{table.name}" already exists', sqlstate="42P07")
    context = facts.context(session)
    columns = _columns(query, (), context)
    relation = Relation(schema, table.name, "materialized view", columns, definition=reader.sql[start:end],
                        reads=tuple(sorted(context.reads)))  # fmt: skip
    with session.atomic():
        make_table(session, relation)
        _fill(session, relation)
    return Outcome("CREATE MATERIALIZED VIEW")


def _fill(session: LocalSession, relation: Relation) -> None:
    query = StatementReader(relation.definition).query()
    sql, found = query_sql(query, Scope(facts.context(session)))
    shown: tuple[OutColumn, ...] = found
    session.query_rows(insert_query(relation, list(relation.columns), sql, shown))


def refresh(session: LocalSession, reader: Reader) -> Outcome:
    reader.expect("refresh")
    reader.expect("materialized", "view")
    table = parse_table_name(reader)
    reader.take("cascade")
    reader.take("restrict")
    reader.expect_end()
    relation = session.find(table.schema, table.name)
    if relation.kind != "materialized view":
        raise WarehouseError(f'"{relation.name}" is not a materialized view', sqlstate="42809")
    with session.atomic():
        session.connection.execute(f"DELETE FROM {relation.sql}")
        _fill(session, relation)
    return Outcome("REFRESH", notices=(f"INFO: Materialized view {relation.name} was recomputed successfully.",))


# --- comments --------------------------------------------------------------------------------------------------------


def comment(session: LocalSession, reader: Reader) -> Outcome:
    """COMMENT ON is kept in the catalog for tables, views and their columns."""
    reader.expect("comment")
    reader.expect("on")
    kind = reader.advance().value
    parts = [reader.any_name()]
    while reader.take_op("."):
        parts.append(reader.any_name())
    if kind == "constraint":
        reader.expect("on")
        parse_table_name(reader)
    reader.expect("is")
    text = "" if reader.take("null") else reader.string()
    reader.expect_end()
    if kind == "column":
        if len(parts) < 2:
            raise WarehouseError("write COMMENT ON COLUMN table.column", sqlstate="42601")
        relation = session.find(parts[-3] if len(parts) > 2 else None, parts[-2])
        column = relation.column(parts[-1])
        columns = tuple(replace(one, comment=text) if one is column else one for one in relation.columns)
        changed = replace(relation, columns=columns)
    elif kind in ("table", "view"):
        relation = session.find(parts[-2] if len(parts) > 1 else None, parts[-1])
        changed = replace(relation, comment=text)
    elif kind in ("database", "constraint", "schema"):
        return Outcome("COMMENT")
    else:
        raise reader.error("COMMENT goes on TABLE, COLUMN, VIEW, CONSTRAINT or DATABASE")
    if changed != relation:
        with session.atomic():
            rewrite(session, relation, changed)
    return Outcome("COMMENT")
