"""The files that a pipeline is made of, and their hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from .shipped import shipped
from .source import Document, read_document

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


def input_hashes(path: Path) -> dict[str, str]:
    """Return the hash of each file that a pipeline is made of, by its name in the pipeline's folder.

    Errors: InvalidPipeline for a YAML file that cannot be read; any other that is missing is left out.
    """
    home = path.parent
    main = read_document(path, str(path))
    parts = [read_document(home / name, name) for name in included(main)]
    selects = (name for document in (main, *parts) for name in sql_files(document))
    templates = sorted(each.name for each in home.glob(f"*{TEMPLATE_SUFFIX}"))
    names = dict.fromkeys((path.name, *included(main), *selects, *templates))
    there = (name for name in names if is_inside(home, name) and (home / name).is_file())
    return {name: _hash((home / name).read_bytes()) for name in there}


def shipped_hash() -> str:
    """Return one hash of all the templates that are shipped with the engine."""
    folder = shipped("templates")
    files = sorted(folder.rglob(f"*{TEMPLATE_SUFFIX}"))
    return _hash(
        b"".join(f"{file.relative_to(folder).as_posix()}\0".encode() + file.read_bytes() + b"\0" for file in files)
    )


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
