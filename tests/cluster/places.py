"""A warehouse to run small pipelines on: local Redshift in a file, or the cluster of the lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab import TARGET, Lab

from engine.__main__ import _run
from engine.connect import open_local
from engine.warehouse import Session

LOCAL = "  here: {warehouse: local, database: warehouse.duckdb}\n"
ITEM = "{id: {type: integer}, v: {type: varchar(9)}, n: {type: integer}}"
FEED = "sql: 'SELECT id, v, n FROM feed.batch'"
Rows = list[tuple[Any, ...]]


@dataclass
class Place:
    """A warehouse with a table feed.batch (id, v, n, at), which the pipelines of these tests read."""

    folder: Path
    target: str
    lab: Lab | None

    @contextmanager
    def session(self) -> Iterator[Session]:
        if self.lab:
            with self.lab.session() as session:
                yield session
            return
        warehouse = open_local(self.folder / "warehouse.duckdb", ())
        session = warehouse.open_session()
        yield session
        session.close()
        warehouse.close()

    def send(self, *statements: str) -> Rows:
        with self.session() as session:
            outcomes = [session.execute(sql) for sql in statements]
        return [tuple(row) for row in outcomes[-1].rows]

    def feed(self, *rows: str) -> None:
        insert = [f"INSERT INTO feed.batch VALUES {', '.join(rows)}"] if rows else []
        self.send("DELETE FROM feed.batch", *insert)

    def run(self, load: str, columns: str = ITEM, rest: str = "", *arguments: str) -> int:
        text = f"version: 1\nname: p\nschema: dw\ntargets:\n{self.target}vars: {{since: a, until: z}}\n"
        text += f"tables:\n  t:\n    columns: {columns}\n    load: {{{load}}}\n{rest}"
        (self.folder / "p.yaml").write_text(text, encoding="utf-8")
        return _run([str(self.folder / "p.yaml"), *arguments])

    def rows(self, columns: str = "id, v, n") -> Rows:
        return self.send(f"SELECT {columns} FROM dw.t ORDER BY {columns}")


def make_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return the place that a fixture's parameter names: 'local' or 'cluster'."""
    lab: Lab | None = request.getfixturevalue("lab") if request.param == "cluster" else None
    place = Place(tmp_path, TARGET if lab else LOCAL, lab)
    if lab:
        lab.drop("dw", "feed")
    place.send("CREATE SCHEMA feed", "CREATE TABLE feed.batch (id integer, v varchar(9), n integer, at timestamp)")
    return place
