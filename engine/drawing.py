"""Diagrams in the words of those who draw them: Mermaid, Graphviz, JSON."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from html import escape

from .diagram import Attribute, Entity, Steps
from .errors import UsageError

_MERMAID_SHAPES = {"files": ("[(", ")]"), "staging": ("([", "])"), "table": ("[", "]")}
_DOT_SHAPES = {"files": "cylinder", "staging": "box, style=rounded", "table": "box"}
_DOT_FONT = 'fontname="Helvetica", fontsize=11'


# --- the graph of steps ----------------------------------------------------------------------------------------------


def steps_mermaid(graph: Steps) -> Iterator[str]:
    """Yield the lines of a Mermaid flowchart; a dotted line says that a step waits for another and reads nothing."""
    yield "flowchart LR"
    numbers = {node.name: f"n{number}" for number, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        begin, end = _MERMAID_SHAPES[node.kind]
        yield f'    {numbers[node.name]}{begin}"{_mermaid(node.name)}"{end}'
    for edge in graph.edges:
        yield f"    {numbers[edge.start]} {'-->' if edge.reads else '-.->'} {numbers[edge.end]}"


def steps_dot(graph: Steps) -> Iterator[str]:
    """Yield the lines of a Graphviz file."""
    yield "digraph steps {"
    yield "    rankdir=LR;"
    yield f"    node [{_DOT_FONT}];"
    for node in graph.nodes:
        yield f"    {_dot(node.name)} [shape={_DOT_SHAPES[node.kind]}];"
    for edge in graph.edges:
        yield f"    {_dot(edge.start)} -> {_dot(edge.end)}{'' if edge.reads else ' [style=dashed]'};"
    yield "}"


def steps_json(graph: Steps) -> dict[str, object]:
    """Return the graph for tools."""
    edges = [{"from": edge.start, "to": edge.end, "kind": "reads" if edge.reads else "waits"} for edge in graph.edges]
    return {"version": 1, "nodes": [asdict(node) for node in graph.nodes], "edges": edges}


# --- tables and keys -------------------------------------------------------------------------------------------------


def entities_mermaid(entities: tuple[Entity, ...]) -> Iterator[str]:
    """Yield the lines of a Mermaid entity-relationship diagram."""
    yield "erDiagram"
    for entity in entities:
        yield f'    "{_mermaid(entity.name)}" {{'
        for column in entity.columns:
            keys = _keys(column)
            yield f"        {_word(column.type)} {_word(column.name)}{' ' if keys else ''}{', '.join(keys)}"
        yield "    }"
    for entity, column, table in _relations(entities):
        some = "o|" if column.nullable else "||"
        yield f'    "{_mermaid(table)}" {some}--o{{ "{_mermaid(entity.name)}" : "{_mermaid(column.name)}"'


def entities_dot(entities: tuple[Entity, ...]) -> Iterator[str]:
    """Yield the lines of a Graphviz file: a table for each table, a line from each foreign key to its column."""
    yield "digraph tables {"
    yield "    rankdir=LR;"
    yield f"    node [shape=plain, {_DOT_FONT}];"
    yield "    edge [arrowhead=none, arrowtail=crow, dir=both];"
    for entity in entities:
        yield f"    {_dot(entity.name)} [label=<"
        yield '        <table border="0" cellborder="1" cellspacing="0" cellpadding="4">'
        said = "".join(f"<br/><i>{escape(attribute.lower())}</i>" for attribute in entity.attributes)
        yield f'        <tr><td colspan="3"><b>{escape(entity.name)}</b>{said}</td></tr>'
        for number, column in enumerate(entity.columns):
            cells = (", ".join(_keys(column)), escape(column.name), escape(column.type))
            first, *others = (f'<td align="left">{cell}</td>' for cell in cells)
            begin, *middle, end = first.replace("<td", f'<td port="f{number}"'), *others
            end = end.replace("<td", f'<td port="t{number}"')
            yield f"        <tr>{begin}{''.join(middle)}{end}</tr>"
        yield "        </table>>];"
    places = {(e.name, column.name): number for e in entities for number, column in enumerate(e.columns)}
    for entity, column, table in _relations(entities):
        assert column.references is not None
        port = f":f{places[column.references]}" if column.references in places else ""
        yield f"    {_dot(entity.name)}:t{places[entity.name, column.name]} -> {_dot(table)}{port};"
    yield "}"


def entities_json(entities: tuple[Entity, ...]) -> dict[str, object]:
    """Return the tables for tools."""
    return {"version": 1, "tables": [asdict(entity) for entity in entities]}


def _relations(entities: tuple[Entity, ...]) -> Iterator[tuple[Entity, Attribute, str]]:
    known = {entity.name for entity in entities}
    for entity in entities:
        for column in entity.columns:
            if column.references and column.references[0] in known:
                yield entity, column, column.references[0]


def _keys(column: Attribute) -> tuple[str, ...]:
    return (*(("PK",) if column.primary_key else ()), *(("FK",) if column.references else ()))


# --- how each writes text --------------------------------------------------------------------------------------------


def _mermaid(text: str) -> str:
    """Write what Mermaid or a browser could take for its own as entity codes.

    Source: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    """
    return re.sub(r'["#<>&%;`\\]', lambda found: f"#{ord(found[0])};", text)


def _word(text: str) -> str:
    """Write a type or a column as the one word that Mermaid takes there; what it has no sign for becomes _."""
    word = re.sub(r"[^\w()\[\]-]", "_", text)
    return word if re.match(r"[^\W\d]", word) else f"_{word}"


def _dot(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def svg(dot: str) -> str:
    """Draw a Graphviz file. Errors: UsageError where there is no Graphviz."""
    try:
        done = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, encoding="utf-8", check=True)
    except FileNotFoundError as error:
        hint = "install Graphviz, or let another machine draw what --format dot writes"
        raise UsageError(f"--format svg is drawn by Graphviz, whose command 'dot' is not here: {hint}") from error
    except subprocess.CalledProcessError as error:
        raise UsageError(f"Graphviz cannot draw it: {error.stderr.strip()}") from error
    return done.stdout
