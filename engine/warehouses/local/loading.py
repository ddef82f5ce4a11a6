"""COPY: the statement, its target, its outcome, and what the views of loads say of it afterwards.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html, r_STL_LOAD_ERRORS.html, SYS_LOAD_HISTORY.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...copy import Copy, parse
from ...errors import LoadError, LoadFailed, WarehouseError
from ...warehouse import Outcome
from .catalog import Relation
from .load import Loaded, LoadTable, load
from .load_values import LoadColumn
from .system_views import OID
from .tokens import second_statement

if TYPE_CHECKING:
    from .session import LocalSession

Row = tuple[str, list[Any]]


def copy(session: LocalSession, sql: str) -> Outcome:
    """Run a COPY. Errors: LoadFailed with the rows that could not be loaded; WarehouseError."""
    statement = _parsed(sql)
    relation = _target(session, statement)
    started = _now()
    session.last_copy_id = session.query
    session.last_copy_count = 0
    table = LoadTable(relation.name, relation.sql, tuple(_load_columns(relation)))
    try:
        with session.atomic():
            session.prepare_macros(" ".join(column.default or "" for column in relation.columns))
            loaded = session.interruptible(lambda: load(session.connection, statement, table, session.storage))
            rows = list(_history(session, statement, relation, started, "completed", loaded))
            for one in rows:
                session.connection.execute(*one)
    except LoadFailed as failure:
        failed = Loaded(0, failure.errors, ())
        session.failed = session.in_block
        session.record_failure(list(_history(session, statement, relation, started, "aborted", failed)))
        raise
    if session.in_block:
        session.journal.extend(rows)
    session.last_copy_count = loaded.rows
    notices = _notices(relation.name, loaded)
    return Outcome("COPY", loaded.rows, notices=notices, rejects=loaded.errors, bytes_read=_size(loaded))


def _parsed(sql: str) -> Copy:
    try:
        return parse(sql)
    except WarehouseError as error:
        if ";" in sql.rstrip().rstrip(";") and error.sqlstate == "42601" and "multiple" in str(error):
            raise second_statement() from error
        raise


def _target(session: LocalSession, statement: Copy) -> Relation:
    relation = session.lookup(statement.table.schema, statement.table.name)
    if relation is None:
        raise WarehouseError(f"Cannot COPY into nonexistent table {statement.table.name}", sqlstate="XX000")
    if relation.kind != "table":
        raise WarehouseError(f'cannot copy to view "{relation.name}"', sqlstate="42809")
    for name in statement.columns:
        relation.column(name)
    return relation


def _load_columns(relation: Relation) -> list[LoadColumn]:
    return [
        LoadColumn(column.name, column.type, column.null, column.default, column.identity)
        for column in relation.columns
    ]


def _notices(table: str, loaded: Loaded) -> tuple[str, ...]:
    notices = [f"INFO: Load into table '{table}' completed, {loaded.rows} record(s) loaded successfully."]
    if loaded.errors:
        notices.append(
            f"INFO: Load into table '{table}' completed, {len(loaded.errors)} record(s) could not be loaded.  "
            "Check 'stl_load_errors' system table for details."
        )
    if loaded.warning:
        notices.append(loaded.warning)
    return tuple(notices)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _history(
    session: LocalSession, copy_: Copy, relation: Relation, started: datetime, status: str, loaded: Loaded
) -> list[Row]:
    """Return the rows that tell of one load, as statements with their values."""
    query, format_ = session.query, _format(copy_)
    table_id = OID.format("?", "?")
    rows: list[Row] = [(
        f"INSERT INTO local_catalog.load VALUES (?, ?, {table_id}, {', '.join('?' * 9)})",
        [query, session.number, relation.schema, relation.name, relation.name, status, started, _now(),
         copy_.source, format_.lower(), loaded.rows, _size(loaded), len(loaded.errors)],
    )]  # fmt: skip
    errors = {error.file: 0 for error in loaded.errors}
    for error in loaded.errors:
        errors[error.file] += 1
    if loaded.files:
        # One statement for all files: one for each took 0.6 ms a file, longer than loading it.
        rows.append((
            "INSERT INTO local_catalog.load_file SELECT ?, unnest(?), unnest(?), NULL, unnest(?), ?, ?",
            [query, [stored.url for stored in loaded.files], [stored.size for stored in loaded.files],
             [errors.get(stored.url, 0) for stored in loaded.files], _now(), format_],
        ))  # fmt: skip
    for error in loaded.errors:
        rows.append((
            f"INSERT INTO local_catalog.load_error VALUES (?, ?, {table_id}, {', '.join('?' * 12)})",
            [query, session.number, relation.schema, relation.name, started, *_error_values(error)],
        ))  # fmt: skip
    return rows


def _size(loaded: Loaded) -> int:
    return sum(stored.size for stored in loaded.files)


def _error_values(error: LoadError) -> list[Any]:
    return [error.file, error.line, error.column, error.type, error.length, error.position, error.raw_line,
            error.raw_value, error.code, error.reason, error.start_offset]  # fmt: skip


def _format(copy_: Copy) -> str:
    name = copy_.format.name.lower() if getattr(copy_.format, "name", "") else "text"
    return {"json": "JSON", "avro": "Avro", "orc": "ORC", "parquet": "Parquet", "csv": "CSV"}.get(name, "Text")
