"""Results, as a table between two markers of a Markdown page, with the machine that they were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

START, END = "<!-- results: written by run.py -->", "<!-- end of results -->"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table; `met` is None where there is no budget."""

    work: str
    budget: str
    measured: str
    met: bool | None = None
    note: str = ""

    def __str__(self) -> str:
        verdict = {True: ", met", False: ", NOT met", None: ""}[self.met]
        budget = f" (budget {self.budget}{verdict})" if self.budget else ""
        return f"{self.work}: {self.measured}{budget}; {self.note}"


def as_table(results: Sequence[Result]) -> str:
    lines = ["| work | budget | measured | met | seconds, bytes |", "|---|---|---|---|---|"]
    for result in results:
        met = {True: "yes", False: "**no**", None: ""}[result.met]
        lines.append(f"| {result.work} | {result.budget} | {result.measured} | {met} | {result.note} |")
    return "\n".join(lines)


def circumstances(load: float) -> str:
    """Say when, on what machine and with which versions; `load` is the load average before the first command.

    It tells whether others were using the machine: DuckDB by hand gains from a second core, one that is busy slows it.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {_version(name)}" for name in ("duckdb", "sqlglot", "sqlglotc") if _version(name))
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {_commit()}: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, "
        f"{platform.system()}, Python {platform.python_version()}, {packages}; load average {load:.1f} before the run."
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def write(page: Path, results: Sequence[Result], load: float) -> None:
    """Put the table between the markers of `page`."""
    text = page.read_text("utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{START}\n{circumstances(load)}\n\n{as_table(results)}\n{END}{after}", "utf-8")
