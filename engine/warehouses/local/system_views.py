"""Redshift's system tables and views, as queries over local Redshift's catalog (system_views.sql)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...datatypes import DataType, parse_type
from ...errors import WarehouseError
from .query_grammar import StatementReader
from .scope import OutColumn, Scope, Session
from .table_grammar import ENCODINGS
from .types import stored_type
from .values import SMALLINTS, TEXTS, format_type, literal, quote

if TYPE_CHECKING:
    from .session import LocalSession

_HEAD = re.compile(r"--- (?:(\w+)\.)?(\w+): (.+)")
_COLUMN = re.compile(r"(\w+) ([a-z ]+(?:\(\d+(?:,\d+)?\)|\[\])?)(?:, |$)")

_NUMBER_OF = re.compile(r"\{oid ('(?:[^']|'')*') ('(?:[^']|'')*')\}")

_SHAPE = (
    '{"columns": [{"name": "VARCHAR", "type": {"name": "VARCHAR", "length": "INTEGER", "precision": "INTEGER", '
    '"scale": "INTEGER"}, "null": "BOOLEAN", "default_text": "VARCHAR", "identity": "VARCHAR", "seed": "BIGINT", '
    '"step": "BIGINT", "encode": "VARCHAR", "comment": "VARCHAR"}], '
    '"constraints": [{"kind": "VARCHAR", "columns": ["VARCHAR"], "name": "VARCHAR", "references": "VARCHAR", '
    '"referenced": ["VARCHAR"]}], "diststyle": "VARCHAR", "distkey": "VARCHAR", "sortkeys": ["VARCHAR"], '
    '"interleaved": "BOOLEAN", "auto_sorted": "BOOLEAN", "definition": "VARCHAR", "reads": ["VARCHAR"], '
    '"comment": "VARCHAR"}'
)
OID = "CAST(100000 + hash({} || '.' || {}) % 1000000000 AS INTEGER)"
"""The number of a relation: the same for the same name, in every session and after every restart."""
_ENCODINGS = f"[{', '.join(literal(name) for name in sorted(ENCODINGS - {'raw', 'auto'}))}]"
"""The encodings by their number, from 1; 0 is none."""

_RELATIONS = f"""(SELECT schema, name, kind, {OID.format("schema", "name")} AS oid,
    CAST(100000 + hash(schema) % 1000000000 AS INTEGER) AS schema_oid, len(r.columns) AS width, r.*
    FROM (SELECT schema, name, kind, from_json(record, '{_SHAPE}') AS r FROM {{catalog}}))"""
_BARE = """CASE c.type.name WHEN 'varchar' THEN 'character varying' WHEN 'char' THEN 'character' WHEN 'decimal' THEN
    'numeric' WHEN 'timestamp' THEN 'timestamp without time zone' WHEN 'timestamptz' THEN 'timestamp with time zone'
    WHEN 'time' THEN 'time without time zone' WHEN 'timetz' THEN 'time with time zone'
    WHEN 'varbyte' THEN 'binary varying' ELSE c.type.name END"""
_COLUMNS = f"""(SELECT schema, relation, kind, relation_oid, position, c.*, {_BARE} AS bare_type,
    {_BARE} || CASE WHEN c.type.length IS NOT NULL THEN '(' || c.type.length || ')'
    WHEN c.type.precision IS NOT NULL THEN '(' || c.type.precision || ',' || c.type.scale || ')' ELSE '' END
    AS full_type, c.name = distkey AS is_distkey, CASE c.identity WHEN '' THEN c.default_text ELSE
    printf('"%s"(%d, %d, ''%d,%d''::text)', CASE c.identity WHEN 'always' THEN 'identity' ELSE 'default_identity' END,
    relation_oid, position - 1, c.seed, c.step) END AS shown_default,
    coalesce(list_position(sortkeys, c.name), 0) * CASE WHEN interleaved AND list_position(sortkeys, c.name) % 2 = 0
    THEN -1 ELSE 1 END AS sort_position, CASE c.type.name WHEN 'boolean' THEN 16 WHEN 'bigint' THEN 20 WHEN 'smallint'
    THEN 21 WHEN 'integer' THEN 23 WHEN 'real' THEN 700 WHEN 'double precision' THEN 701 WHEN 'char' THEN 1042 WHEN
    'varchar' THEN 1043 WHEN 'date' THEN 1082 WHEN 'time' THEN 1083 WHEN 'timestamp' THEN 1114 WHEN 'timestamptz' THEN
    1184 WHEN 'timetz' THEN 1266 WHEN 'decimal' THEN 1700 WHEN 'super' THEN 4000
    WHEN 'interval year to month' THEN 1188 WHEN 'interval day to second' THEN 1190 WHEN 'geometry' THEN 3000
    WHEN 'geography' THEN 3001 WHEN 'hllsketch' THEN 2935 ELSE 6551 END AS type_oid
    FROM (SELECT schema, name AS relation, kind, oid AS relation_oid, distkey, sortkeys, interleaved,
    unnest(columns) AS c, unnest(range(1, len(columns) + 1)) AS position FROM {{relations}}))"""
_NUMBERS = "list_transform({}, lambda n: list_position(list_transform({}.columns, lambda c: c.name), n))"
_LIST = "array_to_string(list_transform({}, lambda n: rs_quote_ident(n)), ', ')"
_KEYS = f"""(SELECT *, relation || CASE kind WHEN 'primary key' THEN '_pkey' WHEN 'unique' THEN
    '_' || columns[1] || '_key' ELSE '_' || columns[1] || '_fkey' END AS usual_name FROM (SELECT r.schema,
    r.name AS relation, r.oid AS relation_oid, r.schema_oid, k.kind, k.columns, k.name,
    {_NUMBERS.format("k.columns", "r")} AS numbers, k.referenced,
    CASE WHEN contains(k.references, '.') THEN split_part(k.references, '.', 1) ELSE r.schema END AS to_schema,
    CASE WHEN contains(k.references, '.') THEN split_part(k.references, '.', 2) ELSE k.references END AS to_name
    FROM (SELECT *, unnest(constraints) AS k FROM {{relations}}) AS r))"""
_CONSTRAINTS = f"""(SELECT schema, relation, relation_oid, schema_oid, kind, columns, numbers, target.oid AS to_oid,
    {_NUMBERS.format("to_columns", "target")} AS to_numbers, constraint_name,
    {OID.format("schema || relation", "constraint_name")} AS oid, upper(kind) || ' (' ||
    {_LIST.format("columns")} || ')' || CASE WHEN kind = 'foreign key' THEN ' REFERENCES ' ||
    CASE WHEN to_schema IN ({{path}}) THEN '' ELSE
    rs_quote_ident(to_schema) || '.' END || rs_quote_ident(to_name) ||
    CASE WHEN len(to_columns) > 0 THEN '(' || {_LIST.format("to_columns")} || ')' ELSE '' END
    ELSE '' END AS definition FROM (SELECT k.*, coalesce(nullif(k.name, ''), k.usual_name) AS constraint_name,
    target, CASE WHEN len(k.referenced) > 0 OR target.oid IS NULL THEN k.referenced ELSE
    list_filter(target.constraints, lambda c: c.kind = 'primary key')[1].columns END AS to_columns FROM {_KEYS} AS k
    LEFT JOIN {{relations}} AS target ON target.schema = k.to_schema AND target.name = k.to_name))"""
_SCHEMAS = """(SELECT name, owner, CAST(100000 + hash(name) % 1000000000 AS INTEGER) AS oid FROM (SELECT name, owner
    FROM local_catalog.schema_ UNION ALL SELECT * FROM (VALUES ('pg_catalog', 'rdsdb'), ('information_schema', 'rdsdb'))
    AS s(name, owner)))"""


_CATALOGS = {"constraints": _CONSTRAINTS, "columns": _COLUMNS, "relations": _RELATIONS}
"""The queries of the catalog by their marks; one may name those after it."""


@cache
def _views() -> dict[tuple[str, str], tuple[str, tuple[OutColumn, ...]]]:
    here = Path(__file__).parent
    files = [(here / name).read_text(encoding="utf-8") for name in ("system_views.sql", "pg_catalog.sql")]
    found = {}
    for block in [block for text in files for block in text.split("\n--- ")[1:]]:
        head, _, query = block.partition("\n")
        match = _HEAD.fullmatch("--- " + head)
        assert match is not None, head
        columns = tuple(OutColumn(column, _type(type_)) for column, type_ in _COLUMN.findall(match[3]))
        found[match[1] or "pg_catalog", match[2]] = (query.strip(), columns)
    return found


def _type(text: str) -> DataType:
    return {"smallint[]": SMALLINTS, "text[]": TEXTS}.get(text) or parse_type(text)


def system_view(
    session: LocalSession, context: Session, schema: str | None, name: str
) -> tuple[str, tuple[OutColumn, ...]] | None:
    """Return the query of a system view and its columns, or None where `name` is none."""
    found = _views().get((schema or "pg_catalog", name))
    if found is None or (schema is None and session.lookup(None, name) is not None):
        return None
    query, columns = found
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    shown = ", ".join(
        f"CAST(c{number} AS {stored_type(column.type)}) AS {quote(column.name)}"
        for number, column in enumerate(columns)
    )
    if query == "NOTHING":
        query = f"SELECT {', '.join(['NULL'] * len(columns))} WHERE FALSE"
    return f"SELECT {shown} FROM ({catalog_text(session, context, _shared(query))}) AS v({names})", columns


def _shared(query: str) -> str:
    """Return a query of a view with each query of the catalog written once: DuckDB takes 3 to 10 ms to bind one."""
    if "{constraints}" not in query and sum(query.count(f"{{{mark}}}") for mark in _CATALOGS) < 2:
        return query
    used = ["relations", *(mark for mark in ("columns", "constraints") if f"{{{mark}}}" in query)]
    parts = (f"local_{mark} AS MATERIALIZED {_CATALOGS[mark]}" for mark in used)
    named = f"WITH {', '.join(parts)} {query}"
    for mark in used:
        named = named.replace(f"{{{mark}}}", f"local_{mark}")
    return named


def catalog_text(session: LocalSession, context: Session, query: str) -> str:
    """Return `query` with the queries of the catalog in place of their names, as {relations}."""
    context.volatile = True
    query = _NUMBER_OF.sub(lambda match: OID.format(match[1], match[2]), query)
    for mark, text in (*_CATALOGS.items(), ("schemas", _SCHEMAS)):
        query = query.replace("{" + mark + "}", text)
    catalog = "local_catalog.relation"
    if session.made_temporary:
        catalog = f"(SELECT * FROM {catalog} UNION ALL SELECT * FROM temp.main.local_relation)"
    path = ", ".join(literal(schema) for schema in session.search_path)
    query = query.replace("{catalog}", catalog).replace("{path}", path or "NULL").replace("{encodings}", _ENCODINGS)
    if "{late_columns}" in query:
        query = query.replace("{late_columns}", _late_columns(session, context))
    query = query.replace("{stale}", _stale(session, context)) if "{stale}" in query else query
    query = query.replace("{sessions}", _sessions(session)) if "{sessions}" in query else query
    return query.replace("{queries}", _queries(session)) if "{queries}" in query else query


def _late_columns(session: LocalSession, context: Session) -> str:
    """The columns that late-binding views have now; a view whose tables are gone has none."""
    found = session.connection.execute("SELECT schema, name FROM local_catalog.relation WHERE kind = 'late view'")
    rows = [row for schema, name in found.fetchall() for row in _columns_of(context, schema, name)]
    return f"(VALUES {', '.join(rows)})" if rows else "(SELECT NULL, NULL, NULL, NULL, NULL WHERE FALSE)"


def _columns_of(context: Session, schema: str, name: str) -> Iterator[str]:
    query = StatementReader(f"SELECT * FROM {quote(schema)}.{quote(name)}").query()
    try:
        _, columns = context.subquery(query, Scope(context))
    except WarehouseError:
        return
    for number, column in enumerate(columns, start=1):
        texts = ", ".join(literal(text) for text in (schema, name, column.name, format_type(column.type)))
        yield f"({texts}, {number})"


def _stale(session: LocalSession, context: Session) -> str:
    """The materialized views, as schema.name, that hold other rows than their queries give now."""
    names = session.connection.execute(
        "SELECT schema, name FROM local_catalog.relation WHERE kind = 'materialized view'"
    ).fetchall()
    stale = []
    for schema, name in names:
        view = session.find(schema, name)
        now, _ = context.subquery(StatementReader(view.definition).query(), Scope(context))
        kept = f"SELECT * FROM {view.sql}"
        found = session.connection.execute(
            f"SELECT EXISTS (({now}) EXCEPT ALL ({kept})) OR EXISTS (({kept}) EXCEPT ALL ({now}))"
        ).fetchone()
        stale += [literal(view.key)] if found == (True,) else []
    return f"({', '.join(stale) or 'NULL'})"


def _sessions(session: LocalSession) -> str:
    rows = ", ".join(f"({number}, {_moment(since)})" for number, since in list(session.database.live.items()))
    return f"(VALUES {rows}) AS s(session, since)"


def _queries(session: LocalSession) -> str:
    rows = ", ".join(
        f"({ran.number}, {ran.session}, {literal(ran.text[:4000])}, {_moment(ran.started)}, {_moment(ran.ended)}, "
        f"{literal(ran.error)})"
        for ran in session.database.history
    ) or "(0, 0, '', TIMESTAMP '1970-01-01', TIMESTAMP '1970-01-01', '')"  # fmt: skip
    return f"(SELECT * FROM (VALUES {rows}) AS q(query, session, text, started, ended, error) WHERE query > 0)"


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
