"""What a change of the YAML becomes: the SQL that somebody has read and liked, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from changing import bring, compared, declared

from engine.change_report import change_text, changes_text, count_text
from engine.connect import open_local
from engine.dry_run import plan_text
from engine.warehouse import Warehouse

GOLDEN = Path(__file__).parent / "golden" / "changes"
PEOPLE = "columns:\n  id: {type: integer, primary_key: true}\n"
THINGS = """
columns:
  id: {type: integer}
  v: {type: varchar(10)}
  n: {type: 'decimal(8,2)'}
"""
ROWS = "INSERT INTO dw.t (id, v, n) VALUES (1, 'one', 1.5), (2, NULL, 2.5), (3, 'three', NULL)"


def things(*changed: tuple[str, str], rest: str = "") -> str:
    text = THINGS.strip() + "\n"
    for old, new in changed:
        assert old in text
        text = text.replace(old, new)
    return text + rest


KEYED = things(("{type: integer}", "{type: integer, references: people.id}"), ("10)}", "10), unique: true}"))
CASES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "table": ("", things(rest="description: Things.\ngrants: {select: [bob]}\n"), ()),
    "column": (THINGS, things(rest="  b: {type: boolean, null: false, default: 'true', encode: zstd}\n"), (ROWS,)),
    "length": (THINGS, things(("10)}", "20)}")), (ROWS,)),
    "distribution": (THINGS, things(rest="diststyle: all\n"), ()),
    "distkey and sort key": (THINGS, things(rest="distkey: id\nsortkey: [v, id]\n"), ()),
    "distribution gone": (things(rest="distkey: id\n"), THINGS, ()),
    "sort key of a key that was interleaved": (
        things(rest="sortkey: {interleaved: [id, v]}\n"), things(rest="distkey: id\nsortkey: [v]\n"), (),
    ),
    "interleaved sort key": (THINGS, things(rest="sortkey: {interleaved: [id, v]}\n"), (ROWS,)),
    "encoding": (THINGS, things(("10)}", "10), encode: zstd}"), ("2)'}", "2)', encode: az64}")), ()),
    "comments": (THINGS, things(("10)}", "10), description: A word.}"), rest="description: It's things.\n"), ()),
    "grants": (
        things(rest="grants: {select: [bob]}\n"),
        things(rest="grants: {select: [bob, group readers], insert: [public]}\n"),
        (),
    ),
    "keys": (THINGS, KEYED, ()),
    "keys gone": (KEYED, THINGS, ()),
    "type": (
        things(("10)}", "10), description: A word.}"), rest="grants: {select: [bob]}\n"),
        things(("10)}", "20), default: \"'none'\"}"), ("8,2", "12,2"), rest="distkey: id\ngrants: {select: [bob]}\n"),
        (ROWS, "GRANT INSERT ON dw.t TO GROUP writers"),
    ),
    "not null": (THINGS, things(("{type: integer}", "{type: integer, null: false}")), (ROWS,)),
    "not null refused": (THINGS, things(("10)}", "10), null: false}")), (ROWS,)),
    "column without a value refused": (THINGS, things(rest="  b: {type: boolean, null: false}\n"), (ROWS,)),
    "identity": (
        things(("  id", "  k: {type: bigint, identity: [0, 1]}\n  id")),
        things(("  id", "  k: {type: bigint, identity: [0, 1]}\n  id"), ("8,2", "9,2")), (ROWS,),
    ),
    "column gone": (THINGS, things(("  n: {type: 'decimal(8,2)'}\n", "")), (ROWS,)),
    "column of the sort key gone": (
        things(rest="sortkey: [n]\n"), things(("  n: {type: 'decimal(8,2)'}\n", "")), (ROWS,),
    ),
    "narrower text": (THINGS, things(("10)}", "4)}")), (ROWS,)),
    "conversion": (THINGS, things(("{type: 'decimal(8,2)'}", "{type: integer}")), (ROWS,)),
    "bound view": (THINGS, things(("8,2", "9,2")), (ROWS, "CREATE VIEW dw.seen AS SELECT v FROM dw.t")),
}  # fmt: skip


@pytest.fixture
def warehouse() -> Iterator[Warehouse]:
    warehouse = open_local(None, ())
    yield warehouse
    warehouse.close()


@pytest.mark.parametrize("case", CASES)
def test_change_is_the_golden_sql_and_leaves_no_difference(
    case: str, warehouse: Warehouse, tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    before, after, sent = CASES[case]
    bring(warehouse, declared(tmp_path, people=PEOPLE, **({"t": before} if before else {})))
    session = warehouse.open_session()
    for sql in sent:
        session.execute(sql)
    pipeline = declared(tmp_path, people=PEOPLE, t=after)
    _, changes, plan = compared(session, pipeline)
    assert changes
    said = "".join(f"-- {line}\n" for line in (*changes_text(changes), count_text(changes)))
    golden(GOLDEN / f"{case.replace(' ', '_')}.sql", f"{said}\n{chr(10).join(plan_text(plan))}\n")
    bring(warehouse, pipeline)
    _, left, _ = compared(session, pipeline)
    assert left == tuple(change for change in changes if change.risk == "refused")


def test_every_golden_file_has_its_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.sql")} == {case.replace(" ", "_") for case in CASES}


def test_what_is_lost_is_counted(warehouse: Warehouse, tmp_path: Path) -> None:
    bring(warehouse, declared(tmp_path, t=THINGS))
    session = warehouse.open_session()
    session.execute(ROWS)
    after = things(("  n: {type: 'decimal(8,2)'}\n", ""), ("10)}", "4)}"))
    _, changes, _ = compared(session, declared(tmp_path, t=after))
    assert [(change.risk, change.lost) for change in changes] == [
        ("destructive", "1 longer text is cut"),
        ("destructive", "2 values are lost"),
    ]
    assert change_text(changes[0]) == "needs --allow-destructive: 1 longer text is cut"


def test_deep_copy_keeps_rows_comments_grants_and_foreign_keys(warehouse: Warehouse, tmp_path: Path) -> None:
    refers = "columns:\n  item: {type: integer, references: t.id}\n"
    keyed = things(("{type: integer}", "{type: integer, primary_key: true}"))
    bring(warehouse, declared(tmp_path, t=keyed, refers=refers))
    session = warehouse.open_session()
    for sql in (
        ROWS, "COMMENT ON COLUMN dw.t.v IS 'by hand'", "COMMENT ON TABLE dw.t IS 'also by hand'",
        "GRANT SELECT ON dw.t TO ROLE reporting",
    ):  # fmt: skip
        session.execute(sql)
    pipeline = declared(tmp_path, t=keyed.replace("8,2", "10,3"), refers=refers)
    bring(warehouse, pipeline)
    found, changes, _ = compared(session, pipeline)
    assert changes == ()
    assert session.execute("SELECT * FROM dw.t ORDER BY id").rows == session.execute(
        "SELECT 1, 'one', 1.5::decimal(10,3) UNION ALL SELECT 2, NULL, 2.5 UNION ALL SELECT 3, 'three', NULL ORDER BY 1"
    ).rows  # fmt: skip
    assert found.comments == {("t", ""): "also by hand", ("t", "v"): "by hand"}
    assert found.grants["t"] == (("select", "role reporting"),)
    assert [key.text for key in found.tables["refers"].keys] == ["FOREIGN KEY (item) REFERENCES dw.t(id)"]


def test_conversion_that_fails_leaves_all_as_it_was(warehouse: Warehouse, tmp_path: Path) -> None:
    bring(warehouse, declared(tmp_path, t=THINGS))
    session = warehouse.open_session()
    session.execute(ROWS)
    with pytest.raises(Exception, match="one"):
        bring(warehouse, declared(tmp_path, t=things(("{type: varchar(10)}", "{type: integer}"))))
    assert compared(session, declared(tmp_path, t=THINGS))[1] == ()
    assert session.execute("SELECT COUNT(*) FROM dw.t").rows == [(3,)]
