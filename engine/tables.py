"""How SQL writes a table: its name, and what CREATE TABLE says of its columns, keys and rows."""

from __future__ import annotations

from collections.abc import Iterator

from .lexical import identifier
from .model import Column, Definition, SortKey


def relation(definition: Definition) -> str:
    """Return a table's full name as SQL writes it."""
    return relation_name(definition.schema, definition.name)


def relation_name(schema: str, name: str) -> str:
    """Return the full name of a table that has no record."""
    return f"{identifier(schema)}.{identifier(name)}"


def lines(definition: Definition) -> tuple[str, ...]:
    """Return the columns, laid out one under the other, and the keys."""
    return (*_column_lines(definition.columns), *_constraints(definition))


def _column_lines(columns: tuple[Column, ...]) -> Iterator[str]:
    rows = [(identifier(column.name), str(column.type), " ".join(_column_attributes(column))) for column in columns]
    name_width = max(len(name) for name, _, _ in rows)
    type_width = max(len(type_) for _, type_, _ in rows)
    for name, type_, attributes in rows:
        yield f"{name:{name_width}} {type_:{type_width}} {attributes}".rstrip()


def column_line(column: Column) -> str:
    """Return a column as ALTER TABLE … ADD COLUMN takes it."""
    return " ".join((identifier(column.name), str(column.type), *_column_attributes(column)))


def _column_attributes(column: Column) -> Iterator[str]:
    # In the order of Redshift's syntax diagram.
    if column.default:
        yield f"DEFAULT {column.default}"
    if column.identity:
        yield f"IDENTITY({column.identity[0]}, {column.identity[1]})"
    if column.encode:
        yield f"ENCODE {column.encode.upper()}"
    if not column.nullable:
        yield "NOT NULL"
    if column.unique:
        yield "UNIQUE"


def _constraints(definition: Definition) -> Iterator[str]:
    if definition.primary_key:
        yield f"PRIMARY KEY ({', '.join(map(identifier, definition.primary_key))})"
    for column in definition.columns:
        if column.references:
            other = f"{identifier(definition.schema)}.{identifier(column.references.table)}"
            if column.references.column:
                other += f" ({identifier(column.references.column)})"
            yield f"FOREIGN KEY ({identifier(column.name)}) REFERENCES {other}"


def attributes(definition: Definition) -> Iterator[str]:
    """Yield how rows are spread and sorted."""
    style = definition.diststyle or ("key" if definition.distkey else "")
    if style:
        yield f"DISTSTYLE {style.upper()}"
    if definition.distkey:
        yield f"DISTKEY ({identifier(definition.distkey)})"
    if definition.sortkey:
        yield _sortkey(definition.sortkey)


def _sortkey(key: SortKey) -> str:
    if key.kind == "auto":
        return "SORTKEY AUTO"
    return f"{key.kind.upper()} SORTKEY ({', '.join(map(identifier, key.columns))})"
