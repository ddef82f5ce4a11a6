"""A SELECT and the declared tables -> what is wrong with it, and the types and sources of its columns.

It stands on the parser and the types of local Redshift, which refuse what Redshift refuses (docs/decisions/0015).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..datatypes import DataType
from ..errors import WarehouseError
from ..model import Definition
from ..records import frozen
from ..warehouses.local import syntax as s
from ..warehouses.local.casts import assign
from ..warehouses.local.catalog import Column as CatalogColumn
from ..warehouses.local.catalog import Relation
from ..warehouses.local.queries import query_sql
from ..warehouses.local.reading import is_star, leaves, read_query
from ..warehouses.local.scope import ColumnsUnknown, OutColumn, Scope, Session
from ..warehouses.local.values import category
from .assignment import is_null, losses, may_be_null
from .distribution import Distkeys, apart
from .division import integer_divisions, lost_fractions
from .grouping import ungrouped
from .joins import nullable, untied
from .watching import Record, Seen, Source, Span, walk

_MOST_FINDINGS = 20
_START: Span = (-1, -1)
_NAMES = ("unknown-column", "unknown-table", "ambiguous-column", "duplicate-table")
_RULES = {
    "42703": "unknown-column", "42P01": "unknown-table", "42702": "ambiguous-column", "42712": "duplicate-table",
    "42803": "missing-group-by", "42P20": "misplaced-function", "42804": "type-mismatch", "42846": "type-mismatch",
    "42809": "type-mismatch", "42P10": "unknown-column",
}  # fmt: skip
_GROUP_HINT = "add it to GROUP BY, or put it into an aggregate"

_DISTKEY_HINT = "distribute both by what they are joined by, or the smaller one with 'diststyle: all'"


@frozen
class Finding:
    """Something that a rule says of a SELECT; `span` has offsets in its text, -1 for its beginning."""

    rule: str
    message: str
    hint: str = ""
    span: Span = _START


@frozen
class Column:
    """A column that a SELECT gives, and the declared columns that it is made of."""

    name: str
    type: DataType
    sources: tuple[Source, ...]


@frozen
class Compiled:
    """What is known of a SELECT; `columns` is None where its columns are not."""

    findings: tuple[Finding, ...]
    columns: tuple[Column, ...] | None = None
    by_order: bool = False
    """The columns are those of a '*': they find their place in a table by their order, not by their name."""


@frozen
class Declared:
    """The relations that are declared, by name, all in one schema."""

    schema: str
    relations: Mapping[str, Relation]
    """Others may be there: nothing is known of them."""
    distkeys: Distkeys = field(default_factory=dict)

    def find(self, schema: str | None, name: str) -> Relation:
        known = self.relations.get(name) if schema in (None, self.schema) else None
        return known or Relation(schema or self.schema, name)


def declare(schema: str, definitions: tuple[Definition, ...]) -> Declared:
    """Return the relations that SELECTs of a pipeline may read."""
    distkeys = {(schema, each.name): each.distkey for each in definitions if each.distkey}
    return Declared(schema, {each.name: _relation(each) for each in definitions}, distkeys)


def _relation(definition: Definition) -> Relation:
    columns = tuple(CatalogColumn(column.name, column.type) for column in definition.columns)
    return Relation(definition.schema, definition.name, columns=columns)


@dataclass(slots=True)
class _Checked:
    """What repeated translations of one SELECT have shown."""

    text: str
    query: s.Query
    distkeys: Distkeys
    findings: list[Finding] = field(default_factory=list)
    record: Record = field(default_factory=Record)
    columns: tuple[OutColumn, ...] | None = None


def compile_select(text: str, declared: Declared, target: Definition, filled: tuple[str, ...]) -> Compiled:
    """Check one SELECT against what is declared; `filled` are the columns of `target` that it fills, in order.

    What cannot be understood is told as not checked; nothing is raised.
    """
    try:
        checked = _Checked(text, read_query(text), declared.distkeys)
    except WarehouseError as error:
        return Compiled((_syntax(error),))
    except RecursionError:
        return Compiled((Finding("not-checked", "not checked: the SELECT is nested too deep"),))
    try:
        _translate(checked, declared)
        if checked.columns is not None and not checked.findings:
            checked.findings.extend(_advice(checked, target, filled))
    except (AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A bug of the checker must not stand between a user and a SELECT that may be right.
        checked.findings.append(Finding("not-checked", f"not checked: the checker failed ({type(error).__name__})"))
        return Compiled(tuple(checked.findings))
    columns = None if checked.columns is None else tuple(map(_column, checked.columns))
    return Compiled(tuple(dict.fromkeys(checked.findings)), columns, _is_starred(checked.query))


def _column(column: OutColumn) -> Column:
    return Column(column.name, column.type, tuple(sorted(column.sources)))


def item_spans(text: str) -> tuple[Span, ...]:
    """Return where the items of the select list stand; nothing where that cannot be said."""
    try:
        first = next(leaves(read_query(text)))
    except (WarehouseError, RecursionError):
        return ()
    return tuple((item.start, item.end) for item in first.items)


def _syntax(error: WarehouseError) -> Finding:
    """What the grammar explains is wrong; what it only does not know may be right."""
    span = error.span or _START
    if "is a reserved word" in error.hint:
        return Finding("reserved-word", error.hint.partition(":")[0], error.hint.partition(": ")[2], span)
    known = error.hint and not error.hint.startswith("expected") and error.sqlstate == "42601"
    rule, message = ("syntax", error.message) if known else ("not-checked", f"not checked: {error.message}")
    return Finding(rule, message, error.hint, span)


def _translate(checked: _Checked, declared: Declared) -> None:
    """Translate until nothing new is wrong: what was told is forgiven the next time, so that all is told at once."""
    forgiven: frozenset[Span] = frozenset()
    while len(forgiven) < _MOST_FINDINGS:
        record = Record(forgiven)
        try:
            _, checked.columns = query_sql(checked.query, Scope(_session(declared, record)))
        except ColumnsUnknown:
            return
        except WarehouseError as error:
            span = error.span or _START
            finding = _refused(error, span, checked.text)
            # Where columns are unknown, so are types: only what is said of names stays certain.
            if finding.rule in _NAMES or not (forgiven or record.untold):
                checked.findings.append(finding)
            if span == _START or span in forgiven:
                return
            forgiven |= {span}
        else:
            checked.record = record
            return


def _session(declared: Declared, record: Record) -> Session:
    facts: dict[str, str] = defaultdict(lambda: "CAST(NULL AS VARCHAR)")
    return Session(find=declared.find, subquery=query_sql, facts=facts, watch=record)


def _refused(error: WarehouseError, span: Span, text: str) -> Finding:
    rule = _RULES.get(error.sqlstate, "not-checked")
    if error.sqlstate == "42883":
        rule = "unknown-function" if error.message.startswith("function") else "type-mismatch"
    elif error.sqlstate == "42601":
        rule = "column-count" if "columns" in error.message else "syntax"
    message = f"not checked: {error.message}" if rule == "not-checked" else error.message
    return Finding(rule, message, error.hint, _pointed(rule, span, text))


def _pointed(rule: str, span: Span, text: str) -> Span:
    """Of table.column, return the part that is wrong."""
    start, end = span
    if rule == "unknown-column":
        return max(start, text.rfind(".", start, end) + 1), end
    if rule == "unknown-table" and "." in text[start:end]:
        return start, text.index(".", start)
    return span


# --- advice: what Redshift would take ------------------------------------------------------------------------------


def _advice(checked: _Checked, target: Definition, filled: tuple[str, ...]) -> Iterator[Finding]:
    record, query = checked.record, checked.query
    for seen in record.selects.values():
        for name, shown in ungrouped(seen, record):
            message = f'column "{shown}" must appear in the GROUP BY clause or be used in an aggregate function'
            yield Finding("missing-group-by", message, _GROUP_HINT, (name.start, name.end))
    if record.untold:
        return
    nodes = list(walk(query))
    common = {one.name: one.query for node in nodes if isinstance(node, s.Query) for one in node.common}
    for seen in record.selects.values():
        yield from _untied(seen, record, common)
        for condition, said in apart(seen, record, checked.distkeys):
            message = f"rows of this join travel between the nodes: {said}"
            yield Finding("distkey-join", message, _DISTKEY_HINT, (condition.start, condition.end))
    for division in lost_fractions(nodes, record):
        yield _division(division)
    yield from _zones(nodes, record)
    yield from _assigned(checked, target, filled)


def _untied(seen: Seen, record: Record, common: dict[str, s.Query]) -> Iterator[Finding]:
    for item, leaf in untied(seen, record, common):
        span = (leaf.start, leaf.end) if isinstance(leaf, (s.Table, s.Derived)) else _START
        message = f"no condition ties '{item.alias}' to the tables before it: every row meets every row"
        yield Finding("cross-join", message, "add the condition, or write CROSS JOIN if you mean it", span)


def _division(node: s.Binary) -> Finding:
    hint = "write one side with a fraction: 1.0 * a / b, or CAST(a AS decimal(12,2)) / b"
    message = "integers divide to an integer: the fraction is lost before it is asked for"
    return Finding("integer-division", message, hint, (node.start, node.end))


def _zones(nodes: list[Any], record: Record) -> Iterator[Finding]:
    for node in nodes:
        if isinstance(node, s.Binary) and node.op in ("=", "<>", "<", ">", "<=", ">="):
            sides = (node.left, node.right)
            if any(record.is_constant(side) or side not in record.types for side in sides):
                continue
            if {category(record.types[side].type) for side in sides} == {"timestamp", "timestamptz"}:
                message = "a timestamp is compared with a timestamptz: the session's time zone decides what it means"
                yield Finding("time-zone", message, "say the zone: … AT TIME ZONE 'UTC'", (node.start, node.end))


def _assigned(checked: _Checked, target: Definition, filled: tuple[str, ...]) -> Iterator[Finding]:
    """Check each column of the SELECT against the column of the target that it goes into."""
    record, outputs = checked.record, checked.columns or ()
    if _is_starred(checked.query):
        yield from _order(checked, outputs, filled)
        pairs = dict(zip(filled, range(len(outputs)), strict=False))
    else:
        pairs = {column.name: number for number, column in enumerate(outputs)}
    for select in leaves(checked.query):
        seen = record.selects[select]
        optional = nullable(seen, record)
        for name, number in pairs.items():
            column = target.column(name)
            if column is None or number >= len(seen.items):
                continue
            node, output = seen.items[number].value, outputs[number]
            span = (node.start, node.end)
            if node.start < 0:
                span = _star_span(select)
            try:
                value = record.types[node]
                assign(value, column.type, name, untyped=output.untyped)
            except WarehouseError as error:
                yield Finding("type-mismatch", error.message, error.hint, span)
                continue
            for loss in losses(node, column.type, name, record):
                yield Finding(loss.rule, loss.message, loss.hint, span)
            if category(column.type) in ("decimal", "float") and column.type.scale != 0:
                for division in integer_divisions(node, record):
                    yield _division(division)
            if not column.nullable or name in target.primary_key:
                yield from _nulls(node, name, record, optional, span)


def _nulls(node: s.Expression, name: str, record: Record, optional: frozenset[int], span: Span) -> Iterator[Finding]:
    if is_null(node):
        yield Finding("null-into-not-null", f"NULL goes into '{name}', which must not be NULL", "give a value", span)
        return
    why = may_be_null(node, record, optional)
    if why:
        message = f"'{name}' must not be NULL, and is where {why}"
        yield Finding("may-be-null", message, "leave such rows out with WHERE, or give a value with COALESCE", span)


def _order(checked: _Checked, outputs: tuple[OutColumn, ...], filled: tuple[str, ...]) -> Iterator[Finding]:
    span = _star_span(next(leaves(checked.query)))
    if len(outputs) != len(filled):
        message = f"the SELECT gives {len(outputs)} columns, the table takes {len(filled)}"
        yield Finding("column-count", message, f"name the columns: {', '.join(filled)}", span)
        return
    for number, (output, name) in enumerate(zip(outputs, filled, strict=True), start=1):
        if output.name != name:
            message = f"column {number} of the SELECT is '{output.name}', and goes into '{name}'"
            yield Finding(
                "column-order", message, "name the columns instead of '*': they find their place by name", span
            )
            return


def _is_starred(query: s.Query) -> bool:
    return any(is_star(item) for select in leaves(query) for item in select.items)


def _star_span(select: s.Select) -> Span:
    return next(((item.start, item.end) for item in select.items if is_star(item)), _START)
