"""Problems and errors -> text. Imports little: most of what is checked has none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from .copy import masked
from .errors import EtlrunError, InvalidPipeline, LoadError, LoadFailed, Problem, TablesDiffer, WarehouseError, Where
from .visible import visible

_EXCERPT_WIDTH = 110
_QUOTED = r"""'(?:[^']|'')*'?|"(?:[^"\\]|\\.)*"?"""
_PASSWORD = r"""(password['"]?\s*:\s*)(?!\$\{\w+\})"""  # ${NAME} tells nothing
_WRITTEN_PASSWORD = re.compile(rf"{_PASSWORD}({_QUOTED}|\S.*)")
_PASSWORD_IN_BRACES = re.compile(rf"{_PASSWORD}({_QUOTED}|[^\s,}}][^,}}]*)")


def problem_text(problem: Problem) -> Iterator[str]:
    """Yield the lines that tell a problem: place and message, the source line with a caret, what to do."""
    message = f"{problem.message} [{problem.rule}]" if problem.rule else problem.message
    yield f"{problem.where}: {message}" if problem.where else message
    if problem.where and problem.where.text.strip():
        yield from excerpt(problem.where)
    if problem.hint:
        yield f"  {problem.hint}"


def advice_text(warnings: Iterable[Problem]) -> Iterator[str]:
    """Yield the lines that tell what is no error."""
    for warning in warnings:
        first, *rest = problem_text(replace(warning, message=f"warning: {warning.message}"))
        yield from (first, *rest, "")


def excerpt(where: Where) -> Iterator[str]:
    """Yield a line of a file and below it the caret."""
    text, start = _without_password(where.text.replace("\t", " ")), where.column - 1
    cut = max(0, min(start - 40, len(text) - _EXCERPT_WIDTH))
    shown = text[cut : cut + _EXCERPT_WIDTH]
    indent = 0 if cut else len(shown) - len(shown.lstrip())
    number = f"{where.line:>5} | "
    yield f"{number}{shown.rstrip()}"
    begin = max(start - cut, indent if where.column == 1 and where.width > 1 else 0)
    width = max(1, min(where.width, len(shown.rstrip()) - begin))
    yield f"{' ' * (len(number) - 2)}| {' ' * begin}{'^' * width}"


def _without_password(line: str) -> str:
    """Return a line of YAML with a password that was written out as stars; their number keeps the caret in place."""
    pattern = _PASSWORD_IN_BRACES if "{" in line.partition("password")[0] else _WRITTEN_PASSWORD
    return pattern.sub(lambda match: match[1] + "*" * len(match[2]), line)


def error_text(error: EtlrunError) -> Iterator[str]:
    """Yield the lines that tell an error to a user."""
    if isinstance(error, (InvalidPipeline, TablesDiffer)):
        for problem in error.problems:
            yield from problem_text(problem)
            yield ""
        several = "s" if len(error.problems) != 1 else ""
        differs = isinstance(error, TablesDiffer)
        what = f"difference{several} from the warehouse in the way" if differs else f"problem{several}"
        yield f"{len(error.problems)} {what}; nothing was sent"
        return
    yield masked(str(error))
    if isinstance(error, WarehouseError):
        if error.detail:
            yield from (f"  {line}" for line in masked(error.detail).strip().split("\n"))
        if isinstance(error, LoadFailed):
            yield from load_errors_text(error.errors)
        if error.hint:
            yield f"  {error.hint}"


def load_errors_text(errors: tuple[LoadError, ...], most: int = 5) -> Iterator[str]:
    """Yield the first rows that a COPY could not load: file, line, column, value, reason."""
    for error in errors[:most]:
        declared = f"{error.type}({error.length})" if error.length.strip() else error.type
        column = f"column {error.column} {declared}: " if error.column else ""
        yield f"  {error.file}:{error.line}: {column}{error.reason} (code {error.code})"
        if error.raw_value:
            yield f"    value: {clipped(error.raw_value)}"
        if error.raw_line:
            yield f"    line:  {clipped(error.raw_line)}"
    if len(errors) > most:
        yield f'  … and {len(errors) - most} more; etlrun query PIPELINE "SELECT * FROM stl_load_errors" shows them'


def clipped(text: str) -> str:
    """Return a text as one line that is not too long."""
    shown = visible(text)
    return shown if len(shown) <= _EXCERPT_WIDTH else shown[: _EXCERPT_WIDTH - 1] + "…"
