"""Where each column comes from: up to a path in a raw file, down to what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from .compile.select import Compiled, Declared, declare
from .jsonpaths import path_to
from .model import Column, Pipeline, StagingSource, Table
from .records import frozen
from .selects import compiled

Name = tuple[str, str]
"""Table and column; a table outside of the pipeline is written schema.table."""


Ways = Callable[[Name], tuple[Name, ...]]


@frozen
class Origin:
    """A column, and what it is made of."""

    name: Name
    type: str = ""
    """Empty for a column outside of the pipeline."""
    sources: tuple[Name, ...] = ()
    file: str = ""
    """Of a staging column, the files that it is loaded from."""
    path: str = ""
    """Where in a record of the files it stands: a JSONPath, or which field."""
    known: bool = True
    """False where the SELECT cannot be read so far."""


Lineage = Mapping[Name, Origin]


def trace(pipeline: Pipeline) -> Lineage:
    """Return the origin of every column, in the order of the pipeline; columns outside of it come last."""
    declared = declare(pipeline.schema, pipeline.definitions)
    found: dict[Name, Origin] = {}
    for source in pipeline.staging:
        found.update((origin.name, origin) for origin in _staged(source))
    for table in pipeline.tables:
        found.update((origin.name, origin) for origin in _made(table, declared))
    for origin in list(found.values()):
        for name in origin.sources:
            found.setdefault(name, Origin(name))
    return found


def above(lineage: Lineage, name: Name) -> tuple[Name, ...]:
    """Return all that a column is made of, the nearest first."""
    return _reached(name, {each: origin.sources for each, origin in lineage.items()})


def below(lineage: Lineage, name: Name) -> tuple[Name, ...]:
    """Return all that is made of a column, the nearest first."""
    return _reached(name, users(lineage))


def users(lineage: Lineage) -> dict[Name, tuple[Name, ...]]:
    """Return for each column those that are made of it."""
    found: dict[Name, tuple[Name, ...]] = {}
    for origin in lineage.values():
        for source in origin.sources:
            found[source] = (*found.get(source, ()), origin.name)
    return found


def part(lineage: Lineage, names: tuple[Name, ...]) -> Lineage:
    """Return what has to do with some columns: themselves, what is above them and what is below."""
    wanted = set(names)
    for name in names:
        wanted.update(above(lineage, name), below(lineage, name))
    return {name: origin for name, origin in lineage.items() if name in wanted}


def _reached(name: Name, ways: Mapping[Name, tuple[Name, ...]]) -> tuple[Name, ...]:
    found: dict[Name, None] = {}
    pending = list(ways.get(name, ()))
    while pending:
        each = pending.pop(0)
        if each not in found and each != name:
            found[each] = None
            pending.extend(ways.get(each, ()))
    return tuple(found)


def _staged(source: StagingSource) -> Iterator[Origin]:
    """Which field of the files a column is; one that COPY does not fill has its default."""
    statement = source.copy
    paths = dict(zip(statement.columns, source.jsonpaths, strict=False))
    for column in source.definition.columns:
        name = (source.name, column.name)
        if column.name not in statement.columns:
            yield Origin(name, str(column.type))
            continue
        number = statement.columns.index(column.name) + 1
        if source.jsonpaths:
            path = paths[column.name]
        elif statement.format.argument.startswith("s3://"):
            path = f"path {number} of {statement.format.argument}"
        elif statement.format.argument == "noshred":
            path = "$"
        elif statement.format.name in ("json", "avro"):
            path = path_to(column.name)
        elif statement.format.name in ("parquet", "orc"):
            path = f"column {number}"
        else:
            path = f"field {number}"
        yield Origin(name, str(column.type), file=statement.source, path=path)


def _made(table: Table, declared: Declared) -> Iterator[Origin]:
    found = compiled(table, declared) if table.load.select else Compiled((), ())
    outputs = {} if found.columns is None else {column.name: column.sources for column in found.columns}
    if found.by_order:
        outputs = dict(zip(table.load.columns, (column.sources for column in found.columns or ()), strict=False))
    given = {name: tuple(_name(source, declared.schema) for source in sources) for name, sources in outputs.items()}
    for column in table.definition.columns:
        filled = column.name in table.load.columns
        known = found.columns is not None or not filled
        yield Origin((table.name, column.name), str(column.type), _sources(column, given), known=known)


def _sources(column: Column, given: Mapping[str, tuple[Name, ...]]) -> tuple[Name, ...]:
    names: tuple[str, ...] = (column.name,)
    if column.hash:
        names = column.hash
    elif column.lookup:
        names = tuple(ours for _, ours in column.lookup.on)
    found = [source for name in names for source in given.get(name, ())]
    if column.lookup:
        found.insert(0, (column.lookup.table, column.lookup.column))
    return tuple(dict.fromkeys(found))


def _name(source: tuple[str, str, str], schema: str) -> Name:
    place, table, column = source
    return (table if place in ("", schema) else f"{place}.{table}", column)


# --- in words --------------------------------------------------------------------------------------------------------


def lineage_text(lineage: Lineage, names: tuple[Name, ...]) -> Iterator[str]:
    """Yield a tree for each column: what it is made of above it, what is made of it below."""
    made = users(lineage)
    for number, name in enumerate(names):
        if number:
            yield ""
        yield _shown(lineage[name])
        if not lineage[name].known:
            yield "    not known: its SELECT cannot be followed"
        yield from _tree(lineage, lineage[name].sources, lambda each: lineage[each].sources, "from ", 1, (name,))
        yield from _tree(lineage, made.get(name, ()), lambda each: made.get(each, ()), "into ", 1, (name,))


def _shown(origin: Origin) -> str:
    head = ".".join(origin.name) + (f"  {origin.type}" if origin.type else "  (outside of the pipeline)")
    return f"{head}  {origin.file} {origin.path}" if origin.file else head


def _tree(
    lineage: Lineage, names: tuple[Name, ...], ways: Ways, word: str, depth: int, seen: tuple[Name, ...]
) -> Iterator[str]:
    for name in names:
        yield f"{'    ' * depth}{word}{_shown(lineage[name])}"
        if name not in seen:
            yield from _tree(lineage, ways(name), ways, word, depth + 1, (*seen, name))


def lineage_json(lineage: Lineage) -> dict[str, object]:
    """Return the columns for tools: each with its sources and what it is in the raw files."""
    return {"version": 1, "columns": [_record(origin) for origin in lineage.values()]}


def _record(origin: Origin) -> dict[str, object]:
    said: dict[str, object] = {"table": origin.name[0], "column": origin.name[1], "type": origin.type or None}
    said["sources"] = [{"table": table, "column": column} for table, column in origin.sources]
    if origin.file:
        said |= {"file": origin.file, "path": origin.path}
    return said if origin.known else said | {"known": False}
