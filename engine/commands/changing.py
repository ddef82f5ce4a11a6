"""A look at the warehouse before statements are sent, and what follows from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import count
from typing import TypeVar

import click

from ..change_report import changes_text, tables_differ
from ..dry_run import plan_text
from ..errors import EtlrunError
from ..migration import Change, Found, judge, look, look_before_run, make_change_plan
from ..model import Pipeline, Target
from ..plan import Plan
from ..retries import RETRIES, transient_cause
from ..warehouse import Session, Warehouse

Answer = TypeVar("Answer")
Look = Callable[[Session, Pipeline, Collection[str] | None], Found]


def looked(warehouse: Warehouse, asked: Callable[[Session], Answer]) -> tuple[Answer, Warehouse]:
    """Ask something of the warehouse, once more where the connection is lost.

    The warehouse that comes back hands the session out that asked: no other has to be opened. It closes both.
    """
    for attempt in count(1):
        session = warehouse.open_session()
        try:
            answer = asked(session)
        except EtlrunError as error:
            session.close()
            if not transient_cause(error) or attempt >= RETRIES.attempts:
                raise
            time.sleep(RETRIES.wait_seconds(attempt))
        except BaseException:
            session.close()
            raise
        else:
            return answer, _handing_out(session, warehouse)
    raise AssertionError("count() has no end")


def _handing_out(session: Session, warehouse: Warehouse) -> Warehouse:
    kept = [session]

    def close() -> None:
        for unused in kept:
            unused.close()
        warehouse.close()

    return replace(
        warehouse, open_session=lambda: kept.pop() if kept else warehouse.open_session(), close=close
    )  # fmt: skip


def found_changes(
    warehouse: Warehouse, pipeline: Pipeline, only: Collection[str] | None
) -> tuple[Found, tuple[Change, ...], Warehouse]:
    """Return what a whole look finds, and how grave it is."""
    (found, changes), warehouse = looked(warehouse, lambda session: _found(session, pipeline, only, look))
    return found, changes, warehouse


def _found(
    session: Session, pipeline: Pipeline, only: Collection[str] | None, compare: Look
) -> tuple[Found, tuple[Change, ...]]:
    found = compare(session, pipeline, only)
    return found, judge(session, pipeline, found)


def changes_before_run(
    warehouse: Warehouse,
    pipeline: Pipeline,
    target: Target,
    only: Collection[str] | None,
    run: str,
    is_reviewed: bool = False,
) -> tuple[Plan | None, Warehouse]:
    """Return the plan of the safe changes that a run needs first; None where it needs none. It is shown.

    Of a run that was reviewed nothing else may be sent. Errors: TablesDiffer for changes that are not safe, or not
    reviewed.
    """

    def asked(session: Session) -> tuple[Found, tuple[Change, ...]]:
        found, changes = _found(session, pipeline, only, look_before_run)
        stops = changes if is_reviewed else [change for change in changes if change.risk != "safe"]
        if stops:
            raise tables_differ(stops, changes, pipeline)
        return found, changes

    (found, changes), warehouse = looked(warehouse, asked)
    if not changes:
        return None, warehouse
    plan = make_change_plan(pipeline, target, found, changes, change_run(run))
    for line in (*changes_text(changes), "", *plan_text(plan), ""):
        click.echo(line, err=True)
    return plan, warehouse


def change_run(run: str) -> str:
    """Return the id in the ledger of the changes before a run: the run's own steps have the same names."""
    return f"{run}-ddl"
