"""Interval text and date parts: '3 hours, 35 minutes' -> a DuckDB interval; 'hrs' -> hour.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_interval_literals.html,
https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
"""

from __future__ import annotations

import re
from fractions import Fraction

from ...errors import WarehouseError

_PARTS = {
    "millennium": "millennia mil mils",
    "century": "centuries c cent cents",
    "decade": "decades dec decs",
    "epoch": "",
    "year": "years y yr yrs",
    "quarter": "quarters qtr qtrs",
    "month": "months mon mons",
    "week": "weeks w",
    "dayofweek": "dow dw weekday",
    "dayofyear": "doy dy yearday",
    "day": "days d",
    "hour": "hours h hr hrs",
    "minute": "minutes m min mins",
    "second": "seconds s sec secs",
    "millisecond": "milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon",
    "microsecond": "microseconds us usec usecs usecond useconds microsec microsecs",
    "timezone": "",
    "timezone_hour": "",
    "timezone_minute": "",
}
PARTS = {alias: part for part, aliases in _PARTS.items() for alias in (part, *aliases.split())}

_MICROSECONDS = {
    "microsecond": 1, "millisecond": 1000, "second": 10**6, "minute": 60 * 10**6, "hour": 3600 * 10**6,
    "day": 86400 * 10**6, "week": 7 * 86400 * 10**6,
}  # fmt: skip
_MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120, "century": 1200, "millennium": 12000}
_DAY = 86400 * 10**6
_PIECE = re.compile(r"([+-]?)\s*(?:(\d+):(\d+)(?::(\d+(?:\.\d+)?))?|(\d*\.?\d+)\s*([a-z]*))[\s,]*", re.IGNORECASE)


def date_part(text: str) -> str:
    """Return the date part that `text` names. Errors: WarehouseError 22023."""
    part = PARTS.get(text.lower())
    if part is None:
        raise WarehouseError(
            f'date part "{text}" is not known', sqlstate="22023", hint="such as year, month, day, hour"
        )
    return part


def interval_sql(text: str, fields: str = "") -> str:
    """Return the interval that `text` says, as a DuckDB constant.

    `fields` is what followed the literal: a number without a unit is in the last of them, in seconds where there
    is none. Errors: WarehouseError 22007.
    """
    months, microseconds = interval_amounts(text, *(_ends(fields) if fields else ("", "second")))
    months, microseconds = _kept(months, microseconds, fields.split()[-1].rstrip("s") if fields else "")
    days, microseconds = (
        divmod(abs(microseconds), _DAY)
        if microseconds >= 0
        else (
            -(abs(microseconds) // _DAY),
            -(abs(microseconds) % _DAY),
        )
    )
    return f"INTERVAL '{months} months {days} days {microseconds} microseconds'"


def _ends(fields: str) -> tuple[str, str]:
    words = [word.rstrip("s") for word in fields.split()]
    return words[0], words[-1]


_UNITS = {"day": _DAY, "hour": 3600 * 10**6, "minute": 60 * 10**6}


def _kept(months: int, microseconds: int, last: str) -> tuple[int, int]:
    """Cut what is smaller than the last field."""
    if last == "year":
        months = int(months / 12) * 12
    unit = _UNITS.get(last, 1)
    return months, int(Fraction(microseconds, unit)) * unit


def interval_amounts(text: str, first: str, unit: str) -> tuple[int, int]:
    """Return the interval as months and microseconds.

    `first` and `unit` are the first and the last field of the literal. A number without a unit is in the last one,
    or in the first one where more follows: '1 12' DAY TO HOUR; before a time it is days.
    """
    months, microseconds, position = Fraction(0), Fraction(0), 0
    text = text.strip().lower()
    if (between := re.fullmatch(r"([+-]?)(\d+)-(\d+)", text)) is not None:
        amount = int(between[2]) * 12 + int(between[3])
        return (-amount if between[1] == "-" else amount), 0
    back = text.endswith(" ago")
    text = text.removesuffix(" ago")
    while position < len(text):
        match = _PIECE.match(text, position)
        if match is None or match.end() == position:
            raise WarehouseError(f'invalid input syntax for type interval: "{text}"', sqlstate="22007")
        position = match.end()
        one = _piece(match, unit if position == len(text) else first or "day", text, minutes=first == "minute")
        months, microseconds = months + one[0], microseconds + one[1]
    sign = -1 if back else 1
    part_of_month = (months - int(months)) * 30 * _DAY
    return sign * int(months), sign * int(microseconds + part_of_month)


def _piece(match: re.Match[str], unit: str, text: str, *, minutes: bool = False) -> tuple[Fraction, Fraction]:
    sign = -1 if match[1] == "-" else 1
    if match[2] is not None and minutes and match[4] is None:
        return Fraction(0), sign * (int(match[2]) * 60 + int(match[3])) * Fraction(10**6)
    if match[2] is not None:
        seconds = int(match[2]) * 3600 + int(match[3]) * 60 + Fraction(match[4] or 0)
        return Fraction(0), sign * seconds * 10**6
    part = PARTS.get(match[6] or unit)
    amount = sign * Fraction(match[5])
    if part in _MONTHS:
        return amount * _MONTHS[part], Fraction(0)
    if part not in _MICROSECONDS:
        raise WarehouseError(f'invalid input syntax for type interval: "{text}"', sqlstate="22007")
    return Fraction(0), amount * _MICROSECONDS[part]
