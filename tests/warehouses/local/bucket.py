"""A bucket and a table to COPY into, for the tests of loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.copy import parse
from engine.datatypes import parse_type
from engine.errors import LoadFailed
from engine.storage import Mount, Storage
from engine.warehouses.local.load import Loaded, LoadTable, load
from engine.warehouses.local.load_values import LoadColumn
from engine.warehouses.local.types import stored_type


class Bucket:
    """A folder that stands for s3://b, and a database with one table t."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.columns: tuple[LoadColumn, ...] = ()

    def table(self, columns: str) -> None:
        """Create t; `columns` is 'a int, b varchar(3) not null, c int = 7'."""
        found = []
        for text in columns.replace(", ", "\n").replace(";", ",").splitlines():
            declared, _, default = text.partition(" = ")
            name, _, type_ = declared.removesuffix(" not null").partition(" ")
            null = not declared.endswith("not null")
            found.append(LoadColumn(name, parse_type(type_), null, default or None))
        self.columns = tuple(found)
        fields = [
            f'"{c.name}" {stored_type(c.type)}{f" DEFAULT {c.default}" if c.default else ""}' for c in self.columns
        ]
        self.connection.execute(f"CREATE OR REPLACE TABLE t ({', '.join(fields)})")

    def put(self, key: str, content: str | bytes) -> None:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def copy(self, options: str = "json 'auto'", *, source: str = "data", columns: str = "") -> Loaded:
        copy = parse(f"copy t {columns} from 's3://b/{source}' iam_role default {options}")
        table = LoadTable("t", '"t"', self.columns)
        return load(self.connection, copy, table, Storage((Mount("s3://b", self.folder),)))

    def rows(self) -> list[tuple[Any, ...]]:
        return self.connection.execute("SELECT * FROM t").fetchall()

    def values(self) -> list[Any]:
        return [row[0] for row in self.rows()]

    def errors(self, options: str = "json 'auto'", **how: str) -> list[tuple[int, str]]:
        with pytest.raises(LoadFailed) as caught:
            self.copy(options, **how)
        assert str(caught.value) == "Load into table 't' failed.  Check 'stl_load_errors' system table for details."
        assert self.rows() == []
        return [(error.code, error.reason) for error in caught.value.errors]
