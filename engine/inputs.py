"""The files that a pipeline is made of, beside its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .source import Document

TEMPLATE_SUFFIX = ".sql.j2"


def included(document: Document) -> Iterator[str]:
    """Yield the YAML files that a pipeline includes, as it writes them. It need not be valid."""
    names = document.data.get("include") if isinstance(document.data, dict) else None
    yield from (name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def sql_files(document: Document) -> Iterator[str]:
    """Yield the files with SELECTs that a pipeline, or a part of one, names. It need not be valid."""
    tables = document.data.get("tables") if isinstance(document.data, dict) else None
    for table in tables.values() if isinstance(tables, dict) else ():
        load = table.get("load") if isinstance(table, dict) else None
        name = load.get("sql_file") if isinstance(load, dict) else None
        if isinstance(name, str):
            yield name


def is_inside(folder: Path, name: str) -> bool:
    """Tell whether `name` stays in `folder`, also through links: what leaves it is never read."""
    return bool(name) and (folder / name).resolve().is_relative_to(folder.resolve())
