"""A time in slices: on their grid, without a gap, half-open; and the dry run of each."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.__main__ import _run
from engine.model import Window
from engine.window import Slice, bound, moment, slice_of, slices

EVERY = ("hour", "day", "week", "month")


def window(every: Any = "day") -> Window:
    return Window("since", "until", every)


def cut(every: str, begin: str, end: str) -> list[str]:
    return [str(piece) for piece in slices(window(every), moment(begin), moment(end))]


@pytest.mark.parametrize(
    ("every", "begin", "end", "expected"),
    [
        ("day", "2018-02-28", "2018-03-02", ["2018-02-28 to 2018-03-01", "2018-03-01 to 2018-03-02"]),
        ("month", "2018-12-01", "2019-02-01", ["2018-12-01 to 2019-01-01", "2019-01-01 to 2019-02-01"]),
        ("week", "2018-10-29", "2018-11-12", ["2018-10-29 to 2018-11-05", "2018-11-05 to 2018-11-12"]),
        ("hour", "2018-11-01T23:00", "2018-11-02 01:00:00",
         ["2018-11-01 23:00:00 to 2018-11-02 00:00:00", "2018-11-02 00:00:00 to 2018-11-02 01:00:00"]),
        ("month", "9999-11-01", "9999-12-01", ["9999-11-01 to 9999-12-01"]),
        ("week", "0001-01-01", "0001-01-08", ["0001-01-01 to 0001-01-08"]),
    ],
)  # fmt: skip
def test_slices(every: str, begin: str, end: str, expected: list[str]) -> None:
    assert cut(every, begin, end) == expected


@pytest.mark.parametrize(
    ("every", "begin", "end", "said"),
    [
        ("day", "2018-11-01", "2018-11-01", "--to 2018-11-01 is not after --from 2018-11-01: it is the first day"),
        ("day", "2018-11-02", "2018-11-01", "is not after"),
        ("day", "2018-11-01T06:00", "2018-11-02", "they begin with the day, 2018-11-01"),
        ("week", "2018-11-01", "2018-11-05", "--from 2018-11-01 00:00:00 lies within a slice: they begin on Monday"),
        ("week", "2018-10-29", "2018-11-06", "they begin on Monday, 2018-11-05"),
        ("month", "2018-11-01", "2018-11-30", "--to 2018-11-30 00:00:00 lies within a slice"),
        ("hour", "2018-11-01T06:30", "2018-11-02", "they begin with the hour, 2018-11-01 06:00:00"),
        ("day", "0018-11-01", "2018-11-01", "more than 10,000 slices of one day each"),
    ],
)  # fmt: skip
def test_no_slices(every: str, begin: str, end: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        cut(every, begin, end)


@pytest.mark.parametrize("text", ["2018-13-01", "today", "2018-11-01T00:00Z", "20181101", "2018-11-01 24:00", ""])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: write a day"):
        moment(text)


@given(
    st.sampled_from(EVERY),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.integers(1, 2_000),
)
def test_slices_follow_each_other_and_begin_on_their_grid(every: str, near: datetime, hours: int) -> None:
    """Whatever lies on the grid is cut without a gap, and cut again in two parts it gives the same slices."""
    begin, end = _on_grid(every, near), _on_grid(every, near + timedelta(hours=hours))
    if begin == end:
        return
    found = slices(window(every), begin, end)
    assert moment(found[0].begin) == begin
    assert moment(found[-1].end) == end
    assert all(one.end == other.begin for one, other in pairwise(found))
    assert all(_on_grid(every, moment(piece.begin)) == moment(piece.begin) < moment(piece.end) for piece in found)
    middle = moment(found[len(found) // 2].begin)
    if begin < middle:
        assert found == (*slices(window(every), begin, middle), *slices(window(every), middle, end))


def _on_grid(every: str, time: datetime) -> datetime:
    """Return the begin of the slice, found by going back hour by hour."""
    begins = {
        "hour": lambda at: True,
        "day": lambda at: at.hour == 0,
        "week": lambda at: at.hour == at.weekday() == 0,
        "month": lambda at: at.hour == 0 and at.day == 1,
    }
    time = time.replace(minute=0, second=0, microsecond=0)
    while not begins[every](time):
        time -= timedelta(hours=1)
    return time


def test_slice_of_a_run_is_known_by_its_variables() -> None:
    piece = Slice("2018-11-01", "2018-11-02")
    assert slice_of(window(), {"other": 1, **bound(window(), piece)}) == piece
    assert slice_of(window(), {"since": "2018-11-01"}) is None
    assert slice_of(window(), {"since": 2018, "until": "2018-11-02"}) is None


# --- the command line ------------------------------------------------------------------------------------------------

VISITS = """\
version: 1
name: p
targets: {local: {warehouse: local}}
schema: dw
vars: {since: "2018-11-01", until: "2018-11-02"}
window: {from: since, to: until, every: day}
tables:
  t:
    columns: {id: {type: integer}, at: {type: timestamp}}
    load:
      strategy: delete_insert
      range: {column: at, from: "{{ vars.since }}", to: "{{ vars.until }}"}
      sql: SELECT id, at FROM feed.batch
"""


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(VISITS, encoding="utf-8")
    return path


def test_dry_run_has_the_sql_of_each_slice(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = [str(visits), "--from", "2018-11-01", "--to", "2018-11-04", "--dry-run"]
    assert _run(command) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("-- slice")] == [
        "-- slice 1 of 3, 2018-11-01 to 2018-11-02",
        "-- slice 2 of 3, 2018-11-02 to 2018-11-03",
        "-- slice 3 of 3, 2018-11-03 to 2018-11-04",
    ]
    assert said.count("DELETE FROM dw.t\nWHERE") == 3
    assert "DELETE FROM dw.t\nWHERE at >= '2018-11-03' AND at < '2018-11-04';" in said
    assert '{"since": "2018-11-03", "until": "2018-11-04"}' in said
    assert not (visits.parent / ".etlrun" / "p.duckdb").exists()
    assert _run(command) == 0
    assert capsys.readouterr().out == said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", "2018-11-01"], "--from and --to go together"),
        (["--to", "2018-11-01"], "--from and --to go together"),
        (["--from", "yesterday", "--to", "2018-11-01"], "'yesterday' is no time"),
        (["--from", "2018-11-02", "--to", "2018-11-01"], "--to 2018-11-01 is not after --from 2018-11-02"),
        (["--from", "2018-11-01", "--to", "2018-11-03", "--var", "since=x"], "--var since is given by --from and --to"),
        (["--from", "2018-11-01", "--to", "2018-11-03", "--full-refresh"], "--from '2018-11-01' --to '2018-11-02'"),
        (["--from", "2018-11-01", "--to", "2018-11-03", "--select", "changed"], "'changed' does not go with --from"),
        (["--from", "2018-11-01", "--to", "2018-11-03", "--report", "r.html"], "--report is of one run"),
        (["--from", "2018-11-01", "--to", "2018-11-03", "--plan", "p.json"], "--plan is of one run"),
    ],
)
def test_what_does_not_go_with_a_time_is_wrong_usage(
    visits: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([str(visits), *options]) == 2
    assert said in capsys.readouterr().err
    assert not (visits.parent / ".etlrun" / "p.duckdb").exists()


def test_pipeline_without_a_window_is_told_how_to_declare_one(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    visits.write_text(VISITS.replace("window:", "x-window:"), encoding="utf-8")
    assert _run([str(visits), "--from", "2018-11-01", "--to", "2018-11-02", "--dry-run"]) == 2
    said = capsys.readouterr().err
    assert "'p' declares no window" in said
    assert "window: {from: since, to: until, every: day}" in said
