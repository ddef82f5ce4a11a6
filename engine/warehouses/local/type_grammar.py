"""Redshift's data types in a statement: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from __future__ import annotations

from ...datatypes import DataType, UnknownType, parse_type
from ...errors import WarehouseError
from .tokens import Reader

_FIELDS = frozenset(
    [
        "year",
        "years",
        "month",
        "months",
        "day",
        "days",
        "hour",
        "hours",
        "minute",
        "minutes",
        "second",
        "seconds",
        "week",
        "weeks",
    ]
)


def interval_fields(reader: Reader) -> str:
    """Read what follows an interval: DAY, DAY TO SECOND (3), or nothing."""
    if not reader.at_any(_FIELDS):
        return ""
    first = reader.advance().value
    if reader.token.kind == "op" and reader.token.value == "(":
        _precision(reader)
    if not reader.take("to"):
        return first
    last = reader.advance().value
    if reader.at_op("("):
        _precision(reader)
    return f"{first} to {last}"


def _precision(reader: Reader) -> None:
    """Read the digits of a second's fraction: there are always six."""
    reader.expect_op("(")
    reader.integer()
    reader.expect_op(")")


_SECOND_WORDS = {"double": ("precision",), "character": ("varying",), "binary": ("varying",), "interval": ()}


def parse_data_type(reader: Reader) -> DataType:
    """Read a data type. Errors: 42704 where it names none."""
    start = reader.token
    if start.kind not in ("word", "name"):
        raise reader.error("expected a data type")
    text = reader.advance().value
    for word in _SECOND_WORDS.get(text, ()):
        text += f" {word}" if reader.take(word) else ""
    if text == "interval":
        text += f" {interval_fields(reader)}" if reader.at_any(_FIELDS) else " day to second"
    if reader.at_op("(") and text not in ("timestamp", "time", "timestamptz", "timetz"):
        text += _type_arguments(reader)
    elif reader.at_op("("):
        _precision(reader)
    for zone in ("with", "without"):
        if text in ("timestamp", "time") and reader.take(zone, "time", "zone"):
            text += f" {zone} time zone"
    if (reader.at_op("[") and reader.look().value in ("]",)) or (
        reader.at_op("[") and reader.look(2).value == "]" and reader.look().kind == "number"
    ):
        raise WarehouseError("arrays are not supported by Redshift", sqlstate="0A000", hint="use SUPER")
    try:
        return parse_type(_INTERVALS.get(text, text))
    except UnknownType as problem:
        known = problem.args[0].endswith("is not a Redshift type")
        message = f'type "{text}" does not exist' if known else problem.args[0]
        raise WarehouseError(message, sqlstate="42704" if known else "22023", hint=problem.hint) from None


_INTERVALS = {
    f"interval {fields}": "interval year to month" if fields[0] in "ym" and fields[:3] != "min" else
    "interval day to second"
    for fields in (
        "year", "month", "year to month", "day", "hour", "minute", "second", "day to hour", "day to minute",
        "day to second", "hour to minute", "hour to second", "minute to second",
    )
}  # fmt: skip


def _type_arguments(reader: Reader) -> str:
    reader.expect_op("(")
    arguments = []
    while not reader.take_op(")"):
        if reader.token.kind not in ("number", "word", "op"):
            raise reader.error("expected a length")
        arguments.append(reader.advance().value)
        if len(arguments) > 8:
            raise reader.error()
    return f"({''.join(arguments)})"
