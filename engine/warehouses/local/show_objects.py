"""SHOW DATABASES, SCHEMAS, TABLES, COLUMNS, TABLE and VIEW.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SHOW_DATABASES.html, r_SHOW_SCHEMAS.html, r_SHOW_TABLES.html,
r_SHOW_COLUMNS.html, r_SHOW_TABLE.html, r_SHOW_VIEW.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome, ResultColumn
from . import facts
from .catalog import Column, Constraint, Relation, constraint_name
from .settings import show_setting
from .source_grammar import parse_table_name
from .tokens import Reader
from .values import format_type, literal, quote

if TYPE_CHECKING:
    from .session import LocalSession

_DATABASES = "SELECT 'dev', 100, 'local', NULL, NULL, 'Snapshot Isolation'"
_SCHEMAS = (
    """SELECT 'dev', name, CASE owner WHEN 'rdsdb' THEN 1 ELSE 100 END, 'local', NULL, NULL, NULL FROM {schemas}"""
)
_TABLES = """SELECT 'dev', schema, name, CASE WHEN kind = 'table' THEN 'TABLE' ELSE 'VIEW' END, NULL,
    nullif(comment, '') FROM {relations} WHERE schema = {schema}"""
_COLUMNS = """SELECT 'dev', schema, relation, name, CAST(position AS INTEGER), nullif(shown_default, ''),
    CASE WHEN "null" THEN 'YES' ELSE 'NO' END, bare_type, type.length,
    CASE type.name WHEN 'smallint' THEN 16 WHEN 'integer' THEN 32 WHEN 'bigint' THEN 64 ELSE type.precision END,
    CASE WHEN type.name IN ('smallint', 'integer', 'bigint') THEN 0 ELSE type.scale END, nullif(comment, '')
    FROM {columns} WHERE schema = {schema} AND relation = {table}"""
_LISTS = {
    "databases": (
        _DATABASES,
        "database_name database_owner:integer database_type database_acl parameters database_isolation_level",
    ),
    "schemas": (
        _SCHEMAS,
        "database_name schema_name schema_owner:integer schema_type schema_acl source_database schema_option",
    ),
    "tables": (_TABLES, "database_name schema_name table_name table_type table_acl remarks"),
    "columns": (
        _COLUMNS,
        """database_name schema_name table_name column_name ordinal_position:integer column_default is_nullable
        data_type character_maximum_length:integer numeric_precision:integer numeric_scale:integer remarks""",
    ),
}
"""The queries, and the names of their columns with the types of those that are no text."""
_FILTERED = {"databases": "database_name", "schemas": "schema_name", "tables": "table_name", "columns": "column_name"}


def show(session: LocalSession, reader: Reader) -> Outcome:
    """Run SHOW …"""
    kind = reader.look().value if reader.look().kind == "word" else ""
    if kind in _LISTS:
        return _list(session, reader, kind)
    if kind == "table":
        return _definition(session, reader)
    if kind == "view":
        return _view(session, reader)
    return show_setting(session, reader)


def _list(session: LocalSession, reader: Reader, kind: str) -> Outcome:
    """SHOW kind [FROM …] [LIKE 'pattern'] [LIMIT n]."""
    reader.advance()
    reader.advance()
    query, head = _LISTS[kind]
    filtered = _FILTERED[kind]
    context = facts.context(session)
    if kind != "databases":
        query = _placed(session, reader, kind, query)
    names = [part.partition(":") for part in head.split()]
    shown = f"({', '.join(quote(name) for name, _, _ in names)})"
    sql = f"SELECT * FROM ({context.catalog(query)}) AS v{shown}"
    if reader.take("like"):
        sql += f" WHERE {quote(filtered)} LIKE {literal(reader.string())}"
    order = "ordinal_position" if kind == "columns" else filtered
    sql += f" ORDER BY {quote(order)}"
    if reader.take("limit"):
        sql += f" LIMIT {reader.integer()}"
    reader.expect_end()
    rows = session.query_rows(sql)
    columns = tuple(ResultColumn(name, type_ or "character varying(128)") for name, _, type_ in names)
    return Outcome("SHOW", len(rows), columns, rows)


def _placed(session: LocalSession, reader: Reader, kind: str, query: str) -> str:
    """Read FROM DATABASE d, SCHEMA d.s or TABLE d.s.t into the query. Errors: 3F000, 42P01."""
    reader.expect("from")
    reader.expect({"schemas": "database", "tables": "schema", "columns": "table"}[kind])
    parts = [reader.any_name("a name")]
    while reader.take_op("."):
        parts.append(reader.any_name("a name"))
    wanted = {"schemas": 1, "tables": 2, "columns": 3}[kind]
    if len(parts) > wanted:
        raise reader.error()
    if len(parts) == wanted and parts.pop(0) != "dev":
        raise WarehouseError("not supported locally: a database other than dev", sqlstate="0A000")
    if kind == "tables" and not session.has_schema(parts[0]):
        raise WarehouseError(f'schema "{parts[0]}" does not exist', sqlstate="3F000")
    if kind == "columns":
        relation = session.find(parts[0] if len(parts) > 1 else None, parts[-1])
        return query.replace("{schema}", literal(relation.schema)).replace("{table}", literal(relation.name))
    return query.replace("{schema}", literal(parts[0])) if parts else query


# --- definitions -----------------------------------------------------------------------------------------------------


def _found(session: LocalSession, reader: Reader) -> Relation:
    reader.advance()
    reader.advance()
    table = parse_table_name(reader)
    reader.expect_end()
    return session.find(table.schema, table.name)


def _view(session: LocalSession, reader: Reader) -> Outcome:
    """The query as it was written, where Redshift writes it anew."""
    relation = _found(session, reader)
    if relation.kind == "table":
        raise WarehouseError(f'"{relation.name}" is not a view', sqlstate="42809")
    return _told("Show View DDL statement", relation.definition + ";")


def _definition(session: LocalSession, reader: Reader) -> Outcome:
    relation = _found(session, reader)
    if relation.kind != "table":
        raise WarehouseError(f'"{relation.name}" is not a table', sqlstate="42809", hint="SHOW VIEW")
    lines = [*(_column(column, relation) for column in relation.columns),
             *(_key(relation, key) for key in relation.constraints)]  # fmt: skip
    schema = relation.schema if not relation.temporary else "pg_temp"
    head = f"CREATE {'TEMP ' if relation.temporary else ''}TABLE {_name(schema)}.{_name(relation.name)} (\n"
    return _told("Show Table DDL statement", head + ",\n".join(lines) + f"\n)\n{' '.join(_attributes(relation))};")


def _told(title: str, text: str) -> Outcome:
    return Outcome("SHOW", 1, (ResultColumn(title, "character varying(65535)"),), [(text,)])


def _name(name: str) -> str:
    return name if name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit() else quote(name)


def _column(column: Column, relation: Relation) -> str:
    words = [_name(column.name), format_type(column.type)]
    if column.identity:
        kind = "IDENTITY" if column.identity == "always" else "GENERATED BY DEFAULT AS IDENTITY"
        words.append(f"{kind}({column.seed},{column.step})")
    if not column.null:
        words.append("NOT NULL")
    if column.default_text and not column.identity:
        words.append(f"DEFAULT {column.default_text}")
    if column.encode and column.encode not in ("raw", "auto"):
        words.append(f"ENCODE {column.encode}")
    if column.name == relation.distkey:
        words.append("distkey")
    if column.nocase:
        words.append("COLLATE case_insensitive")
    return " ".join(words)


def _key(relation: Relation, key: Constraint) -> str:
    text = f"{key.kind.upper()} ({', '.join(_name(name) for name in key.columns)})"
    if key.references:
        text += f" REFERENCES {key.references}"
        text += f"({', '.join(_name(name) for name in key.referenced)})" if key.referenced else ""
    return f"CONSTRAINT {_name(constraint_name(relation, key))} {text}" if key.name else text


def _attributes(relation: Relation) -> Iterator[str]:
    if not relation.backup:
        yield "BACKUP NO"
    yield f"DISTSTYLE {relation.diststyle}"
    if relation.sortkeys:
        kind = "INTERLEAVED SORTKEY" if relation.interleaved else "SORTKEY"
        yield f"{kind} ( {', '.join(_name(name) for name in relation.sortkeys)} )"
