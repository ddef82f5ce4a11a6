"""A pipeline as diagrams: the steps with what flows between them, the tables with their keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .lineage import Name
from .model import Definition, Pipeline
from .read import needs
from .records import frozen
from .tables import attributes

Role = Literal["staging", "fact", "dimension", "table"]


@frozen
class Node:
    """A step, or the files that one loads or writes."""

    name: str
    kind: Literal["files", "staging", "table"]


@frozen
class Edge:
    """What flows from one node to another; `reads` is false where a step only waits for the other."""

    start: str
    end: str
    reads: bool = True


@frozen
class Steps:
    """The graph of a pipeline, from raw files to tables, and what they write. Names of files begin with s3://: none is
    a step's.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@frozen
class Entity:
    """A table of the star schema."""

    name: str
    role: Role
    columns: tuple[Attribute, ...]
    attributes: tuple[str, ...]
    """DISTKEY (…), SORTKEY (…) and the like, as CREATE TABLE has them."""


@frozen
class Attribute:
    """A column of an entity; `references` is the table and the column that a foreign key names."""

    name: str
    type: str
    primary_key: bool
    nullable: bool
    references: Name | None
    description: str


def steps(pipeline: Pipeline) -> Steps:
    """Return files, staging tables and tables, and which flows into which."""
    written = {table.name: table.unload.to for table in pipeline.tables if table.unload}
    files = dict.fromkeys([*(source.copy.source for source in pipeline.staging), *written.values()])
    nodes = [
        *(Node(name, "files") for name in files),
        *(Node(source.name, "staging") for source in pipeline.staging),
        *(Node(table.name, "table") for table in pipeline.tables),
    ]
    edges = [Edge(source.copy.source, source.name) for source in pipeline.staging]
    read = {table.name: table.reads for table in pipeline.tables}
    places = {definition.name: place for place, definition in enumerate(pipeline.definitions)}
    for name, others in needs(pipeline).items():
        edges += [Edge(other, name, other in read.get(name, ())) for other in sorted(others, key=places.__getitem__)]
    edges += [Edge(name, to) for name, to in written.items()]
    return Steps(tuple(nodes), tuple(edges))


def entities(pipeline: Pipeline) -> tuple[Entity, ...]:
    """Return the tables of the star schema, those of facts first."""
    known, keys = roles(pipeline), references(pipeline)
    found = [_entity(table.definition, known[table.name], keys) for table in pipeline.tables]
    return tuple(sorted(found, key=lambda entity: entity.role != "fact"))


def roles(pipeline: Pipeline) -> dict[str, Role]:
    """Say for each step what it is in the star schema: a fact refers to others, and none refers to it."""
    found: dict[str, Role] = {source.name: "staging" for source in pipeline.staging}
    pairs = [(name, other) for (name, _), (other, _) in references(pipeline).items() if name != other]
    referring, referred = {name for name, _ in pairs}, {other for _, other in pairs}
    for table in pipeline.tables:
        found[table.name] = "dimension" if table.name in referred else "fact" if table.name in referring else "table"
    return found


def references(pipeline: Pipeline) -> dict[Name, Name]:
    """Return for each column that stands for another, by a foreign key or a look-up, that other one."""
    keys = {each.name: each.primary_key[0] if each.primary_key else "" for each in pipeline.definitions}
    found = {}
    for definition in pipeline.definitions:
        for column in definition.columns:
            meant = column.references or column.lookup
            if meant:
                found[definition.name, column.name] = (meant.table, meant.column or keys.get(meant.table, ""))
    return found


def _entity(definition: Definition, role: Role, keys: Mapping[Name, Name]) -> Entity:
    columns = tuple(
        Attribute(
            column.name, str(column.type), column.name in definition.primary_key, column.nullable,
            keys.get((definition.name, column.name)), column.description,
        )
        for column in definition.columns
    )  # fmt: skip
    return Entity(definition.name, role, columns, tuple(attributes(definition)))
