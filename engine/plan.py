"""Pipeline + target -> Plan: every statement of a run, in order, before anything is sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Literal

from . import copy as copying
from .bulk import each, uncollected
from .errors import InvalidPipeline, Problem, Where
from .graph import order
from .incremental import emptied_source, plan_problems, readers
from .jsonpaths import file_content
from .lint.statements import takes_no_transaction
from .loads import VERSION_COLUMNS
from .model import Check, Column, Definition, Hook, Incremental, Pipeline, StagingSource, Table, Target
from .read import needs, template_values
from .records import frozen
from .render import TemplateError, render
from .script import statements
from .tables import attributes, lines, relation, relation_name

SHOWN_ROWS = 5
"""How many of the rows that fail a check are asked for."""
SHOWN_FILES = 20
"""How many files that are not loaded are shown."""
KEPT_ROWS = 1000
"""How many, where they are kept."""
_SAID_WIDTH = 100
_HOOKS = ("before", "after")
_OTHER_THAN_LOADS: Mapping[str, Mapping[str, Any]] = {
    "unknown_member": {"is_load": False},
    "revokes": {"check": "", "gives_statements": True},
}
"""How the statements of some templates differ from those of a load."""
_SELECT = re.compile(r"(?i)(?:--.*\n|[^\S\n]*\n)*\s*(?:select|with)\b")
"""A statement that asks, behind the comments above it."""


@frozen
class Keep:
    """The table that keeps rows that fail a check, made by the template keep_failures, and whose rows they are."""

    relation: str
    run: str
    pipeline: str
    step: str


@frozen
class Statement:
    """One statement as it is sent. A `check` says what must hold: its SELECT must answer 0, or no row."""

    sql: str
    check: str = ""
    is_load: bool = True
    """Whether the rows that it writes are rows of the load: the unknown member is none."""
    severity: Literal["guard", "error", "warn", "lease"] = "guard"
    """Of a check. A guard is part of a strategy: what follows must not be sent if it fails. A lease asks whether the
    run may go on at all. The other checks stand behind the load, and are all asked before the step fails."""
    where: Where | None = field(default=None, compare=False)
    """Where a check is declared."""
    keep: Keep | None = None
    """Where rows that fail a check are kept; None where they are not."""
    manifest: str = ""
    """Of a SELECT of files, each a row of URL and size: where the manifest that lists them is put before the next
    statement is sent. Files that cannot be loaded are noted before it is sent."""
    gives_statements: bool = False
    """Whether each row of its answer is a statement, which is sent in its place in the same transaction."""
    needs_files: bool = False
    """Whether it reads that manifest, and is not sent where the manifest lists nothing: COPY refuses it."""


@frozen
class Transaction:
    """Statements that become visible together."""

    statements: tuple[Statement, ...]
    ledger: tuple[Statement, ...] = ()
    """What notes in the same transaction that it was committed: see `ledger.measured`. It is sent last: a transaction
    locks its own table first, and the ledger only until its COMMIT."""
    proof: tuple[Statement, ...] = ()
    """What to ask when the connection was lost during COMMIT: the last one answers how often it was committed."""
    alone: bool = False
    """Whether it is none: Redshift takes some statements only outside of a transaction."""


@frozen
class StoredFile:
    """A file that a COPY reads and the engine writes, before the step begins."""

    url: str
    content: str


@frozen
class Listing:
    """The files of an incremental source, which are listed before the step begins."""

    source: str
    """Every file whose URL starts with it."""
    url: str
    """The prefix of the files that the list is written to."""


@frozen
class Step:
    """One node of the graph, with all that is done for it."""

    name: str
    kind: Literal["staging", "table", "checks", "changes", "hooks"]
    needs: frozenset[str]
    where: Where
    transactions: tuple[Transaction, ...]
    files: tuple[StoredFile, ...] = ()
    columns: tuple[Column, ...] = ()
    """Of its table; to find the YAML line of a column that a COPY speaks of."""
    listing: Listing | None = None
    max_bad_files: int = 0
    """How many files that cannot be loaded are set aside, so that the others are loaded."""
    sql_hash: str = ""
    """Of what is sent for it, whatever the run."""
    columns_hash: str = ""
    """Of what creates its table."""
    inputs_hash: str = ""
    """Of what is sent for all that it waits for, directly or not."""
    begun_hash: str = ""
    """Of what its first transaction sends, where others follow."""


@frozen
class Ledger:
    """What notes a run in the warehouse, and keeps others from running the same pipeline meanwhile."""

    run: str
    tables: tuple[Statement, ...]
    """What makes the tables of the ledger, before the run begins."""
    begin: tuple[Statement, ...]
    """A transaction that takes the lease and notes the run; its check fails where somebody else holds the lease."""
    session: Statement
    """Asks for the user and the number of a session."""
    holder: Statement
    """Asks who holds the lease: run, holder, user, session, since when, for how many seconds; no row if nobody does."""
    alive: Statement
    """Asks whether the holder's session is there; a user sees their own sessions only."""
    seize: Statement
    """Takes the lease from a holder that is gone."""
    renew: Statement
    ends: Mapping[str, tuple[Statement, ...]]
    """The transaction that ends the run, by what became of it."""


@frozen
class Plan:
    """A run: what each session is prepared with, and the steps in an order that works."""

    pipeline: str
    target: Target
    prepare: tuple[Statement, ...]
    steps: tuple[Step, ...]
    ledger: Ledger | None = None
    """None for a plan that leaves no trace: one of checks alone."""
    before: Step | None = None
    """The hooks before the steps; None for none."""
    after: Step | None = None
    """The hooks after the steps, if none of them failed."""
    on_failure: Step | None = None
    """The hooks at the end of a run in which something failed."""

    @property
    def hooks(self) -> tuple[Step, ...]:
        return tuple(step for step in (self.before, self.after, self.on_failure) if step)


@uncollected()
def make_plan(
    pipeline: Pipeline,
    target: Target,
    *,
    only: Collection[str] | None = None,
    full_refresh: bool = False,
    run: str = "RUN",
) -> Plan:
    """Render the plan of the steps named in `only` (None: all), in dependency order.

    `full_refresh` drops each table and creates it anew, in the transaction that fills it. `run` is the run's own id,
    for the rows that checks keep. `ledger.noted` adds what notes the run. Errors: InvalidPipeline for templates that
    cannot be filled in.
    """
    tables = {table.name: table for table in pipeline.tables}
    making = _Making(pipeline, target, full_refresh, run, tables)
    waits = needs(pipeline)
    chosen = [name for name in order(waits) if only is None or name in only]
    known = frozenset(chosen)
    problems = list(plan_problems(pipeline, target, known, full_refresh=full_refresh))
    staging = {source.name: source for source in pipeline.staging}

    def made(name: str) -> Step | Problem:
        source = staging.get(name)
        try:
            step = _staging_step(source, making) if source else _table_step(tables[name], making)
        except TemplateError as error:
            return _template_problem(error, source or tables[name])
        return replace(step, needs=waits[name] & known, columns=())

    found = each(made, chosen)
    problems += [one for one in found if isinstance(one, Problem)]
    # The columns are known on this side of a fork: it need not send them.
    columns = {definition.name: definition.columns for definition in pipeline.definitions}
    steps = tuple(replace(one, columns=columns[one.name]) for one in found if isinstance(one, Step))
    prepare = (*_prepare(pipeline, problems), *_keeping(pipeline, only))
    if problems:
        raise InvalidPipeline(problems)
    return Plan(
        pipeline.name, target, prepare, steps, before=_hook_step("before", making), after=_hook_step("after", making),
        on_failure=_hook_step("on_failure", making),
    )  # fmt: skip


def _hook_step(when: str, making: _Making) -> Step | None:
    """Return the step of a run's hooks: a transaction for each, or none where the statement takes none."""
    hooks = [hook for hook in making.pipeline.hooks if hook.when == when]
    if not hooks:
        return None
    name = f"hooks.{when}"  # a table has no dot in its name
    begin = making.statements("begin", {**template_values(making.pipeline), "name": name})
    transactions = (
        Transaction((*begin, Statement(hook.sql, is_load=False)), alone=takes_no_transaction(hook.sql))
        for hook in hooks
    )
    return Step(name, "hooks", frozenset(), hooks[0].text.at(1, 1), tuple(transactions))


def make_check_plan(
    pipeline: Pipeline, target: Target, *, only: Collection[str] | None = None, run: str = "RUN"
) -> Plan:
    """Render a plan that only asks the checks of the steps named in `only` (None: all).

    No step waits for another, so that every check is asked. Errors: InvalidPipeline.
    """
    making = _Making(pipeline, target, False, run, {})
    declared = {part.name: part for part in _parts(pipeline)}
    problems: list[Problem] = []
    steps = []
    for name in order(needs(pipeline)):
        part = declared[name]
        if not part.checks or (only is not None and name not in only):
            continue
        values = _values(part.definition, pipeline)
        try:
            begin = making.statements("begin", values)
            checked = [
                statement for check in part.checks for statement in _check(check, part.definition, values, making)
            ]
        except TemplateError as error:
            problems.append(_template_problem(error, part))
            continue
        where = part.definition.where
        steps.append(Step(name, "checks", frozenset(), where, (Transaction((*begin, *checked)),)))
    prepare = (*making.statements("search_path", template_values(pipeline)), *_keeping(pipeline, only))
    if problems:
        raise InvalidPipeline(problems)
    return Plan(pipeline.name, target, prepare, tuple(steps))


def _prepare(pipeline: Pipeline, problems: list[Problem]) -> tuple[Statement, ...]:
    try:
        has_incremental = any(source.incremental for source in pipeline.staging)
        values = {**template_values(pipeline), "has_incremental": has_incremental}
        return template_statements(render(pipeline.folder, "prepare", values))
    except TemplateError as error:
        problems.append(Problem(str(error), error.where))
        return ()


def _keeping(pipeline: Pipeline, only: Collection[str] | None) -> tuple[Statement, ...]:
    """Return the statements that make the tables which keep what fails a check."""
    parts = (part for part in _parts(pipeline) if only is None or part.name in only)
    kept = dict.fromkeys(check.keep for part in parts for check in part.checks if check.keep)
    return tuple(
        statement
        for name in kept
        for statement in template_statements(
            render(pipeline.folder, "keep_failures", {"relation": relation_name(pipeline.schema, name)})
        )
    )


def _parts(pipeline: Pipeline) -> tuple[StagingSource | Table, ...]:
    return (*pipeline.staging, *pipeline.tables)


@frozen
class _Making:
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


@frozen
class FilesLook:
    """What is sent to see what became of the files of an incremental source."""

    source: str
    listing: Listing
    prepare: tuple[Statement, ...]
    begin: tuple[Statement, ...]
    counts: Statement
    some: Statement
    """Those that are not simply loaded, SHOWN_FILES at most."""
    every: Statement
    end: tuple[Statement, ...]
    retries: tuple[Statement, ...]
    """What makes files that were set aside new again, one for each."""


def make_files_looks(
    pipeline: Pipeline, target: Target, *, only: str | None, run: str, retry: Sequence[str] = ()
) -> tuple[FilesLook, ...]:
    """Render what tells of the files of each incremental source, or of the one named `only`.

    `retry` are keys or URLs. Errors: InvalidPipeline.
    """
    making = _Making(pipeline, target, False, run, {})
    problems: list[Problem] = []
    # In a run the ledger has made its schema before; here there may have been no run yet.
    prepare = (*making.statements("ledger_schema", {}), *_prepare(pipeline, problems))
    if problems:
        raise InvalidPipeline(problems)
    return tuple(
        _look(source, making, prepare, retry)
        for source in pipeline.staging
        if source.incremental and only in (None, source.name)
    )


def _look(
    source: StagingSource, making: _Making, prepare: tuple[Statement, ...], retry: Sequence[str]
) -> FilesLook:  # fmt: skip
    listing, values = _listed(source, making)
    prefix = f"s3://{values['bucket']}/"

    def one(template: str, **more: Any) -> Statement:
        (statement,) = making.statements(template, {**values, **more})
        return statement

    return FilesLook(
        source.name, listing, prepare,
        (*making.statements("files/list_files", values), one("files/file_status")),
        one("files/count_files"), one("files/show_files", every=False, limit=SHOWN_FILES),
        one("files/show_files", every=True),
        making.statements("files/drop_files", {"temporary": ("etlrun_status", "etlrun_listing")}),
        tuple(one("files/retry_file", key=each.removeprefix(prefix)) for each in retry),
    )  # fmt: skip


def _listed(source: StagingSource, making: _Making) -> tuple[Listing, dict[str, Any]]:
    """Return where the files of a source are listed, and what every template about them may ask for."""
    definition, target = source.definition, making.target
    url = f"{target.work}/listings/{making.pipeline.name}/{source.name}/{making.run}/"
    # COPY wants its manifest in the region of its files: so `work:` is there.
    copied = copying.Copy(
        table=copying.TableName(None, "etlrun_listing"), source=url, authorization=_role(target),
        format=copying.Format("csv"), compression="gzip", region=source.copy.region, compupdate="off", statupdate="off",
    )  # fmt: skip
    return Listing(source.copy.source, url), {
        **_values(definition, making.pipeline), "bucket": source.copy.source.split("/")[2], "listing": url,
        "clauses": copying.clauses(copied), "incremental": source.incremental, "run": making.run, "limit": SHOWN_ROWS,
    }  # fmt: skip


def _role(target: Target) -> copying.IamRole:
    return copying.IamRole(None if target.iam_role == "default" else target.iam_role)


def _staging_step(source: StagingSource, making: _Making) -> Step:
    files: tuple[StoredFile, ...] = ()
    pipeline, target = making.pipeline, making.target
    statement = replace(source.copy, authorization=_role(target))
    if source.jsonpaths:
        content = file_content(source.jsonpaths)
        # Named by its content: the same paths are never uploaded twice, and a running COPY never sees them change.
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        url = f"{target.work}/jsonpaths/{pipeline.name}/{source.name}-{digest}.json"
        files = (StoredFile(url, content),)
        statement = replace(statement, format=copying.Format(statement.format.name, url))
    definition = source.definition
    step = Step(source.name, "staging", frozenset(), definition.where, (), files, definition.columns)
    if source.incremental:
        return _incremental_step(step, source, statement, source.incremental, making)
    values = _copy_values(statement)
    return replace(
        step, transactions=(_transaction(definition, ("copy", "comments"), values, source.checks, making),)
    )  # fmt: skip


def _copy_values(statement: copying.Copy) -> dict[str, Any]:
    return {
        "columns": statement.columns,
        "source": statement.source,
        "clauses": copying.clauses(statement),
        "copy": statement,
    }


def _incremental_step(
    step: Step, source: StagingSource, statement: copying.Copy, incremental: Incremental, making: _Making
) -> Step:
    """Return the step of a source whose files are loaded exactly once; `statement` is its COPY.

    Its table is made in a transaction of its own: the second one locks it before it does anything else.
    """
    definition = source.definition
    manifest = f"{making.target.work}/manifests/{making.pipeline.name}/{source.name}/{making.run}.json"
    listing, listed = _listed(source, making)
    names = [table.name for table in readers(source, making.pipeline)]
    values = {
        **listed, **_shape(definition), "locked": relation(definition), "readers": names,
        "temporary": ("etlrun_files", "etlrun_listing"),
    }  # fmt: skip
    copied = _copy_values(replace(statement, source=manifest, manifest=True))
    create = making.statements("create_table", values)
    anew = ("drop_table", "create_table", "files/forget_files") if making.full_refresh else ()
    wanted = ("begin", "files/lock_source", *anew, "files/list_files", "files/choose_files")
    checked = [statement for check in source.checks for statement in _check(check, definition, values, making)]
    before = (each for template in wanted for each in making.statements(template, values))
    sent = (
        *(replace(each, is_load=False) for each in before),
        *(replace(each, severity="warn") for each in making.statements("files/waiting_files", values)),
        *(replace(each, check="", manifest=manifest) for each in making.statements("files/chosen_files", values)),
        *(replace(each, needs_files=True) for each in making.statements("files/copy_files", {**values, **copied})),
        *making.statements("comments", values),
        *checked,
    )
    noted = tuple(each for name in ("note_files", "drop_files") for each in making.statements(f"files/{name}", values))
    transactions = (
        Transaction((*making.statements("begin", values), *create)),
        Transaction(sent, noted),
    )
    return replace(step, transactions=transactions, listing=listing, max_bad_files=incremental.max_bad_files)


def _table_step(table: Table, making: _Making) -> Step:
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
    transaction = _transaction(definition, templates, values, table.checks, making, table.hooks)
    if emptied:
        transaction = _with_taking(transaction, _taking(table, emptied, making), making)
    transactions = (transaction, *_unloading(table, making))
    return Step(table.name, "table", frozenset(), definition.where, transactions, columns=definition.columns)


def _unloading(table: Table, making: _Making) -> tuple[Transaction, ...]:
    """Return the transaction that unloads, if one is asked for: what it writes cannot be rolled back."""
    unload = table.unload
    if unload is None:
        return ()
    role = copying.Copy(table=copying.TableName(None, table.name), source="", authorization=_role(making.target))
    values = {
        **_values(table.definition, making.pipeline), "unload": unload,
        "columns": [column.name for column in table.definition.columns],
        "clauses": (*copying.clauses(role), *unload.options),
    }  # fmt: skip
    sent = (*making.statements("begin", values), *making.statements("unload", values))
    return (Transaction(sent),)


def _taking(table: Table, source: StagingSource, making: _Making) -> dict[str, Any]:
    values = _values(table.definition, making.pipeline)
    return {**values, "emptied": source.name, "locked": relation(source.definition)}


def _with_taking(transaction: Transaction, values: dict[str, Any], making: _Making) -> Transaction:
    """Return a table's transaction that takes the rows of an emptied source once: it holds the source all the while."""
    begin, *rest = transaction.statements
    locked, taken = (making.statements(template, values) for template in ("files/lock_source", "files/taken_rows"))
    return replace(transaction, statements=(begin, *locked, *rest), ledger=(*taken, *transaction.ledger))


def _complete(table: Table, making: _Making) -> str:
    """Return the SELECT with what is derived from it: hashes, and what is looked up in other tables."""
    derived = [column for column in table.definition.columns if column.is_derived]
    tables = {column.lookup.table for column in derived if column.lookup}
    history = {name: _version_columns(name, making) for name in tables}
    values = {"select": table.load.select, "gives": table.load.gives, "derived": derived, "history": history}
    return render(making.pipeline.folder, "derived", {**_values(table.definition, making.pipeline), **values})


def _lookups(table: Table, making: _Making) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """Return what must be unique for the look-ups of a table: another table, its columns, its flag of current rows.

    With a time, a look-up finds the one version of that time, as scd2 keeps them.
    """
    asked = (column.lookup for column in table.definition.columns if column.lookup and not column.lookup.at)
    found = (
        (each.table, tuple(theirs for theirs, _ in each.on), _version_columns(each.table, making)) for each in asked
    )
    return tuple(dict.fromkeys((name, keys, versions.get("is_current", "")) for name, keys, versions in found))


def _version_columns(name: str, making: _Making) -> dict[str, str]:
    """Return the names of a table's columns of versions by their settings; nothing where it keeps no history."""
    table = making.tables.get(name)
    if table is None or table.load.strategy != "scd2":
        return {}
    return {setting: table.load.settings.get(setting, setting) for setting in VERSION_COLUMNS}


def _transaction(
    definition: Definition,
    templates: tuple[str, ...],
    values: dict[str, Any],
    checks: tuple[Check, ...],
    making: _Making,
    hooks: tuple[Hook, ...] = (),
) -> Transaction:
    """Render a step's templates, what makes the table before them, and its checks after them."""
    common = _values(definition, making.pipeline)
    before = ("begin", "drop_table", "create_table") if making.full_refresh else ("begin", "create_table")
    values = {**common, **_shape(definition), **values}
    begun = [statement for template in before for statement in making.statements(template, values)]
    loaded = [
        replace(statement, **_OTHER_THAN_LOADS.get(template, {}))
        for template in templates
        for statement in making.statements(template, values)
    ]
    hooked = {when: [Statement(hook.sql, is_load=False) for hook in hooks if hook.when == when] for when in _HOOKS}
    checked = [statement for check in checks for statement in _check(check, definition, common, making)]
    sent = (*begun, *hooked["before"], *loaded, *hooked["after"], *checked)
    return Transaction(sent)


def _shape(definition: Definition) -> dict[str, Any]:
    """Return what CREATE TABLE is made of."""
    return {"lines": lines(definition), "attributes": tuple(attributes(definition))}


def _check(check: Check, definition: Definition, values: dict[str, Any], making: _Making) -> tuple[Statement, ...]:
    asked = {"values": check.values, "said": check_said(check), "shown": _shown(check, definition)}
    limit = KEPT_ROWS if check.keep else SHOWN_ROWS
    rendered = making.statements(f"checks/{check.kind}", {**values, **asked, "limit": limit})
    keep = None
    if check.keep:
        keep = Keep(relation_name(definition.schema, check.keep), making.run, making.pipeline.name, definition.name)
    return tuple(
        replace(each, severity=check.severity, where=check.where, keep=keep) if each.check else each
        for each in rendered
    )


def _shown(check: Check, definition: Definition) -> tuple[str, ...]:
    """Return the columns that tell which rows fail: the primary key and what is looked at, or all."""
    names = [column.name for column in definition.columns]
    looked_at = [name for name in check.values if name in names] if isinstance(check.values, (list, dict)) else []
    if not definition.primary_key or not looked_at:
        return tuple(names)
    return tuple(dict.fromkeys((*definition.primary_key, *looked_at)))


def check_said(check: Check) -> str:
    """Return what must hold, in the YAML's words, or as its kind and values; cut where it is long."""
    said = check.name or f"{check.kind}: {_said(check.values)}"
    return said if len(said) <= _SAID_WIDTH else f"{said[: _SAID_WIDTH - 1]}…"


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


def template_statements(script: str) -> tuple[Statement, ...]:
    """Return the statements of a rendered template; a SELECT is a check of what the comment above it says."""
    return tuple(Statement(text, _must_hold(text)) for text in statements(script))


def _must_hold(text: str) -> str:
    """Return what a SELECT of a template checks: the comment above it. Other statements check nothing."""
    if not _SELECT.match(text):
        return ""
    lines = text.split("\n")
    comments = [line.lstrip("- ").removeprefix("check: ") for line in lines if line.startswith("--")]
    return " ".join(comments) or "the query must answer 0"


# --- problems of templates -------------------------------------------------------------------------------------------


def _template_problem(error: TemplateError, part: StagingSource | Table) -> Problem:
    asked = part.load.where if isinstance(part, Table) else part.where
    return Problem(str(error), error.where or asked, f"asked for by {asked}")
