"""COPY on local Redshift: files of a mounted bucket into a table, wholly or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ...copy import Copy, conflicts
from ...errors import LoadError, LoadFailed, WarehouseError
from ...storage import Storage, StoredObject
from . import load_json
from .load_files import Unit, objects_of, units
from .load_json import Raw
from .load_values import LoadColumn, rule


@dataclass(frozen=True, slots=True)
class LoadTable:
    """The target: `name` as the user wrote it, for messages; `relation` is its quoted DuckDB name."""

    name: str
    relation: str
    columns: tuple[LoadColumn, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a COPY did: rows loaded, rows left out, files read."""

    rows: int
    errors: tuple[LoadError, ...]
    files: tuple[StoredObject, ...]


def load(connection: duckdb.DuckDBPyConnection, copy: Copy, table: LoadTable, storage: Storage) -> Loaded:
    """Load what `copy` names into `table`, in the transaction of `connection` or else in one of its own.

    Errors: LoadFailed with the rows that could not be loaded; WarehouseError for what cannot be read at all. After
    either nothing of the COPY remains, and a transaction that was open can only be rolled back.
    """
    _refuse(copy)
    columns = _target_columns(copy, table)
    paths = load_json.paths_of(copy, columns, storage)
    objects = objects_of(copy, storage)
    rows = 0
    with _transaction(connection), tempfile.TemporaryDirectory(prefix="etlrun-") as folder:
        for batch in units(objects, copy, Path(folder)):
            rows += _insert(connection, copy, table, columns, paths, batch)
    return Loaded(rows, (), objects)


_NOT_LOCAL = ("avro", "orc", "shapefile")


def _refuse(copy: Copy) -> None:
    for reason in conflicts(copy):
        raise WarehouseError(reason, sqlstate="42601")
    if copy.format.name in _NOT_LOCAL or copy.compression == "lzop":
        what = copy.compression if copy.compression == "lzop" else copy.format.name
        raise WarehouseError(f"not supported locally: COPY of {what.upper()} files", sqlstate="0A000")


def _target_columns(copy: Copy, table: LoadTable) -> tuple[LoadColumn, ...]:
    """Return the columns that the files fill, in the order of the files."""
    known = {column.name: column for column in table.columns}
    if not copy.columns:
        return tuple(column for column in table.columns if copy.explicit_ids or not column.identity)
    for name in copy.columns:
        if name not in known:
            raise WarehouseError(
                f'column "{name}" of relation "{table.name}" does not exist',
                sqlstate="42703",
                hint=f"columns: {', '.join(known)}",
            )
    return tuple(known[name] for name in copy.columns)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    if _is_in_transaction(connection):
        yield
        return
    connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _is_in_transaction(connection: duckdb.DuckDBPyConnection) -> bool:
    """DuckDB cannot be asked; but outside of a transaction every statement has its own."""
    first, second = (connection.execute("SELECT txid_current()").fetchone() for _ in range(2))
    return first == second


def _insert(
    connection: duckdb.DuckDBPyConnection,
    copy: Copy,
    table: LoadTable,
    columns: tuple[LoadColumn, ...],
    paths: load_json.Paths,
    batch: tuple[Unit, ...],
) -> int:
    files = "[" + ", ".join("'" + str(unit.path).replace("'", "''") + "'" for unit in batch) + "]"
    source = load_json.scan(paths, columns, files, lines=batch[0].layout == "lines", compression=batch[0].compression)
    raws = load_json.raws(paths, columns)
    rules = [rule(c, copy, raw.kind, f"r{i}", f"v{i}") for i, (c, raw) in enumerate(zip(columns, raws, strict=True))]
    read = ", ".join(f"{raw.sql} AS r{i}, {raw.lost} AS l{i}" for i, raw in enumerate(raws))
    values = ", ".join(f"{each.value} AS v{i}, r{i}, l{i}" for i, each in enumerate(rules))
    checked = ", ".join(
        f"CASE WHEN l{i} OR {each.bad} THEN error('rejected') ELSE v{i} END" for i, each in enumerate(rules)
    )
    names = ", ".join(load_json.quoted(column.name) for column in columns)
    sql = f"INSERT INTO {table.relation} ({names}) SELECT {checked} FROM (SELECT {values} FROM (SELECT {read} FROM {source}))"
    try:
        return int(connection.execute(sql).fetchall()[0][0])
    except duckdb.Error as error:
        raise LoadFailed(
            f"Load into table '{table.name}' failed.  Check 'stl_load_errors' system table for details.", ()
        ) from error
