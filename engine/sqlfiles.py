"""The SQL of a plan as files for code review: one for each step, in a folder that may hold other files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

from .dry_run import statements_text, step_text
from .errors import UsageError
from .plan import Plan
from .records import frozen

_PREPARE = "0-prepare"
"""No step has this name: names do not begin with a digit."""
_SHOWN_LINES = 30


@frozen
class Difference:
    """A file that is not as the pipeline gives it; `old` is None where it is missing, `new` where its step is gone."""

    path: Path
    old: str | None
    new: str | None


def sql_files(plan: Plan) -> dict[str, str]:
    """Return the content of each file by its name. Same plan, same bytes."""
    files = {f"{_PREPARE}.sql": [*_head(plan, "before the first step"), *statements_text(plan.prepare)]}
    for step in (*plan.hooks, *plan.steps):
        waits = f", after {', '.join(sorted(step.needs))}" if step.needs else ""
        files[f"{step.name}.sql"] = [*_head(plan, f"step {step.name} ({step.kind}){waits}"), *step_text(step)]
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def _head(plan: Plan, what: str) -> Iterator[str]:
    yield f"{_mark(plan)}, target {plan.target.name}, {what}"
    yield "-- Made from the YAML: change it there, and render again."
    if what.startswith("before"):
        yield ""


def _mark(plan: Plan) -> str:
    """Return how the first line of this pipeline's own files begins. No other file is ever changed or removed."""
    return f"-- etlrun render: pipeline {plan.pipeline}"


def differences(plan: Plan, folder: Path) -> tuple[Difference, ...]:
    """Compare the files in `folder` with what the plan gives. Errors: UsageError for another's file in the way."""
    wanted = sql_files(plan)
    found = {path.name: _read(path) for path in sorted(folder.glob("*.sql"))} if folder.is_dir() else {}
    own = {name: text for name, text in found.items() if text is not None and text.startswith(f"{_mark(plan)},")}
    _refuse_others(folder, wanted, found, own)
    names = sorted({*wanted, *own})
    changed = (name for name in names if own.get(name) != wanted.get(name))
    return tuple(Difference(folder / name, own.get(name), wanted.get(name)) for name in changed)


def _refuse_others(
    folder: Path, wanted: Mapping[str, str], found: Mapping[str, str | None], own: Mapping[str, str]
) -> None:  # fmt: skip
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder")
    for name in wanted:
        if name in found and name not in own:
            raise UsageError(
                f"{folder / name} is not of this pipeline's `etlrun render`: move it, or render into another folder"
            )


def _read(path: Path) -> str | None:
    """Return the text of a file; None for what is no file of its own, such as a link."""
    if path.is_symlink() or not path.is_file():
        return None
    # Git may have checked it out with other line ends.
    return path.read_bytes().decode(errors="replace").replace("\r\n", "\n")


def write(changed: tuple[Difference, ...]) -> None:
    """Bring the files up to date: write what is new or changed, remove what has no step any more.

    Errors: UsageError for a folder that cannot be written to.
    """
    for difference in changed:
        try:
            if difference.new is None:
                difference.path.unlink()
            else:
                _put(difference.path, difference.new)
        except OSError as error:
            raise UsageError(f"cannot write {difference.path}: {error.strerror}") from error


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(text.encode())
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def differences_text(changed: tuple[Difference, ...]) -> Iterator[str]:
    """Yield each difference as a short diff: from what is in the folder to what the pipeline gives."""
    for difference in changed:
        if difference.old is None:
            yield f"{difference.path} is missing"
        elif difference.new is None:
            yield f"{difference.path} is of a step that is gone"
        else:
            old, new = difference.old.splitlines(), difference.new.splitlines()
            lines = list(unified_diff(old, new, str(difference.path), "rendered", n=2, lineterm=""))
            yield from lines[:_SHOWN_LINES]
            if len(lines) > _SHOWN_LINES:
                yield f"… {len(lines) - _SHOWN_LINES} more lines"
