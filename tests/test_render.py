from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lexical import identifier
from engine.render import (
    TemplateError,
    available,
    find,
    grantee,
    identifiers,
    indented,
    matched,
    render,
    render_text,
    value_literal,
    wrapped,
)
from engine.shipped import shipped


def template(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.sql.j2"
    path.write_text(text, encoding="utf-8")
    return path


# --- where templates are ---------------------------------------------------------------------------------------------


def test_shipped_templates_are_found(tmp_path: Path) -> None:
    assert find(tmp_path, "copy") == shipped("templates") / "copy.sql.j2"
    assert find(tmp_path, "checks/unique") == shipped("templates") / "checks" / "unique.sql.j2"


def test_template_beside_the_pipeline_takes_its_place(tmp_path: Path) -> None:
    own = template(tmp_path, "unique", "SELECT 0;")
    assert find(tmp_path, "checks/unique") == own
    assert render(tmp_path, "checks/unique", {}) == "SELECT 0;"


@pytest.mark.parametrize("name", ["nothing", "../secret", "/etc/passwd", "checks/../copy", "", "a b", "checks/"])
def test_template_that_is_not_there(tmp_path: Path, name: str) -> None:
    template(tmp_path.parent, "secret", "")
    assert find(tmp_path, name) is None
    with pytest.raises(TemplateError) as caught:
        render(tmp_path, name, {})
    assert str(caught.value) == f"there is no template '{name}'"


STRATEGIES = ("append", "delete_insert", "insert_missing", "merge", "replace", "scd2", "swap")
CHECKS = (
    "accepted_values", "expression", "freshness", "not_null", "relationships", "row_count", "sql", "unique",
)  # fmt: skip


def test_available_templates(tmp_path: Path) -> None:
    assert available(tmp_path, "strategies") == STRATEGIES
    assert available(tmp_path, "checks") == CHECKS


def test_available_templates_beside_the_pipeline(tmp_path: Path) -> None:
    for name in ("history", "copy", "unique", "merge"):
        template(tmp_path, name, "")
    assert available(tmp_path, "strategies") == tuple(sorted((*STRATEGIES, "history")))
    assert "history" in available(tmp_path, "checks")  # what it is for is known to who names it
    assert "copy" not in available(tmp_path, "checks")


def test_shipped_templates_have_a_first_line_that_says_what_they_do() -> None:
    found = sorted(shipped("templates").rglob("*.sql.j2"))
    assert len(found) >= 13
    for path in found:
        assert path.read_text(encoding="utf-8").startswith("{# "), path.name


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("{{ 'user' | identifier }}", '"user"'),
        ('{{ "it\'s" | literal }}', "'it''s'"),
        ("{{ ['a', 'order'] | identifiers }}", 'a, "order"'),
        ("{{ ['a', 'order'] | identifiers('r t') }}", '"r t".a, "r t"."order"'),
        ("{{ [1, 'x', true, 1.5] | map('value_literal') | join(', ') }}", "1, 'x', TRUE, 1.5"),
        ("{{ 'a, b' | wrapped }}", "    a, b"),
    ],
)
def test_filters(tmp_path: Path, text: str, result: str) -> None:
    assert render_text(tmp_path, text, {}) == result


@given(st.lists(st.from_regex(r"[a-z]{1,12}", fullmatch=True), min_size=1, max_size=60))
def test_wrapped_list_is_the_same_list(names: list[str]) -> None:
    written = identifiers(names)
    lines = wrapped(written).split("\n")
    assert " ".join(line.strip() for line in lines) == written
    assert all(line.startswith("    ") and len(line) <= 88 for line in lines)


def test_wrapped_list_never_breaks_a_name() -> None:
    names = [f"a name-with {number} blanks{'x' * 30}" for number in range(9)]
    lines = wrapped(identifiers(names)).split("\n")
    assert [line.strip().rstrip(",") for line in lines] == [identifier(name) for name in names]


@pytest.mark.parametrize(
    ("value", "written"), [(True, "TRUE"), (False, "FALSE"), (0, "0"), (-1.5, "-1.5"), ("1", "'1'")]
)
def test_value_literal(value: str | float, written: str) -> None:
    assert value_literal(value) == written


# --- SQL in the YAML -------------------------------------------------------------------------------------------------


def test_text_without_jinja_stays_as_it_is(tmp_path: Path) -> None:
    text = "SELECT '{' || a || '}' -- 100 %\n\n"
    assert render_text(tmp_path, text, {}) == text


def test_text_is_filled_in(tmp_path: Path) -> None:
    text = "SELECT a\nFROM t\n{% if vars.all %}\n{% else %}\nWHERE a > {{ vars.least }}\n{% endif %}"
    assert render_text(tmp_path, text, {"vars": {"all": False, "least": 5}}) == "SELECT a\nFROM t\nWHERE a > 5\n"


def test_text_may_import_a_template_beside_the_pipeline(tmp_path: Path) -> None:
    template(tmp_path, "dates", "{% macro day(column) %}TRUNC({{ column }}){% endmacro %}")
    text = "{% from 'dates' import day %}SELECT {{ day('ts') }} AS day"
    assert render_text(tmp_path, text, {}) == "SELECT TRUNC(ts) AS day"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a\n{{ vars.none }}", "the template asks for 'none', which is not there", 2),
        ("a\n\n{{ nothing }}", "the template asks for 'nothing', which is not there", 3),
        ("{% if %}", "the template cannot be read: Expected an expression, got 'end of statement block'", 1),
        ("a\n{{ 'x' | nofilter }}", "the template cannot be read: No filter named 'nofilter'.", 2),
        ("a\n{% for x in y %}", "the template cannot be read: ", 2),
        ("a\n{{ 1 / 0 }}", "the template text failed: division by zero", 2),
        ("a\n{{ '' | identifier }}", "the template text failed: a name has 1 to 127 bytes: ''", 2),
        ("a\n{{ ''.__class__.__mro__ }}", "a template may not do this: ", 2),
        ("a\n{{ vars.update({}) }}", "a template may not do this: ", 2),
        ("a\n{{ 5 | literal }}", "the template text failed: literal writes text, not 5: value_literal writes", 2),
        ("a\n{{ vars.x | literal }}", "the template asks for 'x', which is not there", 2),
        ("a\n{{ range(1000000) }}", "the template text failed: Range too big", 2),
        ("{% include 'nothing' %}", "there is no template 'nothing'", 1),
    ],
)
def test_text_that_cannot_be_filled_in(tmp_path: Path, text: str, message: str, line: int) -> None:
    with pytest.raises(TemplateError) as caught:
        render_text(tmp_path, text, {"vars": {"least": 5}})
    assert str(caught.value).startswith(message)
    assert (caught.value.name, caught.value.line) == ("", line)
    assert caught.value.where is None


# --- templates -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a\n{{ vars.none }}\n", "the template asks for 'none', which is not there", 2),
        ("a\nb\n{% endif %}\n", "the template cannot be read: ", 3),
        ("{{ name | identifier }}\n{{ '' | literal }}\n{{ none | literal }}", "the template own failed: ", 3),
    ],
)
def test_template_that_cannot_be_filled_in_is_told_with_its_line(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    path = template(tmp_path, "own", text)
    with pytest.raises(TemplateError) as caught:
        render(tmp_path, "own", {"vars": {}, "name": "t"})
    assert str(caught.value).startswith(message)
    where = caught.value.where
    assert where is not None
    assert (where.file, where.line, where.text) == (str(path), line, text.split("\n")[line - 1])


def test_error_in_an_imported_template_is_told_with_its_line(tmp_path: Path) -> None:
    path = template(tmp_path, "dates", "{% macro day(column) %}\n{{ column.nothing }}{% endmacro %}")
    with pytest.raises(TemplateError) as caught:
        render_text(tmp_path, "{% from 'dates' import day %}SELECT {{ day('ts') }}", {})
    assert (caught.value.name, caught.value.line) == (str(path), 2)


def test_missing_variable_is_named() -> None:
    with pytest.raises(TemplateError) as caught:
        render_text(Path(), "{{ vars.least }}", {"vars": {}})
    assert caught.value.missing == "least"


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT 1\nFROM t", "  SELECT 1\n  FROM t"),
        ("SELECT 'it''s'\nFROM t", "  SELECT 'it''s'\n  FROM t"),
        ("SELECT 'a\nb'", "SELECT 'a\nb'"),
        ("SELECT $$a\nb$$", "SELECT $$a\nb$$"),
    ],
)
def test_indented(text: str, written: str) -> None:
    assert indented(text, 2) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("public", "PUBLIC"),
        ("analyst", "analyst"),
        ("Analyst", '"Analyst"'),
        ("group readers", "GROUP readers"),
        ("role order", 'ROLE "order"'),
        ("etl@example.com", '"etl@example.com"'),
    ],
)
def test_grantee(text: str, written: str) -> None:
    assert grantee(text) == written


def test_matched() -> None:
    assert matched(["id", "end"], "order", "batch") == '"order".id = batch.id AND "order"."end" = batch."end"'
