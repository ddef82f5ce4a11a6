"""What happened when in a run: bars and the critical path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.errors import RunFailed, Where
from engine.events import Event, StepDone, StepFailed, StepRetried, StepSkipped, StepStarted
from engine.plan import Step
from engine.timeline import Recording

WHERE = Where("p.yaml", 1, 1)


def step(name: str, *needs: str) -> Step:
    return Step(name, "table", frozenset(needs), WHERE, ())


def recorded(*moments: tuple[float, Event]) -> Recording:
    """Record events that come at these seconds."""
    times = iter([100.0, *(100.0 + second for second, _ in moments)])
    recording = Recording(clock=lambda: next(times))
    events = [event for _, event in moments]
    assert list(recording.passed_on(iter(events))) == events
    return recording


A, B, C = step("a"), step("b"), step("c", "a", "b")


def test_bars_have_begin_and_end_and_the_path_that_ends_last() -> None:
    recording = recorded(
        (0, StepStarted(A, 1)), (0, StepStarted(B, 2)), (2, StepDone(A, 2, 1)), (5, StepDone(B, 5, 1)),
        (5, StepStarted(C, 3)), (6, StepDone(C, 1, 1)),
    )  # fmt: skip
    bars = {bar.name: bar for bar in recording.bars}
    assert [(bar.name, bar.begin, bar.end) for bar in recording.bars] == [("a", 0, 2), ("b", 0, 5), ("c", 5, 6)]
    assert {name for name, bar in bars.items() if bar.is_critical} == {"b", "c"}


def test_step_that_ends_last_without_needs_is_the_path() -> None:
    recording = recorded((0, StepStarted(A, 1)), (0, StepStarted(B, 2)), (2, StepDone(A, 2, 1)), (9, StepDone(B, 9, 1)))
    assert [bar.name for bar in recording.bars if bar.is_critical] == ["b"]


def test_skipped_steps_come_last_and_tries_are_kept() -> None:
    retried = StepRetried(A, 1, "connection lost", 0.5)
    failed = StepFailed(A, 3, RunFailed("no"))
    recording = recorded((0, StepStarted(A, 1)), (1, retried), (3, failed), (3, StepSkipped(C, "a")))
    first, last = recording.bars
    assert (first.retries, first.result, last.result) == ((retried,), failed, StepSkipped(C, "a"))
    assert not last.is_critical


def test_run_that_breaks_off_keeps_what_has_ended() -> None:
    def events() -> Iterator[Event]:
        yield StepStarted(A, 1)
        yield StepDone(A, 1, 1)
        yield StepStarted(B, 2)
        raise KeyboardInterrupt

    recording = Recording()
    try:
        consume(recording.passed_on(events()))
    except KeyboardInterrupt:
        assert [bar.name for bar in recording.bars] == ["a"]
    else:
        raise AssertionError("the interrupt was swallowed")


def consume(events: Iterable[Event]) -> None:
    for _ in events:
        pass
