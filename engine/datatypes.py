"""Redshift's data types: names, aliases, limits.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from .records import frozen

MAX_VARCHAR_BYTES = 65535
MAX_CHAR_BYTES = 4096
MAX_VARBYTE_BYTES = 1024000
MAX_PRECISION = 38
MAX_SCALE = 37
MAX_FLOAT_PRECISION = 53

_ALIASES = {
    "smallint": "smallint", "int2": "smallint",
    "integer": "integer", "int": "integer", "int4": "integer",
    "bigint": "bigint", "int8": "bigint",
    "decimal": "decimal", "numeric": "decimal",
    "real": "real", "float4": "real",
    "double precision": "double precision", "float8": "double precision", "float": "double precision",
    "boolean": "boolean", "bool": "boolean",
    "char": "char", "character": "char", "nchar": "char", "bpchar": "char",
    "varchar": "varchar", "character varying": "varchar", "nvarchar": "varchar", "text": "varchar",
    "date": "date",
    "time": "time", "time without time zone": "time",
    "timetz": "timetz", "time with time zone": "timetz",
    "timestamp": "timestamp", "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz", "timestamp with time zone": "timestamptz",
    "interval year to month": "interval year to month",
    "interval day to second": "interval day to second",
    "super": "super",
    "varbyte": "varbyte", "varbinary": "varbyte", "binary varying": "varbyte",
    "geometry": "geometry", "geography": "geography", "hllsketch": "hllsketch",
}  # fmt: skip

_DEFAULT_LENGTH = {"text": 256, "bpchar": 256, "char": 1, "varchar": 256, "varbyte": 64000}
_MAX_LENGTH = {"char": MAX_CHAR_BYTES, "varchar": MAX_VARCHAR_BYTES, "varbyte": MAX_VARBYTE_BYTES}
_TYPE = re.compile(r"\s*([a-z_][a-z0-9_ ]*?)\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?\s*", re.IGNORECASE)


@frozen
class DataType:
    """A Redshift type in its canonical spelling. Lengths are bytes of UTF-8."""

    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        if self.length is not None:
            return f"{self.name}({self.length})"
        if self.precision is not None:
            return f"{self.name}({self.precision},{self.scale})"
        return self.name

    @property
    def is_text(self) -> bool:
        return self.name in ("char", "varchar")


class UnknownType(ValueError):
    """The text names no Redshift type; `hint` says what to write instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def parse_type(text: str) -> DataType:
    """Return the type that `text` names: 'numeric(12, 2)' -> decimal(12,2), 'text' -> varchar(256).

    Errors: UnknownType for an unknown name, a missing or superfluous argument, a length or scale out of range.
    """
    match = _TYPE.fullmatch(text)
    if match is None and text.count("(") > text.count(")"):
        raise UnknownType(f"'{text}' is not a Redshift type", f"close the parenthesis: {text.rstrip()})")
    if match is None:
        raise UnknownType(f"'{text}' is not a Redshift type", _suggestion(text))
    alias = " ".join(match[1].lower().split())
    name = _ALIASES.get(alias)
    if name is None:
        raise UnknownType(f"'{text}' is not a Redshift type", _suggestion(alias))
    if name == "decimal":
        return _decimal(text, match[2], match[3])
    if name in _MAX_LENGTH:
        if match[3] is not None:
            raise UnknownType(f"'{text}': {name} takes one length", f"write {name}({match[2]})")
        return DataType(name, length=_length(text, alias, name, match[2]))
    if alias == "float" and match[2] is not None and match[2].isdecimal() and match[3] is None:
        if not 1 <= int(match[2]) <= MAX_FLOAT_PRECISION:
            raise UnknownType(f"'{text}': the precision of float goes from 1 to {MAX_FLOAT_PRECISION}")
        return DataType("real" if int(match[2]) <= 24 else "double precision")
    if match[2] is not None:
        raise UnknownType(f"'{text}': {name} takes no argument", f"write {name}")
    return DataType(name)


def _length(text: str, alias: str, name: str, argument: str | None) -> int:
    if argument is None:
        return _DEFAULT_LENGTH.get(alias, _DEFAULT_LENGTH[name])
    limit = _MAX_LENGTH[name]
    if argument.lower() == "max":
        return limit
    if not argument.isdecimal() or not 1 <= int(argument) <= limit:
        raise UnknownType(f"'{text}': the length of {name} is a number of bytes from 1 to {limit}")
    return int(argument)


def _decimal(text: str, precision: str | None, scale: str | None) -> DataType:
    if precision is None:
        return DataType("decimal", precision=18, scale=0)
    if not precision.isdecimal() or not 1 <= int(precision) <= MAX_PRECISION:
        raise UnknownType(f"'{text}': the precision of decimal goes from 1 to {MAX_PRECISION}")
    digits = int(scale or 0)
    if digits > min(MAX_SCALE, int(precision)):
        raise UnknownType(f"'{text}': the scale goes from 0 to the precision, {MAX_SCALE} at most")
    return DataType("decimal", precision=int(precision), scale=digits)


_FOREIGN = {
    "string": "varchar(256)", "str": "varchar(256)", "varchar2": "varchar(256)", "clob": "varchar(max)",
    "tinyint": "smallint", "number": "decimal(18,0)", "double": "double precision", "float64": "double precision",
    "int64": "bigint", "int32": "integer", "long": "bigint", "serial": "bigint with identity: [0, 1]",
    "bigserial": "bigint with identity: [0, 1]", "datetime": "timestamp", "timestamp_ntz": "timestamp",
    "timestamp_tz": "timestamptz", "json": "super", "jsonb": "super", "variant": "super", "array": "super",
    "struct": "super", "bytea": "varbyte", "blob": "varbyte", "binary": "varbyte", "uuid": "varchar(36)",
    "money": "decimal(19,4)", "interval": "interval day to second",
}  # fmt: skip


def _suggestion(text: str) -> str:
    word = text.split("(")[0].strip().lower()
    if word in _FOREIGN:
        return f"Redshift has no {word}; use {_FOREIGN[word]}"
    close = get_close_matches(word, _ALIASES, n=1)
    return f"did you mean '{close[0]}'?" if close else f"types are {', '.join(sorted(set(_ALIASES.values())))}"
