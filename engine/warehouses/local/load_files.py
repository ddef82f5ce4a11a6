"""What a COPY reads: the objects behind its source, as files that DuckDB scans quickly.

DuckDB's readers take about 0.3 ms for each file, Python takes 0.03 ms to open and read one: so small files are packed
into few, and large ones are scanned where they lie.
"""

from __future__ import annotations

import json
import mmap
import os
import re
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

from ...copy import Copy
from ...errors import WarehouseError
from ...records import frozen
from ...storage import Storage, StoredObject
from .load_plain import Unpack, is_rewritten, plain

SMALL_BYTES = 1 << 20
MAX_OBJECT_BYTES = 4 << 20
"""What COPY takes as one row, from any source."""
PACK_BYTES = 64 << 20
_BATCH_FILES = 64
_BATCH_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20
_SNIFF_BYTES = 1 << 18

Layout = Literal["lines", "values"]
"""Whether every line is a row. If not, JSON values stand with any white space, or none, between them; a text file has
blank lines, more than one way to end a line, or NULs."""


@frozen
class Part:
    """The bytes of one object inside a unit, from `start` on; `skipped_…` is what IGNOREHEADER took off before."""

    object: StoredObject
    start: int
    skipped_lines: int = 0
    skipped_bytes: int = 0


@frozen
class Unit:
    """One file to scan: an object as it is, or a pack of several."""

    path: Path
    parts: tuple[Part, ...]
    layout: Layout


def objects_of(copy: Copy, storage: Storage) -> tuple[StoredObject, ...]:
    """Return the objects that `copy` loads, in the order of their names, or in that of the manifest.

    Errors: WarehouseError if there is none, or if a mandatory one is missing.
    """
    if copy.manifest:
        return _manifest(copy, storage)
    objects = tuple(storage.list(copy.source))
    if not objects:
        raise WarehouseError(
            f"The specified S3 prefix '{_key(copy.source)}' does not exist",
            hint=f"no object's name starts with {copy.source}: check the bucket, and upper and lower case",
        )
    return objects


def _key(url: str) -> str:
    return url.removeprefix("s3://").partition("/")[2]


def _manifest(copy: Copy, storage: Storage) -> tuple[StoredObject, ...]:
    content = storage.read(copy.source)
    if content is None:
        raise WarehouseError(
            f"The specified S3 prefix '{_key(copy.source)}' does not exist",
            hint="MANIFEST needs the URL of one file (error code 8001)",
        )
    found = []
    for url, mandatory in _entries(copy.source, content):
        entry = storage.find(url)
        if entry is not None:
            found.append(entry)
        elif mandatory:
            raise WarehouseError(
                "Mandatory url is not present in manifest file",
                detail=f"{copy.source} asks for {url}",
                hint='put the file there, or set its "mandatory" to false',
            )
    if not found:
        raise WarehouseError("No file of the manifest was found", detail=f"manifest: {copy.source}")
    return tuple(found)


def _entries(url: str, content: bytes) -> list[tuple[str, bool]]:
    try:
        entries: Any = json.loads(content)["entries"]
        return [(str(entry["url"]), entry.get("mandatory", False) is True) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WarehouseError(
            "Error parsing manifest file",
            detail=f"{url}: {error}",
            hint='write {"entries": [{"url": "s3://bucket/key", "mandatory": true}]}',
        ) from error


# --- units -----------------------------------------------------------------------------------------------------------


def units(
    objects: Iterable[StoredObject], copy: Copy, folder: Path, zstd: Unpack
) -> Generator[tuple[Unit, ...], None, None]:
    """Yield the units of `objects` in batches of one layout, each batch fit for one scan.

    What was written into `folder`, and copies of objects, are removed when the next batch is asked for: at most
    PACK_BYTES, or one large object that had to be rewritten, and the objects of one batch lie there at a time.
    """
    packs: dict[Layout, _Pack] = {}
    try:
        yield from _units(objects, copy, folder, zstd, packs)
    finally:
        for pack in packs.values():
            pack.close()


def _units(
    objects: Iterable[StoredObject], copy: Copy, folder: Path, zstd: Unpack, packs: dict[Layout, _Pack]
) -> Iterator[tuple[Unit, ...]]:
    large: dict[Layout, list[Unit]] = {"lines": [], "values": []}
    for object_ in objects:
        if copy.format.name != "parquet" and object_.size < SMALL_BYTES:
            yield from _packed(object_, copy, folder, packs, zstd)
        elif copy.format.name != "parquet" and is_rewritten(copy):
            yield from _emptied((_rewritten(object_, copy, folder, zstd),))
        else:
            unit = _as_it_is(object_, copy)
            batch = large[unit.layout]
            batch.append(unit)
            if len(batch) >= _BATCH_FILES or sum(each.parts[0].object.size for each in batch) >= _BATCH_BYTES:
                yield from _released(batch)
                batch.clear()
    for pack in packs.values():
        yield from _emptied((pack.unit(),))
    for batch in large.values():
        if batch:
            yield from _released(batch)


def _released(batch: list[Unit]) -> Iterator[tuple[Unit, ...]]:
    yield tuple(batch)
    for unit in batch:
        unit.parts[0].object.release()


class _Pack:
    """A file under construction, and what is in it so far."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path
        self._layout = layout
        self._file = path.open("wb", buffering=_CHUNK_BYTES)
        self._parts: list[Part] = []
        self.size = 0

    def add(self, object_: StoredObject, content: bytes, skipped: list[int]) -> None:
        self._parts.append(Part(object_, self.size, skipped[0], skipped[1]))
        self._file.write(content)
        self.size += len(content)
        if not content.endswith(b"\n"):
            self._file.write(b"\n")
            self.size += 1

    def close(self) -> None:
        self._file.close()

    def unit(self) -> Unit:
        self.close()
        return Unit(self._path, tuple(self._parts), self._layout)


def _packed(
    object_: StoredObject, copy: Copy, folder: Path, packs: dict[Layout, _Pack], zstd: Unpack
) -> Iterator[tuple[Unit, ...]]:
    skipped = [0, 0]
    rewritten = is_rewritten(copy)
    content = b"".join(plain(object_, copy, folder, zstd, skipped)) if rewritten else _content(object_)
    object_.release()
    if not content:
        return
    layout = _layout(content, copy, whole=True)
    pack = packs.get(layout)
    if pack is None:
        pack = packs[layout] = _Pack(folder / f"{layout}.pack", layout)
    pack.add(object_, content, skipped)
    if pack.size >= PACK_BYTES:
        del packs[layout]
        yield from _emptied((pack.unit(),))


def _content(object_: StoredObject) -> bytes:
    """Read a file with as few system calls as can be: this is done for every small one."""
    descriptor = os.open(object_.path, os.O_RDONLY)
    try:
        content = os.read(descriptor, object_.size + 1)
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            content += chunk
        return content
    finally:
        os.close(descriptor)


def _emptied(batch: tuple[Unit, ...]) -> Iterator[tuple[Unit, ...]]:
    yield batch
    for unit in batch:
        unit.path.unlink()


def _rewritten(object_: StoredObject, copy: Copy, folder: Path, zstd: Unpack) -> Unit:
    path = folder / "large.plain"
    skipped = [0, 0]
    with path.open("wb") as out:
        for chunk in plain(object_, copy, folder, zstd, skipped):
            out.write(chunk)
    object_.release()
    return Unit(path, (Part(object_, 0, skipped[0], skipped[1]),), _sniffed(path, copy))


def _as_it_is(object_: StoredObject, copy: Copy) -> Unit:
    layout: Layout = "lines"
    if copy.format.name != "parquet":
        layout = _sniffed(object_.path, copy)
        _check_lines(object_, layout)
    return Unit(object_.path, (Part(object_, 0),), layout)


def _sniffed(path: Path, copy: Copy) -> Layout:
    if copy.format.name != "json" and _has_nul(path):
        return "values"
    with path.open("rb") as file:
        return _layout(file.read(_SNIFF_BYTES), copy, whole=path.stat().st_size <= _SNIFF_BYTES)


def _has_nul(path: Path) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"\0") >= 0


def _check_lines(object_: StoredObject, layout: Layout) -> None:
    """Refuse a line over 4 MB. Such a line fills a stretch of half that length, so few bytes need be looked at."""
    if layout != "lines" or object_.size <= MAX_OBJECT_BYTES:
        return
    with object_.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        step = MAX_OBJECT_BYTES // 2
        for at in range(0, object_.size, step):
            if content.find(b"\n", at, at + step) < 0:
                start, end = content.rfind(b"\n", 0, at) + 1, content.find(b"\n", at)
                if (end if end >= 0 else object_.size) - start > MAX_OBJECT_BYTES:
                    raise row_too_long(object_, content[:start].count(b"\n") + 1)


def row_too_long(object_: StoredObject, line: int) -> WarehouseError:
    """Return the error for a row over 4 MB, which MAXERROR does not excuse."""
    return WarehouseError(
        "a row is longer than the 4 MB that COPY takes",
        detail=f"{object_.url}, line {line}",
        hint="MAXERROR does not help here: write smaller rows",
    )


_NEWLINE_BETWEEN = re.compile(rb"\}\r?\n\{")
_BLANK_LINE = re.compile(rb"(?:\A|\n)\r?\n")


def _layout(content: bytes, copy: Copy, *, whole: bool) -> Layout:
    if not whole:
        content = content[: content.rfind(b"\n") + 1]
    return _json_layout(content) if copy.format.name == "json" else _text_layout(content)


def _json_layout(content: bytes) -> Layout:
    """Tell whether every line of some JSON is one object.

    A newline is either between two values or inside one, which then goes over several lines; it cannot stand in a
    string. So lines are objects where every newline stands between '}' and '{', and '}{' stands nowhere.
    """
    content = content.strip()
    if not (content.startswith(b"{") and content.endswith(b"}")) or b"}{" in content:
        return "values"
    between = content.count(b"}\n{") or len(_NEWLINE_BETWEEN.findall(content))
    return "lines" if content.count(b"\n") == between else "values"


def _text_layout(content: bytes) -> Layout:
    return "values" if b"\r" in content or b"\0" in content or _BLANK_LINE.search(content) else "lines"
