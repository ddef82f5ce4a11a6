"""How a run stands beside the last ones: its time and rows, and those of each step."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from .history import Past, Record, Run
from .records import frozen

_LEAST_RUNS = 3
"""How many earlier runs it takes to know what is usual."""
_LONGER = 2.0
_LEAST_SECONDS = 1.0
"""What a step must take beyond the usual before it is told: short times differ for any reason."""
_FEWER = 0.5


@frozen
class Series:
    """A number in each of the runs, the oldest first and this run's last; None where there is none."""

    numbers: tuple[float | None, ...]

    @property
    def now(self) -> float | None:
        return self.numbers[-1] if self.numbers else None

    @property
    def earlier(self) -> tuple[float, ...]:
        return tuple(number for number in self.numbers[:-1] if number is not None)

    @property
    def usual(self) -> float | None:
        """The median of the earlier runs."""
        return median(self.earlier) if self.earlier else None


@frozen
class Compared:
    """Seconds and rows in the last runs, and what is remarkable about those of this one."""

    seconds: Series
    rows: Series

    @property
    def remarks(self) -> tuple[str, ...]:
        return tuple(said for said in (_longer(self.seconds), _fewer(self.rows)) if said)


def compared_step(past: Past, step: str) -> Compared:
    """Compare a step where it was done: what failed, was kept or skipped has no numbers."""
    records = [past.records.get((run.run, step)) for run in past.runs]
    done = [record if record and record.status == "done" else None for record in records]
    return Compared(Series(tuple(map(_seconds, done))), Series(tuple(map(_rows, done))))


def compared_run(past: Past) -> Compared:
    """Compare the run with those that were asked for the same and are done."""
    alike = [run for run in past.runs[:-1] if run.status == "done" and _asked(run) == _asked(past.runs[-1])]
    runs: Sequence[Run] = [*alike, *past.runs[-1:]]
    return Compared(Series(tuple(run.seconds for run in runs)), Series(tuple(run.rows for run in runs)))


def _asked(run: Run) -> tuple[object, ...]:
    return run.target, run.selection, run.full_refresh, bool(run.resumes)


def _seconds(record: Record | None) -> float | None:
    return record.seconds if record else None


def _rows(record: Record | None) -> int | None:
    return record.rows if record else None


def _longer(seconds: Series) -> str:
    now, usual = seconds.now, seconds.usual
    if now is None or usual is None or len(seconds.earlier) < _LEAST_RUNS:
        return ""
    if now < _LONGER * usual or now - usual < _LEAST_SECONDS:
        return ""
    return f"{now / usual:.1f} times as long as usual" if usual else "longer than usual"


def _fewer(rows: Series) -> str:
    now, usual = rows.now, rows.usual
    if now is None or not usual or len(rows.earlier) < _LEAST_RUNS or now >= _FEWER * usual:
        return ""
    return f"{100 * now / usual:.0f} % of the usual rows" if now else "no rows, which is not usual"
