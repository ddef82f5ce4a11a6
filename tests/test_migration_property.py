"""Any declared table can become any other: nothing differs afterwards, and no value is lost that was not named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from changing import bring, compared
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from engine.connect import open_local
from engine.datatypes import DataType, parse_type
from engine.errors import Where
from engine.model import Column, Definition, Load, Pipeline, SortKey, Table, Target
from engine.source import Text
from engine.warehouse import Warehouse

HERE = Where("p.yaml", 1, 1)
NAMES = ("a", "b", "c", "d")
TYPE_NAMES = ("smallint", "integer", "bigint", "decimal(6,0)", "decimal(12,2)", "varchar(4)", "varchar(30)")
TYPES = [parse_type(name) for name in TYPE_NAMES]
TEXT_ENCODINGS = ("", "lzo", "zstd", "bytedict", "raw")
NUMBER_ENCODINGS = ("", "az64", "zstd", "raw")


@st.composite
def columns(draw: st.DrawFn, name: str) -> Column:
    type_ = draw(st.sampled_from(TYPES))
    encodings = TEXT_ENCODINGS if type_.is_text else NUMBER_ENCODINGS
    return Column(
        name, type_, HERE, draw(st.sampled_from(("", "A column."))), nullable=draw(st.booleans()),
        default=draw(st.sampled_from(("", "'7'" if type_.is_text else "7"))), encode=draw(st.sampled_from(encodings)),
        unique=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    some = st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).map(tuple)
    distkey = draw(st.sampled_from(("", *names)))
    keys = [st.sampled_from([None, SortKey("auto")]), st.builds(SortKey, st.just("compound"), some)]
    if len(names) > 1:  # of one column, nothing tells an interleaved key from a compound one
        keys.append(st.just(SortKey("interleaved", tuple(names[:2]))))
    sortkey = draw(st.one_of(keys))
    return Definition(
        "t", "dw", HERE, tuple(draw(columns(name)) for name in names), draw(st.sampled_from(("", "It's a table."))),
        primary_key=draw(st.one_of(st.just(()), some)), distkey=distkey, sortkey=sortkey,
        diststyle="" if distkey else draw(st.sampled_from(("", "all", "even"))),
    )  # fmt: skip


def pipeline(definition: Definition) -> Pipeline:
    load = Load("replace", HERE, Text("SELECT 1", HERE))
    target = Target("here", "local", HERE)
    return Pipeline("p", Path("p.yaml"), "dw", "here", (target,), (), (Table(definition, load),))


@pytest.fixture(scope="module")
def reached() -> Iterator[Callable[[], Warehouse]]:
    """A warehouse, in what Hypothesis can print when it fails."""
    warehouse = open_local(None, ())
    yield lambda: warehouse
    warehouse.close()


def value(type_: DataType, number: int) -> str:
    return f"'{number}'" if type_.is_text else str(number)


@given(before=definitions(), after=definitions(), numbers=st.lists(st.integers(0, 99), max_size=3))
@settings(
    max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_table_becomes_any_other(
    reached: Callable[[], Warehouse], before: Definition, after: Definition, numbers: list[int]
) -> None:
    warehouse = reached()
    session = warehouse.open_session()
    session.execute("DROP SCHEMA IF EXISTS dw CASCADE")
    bring(warehouse, pipeline(before))
    assert compared(session, pipeline(before))[1] == ()
    for number in numbers:
        values = ", ".join(value(column.type, number) for column in before.columns)
        session.execute(f"INSERT INTO dw.t VALUES ({values})")
    changes = bring(warehouse, pipeline(after))
    refused = tuple(change for change in changes if change.risk == "refused")
    _, left, _ = compared(session, pipeline(after))
    assert {change.difference for change in left} <= {change.difference for change in changes}
    if not refused:
        assert left == ()
        if {column.name for column in before.columns} & {column.name for column in after.columns}:
            assert session.execute("SELECT COUNT(*) FROM dw.t").rows == [(len(numbers),)]
    named = {change.difference.name for change in changes if change.risk == "destructive"}
    for column in before.columns:
        if column.name not in named:
            found = session.execute(f"SELECT CAST({column.name} AS varchar(40)) FROM dw.t").rows
            assert sorted(float(text) for (text,) in found) == sorted(map(float, numbers))
    session.close()
