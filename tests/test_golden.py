"""The plan of every shipped pipeline, for every target of it, is the SQL that somebody has read and liked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.dry_run import plan_text
from engine.environment import fill
from engine.ledger import Noting, noted
from engine.planning import make_plan
from engine.read import read_pipeline

PROJECT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).parent / "golden"
PIPELINES = sorted(
    path for path in (PROJECT / "pipelines").rglob("*.yaml") if path.read_text(encoding="utf-8").count("\nversion: 1")
)
CASES = [
    pytest.param(path, target.name, id=f"{path.stem}-{target.name}")
    for path in PIPELINES
    for target in read_pipeline(path, {}).targets
]


def test_pipelines_were_found() -> None:
    assert len(CASES) >= 4


@pytest.mark.parametrize(("path", "target"), CASES)
def test_plan_is_the_golden_sql(path: Path, target: str, golden: Callable[[Path, str], None]) -> None:
    pipeline = read_pipeline(path, {})
    chosen = next(each for each in pipeline.targets if each.name == target)
    text = "\n".join(plan_text(noted(make_plan(pipeline, fill(chosen, {})), pipeline, Noting()))) + "\n"
    golden(GOLDEN / f"{path.stem}.{target}.sql", text)


def test_every_golden_file_has_its_pipeline() -> None:
    assert {path.stem for path in GOLDEN.glob("*.sql")} == {f"{case.values[0].stem}.{case.values[1]}" for case in CASES}


def test_plan_does_not_depend_on_the_process(tmp_path: Path) -> None:
    """Same input, same bytes: under other hash seeds, in other folders."""
    plans = set()
    for seed in ("0", "1", "42"):
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PROJECT)}
        command = [sys.executable, "-m", "engine", str(PIPELINES[-1]), "--dry-run"]
        plans.add(subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, check=True).stdout)
    assert len(plans) == 1
