"""Where bytes are: a folder that stands for a bucket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import WarehouseError


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of a bucket: its s3:// URL, its size in bytes, and the file on this machine that holds it."""

    url: str
    size: int
    path: Path


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder that stands for a bucket, or for a part of one: 's3://bucket/some/prefix' without a last slash."""

    url: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Storage:
    """The buckets that a local warehouse can see."""

    mounts: tuple[Mount, ...] = ()

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield every object whose URL starts with `prefix`, sorted by URL.

        `prefix` is a string prefix, as for COPY: 's3://b/log' also finds 's3://b/log_old/x.json'.
        Errors: WarehouseError if no mount stands for the bucket, or if '..' leads out of its folder.
        """
        mount = self._mount(prefix)
        folder = _inside(mount, prefix).rpartition("/")[0]
        base = f"{mount.url}/{folder}/" if folder else f"{mount.url}/"
        for url, entry in _files(os.path.join(mount.folder, folder), base, prefix):
            yield StoredObject(url, entry.stat().st_size, Path(entry.path))

    def find(self, url: str) -> StoredObject | None:
        """Return the object at exactly `url`, or None."""
        path = self._path(url)
        return StoredObject(url, path.stat().st_size, path) if path.is_file() else None

    def write(self, url: str, content: bytes) -> None:
        """Put `content` at `url`; an object that holds it already is left alone. Errors: WarehouseError."""
        path = self._path(url)
        if path.is_file() and path.read_bytes() == content:
            return
        unfinished = path.with_name(path.name + ".unfinished")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
        except OSError as error:
            raise WarehouseError(f"cannot write {url}: {error.strerror}", detail=str(path)) from error

    def _path(self, url: str) -> Path:
        mount = self._mount(url)
        return mount.folder / _inside(mount, url)

    def _mount(self, url: str) -> Mount:
        fitting = [mount for mount in self.mounts if url == mount.url or url.startswith(mount.url + "/")]
        if fitting:
            return max(fitting, key=lambda mount: len(mount.url))
        bucket = "/".join(url.split("/")[:3])
        raise WarehouseError(
            f"no folder stands for {bucket}",
            hint=f"give one with --mount {bucket}=FOLDER, or under mounts: of the target",
        )


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
