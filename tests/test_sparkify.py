"""The main job, end to end on local Redshift: known tables of known data."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from engine.__main__ import _run

PROJECT = Path(__file__).resolve().parent.parent
TABLES = ("staging_events", "staging_songs", "songplays", "users", "songs", "artists", "time")


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """The shipped pipeline in a folder of its own, so that its database is a new one."""
    path = tmp_path / "home" / "sparkify.yaml"
    path.parent.mkdir()
    shutil.copy(PROJECT / "pipelines" / "sparkify.yaml", path)
    shutil.copytree(PROJECT / "pipelines" / "sparkify", path.parent / "sparkify")
    return path


def query(pipeline: Path, sql: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    capsys.readouterr()
    assert _run(["query", str(pipeline), sql, "--format", "csv"]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def counts(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    parts = [f"SELECT '{table}' AS name, COUNT(*) AS n FROM {table}" for table in TABLES]
    found = {row["name"]: int(row["n"]) for row in query(pipeline, " UNION ALL ".join(parts), capsys)}
    joined = query(pipeline, "SELECT COUNT(song_id) AS n FROM songplays", capsys)
    return {**found, "with a song": int(joined[0]["n"])}


def everything(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, list[tuple[str, ...]]]:
    """Return every row of every table, as text, sorted."""
    return {
        table: sorted(tuple(row.values()) for row in query(pipeline, f"SELECT * FROM {table}", capsys))
        for table in TABLES
    }


def test_sample_gives_the_tables_that_its_generator_counted(
    pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, str(PROJECT / "pipelines" / "generate_sparkify.py"), str(tmp_path / "again")]
    known = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert _run([str(pipeline)]) == 0
    found = counts(pipeline, capsys)
    found["songplays_with_song"] = found.pop("with a song")
    assert {name: known[name] for name in found} == found


def test_running_twice_gives_the_same_tables(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(pipeline)]) == 0
    first = everything(pipeline, capsys)
    assert all(first.values())
    assert _run([str(pipeline)]) == 0
    assert everything(pipeline, capsys) == first
    assert _run([str(pipeline), "--full-refresh"]) == 0
    assert everything(pipeline, capsys) == first


def test_no_play_is_doubled_or_lost(pipeline: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(pipeline)]) == 0
    (row,) = query(
        pipeline,
        "SELECT COUNT(*) AS n, COUNT(DISTINCT songplay_id) AS ids,"
        " (SELECT COUNT(*) FROM staging_events WHERE page = 'NextSong') AS plays FROM songplays",
        capsys,
    )
    assert row["n"] == row["ids"] == row["plays"]


def test_small_real_data_gives_the_known_results(
    pipeline: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([str(pipeline), "--mount", f"s3://udacity-dend={shared_data / 'sparkify'}"]) == 0
    assert counts(pipeline, capsys) == {
        "staging_events": 8056, "staging_songs": 71, "songplays": 6820, "with a song": 1,
        "users": 96, "songs": 71, "artists": 69, "time": 6813,
    }  # fmt: skip
    (play,) = query(
        pipeline,
        "SELECT start_time, user_id, session_id, song_id, artist_id FROM songplays WHERE song_id IS NOT NULL",
        capsys,
    )
    assert play == {
        "start_time": "2018-11-21 21:56:47.796000", "user_id": "15", "session_id": "818",
        "song_id": "SOZCTXZ12AB0182364", "artist_id": "AR5KOSW1187FB35FF4",
    }  # fmt: skip
    levels = query(pipeline, "SELECT level, COUNT(*) AS n FROM users GROUP BY level ORDER BY level", capsys)
    assert [(row["level"], row["n"]) for row in levels] == [("free", "74"), ("paid", "22")]


def test_full_real_data_gives_the_known_results(
    pipeline: Path, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tarfile.open(shared_data / "sparkify_full.tar.gz") as archive:
        archive.extractall(tmp_path / "full", filter="data")
    assert _run([str(pipeline), "--mount", f"s3://udacity-dend={tmp_path / 'full'}"]) == 0
    assert counts(pipeline, capsys) == {
        "staging_events": 8056, "staging_songs": 14896, "songplays": 6820, "with a song": 319,
        "users": 96, "songs": 14896, "artists": 9553, "time": 6813,
    }  # fmt: skip

    # Every non-ASCII title and name, byte by byte, against the files read by Python's own JSON.
    expected = {}
    for path in (tmp_path / "full" / "song_data").rglob("*.json"):
        song = json.loads(path.read_bytes())
        if not str(song["artist_name"]).isascii():
            expected[song["song_id"]] = (str(song["title"]).encode(), song["artist_name"].encode())
    staged = query(pipeline, "SELECT song_id, title, artist_name FROM staging_songs", capsys)
    found = {row["song_id"]: (row["title"].encode(), row["artist_name"].encode()) for row in staged}
    assert len(expected) > 300
    assert {song: found[song] for song in expected} == expected
    named = {row["name"] for row in query(pipeline, "SELECT name FROM artists", capsys)}
    assert {"Björk", "Sigur Rós", "Beyoncé"} & named


def test_shop_merges_and_appends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(PROJECT / "pipelines" / "shop", tmp_path / "shop", ignore=shutil.ignore_patterns(".etlrun"))
    shop = tmp_path / "shop" / "shop.yaml"
    assert _run([str(shop)]) == 0
    customers = query(shop, 'SELECT customer_id, name, country, "group" FROM customers ORDER BY customer_id', capsys)
    assert [tuple(row.values()) for row in customers] == [
        ("10", "Ada Åkerlund-Ek", "SE", "trade"),
        ("11", 'Bo "Bob" Berg', "NO", "regular"),
        ("12", "Cleo O'Hara", "IE", "new"),
    ]
    orders = query(shop, "SELECT order_id, ordered_on, amount, currency FROM orders ORDER BY order_id", capsys)
    assert [tuple(row.values()) for row in orders] == [
        ("1", "2018-11-01", "12.50", "EUR"),
        ("2", "2018-11-02", "7.99", "EUR"),
        ("4", "2018-11-03", "100.00", "EUR"),
        ("6", "2018-11-04", "3.10", "EUR"),
    ]
    notes = query(shop, "SELECT order_id, note FROM raw_orders WHERE note IS NOT NULL ORDER BY 1", capsys)
    assert [tuple(row.values()) for row in notes] == [
        ("2", 'two lines,\nand a "quote"'), ("3", "too small"), ("6", "Fjärilshaven"),
    ]  # fmt: skip

    # A later export: an order changes its amount and a new one comes; what was seen first stays.
    (tmp_path / "shop" / "bucket" / "customers" / "2018-11-05.json").write_text(
        '{"id": 11, "name": "Bo Berg", "address": {"country": "dk"}, "groups": ["gone"], "exported": 1541400000}'
    )
    assert _run([str(shop), "--var", "currency=SEK", "--var", "smallest_order=0.1"]) == 0
    (bo,) = query(shop, "SELECT name, country FROM customers WHERE customer_id = 11", capsys)
    assert tuple(bo.values()) == ("Bo Berg", "DK")
    orders = query(shop, "SELECT order_id, currency FROM orders ORDER BY order_id", capsys)
    assert [tuple(row.values()) for row in orders] == [
        ("1", "EUR"), ("2", "EUR"), ("3", "SEK"), ("4", "EUR"), ("6", "EUR"),
    ]  # fmt: skip
    loads = query(shop, "SELECT load_id, orders FROM loads ORDER BY load_id", capsys)
    assert [row["orders"] for row in loads] == ["4", "5"]
    assert len({row["load_id"] for row in loads}) == 2
