"""What a step renders -> the transaction that it is: the table before it, its checks behind it, hooks around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..model import Check, Definition, Hook
from ..plan import Statement, Transaction
from .checks import check_statements
from .making import Making, shape, values_of

DROPPED = ("drop_references", "drop_table")
"""The templates with which a full refresh takes a table away."""
_HOOKS = ("before", "after")
_OTHER_THAN_LOADS: Mapping[str, Mapping[str, Any]] = {
    "drop_references": {"check": "", "gives_statements": True},
    "unknown_member": {"is_load": False},
    "revokes": {"check": "", "gives_statements": True},
}
"""How the statements of some templates differ from those of a load."""


def step_transaction(
    definition: Definition,
    templates: tuple[str, ...],
    values: dict[str, Any],
    checks: tuple[Check, ...],
    making: Making,
    hooks: tuple[Hook, ...] = (),
) -> Transaction:
    """Render a step's templates, what makes the table before them, and its checks after them."""
    common = values_of(definition, making.pipeline)
    before = ("begin", *DROPPED, "create_table") if making.full_refresh else ("begin", "create_table")
    values = {**common, **shape(definition), **values}
    begun = rendered(before, values, making)
    loaded = rendered(templates, values, making)
    hooked = {when: [hook_statement(hook) for hook in hooks if hook.when == when] for when in _HOOKS}
    checked = check_statements(checks, definition, common, making)
    sent = (*begun, *hooked["before"], *loaded, *hooked["after"], *checked)
    return Transaction(sent)


def rendered(templates: Iterable[str], values: dict[str, Any], making: Making) -> tuple[Statement, ...]:
    return tuple(
        replace(statement, **_OTHER_THAN_LOADS.get(template, {}))
        for template in templates
        for statement in making.statements(template, values)
    )


def hook_statement(hook: Hook) -> Statement:
    return Statement(hook.sql, is_load=False, where=hook.text.at(1, 1))
