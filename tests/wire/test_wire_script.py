"""Parameters are found where SQL has them, and kinds of statements told apart."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import WarehouseError
from engine.wire.script import gives_rows, parameter_count, probe, substitute

_NO_PARAMETERS = [
    "select '$1'", "select '\\'$1'", "select '''$1'''", 'select "$1"', "select 1 -- $1", "select 1 /* $1 */",
    "select 1 /* /* */ $1 */", "select $$ $1 $$", "select $a$ $1 $a$", "select a$1 from t", "select '--', '/*' -- $1",
]  # fmt: skip


@pytest.mark.parametrize("sql", _NO_PARAMETERS)
def test_what_looks_like_a_parameter_stays(sql: str) -> None:
    assert parameter_count(sql) == 0
    assert substitute(sql, []) == sql


@pytest.mark.parametrize("sql", _NO_PARAMETERS)
def test_a_parameter_after_it_is_replaced(sql: str) -> None:
    assert parameter_count(f"{sql}\n, $2") == 2
    assert substitute(f"{sql}\n, $2", ["one", "two"]) == f"{sql}\n, two"


def test_parameters_are_counted_by_their_numbers() -> None:
    assert parameter_count("select $2, $2, $10") == 10
    assert substitute("select $2, $1,$2", ["'$2'", "b"]) == "select b, '$2',b"


@pytest.mark.parametrize("sql", ["select '$1", 'select "$1', "select /* $1"])
def test_text_without_an_end_is_refused(sql: str) -> None:
    with pytest.raises(WarehouseError, match="unterminated") as caught:
        substitute(sql, ["1"])
    assert caught.value.sqlstate == "42601"


def test_a_missing_parameter_is_refused() -> None:
    with pytest.raises(WarehouseError, match=r"no parameter \$2"):
        substitute("select $2", ["1"])


@given(st.text())
def test_any_text_keeps_its_letters(sql: str) -> None:
    with suppress(WarehouseError):
        count = parameter_count(sql)
        assert substitute(sql, [f"${number + 1}" for number in range(count)]).count("$") == sql.count("$")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select 1", True), ("-- a\n/* b */ SELECT 1", True), ("/* /* */ insert */ select 1", True),
        ("(select 1) union (select 2)", True), ("with a as (select 1) select * from a", True),
        ("show search_path", True), ("explain select 1", True), ("select 1 into t", False),
        ("select 'into' from t", True),
        ("select * from (select 1 as \"into\") x", True), ("insert into t select 1", False), ("", False),
        ("with a as (select 1) delete from t using a where t.x = a.x", False), ("-- nothing", False),
        ("with a as (select 1) update t set x = 1 from a", False), ("create table t as select 1", False),
        ("fetch 5 from c", True),
    ],
)  # fmt: skip
def test_which_statements_give_rows(sql: str, rows: bool) -> None:
    assert gives_rows(sql) is rows


def test_probe_asks_for_no_rows() -> None:
    assert probe("select 1 -- x") == "select 1 -- x\nLIMIT 0"
    assert probe("select 1, 'limit 5' order by 1 limit 5 offset 2") == "select 1, 'limit 5' order by 1 LIMIT 0"
    assert probe("select 1 offset 2 limit 5 -- x") == "select 1 LIMIT 0"
    assert probe("select top 5 a from t") == "select TOP 0 a from t"
    assert probe("select (select 1 limit 1)") == "select (select 1 limit 1)\nLIMIT 0"
    assert probe("show search_path") == "show search_path"


def test_prepare_keeps_its_parameters_and_fetch_is_probed_where_it_stands() -> None:
    assert parameter_count("prepare p(int) as select $1") == 0
    assert gives_rows("fetch next from c")
    assert probe('fetch forward 5 from "C";') == 'FETCH FORWARD 0 FROM "C"'
