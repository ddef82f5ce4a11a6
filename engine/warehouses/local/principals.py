"""CREATE, ALTER and DROP of USER, GROUP and ROLE: their names are kept, and nobody is refused anything by them.

Passwords and other options are read and forgotten, as are default privileges.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html, r_CREATE_GROUP.html, r_CREATE_ROLE.html,
r_ALTER_DEFAULT_PRIVILEGES.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome
from .tokens import Reader

if TYPE_CHECKING:
    from .session import LocalSession

KINDS = frozenset({"user", "group", "role"})
_MARK = "principal"
"""What stands under `statement` in local_catalog.privilege; `object` is the kind, `grantee` the name."""
_NAMES = ("local", "rdsdb")


def create_principal(session: LocalSession, reader: Reader) -> Outcome:
    """CREATE USER name PASSWORD …; CREATE GROUP name [WITH USER …]; CREATE ROLE name. Errors: 42710."""
    kind, name = _named(reader)
    if kind == "user" and not any(token.value == "password" for token in reader.tokens[reader.where :]):
        raise reader.error("CREATE USER needs PASSWORD '…' or PASSWORD DISABLE")
    _skip_options(reader)
    if _is_known(session, kind, name):
        raise WarehouseError(f'{kind} "{name}" already exists', sqlstate="42710")
    with session.atomic():
        session.connection.execute("INSERT INTO local_catalog.privilege VALUES (?, ?, ?, '')", [_MARK, kind, name])
    return Outcome(f"CREATE {kind.upper()}")


def alter_principal(session: LocalSession, reader: Reader) -> Outcome:
    """ALTER … RENAME TO changes the name; all else is read and forgotten. Errors: 42704."""
    kind, name = _named(reader)
    _check_known(session, kind, name)
    new = reader.name(f"a {kind}") if reader.take("rename", "to") else name
    _skip_options(reader)
    with session.atomic():
        session.connection.execute(
            "UPDATE local_catalog.privilege SET grantee = ? WHERE statement = ? AND object = ? AND grantee = ?",
            [new, _MARK, kind, name],
        )
    return Outcome(f"ALTER {kind.upper()}")


def drop_principal(session: LocalSession, reader: Reader) -> Outcome:
    """DROP USER [IF EXISTS] a, b; DROP GROUP a; DROP ROLE a [FORCE]. Errors: 42704."""
    kind = reader.advance().value
    missing_ok = reader.take("if", "exists")
    names = [reader.name(f"a {kind}")]
    while reader.take_op(","):
        names.append(reader.name(f"a {kind}"))
    if not reader.take("force"):
        reader.take("restrict")
    reader.expect_end()
    with session.atomic():
        for name in names:
            if not missing_ok:
                _check_known(session, kind, name)
            session.connection.execute(
                "DELETE FROM local_catalog.privilege WHERE statement = ? AND object = ? AND grantee = ?",
                [_MARK, kind, name],
            )
    return Outcome(f"DROP {kind.upper()}")


def alter_default_privileges(reader: Reader) -> Outcome:
    """ALTER DEFAULT PRIVILEGES … GRANT or REVOKE …: the one user that there is may do everything."""
    words = {token.value for token in reader.tokens[reader.where :] if token.kind == "word"}
    if not words & {"grant", "revoke"} or not words & {"to", "from"}:
        raise reader.error("expected GRANT … TO … or REVOKE … FROM …")
    _skip_options(reader)
    return Outcome("ALTER DEFAULT PRIVILEGES")


def _named(reader: Reader) -> tuple[str, str]:
    kind = reader.advance().value
    return kind, reader.name(f"a {kind}")


def _skip_options(reader: Reader) -> None:
    while reader.token.kind != "end" and not reader.at_op(";"):
        reader.advance()
    reader.expect_end()


def _is_known(session: LocalSession, kind: str, name: str) -> bool:
    found = session.connection.execute(
        "SELECT 1 FROM local_catalog.privilege WHERE statement = ? AND object = ? AND grantee = ?", [_MARK, kind, name]
    ).fetchone()
    return found is not None or (kind == "user" and name in _NAMES)


def _check_known(session: LocalSession, kind: str, name: str) -> None:
    if not _is_known(session, kind, name):
        raise WarehouseError(f'{kind} "{name}" does not exist', sqlstate="42704")
