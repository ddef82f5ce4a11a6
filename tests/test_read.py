from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from engine.errors import InvalidPipeline, Problem
from engine.model import Pipeline, Table
from engine.read import needs, read_pipeline

ADD_IT = "add it to the SELECT, or give the column a default"
MATCHED = "add it to the SELECT: rows are matched by it"
BY_NAME = "columns find their place by name: write … AS name"
KNOWN = "known here: no vars are declared, schema, pipeline"

START = "version: 1\nname: p\nschema: dw\n"
RAW = "staging:\n  src: {from: s3://b/src/, columns: {id: {type: integer}, v: {type: integer}}}\n"
PIPELINES = Path(__file__).resolve().parent.parent / "pipelines"


def written(folder: Path, text: str) -> Path:
    path = folder / "p.yaml"
    path.write_text(START + text, encoding="utf-8")
    return path


def read(
    folder: Path,
    text: str,
    environ: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    complete: bool = False,
) -> Pipeline:
    return read_pipeline(written(folder, text), environ or {}, variables, complete=complete)


def problems(folder: Path, text: str, **more: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(InvalidPipeline) as caught:
        read(folder, text, **more)
    return caught.value.problems


def told(folder: Path, text: str, **more: dict[str, str]) -> list[str]:
    """Return each problem as 'line:column message | hint'; three lines stand before `text`."""
    return [
        f"{str(p.where).removeprefix(f'{folder}/p.yaml:')} {p.message} | {p.hint}"
        for p in problems(folder, text, **more)
    ]


def a_table(
    sql: str, name: str = "t", columns: str = "{id: {type: integer}, v: {type: integer}}", load: str = ""
) -> str:
    """The columns stand in line 2 of the table, the SQL begins in line 5."""
    lines = "".join(f"        {line}\n" for line in sql.split("\n"))
    return f"  {name}:\n    columns: {columns}\n    load:\n{load}      sql: |\n{lines}"


def table(folder: Path, sql: str, columns: str = "{id: {type: integer}, v: {type: integer}}", load: str = "") -> Table:
    (found,) = read(folder, RAW + "tables:\n" + a_table(sql, columns=columns, load=load)).tables
    return found


def table_told(
    folder: Path, sql: str, columns: str = "{id: {type: integer}, v: {type: integer}}", load: str = ""
) -> list[str]:
    """The columns stand in line 8; the SQL begins in line 11, or in a later one where the load says more."""
    return told(folder, RAW + "tables:\n" + a_table(sql, columns=columns, load=load))


# --- the SELECT ------------------------------------------------------------------------------------------------------


def test_select_is_rendered_and_read(tmp_path: Path) -> None:
    found = table(tmp_path, "SELECT v, id\nFROM src")
    assert found.load.select == "SELECT v, id\nFROM src"
    assert found.load.columns == ("v", "id")
    assert found.reads == ("src",)


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT id, v FROM src;", "SELECT id, v FROM src"),
        ("SELECT id, v FROM src;;\n\n", "SELECT id, v FROM src"),
        ("SELECT id, v FROM src; -- done", "SELECT id, v FROM src"),
        ("SELECT id, v FROM src -- done", "SELECT id, v FROM src -- done\n"),
        ("-- first; a comment\nSELECT id, v FROM src", "-- first; a comment\nSELECT id, v FROM src"),
        ("SELECT id, v FROM {{ schema }}.src", "SELECT id, v FROM dw.src"),
    ],
)
def test_select_is_sent_without_what_ends_it(tmp_path: Path, sql: str, sent: str) -> None:
    assert table(tmp_path, sql).load.select == sent


def test_star_fills_every_column_but_identity(tmp_path: Path) -> None:
    columns = "{n: {type: bigint, identity: [0, 1]}, id: {type: integer}, v: {type: integer}}"
    assert table(tmp_path, "SELECT * FROM src", columns).load.columns == ("id", "v")


def test_columns_with_a_default_and_columns_that_may_be_null_may_be_left_out(tmp_path: Path) -> None:
    columns = "{id: {type: integer}, at: {type: date, default: sysdate, 'null': false}, v: {type: integer}}"
    assert table(tmp_path, "SELECT id FROM src", columns).load.columns == ("id",)


def test_merge_may_give_columns_to_order_by(tmp_path: Path) -> None:
    load = "      strategy: merge\n      key: [id]\n      order_by: [v DESC]\n"
    found = table(tmp_path, "SELECT id, v FROM src", "{id: {type: integer}}", load)
    assert found.load.columns == ("id",)


def test_tables_outside_of_the_pipeline_and_the_table_itself_are_no_steps(tmp_path: Path) -> None:
    assert table(tmp_path, "SELECT id, v FROM other.thing WHERE id NOT IN (SELECT id FROM t)").reads == ()
    assert table(tmp_path, "SELECT id, v FROM dw.src").reads == ("src",)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT id, v\nFROM scr",
            (
                "12:14 't' reads 'scr', which is not declared | did you mean 'src'? (a table outside of the pipeline: "
                "schema.table)"
            ),
        ),
        (
            "SELECT id, v FROM dw.zzz",
            (
                "11:30 't' reads 'zzz', which is not declared | declared are: src (a table outside of the pipeline: "
                "schema.table)"
            ),
        ),
        ("SELECT id, v FROM src r x", "11:33 the SQL makes no sense from 'x' on | "),
        ("SELECT id, v FROM src\nWHERE 'a", "12:15 the SQL cannot be read: a quote or a comment is not closed | "),
        ("DELETE FROM src", "11:9 DELETE where a SELECT belongs | "),
        ("SELECT 1; SELECT 2", "11:9 2 statements where one SELECT belongs | "),
        ("-- nothing", "11:9 no statement | "),
        ("SELECT id, v, v AS w FROM src", "11:23 the SELECT gives 'w', which is no column of 't' | columns are: id, v"),
        ("SELECT id, id, v FROM src", "11:20 the SELECT gives 'id' twice | give one another name"),
        (
            "SELECT id, v + 1 FROM src",
            f"11:20 column 2 of the SELECT has no name | {BY_NAME}",
        ),
        (
            "SELECT id, v\nFROM src\nWHERE id > {{ vars.least }}",
            f"13:9 the template asks for 'least', which is not there | {KNOWN}",
        ),
        (
            "SELECT id, v FROM src {% if %}",
            f"11:9 the template cannot be read: Expected an expression, got 'end of statement block' | {KNOWN}",
        ),
    ],
)
def test_select_that_cannot_be(tmp_path: Path, sql: str, said: str) -> None:
    assert table_told(tmp_path, sql) == [said]


@pytest.mark.parametrize(
    ("columns", "load", "said"),
    [
        (
            "{id: {type: integer}, w: {type: integer, 'null': false}, v: {type: integer}}",
            "",
            f"8:36 the SELECT does not give 'w', which must not be NULL | {ADD_IT}",
        ),
        (
            "{id: {type: integer}, w: {type: integer, primary_key: true}, v: {type: integer}}",
            "",
            f"8:36 the SELECT does not give 'w', which must not be NULL | {ADD_IT}",
        ),
        (
            "{id: {type: bigint, identity: [0, 1]}, v: {type: integer}}",
            "",
            "11:16 the SELECT gives 'id', which is an identity column | Redshift numbers the rows: take it out",
        ),
        (
            "{id: {type: integer}, w: {type: integer, 'null': false}, v: {type: integer}}",
            "      strategy: merge\n      key: [w]\n      order_by: [v]\n",
            f"14:9 the SELECT does not give 'w', which is part of the key | {MATCHED}",
        ),
    ],
)
def test_columns_that_do_not_fit_the_select(tmp_path: Path, columns: str, load: str, said: str) -> None:
    assert table_told(tmp_path, "SELECT id, v FROM src", columns, load) == [said]


def test_place_after_a_line_that_jinja_filled(tmp_path: Path) -> None:
    sql = "SELECT id, {{ vars.c }} AS v\nFROM scr"
    (said,) = told(tmp_path, "vars: {c: v}\n" + RAW + "tables:\n" + a_table(sql))
    assert said.startswith("13:14 't' reads 'scr'")


def test_place_in_a_file_of_sql(tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text("\n-- why\n\nSELECT id\nFROM scr;\n")
    text = RAW + "tables: {t: {columns: {id: {type: integer}}, load: {sql_file: t.sql}}}\n"
    (said,) = problems(tmp_path, text)
    assert str(said.where) == f"{tmp_path / 't.sql'}:5:6"
    assert said.where is not None
    assert said.where.text == "FROM scr;"


def test_place_where_jinja_moved_the_lines_is_the_beginning(tmp_path: Path) -> None:
    sql = "{% for c in [1, 2, 3] %}\n-- {{ c }}\n-- and\n{% endfor %}\nSELECT id, v\nFROM scr"
    (said,) = table_told(tmp_path, sql)
    assert said.startswith("11:9 't' reads 'scr'")


@pytest.mark.parametrize(
    ("load", "check", "said"),
    [
        ("      strategy: mrge\n", "", "10:17 unknown strategy 'mrge' | did you mean 'merge'?"),
        ("", "    checks: [{uniqe: [id]}]\n", "12:15 unknown check 'uniqe' | did you mean 'unique'?"),
    ],
)
def test_template_that_is_not_there(tmp_path: Path, load: str, check: str, said: str) -> None:
    text = RAW + "tables:\n" + a_table("SELECT id, v FROM src", load=load) + check
    assert told(tmp_path, text) == [said]


# --- what waits for what ---------------------------------------------------------------------------------------------


def test_needs(tmp_path: Path) -> None:
    text = (
        RAW
        + "  late: {from: s3://b/l/, columns: {id: {type: integer}}, checks: [{relationships: {id: src.id}}]}\n"
        + "tables:\n"
        + a_table("SELECT id, v FROM src", "a")
        + a_table("SELECT 1 AS id, 2 AS v", "b")
        + "    depends_on: [late]\n"
        + a_table("SELECT 1 AS id, 2 AS v", "c", "{id: {type: integer, references: a.id}, v: {type: integer}}")
        + a_table("SELECT 1 AS id, 2 AS v", "d")
        + "    checks: [{relationships: {id: b.id, v: d.id}}]\n"
    )
    assert needs(read(tmp_path, text)) == {
        "src": frozenset(),
        "late": frozenset({"src"}),
        "a": frozenset({"src"}),
        "b": frozenset({"late"}),
        "c": frozenset({"a"}),
        "d": frozenset({"b"}),
    }


def test_cycle_is_told_with_its_way(tmp_path: Path) -> None:
    text = "tables:\n" + a_table("SELECT id, v FROM b", "a") + a_table("SELECT id, v FROM a", "b")
    assert told(tmp_path, text) == [
        "5:3 these tables wait for each other: a -> b -> a | one of them must not read the next"
    ]


# --- vars and the environment ----------------------------------------------------------------------------------------

VARIED = "vars: {least: 1, who: '${WHO}'}\n" + RAW + "tables:\n"
ASKING = VARIED + a_table("SELECT id, v FROM src WHERE v > {{ vars.least }} OR {{ vars.who | literal }} = 'x'")


def test_vars_fill_the_select(tmp_path: Path) -> None:
    (found,) = read(tmp_path, ASKING, {"WHO": "it's me"}).tables
    assert found.load.select.endswith("WHERE v > 1 OR 'it''s me' = 'x'")


def test_vars_of_the_command_line_win(tmp_path: Path) -> None:
    found = read(tmp_path, ASKING, {}, {"least": "7", "who": "you"}, complete=True)
    assert found.variables == {"least": "7", "who": "you"}
    assert "WHERE v > 7 OR 'you' = 'x'" in found.tables[0].load.select


def test_unset_variable_matters_only_to_a_run(tmp_path: Path) -> None:
    assert "'${WHO}'" in read(tmp_path, ASKING).tables[0].load.select
    with pytest.raises(InvalidPipeline) as caught:
        read(tmp_path, ASKING, complete=True)
    (said,) = caught.value.problems
    assert said.message == "the environment variable WHO is not set"
    assert str(said.where).endswith(":4:23")


def test_variable_of_the_command_line_that_the_pipeline_does_not_have(tmp_path: Path) -> None:
    assert told(tmp_path, ASKING, variables={"last": "1"}) == [
        "None --var last: the pipeline has no such variable | did you mean 'least'?"
    ]
    assert told(tmp_path, RAW, variables={"last": "1"}) == [
        "None --var last: the pipeline has no such variable | declare it under vars:"
    ]


# --- included files --------------------------------------------------------------------------------------------------


def test_included_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "t.yaml").write_text(
        "vars: {least: 3}\ntables:\n" + a_table("SELECT id, v FROM src WHERE id > {{ vars.least }}")
    )
    found = read(tmp_path, "include: [parts/t.yaml]\n" + RAW)
    assert found.tables[0].load.select == "SELECT id, v FROM src WHERE id > 3"
    assert found.variables == {"least": 3}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../x.yaml", "4:11 the path '../x.yaml' leaves the pipeline's folder | include files of this folder"),
        (
            "x.yaml",
            "4:11 cannot read {folder}/x.yaml: No such file or directory | in {folder} there is bad.yaml, p.yaml",
        ),
    ],
)
def test_included_file_that_is_not_there(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text("")
    assert told(tmp_path, f"include: [{name}]\n" + RAW) == [said.format(folder=tmp_path)]


def test_mistakes_of_an_included_file_are_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text("vars: {a: 1}\ntabels: {}\n")
    (tmp_path / "broken.yaml").write_text("a: [\n")
    found = problems(tmp_path, "include: [part.yaml, broken.yaml]\n" + RAW)
    assert [str(each.where).removeprefix(f"{tmp_path}/") for each in found] == ["broken.yaml:1:4", "part.yaml:2:1"]


# --- all mistakes in one pass ----------------------------------------------------------------------------------------


def test_all_mistakes_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "targets: {a: {warehouse: duckdb}}\n"
        + RAW.replace("v: {type: integer}", "v: {type: intger}")
        + "tables:\n"
        + a_table("SELECT id, v FROM scr").replace("    load:", "    sortky: [id]\n    load:")
    )
    assert [each.split(" |")[0] for each in told(tmp_path, text)] == [
        "4:26 'warehouse' cannot be 'duckdb'",
        "6:69 'intger' is not a Redshift type",
        "10:5 unknown key 'sortky'",
        "13:27 't' reads 'scr', which is not declared",
    ]


def test_who_refers_to_what_has_a_mistake_is_not_told_off(tmp_path: Path) -> None:
    text = (
        "target: aws\ntargets: {aws: {warehouse: redshift}}\nvars: {least: [1]}\n"
        + RAW.replace("src:", "Src:")
        + "tables:\n"
        + a_table("SELECT id, v FROM src WHERE v > {{ vars.least }}")
        + a_table("SELECT id, v FROM src", "u")
        + "    depends_on: [w]\n    checks: [{relationships: {id: w.id}}]\n"
        + a_table("SELECT 1 AS id, 2 AS v", "w", "{id: {type: 5}}")
    )
    assert [each.message for each in problems(tmp_path, text)] == [
        *(f"the key '{key}' is missing in 'aws'" for key in ("host", "password", "user", "work")),
        "'least' must be text or a number or true or false, not a list",
        "'Src' cannot be a name here",
        "'type' must be text, not the number 5",
    ]


def test_pipeline_without_a_name_is_checked_on(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("version: 1\ntables:\n" + a_table("SELECT id, v FROM scr"))
    with pytest.raises(InvalidPipeline) as caught:
        read_pipeline(path, {})
    assert [each.message for each in caught.value.problems] == [
        "the key 'name' is missing",
        "'t' reads 'scr', which is not declared",
    ]


@pytest.mark.parametrize("path", sorted(PIPELINES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_read(path: Path) -> None:
    assert read_pipeline(path, {}).tables
