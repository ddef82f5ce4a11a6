"""Objects as plain UTF-8 text: unpacked, decoded, without header lines, with valid characters only.

For what DuckDB cannot read itself, or cannot read when several files are one.
"""

from __future__ import annotations

import bz2
import codecs
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...copy import Copy, unescape
from ...errors import WarehouseError
from ...storage import StoredObject
from .zstd_frames import is_whole

_CHUNK_BYTES = 1 << 20

Unpack = Callable[[Path, Path], None]
"""Writes the plain content of a zstd file, which Python cannot read, to another."""


def is_rewritten(copy: Copy) -> bool:
    """Tell whether the files that `copy` loads are other than plain UTF-8 text of rows only."""
    utf16 = copy.encoding.startswith("utf16")
    return bool(copy.compression or copy.ignoreheader or utf16 or copy.acceptinvchars or _marks_null_by_escape(copy))


def _marks_null_by_escape(copy: Copy) -> bool:
    return copy.escape and copy.null_as in (None, "\\N")


def plain(object_: StoredObject, copy: Copy, folder: Path, zstd: Unpack, skipped: list[int]) -> Iterator[bytes]:
    """Yield the bytes of an object as plain text; `skipped` gets the lines and bytes that IGNOREHEADER takes."""
    path = object_.path
    if copy.compression == "zstd":
        if not is_whole(object_.path):
            raise _cut_short(object_)
        path = folder / "zstd.plain"
        zstd(object_.path, path)
    chunks = chunks_of(path)
    if copy.compression in ("gzip", "bzip2"):
        chunks = _decompressed(chunks, copy.compression, object_)
    if copy.encoding.startswith("utf16"):
        chunks = _from_utf16(chunks, copy.encoding, object_)
    if copy.ignoreheader:
        chunks = _without_header(chunks, copy.ignoreheader, skipped)
    if copy.acceptinvchars:
        chunks = _with_valid_characters(chunks, copy.acceptinvchars)
    if _marks_null_by_escape(copy):
        chunks = _with_null_escaped(chunks, unescape(copy.delimiter or "|").encode())
    return chunks


def chunks_of(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, a megabyte at a time."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _decompressed(chunks: Iterator[bytes], compression: str, object_: StoredObject) -> Iterator[bytes]:
    start: Callable[[], Any] = bz2.BZ2Decompressor if compression == "bzip2" else lambda: zlib.decompressobj(31)
    member = start()
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if member.eof:
                    member = start()
                yield member.decompress(rest)
                rest = member.unused_data if member.eof else b""
    except (OSError, zlib.error) as error:
        raise WarehouseError(
            f"failed to decompress {object_.url}: the file is not {compression}",
            detail=str(error),
            hint=f"take {compression.upper()} out, or compress the file",
        ) from error
    if not member.eof and object_.size:
        raise _cut_short(object_)


def _cut_short(object_: StoredObject) -> WarehouseError:
    return WarehouseError(
        f"failed to decompress {object_.url}: the file ends in the middle",
        hint="its end is not there: it was written, or copied, only in part; put the whole file in its place",
    )


def _from_utf16(chunks: Iterator[bytes], encoding: str, object_: StoredObject) -> Iterator[bytes]:
    name = {"utf16": "utf-16", "utf16le": "utf-16-le", "utf16be": "utf-16-be"}[encoding]
    decoder = codecs.getincrementaldecoder(name)("strict")
    try:
        for number, chunk in enumerate(chunks):
            text = decoder.decode(chunk)
            yield (text.removeprefix("\ufeff") if number == 0 else text).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeDecodeError as error:
        raise WarehouseError(
            f"{object_.url} is not in {encoding.upper()}", detail="error code 1221", hint="change ENCODING"
        ) from error


def _without_header(chunks: Iterator[bytes], lines: int, skipped: list[int]) -> Iterator[bytes]:
    for chunk in chunks:
        at = 0
        while skipped[0] < lines:
            newline = chunk.find(b"\n", at)
            if newline < 0:
                at = len(chunk)
                break
            at = newline + 1
            skipped[0] += 1
        skipped[1] += at
        if at < len(chunk):
            yield chunk[at:]


def _with_null_escaped(chunks: Iterator[bytes], delimiter: bytes) -> Iterator[bytes]:
    r"""Write fields \N as \\N: with ESCAPE on, DuckDB would read N."""
    field = re.compile(rb"(?m)(^|%b)\\N(?=%b|\r?$)" % (re.escape(delimiter), re.escape(delimiter)))
    rest = b""
    for chunk in chunks:
        lines, newline, rest = (rest + chunk).rpartition(b"\n")
        yield field.sub(rb"\1\\\\N", lines + newline)
    yield field.sub(rb"\1\\\\N", rest)


def _with_valid_characters(chunks: Iterator[bytes], replacement: str) -> Iterator[bytes]:
    """Put as many replacements as there were bytes; code points that are no characters count as invalid."""

    def replaced(match: re.Match[str]) -> str:
        return replacement * len(match[0].encode("utf-8", "surrogateescape"))

    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for chunk in chunks:
        yield _INVALID.sub(replaced, decoder.decode(chunk)).encode()
    yield _INVALID.sub(replaced, decoder.decode(b"", final=True)).encode()


_LAST_OF_PLANES = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_INVALID = re.compile(f"[\udc80-\udcff\ufdd0-\ufdef{_LAST_OF_PLANES}]")
