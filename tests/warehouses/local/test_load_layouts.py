"""The same rows load to the same table, however they are written; and the real files of Sparkify load whole."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from bucket import Bucket
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.copy import parse
from engine.errors import LoadFailed
from engine.storage import Mount, Storage
from engine.warehouses.local.load import LoadTable, load

COLUMNS = "a bigint, b varchar(max), c double precision, d boolean, e super"

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
rows = st.fixed_dictionaries(
    {},
    optional={
        "a": st.none() | st.integers(-(2**63), 2**63 - 1),
        "b": st.none() | texts,
        "c": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "d": st.none() | st.booleans(),
        "e": documents,
        "other": documents,
    },
)


def lines(values: list[Any]) -> str:
    return "\n".join(json.dumps(value) for value in values)


def glued(values: list[Any]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) for value in values)


def pretty(values: list[Any]) -> str:
    return "\n\n".join(json.dumps(value, indent=1) for value in values)


def table_of(bucket: Bucket, values: list[Any]) -> list[tuple[Any, ...]]:
    def member(value: dict[str, Any], name: str) -> Any:
        found = value.get(name)
        return found if name != "e" or found is None else json.dumps(found)

    return sorted((tuple(member(value, c.name) for c in bucket.columns) for value in values), key=repr)


def loaded(bucket: Bucket) -> list[tuple[Any, ...]]:
    found = [(*row[:4], None if row[4] is None else json.dumps(json.loads(row[4]))) for row in bucket.rows()]
    return sorted(found, key=repr)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(rows, max_size=5), min_size=1, max_size=4), st.sampled_from(["", "maxerror 5"]))
def test_json_in_any_layout_gives_the_same_rows(files: list[list[Any]], options: str) -> None:
    everything = [row for file in files for row in file]
    for write in (lines, glued, pretty):
        with tempfile.TemporaryDirectory() as folder:
            bucket = Bucket(Path(folder))
            bucket.table(COLUMNS)
            for number, file in enumerate(files):
                bucket.put(f"data/{number}", write(file))
            bucket.copy(f"json 'auto' {options}")
            assert loaded(bucket) == table_of(bucket, everything)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.text("ab \"',;|\n\\%", max_size=6)), min_size=1, max_size=6))
def test_csv_gives_back_what_was_written(values: list[tuple[int, str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(values)
    for options in ("csv", "csv maxerror 3"):
        with tempfile.TemporaryDirectory() as folder:
            bucket = Bucket(Path(folder))
            bucket.table("n int, s varchar(9)")
            bucket.put("data", out.getvalue())
            bucket.copy(options)
            assert sorted(bucket.rows()) == sorted(values)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=4), min_size=1, max_size=5), st.data())
def test_a_bad_row_is_found_wherever_it_is(files: list[list[int]], data: st.DataObject) -> None:
    """Many files share one pack; the error must name the right one and the right line."""
    at = data.draw(st.integers(0, len(files) - 1))
    line = data.draw(st.integers(0, len(files[at])))
    layout = data.draw(st.sampled_from(["\n", "\n\n", ""]))
    with tempfile.TemporaryDirectory() as folder:
        bucket = Bucket(Path(folder))
        bucket.table("a int")
        for number, file in enumerate(files):
            values = [json.dumps({"a": value}) for value in file]
            if number == at:
                values.insert(line, '{"a": "x"}')
            bucket.put(f"data/{number}", layout.join(values))
        with pytest.raises(LoadFailed) as caught:
            bucket.copy()
        (error,) = caught.value.errors
        content = (bucket.folder / "data" / str(at)).read_text()
        assert error.file == f"s3://b/data/{at}"
        assert error.line == content[: content.index('{"a": "x"}')].count("\n") + 1
        assert content[error.start_offset :].startswith('{"a": "x"}')
        assert error.raw_value == "x"


def test_a_large_file_with_glued_lines_in_it_loads_whole(tmp_path: Path) -> None:
    """As `cat` makes it of files without a newline at their end: DuckDB refuses such lines, COPY does not."""
    bucket = Bucket(tmp_path)
    bucket.table("a int, b varchar(99)")
    block = "\n".join(json.dumps({"a": n, "b": "x" * 80}) for n in range(10_000))
    bucket.put("data", block + block + block)
    bucket.connection.execute("BEGIN")
    assert bucket.copy().rows == 30_000
    assert bucket.connection.execute("SELECT count(*), sum(a) FROM t").fetchall() == [(30_000, 3 * 49_995_000)]


def test_a_bad_value_among_glued_objects_is_found(tmp_path: Path) -> None:
    bucket = Bucket(tmp_path)
    bucket.table("a int, b varchar(99)")
    block = "\n".join(json.dumps({"a": n, "b": "x" * 80}) for n in range(20_000))
    bucket.put("data", block + '{"a": "y"}\n' + block)
    with pytest.raises(LoadFailed) as caught:
        bucket.copy()
    (error,) = caught.value.errors
    assert (error.line, error.start_offset, error.raw_line) == (20_000, len(block), '{"a": "y"}')
    assert bucket.rows() == []


def test_a_bad_row_of_a_large_file_is_found(tmp_path: Path) -> None:
    bucket = Bucket(tmp_path)
    bucket.table("a int, b varchar(99)")
    block = "\n".join(json.dumps({"a": n, "b": "x" * 80}) for n in range(20_000))
    bucket.put("data", block + '\n{"a": 20000000000}\n' + block)
    with pytest.raises(LoadFailed) as caught:
        bucket.copy()
    (error,) = caught.value.errors
    assert (error.line, error.column, error.code) == (20_001, "a", 1222)


EVENTS = (
    "artist varchar(512), auth varchar(32), firstname varchar(64), gender char(1), iteminsession int, "
    "lastname varchar(64), length double precision, level varchar(8), location varchar(128), method varchar(8), "
    "page varchar(32), registration bigint, sessionid int, song varchar(512), status int, ts timestamp, "
    "useragent varchar(512), userid int"
)
SONGS = (
    "song_id varchar(32), num_songs int, title varchar(512), artist_name varchar(512), "
    "artist_latitude double precision, year int, duration decimal(12;5), artist_id varchar(32), "
    "artist_longitude double precision, artist_location varchar(512)"
)


def test_the_real_sparkify_files_load(tmp_path: Path, shared_data: Path) -> None:
    bucket = Bucket(tmp_path)
    storage = Storage((Mount("s3://udacity-dend", shared_data / "sparkify"),))

    def copied(columns: str, sql: str) -> int:
        bucket.table(columns)
        return load(bucket.connection, parse(sql), LoadTable("t", "t", bucket.columns), storage).rows

    events = (
        "copy t from 's3://udacity-dend/log_data' iam_role default "
        "json 's3://udacity-dend/log_json_path.json' timeformat 'epochmillisecs'"
    )
    assert copied(EVENTS, events) == 8056
    found = bucket.connection.execute("SELECT min(ts)::VARCHAR, count(userid), count(registration) FROM t").fetchall()
    assert found == [("2018-11-01 20:57:10.796", 7770, 7770)]
    assert copied(SONGS, "copy t from 's3://udacity-dend/song_data' iam_role default json 'auto'") == 71
