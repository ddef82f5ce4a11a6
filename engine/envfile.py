"""A file of environment variables, KEY=value a line: what `cluster create` writes and every command reads."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from .errors import UsageError

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def default_path(folder: Path, target: str) -> Path:
    """Return where the variables of a target are kept: .etlrun/TARGET.env beside the pipeline."""
    return folder / ".etlrun" / f"{target}.env"


def read(path: Path) -> dict[str, str]:
    """Return the variables of a file; none if there is no file. Errors: UsageError for a value that cannot be read."""
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match:
            try:
                found[match[1]] = "".join(shlex.split(match[2], comments=True))
            except ValueError as error:
                raise UsageError(f"{path}:{number}: {error}; write KEY=value, or KEY='a value'") from error
    return found


def write(path: Path, values: Mapping[str, str], *, without: tuple[str, ...] = ()) -> None:
    """Put `values` into a file that its owner alone may read, and take `without` out; other lines stay as they are."""
    old = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    gone = {*values, *without}
    kept = [line for line in old if not ((match := _LINE.fullmatch(line)) and match[1] in gone)]
    lines = [*kept, *(f"{name}={shlex.quote(value)}" for name, value in values.items())]
    if not lines:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.replace(unfinished, path)
