"""COPY on local Redshift: files of a mounted bucket into a table, wholly or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cache, partial
from itertools import count
from pathlib import Path

import duckdb

from ...copy import Copy, conflicts
from ...errors import LoadError, WarehouseError
from ...records import frozen
from ...storage import Storage, StoredObject
from . import load_json, load_parquet, load_text
from .load_batch import Job, fail_if_too_many, in_order, load_batch, not_understood, readings
from .load_columns import default_values, target_columns
from .load_files import Unit, objects_of, units
from .load_reading import LEFT_OUT, literal
from .load_values import LoadColumn, LoadTable

__all__ = ["LoadColumn", "LoadTable", "Loaded", "load"]

OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
"""How every database is opened: DuckDB fetches nothing."""


@frozen
class Loaded:
    """What a COPY did: rows loaded, rows left out, files read."""

    rows: int
    errors: tuple[LoadError, ...]
    files: tuple[StoredObject, ...]
    warning: str = ""


def load(connection: duckdb.DuckDBPyConnection, copy: Copy, table: LoadTable, storage: Storage) -> Loaded:
    """Load what `copy` names into `table`, in the transaction of `connection` or else in one of its own.

    Errors: LoadFailed with the rows that could not be loaded; WarehouseError for what cannot be read at all. After
    either nothing of the COPY remains, and a transaction that was open can only be rolled back.
    """
    _refuse(copy)
    columns = target_columns(copy, table)
    json = load_json.reading(copy, columns, storage) if copy.format.name == "json" else None
    objects = objects_of(copy, storage)
    rows, warning = 0, None
    errors: list[LoadError] = []
    with _transaction(connection), _job(connection, copy, table, columns) as job:
        unpack = partial(load_text.unpack_zstd, job.looking)
        with (
            closing(storage.fetch(objects, job.folder)) as fetched,
            closing(units(fetched, copy, job.folder, unpack)) as batches,
        ):
            for batch in _uniform(job, batches):
                if json and warning is None:
                    warning = load_json.other_case(copy, columns, storage, batch[0])
                loaded, refused = load_batch(job, readings(job, columns, json, batch), batch, errors)
                rows += loaded
                errors += refused
                fail_if_too_many(job, errors)
    return Loaded(rows, in_order(errors), objects, warning or "")


def _uniform(job: Job, batches: Iterable[tuple[Unit, ...]]) -> Iterator[tuple[Unit, ...]]:
    for batch in batches:
        if job.copy.format.name == "parquet":
            yield from load_parquet.alike(job.looking(), batch)
        else:
            yield batch


_NOT_LOCAL = ("avro", "orc", "shapefile", "lzop")


def _refuse(copy: Copy) -> None:
    reasons = conflicts(copy)
    if reasons:
        raise WarehouseError(reasons[0], sqlstate="42601", detail="\n".join(reasons[1:]))
    for what in (copy.format.name, copy.compression):
        if what in _NOT_LOCAL:
            raise WarehouseError(f"not supported locally: COPY of {what.upper()} files", sqlstate="0A000")
    if not copy.source.startswith("s3://"):
        raise WarehouseError(f"not supported locally: COPY from {copy.source.partition(':')[0]}", sqlstate="0A000")


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit at the end, or roll back; inside a transaction that is open, leave it aborted on an error."""
    is_inside = _is_in_transaction(connection)
    if not is_inside:
        connection.execute("BEGIN")
    try:
        yield
    except BaseException as error:
        with suppress(duckdb.Error):
            connection.execute("SELECT error('aborted')" if is_inside else "ROLLBACK")
        if isinstance(error, duckdb.Error) and not isinstance(error, duckdb.InterruptException):
            raise not_understood(error) from error
        raise
    if not is_inside:
        connection.execute("COMMIT")


def _is_in_transaction(connection: duckdb.DuckDBPyConnection) -> bool:
    """DuckDB cannot be asked; but outside of a transaction every statement has its own."""
    first, second = (connection.execute("SELECT txid_current()").fetchone() for _ in range(2))
    return bool(first == second)


@contextmanager
def _job(
    connection: duckdb.DuckDBPyConnection, copy: Copy, table: LoadTable, columns: tuple[LoadColumn, ...]
) -> Iterator[Job]:
    connection.execute(f"CREATE TEMP SEQUENCE IF NOT EXISTS {LEFT_OUT.removeprefix('temp.')}")
    defaults = default_values(connection, table, columns)
    (zone,) = connection.execute("SELECT current_setting('TimeZone')").fetchall()[0]

    @cache
    def looking() -> duckdb.DuckDBPyConnection:
        # A database of its own: rows are numbered by their order, which the warehouse does not keep.
        opened = stack.enter_context(duckdb.connect(config=OFFLINE))
        opened.execute(f"SET TimeZone = {literal(zone)}")
        return opened

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="etlrun-"))
        yield Job(connection, looking, copy, table, defaults, Path(folder), count())
