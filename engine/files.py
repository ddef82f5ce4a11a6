"""The files of an incremental source: listed before its step, chosen by the warehouse, set aside if broken."""

from __future__ import annotations

import csv
import gzip
import io
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .errors import EtlrunError, LoadError, LoadFailed, WarehouseError
from .lexical import literal
from .plan import FilesLook, Listing, Step
from .records import frozen
from .retries import transient_cause
from .warehouse import ListedFile, Warehouse

PART_FILES = 100_000
"""How many files one part of a listing has: so many are held in memory."""
_REASON_BYTES = 500
_KEPT_NAME_BYTES = 256
"""What STL_LOAD_ERRORS keeps of a file's name."""


@frozen
class Taken:
    """What became of the files of a step's source: how many there are, how many were loaded, which are broken."""

    listed: int
    loaded: int
    size: int
    """In bytes, of those that were loaded."""
    broken: Mapping[str, str]
    """URL -> reason of those that were set aside."""


@dataclass(slots=True)
class Intake:
    """What a step learns of the files of its source while it is tried."""

    step: Step
    chosen: tuple[str, ...] = ()
    """The URLs that the manifest of the last try listed."""
    size: int = 0
    """Their bytes."""
    broken: dict[str, str] = field(default_factory=dict)
    """The URLs of those that cannot be loaded, with the reason."""
    listed: int = 0
    only: frozenset[str] | None = None
    """In a trial: the files that it is limited to."""

    @property
    def result(self) -> Taken:
        return Taken(self.listed, len(self.chosen), self.size, dict(self.broken))

    def take(self, rows: Iterable[Sequence[Any]]) -> bytes:
        """Note what the warehouse has chosen, a row of URL and size each; return the manifest that lists it."""
        wanted = [(str(url), int(size)) for url, size, *_ in rows if self.only is None or url in self.only]
        self.chosen = tuple(url for url, _ in wanted)
        self.size = sum(size for _, size in wanted)
        return manifest(wanted)

    def quarantine(self) -> Iterator[str]:
        """Yield the statements that note what is broken, in the transaction that loads the others."""
        for url, reason in self.broken.items():
            key = url.removeprefix("s3://").partition("/")[2]
            yield (
                f"UPDATE etlrun_files\nSET status = 'quarantined', reason = {literal(reason)}\n"
                f"WHERE key = {literal(key)}"
            )

    def set_aside(self, error: WarehouseError, loads: Callable[[frozenset[str]], bool]) -> None:
        """Find which files a COPY failed for, by name or else by halves. Errors: `error`, if that is too many.

        `loads` tries to load some of the chosen files, and tells whether that went well; nothing stays of it.
        """
        found = named(error, self.chosen)
        if not found and isinstance(error, LoadFailed) and self.chosen:
            found = {_by_halves(self.chosen, loads): _clipped(str(error))}
        if not found:
            raise error
        if len(self.broken) + len(found) > self.step.max_bad_files:
            allowed = self.step.max_bad_files
            error.hint = f"{len(self.broken) + len(found)} files are broken, and max_bad_files allows {allowed}"
            raise error
        self.broken |= found


def manifest(files: Iterable[tuple[str, int]]) -> bytes:
    """Return a manifest of files, each its URL and size in bytes; Parquet and ORC need the size."""
    entries = ({"url": url, "mandatory": True, "meta": {"content_length": size}} for url, size in files)
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return f'{{"entries": [\n{lines}\n]}}\n'.encode()


def write_listing(listing: Listing, warehouse: Warehouse) -> tuple[int, tuple[str, ...]]:
    """List the files of a source into files under `work:`. Returns how many there are, and the URLs of the parts.

    Errors: those of the storage; WarehouseError for a key that Redshift cannot tell from another.
    """
    bucket = "/".join(listing.source.split("/")[:3]) + "/"
    # What the S3 console makes of a "folder" holds nothing.
    found = (file for file in warehouse.list_files(listing.source) if file.size or not file.url.endswith("/"))
    count = 0
    urls: list[str] = []
    while part := list(islice(found, PART_FILES)):
        urls.append(_put(part, bucket, f"{listing.url}{len(urls):05}.csv.gz", warehouse))
        count += len(part)
    # One part in any case: COPY refuses a prefix that nothing starts with.
    return count, tuple(urls) or (_put([], bucket, f"{listing.url}00000.csv.gz", warehouse),)


def _put(files: Iterable[ListedFile], bucket: str, url: str, warehouse: Warehouse) -> str:
    warehouse.write_file(url, _part(files, bucket))
    return url


def _part(files: Iterable[ListedFile], bucket: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for file in files:
        key = file.url.removeprefix(bucket)
        if key.endswith(" ") or "\0" in key:
            hint = "give the file another name"
            raise WarehouseError(f"the key '{key}' ends in a blank, which Redshift does not see", hint=hint)
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(file.modified))
        writer.writerow((key, file.etag, file.size, moment))
    return gzip.compress(text.getvalue().encode(), compresslevel=3, mtime=0)


@contextmanager
def listed(listing: Listing, warehouse: Warehouse) -> Iterator[int]:
    """Keep a listing under `work:` while the warehouse needs it; gives how many files there are."""
    count, parts = write_listing(listing, warehouse)
    try:
        yield count
    finally:
        for url in parts:
            with suppress(EtlrunError):  # what stays is of no harm
                warehouse.delete_file(url)


# --- broken files ----------------------------------------------------------------------------------------------------


def of_files(error: Exception) -> WarehouseError | None:
    """Return the error of a COPY that may have failed for what a file holds; None for one that did not.

    A passing cause is none of a file's, and a file that is gone meanwhile is not broken.
    """
    if not isinstance(error, WarehouseError) or transient_cause(error) or "Mandatory url" in str(error):
        return None
    return error


def named(error: WarehouseError, chosen: Iterable[str]) -> dict[str, str]:
    """Return the chosen files that an error names, with what it says of each."""
    rows = error.errors if isinstance(error, LoadFailed) else ()
    said = f"{error.message}\n{error.detail}"
    first: dict[str, LoadError] = {}
    for row in rows:
        first.setdefault(row.file, row)
    cut = {name for name in first if len(name.encode()) >= _KEPT_NAME_BYTES}
    found: dict[str, str] = {}
    for url in chosen:
        name = url if url in first else next((name for name in cut if url.startswith(name)), "")
        if name:
            found[url] = _reason(first[name])
        elif not first and url in said:
            found[url] = _clipped(said.strip())
    return found


def _by_halves(chosen: Sequence[str], loads: Callable[[frozenset[str]], bool]) -> str:
    """Return one of the files for which a load of all of them fails."""
    suspects = list(chosen)
    while len(suspects) > 1:
        half = suspects[: len(suspects) // 2]
        suspects = suspects[len(half) :] if loads(frozenset(half)) else half
    return suspects[0]


def _reason(error: LoadError) -> str:
    column = f", column {error.column}" if error.column else ""
    value = f": '{error.raw_value}'" if error.raw_value else ""
    return _clipped(f"line {error.line}{column}: {error.reason}{value}")


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    return line.encode()[:_REASON_BYTES].decode(errors="ignore")


# --- what became of them ---------------------------------------------------------------------------------------------


@frozen
class Seen:
    """What became of the files of a source: how many are how, and a row for each that was asked for."""

    source: str
    counts: dict[str, int]
    columns: tuple[str, ...]
    files: tuple[tuple[Any, ...], ...]


def look(looks: Iterable[FilesLook], warehouse: Warehouse, *, every: bool) -> tuple[tuple[Seen, ...], int]:
    """Ask what became of the files of sources, each of them or those that are not loaded.

    Files that are to be tried again are made new before; returned is also how many those are.
    Errors: those of the warehouse.
    """
    seen, retried = [], 0
    session = warehouse.open_session()
    try:
        for each in looks:
            for statement in each.prepare:
                session.execute(statement.sql)
            with session.transaction():
                retried += sum(session.execute(statement.sql).row_count or 0 for statement in each.retries)
            with listed(each.listing, warehouse), session.transaction():
                for statement in each.begin:
                    session.execute(statement.sql)
                counts = {str(status): int(count) for status, count in session.execute(each.counts.sql).rows}
                shown = session.execute((each.every if every else each.some).sql)
                for statement in each.end:
                    session.execute(statement.sql)
            names = tuple(column.name for column in shown.columns)
            seen.append(Seen(each.source, counts, names, tuple(tuple(row) for row in shown.rows)))
    finally:
        session.close()
    return tuple(seen), retried
