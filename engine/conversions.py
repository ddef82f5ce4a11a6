"""What becomes of a column's values when its type changes."""

from __future__ import annotations

from typing import Literal

from .datatypes import DataType

Fate = Literal["same", "widened", "kept", "shortened", "converted"]
"""'widened': a longer varchar, which takes no copy. 'kept': every value is in the new type what it was. 'shortened':
texts that are too long are cut. 'converted': by CAST, which may change a value, or refuse it."""
_DIGITS = {"smallint": 5, "integer": 10, "bigint": 19}
_TEXT_BYTES = {"smallint": 6, "integer": 11, "bigint": 20, "date": 10}


def fate(old: DataType, new: DataType) -> Fate:
    """Return what a change of type does to values."""
    if old == new:
        return "same"
    if old.is_text and new.is_text:
        if (new.length or 0) < (old.length or 0):
            return "shortened"
        # A char holds single bytes only.
        return (
            "widened"
            if old.name == new.name == "varchar"
            else "kept"
            if new.name in ("varchar", old.name)
            else "converted"
        )
    return "kept" if _is_kept(old, new) else "converted"


def _is_kept(old: DataType, new: DataType) -> bool:
    if old.name in _DIGITS and new.name in _DIGITS:
        return _DIGITS[old.name] < _DIGITS[new.name]
    if new.name == "decimal":
        whole, scale = (new.precision or 0) - (new.scale or 0), new.scale or 0
        if old.name == "decimal":
            return whole >= (old.precision or 0) - (old.scale or 0) and scale >= (old.scale or 0)
        return whole >= _DIGITS.get(old.name, 99)
    if new.name == "varchar":
        needed = (old.precision or 0) + 3 if old.name == "decimal" else _TEXT_BYTES.get(old.name, 0)
        return 0 < needed <= (new.length or 0)
    return (old.name, new.name) in (("real", "double precision"), ("date", "timestamp"))
