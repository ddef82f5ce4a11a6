"""What was reviewed is what runs: plan files written, tampered with, outdated, run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from engine.__main__ import _run
from engine.environment import put_into_sql, references
from engine.lexical import literal
from engine.planfile import _digest

PIPELINE = """\
version: 1
name: shop
include: [staging.yaml]
targets:
  local:
    {warehouse: local, mounts: {s3://b: bucket}, work: '${SHOP_WORK:-s3://w/x}', iam_role: '${SHOP_ROLE:-default}'}
  aws: {warehouse: redshift, host: '${SHOP_HOST}', user: u, password: '${SHOP_PASSWORD}', work: '${SHOP_WORK}'}
target: local
vars: {least: 1, kind: '${SHOP_KIND}'}
tables:
  items:
    columns: {id: {type: integer}, kind: {type: varchar(20)}}
    load: {sql_file: items.sql}
"""
STAGING = "staging:\n  landed: {from: s3://b/landed/, columns: {id: {type: integer, path: $.key}}}\n"
SELECT = "SELECT id, {{ vars.kind | literal }} AS kind\nFROM landed\nWHERE id >= {{ vars.least }}\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline with two rows of data, one variable of the environment in its SELECT."""
    (tmp_path / "bucket" / "landed").mkdir(parents=True)
    (tmp_path / "bucket" / "landed" / "1.json").write_text('{"key": 1}{"key": 2}', encoding="utf-8")
    for name, text in (("shop.yaml", PIPELINE), ("staging.yaml", STAGING), ("items.sql", SELECT)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("SHOP_WORK", "SHOP_ROLE", "SHOP_HOST", "SHOP_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHOP_KIND", "it's")
    return tmp_path


def planned(*options: str) -> dict[str, Any]:
    assert _run(["plan", "shop.yaml", "--out", "plan.json", *options]) == 0
    content: dict[str, Any] = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    return content


def refused(capsys: pytest.CaptureFixture[str], *options: str, code: int = 3) -> str:
    capsys.readouterr()
    assert _run(["run", "--plan", "plan.json", *options]) == code
    return capsys.readouterr().err


def rows(capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert _run(["query", "shop.yaml", "SELECT id, kind FROM items ORDER BY id", "--format", "csv"]) == 0
    return capsys.readouterr().out


def test_planned_run_runs(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned()
    assert _run(["run", "--plan", "plan.json"]) == 0
    assert rows(capsys) == "id,kind\n1,it's\n2,it's\n"


def test_run_may_be_left_out(shop: Path) -> None:
    planned()
    assert _run(["--plan", "plan.json"]) == 0


def test_options_are_those_of_the_plan(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned("--var", "least=2", "--full-refresh")
    assert _run(["--plan", "plan.json"]) == 0
    assert rows(capsys) == "id,kind\n2,it's\n"
    planned("--select", "landed")
    capsys.readouterr()
    assert _run(["--plan", "plan.json"]) == 0
    assert "items" not in capsys.readouterr().out


def test_same_input_same_bytes(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = planned()
    monkeypatch.setenv("SHOP_KIND", "other")
    assert planned() == first


def test_no_secret_is_in_the_file(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "topsecret")
    monkeypatch.setenv("SHOP_WORK", "s3://hidden/work")
    content = planned("--target", "aws")
    text = Path("plan.json").read_text(encoding="utf-8")
    assert not any(word in text for word in ("topsecret", "hidden", "it's"))
    assert content["environment"] == ["SHOP_KIND", "SHOP_WORK"]


def test_references_are_put_in_when_it_runs(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned()
    monkeypatch.setenv("SHOP_KIND", "a\\b")
    monkeypatch.setenv("SHOP_WORK", "s3://elsewhere/work/")
    monkeypatch.setenv("SHOP_ROLE", "arn:aws:iam::123456789012:role/r")
    assert _run(["--plan", "plan.json"]) == 0
    assert rows(capsys) == "id,kind\n1,a\\b\n2,a\\b\n"


def test_variable_that_is_unset_is_told(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned()
    monkeypatch.delenv("SHOP_KIND")
    assert "the environment variable SHOP_KIND is not set" in refused(capsys)


def test_plan_may_lie_elsewhere(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["plan", "shop.yaml", "--out", "plans/monday/plan.json"]) == 0
    content = json.loads(Path("plans/monday/plan.json").read_text(encoding="utf-8"))
    assert content["pipeline"] == "../../shop.yaml"
    assert _run(["--plan", "plans/monday/plan.json"]) == 0
    shutil.move("plans/monday/plan.json", "plan.json")
    assert "cannot read ../../shop.yaml" in refused(capsys)
    assert _run(["run", "shop.yaml", "--plan", "plan.json"]) == 0


def test_place_that_cannot_be_written(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["plan", "shop.yaml", "--out", "items.sql/plan.json"]) == 2
    assert "cannot write items.sql/plan.json: " in capsys.readouterr().err


def test_some_steps_can_be_left_out(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = planned("--exclude", "items")
    assert (content["select"], content["exclude"]) == ([], ["items"])
    capsys.readouterr()
    assert _run(["--plan", "plan.json"]) == 0
    assert "items" not in capsys.readouterr().out
    assert _run(["--plan", "plan.json", "--exclude", "landed"]) == 2


def test_hooks_of_the_run_are_part_of_it(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hooks = "hooks: {after: [\"CREATE TABLE noted AS SELECT '{{ vars.kind }}' AS kind\"]}\n"
    shop.joinpath("shop.yaml").write_text(PIPELINE + hooks, encoding="utf-8")
    content = planned("--var", "kind=b")
    (hook,) = content["hooks"]
    assert (hook["name"], hook["transactions"][0][-1]["sql"]) == (
        "hooks.after", "CREATE TABLE noted AS SELECT 'b' AS kind",
    )  # fmt: skip
    assert _run(["--plan", "plan.json"]) == 0
    hook["transactions"][0][-1]["sql"] = "DROP TABLE items"
    content["digest"] = _digest({key: value for key, value in content.items() if key != "digest"})
    Path("plan.json").write_text(json.dumps(content), encoding="utf-8")
    assert "the hooks of plan.json are not what the pipeline gives" in refused(capsys)


# --- what has changed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shop.yaml", "staging.yaml", "items.sql"])
def test_changed_file_is_named(shop: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    planned()
    with (shop / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert f"{name} has changed since the plan was made\n  plan again with `etlrun plan`" in refused(capsys)


def test_file_that_is_new_or_gone_is_named(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned()
    (shop / "append.sql.j2").write_text("INSERT INTO {{ relation }} {{ select }}", encoding="utf-8")
    (shop / "items.sql").unlink()
    said = refused(capsys)
    assert "append.sql.j2 is new since the plan was made" in said
    assert "items.sql is gone since the plan was made" in said


def test_plan_of_another_etlrun_is_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write({**planned(), "etlrun": "0.0.9"})
    assert "the plan was made by etlrun 0.0.9, this is " in refused(capsys)
    write({**planned(), "templates": f"sha256:{'0' * 64}"})
    assert "the templates of etlrun have changed since the plan was made" in refused(capsys)


@pytest.mark.parametrize("option", ["--target=aws", "--var=least=2", "--select=items", "--full-refresh"])
def test_options_beside_a_plan_are_refused(shop: Path, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    planned()
    assert "--plan says which target, steps and variables are meant" in refused(capsys, option, code=2)


def test_neither_pipeline_nor_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["run"]) == 2
    assert "name a PIPELINE, or a plan with --plan" in capsys.readouterr().err


# --- tampering -------------------------------------------------------------------------------------------------------


def write(content: dict[str, Any]) -> None:
    """Write a plan file with the digest that fits it, as one who knows how it is made."""
    rest = {key: value for key, value in content.items() if key != "digest"}
    Path("plan.json").write_text(json.dumps({**rest, "digest": _digest(rest)}), encoding="utf-8")


def test_changed_byte_is_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned()
    text = Path("plan.json").read_text(encoding="utf-8")
    Path("plan.json").write_text(text.replace("WHERE id >= 1", "WHERE id >= 0"), encoding="utf-8")
    assert "its digest does not fit its content" in refused(capsys)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda step: step["transactions"][0].append({"sql": "DROP TABLE items"}),
        lambda step: step["transactions"][0].pop(),
        lambda step: step["transactions"][0][0].update(sql="DROP TABLE items"),
        lambda step: step.update(after=[]),
        lambda step: step.update(files=[{"url": "s3://b/x", "content": "x"}]),
    ],
)
def test_statement_of_another_is_told_though_the_digest_fits(
    shop: Path, tamper: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    content = planned()
    tamper(content["steps"][1])
    write(content)
    assert "the step 'items' of plan.json is not what the pipeline gives" in refused(capsys)


def test_steps_and_preparation_of_another_are_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = planned()
    write({**content, "steps": content["steps"][:1]})
    assert "the steps of plan.json are not those of the pipeline" in refused(capsys)
    write({**content, "prepare": []})
    assert "what plan.json sends before the first step" in refused(capsys)


def test_variable_that_decides_more_than_a_value_is_refused(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "items.sql").write_text(f"{SELECT}{{% if vars.kind == 'all' %}}OR TRUE{{% endif %}}", encoding="utf-8")
    planned()
    assert _run(["--plan", "plan.json"]) == 0
    monkeypatch.setenv("SHOP_KIND", "all")
    assert "where a variable of the environment decides more than a value, give it with --var" in refused(capsys)


def test_reference_that_stands_where_no_text_may_is_explained(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    yaml = (shop / "shop.yaml").read_text(encoding="utf-8")
    (shop / "shop.yaml").write_text(yaml.replace("least: 1", "least: '${SHOP_LEAST:-1}'"), encoding="utf-8")
    assert _run(["plan", "shop.yaml", "--out", "plan.json"]) == 3
    assert "in a plan ${NAME} stays as it is" in capsys.readouterr().err
    planned("--var", "least=1")


# --- files that are none ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ("[]", "is no plan file: $: [] is not of type 'object'"),
        ("{}", "is no plan file: $: "),
        ('{"format": "etlrun plan", "version": 2}', "has version 2 of the format, this etlrun reads 1"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_file_that_is_no_plan(shop: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("plan.json").write_text(text, encoding="utf-8")
    assert said in refused(capsys)


def test_plan_that_is_missing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot read plan.json: No such file or directory" in refused(capsys)


def test_statement_with_a_key_too_many_is_told_with_its_place(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = planned()
    content["steps"][0]["transactions"][0][0]["more"] = 1
    write(content)
    assert "$.steps[0].transactions[0][0]: Additional properties are not allowed ('more' was unexpected)" in refused(
        capsys
    )


# --- references ------------------------------------------------------------------------------------------------------


def test_references_of_a_text() -> None:
    assert references("a ${B} ${C:-d} $E ${1}") == ("B", "C")


def test_values_in_sql() -> None:
    environ = {"ROLE": "default", "WORK": "s3://w/x/", "NAME": "it's"}
    assert put_into_sql("IAM_ROLE '${ROLE}' '${WORK}/a'", environ) == "IAM_ROLE default 's3://w/x/a'"
    assert put_into_sql("'${NAME}' '${NO}'", environ, lambda value: literal(value)[1:-1]) == "'it''s' '${NO}'"
