"""Columns, keys and what CREATE TABLE says besides -> the definition of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..datatypes import DataType, UnknownType, parse_type
from ..loads import check_derived
from ..model import Column, Definition, Lookup, Reference, SortKey
from ..places import At, known_columns
from .sections import check_name

MAX_COMPOUND_SORTKEY = 400
MAX_INTERLEAVED_SORTKEY = 8
_NUMBER_ENCODINGS = ("az64", "delta", "delta32k", "mostly8", "mostly16", "mostly32")
_TEXT_ENCODINGS = ("lzo", "text255", "text32k")


def declared_definition(at: At, name: str, spec: dict[str, Any], schema: str) -> Definition:
    check_name(at, name, at_key=True)
    columns = tuple(_column(at / "columns" / key, key, column) for key, column in spec["columns"].items())
    names = [column.name for column in columns]
    flagged = tuple(key for key, column in spec["columns"].items() if column.get("primary_key"))
    listed = tuple(spec.get("primary_key", ()))
    if flagged and listed:
        (at / "primary_key").problem("the primary key is declared twice", "on the columns, or here")
    known_columns(at / "primary_key", listed, names, "primary_key")
    return Definition(
        name=name, schema=schema, where=at.key, columns=columns, description=spec.get("description", ""),
        primary_key=listed or flagged, diststyle=spec.get("diststyle", ""), distkey=_distkey(at, spec, columns),
        sortkey=_sortkey(at, spec.get("sortkey"), columns),
    )  # fmt: skip


def _column(at: At, name: str, spec: dict[str, Any]) -> Column:
    check_name(at, name, at_key=True)
    type_ = _type(at / "type", spec["type"])
    identity = tuple(spec["identity"]) if "identity" in spec else None
    if identity and type_.name not in ("integer", "bigint"):
        (at / "identity").problem(f"an identity column is integer or bigint, not {type_}", "change the type")
    if identity and "default" in spec:
        (at / "default").problem("an identity column has no default", "take one of them out")
    if "encode" in spec:
        _encoding(at / "encode", spec["encode"], type_)
    check_derived(at, name, spec, type_)
    default = spec.get("default", "")
    return Column(
        name=name, type=type_, where=at.key, description=spec.get("description", ""), nullable=spec.get("null", True),
        default=str(default).upper() if isinstance(default, bool) else str(default), encode=spec.get("encode", ""),
        identity=identity, unique=spec.get("unique", False), references=_reference(spec.get("references")),
        path=spec.get("path", ""), hash=tuple(spec.get("hash", ())), lookup=_lookup(spec.get("lookup")),
    )  # fmt: skip


def _type(at: At, text: str) -> DataType:
    try:
        return parse_type(text)
    except UnknownType as error:
        at.problem(str(error), error.hint)
        return DataType("varchar", length=256)


def _encoding(at: At, encode: str, type_: DataType) -> None:
    unordered = type_.name in ("boolean", "real", "double precision", "super")
    if (encode in _NUMBER_ENCODINGS and type_.is_text) or (encode == "az64" and unordered):
        at.problem(f"{encode} does not encode {type_}", "leave 'encode' out, and Redshift chooses")
    elif encode in ("text255", "text32k") and type_.name != "varchar":
        at.problem(f"{encode} encodes varchar only, not {type_}", "leave 'encode' out, and Redshift chooses")


def _reference(text: str | None) -> Reference | None:
    if text is None:
        return None
    table, _, column = text.partition(".")
    return Reference(table, column)


def _lookup(spec: dict[str, Any] | None) -> Lookup | None:
    if spec is None:
        return None
    table, _, column = spec["from"].partition(".")
    on = spec["on"]
    pairs = tuple(on.items()) if isinstance(on, dict) else tuple((name, name) for name in on)
    return Lookup(table, column, pairs, spec.get("default"), spec.get("at", ""))


def _distkey(at: At, spec: dict[str, Any], columns: Sequence[Column]) -> str:
    distkey: str = spec.get("distkey", "")
    style = spec.get("diststyle")
    if distkey:
        known_columns(at / "distkey", distkey, [column.name for column in columns], "distkey")
        _sortable(at / "distkey", [distkey], columns)
        if style not in (None, "key"):
            (at / "diststyle").problem(f"diststyle {style} has no distkey", "take one of them out")
    elif style == "key":
        (at / "diststyle").problem("diststyle key needs a distkey", "add 'distkey: column'")
    return distkey


def _sortkey(at: At, spec: Any, columns: Sequence[Column]) -> SortKey | None:
    if spec is None:
        return None
    if spec == "auto":
        return SortKey("auto")
    kind, wanted, most = ("compound", spec, MAX_COMPOUND_SORTKEY)
    if isinstance(spec, dict):
        kind, wanted, most = ("interleaved", spec["interleaved"], MAX_INTERLEAVED_SORTKEY)
    place = at / "sortkey" / "interleaved" if isinstance(spec, dict) else at / "sortkey"
    known_columns(place, wanted, [column.name for column in columns], "sortkey")
    _sortable(at / "sortkey", wanted, columns)
    if len(wanted) > most:
        (at / "sortkey").problem(f"{len(wanted)} sort columns, {most} at most for {kind} sort keys", "take some out")
    return SortKey("interleaved" if kind == "interleaved" else "compound", tuple(wanted))


def _sortable(at: At, wanted: Iterable[str], columns: Sequence[Column]) -> None:
    for column in columns:
        if column.name in wanted and column.type.name in ("super", "varbyte", "geometry", "geography", "hllsketch"):
            at.problem(f"'{column.name}' is {column.type}, which no distkey or sortkey may be", "choose another column")
