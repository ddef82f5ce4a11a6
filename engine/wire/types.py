"""Redshift's types on the wire: how a column is announced.

Source: https://github.com/aws/amazon-redshift-python-driver (utils/oids.py, utils/type_utils.py) for what differs from
PostgreSQL.
"""

from __future__ import annotations

from ..datatypes import DataType, UnknownType, parse_type
from ..records import frozen
from ..warehouse import ResultColumn

VARCHAR, NUMERIC, INTERVAL, Y2M, D2S = 1043, 1700, 1186, 1188, 1190
SMALLINTS, TEXTS = 1005, 1009

# name: (OID, size in bytes or -1)
_WIRE = {
    "smallint": (21, 2), "integer": (23, 4), "bigint": (20, 8), "real": (700, 4), "double precision": (701, 8),
    "decimal": (NUMERIC, -1), "boolean": (16, 1), "char": (1042, -1), "varchar": (VARCHAR, -1), "date": (1082, 4),
    "time": (1083, 8), "timetz": (1266, 12), "timestamp": (1114, 8), "timestamptz": (1184, 8),
    "interval year to month": (Y2M, 4), "interval day to second": (D2S, 8), "super": (4000, -1),
    "varbyte": (6551, -1), "geometry": (3000, -1), "geography": (3001, -1), "hllsketch": (2935, -1),
}  # fmt: skip
# Types of catalogs, which no column of a user has.
_CATALOG = {"name": (19, 64), "oid": (26, 4), "unknown": (705, -2), "interval": (INTERVAL, 12), "text": (25, -1),
            "smallint[]": (SMALLINTS, -1), "text[]": (TEXTS, -1)}  # fmt: skip


@frozen
class Field:
    """A column of a result on the wire; `scale` counts a numeric's digits after the point."""

    name: str
    oid: int
    size: int
    modifier: int = -1
    scale: int = 0
    precision: int = 0


def field(column: ResultColumn) -> Field:
    """Return how a column is announced; a type that is not known goes as varchar, which carries anything as text."""
    name = column.type.strip().lower()
    if name in _CATALOG:
        return Field(column.name, *_CATALOG[name])
    try:
        type_ = parse_type(name)
    except UnknownType:
        return Field(column.name, VARCHAR, -1)
    oid, size = _WIRE[type_.name]
    return Field(column.name, oid, size, _modifier(type_), type_.scale or 0, type_.precision or 0)


def _modifier(type_: DataType) -> int:
    if type_.precision is not None:
        return ((type_.precision << 16) | (type_.scale or 0)) + 4
    return type_.length + 4 if type_.is_text and type_.length is not None else -1
