"""The generator of the Sparkify example: same bytes, known results, and every quirk in the committed sample."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.generate_sparkify import LOG_KEYS, generate, main

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "pipelines" / "sparkify"
SONG_KEYS = [
    "num_songs", "artist_id", "artist_latitude", "artist_longitude", "artist_location", "artist_name", "song_id",
    "title", "duration", "year",
]  # fmt: skip
MEGABYTE = 1_000_000

SONG_TEXTS = {path: path.read_text("ascii") for path in sorted((SAMPLE / "song_data").rglob("*.json"))}
LOG_TEXTS = {path: path.read_text("ascii") for path in sorted((SAMPLE / "log_data").rglob("*.json"))}
SONGS: list[dict[str, Any]] = [json.loads(text) for text in SONG_TEXTS.values()]
LINES = [line for text in LOG_TEXTS.values() for line in text.split("\n")]
EVENTS: list[dict[str, Any]] = [json.loads(line) for line in LINES]
PLAYS = [event for event in EVENTS if event["page"] == "NextSong"]
TRIPLES = Counter((str(song["title"]), str(song["artist_name"]), song["duration"]) for song in SONGS)


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join(name.encode() + content for name, content in files(folder).items())).hexdigest()


def recount(folder: Path) -> dict[str, int]:
    """Count the results from the files alone."""
    songs, events = (
        [json.loads(line) for path in (folder / part).rglob("*.json") for line in path.read_text("ascii").split("\n")]
        for part in ("song_data", "log_data")
    )
    plays = [event for event in events if event["page"] == "NextSong"]
    triples = {(str(song["title"]), str(song["artist_name"]), song["duration"]) for song in songs}
    return {
        "staging_events": len(events),
        "staging_songs": len(songs),
        "songplays": len(plays),
        "songplays_with_song": sum((play["song"], play["artist"], play["length"]) in triples for play in plays),
        "users": len({play["userId"] for play in plays}),
        "songs": len({song["song_id"] for song in songs}),
        "artists": len({song["artist_id"] for song in songs}),
        "time": len({play["ts"] for play in plays}),
    }


def test_generate_gives_the_committed_sample(tmp_path: Path) -> None:
    counts = generate(tmp_path)
    assert files(tmp_path) == files(SAMPLE)
    assert asdict(counts) == recount(SAMPLE)


def test_generate_counts_large_files_too(tmp_path: Path) -> None:
    counts = generate(tmp_path, songs=2_500, events=20_000, days=3, seed=7, songs_per_file=1_000)
    assert asdict(counts) == recount(tmp_path)
    assert counts.staging_events == 20_000
    assert len(list((tmp_path / "song_data").rglob("*.json"))) == 3
    assert len(list((tmp_path / "log_data").rglob("*.json"))) == 3


@pytest.mark.parametrize(("songs", "events", "days"), [(1, 1, 1), (2, 3, 5), (9, 300, 1)])
def test_generate_small(tmp_path: Path, songs: int, events: int, days: int) -> None:
    assert asdict(generate(tmp_path, songs, events, days)) == recount(tmp_path)


def test_generate_gives_the_bytes_of_its_seed(tmp_path: Path) -> None:
    generate(tmp_path / "a", songs=20, events=200, days=2, seed=5)
    generate(tmp_path / "b", songs=20, events=200, days=2, seed=6)
    assert digest(tmp_path / "a") == "75d02d7edfd01bd1eb428d77d24aaa9ceaa08493643322e034f6c2d397c29015"
    assert digest(tmp_path / "b") != digest(tmp_path / "a")


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_generate_does_not_depend_on_the_hash_seed(tmp_path: Path, hash_seed: str) -> None:
    subprocess.run(
        [sys.executable, str(ROOT / "pipelines" / "generate_sparkify.py"), str(tmp_path / "s")],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert digest(tmp_path / "s") == digest(SAMPLE)


def test_main_prints_the_known_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path / "s"), "--songs", "4", "--events", "30", "--days", "2"])
    assert json.loads(capsys.readouterr().out) == recount(tmp_path / "s")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--songs", "0"], "songs, events, days and songs per file are 1 at least"),
        (["--events", "2000001", "--days", "2"], "a day holds 1,000,000 events at most: give 3 days or more"),
    ],
)
def test_main_refuses(tmp_path: Path, options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path / "s"), *options])
    assert words in capsys.readouterr().err


def test_main_writes_into_no_bucket_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "song_data").mkdir()
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "song_data exists already: give a new folder, or remove it first" in capsys.readouterr().err


def test_sample_stays_small() -> None:
    assert len(SONG_TEXTS) == 60
    assert len(LOG_TEXTS) == 10
    assert 1_500 <= len(EVENTS) <= 2_500
    assert sum(len(content) for content in files(SAMPLE).values()) <= MEGABYTE


def test_sample_is_laid_out_as_the_real_bucket() -> None:
    for path, text in SONG_TEXTS.items():
        folder = path.relative_to(SAMPLE).parent.as_posix()
        assert re.fullmatch(r"TR[A-Z]{5}128F[0-9A-F]{7}", path.stem)
        assert folder == f"song_data/{path.stem[2]}/{path.stem[3]}/{path.stem[4]}"
        assert "\n" not in text
        assert list(json.loads(text)) == SONG_KEYS
    for path, text in LOG_TEXTS.items():
        assert re.fullmatch(r"log_data/2018/11/2018-11-\d\d-events\.json", path.relative_to(SAMPLE).as_posix())
        assert not text.endswith("\n")
        times = [json.loads(line)["ts"] for line in text.split("\n")]
        assert times == sorted(times)
        assert {f"{datetime.fromtimestamp(ts // 1000, UTC):%Y-%m-%d}" for ts in times} == {path.stem[:10]}
    assert all(tuple(event) == LOG_KEYS for event in EVENTS)
    paths = json.loads((SAMPLE / "log_json_path.json").read_text("ascii"))
    assert paths == {"jsonpaths": [f"$['{key}']" for key in LOG_KEYS]}


def levels() -> dict[str, set[str]]:
    found = defaultdict(set)
    for play in PLAYS:
        found[play["userId"]].add(play["level"])
    return found


def names() -> dict[str, set[tuple[str, str]]]:
    found = defaultdict(set)
    for song in SONGS:
        found[song["artist_id"]].add((str(song["artist_name"]), str(song["artist_location"])))
    return found


def decoded(text: str) -> str:
    return text.encode("latin-1").decode().encode("latin-1").decode()


def double_encoded(text: str) -> bool:
    return not text.isascii() and not decoded(text).isascii()


def repaired(play: dict[str, Any]) -> tuple[str, str, float]:
    return decoded(play["song"]), decoded(play["artist"]), play["length"]


def known(play: dict[str, Any]) -> bool:
    return (play["song"], play["artist"], play["length"]) in TRIPLES


NULL_WHEN_OUT = ("firstName", "lastName", "gender", "location", "registration", "userAgent")
PAIRS = Counter((str(song["title"]), str(song["artist_name"])) for song in SONGS)
QUIRKS: dict[str, Callable[[], object]] = {
    "logged-out rows have no user": lambda: [
        event for event in EVENTS
        if event["userId"] == "" and event["auth"] == "Logged Out" and all(event[key] is None for key in NULL_WHEN_OUT)
    ],
    "users change level": lambda: [user for user, found in levels().items() if len(found) == 2],
    "a user never plays": lambda: {e["userId"] for e in EVENTS} - {e["userId"] for e in PLAYS} - {""},
    "registration has a fraction of zero": lambda: re.search(r'"registration":15\d{11}\.0,', LINES[0]),
    "user agents hold quotes": lambda: [e for e in EVENTS if (e["userAgent"] or "").startswith('"Mozilla')],
    "user agents hold none": lambda: [e for e in EVENTS if (e["userAgent"] or "").startswith("Mozilla")],
    "slashes are escaped": lambda: r"Mozilla\/5.0" in LINES[0] and not re.search(r"[^\\]/", "".join(LINES)),
    "titles are double-encoded in the log": lambda: [e for e in PLAYS if double_encoded(e["song"])],
    "artists are double-encoded in the log": lambda: [e for e in PLAYS if double_encoded(e["artist"])],
    "such plays would match a song": lambda: [e for e in PLAYS if not e["song"].isascii() and repaired(e) in TRIPLES],
    "a title is a whole number": lambda: [s for s in SONGS if isinstance(s["title"], int)],
    "a title is a number with a fraction": lambda: [s for s in SONGS if isinstance(s["title"], float)],
    "an artist is a number": lambda: [s for s in SONGS if isinstance(s["artist_name"], int)],
    "a location is a number": lambda: [s for s in SONGS if isinstance(s["artist_location"], int)],
    "a location is null": lambda: [s for s in SONGS if s["artist_location"] is None],
    "a location is empty": lambda: [s for s in SONGS if s["artist_location"] == ""],
    "coordinates are null": lambda: [s for s in SONGS if s["artist_latitude"] is s["artist_longitude"] is None],
    "coordinates are given": lambda: [s for s in SONGS if s["artist_latitude"] and s["artist_longitude"]],
    "a year is 0": lambda: [s for s in SONGS if s["year"] == 0],
    "durations have five decimals": lambda: [s for s in SONGS if re.fullmatch(r"\d+\.\d{5}", repr(s["duration"]))],
    "durations have fewer": lambda: [s for s in SONGS if re.fullmatch(r"\d+\.\d{1,4}", repr(s["duration"]))],
    "an artist has several names and places": lambda: [artist for artist, found in names().items() if len(found) > 1],
    "a title and artist occur twice": lambda: [pair for pair, count in PAIRS.items() if count > 1],
    "such a pair is played": lambda: [e for e in PLAYS if PAIRS[e["song"], e["artist"]] > 1],
    "a song occurs twice, alike but for its id": lambda: [triple for triple, count in TRIPLES.items() if count > 1],
    "such a song is played": lambda: [e for e in PLAYS if TRIPLES[e["song"], e["artist"], e["length"]] > 1],
    "other pages have no song": lambda: [
        e for e in EVENTS if e["page"] == "Home" and e["artist"] is e["song"] is e["length"] is None
    ],
    "pages answer 307 and 404": lambda: {200, 307, 404} <= {e["status"] for e in EVENTS},
    "plays match a song": lambda: len([e for e in PLAYS if known(e)]) > 50,
    "most plays match none": lambda: len([e for e in PLAYS if not known(e)]) > len(PLAYS) / 2,
    "a play matches a title that is a number": lambda: [e for e in PLAYS if known(e) and e["song"].isdigit()],
    "a play matches a title with a fraction": lambda: [
        e for e in PLAYS if known(e) and re.fullmatch(r"\d+\.\d", e["song"])
    ],
    "a play matches an artist that is a number": lambda: [e for e in PLAYS if known(e) and e["artist"].isdigit()],
    "a play matches but for its length": lambda: [
        e for e in PLAYS if not known(e) and (e["song"], e["artist"]) in PAIRS
    ],
    "times repeat": lambda: len({e["ts"] for e in PLAYS}) < len(PLAYS),
    "people have signs beyond ASCII": lambda: [e for e in EVENTS if not (e["firstName"] or "").isascii()],
    "people have quotes": lambda: [e for e in EVENTS if '"' in (e["firstName"] or "")],
    "titles have quotes and backslashes": lambda: [s for s in SONGS if {'"', "\\"} <= set(str(s["title"]))],
    "artists have backslashes": lambda: [s for s in SONGS if "\\" in str(s["artist_name"])],
    "plays have quotes and backslashes": lambda: [e for e in PLAYS if {'"', "\\"} <= set(e["song"])],
    "a sign takes two escapes": lambda: [s for s in SONGS if "\U0001d11e" in str(s["artist_name"])],
}  # fmt: skip


@pytest.mark.parametrize("quirk", QUIRKS)
def test_sample_has_the_quirk(quirk: str) -> None:
    assert QUIRKS[quirk]()


def test_sample_has_no_two_rows_alike() -> None:
    assert len({(event["sessionId"], event["itemInSession"]) for event in EVENTS}) == len(EVENTS)
    assert len({song["song_id"] for song in SONGS}) == len(SONGS)
    latest = Counter((play["userId"], play["ts"]) for play in PLAYS)
    assert max(latest.values()) == 1, "the latest row of a user is one row"
