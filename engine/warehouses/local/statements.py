"""Which function runs which statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome
from . import rows
from .control import analyze, begin, commit, lock, rollback, vacuum
from .cursors import close, declare, fetch
from .definitions import comment, create, drop, refresh
from .loading import copy
from .prepared import deallocate, execute, prepare
from .privileges import grant
from .settings import reader_of, reset, set_
from .show_objects import show
from .tables import alter
from .tokens import Reader, Token, syntax_error
from .unloading import unload

if TYPE_CHECKING:
    from .session import LocalSession

Handler = Callable[["LocalSession", Reader], Outcome]

_HANDLERS: dict[str, Handler] = {
    "select": rows.run_query, "with": rows.run_with, "insert": rows.run_insert, "update": rows.run_update,
    "delete": rows.run_delete, "merge": rows.run_merge, "truncate": rows.run_truncate,
    "begin": begin, "start": begin, "commit": commit, "end": commit,
    "rollback": rollback, "abort": rollback,
    "set": set_, "reset": reset, "show": show,
    "analyze": analyze, "analyse": analyze, "vacuum": vacuum, "lock": lock,
    "explain": rows.run_explain,
    "create": create, "drop": drop, "alter": alter, "comment": comment,
    "grant": grant, "revoke": grant, "refresh": refresh,
    "unload": unload, "declare": declare, "fetch": fetch, "close": close,
    "prepare": prepare, "execute": execute, "deallocate": deallocate,
}  # fmt: skip

_NOT_HERE = {
    "call": "stored procedures", "cancel": "CANCEL", "use": "USE", "describe": "DESCRIBE", "desc": "DESCRIBE",
}  # fmt: skip


def run(session: LocalSession, word: str, sql: str) -> Outcome:
    """Run the statement `sql`, whose first word is `word`. Errors: WarehouseError, LoadFailed, duckdb.Error."""
    session.refresh()
    if word == "copy":
        return copy(session, sql)
    remembered = session.translations.get((sql, session.search_path))
    if remembered is not None:
        for table in remembered.tables:
            session.touch(table)
        return rows.run_remembered(session, remembered)
    reader = reader_of(session, sql)
    while reader.take_op(";"):
        pass
    if reader.token.kind == "end":
        raise WarehouseError("the statement is empty", sqlstate="42601")
    handler = _HANDLERS.get(reader.token.value) if reader.token.kind == "word" else None
    if reader.at_op("("):
        handler = rows.run_query
    if handler is None:
        raise _unknown(reader, reader.token)
    return handler(session, reader)


def _unknown(reader: Reader, token: Token) -> WarehouseError:
    if token.kind == "word" and token.value in _NOT_HERE:
        return WarehouseError(f"not supported locally: {_NOT_HERE[token.value]}", sqlstate="0A000")
    if token.value in ("attach", "detach") and reader.look().value in ("rls", "masking"):
        return WarehouseError("not supported locally: policies", sqlstate="0A000")
    return syntax_error(reader.sql, token)
