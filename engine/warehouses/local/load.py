"""COPY on local Redshift: files of a mounted bucket into a table, wholly or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb

from ...copy import Copy, conflicts
from ...errors import LoadError, LoadFailed, WarehouseError
from ...storage import Storage, StoredObject
from . import load_json, load_parquet, load_text
from .load_errors import Findings, examine, load_error, sift
from .load_files import Unit, objects_of, units
from .load_reading import LEFT_OUT, Reading, insert, insert_good, literal, scan_only
from .load_reasons import DELIMITER_NOT_FOUND
from .load_records import Places
from .load_values import LoadColumn
from .types import stored_type

MAX_ERRORS = 100_000
"""As many as MAXERROR can allow."""


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


@dataclass(frozen=True, slots=True)
class _Job:
    """One COPY under way. `connection` writes; `cursor` looks at files, also when the transaction is aborted."""

    connection: duckdb.DuckDBPyConnection
    cursor: duckdb.DuckDBPyConnection
    copy: Copy
    table: LoadTable
    defaults: dict[str, str]
    folder: Path
    names: Iterator[int]

    def path(self) -> Path:
        return self.folder / f"{next(self.names)}.saved"


def load(connection: duckdb.DuckDBPyConnection, copy: Copy, table: LoadTable, storage: Storage) -> Loaded:
    """Load what `copy` names into `table`, in the transaction of `connection` or else in one of its own.

    Errors: LoadFailed with the rows that could not be loaded; WarehouseError for what cannot be read at all. After
    either nothing of the COPY remains, and a transaction that was open can only be rolled back.
    """
    _refuse(copy)
    columns = _target_columns(copy, table)
    json = load_json.reading(copy, columns, storage) if copy.format.name == "json" else None
    objects = objects_of(copy, storage)
    rows = 0
    errors: list[LoadError] = []
    with _transaction(connection), _job(connection, copy, table, columns) as job:
        for batch in units(objects, copy, job.folder, lambda source, target: _unzstd(job.cursor, source, target)):
            reading, careful = _readings(job, columns, json, batch)
            errors += _blank_lines(job, batch)
            _fail_if_too_many(job, errors)
            loaded, refused = _load(job, reading, careful, batch, len(errors))
            rows += loaded
            errors += refused
            _fail_if_too_many(job, errors)
    return Loaded(rows, _sorted(errors), objects)


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


# --- columns ---------------------------------------------------------------------------------------------------------


def _target_columns(copy: Copy, table: LoadTable) -> tuple[LoadColumn, ...]:
    """Return the columns that the files fill, in the order of the files."""
    known = {column.name: column for column in table.columns}
    names = copy.columns or tuple(c.name for c in table.columns if copy.explicit_ids or not c.identity)
    for name in names:
        if name not in known:
            raise WarehouseError(
                f'column "{name}" of relation "{table.name}" does not exist',
                sqlstate="42703",
                hint=f"its columns are {', '.join(known)}",
            )
        if known[name].identity == "always" and not copy.explicit_ids:
            raise WarehouseError(
                f'cannot copy into the identity column "{name}"',
                hint="take it out of the column list, or add EXPLICIT_IDS",
            )
        if names.count(name) > 1:
            raise WarehouseError(f'column "{name}" specified more than once', sqlstate="42701")
    _check_the_rest(copy, table, names)
    return tuple(known[name] for name in names)


def _check_the_rest(copy: Copy, table: LoadTable, names: tuple[str, ...]) -> None:
    for column in table.columns:
        if column.name in names:
            continue
        if column.identity and copy.explicit_ids:
            raise WarehouseError(
                f'EXPLICIT_IDS needs the identity column "{column.name}" in the column list', hint="add it to the list"
            )
        if not (column.null or column.default is not None or column.identity):
            raise WarehouseError(
                f"Cannot insert a NULL value into column {column.name}",
                sqlstate="23502",
                hint="it is NOT NULL, has no DEFAULT and is not in the column list",
            )


def _defaults(
    connection: duckdb.DuckDBPyConnection, table: LoadTable, filled: tuple[LoadColumn, ...]
) -> dict[str, str]:
    """Return the values, as SQL, of the columns that the files do not fill: a DEFAULT is evaluated once for a COPY."""
    found = {}
    for column in table.columns:
        if column not in filled and column.default is not None and not column.identity:
            row = connection.execute(f"SELECT CAST(({column.default}) AS VARCHAR)").fetchone()
            value = row[0] if row else None
            found[column.name] = "NULL" if value is None else f"CAST({literal(value)} AS {stored_type(column.type)})"
    return found


# --- transactions ----------------------------------------------------------------------------------------------------


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit at the end, or roll back; inside a transaction that is open, leave it aborted on an error."""
    is_inside = _is_in_transaction(connection)
    if not is_inside:
        connection.execute("BEGIN")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("SELECT error('aborted')" if is_inside else "ROLLBACK")
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
) -> Iterator[_Job]:
    connection.execute(f"CREATE TEMP SEQUENCE IF NOT EXISTS {LEFT_OUT.removeprefix('temp.')}")
    defaults = _defaults(connection, table, columns)
    zone = connection.execute("SELECT current_setting('TimeZone')").fetchone()
    cursor = connection.cursor()
    try:
        cursor.execute(f"SET TimeZone = {literal(zone[0] if zone else 'UTC')}")
        with tempfile.TemporaryDirectory(prefix="etlrun-") as folder:
            yield _Job(connection, cursor, copy, table, defaults, Path(folder), count())
    finally:
        cursor.close()


# --- loading ---------------------------------------------------------------------------------------------------------


def _readings(
    job: _Job, columns: tuple[LoadColumn, ...], json: Reading | None, batch: tuple[Unit, ...]
) -> tuple[Reading, Reading]:
    """Return how `batch` is read at full speed, and how it is read to find out what is wrong."""
    if json is not None:
        if job.copy.format.argument == "auto ignorecase":
            json = load_json.ignoring_case(job.cursor, columns, batch)
        return json, json
    if job.copy.format.name == "parquet":
        parquet = load_parquet.reading(job.cursor, columns, batch[0])
        return parquet, parquet
    return load_text.quick(job.copy, columns), load_text.careful(job.copy, columns)


def _tolerates(copy: Copy) -> bool:
    return copy.ignoreallerrors or (copy.maxerror or 0) > 1 or copy.noload


def _most(copy: Copy) -> int:
    """How many errors fail the load. An assumption: NOLOAD counts like a load."""
    return MAX_ERRORS if copy.ignoreallerrors else max(copy.maxerror or 0, 1)


def _load(
    job: _Job, reading: Reading, careful: Reading, batch: tuple[Unit, ...], errors_before: int
) -> tuple[int, list[LoadError]]:
    """Insert the rows of `batch`. Return how many, and the errors of those that were left out."""
    most = _most(job.copy) - errors_before
    if not _tolerates(job.copy):
        return _load_at_once(job, reading, careful, batch)
    rows = 0
    errors: list[LoadError] = []
    for unit in batch:
        scanned, found = _scannable(job, careful, unit, most - len(errors))
        errors += found.errors
        for each in scanned:
            loaded, refused = _load_good(
                job, careful if each is unit else careful.again or careful, each, most - len(errors)
            )
            rows += loaded
            errors += refused
    return rows, errors


def _load_at_once(
    job: _Job, reading: Reading, careful: Reading, batch: tuple[Unit, ...]
) -> tuple[int, list[LoadError]]:
    try:
        rows, left_out = _execute(job, insert(reading, job.copy, job.table.relation, job.defaults, batch))
    except duckdb.Error as error:
        raise _failure(job, careful, batch, error) from error
    if not left_out:
        return rows, []
    for unit in batch:
        found = examine(job.cursor, careful, job.copy, unit, most=1, path=job.path())
        if found.errors:
            return rows, list(found.errors)
        if found.saved and careful.again:
            rows += _load_at_once(job, careful.again, careful.again, (found.saved,))[0]
    return rows, []


def _scannable(job: _Job, reading: Reading, unit: Unit, most: int) -> tuple[list[Unit], Findings]:
    """Return `unit` if DuckDB can scan it, else what Python can save of it, so that no INSERT fails half-way."""
    if job.copy.format.name == "json" and unit.layout == "lines":
        return [unit], Findings(())
    try:
        job.cursor.execute(scan_only(reading, unit)).fetchall()
    except duckdb.Error:
        found = sift(reading, unit, most=most, path=job.path())
        return [found.saved] if found.saved else [], found
    return [unit], Findings(())


def _load_good(job: _Job, reading: Reading, unit: Unit, most: int) -> tuple[int, list[LoadError]]:
    if job.copy.noload:
        rows, left_out = 0, 1
    else:
        rows, left_out = _execute(job, insert_good(reading, job.copy, job.table.relation, job.defaults, (unit,)))
    if not left_out:
        return rows, []
    found = examine(job.cursor, reading, job.copy, unit, most=max(most, 1), path=job.path())
    errors = list(found.errors)
    if found.saved and reading.again and len(errors) < most:
        more, refused = _load_good(job, reading.again, found.saved, most - len(errors))
        rows += more
        errors += refused
    return rows, errors


def _execute(job: _Job, sql: str) -> tuple[int, int]:
    """Run an INSERT. Return how many rows it wrote and how many it left out."""
    before = _next(job)
    rows = int(job.connection.execute(sql).fetchall()[0][0])
    return rows, _next(job) - before - 1


def _next(job: _Job) -> int:
    return int(job.connection.execute(f"SELECT nextval('{LEFT_OUT}')").fetchall()[0][0])


# --- failure ---------------------------------------------------------------------------------------------------------


def _failure(job: _Job, reading: Reading, batch: tuple[Unit, ...], error: duckdb.Error) -> WarehouseError:
    """Return what is wrong with the first bad row of `batch`, on which an INSERT has failed."""
    for unit in batch:
        found = _found(job, reading, unit)
        if found:
            return _load_failed(job, found)
    return WarehouseError(
        f"local Redshift could not load into '{job.table.name}'",
        detail=str(error).partition("\n")[0],
        hint="Redshift may load these files all the same; please report this with a few lines of them",
    )


def _found(job: _Job, reading: Reading, unit: Unit) -> tuple[LoadError, ...]:
    most = _most(job.copy)
    scanned, sifted = _scannable(job, reading, unit, most)
    errors = sifted.errors
    for each in scanned:
        if len(errors) < most:
            by = reading if each is unit else reading.again or reading
            errors += examine(job.cursor, by, job.copy, each, most=most - len(errors), path=job.path()).errors
    # What is left is what DuckDB's slower scan overlooks, such as a quote without an end.
    return errors or sift(reading, unit, most=most, path=job.path()).errors


def _blank_lines(job: _Job, batch: tuple[Unit, ...]) -> Iterable[LoadError]:
    if job.copy.format.name not in ("text", "csv", "fixedwidth") or job.copy.ignoreblanklines:
        return
    for unit in batch:
        if unit.layout == "values":
            with Places(unit) as places:
                for record in load_text.blank_lines(job.copy, unit):
                    yield load_error(places.of(record), None, "", DELIMITER_NOT_FOUND)


def _fail_if_too_many(job: _Job, errors: list[LoadError]) -> None:
    if errors and not job.copy.ignoreallerrors and len(errors) >= _most(job.copy):
        raise _load_failed(job, _sorted(errors)[: _most(job.copy)])


def _sorted(errors: list[LoadError]) -> tuple[LoadError, ...]:
    return tuple(sorted(errors, key=lambda error: (error.file, error.start_offset)))


def _load_failed(job: _Job, errors: tuple[LoadError, ...]) -> LoadFailed:
    failed = LoadFailed(
        f"Load into table '{job.table.name}' failed.  Check 'stl_load_errors' system table for details.", errors
    )
    if job.copy.format.name == "json" and errors[0].raw_line.startswith("["):
        failed.hint = (
            "the file is a JSON array: COPY takes objects one after another, without [ ] and commas around them"
        )
    return failed


def _unzstd(cursor: duckdb.DuckDBPyConnection, source: Path, target: Path) -> None:
    """Write the lines of a zstd file, which Python cannot read, to another file."""
    lines = load_text.lines_of_zstd(source)
    cursor.execute(
        f"COPY ({lines}) TO {literal(str(target))} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x1f')"
    )
