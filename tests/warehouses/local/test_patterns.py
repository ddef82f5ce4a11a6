"""LIKE, SIMILAR TO and TO_CHAR, where PostgreSQL, their ancestor, is there to compare with."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.storage import Storage
from engine.warehouses.local.session import LocalSession, open_database

LETTERS = "ab%_c"
FIELDS = ("YYYY", "YY", "MM", "Mon", "MONTH", "DD", "DDD", "Day", "dy", "D", "ID", "HH24", "HH12", "MI", "SS", "MS",
          "US", "AM", "pm", "Q", "WW", "W", "IW", "IYYY", "CC", "J", "FMDD", "FMMonth")  # fmt: skip


def _server() -> str | None:
    found = shutil.which("postgres") or next(
        (str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), reverse=True)), None
    )
    return found if shutil.which("psql") and found else None


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    return "nobody" if os.geteuid() == 0 else None


class Oracle:
    """A PostgreSQL in single-user mode: one process for one batch of queries."""

    def __init__(self, server: str, folder: Path) -> None:
        self.server, self.folder = server, folder

    def ask(self, expressions: list[str]) -> list[str]:
        script = "\n".join(f"select '<' || ({expression})::text || '>' as x" for expression in expressions) + "\n"
        done = subprocess.run(
            [self.server, "--single", "-D", str(self.folder), "postgres"],
            input=script, capture_output=True, text=True, timeout=120, check=False, user=_user(),
        )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if 'x = "<' in line]
        return [line.split('x = "<', 1)[1].rsplit('>"', 1)[0] for line in lines]


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    server = _server()
    if server is None:
        pytest.skip("PostgreSQL is not installed: nothing to compare with")
    initdb = Path(server).resolve().with_name("initdb")
    with tempfile.TemporaryDirectory() as folder:
        if _user() is not None:
            shutil.chown(folder, _user())
        made = subprocess.run(
            [str(initdb), "-D", folder, "-E", "UTF8", "--locale=C", "-N"],
            capture_output=True,
            text=True,
            check=False,
            user=_user(),
        )
        if made.returncode:
            pytest.skip(f"initdb does not run here: {made.stderr.strip().splitlines()[-1:]}")
        yield Oracle(server, Path(folder))


@pytest.fixture(scope="module")
def session() -> Iterator[LocalSession]:
    database = open_database(None, Storage())
    yield database.session()
    database.close()


def ask(session: LocalSession, expressions: list[str]) -> list[str]:
    outcome = session.execute("select " + ", ".join(f"({one})::varchar(100)" for one in expressions))
    return [str(value) for value in outcome.rows[0]]


@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(st.text("abc", max_size=4), st.text(LETTERS, max_size=4)), min_size=8, max_size=12))
def test_like_agrees(oracle: Oracle, session: LocalSession, pairs: list[tuple[str, str]]) -> None:
    expressions = [f"case when '{text}' like '{pattern}' then 'yes' else 'no' end" for text, pattern in pairs]
    assert ask(session, expressions) == oracle.ask(expressions)


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("ab.", max_size=4),
            st.lists(st.sampled_from(["a", "b", ".", "%", "_", "(a|b)", "[ab]", "a*", "b+", "a?", "b{2}"]), max_size=4),
        ),
        min_size=8,
        max_size=12,
    )
)
def test_similar_to_agrees(oracle: Oracle, session: LocalSession, pairs: list[tuple[str, list[str]]]) -> None:
    expressions = [f"case when '{t}' similar to '{''.join(p)}' then 'yes' else 'no' end" for t, p in pairs]
    assert ask(session, expressions) == oracle.ask(expressions)


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.datetimes(min_value=dt.datetime(1583, 1, 1), max_value=dt.datetime(2999, 12, 31)),
            st.lists(st.sampled_from(FIELDS), min_size=1, max_size=3),
        ),
        min_size=8,
        max_size=12,
    )
)
def test_to_char_agrees(oracle: Oracle, session: LocalSession, pairs: list[tuple[dt.datetime, list[str]]]) -> None:
    expressions = [f"to_char(timestamp '{moment}', '{'-'.join(fields)}')" for moment, fields in pairs]
    assert ask(session, expressions) == oracle.ask(expressions)


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-99999, 99999),
            st.sampled_from(
                [
                    "999,999.99",
                    "FM999999.99",
                    "000000.0",
                    "S99999.9",
                    "99999.99MI",
                    "99999.99PR",
                    "99999",
                    "9.9",
                    "FM0.00",
                ]
            ),
        ),
        min_size=8,
        max_size=12,
    )
)
def test_to_char_of_numbers_agrees(oracle: Oracle, session: LocalSession, pairs: list[tuple[int, str]]) -> None:
    expressions = [f"to_char(({number / 100})::decimal(10,2), '{pattern}')" for number, pattern in pairs]
    assert ask(session, expressions) == oracle.ask(expressions)
