"""What to change so that rows which a COPY refused are taken: a hint for each cause that is known by its look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .datatypes import MAX_CHAR_BYTES
from .errors import LoadError, WarehouseError
from .model import Column
from .parquet import edit, said_incompatible

_EXTRA_COLUMNS = 1202
_TOO_LONG = 1204
_DATE = 1205
_TIME = 1206
_DIGIT = 1207
_NOT_FOUND = 1214
_JSON = 1216
_ENCODING = 1220
_KEPT_BYTES = 1024
_DELIMITERS = ",;|\t"
_COMPRESSIONS = {".gz": "gzip", ".bz2": "bzip2", ".lzo": "lzop", ".zst": "zstd"}
_DATES = (
    (r"\d{1,2}\.\d{1,2}\.\d{4}", "'DD.MM.YYYY'"),
    (r"\d{8}", "'YYYYMMDD'"),
    (r"\d{1,2}/(1[3-9]|[23]\d)/\d{4}", "'MM/DD/YYYY'"),
    (r"(1[3-9]|[23]\d)/\d{1,2}/\d{4}", "'DD/MM/YYYY'"),
)
_TIMES = ((r"\d{9,10}", "epochsecs"), (r"\d{12,13}", "epochmillisecs"))


def file_edits(errors: Sequence[LoadError], columns: Sequence[Column], sql: str) -> Iterator[str]:
    """Yield what to change so that COPY, the statement `sql`, reads the files as they are written."""
    found = (_file_edit(error, {column.name for column in columns}, sql) for error in errors)
    yield from dict.fromkeys(edit for edit in found if edit)


def _file_edit(error: LoadError, names: set[str], sql: str) -> str:
    ending = next((each for each in _COMPRESSIONS if error.file.endswith(each)), "")
    if ending and f"\n{_COMPRESSIONS[ending].upper()}" not in sql:
        return f"the file's name ends with {ending}: copy: {{compression: {_COMPRESSIONS[ending]}}}"
    line = error.raw_line
    fields = {field.strip().strip('"').lower() for field in re.split(f"[{re.escape(_DELIMITERS)}]", line)}
    if error.line == 1 and fields and fields <= names:
        return "the first line holds the names of the columns: copy: {ignoreheader: 1}"
    if error.reason.startswith("Missing newline"):
        return "the line has a NUL: copy: {null_as: '\\0'} makes fields of one NUL NULL; take others out of the file"
    if error.code == _NOT_FOUND:
        return _too_few_fields(line, sql)
    if error.code == _EXTRA_COLUMNS:
        return "the line has more fields than there are columns: declare them all, in the order of the file"
    if error.code == _ENCODING:
        return "the file is not UTF-8: name its encoding:, or replace what cannot be read: copy: {acceptinvchars: true}"
    if error.code == _JSON and "index out of range" in error.reason:
        return (
            "an array of the line is shorter than the path asks for: load the whole array, as super or varchar, "
            "and take the element in the SELECT"
        )
    return ""


def _too_few_fields(line: str, sql: str) -> str:
    if not line.strip():
        return "the line is empty: copy: {ignoreblanklines: true}"
    likely = max(_DELIMITERS, key=line.count)
    if line.count(likely) > line.count("," if "\nFORMAT AS CSV" in sql else "|") and "\nDELIMITER" not in sql:
        return f"the line looks as if its fields were separated by another character: copy: {{delimiter: {likely!r}}}"
    return "the line has fewer fields than there are columns: copy: {fillrecord: true} makes those at its end NULL"


def column_edit(column: Column, refused: Sequence[LoadError]) -> str:
    """Return what to change at a column whose values were refused, to stand behind its type; '' where nobody knows."""
    edits = (_wider(column, refused), _format(refused, _DATE, "date", _DATES), _format(refused, _TIME, "time", _TIMES))
    found = next(filter(None, edits), "")
    if not found and any(error.code == _DIGIT and re.fullmatch(r"-?[\d.]*,\d+", error.raw_value) for error in refused):
        found = "Redshift wants a point in numbers: load it as varchar, and REPLACE the comma in the SELECT"
    return f"; {found}" if found else ""


def _wider(column: Column, refused: Sequence[LoadError]) -> str:
    too_long = [len(error.raw_value.encode()) for error in refused if error.code == _TOO_LONG]
    if not too_long or not column.type.is_text:
        return ""
    longest = max(too_long)
    # STL_LOAD_ERRORS keeps 1,024 bytes of a value.
    least = "at least " if longest >= _KEPT_BYTES else ""
    name = column.type.name if longest <= MAX_CHAR_BYTES else "varchar"
    return f"the longest value seen has {least}{longest} bytes: {name}({longest}), or copy: {{truncatecolumns: true}}"


def _format(refused: Sequence[LoadError], code: int, kind: str, forms: Sequence[tuple[str, str]]) -> str:
    values = [error.raw_value.strip() for error in refused if error.code == code]
    if not values:
        return ""
    fitting = (form for pattern, form in forms if all(re.fullmatch(pattern, value) for value in values))
    if known := next(fitting, ""):
        return f"copy: {{{kind}format: {known}}}"
    example = "'DD.MM.YYYY'" if kind == "date" else "'DD.MM.YYYY HH24:MI:SS'"
    return f"how the file writes it: copy: {{{kind}format: auto}}, or its own form such as {example}"


def parquet_edit(error: WarehouseError, columns: Sequence[Column]) -> tuple[Column, str] | None:
    """Return the column that a Parquet file does not fit, and what to change there, unless the error's hint says it."""
    found = said_incompatible(f"{error.message}\n{error.detail}")
    filled = [column for column in columns if not column.identity]
    if found is None or found[0] >= len(filled):
        return None
    number, field = found
    column = filled[number]
    return column, "" if error.hint else f"; {edit(field, column.type)}"
