"""What happened in a run, as a page of its own: timeline, steps, what went wrong, the SQL that was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from . import __version__
from .comparison import Series, compared_run, compared_step
from .dry_run import step_text
from .events import StepDone, StepFailed, StepKept, StepSkipped
from .history import Past
from .plan import Plan
from .render import render_page
from .report import failure_text, warning_text
from .timeline import Bar

_ROOM_AFTER, _ROOM_BEFORE = 70, 30
"""Up to where a bar may reach, and from where it must begin, for a text beside it; in percent, at a phone's width."""
_BARS_HEIGHT, _BAR_STEP = 24, 9
"""How high the bars of the last runs are, and how far from one to the next, in pixels of the page."""


def run_page(plan: Plan, began: datetime, bars: Sequence[Bar], seconds: float, past: Past | None) -> str:
    """Return the page of a run as HTML; `seconds` is how long it took in all.

    `past` is what the ledger knows of it and the runs before; None where that could not be asked.
    """
    steps = [_step(bar, max(seconds, 1e-9)) for bar in bars]
    states = {step["state"] for step in steps}
    done = [bar.result for bar in bars if isinstance(bar.result, StepDone)]
    values = {
        "title": f"{plan.pipeline}: report of a run",
        "state": next((state for state in ("failed", "skipped", "warned") if state in states), "done"),
        "target": plan.target.name,
        "began": f"{began:%Y-%m-%d %H:%M:%S %Z}".rstrip(),
        "seconds": f"{seconds:.2f} s",
        "run": plan.ledger.run if plan.ledger else "",
        "version": __version__,
        "steps": steps,
        "rows": f"{sum(result.rows for result in done):,}",
        "rejects": sum(len(result.rejects) for result in done),
        "bytes": sum(result.bytes_read or 0 for result in done),
        "untold": any(result.step.kind == "staging" and result.bytes_read is None for result in done),
        "past": _past(past, [bar.name for bar in bars]) if past else None,
    }
    return render_page("run", values)


def _step(bar: Bar, whole: float) -> dict[str, Any]:
    step = bar.result.step
    left, width = 100 * bar.begin / whole, 100 * bar.seconds / whole
    checks = sum(bool(statement.check) for part in step.transactions for statement in part.statements)
    return {
        "bytes": "", **_outcome(bar),
        "name": step.name, "kind": step.kind, "is_critical": bar.is_critical, "needs": ", ".join(sorted(step.needs)),
        "begin": f"{bar.begin:.2f}", "end": f"{bar.end:.2f}", "seconds": f"{bar.seconds:.2f} s" if bar.end else "",
        "left": round(left, 3), "width": round(width, 3),
        "text_place": _text_place(left, width),
        "checks": f"{checks} check{'s' if checks != 1 else ''}", "tries": len(bar.retries) + 1 if bar.end else "",
        "retries": "; ".join(f"try {each.attempt} failed: {each.cause}" for each in bar.retries),
        "sql": "\n".join(step_text(step)).strip(),
    }  # fmt: skip


def _text_place(left: float, width: float) -> tuple[str, float]:
    """Return where the text of a bar has room: a side of the track, and percent of it from there."""
    if left + width <= _ROOM_AFTER:
        return "left", round(left + width, 3)
    if left >= _ROOM_BEFORE:
        return "right", round(100 - left, 3)
    return "inside", round(100 - left - width, 3)


def _outcome(bar: Bar) -> dict[str, Any]:
    """Return the state of a step, its rows, and what there is to say of it."""
    match bar.result:
        case StepDone() as done:
            state = "warned" if done.warnings else "done"
            return {
                "state": state,
                "said": _lines(warning_text(done)),
                "rows": f"{done.rows:,}",
                "rejects": len(done.rejects),
                "bytes": "" if done.bytes_read is None else f"{done.bytes_read:,}",
            }
        case StepFailed() as failed:
            return {"state": "failed", "said": _lines(failure_text(failed)), "rows": "", "rejects": ""}
        case StepSkipped(because=because):
            return {"state": "skipped", "said": "", "because": f"skipped: {because} failed", "rows": "", "rejects": ""}
        case StepKept(because=because):
            return {"state": "kept", "said": "", "because": f"kept: {because}", "rows": "", "rejects": ""}


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(lines)


# --- beside the last runs --------------------------------------------------------------------------------------------


def _past(past: Past, names: Iterable[str]) -> dict[str, Any]:
    """Return the run and its steps beside the last runs."""
    whole, longest = compared_run(past), max((run.seconds for run in past.runs), default=0)
    runs = [
        {
            "run": run.run, "began": str(run.started_at)[:19], "status": run.status, "rows": f"{run.rows:,}",
            "seconds": f"{run.seconds:,}", "width": round(100 * run.seconds / longest, 2) if longest else 0,
            "selection": ", ".join(run.selection),
        }
        for run in past.runs
    ]  # fmt: skip
    steps = []
    for name in names:
        compared = compared_step(past, name)
        steps.append({
            "name": name, "remarks": compared.remarks,
            "seconds": _series(compared.seconds, "{:,.2f}"), "rows": _series(compared.rows, "{:,.0f}"),
        })  # fmt: skip
    return {"runs": runs[::-1], "earlier": max(0, len(runs) - 1), "remarks": whole.remarks, "steps": steps}


def _series(series: Series, form: str) -> dict[str, Any]:
    """Return a series as texts, and as bars: the outline of those of the last runs, and of this run's."""
    numbers = [number for number in series.numbers if number is not None]
    highest = max(numbers, default=0)
    bars = [_bar(place, number, highest) for place, number in enumerate(series.numbers)]
    said = [form.format(number) for number in numbers]
    spread = [form.format(number) for number in (min(series.earlier), max(series.earlier))] if series.earlier else []
    return {
        "now": "" if series.now is None else form.format(series.now),
        "usual": "" if series.usual is None else form.format(series.usual),
        "spread": " – ".join(dict.fromkeys(spread)),
        "said": ", ".join(said),
        "before": "".join(bars[:-1]),
        "this": bars[-1] if bars else "",
        "width": _BAR_STEP * len(bars),
    }


def _bar(place: int, number: float | None, highest: float) -> str:
    """Return a bar as a path of SVG, which is a fifth of the bytes of a <rect>; none for what there is not."""
    if number is None:
        return ""
    height = max(1, round(_BARS_HEIGHT * number / highest)) if highest else 1
    return f"M{_BAR_STEP * place} {_BARS_HEIGHT}v-{height}h7v{height}z"
