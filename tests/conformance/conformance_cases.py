"""Reading and running the conformance cases."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from engine.datatypes import parse_type
from engine.errors import EtlrunError, WarehouseError
from engine.storage import Mount, Storage
from engine.warehouse import Outcome
from engine.warehouses.local.session import LocalSession, open_database

HERE = Path(__file__).parent
_GAP = "local Redshift could not run the statement"


@dataclass(frozen=True, slots=True)
class Case:
    """One case, with the file that it stands in."""

    area: str
    id: str
    setup: tuple[str, ...]
    query: str
    expect: Any
    sqlstate: str = ""
    type: str = ""
    source: str = ""
    assumption: bool = False


def read_cases() -> list[Case]:
    """Return every case, in the order of files and of what stands in them."""
    found = []
    for path in sorted(HERE.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            found.append(Case(path.stem, **{**case, "setup": tuple(case.get("setup", ()))}))
    return found


@cache
def _empty_session() -> LocalSession:
    return open_database(None, Storage(())).session()


def run_case(case: Case) -> str:
    """Return why the case is wrong, or nothing. Cases that leave nothing behind share one session: that is faster."""
    if _leaves_nothing(case):
        session = _empty_session()
        session.execute("BEGIN")
        try:
            return _asked(case, session)
        finally:
            session.execute("ROLLBACK")
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(None, Storage((Mount("s3://b", Path(folder)),)))
        try:
            with closing(database.session()) as session:
                return _asked(case, session)
        finally:
            database.close()


def _leaves_nothing(case: Case) -> bool:
    """Tell whether a rollback takes back all that the case does, and being in a transaction changes nothing."""
    asks = case.query.lower().startswith(("select", "with")) and case.area not in ("system_views", "transactions")
    return asks and all(statement.startswith(("create table ", "insert into ")) for statement in case.setup)


def _asked(case: Case, session: LocalSession) -> str:
    try:
        for statement in case.setup:
            session.execute(statement)
    except WarehouseError as error:
        return f"in setup: {error.sqlstate} {error} {error.detail}"
    try:
        return _compare(case, session.execute(case.query))
    except WarehouseError as error:
        if case.expect != "error" or error.message == _GAP:
            return f"{error.sqlstate} {error} {error.detail}"
        return "" if case.sqlstate in ("", error.sqlstate) else f"SQLSTATE {error.sqlstate}: {error}"
    except EtlrunError as error:
        return str(error)


def _compare(case: Case, outcome: Outcome) -> str:
    if case.expect == "error":
        return f"no error, but {list(outcome.rows)}"
    if case.expect != "runs":
        wanted = [tuple(_value(value) for value in row) for row in case.expect]
        got = [tuple(row) for row in outcome.rows]
        if not (_same_rows(got, wanted) if _is_ordered(case.query) else _same_bag(got, wanted)):
            return f"{got} instead of {wanted}"
    if case.type and parse_type(outcome.columns[0].type) != parse_type(case.type):
        return f"type {outcome.columns[0].type} instead of {case.type}"
    return ""


def _is_ordered(query: str) -> bool:
    return "order by" in query.rsplit(")", 1)[-1].lower()


def _same_rows(got: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> bool:
    return len(got) == len(wanted) and all(_same_row(one, two) for one, two in zip(got, wanted, strict=True))


def _same_bag(got: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> bool:
    rest = list(got)
    for row in wanted:
        found = next((one for one in rest if _same_row(one, row)), None)
        if found is None:
            return False
        rest.remove(found)
    return not rest


def _same_row(got: tuple[Any, ...], wanted: tuple[Any, ...]) -> bool:
    return len(got) == len(wanted) and all(_same(one, two) for one, two in zip(got, wanted, strict=True))


def _same(got: Any, wanted: Any) -> bool:
    if isinstance(wanted, _Super):
        return isinstance(got, str) and json.loads(got) == wanted.value
    if got is None or wanted is None:
        return got is wanted
    if isinstance(got, bool) != isinstance(wanted, bool):
        return False
    if isinstance(got, float) or isinstance(wanted, float):
        return isinstance(got, (int, float, Decimal)) and abs(float(got) - float(wanted)) < 1e-9
    if isinstance(got, dt.datetime) != isinstance(wanted, dt.datetime):
        return False
    return bool(got == wanted)


@dataclass(frozen=True, slots=True)
class _Super:
    value: Any


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((tag, text),) = value.items()
    if tag == "decimal":
        return Decimal(text)
    if tag == "super":
        return _Super(json.loads(text))
    if tag == "time":
        return dt.time.fromisoformat(text)
    return dt.date.fromisoformat(text) if tag == "date" else dt.datetime.fromisoformat(text)
