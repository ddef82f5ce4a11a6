"""Where bytes are: a folder that stands for a bucket, or else the bucket itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import field
from itertools import groupby
from pathlib import Path
from typing import Protocol

from .errors import WarehouseError
from .records import frozen


@frozen
class StoredObject:
    """An object of a bucket: its s3:// URL, its size in bytes, and the file on this machine that holds it.

    One that lies on S3 has no file until `Storage.fetch` gives it one, which then is `is_copy`.
    """

    url: str
    size: int
    file: Path | None = None
    is_copy: bool = False
    etag: str = field(default="", compare=False)
    """What is another one when the bytes are; empty where nobody has asked for it."""
    modified: float = field(default=0.0, compare=False)
    """When it was put there, in seconds since 1970."""

    @property
    def path(self) -> Path:
        if self.file is None:
            raise RuntimeError(f"{self.url} has not been fetched")
        return self.file

    def release(self) -> None:
        """Remove the copy, if it is one: its bytes are not needed any more."""
        if self.is_copy:
            self.path.unlink(missing_ok=True)


class Remote(Protocol):
    """Buckets that no folder stands for."""

    def list(self, prefix: str) -> Iterator[StoredObject]: ...
    def find(self, url: str) -> StoredObject | None: ...
    def read(self, url: str) -> bytes | None: ...
    def write(self, url: str, content: bytes) -> None: ...
    def delete(self, url: str) -> None: ...
    def fetch(self, objects: Iterable[StoredObject], folder: Path) -> Iterator[StoredObject]: ...


@frozen
class Mount:
    """A folder that stands for a bucket, or for a part of one: 's3://bucket/some/prefix' without a last slash."""

    url: str
    folder: Path


@frozen
class Storage:
    """The buckets that a local warehouse can see.

    Errors of every method: WarehouseError for a bucket that neither a mount nor `remote` can give; those of `remote`.
    """

    mounts: tuple[Mount, ...] = ()
    remote: Callable[[], Remote] | None = None
    """Asked for when it is first needed: it brings boto3 with it."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield every object whose URL starts with `prefix`, sorted by URL.

        `prefix` is a string prefix, as for COPY: 's3://b/log' also finds 's3://b/log_old/x.json'.
        Errors: WarehouseError also if '..' leads out of a mounted folder.
        """
        mount = self._mount(prefix)
        if mount is None:
            with _or_mounted(prefix):
                yield from self._elsewhere(prefix).list(prefix)
            return
        folder = _inside(mount, prefix).rpartition("/")[0]
        base = f"{mount.url}/{folder}/" if folder else f"{mount.url}/"
        for url, entry in _files(os.path.join(mount.folder, folder), base, prefix):
            stat = entry.stat()
            etag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
            yield StoredObject(url, stat.st_size, Path(entry.path), etag=etag, modified=stat.st_mtime)

    def find(self, url: str) -> StoredObject | None:
        """Return the object at exactly `url`, or None."""
        path = self._path(url)
        if path is None:
            with _or_mounted(url):
                return self._elsewhere(url).find(url)
        return StoredObject(url, path.stat().st_size, path) if path.is_file() else None

    def read(self, url: str) -> bytes | None:
        """Return the bytes of a small object, such as a manifest, or None if there is none."""
        path = self._path(url)
        if path is None:
            with _or_mounted(url):
                return self._elsewhere(url).read(url)
        return path.read_bytes() if path.is_file() else None

    def fetch(self, objects: Iterable[StoredObject], folder: Path) -> Generator[StoredObject, None, None]:
        """Yield every object, in the order given, with a file: its own, or a copy in `folder`.

        Who is done with one calls its `release`, so that `folder` holds no more than is needed. To be closed by who
        may stop early: others are still on their way.
        """
        if self.remote is None:
            yield from objects
            return
        for is_here, some in groupby(objects, key=lambda each: each.file is not None):
            if is_here:
                yield from some
            else:
                yield from self.remote().fetch(some, folder)

    def write(self, url: str, content: bytes) -> None:
        """Put `content` at `url`; an object that holds it already is left alone."""
        path = self._path(url)
        if path is None:
            with _or_mounted(url):
                self._elsewhere(url).write(url, content)
        else:
            _write(path, url, content)

    def delete(self, url: str) -> None:
        """Take the object at `url` away, if there is one, and its folder with the last one: a bucket has no folders."""
        mount = self._mount(url)
        if mount is None:
            self._elsewhere(url).delete(url)
            return
        path = mount.folder / _inside(mount, url)
        path.unlink(missing_ok=True)
        if path.parent != mount.folder:
            with suppress(OSError):  # others lie there
                path.parent.rmdir()

    def _path(self, url: str) -> Path | None:
        mount = self._mount(url)
        return mount.folder / _inside(mount, url) if mount else None

    def _mount(self, url: str) -> Mount | None:
        fitting = [mount for mount in self.mounts if url == mount.url or url.startswith(mount.url + "/")]
        return max(fitting, key=lambda mount: len(mount.url), default=None)

    def _elsewhere(self, url: str) -> Remote:
        if self.remote is None:
            bucket = _bucket(url)
            hint = f"give one with --mount {bucket}=FOLDER, or under mounts: of the target"
            raise WarehouseError(f"no folder stands for {bucket}", hint=hint)
        return self.remote()


@contextmanager
def _or_mounted(url: str) -> Iterator[None]:
    """Add to what S3 says that a folder may stand for the bucket."""
    try:
        yield
    except WarehouseError as error:
        if "--mount" not in error.hint:
            mounted = f"a folder may stand for it: --mount {_bucket(url)}=FOLDER"
            error.hint = f"{error.hint}; {mounted}" if error.hint else mounted
        raise


def _bucket(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _write(path: Path, url: str, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        os.replace(unfinished, path)
    except OSError as error:
        raise WarehouseError(f"cannot write {url}: {error.strerror}", detail=str(path)) from error


def _inside(mount: Mount, url: str) -> str:
    """Return what follows the mount in `url`."""
    inside = url.removeprefix(mount.url).lstrip("/")
    if ".." in inside.split("/"):
        raise WarehouseError(f"'{url}' leaves the folder that stands for {mount.url}")
    return inside


def _files(folder: str, base: str, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield the files below `folder` whose URL, which is `base` and their name, starts with `prefix`; sorted by URL.

    Texts and no paths: thousands of files are listed here, and only what may match is looked into.
    """
    try:
        entries = sorted((entry.name + "/" * entry.is_dir(), entry) for entry in os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return
    for name, entry in entries:
        url = base + name
        if name.endswith("/"):
            if url.startswith(prefix) or prefix.startswith(url):
                yield from _files(entry.path, url, prefix)
        elif url.startswith(prefix) and entry.is_file():
            yield url, entry
