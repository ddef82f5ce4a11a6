"""Transactions and LOCK, and statements that have nothing to do here: ANALYZE, VACUUM.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_BEGIN.html, r_SET.html, r_VACUUM_command.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome, ResultColumn
from .source_grammar import parse_table_name
from .tokens import Reader

if TYPE_CHECKING:
    from .session import LocalSession


def begin(session: LocalSession, reader: Reader) -> Outcome:
    """BEGIN [WORK | TRANSACTION] [ISOLATION LEVEL …] [READ WRITE | READ ONLY]; every level is the database's own."""
    started = reader.advance().value == "start"
    if started:
        reader.expect("transaction")
    elif not reader.take("work"):
        reader.take("transaction")
    transaction_modes(reader)
    reader.expect_end()
    if session.in_block:
        return Outcome("BEGIN", notices=("WARNING: there is already a transaction in progress",))
    session.begin()
    return Outcome("START TRANSACTION" if started else "BEGIN")


def transaction_modes(reader: Reader) -> None:
    """Read ISOLATION LEVEL …, READ WRITE and READ ONLY: every level is the database's own."""
    while True:
        reader.take_op(",")
        if reader.take("isolation", "level"):
            levels = (
                ("serializable",),
                ("snapshot",),
                ("repeatable", "read"),
                ("read", "committed"),
                ("read", "uncommitted"),
            )
            if not any(reader.take(*level) for level in levels):
                raise reader.error("expected an isolation level")
        elif not (reader.take("read", "write") or reader.take("read", "only")):
            return


def commit(session: LocalSession, reader: Reader) -> Outcome:
    reader.advance()
    if not reader.take("work"):
        reader.take("transaction")
    reader.expect_end()
    if not session.in_block:
        return Outcome("COMMIT", notices=("WARNING: there is no transaction in progress",))
    return Outcome("COMMIT" if session.commit() else "ROLLBACK")


def rollback(session: LocalSession, reader: Reader) -> Outcome:
    reader.advance()
    if not reader.take("work"):
        reader.take("transaction")
    if reader.at("to"):
        raise WarehouseError("savepoints are not supported by Redshift", sqlstate="0A000")
    reader.expect_end()
    if not session.in_block:
        return Outcome("ROLLBACK", notices=("WARNING: there is no transaction in progress",))
    session.rollback()
    return Outcome("ROLLBACK")


def analyze(session: LocalSession, reader: Reader) -> Outcome:
    """ANALYZE has nothing to do here but to know its table and its columns."""
    reader.advance()
    if reader.take("compression"):
        return _analyze_compression(session, reader)
    reader.take("verbose")
    if reader.token.kind in ("word", "name") and not _columns_follow(reader):
        relation = session.find(*_named(reader))
        if reader.take_op("("):
            while not reader.take_op(")"):
                relation.column(reader.name("a column"))
                reader.take_op(",")
    if _columns_follow(reader):
        reader.advance()
        reader.advance()
    reader.expect_end()
    return Outcome("ANALYZE")


def _columns_follow(reader: Reader) -> bool:
    return reader.at("predicate", "columns") or reader.at("all", "columns")


def _named(reader: Reader) -> tuple[str | None, str]:
    table = parse_table_name(reader)
    return table.schema, table.name


def _analyze_compression(session: LocalSession, reader: Reader) -> Outcome:
    """Answer with the encodings that the columns have: nothing is compressed here."""
    if reader.token.kind == "end" or reader.at_op(";"):
        raise WarehouseError("not supported locally: ANALYZE COMPRESSION of all tables", sqlstate="0A000")
    relation = session.find(*_named(reader))
    columns = relation.columns
    if reader.at_op("("):
        columns = tuple(relation.column(name) for name in reader.names_in_parentheses())
    if reader.take("comprows") and not 1000 <= reader.integer() <= 1_000_000_000:
        raise WarehouseError("COMPROWS is out of range", sqlstate="22023", hint="from 1000 to 1000000000")
    reader.expect_end()
    rows = [(relation.name, column.name, column.encode or "none", 0.0) for column in columns]
    names = ("Table", "Column", "Encoding", "Est_reduction_pct")
    return Outcome("ANALYZE COMPRESSION", len(rows), tuple(ResultColumn(name) for name in names), rows)


def vacuum(session: LocalSession, reader: Reader) -> Outcome:
    """VACUUM has nothing to do here. Errors: 25001 inside a transaction."""
    reader.advance()
    kinds = (("full",), ("sort", "only"), ("delete", "only"), ("reindex",), ("recluster",))
    kind = next((words for words in kinds if reader.take(*words)), kinds[0])
    if reader.token.kind in ("word", "name") and not reader.at("to") and not reader.at("boost"):
        session.find(*_named(reader))
        if reader.at("to") and kind[0] in ("reindex", "recluster"):
            raise reader.error(f"VACUUM {kind[0].upper()} takes no TO … PERCENT")
        if reader.take("to"):
            reader.integer()
            reader.expect("percent")
        reader.take("boost")
    reader.expect_end()
    if session.in_block:
        raise WarehouseError("VACUUM cannot run inside a transaction block", sqlstate="25001")
    return Outcome("VACUUM")


def lock(session: LocalSession, reader: Reader) -> Outcome:
    """LOCK waits for whoever has looked at the tables, and holds them until the end of the transaction."""
    reader.advance()
    reader.take("table")
    names = [_named(reader)]
    while reader.take_op(","):
        names.append(_named(reader))
    if reader.take("in"):
        while not reader.take("mode"):
            if reader.advance().kind == "end":
                raise reader.error("expected MODE")
    reader.expect_end()
    for schema, name in names:
        relation = session.lookup(schema, name) or session.find(schema, name)
        session.touch(relation.key, own=True)
    if not session.in_block:
        session.database.locks.release(session.number)
    return Outcome("LOCK TABLE")
