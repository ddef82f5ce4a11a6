"""PREPARE, EXECUTE and DEALLOCATE: statements with parameters $1, $2, …, which a session keeps.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_PREPARE.html, r_EXECUTE.html, r_DEALLOCATE.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...datatypes import DataType
from ...errors import WarehouseError
from ...records import frozen
from ...warehouse import Outcome
from . import facts, rows
from .casts import cast
from .expressions import expression
from .scope import Scope
from .settings import reader_of
from .tokens import Reader
from .type_grammar import parse_data_type
from .values import varchar

if TYPE_CHECKING:
    from .session import LocalSession

_RUNS = {
    "select": rows.run_query, "with": rows.run_with, "insert": rows.run_insert, "update": rows.run_update,
    "delete": rows.run_delete,
}  # fmt: skip


@frozen
class Prepared:
    """A statement that waits for its parameters; without `types` these are as they are given."""

    sql: str
    types: tuple[DataType, ...]


def prepare(session: LocalSession, reader: Reader) -> Outcome:
    """PREPARE name [(type, …)] AS statement: it is read here, and translated when it is executed."""
    reader.advance()
    name = reader.name("a statement")
    types = []
    if reader.take_op("("):
        types.append(parse_data_type(reader))
        while reader.take_op(","):
            types.append(parse_data_type(reader))
        reader.expect_op(")")
    reader.expect("as")
    if reader.token.kind != "word" or reader.token.value not in _RUNS:
        raise reader.error("PREPARE takes SELECT, INSERT, UPDATE and DELETE")
    if name in session.prepared:
        raise WarehouseError(f'prepared statement "{name}" already exists', sqlstate="42P05", hint="DEALLOCATE it")
    session.prepared[name] = Prepared(reader.sql[reader.token.start :], tuple(types))
    return Outcome("PREPARE")


def execute(session: LocalSession, reader: Reader) -> Outcome:
    """EXECUTE name [(value, …)]."""
    reader.advance()
    name = reader.name("a statement")
    statement = _found(session, name)
    values = []
    if reader.take_op("("):
        while not reader.take_op(")"):
            values.append(expression(reader.expression(), Scope(facts.context(session))))
            if not reader.take_op(",") and not reader.at_op(")"):
                raise reader.error()
    reader.expect_end()
    if statement.types:
        if len(values) != len(statement.types):
            raise WarehouseError(
                f'wrong number of parameters for prepared statement "{name}"',
                sqlstate="42601",
                detail=f"Expected {len(statement.types)} parameters but got {len(values)}.",
            )
        values = [cast(value, _any_length(type_)) for value, type_ in zip(values, statement.types, strict=True)]
    session.parameters = tuple(values)
    try:
        inner = reader_of(session, statement.sql)
        return _RUNS[inner.token.value](session, inner)
    finally:
        session.parameters = ()


def _any_length(type_: DataType) -> DataType:
    """A parameter has the name of its type only: too long a text is told where it is written into a column."""
    return varchar() if type_.is_text else type_


def deallocate(session: LocalSession, reader: Reader) -> Outcome:
    """DEALLOCATE [PREPARE] name."""
    reader.advance()
    reader.take("prepare")
    if reader.take("all"):
        reader.expect_end()
        session.prepared.clear()
        return Outcome("DEALLOCATE")
    name = reader.name("a statement")
    reader.expect_end()
    _found(session, name)
    del session.prepared[name]
    return Outcome("DEALLOCATE")


def _found(session: LocalSession, name: str) -> Prepared:
    if name not in session.prepared:
        raise WarehouseError(f'prepared statement "{name}" does not exist', sqlstate="26000")
    return session.prepared[name]
