"""Many tables that read each other, for measuring how long a plan takes: for etlrun, dbt and SQLMesh."""

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
_TYPES = ("bigint", "varchar(64)", "timestamp", "decimal(12,2)", "integer")
_COLUMNS = 10


def write_pipeline(path: Path, tables: int) -> None:
    """Write `tables` tables of ten columns; each reads two before it, all go back to one staging source."""
    with path.open("w", encoding="utf-8") as file:
        file.write(_HEAD + "".join(f"      c{n}: {{type: {_quoted(n)}}}\n" for n in range(_COLUMNS)) + "tables:\n")
        for number in range(tables):
            file.write(_table(number))


def write_dbt(folder: Path, tables: int) -> None:
    """Write the same tables as a project of dbt-duckdb: models, described columns, a not_null test for each."""
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(_DBT_PROJECT, encoding="utf-8")
    (folder / "profiles.yml").write_text(_DBT_PROFILES, encoding="utf-8")
    with (models / "models.yml").open("w", encoding="utf-8") as file:
        file.write(_DBT_SOURCES + "models:\n" + "".join(map(_dbt_description, range(tables))))
    for number in range(tables):
        near, far = map(_dbt_reference, parents(number))
        (models / f"{name_of(number)}.sql").write_text(_select(number, near, far), encoding="utf-8")


def write_sqlmesh(folder: Path, tables: int) -> None:
    """Write the same tables as a project of SQLMesh: typed and described columns, a not_null audit for each."""
    models = folder / "models"
    models.mkdir(parents=True)
    (folder / "config.yaml").write_text(_SQLMESH_CONFIG, encoding="utf-8")
    events = "".join(f"    c{n}: {_type(n)}\n" for n in range(_COLUMNS))
    (folder / "external_models.yaml").write_text(f"- name: many.events\n  columns:\n{events}", encoding="utf-8")
    for number in range(tables):
        near, far = (f"many.{name}" for name in parents(number))
        text = _sqlmesh_head(number) + _select(number, near, far) + "\n"
        (models / f"{name_of(number)}.sql").write_text(text, encoding="utf-8")


def name_of(number: int) -> str:
    return f"t{number:05}"


def parents(number: int) -> tuple[str, str]:
    """Return what a table reads, near and far: the graph is deep and wide at once."""
    near = name_of(number - 1 - number % 10) if number >= 10 else "events"
    return near, name_of(number // 2) if number else "events"


def _type(column: int) -> str:
    return _TYPES[column % len(_TYPES)]


def _quoted(column: int) -> str:
    """In {…} of YAML a comma ends a value."""
    return f'"{_type(column)}"' if "," in _type(column) else _type(column)


def _select(number: int, near: str, far: str, indent: str = "") -> str:
    values = [f"  a.c{n}" if n % 2 else f"  COALESCE(b.c{n}, a.c{n}) AS c{n}" for n in range(_COLUMNS)]
    lines = ["SELECT", *(f"{value}," for value in values[:-1]), values[-1], f"FROM {near} AS a"]
    lines += [f"LEFT JOIN {far} AS b ON b.c0 = a.c0", f"WHERE a.c{number % _COLUMNS} IS NOT NULL"]
    return "\n".join(f"{indent}{line}" for line in lines)


def _described(number: int, column: int) -> str:
    return f"Column {column} of table {number}."


def _table(number: int) -> str:
    columns = "".join(
        f"      c{n}: {{type: {_quoted(n)}, description: {_described(number, n)}}}\n" for n in range(_COLUMNS)
    )
    return f"""\
  {name_of(number)}:
    description: Table {number}.
    columns:
{columns}    sortkey: [c0]
    load:
      strategy: replace
      sql: |
{_select(number, *parents(number), "        ")}
    checks:
      - not_null: [c0]
"""


_DBT_PROJECT = """\
name: many
version: "1.0"
profile: many
model-paths: [models]
models:
  many:
    +materialized: table
flags:
  send_anonymous_usage_stats: false
"""
_DBT_PROFILES = """\
many:
  target: local
  outputs:
    local: {type: duckdb, path: ":memory:", threads: 2}
"""
_DBT_SOURCES = """\
version: 2
sources:
  - name: many
    tables:
      - name: events
"""


def _dbt_reference(name: str) -> str:
    return "{{ source('many', 'events') }}" if name == "events" else f"{{{{ ref('{name}') }}}}"


def _dbt_description(number: int) -> str:
    columns = "".join(
        f"      - {{name: c{n}, data_type: {_quoted(n)}, description: {_described(number, n)}}}\n"
        for n in range(1, _COLUMNS)
    )
    first = f"      - {{name: c0, data_type: {_quoted(0)}, description: {_described(number, 0)}, tests: [not_null]}}\n"
    return f"  - name: {name_of(number)}\n    description: Table {number}.\n    columns:\n{first}{columns}"


_SQLMESH_CONFIG = """\
gateways:
  local:
    connection: {type: duckdb, database: warehouse.duckdb}
    state_connection: {type: duckdb, database: state.duckdb}
default_gateway: local
model_defaults: {dialect: redshift, start: 2026-01-01}
disable_anonymized_analytics: true
"""


def _sqlmesh_head(number: int) -> str:
    columns = ", ".join(f"c{n} {_type(n)}" for n in range(_COLUMNS))
    described = ", ".join(f"c{n} = '{_described(number, n)}'" for n in range(_COLUMNS))
    return f"""\
MODEL (
    name many.{name_of(number)},
    kind FULL,
    description 'Table {number}.',
    columns ({columns}),
    column_descriptions ({described}),
    audits (not_null(columns := (c0)))
);

"""
