"""Parquet files as rows of raw values: columns fill columns by position.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ...errors import WarehouseError
from ...parquet import Field, edit, incompatible, is_refused
from .load_files import Unit
from .load_reading import Reading, files, quoted
from .load_reasons import MALFORMED
from .load_records import Record
from .load_values import LoadColumn, Raw

_Layout = tuple[tuple[Field, str], ...]
"""The columns of a file, each with the type that DuckDB reads it as."""


def alike(cursor: duckdb.DuckDBPyConnection, units: tuple[Unit, ...]) -> list[tuple[Unit, ...]]:
    """Return `units` by their columns: DuckDB goes by the names of the first file's, Redshift by their positions.

    Errors: WarehouseError for a file that is not Parquet.
    """
    groups: dict[_Layout, list[Unit]] = {}
    for unit, layout in zip(units, _layouts(cursor, units), strict=True):
        groups.setdefault(layout, []).append(unit)
    return [tuple(group) for group in groups.values()]


def reading(cursor: duckdb.DuckDBPyConnection, columns: tuple[LoadColumn, ...], unit: Unit) -> Reading:
    """Return how files like `unit` are read. Errors: WarehouseError if its columns do not fit `columns`."""
    url = unit.parts[0].object.url
    (layout,) = _layouts(cursor, (unit,))
    if len(layout) != len(columns):
        raise WarehouseError(
            f"Unmatched number of columns between table and file. Table columns: {len(columns)}, "
            f"Data columns: {len(layout)}, File name: {url}",
            detail="error code 15007",
            hint="columns of Parquet files fill the table by position: name the columns after the table",
        )
    for number, ((field, _), column) in enumerate(zip(layout, columns, strict=True)):
        if is_refused(field, column.type):
            raise WarehouseError(
                "Spectrum Scan Error",
                detail=f"error code 15007\n{incompatible(url, number, field, column.type)}",
                hint=f"{column.name} is {column.type}, {edit(field, column.type)}",
            )
    return Reading(
        columns=columns,
        raws=tuple(_raw(field, type_, column) for (field, type_), column in zip(layout, columns, strict=True)),
        scan=lambda units: f"read_parquet({files(units)})",
        broken="",
        records=lambda unit: _rows(),
        wrong=lambda place: MALFORMED,
        lost=lambda place, number: MALFORMED,
    )


_COLUMNS = """\
SELECT file_name, name, type, converted_type, logical_type, precision, scale, repetition_type, num_children, duckdb_type
FROM parquet_schema({})
ORDER BY file_name, column_id"""


def _layouts(cursor: duckdb.DuckDBPyConnection, units: tuple[Unit, ...]) -> list[_Layout]:
    try:
        rows = cursor.execute(_COLUMNS.format(files(units))).fetchall()
    except duckdb.Error as error:
        if len(units) > 1:
            return [layout for unit in units for layout in _layouts(cursor, (unit,))]
        raise WarehouseError(
            f"{units[0].parts[0].object.url} is not a Parquet file", detail="error code 15001"
        ) from error
    found: dict[str, list[tuple[Field, str]]] = {}
    inner = 0
    for file, name, physical, converted, logical, precision, scale, repetition, children, type_ in rows:
        if file not in found:
            found[file] = []  # its first row is the file itself
            continue
        if inner:
            inner += (children or 0) - 1
            continue
        inner = children or 0
        annotation = "" if inner else (converted or logical or "").removesuffix("Type()").partition("Type(")[0].lower()
        field = Field(
            name, "group" if inner else physical.lower(), annotation.partition("_mi")[0], precision, scale,
            repetition == "OPTIONAL",
        )  # fmt: skip
        found[file].append((field, type_))
    return [tuple(found[str(unit.path)]) for unit in units]


def _raw(field: Field, type_: str, column: LoadColumn) -> Raw:
    """A nested value goes into SUPER as JSON; a text follows the rules of texts; the rest is cast."""
    name = quoted(field.name)
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
