"""Surrogate keys, unknown members, look-ups and a date dimension, on local Redshift and on a cluster."""

from __future__ import annotations

from datetime import date
from hashlib import md5
from pathlib import Path

import pytest
from places import Place, make_place

from engine.__main__ import _run


@pytest.fixture(params=["local", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return make_place(request, tmp_path)


def run(place: Place, tables: str, *options: str) -> int:
    text = f"version: 1\nname: p\nschema: dw\ntargets:\n{place.target}tables:\n{tables}"
    (place.folder / "p.yaml").write_text(text, encoding="utf-8")
    return _run([str(place.folder / "p.yaml"), *options])


def key(text: str) -> int:
    return int(md5(text.encode()).hexdigest()[:15], 16)


STAR = """\
  sales:
    columns:
      id:       {type: integer}
      item_key: {type: bigint, lookup: {from: items.item_key, on: {code: v}, default: -1}}
      n:        {type: integer}
    load: {sql: 'SELECT id, v, n FROM feed.batch'}
  items:
    columns:
      item_key: {type: bigint, primary_key: true, hash: [code]}
      code:     {type: varchar(9)}
      price:    {type: integer, default: 0}
    unknown_member: {item_key: -1, code: 'what''s it'}
    load: {STRATEGY sql: 'SELECT v AS code, n AS price FROM feed.items'}
"""


@pytest.mark.parametrize(
    "strategy",
    [
        "", "strategy: swap,", "strategy: merge, key: [code], order_by: [price],",
        "strategy: insert_missing, key: [code], order_by: [price],", "strategy: delete_insert, key: [item_key],",
        "strategy: merge, key: [item_key], order_by: [code],",
    ],
)  # fmt: skip
def test_facts_find_their_dimension_or_the_unknown_member(place: Place, strategy: str) -> None:
    place.send("CREATE TABLE feed.items (v varchar(9), n integer)", "INSERT INTO feed.items VALUES ('a', 5), ('b', 6)")
    place.feed("(1, 'a', 1)", "(2, 'b', 1)", "(3, 'late', 1)", "(4, NULL, 1)")
    star = STAR.replace("STRATEGY", strategy)
    for _ in range(2):
        assert run(place, star) == 0
        assert place.send("SELECT item_key, code, price FROM dw.items ORDER BY code") == [
            (key("a"), "a", 5), (key("b"), "b", 6), (-1, "what's it", 0),
        ]  # fmt: skip
        assert place.send("SELECT id, item_key FROM dw.sales ORDER BY id") == [
            (1, key("a")), (2, key("b")), (3, -1), (4, -1),
        ]  # fmt: skip
    place.send("INSERT INTO feed.items VALUES ('late', 7)")
    assert run(place, star) == 0
    assert place.send("SELECT item_key FROM dw.sales WHERE id = 3") == [(key("late"),)]


def test_look_up_that_would_double_rows_is_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.send("CREATE TABLE feed.items (v varchar(9), n integer)", "INSERT INTO feed.items VALUES ('a', 5), (NULL, 1)")
    place.send("INSERT INTO feed.items VALUES (NULL, 2)")
    place.feed("(1, 'a', 1)")
    assert run(place, STAR.replace("STRATEGY", "")) == 0
    place.send("INSERT INTO feed.items VALUES ('a', 6)")
    assert run(place, STAR.replace("STRATEGY", "")) == 1
    assert "sales failed and was rolled back: check failed: a look-up must find one row: items by code: 1 failure" in (
        capsys.readouterr().err
    )
    assert place.send("SELECT id, item_key FROM dw.sales") == [(1, key("a"))]


def test_rows_of_the_load_are_told_without_the_unknown_member(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.send("CREATE TABLE feed.items (v varchar(9), n integer)", "INSERT INTO feed.items VALUES ('a', 5), ('b', 6)")
    assert run(place, STAR.replace("STRATEGY", "")) == 0
    assert "[1/2] items: 2 rows in " in capsys.readouterr().err


def test_hash_of_two_columns_and_of_null(place: Place) -> None:
    tables = "  t: {columns: {k: {type: char(32), hash: [id, v]}, id: {type: integer}}, "
    tables += "load: {sql: 'SELECT id, v FROM feed.batch'}}\n"
    place.feed("(1, 'a|b', 1)", "(NULL, 'a', 1)")
    assert run(place, tables) == 0
    expected = [(1, md5(b"1|a|b").hexdigest()), (None, md5(b"<NULL>|a").hexdigest())]
    assert place.send("SELECT id, k FROM dw.t ORDER BY id") == expected


HISTORY = """\
  items:
    columns:
      item_key:   {type: char(32), primary_key: true, hash: [code, valid_from]}
      code:       {type: varchar(9)}
      price:      {type: integer}
      valid_from: {type: timestamp, 'null': false}
      valid_to:   {type: timestamp}
      is_current: {type: boolean}
    unknown_member: {item_key: '-1', code: '?', valid_from: '1900-01-01', is_current: true}
    load:
      strategy: scd2
      key: [code]
      order_by: [valid_from DESC]
      deleted: close
      sql: SELECT v AS code, n AS price, at AS valid_from FROM feed.items
  sales:
    columns:
      id:    {type: integer}
      then:  {type: integer, lookup: {from: items.price, on: {code: v}, at: at}}
      now:   {type: integer, lookup: {from: items.price, on: {code: v}, default: 0}}
    load: {sql: 'SELECT id, v, at FROM feed.batch'}
"""


def test_look_up_in_history(place: Place) -> None:
    place.send(
        "CREATE TABLE feed.items (v varchar(9), n integer, at timestamp)",
        "INSERT INTO feed.items VALUES ('a', 5, '2018-11-01'), ('gone', 1, '2018-11-01')",
    )
    place.feed(
        "(1, 'a', 1, '2018-11-01')", "(2, 'a', 1, '2018-11-02 23:59')", "(3, 'a', 1, '2018-11-03')",
        "(4, 'a', 1, '2018-10-31')", "(5, 'gone', 1, '2018-11-01')",
    )  # fmt: skip
    assert run(place, HISTORY) == 0
    place.send("DELETE FROM feed.items", "INSERT INTO feed.items VALUES ('a', 6, '2018-11-03')")
    for _ in range(2):
        assert run(place, HISTORY) == 0
        assert place.send("SELECT id, then, now FROM dw.sales ORDER BY id".replace("then", '"then"')) == [
            (1, 5, 6), (2, 5, 6), (3, 6, 6), (4, None, 6), (5, 1, 0),
        ]  # fmt: skip
        current = "SELECT code, is_current FROM dw.items ORDER BY code, valid_from"
        assert place.send(current) == [("?", True), ("a", False), ("a", True), ("gone", False)]
    versions = place.send("SELECT * FROM dw.items ORDER BY code, valid_from")
    place.send("UPDATE feed.items SET at = '2018-11-05'")
    assert run(place, HISTORY) == 0
    assert place.send("SELECT * FROM dw.items ORDER BY code, valid_from") == versions, "nothing that is tracked changed"


def test_date_dimension(place: Place) -> None:
    names = "date_key integer, date date, year smallint, quarter smallint, month smallint, month_name varchar(9), "
    names += "week smallint, day smallint, day_of_week smallint, day_name varchar(9), day_of_year smallint, "
    names += "is_weekend boolean, month_start date, month_end date"
    columns = "".join(f"      {name.replace(' ', ': {type: ')}}}\n" for name in names.split(", "))
    tables = f"  days:\n    columns:\n{columns}    load: {{dates: {{from: 2018-12-30, to: 2019-12-31}}}}\n"
    assert [run(place, tables) for _ in range(2)] == [0, 0]
    assert place.send("SELECT COUNT(*), COUNT(DISTINCT date), MIN(date), MAX(date) FROM dw.days") == [
        (367, 367, date(2018, 12, 30), date(2019, 12, 31))
    ]
    (sunday, monday) = place.send("SELECT * FROM dw.days WHERE date IN ('2018-12-30', '2019-12-30') ORDER BY date")
    assert sunday == (
        20181230, date(2018, 12, 30), 2018, 4, 12, "December", 52, 30, 7, "Sunday", 364, True, date(2018, 12, 1),
        date(2018, 12, 31),
    )  # fmt: skip
    assert monday[6:12] == (1, 30, 1, "Monday", 364, False)


def test_hooks_are_part_of_the_step(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.send("CREATE TABLE feed.log (said varchar(20))")
    tables = """\
  t:
    columns: {id: {type: integer}}
    load: {sql: SELECT id FROM feed.batch}
    hooks:
      before: ["INSERT INTO feed.log VALUES ('{{ pipeline }}'), ('before')", LOCK t]
      after: [INSERT INTO feed.log SELECT 'rows' FROM t, SELECT 1]
    checks: [{expression: id > 0}]
"""
    place.feed("(1, 'a', 1)", "(2, 'a', 1)")
    assert run(place, tables) == 0
    assert "t: 2 rows in" in capsys.readouterr().err, "rows that hooks write are none of the load"
    said = [("before",), ("p",), ("rows",), ("rows",)]
    assert place.send("SELECT said FROM feed.log ORDER BY 1") == said
    place.feed("(-1, 'a', 1)")
    assert run(place, tables) == 1
    assert place.send("SELECT said FROM feed.log ORDER BY 1") == said, "a hook is rolled back with its step"


REFERRED = """\
  sales:
    columns:
      id:   {type: integer}
      code: {type: varchar(9), references: items}
    load: {sql: 'SELECT id, v AS code FROM feed.batch'}
  items:
    columns:
      code: {type: varchar(9), primary_key: true}
    load: {sql: "SELECT 'a' AS code"}
"""


def test_full_refresh_of_a_table_that_others_refer_to(place: Place) -> None:
    place.feed("(1, 'a', 1)")
    keys = "SELECT conname, contype FROM pg_constraint WHERE conname IN ('items_pkey', 'sales_code_fkey') ORDER BY 1"
    whole = [("items_pkey", "p"), ("sales_code_fkey", "f")]
    assert run(place, REFERRED) == 0
    assert [tuple(row) for row in place.send(keys)] == whole
    assert run(place, REFERRED, "--full-refresh") == 0
    assert [tuple(row) for row in place.send(keys)] == whole
    assert run(place, REFERRED, "--full-refresh", "--select", "items") == 0
    assert [tuple(row) for row in place.send(keys)] == whole[:1]
    assert run(place, REFERRED) == 0
    assert [tuple(row) for row in place.send(keys)] == whole
