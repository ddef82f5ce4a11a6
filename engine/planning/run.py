"""Pipeline + target -> Plan: the steps of a run in dependency order, and the hooks around them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..bulk import each, uncollected
from ..errors import InvalidPipeline, Problem
from ..graph import order
from ..incremental import plan_problems
from ..lint.statements import takes_no_transaction
from ..model import Pipeline, Target
from ..plan import Plan, Step, Transaction
from ..read import needs, template_values
from ..render import TemplateError
from .checks import check_statements
from .making import Making, template_problem, values_of
from .preparing import keeping, parts, prepared
from .staging import staging_step
from .tables import table_step
from .transaction import hook_statement


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
    making = Making(pipeline, target, full_refresh, run, tables)
    waits = needs(pipeline)
    chosen = [name for name in order(waits) if only is None or name in only]
    known = frozenset(chosen)
    problems = list(plan_problems(pipeline, target, known, full_refresh=full_refresh))
    staging = {source.name: source for source in pipeline.staging}

    def made(name: str) -> Step | Problem:
        source = staging.get(name)
        try:
            step = staging_step(source, making) if source else table_step(tables[name], making)
        except TemplateError as error:
            return template_problem(error, source or tables[name])
        return replace(step, needs=waits[name] & known, columns=())

    found = each(made, chosen)
    problems += [one for one in found if isinstance(one, Problem)]
    # The columns are known on this side of a fork: it need not send them.
    columns = {definition.name: definition.columns for definition in pipeline.definitions}
    steps = tuple(replace(one, columns=columns[one.name]) for one in found if isinstance(one, Step))
    prepare = (*prepared(pipeline, problems), *keeping(pipeline, only))
    if problems:
        raise InvalidPipeline(problems)
    return Plan(
        pipeline.name, target, prepare, steps, before=_hook_step("before", making), after=_hook_step("after", making),
        on_failure=_hook_step("on_failure", making),
    )  # fmt: skip


def _hook_step(when: str, making: Making) -> Step | None:
    """Return the step of a run's hooks: a transaction for each, or none where the statement takes none."""
    hooks = [hook for hook in making.pipeline.hooks if hook.when == when]
    if not hooks:
        return None
    name = f"hooks.{when}"  # a table has no dot in its name
    begin = making.statements("begin", {**template_values(making.pipeline), "name": name})
    transactions = (Transaction((*begin, hook_statement(hook)), alone=takes_no_transaction(hook.sql)) for hook in hooks)
    return Step(name, "hooks", frozenset(), hooks[0].text.at(1, 1), tuple(transactions))


def make_check_plan(
    pipeline: Pipeline, target: Target, *, only: Collection[str] | None = None, run: str = "RUN"
) -> Plan:
    """Render a plan that only asks the checks of the steps named in `only` (None: all).

    No step waits for another, so that every check is asked. Errors: InvalidPipeline.
    """
    making = Making(pipeline, target, False, run, {})
    declared = {part.name: part for part in parts(pipeline)}
    problems: list[Problem] = []
    steps = []
    for name in order(needs(pipeline)):
        part = declared[name]
        if not part.checks or (only is not None and name not in only):
            continue
        values = values_of(part.definition, pipeline)
        try:
            begin = making.statements("begin", values)
            checked = check_statements(part.checks, part.definition, values, making)
        except TemplateError as error:
            problems.append(template_problem(error, part))
            continue
        where = part.definition.where
        steps.append(Step(name, "checks", frozenset(), where, (Transaction((*begin, *checked)),)))
    prepare = (*making.statements("search_path", template_values(pipeline)), *keeping(pipeline, only))
    if problems:
        raise InvalidPipeline(problems)
    return Plan(pipeline.name, target, prepare, tuple(steps))
