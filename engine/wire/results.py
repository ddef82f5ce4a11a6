"""A result on its way to a client: its columns, its rows in portions, its tag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from ..errors import WarehouseError
from ..warehouse import Outcome
from .encoding import encoder
from .types import Field, field

_WITH_COUNT = ("UPDATE", "DELETE", "MOVE", "FETCH")
_AT_ONCE = 256


def tag(outcome: Outcome) -> str:
    """Return a command's tag. Redshift counts in those of INSERT, UPDATE and DELETE; SELECT and COPY have no count."""
    if outcome.command == "INSERT":
        return f"INSERT 0 {outcome.row_count or 0}"
    return f"{outcome.command} {outcome.row_count or 0}" if outcome.command in _WITH_COUNT else outcome.command


def fields(outcome: Outcome) -> tuple[Field, ...]:
    """Return how the columns of a result are announced."""
    return tuple(field(column) for column in outcome.columns)


def formats(asked: Sequence[int], columns: int) -> tuple[int, ...]:
    """Return one format for each column: none asked for means text, one goes for all.

    Errors: WarehouseError 08P01.
    """
    if len(asked) in (0, 1):
        return (asked[0] if asked else 0,) * columns
    if len(asked) != columns:
        raise WarehouseError(f"{len(asked)} result formats for {columns} columns", sqlstate="08P01")
    return tuple(asked)


def data_rows(
    rows: Iterable[tuple[Any, ...]], announced: Sequence[Field], formats_: Sequence[int], *, amazon: bool
) -> Iterator[bytes]:
    """Yield the messages of `rows`, some hundreds at a time. Errors: WarehouseError for a value that does not fit."""
    encode = [encoder(one, format_, amazon=amazon) for one, format_ in zip(announced, formats_, strict=True)]
    head = len(encode).to_bytes(2, "big")
    left = iter(rows)
    while portion := list(islice(left, _AT_ONCE)):
        columns = [one(values) for one, values in zip(encode, zip(*portion, strict=True), strict=True)]
        bodies = [head + b"".join(values) for values in zip(*columns, strict=True)]
        yield b"".join([b"D" + (len(body) + 4).to_bytes(4, "big") + body for body in bodies])
