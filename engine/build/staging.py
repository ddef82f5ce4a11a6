"""`staging:` -> a source, its COPY and its JSONPaths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import copy as copying
from ..incremental import declared_incremental
from ..jsonpaths import InvalidPath, notation, parse_path, path_to
from ..loads import check_columns, declared_checks
from ..model import Column, Definition, StagingSource
from ..places import At
from .definitions import declared_definition


def declared_source(at: At, name: str, spec: dict[str, Any], schema: str) -> StagingSource:
    definition = declared_definition(at, name, spec, schema)
    options = dict(spec.get("copy", {}))
    for option, value in list(options.items()):
        if option.startswith("x-") or (value is False and option not in ("compupdate", "statupdate")):
            del options[option]
        elif option in ("compupdate", "statupdate") and isinstance(value, bool):
            options[option] = "on" if value else "off"
        elif option == "acceptinvchars" and value is True:
            options[option] = "?"
    paths = _paths(at, spec, definition)
    statement = copying.Copy(
        table=copying.TableName(schema, name), source=spec["from"],
        columns=tuple(column.name for column in definition.columns if column.path or not column.default),
        format=_format(at, spec, options.pop("fixedwidth", "")), **options,
    )  # fmt: skip
    for reason in copying.conflicts(replace(statement, authorization=copying.IamRole())):
        what, _, hint = reason.partition(": ")
        _blamed(at, spec, what).problem(what, hint, at_key=True)
    check_columns(at, spec.get("checks", ()), definition)
    incremental = declared_incremental(at, spec)
    return StagingSource(
        definition, statement, (at / "from").value, tuple(spec.get("tags", ())), paths, declared_checks(at, spec),
        incremental,
    )  # fmt: skip


def _blamed(at: At, spec: dict[str, Any], reason: str) -> At:
    """Return the place of the first option that `reason` names."""
    words = re.findall(r"[A-Z_]+", reason)
    named = (at / "copy" / option for option in spec.get("copy", {}) if option.upper().removesuffix("_AS") in words)
    return next(named, at / "copy" if "copy" in spec else at / "from")


def _format(at: At, spec: dict[str, Any], fixedwidth: str) -> copying.Format:
    name = spec.get("format", "json")
    if name == "fixedwidth":
        if not fixedwidth:
            (at / "format").problem("fixedwidth needs its widths", "add copy: {fixedwidth: 'label:width,label:width'}")
        return copying.Format("fixedwidth", fixedwidth or "a:1")
    if fixedwidth:
        (at / "copy" / "fixedwidth").problem(f"widths, but the format is {name}", "write 'format: fixedwidth'")
    if name in ("json", "avro"):
        return copying.Format(name, spec.get("jsonpaths", "auto"))
    return copying.Format("text" if name == "delimited" else name)


def _paths(at: At, spec: dict[str, Any], definition: Definition) -> tuple[str, ...]:
    written = [column for column in definition.columns if column.path]
    kind = spec.get("format", "json")
    if "jsonpaths" in spec and kind not in ("json", "avro"):
        (at / "jsonpaths").problem(f"jsonpaths, but the format is {kind}", "take it out", at_key=True)
    if not written:
        if spec.get("jsonpaths") == "noshred" and [c.type.name for c in definition.columns] != ["super"]:
            (at / "jsonpaths").problem("'noshred' needs a table of exactly one super column", "declare one")
        return ()
    place = at / "columns" / written[0].name / "path"
    if kind not in ("json", "avro"):
        place.problem(f"a path, but {kind} files have no paths", "columns are taken in their order", at_key=True)
    elif "jsonpaths" in spec:
        place.problem("a path, but 'jsonpaths' is given as well", "keep one of them", at_key=True)
    for column in written:
        try:
            parse_path(column.path)
        except InvalidPath as error:
            (at / "columns" / column.name / "path").problem(str(error), error.hint)
    return _one_notation(at, definition.columns)


def _one_notation(at: At, columns: Sequence[Column]) -> tuple[str, ...]:
    written = [(column, notation(column.path)) for column in columns if column.path]
    kinds = [(column, kind) for column, kind in written if kind]
    for column, kind in kinds:
        if kind != kinds[0][1]:
            message = f"the path '{column.path}' is in {kind} notation, '{kinds[0][0].path}' in {kinds[0][1]} notation"
            (at / "columns" / column.name / "path").problem(message, "one JSONPaths file keeps to one notation")
            break
    bracket = bool(kinds) and kinds[0][1] == "bracket"
    default = "$['{}']".format if bracket else path_to
    return tuple(column.path or default(column.name) for column in columns if column.path or not column.default)
