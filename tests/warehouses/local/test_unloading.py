"""UNLOAD writes files that COPY can read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import WarehouseError
from engine.storage import Mount, Storage
from engine.warehouses.local.session import LocalSession, open_database

ROWS = """
insert into t values
    (1, 'x,"y"', true, '2020-01-01 10:00:00', json_parse('{"k": [1]}')), (2, null, false, null, null)
"""


@pytest.fixture
def session(tmp_path: Path) -> Iterator[LocalSession]:
    database = open_database(None, Storage((Mount("s3://b", tmp_path),)))
    opened = database.session()
    opened.execute("create table t (a int, b varchar(20), c boolean, d timestamp, e super)")
    opened.execute(ROWS)
    yield opened
    opened.close()
    database.close()


def unload(session: LocalSession, options: str, query: str = "select * from t order by a") -> int | None:
    return session.execute(f"unload ('{query}') to 's3://b/out/' iam_role default {options}").row_count


@pytest.mark.parametrize(
    ("options", "name", "content"),
    [
        ("", "0000_part_00", '1|x,"y"|t|2020-01-01 10:00:00|{"k":[1]}\n2||f||\n'),
        (
            "csv header",
            "0000_part_00",
            'a,b,c,d,e\n1,"x,""y""",t,2020-01-01 10:00:00,"{""k"":[1]}"\n2,,f,,\n',
        ),
        ("null as 'NULL' delimiter '\\t'", "0000_part_00", None),
        ("parallel off extension 'txt'", "000.txt", '1|x,"y"|t|2020-01-01 10:00:00|{"k":[1]}\n2||f||\n'),
        ("addquotes", "0000_part_00", '"1"|"x,"y""|"t"|"2020-01-01 10:00:00"|"{"k":[1]}"\n"2"||"f"||\n'),
    ],
)
def test_text(session: LocalSession, tmp_path: Path, options: str, name: str, content: str | None) -> None:
    assert unload(session, options) == 2
    expected = content or '1\tx,"y"\tt\t2020-01-01 10:00:00\t{"k":[1]}\n2\tNULL\tf\tNULL\tNULL\n'
    assert (tmp_path / "out" / name).read_text() == expected


def test_gzip_is_the_same_bytes_each_time(session: LocalSession, tmp_path: Path) -> None:
    unload(session, "csv gzip")
    first = (tmp_path / "out" / "0000_part_00.gz").read_bytes()
    unload(session, "csv gzip allowoverwrite")
    assert (tmp_path / "out" / "0000_part_00.gz").read_bytes() == first
    assert gzip.decompress(first).startswith(b"1,")


@pytest.mark.parametrize("format_", ["json", "parquet"])
def test_copy_reads_what_unload_wrote(session: LocalSession, format_: str) -> None:
    unload(session, format_, "select a, b, c, d from t")
    session.execute("create table u (a int, b varchar(20), c boolean, d timestamp)")
    session.execute(f"copy u from 's3://b/out/' iam_role default {format_}")
    one, two = (session.execute(f"select a, b, c, d from {name} order by a").rows for name in ("t", "u"))
    assert list(one) == list(two)


def test_partitions_are_folders(session: LocalSession, tmp_path: Path) -> None:
    assert unload(session, "csv partition by (a)", "select a, c from t") == 2
    files = {path.relative_to(tmp_path / "out").as_posix(): path.read_text() for path in tmp_path.rglob("*part*")}
    assert files == {"a=1/0000_part_00": "t\n", "a=2/0000_part_00": "f\n"}


def test_manifest_names_the_files(session: LocalSession, tmp_path: Path) -> None:
    unload(session, "csv manifest")
    entries = json.loads((tmp_path / "out" / "manifest").read_text())["entries"]
    assert [entry["url"] for entry in entries] == ["s3://b/out/0000_part_00"]
    assert entries[0]["meta"]["content_length"] == (tmp_path / "out" / "0000_part_00").stat().st_size


def test_cleanpath_removes_what_was_there(session: LocalSession, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("x")
    with pytest.raises(WarehouseError, match="not empty"):
        unload(session, "csv")
    unload(session, "csv cleanpath")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0000_part_00"]


@pytest.mark.parametrize(
    ("options", "sqlstate"),
    [
        ("parquet header", "42601"),
        ("json delimiter ','", "42601"),
        ("csv addquotes", "42601"),
        ("cleanpath allowoverwrite", "42601"),
        ("fixedwidth 'a:1'", "0A000"),
        ("nonsense", "42601"),
    ],
)
def test_options_that_cannot_be(session: LocalSession, options: str, sqlstate: str) -> None:
    with pytest.raises(WarehouseError) as caught:
        unload(session, options)
    assert caught.value.sqlstate == sqlstate
