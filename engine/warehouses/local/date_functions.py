"""DATEADD, DATEDIFF, EXTRACT, DATE_TRUNC, TO_CHAR, TO_DATE and the like.

Source: https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
"""

from __future__ import annotations

from collections.abc import Callable

from ...datatypes import DataType
from ...errors import WarehouseError
from . import syntax as s
from .casts import as_parameter, as_text, cast, implicit
from .formats import date_of_text, number_of_text, text_of_number, text_of_time
from .intervals import date_part
from .scope import Scope
from .value_functions import Translate, arguments_of, wrong_arguments
from .values import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    SUPER,
    TIMESTAMP,
    TIMESTAMPTZ,
    UNKNOWN,
    Typed,
    category,
    decimal,
    varchar,
)


def _part(node: s.Call) -> str:
    if not node.arguments:
        raise wrong_arguments(node, [])
    first = node.arguments[0]
    if isinstance(first, s.Text):
        return date_part(first.value)
    if isinstance(first, s.Name) and len(first.parts) == 1 and isinstance(first.parts[0], str):
        return date_part(first.parts[0])
    raise WarehouseError(f"{node.name}: the date part is a word, such as day", sqlstate="22023")


def _rest(node: s.Call, scope: Scope, translate: Translate, count: int) -> list[Typed]:
    """Translate what follows the date part."""
    return arguments_of(s.Call(node.name, node.arguments[1:], over=node.over), scope, translate, count)


_IS_TIME = ("date", "timestamp", "timestamptz", "time", "timetz")


def _moment(node: s.Call, value: Typed) -> Typed:
    """Return the value as a date or time; a constant is a timestamp."""
    if value.type in (UNKNOWN, SUPER):
        return cast(value, TIMESTAMP)
    if value.type.is_text:
        return cast(value, TIMESTAMP)
    if category(value.type) not in _IS_TIME:
        raise wrong_arguments(node, [value])
    return value


def _in_utc(value: Typed) -> Typed:
    return Typed(f"timezone('UTC', {value.sql})", value.type) if category(value.type) == "timetz" else value


_EXTRACT = {
    "millennium": "millennium({})", "century": "century({})", "decade": "(year({}) // 10 + 1)",
    "epoch": "floor(epoch({}))", "year": "year({})", "quarter": "quarter({})", "month": "month({})",
    "week": "week({})", "dayofweek": "dayofweek({})", "dayofyear": "dayofyear({})", "day": "day({})",
    "hour": "hour({})", "minute": "minute({})", "second": "second({})",
    "millisecond": "(millisecond({}) % 1000)", "microsecond": "(microsecond({}) % 1000000)",
    "timezone": "0 * hour({})", "timezone_hour": "0 * hour({})", "timezone_minute": "0 * hour({})",
}  # fmt: skip
_DATE_PART = {**_EXTRACT, "epoch": "epoch({})", "second": "(second({0}) + (microsecond({0}) % 1000000) / 1e6)"}


def _extract(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """EXTRACT gives whole numbers; of a TIMESTAMPTZ as DOUBLE PRECISION."""
    part, (value,) = _part(node), _rest(node, scope, translate, 1)
    value = value if category(value.type) == "interval" else _moment(node, value)
    _check_part(part, value, node)
    if part.startswith("timezone") and category(value.type) == "timetz":
        return Typed(f"CAST({part}({value.sql}) AS INTEGER)", INTEGER, "date_part")
    if value.type == TIMESTAMPTZ:
        return Typed(f"CAST({_EXTRACT[part].format(value.sql)} AS DOUBLE)", DOUBLE, "date_part")
    return Typed(
        f"CAST({_EXTRACT[part].format(value.sql)} AS {'BIGINT' if part == 'epoch' else 'INTEGER'})",
        BIGINT if part == "epoch" else INTEGER,
        "date_part",
    )


def _date_part(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """DATE_PART gives DOUBLE PRECISION, seconds with their fraction (an assumption for seconds)."""
    part, (value,) = _part(node), _rest(node, scope, translate, 1)
    value = value if category(value.type) == "interval" else _moment(node, value)
    _check_part(part, value, node)
    return Typed(f"CAST({_DATE_PART[part].format(value.sql)} AS DOUBLE)", DOUBLE, "pgdate_part")


_OF_TIME = ("hour", "minute", "second", "millisecond", "microsecond", "epoch", "timezone", "timezone_hour",
            "timezone_minute")  # fmt: skip


_OF_CALENDAR = ("week", "dayofweek", "dayofyear", "timezone", "timezone_hour", "timezone_minute")


def _check_part(part: str, value: Typed, node: s.Call) -> None:
    kind = category(value.type)
    if (kind in ("time", "timetz") and part not in _OF_TIME) or (kind == "interval" and part in _OF_CALENDAR):
        raise WarehouseError(f'"{value.type.name}" units "{part}" not supported', sqlstate="0A000")


def _dateadd(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """A date becomes a timestamp; months keep to the end of a shorter month; 29 February plus years is 1 March."""
    part, (amount, value) = _part(node), _rest(node, scope, translate, 2)
    moment = _moment(node, value)
    count = as_parameter("int", amount) if amount.type == UNKNOWN else cast(amount, BIGINT).sql
    if category(moment.type) in ("time", "timetz"):
        moment = _in_utc(moment)
        return Typed(f"({moment.sql} + {_span(part, count)})", moment.type, "date_add")
    type_ = TIMESTAMP if moment.type == DATE else moment.type
    base = implicit(moment, type_)
    if part in ("year", "decade", "century", "millennium"):
        years = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}[part]
        return Typed(f"rs_add_years({base}, {count} * {years})", type_, "date_add")
    return Typed(f"({base} + {_span(part, count)})", type_, "date_add")


def _span(part: str, count: str) -> str:
    if part in ("month", "quarter"):
        return f"to_months(CAST({count} * {1 if part == 'month' else 3} AS INTEGER))"
    if part in ("day", "week", "dayofweek", "dayofyear"):
        return f"to_days(CAST({count} * {7 if part == 'week' else 1} AS INTEGER))"
    microseconds = {
        "hour": 3600000000, "minute": 60000000, "second": 1000000, "epoch": 1000000, "millisecond": 1000,
        "microsecond": 1,
    }.get(part)  # fmt: skip
    if microseconds is None:
        raise WarehouseError(f"date part {part} is not for DATEADD", sqlstate="22023")
    return f"to_microseconds({count} * {microseconds})"


def _datediff(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """Count the boundaries between two moments; weeks begin on Monday, as in DATE_TRUNC (an assumption)."""
    part, (first, second) = _part(node), _rest(node, scope, translate, 2)
    for one, other in ((first, second), (second, first)):
        if one.type == UNKNOWN and category(other.type) in ("time", "timetz"):
            first, second = (cast(v, other.type) if v is one else v for v in (first, second))
    values = [_moment(node, first), _moment(node, second)]
    kinds = {category(value.type) for value in values}
    unit = {"dayofweek": "day", "dayofyear": "day", "epoch": "second"}.get(part, part)
    if unit.startswith("timezone"):
        raise WarehouseError(f"date part {part} is not for DATEDIFF", sqlstate="22023")
    if kinds <= {"time", "timetz"}:
        for value in values:
            _check_part(unit, value, node)
        return Typed(
            f"date_diff('{unit}', CAST({_in_utc(values[0]).sql} AS TIME), CAST({_in_utc(values[1]).sql} AS TIME))",
            BIGINT,
            "date_diff",
        )
    if kinds & {"time", "timetz"}:
        raise wrong_arguments(node, values)
    target = DATE if kinds == {"date"} else TIMESTAMP
    texts = [value.sql if value.type == target else f"CAST({value.sql} AS {target.name})" for value in values]
    if unit in _LONG:
        return Typed(f"({unit}({texts[1]}) - {unit}({texts[0]}))", BIGINT, "date_diff")
    return Typed(f"date_diff('{unit}', {texts[0]}, {texts[1]})", BIGINT, "date_diff")


def _date_trunc(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    part, (value,) = _part(node), _rest(node, scope, translate, 1)
    moment = _moment(node, value)
    type_ = TIMESTAMPTZ if moment.type == TIMESTAMPTZ else TIMESTAMP
    if category(moment.type) in ("time", "timetz"):
        raise wrong_arguments(node, [moment])
    if part in ("dayofweek", "dayofyear", "epoch") or part.startswith("timezone"):
        raise WarehouseError(f"date part {part} is not for DATE_TRUNC", sqlstate="22023")
    if part in _LONG:
        return _truncated_to_first_year(part, moment, type_)
    return Typed(f"date_trunc('{part}', {implicit(moment, type_)})", type_)


_LONG = {"century": 100, "millennium": 1000}


def _truncated_to_first_year(part: str, moment: Typed, type_: DataType) -> Typed:
    """A century begins with its year 1, not with its year 0."""
    years = _LONG[part]
    first = f"CAST(make_date(CAST(({part}({moment.sql}) - 1) * {years} + 1 AS BIGINT), 1, 1) AS TIMESTAMP)"
    return Typed(f"timezone('UTC', {first})" if type_ == TIMESTAMPTZ else first, type_)


def _to_char(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    value, pattern = arguments_of(node, scope, translate, 2)
    if pattern.constant is None:
        raise WarehouseError("not supported locally: TO_CHAR with a format that is not a constant", sqlstate="0A000")
    if category(value.type) in ("int", "decimal", "float"):
        text = text_of_number(value, pattern.constant)
        return Typed(
            f"(CASE WHEN {value.sql} IS NOT NULL THEN {text} END)", varchar(len(pattern.constant) + 8), "to_char"
        )
    moment = _moment(node, value)
    if category(moment.type) in ("time", "timetz"):
        moment = Typed(f"(DATE '2000-01-01' + CAST({moment.sql} AS TIME))", TIMESTAMP)
    return Typed(text_of_time(moment.sql, pattern.constant), varchar(256), "to_char")


def _to_date(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 2, 3)
    strict = len(values) == 3 and values[2].sql.upper() == "TRUE"
    return Typed(f"CAST({_read(values, strict)} AS DATE)", DATE)


def _to_timestamp(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 2, 3)
    strict = len(values) == 3 and values[2].sql.upper() == "TRUE"
    return Typed(f"timezone('UTC', {_read(values, strict)})", TIMESTAMPTZ)


def _read(values: list[Typed], strict: bool) -> str:
    if values[1].constant is None:
        raise WarehouseError("not supported locally: TO_DATE with a format that is not a constant", sqlstate="0A000")
    return date_of_text(as_text(values[0]), values[1].constant, strict)


def _to_number(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    text, pattern = arguments_of(node, scope, translate, 2)
    if pattern.constant is None:
        raise WarehouseError("not supported locally: TO_NUMBER with a format that is not a constant", sqlstate="0A000")
    sql, precision, scale = number_of_text(as_text(text), pattern.constant)
    return Typed(sql, decimal(precision, scale))


def _timezone(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """AT TIME ZONE: a timestamp becomes one with time zone, and the other way round."""
    zone, value = arguments_of(node, scope, translate, 2)
    moment = _moment(node, value)
    if category(moment.type) in ("time", "timetz"):
        raise wrong_arguments(node, [zone, moment])
    to = TIMESTAMP if moment.type == TIMESTAMPTZ else TIMESTAMPTZ
    if moment.type == DATE:
        moment = cast(moment, TIMESTAMP)
    return Typed(f"timezone(rs_zone({as_text(zone)}), {moment.sql})", to)


FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    "extract": _extract, "date_part": _date_part, "pgdate_part": _date_part, "dateadd": _dateadd,
    "date_add": _dateadd, "datediff": _datediff, "date_diff": _datediff, "date_trunc": _date_trunc,
    "to_char": _to_char, "to_date": _to_date, "to_timestamp": _to_timestamp, "to_number": _to_number,
    "timezone": _timezone,
}  # fmt: skip
