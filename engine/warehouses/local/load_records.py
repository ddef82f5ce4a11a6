"""Where the rows of a file begin and end, found in Python: for the few that DuckDB refuses, never for all."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ...records import frozen
from .load_files import Part, Unit


@frozen
class Record:
    """The bytes of a file from `start` to `end`, its last line being `line`; `wrong` says why it is no row."""

    start: int
    end: int
    line: int
    wrong: str = ""


@frozen
class Place:
    """Where a record is: in which part of its unit, on which line and byte of its object, and its text."""

    part: Part
    line: int
    offset: int
    text: bytes


def lines(path: Path) -> Iterator[Record]:
    """Yield the lines that are not blank, without what ends them."""
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.isspace():
                yield Record(start, start + len(line.rstrip(b"\r\n")), number)
            start += len(line)


def text_rows(path: Path, goes_on: Callable[[bytes], bool] | None = None) -> Iterator[Record]:
    """Yield the rows of a text file, empty ones too; `goes_on` tells whether what was read so far has no end yet."""
    start = at = number = 0
    pending = b""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            at += len(line)
            pending += line
            if goes_on is not None and goes_on(pending):
                continue
            yield Record(start, start + len(pending.rstrip(b"\r\n")), number)
            start, pending = at, b""
    if pending:
        yield Record(start, at, number, "the last row has no end")


class Places:
    """Finds the objects and lines of the records of a unit, which come in the order of the file."""

    def __init__(self, unit: Unit) -> None:
        self._parts = unit.parts
        self._index = 0
        self._lines_before = 0
        self._file = unit.path.open("rb")

    def __enter__(self) -> Places:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def of(self, record: Record) -> Place:
        """Return the place of `record`."""
        part = self._part(record)
        line = record.line - self._lines_before + part.skipped_lines
        offset = record.start - part.start + part.skipped_bytes
        return Place(part, line, offset, self._read(record.start, record.end))

    def _part(self, record: Record) -> Part:
        index = self._index
        while index + 1 < len(self._parts) and self._parts[index + 1].start <= record.start:
            index += 1
        part = self._parts[index]
        if index != self._index:
            # A part begins a line, so its first line is that of the record's end less what lies between.
            self._lines_before = record.line - 1 - self._read(part.start, record.end).count(b"\n")
            self._index = index
        return part

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start)


class Rewriting:
    """A new file of rows that were found in other files, which remembers where each came from."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._parts: list[Part] = []
        self._size = 0
        self._lines = 0

    def add(self, place: Place, text: bytes) -> None:
        """Append `text`, which is that of `place` or that with its newlines taken out."""
        first_line = place.line - text.count(b"\n")
        if not self._continues(place, first_line):
            self._parts.append(Part(place.part.object, self._size, first_line - 1, place.offset))
            self._lines = 0
        self._size += self._file.write(text + b"\n")
        self._lines += text.count(b"\n") + 1

    def _continues(self, place: Place, first_line: int) -> bool:
        if not self._parts:
            return False
        last = self._parts[-1]
        return (
            last.object is place.part.object
            and last.skipped_lines + self._lines + 1 == first_line
            and last.skipped_bytes + self._size - last.start == place.offset
        )

    def __enter__(self) -> Rewriting:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def unit(self) -> Unit | None:
        """Return the finished file; None if it is empty."""
        self._file.close()
        return Unit(self._path, tuple(self._parts), "lines") if self._parts else None


# --- JSON values -----------------------------------------------------------------------------------------------------

_WHITE = re.compile(r"[ \t\r\n]*")
_NOT_A_START = re.compile(r"[^{\[]+")
_DECODER = json.JSONDecoder()


def json_values(chunks: Iterable[bytes], longest: int) -> Iterator[Record]:
    """Yield the JSON values of a text with white space or nothing between them; what is no value is yielded as wrong.

    `longest` is the size in bytes that a value may have: about so much is kept in memory.
    """
    window = _Window(chunks)
    while window.skip_white():
        yield window.take(*window.value(longest))


class _Window:
    """The part of a text that is looked at, and where it begins: in bytes and in lines."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._byte = 0
        self._line = 1
        self._is_ended = False

    def skip_white(self) -> bool:
        """Go to the next value; False if there is none."""
        while True:
            match = _WHITE.match(self._text, self._at)
            self._advance(match.end() if match else self._at)
            if self._at < len(self._text):
                return True
            if not self._grow():
                return False

    def value(self, longest: int) -> tuple[int, str]:
        """Return where the value at hand ends, and why it is none."""
        while True:
            try:
                end = _DECODER.raw_decode(self._text, self._at)[1]
            except (json.JSONDecodeError, RecursionError) as error:
                if len(self._text) - self._at < longest and self._grow():
                    continue
                why = _why(error, self._at)
                return self._resume(), why
            # A number at the border may go on behind it.
            if end == len(self._text) and self._text[self._at] not in '{["' and self._grow():
                continue
            return end, ""

    def take(self, end: int, wrong: str) -> Record:
        """Return what lies before `end` as a record and go there."""
        start = self._byte
        self._advance(end)
        return Record(start, self._byte, self._line, wrong)

    def _resume(self) -> int:
        """Return where the next value may begin: at a line with '{', or where something else than a value ends."""
        while True:
            if self._text[self._at] in "{[":
                found = self._text.find("\n{", self._at)
                if found >= 0:
                    return found
            else:
                match = _NOT_A_START.match(self._text, self._at)
                if match is not None and match.end() < len(self._text):
                    return match.start() + len(match[0].rstrip())
            if not self._grow():
                return len(self._text.rstrip())

    def _advance(self, end: int) -> None:
        passed = self._text[self._at : end]
        self._byte += len(passed) if passed.isascii() else len(passed.encode("utf-8", "surrogateescape"))
        self._line += passed.count("\n")
        self._at = end

    def _grow(self) -> bool:
        if self._is_ended:
            return False
        chunk = next(self._chunks, b"")
        self._is_ended = not chunk
        self._text = self._text[self._at :] + self._decoder.decode(chunk, final=self._is_ended)
        self._at = 0
        return True


def _why(error: Exception, start: int) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at character {error.pos - start + 1}"
    return "nested too deeply"
