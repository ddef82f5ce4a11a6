"""SQL functions that a user has made.

Source: https://docs.aws.amazon.com/redshift/latest/dg/user-defined-functions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...datatypes import DataType, parse_type
from ...errors import WarehouseError
from ...warehouse import Outcome
from .tokens import Reader, fold
from .type_grammar import parse_data_type

if TYPE_CHECKING:
    from .session import LocalSession

Made = dict[str, tuple[tuple[DataType, ...], DataType, str]]


def user_functions(session: LocalSession) -> Made:
    """Return parameters, result and body by name."""
    if session.functions is None:
        rows = session.connection.execute(
            "SELECT name, parameters, result, body FROM local_catalog.function_"
        ).fetchall()
        session.functions = {
            name: (tuple(parse_type(p) for p in parameters.split("|") if p), parse_type(result), body)
            for name, parameters, result, body in rows
        }
    return session.functions


def create_function(session: LocalSession, reader: Reader, replace: bool) -> Outcome:
    """Run CREATE FUNCTION … LANGUAGE sql. Errors: 0A000 for other languages."""
    reader.expect("function")
    name = reader.name("a function")
    if reader.take_op("."):
        name = reader.name("a function")
    if any(token.value == "plpythonu" for token in reader.tokens):
        raise WarehouseError("not supported locally: functions in plpythonu", sqlstate="0A000")
    parameters = _parameters(reader)
    reader.expect("returns")
    result = parse_data_type(reader)
    while reader.at_any(frozenset({"volatile", "stable", "immutable"})):
        reader.advance()
    reader.expect("as")
    body = reader.advance()
    if body.kind not in ("body", "string"):
        raise reader.error("expected the body between $$ and $$")
    reader.expect("language")
    language = fold(reader.any_name("a language"))
    reader.expect_end()
    if language != "sql":
        raise WarehouseError(f"not supported locally: functions in {language}", sqlstate="0A000")
    text = body.value.strip().rstrip(";").strip()
    if not text.lower().startswith("select"):
        raise WarehouseError("the body of an SQL function is a SELECT of one expression", sqlstate="42601")
    if name in user_functions(session) and not replace:
        raise WarehouseError(f'function "{name}" already exists with same argument types', sqlstate="42723")
    with session.atomic():
        session.connection.execute("DELETE FROM local_catalog.function_ WHERE name = ?", [name])
        session.connection.execute(
            "INSERT INTO local_catalog.function_ VALUES (?, ?, ?, ?)",
            [name, "|".join(str(type_) for type_ in parameters), str(result), text[6:].strip()],
        )
        session.catalog_changes()
    return Outcome("CREATE FUNCTION")


def _parameters(reader: Reader) -> list[DataType]:
    reader.expect_op("(")
    found: list[DataType] = []
    while not reader.take_op(")"):
        found.append(parse_data_type(reader))
        if not reader.take_op(",") and not reader.at_op(")"):
            raise reader.error()
    return found


def drop_function(session: LocalSession, reader: Reader) -> Outcome:
    reader.expect("function")
    missing_ok = reader.take("if", "exists")
    name = reader.name("a function")
    if reader.at_op("("):
        _parameters(reader)
    reader.take("cascade")
    reader.expect_end()
    if name not in user_functions(session) and not missing_ok:
        raise WarehouseError(f"function {name} does not exist", sqlstate="42883")
    with session.atomic():
        session.connection.execute("DELETE FROM local_catalog.function_ WHERE name = ?", [name])
        session.catalog_changes()
    return Outcome("DROP FUNCTION")
