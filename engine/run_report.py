"""What happened in a run, as a page of its own: timeline, steps, what went wrong, the SQL that was sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from . import __version__
from .dry_run import step_text
from .execute import StepDone, StepFailed, StepKept, StepSkipped
from .plan import Plan
from .render import render_page
from .report import failure_text, warning_text
from .timeline import Bar


def run_page(plan: Plan, run: str, began: datetime, bars: Sequence[Bar], seconds: float) -> str:
    """Return the page of a run as HTML; `seconds` is how long it took in all."""
    steps = [_step(bar, max(seconds, 1e-9)) for bar in bars]
    states = {step["state"] for step in steps}
    done = [bar.result for bar in bars if isinstance(bar.result, StepDone)]
    values = {
        "title": f"{plan.pipeline}: report of a run",
        "state": next((state for state in ("failed", "skipped", "warned") if state in states), "done"),
        "target": plan.target.name,
        "began": f"{began:%Y-%m-%d %H:%M:%S %Z}".rstrip(),
        "seconds": f"{seconds:.2f} s",
        "run": run,
        "version": __version__,
        "steps": steps,
        "rows": f"{sum(result.rows for result in done):,}",
        "rejects": sum(len(result.rejects) for result in done),
    }
    return render_page("run", values)


def _step(bar: Bar, whole: float) -> dict[str, Any]:
    step = bar.result.step
    left, width = 100 * bar.begin / whole, 100 * bar.seconds / whole
    checks = sum(bool(statement.check) for part in step.transactions for statement in part.statements)
    return {
        **_outcome(bar),
        "name": step.name, "kind": step.kind, "is_critical": bar.is_critical, "needs": ", ".join(sorted(step.needs)),
        "begin": f"{bar.begin:.2f}", "end": f"{bar.end:.2f}", "seconds": f"{bar.seconds:.2f} s" if bar.end else "",
        "left": round(left, 3), "width": round(width, 3),
        "after": round(left + width, 3), "before": round(100 - left, 3),
        "checks": f"{checks} check{'s' if checks != 1 else ''}", "tries": len(bar.retries) + 1 if bar.end else "",
        "retries": "; ".join(f"try {each.attempt} failed: {each.cause}" for each in bar.retries),
        "sql": "\n".join(step_text(step)).strip(),
    }  # fmt: skip


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
            }
        case StepFailed() as failed:
            return {"state": "failed", "said": _lines(failure_text(failed)), "rows": "", "rejects": ""}
        case StepSkipped(because=because):
            return {"state": "skipped", "said": "", "because": f"skipped: {because} failed", "rows": "", "rejects": ""}
        case StepKept(because=because):
            return {"state": "kept", "said": "", "because": f"kept: {because}", "rows": "", "rejects": ""}


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(lines)
