"""Which steps are asked for: by name, by tag, by what has changed; with what they need, or what needs them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .graph import Needs, above, below
from .model import Pipeline
from .places import did_you_mean
from .records import frozen

CHANGED = "changed"
"""Stands for the steps that are not as they were when they were last done; a step of that name goes before."""
_TAG = "tag:"


class NoSuchStep(ValueError):
    """A pattern that means no step; its text says which, and what it may have meant."""


@frozen
class Selection:
    """Which steps a command line asks for, as it is written: each text has patterns with commas between."""

    select: tuple[str, ...] = ()
    """None of them: all steps."""
    exclude: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.select or self.exclude)


def tags(pipeline: Pipeline) -> dict[str, frozenset[str]]:
    """Return for each tag the steps that have it."""
    found: dict[str, set[str]] = {}
    tagged = [(each.name, each.tags) for each in pipeline.staging]
    for name, own in (*tagged, *((each.name, each.tags) for each in pipeline.tables)):
        for tag in own:
            found.setdefault(tag, set()).add(name)
    return {tag: frozenset(names) for tag, names in found.items()}


def asks_what_changed(selection: Selection, steps: Collection[str]) -> bool:
    """Tell whether what is selected depends on what was done before."""
    patterns = (*_patterns(selection.select), *_patterns(selection.exclude))
    return CHANGED not in steps and any(_named(pattern) == CHANGED for pattern in patterns)


def select(
    needs: Needs, tagged: Mapping[str, frozenset[str]], selection: Selection, changed: frozenset[str] = frozenset()
) -> frozenset[str] | None:
    """Return the chosen steps; None where nothing is said of them. `changed` are those that this word stands for.

    A pattern is a name, 'tag:NAME' or 'changed': '+…' with all that it needs, '…+' with all that needs it.
    Errors: NoSuchStep.
    """
    wanted, unwanted = _patterns(selection.select), _patterns(selection.exclude)
    if not wanted and not unwanted:
        return None
    chosen = _meant(wanted, needs, tagged, changed) if wanted else frozenset(needs)
    return chosen - _meant(unwanted, needs, tagged, changed)


def _patterns(texts: Iterable[str]) -> list[str]:
    return [part.strip() for text in texts for part in text.split(",") if part.strip()]


def _named(pattern: str) -> str:
    return pattern.removeprefix("+").removesuffix("+")


def _meant(
    patterns: Iterable[str], needs: Needs, tagged: Mapping[str, frozenset[str]], changed: frozenset[str]
) -> frozenset[str]:
    found: set[str] = set()
    for pattern in patterns:
        names = _steps(_named(pattern), needs, tagged, changed)
        found |= names
        for name in names:
            if pattern.startswith("+"):
                found |= above(needs, name)
            if pattern.endswith("+"):
                found |= below(needs, name)
    return frozenset(found)


def _steps(
    named: str, needs: Needs, tagged: Mapping[str, frozenset[str]], changed: frozenset[str]
) -> frozenset[str]:  # fmt: skip
    if named in needs:
        return frozenset({named})
    if named == CHANGED:
        return changed
    if named.startswith(_TAG):
        tag = named.removeprefix(_TAG)
        if tag not in tagged:
            raise NoSuchStep(f"no step has the tag '{tag}': {did_you_mean(tag, tagged, 'tags are') or 'none has any'}")
        return tagged[tag]
    if named in tagged:
        raise NoSuchStep(f"no step '{named}': did you mean 'tag:{named}'?")
    raise NoSuchStep(f"no step '{named}': {did_you_mean(named, (*needs, CHANGED), 'steps are')}")
