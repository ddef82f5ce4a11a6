"""What Redshift remembers of a relation and DuckDB does not: declared types, attributes, keys, comments.

It is kept in tables of the schema `local_catalog`, in the same database file and in the same transactions as
the relations themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from ...datatypes import DataType
from ...errors import WarehouseError
from ...records import frozen
from .values import quote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SYSTEM_SCHEMAS = ("pg_catalog", "information_schema")
TEMPORARY = "pg_temp"


@frozen
class Column:
    """A column as it was declared."""

    name: str
    type: DataType
    null: bool = True
    default: str | None = None
    """Its DEFAULT as a DuckDB expression."""
    default_text: str = ""
    """Its DEFAULT as it was written."""
    identity: Literal["", "always", "by default"] = ""
    seed: int = 1
    step: int = 1
    sequence: str = ""
    encode: str = ""
    nocase: bool = False
    comment: str = ""


@frozen
class Constraint:
    """A key: recorded, never enforced."""

    kind: Literal["primary key", "unique", "foreign key"]
    columns: tuple[str, ...]
    name: str = ""
    references: str = ""
    referenced: tuple[str, ...] = ()


@frozen
class Relation:
    """A table or a view. `kind` 'late view' is one WITH NO SCHEMA BINDING."""

    schema: str
    name: str
    kind: Literal["table", "view", "late view", "materialized view"] = "table"
    columns: tuple[Column, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    diststyle: str = "AUTO"
    distkey: str = ""
    sortkeys: tuple[str, ...] = ()
    interleaved: bool = False
    auto_sorted: bool = False
    """Whether Redshift may choose another sort key than `sortkeys`."""
    backup: bool = True
    definition: str = ""
    """The query of a view, as it was written."""
    reads: tuple[str, ...] = ()
    """The relations that a view reads, as schema.name."""
    comment: str = ""

    @property
    def temporary(self) -> bool:
        return self.schema == TEMPORARY

    @property
    def key(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """The quoted DuckDB name."""
        return f"temp.main.{quote(self.name)}" if self.temporary else f"{quote(self.schema)}.{quote(self.name)}"

    def column(self, name: str) -> Column:
        """Errors: WarehouseError 42703 with a suggestion."""
        for column in self.columns:
            if column.name == name:
                return column
        raise no_such_column(name, self.name, [column.name for column in self.columns])


def constraint_name(relation: Relation, constraint: Constraint) -> str:
    """Return the name of a key, the one that Redshift gives where none was declared."""
    if constraint.name:
        return constraint.name
    ending = {"primary key": "pkey", "unique": f"{constraint.columns[0]}_key"}
    return f"{relation.name}_{ending.get(constraint.kind, f'{constraint.columns[0]}_fkey')}"


def no_such_relation(name: str, known: list[str]) -> WarehouseError:
    close = get_close_matches(name, known, n=1)
    hint = f'did you mean "{close[0]}"?' if close else ""
    if name in known:
        hint = "there is one of this name in a schema outside the search path: write schema.name"
    return WarehouseError(f'relation "{name}" does not exist', sqlstate="42P01", hint=hint)


def no_such_column(name: str, relation: str, known: list[str]) -> WarehouseError:
    close = get_close_matches(name, known, n=1)
    of = f' of relation "{relation}"' if relation else ""
    hint = f'did you mean "{close[0]}"?' if close else ""
    return WarehouseError(f'column "{name}"{of} does not exist', sqlstate="42703", hint=hint)


def read_relation(connection: DuckDBPyConnection, schema: str, name: str) -> Relation | None:
    """Return the relation, or None. Temporary ones are kept per session, in DuckDB's temp schema."""
    place = "temp.main.local_relation" if schema == TEMPORARY else "local_catalog.relation"
    found = connection.execute(f"SELECT record FROM {place} WHERE schema = ? AND name = ?", [schema, name]).fetchone()
    return None if found is None else _relation(json.loads(found[0]))


def write_relation(connection: DuckDBPyConnection, relation: Relation) -> None:
    """Add the relation."""
    place = "temp.main.local_relation" if relation.temporary else "local_catalog.relation"
    connection.execute(
        f"INSERT INTO {place} VALUES (?, ?, ?, ?)", [relation.schema, relation.name, relation.kind, _record(relation)]
    )


def rewrite_relation(connection: DuckDBPyConnection, old: Relation, new: Relation) -> None:
    """Put `new` in the place of `old`, which is there."""
    if old.temporary != new.temporary:
        forget_relation(connection, old)
        write_relation(connection, new)
        return
    place = "temp.main.local_relation" if old.temporary else "local_catalog.relation"
    connection.execute(
        f"UPDATE {place} SET schema = ?, name = ?, kind = ?, record = ? WHERE schema = ? AND name = ?",
        [new.schema, new.name, new.kind, _record(new), old.schema, old.name],
    )


def _record(relation: Relation) -> str:
    return json.dumps(relation, default=_fields, ensure_ascii=False, separators=(",", ":"))


def _fields(record: Any) -> dict[str, Any]:
    """Return what a record holds; `asdict` would copy every value of it first."""
    return {name: getattr(record, name) for name in record.__slots__}


def forget_relation(connection: DuckDBPyConnection, relation: Relation) -> None:
    place = "temp.main.local_relation" if relation.temporary else "local_catalog.relation"
    connection.execute(f"DELETE FROM {place} WHERE schema = ? AND name = ?", [relation.schema, relation.name])


def forget_privileges(connection: DuckDBPyConnection, relation: Relation) -> None:
    connection.execute("DELETE FROM local_catalog.privilege WHERE object = ?", [relation.key])


def move_privileges(connection: DuckDBPyConnection, old: Relation, new: Relation) -> None:
    """Privileges belong to a relation, not to its name."""
    connection.execute("UPDATE local_catalog.privilege SET object = ? WHERE object = ?", [new.key, old.key])


def relation_names(connection: DuckDBPyConnection, schema: str | None = None) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM local_catalog.relation WHERE ? IS NULL OR schema = ? ORDER BY name", [schema, schema]
    ).fetchall()
    return [row[0] for row in rows]


def dependent_views(connection: DuckDBPyConnection, relation: Relation) -> Iterator[Relation]:
    """Yield the bound views that read `relation`."""
    rows = connection.execute(
        "SELECT record FROM local_catalog.relation WHERE kind IN ('view', 'materialized view') AND contains(record, ?)",
        [json.dumps(relation.key, ensure_ascii=False)],
    ).fetchall()
    for (record,) in rows:
        view = _relation(json.loads(record))
        if relation.key in view.reads and view.key != relation.key:
            yield view


def referring_tables(connection: DuckDBPyConnection, relation: Relation) -> Iterator[Relation]:
    """Yield the tables with foreign keys that refer to `relation`, which may be among them."""
    rows = connection.execute(
        "SELECT record FROM local_catalog.relation WHERE kind = 'table' AND contains(record, ?)", ['"foreign key"']
    ).fetchall()
    for (record,) in rows:
        table = _relation(json.loads(record))
        if any(refers(table, key, relation) for key in table.constraints):
            yield table


def refers(table: Relation, key: Constraint, relation: Relation) -> bool:
    """Tell whether a key of `table` is a foreign key that refers to `relation`."""
    schema, _, name = key.references.rpartition(".")
    return key.kind == "foreign key" and (schema or table.schema, name) == (relation.schema, relation.name)


def _relation(record: dict[str, Any]) -> Relation:
    record["columns"] = tuple(Column(**{**column, "type": DataType(**column["type"])}) for column in record["columns"])
    record["constraints"] = tuple(
        Constraint(**{**key, "columns": tuple(key["columns"]), "referenced": tuple(key["referenced"])})
        for key in record["constraints"]
    )
    return Relation(**{**record, "sortkeys": tuple(record["sortkeys"]), "reads": tuple(record["reads"])})
