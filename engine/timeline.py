"""What happened when in a run: a bar for each step, and the critical path."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .events import Event, Result, StepDone, StepFailed, StepKept, StepRetried, StepSkipped, StepStarted
from .records import frozen


@frozen
class Bar:
    """A step of a run: its begin and end in seconds since the run began; both 0 for one that was skipped or kept."""

    result: Result
    begin: float = 0.0
    end: float = 0.0
    retries: tuple[StepRetried, ...] = ()
    is_critical: bool = False
    """Whether the run would have been shorter if this step had been."""

    @property
    def name(self) -> str:
        return self.result.step.name

    @property
    def seconds(self) -> float:
        return self.end - self.begin


@dataclass(slots=True)
class Recording:
    """Notes when the events of a run come, as they are passed on; `bars` is what there is to draw."""

    clock: Callable[[], float] = time.monotonic
    begun: float = 0.0
    began: dict[str, float] = field(default_factory=dict)
    retried: dict[str, list[StepRetried]] = field(default_factory=dict)
    ended: list[Bar] = field(default_factory=list)

    def passed_on(self, events: Iterable[Event]) -> Iterator[Event]:
        self.begun = self.clock()
        for event in events:
            self._note(event, self.clock() - self.begun)
            yield event

    def _note(self, event: Event, now: float) -> None:
        match event:
            case StepStarted(step=step):
                self.began[step.name] = now
            case StepRetried(step=step):
                self.retried.setdefault(step.name, []).append(event)
            case StepSkipped() | StepKept():
                self.ended.append(Bar(event))
            case StepDone(step=step) | StepFailed(step=step):
                retries = tuple(self.retried.get(step.name, ()))
                self.ended.append(Bar(event, self.began.get(step.name, now), now, retries))

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The steps that have ended, in the order of their begin; those that were skipped come last."""
        ran = sorted((bar for bar in self.ended if bar.end), key=lambda bar: (bar.begin, bar.end))
        return (*_critical(ran), *(bar for bar in self.ended if not bar.end))


def _critical(bars: list[Bar]) -> list[Bar]:
    """Mark the chain that ends last: before each step, the one among those it waited for that ended last."""
    by_name: Mapping[str, Bar] = {bar.name: bar for bar in bars}
    path: set[str] = set()
    last = max(bars, key=lambda bar: bar.end, default=None)
    while last is not None:
        path.add(last.name)
        needs = [by_name[name] for name in last.result.step.needs if name in by_name]
        last = max(needs, key=lambda bar: bar.end, default=None)
    return [replace(bar, is_critical=bar.name in path) for bar in bars]
