"""A pipeline as one HTML page that needs nothing else: no server, no network."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from . import __version__
from .describe import check_text, declared_facts, marks
from .diagram import references, roles
from .dry_run import step_text
from .errors import Problem
from .lineage import Lineage, Name, trace
from .model import Column, Definition, Pipeline, StagingSource, Table
from .plan import Plan, Step
from .problems import problem_text
from .read import needs
from .shipped import shipped
from .tables import attributes

_SCRIPTS = ("dagre", "elements", "model", "layout", "diagrams", "tables", "search", "page")
"""Of the folder `page`, in the order in which they build on each other."""


def pipeline_page(pipeline: Pipeline, plan: Plan, *, live: bool = False) -> str:
    """Return the page about a pipeline. `live`: served by `preview`, it loads itself anew when told so."""
    return page(pipeline.name, pipeline_data(pipeline, plan), live=live)


def problems_page(name: str, problems: Iterable[Problem], *, live: bool = False) -> str:
    """Return the page that tells what is wrong with a pipeline."""
    told = [{"where": str(problem.where or ""), "lines": list(problem_text(problem))} for problem in problems]
    return page(name, {"name": name, "problems": told}, live=live)


def pipeline_data(pipeline: Pipeline, plan: Plan) -> dict[str, Any]:
    """Return all that the page tells, as JSON takes it; what is empty is left out."""
    lineage, keys, waits, known = trace(pipeline), references(pipeline), needs(pipeline), roles(pipeline)
    planned = {step.name: step for step in plan.steps}
    declared: tuple[StagingSource | Table, ...] = (*pipeline.staging, *pipeline.tables)
    told = [
        _part(part, planned[part.name])
        | {
            "role": known[part.name],
            "place": _place(part.definition, pipeline.folder.as_posix()),
            "columns": [_column(part.definition, column, lineage, keys) for column in part.definition.columns],
            "waits": sorted(waits[part.name] - set(_reads(part))),
        }
        for part in declared
    ]
    about = {"description": pipeline.description, "schema": pipeline.schema, "target": plan.target.name}
    return {"name": pipeline.name, "version": __version__, **about, "tables": told}


def _part(part: StagingSource | Table, step: Step) -> dict[str, Any]:
    definition = part.definition
    said = {
        "name": part.name,
        "schema": definition.schema,
        "description": definition.description,
        "file": part.copy.source if isinstance(part, StagingSource) else "",
        "unload": part.unload.to if isinstance(part, Table) and part.unload else "",
        "strategy": part.load.strategy if isinstance(part, Table) else "incremental" if part.incremental else "copy",
        "facts": list(declared_facts(part).items()),
        "attributes": [attribute.lower() for attribute in attributes(definition)],
        "reads": list(_reads(part)),
        "checks": [check_text(check) for check in part.checks],
        "sql": "\n".join(step_text(step)).strip("\n"),
    }
    return _told(said)


def _reads(part: StagingSource | Table) -> tuple[str, ...]:
    return part.reads if isinstance(part, Table) else ()


def _place(definition: Definition, folder: str) -> str:
    """Return where it is declared, from the pipeline's folder: the page must not differ between machines."""
    return str(definition.where).removeprefix(f"{folder}/")


def _column(definition: Definition, column: Column, lineage: Lineage, keys: Mapping[Name, Name]) -> dict[str, Any]:
    origin = lineage[definition.name, column.name]
    said = {
        "name": column.name,
        "type": str(column.type),
        "description": column.description,
        "marks": [mark for mark in marks(definition, column) if not mark.startswith("→")],
        "references": keys.get((definition.name, column.name)),
        "sources": origin.sources,
        "path": origin.path,
        "unknown": not origin.known,
    }
    return _told(said)


def _told(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value}


# --- the page --------------------------------------------------------------------------------------------------------


def page(title: str, data: Mapping[str, Any], *, live: bool = False) -> str:
    """Return the page that shows some data, with its style and its scripts inside."""
    style = _asset("page.css")
    scripts = [_asset(f"{name}.js") for name in (*_SCRIPTS, *(("live",) if live else ()))]
    script = "\n".join(scripts)
    reach = "'self'" if live else "'none'"
    # No request may leave the page, and no script or style runs in it but these two.
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        f"connect-src {reach}; base-uri 'none'; form-action 'none'"
    )
    filled = {
        "title": escape(title),
        "policy": escape(policy),
        "style": style,
        "script": script,
        "data": _embedded(data),
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: filled[found[1]], _asset("page.html"))


def _asset(name: str) -> str:
    return (shipped("page") / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embedded(data: Mapping[str, Any]) -> str:
    """Return JSON that ends no script element and begins no comment in HTML."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
