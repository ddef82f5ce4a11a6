"""JSON files as rows of raw values: which member fills which column, and the scan that reads them.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ...copy import JSON_WORDS, Copy
from ...errors import WarehouseError
from ...jsonpaths import InvalidPath, Step, notation, parse_path
from ...storage import Storage
from .load_values import LoadColumn, RawKind, raw_kind

MAX_OBJECT_BYTES = 4 << 20

Paths = tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw column of a scan: its SQL, what it holds, and SQL that is true where its path cannot be followed."""

    sql: str
    kind: RawKind
    lost: str = "false"


def paths_of(copy: Copy, columns: tuple[LoadColumn, ...], storage: Storage) -> Paths:
    """Return the path of each column.

    Errors: WarehouseError if there is no such jsonpaths file, if it is malformed, or if it has not one path for each
    column.
    """
    argument = copy.format.argument
    if argument == "noshred":
        if len(columns) != 1 or columns[0].type.name != "super":
            raise WarehouseError("JSON 'noshred' needs a table of exactly one SUPER column")
        return ((),)
    if argument in JSON_WORDS:
        return tuple((column.name,) for column in columns)
    texts = _jsonpaths(argument, storage)
    if texts is None:
        # COPY takes a file without the key "jsonpaths" for 'auto', and says nothing.
        return tuple((column.name,) for column in columns)
    if len(texts) != len(columns):
        raise WarehouseError(
            "Number of jsonpaths and the number of columns should match. JSONPath size: "
            f"{len(texts)}, Number of columns in table or column list: {len(columns)}",
            detail=f"{argument}; columns: {', '.join(column.name for column in columns)}",
            hint="paths fill columns by position: write one path for each column, or name the columns after the table",
        )
    return tuple(_steps(text, argument) for text in texts)


def _jsonpaths(url: str, storage: Storage) -> list[str] | None:
    file = storage.find(url)
    if file is None:
        raise WarehouseError(
            f"The specified S3 prefix '{url.removeprefix('s3://').partition('/')[2]}' does not exist",
            detail=f"jsonpaths file {url}",
        )
    try:
        content: Any = json.loads(file.path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _invalid(url, f"it is not one JSON object: {error}") from error
    if not isinstance(content, dict):
        raise _invalid(url, "it is not a JSON object")
    if "jsonpaths" not in content:
        return None
    texts = content["jsonpaths"]
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise _invalid(url, '"jsonpaths" is not a list of texts')
    if {notation(text) for text in texts} >= {"dot", "bracket"}:
        raise _invalid(url, "it mixes dots and brackets: use one notation in all of the file")
    return texts


def _steps(text: str, url: str) -> tuple[Step, ...]:
    try:
        return parse_path(text)
    except InvalidPath as error:
        raise _invalid(url, f"{error}: {error.hint}") from error


def _invalid(url: str, why: str) -> WarehouseError:
    return WarehouseError(
        f"Invalid JSONPath format: {why}", detail=url, hint='write {"jsonpaths": ["$.first", "$.second"]}'
    )


# --- the scan --------------------------------------------------------------------------------------------------------


def is_shredded(paths: Paths) -> bool:
    """Tell whether DuckDB can take the rows apart while it reads them: every path starts at a member of the root.

    Two members that differ in case only would be one field to DuckDB.
    """
    tops = {path[0] for path in paths if path}
    return all(path and isinstance(path[0], str) for path in paths) and len({str(top).lower() for top in tops}) == len(
        tops
    )


def scan(paths: Paths, columns: tuple[LoadColumn, ...], files: str, *, lines: bool, compression: str = "none") -> str:
    """Return a SELECT's FROM item with one column `j`: a struct of the members at the root, or the whole as JSON.

    `j` is NULL for a line that is not one JSON value.
    """
    type_ = "JSON"
    if is_shredded(paths):
        fields = ", ".join(f"{quoted(top)} {kind}" for top, kind in _fields(paths, columns).items())
        type_ = f"STRUCT({fields})"
    options = (
        f"columns={{'j': '{type_.replace(chr(39), chr(39) * 2)}'}}, records='false', compression='{compression}', "
        f"maximum_object_size={MAX_OBJECT_BYTES}, "
        + ("format='newline_delimited', ignore_errors=true" if lines else "format='unstructured'")
    )
    return f"read_json({files}, {options})"


def raws(paths: Paths, columns: tuple[LoadColumn, ...]) -> tuple[Raw, ...]:
    """Return the raw columns over a `scan`, one for each column."""
    if not is_shredded(paths):
        return tuple(_extracted("j", path, raw_kind(c.type)) for path, c in zip(paths, columns, strict=True))
    fields = _fields(paths, columns)
    found = []
    for path, column in zip(paths, columns, strict=True):
        kind = raw_kind(column.type)
        field = f"j.{quoted(str(path[0]))}"
        if fields[str(path[0])] == "VARCHAR" or (kind == "json" and len(path) == 1):
            found.append(Raw(f"{field}::VARCHAR" if kind == "json" else field, kind))
        else:
            found.append(_extracted(field, path[1:], kind))
    return tuple(found)


def empty_row(paths: Paths, columns: tuple[LoadColumn, ...]) -> str:
    """Return SQL that is true where no member was found: the line may be an array, a number, or an object after all."""
    if not is_shredded(paths):
        return "coalesce(json_type(j) <> 'OBJECT', true)" if () not in paths and _all_members(paths) else "j IS NULL"
    return " AND ".join(f"j.{quoted(top)} IS NULL" for top in _fields(paths, columns))


def _all_members(paths: Paths) -> bool:
    return all(isinstance(path[0], str) for path in paths)


def _fields(paths: Paths, columns: tuple[LoadColumn, ...]) -> dict[str, str]:
    """Return the members to read at the root, each as JSON or VARCHAR."""
    fields: dict[str, str] = {}
    for path, column in zip(paths, columns, strict=True):
        type_ = "JSON" if len(path) > 1 or raw_kind(column.type) == "json" else "VARCHAR"
        top = str(path[0])
        fields[top] = "JSON" if "JSON" in (type_, fields.get(top)) else "VARCHAR"
    return fields


def _extracted(field: str, path: tuple[Step, ...], kind: RawKind) -> Raw:
    place = _literal(_pointer(path)) if path else "'$'"
    lost = [test for at, step in enumerate(path) if (test := _lost(field, path[:at], step))]
    sql = f"({field} ->> {place})" if kind == "text" else f"nullif(({field} -> {place})::VARCHAR, 'null')"
    return Raw(sql, kind, " OR ".join(lost) or "false")


def _lost(field: str, above: tuple[Step, ...], step: Step) -> str:
    """SQL that is true where `step` cannot be taken; from a value that is missing or null it leads to NULL.

    An assumption: AWS documents the error for arrays only.
    """
    place = f", {_literal(_pointer(above))}" if above else ""
    type_ = f"json_type({field}{place})"
    if isinstance(step, str):
        return f"coalesce({type_} NOT IN ('OBJECT', 'NULL'), false)"
    short = f"json_array_length({field}{place}) <= {step}"
    return f"coalesce({type_} NOT IN ('ARRAY', 'NULL') OR ({type_} = 'ARRAY' AND {short}), false)"


def _pointer(path: tuple[Step, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return `name` as a quoted DuckDB name."""
    return '"' + name.replace('"', '""') + '"'
