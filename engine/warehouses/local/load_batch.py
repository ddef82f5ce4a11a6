"""One batch of a COPY: rows into the table, and a second look at those that were left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import duckdb

from ...copy import Copy
from ...errors import LoadError, LoadFailed, WarehouseError
from ...records import frozen
from . import load_json, load_parquet, load_text
from .load_errors import Findings, examine, load_error, sift
from .load_files import Unit
from .load_reading import LEFT_OUT, Reading, insert, insert_good, scan_only
from .load_reasons import DELIMITER_NOT_FOUND
from .load_records import Places
from .load_values import LoadColumn, LoadTable

MAX_ERRORS = 100_000
"""As many as MAXERROR can allow."""


@frozen
class Job:
    """One COPY under way. `connection` writes; `looking` gives one that looks at files, in their order, whatever has
    become of the transaction."""

    connection: duckdb.DuckDBPyConnection
    looking: Callable[[], duckdb.DuckDBPyConnection]
    copy: Copy
    table: LoadTable
    defaults: dict[str, str]
    folder: Path
    names: Iterator[int]

    def path(self) -> Path:
        return self.folder / f"{next(self.names)}.saved"


def readings(
    job: Job, columns: tuple[LoadColumn, ...], json: Reading | None, batch: tuple[Unit, ...]
) -> tuple[Reading, Reading]:
    """Return how `batch` is read at full speed, and how it is read to find out what is wrong."""
    if json is not None:
        if job.copy.format.argument == "auto ignorecase":
            json = load_json.ignoring_case(job.looking(), columns, batch)
        return json, json
    if job.copy.format.name == "parquet":
        parquet = load_parquet.reading(job.looking(), columns, batch[0])
        return parquet, parquet
    return load_text.quick(job.copy, columns), load_text.careful(job.copy, columns)


def _tolerates(copy: Copy) -> bool:
    return copy.ignoreallerrors or (copy.maxerror or 0) > 1 or copy.noload


def most_errors(copy: Copy) -> int:
    """How many errors fail the load. An assumption: NOLOAD counts like a load."""
    return MAX_ERRORS if copy.ignoreallerrors else max(copy.maxerror or 0, 1)


def load_batch(
    job: Job, how: tuple[Reading, Reading], batch: tuple[Unit, ...], before: list[LoadError]
) -> tuple[int, list[LoadError]]:
    """Insert the rows of `batch`. Return how many, and the errors of those that were left out.

    `how` is at full speed and to find out what is wrong; `before` are the errors so far. Errors: LoadFailed.
    """
    reading, careful = how
    errors = list(_blank_lines(job, batch))
    fail_if_too_many(job, before + errors)
    if not _tolerates(job.copy):
        return _load_at_once(job, reading, careful, batch)
    most = most_errors(job.copy) - len(before)
    rows = 0
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


def _load_at_once(job: Job, reading: Reading, careful: Reading, batch: tuple[Unit, ...]) -> tuple[int, list[LoadError]]:
    for unit in batch:
        if unit.layout == "values" and load_text.is_cut(job.copy, unit) and (cut := _found(job, careful, unit)):
            raise _load_failed(job, cut)
    try:
        rows, left_out = _execute(job, insert(reading, job.copy, job.table.relation, job.defaults, batch))
    except duckdb.InterruptException:
        raise  # no row is at fault
    except duckdb.Error as error:
        raise _failure(job, careful, batch, error) from error
    if not left_out:
        return rows, []
    for unit in batch:
        found = examine(job.looking(), careful, job.copy, unit, most=1, path=job.path())
        if found.errors:
            return rows, list(found.errors)
        if found.saved and careful.again:
            more, refused = _load_at_once(job, careful.again, careful.again, (found.saved,))
            rows += more
            if refused:
                return rows, refused
    return rows, []


def _scannable(job: Job, reading: Reading, unit: Unit, most: int) -> tuple[list[Unit], Findings]:
    """Return `unit` if DuckDB can scan it, else what Python can save of it, so that no INSERT fails half-way."""
    if reading.sound is None or (job.copy.format.name == "json" and unit.layout == "lines"):
        return [unit], Findings(())
    if not load_text.is_cut(job.copy, unit):
        with suppress(duckdb.Error):
            job.looking().execute(scan_only(reading, unit)).fetchall()
            return [unit], Findings(())
    found = sift(reading, unit, most=most, path=job.path())
    return [found.saved] if found.saved else [], found


def _load_good(job: Job, reading: Reading, unit: Unit, most: int) -> tuple[int, list[LoadError]]:
    if job.copy.noload:
        rows, left_out = 0, 1
    else:
        rows, left_out = _execute(job, insert_good(reading, job.copy, job.table.relation, job.defaults, (unit,)))
    if not left_out:
        return rows, []
    found = examine(job.looking(), reading, job.copy, unit, most=max(most, 1), path=job.path())
    errors = list(found.errors)
    if found.saved and reading.again and len(errors) < most:
        more, refused = _load_good(job, reading.again, found.saved, most - len(errors))
        rows += more
        errors += refused
    return rows, errors


def _execute(job: Job, sql: str) -> tuple[int, int]:
    """Run an INSERT. Return how many rows it wrote and how many it left out."""
    before = _next(job)
    rows = int(job.connection.execute(sql).fetchall()[0][0])
    return rows, _next(job) - before - 1


def _next(job: Job) -> int:
    return int(job.connection.execute(f"SELECT nextval('{LEFT_OUT}')").fetchall()[0][0])


# --- failure ---------------------------------------------------------------------------------------------------------


def _failure(job: Job, reading: Reading, batch: tuple[Unit, ...], error: duckdb.Error) -> WarehouseError:
    """Return what is wrong with the first bad row of `batch`, on which an INSERT has failed.

    Errors: duckdb.InterruptException as it is: no row is to blame.
    """
    if isinstance(error, duckdb.InterruptException):
        raise error
    for unit in batch:
        found = _found(job, reading, unit)
        if found:
            return _load_failed(job, found)
    return not_understood(error)


def not_understood(error: duckdb.Error) -> WarehouseError:
    """Return what is said of files that DuckDB cannot read for a reason that no rule of COPY gives."""
    return WarehouseError(
        "local Redshift could not read the files",
        detail=str(error).partition("\n")[0],
        hint="Redshift may load them all the same; please report this with a few of their lines",
    )


def _found(job: Job, reading: Reading, unit: Unit) -> tuple[LoadError, ...]:
    most = most_errors(job.copy)
    scanned, sifted = _scannable(job, reading, unit, most)
    errors = sifted.errors
    for each in scanned:
        if len(errors) < most:
            by = reading if each is unit else reading.again or reading
            errors += examine(job.looking(), by, job.copy, each, most=most - len(errors), path=job.path()).errors
    if errors or reading.sound is None:
        return errors
    # What is left is what DuckDB's slower scan overlooks, such as a quote without an end.
    return sift(reading, unit, most=most, path=job.path()).errors


def _blank_lines(job: Job, batch: tuple[Unit, ...]) -> Iterable[LoadError]:
    if job.copy.format.name not in ("text", "csv", "fixedwidth") or job.copy.ignoreblanklines:
        return
    for unit in batch:
        if unit.layout == "values":
            with Places(unit) as places:
                for record in load_text.blank_lines(job.copy, unit):
                    yield load_error(places.of(record), None, "", DELIMITER_NOT_FOUND)


def fail_if_too_many(job: Job, errors: list[LoadError]) -> None:
    """Raise LoadFailed if `errors`, all so far, are as many as MAXERROR."""
    if errors and not job.copy.ignoreallerrors and len(errors) >= most_errors(job.copy):
        raise _load_failed(job, in_order(errors)[: most_errors(job.copy)])


def in_order(errors: list[LoadError]) -> tuple[LoadError, ...]:
    """Return `errors` by file and place: they were found batch by batch."""
    return tuple(sorted(errors, key=lambda error: (error.file, error.start_offset)))


def _load_failed(job: Job, errors: tuple[LoadError, ...]) -> LoadFailed:
    failed = LoadFailed(
        f"Load into table '{job.table.name}' failed.  Check 'stl_load_errors' system table for details.", errors
    )
    if job.copy.format.name == "json" and errors[0].raw_line.startswith("["):
        failed.hint = (
            "the file is a JSON array: COPY takes objects one after another, without [ ] and commas around them"
        )
    return failed
