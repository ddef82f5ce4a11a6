"""DuckDB's errors -> Redshift's words and SQLSTATEs."""

from __future__ import annotations

import re

import duckdb

from ...errors import WarehouseError, WarehouseUnreachable

_OWN = re.compile(r"(?:Invalid Input Error: )?([0-9A-Z]{5})\|(.*)", re.DOTALL)
_TABLE: tuple[tuple[str, str, str], ...] = (
    (r"NOT NULL constraint failed: (?:\w+\.)*(\w+)", "23502", "Cannot insert a NULL value into column {0}"),
    (r"Argument for ntile must be greater than zero", "22014", "argument of ntile must be greater than zero"),
    (r"SELECT clause without selection list", "42601", "SELECT has no column: EXCLUDE leaves none"),
    (r"(?:Table|View|Column) with name \"(.*?)\" already exists", "0A000",
     'not supported locally: two names that differ only in the case of letters: "{0}"'),
    (r"Division by zero", "22012", "division by zero"),
    (r"value (\S+) can't be cast because the value is out of range for the destination type INT16", "22003",
     "smallint out of range: {0}"),
    (r"value (\S+) can't be cast because the value is out of range for the destination type INT32", "22003",
     "integer out of range: {0}"),
    (r"value (\S+) can't be cast because the value is out of range for the destination type INT64", "22003",
     "bigint out of range: {0}"),
    (r"Casting value \"?([^\"]*?)\"? to type (DECIMAL\S*) failed", "22003",
     "numeric field overflow: {0} does not fit into {1}"),
    (r"Could not cast value (\S+) to (DECIMAL\S*)", "22003", "numeric field overflow: {0} does not fit into {1}"),
    (r"Could not convert string \"(.*?)\" to (DECIMAL\S*)", "22003",
     "numeric field overflow: {0} does not fit into {1}"),
    (r"Could not convert string ['\"](.*?)['\"] to (\w+)", "22P02", 'invalid input syntax for type {1}: "{0}"'),
    (r"Failed to cast decimal value (\S+) to type", "22003", "numeric value out of range: {0}"),
    (r"Unimplemented type for cast \((.*?) -> (.*?)\)", "42846", "cannot cast type {0} to {1}"),
    (r"Overflow in (\w+) of (\w+)", "22003", "numeric value out of range in {0}"),
    (r"[Oo]ut of [Rr]ange|Overflow|overflow", "22003", "numeric value out of range"),
    (r"not in timestamp range", "22008", "timestamp out of range"),
    (r"(?:date|timestamp) field value out of range: \"(.*?)\"", "22008", 'date/time field value out of range: "{0}"'),
    (r"invalid (?:date|timestamp|time) field format: \"(.*?)\"", "22007", 'invalid input syntax for type date: "{0}"'),
    (r"column \"(.*?)\" must appear in the GROUP BY clause", "42803",
     'column "{0}" must appear in the GROUP BY clause or be used in an aggregate function'),
    (r"More than one row returned by a subquery", "21000",
     "more than one row returned by a subquery used as an expression"),
    (r"WHERE clause cannot contain aggregates", "42803", "aggregates not allowed in WHERE clause"),
    (r"GROUP BY clause cannot contain (aggregates|window)", "42803", "aggregates not allowed in GROUP BY clause"),
    (r"aggregate function calls cannot be nested", "42803", "aggregate function calls may not be nested"),
    (r"Unknown TimeZone '(.*?)'|unknown time ?zone '(.*?)'", "22023", 'time zone "{0}" not recognized'),
    (r"[Ii]nvalid (?:regular expression|regex).*?: (.*)", "2201B", "invalid regular expression: {0}"),
    (r"(?:no argument for repetition operator|missing \)|missing \]|invalid escape sequence|invalid perl operator).*",
     "2201B",
     "invalid regular expression: {0}"),
    (r"invalid repetition size.*|Pattern has 0 groups", "2201B", "invalid regular expression: {0}"),
    (r"trailing \\", "2201B", "invalid regular expression: {0}"),
    (r"In a DISTINCT aggregate, ORDER BY", "42P10",
     "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list"),
    (r"json_object\(\) keys", "22023", "the keys of OBJECT must be text, not NULL"),
    (r"Malformed JSON", "22P02", "The input text is not valid JSON"),
    (r"[Cc]onflict|write-write", "XX000", "1023"),
)  # fmt: skip
_RULES = [(re.compile(pattern), state, message) for pattern, state, message in _TABLE]


def as_warehouse_error(error: BaseException) -> WarehouseError | WarehouseUnreachable:
    """Return what Redshift would say."""
    if isinstance(error, duckdb.InterruptException):
        return WarehouseError("Query canceled on user's request", sqlstate="57014")
    text = str(error)
    own = _OWN.match(text)
    if own is not None:
        return WarehouseError(own[2].split("\n\nLINE ")[0].strip(), sqlstate=own[1])
    if isinstance(error, duckdb.ConnectionException):
        return WarehouseUnreachable("the connection to the local warehouse is closed")
    if isinstance(error, duckdb.IOException):
        return WarehouseUnreachable(f"the file of the local warehouse cannot be used: {_plain(text)}")
    if isinstance(error, duckdb.OutOfMemoryException):
        return WarehouseError("out of memory", sqlstate="53200", detail=_plain(text))
    for pattern, state, message in _RULES:
        match = pattern.search(text)
        if match is not None:
            groups = [group or "" for group in match.groups()] or [match.group()]
            return _told(state, message.format(*groups, ""), text)
    return WarehouseError(
        "local Redshift could not run the statement",
        sqlstate="XX000",
        detail=_plain(text),
        hint="this is a gap of local Redshift, not a mistake in your SQL: please report it",
    )


def _told(state: str, message: str, text: str) -> WarehouseError:
    if message == "1023":
        return WarehouseError(
            "1023",
            sqlstate="XX000",
            detail="Serializable isolation violation: another transaction has changed the same rows",
            hint="run the whole transaction again",
        )
    return WarehouseError(message.strip(), sqlstate=state)


def _plain(text: str) -> str:
    return text.split("\n\nLINE ")[0].split("\n")[0].split(" Error: ", 1)[-1].strip()
