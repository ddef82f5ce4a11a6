"""What each session of a plan is prepared with."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import Problem
from ..model import Pipeline, StagingSource, Table
from ..plan import Statement, template_statements
from ..read import template_values
from ..render import TemplateError, render
from ..tables import relation_name


def prepared(pipeline: Pipeline, problems: list[Problem]) -> tuple[Statement, ...]:
    try:
        has_incremental = any(source.incremental for source in pipeline.staging)
        values = {**template_values(pipeline), "has_incremental": has_incremental}
        return template_statements(render(pipeline.folder, "prepare", values))
    except TemplateError as error:
        problems.append(Problem(str(error), error.where))
        return ()


def keeping(pipeline: Pipeline, only: Collection[str] | None) -> tuple[Statement, ...]:
    """Return the statements that make the tables which keep what fails a check."""
    chosen = (part for part in parts(pipeline) if only is None or part.name in only)
    kept = dict.fromkeys(check.keep for part in chosen for check in part.checks if check.keep)
    return tuple(
        statement
        for name in kept
        for statement in template_statements(
            render(pipeline.folder, "keep_failures", {"relation": relation_name(pipeline.schema, name)})
        )
    )


def parts(pipeline: Pipeline) -> tuple[StagingSource | Table, ...]:
    return (*pipeline.staging, *pipeline.tables)
