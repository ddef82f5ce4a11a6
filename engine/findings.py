"""What `validate` found -> JSON, and SARIF for code review tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import __version__
from .errors import Problem
from .rules import PAGES, SEVERITIES
from .schema import pipeline_schema

INVALID = "invalid-pipeline"
"""The name of what has no rule of its own: a mistake in the YAML, its references or its templates."""
_LEVELS = {"error": "error", "warning": "warning", "off": "none"}


def findings_json(errors: Sequence[Problem], warnings: Sequence[Problem]) -> dict[str, Any]:
    """Return {"problems": [{"severity", "rule", "message", "hint", "file", "line", "column", "width"}, …]}.

    Line and column count from 1, columns and width in characters; without a place, `file` is null.
    """
    graded = [("error", problem) for problem in errors] + [("warning", problem) for problem in warnings]
    return {"problems": [_problem_json(severity, problem) for severity, problem in graded]}


def _problem_json(severity: str, problem: Problem) -> dict[str, Any]:
    where = problem.where
    return {
        "severity": severity, "rule": problem.rule or INVALID, "message": problem.message, "hint": problem.hint,
        "file": where.file if where else None, "line": where.line if where else None,
        "column": where.column if where else None, "width": where.width if where else None,
    }  # fmt: skip


def findings_sarif(errors: Sequence[Problem], warnings: Sequence[Problem]) -> dict[str, Any]:
    """Return a log of SARIF 2.1.0 with one run.

    Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    rules = list(_rules())
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": "etlrun", "version": __version__, "rules": rules}
    results = [_result(problem, "error", numbers) for problem in errors]
    results += [_result(problem, "warning", numbers) for problem in warnings]
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }


def _rules() -> Iterator[dict[str, Any]]:
    said = "A mistake in the YAML, in what it refers to, or in its templates."
    yield {"id": INVALID, "shortDescription": {"text": said}, "defaultConfiguration": {"level": "error"}}
    described = pipeline_schema()["$defs"]["pipeline"]["properties"]["rules"]["properties"]
    for rule, severity in SEVERITIES.items():
        yield {
            "id": rule,
            "shortDescription": {"text": described[rule]["description"]},
            "helpUri": PAGES[rule],
            "defaultConfiguration": {"level": _LEVELS[severity]},
        }


def _result(problem: Problem, level: str, numbers: dict[str, int]) -> dict[str, Any]:
    rule = problem.rule or INVALID
    text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    result: dict[str, Any] = {
        "ruleId": rule, "ruleIndex": numbers[rule], "level": level, "message": {"text": text},
    }  # fmt: skip
    if problem.where:
        where = problem.where
        region = {"startLine": where.line, "startColumn": where.column, "endColumn": where.column + where.width}
        place = {"artifactLocation": {"uri": _uri(where.file)}, "region": region}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(file: str) -> str:
    """Return a file as a URI: relative below the working folder, as code review tools want it."""
    path = Path(file)
    if path.is_absolute():
        if not path.is_relative_to(Path.cwd()):
            return path.as_uri()
        path = path.relative_to(Path.cwd())
    return quote(path.as_posix())
