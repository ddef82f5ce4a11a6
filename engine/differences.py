"""How a table in the warehouse differs from the one that is declared, and what a change of each kind takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Literal

from .conversions import fate
from .errors import Where
from .lexical import identifier
from .live import LiveColumn, LiveKey, LiveTable
from .model import Column, Definition, SortKey, Table
from .records import frozen

Kind = Literal[
    "table", "column", "column gone", "length", "type", "null", "default", "identity", "distribution", "sort key",
    "encoding", "key", "key gone", "comment", "grant",
]  # fmt: skip
LossKind = Literal["values", "shortened", "converted", "renumbered", "nulls", "rows"]
_ALL = ("select", "insert", "update", "delete", "references")
"""What ALL means on every release; newer ones count DROP, TRUNCATE and ALTER to it."""
_ENCODED_BY_LENGTH = ("bytedict", "runlength", "text255", "text32k")


@frozen
class Loss:
    """What a change loses, to be counted; 'nulls' and 'rows' are in its way."""

    kind: LossKind
    column: str
    length: int = 0


@frozen
class Difference:
    """One thing in which a table is not as declared.

    `way` is how it is changed: by CREATE, by ALTER TABLE, by a deep copy, or with what stands beside a table.
    """

    table: str
    kind: Kind
    name: str
    """Of the column or key; for a grant 'PRIVILEGE GRANTEE'; empty where it is the table itself."""
    live: str
    declared: str
    where: Where
    way: Literal["create", "alter", "copy", "beside"]
    loss: Loss | None = None

    def __str__(self) -> str:
        subject = f"{self.table}.{self.name}" if self.name and self.kind not in _OF_TABLE else self.table
        what = f"{self.kind} " if self.kind in _NAMED else ""
        return f"{subject}: {what}{self.live or 'none'} in the warehouse, {self.declared or 'none'} declared"


_NAMED = ("default", "identity", "distribution", "sort key", "encoding", "comment", "grant")
_OF_TABLE = ("key", "key gone", "grant")


def definition_differences(
    definition: Definition, live: LiveTable | None, *, sorted_by_hand: bool, primary_keys: Mapping[str, tuple[str, ...]]
) -> tuple[Difference, ...]:
    """Compare a declared table with the one that is there; comments and grants are another matter.

    `sorted_by_hand` says that its sort key is not of Redshift's own choice. `primary_keys` are those of all declared
    tables: a foreign key without columns refers to one.
    """
    if live is None:
        return (Difference(definition.name, "table", "", "", "a table", definition.where, "create"),)
    found = [
        *_columns(definition, live),
        *_layout(definition, live, sorted_by_hand),
        *_keys(definition, live, primary_keys),
    ]
    if live.sortkey and live.sortkey.kind == "interleaved" and all(each.kind != "sort key" for each in found):
        # Such a table takes no other encoding.
        found = [replace(each, way="copy") if each.kind == "encoding" else each for each in found]
    if any(each.way == "copy" for each in found):
        found += _numbered_anew(definition, live)
    return tuple(found)


def _numbered_anew(definition: Definition, live: LiveTable) -> Iterator[Difference]:
    """A deep copy cannot take the numbers of an identity column with it."""
    for column in definition.columns:
        there = live.column(column.name)
        if column.identity and there and there.identity == column.identity:
            loss, shown = Loss("renumbered", column.name), _identity(column.identity)
            yield Difference(
                definition.name, "identity", column.name, shown, f"{shown}, from the start", column.where, "copy", loss
            )


# --- columns ---------------------------------------------------------------------------------------------------------


def _columns(definition: Definition, live: LiveTable) -> Iterator[Difference]:
    for column in definition.columns:
        there = live.column(column.name)
        if there is None:
            yield _missing(definition, live, column)
        else:
            yield from _column(definition, live, column, there)
    keyed = {live.distkey, *(live.sortkey.columns if live.sortkey else ())}
    for there in live.columns:
        if definition.column(there.name) is None:
            way: Literal["copy", "alter"] = "copy" if there.name in keyed else "alter"
            loss = Loss("values", there.name)
            yield Difference(
                definition.name, "column gone", there.name, str(there.type), "", definition.where, way, loss
            )


def _missing(definition: Definition, live: LiveTable, column: Column) -> Difference:
    """ALTER TABLE adds no identity column, and none that needs a value and has no default."""
    homeless = must_not_be_null(definition, column) and not column.default and not column.identity
    loss = Loss("rows", column.name) if homeless else None
    way: Literal["copy", "alter"] = "copy" if column.identity or homeless else "alter"
    return Difference(definition.name, "column", column.name, "", str(column.type), column.where, way, loss)


def must_not_be_null(definition: Definition, column: Column) -> bool:
    return not column.nullable or column.name in definition.primary_key or column.identity is not None


def _column(definition: Definition, live: LiveTable, column: Column, there: LiveColumn) -> Iterator[Difference]:
    def differs(
        kind: Kind, was: str, declared: str, way: Literal["alter", "copy"] = "copy", loss: Loss | None = None
    ) -> Difference:
        return Difference(definition.name, kind, column.name, was, declared, column.where, way, loss)

    change = fate(there.type, column.type)
    if change == "widened" and _can_be_widened(live, there):
        yield differs("length", str(there.type), str(column.type), "alter")
    elif change != "same":
        loss = {"shortened": Loss("shortened", column.name, column.type.length or 0),
                "converted": Loss("converted", column.name)}.get(change)  # fmt: skip
        yield differs("type", str(there.type), str(column.type), loss=loss)
    if must_not_be_null(definition, column) == there.nullable:
        loss = Loss("nulls", column.name) if there.nullable and not column.identity else None
        yield differs("null", _null(there.nullable), _null(not there.nullable), loss=loss)
    if not same_default(there.default, column.default):
        yield differs("default", there.default, column.default)
    if there.identity != column.identity:
        loss = Loss("renumbered", column.name) if column.identity else None
        yield differs("identity", _identity(there.identity), _identity(column.identity), loss=loss)
    if column.encode and column.encode != there.encode:
        yield differs("encoding", there.encode, column.encode, "alter")


def _can_be_widened(live: LiveTable, there: LiveColumn) -> bool:
    in_key = any(there.name in key.columns for key in live.keys)
    return not (there.default or in_key or there.encode in _ENCODED_BY_LENGTH)


def _null(nullable: bool) -> str:
    return "NULL" if nullable else "NOT NULL"


def _identity(identity: tuple[int, int] | None) -> str:
    return f"({identity[0]}, {identity[1]})" if identity else ""


_CAST = re.compile(r"::\s*[a-z ]+(?:\([\d, ]+\))?(?:\[\])?", re.IGNORECASE)
_TEXT = re.compile(r"('(?:[^']|'')*')")
_CLOCKS = {
    "'now'": "now", "getdate()": "getdate()", "sysdate": "now", "current_timestamp": "now", "current_date": "now",
    "current_time": "now", "current_user": "current_user", "user": "current_user",
}  # fmt: skip


def same_default(live: str, declared: str) -> bool:
    """Tell whether two texts say the same DEFAULT. The warehouse writes it otherwise: casts, parentheses, 'now'."""
    return _plain(live) == _plain(declared)


def _plain(text: str) -> str:
    parts = _TEXT.split(text)
    plain = "".join(
        part if number % 2 else re.sub(r"\s+", "", _CAST.sub("", part)).lower() for number, part in enumerate(parts)
    )
    while plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1]
    number = re.fullmatch(r"'?(-?\d+(?:\.\d+)?)'?", plain)
    return number[1] if number else _CLOCKS.get(plain, plain)


# --- how rows are spread and sorted ----------------------------------------------------------------------------------


def _layout(definition: Definition, live: LiveTable, sorted_by_hand: bool) -> Iterator[Difference]:
    wanted, there = declared_distribution(definition), (live.diststyle, live.distkey)
    key, live_key = _comparable(definition.sortkey), _comparable(live.sortkey)
    is_auto = key is None and not (sorted_by_hand or (live_key and live_key.kind == "interleaved"))
    sort_differs = key != live_key and not is_auto
    stays_interleaved = live_key is not None and live_key.kind == "interleaved" and not sort_differs
    if sort_differs:
        way: Literal["copy", "alter"] = "copy" if key and key.kind == "interleaved" else "alter"
        yield Difference(
            definition.name, "sort key", "", _sorting(live_key), _sorting(key) or "auto", definition.where, way
        )
    if wanted != there:
        way = "copy" if stays_interleaved else "alter"
        yield Difference(definition.name, "distribution", "", _spread(there), _spread(wanted), definition.where, way)


def declared_distribution(definition: Definition) -> tuple[str, str]:
    """Return style and key; what is not declared is AUTO."""
    return (definition.diststyle or ("key" if definition.distkey else "auto"), definition.distkey)


def _comparable(key: SortKey | None) -> SortKey | None:
    """Return a sort key as it can be compared: AUTO is none, and of one column interleaved is compound."""
    if key is None or key.kind == "auto":
        return None
    return replace(key, kind="compound") if len(key.columns) == 1 else key


def _sorting(key: SortKey | None) -> str:
    return f"{key.kind} ({', '.join(key.columns)})" if key else ""


def _spread(distribution: tuple[str, str]) -> str:
    style, key = distribution
    return f"{style} ({key})" if key else style


# --- keys ------------------------------------------------------------------------------------------------------------


def _keys(definition: Definition, live: LiveTable, primary_keys: Mapping[str, tuple[str, ...]]) -> Iterator[Difference]:
    declared = {_key_identity(key, definition.schema, primary_keys): key for key in declared_keys(definition)}
    there = {_key_identity(key, definition.schema, primary_keys): key for key in live.keys}
    for identity, key in there.items():
        if identity not in declared:
            yield Difference(definition.name, "key gone", key.name, key.text, "", definition.where, "alter")
    for identity, key in declared.items():
        if identity not in there:
            column = definition.column(key.columns[0])
            where = column.where if column else definition.where
            yield Difference(definition.name, "key", key.text, "", key.text, where, "alter")


def declared_keys(definition: Definition) -> Iterator[LiveKey]:
    """Yield the keys that are declared, as the warehouse would tell them; they have no names."""
    if definition.primary_key:
        text = f"PRIMARY KEY ({', '.join(map(identifier, definition.primary_key))})"
        yield LiveKey("", "PRIMARY KEY", definition.primary_key, text)
    for column in definition.columns:
        name = identifier(column.name)
        if column.unique:
            yield LiveKey("", "UNIQUE", (column.name,), f"UNIQUE ({name})")
        if column.references:
            other = column.references
            text = f"FOREIGN KEY ({name}) REFERENCES {identifier(definition.schema)}.{identifier(other.table)}"
            text += f" ({identifier(other.column)})" if other.column else ""
            referenced = (other.column,) if other.column else ()
            yield LiveKey("", "FOREIGN KEY", (column.name,), text, definition.schema, other.table, referenced)


def _key_identity(key: LiveKey, schema: str, primary_keys: Mapping[str, tuple[str, ...]]) -> tuple[object, ...]:
    referenced = key.referenced or (primary_keys.get(key.table, ()) if key.table else ())
    return (key.kind, key.columns, (key.schema or schema) if key.table else "", key.table, referenced)


# --- what stands beside a table --------------------------------------------------------------------------------------


def comment_differences(definition: Definition, live: Mapping[tuple[str, str], str]) -> Iterator[Difference]:
    """Yield the declared comments that are not there. Where none is declared, there may be somebody's own."""
    declared = [("", definition.description, definition.where)]
    declared += [(column.name, column.description, column.where) for column in definition.columns]
    for name, text, where in declared:
        there = live.get((definition.name, name), "")
        if text and text != there:
            was = repr(there) if there else ""
            yield Difference(definition.name, "comment", name, was, repr(text), where, "beside")


def grant_differences(table: Table, live: tuple[tuple[str, str], ...]) -> Iterator[Difference]:
    """Yield the declared grants that are missing. Further ones are somebody's own, and stay."""
    there = {(privilege, grantee.lower()) for privilege, grantee in live}
    for privilege, names in table.grants.items():
        for name in names:
            wanted = _ALL if privilege == "all" else (privilege,)
            folded = " ".join(name.split()).lower()
            if any((each, folded) not in there for each in wanted):
                said = f"{privilege} to {name}"
                yield Difference(table.name, "grant", said, "", said, table.definition.where, "beside")
