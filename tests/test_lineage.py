from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.__main__ import main
from engine.lineage import Lineage, above, below, lineage_json, lineage_text, part, trace
from engine.read import read_pipeline

PIPELINES = Path(__file__).resolve().parent.parent / "pipelines"
STAGING = """version: 1
name: p
schema: dw
staging:
  plays:
    from: s3://b/plays/
    columns:
      user: {type: integer}
      song: {type: varchar(20)}
      ms: {type: bigint}
      loaded: {type: date, default: sysdate}
tables:
"""


def traced(folder: Path, *selects: str, columns: str = "{a: {type: integer}, b: {type: integer}}") -> Lineage:
    text = STAGING
    for number, sql in enumerate(selects):
        lines = "".join(f"        {line}\n" for line in sql.split("\n"))
        text += f"  t{number}:\n    columns: {columns}\n    load:\n      sql: |\n{lines}"
    path = folder / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return trace(read_pipeline(path, {}))


def sources(folder: Path, sql: str, columns: str = "{a: {type: integer}}") -> list[str]:
    return [".".join(name) for name in traced(folder, sql, columns=columns)["t0", "a"].sources]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('SELECT "user" AS a FROM plays', ["plays.user"]),
        ('SELECT p."user" + LEN(p.song) AS a FROM plays AS p', ["plays.song", "plays.user"]),
        ("SELECT 1 AS a FROM plays", []),
        ("SELECT COUNT(*) AS a FROM plays", []),
        ("SELECT MAX(ms)::integer AS a FROM plays GROUP BY song", ["plays.ms"]),
        ("SELECT x AS a FROM (SELECT LEN(song) AS x FROM plays) AS q", ["plays.song"]),
        ("WITH q AS (SELECT LEN(song) AS x FROM plays) SELECT x + 1 AS a FROM q", ["plays.song"]),
        ("WITH q(x) AS (SELECT LEN(song) FROM plays) SELECT x AS a FROM q", ["plays.song"]),
        ('SELECT "user" AS a FROM plays UNION ALL SELECT LEN(song) FROM plays', ["plays.song", "plays.user"]),
        ("SELECT (SELECT MAX(ms) FROM plays)::integer AS a", ["plays.ms"]),
        ("SELECT LEN(song) AS x, x + 1 AS a FROM plays", ["plays.song"]),
        ('SELECT CASE WHEN song = \'x\' THEN "user" ELSE 0 END AS a FROM plays', ["plays.song", "plays.user"]),
        (
            'SELECT ROW_NUMBER() OVER (PARTITION BY song ORDER BY ms)::integer AS a FROM plays',
            ["plays.ms", "plays.song"],
        ),
        ('SELECT p."user" AS a FROM plays AS p JOIN plays AS q USING ("user")', ["plays.user"]),
        ("SELECT e.n AS a FROM other.events AS e", ["other.events.n"]),
        ("SELECT n AS a FROM other.events", ["other.events.n"]),
        ("SELECT a FROM t0", ["t0.a"]),
    ],
)  # fmt: skip
def test_what_a_column_is_made_of(tmp_path: Path, sql: str, expected: list[str]) -> None:
    if "AS x, x" in sql:
        sql = f"SELECT a FROM ({sql}) AS q"
    assert sorted(sources(tmp_path, sql)) == expected


def test_columns_of_a_star_go_by_their_order(tmp_path: Path) -> None:
    columns = "{b: {type: integer}, a: {type: varchar(20)}, c: {type: bigint}, d: {type: date}}"
    assert sources(tmp_path, "SELECT * FROM plays", columns) == ["plays.song"]


def test_staging_columns_name_their_place_in_the_files() -> None:
    found = trace(read_pipeline(PIPELINES / "shop" / "shop.yaml", {}))
    assert (found["raw_orders", "amount"].file, found["raw_orders", "amount"].path) == (
        "s3://shop-exports/orders/",
        "field 4",
    )
    assert found["raw_customers", "country"].path == "$['address']['country']"
    sparkify = trace(read_pipeline(PIPELINES / "sparkify.yaml", {}))
    assert sparkify["staging_events", "session_id"].path == "$.sessionId"


def test_column_that_copy_does_not_fill_has_no_file(tmp_path: Path) -> None:
    found = traced(tmp_path, 'SELECT "user" AS a, 1 AS b FROM plays')
    assert found["plays", "song"].path == "$.song"
    text = STAGING.replace("loaded:", "x:") + "  t0: {columns: {a: {type: integer}}, load: {sql: SELECT 1 AS a}}\n"
    path = tmp_path / "q.yaml"
    path.write_text(text.replace("{type: bigint}", "{type: bigint, path: $.m.s}"), encoding="utf-8")
    other = trace(read_pipeline(path, {}))
    assert (other["plays", "ms"].path, other["plays", "x"].file) == ("$.m.s", "")


def test_above_and_below_go_through_tables(tmp_path: Path) -> None:
    found = traced(
        tmp_path,
        'SELECT "user" AS a, LEN(song) AS b FROM plays',
        "SELECT a + b AS a, b FROM t0",
        "SELECT a, a AS b FROM t1",
    )
    assert above(found, ("t2", "a")) == (("t1", "a"), ("t0", "a"), ("t0", "b"), ("plays", "user"), ("plays", "song"))
    assert below(found, ("plays", "user")) == (("t0", "a"), ("t1", "a"), ("t2", "a"), ("t2", "b"))
    assert ("plays", "ms") not in part(found, (("t2", "a"),))


def test_select_that_cannot_be_followed_is_not_known(tmp_path: Path) -> None:
    found = traced(tmp_path, "SELECT q.* FROM other.events AS q")
    assert not found["t0", "a"].known
    assert "not known" in "\n".join(lineage_text(found, (("t0", "a"),)))
    assert {"table": "t0", "column": "a", "type": "integer", "sources": [], "known": False} in lineage_json(found)[
        "columns"
    ]  # type: ignore[operator]


def test_command_prints_a_tree(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["lineage", str(PIPELINES / "sparkify.yaml"), "songplays.user_id"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.splitlines() == [
        "songplays.user_id  integer",
        "    from staging_events.user_id  varchar(32)  s3://udacity-dend/log_data/ $.userId",
    ]


def test_command_writes_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["lineage", str(PIPELINES / "sparkify.yaml"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["version"] == 1
    (made,) = (each for each in said["columns"] if (each["table"], each["column"]) == ("songplays", "songplay_id"))
    assert made["sources"] == [
        {"table": "staging_events", "column": "item_in_session"}, {"table": "staging_events", "column": "session_id"},
    ]  # fmt: skip


def test_command_suggests_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["lineage", str(PIPELINES / "sparkify.yaml"), "songplays.usr_id"])
    assert stopped.value.code == 2
    assert "did you mean 'songplays.user_id'?" in capsys.readouterr().err
