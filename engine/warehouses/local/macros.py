"""DuckDB macros for what Redshift computes otherwise: a session makes those that its statements use, when they do."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NAME = re.compile(r"\brs_\w+")
_MACRO = re.compile(r"^CREATE OR REPLACE TEMP MACRO (rs_\w+)(.*?);$", re.MULTILINE | re.DOTALL)


@cache
def _macros() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return each macro: its statement and the macros that it uses."""
    text = (Path(__file__).parent / "macros.sql").read_text(encoding="utf-8")
    return {m[1]: (m[0], tuple(n for n in _NAME.findall(m[2]) if n != m[1])) for m in _MACRO.finditer(text)}


def make_macros(connection: DuckDBPyConnection, sql: str, made: set[str]) -> set[str]:
    """Make the macros that `sql` uses and that are not in `made`; return their names."""
    if "rs_" not in sql:
        return set()
    wanted: dict[str, str] = {}
    for name in _NAME.findall(sql):
        _want(name, wanted, made)
    if wanted:
        connection.execute(" ".join(wanted.values()))
    return set(wanted)


def _want(name: str, wanted: dict[str, str], made: set[str]) -> None:
    if name in wanted or name in made or name not in _macros():
        return
    statement, uses = _macros()[name]
    for used in uses:
        _want(used, wanted, made)
    wanted[name] = statement
