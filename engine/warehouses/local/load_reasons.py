"""Why a value cannot be loaded: the code and the words of STL_LOAD_ERRORS.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_Load_Error_Reference.html
"""

from __future__ import annotations

import re

from ...copy import Copy
from ...datatypes import DataType
from ...records import frozen
from .load_values import LoadColumn


@frozen
class Reason:
    """`position` counts the characters of the field from 0."""

    code: int
    text: str
    position: int = 0


MALFORMED = Reason(1216, "Invalid value.")
"""Of JSON that cannot be parsed. An assumption: AWS does not document code and words."""
INVALID_UTF8 = Reason(1220, "String contains invalid or unsupported UTF-8 codepoints.")
EXTRA_COLUMNS = Reason(1202, "Extra column(s) found")
DELIMITER_NOT_FOUND = Reason(1214, "Delimiter not found")
INVALID_QUOTES = Reason(1216, "Invalid quote formatting for CSV")
MISSING = Reason(1213, "Missing data for not-null field")
LONG_NUL = Reason(1218, "Invalid null byte - field longer than 1 byte")
NOT_AN_OBJECT = Reason(1216, "Invalid JSONPath format: Member is not an object.")
OUT_OF_RANGE = Reason(1216, "Invalid JSONPath format: Not an array or index out of range.")

_TYPE_NAMES = {
    "smallint": "int2", "integer": "int4", "bigint": "int8", "decimal": "numeric", "real": "float4",
    "double precision": "float8", "boolean": "bool", "interval year to month": "intervaly2m",
    "interval day to second": "intervald2s",
}  # fmt: skip
_DIGIT_TYPES = {
    "smallint": "Short", "integer": "Integer", "bigint": "Long", "decimal": "Decimal", "real": "Float",
    "double precision": "Double",
}  # fmt: skip
_INTEGER_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def type_name(type_: DataType) -> str:
    """Return the type as STL_LOAD_ERRORS prints it."""
    return _TYPE_NAMES.get(type_.name, type_.name)


def type_length(type_: DataType) -> str:
    """Return the length as STL_LOAD_ERRORS prints it: '20', '12, 2', or nothing."""
    if type_.precision is not None:
        return f"{type_.precision}, {type_.scale}"
    return "" if type_.length is None else str(type_.length)


def nul(row: bytes) -> Reason:
    """Return why a row with a NUL, which ends a row, is refused without NULL AS '\\0'.

    An assumption: the code, and that a NUL at the end of a row is refused like any other.
    Source: https://docs.aws.amazon.com/redshift/latest/dg/t_preparing-input-data.html
    """
    at = row.index(b"\0") + 1
    behind = row[at] if at < len(row) else ord("\n")
    return Reason(1216, f"Missing newline: Unexpected character 0x{behind:02x} found at location {at}")


def reason(column: LoadColumn, copy: Copy, raw: str | None) -> Reason:
    """Return why `raw` cannot go into `column`."""
    type_ = column.type
    text = raw or ""
    if not column.null and (raw is None or not text.strip()):
        return MISSING
    if type_.is_text:
        return _text_reason(type_, text)
    if type_.name in _DIGIT_TYPES:
        return _number_reason(type_, text)
    if type_.name == "boolean":
        return Reason(1210, "Unknown boolean format")
    if type_.name == "date":
        return _date_reason(copy, text)
    if type_.name in ("timestamp", "timestamptz"):
        return Reason(1206, f"Invalid timestamp format or value [{_time_format(copy)}]")
    if type_.name in ("time", "timetz"):
        return Reason(1206, "Invalid time format or value")
    if type_.name == "super":
        return Reason(1224, "Invalid JSON for SUPER")
    return Reason(1223, f"Invalid value for type {type_}")


def _text_reason(type_: DataType, text: str) -> Reason:
    if type_.name == "varchar":
        return Reason(1204, "String length exceeds DDL length")
    if text.isascii():
        return Reason(1204, "Char length exceeds DDL length")
    at = next(at for at, character in enumerate(text) if not character.isascii())
    encoded = text[at].encode("utf-8", "surrogateescape").hex(" ")
    hint = "Multibyte character not supported for CHAR (Hint: Try using VARCHAR)."
    return Reason(1220, f"{hint} Invalid char: {encoded}", at)


def _number_reason(type_: DataType, text: str) -> Reason:
    """An assumption: which words Redshift has for a number out of range, by type."""
    decimal = type_.name not in _INTEGER_RANGES
    match = re.match(r"\s*[+-]?\d*(\.\d*([eE][+-]?\d*)?)?" if decimal else r"\s*[+-]?\d*", text)
    at = match.end() if match else 0
    if at >= len(text.rstrip()) and re.search(r"\d", text):
        if not decimal:
            limit = _INTEGER_RANGES[type_.name]
            return Reason(1222, f"Overflow ({_DIGIT_TYPES[type_.name]} valid range: {-limit} to {limit - 1})")
        return Reason(1204, f"Overflow for {type_name(type_).upper()}({type_length(type_).replace(' ', '')})")
    at = min(at, max(len(text) - 1, 0))
    return Reason(1207, f"Invalid digit, Value '{text[at : at + 1]}', Pos {at}, Type: {_DIGIT_TYPES[type_.name]}", at)


def _date_reason(copy: Copy, text: str) -> Reason:
    if copy.dateformat is None and len(text.strip()) < 10:
        return Reason(1205, "Invalid Date Format - length must be 10 or more")
    return Reason(1205, f"Invalid date format or value [{copy.dateformat or 'YYYY-MM-DD'}]")


def _time_format(copy: Copy) -> str:
    return copy.timeformat or "YYYY-MM-DD HH24:MI:SS"
