"""JSON files as rows of raw values: which member fills which column, and the scan that reads them.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-json.html

Assumptions, because AWS says nothing of them: a comma before a closing bracket is passed over, as DuckDB's reader does;
a number goes into a text as its shortest form, 1.50 as 1.5. Known to differ: a cluster cuts a text at the escape of a
NUL, and refuses one that begins with it (https://github.com/estuary/connectors/pull/839). Here it is kept: to look for
it in every file would cost a good part of reading the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import duckdb

from ...copy import JSON_WORDS, Copy
from ...errors import WarehouseError
from ...jsonpaths import InvalidPath, Step, notation, parse_path
from ...storage import Storage
from .load_files import MAX_OBJECT_BYTES, Unit, row_too_long
from .load_plain import chunks_of
from .load_reading import Reading, files, literal, quoted
from .load_reasons import INVALID_UTF8, MALFORMED, NOT_AN_OBJECT, OUT_OF_RANGE, Reason
from .load_records import Place, Record, json_values, lines
from .load_values import LoadColumn, Raw, RawKind, raw_kind

_LONGEST_BYTES = 4 * MAX_OBJECT_BYTES
"""As long as a value may be to be told apart from one without an end."""

_SAMPLED_KEYS = 1000

Paths = tuple[tuple[Step, ...], ...]


def reading(copy: Copy, columns: tuple[LoadColumn, ...], storage: Storage) -> Reading:
    """Return how JSON files are read: first into a struct of the members that are wanted, then, what does not go
    into one, value by value.

    Errors: WarehouseError for a jsonpaths file that cannot be used.
    """
    paths = paths_of(copy, columns, storage)
    last = _reading(paths, columns, shredded=False, again=None)
    return _reading(paths, columns, shredded=_is_shredded(paths), again=last)


def _reading(paths: Paths, columns: tuple[LoadColumn, ...], *, shredded: bool, again: Reading | None) -> Reading:
    members = all(path and isinstance(path[0], str) for path in paths)
    return Reading(
        columns=columns,
        raws=_raws(paths, columns, shredded=shredded),
        scan=partial(_scan, paths, columns, shredded=shredded),
        broken=_broken(paths, columns, shredded=shredded),
        records=_records,
        wrong=lambda place: MALFORMED,
        lost=lambda place, number: _lost_reason(place, paths[number]),
        sound=partial(_sound, members=members) if again else None,
        again=again,
    )


def ignoring_case(
    cursor: duckdb.DuckDBPyConnection, columns: tuple[LoadColumn, ...], batch: tuple[Unit, ...]
) -> Reading:
    """Return how the files of `batch` are read for 'auto ignorecase': their keys are looked up first."""
    spellings: dict[str, list[str]] = {column.name: [] for column in columns}
    for key in sorted(_keys(cursor, batch)):
        spellings.get(key.lower(), []).append(key)
    paths = [
        tuple((found[at] if at < len(found) else name,) for name, found in spellings.items())
        for at in range(max(1, *map(len, spellings.values())))
    ]
    last = _reading(paths[0], columns, shredded=False, again=None)
    if len(paths) == 1:
        return _reading(paths[0], columns, shredded=True, again=last)
    raws = zip(*(_raws(each, columns, shredded=False) for each in paths), strict=True)
    merged = tuple(Raw(f"coalesce({', '.join(raw.sql for raw in each)})", each[0].kind, each[0].lost) for each in raws)
    last = replace(last, raws=merged)
    return replace(_reading(paths[0], columns, shredded=False, again=last), raws=merged)


def other_case(copy: Copy, columns: tuple[LoadColumn, ...], storage: Storage, unit: Unit) -> str:
    """Return a warning if members that are wanted are not in the first rows of `unit`, but others are that differ in
    case only; '' if there are none. COPY loads NULL for them, and says nothing."""
    if copy.format.argument in ("auto ignorecase", "noshred"):
        return ""
    wanted = {str(path[0]) for path in paths_of(copy, columns, storage) if path}
    found = set(islice(_keys_in_python(unit), _SAMPLED_KEYS))
    spelled = {key.lower(): key for key in sorted(found)}
    missed = [(name, spelled[name.lower()]) for name in sorted(wanted - found) if name.lower() in spelled]
    if not missed:
        return ""
    told = ", ".join(f"'{name}' (the files have '{key}')" for name, key in missed)
    ignoring = "JSON 'auto ignorecase' takes them (in a pipeline: jsonpaths: auto ignorecase)"
    how = ignoring if copy.format.argument == "auto" else "write the paths as the files have it"
    return f"WARNING: members that differ in case are not loaded, and NULL is in their place: {told}; {how}"


def _keys(cursor: duckdb.DuckDBPyConnection, batch: tuple[Unit, ...]) -> set[str]:
    source = _scan((), (), batch, shredded=False)
    try:
        rows = cursor.execute(f"SELECT DISTINCT unnest(json_keys(j)) FROM {source}").fetchall()
        return {key for (key,) in rows}
    except duckdb.Error:
        return {key for unit in batch for key in _keys_in_python(unit)}


def _keys_in_python(unit: Unit) -> Iterator[str]:
    with unit.path.open("rb") as file:
        for record in _records(unit):
            file.seek(record.start)
            value = None if record.wrong else _parsed(file.read(record.end - record.start))
            yield from value if isinstance(value, dict) else ()


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


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
    file = storage.read(url)
    if file is None:
        raise WarehouseError(
            f"The specified S3 prefix '{url.removeprefix('s3://').partition('/')[2]}' does not exist",
            detail=f"jsonpaths file {url}",
        )
    try:
        content: Any = json.loads(file)
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


def _is_shredded(paths: Paths) -> bool:
    """Tell whether DuckDB can take the rows apart while it reads them: every path starts at a member of the root.

    Two members that differ in case only would be one field to DuckDB.
    """
    tops = {path[0] if path else 0 for path in paths}
    return all(isinstance(top, str) for top in tops) and len({str(top).lower() for top in tops}) == len(tops)


def _scan(paths: Paths, columns: tuple[LoadColumn, ...], units: tuple[Unit, ...], *, shredded: bool) -> str:
    """Return a SELECT's FROM item with one column `j`: a struct of the members at the root, or the whole as JSON.

    `j` is NULL for a line that is not one JSON value. The units are of one layout.
    """
    type_ = "JSON"
    if shredded:
        fields = ", ".join(f"{quoted(top)} {kind}" for top, kind in _fields(paths, columns).items())
        type_ = f"STRUCT({fields})"
    layout = "'newline_delimited', ignore_errors=true" if units[0].layout == "lines" else "'unstructured'"
    return f"read_json({files(units)}, columns={{'j': {literal(type_)}}}, records='false', format={layout})"


def _raws(paths: Paths, columns: tuple[LoadColumn, ...], *, shredded: bool) -> tuple[Raw, ...]:
    """Return the raw columns over a `scan`, one for each column."""
    if not shredded:
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


def _broken(paths: Paths, columns: tuple[LoadColumn, ...], *, shredded: bool) -> str:
    """Return SQL that is true for a row of a `scan` that must be looked at again.

    In a struct without a single member a number, a text or an array may be hidden.
    """
    if not shredded:
        return "j IS NULL"
    return " AND ".join(f"j.{quoted(top)} IS NULL" for top in _fields(paths, columns))


def _fields(paths: Paths, columns: tuple[LoadColumn, ...]) -> dict[str, str]:
    """Return the members to read at the root, each as JSON or VARCHAR."""
    fields: dict[str, str] = {}
    for path, column in zip(paths, columns, strict=True):
        type_ = "JSON" if len(path) > 1 or raw_kind(column.type) == "json" else "VARCHAR"
        top = str(path[0])
        fields[top] = "JSON" if "JSON" in (type_, fields.get(top)) else "VARCHAR"
    return fields


def _extracted(field: str, path: tuple[Step, ...], kind: RawKind) -> Raw:
    place = literal(_pointer(path)) if path else "'$'"
    lost = [test for at, step in enumerate(path) if (test := _lost(field, path[:at], step))]
    sql = f"({field} ->> {place})" if kind == "text" else f"nullif(({field} -> {place})::VARCHAR, 'null')"
    return Raw(sql, kind, " OR ".join(lost))


def _lost(field: str, above: tuple[Step, ...], step: Step) -> str:
    """SQL that is true where `step` cannot be taken; from a value that is missing or null it leads to NULL.

    An assumption: AWS documents the error for arrays only.
    """
    place = f", {literal(_pointer(above))}" if above else ""
    type_ = f"json_type({field}{place})"
    if isinstance(step, str):
        return f"coalesce({type_} NOT IN ('OBJECT', 'NULL'), false)"
    short = f"json_array_length({field}{place}) <= {step}"
    return f"coalesce({type_} NOT IN ('ARRAY', 'NULL') OR ({type_} = 'ARRAY' AND {short}), false)"


def _pointer(path: tuple[Step, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


# --- what is wrong with a row -----------------------------------------------------------------------------------------


def _records(unit: Unit) -> Iterator[Record]:
    return lines(unit.path) if unit.layout == "lines" else json_values(chunks_of(unit.path), _LONGEST_BYTES)


def _sound(record: Record, place: Place, *, members: bool) -> Iterator[tuple[Place, bytes, Reason | None]]:
    """Yield the values of a row, each on one line, or why they are none. With `members` only objects will do."""
    if record.wrong:
        yield place, place.text, _malformed(place.text, record.wrong)
        return
    for value in json_values([place.text], _LONGEST_BYTES):
        text = place.text[value.start : value.end]
        below = place.text.count(b"\n", value.end)
        found = Place(place.part, place.line - below, place.offset + value.start, text)
        yield found, text.replace(b"\r", b" ").replace(b"\n", b" "), _wrong(found, value.wrong, members=members)


def _wrong(found: Place, wrong: str, *, members: bool) -> Reason | None:
    if wrong:
        return _malformed(found.text, wrong)
    if len(found.text) > MAX_OBJECT_BYTES:
        raise row_too_long(found.part.object, found.line)
    if members and not found.text.startswith(b"{"):
        return NOT_AN_OBJECT
    return None if _is_utf8(found.text) else INVALID_UTF8


def _malformed(text: bytes, wrong: str) -> Reason:
    return Reason(MALFORMED.code, f"{MALFORMED.text} {wrong}") if _is_utf8(text) else INVALID_UTF8


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lost_reason(place: Place, path: tuple[Step, ...]) -> Reason:
    value: Any = json.loads(place.text)
    for step in path:
        if isinstance(step, int) and not (isinstance(value, list) and step < len(value)):
            return OUT_OF_RANGE
        if isinstance(step, str) and not isinstance(value, dict):
            return NOT_AN_OBJECT
        value = value.get(step) if isinstance(step, str) else value[step]
    return NOT_AN_OBJECT
