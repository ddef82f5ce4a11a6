"""docs/rules.md is true: each bad example is told at its line and column, each good one passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.errors import InvalidPipeline, Problem
from engine.read import read_pipeline
from engine.rules import PAGES, SEVERITIES, ignored
from engine.schema import pipeline_schema

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
BUCKET = {"paths.json": '{"jsonpath": ["$.id"]}', "right.json": '{"jsonpaths": ["$.id"]}'}
"""What the page says that a bucket holds."""
SECTIONS = {text.split("\n")[0]: text for text in PAGE.split("\n## ")[1:]}
BAD = [
    (rule, *example)
    for rule, text in SECTIONS.items()
    for example in re.findall(r"```sql bad\n(.*?)\n```\n```\n(.*?)\n```", text, re.DOTALL)
]
GOOD = [
    (rule, sql) for rule, text in SECTIONS.items() for sql in re.findall(r"```sql good\n(.*?)\n```", text, re.DOTALL)
]

YAML_BAD = [
    (rule, *example)
    for rule, text in SECTIONS.items()
    for example in re.findall(r"```yaml bad\n(.*?)\n```\n```\n(.*?)\n```", text, re.DOTALL)
]
YAML_GOOD = [
    (rule, yaml) for rule, text in SECTIONS.items() for yaml in re.findall(r"```yaml good\n(.*?)\n```", text, re.DOTALL)
]


def staging() -> str:
    """The tables that the page declares, as staging sources."""
    block = re.search(r"```yaml\n(events:.*?)\n```", PAGE, re.DOTALL)
    assert block
    found = ""
    for name, columns in re.findall(r"(\w+): +\{(.*?)\}", block[1], re.DOTALL):
        typed = re.sub(r"(\w+): ('[^']+'|[^,]+)", r"\1: {type: \2}", " ".join(columns.split()))
        found += "  # etlrun: ignore reserved-name\n"  # there is a table `raw`
        found += f"  {name}: {{from: s3://b/{name}/, columns: {{{typed}}}}}\n"
    return f"staging:\n{found}"


def told(folder: Path, sql: str, rules: str = "") -> tuple[Problem, ...]:
    """Return what is said of a SELECT, errors or else warnings."""
    columns = ""
    for column in re.split(r", (?![^(]*\))", sql.split("\n")[0].removeprefix("-- into: ")):
        name, type_ = column.removesuffix(" not null").split(" ", 1)
        columns += f"      {name}: {{type: {type_}{', null: false' if column.endswith(' not null') else ''}}}\n"
    lines = "".join(f"        {line}\n" for line in sql.split("\n"))
    head = f"version: 1\nname: p\nschema: dw\n{rules}{staging()}"
    path = folder / "p.yaml"
    path.write_text(f"{head}tables:\n  t:\n    columns:\n{columns}    load:\n      sql: |\n{lines}", encoding="utf-8")
    try:
        return read_pipeline(path, {}).warnings
    except InvalidPipeline as error:
        return error.problems


def said(folder: Path, sql: str) -> list[str]:
    """Return each problem as 'line:column message', counted in the SELECT."""
    problems = told(folder, sql)
    text = (folder / "p.yaml").read_text(encoding="utf-8")
    before = text[: text.index("      sql: |\n")].count("\n") + 1
    return [f"{p.where.line - before}:{p.where.column - 8} {p.message}" for p in problems if p.where]


def test_every_rule_has_a_section_with_examples() -> None:
    assert set(SECTIONS) == set(SEVERITIES)
    assert {rule for rule, _, _ in BAD + YAML_BAD} == {rule for rule, _ in GOOD + YAML_GOOD} == set(SEVERITIES)


def test_every_rule_names_its_page_of_the_developer_guide() -> None:
    assert set(PAGES) == set(SEVERITIES)
    assert [rule for rule, text in SECTIONS.items() if f"]({PAGES[rule]})" not in text] == []


def test_every_rule_is_described_in_the_schema() -> None:
    described = pipeline_schema()["$defs"]["pipeline"]["properties"]["rules"]["properties"]
    assert {name: each["default"] for name, each in described.items()} == dict(SEVERITIES)


@pytest.mark.parametrize(("rule", "sql", "expected"), BAD)
def test_bad_example_is_told_at_its_place(tmp_path: Path, rule: str, sql: str, expected: str) -> None:
    assert said(tmp_path, sql) == expected.split("\n")
    assert rule in {problem.rule for problem in told(tmp_path, sql)}


@pytest.mark.parametrize(("rule", "sql"), GOOD)
def test_good_example_passes(tmp_path: Path, rule: str, sql: str) -> None:
    assert said(tmp_path, sql) == []


@pytest.mark.parametrize(("rule", "sql", "expected"), BAD)
def test_rule_that_is_off_says_nothing(tmp_path: Path, rule: str, sql: str, expected: str) -> None:
    problems = told(tmp_path, sql, f"rules: {{{rule}: off}}\n")
    assert rule not in {problem.rule for problem in problems}


@pytest.mark.parametrize(("rule", "sql", "expected"), BAD)
def test_comment_lets_a_rule_go(tmp_path: Path, rule: str, sql: str, expected: str) -> None:
    first, *rest = sql.split("\n")
    commented = "\n".join([first, *(f"-- etlrun: ignore {rule}\n{line}" for line in rest)])
    assert rule not in {problem.rule for problem in told(tmp_path, commented)}


def test_warning_becomes_an_error(tmp_path: Path) -> None:
    _, sql, _ = next(example for example in BAD if example[0] == "integer-division")
    assert [problem.rule for problem in told(tmp_path, sql)] == ["integer-division"]
    read_pipeline(tmp_path / "p.yaml", {})
    told(tmp_path, sql, "rules: {integer-division: error}\n")
    with pytest.raises(InvalidPipeline, match="integers divide to an integer"):
        read_pipeline(tmp_path / "p.yaml", {})


def test_comment_counts_for_its_line_and_the_next() -> None:
    found = ignored("a\n-- etlrun: ignore cross-join, narrowing\nb\nc -- etlrun: ignore syntax")
    assert found == {
        2: frozenset({"cross-join", "narrowing"}),
        3: frozenset({"cross-join", "narrowing"}),
        4: frozenset({"syntax"}),
        5: frozenset({"syntax"}),
    }


def test_problem_shows_the_name_of_its_rule(tmp_path: Path) -> None:
    (problem,) = told(tmp_path, "-- into: n integer\nSELECT nn AS n FROM users")
    assert problem.rule == "unknown-column"


# --- rules about the YAML --------------------------------------------------------------------------------------------


def told_of(folder: Path, yaml: str, monkeypatch: pytest.MonkeyPatch, rules: str = "") -> tuple[Problem, ...]:
    """Return what is said of a pipeline: errors, or else warnings."""
    monkeypatch.chdir(folder)
    (folder / "bucket").mkdir(exist_ok=True)
    for name, content in BUCKET.items():
        (folder / "bucket" / name).write_text(content, encoding="utf-8")
    Path("p.yaml").write_text(f"{yaml}\nversion: 1\nname: p\n{rules}", encoding="utf-8")
    try:
        return read_pipeline(Path("p.yaml"), {}).warnings
    except InvalidPipeline as error:
        return error.problems


@pytest.mark.parametrize(("rule", "yaml", "expected"), YAML_BAD)
def test_bad_yaml_is_told_at_its_place(
    tmp_path: Path, rule: str, yaml: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = told_of(tmp_path, yaml, monkeypatch)
    assert [f"{p.where.line}:{p.where.column} {p.message}" for p in problems if p.where] == expected.split("\n")
    assert {problem.rule for problem in problems} == {rule}


@pytest.mark.parametrize(("rule", "yaml"), YAML_GOOD)
def test_good_yaml_passes(tmp_path: Path, rule: str, yaml: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told_of(tmp_path, yaml, monkeypatch) == ()


@pytest.mark.parametrize(("rule", "yaml", "expected"), YAML_BAD)
def test_yaml_rule_that_is_off_says_nothing(
    tmp_path: Path, rule: str, yaml: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told_of(tmp_path, yaml, monkeypatch, f"rules: {{{rule}: off}}\n") == ()


@pytest.mark.parametrize(("rule", "yaml", "expected"), YAML_BAD)
def test_comment_in_the_yaml_lets_a_rule_go(
    tmp_path: Path, rule: str, yaml: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = yaml.split("\n")
    for number in sorted({int(said.partition(":")[0]) for said in expected.split("\n")}, reverse=True):
        comment = "--" if any("sql: |" in line or "- |" in line for line in lines[:number]) else "#"
        indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
        lines.insert(number - 1, f"{' ' * indent}{comment} etlrun: ignore {rule}")
    assert told_of(tmp_path, "\n".join(lines), monkeypatch) == ()
