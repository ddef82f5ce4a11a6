"""Which rows a COPY could not load and why: file, line, column and value, as STL_LOAD_ERRORS has them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb

from ...copy import Copy
from ...errors import LoadError
from ...records import frozen
from .load_files import Unit
from .load_reading import Reading, refused_rows
from .load_reasons import Reason, reason, type_length, type_name
from .load_records import Place, Places, Record, Rewriting
from .load_values import LoadColumn

_SHOWN_CHARACTERS = 1024

_Refused = tuple[int, int | None, str | None, bool]


@frozen
class Findings:
    """What a second look at a unit gave: rows that cannot be loaded, and a unit of those that were saved."""

    errors: tuple[LoadError, ...]
    saved: Unit | None = None


def examine(
    cursor: duckdb.DuckDBPyConnection, reading: Reading, copy: Copy, unit: Unit, *, most: int, path: Path
) -> Findings:
    """Find the rows of `unit` that cannot be loaded, `most` at most; rows that can be saved are written to `path`.

    Errors: duckdb.Error if the unit cannot be scanned at all.
    """
    errors: list[LoadError] = []
    with Rewriting(path) as rewriting, Places(unit) as places:
        for row, record in _joined(_refused(cursor, reading, copy, unit), reading.records(unit)):
            if len(errors) >= most:
                break
            place = places.of(record)
            if row[1] is None and reading.sound is not None:
                errors.extend(_saved(reading, record, place, rewriting))
            else:
                errors.append(_refusal(reading, copy, row, place))
        return Findings(tuple(errors), rewriting.unit())


def sift(reading: Reading, unit: Unit, *, most: int, path: Path) -> Findings:
    """Read `unit` in Python: what is sound is written to `path`, the rest are errors. For what DuckDB cannot scan."""
    errors: list[LoadError] = []
    with Rewriting(path) as rewriting, Places(unit) as places:
        for record in reading.records(unit):
            if len(errors) >= most:
                break
            errors.extend(_saved(reading, record, places.of(record), rewriting))
        return Findings(tuple(errors), rewriting.unit())


def _refused(cursor: duckdb.DuckDBPyConnection, reading: Reading, copy: Copy, unit: Unit) -> Iterator[_Refused]:
    cursor.execute(refused_rows(reading, copy, unit))
    while rows := cursor.fetchmany(1000):
        yield from rows


def _joined(rows: Iterator[_Refused], records: Iterator[Record]) -> Iterator[tuple[_Refused, Record]]:
    """Pair each row with the record of its ordinal; both come in the order of the file."""
    at = 0
    for row in rows:
        for record in records:
            at += 1
            if at == row[0]:
                yield row, record
                break


def _saved(reading: Reading, record: Record, place: Place, rewriting: Rewriting) -> Iterator[LoadError]:
    if reading.sound is None:
        yield load_error(place, None, "", reading.wrong(place))
        return
    for found, text, wrong in reading.sound(record, place):
        if wrong is None:
            rewriting.add(found, text)
        else:
            yield load_error(found, None, "", wrong)


def _refusal(reading: Reading, copy: Copy, row: _Refused, place: Place) -> LoadError:
    _, number, raw, is_lost = row
    if number is None:
        return load_error(place, None, "", reading.wrong(place))
    column = reading.columns[number]
    if raw is not None and reading.raws[number].kind == "json":
        raw = unquoted(raw)
    why = reading.lost(place, number) if is_lost else reason(column, copy, raw)
    return load_error(place, column, raw or "", why)


def unquoted(raw: str) -> str:
    """Return the text of a JSON string, and any other JSON as it is."""
    return str(json.loads(raw)) if raw.startswith('"') else raw


def load_error(place: Place, column: LoadColumn | None, raw: str, why: Reason) -> LoadError:
    """Return the row of STL_LOAD_ERRORS for one value, or for a whole line where `column` is None."""
    return LoadError(
        file=place.part.object.url,
        line=place.line,
        column=column.name if column else "",
        type=type_name(column.type) if column else "",
        length=type_length(column.type) if column else "",
        position=why.position,
        raw_line=place.text.decode("utf-8", "replace")[:_SHOWN_CHARACTERS],
        raw_value=raw[:_SHOWN_CHARACTERS],
        code=why.code,
        reason=why.text,
        start_offset=place.offset,
    )
