"""How tables are declared: sort keys, encodings, widths, names."""

from __future__ import annotations

from collections.abc import Iterator

from ..datatypes import MAX_VARCHAR_BYTES
from ..errors import Problem
from ..lexical import RESERVED
from ..model import Column, Definition
from ..places import At


def table_problems(at: At, definition: Definition) -> Iterator[Problem]:
    """Yield what is said of a table, or of a staging source's; `at` is its place."""
    if definition.name in RESERVED:
        yield _reserved(at, f"the table '{definition.name}'")
    for column in definition.columns:
        if column.name in RESERVED:
            yield _reserved(at / "columns" / column.name, f"the column '{column.name}'")
    yield from _sorted(at, definition)
    wide = [column for column in definition.columns if column.type.is_text and column.type.length == MAX_VARCHAR_BYTES]
    if len(wide) > 1:
        place = (at / "columns" / wide[0].name / "type").value
        message = f"{len(wide)} columns of '{definition.name}' are as wide as a varchar can be"
        hint = "give each the length that its values have: queries reserve memory by the declared one"
        yield Problem(message, place, hint, "wide-varchar")


def _reserved(at: At, what: str) -> Problem:
    message = f"{what} has a reserved word for a name"
    return Problem(message, at.key, 'whoever asks for it has to write it in double quotes: "…"', "reserved-name")


def _sorted(at: At, definition: Definition) -> Iterator[Problem]:
    key = definition.sortkey
    if key is None or not key.columns:
        return
    columns = [definition.column(name) for name in key.columns]
    if key.kind == "interleaved":
        for position, column in enumerate(columns):
            if column and _grows(column):
                place = (at / "sortkey" / "interleaved" / position).value
                message = f"'{column.name}' grows from load to load, and is part of an interleaved sort key"
                yield Problem(message, place, f"write 'sortkey: [{column.name}]'", "interleaved-sortkey")
    elif columns[0] and columns[0].encode not in ("", "raw"):
        first = columns[0]
        message = f"'{first.name}', the first sort column, is encoded as {first.encode}"
        hint = "leave 'encode' out: few blocks of it make Redshift read more blocks of the others"
        yield Problem(message, (at / "columns" / first.name / "encode").value, hint, "encoded-sortkey")


def _grows(column: Column) -> bool:
    return column.identity is not None or column.type.name in ("date", "timestamp", "timestamptz")
