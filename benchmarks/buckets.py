"""The folders of files that the benchmarks load, made once in a scratch folder."""

from __future__ import annotations

import shutil
import sys
import tarfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from children import run

ROOT = Path(__file__).parent.parent.resolve()
SAMPLE = ROOT / "pipelines" / "sparkify"
REAL_FILES = ROOT.parent / "shared" / "data" / "sparkify_full.tar.gz"
_GENERATOR = ROOT / "pipelines" / "generate_sparkify.py"
_REAL_SONGS, _REAL_EVENTS = 14_896, 8_056


def small_files(scratch: Path, songs: int = _REAL_SONGS) -> tuple[str, Path]:
    """Return one-song files and 30 logs, with their name: the real ones if all are asked for and they are at hand."""
    if songs == _REAL_SONGS and REAL_FILES.exists():
        return f"{songs:,} one-song files and 30 logs (the real ones), end to end", _made(scratch / "real", _unpack)
    bucket = _made(scratch / f"small_files_{songs}", partial(_generate, songs=songs, events=_REAL_EVENTS))
    return f"{songs:,} one-song files and 30 logs (invented), end to end", bucket


def large_files(scratch: Path, events: int) -> Path:
    """Return `events` events in 30 logs, and a song for every hundred of them, 10,000 a file."""
    songs = max(events // 100, 60)
    return _made(
        scratch / f"large_files_{events}", partial(_generate, songs=songs, events=events, songs_per_file=10_000)
    )


def _made(bucket: Path, make: Callable[[Path], None]) -> Path:
    """Return `bucket`, made under another name first: one that is there is whole."""
    if not bucket.exists():
        unfinished = bucket.with_name(bucket.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        make(unfinished)
        unfinished.rename(bucket)
    return bucket


def _unpack(bucket: Path) -> None:
    with tarfile.open(REAL_FILES) as archive:
        archive.extractall(bucket, filter="data")


def _generate(bucket: Path, songs: int, events: int, songs_per_file: int = 1) -> None:
    options = {"songs": songs, "events": events, "days": 30, "songs-per-file": songs_per_file}
    run([sys.executable, _GENERATOR, bucket, *(f"--{option}={value}" for option, value in options.items())])
