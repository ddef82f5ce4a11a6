"""What the steps of one plan have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import copy as copying
from ..errors import Problem
from ..model import Definition, Pipeline, StagingSource, Table, Target
from ..plan import Statement, template_statements
from ..read import template_values
from ..records import frozen
from ..render import TemplateError, render
from ..tables import attributes, lines, relation


@frozen
class Making:
    """What every step of one plan has in common."""

    pipeline: Pipeline
    target: Target
    full_refresh: bool
    run: str
    tables: Mapping[str, Table]

    def statements(self, template: str, values: Mapping[str, Any]) -> tuple[Statement, ...]:
        return template_statements(self.text(template, values))

    def text(self, template: str, values: Mapping[str, Any]) -> str:
        return render(self.pipeline.folder, template, values)


def values_of(definition: Definition, pipeline: Pipeline) -> dict[str, Any]:
    """Return what every template of a step may ask for."""
    return {
        **template_values(pipeline),
        "name": definition.name,
        "relation": relation(definition),
        "definition": definition,
        "description": definition.description,
        "referring": [each.name for each in pipeline.definitions if _refers(each, definition)],
    }


def _refers(other: Definition, definition: Definition) -> bool:
    tables = {column.references.table for column in other.columns if column.references}
    return other.name != definition.name and definition.name in tables


def shape(definition: Definition) -> dict[str, Any]:
    """Return what CREATE TABLE is made of."""
    return {"lines": lines(definition), "attributes": tuple(attributes(definition))}


def role(target: Target) -> copying.IamRole:
    return copying.IamRole(None if target.iam_role == "default" else target.iam_role)


def template_problem(error: TemplateError, part: StagingSource | Table) -> Problem:
    asked = part.load.where if isinstance(part, Table) else part.where
    return Problem(str(error), error.where or asked, f"asked for by {asked}")
