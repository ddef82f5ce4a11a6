"""Paths stay inside the pipeline's folder."""

from __future__ import annotations

from pathlib import Path

from ..places import At


def inside(folder: Path, relative: str) -> Path:
    """Return the path of `relative` in `folder`. Errors: ValueError if it leaves the folder, also through a link."""
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"the path '{relative}' leaves the pipeline's folder")
    return path


def stays_inside(at: At, relative: str, hint: str) -> None:
    try:
        inside(at.document.path.parent, relative)
    except ValueError as error:
        at.problem(str(error), f"move it into the folder {hint}".rstrip())
