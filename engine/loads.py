"""What a table's strategy, its help for a star schema and its checks may say beyond what a schema knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .datatypes import DataType
from .errors import Problem
from .lexical import MAX_NAME_BYTES
from .model import Check, Definition, Table
from .places import At, did_you_mean, known_columns

DATE_COLUMNS = frozenset(
    """date_key date year quarter month month_name week day day_of_week day_name day_of_year is_weekend
    month_start month_end""".split()
)
"""What the template `dates` can give."""
VERSION_COLUMNS = {"valid_from": "timestamp", "valid_to": "timestamp", "is_current": "boolean"}
"""The settings of scd2 that name a column, which has the setting's name unless it is given, and its type."""
_MD5_LENGTH = 32
_CHECK_KEYS = ("severity", "name", "keep_failures")
_TIMES = ("date", "timestamp", "timestamptz")
_NOT_COMPARED = ("super", "geometry", "geography", "hllsketch", "varbyte")
_SWAP_PREFIX = "etlrun_old_"


def check_derived(at: At, name: str, spec: dict[str, Any], type_: DataType) -> None:
    """Check a column that is a hash, or looked up."""
    if "hash" in spec and type_.name != "bigint" and not (type_.is_text and (type_.length or 1) >= _MD5_LENGTH):
        hint = f"bigint holds 60 bits of it, char({_MD5_LENGTH}) all"
        (at / "hash").problem(f"{type_} cannot hold a hash", hint, at_key=True)
    derived = [key for key in ("hash", "lookup", "identity", "default") if key in spec]
    if len(derived) > 1 and derived[0] in ("hash", "lookup"):
        (at / derived[1]).problem(f"'{name}' gets its value from '{derived[0]}'", "take one of them out", at_key=True)


def check_strategy(at: At, load: dict[str, Any], definition: Definition) -> None:
    """Check the columns that a strategy's keys name; a strategy of one's own may mean something else by them."""
    names = [column.name for column in definition.columns]
    strategy = load.get("strategy", "replace")
    if isinstance(load.get("key"), list):
        known_columns(at / "key", load["key"], names, "key")
    if strategy == "delete_insert" and "range" in load:
        known_columns(at / "range" / "column", load["range"]["column"], names, "range")
    elif strategy == "swap" and len(definition.name.encode()) > MAX_NAME_BYTES - len(_SWAP_PREFIX):
        hint = f"{MAX_NAME_BYTES - len(_SWAP_PREFIX)} bytes at most, or another strategy"
        (at / "strategy").problem(f"the name '{definition.name}' is too long to be swapped", hint)
    elif strategy == "scd2":
        _check_versions(at, load, definition)


def range_problem(table: Table, settings: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with the rendered range of delete_insert: an empty one would change nothing, silently."""
    if table.load.strategy != "delete_insert" or "range" not in settings:
        return None
    begin, end = settings["range"]["from"], settings["range"]["to"]
    column = table.definition.column(settings["range"]["column"])
    if column is None or not _is_empty(begin, end, column.type):
        return None
    hint = "'to' is the first value behind the range; variables come from vars:, --var or --from and --to"
    return Problem(f"the range is empty: from {begin!r} to {end!r}", table.load.places["range"], hint)


def _is_empty(begin: str | float, end: str | float, type_: DataType) -> bool:
    """Whether a range has no value, as far as is known without a warehouse."""
    if not isinstance(begin, str) and not isinstance(end, str):
        return begin >= end
    low, high = str(begin), str(end)
    if low == high:
        return True
    if type_.is_text and "${" not in low + high:  # a variable of the environment that is not set
        return low.encode() >= high.encode()
    try:
        return datetime.fromisoformat(low) >= datetime.fromisoformat(high)
    except (ValueError, TypeError):
        return False


def check_unknown_member(at: At, values: dict[str, Any], definition: Definition) -> None:
    """Check that the row that stands for what is not known can be there."""
    known_columns(at, values, [column.name for column in definition.columns], "unknown_member")
    if not definition.primary_key:
        at.problem("an unknown member needs a primary key", "add 'primary_key: true' to a column", at_key=True)
    for column in definition.columns:
        if column.name in values and column.identity:
            hint = "make it a hash: column: {hash: [columns of the SELECT]}"
            (at / column.name).problem(f"'{column.name}' is an identity column: Redshift numbers it", hint)
        is_needed = not column.nullable or column.name in definition.primary_key
        if is_needed and column.name not in values and not column.default and not column.identity:
            at.problem(f"the unknown member has no '{column.name}', which must not be NULL", "add it", at_key=True)


def check_dates(at: At, definition: Definition) -> None:
    """Check that the columns are such as the template `dates` knows, or need no value."""
    for column in definition.columns:
        if column.name not in DATE_COLUMNS and column.nullable and not column.default and not column.identity:
            hint = did_you_mean(column.name, DATE_COLUMNS, "known are")
            at.problem(f"'{column.name}' is nothing that 'dates' knows", hint, at_key=True)


def _check_versions(at: At, load: dict[str, Any], definition: Definition) -> None:
    key = load["key"]
    known_columns(at / "track", load.get("track", ()), [column.name for column in definition.columns], "track")
    for position, name in enumerate(load.get("track", ())):
        if name in key:
            (at / "track" / position).problem(f"'{name}' is part of the key", "another key is another row: take it out")
    for column in definition.columns:
        if column.type.name in _NOT_COMPARED:
            hint = "leave it out, or make it a varchar: JSON_SERIALIZE of a super"
            message = f"scd2 compares what it keeps, and '{column.name}' is {column.type}, which cannot be compared"
            (at / "strategy").problem(message, hint)
    for setting, type_ in VERSION_COLUMNS.items():
        _check_version_column(at, setting, type_, load, definition)


def _check_version_column(at: At, setting: str, type_: str, load: dict[str, Any], definition: Definition) -> None:
    name = load.get(setting, setting)
    column = definition.column(name)
    place = at / setting if setting in load else at / "strategy"
    if column is None:
        hint = f"add '{name}: {{type: {type_}}}', or name another with '{setting}:'"
        place.problem(f"scd2 needs the column '{name}', which '{definition.name}' does not have", hint)
    elif column.type.name != type_:
        place.problem(f"'{name}' is {column.type}; scd2 needs a {type_} here", "change the type")
    elif name in load["key"] or name in load.get("track", ()):
        place.problem(f"'{name}' is part of the key, or tracked", "take it out there: the strategy fills it")


def declared_checks(at: At, spec: dict[str, Any]) -> tuple[Check, ...]:
    """Return the checks of a table or a staging source; one that names not exactly one thing is a problem."""
    found = []
    for position, check in enumerate(spec.get("checks", ())):
        place = at / "checks" / position
        kinds = [key for key in check if key not in _CHECK_KEYS and not key.startswith("x-")]
        if len(kinds) != 1:
            said = f"the check names {len(kinds)} things to look at" if kinds else "the check says nothing to look at"
            place.problem(said, "one check after each '-', such as not_null: [user_id]")
            continue
        kind = kinds[0]
        text = place.document.text((*place.path, kind)) if kind == "sql" else None
        severity, name, keep = check.get("severity", "error"), check.get("name", ""), check.get("keep_failures", "")
        found.append(Check(kind, check[kind], (place / kind).key, severity, name, keep, text))
    return tuple(found)


def check_columns(at: At, checks: Sequence[dict[str, Any]], definition: Definition) -> None:
    """Check what the checks say of the table's columns."""
    names = [column.name for column in definition.columns]
    for position, check in enumerate(checks):
        place = at / "checks" / position
        for kind in ("not_null", "unique", "accepted_values", "relationships"):
            known_columns(place / kind, check.get(kind, ()), names, kind)
        if "freshness" in check:
            _check_freshness(place / "freshness" / "column", check["freshness"]["column"], definition)
        low, high = (check.get("row_count", {}).get(bound) for bound in ("min", "max"))
        if low is not None and high is not None and low > high:
            said = f"at least {low} rows, but {high} at most"
            (place / "row_count" / "min").problem(said, "'min' is the smaller one")
        if check.get("keep_failures") == definition.name:
            hint = "give another name, such as failures"
            (place / "keep_failures").problem("a table cannot keep its own failures", hint)


def _check_freshness(at: At, name: str, definition: Definition) -> None:
    known_columns(at, name, [column.name for column in definition.columns], "freshness")
    column = definition.column(name)
    if column and column.type.name not in _TIMES:
        at.problem(f"'{name}' is {column.type}, which is no time", "name a date or a timestamp")
