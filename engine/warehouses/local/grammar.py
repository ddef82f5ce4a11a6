"""Redshift's expressions and queries: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_synopsis.html, r_expressions.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from ...datatypes import parse_type
from ...errors import WarehouseError
from . import syntax as s
from .keywords import AGGREGATES, RESERVED
from .rewriting import OUTER, PRIOR, connect_by, holds, join_outer
from .tokens import Reader, Token
from .type_grammar import interval_fields, parse_data_type

T = TypeVar("T")

_COMPARISONS = {"=", "<>", "!=", "<", ">", "<=", ">="}
_POWERS = {
    "=": 4, "<>": 4, "!=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4,
    "~": 6, "!~": 6, "~*": 6, "!~*": 6, "~~": 6, "!~~": 6, "~~*": 6, "!~~*": 6,
    "||": 6, "&": 6, "|": 6, "#": 6, "<<": 6, ">>": 6,
    "+": 7, "-": 7, "*": 8, "/": 8, "%": 8, "^": 9,
}  # fmt: skip
_WORD_POWERS = {
    "or": 1, "and": 2, "is": 4, "isnull": 4, "notnull": 4,
    "between": 5, "in": 5, "like": 5, "ilike": 5, "similar": 5, "not": 5, "at": 10, "collate": 10, "operator": 6,
}  # fmt: skip
_MATCHES = {"~": "~", "!~": "~", "~*": "~*", "!~*": "~*", "~~": "like", "!~~": "like", "~~*": "ilike", "!~~*": "ilike"}
_NO_PARENTHESES = frozenset(
    [
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "current_user_id",
        "localtime",
        "localtimestamp",
        "session_user",
        "sysdate",
        "user",
    ]
)
_TYPED_STRINGS = frozenset(["date", "time", "timetz", "timestamp", "timestamptz"])
_ENDS_AN_ALIAS = frozenset(
    [
        "from",
        "where",
        "group",
        "having",
        "qualify",
        "window",
        "order",
        "limit",
        "offset",
        "union",
        "intersect",
        "except",
        "minus",
        "on",
        "using",
        "join",
        "inner",
        "left",
        "right",
        "full",
        "cross",
        "natural",
        "pivot",
        "unpivot",
        "as",
        "at",
        "into",
        "start",
        "connect",
        "set",
        "when",
        "fetch",
        "for",
        "remove",
    ]
)
_SETS = frozenset({"union", "intersect", "except", "minus"})
_JOINS = frozenset({"join", "inner", "left", "right", "full", "cross", "natural"})


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
    columns = _names_in_parentheses(reader) if reader.at_op("(") else ()
    reader.expect("as")
    return s.Common(name, columns, _query_in_parentheses(reader))


def _query_in_parentheses(reader: Reader) -> s.Query:
    reader.expect_op("(")
    query = parse_query(reader)
    reader.expect_op(")")
    return query


def _names_in_parentheses(reader: Reader) -> tuple[str, ...]:
    reader.expect_op("(")
    names = [reader.name("a column")]
    while reader.take_op(","):
        names.append(reader.name("a column"))
    reader.expect_op(")")
    return tuple(names)


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
        return _query_in_parentheses(reader)
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
            query.limit = None if reader.take("all") else parse_expression(reader)
        else:
            reader.advance()
            query.offset = parse_expression(reader)
            if not reader.take("rows"):
                reader.take("row")
    if reader.at("fetch"):
        raise reader.error("write LIMIT n")


def _select(reader: Reader) -> s.Select:
    reader.expect("select")
    top = None
    if reader.at("top") and reader.look().kind in ("number", "op") and reader.look().value not in (",", "."):
        reader.advance()
        top = _primary(reader)
    distinct = reader.take("distinct")
    if distinct and reader.at("on"):
        raise reader.error("DISTINCT ON is not supported by Redshift; use ROW_NUMBER() with QUALIFY")
    if not distinct:
        reader.take("all")
    if reader.at("top") and top is None and reader.look().kind == "number":
        reader.advance()
        top = _primary(reader)
    select = s.Select(_items(reader), distinct=distinct)
    if reader.take("exclude"):
        select.exclude = _names_in_parentheses(reader) if reader.at_op("(") else (reader.name("a column"),)
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
        select.where = parse_expression(reader)
    if select.where is not None and OUTER in reader.sql.replace(" ", ""):
        join_outer(select)
    _hierarchy(reader, select)
    if reader.take("group", "by"):
        select.group = _grouped(reader, select)
    if reader.take("having"):
        select.having = parse_expression(reader)
    if reader.take("qualify"):
        select.qualify = parse_expression(reader)


def _hierarchy(reader: Reader, select: s.Select) -> None:
    """START WITH and CONNECT BY, which may stand in either order."""
    start = parse_expression(reader) if reader.take("start", "with") else None
    if not reader.take("connect", "by"):
        if start is not None:
            raise reader.error("expected CONNECT BY")
        return
    if reader.at("nocycle"):
        raise WarehouseError("not supported locally: CONNECT BY NOCYCLE", sqlstate="0A000")
    condition = parse_expression(reader)
    if start is None and reader.take("start", "with"):
        start = parse_expression(reader)
    connect_by(select, start, condition)


def _grouped(reader: Reader, select: s.Select) -> tuple[s.Expression, ...]:
    """GROUP BY ALL takes every item that holds no aggregate."""
    if not reader.take("all"):
        return tuple(_comma_separated(reader, _group))
    if any(isinstance(item.value, s.Star) for item in select.items):
        raise WarehouseError("not supported locally: GROUP BY ALL with *", sqlstate="0A000")
    return tuple(item.value for item in select.items if not holds(item.value, _is_aggregate))


def _is_aggregate(node: s.Expression) -> bool:
    return isinstance(node, s.Call) and node.name in AGGREGATES and node.over is None


def _group(reader: Reader) -> s.Expression:
    for kind in ("rollup", "cube"):
        if reader.at(kind) and reader.look().value == "(":
            reader.advance()
            return s.Grouping(kind, _expressions_in_parentheses(reader))
    if reader.take("grouping", "sets"):
        reader.expect_op("(")
        groups = _comma_separated(reader, _group)
        reader.expect_op(")")
        return s.Grouping("grouping sets", tuple(groups))
    if reader.at_op("(") and reader.look().value == ")":
        reader.advance()
        reader.advance()
        return s.Row(())
    return parse_expression(reader)


def _comma_separated(reader: Reader, read: Callable[[Reader], T]) -> list[T]:
    found = [read(reader)]
    while reader.take_op(","):
        found.append(read(reader))
    return found


def _items(reader: Reader) -> tuple[s.Item, ...]:
    return tuple(_comma_separated(reader, parse_item))


def parse_item(reader: Reader) -> s.Item:
    item = s.Item(s.Star(), start=reader.token.start)
    if reader.at_op("*"):
        reader.advance()
    else:
        item.value = parse_expression(reader)
        item.alias = _item_alias(reader)
    item.end = reader.tokens[reader.where - 1].end
    return item


def _item_alias(reader: Reader) -> str:
    token = reader.token
    if (
        reader.take("as")
        or token.kind == "name"
        or (token.kind == "word" and token.value not in RESERVED and token.value not in _ENDS_AN_ALIAS)
    ):
        return reader.any_name("an alias")
    return ""


def parse_orders(reader: Reader) -> tuple[s.Order, ...]:
    return tuple(_comma_separated(reader, _order))


def _order(reader: Reader) -> s.Order:
    order = s.Order(parse_expression(reader))
    if reader.take("desc"):
        order.descending = True
    else:
        reader.take("asc")
    if reader.take("nulls"):
        order.nulls_first = reader.take("first")
        if not order.nulls_first:
            reader.expect("last")
    return order


# --- FROM ------------------------------------------------------------------------------------------------------------


def parse_sources(reader: Reader) -> s.Source:
    source = _joined(reader)
    while reader.take_op(","):
        source = s.Join(source, _joined(reader), "")
    return source


def _joined(reader: Reader) -> s.Source:
    left = _source(reader)
    while reader.at_any(_JOINS):
        natural = reader.take("natural")
        kind = _join_kind(reader)
        right = _source(reader)
        join = s.Join(left, right, kind, natural=natural)  # type: ignore[arg-type]
        if not natural and kind != "cross":
            if reader.take("on"):
                join.on = parse_expression(reader)
            elif reader.take("using"):
                join.using = _names_in_parentheses(reader)
            else:
                raise reader.error("a join needs ON or USING")
        left = join
    return left


def _join_kind(reader: Reader) -> str:
    for kind in ("left", "right", "full"):
        if reader.take(kind):
            reader.take("outer")
            reader.expect("join")
            return kind
    kind = "cross" if reader.take("cross") else "inner"
    reader.take("inner")
    reader.expect("join")
    return kind


def _source(reader: Reader) -> s.Source:
    if reader.take("unpivot"):
        return _unnest(reader, _path(reader), object_=True)
    source: s.Source
    if reader.at("pg_catalog") and reader.look().value == "." and reader.look(3).value == "(":
        reader.advance()
        reader.advance()
    if reader.at_op("("):
        source = _source_in_parentheses(reader)
    elif reader.token.kind == "word" and reader.look().value == "(" and reader.look().kind == "op":
        source = _function_source(reader)
    else:
        source = _table_or_path(reader)
    while reader.at("pivot") or reader.at("unpivot"):
        source = _pivot(reader, source) if reader.take("pivot") else _unpivot(reader, source)
    return source


def _source_in_parentheses(reader: Reader) -> s.Source:
    where = reader.where
    reader.advance()
    while reader.at_op("("):
        reader.advance()
    is_query = reader.at("select") or reader.at("with") or reader.at("values")
    reader.rewind(where)
    if is_query:
        try:
            query = _query_in_parentheses(reader)
        except WarehouseError:
            if reader.tokens[where + 1].value != "(":
                raise
            reader.rewind(where)
        else:
            end = reader.tokens[reader.where - 1].end
            alias, columns = _source_alias(reader)
            return s.Derived(query, alias, columns, reader.tokens[where].start, end)
    reader.expect_op("(")
    source = parse_sources(reader)
    reader.expect_op(")")
    return source


def _function_source(reader: Reader) -> s.Source:
    """GENERATE_SERIES (1, 10), UNNEST (t.items) [WITH OFFSET AS position]."""
    name = reader.token.value
    if name in _CATALOG_SOURCES:
        return _catalog_source(reader)
    if name in ("current_database", "current_schema", "version"):
        return _value_source(reader)
    if name not in ("generate_series", "unnest"):
        raise WarehouseError(
            f"function {name}() does not exist", sqlstate="42883", hint="Redshift has no such function for FROM"
        )
    reader.advance()
    arguments = _expressions_in_parentheses(reader)
    alias, columns = _source_alias(reader)
    if name == "generate_series":
        return s.Series(arguments, alias, columns)
    if len(arguments) != 1 or not isinstance(arguments[0], s.Name) or columns:
        raise WarehouseError("not supported locally: UNNEST of anything but a path", sqlstate="0A000")
    position = ""
    if reader.take("with", "offset"):
        position = reader.name("an alias") if reader.take("as") else "offset_alias"
    return s.Unnest(arguments[0], alias, position)


_CATALOG_SOURCES = frozenset({"pg_get_late_binding_view_cols"})


def _catalog_source(reader: Reader) -> s.Source:
    """A function of the catalog gives a relation whose columns the query names, with their types."""
    token = reader.advance()
    reader.expect_op("(")
    reader.expect_op(")")
    table = s.Table(token.value, "pg_catalog", None, "", (), token.start, token.end)
    reader.take("as")
    if reader.token.kind == "word" and reader.token.value not in _ENDS_AN_ALIAS:
        table.alias = reader.any_name("an alias")
        table.columns = _column_definitions(reader) if reader.at_op("(") else ()
    return table


def _value_source(reader: Reader) -> s.Source:
    """FROM current_database (): one row, whose column is called as the function."""
    name = reader.advance().value
    reader.expect_op("(")
    reader.expect_op(")")
    alias, columns = _source_alias(reader)
    return s.Derived(s.Query(s.Select((s.Item(s.Call(name), name),))), alias or name, columns)


def _column_definitions(reader: Reader) -> tuple[str, ...]:
    reader.expect_op("(")
    names = []
    while True:
        names.append(reader.any_name("a column"))
        _cast_to(reader, s.Constant(None, False))
        if not reader.take_op(","):
            reader.expect_op(")")
            return tuple(names)


def _table_or_path(reader: Reader) -> s.Source:
    if reader.token.kind == "string":
        raise reader.error("a table is named without quotes; files are read with COPY")
    path = _path(reader)
    last = reader.tokens[reader.where - 1]
    if any(not isinstance(part, str) for part in path.parts) or len(path.parts) > 3:
        return _unnest(reader, path)
    alias, columns = _source_alias(reader)
    if reader.take("at"):
        return s.Unnest(path, alias, reader.name("an alias"))
    parts = [str(part) for part in path.parts]
    schema, database = parts[-2] if len(parts) > 1 else None, parts[-3] if len(parts) > 2 else None
    return s.Table(parts[-1], schema, database, alias, columns, last.start, last.end)


def _unnest(reader: Reader, path: s.Name, object_: bool = False) -> s.Unnest:
    alias, _ = _source_alias(reader)
    position = reader.name("an alias") if reader.take("at") else ""
    return s.Unnest(path, alias, position, object_)


def _path(reader: Reader) -> s.Name:
    # AWS's own example of unnesting calls a value `array`, though the word is reserved.
    name = reader.any_name if reader.at("array") else reader.name
    parts: list[str | int | s.Expression] = [name("a table")]
    parts.extend(_steps(reader))
    return s.Name(tuple(parts))


def _source_alias(reader: Reader) -> tuple[str, tuple[str, ...]]:
    if (
        reader.take("as")
        or reader.token.kind == "name"
        or (
            reader.token.kind == "word"
            and reader.token.value not in RESERVED
            and reader.token.value not in _ENDS_AN_ALIAS
        )
    ):
        alias = reader.any_name("an alias")
    else:
        return "", ()
    return alias, _names_in_parentheses(reader) if reader.at_op("(") else ()


def _pivot(reader: Reader, source: s.Source) -> s.Pivot:
    reader.expect_op("(")
    aggregates = _items_until(reader, "for")
    reader.expect("for")
    by = _postfix(reader)
    reader.expect("in")
    reader.expect_op("(")
    values = _items(reader)
    reader.expect_op(")")
    reader.expect_op(")")
    return s.Pivot(source, aggregates, by, values, _source_alias(reader)[0])


def _items_until(reader: Reader, word: str) -> tuple[s.Item, ...]:
    items = []
    while True:
        value = parse_expression(reader)
        alias = reader.any_name() if reader.take("as") else ""
        if not alias and reader.token.kind in ("word", "name") and not reader.at(word):
            alias = reader.any_name()
        items.append(s.Item(value, alias))
        if not reader.take_op(","):
            return tuple(items)


def _unpivot(reader: Reader, source: s.Source) -> s.Unpivot:
    reader.expect("unpivot")
    nulls = reader.take("include", "nulls")
    if not nulls:
        reader.take("exclude", "nulls")
    reader.expect_op("(")
    value = reader.name()
    reader.expect("for")
    name = reader.name()
    reader.expect("in")
    reader.expect_op("(")
    columns = tuple(_comma_separated(reader, _unpivot_column))
    reader.expect_op(")")
    reader.expect_op(")")
    return s.Unpivot(source, value, name, columns, nulls, _source_alias(reader)[0])


def _unpivot_column(reader: Reader) -> s.Item:
    column = s.Name((reader.name("a column"),))
    if not reader.take("as"):
        return s.Item(column)
    return s.Item(column, reader.string() if reader.token.kind == "string" else reader.any_name())


def parse_table_name(reader: Reader) -> s.Table:
    """Read name, schema.name or database.schema.name."""
    parts = [reader.name("a table")]
    while reader.take_op("."):
        parts.append(reader.any_name("a table"))
    if len(parts) > 3:
        raise reader.error("a table has at most a database, a schema and a name")
    return s.Table(parts[-1], parts[-2] if len(parts) > 1 else None, parts[-3] if len(parts) > 2 else None)


# --- expressions -----------------------------------------------------------------------------------------------------


def parse_expression(reader: Reader, power: int = 0) -> s.Expression:
    """Read an expression whose operators bind tighter than `power`."""
    start = reader.token.start
    left = _prefix(reader)
    if left.start < 0:
        left.start, left.end = start, reader.tokens[reader.where - 1].end
    while True:
        token = reader.token
        if token.kind == "op":
            binds = _POWERS.get(token.value, 0)
        elif token.kind == "word":
            binds = _WORD_POWERS.get(token.value, 0)
            if token.value == "not" and reader.look().value not in _NEGATED:
                return left  # DEFAULT 1 NOT NULL
        else:
            return left
        if binds <= power:
            return left
        if token.kind == "op":
            left = _symbol(reader, left, binds)
        else:
            left = (_operator if token.value == "operator" else _word)(reader, left, binds)
        left.start, left.end = start, reader.tokens[reader.where - 1].end


_NEGATED = ("between", "in", "like", "ilike", "similar")


def _operator(reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    """x OPERATOR (pg_catalog.~) y, as psql writes it: an operator by its full name."""
    reader.advance()
    reader.expect_op("(")
    if reader.take("pg_catalog"):
        reader.expect_op(".")
    if reader.token.value not in _POWERS or reader.look().value != ")":
        raise reader.error("expected an operator")
    op = reader.advance().value
    reader.expect_op(")")
    return _applied(op, reader, left, binds)


def _symbol(reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    return _applied(reader.advance().value, reader, left, binds)


def _applied(op: str, reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    op = "<>" if op == "!=" else op
    if op in _MATCHES:
        match = s.Match(_MATCHES[op], left, parse_expression(reader, binds))  # type: ignore[arg-type]
        return s.Unary("not", match) if op.startswith("!") else match
    if op in _COMPARISONS and (reader.at("any") or reader.at("some") or reader.at("all")):
        every = reader.advance().value == "all"
        if not (reader.at_op("(") and reader.look().value in ("select", "with", "(")):
            return s.InArray(op, left, every, _parentheses(reader))
        return s.Quantified(op, left, every, _query_in_parentheses(reader))
    return s.Binary(op, left, parse_expression(reader, binds - 1 if op == "=" else binds))


def _word(reader: Reader, left: s.Expression, binds: int) -> s.Expression:
    word = reader.advance().value
    if word in ("or", "and"):
        return s.Binary(word, left, parse_expression(reader, binds))
    if word == "not":
        return s.Unary("not", _word(reader, left, binds))
    if word == "is":
        return _is(reader, left)
    if word in ("isnull", "notnull"):
        is_null = s.Is(left, None)
        return is_null if word == "isnull" else s.Unary("not", is_null)
    return _WORDS[word](reader, left)


def _is(reader: Reader, left: s.Expression) -> s.Expression:
    negated = reader.take("not")
    for word, what in (("null", None), ("true", True), ("false", False), ("unknown", "unknown")):
        if reader.take(word):
            found = s.Is(left, what)  # type: ignore[arg-type]
            return s.Unary("not", found) if negated else found
    raise reader.error("expected NULL, TRUE, FALSE or UNKNOWN")


def _between(reader: Reader, left: s.Expression) -> s.Expression:
    low = parse_expression(reader, 5)
    reader.expect("and")
    return s.Between(left, low, parse_expression(reader, 5))


def _in(reader: Reader, left: s.Expression) -> s.Expression:
    if reader.at_op("(") and reader.look().value in ("select", "with") and reader.look().kind == "word":
        return s.In(left, _query_in_parentheses(reader))
    return s.In(left, _expressions_in_parentheses(reader))


def _match(kind: Literal["like", "ilike", "similar"]) -> Callable[[Reader, s.Expression], s.Expression]:
    def read(reader: Reader, left: s.Expression) -> s.Expression:
        if kind == "similar":
            reader.expect("to")
        pattern = parse_expression(reader, 5)
        escape = parse_expression(reader, 5) if reader.take("escape") else None
        return s.Match(kind, left, pattern, escape)

    return read


def _at_time_zone(reader: Reader, left: s.Expression) -> s.Expression:
    reader.expect("time", "zone")
    return s.AtTimeZone(left, parse_expression(reader, 10))


def _collate(reader: Reader, left: s.Expression) -> s.Expression:
    return s.Collate(left, reader.any_name("a collation"))


_WORDS = {
    "between": _between, "in": _in, "like": _match("like"), "ilike": _match("ilike"), "similar": _match("similar"),
    "at": _at_time_zone, "collate": _collate,
}  # fmt: skip


def _prefix(reader: Reader) -> s.Expression:
    token = reader.token
    if token.kind == "op":
        if token.value in ("-", "+"):
            reader.advance()
            value = parse_expression(reader, 11)
            return value if token.value == "+" else s.Unary("-", value)
        if token.value in ("~", "@", "|/", "||/"):
            reader.advance()
            return s.Unary(token.value, parse_expression(reader, 6))
    elif token.kind == "word" and token.value == "not":
        reader.advance()
        return s.Unary("not", parse_expression(reader, 3))
    elif token.kind == "word" and token.value == PRIOR and _names_a_column(reader.look()):
        reader.advance()
        return s.Unary(PRIOR, _postfix(reader))
    return _postfix(reader)


def _names_a_column(token: Token) -> bool:
    return token.kind == "name" or (token.kind == "word" and token.value not in RESERVED)


def _postfix(reader: Reader) -> s.Expression:
    value = _primary(reader)
    while True:
        if reader.at_op("(") and reader.look().value == "+" and reader.look(2).value == ")":
            for _ in range(3):
                reader.advance()
            return s.Unary(OUTER, value)
        if reader.take_op("::"):
            value = _cast_to(reader, value)
        elif reader.at_op("[") or reader.at_op("."):
            path = tuple(_steps(reader))
            if not path:
                raise reader.error()
            value = s.Name(value.parts + path) if isinstance(value, s.Name) else s.Step(value, path)
            if reader.at_op("(") and isinstance(value, s.Name) and value.parts[:-1] == ("pg_catalog",):
                value = _named_call(reader, str(value.parts[-1]))
        else:
            return value


# Types of the catalog, which no column of a user's table has, as what they are kept as.
_CATALOG_TYPES = {"name": "varchar(128)", "oid": "integer", "regproc": "varchar(128)"}


def _cast_to(reader: Reader, value: s.Expression, attempt: bool = False) -> s.Expression:
    """Read the type of a cast."""
    if reader.at("pg_catalog") and reader.look().value == ".":
        reader.advance()
        reader.advance()
    if reader.take("regclass") or reader.take("regtype"):
        return s.Call(reader.tokens[reader.where - 1].value, (value,))
    for name, kept in _CATALOG_TYPES.items():
        if reader.take(name):
            return s.Cast(value, parse_type(kept), attempt)
    return s.Cast(value, parse_data_type(reader), attempt)


def _steps(reader: Reader) -> list[str | int | s.Expression]:
    steps: list[str | int | s.Expression] = []
    while True:
        if reader.at_op(".") and reader.look().kind in ("word", "name"):
            reader.advance()
            steps.append(reader.any_name("a column"))
        elif reader.at_op(".") and reader.look().value == "*" and reader.look().kind == "op":
            reader.advance()
            steps.append(reader.advance().value)
            return steps
        elif reader.take_op("["):
            steps.append(_index(reader))
            reader.expect_op("]")
        else:
            return steps


def _index(reader: Reader) -> str | int | s.Expression:
    value = parse_expression(reader)
    if isinstance(value, s.Number) and value.text.isdigit():
        return int(value.text)
    return value.value if isinstance(value, s.Text) else value


def _primary(reader: Reader) -> s.Expression:
    token = reader.token
    if token.kind == "number":
        reader.advance()
        return s.Number(token.value)
    if token.kind == "string":
        return _string(reader)
    if token.kind == "body":
        return s.Text(reader.advance().value)
    if token.kind == "op" and token.value == "(":
        return _parentheses(reader)
    if token.kind == "parameter":
        reader.advance()
        return s.Name((token.value,))
    if token.kind == "name":
        return _name_or_call(reader)
    if token.kind == "word":
        special = _SPECIAL.get(token.value)
        if special is not None:
            found = special(reader)
            if found is not None:
                return found
        if token.value in RESERVED and not (
            reader.look().value == "("
            and reader.look().kind == "op"
            and token.value in ("left", "right", "isnull", "collate")
        ):
            raise reader.error()
        return _name_or_call(reader)
    raise reader.error()


def _string(reader: Reader) -> s.Expression:
    token = reader.advance()
    value = token.value
    while reader.token.kind == "string" and "\n" in reader.sql[token.end : reader.token.start]:
        token = reader.advance()
        value += token.value
    return s.Text(value)


def _parentheses(reader: Reader) -> s.Expression:
    following = reader.look()
    if following.kind == "word" and following.value in ("select", "with"):
        return s.Scalar(_query_in_parentheses(reader))
    if following.value == "(":
        where = reader.where
        try:
            values = _expressions_in_parentheses(reader)
        except WarehouseError:
            reader.rewind(where)
            return s.Scalar(_query_in_parentheses(reader))
        if len(values) == 1 and isinstance(values[0], s.Scalar) and reader.tokens[reader.where - 1].value == ")":
            return values[0]
    else:
        values = _expressions_in_parentheses(reader)
    return values[0] if len(values) == 1 else s.Row(values)


def _expressions_in_parentheses(reader: Reader) -> tuple[s.Expression, ...]:
    reader.expect_op("(")
    if reader.take_op(")"):
        return ()
    values = _comma_separated(reader, parse_expression)
    reader.expect_op(")")
    return tuple(values)


def _name_or_call(reader: Reader) -> s.Expression:
    token = reader.advance()
    if not reader.at_op("("):
        if token.kind == "word" and token.value in _TYPED_STRINGS and reader.token.kind == "string":
            return s.Cast(_string(reader), parse_type(token.value))
        return s.Name((token.value,))
    return _named_call(reader, token.value)


def _named_call(reader: Reader, name: str) -> s.Expression:
    special = _SPECIAL_CALLS.get(name)
    return special(reader) if special is not None else _call(reader, name)


def _call(reader: Reader, name: str) -> s.Expression:
    reader.expect_op("(")
    call = s.Call(name)
    if reader.at_op("*") and reader.look().value == ")":
        reader.advance()
        call.star = True
    elif not reader.at_op(")"):
        call.distinct = reader.take("distinct")
        if not call.distinct:
            reader.take("all")
        call.arguments = tuple(_comma_separated(reader, parse_expression))
        _nulls(reader, call)
        if reader.at("order"):
            raise reader.error("write WITHIN GROUP (ORDER BY …)")
    reader.expect_op(")")
    if reader.take("within", "group"):
        reader.expect_op("(")
        reader.expect("order", "by")
        call.order = parse_orders(reader)
        reader.expect_op(")")
    if reader.at("filter") and reader.look().value == "(":
        raise reader.error("FILTER is not supported by Redshift; write SUM(CASE WHEN … THEN … END)")
    _nulls(reader, call)
    if reader.take("over"):
        call.over = _window(reader)
    return call


def _nulls(reader: Reader, call: s.Call) -> None:
    if reader.take("ignore", "nulls"):
        call.nulls = "ignore"
    elif reader.take("respect", "nulls"):
        call.nulls = "respect"


def _window(reader: Reader) -> s.Window:
    reader.expect_op("(")
    window = s.Window()
    if reader.take("partition", "by"):
        window.partition = tuple(_comma_separated(reader, parse_expression))
    if reader.take("order", "by"):
        window.order = parse_orders(reader)
    if reader.at("rows"):
        window.frame = _frame(reader)
    elif reader.at("range"):
        raise reader.error("a window frame is given in ROWS")
    reader.expect_op(")")
    return window


def _frame(reader: Reader) -> str:
    reader.advance()
    if reader.take("between"):
        start = _bound(reader)
        reader.expect("and")
        return f"ROWS BETWEEN {start} AND {_bound(reader)}"
    return f"ROWS BETWEEN {_bound(reader)} AND CURRENT ROW"


def _bound(reader: Reader) -> str:
    if reader.take("current", "row"):
        return "CURRENT ROW"
    size = "UNBOUNDED" if reader.take("unbounded") else str(reader.integer())
    side = "PRECEDING" if reader.take("preceding") else "FOLLOWING"
    if side == "FOLLOWING":
        reader.expect("following")
    return f"{size} {side}"


def _case(reader: Reader) -> s.Expression:
    reader.advance()
    value = None if reader.at("when") else parse_expression(reader)
    whens = []
    while reader.take("when"):
        condition = parse_expression(reader)
        reader.expect("then")
        whens.append((condition, parse_expression(reader)))
    if not whens:
        raise reader.error("expected WHEN")
    otherwise = parse_expression(reader) if reader.take("else") else None
    reader.expect("end")
    return s.Case(value, tuple(whens), otherwise)


def _cast(reader: Reader) -> s.Expression:
    attempt = reader.advance().value == "try_cast"
    reader.expect_op("(")
    value = parse_expression(reader)
    reader.expect("as")
    found = _cast_to(reader, value, attempt)
    reader.expect_op(")")
    return found


def _interval(reader: Reader) -> s.Expression | None:
    if reader.look().kind != "string":
        return None
    reader.advance()
    return s.Interval(reader.string(), interval_fields(reader))


def _typed_time(reader: Reader) -> s.Expression | None:
    """TIMESTAMP '…' and TIMESTAMP WITH TIME ZONE '…'."""
    where = reader.where
    follows = reader.look()
    if follows.kind == "string" or (follows.kind == "word" and follows.value in ("with", "without")):
        type_ = parse_data_type(reader)
        if reader.token.kind == "string":
            return s.Cast(_string(reader), type_)
    reader.rewind(where)
    return None


def _constant(value: bool | None, default: bool = False) -> Callable[[Reader], s.Expression]:
    def read(reader: Reader) -> s.Expression:
        reader.advance()
        return s.Constant(value, default)

    return read


def _exists(reader: Reader) -> s.Expression | None:
    if reader.look().value != "(":
        return None
    reader.advance()
    return s.Exists(_query_in_parentheses(reader))


def _bare_call(reader: Reader) -> s.Expression:
    name = reader.advance().value
    if reader.at_op("(") and reader.look().value == ")":
        reader.advance()
        reader.advance()
    return s.Call(name)


def _approximate(reader: Reader) -> s.Expression | None:
    if reader.look().kind != "word":
        return None
    reader.advance()
    call = _name_or_call(reader)
    if not isinstance(call, s.Call) or call.name not in ("count", "percentile_disc"):
        raise reader.error("APPROXIMATE goes with COUNT(DISTINCT …) and PERCENTILE_DISC")
    call.approximate = True
    return call


def _array(reader: Reader) -> s.Expression | None:
    if reader.look().value == "[":
        reader.advance()
        reader.advance()
        values = () if reader.at_op("]") else tuple(_comma_separated(reader, parse_expression))
        reader.expect_op("]")
        return s.Array(values)
    reader.advance()
    return _call(reader, "array") if reader.at_op("(") else s.Name(("array",))


def _national(reader: Reader) -> s.Expression | None:
    """E'…', whose escapes every string has, and N'…'."""
    if reader.look().kind == "string" and reader.look().start == reader.token.end:
        reader.advance()
        return _string(reader)
    return None


_SPECIAL = {
    "case": _case, "cast": _cast, "try_cast": _cast, "interval": _interval, "timestamp": _typed_time,
    "time": _typed_time, "null": _constant(None), "true": _constant(True), "false": _constant(False),
    "default": _constant(None, True), "exists": _exists, "approximate": _approximate, "array": _array,
    "e": _national, "n": _national, **dict.fromkeys(_NO_PARENTHESES, _bare_call),
}  # fmt: skip


def _extract(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    part = reader.advance()
    if part.kind not in ("word", "name", "string"):
        raise reader.error("expected a date part")
    reader.expect("from")
    value = parse_expression(reader)
    reader.expect_op(")")
    return s.Call("extract", (s.Text(part.value), value))


def _trim(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    side = reader.advance().value if reader.at_any(frozenset({"both", "leading", "trailing"})) else "both"
    first = None if reader.at("from") else parse_expression(reader)
    characters = None
    if reader.take("from"):
        characters, first = first, parse_expression(reader)
    elif reader.take_op(","):
        characters = parse_expression(reader)
    reader.expect_op(")")
    name = {"both": "btrim", "leading": "ltrim", "trailing": "rtrim"}[side]
    assert first is not None
    return s.Call(name, (first,) if characters is None else (first, characters))


def _position(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    part = parse_expression(reader, 5)
    reader.expect("in")
    value = parse_expression(reader)
    reader.expect_op(")")
    return s.Call("strpos", (value, part))


def _substring(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    arguments = [parse_expression(reader)]
    while not reader.at_op(")"):
        if not (reader.take("from") or reader.take("for") or reader.take_op(",")):
            raise reader.error("expected ',', FROM or FOR")
        arguments.append(parse_expression(reader))
    reader.expect_op(")")
    return s.Call("substring", tuple(arguments))


def _convert(reader: Reader) -> s.Expression:
    reader.expect_op("(")
    type_ = parse_data_type(reader)
    reader.expect_op(",")
    value = parse_expression(reader)
    reader.expect_op(")")
    return s.Cast(value, type_)


def _object_transform(reader: Reader) -> s.Expression:
    """OBJECT_TRANSFORM (value [KEEP path, …] [SET path, value, …])."""
    reader.expect_op("(")
    value = parse_expression(reader)
    keep = tuple(_comma_separated(reader, parse_expression)) if reader.take("keep") else ()
    changes = tuple(_comma_separated(reader, parse_expression)) if reader.take("set") else ()
    if len(changes) % 2:
        raise reader.error("SET takes pairs of a path and a value")
    reader.expect_op(")")
    return s.Call("object_transform", (value, s.Row(keep), s.Row(changes)))


_SPECIAL_CALLS = {
    "object_transform": _object_transform, "extract": _extract,
    "trim": _trim, "position": _position, "substring": _substring, "convert": _convert,
}  # fmt: skip
