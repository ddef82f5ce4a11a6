"""Pipeline + target -> Plan: every statement of a run, in order, before anything is sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from . import copy as copying
from .errors import InvalidPipeline, Problem, Where
from .graph import order
from .jsonpaths import file_content
from .lexical import identifier
from .model import Check, Column, Definition, Pipeline, SortKey, StagingSource, Table, Target
from .read import needs, template_values
from .render import TemplateError, render
from .sql import statements


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as it is sent. A `check` says what must hold: its SELECT must answer 0."""

    sql: str
    check: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements that become visible together."""

    statements: tuple[Statement, ...]
    ledger: tuple[Statement, ...] = ()
    """What notes in the same transaction that it was committed. It is sent last: a transaction locks its own table
    first, and the ledger only until its COMMIT."""
    proof: tuple[Statement, ...] = ()
    """What to ask when the connection was lost during COMMIT: the last one answers how often it was committed."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that a COPY reads and the engine writes, before the step begins."""

    url: str
    content: str


@dataclass(frozen=True, slots=True)
class Step:
    """One node of the graph, with all that is done for it."""

    name: str
    kind: Literal["staging", "table"]
    needs: frozenset[str]
    where: Where
    transactions: tuple[Transaction, ...]
    files: tuple[StoredFile, ...] = ()
    columns: tuple[Column, ...] = ()
    """Of its table; to find the YAML line of a column that a COPY speaks of."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: what each session is prepared with, and the steps in an order that works."""

    pipeline: str
    target: Target
    prepare: tuple[Statement, ...]
    steps: tuple[Step, ...]


def make_plan(
    pipeline: Pipeline,
    target: Target,
    *,
    only: Collection[str] | None = None,
    full_refresh: bool = False,
    run: str = "RUN",
) -> Plan:
    """Render the plan of the steps named in `only` (None: all), in dependency order.

    `full_refresh` drops each table and creates it anew, in the transaction that fills it. `run` is the run's own id in
    the ledger: RUN stands for it in a dry run. Errors: InvalidPipeline for templates that cannot be filled in.
    """
    making = _Making(pipeline, target, full_refresh, run)
    waits = needs(pipeline)
    chosen = [name for name in order(waits) if only is None or name in only]
    known = frozenset(chosen)
    problems: list[Problem] = []
    staging = {source.name: source for source in pipeline.staging}
    tables = {table.name: table for table in pipeline.tables}
    steps = []
    for name in chosen:
        try:
            source = staging.get(name)
            step = _staging_step(source, making) if source else _table_step(tables[name], making)
        except TemplateError as error:
            problems.append(_template_problem(error, staging.get(name) or tables[name]))
            continue
        steps.append(replace(step, needs=waits[name] & known))
    prepare = _prepare(pipeline, problems)
    if problems:
        raise InvalidPipeline(problems)
    return Plan(pipeline.name, target, prepare, tuple(steps))


def relation(definition: Definition) -> str:
    """Return a table's full name as SQL writes it."""
    return f"{identifier(definition.schema)}.{identifier(definition.name)}"


def _prepare(pipeline: Pipeline, problems: list[Problem]) -> tuple[Statement, ...]:
    try:
        return _statements(render(pipeline.folder, "prepare", template_values(pipeline)))
    except TemplateError as error:
        problems.append(Problem(str(error), error.where))
        return ()


@dataclass(frozen=True, slots=True)
class _Making:
    """What every step of one plan has in common."""

    pipeline: Pipeline
    target: Target
    full_refresh: bool
    run: str

    def statements(self, template: str, values: Mapping[str, Any]) -> tuple[Statement, ...]:
        return _statements(render(self.pipeline.folder, template, values))


def _staging_step(source: StagingSource, making: _Making) -> Step:
    files: tuple[StoredFile, ...] = ()
    pipeline, target = making.pipeline, making.target
    role = None if target.iam_role == "default" else target.iam_role
    statement = replace(source.copy, authorization=copying.IamRole(role))
    if source.jsonpaths:
        content = file_content(source.jsonpaths)
        # Named by its content: the same paths are never uploaded twice, and a running COPY never sees them change.
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        url = f"{target.work}/jsonpaths/{pipeline.name}/{source.name}-{digest}.json"
        files = (StoredFile(url, content),)
        statement = replace(statement, format=copying.Format(statement.format.name, url))
    values = {
        "columns": statement.columns,
        "source": statement.source,
        "clauses": copying.clauses(statement),
        "copy": statement,
    }
    definition = source.definition
    transaction = _transaction(definition, ("copy", "comments"), values, source.checks, making)
    return Step(source.name, "staging", frozenset(), definition.where, (transaction,), files, definition.columns)


def _table_step(table: Table, making: _Making) -> Step:
    load, definition = table.load, table.definition
    values = {"columns": load.columns, "select": load.select, "load": load.settings, "grants": table.grants}
    # Comments and grants come after the load: a strategy may put another table in the place of the old one.
    templates = (f"strategies/{load.strategy}", "comments", *(("grants",) if table.grants else ()))
    transaction = _transaction(definition, templates, values, table.checks, making)
    return Step(table.name, "table", frozenset(), definition.where, (transaction,), columns=definition.columns)


def _transaction(
    definition: Definition,
    templates: tuple[str, ...],
    values: dict[str, Any],
    checks: tuple[Check, ...],
    making: _Making,
) -> Transaction:
    """Render a step's templates, what makes the table before them, and its checks after them."""
    common = _values(definition, making.pipeline)
    shape = {"lines": _lines(definition), "attributes": tuple(_attributes(definition))}
    before = ("begin", "drop_table", "create_table") if making.full_refresh else ("begin", "create_table")
    values = {**common, **shape, **values}
    loaded = [statement for template in (*before, *templates) for statement in making.statements(template, values)]
    checked = [statement for check in checks for statement in _check(check, common, making)]
    in_ledger = {**common, "run": making.run, "number": 1}
    ledger, proof = (making.statements(template, in_ledger) for template in ("ledger", "ledger_proof"))
    return Transaction((*loaded, *checked), ledger, proof)


def _check(check: Check, values: dict[str, Any], making: _Making) -> tuple[Statement, ...]:
    said = f"{check.kind}: {_said(check.values)}"
    return making.statements(f"checks/{check.kind}", {**values, "values": check.values, "said": said})


def _said(values: Any) -> str:
    if isinstance(values, dict):
        return ", ".join(f"{key} {_said(value)}" for key, value in values.items())
    text = ", ".join(str(value) for value in values) if isinstance(values, list) else str(values)
    return " ".join(text.split())


def _values(definition: Definition, pipeline: Pipeline) -> dict[str, Any]:
    """Return what every template of a step may ask for."""
    return {
        **template_values(pipeline),
        "name": definition.name,
        "relation": relation(definition),
        "definition": definition,
        "description": definition.description,
    }


def _statements(script: str) -> tuple[Statement, ...]:
    return tuple(Statement(text, _must_hold(text)) for text in statements(script))


def _must_hold(text: str) -> str:
    """Return what a SELECT of a template checks: the comment above it. Other statements check nothing."""
    lines = text.split("\n")
    comments = [line.lstrip("- ").removeprefix("check: ") for line in lines if line.startswith("--")]
    code = next((line for line in lines if line.strip() and not line.startswith("--")), "")
    if not re.match(r"(?i)\s*(select|with)\b", code):
        return ""
    return " ".join(comments) or "the query must answer 0"


# --- CREATE TABLE ----------------------------------------------------------------------------------------------------


def _lines(definition: Definition) -> tuple[str, ...]:
    return (*_column_lines(definition.columns), *_constraints(definition))


def _column_lines(columns: tuple[Column, ...]) -> Iterator[str]:
    rows = [(identifier(column.name), str(column.type), " ".join(_column_attributes(column))) for column in columns]
    name_width = max(len(name) for name, _, _ in rows)
    type_width = max(len(type_) for _, type_, _ in rows)
    for name, type_, attributes in rows:
        yield f"{name:{name_width}} {type_:{type_width}} {attributes}".rstrip()


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


def _attributes(definition: Definition) -> Iterator[str]:
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


# --- problems of templates -------------------------------------------------------------------------------------------


def _template_problem(error: TemplateError, part: StagingSource | Table) -> Problem:
    asked = part.load.where if isinstance(part, Table) else part.where
    return Problem(str(error), error.where or asked, f"asked for by {asked}")
