"""path -> Pipeline: the front half in a few lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from . import schema, script, sql
from .build import Built, build, inside
from .bulk import each, uncollected
from .compile.select import declare
from .environment import expand_variables, named
from .errors import InvalidPipeline, Problem
from .filling import filled_columns, filling_problems, needed_columns
from .graph import Cycle, order
from .incremental import reader_problems
from .kept import digest_of
from .lint.copies import files_looked_for
from .lint.pipeline import lint
from .loads import DATE_COLUMNS, range_problem
from .model import Check, Definition, Hook, Inputs, Pipeline, Table, Unload
from .places import did_you_mean
from .render import TemplateError, available, render, render_text
from .selects import select_problems
from .source import Document, Text, read_document, rendered_place
from .source import Mapping as YamlMapping

_ENDS_A_TRANSACTION = ("begin", "start", "commit", "end", "rollback", "abort")


@uncollected()
def read_pipeline(
    path: Path, environ: Mapping[str, str] | None, variables: Mapping[str, str] | None = None, *, complete: bool = False
) -> Pipeline:
    """Read the pipeline at `path` and check all that can be known without a warehouse.

    `variables` override `vars`. Without an `environ`, references to it in `vars` stay as they are written. `complete`
    says that every environment variable that `vars` names must be set, as a run needs it. Errors: InvalidPipeline with
    every problem found, in the order of the file.
    """
    documents, problems, lost = _documents(path)
    built = build(documents, lost)
    problems += built.problems
    unsound = bool(problems)
    values, unset = _values(built, environ, variables or {}, problems)
    if complete:
        problems += unset
    written = {name: (variables or {}).get(name, value) for name, (value, _) in built.variables.items()}
    pipeline = replace(built.pipeline, variables=values, written_variables=written)
    names = frozenset(definition.name for definition in pipeline.definitions)
    shared = (*(table.definition for table in pipeline.tables), *_texts_of(pipeline.tables))
    found = each(_reader(pipeline, names, lost), pipeline.tables, shared)
    problems += chain.from_iterable(one.problems for one in found)
    wrong = list(chain.from_iterable(one.wrong for one in found))
    warnings = list(chain.from_iterable(one.warnings for one in found))
    hooks = tuple(_read_hook(hook, pipeline, lost, problems, "hook") for hook in pipeline.hooks)
    pipeline = replace(pipeline, tables=tuple(one.table for one in found), hooks=hooks)
    pipeline = _with_checks(pipeline, names, lost, problems)
    _check_templates(pipeline, problems)
    if not problems:
        problems += reader_problems(pipeline)
    try:
        order(needs(pipeline))
    except Cycle as cycle:
        where = next(definition.where for definition in pipeline.definitions if definition.name == cycle.path[0])
        hint = "one of them must not read the next"
        problems.append(Problem(f"these tables wait for each other: {cycle}", where, hint))
    errors, advice = lint(documents, pipeline)
    wrong += errors
    advised = tuple(sorted((*warnings, *advice), key=lambda problem: problem.position))
    if problems or wrong:
        # Types and columns that the YAML got wrong would only be told a second time.
        raise InvalidPipeline([*problems, *(() if unsound else wrong)], () if unsound else advised)
    return replace(pipeline, warnings=advised, inputs=_inputs(documents, pipeline))


def _inputs(documents: list[Document], pipeline: Pipeline) -> Inputs:
    selects = (table.load.sql.document for table in pipeline.tables)
    read = {document.path: document.digest for document in (*documents, *selects)}
    read |= {path: digest_of(path) for path in files_looked_for(pipeline)}
    settings = [document.data.get(section) for document in documents for section in ("targets", "vars")]
    return Inputs(tuple(read.items()), tuple(sorted(set(named(settings)))))


def needs(pipeline: Pipeline) -> dict[str, frozenset[str]]:
    """Return for each step the steps that it waits for: what its SELECT reads, `depends_on`, what it refers to."""
    known = {definition.name for definition in pipeline.definitions}
    found = {source.name: _referred(source.definition, source.checks) & known for source in pipeline.staging}
    for table in pipeline.tables:
        unloaded = table.unload.reads if table.unload else ()
        waits = {
            *table.reads,
            *unloaded,
            *(name for name, _ in table.depends_on),
            *_referred(table.definition, table.checks),
        }
        found[table.name] = frozenset(waits & known)
    return found


def _referred(definition: Definition, checks: tuple[Check, ...]) -> frozenset[str]:
    """Return the other tables that foreign keys and relationships name: they are filled first."""
    keys = {column.references.table for column in definition.columns if column.references}
    keys |= {column.lookup.table for column in definition.columns if column.lookup}
    related = {name for check in checks for name in check.reads}
    for check in checks:
        if check.kind == "relationships":
            related.update(other.partition(".")[0] for other in check.values.values())
    return frozenset((keys | related) - {definition.name})


def _documents(path: Path) -> tuple[list[Document], list[Problem], frozenset[str]]:
    main = read_document(path, str(path))
    problems = schema.check(main)
    if not isinstance(main.data, YamlMapping):
        raise InvalidPipeline(problems)
    lost = schema.prune(main) if problems else frozenset()
    main.data.setdefault("name", "pipeline")
    documents = [main]
    for position, name in enumerate(main.data.get("include", ())):
        try:
            part = read_document(inside(path.parent, name), str(path.parent / name))
        except ValueError as error:
            problems.append(Problem(str(error), main.value(("include", position)), "include files of this folder"))
            continue
        except InvalidPipeline as error:
            problems += [replace(p, where=p.where or main.value(("include", position))) for p in error.problems]
            continue
        found = schema.check(part, part=True)
        problems += found
        if isinstance(part.data, YamlMapping):
            lost |= schema.prune(part) if found else frozenset()
            documents.append(part)
    return documents, problems, lost


def _values(
    built: Built, environ: Mapping[str, str] | None, overrides: Mapping[str, str], problems: list[Problem]
) -> tuple[dict[str, Any], list[Problem]]:
    declared = {name: value for name, value in built.variables.items() if name not in overrides}
    values, unset = expand_variables(declared, environ)
    for name in overrides:
        if name not in built.variables:
            hint = did_you_mean(name, built.variables, "vars are") or "declare it under vars:"
            problems.append(Problem(f"--var {name}: the pipeline has no such variable", None, hint))
    return {**values, **overrides}, unset


class _Found(NamedTuple):
    """A table as it was read, and what is said of it."""

    table: Table
    problems: list[Problem]
    wrong: list[Problem]
    warnings: list[Problem]


def _texts_of(tables: tuple[Table, ...]) -> Iterator[Document]:
    """Yield the documents that tables refer to: all have lines and data, which are large."""
    yield from (table.load.sql.document for table in tables)
    yield from (hook.text.document for table in tables for hook in table.hooks)


def _reader(pipeline: Pipeline, names: frozenset[str], lost: frozenset[str]) -> Callable[[Table], _Found]:
    declared = declare(pipeline.schema, pipeline.definitions)

    def read(table: Table) -> _Found:
        problems: list[Problem] = []
        table = _read_table(table, pipeline, names, lost, problems)
        return _Found(table, problems, *select_problems(table, declared, pipeline))

    return read


def _read_table(
    table: Table, pipeline: Pipeline, names: frozenset[str], lost: frozenset[str], problems: list[Problem]
) -> Table:
    settings = _settings(table, pipeline, lost, problems)
    if empty := range_problem(table, settings):
        problems.append(empty)
    load = replace(table.load, settings=settings)
    hooks = tuple(_read_hook(hook, pipeline, lost, problems) for hook in table.hooks)
    table = replace(table, load=load, hooks=hooks)
    if table.unload:
        table = replace(table, unload=_read_unload(table.unload, table, pipeline, names, lost, problems))
    if "dates" in load.settings:
        return _read_dates(table, pipeline, problems)
    if not load.sql.content:
        return table
    try:
        text = render_text(pipeline.folder, load.sql.content, template_values(pipeline)).strip()
    except TemplateError as error:
        if error.missing not in lost:
            where = error.where or load.sql.at(error.line, 1, 1_000)
            problems.append(Problem(str(error), where, _template_hint(pipeline)))
        return table
    select, read = _read_select(load.sql, text, problems)
    if read is None:
        return replace(table, load=replace(load, select=select))
    reads = _reads(table.name, load.sql, select, read, pipeline.schema, names, lost, problems)
    table = replace(table, load=replace(load, select=select))
    problems += filling_problems(table, read.columns)
    columns = filled_columns(table, read.columns)
    gives = needed_columns(table, columns, read.columns)
    derived = tuple(column.name for column in table.definition.columns if column.is_derived)
    load = replace(load, select=select, columns=(*columns, *derived), gives=gives)
    is_own_source = any(each.name == table.name and each.schema in ("", pipeline.schema) for each in read.relations)
    return replace(table, reads=reads, load=load, is_own_source=is_own_source)


def _read_select(text: Text, rendered: str, problems: list[Problem]) -> tuple[str, sql.Select | None]:
    """Return the SELECT that `text` is when it is rendered, and what it reads and gives; None if it is no SELECT."""
    found = script.statements(rendered)
    # Without the semicolon; a comment at the end must not swallow what a template puts behind the SELECT.
    select = script.closed(found[0]) if len(found) == 1 else rendered
    try:
        return select, sql.read_select(select)
    except sql.InvalidSql as error:
        problems.append(Problem(str(error), rendered_place(text, select, error.line, error.column, error.width)))
        return select, None


def _read_hook(
    hook: Hook, pipeline: Pipeline, lost: frozenset[str], problems: list[Problem], of: str = "step"
) -> Hook:  # fmt: skip
    try:
        text = render_text(pipeline.folder, hook.text.content, template_values(pipeline))
    except TemplateError as error:
        if error.missing not in lost:
            problems.append(Problem(str(error), error.where or hook.text.at(error.line, 1), _template_hint(pipeline)))
        return hook
    found = script.statements(text)
    if len(found) != 1:
        message = f"{len(found)} statements where one belongs" if found else "no statement"
        problems.append(Problem(message, hook.text.at(1, 1), "each '-' of a hook is one statement"))
        return hook
    word = script.first_word(found[0])
    if word in _ENDS_A_TRANSACTION:
        message = f"{word.upper()} may not stand in a {of}, which is a transaction of its own"
        problems.append(Problem(message, hook.text.at(1, 1, len(word)), "send it apart from the pipeline"))
    return replace(hook, sql=found[0])


def _read_unload(
    unload: Unload, table: Table, pipeline: Pipeline, names: frozenset[str], lost: frozenset[str],
    problems: list[Problem],
) -> Unload:  # fmt: skip
    """Return what a table unloads, its texts rendered, and what its SELECT reads."""
    text = unload.text
    try:
        unload = replace(unload, to=_rendered(unload.to, pipeline))
        rendered = render_text(pipeline.folder, text.content, template_values(pipeline)).strip() if text else ""
    except TemplateError as error:
        if error.missing not in lost:
            problems.append(Problem(str(error), error.where or unload.where, _template_hint(pipeline)))
        return unload
    if text is None:
        return unload
    select, read = _read_select(text, rendered, problems)
    if read is None:
        return unload
    for name in unload.partition_by if read.columns else ():
        if name not in read.columns:
            message = f"the SELECT does not give '{name}', which partition_by names"
            problems.append(Problem(message, unload.where, did_you_mean(name, read.columns, "it gives")))
    reads = _reads(table.name, text, select, read, pipeline.schema, names, lost, problems)
    return replace(unload, select=select, reads=reads)


def _read_dates(table: Table, pipeline: Pipeline, problems: list[Problem]) -> Table:
    """Return the table with the SELECT that the template `dates` makes of its columns."""
    names = tuple(column.name for column in table.definition.columns if column.name in DATE_COLUMNS)
    values = {**template_values(pipeline), "columns": names, "dates": table.load.settings["dates"]}
    try:
        select = render(pipeline.folder, "dates", values).strip()
    except TemplateError as error:
        problems.append(Problem(str(error), error.where or table.load.places["dates"]))
        return table
    return replace(table, load=replace(table.load, select=select, columns=names))


def _reads(
    name: str, text: Text, select: str, read: sql.Select, schema: str, names: frozenset[str], lost: frozenset[str],
    problems: list[Problem],
) -> tuple[str, ...]:  # fmt: skip
    """Return the steps that a SELECT of the step `name` reads."""
    reads = []
    for relation in read.relations:
        if relation.schema not in ("", schema):
            continue  # it lies outside of the pipeline; the warehouse knows it
        if relation.name == name:
            continue  # a table may look at its own former rows
        if relation.name in names:
            reads.append(relation.name)
        elif relation.name not in lost:
            where = rendered_place(text, select, relation.line, relation.column, len(relation.name))
            hint = did_you_mean(relation.name, names - {name}, "declared are") or "declare it"
            message = f"'{name}' reads '{relation.name}', which is not declared"
            problems.append(Problem(message, where, f"{hint} (a table outside of the pipeline: schema.table)"))
    return tuple(reads)


def _with_checks(pipeline: Pipeline, names: frozenset[str], lost: frozenset[str], problems: list[Problem]) -> Pipeline:
    """Return the pipeline with its checks rendered, and what a check in SQL reads."""

    def read_all(name: str, checks: tuple[Check, ...]) -> tuple[Check, ...]:
        return tuple(_read_check(check, name, pipeline, names, lost, problems) for check in checks)

    return replace(
        pipeline,
        staging=tuple(
            replace(each, checks=read_all(each.name, each.checks)) if each.checks else each for each in pipeline.staging
        ),
        tables=tuple(
            replace(each, checks=read_all(each.name, each.checks)) if each.checks else each for each in pipeline.tables
        ),
    )


def _read_check(
    check: Check, name: str, pipeline: Pipeline, names: frozenset[str], lost: frozenset[str], problems: list[Problem]
) -> Check:
    try:
        check = replace(check, values=_rendered(check.values, pipeline))
    except TemplateError as error:
        if error.missing not in lost:
            problems.append(Problem(str(error), error.where or check.where, _template_hint(pipeline)))
        return check
    if check.text is None:
        return check
    select, read = _read_select(check.text, check.values, problems)
    if read is None:
        return check
    reads = _reads(name, check.text, select, read, pipeline.schema, names, lost, problems)
    return replace(check, values=select, reads=reads)


def _settings(table: Table, pipeline: Pipeline, lost: frozenset[str], problems: list[Problem]) -> dict[str, Any]:
    """Return the strategy's settings, their texts rendered: a range is bound to variables of the run."""
    rendered = {}
    for key, value in table.load.settings.items():
        try:
            rendered[key] = _rendered(value, pipeline)
        except TemplateError as error:
            rendered[key] = value
            if error.missing not in lost:
                problems.append(Problem(str(error), error.where or table.load.places[key], _template_hint(pipeline)))
    return rendered


def _rendered(value: Any, pipeline: Pipeline) -> Any:
    if isinstance(value, str):
        return render_text(pipeline.folder, value, template_values(pipeline)) if "{" in value else value
    if isinstance(value, YamlMapping):
        return {key: _rendered(each, pipeline) for key, each in value.items()}
    return [_rendered(each, pipeline) for each in value] if isinstance(value, list) else value


def template_values(pipeline: Pipeline) -> dict[str, Any]:
    """Return what every template and every SELECT may ask for."""
    return {"vars": dict(pipeline.variables), "schema": pipeline.schema, "pipeline": pipeline.name}


def _template_hint(pipeline: Pipeline) -> str:
    names = ", ".join(f"vars.{name}" for name in pipeline.variables) or "no vars are declared"
    return f"known here: {names}, schema, pipeline"


def _check_templates(pipeline: Pipeline, problems: list[Problem]) -> None:
    strategies, checks = (available(pipeline.folder, kind) for kind in ("strategies", "checks"))
    for table in pipeline.tables:
        if table.load.strategy not in strategies:
            hint = did_you_mean(table.load.strategy, strategies, "strategies are")
            message = f"unknown strategy '{table.load.strategy}'"
            problems.append(Problem(message, table.load.where, hint))
    declared = [*(source.checks for source in pipeline.staging), *(table.checks for table in pipeline.tables)]
    for check in chain.from_iterable(declared):
        if check.kind not in checks:
            hint = did_you_mean(check.kind, checks, "checks are")
            problems.append(Problem(f"unknown check '{check.kind}'", check.where, hint))
