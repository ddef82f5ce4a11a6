"""A mistake in any column of Sparkify's SELECTs is told before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from engine.compile.select import item_spans
from engine.compile.watching import walk
from engine.errors import InvalidPipeline, Problem
from engine.model import Pipeline
from engine.read import read_pipeline
from engine.warehouses.local import syntax as s
from engine.warehouses.local.query_grammar import StatementReader

SPARKIFY = Path(__file__).resolve().parent.parent / "pipelines" / "sparkify.yaml"


@cache
def pipeline() -> Pipeline:
    return read_pipeline(SPARKIFY, {})


def written(name: str) -> str:
    """The SELECT of a table as it stands in the YAML, without its indentation."""
    return next(table.load.select for table in pipeline().tables if table.name == name)


def told(folder: Path, name: str, select: str) -> tuple[Problem, ...]:
    """Read Sparkify with another SELECT for one table; return what is said, errors or else warnings."""
    (folder / "changed.sql").write_text(select, encoding="utf-8")
    text = SPARKIFY.read_text(encoding="utf-8")
    start = text.index("      sql: |\n", text.index(f"\n  {name}:\n", text.index("\ntables:")))
    end = next(m.start() for m in re.finditer(r"^ {0,6}\S|\Z", text[start + 13 :], re.MULTILINE)) + start + 13
    path = folder / "sparkify.yaml"
    path.write_text(f"{text[:start]}      sql_file: changed.sql\n{text[end:]}", encoding="utf-8")
    try:
        return read_pipeline(path, {}).warnings
    except InvalidPipeline as error:
        return error.problems


def columns() -> Iterator[tuple[str, int, int]]:
    """Yield table, start and end of each column that a SELECT names, wherever it names it."""
    for table in pipeline().tables:
        text = table.load.select
        for node in walk(StatementReader(text).query()):
            if isinstance(node, s.Name):
                yield table.name, text.rfind(".", node.start, node.end) + 1 or node.start, node.end


COLUMNS = list(columns())


def place(select: str, offset: int) -> tuple[int, int]:
    return select.count("\n", 0, offset) + 1, offset - select.rfind("\n", 0, offset)


def test_columns_were_found() -> None:
    assert len(COLUMNS) > 80


@pytest.mark.parametrize(("table", "start", "end"), COLUMNS)
def test_misspelt_column_is_told_at_its_place(tmp_path: Path, table: str, start: int, end: int) -> None:
    select = written(table)
    misspelt = f"{select[:start]}x{select[start:]}"
    wheres = [p.where for p in told(tmp_path, table, misspelt) if p.rule == "unknown-column"]
    assert place(misspelt, max(start, 0)) in [(where.line, where.column) for where in wheres if where]


def items() -> Iterator[tuple[str, int]]:
    for table in pipeline().tables:
        for number in range(len(item_spans(table.load.select))):
            yield table.name, number


@pytest.mark.parametrize(("table", "number"), list(items()))
def test_column_that_is_left_out_is_told(tmp_path: Path, table: str, number: int) -> None:
    select = written(table)
    spans = item_spans(select)
    texts = [select[start:end] for start, end in spans]
    del texts[number]
    changed = f"{select[: spans[0][0]]}{', '.join(texts)}{select[spans[-1][1] :]}"
    name = next(t for t in pipeline().tables if t.name == table).load.columns[number]
    assert any(f"does not give '{name}'" in problem.message for problem in told(tmp_path, table, changed))


def swaps() -> Iterator[tuple[str, int, int]]:
    """Yield two columns of one select list whose types differ, whichever way the SELECT fills them."""
    for table in pipeline().tables:
        types = [column.type for name in table.load.columns if (column := table.definition.column(name))]
        for first, one in enumerate(types):
            for second, two in enumerate(types[:first]):
                if one.name != two.name:
                    yield table.name, second, first


@pytest.mark.parametrize(("table", "first", "second"), list(swaps()))
def test_values_of_two_columns_that_are_swapped_are_told(tmp_path: Path, table: str, first: int, second: int) -> None:
    """Their names stay where they are: what only stands in another order finds its place by name."""
    select = written(table)
    spans = item_spans(select)
    columns = next(t for t in pipeline().tables if t.name == table).load.columns
    values = [re.sub(r"(?s)\s+AS \w+$", "", select[start:end]) for start, end in spans]
    values[first], values[second] = values[second], values[first]
    texts = [f"{value} AS {name}" for value, name in zip(values, columns, strict=True)]
    changed = f"{select[: spans[0][0]]}{', '.join(texts)}{select[spans[-1][1] :]}"
    assert told(tmp_path, table, changed)


@pytest.mark.parametrize("table", [table.name for table in pipeline().tables])
def test_columns_in_another_order_find_their_place(tmp_path: Path, table: str) -> None:
    select = written(table)
    spans = item_spans(select)
    texts = [select[start:end] for start, end in spans][::-1]
    changed = f"{select[: spans[0][0]]}{', '.join(texts)}{select[spans[-1][1] :]}"
    if "AS name" not in select and table != "time":
        assert told(tmp_path, table, changed) == ()


def test_unchanged_select_has_nothing_to_be_told(tmp_path: Path) -> None:
    assert all(told(tmp_path, table.name, table.load.select) == () for table in pipeline().tables)
    assert replace(pipeline(), warnings=()) == pipeline()
