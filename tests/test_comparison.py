"""A run beside the last ones: what is usual, and what is remarkable."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.comparison import compared_run, compared_step
from engine.history import Past, Record, Run

RUN = Run("r", "done", "", "", "me", "1", "local", (), False, {}, "", 10, 1, 0, 0, 0, 100)
RECORD = Record("r", "a", "done", "", "", "", 100, 0, 2.0, "", "", "")


def past(*numbers: tuple[str, float, int]) -> Past:
    """Return runs with one step: its status, seconds and rows in each, the last one's last."""
    runs = tuple(replace(RUN, run=f"r{at}") for at in range(len(numbers)))
    records = {
        (f"r{at}", "a"): replace(RECORD, run=f"r{at}", status=status, seconds=seconds, rows=rows)
        for at, (status, seconds, rows) in enumerate(numbers)
    }
    return Past(runs, records)


BEFORE = (("done", 2.0, 100), ("done", 4.0, 100), ("failed", 90.0, 0), ("done", 2.2, 120))


@pytest.mark.parametrize(
    ("seconds", "rows", "remarks"),
    [
        (2.1, 100, ()),
        (4.3, 51, ()),
        (4.5, 100, ("2.0 times as long as usual",)),
        (22.0, 49, ("10.0 times as long as usual", "49 % of the usual rows")),
        (2.2, 0, ("no rows, which is not usual",)),
    ],
)
def test_step_is_remarkable_where_it_took_longer_or_gave_fewer_rows(
    seconds: float, rows: int, remarks: tuple[str, ...]
) -> None:
    compared = compared_step(past(*BEFORE, ("done", seconds, rows)), "a")
    assert compared.seconds.usual == 2.2
    assert compared.seconds.numbers == (2.0, 4.0, None, 2.2, seconds)
    assert compared.remarks == remarks


@pytest.mark.parametrize(
    "numbers",
    [
        (("done", 2.0, 100), ("done", 2.0, 100), ("done", 50.0, 1)),  # two runs do not tell what is usual
        (*BEFORE, ("failed", 50.0, 1)),
        (*((status, seconds / 100, rows) for status, seconds, rows in BEFORE), ("done", 0.9, 100)),
        (),
    ],
)
def test_nothing_is_remarkable_where_little_is_known(numbers: tuple[tuple[str, float, int], ...]) -> None:
    assert compared_step(past(*numbers), "a").remarks == ()


def test_step_that_no_earlier_run_had_is_compared_with_nothing() -> None:
    compared = compared_step(past(*BEFORE, ("done", 1.0, 1)), "new")
    assert (compared.seconds.now, compared.seconds.usual, compared.remarks) == (None, None, ())


@pytest.mark.parametrize(
    "other", [{"selection": ("a",)}, {"full_refresh": True}, {"resumes": "r"}, {"status": "failed"}, {"target": "aws"}]
)
def test_run_is_compared_with_runs_that_were_asked_for_the_same(other: dict[str, object]) -> None:
    before = [RUN] * 3 + [replace(RUN, seconds=1000, rows=9, **other)] * 5  # type: ignore[arg-type]
    compared = compared_run(Past((*before, replace(RUN, seconds=31, rows=40)), {}))
    assert compared.seconds.numbers == (10, 10, 10, 31)
    assert compared.remarks == ("3.1 times as long as usual", "40 % of the usual rows")


def test_run_without_a_ledger_is_compared_with_nothing() -> None:
    assert compared_run(Past((), {})).remarks == ()
