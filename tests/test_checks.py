from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checks import CheckFailed, Failure, failure, kept
from engine.errors import WarehouseError
from engine.plan import Keep, Statement
from engine.script import statements
from engine.warehouse import Outcome, ResultColumn

GUARD = Statement("SELECT …", "no NULL")
CHECK = Statement("SELECT …", "unique: id", severity="error")
KEEP = Keep("dw.bad", "run-1", "p", "t")


def outcome(*rows: tuple[Any, ...], columns: str = "failures") -> Outcome:
    return Outcome("SELECT", len(rows), tuple(map(ResultColumn, columns.split())), rows)


@pytest.mark.parametrize("statement", [GUARD, CHECK])
def test_nought_holds(statement: Statement) -> None:
    assert failure(statement, outcome((0,))) is None
    assert failure(statement, outcome((Decimal(0),))) is None


def test_no_row_holds_behind_a_load_only() -> None:
    assert failure(CHECK, outcome()) is None
    with pytest.raises(WarehouseError, match="the check 'no NULL' must answer one number"):
        failure(GUARD, outcome())


def test_first_column_counts_and_the_others_show() -> None:
    found = failure(CHECK, outcome((7, 1, "a"), (7, 2, None), columns="failures id v"))
    assert found == Failure(CHECK, 7, ("id", "v"), ((1, "a"), (2, None)))
    assert failure(CHECK, outcome((3,))) == Failure(CHECK, 3)


@pytest.mark.parametrize("rows", [[("x",)], [(None,)], [(True,)], [()], [(1,), (2,)], [("x", 1), ("y", 2)]])
def test_answer_that_is_no_number(rows: list[tuple[Any, ...]]) -> None:
    with pytest.raises(WarehouseError, match="must answer one number: how many rows fail"):
        failure(CHECK, outcome(*rows))


def test_several_failures_in_words() -> None:
    assert str(CheckFailed([Failure(CHECK, 1)])) == "check failed: unique: id: 1 failure"
    several = CheckFailed([Failure(CHECK, 1234), Failure(GUARD, 2)])
    assert str(several) == "2 checks failed: unique: id: 1,234 failures; no NULL: 2 failures"


def test_rows_to_keep() -> None:
    statement = Statement("SELECT …", "v isn't x", severity="error", keep=KEEP)
    assert kept(Failure(statement, 2, ("id", "v"), ((1, "it's"), (2, None)))) == (
        "INSERT INTO dw.bad (run, pipeline, step, check_name, found_at, failing_row)\n"
        "VALUES\n"
        "    ('run-1', 'p', 't', 'v isn''t x', GETDATE(), '{\"id\": 1, \"v\": \"it''s\"}'),\n"
        "    ('run-1', 'p', 't', 'v isn''t x', GETDATE(), '{\"id\": 2, \"v\": null}')"
    )


def test_nothing_to_keep() -> None:
    assert kept(Failure(CHECK, 1, ("id",), ((1,),))) == ""
    assert kept(Failure(Statement("SELECT …", "x", keep=KEEP), 1)) == ""


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_kept_as_it_was(text: str) -> None:
    statement = Statement("SELECT …", "x", keep=KEEP)
    sql = kept(Failure(statement, 1, ("v",), ((text,),)))
    assert statements(sql) == (sql,), "one statement, whatever the text"
    written = sql.partition("GETDATE(), '")[2].removesuffix("')")
    assert json.loads(written.replace("''", "'").replace("\\\\", "\\")) == {"v": text}


def test_row_that_is_longer_than_a_column_may_be() -> None:
    sql = kept(Failure(Statement("SELECT …", "x", keep=KEEP), 1, ("v",), (("é" * 40_000,),)))
    assert len(sql.partition("GETDATE(), '")[2].removesuffix("')").encode()) in (65_534, 65_535)
