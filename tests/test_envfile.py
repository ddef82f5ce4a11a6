"""A file of variables: written for its owner alone, read back as it was, other lines left alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.envfile import default_path, read, write
from engine.errors import UsageError

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters="\x85"))


@given(st.dictionaries(NAMES, VALUES))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("env") / "aws.env"
    write(path, values)
    assert read(path) == values


def test_a_shell_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "aws.env"
    write(path, {"A": 'it\'s $HOME `x` "q" # no comment', "B": "plain"})
    script = f'. {path}; printf "%s|%s" "$A" "$B"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == 'it\'s $HOME `x` "q" # no comment|plain'


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = default_path(tmp_path, "aws")
    write(path, {"A": "1"})
    assert path == tmp_path / ".etlrun" / "aws.env"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    write(path, {"A": "2"})
    assert path.stat().st_mode & 0o777 == 0o600


def test_other_lines_stay_and_old_values_go(tmp_path: Path) -> None:
    path = tmp_path / "aws.env"
    path.write_text("# mine\nexport DWH_HOST=old\nMINE='a b'\n\nGONE=1\n")
    write(path, {"DWH_HOST": "new"}, without=("GONE",))
    assert path.read_text() == "# mine\nMINE='a b'\n\nDWH_HOST=new\n"
    assert read(path) == {"DWH_HOST": "new", "MINE": "a b"}


def test_a_file_with_nothing_left_goes(tmp_path: Path) -> None:
    path = tmp_path / "aws.env"
    write(path, {"A": "1"})
    write(path, {}, without=("A",))
    assert list(tmp_path.iterdir()) == []
    write(path, {}, without=("A",))


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "none.env") == {}


def test_values_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "aws.env"
    path.write_text('A=1 # comment\nB="two words"\n  export C=three\nnot a line\nD=\n')
    assert read(path) == {"A": "1", "B": "two words", "C": "three", "D": ""}


def test_a_quote_that_is_not_closed_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "aws.env"
    path.write_text("A=1\nB='open\n")
    with pytest.raises(UsageError, match=r"aws\.env:2: No closing quotation; write KEY=value"):
        read(path)
