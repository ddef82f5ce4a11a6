"""What is in the warehouse: the tables of a schema as its catalog tells them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from .datatypes import DataType, UnknownType, parse_type
from .errors import InvalidPipeline, Problem, WarehouseError
from .lexical import unquoted
from .model import SortKey
from .records import frozen
from .render import TemplateError, render
from .script import statements
from .warehouse import Session

_DISTSTYLES = {0: "even", 1: "key", 8: "all", 9: "auto"}
_IDENTITY = re.compile(r""""?(?:default_)?identity"?\(\d+, *\d+, *\(?'(-?\d+),(-?\d+)'""")
_NAME = r'"(?:[^"]|"")+"|[^\s".(),]+'
_NAMES = re.compile(_NAME)
_KEY = re.compile(
    rf"(PRIMARY KEY|UNIQUE|FOREIGN KEY) \(([^)]*)\)(?: REFERENCES (?:({_NAME})\.)?({_NAME}) ?(?:\(([^)]*)\))?)?.*"
)


@frozen
class LiveColumn:
    """A column as it is. `encode` is 'raw' where it is not compressed."""

    name: str
    type: DataType
    nullable: bool
    default: str
    """As the warehouse writes it; empty for none."""
    identity: tuple[int, int] | None
    encode: str


@frozen
class LiveKey:
    """A primary, unique or foreign key. `text` is what ALTER TABLE … ADD takes."""

    name: str
    kind: Literal["PRIMARY KEY", "UNIQUE", "FOREIGN KEY"]
    columns: tuple[str, ...]
    text: str
    schema: str = ""
    """That of the table that a foreign key refers to; empty where the warehouse finds it without."""
    table: str = ""
    referenced: tuple[str, ...] = ()


@frozen
class LiveTable:
    name: str
    columns: tuple[LiveColumn, ...]
    diststyle: str
    """auto, even, key or all."""
    distkey: str
    sortkey: SortKey | None
    keys: tuple[LiveKey, ...] = ()

    def column(self, name: str) -> LiveColumn | None:
        return next((column for column in self.columns if column.name == name), None)


def filled_in(folder: Path, template: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the statements that a template gives. Errors: InvalidPipeline, for a template of one's own."""
    try:
        return statements(render(folder, template, values))
    except TemplateError as error:
        raise InvalidPipeline([Problem(str(error), error.where)]) from error


def ask(session: Session, folder: Path, template: str, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    """Return the rows that the one statement of a template of look/ gives. Errors: those of the session."""
    (question,) = filled_in(folder, f"look/{template}", values)
    return session.execute(question).rows


def live_tables(session: Session, folder: Path, schema: str) -> dict[str, LiveTable]:
    """Return the tables of a schema by name, in two questions behind a small one. Errors: those of the session."""
    values = {"schema": schema}
    if not ask(session, folder, "live_schema", values):
        return {}
    keys: dict[str, list[LiveKey]] = defaultdict(list)
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in ask(session, folder, "live_columns", values):
        rows[str(row[0])].append(tuple(row))
    if rows:
        for table, name, definition in ask(session, folder, "live_keys", values):
            keys[str(table)].extend(_key(str(name), str(definition)))
    return {name: _table(name, found, keys.get(name, ())) for name, found in rows.items()}


def _table(name: str, rows: list[tuple[Any, ...]], keys: Sequence[LiveKey]) -> LiveTable:
    sorted_by = sorted((abs(int(row[7])), str(row[2]), int(row[7]) < 0) for row in rows if row[7])
    names = tuple(column for _, column, _ in sorted_by)
    # An interleaved key's positions are of both signs; of one column, it is written as a compound one.
    interleaved = any(negative for _, _, negative in sorted_by)
    sortkey = SortKey("interleaved" if interleaved else "compound", names) if names else None
    distkey = next((str(row[2]) for row in rows if row[6]), "")
    style = _DISTSTYLES.get(int(rows[0][1]), "auto")
    columns = tuple(_column(row) for row in rows)
    return LiveTable(name, columns, style, distkey if style == "key" else "", sortkey, tuple(keys))


def _column(row: tuple[Any, ...]) -> LiveColumn:
    _, _, name, type_, encoding, not_null, _, _, default = row
    text = str(default or "")
    identity = _IDENTITY.match(text)
    encode = str(encoding or "none").lower()
    return LiveColumn(
        name=str(name), type=_type(str(type_)), nullable=not not_null, default="" if identity else text,
        identity=(int(identity[1]), int(identity[2])) if identity else None,
        encode="raw" if encode == "none" else encode,
    )  # fmt: skip


def _type(text: str) -> DataType:
    try:
        return parse_type(text)
    except UnknownType:  # one that a pipeline cannot declare, so it differs from all that can be
        return DataType(text)


def _key(name: str, text: str) -> list[LiveKey]:
    """Return a key; nothing for a constraint that is none."""
    match = _KEY.fullmatch(text)
    if match is None:
        return []
    kind, columns, schema, table, referenced = match.groups(default="")
    return [LiveKey(name, kind, _names(columns), text, unquoted(schema), unquoted(table), _names(referenced))]  # type: ignore[arg-type]


def _names(text: str) -> tuple[str, ...]:
    return tuple(unquoted(name) for name in _NAMES.findall(text))


def live_comments(session: Session, folder: Path, schema: str) -> dict[tuple[str, str], str]:
    """Return the comments of a schema by table and column; a table's own by table and ''."""
    rows = ask(session, folder, "live_comments", {"schema": schema})
    return {(str(table), str(column or "")): str(text) for table, column, text in rows}


def live_views(session: Session, folder: Path, schema: str) -> dict[str, tuple[str, ...]]:
    """Return for each table of a schema the views that are bound to it, as schema.name."""
    found: dict[str, tuple[str, ...]] = {}
    for table, view_schema, view in ask(session, folder, "live_views", {"schema": schema}):
        found[str(table)] = (*found.get(str(table), ()), f"{view_schema}.{view}")
    return found


def live_grants(session: Session, folder: Path, schema: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return for each table of a schema the privileges and who has them, both as the YAML writes them."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for table, privilege, kind, name in ask(session, folder, "live_grants", {"schema": schema}):
        grantee = "public" if kind == "public" else str(name) if kind == "user" else f"{kind} {name}"
        found[str(table)] = (*found.get(str(table), ()), (str(privilege).strip().lower(), grantee))
    return found


def sorted_by_hand(session: Session, folder: Path, schema: str) -> frozenset[str]:
    """Return the tables whose sort key is certainly not of Redshift's own choice. Who may not ask is told of none."""
    try:
        return frozenset(str(row[0]) for row in ask(session, folder, "live_sorting", {"schema": schema}))
    except WarehouseError:
        return frozenset()
