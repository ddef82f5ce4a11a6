"""What a person sees: a live view of a run, and tables."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .events import Event, Result, StepRetried, StepStarted
from .plan import Plan, Step
from .summary import SUMMARY, result_cells
from .visible import visible
from .warehouse import Outcome

_NO_LIMIT = 10_000
_STYLES = {"done": "green", "failed": "bold red", "skipped": "yellow", "running": "bold", "kept": "dim"}


def watch(plan: Plan, events: Iterable[Event], stream: TextIO) -> Iterator[Event]:
    """Pass the events on while a live view on `stream` shows every step: done, running, or what it waits for."""
    console = Console(file=stream)
    view = _View(plan)
    with Live(view, console=console, refresh_per_second=8, transient=True) as live:
        for event in events:
            view.take(event)
            live.refresh()
            yield event


class _View:
    """The steps of a run as they are now; rich asks for it again and again."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._results: dict[str, Result] = {}
        self._running: dict[str, float] = {}
        self._retried: dict[str, StepRetried] = {}

    def take(self, event: Event) -> None:
        name = event.step.name
        match event:
            case StepStarted():
                self._running[name] = time.monotonic()
            case StepRetried():
                self._retried[name] = event
            case _:
                self._results[name] = event

    def __rich__(self) -> RenderableType:
        table = _table("step", "", "rows", "seconds")
        for step in self._shown():
            table.add_row(step.name, *self._cells(step.name, step.needs))
        return table

    def _shown(self) -> Iterator[Step]:
        """Yield the steps, and the hooks of the run that have begun."""
        begun = [step for step in self._plan.hooks if step.name in self._results or step.name in self._running]
        yield from (step for step in begun if step == self._plan.before)
        yield from self._plan.steps
        yield from (step for step in begun if step != self._plan.before)

    def _cells(self, name: str, needs: frozenset[str]) -> tuple[Text | str, str, str]:
        if name in self._results:
            status, rows, seconds, _ = result_cells(self._results[name])
            return _styled(status), rows, seconds
        if name in self._running:
            retried = self._retried.get(name)
            doing = f"running, try {retried.attempt + 1}: {retried.cause}" if retried else "running"
            return Text(doing, _STYLES["running"]), "", f"{time.monotonic() - self._running[name]:.1f}"
        waiting = sorted(needs - set(self._results))
        return Text(f"waits for {', '.join(waiting)}" if waiting else "waits", "dim"), "", ""


def summary(results: Sequence[Result], stream: TextIO) -> None:
    """Write a table of what became of each step: status, rows, seconds, rejected rows."""
    table = _table(*SUMMARY)
    for result in results:
        status, rows, seconds, rejects = result_cells(result)
        table.add_row(result.step.name, _styled(status), rows, seconds, rejects)
    _console(stream).print(table)


def _styled(status: str) -> Text:
    return Text(status, _STYLES[status.partition(":")[0]])


def write_table(headings: Sequence[str], rows: Iterable[Sequence[str]], stream: TextIO) -> None:
    """Write a table of texts."""
    table = _table(*headings)
    for row in rows:
        table.add_row(*map(Text, row))
    _console(stream).print(table)


def write_outcome(outcome: Outcome, format_: str, stream: TextIO) -> None:
    """Write the rows of a query as 'table', 'csv' (with a header line) or 'json' (a list of objects)."""
    names = [column.name for column in outcome.columns]
    match format_:
        case "csv":
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(names)
            writer.writerows([_csv_text(value) for value in row] for row in outcome.rows)
        case "json":
            rows = [dict(zip(names, row, strict=True)) for row in outcome.rows]
            stream.write(json.dumps(rows, ensure_ascii=False, indent=2, default=str) + "\n")
        case _:
            table = _table(*map(visible, names))
            for row in outcome.rows:
                table.add_row(*(Text(_shown(value), "dim" if value is None else "") for value in row))
            _console(stream).print(table)
            stream.write(f"{len(outcome.rows):,} row{'s' if len(outcome.rows) != 1 else ''}\n")


def _csv_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _shown(value: Any) -> str:
    return "NULL" if value is None else str(value).lower() if isinstance(value, bool) else visible(str(value))


def _table(*headings: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        numeric = heading in ("rows", "seconds", "rejects")
        table.add_column(Text(heading), justify="right" if numeric else "left", overflow="fold")
    return table


def _console(stream: TextIO) -> Console:
    # In a pipe nothing may be cut to a width that nobody looks at.
    return Console(file=stream, width=None if stream.isatty() else _NO_LIMIT, soft_wrap=not stream.isatty())
