"""Delimited, CSV and fixed-width files as rows of raw values.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-data-format.html
"""

from __future__ import annotations

import csv
import mmap
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import duckdb

from ...copy import Copy, unescape
from ...errors import WarehouseError
from .load_files import MAX_OBJECT_BYTES, Unit
from .load_reading import Reading, files, literal
from .load_reasons import DELIMITER_NOT_FOUND, EXTRA_COLUMNS, INVALID_QUOTES, INVALID_UTF8, LONG_NUL, Reason, nul
from .load_records import Place, Record, text_rows
from .load_values import LoadColumn, Raw

_WHOLE_LINE = "delim='\x1c\x1d\x1e\x1f', quote='', escape='', nullstr='\x18\x19\x1a'"


def quick(copy: Copy, columns: tuple[LoadColumn, ...]) -> Reading:
    """Return how regular files are read; the scan raises where the number of fields is not that of the columns."""
    if copy.format.name == "fixedwidth" or copy.escape or copy.fillrecord:
        return careful(copy, columns)
    return _reading(copy, columns, partial(_quick_scan, copy, len(columns)), "is_broken")


def careful(copy: Copy, columns: tuple[LoadColumn, ...]) -> Reading:
    """Return how any file is read: slower, but every row comes out of the scan, and can be looked at in Python."""
    last = _careful(copy, columns, None)
    return _careful(copy, columns, last)


def _careful(copy: Copy, columns: tuple[LoadColumn, ...], again: Reading | None) -> Reading:
    count = len(columns)
    if copy.format.name == "fixedwidth":
        return _reading(copy, columns, partial(_line_scan, widths(copy, count)), "", again)
    return _reading(copy, columns, partial(_careful_scan, copy, count), _broken(copy, count), again)


def _broken(copy: Copy, count: int) -> str:
    """Return what holds for a row of the careful scan that has too few fields, or too many."""
    extra = f"c{count} IS NOT NULL" if copy.format.name == "csv" else f"c{count} <> ''"
    return extra if copy.fillrecord else f"c{count - 1} IS NULL OR {extra}"


def _reading(
    copy: Copy,
    columns: tuple[LoadColumn, ...],
    scan: Callable[[tuple[Unit, ...]], str],
    broken: str,
    again: Reading | None = None,
) -> Reading:
    return Reading(
        columns=columns,
        raws=tuple(_raw(copy, column, i) for i, column in enumerate(columns)),
        scan=scan,
        broken=broken,
        records=partial(_records, copy),
        wrong=lambda place: _wrong(copy, len(columns), place) or INVALID_QUOTES,
        lost=lambda place, number: INVALID_QUOTES,
        sound=partial(_sound, copy, len(columns)) if again else None,
        again=again,
    )


def widths(copy: Copy, count: int) -> tuple[int, ...]:
    """Return the widths of FIXEDWIDTH in characters. Errors: WarehouseError if there is not one for each column."""
    found = tuple(int(pair.rpartition(":")[2]) for pair in copy.format.argument.split(","))
    if len(found) != count:
        raise WarehouseError(
            f"FIXEDWIDTH has {len(found)} columns, the table or the column list {count}",
            hint="write one 'label:width' for each column, in the order of the table",
        )
    return found


def _delimiter(copy: Copy) -> str:
    return unescape(copy.delimiter) if copy.delimiter is not None else "," if copy.format.name == "csv" else "|"


def _quotes(copy: Copy) -> tuple[str, str]:
    """Return the quote and the escape character that DuckDB needs."""
    if copy.format.name == "csv":
        quote = copy.quote or '"'
        return quote, quote
    return ('"' if copy.removequotes else ""), ("\\" if copy.escape else "")


# --- scans -----------------------------------------------------------------------------------------------------------


def _scan(units: tuple[Unit, ...], count: int, options: str) -> str:
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(count))
    return (
        f"read_csv({files(units)}, columns={{{columns}}}, auto_detect=false, header=false, "
        f"maximum_line_size={MAX_OBJECT_BYTES}, {options})"
    )


def _marks(copy: Copy) -> str:
    quote, escape = _quotes(copy)
    delimiter = _delimiter(copy)
    return f"delim={literal(delimiter)}, quote={literal(quote)}, escape={literal(escape)}, {_no_null(delimiter)}"


def _no_null(delimiter: str) -> str:
    """No field is this text: what is NULL is decided after the scan. DuckDB wants no delimiter in it."""
    return "nullstr=" + literal("\x18\x19\x1a".replace(delimiter, ""))


def _quick_scan(copy: Copy, count: int, units: tuple[Unit, ...]) -> str:
    if units[0].layout != "lines":
        return f"(SELECT *, {_broken(copy, count)} AS is_broken FROM {_careful_scan(copy, count, units)})"
    if _ends_in_delimiter(copy, count, units[0]):
        return f"(SELECT *, c{count} <> '' AS is_broken FROM {_scan(units, count + 1, _marks(copy))})"
    return f"(SELECT *, false AS is_broken FROM {_scan(units, count, _marks(copy))})"


def _ends_in_delimiter(copy: Copy, count: int, unit: Unit) -> bool:
    """COPY takes a delimiter after the last field, as many tools write it, but not in CSV."""
    if copy.format.name == "csv":
        return False
    with unit.path.open("rb") as file:
        line = file.readline().rstrip(b"\r\n")
    delimiter = _delimiter(copy).encode()
    return line.endswith(delimiter) and line.count(delimiter) == count


def _careful_scan(copy: Copy, count: int, units: tuple[Unit, ...]) -> str:
    """A field that is not there is NULL; one more column shows fields that should not be there."""
    return _scan(units, count + 1, f"{_marks(copy)}, null_padding=true, parallel=false, strict_mode=false")


def _line_scan(widths: tuple[int, ...], units: tuple[Unit, ...]) -> str:
    line = _scan(units, 1, f"{_WHOLE_LINE}, parallel=false, strict_mode=false")
    starts = [1 + sum(widths[:i]) for i in range(len(widths))]
    fields = [
        f"substr(c0, {start}, {width}) AS c{i}" for i, (start, width) in enumerate(zip(starts, widths, strict=True))
    ]
    return f"(SELECT {', '.join(fields)} FROM {line})"


def _raw(copy: Copy, column: LoadColumn, number: int) -> Raw:
    field = f"c{number}"
    if copy.fillrecord and column.type.name == "varchar":
        field = f"coalesce({field}, '')"
    if copy.removequotes:
        field = rf"regexp_replace({field}, '^''(.*)''$', '\1', 's')"
    null = unescape(copy.null_as) if copy.null_as not in (None, "\\N") else "\\N"
    return Raw(f"nullif({field}, {literal(null)})")


# --- rows in Python --------------------------------------------------------------------------------------------------


def _rows(copy: Copy, unit: Unit) -> Iterator[Record]:
    quote, escape = (mark.encode() for mark in _quotes(copy))
    if escape == b"\\":
        return text_rows(unit.path, _ends_in_escape)
    return text_rows(unit.path, (lambda row: row.count(quote) % 2 == 1) if quote else None)


def _ends_in_escape(row: bytes) -> bool:
    row = row.rstrip(b"\r\n")
    return (len(row) - len(row.rstrip(b"\\"))) % 2 == 1


def _records(copy: Copy, unit: Unit) -> Iterator[Record]:
    return (row for row in _rows(copy, unit) if row.end > row.start)


def blank_lines(copy: Copy, unit: Unit) -> Iterator[Record]:
    """Yield the empty lines, which DuckDB passes over and COPY, without IGNOREBLANKLINES, refuses."""
    return (row for row in _rows(copy, unit) if row.end == row.start)


def _sound(copy: Copy, count: int, record: Record, place: Place) -> Iterator[tuple[Place, bytes, Reason | None]]:
    yield place, place.text, INVALID_QUOTES if record.wrong else _wrong(copy, count, place)


def is_cut(copy: Copy, unit: Unit) -> bool:
    """Tell whether DuckDB's careful scan would lose a part of a field, what follows the quote that closes it, or take a
    NUL for a character."""
    if copy.format.name == "json" or not unit.path.stat().st_size:
        return False
    with unit.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text.find(b"\0") >= 0:
            return True
        is_quoted = _closes_quotes(copy) and text.find(_quotes(copy)[0].encode()) >= 0
        return is_quoted and _goes_on_behind_its_quote(copy, text)


def _closes_quotes(copy: Copy) -> bool:
    """Tell whether a field that begins with a quote ends with the next one; with ESCAPE it may not."""
    return copy.format.name == "csv" or (copy.format.name == "text" and copy.removequotes and not copy.escape)


def _goes_on_behind_its_quote(copy: Copy, text: bytes | mmap.mmap) -> bool:
    """Tell whether text, a row or many, has a field such as "a"b."""
    delimiter, quote = (re.escape(mark.encode()) for mark in (_delimiter(copy), _quotes(copy)[0]))
    inside = b"[^%b]*(?:%b%b[^%b]*)*" % (quote, quote, quote, quote)
    fields = re.finditer(
        b"(?:\\A|(?<=[%b\r\n])) *%b%b%b([^%b\r\n]*)" % (delimiter, quote, inside, quote, delimiter), text
    )
    return any(field[1].strip() for field in fields)


def _wrong(copy: Copy, count: int, place: Place) -> Reason | None:
    if b"\0" in place.text and not _takes_nul(copy):
        return nul(place.text)
    if _closes_quotes(copy) and _goes_on_behind_its_quote(copy, place.text):
        return INVALID_QUOTES
    try:
        fields = _fields(copy, place.text.decode())
    except UnicodeDecodeError:
        return INVALID_UTF8
    except csv.Error:
        return INVALID_QUOTES
    if len(fields) > count and not (len(fields) == count + 1 and not fields[-1] and copy.format.name == "text"):
        return EXTRA_COLUMNS
    if len(fields) < count and not copy.fillrecord:
        return DELIMITER_NOT_FOUND
    return LONG_NUL if any("\0" in field and field != "\0" for field in fields) else None


def _takes_nul(copy: Copy) -> bool:
    return copy.null_as is not None and unescape(copy.null_as) == "\0"


def _fields(copy: Copy, row: str) -> list[str]:
    if copy.format.name == "fixedwidth":
        return [row[:0]] * len(copy.format.argument.split(","))
    quote, escape = _quotes(copy)
    return next(
        csv.reader(
            [row],
            delimiter=_delimiter(copy),
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            escapechar="\\" if escape == "\\" else None,
            skipinitialspace=bool(quote),
        ),
        [],
    )


def unpack_zstd(looking: Callable[[], duckdb.DuckDBPyConnection], source: Path, target: Path) -> None:
    """Write the lines of a zstd file that are not blank to another file: DuckDB reads the format, Python does not."""
    columns = "columns={'line': 'VARCHAR'}, auto_detect=false, header=false, compression='zstd'"
    size = f"maximum_line_size={MAX_OBJECT_BYTES}"
    options = f"{columns}, {_WHOLE_LINE}, {size}, parallel=false, strict_mode=false"
    lines = f"SELECT line FROM read_csv({literal(str(source))}, {options})"
    plain = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x1f'"
    try:
        looking().execute(f"COPY ({lines}) TO {literal(str(target))} ({plain})")
    except duckdb.Error as error:
        raise WarehouseError(
            f"failed to decompress {source.name}: the file is not zstd",
            detail=str(error).partition("\n")[0],
            hint="take ZSTD out, or compress the file",
        ) from error
