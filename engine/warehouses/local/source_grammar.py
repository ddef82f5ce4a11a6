"""What stands in FROM, and the items of a list that have a name: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_FROM_clause30.html
"""

from __future__ import annotations

from ...errors import WarehouseError
from . import syntax as s
from .keywords import ENDS_AN_ALIAS, RESERVED
from .term_grammar import parse_cast, parse_postfix, parse_steps
from .tokens import Reader

_JOINS = frozenset({"join", "inner", "left", "right", "full", "cross", "natural"})

_CATALOG_SOURCES = frozenset({"pg_get_late_binding_view_cols"})


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
                join.on = reader.expression()
            elif reader.take("using"):
                join.using = reader.names_in_parentheses()
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
            query = reader.query_in_parentheses()
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
    arguments = reader.expressions_in_parentheses()
    alias, columns = _source_alias(reader)
    if name == "generate_series":
        return s.Series(arguments, alias, columns)
    if len(arguments) != 1 or not isinstance(arguments[0], s.Name) or columns:
        raise WarehouseError("not supported locally: UNNEST of anything but a path", sqlstate="0A000")
    position = ""
    if reader.take("with", "offset"):
        position = reader.name("an alias") if reader.take("as") else "offset_alias"
    return s.Unnest(arguments[0], alias, position)


def _catalog_source(reader: Reader) -> s.Source:
    """A function of the catalog gives a relation whose columns the query names, with their types."""
    token = reader.advance()
    reader.expect_op("(")
    reader.expect_op(")")
    table = s.Table(token.value, "pg_catalog", None, "", (), token.start, token.end)
    reader.take("as")
    if reader.token.kind == "word" and reader.token.value not in ENDS_AN_ALIAS:
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
        parse_cast(reader, s.Constant(None, False))
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
    parts.extend(parse_steps(reader))
    return s.Name(tuple(parts))


def _source_alias(reader: Reader) -> tuple[str, tuple[str, ...]]:
    if (
        reader.take("as")
        or reader.token.kind == "name"
        or (
            reader.token.kind == "word"
            and reader.token.value not in RESERVED
            and reader.token.value not in ENDS_AN_ALIAS
        )
    ):
        alias = reader.any_name("an alias")
    else:
        return "", ()
    return alias, reader.names_in_parentheses() if reader.at_op("(") else ()


def _pivot(reader: Reader, source: s.Source) -> s.Pivot:
    reader.expect_op("(")
    aggregates = _items_until(reader, "for")
    reader.expect("for")
    by = parse_postfix(reader)
    reader.expect("in")
    reader.expect_op("(")
    values = tuple(reader.comma_separated(parse_item))
    reader.expect_op(")")
    reader.expect_op(")")
    return s.Pivot(source, aggregates, by, values, _source_alias(reader)[0])


def _items_until(reader: Reader, word: str) -> tuple[s.Item, ...]:
    items = []
    while True:
        value = reader.expression()
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
    columns = tuple(reader.comma_separated(_unpivot_column))
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


def parse_item(reader: Reader) -> s.Item:
    item = s.Item(s.Star(), start=reader.token.start)
    if reader.at_op("*"):
        reader.advance()
    else:
        item.value = reader.expression()
        item.alias = _item_alias(reader)
    item.end = reader.tokens[reader.where - 1].end
    return item


def _item_alias(reader: Reader) -> str:
    token = reader.token
    if (
        reader.take("as")
        or token.kind == "name"
        or (token.kind == "word" and token.value not in RESERVED and token.value not in ENDS_AN_ALIAS)
    ):
        return reader.any_name("an alias")
    return ""
