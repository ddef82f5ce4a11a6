"""Two databases with the tables of the sparkify job: are they equal, row for row?

    python benchmarks/compare.py OURS BY_HAND

Rows are compared by EXCEPT ALL on the columns of the hand-written tables, each cast to its type there. The exit code
is 0 if all tables are equal, else 1, and what differs is printed. This runs in a process of its own, so that it adds
nothing to the memory of a benchmark.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import duckdb
from by_hand import TABLES


def differences(ours: str, by_hand: str) -> Iterator[str]:
    """Yield what differs, in words."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{ours}' AS ours (READ_ONLY)")
        connection.execute(f"ATTACH '{by_hand}' AS by_hand (READ_ONLY)")
        for table in TABLES:
            yield from _table_differences(connection, table)


def _table_differences(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    schemas = connection.execute(
        "SELECT schema_name FROM duckdb_tables() WHERE database_name = 'ours' AND table_name = ?", [table]
    ).fetchall()
    if len(schemas) != 1:
        yield f"{table}: {len(schemas)} tables have that name on our side"
        return
    columns = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'by_hand' AND table_name = ?"
        " ORDER BY column_index",
        [table],
    ).fetchall()
    values = ", ".join(f'CAST("{name}" AS {type_}) AS "{name}"' for name, type_ in columns)
    ours, by_hand = f'ours."{schemas[0][0]}"."{table}"', f'by_hand.main."{table}"'
    counts = [connection.execute(f"SELECT count(*) FROM {side}").fetchall()[0][0] for side in (ours, by_hand)]
    if counts[0] != counts[1]:
        yield f"{table}: {counts[0]} rows in ours, {counts[1]} by hand"
    # Where the counts are equal, nothing left over on one side means nothing left over on the other.
    rows = connection.execute(
        f"SELECT {values} FROM {ours} EXCEPT ALL SELECT {values} FROM {by_hand} LIMIT 3"
    ).fetchall()
    if rows:
        yield f"{table}: rows only in ours, such as " + "; ".join(map(str, rows))


def main(ours: str, by_hand: str) -> int:
    found = list(differences(ours, by_hand))
    print("\n".join(found) or "equal")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
