"""GRANT and REVOKE.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html, r_REVOKE.html
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome
from .source_grammar import parse_table_name
from .tokens import Reader

if TYPE_CHECKING:
    from .session import LocalSession

_OF_A_TABLE = ("select", "insert", "update", "delete", "references", "drop", "truncate", "alter")
_KINDS = frozenset({"schema", "database", "function", "procedure", "language", "all"})

Privilege = tuple[str, tuple[str, ...]]
"""What may be done, and with which columns; none for all of them."""


def grant(session: LocalSession, reader: Reader) -> Outcome:
    """GRANT and REVOKE are recorded, a row for each privilege; the one user that there is may do everything."""
    command = reader.advance().value
    only_option = command == "revoke" and reader.take("grant", "option", "for")
    privileges = _privileges(reader)
    objects = [""]
    if reader.take("on"):
        objects, privileges = _granted(session, reader, privileges)
    reader.expect("to" if command == "grant" else "from")
    grantees = _grantees(reader)
    while reader.token.kind == "word":
        reader.advance()
    reader.expect_end()
    if only_option:
        return Outcome("REVOKE")
    with session.atomic():
        for object_, grantee, privilege in product(objects, grantees, map(_shown, privileges)):
            session.connection.execute(
                "DELETE FROM local_catalog.privilege WHERE object = ? AND grantee = ? AND privileges = ?",
                [object_, grantee, privilege],
            )
            if command == "grant":
                session.connection.execute(
                    "INSERT INTO local_catalog.privilege VALUES ('grant', ?, ?, ?)", [object_, grantee, privilege]
                )
    return Outcome(command.upper())


def _shown(privilege: Privilege) -> str:
    what, columns = privilege
    return f"{what} ({', '.join(columns)})" if columns else what


def _privileges(reader: Reader) -> list[Privilege]:
    return reader.comma_separated(_privilege)


def _privilege(reader: Reader) -> Privilege:
    words = []
    while reader.token.kind in ("word", "name") and not reader.at_any(frozenset({"on", "to", "from"})):
        words.append(reader.advance().value)
    if not words:
        raise reader.error("expected a privilege")
    return " ".join(words), reader.names_in_parentheses() if reader.at_op("(") else ()


def _granted(session: LocalSession, reader: Reader, asked: list[Privilege]) -> tuple[list[str], list[Privilege]]:
    """Read what the privileges are on, and name each of those that ALL stands for."""
    every = [what for what, _ in asked] in (["all"], ["all privileges"])
    if asked[0][0] == "assumerole":
        return [_roles(reader)], asked
    if reader.at_any(_KINDS):
        found = _objects(session, reader)
        return [found], [(what, ()) for what in _OF_A_TABLE] if every else asked
    reader.take("table")
    tables = reader.comma_separated(parse_table_name)
    relations = [session.find(table.schema, table.name) for table in tables]
    for what, columns in asked:
        if not every and what not in _OF_A_TABLE:
            raise WarehouseError(f"invalid privilege type {what.upper()} for relation", sqlstate="0LP01",
                                 hint=f"one of {', '.join(_OF_A_TABLE).upper()}")  # fmt: skip
        for relation in relations:
            for name in columns:
                relation.column(name)
    keys = [relation.key for relation in relations]
    return keys, [(what, asked[0][1]) for what in _OF_A_TABLE] if every else asked


def _roles(reader: Reader) -> str:
    """ASSUMEROLE ON 'arn:…', DEFAULT or ALL."""
    if reader.at("default") or reader.at("all"):
        return reader.advance().value
    return ",".join(reader.comma_separated(lambda each: each.string()))


def _objects(session: LocalSession, reader: Reader) -> str:
    words = []
    while not reader.at("to") and not reader.at("from") and reader.token.kind != "end":
        words.append(reader.advance().value)
    if words[0] == "schema":
        for name in words[1:]:
            if name != "," and not session.has_schema(name):
                raise WarehouseError(f'schema "{name}" does not exist', sqlstate="3F000")
    return " ".join(words)


def _grantees(reader: Reader) -> list[str]:
    return reader.comma_separated(_grantee)


def _grantee(reader: Reader) -> str:
    """Errors: 0LP01 where a group, a role or everybody is to pass a privilege on."""
    kind = reader.advance().value + " " if reader.at("group") or reader.at("role") else ""
    grantee = kind + reader.any_name("a user")
    if reader.take("with", "grant", "option") and (kind or grantee == "public"):
        raise WarehouseError("grant options can only be granted to individual users", sqlstate="0LP01",
                             hint="leave out WITH GRANT OPTION")  # fmt: skip
    return grantee
