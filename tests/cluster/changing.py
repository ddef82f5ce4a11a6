"""A declared schema without SELECTs, and a warehouse to bring to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.build import build
from engine.events import StepFailed
from engine.execute import execute
from engine.migration import Change, Found, judge, look, make_change_plan
from engine.model import Pipeline
from engine.plan import Plan
from engine.schema import check
from engine.source import read_document
from engine.warehouse import Session, Warehouse

HEAD = "version: 1\nname: p\nschema: dw\ntargets:\n  here: {warehouse: local}\ntables:\n"
LOAD = "    load: {sql: SELECT 1 AS one}\n"


def declared(folder: Path, **tables: str) -> Pipeline:
    """Return a pipeline of tables; each is the YAML of its keys, but for `load`."""
    text = HEAD
    for name, keys in tables.items():
        lines = "".join(f"    {line}\n" for line in keys.strip().splitlines())
        text += f"  {name}:\n{lines}{LOAD}"
    path = folder / "p.yaml"
    path.write_text(text, encoding="utf-8")
    document = read_document(path, "p.yaml")
    assert check(document) == []
    found = build([document])
    assert found.problems == ()
    return found.pipeline


def compared(session: Session, pipeline: Pipeline) -> tuple[Found, tuple[Change, ...], Plan]:
    """Look at the warehouse, and plan what brings it to the pipeline."""
    found = look(session, pipeline, None)
    changes = judge(session, pipeline, found)
    (target,) = pipeline.targets
    return found, changes, make_change_plan(pipeline, target, found, changes)


def bring(warehouse: Warehouse, pipeline: Pipeline) -> Sequence[Change]:
    """Bring the warehouse to the pipeline, whatever gets lost. Return the changes. Errors: what a step met."""
    session = warehouse.open_session()
    _, changes, plan = compared(session, pipeline)
    session.close()
    for event in execute(plan, warehouse):
        if isinstance(event, StepFailed):
            raise event.error
    return changes
