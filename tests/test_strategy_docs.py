"""The YAML and the SQL in docs/strategies.md are those of pipelines/strategies."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

import pytest

from engine.__main__ import _run
from engine.model import Table
from engine.plan import Step
from engine.planning import make_plan
from engine.read import read_pipeline
from engine.render import available

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "strategies.md"
PIPELINE = PROJECT / "pipelines" / "strategies" / "strategies.yaml"
_BLOCK = re.compile(r"<!-- (?P<kind>yaml|sql): (?P<table>\w+) -->\n```\w+\n.*?```\n", re.DOTALL)


def written(table: Table) -> str:
    """Return the YAML of a table, as it stands in the file."""
    first, *rest = PIPELINE.read_text(encoding="utf-8").split("\n")[table.definition.where.line - 1 :]
    return textwrap.dedent("\n".join([first, *takewhile(lambda line: line.startswith("    "), rest)]))


def sent(step: Step) -> str:
    """Return what a step sends after it has made sure that its table is there."""
    (transaction,) = step.transactions
    naming, create, *statements = (statement.sql for statement in transaction.statements)
    assert naming.startswith("SET query_group")
    assert create.startswith("CREATE TABLE IF NOT EXISTS")
    return "\n\n".join(f"{sql};" for sql in statements)


def test_page_shows_what_the_templates_give(golden: Callable[[Path, str], None]) -> None:
    pipeline = read_pipeline(PIPELINE, {})
    tables = {table.name: table for table in pipeline.tables}
    steps = {step.name: step for step in make_plan(pipeline, pipeline.targets[0]).steps}

    def block(match: re.Match[str]) -> str:
        kind, name = match["kind"], match["table"]
        text = written(tables[name]) if kind == "yaml" else sent(steps[name])
        return f"<!-- {kind}: {name} -->\n```{kind}\n{text}\n```\n"

    golden(PAGE, _BLOCK.sub(block, PAGE.read_text(encoding="utf-8")))


def test_page_has_every_strategy_and_every_example() -> None:
    page = PAGE.read_text(encoding="utf-8")
    pipeline = read_pipeline(PIPELINE, {})
    assert {table.load.strategy for table in pipeline.tables} == set(available(PIPELINE.parent, "strategies"))
    for strategy in available(PIPELINE.parent, "strategies"):
        assert f"\n## {strategy}\n" in page
    assert {match["table"] for match in _BLOCK.finditer(page)} == {table.name for table in pipeline.tables}


def test_pipeline_runs_twice_with_the_same_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(PIPELINE.parent, tmp_path / "here", ignore=shutil.ignore_patterns(".etlrun"))
    path = str(tmp_path / "here" / PIPELINE.name)
    for run in (1, 2):
        assert _run([path]) == 0
        assert rows(path, "visit_id, customer_key > 0 AS known, date_key, page", "visit_facts", capsys) == [
            "10,false,20181101,/", "11,true,20181102,/shop", "12,false,20181102,/shop",
        ]  # fmt: skip
        assert rows(path, "id, city, is_current", "customer_history", capsys) == [
            "-1,,true",
            "1,Turin,true",
            "2,Oslo,true",
        ]
        assert rows(path, "customer_id, visited_at", "first_visits", capsys) == [
            "1,2018-11-01 12:00:00", "2,2018-11-02 08:00:00", "3,2018-11-02 08:05:00",
        ]  # fmt: skip
        assert rows(path, "page, day, visits", "page_days", capsys) == [
            "/,2018-11-01,1", "/shop,2018-11-02,3",
        ]  # fmt: skip
        assert rows(path, "COUNT(*)", "runs", capsys) == [str(run)]


def rows(path: str, columns: str, table: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert _run(["query", path, f"SELECT {columns} FROM {table}", "--format", "csv"]) == 0
    return sorted(capsys.readouterr().out.splitlines()[1:])
