"""How a COPY reads dates and times: DATEFORMAT and TIMEFORMAT as DuckDB expressions.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
_ZONE = r"(Z|z| ?[A-Za-z]{3,4}| ?[+-][0-9]{1,2}(:?[0-9]{2})?)"

# Longest first: HH24 before HH. HH is the 24-hour clock here, unlike in TO_CHAR.
_TOKENS = {
    "YYYY": "%Y", "YY": "%y", "MON": "%b", "MM": "%m", "DD": "%d", "HH24": "%H", "HH12": "%I", "HH": "%H",
    "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p", "OF": "%z",
}  # fmt: skip
_TOKEN = re.compile("|".join(sorted(_TOKENS, key=len, reverse=True)), re.IGNORECASE)


def date_value(format_: str | None, raw: str) -> str:
    """Return the DATE of `raw`; NULL where it does not fit `format_`, which is YYYY-MM-DD unless given."""
    if format_ is None:
        return rf"CASE WHEN regexp_full_match({raw}, '\s*{_DATE}([ T]+{_CLOCK})?\s*') THEN TRY_CAST({raw} AS DATE) END"
    if format_ == "auto":
        return f"CAST({_automatic(raw)} AS DATE)"
    return f"CAST({_parsed(format_, raw)} AS DATE)"


def timestamp_value(format_: str | None, raw: str, *, zoned: bool) -> str:
    """Return the TIMESTAMP of `raw`, or the TIMESTAMPTZ if `zoned`; NULL where it does not fit `format_`."""
    if format_ in ("epochsecs", "epochmillisecs"):
        instant = _epoch(raw, 1_000_000 if format_ == "epochsecs" else 1000)
        return f"{instant} AT TIME ZONE 'UTC'" if zoned else instant
    if format_ is None:
        zone = f"{_ZONE}?" if zoned else ""
        fits = rf"regexp_full_match({raw}, '\s*{_DATE}( +{_CLOCK}{zone})?\s*')"
        return f"CASE WHEN {fits} THEN TRY_CAST({raw} AS {_type(zoned)}) END"
    if format_ == "auto":
        return _automatic_zoned(raw) if zoned else _automatic(raw)
    return f"CAST({_parsed(format_, raw)} AS {_type(zoned)})"


def time_value(raw: str, *, zoned: bool) -> str:
    """Return the TIME, or TIMETZ, of `raw`."""
    return f"TRY_CAST({raw} AS {'TIMETZ' if zoned else 'TIME'})"


def _type(zoned: bool) -> str:
    return "TIMESTAMPTZ" if zoned else "TIMESTAMP"


def _epoch(raw: str, micros: int) -> str:
    limit = 9_000_000_000_000_000_000 // micros
    number = rf"TRY_CAST(regexp_replace({raw}, '\.0*$', '') AS BIGINT)"
    whole = rf"regexp_full_match({raw}, '\s*[+-]?[0-9]+(\.0*)?\s*')"
    return f"CASE WHEN {whole} AND {number} BETWEEN -{limit} AND {limit} THEN make_timestamp({number} * {micros}) END"


def _automatic(raw: str) -> str:
    """What 'auto' takes for a TIMESTAMP: a time zone is read and does not count."""
    bare = (
        rf"regexp_replace(regexp_replace(trim({raw}), '(:[0-9]{{2}}(\.[0-9]+)?){_ZONE}$', '\1'), "
        "'([0-9]) +[A-Za-z]{3,4}$', '\\1')"
    )
    iso = rf"regexp_full_match({bare}, '{_DATE}([ T]+[0-9]{{1,2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]+)?)?)?')"
    return f"CASE WHEN {iso} THEN TRY_CAST({bare} AS TIMESTAMP) ELSE {_tried(bare, _AUTO_FORMATS)} END"


def _automatic_zoned(raw: str) -> str:
    """What 'auto' takes for a TIMESTAMPTZ: forms that DuckDB does not know only without a time zone."""
    zone = rf"regexp_matches({raw}, ':[0-9]{{2}}(\.[0-9]+)?{_ZONE}\s*$')"
    other = f"CASE WHEN NOT {zone} THEN CAST({_automatic(raw)} AS TIMESTAMPTZ) END"
    # DuckDB takes 1/5/24 for a day of the year 1.
    iso = rf"CASE WHEN regexp_matches({raw}, '^\s*[0-9]{{4}}') THEN TRY_CAST({raw} AS TIMESTAMPTZ) END"
    return f"CASE WHEN regexp_matches({raw}, '[0-9]') THEN coalesce({iso}, {other}) END"


_DATES = ("%Y%m%d", "%y%m%d", "%m/%d/%Y", "%Y/%m/%d", "%m.%d.%Y", "%m-%d-%Y", "%b-%d-%y", "%d %b %Y", "%d-%b-%Y")
_CLOCKS = ("", " %H:%M:%S", " %H:%M:%S.%f", " %H:%M", " %H%M%S")
_AUTO_FORMATS = (*(date + clock for date in _DATES for clock in _CLOCKS), "%d %b %H:%M:%S %Y", "%Y.%j")


def _parsed(format_: str, raw: str) -> str:
    pattern = _TOKEN.sub(lambda match: _TOKENS[match[0].upper()], format_.replace("%", "%%")).replace("'", "''")
    patterns = [pattern, pattern.replace("%b", "%B")] if "%b" in pattern else [pattern]
    if "%S" in pattern:
        patterns += [each.replace("%S", "%S.%f") for each in patterns]
    return _tried(f"trim({raw})", patterns)


def _tried(text: str, patterns: Iterable[str]) -> str:
    """Try one pattern after the other. A text without digits is left out: DuckDB takes 'infinity' for a time."""
    listed = ", ".join(f"'{each}'" for each in patterns)
    return f"CASE WHEN regexp_matches({text}, '[0-9]') THEN try_strptime({text}, [{listed}]) END"
