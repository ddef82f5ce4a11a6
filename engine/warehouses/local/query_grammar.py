"""Redshift's queries: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_synopsis.html
"""

from __future__ import annotations

from ...errors import WarehouseError
from . import syntax as s
from .call_grammar import parse_orders
from .expression_grammar import parse_expression
from .keywords import AGGREGATES
from .rewriting import OUTER, connect_by, holds, join_outer
from .source_grammar import parse_item, parse_sources, parse_table_name
from .term_grammar import parse_primary
from .tokens import Reader


class StatementReader(Reader):
    """A reader that knows the whole grammar of queries and expressions."""

    __slots__ = ()

    def expression(self, power: int = 0) -> s.Expression:
        return parse_expression(self, power)

    def query(self) -> s.Query:
        return parse_query(self)


_SETS = frozenset({"union", "intersect", "except", "minus"})


def parse_query(reader: Reader) -> s.Query:
    """Read a query, with its WITH list, up to where it ends."""
    common, recursive = parse_with(reader)
    query = _set_operations(reader, 0)
    result = query if isinstance(query, s.Query) and not common else s.Query(query, common, recursive)
    if reader.at("order") or reader.at("limit") or reader.at("offset") or reader.at("fetch"):
        if result.order or result.limit is not None or result.offset is not None:
            result = s.Query(result)
        _ending(reader, result)
    if reader.at("for"):
        raise reader.error("SELECT … FOR UPDATE is not supported by Redshift; use LOCK")
    return result


def parse_with(reader: Reader) -> tuple[tuple[s.Common, ...], bool]:
    if not reader.take("with"):
        return (), False
    recursive = reader.take("recursive")
    found = [_common(reader)]
    while reader.take_op(","):
        found.append(_common(reader))
    return tuple(found), recursive


def _common(reader: Reader) -> s.Common:
    name = reader.name("the name of a query")
    columns = reader.names_in_parentheses() if reader.at_op("(") else ()
    reader.expect("as")
    return s.Common(name, columns, reader.query_in_parentheses())


def _set_operations(reader: Reader, power: int) -> s.Select | s.SetOperation | s.Query:
    left: s.Select | s.SetOperation | s.Query = _operand(reader)
    while reader.at_any(_SETS):
        word = reader.token.value
        binds = 2 if word == "intersect" else 1
        if binds <= power:
            break
        reader.advance()
        every = reader.take("all")
        if not every:
            reader.take("distinct")
        if every and word != "union":
            raise WarehouseError(f"{word.upper()} ALL is not supported", sqlstate="0A000", hint=f"write {word.upper()}")
        right = _set_operations(reader, binds)
        op = "except" if word == "minus" else word
        left = s.SetOperation(op, every, _as_query(left), _as_query(right))  # type: ignore[arg-type]
    return left


def _as_query(body: s.Select | s.SetOperation | s.Query) -> s.Query:
    return body if isinstance(body, s.Query) else s.Query(body)


def _operand(reader: Reader) -> s.Select | s.Query:
    if reader.at_op("("):
        return reader.query_in_parentheses()
    if reader.at("with"):
        return parse_query(reader)
    if reader.at("values"):
        raise reader.error("VALUES stands only in INSERT; write SELECT … UNION ALL SELECT …")
    return _select(reader)


def _ending(reader: Reader, query: s.Query) -> None:
    if reader.take("order", "by"):
        query.order = parse_orders(reader)
    while reader.at("limit") or reader.at("offset"):
        if reader.take("limit"):
            query.limit = None if reader.take("all") else reader.expression()
        else:
            reader.advance()
            query.offset = reader.expression()
            if not reader.take("rows"):
                reader.take("row")
    if reader.at("fetch"):
        raise reader.error("write LIMIT n")


def _select(reader: Reader) -> s.Select:
    reader.expect("select")
    top = None
    if reader.at("top") and reader.look().kind in ("number", "op") and reader.look().value not in (",", "."):
        reader.advance()
        top = parse_primary(reader)
    distinct = reader.take("distinct")
    if distinct and reader.at("on"):
        raise reader.error("DISTINCT ON is not supported by Redshift; use ROW_NUMBER() with QUALIFY")
    if not distinct:
        reader.take("all")
    if reader.at("top") and top is None and reader.look().kind == "number":
        reader.advance()
        top = parse_primary(reader)
    select = s.Select(tuple(reader.comma_separated(parse_item)), distinct=distinct)
    if reader.take("exclude"):
        select.exclude = reader.names_in_parentheses() if reader.at_op("(") else (reader.name("a column"),)
    _into(reader, select)
    if reader.take("from"):
        select.source = parse_sources(reader)
    _clauses(reader, select)
    select.top = top
    return select


def _into(reader: Reader, select: s.Select) -> None:
    if reader.take("into"):
        select.into_temporary = reader.take("temp") or reader.take("temporary")
        reader.take("table")
        select.into = parse_table_name(reader)


def _clauses(reader: Reader, select: s.Select) -> None:
    if reader.take("where"):
        select.where = reader.expression()
    if select.where is not None and OUTER in reader.sql.replace(" ", ""):
        join_outer(select)
    _hierarchy(reader, select)
    if reader.take("group", "by"):
        select.group = _grouped(reader, select)
    if reader.take("having"):
        select.having = reader.expression()
    if reader.take("qualify"):
        select.qualify = reader.expression()


def _hierarchy(reader: Reader, select: s.Select) -> None:
    """START WITH and CONNECT BY, which may stand in either order."""
    start = reader.expression() if reader.take("start", "with") else None
    if not reader.take("connect", "by"):
        if start is not None:
            raise reader.error("expected CONNECT BY")
        return
    if reader.at("nocycle"):
        raise WarehouseError("not supported locally: CONNECT BY NOCYCLE", sqlstate="0A000")
    condition = reader.expression()
    if start is None and reader.take("start", "with"):
        start = reader.expression()
    connect_by(select, start, condition)


def _grouped(reader: Reader, select: s.Select) -> tuple[s.Expression, ...]:
    """GROUP BY ALL takes every item that holds no aggregate."""
    if not reader.take("all"):
        return tuple(reader.comma_separated(_group))
    if any(isinstance(item.value, s.Star) for item in select.items):
        raise WarehouseError("not supported locally: GROUP BY ALL with *", sqlstate="0A000")
    return tuple(item.value for item in select.items if not holds(item.value, _is_aggregate))


def _is_aggregate(node: s.Expression) -> bool:
    return isinstance(node, s.Call) and node.name in AGGREGATES and node.over is None


def _group(reader: Reader) -> s.Expression:
    for kind in ("rollup", "cube"):
        if reader.at(kind) and reader.look().value == "(":
            reader.advance()
            return s.Grouping(kind, reader.expressions_in_parentheses())
    if reader.take("grouping", "sets"):
        reader.expect_op("(")
        groups = reader.comma_separated(_group)
        reader.expect_op(")")
        return s.Grouping("grouping sets", tuple(groups))
    if reader.at_op("(") and reader.look().value == ")":
        reader.advance()
        reader.advance()
        return s.Row(())
    return reader.expression()
