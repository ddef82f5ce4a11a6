"""What a cluster's catalog says, in its own words, against what a pipeline declares."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from engine.conversions import fate
from engine.datatypes import parse_type
from engine.differences import same_default
from engine.live import live_tables
from engine.model import SortKey
from engine.warehouse import Outcome


class Cluster:
    """A session that answers: the schema is there, its columns, its keys."""

    def __init__(self, columns: list[tuple[Any, ...]], keys: list[tuple[str, str, str]]) -> None:
        self.answers: list[list[tuple[Any, ...]]] = [[("dw",)], columns, [*keys]]

    def execute(self, sql: str) -> Outcome:
        return Outcome("SELECT", rows=self.answers.pop(0))

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext()

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


COLUMNS = [
    ("t", 1, "id", "bigint", "az64", True, False, -2, "\"identity\"(103034, 0, '0,1'::text)"),
    ("t", 1, "v", "character varying(256)", "none", False, True, 1, "'x'::character varying"),
    ("t", 1, "g", "tid", "none", False, False, 0, None),
    ("u", 9, "d", "numeric(18,0)", "zstd", False, False, 0, None),
]
KEYS = [
    ("t", "t_pkey", 'PRIMARY KEY (id, "Order")'),
    ("t", "t_v_fkey", 'FOREIGN KEY (v) REFERENCES "other schema".u(d)'),
    ("t", "t_check", "CHECK (id > 0)"),
]


def test_catalog_of_a_cluster_becomes_tables() -> None:
    tables = live_tables(Cluster(COLUMNS, KEYS), Path(), "dw")
    t = tables["t"]
    assert (t.diststyle, t.distkey, t.sortkey) == ("key", "v", SortKey("interleaved", ("v", "id")))
    assert [(c.identity, c.encode, c.nullable, c.default) for c in t.columns] == [
        ((0, 1), "az64", False, ""), (None, "raw", True, "'x'::character varying"), (None, "raw", True, ""),
    ]  # fmt: skip
    assert [str(c.type) for c in t.columns] == ["bigint", "varchar(256)", "tid"]
    assert [(k.kind, k.columns, k.schema, k.table, k.referenced) for k in t.keys] == [
        ("PRIMARY KEY", ("id", "Order"), "", "", ()),
        ("FOREIGN KEY", ("v",), "other schema", "u", ("d",)),
    ]
    assert (tables["u"].diststyle, tables["u"].columns[0].type) == ("auto", parse_type("decimal"))


@pytest.mark.parametrize(
    ("live", "declared", "same"),
    [
        ("", "", True),
        ("'x'::character varying", "'x'", True),
        ("'X'::character varying", "'x'", False),
        ("'it''s :: text'::text", "'it''s :: text'", True),
        ("0", "0", True),
        ("(0)::numeric", "0", True),
        ("(-1)", "-1", True),
        ("true", "TRUE", True),
        ("('now'::text)::date", "CURRENT_DATE", True),
        ("getdate()", "GETDATE()", True),
        ("getdate()", "SYSDATE", False),
        ("1", "", False),
        ("", "1", False),
    ],
)
def test_default_is_compared_without_what_the_warehouse_adds(live: str, declared: str, same: bool) -> None:
    assert same_default(live, declared) is same


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("int4", "integer", "same"),
        ("text", "varchar(256)", "same"),
        ("varchar(10)", "varchar(11)", "widened"),
        ("varchar(10)", "varchar(9)", "shortened"),
        ("char(10)", "varchar(10)", "kept"),
        ("varchar(10)", "char(10)", "converted"),
        ("smallint", "bigint", "kept"),
        ("bigint", "integer", "converted"),
        ("integer", "decimal(10,0)", "kept"),
        ("integer", "decimal(9,0)", "converted"),
        ("decimal(8,2)", "decimal(9,3)", "kept"),
        ("decimal(8,2)", "decimal(8,3)", "converted"),
        ("decimal(8,2)", "varchar(11)", "kept"),
        ("bigint", "varchar(19)", "converted"),
        ("real", "double precision", "kept"),
        ("date", "timestamp", "kept"),
        ("timestamp", "timestamptz", "converted"),
        ("boolean", "integer", "converted"),
    ],
)
def test_fate_of_values_whose_type_changes(old: str, new: str, what: str) -> None:
    assert fate(parse_type(old), parse_type(new)) == what
