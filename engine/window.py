"""A time in slices: how a pipeline declares it, and the variables that a slice gives their values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from .model import Window
from .places import At, did_you_mean
from .records import frozen

MOST_SLICES = 10_000
_DAY = timedelta(days=1)
_BEGINS = {
    "hour": "with the hour", "day": "with the day", "week": "on Monday", "month": "on the first of the month",
}  # fmt: skip
_FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


@frozen
class Slice:
    """A part of a time, as SQL writes it: from `begin` on, up to and without `end`."""

    begin: str
    end: str

    def __str__(self) -> str:
        return f"{self.begin} to {self.end}"


def declared_window(
    at: At, spec: Mapping[str, Any], variables: Collection[str], lost: Collection[str]
) -> Window:  # fmt: skip
    """Return the window that a pipeline declares; it names two of its variables."""
    for bound in ("from", "to"):
        if spec[bound] not in {*variables, *lost}:
            hint = did_you_mean(spec[bound], variables, "vars are") or "declare it under vars:"
            (at / bound).problem(f"the window's '{bound}' names no variable: '{spec[bound]}'", hint)
    if spec["from"] == spec["to"] and spec["to"] in variables:
        (at / "to").problem(f"the window begins and ends with '{spec['to']}'", "name another variable for its end")
    return Window(spec["from"], spec["to"], spec["every"])


def moment(text: str) -> datetime:
    """Return the time that a text names, a day being its first moment. Errors: ValueError."""
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    raise ValueError(f"'{text}' is no time: write a day, 2018-11-01, or a time without a zone, 2018-11-01T06:00")


def slices(window: Window, begin: datetime, end: datetime) -> tuple[Slice, ...]:
    """Return the slices from `begin` up to and without `end`. Errors: ValueError, in words, where there are none."""
    for option, bound in (("--from", begin), ("--to", end)):
        floor = _floor(bound, window.every)
        if floor != bound:
            said = f"{option} {bound} lies within a slice"
            raise ValueError(f"{said}: they begin {_BEGINS[window.every]}, {_text(floor, window)}")
    if end <= begin:
        raise ValueError(
            f"--to {_text(end, window)} is not after --from {_text(begin, window)}: "
            f"it is the first {window.every} that is left out"
        )
    found: list[Slice] = []
    for start, following in _pairs(begin, end, window.every):
        if len(found) == MOST_SLICES:
            raise ValueError(f"more than {MOST_SLICES:,} slices of one {window.every} each: give a part of that time")
        found.append(Slice(_text(start, window), _text(following, window)))
    return tuple(found)


def bound(window: Window, piece: Slice) -> dict[str, str]:
    """Return the values of the window's variables for a slice."""
    return {window.begin: piece.begin, window.end: piece.end}


def slice_of(window: Window, variables: Mapping[str, Any]) -> Slice | None:
    """Return the slice that a run was of, by its variables; None where it had none."""
    values = [variables.get(name) for name in (window.begin, window.end)]
    begin, end = values
    return Slice(begin, end) if isinstance(begin, str) and isinstance(end, str) else None


def _pairs(begin: datetime, end: datetime, every: str) -> Iterator[tuple[datetime, datetime]]:
    while begin < end:
        following = _next(begin, every)
        yield begin, following
        begin = following


def _floor(time: datetime, every: str) -> datetime:
    """Return the begin of the slice that a time is in."""
    if every == "hour":
        return time.replace(minute=0, second=0)
    day = time.replace(hour=0, minute=0, second=0)
    if every == "week":
        return day - _DAY * day.weekday()
    return day.replace(day=1) if every == "month" else day


def _next(time: datetime, every: str) -> datetime:
    if every == "month":
        return time.replace(year=time.year + time.month // 12, month=time.month % 12 + 1)
    return time + {"hour": timedelta(hours=1), "day": _DAY, "week": 7 * _DAY}[every]


def _text(time: datetime, window: Window) -> str:
    # Of one window always in the same form: that of a slice is how it is known again.
    return time.isoformat(" ") if window.every == "hour" else time.date().isoformat()
