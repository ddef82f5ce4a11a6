from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace

import pytest
from events import read_events
from hypothesis import given
from hypothesis import strategies as st

from engine import __version__
from engine.checks import CheckFailed, Failure
from engine.copy import masked
from engine.dry_run import plan_text
from engine.errors import (
    EtlrunError,
    InvalidPipeline,
    LoadError,
    LoadFailed,
    Problem,
    UsageError,
    WarehouseError,
    Where,
)
from engine.events import StepDone, StepFailed, StepSkipped, StepStarted
from engine.model import Target
from engine.plan import Plan, Statement, Step, StoredFile, Transaction
from engine.problems import error_text, load_errors_text, problem_text
from engine.report import event_json, event_text, failure_text, warning_text
from engine.script import statements
from engine.summary import summary_text
from engine.terminal import summary

WHERE = Where("p.yaml", 7, 3)
KEYS = "COPY t FROM 's3://b/x' ACCESS_KEY_ID 'AKIA' SECRET_ACCESS_KEY 'hush'"


def step(name: str, *sqls: str, needs: Sequence[str] = (), files: tuple[StoredFile, ...] = ()) -> Step:
    return Step(name, "table", frozenset(needs), WHERE, (Transaction(tuple(map(Statement, sqls))),), files)


def plan(*steps: Step, prepare: tuple[str, ...] = ()) -> Plan:
    target = Target(name="local", warehouse="local", where=WHERE)
    return Plan("p", target, tuple(map(Statement, prepare)), steps)


# --- the plan --------------------------------------------------------------------------------------------------------


def test_plan_is_a_script() -> None:
    files = (StoredFile("s3://w/x.json", '{\n  "jsonpaths": []\n}\n'),)
    found = plan(
        step("a", "CREATE TABLE a (\n    id integer\n)", "DELETE FROM a", "INSERT INTO a SELECT 1", files=files),
        step("b", "COMMENT ON x", "COMMENT ON y", needs=("a", "_")),
        prepare=("CREATE SCHEMA s", "SET search_path TO s"),
    )
    assert "\n".join(plan_text(found)) == (
        f"-- etlrun {__version__}: pipeline p, target local\n"
        "-- In a run, its own id stands in place of RUN, who started it in place of WHO, and what is only known then\n"
        "-- in place of 0 /* … */ and '' /* … */.\n"
        "\n"
        "CREATE SCHEMA s;\n"
        "SET search_path TO s;\n"
        "\n"
        "-- step 1 of 2: a (table)\n"
        "-- file s3://w/x.json, written before the step:\n"
        "--   {\n"
        '--     "jsonpaths": []\n'
        "--   }\n"
        "\n"
        "-- transaction 1 of 1\n"
        "BEGIN;\n"
        "\n"
        "CREATE TABLE a (\n    id integer\n);\n"
        "\n"
        "DELETE FROM a;\n"
        "\n"
        "INSERT INTO a SELECT 1;\n"
        "\n"
        "COMMIT;\n"
        "\n"
        "-- step 2 of 2: b (table)\n"
        "-- after _, a\n"
        "\n"
        "-- transaction 1 of 1\n"
        "BEGIN;\n"
        "\n"
        "COMMENT ON x;\n"
        "COMMENT ON y;\n"
        "\n"
        "COMMIT;"
    )


SQL = st.sampled_from(["SELECT 1", "SELECT ';' -- a; b", "SELECT 1 -- why", "-- check: x\nSELECT 0", 'SELECT ";"'])


@given(st.lists(st.lists(SQL, min_size=1, max_size=4), max_size=3), st.lists(SQL, max_size=2))
def test_script_holds_every_statement_of_the_plan(bodies: list[list[str]], prepare: list[str]) -> None:
    found = plan(*(step(f"t{n}", *body) for n, body in enumerate(bodies)), prepare=tuple(prepare))
    script = "\n".join(plan_text(found))
    sent = prepare + [sql for body in bodies for sql in ["BEGIN", *body, "COMMIT"]]
    split = statements(script)
    assert len(split) == len(sent)
    for got, meant in zip(split, sent, strict=True):
        assert got.endswith(meant)  # the comments between statements stand before them


def test_plan_shows_no_key() -> None:
    script = "\n".join(plan_text(plan(step("a", KEYS))))
    assert "ACCESS_KEY_ID '***' SECRET_ACCESS_KEY '***'" in script
    assert "hush" not in script
    assert "AKIA" not in script


# --- problems and errors ---------------------------------------------------------------------------------------------


def lines(problem: Problem) -> list[str]:
    return list(problem_text(problem))


def test_problem_with_its_place() -> None:
    where = Where("p.yaml", 12, 14, "    sortkey: [a, b]  # why", 6)
    assert lines(Problem("it is wrong", where, "mend it")) == [
        "p.yaml:12:14: it is wrong",
        "   12 |     sortkey: [a, b]  # why",
        "      |              ^^^^^^",
        "  mend it",
    ]


def test_problem_without_a_place_or_a_hint() -> None:
    assert lines(Problem("it is wrong")) == ["it is wrong"]
    assert lines(Problem("it is wrong", Where("p.yaml", 3, 1, "   "))) == ["p.yaml:3:1: it is wrong"]


def test_tab_is_one_column_wide() -> None:
    found = lines(Problem("x", Where("p.yaml", 1, 3, "a\tb", 1)))
    assert found[1:] == ["    1 | a b", "      |   ^"]


def test_whole_line_is_underlined_from_its_text_on() -> None:
    found = lines(Problem("x", Where("p.yaml", 1, 1, "    {{ nothing }}", 17)))
    assert found[2] == "      |     ^^^^^^^^^^^^^"


def test_long_line_is_cut_around_the_place() -> None:
    text = "x" * 300 + "HERE" + "y" * 300
    _, shown, caret = lines(Problem("x", Where("p.yaml", 1, 301, text, 4)))
    assert len(shown) <= 8 + 110
    assert shown[caret.index("^") : caret.rindex("^") + 1] == "HERE"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=300), st.data())
def test_caret_stands_below_what_it_means(text: str, data: st.DataObject) -> None:
    column = data.draw(st.integers(1, len(text) + 1))
    width = data.draw(st.integers(1, 50))
    found = lines(Problem("x", Where("p.yaml", 1, column, text, width)))
    if not text.strip():
        assert len(found) == 1
        return
    _, shown, caret = found
    assert set(caret[8:]) <= {" ", "^"}
    place = caret.index("^")
    if 1 < column <= len(text.rstrip()):
        assert shown[place] == text[column - 1].replace("\t", " ")


def test_written_password_is_not_shown() -> None:
    where = Where("p.yaml", 1, 31, "    aws: {password: hush, user: u}", 4)
    _, shown, caret = lines(Problem("x", where))
    assert "hush" not in shown
    assert shown.endswith("aws: {password: ****, user: u}")
    assert caret.index("^") == 8 + 30
    variable = lines(Problem("x", Where("p.yaml", 1, 1, "password: ${PASSWORD}")))
    assert variable[1].endswith("password: ${PASSWORD}")


@pytest.mark.parametrize(
    "line",
    [
        "password: 'hush hush'",
        'password: "hush, hush"',
        'password: "hush\\" hush"',
        "password:   hush hush",
        "password: x,hush",
        "a: {password: 'hush, }hush', b: c}",
        "a: {password: hush hush}",
        "a: {'password': hush}",
        "password: ${NAME:-hush}",
        "password: 'hush",
    ],
)
def test_written_password_is_not_shown_however_it_is_written(line: str) -> None:
    shown = lines(Problem("x", Where("p.yaml", 1, 1, line)))[1]
    assert "hush" not in shown
    assert len(shown) == 8 + len(line)


def test_invalid_pipeline_tells_each_problem_once_in_order() -> None:
    first = Problem("one", Where("p.yaml", 1, 1, "a: 1"))
    second = Problem("two", Where("p.yaml", 2, 1, "b: 2"), "mend it")
    assert list(error_text(InvalidPipeline([second, first, second]))) == [
        "p.yaml:1:1: one",
        "    1 | a: 1",
        "      | ^",
        "",
        "p.yaml:2:1: two",
        "    2 | b: 2",
        "      | ^",
        "  mend it",
        "",
        "2 problems; nothing was sent",
    ]
    assert list(error_text(InvalidPipeline([Problem("one")])))[-1] == "1 problem; nothing was sent"


def test_error_of_the_warehouse() -> None:
    error = WarehouseError("refused", detail="because\nof this", hint="mend it")
    assert list(error_text(error)) == ["refused", "  because", "  of this", "  mend it"]
    assert list(error_text(UsageError("no step 'x'"))) == ["no step 'x'"]


def test_error_shows_no_key() -> None:
    text = "\n".join(error_text(WarehouseError(f"syntax error in {KEYS}", detail=KEYS)))
    assert "hush" not in text
    assert text.count("'***'") == 4


def load_error(number: int = 1, **more: object) -> LoadError:
    given: dict[str, object] = {
        "file": "s3://b/x.json",
        "line": number,
        "column": "id",
        "type": "varchar",
        "length": "3",
        "position": 0,
        "raw_line": '{"id": "abcd"}',
        "raw_value": "abcd",
        "code": 1204,
        "reason": "String length exceeds DDL length",
    }
    return LoadError(**{**given, **more})  # type: ignore[arg-type]


def test_load_errors() -> None:
    assert list(load_errors_text((load_error(2),))) == [
        "  s3://b/x.json:2: column id varchar(3): String length exceeds DDL length (code 1204)",
        "    value: abcd",
        '    line:  {"id": "abcd"}',
    ]


def test_what_a_file_holds_cannot_paint_or_move_the_cursor() -> None:
    said = "\n".join(load_errors_text((load_error(raw_value="a\x1b[31m", raw_line="b\r\x07ü"),)))
    assert "value: a\\x1b[31m" in said
    assert "line:  b\\r\\x07ü" in said


def test_load_error_of_a_whole_file() -> None:
    found = load_error(column="", type="", length="  ", raw_line="", raw_value="")
    assert list(load_errors_text((found,))) == ["  s3://b/x.json:1: String length exceeds DDL length (code 1204)"]


def test_long_values_and_many_errors_are_cut() -> None:
    found = list(load_errors_text(tuple(load_error(n, raw_line="", raw_value="x\ny" * 100) for n in range(8)), most=2))
    assert len(found) == 5
    assert found[1].startswith("    value: x\\nyx\\ny")
    assert found[1].endswith("…")
    assert len(found[1]) == len("    value: ") + 110
    assert found[-1].startswith("  … and 6 more; ")


# --- events ----------------------------------------------------------------------------------------------------------

A, B = step("a", "INSERT"), step("b", "INSERT", needs=("a",))
PLAN = plan(A, B)


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (StepStarted(A, 1), "[1/2] a …"),
        (StepDone(A, 0.126, 1234), "[1/2] a: 1,234 rows in 0.13 s"),
        (StepDone(A, 0.1, 1, rejects=(load_error(), load_error())), "[1/2] a: 1 row in 0.10 s, 2 left out"),
        (
            StepFailed(A, 2, WarehouseError(f"no {KEYS}")),
            f"[1/2] a: failed after 2.00 s: no {masked(KEYS)}",
        ),
        (StepSkipped(B, "a"), "[2/2] b: skipped, a failed"),
    ],
)
def test_event_in_words(event: StepStarted | StepDone | StepFailed | StepSkipped, line: str) -> None:
    assert list(event_text(PLAN, event)) == [line]


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (StepStarted(A, 1), {"event": "started", "step": "a", "number": 1, "steps": 2}),
        (
            StepDone(A, 0.12345, 7, rejects=(load_error(),), notices=("é",)),
            {"event": "done", "step": "a", "rows": 7, "seconds": 0.123, "rejects": 1, "notices": ["é"], "warnings": []},
        ),
        (
            StepFailed(B, 1.5, WarehouseError(KEYS)),
            {
                "event": "failed",
                "step": "b",
                "seconds": 1.5,
                "where": "p.yaml:7:3",
                "error": "COPY t FROM 's3://b/x' ACCESS_KEY_ID '***' SECRET_ACCESS_KEY '***'",
            },
        ),
        (StepSkipped(B, "a"), {"event": "skipped", "step": "b", "because": "a"}),
    ],
)
def test_event_as_json(event: StepStarted | StepDone | StepFailed | StepSkipped, said: dict[str, object]) -> None:
    line = event_json(PLAN, event)
    assert "\n" not in line
    assert read_events(line) == [{**said, "pipeline": "p", "target": "local", "kind": "table"}]
    assert line.startswith('{"event": ')


def test_failed_load_as_json_lists_its_rows() -> None:
    event = StepFailed(A, 1, LoadFailed("Load failed", (load_error(5),)))
    (row,) = read_events(event_json(PLAN, event))[0]["load_errors"]
    assert (row["line"], row["column"], row["reason"]) == (5, "id", "String length exceeds DDL length")


def test_failure_with_its_statement_and_its_place() -> None:
    failure = StepFailed(A, 1, WarehouseError("refused", detail="why"), Statement(f"{KEYS}\nGZIP"))
    assert list(failure_text(failure)) == [
        "p.yaml:7:3: a failed and was rolled back: refused",
        "  why",
        "  in the statement",
        "    COPY t FROM 's3://b/x' ACCESS_KEY_ID '***' SECRET_ACCESS_KEY '***'",
        "    GZIP",
    ]


def test_long_statement_is_cut() -> None:
    failure = StepFailed(A, 1, WarehouseError("refused"), Statement("\n".join(f"line {n}" for n in range(20))))
    found = list(failure_text(failure))
    assert found[-2:] == ["    line 11", "    … 8 more lines; --dry-run shows them"]


def test_failure_without_a_statement() -> None:
    assert list(failure_text(StepFailed(A, 1, WarehouseError("refused")))) == [
        "p.yaml:7:3: a failed and was rolled back: refused"
    ]


def test_table_that_others_depend_on() -> None:
    error = WarehouseError("cannot drop table etlrun_old_a because other objects depend on it", sqlstate="2BP01")
    assert list(failure_text(StepFailed(A, 1, error)))[1:] == [
        "  make the view that is bound to it WITH NO SCHEMA BINDING, or load the table with strategy: replace"
    ]


CHECK = Statement("SELECT 1", "unique: id", severity="error", where=Where("p.yaml", 9, 5))


def test_failed_checks_are_told_with_their_places_and_rows() -> None:
    rows = tuple((number, None) for number in range(5))
    error = CheckFailed([Failure(CHECK, 1234, ("id", "v"), rows), Failure(replace(CHECK, where=None), 1)])
    error.notices = ("the rows that failed could not be kept: disk full",)
    assert list(failure_text(StepFailed(A, 1, error))) == [
        "p.yaml:7:3: a failed and was rolled back: 2 checks failed: unique: id: 1,234 failures; unique: id: 1 failure",
        "  p.yaml:9:5: unique: id: 1,234 failures",
        *(f"    id={number}, v=NULL" for number in range(5)),
        "    … and 1,229 more",
        "  the rows that failed could not be kept: disk full",
    ]


def test_warnings_are_told_with_their_places_and_rows() -> None:
    done = StepDone(A, 0.1, 3, warnings=(Failure(CHECK, 1, ("id",), ((7,),)),))
    assert list(event_text(PLAN, done)) == ["[1/2] a: 3 rows in 0.10 s, 1 warning"]
    assert list(warning_text(done)) == ["p.yaml:9:5: a: warning: unique: id: 1 failure", "    id=7"]


# --- the errors themselves -------------------------------------------------------------------------------------------


def subclasses(cls: type[EtlrunError]) -> set[type[EtlrunError]]:
    return {cls}.union(*(subclasses(each) for each in cls.__subclasses__()))


def test_exit_codes_are_the_documented_ones() -> None:
    assert {each.exit_code for each in subclasses(EtlrunError)} == {1, 2, 3, 4, 5, 70}


def test_place_as_text() -> None:
    assert str(Where("p.yaml", 3, 5, "text")) == "p.yaml:3:5"
    assert "text" not in repr(Where("p.yaml", 3, 5, "text"))
    assert str(InvalidPipeline([Problem("b", WHERE), Problem("a")])) == "a\np.yaml:7:3: b"


def test_summary_in_a_pipe_is_what_rich_would_write() -> None:
    failed = StepFailed(step("歌"), 1.5, WarehouseError("no"))
    results = [StepDone(step("a"), 0.25, 1_234_567), failed, StepSkipped(step("long_name_of_a_step"), "歌")]
    stream = io.StringIO()
    summary(results, stream)
    assert list(summary_text(results)) == stream.getvalue().splitlines()
    assert stream.getvalue().startswith("step                  status")


def test_warnings_of_the_warehouse_are_told_and_what_it_says_else_is_not() -> None:
    done = StepDone(step("a"), 0.1, 1, notices=("INFO: loaded", "WARNING: keys differ in case"))
    assert list(warning_text(done)) == ["p.yaml:7:3: a: warning: keys differ in case"]
