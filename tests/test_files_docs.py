"""The SQL in docs/files.md is that of pipelines/hourly."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from engine.planning import make_plan
from engine.read import read_pipeline

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "files.md"
_BLOCK = re.compile(r"<!-- sql: (?P<step>\w+) (?P<number>\d) -->\n```sql\n.*?```\n", re.DOTALL)


def test_page_shows_what_the_templates_give(golden: Callable[[Path, str], None]) -> None:
    pipeline = read_pipeline(PROJECT / "pipelines" / "hourly" / "hourly.yaml", {})
    target = next(each for each in pipeline.targets if each.name == "aws")
    steps = {step.name: step for step in make_plan(pipeline, target).steps}

    def block(match: re.Match[str]) -> str:
        transaction = steps[match["step"]].transactions[int(match["number"]) - 1]
        sql = "\n\n".join(f"{each.sql};" for each in (*transaction.statements, *transaction.ledger))
        return f"<!-- sql: {match['step']} {match['number']} -->\n```sql\n{sql}\n```\n"

    golden(PAGE, _BLOCK.sub(block, PAGE.read_text(encoding="utf-8")))
    assert len(_BLOCK.findall(PAGE.read_text(encoding="utf-8"))) == 3
