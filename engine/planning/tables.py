"""A table -> its step: the strategy's load, and what is derived, looked up, unloaded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import copy as copying
from ..incremental import emptied_source
from ..loads import VERSION_COLUMNS
from ..model import StagingSource, Table
from ..plan import Step, Transaction
from ..render import render
from ..tables import relation
from .making import Making, role, values_of
from .transaction import step_transaction


def table_step(table: Table, making: Making) -> Step:
    load, definition = table.load, table.definition
    select = _complete(table, making) if load.gives else load.select
    emptied = emptied_source(table, making.pipeline)
    if emptied:
        select = making.text("files/untaken_rows", _taking(table, emptied, making) | {"select": select})
    values = {
        "columns": load.columns, "select": select,
        "load": load.settings, "grants": table.grants, "unknown_member": table.unknown_member,
        "lookups": _lookups(table, making),
    }  # fmt: skip
    # Comments and grants come after the load: a strategy may put another table in the place of the old one.
    around = {
        "lookups": values["lookups"], "unknown_member": table.unknown_member, "grants": table.grants,
        "revokes": table.grants_are_exclusive,
    }  # fmt: skip
    wanted = ("lookups", f"strategies/{load.strategy}", "unknown_member", "comments", "revokes", "grants")
    templates = tuple(name for name in wanted if around.get(name, True))
    transaction = step_transaction(definition, templates, values, table.checks, making, table.hooks)
    if emptied:
        transaction = _with_taking(transaction, _taking(table, emptied, making), making)
    transactions = (transaction, *_unloading(table, making))
    return Step(table.name, "table", frozenset(), definition.where, transactions, columns=definition.columns)


def _unloading(table: Table, making: Making) -> tuple[Transaction, ...]:
    """Return the transaction that unloads, if one is asked for: what it writes cannot be rolled back."""
    unload = table.unload
    if unload is None:
        return ()
    authorized = copying.Copy(table=copying.TableName(None, table.name), source="", authorization=role(making.target))
    values = {
        **values_of(table.definition, making.pipeline), "unload": unload,
        "columns": [column.name for column in table.definition.columns],
        "clauses": (*copying.clauses(authorized), *unload.options),
    }  # fmt: skip
    sent = (*making.statements("begin", values), *making.statements("unload", values))
    return (Transaction(sent),)


def _taking(table: Table, source: StagingSource, making: Making) -> dict[str, Any]:
    values = values_of(table.definition, making.pipeline)
    return {**values, "emptied": source.name, "locked": relation(source.definition)}


def _with_taking(transaction: Transaction, values: dict[str, Any], making: Making) -> Transaction:
    """Return a table's transaction that takes the rows of an emptied source once: it holds the source all the while."""
    begin, *rest = transaction.statements
    locked, taken = (making.statements(template, values) for template in ("files/lock_source", "files/taken_rows"))
    return replace(transaction, statements=(begin, *locked, *rest), ledger=(*taken, *transaction.ledger))


def _complete(table: Table, making: Making) -> str:
    """Return the SELECT with what is derived from it: hashes, and what is looked up in other tables."""
    derived = [column for column in table.definition.columns if column.is_derived]
    tables = {column.lookup.table for column in derived if column.lookup}
    history = {name: _version_columns(name, making) for name in tables}
    values = {"select": table.load.select, "gives": table.load.gives, "derived": derived, "history": history}
    return render(making.pipeline.folder, "derived", {**values_of(table.definition, making.pipeline), **values})


def _lookups(table: Table, making: Making) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Return what must be unique for the look-ups of a table: another table, its columns, its flag of current rows.

    With a time, a look-up finds the one version of that time, as scd2 keeps them.
    """
    asked = (column.lookup for column in table.definition.columns if column.lookup and not column.lookup.at)
    found = (
        (each.table, tuple(theirs for theirs, _ in each.on), _version_columns(each.table, making)) for each in asked
    )
    return tuple(dict.fromkeys((name, keys, versions.get("is_current", "")) for name, keys, versions in found))


def _version_columns(name: str, making: Making) -> dict[str, str]:
    """Return the names of a table's columns of versions by their settings; nothing where it keeps no history."""
    table = making.tables.get(name)
    if table is None or table.load.strategy != "scd2":
        return {}
    return {setting: table.load.settings.get(setting, setting) for setting in VERSION_COLUMNS}
