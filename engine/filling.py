"""What a SELECT gives against the columns of its table: which it fills, and what is wrong with that.

`given` are the names of the SELECT's columns, '' for one without a name; empty where nobody knows them (SELECT *).
"""

from __future__ import annotations

from collections.abc import Iterator

from .errors import Problem
from .loads import VERSION_COLUMNS
from .model import Column, Definition, Table
from .places import did_you_mean
from .selects import item_place

Given = tuple[str, ...]
_KEYED = ("insert_missing", "merge", "delete_insert", "scd2")


def filled_columns(table: Table, given: Given) -> tuple[str, ...]:
    """Return the columns that the SELECT fills, in its order."""
    columns = table.definition.columns
    derived = {column.name for column in columns if column.is_derived}
    if given:
        return tuple(name for name in given if table.definition.column(name) and name not in derived)
    others = derived.union(_version_columns(table))
    return tuple(column.name for column in columns if column.identity is None and column.name not in others)


def needed_columns(table: Table, filled: tuple[str, ...], given: Given) -> tuple[str, ...]:
    """Return what the SELECT must give where columns are derived from it; nothing where none is."""
    if not any(_sources(column) for column in table.definition.columns):
        return ()
    more = given if "order_by" in table.load.settings else ()
    return tuple(dict.fromkeys((*filled, *more)))


def filling_problems(table: Table, given: Given) -> Iterator[Problem]:
    if not given:
        return
    versions = _version_columns(table)
    for position, name in enumerate(given):
        if problem := _given_problem(table, given, position, name, versions[1:]):
            yield Problem(problem[0], item_place(table, position), problem[1])
    for name in _key(table):
        column = table.definition.column(name)
        if column and name not in given and not column.is_derived:
            message = f"the SELECT does not give '{name}', which is part of the key"
            yield Problem(message, table.load.sql.at(1, 1), "add it to the SELECT: rows are matched by it")
    for column in table.definition.columns:
        if _is_required(column, table) and column.name not in (*given, *_key(table), *versions):
            message = f"the SELECT does not give '{column.name}', which must not be NULL"
            yield Problem(message, column.where, "add it to the SELECT, or give the column a default")
        for name in _sources(column):
            if name not in given:
                message = f"'{column.name}' is derived from '{name}', which the SELECT does not give"
                yield Problem(message, column.where, did_you_mean(name, given, "it gives"))


def _given_problem(
    table: Table, given: Given, position: int, name: str, filled_by_strategy: tuple[str, ...]
) -> tuple[str, str] | None:
    """Return what is wrong with one column of the SELECT, and what to do; the first of several."""
    column = table.definition.column(name)
    if not name:
        return f"column {position + 1} of the SELECT has no name", "columns find their place by name: write … AS name"
    if given.index(name) < position:
        return (
            (f"the SELECT gives '{name}' twice", "give one another name") if given[:position].count(name) == 1 else None
        )
    if name in filled_by_strategy:
        return f"the SELECT gives '{name}', which the strategy fills", "take it out"
    if column is None:
        if "order_by" in table.load.settings or name in _derived_from(table.definition):
            return None
        known = [column.name for column in table.definition.columns]
        message = f"the SELECT gives '{name}', which is no column of '{table.name}'"
        return message, did_you_mean(name, known, "columns are")
    if column.is_derived:
        message = f"the SELECT gives '{name}', which is derived: a hash, or looked up"
        return message, "take it out of the SELECT, or of the column"
    if column.identity is not None:
        return f"the SELECT gives '{name}', which is an identity column", "Redshift numbers the rows: take it out"
    return None


def _is_required(column: Column, table: Table) -> bool:
    """Tell whether a column must be given: it is never NULL, and nothing else fills it."""
    never_null = not column.nullable or column.name in table.definition.primary_key
    return never_null and not column.is_derived and not column.default and column.identity is None


def _sources(column: Column) -> tuple[str, ...]:
    """Return the columns of the SELECT that a column is derived from."""
    if not column.lookup:
        return column.hash
    return (*(name for _, name in column.lookup.on), *((column.lookup.at,) if column.lookup.at else ()))


def _derived_from(definition: Definition) -> set[str]:
    return {name for column in definition.columns for name in (*column.hash, *_sources(column))}


def _key(table: Table) -> tuple[str, ...]:
    """Return the key of a shipped strategy; one of one's own may mean something else by the word."""
    return tuple(table.load.settings.get("key", ())) if table.load.strategy in _KEYED else ()


def _version_columns(table: Table) -> tuple[str, ...]:
    """Return the columns that scd2 fills: valid_from (which the SELECT may give instead), valid_to, is_current."""
    if table.load.strategy != "scd2":
        return ()
    return tuple(table.load.settings.get(setting, setting) for setting in VERSION_COLUMNS)
