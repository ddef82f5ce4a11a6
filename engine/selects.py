"""The SELECTs of a pipeline held to the rules: findings -> problems with their places in the YAML."""

from __future__ import annotations

from collections.abc import Iterator

from .compile.select import Compiled, Declared, compile_select, item_spans
from .compile.watching import Span
from .errors import Problem, Where
from .loads import VERSION_COLUMNS
from .model import Pipeline, Table
from .rules import ignored, severity
from .source import rendered_place

_FILL_WHAT_IS_GIVEN = ("append", "delete_insert", "insert_missing", "merge", "replace", "scd2", "swap")
"""The strategies that fill a column only if the SELECT gives it; one of one's own may do as it likes."""


def select_problems(table: Table, declared: Declared, pipeline: Pipeline) -> tuple[list[Problem], list[Problem]]:
    """Return the errors and the warnings of a SELECT; nothing for one that cannot be read."""
    errors: list[Problem] = []
    warnings: list[Problem] = []
    if table.load.columns and table.load.sql.content:
        for problem in _problems(table, compiled(table, declared)):
            grave = severity(problem.rule, pipeline.rules)
            if grave != "off":
                (errors if grave == "error" else warnings).append(problem)
    return errors, warnings


def compiled(table: Table, declared: Declared) -> Compiled:
    derived = {column.name for column in table.definition.columns if column.is_derived}
    filled = tuple(name for name in table.load.columns if name not in derived)
    return compile_select(table.load.select, declared, table.definition, filled)


def _problems(table: Table, found: Compiled) -> Iterator[Problem]:
    select = table.load.select
    silenced = ignored(select)
    for finding in found.findings:
        line, column, width = _lines(select, finding.span)
        if finding.rule not in silenced.get(line, ()):
            where = rendered_place(table.load.sql, select, line, column, width)
            yield Problem(finding.message, where, finding.hint, finding.rule)
    if table.load.strategy in _FILL_WHAT_IS_GIVEN:
        first = _lines(select, next(iter(item_spans(select)), (0, 0)))[0] if silenced else 1
        if "missing-column" not in silenced.get(first, ()):
            yield from _missing(table)


def _missing(table: Table) -> Iterator[Problem]:
    """Columns that must not be NULL are no matter of this rule."""
    versions = [table.load.settings.get(setting, setting) for setting in VERSION_COLUMNS]
    filled = {*table.load.columns, *table.definition.primary_key, *(versions if table.load.strategy == "scd2" else ())}
    for column in table.definition.columns:
        if column.nullable and not column.default and column.identity is None and column.name not in filled:
            message = f"the SELECT does not give '{column.name}': it becomes NULL"
            hint = "add it to the SELECT, give it a default, or take the column out"
            yield Problem(message, item_place(table, 0), hint, "missing-column")


def item_place(table: Table, position: int) -> Where:
    """Return where an item of the select list stands, from 0; the beginning where that cannot be said."""
    spans = item_spans(table.load.select)
    if position >= len(spans):
        return table.load.sql.at(1, 1)
    return rendered_place(table.load.sql, table.load.select, *_lines(table.load.select, spans[position]))


def _lines(text: str, span: Span) -> tuple[int, int, int]:
    """Return line and column from 1, and how many characters of that line are meant."""
    start, end = span if span[0] >= 0 else (0, 0)
    begin = text.rfind("\n", 0, start) + 1
    ends = text.find("\n", start)
    width = max(1, min(end, ends if ends >= 0 else len(text)) - start)
    return text.count("\n", 0, start) + 1, start - begin + 1, width
