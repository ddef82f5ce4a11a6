"""What DuckDB keeps a Redshift type as."""

from __future__ import annotations

from ...datatypes import DataType
from ...errors import WarehouseError

_STORED_AS = {
    "smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT",
    "real": "FLOAT", "double precision": "DOUBLE", "boolean": "BOOLEAN",
    "char": "VARCHAR", "varchar": "VARCHAR", "varbyte": "BLOB",
    "date": "DATE", "time": "TIME", "timetz": "TIMETZ", "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMPTZ",
    "interval year to month": "INTERVAL", "interval day to second": "INTERVAL",
    "super": "JSON", "smallint[]": "SMALLINT[]", "text[]": "VARCHAR[]",
}  # fmt: skip


def stored_type(type_: DataType) -> str:
    """Return the DuckDB type that holds `type_`; byte lengths are kept by the catalog, not by DuckDB.

    Errors: WarehouseError (0A000) for a type that local Redshift has not.
    """
    if type_.name == "decimal":
        return f"DECIMAL({type_.precision},{type_.scale})"
    if type_.name not in _STORED_AS:
        raise WarehouseError(f"not supported locally: the type {type_}", sqlstate="0A000")
    return _STORED_AS[type_.name]
