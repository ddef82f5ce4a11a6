"""Local Redshift answers what AWS documents, as often as docs/conformance.md says."""

from __future__ import annotations

import pytest
from conformance_cases import Case, read_cases, run_case
from score import PAGE, page

CASES = read_cases()
RESULTS: dict[str, str] = {}
KNOWN_WRONG: frozenset[str] = frozenset()
"""Cases, as area/id, that local Redshift is known to answer otherwise; the page names them with the reason."""


def _name(case: Case) -> str:
    return f"{case.area}/{case.id}"


def test_cases_are_found() -> None:
    assert len(CASES) >= 370
    names = [_name(case) for case in CASES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_case(case: Case) -> None:
    why = RESULTS[_name(case)] = run_case(case)
    if _name(case) in KNOWN_WRONG:
        assert why, "this is right now: take it out of KNOWN_WRONG"
    else:
        assert not why


def test_page_is_up_to_date() -> None:
    results = [(case, RESULTS.get(_name(case)) or "") for case in CASES]
    if len(RESULTS) < len(CASES):
        pytest.skip("only some of the cases ran")
    assert PAGE.read_text(encoding="utf-8") == page(results), "run python tests/conformance/score.py"
