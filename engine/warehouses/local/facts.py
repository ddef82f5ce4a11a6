"""What a translation asks of its session: relations, settings, and the answers of functions about the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .queries import query_sql
from .query_grammar import parse_query
from .scope import Session
from .settings import reader_of, setting
from .system_views import catalog_text, system_view
from .user_functions import user_functions
from .values import literal

if TYPE_CHECKING:
    from .session import LocalSession

VERSION = (
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), "
    "Redshift 1.0.0 (local)"
)


def context(session: LocalSession) -> Session:
    """Return what the translation of one statement needs."""
    made = Session(
        find=session.find,
        subquery=query_sql,
        exact_blanks=session.database.exact_blanks,
        view=lambda relation: parse_query(reader_of(session, relation.definition)),
        facts=_facts(session),
        functions=user_functions(session),
        setting=lambda name: setting(session, name),
        parameters=session.parameters,
        volatile=bool(session.parameters),
    )
    made.system_view = lambda schema, name: system_view(session, made, schema, name)
    made.catalog = lambda text: catalog_text(session, made, text)
    return made


def _facts(session: LocalSession) -> dict[str, str]:
    schemas = [schema for schema in session.search_path if schema != "$user"]
    return {
        "current_user": literal("local"),
        "current_user_id": "100",
        "current_schema": literal(schemas[0]) if schemas else "CAST(NULL AS VARCHAR)",
        "current_schemas": f"[{', '.join(literal(schema) for schema in schemas)}]",
        "current_database": literal("dev"),
        "version": literal(VERSION),
        "pg_backend_pid": str(session.number),
        "pg_last_copy_count": str(session.last_copy_count),
        "pg_last_copy_id": str(session.last_copy_id),
        "pg_last_query_id": str(session.query - 1),
        "pg_last_unload_count": str(session.last_unload_count),
    }
