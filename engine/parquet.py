"""Parquet's types against those of Redshift: what COPY refuses, in Redshift's words, and what to change.

Source: https://repost.aws/knowledge-center/redshift-spectrum-data-errors ("the column definition must match the
columnar file format", decimals with precision and scale), and messages that Redshift's users have reported.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from .datatypes import DataType
from .records import frozen

_TAKEN = MappingProxyType({
    "smallint": ("int32",),
    "integer": ("int32",),
    "bigint": ("int64",),
    "decimal": ("int32", "int64", "fixed_len_byte_array", "byte_array"),
    "real": ("float",),
    "double precision": ("double",),
    "boolean": ("boolean",),
    "char": ("byte_array",),
    "varchar": ("byte_array",),
    "varbyte": ("byte_array",),
    "date": ("int32",),
    "timestamp": ("int96", "int64"),
    "timestamptz": ("int96", "int64"),
})  # fmt: skip
"""The physical types that a column takes; a type that is not here takes what can be converted."""
_ASSUMED = MappingProxyType({
    "bigint": ("int32",),
    "double precision": ("float", "int32"),
    "char": ("fixed_len_byte_array",),
    "varchar": ("fixed_len_byte_array",),
    "varbyte": ("fixed_len_byte_array",),
})  # fmt: skip
_SPECTRUM_NAMES = {"integer": "INT", "real": "FLOAT", "double precision": "DOUBLE"}
_WRITTEN = {
    "smallint": "int16", "integer": "int32", "bigint": "int64", "real": "float", "double precision": "double",
    "char": "a string", "varchar": "a string", "varbyte": "bytes",
}  # fmt: skip
_DECLARED = {
    "int32": "integer", "int64": "bigint", "int96": "timestamp", "float": "real", "double": "double precision",
    "boolean": "boolean", "byte_array": "varchar", "fixed_len_byte_array": "decimal or varbyte", "group": "super",
}  # fmt: skip
_ANNOTATED = {"date": "date", "timestamp": "timestamp", "time": "time", "int_8": "smallint", "int_16": "smallint"}
_SAID = re.compile(
    r"incompatible Parquet schema for column '[^']*'\.\s+Column type:\s+[^,]+(?:,\s*\d+\))?,\s+"
    r"Parquet schema:\s+(?:optional|required|repeated)\s+(\w+)\s.*?\[i:(\d+)",
    re.DOTALL,
)


@frozen
class Field:
    """A column of a Parquet file."""

    name: str
    physical: str
    """As Parquet calls it, in small letters: 'int64'; 'group' for what has fields of its own."""
    annotation: str = ""
    """What its values mean, in small letters: 'utf8', 'date', 'decimal', 'timestamp', …"""
    precision: int | None = None
    scale: int | None = None
    is_optional: bool = True


def is_refused(field: Field, type_: DataType) -> bool:
    """Return whether COPY cannot fill a column of a type from a field: surely, other than by its values."""
    if type_.name not in _TAKEN:
        return field.physical == "group" and type_.name != "super"
    if type_.name == "decimal":
        return (field.annotation, field.precision, field.scale) != ("decimal", type_.precision, type_.scale)
    if field.annotation == "decimal" and field.scale:
        return True
    return field.physical not in _TAKEN[type_.name] and not _is_taken_by_assumption(field, type_)


def _is_taken_by_assumption(field: Field, type_: DataType) -> bool:
    """Whether a field fills a wider type.

    An assumption: AWS wants equal types, and the scanner that Spectrum's messages come from widens these. Another is
    that int32 fills smallint: one user reports that it does not.
    """
    return field.physical in _ASSUMED.get(type_.name, ())


def incompatible(url: str, number: int, field: Field, type_: DataType) -> str:
    """Return what Redshift says of the field of that number, from 0, in the file at `url`."""
    arguments = f"({type_.precision}, {type_.scale})" if type_.precision is not None else ""
    column = f"{_SPECTRUM_NAMES.get(type_.name, type_.name.upper())}{arguments}"
    optional = "optional" if field.is_optional else "required"
    return (
        f"File '{url}' has an incompatible Parquet schema for column '{url}.{field.name}'. Column type: {column}, "
        f"Parquet schema:\n{optional} {field.physical} {field.name} [i:{number} d:{int(field.is_optional)} r:0]"
    )


def said_incompatible(message: str) -> tuple[int, Field] | None:
    """Return the number, from 0, and the field that a message of Redshift is about; None if it is about none."""
    found = _SAID.search(message)
    return (int(found[2]), Field("", found[1])) if found else None


def edit(field: Field, type_: DataType) -> str:
    """Return what to change so that the field fills a column of the type."""
    written = _WRITTEN.get(type_.name, str(type_))
    return f"the file has {_shown(field)}: make the column {_declared(field)}, or write {written} into the file"


def _shown(field: Field) -> str:
    if field.annotation == "decimal":
        return f"decimal({field.precision},{field.scale})"
    return f"{field.physical} ({field.annotation})" if field.annotation in _ANNOTATED else field.physical


def _declared(field: Field) -> str:
    if field.annotation == "decimal":
        return f"decimal({field.precision},{field.scale})"
    return _ANNOTATED.get(field.annotation, _DECLARED.get(field.physical, field.physical))
