"""What became of the steps of a run, as a table of plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from .events import Result, StepDone, StepFailed, StepKept, StepSkipped

SUMMARY = ("step", "status", "rows", "seconds", "rejects")
_LEFT = 2
"""How many columns hold words; the others hold numbers."""


def summary_text(results: Sequence[Result]) -> Iterator[str]:
    """Yield the lines that rich would write into a pipe, where importing it would take longer than most steps."""
    rows = [SUMMARY, *((result.step.name, *result_cells(result)) for result in results)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ["   ".join(map(_padded, row, widths, range(len(SUMMARY)))) for row in rows]
    yield from (lines[0], "─" * (sum(widths) + 3 * (len(widths) - 1)), *lines[1:])


def _padded(text: str, width: int, column: int) -> str:
    blanks = " " * (width - _width(text))
    return text + blanks if column < _LEFT else blanks + text


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def result_cells(result: Result) -> tuple[str, str, str, str]:
    """Return status, rows, seconds and rejects as text."""
    match result:
        case StepDone(rows=rows, seconds=seconds, rejects=rejects, warnings=warnings, step=step):
            warned = f": {len(warnings)} warning{'s' if len(warnings) != 1 else ''}" if warnings else ""
            loaded = ("", "") if step.kind in ("checks", "changes", "hooks") else (f"{rows:,}", f"{len(rejects):,}")
            return f"done{warned}", loaded[0], f"{seconds:.2f}", loaded[1]
        case StepFailed(seconds=seconds):
            return "failed", "", f"{seconds:.2f}", ""
        case StepSkipped(because=because):
            return f"skipped: {because} failed", "", "", ""
        case StepKept(because=because):
            return f"kept: {because}", "", "", ""
