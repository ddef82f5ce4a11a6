from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from engine.__main__ import _run
from engine.errors import Problem, Where
from engine.findings import INVALID, findings_json, findings_sarif
from engine.rules import SEVERITIES

SARIF = Draft7Validator(json.loads((Path(__file__).parent / "sarif-2.1.0.schema.json").read_text(encoding="utf-8")))
WRONG = Problem("no column 'é'", Where("my pipelines/p.yaml", 3, 7, "    é: x", 4), "did you mean 'e'?")
WARNED = Problem("integers divide", Where("p.yaml", 9, 2), rule="integer-division")

PIPELINE = """\
version: 1
name: p
tables:
  t:
    columns:
      share: {type: 'decimal(5,2)'}
    load:
      sql: SELECT 1.5 * (7 / 2) AS share, {column} AS more
"""


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pipeline with one warning, and one error: its SELECT gives a column too many."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "p.yaml"
    path.write_text(PIPELINE.replace("{column}", "1"), encoding="utf-8")
    return path


def test_sarif_is_as_published() -> None:
    log = findings_sarif([WRONG, Problem("nowhere")], [WARNED])
    assert list(SARIF.iter_errors(log)) == []
    SARIF.validate(findings_sarif([], []))


def test_sarif_of_another_shape_is_refused() -> None:
    log = findings_sarif([WRONG], [])
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    assert list(SARIF.iter_errors(log))


def test_sarif_result_says_place_rule_and_what_to_do() -> None:
    (run,) = findings_sarif([WRONG], [WARNED])["runs"]
    wrong, warned = run["results"]
    assert wrong["message"]["text"] == "no column 'é'; did you mean 'e'?"
    assert wrong["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "my%20pipelines/p.yaml"},
        "region": {"startLine": 3, "startColumn": 7, "endColumn": 11},
    }
    assert (wrong["level"], wrong["ruleId"]) == ("error", INVALID)
    assert (warned["level"], warned["ruleId"]) == ("warning", "integer-division")
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [INVALID, "integer-division"]
    assert {rule["id"] for rule in rules} == {INVALID, *SEVERITIES}


def test_file_below_the_working_folder_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def uri(file: Path) -> str:
        (result,) = findings_sarif([Problem("x", Where(str(file), 1, 1))], [])["runs"][0]["results"]
        place: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        return place

    assert uri(tmp_path / "a" / "p.yaml") == "a/p.yaml"
    assert uri(tmp_path.parent / "p.yaml") == (tmp_path.parent / "p.yaml").as_uri()


def test_json_has_every_problem_with_its_place() -> None:
    assert findings_json([WRONG], [WARNED])["problems"] == [
        {
            "severity": "error", "rule": INVALID, "message": "no column 'é'", "hint": "did you mean 'e'?",
            "file": "my pipelines/p.yaml", "line": 3, "column": 7, "width": 4,
        },
        {
            "severity": "warning", "rule": "integer-division", "message": "integers divide", "hint": "",
            "file": "p.yaml", "line": 9, "column": 2, "width": 1,
        },
    ]  # fmt: skip


# --- the command -----------------------------------------------------------------------------------------------------


def test_validate_writes_sarif_to_stdout_and_nothing_else(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["validate", "p.yaml", "--format", "sarif"]) == 3
    said = capsys.readouterr()
    assert said.err == ""
    log = json.loads(said.out)
    SARIF.validate(log)
    assert [result["ruleId"] for result in log["runs"][0]["results"]] == [INVALID, "integer-division"]


def test_validate_writes_json(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["validate", "p.yaml", "--format", "json"]) == 3
    assert [problem["severity"] for problem in json.loads(capsys.readouterr().out)["problems"]] == ["error", "warning"]


def test_validate_of_a_valid_pipeline_writes_no_problem(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipeline.write_text(PIPELINE.replace("1.5 * (7 / 2)", "1").replace(", {column} AS more", ""), encoding="utf-8")
    assert _run(["validate", "p.yaml", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"problems": []}


def test_validate_tells_warnings_beside_errors(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["validate", "p.yaml"]) == 3
    said = capsys.readouterr()
    assert "p.yaml:8:26: warning: integers divide" in said.err
    assert "p.yaml:8:43: the SELECT gives 'more'" in said.err
    assert said.out == ""
