"""INSERT, UPDATE, DELETE and MERGE: tokens -> records.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_INSERT_30.html, r_UPDATE.html, r_DELETE.html, r_MERGE.html
"""

from __future__ import annotations

from ...errors import WarehouseError
from . import syntax as s
from .query_grammar import parse_with
from .source_grammar import parse_sources, parse_table_name
from .tokens import Reader


def parse_insert(reader: Reader) -> s.Insert:
    """Read INSERT INTO …"""
    reader.expect("insert")
    if reader.at("or"):
        raise reader.error("INSERT OR REPLACE is not supported by Redshift; use MERGE")
    reader.expect("into")
    table = parse_table_name(reader)
    columns = _columns(reader) if reader.at_op("(") and not _is_query(reader) else None
    source: s.Query | tuple[tuple[s.Expression, ...], ...] | None
    if reader.take("default", "values"):
        source = None
    elif reader.take("values"):
        source = _rows(reader)
    else:
        source = reader.query()
    if reader.at("on"):
        raise reader.error("ON CONFLICT is not supported by Redshift; use MERGE")
    if reader.at("returning"):
        raise reader.error("RETURNING is not supported by Redshift")
    return s.Insert(table, columns, source)


def _is_query(reader: Reader) -> bool:
    ahead = 1
    while reader.look(ahead).value == "(":
        ahead += 1
    return reader.look(ahead).kind == "word" and reader.look(ahead).value in ("select", "with")


def _columns(reader: Reader) -> tuple[str, ...]:
    reader.expect_op("(")
    names = [reader.any_name("a column")]
    while reader.take_op(","):
        names.append(reader.any_name("a column"))
    reader.expect_op(")")
    return tuple(names)


def _rows(reader: Reader) -> tuple[tuple[s.Expression, ...], ...]:
    rows = [_row(reader)]
    while reader.take_op(","):
        rows.append(_row(reader))
    if len({len(row) for row in rows}) > 1:
        raise WarehouseError("VALUES lists must all be the same length", sqlstate="42601")
    return tuple(rows)


def _row(reader: Reader) -> tuple[s.Expression, ...]:
    reader.expect_op("(")
    values = [reader.expression()]
    while reader.take_op(","):
        values.append(reader.expression())
    reader.expect_op(")")
    return tuple(values)


def _target(reader: Reader, stops: frozenset[str]) -> s.Table:
    table = parse_table_name(reader)
    if reader.take("as") or (reader.token.kind in ("word", "name") and not reader.at_any(stops)):
        table.alias = reader.name("an alias")
    return table


def parse_update(reader: Reader) -> s.Update:
    """Read [WITH …] UPDATE …"""
    common, recursive = parse_with(reader)
    reader.expect("update")
    table = _target(reader, frozenset({"set"}))
    reader.expect("set")
    update = s.Update(table, _changes(reader), common=common, recursive=recursive)
    if reader.take("from"):
        update.source = parse_sources(reader)
    if reader.take("where"):
        update.where = reader.expression()
    return update


def _changes(reader: Reader) -> tuple[tuple[str, s.Expression], ...]:
    changes = [_change(reader)]
    while reader.take_op(","):
        changes.append(_change(reader))
    return tuple(changes)


def _change(reader: Reader) -> tuple[str, s.Expression]:
    name = reader.any_name("a column")
    if reader.at_op("."):
        raise reader.error("the column after SET stands without its table")
    reader.expect_op("=")
    return name, reader.expression()


def parse_delete(reader: Reader) -> s.Delete:
    """Read [WITH …] DELETE …"""
    common, recursive = parse_with(reader)
    reader.expect("delete")
    reader.take("from")
    table = _target(reader, frozenset({"using", "where"}))
    delete = s.Delete(table, common=common, recursive=recursive)
    if reader.take("using"):
        delete.using = parse_sources(reader)
    if reader.take("where"):
        delete.where = reader.expression()
    return delete


def parse_merge(reader: Reader) -> s.Merge:
    """Read MERGE INTO … Errors: 0A000 for what Redshift's MERGE has not."""
    reader.expect("merge")
    reader.expect("into")
    table = parse_table_name(reader)
    if not reader.at("using"):
        raise reader.error("the target of MERGE has no alias")
    reader.expect("using")
    if reader.at_op("("):
        raise WarehouseError(
            "the source of MERGE must be a table", sqlstate="0A000", hint="put the query into a temporary table first"
        )
    source = _target(reader, frozenset({"on"}))
    reader.expect("on")
    merge = s.Merge(table, source, reader.expression())
    if reader.take("remove", "duplicates"):
        merge.deduplicate = True
        return merge
    _when_matched(reader, merge)
    _when_not_matched(reader, merge)
    if reader.at("when"):
        raise reader.error("MERGE takes one WHEN MATCHED and one WHEN NOT MATCHED")
    return merge


def _when_matched(reader: Reader, merge: s.Merge) -> None:
    reader.expect("when", "matched")
    if reader.at("and"):
        raise reader.error("WHEN MATCHED takes no further condition in Redshift")
    reader.expect("then")
    if reader.take("update"):
        reader.expect("set")
        merge.changes = _changes(reader)
    else:
        reader.expect("delete")


def _when_not_matched(reader: Reader, merge: s.Merge) -> None:
    reader.expect("when", "not", "matched")
    if reader.at("and") or reader.at("by"):
        raise reader.error("WHEN NOT MATCHED takes no further condition in Redshift")
    reader.expect("then", "insert")
    if reader.at_op("("):
        merge.columns = _columns(reader)
    reader.expect("values")
    merge.values = _row(reader)
