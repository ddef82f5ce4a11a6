"""Which columns of the table a COPY fills from its files, and what the others get.

Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-parameters-column-mapping.html
"""

from __future__ import annotations

import duckdb

from ...copy import Copy
from ...errors import WarehouseError
from .load_reading import literal
from .load_values import LoadColumn, LoadTable
from .types import stored_type


def target_columns(copy: Copy, table: LoadTable) -> tuple[LoadColumn, ...]:
    """Return the columns that the files fill, in the order of the files."""
    known = {column.name: column for column in table.columns}
    names = copy.columns or tuple(c.name for c in table.columns if copy.explicit_ids or not c.identity)
    for name in names:
        if name not in known:
            raise WarehouseError(
                f'column "{name}" of relation "{table.name}" does not exist',
                sqlstate="42703",
                hint=f"its columns are {', '.join(known)}",
            )
        if known[name].identity == "always" and not copy.explicit_ids:
            raise WarehouseError(
                f'cannot copy into the identity column "{name}"',
                hint="take it out of the column list, or add EXPLICIT_IDS",
            )
        if names.count(name) > 1:
            raise WarehouseError(f'column "{name}" specified more than once', sqlstate="42701")
    _check_the_rest(copy, table, names)
    return tuple(known[name] for name in names)


def _check_the_rest(copy: Copy, table: LoadTable, names: tuple[str, ...]) -> None:
    for column in table.columns:
        if column.name in names:
            continue
        if column.identity and copy.explicit_ids:
            raise WarehouseError(
                f'EXPLICIT_IDS needs the identity column "{column.name}" in the column list', hint="add it to the list"
            )
        if not (column.null or column.default is not None or column.identity):
            raise WarehouseError(
                f"Cannot insert a NULL value into column {column.name}",
                sqlstate="23502",
                hint="it is NOT NULL, has no DEFAULT and is not in the column list",
            )


def default_values(
    connection: duckdb.DuckDBPyConnection, table: LoadTable, filled: tuple[LoadColumn, ...]
) -> dict[str, str]:
    """Return the values, as SQL, of the columns that the files do not fill: a DEFAULT is evaluated once for a COPY."""
    found = {}
    for column in table.columns:
        if column not in filled and column.default is not None and not column.identity:
            row = connection.execute(f"SELECT CAST(({column.default}) AS VARCHAR)").fetchone()
            value = row[0] if row else None
            found[column.name] = "NULL" if value is None else f"CAST({literal(value)} AS {stored_type(column.type)})"
    return found
