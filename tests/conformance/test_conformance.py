"""Local Redshift answers what AWS documents, as often as docs/conformance.md says."""

from __future__ import annotations

from functools import cache

import pytest
from conformance_cases import Case, read_cases, run_case
from score import PAGE, page

CASES = read_cases()
KNOWN_WRONG: frozenset[str] = frozenset()
"""Cases, as area/id, that local Redshift is known to answer otherwise; the page names them with the reason."""


def _name(case: Case) -> str:
    return f"{case.area}/{case.id}"


@cache
def _why_wrong(name: str) -> str:
    """Return what is wrong with the answer of a case; empty if it is right."""
    return run_case(next(case for case in CASES if _name(case) == name)) or ""


def test_cases_are_found() -> None:
    assert len(CASES) >= 900
    names = [_name(case) for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_case(case: Case) -> None:
    if _name(case) in KNOWN_WRONG:
        assert _why_wrong(_name(case)), "this is right now: take it out of KNOWN_WRONG"
    else:
        assert not _why_wrong(_name(case))


def test_page_is_up_to_date() -> None:
    results = [(case, _why_wrong(_name(case))) for case in CASES]
    assert PAGE.read_text(encoding="utf-8") == page(results), "run python tests/conformance/score.py"
