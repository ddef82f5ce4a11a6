"""Redshift's system tables and views, as queries over local Redshift's catalog (system_views.sql)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ...datatypes import parse_type
from .scope import OutColumn, Session
from .table_grammar import ENCODINGS
from .types import stored_type
from .values import literal, quote

if TYPE_CHECKING:
    from .session import LocalSession

_HEAD = re.compile(r"--- (?:(\w+)\.)?(\w+): (.+)")
_COLUMN = re.compile(r"(\w+) ([a-z ]+(?:\(\d+(?:,\d+)?\))?)(?:, |$)")

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
ENCODING_NAMES = f"[{', '.join(literal(name) for name in sorted(ENCODINGS - {'raw', 'auto'}))}]"
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
    unnest(columns) AS c, unnest(range(1, len(columns) + 1)) AS position FROM {_RELATIONS}))"""
_CONSTRAINTS = f"""(SELECT *, CAST(100000 + hash(relation_oid || constraint_name) % 1000000000 AS INTEGER) AS oid FROM
    (SELECT schema, relation, relation_oid, schema_oid, positions, k.kind AS kind, k.columns AS columns,
    coalesce(nullif(k.name, ''), relation || CASE k.kind WHEN 'primary key' THEN '_pkey' WHEN 'unique' THEN '_' ||
    k.columns[1] || '_key' ELSE '_' || k.columns[1] || '_fkey' END) AS constraint_name,
    CASE WHEN contains(k.references, '.') THEN k.references ELSE schema || '.' || k.references END AS referenced_key,
    k.referenced AS referenced FROM (SELECT schema, name AS relation, oid AS relation_oid, schema_oid,
    list_transform(columns, lambda c: c.name) AS positions, unnest(constraints) AS k FROM {_RELATIONS})))"""
_SCHEMAS = """(SELECT name, owner, CAST(100000 + hash(name) % 1000000000 AS INTEGER) AS oid FROM (SELECT name, owner
    FROM local_catalog.schema_ UNION ALL SELECT * FROM (VALUES ('pg_catalog', 'rdsdb'), ('information_schema', 'rdsdb'))
    AS s(name, owner)))"""


@cache
def _views() -> dict[tuple[str, str], tuple[str, tuple[OutColumn, ...]]]:
    text = (Path(__file__).parent / "system_views.sql").read_text(encoding="utf-8")
    found = {}
    for block in text.split("\n--- ")[1:]:
        head, _, query = block.partition("\n")
        match = _HEAD.fullmatch("--- " + head)
        assert match is not None, head
        columns = tuple(OutColumn(name, parse_type(type_)) for name, type_ in _COLUMN.findall(match[3]))
        found[match[1] or "pg_catalog", match[2]] = (query.strip(), columns)
    return found


def system_view(
    session: LocalSession, context: Session, schema: str | None, name: str
) -> tuple[str, tuple[OutColumn, ...]] | None:
    """Return the query of a system view and its columns, or None where `name` is none."""
    found = _views().get((schema or "pg_catalog", name))
    if found is None or (schema is None and session.lookup(None, name) is not None):
        return None
    context.volatile = True
    query, columns = found
    names = ", ".join(f"c{number}" for number in range(len(columns)))
    shown = ", ".join(
        f"CAST(c{number} AS {stored_type(column.type)}) AS {quote(column.name)}"
        for number, column in enumerate(columns)
    )
    return f"SELECT {shown} FROM ({_filled(session, query)}) AS v({names})", columns


def _filled(session: LocalSession, query: str) -> str:
    for mark, text in (
        ("constraints", _CONSTRAINTS),
        ("columns", _COLUMNS),
        ("relations", _RELATIONS),
        ("schemas", _SCHEMAS),
    ):
        query = query.replace("{" + mark + "}", text)
    catalog = "local_catalog.relation"
    if session.made_temporary:
        catalog = f"(SELECT * FROM {catalog} UNION ALL SELECT * FROM temp.main.local_relation)"
    path = ", ".join(literal(schema) for schema in session.search_path)
    query = query.replace("{catalog}", catalog).replace("{path}", path or "NULL").replace("{encodings}", ENCODING_NAMES)
    return query.replace("{queries}", _queries(session)) if "{queries}" in query else query


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
