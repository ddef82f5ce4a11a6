"""Answers that were given before, kept in `.etlrun/cache` beside a pipeline for as long as they stay true.

An answer is text. It holds as long as all that it was made of is what it was: the question, the engine, every file
that was read, the templates beside the pipeline, the environment variables it names (docs/decisions/0020).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .records import frozen

MOST_ANSWERS = 32
MOST_BYTES = 256_000_000

_HERE = Path(__file__).resolve().parent
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


@frozen
class Answer:
    """What a command prints: to stdout, and to stderr."""

    out: str
    err: str = ""


@frozen
class Question:
    """What was asked, and the state of what is known before anything is read."""

    place: Path
    """The file of its answer."""
    around: Mapping[str, str]
    """Digests: of the engine, of templates and environment files beside the pipeline."""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str:
    """Return the digest of a file; empty where it is not there."""
    return digest(path.read_bytes()) if path.is_file() else ""


def ask(pipeline: Path, words: str) -> Question:
    """Return the question that `words` ask of a pipeline; they name everything that the command was told."""
    folder = Path(os.path.abspath(pipeline)).parent
    name = digest(f"{folder}\n{pipeline}\n{words}".encode(errors="surrogateescape"))
    return Question(folder / ".etlrun" / "cache" / name[:32], _around(folder))


def recall(question: Question, environ: Mapping[str, str]) -> Answer | None:
    """Return the answer to a question if it is known and still true. An answer that cannot be read is not known."""
    try:
        whole, _, rest = question.place.read_bytes().partition(b"\n")
        if whole.decode() != digest(rest):
            return None
        head, _, body = rest.partition(b"\n")
        made_of: dict[str, Any] = json.loads(head)
        holds = (
            made_of["around"] == question.around
            and made_of["environ"] == _values(made_of["names"], environ)
            and all(digest_of(Path(name)) == known for name, known in made_of["files"])
        )
        text = body.decode()
        return Answer(text[made_of["err"] :], text[: made_of["err"]]) if holds else None
    except _UNREADABLE:
        return None


def keep(
    question: Question,
    answer: Answer,
    files: Iterable[tuple[Path, str]],
    names: Iterable[str],
    environ: Mapping[str, str],
) -> None:
    """Keep an answer that was made of these files, as they were read, and of these environment variables.

    Nothing is kept where it cannot be written, or where a template changed in the meantime.
    """
    cache, names = question.place.parent, sorted(names)
    made_of = {
        "around": question.around,
        "files": [(os.path.abspath(path), known) for path, known in files],
        "names": names,
        "environ": _values(names, environ),
        "err": len(answer.err),
    }
    try:
        content = json.dumps(made_of).encode() + b"\n" + (answer.err + answer.out).encode()
        if question.around != _around(cache.parent.parent):
            return
        cache.mkdir(parents=True, exist_ok=True)
        if not (cache / ".gitignore").exists():
            _write(cache / ".gitignore", b"*\n")
        _write(question.place, digest(content).encode() + b"\n" + content)
        _prune(cache)
    except (OSError, UnicodeEncodeError):
        return


def _write(path: Path, content: bytes) -> None:
    """Write a file at once: who reads it meanwhile sees the old one, or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _prune(cache: Path) -> None:
    """Take the oldest files away, those included that a killed process left."""
    newest = sorted(((found.stat(), found) for found in os.scandir(cache)), key=lambda pair: -pair[0].st_mtime_ns)
    total = 0
    for number, (state, found) in enumerate(newest):
        total += state.st_size
        if (number > MOST_ANSWERS or total > MOST_BYTES) and found.name != ".gitignore":
            os.unlink(found)


def _values(names: Iterable[str], environ: Mapping[str, str]) -> str:
    """Return one digest of all: what a variable holds cannot be told from it."""
    return digest(json.dumps([environ.get(name) for name in names]).encode())


def _around(folder: Path) -> dict[str, str]:
    beside = sorted([*folder.glob("*.sql.j2"), *(folder / ".etlrun").glob("*.env")])
    return {"engine": _engine(), **{str(path): digest(path.read_bytes()) for path in beside}}


def _engine() -> str:
    """Return a digest of the code's and the templates' names, sizes and times, and of when libraries were installed."""
    folders = [_HERE, *(folder for name in ("schemas", "templates") if (folder := _HERE.parent / name).is_dir())]
    installed = [os.stat(path).st_mtime_ns for path in sys.path if path.endswith("-packages") and os.path.isdir(path)]
    return digest(json.dumps([sys.version, installed, *map(list, map(_states, folders))]).encode())


def _states(folder: str | Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _states(entry.path)
            else:
                state = entry.stat()
                yield entry.path, state.st_size, state.st_mtime_ns
