"""A pipeline of many tables, for measuring how long a plan takes."""

from __future__ import annotations

from pathlib import Path

_HEAD = """\
version: 1
name: many
target: local
targets:
  local: {warehouse: local}
schema: many
staging:
  events:
    from: s3://bucket/events/
    format: json
    columns:
"""
_TYPES = ("bigint", "varchar(64)", "timestamp", '"decimal(12,2)"', "integer")
_COLUMNS = 10


def write_pipeline(path: Path, tables: int) -> None:
    """Write `tables` tables of ten columns; each reads two before it, all go back to one staging source."""
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD + "".join(f"      c{n}: {{type: {_type(n)}}}\n" for n in range(_COLUMNS)) + "tables:\n")
        for number in range(tables):
            file.write(_table(number))


def _type(column: int) -> str:
    return _TYPES[column % len(_TYPES)]


def _table(number: int) -> str:
    # Two parents, near and far: the graph is deep and wide at once.
    near, far = (f"t{parent:05}" if number else "events" for parent in (number - 1 - number % 10, number // 2))
    near = "events" if number < 10 else near
    columns = "".join(
        f"      c{n}: {{type: {_type(n)}, description: Column {n} of table {number}.}}\n" for n in range(_COLUMNS)
    )
    values = ",\n".join(
        f"          a.c{n}" if n % 2 else f"          COALESCE(b.c{n}, a.c{n}) AS c{n}" for n in range(_COLUMNS)
    )
    return f"""\
  t{number:05}:
    description: Table {number}.
    columns:
{columns}    sortkey: [c0]
    load:
      strategy: replace
      sql: |
        SELECT
{values}
        FROM {near} AS a
        LEFT JOIN {far} AS b ON b.c0 = a.c0
        WHERE a.c{number % _COLUMNS} IS NOT NULL
    checks:
      - not_null: [c0]
"""
