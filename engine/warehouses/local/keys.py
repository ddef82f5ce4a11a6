"""What a foreign key refers to: keys are not enforced, but they are known.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, t_Defining_constraints.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import WarehouseError
from .catalog import Constraint, Relation, constraint_name, referring_tables, refers

if TYPE_CHECKING:
    from .session import LocalSession


def check_references(session: LocalSession, relation: Relation) -> None:
    """Errors: 42P01, 42703 and 42830 where a foreign key refers to no table, no column or no key of one."""
    for constraint in relation.constraints:
        for name in constraint.columns:
            relation.column(name)
        if constraint.kind != "foreign key":
            continue
        schema, _, name = constraint.references.rpartition(".")
        parent = relation if name == relation.name and schema in ("", relation.schema) else None
        parent = parent or session.find(schema or None, name)
        keys = [one for one in parent.constraints if one.kind != "foreign key"]
        for column in constraint.referenced:
            parent.column(column)
        if constraint.referenced:
            keys = [one for one in keys if set(one.columns) == set(constraint.referenced)]
        if not any(len(one.columns) == len(constraint.columns) for one in keys):
            raise WarehouseError(
                f'there is no unique constraint matching given keys for referenced table "{parent.name}"',
                sqlstate="42830",
                hint=f"declare a PRIMARY KEY or UNIQUE on {parent.name} first",
            )


def without_references(
    session: LocalSession, relation: Relation, cascade: bool, key: Constraint | None = None
) -> Iterator[tuple[Relation, Relation]]:
    """Yield the other tables that refer to a relation, or to one key of it, as they are and without those foreign keys.

    Errors: 2BP01 where there is one and CASCADE is not said.
    """
    primary = next((one for one in relation.constraints if one.kind == "primary key"), None)
    for table in list(referring_tables(session.connection, relation)):
        if table.key == relation.key:
            continue
        held = [one for one in table.constraints if refers(table, one, relation)]
        if key is not None:
            columns = primary.columns if primary else ()
            held = [one for one in held if set(one.referenced or columns) == set(key.columns)]
        if held and not cascade:
            on = f"constraint {constraint_name(relation, key)} on " if key else ""
            raise WarehouseError(
                f"cannot drop {on}table {relation.name} because other objects depend on it",
                sqlstate="2BP01",
                detail=f"constraint {constraint_name(table, held[0])} on table {table.name} depends on it",
                hint="Use DROP ... CASCADE to drop the dependent objects too.",
            )
        if held:
            yield table, replace(table, constraints=tuple(one for one in table.constraints if one not in held))


def with_new_name(session: LocalSession, old: Relation, new: Relation) -> Iterator[tuple[Relation, Relation]]:
    """Yield the tables that refer to a relation which has got a new name, as they are and as they follow it."""
    for table in list(referring_tables(session.connection, old)):
        followed = tuple(
            replace(one, references=new.key) if refers(table, one, old) else one for one in table.constraints
        )
        yield table, replace(table, constraints=followed)
