"""What notes a run: hashes, rows, the lease's name; and which steps a resumed run leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Where
from engine.history import Record, decide
from engine.ledger import Ended, Noting, ended_statements, hashed, lease_name, measured, noted
from engine.model import Pipeline
from engine.plan import Plan, Statement, Step, Transaction
from engine.planning import make_plan
from engine.read import read_pipeline

WHERE = Where("p.yaml", 1, 1)
CHAIN = """\
version: 1
name: p
targets: {local: {warehouse: local}}
vars: {since: a, api_key: '${TEST_KEY}', db_password: hunter2}
schema: dw
tables:
  a: {columns: {id: {type: integer}}, load: {sql: SELECT id FROM feed.batch}}
  b: {columns: {id: {type: integer}}, load: {sql: SELECT id FROM a}}
  c: {columns: {id: {type: integer}}, load: {sql: SELECT id FROM b}}
"""


def read(folder: Path, text: str = CHAIN) -> Pipeline:
    (folder / "p.yaml").write_text(text, encoding="utf-8")
    return read_pipeline(folder / "p.yaml", {"TEST_KEY": "s3cret"})


def plan_of(pipeline: Pipeline, *, full_refresh: bool = False, only: frozenset[str] | None = None) -> Plan:
    return make_plan(pipeline, pipeline.targets[0], full_refresh=full_refresh, only=only)


def test_each_transaction_begins_with_the_lease_and_ends_with_its_row(tmp_path: Path) -> None:
    pipeline = read(tmp_path)
    for step in noted(plan_of(pipeline), pipeline, Noting("20261124-1")).steps:
        (transaction,) = step.transactions
        first, second = transaction.statements[:2]
        assert first.sql.startswith("SET query_group")
        assert (second.severity, bool(second.check)) == ("lease", True)
        assert "FROM etlrun.lease_p\nWHERE run = '20261124-1'" in second.sql
        (row,) = transaction.ledger
        assert f"'20261124-1', 'p', '{step.name}', 1, 'done'" in row.sql
        assert f"'{step.columns_hash}', '{step.sql_hash}', '{step.inputs_hash}'" in row.sql
        lock, question = transaction.proof
        assert lock.sql == "LOCK etlrun.steps"
        assert f"WHERE run = '20261124-1' AND step = '{step.name}' AND number = 1" in question.sql


def test_run_is_noted_with_its_variables_and_without_secrets(tmp_path: Path) -> None:
    pipeline = read(tmp_path)
    ledger = noted(plan_of(pipeline), pipeline, Noting()).ledger
    assert ledger is not None
    text = "\n".join(statement.sql for statement in ledger.begin)
    assert '{"since": "a", "api_key": "***", "db_password": "***"}' in text
    assert "s3cret" not in text
    assert "hunter2" not in text


def test_measured_replaces_marks_and_leaves_texts_alone() -> None:
    text = "'0 /* rows */', 'it''s \\' 0 /* rows */'"
    statement = Statement(f"VALUES ({text}, 0 /* rows */, 0 /* other */, '' /* who */, '')")
    assert measured(statement, rows=7, who="me").sql == f"VALUES ({text}, 7, 0 /* other */, 'me', '')"


def test_hashes_tell_what_changed(tmp_path: Path) -> None:
    def hashes(text: str) -> dict[str, tuple[str, str, str]]:
        steps = hashed(plan_of(read(tmp_path, text)).steps)
        return {step.name: (step.columns_hash, step.sql_hash, step.inputs_hash) for step in steps}

    before = hashes(CHAIN)
    changed = hashes(CHAIN.replace("SELECT id FROM a", "SELECT id + 1 AS id FROM a"))
    wider = hashes(CHAIN.replace("a: {columns: {id: {type: integer}}", "a: {columns: {id: {type: bigint}}"))
    differ = {
        name: [mine == theirs for mine, theirs in zip(before[name], changed[name], strict=True)] for name in before
    }
    assert differ == {"a": [True, True, True], "b": [True, False, True], "c": [True, True, False]}
    assert [before["a"][0] == wider["a"][0], before["a"][1] == wider["a"][1]] == [False, True]
    assert before["b"][2] != wider["b"][2]
    assert before["c"][2] != wider["c"][2]


def test_hashes_are_the_same_for_a_full_refresh_and_for_some_of_the_steps(tmp_path: Path) -> None:
    pipeline = read(tmp_path)
    whole = plan_of(pipeline)
    expected = {step.name: (step.columns_hash, step.sql_hash, step.inputs_hash) for step in hashed(whole.steps)}
    refresh = noted(plan_of(pipeline, full_refresh=True), pipeline, Noting())
    some = noted(plan_of(pipeline, only=frozenset("c")), pipeline, Noting(), whole)
    assert {step.name for step in some.steps} == {"c"}
    for step in (*refresh.steps, *some.steps):
        assert (step.columns_hash, step.sql_hash, step.inputs_hash) == expected[step.name]


INCREMENTAL = """\
staging:
  raws:
    from: s3://feed/raws/
    load: incremental
    columns: {id: {type: integer}}
"""


def test_hashes_do_not_hold_the_run_that_files_are_listed_under(tmp_path: Path) -> None:
    pipeline = read(tmp_path, CHAIN + INCREMENTAL)
    target = pipeline.targets[0]
    whole = make_plan(pipeline, target)
    plans = [noted(make_plan(pipeline, target, run=run), pipeline, Noting(run), whole) for run in ("one", "two")]
    one, two = (next(step for step in plan.steps if step.name == "raws") for plan in plans)
    assert one.sql_hash == two.sql_hash
    first, second = one.transactions
    assert "/one/" in "".join(statement.sql for statement in second.statements)
    assert "'begun'" in first.ledger[-1].sql
    assert "'done'" in second.ledger[-1].sql
    assert [each.sql.split()[0] for each in second.statements[:2]] == ["SET", "LOCK"]
    assert second.statements[2].severity == "lease"


@pytest.mark.parametrize("name", ["sparkify", "é" * 63, "n" * 127])
def test_lease_has_a_name_that_redshift_takes(name: str) -> None:
    table = lease_name(name).removeprefix("etlrun.")
    assert len(table.encode()) <= 127
    assert table.startswith("lease_")


def test_lease_names_of_long_pipelines_differ() -> None:
    assert lease_name("n" * 126 + "a") != lease_name("n" * 126 + "b")


def test_what_was_not_committed_is_one_statement_and_is_cut_to_its_columns(tmp_path: Path) -> None:
    pipeline = read(tmp_path)
    plan = noted(plan_of(pipeline), pipeline, Noting("r"))
    first, second, _ = plan.steps
    assert ended_statements(plan, pipeline, []) == ()
    (statement,) = ended_statements(
        plan, pipeline, [Ended(first, "failed", error="é" * 5000, seconds=1.5), Ended(second, "skipped", "a failed")]
    )
    assert statement.sql.count("GETDATE()") == 2
    assert f"'{'é' * 2048}'" in statement.sql
    assert "1.500" in statement.sql


# --- what need not run again -----------------------------------------------------------------------------------------


def step(name: str, *needs: str, sql: str = "x") -> Step:
    return Step(name, "table", frozenset(needs), WHERE, (Transaction((Statement("SET"), Statement(sql))),))


def record(of: Step, status: str = "done", because: str = "") -> Record:
    return Record("r1", of.name, status, of.columns_hash, of.sql_hash, of.inputs_hash, 1, 0, 0.1, None, because, "")


def test_resume_leaves_out_what_is_done_and_says_why_for_each() -> None:
    a, b, c, d, _ = steps = hashed([step("a"), step("b", "a"), step("c", "b"), step("d"), step("e", "d")])
    records = [record(a), record(b, "failed"), record(c, "skipped"), record(d, "kept", "done in run r0, same SQL")]
    decisions = decide(steps, "r1", records)
    assert {name: (each.runs, each.because) for name, each in decisions.items()} == {
        "a": (False, "done in run r1, same SQL"),
        "b": (True, "it failed in run r1"),
        "c": (True, "it was skipped in run r1"),
        "d": (False, "done in run r0, same SQL"),
        "e": (True, "it had not ended in run r1"),
    }


def test_changed_step_runs_again_with_all_that_reads_it() -> None:
    before = hashed([step("a"), step("b", "a"), step("c", "b"), step("d")])
    now = hashed([step("a", sql="y"), step("b", "a"), step("c", "b"), step("d")])
    decisions = decide(now, "r1", map(record, before))
    assert {name: each.because for name, each in decisions.items()} == {
        "a": "runs again: its SQL changed", "b": "runs again: a runs again", "c": "runs again: b runs again",
        "d": "done in run r1, same SQL",
    }  # fmt: skip


@settings(deadline=None)
@given(st.data())
def test_what_is_left_out_reads_nothing_that_runs(data: st.DataObject) -> None:
    names = [f"s{number}" for number in range(7)]
    needs = {
        name: data.draw(st.frozensets(st.sampled_from([name, *names[:rank]]))) - {name}
        for rank, name in enumerate(names)
    }
    before = hashed(step(name, *needs[name]) for name in names)
    now = hashed(step(name, *needs[name], sql=data.draw(st.sampled_from("xxy"))) for name in names)
    statuses = {name: data.draw(st.sampled_from(["done", "kept", "failed", "skipped"])) for name in names}
    known = [record(each, statuses[each.name]) for each in before if data.draw(st.booleans())]
    decisions = decide(now, "r1", known)
    for new, old in zip(now, before, strict=True):
        is_proven = new == replace(old, needs=new.needs) and any(
            each.step == new.name and each.status in ("done", "kept") for each in known
        )
        wanted = is_proven and not any(decisions[name].runs for name in new.needs)
        assert decisions[new.name].runs is not wanted
