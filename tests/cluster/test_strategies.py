"""Each strategy against results worked out by hand, on local Redshift and on a cluster."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from places import FEED, ITEM, Place, make_place


@pytest.fixture(params=["local", "cluster"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return make_place(request, tmp_path)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


# --- replace, append, swap -------------------------------------------------------------------------------------------


def test_replace_holds_what_the_last_batch_held(place: Place) -> None:
    for rows, held in [
        (["(1, 'a', 1)", "(1, 'a', 1)", "(NULL, 'b', 2)"], [(1, "a", 1), (1, "a", 1), (None, "b", 2)]),
        (["(2, 'c', 3)"], [(2, "c", 3)]),
        (["(2, 'c', 3)"], [(2, "c", 3)]),
        ([], []),
    ]:
        place.feed(*rows)
        assert place.run(FEED) == 0
        assert place.rows() == held


def test_append_adds_whatever_comes(place: Place) -> None:
    place.feed("(1, 'a', 1)", "(NULL, 'b', 2)")
    assert [place.run(f"strategy: append, {FEED}") for _ in range(2)] == [0, 0]
    place.feed()
    assert place.run(f"strategy: append, {FEED}") == 0
    assert place.rows() == [(1, "a", 1), (1, "a", 1), (None, "b", 2), (None, "b", 2)]


def test_swap_holds_what_the_last_batch_held(place: Place) -> None:
    for rows, held in [
        (["(1, 'a', 1)", "(1, 'a', 1)", "(NULL, 'b', 2)"], [(1, "a", 1), (1, "a", 1), (None, "b", 2)]),
        (["(2, 'c', 3)"], [(2, "c", 3)]),
        (["(2, 'c', 3)"], [(2, "c", 3)]),
        ([], []),
    ]:
        place.feed(*rows)
        assert place.run(f"strategy: swap, {FEED}") == 0
        assert place.rows() == held
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'dw'"
    assert place.send(tables) == [("t",)]


def test_swap_takes_changed_columns_with_their_comments_and_grants(place: Place) -> None:
    rest = "    description: Items.\n    grants: {select: [public, group readers]}\n"
    place.feed("(1, 'a', 1)")
    assert place.run(f"strategy: swap, {FEED}", rest=rest) == 0
    columns = "{id: {type: bigint, description: The key.}, w: {type: varchar(20)}}"
    assert place.run("strategy: swap, sql: 'SELECT id, v AS w FROM feed.batch'", columns, rest) == 0
    assert place.rows("id, w") == [(1, "a")]
    granted = "SELECT DISTINCT identity_name FROM svv_relation_privileges WHERE relation_name = 't' ORDER BY 1"
    assert place.send(granted) == [("public",), ("readers",)]
    described = (
        "SELECT d.objsubid, d.description FROM pg_description AS d JOIN pg_class AS c ON c.oid = d.objoid "
        "WHERE c.relname = 't' ORDER BY 1"
    )
    assert place.send(described) == [(0, "Items."), (1, "The key.")]


def test_swap_under_a_bound_view_leaves_all_as_it_was(place: Place) -> None:
    place.feed("(1, 'a', 1)")
    assert place.run(f"strategy: swap, {FEED}") == 0
    place.send("CREATE VIEW dw.seen AS SELECT id FROM dw.t")
    place.feed("(2, 'b', 2)")
    assert place.run(f"strategy: swap, {FEED}") == 1
    assert place.rows() == [(1, "a", 1)]
    assert place.send("SELECT id FROM dw.seen") == [(1,)]


def test_swap_under_a_late_binding_view(place: Place) -> None:
    place.feed("(1, 'a', 1)")
    assert place.run(f"strategy: swap, {FEED}") == 0
    place.send("CREATE VIEW dw.seen AS SELECT id FROM dw.t WITH NO SCHEMA BINDING")
    place.feed("(2, 'b', 2)")
    assert place.run(f"strategy: swap, {FEED}") == 0
    assert place.send("SELECT id FROM dw.seen") == [(2,)]


# --- by key ----------------------------------------------------------------------------------------------------------

KEYED = f"key: [id], order_by: [n DESC], {FEED}"


def test_insert_missing_leaves_what_is_there(place: Place) -> None:
    load = f"strategy: insert_missing, {KEYED}"
    place.feed("(1, 'a', 1)", "(1, 'b', 2)", "(2, NULL, 1)")
    assert place.run(load) == 0
    assert place.rows() == [(1, "b", 2), (2, None, 1)]
    assert place.run(load) == 0
    assert place.rows() == [(1, "b", 2), (2, None, 1)]
    place.feed("(1, 'z', 9)", "(3, 'c', 1)")
    assert place.run(load) == 0
    assert place.rows() == [(1, "b", 2), (2, None, 1), (3, "c", 1)]
    place.feed()
    assert place.run(load) == 0
    assert len(place.rows()) == 3


def test_merge_updates_what_is_there(place: Place) -> None:
    load = f"strategy: merge, {KEYED}"
    place.feed("(1, 'a', 1)", "(1, 'b', 2)", "(2, NULL, 1)")
    assert place.run(load) == 0
    assert place.rows() == [(1, "b", 2), (2, None, 1)]
    assert place.run(load) == 0
    assert place.rows() == [(1, "b", 2), (2, None, 1)]
    place.feed("(1, NULL, 9)", "(3, 'c', 1)")
    assert place.run(load) == 0
    assert place.rows() == [(1, None, 9), (2, None, 1), (3, "c", 1)]
    place.feed()
    assert place.run(load) == 0
    assert len(place.rows()) == 3


def test_delete_insert_rewrites_the_keys_of_the_batch(place: Place) -> None:
    load = f"strategy: delete_insert, key: [id], {FEED}"
    place.feed("(1, 'a', 1)", "(1, 'b', 2)", "(2, 'c', 1)")
    assert place.run(load) == 0
    assert place.rows() == [(1, "a", 1), (1, "b", 2), (2, "c", 1)]
    assert place.run(load) == 0
    assert place.rows() == [(1, "a", 1), (1, "b", 2), (2, "c", 1)]
    place.feed("(1, 'z', 9)", "(3, 'd', 1)")
    assert place.run(load) == 0
    assert place.rows() == [(1, "z", 9), (2, "c", 1), (3, "d", 1)]
    place.feed()
    assert place.run(load) == 0
    assert len(place.rows()) == 3


def test_delete_insert_with_an_order_keeps_one_row_of_a_key(place: Place) -> None:
    place.feed("(1, 'a', 1)", "(1, 'b', 2)")
    assert place.run(f"strategy: delete_insert, {KEYED}") == 0
    assert place.rows() == [(1, "b", 2)]


@pytest.mark.parametrize("strategy", ["insert_missing", "merge", "delete_insert", "scd2"])
def test_row_without_its_key_is_refused(place: Place, capsys: pytest.CaptureFixture[str], strategy: str) -> None:
    columns = ITEM if strategy != "scd2" else VERSIONED
    place.feed("(1, 'a', 1)")
    assert place.run(f"strategy: {strategy}, {KEYED}", columns) == 0
    place.feed("(2, 'b', 1)", "(NULL, 'c', 1)", "(NULL, 'd', 1)")
    said(capsys)
    assert place.run(f"strategy: {strategy}, {KEYED}", columns) == 1
    assert "check failed: no row may be without its key: " in said(capsys)
    assert place.rows() == [(1, "a", 1)]


@pytest.mark.parametrize("strategy", ["insert_missing", "merge", "delete_insert"])
def test_key_of_two_columns_one_a_reserved_word(place: Place, strategy: str) -> None:
    columns = "{id: {type: integer}, end: {type: varchar(9)}, n: {type: integer}}"
    load = f"strategy: {strategy}, key: [id, end], order_by: [n], sql: 'SELECT id, v AS \"end\", n FROM feed.batch'"
    place.feed("(1, 'a', 1)", "(1, 'b', 2)")
    assert [place.run(load, columns) for _ in range(2)] == [0, 0]
    assert place.rows('id, "end", n') == [(1, "a", 1), (1, "b", 2)]


def test_delete_insert_rewrites_a_range(place: Place) -> None:
    load = "strategy: delete_insert, range: {column: v, from: '{{ vars.since }}', to: '{{ vars.until }}'}, " + FEED
    place.feed("(1, 'a', 1)", "(2, 'b', 1)", "(3, 'c', 1)", "(4, NULL, 1)")
    assert place.run(load) == 0
    assert place.rows() == [(1, "a", 1), (2, "b", 1), (3, "c", 1)]
    place.feed("(1, 'a', 9)", "(5, 'b', 9)", "(5, 'b', 9)", "(3, 'c', 9)")
    day = ("--var", "since=b", "--var", "until=c")
    for _ in range(2):
        assert place.run(load, ITEM, "", *day) == 0
        assert place.rows() == [(1, "a", 1), (3, "c", 1), (5, "b", 9), (5, "b", 9)]
    place.feed()
    assert place.run(load, ITEM, "", *day) == 0
    assert place.rows() == [(1, "a", 1), (3, "c", 1)]


# --- scd2 ------------------------------------------------------------------------------------------------------------

VERSIONED = (
    "{id: {type: integer}, v: {type: varchar(9)}, n: {type: integer},\n"
    "      valid_from: {type: timestamp, 'null': false}, valid_to: {type: timestamp}, is_current: {type: boolean}}"
)
TIMED = "sql: 'SELECT id, v, n, at AS valid_from FROM feed.batch'"
DAY = [datetime(2018, 11, day) for day in range(1, 10)]


def test_scd2_keeps_each_version(place: Place) -> None:
    load = f"strategy: scd2, key: [id], order_by: [at DESC], track: [v], {TIMED[:-1].replace('at AS', 'at, at AS')}'"
    versions = "id, v, n, valid_from, valid_to, is_current"
    place.feed("(1, 'a', 1, '2018-11-02')", "(1, 'old', 1, '2018-11-01')", "(2, NULL, 1, '2018-11-01')")
    first = [(1, "a", 1, DAY[1], None, True), (2, None, 1, DAY[0], None, True)]
    for _ in range(2):
        assert place.run(load, VERSIONED) == 0
        assert place.rows(versions) == first
    # 1 changes, 2 gets a value where there was none, n of 3 is not tracked, 4 is new.
    place.feed("(1, 'b', 1, '2018-11-03')", "(2, 'x', 1, '2018-11-03')", "(3, 'c', 1, '2018-11-03')")
    assert place.run(load, VERSIONED) == 0
    place.feed("(1, NULL, 7, '2018-11-04')", "(3, 'c', 2, '2018-11-04')", "(4, 'd', 1, '2018-11-04')")
    for _ in range(2):
        assert place.run(load, VERSIONED) == 0
        assert place.rows(versions) == [
            (1, "a", 1, DAY[1], DAY[2], False),
            (1, "b", 1, DAY[2], DAY[3], False),
            (1, None, 7, DAY[3], None, True),
            (2, "x", 1, DAY[2], None, True),
            (2, None, 1, DAY[0], DAY[2], False),
            (3, "c", 2, DAY[2], None, True),
            (4, "d", 1, DAY[3], None, True),
        ]
    place.feed()
    assert place.run(load, VERSIONED) == 0
    assert len(place.rows(versions)) == 7


def test_scd2_by_the_time_of_the_run(place: Place) -> None:
    load = f"strategy: scd2, {KEYED}"
    place.feed("(1, 'a', 1)", "(2, 'b', 1)")
    assert [place.run(load, VERSIONED) for _ in range(2)] == [0, 0]
    place.feed("(1, 'a', 1)", "(2, 'b', 2)")
    assert place.run(load, VERSIONED) == 0
    (one, former, now) = place.rows("id, n, is_current, valid_from, valid_to")
    assert one[:3] == (1, 1, True)
    assert (former[:3], now[:3]) == ((2, 1, False), (2, 2, True))
    assert former[4] == now[3], "what ends and what begins bear the same time"
    assert former[3] < former[4]
    assert now[4] is None


def test_scd2_closes_deleted_keys_and_opens_them_again(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    load = f"strategy: scd2, deleted: close, {KEYED}"
    place.feed()
    assert place.run(load, VERSIONED) == 0, "nothing is there to be ended"
    place.feed("(1, 'a', 1)", "(2, 'b', 1)")
    assert place.run(load, VERSIONED) == 0
    place.feed("(1, 'a', 1)")
    assert [place.run(load, VERSIONED) for _ in range(2)] == [0, 0]
    assert place.rows("id, is_current") == [(1, True), (2, False)]
    place.feed("(1, 'a', 1)", "(2, 'b', 1)")
    assert place.run(load, VERSIONED) == 0
    assert place.rows("id, is_current") == [(1, True), (2, False), (2, True)]
    place.feed()
    said(capsys)
    assert place.run(load, VERSIONED) == 1
    assert "check failed: an empty batch may not end every version: 2 failures" in said(capsys)


def test_scd2_refuses_a_version_without_a_begin(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.feed("(1, 'a', 1, NULL)")
    columns = VERSIONED.replace(", 'null': false", "")
    assert place.run(f"strategy: scd2, key: [id], order_by: [n], {TIMED}", columns) == 1
    assert "check failed: no version may be without its begin: 1 failure" in said(capsys)


def test_scd2_refuses_a_change_before_the_version_that_it_ends(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    load = f"strategy: scd2, key: [id], order_by: [n], {TIMED}"
    place.feed("(1, 'a', 1, '2018-11-02')")
    assert place.run(load, VERSIONED) == 0
    for day in ("2018-11-01", "2018-11-02"):
        place.feed(f"(1, 'b', 1, '{day}')")
        said(capsys)
        assert place.run(load, VERSIONED) == 1
        assert "check failed: a change must be later than the version that it ends: 1 failure" in said(capsys)
    assert place.rows() == [(1, "a", 1)]


# --- columns that have changed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["replace", "append", "insert_missing", "merge", "delete_insert", "scd2"])
def test_column_that_is_gone_needs_a_full_refresh(
    place: Place, capsys: pytest.CaptureFixture[str], strategy: str
) -> None:
    keyed = strategy not in ("replace", "append")
    columns = VERSIONED if strategy == "scd2" else ITEM
    load = f"strategy: {strategy}, {KEYED if keyed else FEED}"
    place.feed("(1, 'a', 1)")
    assert place.run(load, columns) == 0
    columns, load = columns.replace("n: {", "m: {"), load.replace("v, n FROM", "v, n AS m FROM").replace("[n D", "[m D")
    said(capsys)
    assert place.run(load, columns) == 1
    stopped = said(capsys)
    assert "t.n: integer in the warehouse, none declared" in stopped
    assert "--full-refresh" in stopped
    assert place.rows() == [(1, "a", 1)]
    assert place.run(load, columns, "", "--full-refresh", "--select", "t") == 0
    assert place.rows("id, v, m") == [(1, "a", 1)]


def test_identity_numbers_the_versions(place: Place) -> None:
    columns = VERSIONED.replace("{id:", "{k: {type: bigint, identity: [1, 1], primary_key: true}, id:")
    place.feed("(1, 'a', 1)")
    assert place.run(f"strategy: scd2, {KEYED}", columns) == 0
    place.feed("(1, 'b', 1)")
    assert place.run(f"strategy: scd2, {KEYED}", columns) == 0
    first, second = place.rows("k, v, is_current")
    assert (first[1:], second[1:]) == (("a", False), ("b", True))
    assert first[0] < second[0]
