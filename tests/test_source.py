from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidPipeline, Problem, Where
from engine.source import MAX_DEPTH, Document, Items, Mapping, read_document, read_text


def document(folder: Path, text: str | bytes) -> Document:
    path = folder / "p.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_document(path, "p.yaml")


def problems(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    with pytest.raises(InvalidPipeline) as caught:
        document(folder, text)
    return caught.value.problems


def problem(folder: Path, text: str | bytes) -> Problem:
    (only,) = problems(folder, text)
    return only


def underlined(where: Where) -> str:
    return where.text[where.column - 1 : where.column - 1 + where.width]


# --- the data --------------------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co"), exclude_characters="\ufeff")),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_é$ '\":#-1", max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(TREES.filter(lambda tree: tree is not None), st.sampled_from([None, True, False]))
def test_data_is_what_was_dumped(tmp_path_factory: pytest.TempPathFactory, tree: Any, flow: bool | None) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True, sort_keys=False)
    assert document(tmp_path_factory.getbasetemp(), text).data == yaml.safe_load(text) == tree


@given(st.text("01279.eE+-xo_:ab~", min_size=1, max_size=8))
def test_plain_scalars_follow_the_core_schema(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """An oracle of its own: YAML 1.2.2, 10.3.2, without .inf and .nan, which no pipeline means."""
    try:
        parsed = yaml.compose(f"- {text}\n", yaml.SafeLoader)
    except yaml.YAMLError:
        return
    node = parsed.value[0]
    if not isinstance(node, yaml.ScalarNode) or node.value != text:
        return
    found = document(tmp_path_factory.getbasetemp(), f"- {text}\n").data[0]
    digits = text.lstrip("+-") if text[0] in "+-" and text[1:2] not in "+-" else text
    if text == "~":
        assert found is None
    elif digits.isdecimal():
        assert found == int(text)
        assert type(found) is int
    elif text[:2] in ("0x", "0o") and text[2:3] != "_":
        assert isinstance(found, (int, str))
    elif isinstance(found, float):
        assert found == float(text)
        assert set(text) & set(".eE")
    else:
        assert found == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("No", "No"),
        ("2018-11-01", "2018-11-01"),
        ("12:30:00", "12:30:00"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-7", -7),
        ("+7", 7),
        (".", "."),
        ("-", [None]),
        ("1.2.3", "1.2.3"),
        ("0b1", "0b1"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1e999", "1e999"),
        ("true", True),
        ("TRUE", True),
        ("tRUE", "tRUE"),
        ("~", None),
        ("Null", None),
        ("", None),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("9" * 41, "9" * 41),
        ("'x''y'", "x'y"),
        ("=", "="),
    ],
)
def test_scalar_means(tmp_path: Path, written: str, meant: object) -> None:
    found = document(tmp_path, f"key: {written}\n" if written != "-" else "key:\n  -\n").data["key"]
    assert found == meant
    assert type(found) is type(meant) or isinstance(found, list)


def test_containers_carry_marks(tmp_path: Path) -> None:
    data = document(tmp_path, "a: {b: [1, 2]}\n").data
    assert isinstance(data["a"], Mapping)
    assert isinstance(data["a"]["b"], Items)
    assert data["a"].marks == {"b": ((0, 4, 1), (0, 7, 6))}
    assert data["a"]["b"].marks == [(0, 8, 1), (0, 11, 1)]


def test_byte_order_mark_and_windows_line_ends_leave_no_trace(tmp_path: Path) -> None:
    found = document(tmp_path, b"\xef\xbb\xbfa: 1\r\nsql: |\r  SELECT 1\r\n  FROM t\r")
    assert found.data == {"a": 1, "sql": "SELECT 1\nFROM t\n"}
    assert found.lines[0] == "a: 1"
    assert found.key(["a"]).column == 1


@pytest.mark.parametrize("key", ["0x10", "1e3", "True", "~", "007"])
def test_key_is_named_as_it_was_written(tmp_path: Path, key: str) -> None:
    assert list(document(tmp_path, f"{key}: 1\n").data) == [key]


# --- aliases and merge keys ------------------------------------------------------------------------------------------


def test_alias_is_the_value_of_its_anchor(tmp_path: Path) -> None:
    found = document(tmp_path, "a: &a {x: 1}\nb: *a\nc: &c text\nd: *c\n")
    assert found.data == {"a": {"x": 1}, "b": {"x": 1}, "c": "text", "d": "text"}
    assert found.value(["b"]).line == 2
    assert found.key(["b", "x"]).line == 1


def test_anchor_used_again_means_its_latest_value(tmp_path: Path) -> None:
    assert document(tmp_path, "a: &x 1\nb: *x\nc: &x 2\nd: *x\n").data == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_own_keys_go_before_merged_ones(tmp_path: Path) -> None:
    found = document(tmp_path, "base: &b {x: 1, y: 1}\nt:\n  <<: *b\n  y: 2\n")
    assert found.data["t"] == {"x": 1, "y": 2}
    assert found.key(["t", "y"]).line == 4
    assert found.key(["t", "x"]).line == 1


def test_merged_keys_stand_where_the_merge_stands(tmp_path: Path) -> None:
    base = "base: &b {id: 1, at: 2}\n"
    assert list(document(tmp_path, f"{base}t:\n  <<: *b\n  z: 3\n").data["t"]) == ["id", "at", "z"]
    assert list(document(tmp_path, f"{base}t:\n  z: 3\n  <<: *b\n").data["t"]) == ["z", "id", "at"]


def test_of_several_merged_mappings_the_first_wins(tmp_path: Path) -> None:
    text = "a: &a {x: a}\nb: &b {x: b, y: b}\nt: {<<: [*a, *b]}\nu: {<<: *a, <<: *b}\n"
    found = document(tmp_path, text).data
    assert found["t"] == found["u"] == {"x": "a", "y": "b"}


def test_quoted_merge_sign_is_a_key(tmp_path: Path) -> None:
    assert document(tmp_path, "'<<': 1\n").data == {"<<": 1}


@pytest.mark.parametrize("value", ["5", "[1]", "*s"])
def test_merge_of_no_mapping(tmp_path: Path, value: str) -> None:
    said = problem(tmp_path, f"s: &s text\nt:\n  <<: {value}\n")
    assert said.message == "'<<' takes a mapping"
    assert str(said.where).startswith("p.yaml:3:")


# --- places ----------------------------------------------------------------------------------------------------------


def places(found: Document, path: tuple[Any, ...], node: Any) -> list[tuple[Where, Any]]:
    """Return each key and each scalar of a document with the place that it is said to have."""
    listed: list[tuple[Where, Any]] = []
    items = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, Items) else ()
    for key, value in items:
        if isinstance(node, Mapping):
            listed.append((found.key((*path, key)), key))
        if not isinstance(value, (Mapping, Items)):
            listed.append((found.value((*path, key)), value))
        listed += places(found, (*path, key), value)
    return listed


WORDS = st.text("abcxyzé", min_size=1, max_size=5).filter(lambda word: word not in ("null", "true", "false"))
SIMPLE_TREES = st.recursive(
    WORDS | st.text("ab '\"#:,]}é", max_size=8) | st.integers(0, 999),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(WORDS, inner, min_size=1, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, SIMPLE_TREES, min_size=1), st.sampled_from([None, True, False]))
def test_every_mark_points_at_its_own_text(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, Any], flow: bool | None
) -> None:
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True, width=10_000)
    found = document(tmp_path_factory.getbasetemp(), text)
    for where, value in places(found, (), found.data):
        assert where.text == text.split("\n")[where.line - 1]
        assert yaml.safe_load(underlined(where)) == value


@pytest.mark.parametrize(
    ("text", "path", "shown"),
    [
        ("a: one, two\n", ["a"], "one, two"),
        ("a: [one, two]  # why\n", ["a"], "[one, two]"),
        ("a: {b: [c, d]}\n", ["a"], "{b: [c, d]}"),
        ("a: {b: [c, d]}\n", ["a", "b"], "[c, d]"),
        ("a: {b: 'x, }', c: 1}\n", ["a"], "{b: 'x, }', c: 1}"),
        ('a: "b\\"c" # d\n', ["a"], '"b\\"c"'),
        ("a: 'it''s'\n", ["a"], "'it''s'"),
        ("a: [one, two]\n", ["a", 1], "two"),
        ("a: [one,\n  two]\n", ["a"], "[one,"),
        ("a:\n  b: 1\n", ["a"], "b: 1"),
        ("a: &x 5\n", ["a"], "&x 5"),
        ("a: 'open\n  end'\n", ["a"], "'open"),
        ("a: b  # c\n", ["a"], "b"),
    ],
)
def test_value_is_underlined(tmp_path: Path, text: str, path: list[str | int], shown: str) -> None:
    assert underlined(document(tmp_path, text).value(path)) == shown


@pytest.mark.parametrize(("text", "shown"), [("abc: 1\n", "abc"), ("'a b': 1\n", "'a b'"), ('"a": 1\n', '"a"')])
def test_key_is_underlined(tmp_path: Path, text: str, shown: str) -> None:
    found = document(tmp_path, text)
    assert underlined(found.key(list(found.data))) == shown


def test_path_that_is_not_there_gives_the_nearest_place(tmp_path: Path) -> None:
    found = document(tmp_path, "a:\n  b: 1\n")
    assert str(found.key(["a", "nothing"])) == "p.yaml:1:1"
    assert str(found.value(["a", "b", "deeper"])) == "p.yaml:2:6"
    assert str(found.key([])) == "p.yaml:1:1"


# --- texts of many lines ---------------------------------------------------------------------------------------------

LITERAL = "t:\n  sql: {}\n    SELECT a\n\n      FROM foo\n"


@pytest.mark.parametrize("sign", ["|", "|-", "|+", "| # why", "&q |", "!!str |", "|2"])
def test_line_and_column_of_a_literal_block(tmp_path: Path, sign: str) -> None:
    text = LITERAL.format(sign)
    found = document(tmp_path, text).text(["t", "sql"])
    rows = found.content.split("\n")
    for number, row in enumerate(rows, start=1):
        for word in row.split():
            where = found.at(number, row.index(word) + 1, len(word))
            assert underlined(where) == word
            assert where.line == 2 + number


def test_line_and_column_of_a_literal_block_after_blank_lines(tmp_path: Path) -> None:
    found = document(tmp_path, "sql: |\n\n\n  SELECT a\n").text(["sql"])
    assert found.content == "\n\nSELECT a\n"
    assert underlined(found.at(3, 8)) == "a"


@pytest.mark.parametrize("written", ["{}", "'{}'", '"{}"', "&q {}", "!!str '{}'"])
def test_column_of_a_text_in_one_line(tmp_path: Path, written: str) -> None:
    found = document(tmp_path, f"sql: {written.format('SELECT a FROM foo')}\n").text(["sql"])
    assert underlined(found.at(1, 15, 3)) == "foo"


@pytest.mark.parametrize(
    "written",
    [
        ">\n  SELECT a\n  FROM foo",
        "SELECT a\n  FROM foo",
        "'SELECT a\n  FROM foo'",
        "'SELECT ''a'' FROM foo'",
        '"SELECT \\x61 FROM foo"',
    ],
)
def test_text_whose_columns_are_not_the_file_s_is_pointed_at_where_it_begins(tmp_path: Path, written: str) -> None:
    found = document(tmp_path, f"sql: {written}\n").text(["sql"])
    where = found.at(1, 15, 3)
    assert str(where) == "p.yaml:1:6"
    assert where.column <= len(where.text)


def test_text_of_an_alias_is_pointed_at_at_the_alias(tmp_path: Path) -> None:
    found = document(tmp_path, "x: &q |\n  SELECT a\n  FROM foo\nsql: *q\nlast: 1\n").text(["sql"])
    assert str(found.at(2, 6, 3)) == "p.yaml:4:6"


def test_line_after_the_end_of_the_file_gives_the_beginning(tmp_path: Path) -> None:
    found = document(tmp_path, "sql: |\n  SELECT a\n").text(["sql"])
    assert found.at(9, 1).line == 2


def test_plain_text_file(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_bytes(b"SELECT a\r\n  FROM foo\r\n")
    found = read_text(tmp_path / "q.sql", "sql/q.sql")
    assert found.content == "SELECT a\n  FROM foo\n"
    where = found.at(2, 8, 3)
    assert str(where) == "sql/q.sql:2:8"
    assert underlined(where) == "foo"


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "place", "hint"),
    [
        ("", "the file is empty", "1:1", "a pipeline starts with 'version: 1' and 'name: …'"),
        ("# nothing\n", "the file is empty", "1:1", "a pipeline starts"),
        ("---\n", "the file is empty", "1:1", "a pipeline starts"),
        ("a: 1\n---\nb: 2\n", "a second YAML document", "2:1", "one pipeline a file; take out the '---'"),
        ("a: 1\nb: 2\na: 3\n", "the key 'a' is here twice", "3:1", "it stands first in line 1"),
        ("a: !secret x\n", "the tag '!secret' is not known", "1:4", "take it out"),
        ("a: !!python/name:os.system x\n", "the tag '!!python/name:os.system' is not known", "1:4", "take it out"),
        ("a: !!set {x}\n", "the tag '!!set' is not known", "1:4", "take it out"),
        ("a: !x [1]\n", "the tag '!x' is not known", "1:4", "take it out"),
        ("? [a]\n: 1\n", "a key must be text", "1:3", "quote it, or take out the '?'"),
        ("a: *nix\n", "'*nix' refers to no anchor", "1:4", "mark one with &nix"),
        ("b: &c 1\nd: &e 2\na: *nix\n", "'*nix' refers to no anchor", "3:4", "anchors are *c, *e"),
        ("a: &x {b: *x}\n", "'*x' stands inside of what it refers to", "1:11", "an alias may not contain itself"),
        ("a:\n\tb: 1\n", "a tab in the indentation", "2:1", "YAML is indented with spaces"),
        ("a: b: c\n", "a ':' where no key can be", "1:5", "quote the text, or check the indentation"),
        ("a: 1\nb\nc: 2\n", "a key without its ':'", "2:1", "write 'key: value', or quote the text"),
        ("a: {b: 1\nc: 2\n", "a '{' that is not closed, or a ',' missing", "1:4", "write {key: value}"),
        ("a: [b, c\nd: 2\n", "a '[' that is not closed, or a ',' missing", "1:4", "write [one, two]"),
        ("a: 'b\nc: 2\n", "a quote that is not closed", "1:4", "close it, or double it inside of the text"),
        ('a: "b\nc: 2\n', "a quote that is not closed", "1:4", "close it"),
        ("a:\n    b: 1\n  c: 2\n", "the indentation does not fit", "3:3", "keys of one mapping start in one column"),
        ("a: @b\n", "a character that cannot start a value", "1:4", "quote the text"),
        ("a: %b\n", "a character that cannot start a value", "1:4", "quote the text"),
        ('a: "\\d+"\n', "an unknown escape", "1:5", "inside \"…\" write \\\\ for a backslash, or use '…'"),
        ("a: 1\nb: x\x07y\n", "a character that YAML does not allow", "2:5", ""),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str, place: str, hint: str) -> None:
    said = problem(tmp_path, text)
    assert said.message == message
    assert str(said.where) == f"p.yaml:{place}"
    assert said.hint.startswith(hint)
    assert bool(said.hint) == bool(hint)


def test_all_duplicate_keys_are_told(tmp_path: Path) -> None:
    said = problems(tmp_path, "a: 1\na: 2\nb: {c: 1, c: 2}\n")
    assert [str(each.where) for each in said] == ["p.yaml:2:1", "p.yaml:3:11"]


def test_not_utf8(tmp_path: Path) -> None:
    said = problem(tmp_path, b"a: 1\nb: caf\xe9\n")
    assert said.message == "the file is not UTF-8"
    assert str(said.where) == "p.yaml:2:7"
    assert said.hint == "save it as UTF-8"


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    document(tmp_path, "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    said = problem(tmp_path, "[" * 500 + "]" * 500)
    assert said.message == f"more than {MAX_DEPTH} levels deep"
    assert str(said.where) == f"p.yaml:1:{MAX_DEPTH + 1}"


def test_nesting_that_libyaml_itself_refuses_is_told_alike(tmp_path: Path) -> None:
    said = problem(tmp_path, "[" * 10_000 + "]" * 10_000)
    assert said.message == f"more than {MAX_DEPTH} levels deep"


def test_bomb_is_refused(tmp_path: Path) -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    said = problem(tmp_path, "\n".join(rows) + "\n")
    assert said.message == "the aliases of this file expand to more than a million values"
    assert said.hint == "write the values out"


def test_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "sparkify.yaml").write_text("a: 1\n")
    with pytest.raises(InvalidPipeline) as caught:
        read_document(tmp_path / "sparkfy.yaml", "sparkfy.yaml")
    (said,) = caught.value.problems
    assert said.message == "cannot read sparkfy.yaml: No such file or directory"
    assert said.hint == f"in {tmp_path} there is sparkify.yaml"


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidPipeline) as caught:
        read_document(tmp_path, "folder")
    (said,) = caught.value.problems
    assert said.message == "cannot read folder: Is a directory"
    assert said.hint == "name a pipeline file, not a folder"


def test_missing_file_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidPipeline) as caught:
        read_document(tmp_path / "p.yaml", "p.yaml")
    assert caught.value.problems[0].hint == "check the path"


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.text("ab:-[]{}&*!|>'\"%@,#? \n\t", max_size=60))
def test_any_text_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        found = document(tmp_path_factory.getbasetemp(), text)
    except InvalidPipeline as error:
        for said in error.problems:
            assert said.message
            assert said.where is not None
            assert 1 <= said.where.line <= max(1, len(text.replace("\r", "\n").split("\n")))
            assert said.where.column >= 1
    else:
        assert found.data is not None
