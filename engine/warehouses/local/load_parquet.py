"""Parquet files as rows of raw values: columns fill columns by position.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ...errors import WarehouseError
from .load_files import Unit
from .load_reading import Reading, files, quoted
from .load_reasons import MALFORMED
from .load_records import Record
from .load_values import LoadColumn, Raw


def reading(cursor: duckdb.DuckDBPyConnection, columns: tuple[LoadColumn, ...], unit: Unit) -> Reading:
    """Return how files like `unit` are read. Errors: WarehouseError if it has not as many columns as `columns`."""
    url = unit.parts[0].object.url
    try:
        found = cursor.execute(f"DESCRIBE SELECT * FROM read_parquet({files((unit,))})").fetchall()
    except duckdb.Error as error:
        raise WarehouseError(f"{url} is not a Parquet file", detail="error code 15001") from error
    if len(found) != len(columns):
        raise WarehouseError(
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(found)}, File name: {url}",
            detail="error code 15007",
            hint="columns of Parquet files fill the table by position: name the columns after the table",
        )
    return Reading(
        columns=columns,
        raws=tuple(_raw(quoted(name), type_, column) for (name, type_, *_), column in zip(found, columns, strict=True)),
        scan=lambda units: f"read_parquet({files(units)})",
        broken="",
        records=lambda unit: _rows(),
        wrong=lambda place: MALFORMED,
        lost=lambda place, number: MALFORMED,
    )


def _raw(name: str, type_: str, column: LoadColumn) -> Raw:
    """A nested value goes into SUPER as JSON; a text follows the rules of texts; the rest is cast."""
    if column.type.name == "super":
        return Raw(f"nullif(to_json({name})::VARCHAR, 'null')", "json")
    if type_ == "VARCHAR" or column.type.is_text:
        return Raw(f"{name}::VARCHAR")
    return Raw(name, "typed")


def _rows() -> Iterator[Record]:
    """A row of a Parquet file has a number and no place."""
    number = 0
    while True:
        number += 1
        yield Record(0, 0, number)
