"""Whether a zstd file is whole: DuckDB takes one that ends in the middle for a shorter one.

Source: https://datatracker.ietf.org/doc/html/rfc8878#section-3.1
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_MAGIC_BYTES = 4
_FRAME = 0xFD2FB528
_SKIPPABLE = 0x184D2A50
_DICTIONARY_BYTES = (0, 1, 2, 4)
_SIZE_BYTES = (0, 2, 4, 8)
_CHECKSUM_BYTES = 4
_REPEATED = 1
"""The type of a block that is one byte, many times."""


def is_whole(path: Path) -> bool:
    """Tell whether each frame of a file has its end; of what is no zstd it says nothing, and is True."""
    size = path.stat().st_size
    with path.open("rb") as file:
        while file.tell() < size:
            if size - file.tell() < _MAGIC_BYTES:
                return False
            magic = _number(file, _MAGIC_BYTES)
            if magic & ~0xF == _SKIPPABLE:
                length = _number(file, 4)
                file.seek(length, os.SEEK_CUR)
            elif magic == _FRAME:
                _skip_frame(file, size)
            else:
                return True
        return file.tell() == size


def _skip_frame(file: BinaryIO, size: int) -> None:
    """Move behind a frame whose magic number has been read, or behind the file's end where it is cut short."""
    flags = _number(file, 1)
    is_single = bool(flags & 0x20)
    header = _DICTIONARY_BYTES[flags & 3] + _SIZE_BYTES[flags >> 6]
    header += is_single and not flags >> 6  # a size of one byte
    file.seek(header + (not is_single), os.SEEK_CUR)
    is_last = False
    while not is_last:
        if file.tell() + 3 > size:
            file.seek(size + 1)
            return
        block = _number(file, 3)
        is_last = bool(block & 1)
        file.seek(1 if block >> 1 & 3 == _REPEATED else block >> 3, os.SEEK_CUR)
    file.seek(_CHECKSUM_BYTES if flags & 4 else 0, os.SEEK_CUR)


def _number(file: BinaryIO, count: int) -> int:
    return int.from_bytes(file.read(count), "little")
