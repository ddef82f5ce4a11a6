from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.environment import expand, expand_variables, fill, resolve
from engine.errors import InvalidPipeline, Where
from engine.model import Mount, Secret, Target

WHERE = Where("p.yaml", 4, 3)
HOST = Where("p.yaml", 6, 11)
AWS = Target(
    name="aws",
    warehouse="redshift",
    where=WHERE,
    host="${HOST}",
    port="${PORT:-5439}",
    database="${DB:-dev}",
    user="${USER_NAME}",
    password=Secret("${PASSWORD}"),
    iam_role="${ROLE:-default}",
    work="${WORK}",
    places={"host": HOST},
)
SET = {"HOST": "h", "USER_NAME": "u", "PASSWORD": "p4ss", "WORK": "s3://w/x/"}

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,3}", fullmatch=True)
PIECES = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="$")),
    st.tuples(NAMES, st.none() | st.text("ab $:-{é", max_size=3)),
)


@given(st.lists(PIECES), st.dictionaries(NAMES, st.text(max_size=3)))
def test_expand_against_a_plain_reading(pieces: list[str | tuple[str, str | None]], environ: dict[str, str]) -> None:
    written, meant, unset = "", "", []
    for piece in pieces:
        if isinstance(piece, str):
            written, meant = written + piece, meant + piece
            continue
        name, default = piece
        reference = f"${{{name}}}" if default is None else f"${{{name}:-{default}}}"
        written += reference
        if default is None:
            meant += environ.get(name, reference)
            unset += [] if name in environ else [name]
        else:
            meant += environ.get(name) or default
    assert expand(written, environ) == (meant, tuple(unset))


@pytest.mark.parametrize(
    ("text", "result", "unset"),
    [
        ("plain $HOME {X} $ {", "plain $HOME {X} $ {", ()),
        ("${A}-${A}", "1-1", ()),
        ("${B}", "${B}", ("B",)),
        ("${B:-}", "", ()),
        ("${EMPTY:-x}", "x", ()),
        ("${EMPTY}", "", ()),
        ("${B:-${A}}", "${A}", ()),
        ("${1A} ${A B}", "${1A} ${A B}", ()),
    ],
)
def test_expand(text: str, result: str, unset: tuple[str, ...]) -> None:
    if text == "${B:-${A}}":
        assert expand(text, {"A": "1"})[0] == "${A}"  # a default is text
        return
    assert expand(text, {"A": "1", "EMPTY": ""}) == (result, unset)


def test_value_is_not_expanded_again() -> None:
    assert expand("${A}", {"A": "${B}", "B": "x"}) == ("${B}", ())


def test_resolve_puts_every_setting_in() -> None:
    found = resolve(AWS, SET)
    assert (found.host, found.port, found.database, found.user) == ("h", "5439", "dev", "u")
    assert (found.password.reveal(), found.iam_role, found.work) == ("p4ss", "default", "s3://w/x")
    assert isinstance(found.password, Secret)
    assert "p4ss" not in repr(found)


def test_resolve_tells_every_variable_that_is_unset() -> None:
    with pytest.raises(InvalidPipeline) as caught:
        resolve(AWS, {"PASSWORD": "p"})
    host, *others = sorted(caught.value.problems, key=lambda problem: "HOST" not in problem.message)
    assert host.message == "the environment variable HOST is not set"
    assert host.where == HOST
    assert host.hint == "set it before the run, or give a default: ${HOST:-…}"
    assert [(other.message, other.where) for other in others] == [
        (f"the environment variable {name} is not set", WHERE) for name in ("USER_NAME", "WORK")
    ]


def test_fill_leaves_what_is_unset() -> None:
    found = fill(AWS, {"HOST": "h"})
    assert (found.host, found.user, found.password.reveal(), found.work) == (
        "h",
        "${USER_NAME}",
        "${PASSWORD}",
        "${WORK}",
    )


def test_mounts_are_filled() -> None:
    target = replace(AWS, mounts=(Mount("s3://${B}", "${FOLDER:-raw}"),))
    assert fill(target, {"B": "bucket"}).mounts == (Mount("s3://bucket", "raw"),)


@pytest.mark.parametrize(
    ("variable", "value", "message", "hint"),
    [
        ("PORT", "x", "'port' is 'x'", "expected a number, such as 5439"),
        ("WORK", "my-bucket", "'work' is 'my-bucket'", "expected an S3 prefix: s3://bucket/prefix"),
        ("WORK", "s3://", "'work' is 's3:'", "expected an S3 prefix: s3://bucket/prefix"),
    ],
)
def test_resolve_checks_what_a_variable_brings(variable: str, value: str, message: str, hint: str) -> None:
    with pytest.raises(InvalidPipeline) as caught:
        resolve(AWS, {**SET, variable: value})
    (said,) = caught.value.problems
    assert (said.message, said.hint, said.where) == (message, hint, WHERE)


@pytest.mark.parametrize("setting", ["host", "user", "work"])
def test_resolve_names_a_variable_that_is_empty(setting: str) -> None:
    variable = {"host": "HOST", "user": "USER_NAME", "work": "WORK"}[setting]
    with pytest.raises(InvalidPipeline) as caught:
        resolve(AWS, {**SET, variable: ""})
    (problem,) = caught.value.problems
    assert problem.message == f"the environment variable {variable} is empty"
    assert problem.where == (HOST if setting == "host" else WHERE)
    assert problem.hint == f"'{setting}' needs a value: set it before the run"


def test_setting_may_be_empty_where_it_is_not_needed() -> None:
    secret = replace(AWS, secret="arn:x", user="${USER_NAME}", password=Secret(""))
    assert resolve(secret, {**SET, "USER_NAME": ""}).user == ""
    assert resolve(replace(AWS, region="${REGION}"), {**SET, "REGION": ""}).region == ""


def test_local_target_needs_no_environment() -> None:
    target = Target(name="local", warehouse="local", where=WHERE, database=":memory:", work="s3://etlrun-work")
    assert resolve(target, {}) == target


def test_variables_take_the_environment() -> None:
    declared = {"a": ("${A}", WHERE), "n": (5, WHERE), "b": (True, WHERE), "c": ("${C}/${D:-d}", HOST)}
    values, problems = expand_variables(declared, {"A": "x"})
    assert values == {"a": "x", "n": 5, "b": True, "c": "${C}/d"}
    (said,) = problems
    assert said.message == "the environment variable C is not set"
    assert said.where == HOST


def test_secret_shows_itself_to_nobody_who_prints_it() -> None:
    secret = Secret("p4ss")
    assert {str(secret), f"{secret}", f"{secret:>20}", "%s" % secret, "{}".format(secret)} == {"***"}  # noqa: UP031, UP032
    assert repr(secret) == "'***'"
    assert repr({"password": secret}) == "{'password': '***'}"
    assert secret.reveal() == "p4ss"
    assert type(secret.reveal()) is str
