"""What UNLOAD may be told, and what does not go together."""

from __future__ import annotations

from typing import Any

from .lexical import identifier, literal
from .model import Unload
from .places import At

_FORMATS = {"parquet": "FORMAT AS PARQUET", "csv": "FORMAT AS CSV", "json": "FORMAT AS JSON", "text": ""}
_EXISTING = {"clean": "CLEANPATH", "overwrite": "ALLOWOVERWRITE"}
_NOT_WITH = {
    "parquet": ("header", "delimiter", "null_as", "addquotes", "escape", "compression"),
    "json": ("header", "delimiter", "null_as", "addquotes", "escape"),
    "csv": ("addquotes", "escape"),
    "text": (),
}
"""Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html"""


def declared_unload(at: At, spec: dict[str, Any]) -> Unload:
    """Return what a table unloads; options that do not go together are problems."""
    kind = spec.get("format", "parquet")
    for option in _NOT_WITH[kind]:
        if option in spec and spec[option] is not False:
            (at / option).problem(
                f"{kind} files have no '{option}'", "take it out, or choose another format", at_key=True
            )
    if spec.get("include_partition") and "partition_by" not in spec:
        (at / "include_partition").problem("there is no 'partition_by'", "add it, or take this out", at_key=True)
    text = at.document.text((*at.path, "sql")) if "sql" in spec else None
    return Unload(spec["to"], at.key, text, _options(spec, kind), tuple(spec.get("partition_by", ())))


def _options(spec: dict[str, Any], kind: str) -> tuple[str, ...]:
    partition = ""
    if "partition_by" in spec:
        include = " INCLUDE" if spec.get("include_partition") else ""
        partition = f"PARTITION BY ({', '.join(map(identifier, spec['partition_by']))}){include}"
    written = (
        _FORMATS[kind],
        partition,
        "MANIFEST" if spec.get("manifest") else "",
        "HEADER" if spec.get("header") else "",
        f"DELIMITER AS {literal(spec['delimiter'])}" if "delimiter" in spec else "",
        f"NULL AS {literal(spec['null_as'])}" if "null_as" in spec else "",
        "ADDQUOTES" if spec.get("addquotes") else "",
        "ESCAPE" if spec.get("escape") else "",
        str(spec.get("compression", "")).upper(),
        _EXISTING[spec["existing"]],
        "PARALLEL OFF" if spec.get("parallel") is False else "",
        f"MAXFILESIZE {spec['max_file_mb']} MB" if "max_file_mb" in spec else "",
        f"REGION {literal(spec['region'])}" if "region" in spec else "",
        f"EXTENSION {literal(spec['extension'])}" if "extension" in spec else "",
    )
    return tuple(filter(None, written))
