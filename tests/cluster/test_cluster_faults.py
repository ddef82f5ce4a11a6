"""Faults at every statement of a run: it recovers, and nothing is lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from cloud import Fault as S3Fault
from lab import CLEAN, PROJECT, TABLES, TALLIED, StandIn

from engine.__main__ import _run
from engine.wire.faults import NONE, Fault, serializable_violation


def s3_answers_503(stand_in: StandIn) -> Fault:
    """The statement runs; the first object that it asks for is refused once."""
    stand_in.cloud.faults.append(S3Fault("^(GET|HEAD|PUT) /(udacity-dend|tally|lab-work)"))
    return NONE


KINDS: dict[str, Callable[[StandIn], Fault]] = {
    "killed before": lambda stand_in: Fault(kill_before=True),
    "killed after": lambda stand_in: Fault(kill_after=True),
    "1023": lambda stand_in: Fault(error=serializable_violation()),
    "S3 503": s3_answers_503,
}


def run_with_fault(stand_in: StandIn, pipeline: Path, at: int, kind: str) -> int:
    """Run it once; the statement `at` of all, counted from 1, goes wrong. Return the exit code."""
    numbers = count(1)
    stand_in.faults = lambda number, sql: KINDS[kind](stand_in) if next(numbers) == at else NONE
    code = _run([str(pipeline), "--target", "lab"])
    stand_in.faults = lambda number, sql: NONE
    stand_in.cloud.faults.clear()
    return code


@pytest.mark.parametrize("kind", KINDS)
def test_fault_at_every_statement_loses_nothing_and_doubles_nothing(
    stand_in: StandIn, tally: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([str(tally)]) == 0
    statements = [each.sql for each in stand_in.log]
    assert stand_in.rows("tally", TALLIED) == CLEAN
    assert len(statements) > 20
    for at, sql in enumerate(statements, start=1):
        stand_in.drop("tally", "etlrun")
        assert run_with_fault(stand_in, tally, at, kind) == 0, (at, sql, capsys.readouterr().err)
        assert stand_in.rows("tally", TALLIED) == CLEAN, (at, sql)


def test_faults_in_a_run_of_sparkify(
    stand_in: StandIn, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kinds of fault in turn, at every 13th statement; with --every-statement each kind at each statement."""
    pipeline = stand_in.pipeline("sparkify", tmp_path / "home")
    stand_in.upload(PROJECT / "pipelines" / "sparkify", "udacity-dend")
    assert _run([str(pipeline), "--target", "lab"]) == 0
    clean = stand_in.rows("sparkify", TABLES)
    places = range(1, len(stand_in.log) + 1)
    assert len(places) > 70
    faults = [(at, list(KINDS)[at % len(KINDS)]) for at in places[::13]]
    if request.config.getoption("--every-statement"):
        faults = [(at, kind) for at in places for kind in KINDS]
    for at, kind in faults:
        assert run_with_fault(stand_in, pipeline, at, kind) == 0, (at, kind, capsys.readouterr().err)
        assert stand_in.rows("sparkify", TABLES) == clean, (at, kind)


def test_s3_that_goes_on_refusing_fails_clearly_and_the_next_run_mends_it(
    stand_in: StandIn, tally: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    stand_in.cloud.faults.append(S3Fault("^GET /tally/raw/1.json", times=1_000))
    assert _run([str(tally)]) == 1
    said = capsys.readouterr().err
    assert "s3://tally/raw/1.json" in said
    assert "SlowDown" in said
    stand_in.cloud.faults.clear()
    assert _run([str(tally)]) == 0
    assert stand_in.rows("tally", TALLIED) == CLEAN
