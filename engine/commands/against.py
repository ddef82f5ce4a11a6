"""The SQL of a pipeline against that of a commit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from ..changes import changes, changes_markdown
from ..environment import fill
from ..errors import InvalidPipeline, Problem
from ..git import export
from ..plan import Plan
from ..planning import make_plan
from ..read import read_pipeline
from .asked import asked_target


def told_against(pipeline: Path, ref: str, target: str | None, variables: dict[str, str]) -> int:
    """Print as Markdown which SQL has changed since a commit. Returns the exit code: 1 if anything has."""
    new = _planned(pipeline, target, variables)
    found = changes(_former(pipeline, ref, new.target.name, variables), new)
    for line in changes_markdown(found, pipeline.as_posix(), ref, new.target.name):
        click.echo(line)
    return 1 if found else 0


def _planned(pipeline: Path, target: str | None, variables: dict[str, str]) -> Plan:
    document = read_pipeline(pipeline, {}, variables)
    return make_plan(document, fill(asked_target(document, target), {}))


def _former(pipeline: Path, ref: str, target: str, variables: dict[str, str]) -> Plan | None:
    """Return the plan of the pipeline at a commit; None where the commit has none."""
    with TemporaryDirectory(prefix="etlrun-") as temporary:
        folder = Path(temporary).resolve()
        path = export(pipeline, ref, folder)
        if path is None:
            return None
        try:
            document = read_pipeline(path, {})
            known = {name: value for name, value in variables.items() if name in document.variables}
            document = read_pipeline(path, {}, known) if known else document
            names = {each.name for each in document.targets}
            return make_plan(document, fill(asked_target(document, target if target in names else None), {}))
        except InvalidPipeline as error:
            raise InvalidPipeline([_at(ref, problem, folder, pipeline) for problem in error.problems]) from error


def _at(ref: str, problem: Problem, folder: Path, pipeline: Path) -> Problem:
    """Return a problem of a former pipeline, told as one of the commit."""
    beside = (pipeline.parent / "_").as_posix()[:-1]

    def shown(text: str) -> str:
        return text.replace(f"{folder.as_posix()}/", f"{ref}:{beside}").replace(folder.as_posix(), ref)

    where = replace(problem.where, file=shown(problem.where.file)) if problem.where else None
    return replace(problem, message=shown(problem.message), hint=shown(problem.hint), where=where)
