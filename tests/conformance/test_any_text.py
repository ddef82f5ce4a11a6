"""Whatever the text, a session answers with rows or with an error in Redshift's words, not DuckDB's or Python's."""

from __future__ import annotations

from functools import cache

import pytest
from conformance_cases import Case, read_cases
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import WarehouseError
from engine.storage import Storage
from engine.warehouses.local.session import LocalSession, open_database
from engine.warehouses.local.tokens import tokenize

_GAP = "local Redshift could not run the statement"
_ODD = [
    "null",
    "''",
    "-1",
    "99999999999999999999",
    "1e308",
    "'\\\\'",
    "true",
    "array(1)",
    "interval '1 day'",
    "*",
    "(",
    ")",
]


@cache
def _asking() -> list[list[str]]:
    """Return the queries that need no setup, as their tokens."""
    cases = [case for case in read_cases() if not case.setup and _is_quick(case)]
    return [[case.query[t.start : t.end] for t in tokenize(case.query)[:-1]] for case in cases]


def _is_quick(case: Case) -> bool:
    """A changed number may make these run for ever, or fill the memory."""
    slow = ("recursive", "generate_series", "repeat", "replicate", "pad(")
    return case.query.lower().startswith("select") and case.expect != "error" and not any(w in case.query for w in slow)


@cache
def _session() -> LocalSession:
    return open_database(None, Storage(())).session()


@st.composite
def _mutated(draw: st.DrawFn) -> str:
    parts = list(draw(st.sampled_from(_asking())))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(parts) - 1))
        other = draw(st.one_of(st.sampled_from(_ODD), st.sampled_from(_asking()).flatmap(st.sampled_from)))
        parts[place : place + draw(st.integers(0, 2))] = [other]
    return " ".join(parts)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(_mutated())
def test_any_text_is_answered_or_refused_in_words(sql: str) -> None:
    problem = _problem(sql)
    assert problem is None or (problem.message != _GAP and len(problem.sqlstate) == 5), problem.detail


def _problem(sql: str) -> WarehouseError | None:
    try:
        _session().execute(sql)
    except WarehouseError as error:
        return error
    return None


@pytest.mark.parametrize(
    "sql", ["", ";", "/*", "'", '"', "$$", "select", "select (((", "\0", "select '\0'", "é", "(" * 3000]
)
def test_broken_text_is_a_syntax_error(sql: str) -> None:
    with pytest.raises(WarehouseError):
        _session().execute(sql)
