"""Columns of values -> bytes, each value with its length before it."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..errors import WarehouseError
from .binary_values import binary
from .text_values import Encode, text
from .types import Field

EncodeColumn = Callable[[Sequence[Any]], list[bytes]]

_NULL = b"\xff\xff\xff\xff"
# Most columns are of these types: one call in C for each value.
_PACKED: dict[int, Encode] = {
    21: partial(struct.Struct("!ih").pack, 2), 23: partial(struct.Struct("!ii").pack, 4),
    20: partial(struct.Struct("!iq").pack, 8), 701: partial(struct.Struct("!id").pack, 8),
    16: {False: b"\0\0\0\1\0", True: b"\0\0\0\1\1"}.__getitem__,
}  # fmt: skip


def encoder(field_: Field, format_: int, *, amazon: bool) -> EncodeColumn:
    """Return what turns the values of a column into bytes, each with its length before it.

    `format_`: 0 text, 1 binary. `amazon`: binary numerics and intervals as Redshift's own drivers read them, else as
    PostgreSQL's do. A value of another type than announced is converted; the function raises WarehouseError if that
    cannot be.
    """
    encode = binary(field_, amazon) if format_ == 1 else text(field_)
    packed = _PACKED.get(field_.oid) if format_ == 1 else None

    def column(values: Sequence[Any]) -> list[bytes]:
        try:
            if packed is not None:
                try:
                    return [_NULL if value is None else packed(value) for value in values]
                except (struct.error, KeyError, TypeError):
                    pass  # another type than announced: the slower way converts
            return [_NULL if value is None else _with_length(encode(value)) for value in values]
        except (ValueError, TypeError, AttributeError, OverflowError, ArithmeticError, struct.error) as error:
            raise WarehouseError(
                f"column {field_.name} was announced as another type than it has", sqlstate="0A000",
                hint="prepare the statement anew, or give its parameters their types with CAST",
            ) from error  # fmt: skip

    return column


def _with_length(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
