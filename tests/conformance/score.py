"""Writes docs/conformance.md: how many cases of each area local Redshift answers right, and which it does not."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from conformance_cases import Case, read_cases, run_case  # noqa: E402  (the path is set above)

PAGE = ROOT / "docs" / "conformance.md"

_HEAD = """# How near local Redshift is to Redshift

Each case is a query of Redshift SQL with the answer that AWS documents; they stand in
[tests/conformance](../tests/conformance/README.md). No case was run on a cluster. This page is written by
`python tests/conformance/score.py`, and a test fails where it is out of date. [clients.md](clients.md) says which
clients work: redshift_connector, psql, psycopg, pandas, SQLAlchemy, dbt.

| area | right | cases | of them assumptions |
|---|---|---|---|
"""


def page(results: list[tuple[Case, str]]) -> str:
    """Return the page for cases and why each is wrong, empty for right."""
    areas = sorted({case.area for case, _ in results})
    lines = []
    for area in areas:
        here = [(case, why) for case, why in results if case.area == area]
        right = sum(not why for _, why in here)
        lines.append(f"| {area} | {right} | {len(here)} | {sum(case.assumption for case, _ in here)} |")
    right = sum(not why for _, why in results)
    lines.append(f"| **all** | **{right}** | **{len(results)}** | {sum(case.assumption for case, _ in results)} |")
    return _HEAD + "\n".join(lines) + "\n" + _wrong(results) + _ASSUMED + _assumptions(results)


def _wrong(results: list[tuple[Case, str]]) -> str:
    wrong = [f"- {case.area}: {case.id} (`{case.query}`)" for case, why in results if why]
    return "\n## Not answered as on Redshift\n\n" + ("\n".join(wrong) or "None of the cases.") + "\n"


_ASSUMED = """
## Assumptions

No page of AWS settles these; the answer of a cluster decides. Look here first where one disagrees.

"""


def _assumptions(results: list[tuple[Case, str]]) -> str:
    return "\n".join(f"- {case.area}: {case.id}" for case, _ in results if case.assumption) + "\n"


if __name__ == "__main__":
    done = [(case, run_case(case)) for case in read_cases()]
    PAGE.write_text(page(done), encoding="utf-8")
    for case, why in done:
        if why:
            print(f"{case.area}: {case.id}: {why}")
    print(f"{sum(not why for _, why in done)} of {len(done)} right; wrote {PAGE.relative_to(ROOT)}")
