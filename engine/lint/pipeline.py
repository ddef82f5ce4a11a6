"""A pipeline held to the rules that are not about SELECTs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..errors import Problem, Where
from ..inputs import TEMPLATE_SUFFIX
from ..model import Hook, Pipeline
from ..places import At
from ..rules import ignored, severity
from ..source import Document, rendered_place
from .copies import copy_problems, region_problems
from .statements import BREAKS_TRANSACTION, findings, without_jinja
from .tables import table_problems


def lint(documents: Sequence[Document], pipeline: Pipeline) -> tuple[list[Problem], list[Problem]]:
    """Return the errors and the warnings; a comment in a line, or in the line before, lets a rule go there."""
    lines = {document.name: document.lines for document in documents}
    errors: list[Problem] = []
    warnings: list[Problem] = []
    silenced: dict[str, dict[int, frozenset[str]]] = {}
    for problem in (*_declared(documents, pipeline), *_hooks(pipeline), *_templates(pipeline, lines)):
        where, grave = problem.where, severity(problem.rule, pipeline.rules)
        if where and where.file not in silenced:
            silenced[where.file] = ignored("\n".join(lines.get(where.file, ())))
        if grave != "off" and not (where and problem.rule in silenced[where.file].get(where.line, ())):
            (errors if grave == "error" else warnings).append(problem)
    return errors, warnings


def _declared(documents: Sequence[Document], pipeline: Pipeline) -> Iterator[Problem]:
    places = {
        name: At(document, (section, name), [])
        for document in reversed(documents)
        for section in ("staging", "tables")
        for name in document.data.get(section, {})
    }
    for definition in pipeline.definitions:
        yield from table_problems(places[definition.name], definition)
    sources = [(places[source.name], source) for source in pipeline.staging]
    for at, source in sources:
        yield from copy_problems(at, source, pipeline)
    yield from region_problems(sources, pipeline)


def _hooks(pipeline: Pipeline) -> Iterator[Problem]:
    for hook in (hook for table in pipeline.tables for hook in table.hooks):
        yield from _hook(hook)
    for hook in pipeline.hooks:
        # It is sent without a transaction where it takes none.
        yield from (problem for problem in _hook(hook) if problem.rule != BREAKS_TRANSACTION)


def _hook(hook: Hook) -> Iterator[Problem]:
    for each in findings(hook.sql):
        where = rendered_place(hook.text, hook.sql, each.line, each.column, each.width)
        yield Problem(each.message, where, each.hint, each.rule)


def _templates(pipeline: Pipeline, lines: dict[str, tuple[str, ...]]) -> Iterator[Problem]:
    """Yield what is said of the templates beside the pipeline; their lines are added to `lines`."""
    for path in sorted(pipeline.folder.glob(f"*{TEMPLATE_SUFFIX}")):
        text = path.read_text(encoding="utf-8", errors="replace")
        lines[str(path)] = tuple(text.split("\n"))
        for each in findings(without_jinja(text)):
            where = Where(str(path), each.line, each.column, lines[str(path)][each.line - 1], each.width)
            yield Problem(each.message, where, each.hint, each.rule)
