"""What a foreign key refers to: keys are not enforced, but they are known.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, t_Defining_constraints.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import WarehouseError
from .catalog import Relation

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
