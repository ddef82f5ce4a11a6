"""What the warehouse holds against what is declared: the changes, how grave each is, and the plan that makes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .differences import (
    Difference,
    comment_differences,
    declared_distribution,
    declared_keys,
    definition_differences,
    grant_differences,
    must_not_be_null,
)
from .graph import order
from .lexical import identifier
from .live import (
    LiveKey,
    LiveTable,
    ask,
    filled_in,
    live_comments,
    live_grants,
    live_tables,
    live_views,
    sorted_by_hand,
)
from .model import Column, Definition, Pipeline, Target
from .plan import Plan, Statement, Step, Transaction
from .read import needs, template_values
from .records import frozen
from .tables import attributes, column_line, lines, relation
from .warehouse import Session

Risk = Literal["safe", "copy", "destructive", "refused"]
Grants = Mapping[str, tuple[tuple[str, str], ...]]


@frozen
class Change:
    """A difference, and how grave it is to do away with it.

    'safe' is done in place. 'copy' builds the table anew and loses nothing. 'destructive' loses what `lost` says.
    'refused' cannot be done, for what `lost` says.
    """

    difference: Difference
    risk: Risk
    lost: str = ""


@frozen
class Found:
    """What a look at the warehouse found."""

    tables: Mapping[str, LiveTable]
    differences: tuple[Difference, ...]
    grants: Grants = field(default_factory=dict)
    comments: Mapping[tuple[str, str], str] = field(default_factory=dict)


def look(session: Session, pipeline: Pipeline, only: Collection[str] | None) -> Found:
    """Compare the declared tables of the steps in `only` (None: all) with those that are there, all of each."""
    found = _look(session, pipeline, only)
    grants = live_grants(session, pipeline.folder, pipeline.schema)
    comments = live_comments(session, pipeline.folder, pipeline.schema)
    there = [each for each in pipeline.definitions if each.name in found.tables and (only is None or each.name in only)]
    tables = {table.name: table for table in pipeline.tables}
    beside: list[Difference] = []
    for each in there:
        beside += comment_differences(each, comments)
        if each.name in tables:
            beside += grant_differences(tables[each.name], grants.get(each.name, ()))
    return replace(found, differences=(*found.differences, *beside), grants=grants, comments=comments)


def look_before_run(session: Session, pipeline: Pipeline, only: Collection[str] | None) -> Found:
    """Compare what a run relies on. It creates, comments and grants anyhow, and 'swap' makes a table anew."""
    swapped = {table.name for table in pipeline.tables if table.load.strategy == "swap"}
    found = _look(session, pipeline, only)
    kept = (each for each in found.differences if each.kind != "table" and each.table not in swapped)
    return replace(found, differences=tuple(kept))


def _look(session: Session, pipeline: Pipeline, only: Collection[str] | None) -> Found:
    tables = live_tables(session, pipeline.folder, pipeline.schema)
    chosen = [each for each in pipeline.definitions if only is None or each.name in only]
    primary_keys = {each.name: each.primary_key for each in pipeline.definitions}
    live = {each.name: tables.get(each.name) for each in chosen}
    unsure = any(
        there and there.sortkey and (each.sortkey is None or each.sortkey.kind == "auto")
        for each, there in ((each, live[each.name]) for each in chosen)
    )
    by_hand = sorted_by_hand(session, pipeline.folder, pipeline.schema) if unsure else frozenset()
    differences = tuple(
        difference
        for each in chosen
        for difference in definition_differences(
            each, live[each.name], sorted_by_hand=each.name in by_hand, primary_keys=primary_keys
        )
    )
    return Found(tables, differences)


# --- how grave -------------------------------------------------------------------------------------------------------

_NO_VALUE = "{} would have no value: give the column a default"
_LOST = {
    "values": ("value is lost", "values are lost"),
    "shortened": ("longer text is cut", "longer texts are cut"),
    "converted": ("value is converted", "values are converted"),
    "renumbered": ("row is numbered anew", "rows are numbered anew"),
    "nulls": ("row is NULL there", "rows are NULL there"),
    "rows": (_NO_VALUE.format("row"), _NO_VALUE.format("rows")),
}
"""What is said of one, and of several."""


def judge(session: Session, pipeline: Pipeline, found: Found) -> tuple[Change, ...]:
    """Say how grave each difference is: counts what would be lost, and looks which views are bound."""
    if not found.differences:
        return ()
    counts = _counted(session, pipeline, found)
    copied = {each.table for each in found.differences if each.way == "copy"}
    touched = copied | {each.table for each in found.differences if each.kind == "column gone"}
    views = live_views(session, pipeline.folder, pipeline.schema) if touched else {}
    return tuple(
        _judged(each, counts.get(each), each.table in copied, views.get(each.table, ())) for each in found.differences
    )


def _judged(difference: Difference, count: int | None, is_copied: bool, views: Sequence[str]) -> Change:
    loss = difference.loss
    if views and (difference.way == "copy" or difference.kind == "column gone"):
        many = len(views) > 1
        return Change(
            difference, "refused",
            f"the view{'s' if many else ''} {', '.join(views)} {'are' if many else 'is'} bound to the table: drop "
            f"{'them' if many else 'it'} first, or make {'them' if many else 'it'} WITH NO SCHEMA BINDING",
        )  # fmt: skip
    if loss and (count or loss.kind == "values"):
        one, several = _LOST[loss.kind]
        lost = f"{count:,} {one if count == 1 else several}"
        return Change(difference, "refused" if loss.kind in ("nulls", "rows") else "destructive", lost)
    return Change(difference, "copy" if is_copied and difference.way != "beside" else "safe")


def _counted(session: Session, pipeline: Pipeline, found: Found) -> dict[Difference, int]:
    """Count what would be lost: one question for each table that would lose something."""
    losing: dict[str, list[Difference]] = defaultdict(list)
    for each in found.differences:
        if each.loss:
            losing[each.table].append(each)
    definitions = {each.name: each for each in pipeline.definitions}
    counts: dict[Difference, int] = {}
    for table, differences in losing.items():
        losses = [(each.loss.kind, each.loss.column, each.loss.length) for each in differences if each.loss]
        values = {"losses": losses, "relation": relation(definitions[table])}
        (row,) = ask(session, pipeline.folder, "losses", values)
        counts.update(zip(differences, map(int, row), strict=True))
    return counts


# --- the plan --------------------------------------------------------------------------------------------------------


def make_change_plan(
    pipeline: Pipeline, target: Target, found: Found, changes: Sequence[Change], run: str = "RUN"
) -> Plan:
    """Render the plan that makes the changes, table after table, in the order in which they refer to each other.

    A table of which something is refused stays as it is.

    `run` is the id of the changes in the ledger. Errors: InvalidPipeline, for a template of one's own.
    """
    wanted: dict[str, list[Difference]] = defaultdict(list)
    refused = {change.difference.table for change in changes if change.risk == "refused"}
    for change in changes:
        if change.difference.table not in refused:
            wanted[change.difference.table].append(change.difference)
    definitions = {each.name: each for each in pipeline.definitions}
    making = _Making(pipeline, found, run)
    steps: list[Step] = []
    for name in order(needs(pipeline)):
        if name not in wanted:
            continue
        transactions = tuple(making.table(definitions[name], wanted[name]))
        if transactions:
            before = frozenset({steps[-1].name} if steps else ())
            steps.append(Step(name, "changes", before, definitions[name].where, transactions))
    prepare = (
        *making.statements("ledger_steps_table", {}),
        *making.statements("prepare", {"has_incremental": False}),
    )
    return Plan(pipeline.name, target, prepare, tuple(steps))


@dataclass(slots=True)
class _Making:
    """The plan as it grows: keys that one table's step has dropped are not dropped again."""

    pipeline: Pipeline
    found: Found
    run: str
    gone: set[tuple[str, str]] = field(default_factory=set)

    def statements(self, template: str, values: Mapping[str, Any]) -> tuple[Statement, ...]:
        common = template_values(self.pipeline)
        return tuple(map(Statement, filled_in(self.pipeline.folder, template, {**common, **values})))

    def table(self, definition: Definition, differences: list[Difference]) -> Iterator[Transaction]:
        """Yield what changes one table."""
        live = self.found.tables.get(definition.name)
        parts: list[tuple[bool, tuple[Statement, ...]]] = []
        if live is None:
            parts = [(False, self._created(definition))]
        elif any(each.way == "copy" for each in differences):
            parts = [(False, self._copied(definition, live))]
        else:
            parts = list(self._altered(definition, live, differences))
        number = 0
        for alone, sent in parts:
            if not sent:
                continue
            number += 1
            values = {
                "name": definition.name,
                "run": self.run,
                "number": number,
                "status": "changed",
                "hashes": ("", "", ""),
            }
            begin = self.statements("begin", values)
            if alone:
                yield Transaction((*begin, *sent), alone=True)
            else:
                ledger, proof = (self.statements(each, values) for each in ("ledger_done", "ledger_proof"))
                yield Transaction((*begin, *sent), ledger, proof)

    def _created(self, definition: Definition) -> tuple[Statement, ...]:
        return (
            *self.statements("create_table", _shape(definition)),
            *self.statements("comments", _shape(definition)),
            *self.statements("grants", {**_shape(definition), "grants": self._grants(definition)}),
        )

    def _grants(self, definition: Definition) -> dict[str, tuple[str, ...]]:
        """Return the grants that are declared, and those that are there."""
        table = next((each for each in self.pipeline.tables if each.name == definition.name), None)
        grants = dict(table.grants) if table else {}
        for privilege, grantee in self.found.grants.get(definition.name, ()):
            names = grants.get(privilege, ())
            if grantee not in names:
                grants[privilege] = (*names, grantee)
        return grants

    def _copied(self, definition: Definition, live: LiveTable) -> tuple[Statement, ...]:
        """Build the table anew. Foreign keys, its own and those that refer to it, are added when it has its name."""
        bare = replace(definition, columns=tuple(replace(each, references=None) for each in definition.columns))
        there = {column.name: column for column in live.columns}
        copied = [each for each in definition.columns if each.name in there and not each.identity]
        converted = {each.name for each in copied if there[each.name].type != each.type}
        referring = self._referring(definition)
        foreign = [(definition.name, key.text) for key in declared_keys(definition) if key.kind == "FOREIGN KEY"]
        values = {**_shape(bare), "copied": copied, "converted": converted, "current": relation(definition)}
        commented = _with_comments(definition, self.found.comments)
        return (
            *self._dropped_keys([(table, key.name) for table, key in referring]),
            *self.statements("changes/deep_copy", values),
            *self._added_keys([*foreign, *((table, _named(key)) for table, key in referring)]),
            *self.statements("comments", _shape(commented)),
            *self.statements("grants", {**_shape(definition), "grants": self._grants(definition)}),
        )

    def _referring(self, definition: Definition) -> list[tuple[str, LiveKey]]:
        """Return the foreign keys of other tables that refer to this one, and are still there."""
        return [
            (table.name, key)
            for table in self.found.tables.values()
            for key in table.keys
            if key.table == definition.name
            and key.schema in ("", definition.schema)
            and table.name != definition.name
            and (table.name, key.name) not in self.gone
        ]

    def _altered(
        self, definition: Definition, live: LiveTable, differences: list[Difference]
    ) -> Iterator[tuple[bool, tuple[Statement, ...]]]:
        """Yield what changes a table in place, each with whether it must stand outside of a transaction."""
        kinds = {each.kind for each in differences}

        def columns(kind: str) -> list[Column]:
            names = {each.name for each in differences if each.kind == kind}
            return [column for column in definition.columns if column.name in names]

        shape = _shape(definition)
        dropped = {each.name for each in differences if each.kind == "key gone"}
        keys = [key for key in live.keys if key.name in dropped]
        referring = self._referring(definition) if any(key.kind != "FOREIGN KEY" for key in keys) else []
        keys.sort(key=lambda key: key.kind != "FOREIGN KEY")
        yield (
            False,
            self._dropped_keys(
                [*((table, key.name) for table, key in referring), *((definition.name, key.name) for key in keys)]
            ),
        )
        if widened := columns("length"):
            yield True, self.statements("changes/widen_column", {**shape, "widened": widened})
        if added := columns("column"):
            added_lines = [column_line(_as_added(definition, each)) for each in added]
            yield False, self.statements("changes/add_column", {**shape, "added": added_lines})
        if layouts := _layouts(definition, live, kinds):
            yield True, self.statements("changes/alter_layout", {**shape, "layouts": layouts})
        if encoded := columns("encoding"):
            yield True, self.statements("changes/alter_encoding", {**shape, "encoded": encoded})
        gone = [each.name for each in differences if each.kind == "column gone"]
        new_keys = [(definition.name, each.name) for each in differences if each.kind == "key"]
        commented = {each.name for each in differences if each.kind == "comment"}
        yield (
            False,
            (
                *(self.statements("changes/drop_column", {**shape, "dropped": gone}) if gone else ()),
                *self._added_keys([*new_keys, *((table, _named(key)) for table, key in referring)]),
                *(self.statements("comments", _shape(_only_commented(definition, commented))) if commented else ()),
                *self.statements("grants", {**shape, "grants": _missing_grants(differences)}),
            ),
        )

    def _dropped_keys(self, keys: Iterable[tuple[str, str]]) -> tuple[Statement, ...]:
        found = [key for key in keys if key not in self.gone]
        self.gone.update(found)
        return self.statements("changes/drop_key", {"dropped_keys": found}) if found else ()

    def _added_keys(self, keys: Iterable[tuple[str, str]]) -> tuple[Statement, ...]:
        found = list(keys)
        return self.statements("changes/add_key", {"added_keys": found}) if found else ()


def _shape(definition: Definition) -> dict[str, Any]:
    """Return what the templates ask of a table."""
    return {
        "name": definition.name, "relation": relation(definition), "definition": definition,
        "description": definition.description, "lines": lines(definition),
        "attributes": tuple(attributes(definition)),
    }  # fmt: skip


def _named(key: LiveKey) -> str:
    return f"CONSTRAINT {identifier(key.name)} {key.text}"


def _as_added(definition: Definition, column: Column) -> Column:
    """Return a column as it is added: its keys come after it."""
    return replace(column, unique=False, references=None, nullable=not must_not_be_null(definition, column))


def _with_comments(definition: Definition, live: Mapping[tuple[str, str], str]) -> Definition:
    """Return the table with the comments that are there where none is declared."""

    def comment(name: str, declared: str) -> str:
        return declared or live.get((definition.name, name), "")

    columns = tuple(replace(each, description=comment(each.name, each.description)) for each in definition.columns)
    return replace(definition, description=comment("", definition.description), columns=columns)


def _only_commented(definition: Definition, names: set[str]) -> Definition:
    """Return the table with the comments of these columns; '' is the table's own."""
    columns = tuple(each if each.name in names else replace(each, description="") for each in definition.columns)
    return replace(definition, description=definition.description if "" in names else "", columns=columns)


def _missing_grants(differences: Iterable[Difference]) -> dict[str, tuple[str, ...]]:
    grants: dict[str, tuple[str, ...]] = {}
    for each in differences:
        if each.kind == "grant":
            privilege, _, grantee = each.name.partition(" to ")
            grants[privilege] = (*grants.get(privilege, ()), grantee)
    return grants


def _layouts(definition: Definition, live: LiveTable, kinds: Collection[str]) -> list[list[str]]:
    """Return the clauses of each ALTER TABLE. Few go together, and a table loses its interleaved key first.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html, "supports the following combinations"
    """
    was_interleaved = live.sortkey is not None and live.sortkey.kind == "interleaved"
    sort: list[str] = []
    if "sort key" in kinds:
        key = definition.sortkey
        if key and key.columns:
            sort = [f"ALTER SORTKEY ({', '.join(map(identifier, key.columns))})"]
        else:
            sort = ["ALTER SORTKEY NONE", "ALTER SORTKEY AUTO"] if was_interleaved else ["ALTER SORTKEY AUTO"]
    if "distribution" not in kinds:
        return [[each] for each in sort]
    style, key_column = declared_distribution(definition)
    spread = f"ALTER DISTKEY {identifier(key_column)}" if key_column else f"ALTER DISTSTYLE {style.upper()}"
    together = len(sort) == 1 and "AUTO" not in sort[0] and style in ("key", "all") and not was_interleaved
    return [[*sort, spread]] if together else [*([each] for each in sort), [spread]]
