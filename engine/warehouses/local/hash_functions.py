"""FNV_HASH, MURMUR3_32_HASH, SHA2: hashes of a value's bytes, as many as its type has; CHECKSUM.

Source: https://docs.aws.amazon.com/redshift/latest/dg/hash-functions.html, r_CHECKSUM.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from ...errors import WarehouseError
from . import syntax as s
from .casts import as_parameter
from .scope import Scope
from .value_functions import Translate, arguments_of, wrong_arguments
from .values import BIGINT, INTEGER, UNKNOWN, Typed, category, format_type, literal, varchar

_INT_BYTES = {"smallint": 2, "integer": 4, "bigint": 8}
_FNV_SEED = "-3750763034362895579"


def _fnv_hash(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = arguments_of(node, scope, translate, 1, 2)
    seed = as_parameter("int", values[1]) if len(values) > 1 else _FNV_SEED
    return Typed(f"rs_fnv_hash({_bytes(node, values[0], _INT_BYTES)}, {seed})", BIGINT)


def _murmur(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """Whole numbers count as BIGINT, dates as days and timestamps as microseconds since 1970: as Iceberg says."""
    values = arguments_of(node, scope, translate, 1, 2)
    seed = as_parameter("int", values[1]) if len(values) > 1 else "0"
    value, kind = values[0], category(values[0].type)
    if kind in ("date", "timestamp", "timestamptz"):
        since = f"epoch_us({value.sql})" if kind != "date" else f"({value.sql} - DATE '1970-01-01')"
        value = Typed(since, BIGINT)
    return Typed(f"rs_murmur({_bytes(node, value, dict.fromkeys(_INT_BYTES, 8))}, {seed})", INTEGER)


def _bytes(node: s.Call, value: Typed, widths: dict[str, int]) -> str:
    """Return the list of the bytes of a value."""
    kind = category(value.type)
    if kind in ("text", "unknown"):
        return f"rs_bytes(encode({as_parameter('text', value)}))"
    if kind == "varbyte":
        return f"rs_bytes({value.sql})"
    if kind == "int":
        return f"rs_bytes_of_int({value.sql}, {widths[value.type.name]})"
    raise WarehouseError(
        f"not supported locally: {node.name.upper()} of {value.type.name}", sqlstate="0A000", hint="cast it to VARCHAR"
    )


def _sha2(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """SHA2 with 224, 384 and 512 bits is computed here, of constants only: DuckDB has 256."""
    values = arguments_of(node, scope, translate, 2)
    text, bits = values
    if category(text.type) not in ("text", "unknown", "varbyte") or category(bits.type) not in ("int", "unknown"):
        raise wrong_arguments(node, values)
    if text.constant is not None and bits.sql in ("224", "384", "512"):
        digest = hashlib.new(f"sha{bits.sql}", text.constant.encode()).hexdigest()
        return Typed(literal(digest), varchar(128))
    whole = text.sql if category(text.type) == "varbyte" else as_parameter("text", text)
    if bits.type == UNKNOWN and bits.constant is None:
        return Typed("CAST(NULL AS VARCHAR)", varchar(128))
    return Typed(f"rs_sha2({whole}, {as_parameter('int', bits)})", varchar(128))


def _checksum(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """CHECKSUM of a decimal is the number without its point; AWS shows no other."""
    (value,) = arguments_of(node, scope, translate, 1)
    if value.type.name != "decimal":
        raise WarehouseError(f"not supported locally: CHECKSUM of {format_type(value.type, False)}", sqlstate="0A000")
    return Typed(f"CAST({value.sql} * CAST({10 ** (value.type.scale or 0)} AS BIGINT) AS INTEGER)", INTEGER)


FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    "fnv_hash": _fnv_hash, "murmur3_32_hash": _murmur, "sha2": _sha2, "checksum": _checksum,
}  # fmt: skip
