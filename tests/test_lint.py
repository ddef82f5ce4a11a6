"""Rules about tables, COPYs, hooks and templates, where docs/rules.md has no example."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidPipeline, Problem
from engine.lint.statements import findings, without_jinja
from engine.read import read_pipeline

PIPELINE = """\
version: 1
name: p
{head}
staging:
  landed:
    from: {source}
    columns: {{id: {{type: integer}}}}
{rest}
tables:
  users:
    columns: {{user_id: {{type: integer}}}}
    load: {{strategy: mine, sql: SELECT 1 AS user_id}}
"""
TEMPLATE = "INSERT INTO {{ relation }} ({{ columns | identifiers }})\n{{ select }};\n"


def told(
    folder: Path, *, head: str = "", source: str = "s3://b/landed/", rest: str = "", template: str = TEMPLATE
) -> list[Problem]:
    (folder / "mine.sql.j2").write_text(template, encoding="utf-8")
    path = folder / "p.yaml"
    path.write_text(PIPELINE.format(head=head, source=source, rest=rest), encoding="utf-8")
    try:
        return list(read_pipeline(path, {}).warnings)
    except InvalidPipeline as error:
        return [*error.problems, *error.warnings]


def places(problems: list[Problem]) -> list[str]:
    return [f"{Path(p.where.file).name}:{p.where.line}:{p.where.column} {p.rule}" for p in problems if p.where]


# --- templates beside the pipeline -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (TEMPLATE, []),
        ("TRUNCATE {{ relation }};\n" + TEMPLATE, ["mine.sql.j2:1:1 breaks-transaction"]),
        (
            "{# anew #}\n{% if load.x %}\nTRUNCATE\n{% endif %}\n" + TEMPLATE,
            ["mine.sql.j2:3:1 breaks-transaction"],
        ),
        ("{# TRUNCATE #}\n-- TRUNCATE\n" + TEMPLATE, []),
        ("DELETE FROM {{ relation }} WHERE note = 'x; TRUNCATE y';\n" + TEMPLATE, []),
        (TEMPLATE + "DROP VIEW {{ schema }}.v CASCADE;", ["mine.sql.j2:3:26 drop-cascade"]),
        (TEMPLATE + "{# etlrun: ignore drop-cascade #}\nDROP VIEW {{ schema }}.v CASCADE;", []),
        (
            TEMPLATE + "CREATE VIEW {{ schema }}.v AS SELECT * FROM {{ relation }}, b WITH NO SCHEMA BINDING;",
            ["mine.sql.j2:3:61 late-binding-name"],
        ),
    ],
)
def test_template_beside_the_pipeline(tmp_path: Path, template: str, said: list[str]) -> None:
    assert places(told(tmp_path, template=template)) == said


@pytest.mark.parametrize(
    ("script", "rules"),
    [
        ("VACUUM t", ["breaks-transaction"]),
        ("alter table t alter a type varchar(9)", ["breaks-transaction"]),
        ("ALTER TABLE t APPEND FROM s", ["breaks-transaction"]),
        ("CREATE EXTERNAL TABLE s.t (a integer)", ["breaks-transaction"]),
        ("ALTER TABLE t ADD COLUMN type integer", []),
        ("DROP TABLE t; SELECT 'CASCADE'", []),
        ("INSERT INTO t (truncate_me) SELECT 1", []),
        ("CREATE VIEW v AS SELECT * FROM t", []),
        ("CREATE VIEW v AS WITH q AS (SELECT 1 AS a) SELECT a FROM q WITH NO SCHEMA BINDING", []),
        ("CREATE VIEW v AS SELECT FROM WHERE WITH NO SCHEMA BINDING", []),
    ],
)
def test_statements(script: str, rules: list[str]) -> None:
    assert [found.rule for found in findings(script)] == rules


WORDS = [
    *("CREATE VIEW", "a.v", " AS ", "SELECT", "b", "(", ")", "WITH NO SCHEMA BINDING", "DROP TABLE", "CASCADE"),
    *("TRUNCATE", "VACUUM", "'", '"', "--", "\n", "/*", "*/", "$$", ";", "{{ x }}", "{% if y %}", "{#", "#}", "é"),
]


@given(st.lists(st.sampled_from(WORDS)))
def test_no_script_makes_the_rules_fail(words: list[str]) -> None:
    script = " ".join(words)
    lines = script.split("\n")
    for found in findings(without_jinja(script)):
        assert 1 <= found.column <= len(lines[found.line - 1])


def test_jinja_leaves_every_character_where_it_was() -> None:
    template = "{# a\nb #}SELECT {{ x }} {% if y %}\n, 1{% endif %}"
    blanked = without_jinja(template)
    assert len(blanked) == len(template)
    assert [place for place, sign in enumerate(blanked) if sign == "\n"] == [
        place for place, sign in enumerate(template) if sign == "\n"
    ]


# --- COPYs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("s3://b/log", ["p.yaml:6:11 copy-prefix"]),
        ("s3://b/a/log", ["p.yaml:6:11 copy-prefix"]),
        ("s3://b/log/", []),
        ("s3://b/log.csv", []),
        ("s3://b", []),
    ],
)
def test_prefix(tmp_path: Path, source: str, said: list[str]) -> None:
    assert places(told(tmp_path, source=source)) == said


def test_manifest_is_no_prefix(tmp_path: Path) -> None:
    assert told(tmp_path, source="s3://b/manifest", rest="    copy: {manifest: true}") == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"jsonpaths": ["$.id"]}', ""),
        ('{"jsonpaths": ["$.id"], "more": 1}', "has 'jsonpaths', 'more' where"),
        ('{"jsonpaths": {}}', "has 'jsonpaths' where"),
        ("{}", "has nothing where"),
        ("[]", "has no mapping where"),
        ("{", "is no JSON"),
        ('{"jsonpaths": []}', "has 0 paths, the table takes 1 columns"),
    ],
)
def test_jsonpaths_file(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "paths.json").write_text(content, encoding="utf-8")
    head = "targets: {local: {warehouse: local, mounts: {s3://b: bucket}}}"
    problems = told(tmp_path, head=head, rest="    jsonpaths: s3://b/paths.json")
    assert places(problems) == (["p.yaml:8:16 jsonpaths-file"] if said else [])
    assert all(said in problem.message for problem in problems)


def test_jsonpaths_file_that_is_not_there_is_left_to_the_load(tmp_path: Path) -> None:
    assert told(tmp_path, rest="    jsonpaths: s3://b/paths.json") == []


def test_region_of_a_bucket_that_the_cluster_is_not_in(tmp_path: Path) -> None:
    head = "targets: {aws: {warehouse: redshift, host: h, user: u, password: '${P}', work: s3://w, region: eu-west-1}}"
    rest = "  logs:\n    from: s3://b/logs/\n    columns: {id: {type: integer}}\n    copy: {region: us-west-2}"
    (problem,) = told(tmp_path, head=head, rest=rest)
    assert places([problem]) == ["p.yaml:6:11 copy-region"]
    assert problem.hint == "add copy: {region: us-west-2}"
    assert told(tmp_path, head=head.replace("eu-west-1", "us-west-2"), rest=rest) == []
