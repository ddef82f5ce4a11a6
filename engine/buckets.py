"""Objects of S3: list, find, read, write, download several at once."""

from __future__ import annotations

import hashlib
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

from .aws import MAX_CONNECTIONS, Aws, chunks
from .errors import AwsError, WarehouseUnreachable
from .records import frozen
from .storage import StoredObject

AHEAD_BYTES = 256 << 20
"""How much is downloaded before it is asked for; a single object may be larger."""
AHEAD_OBJECTS = 4 * MAX_CONNECTIONS
DOWNLOAD_ATTEMPTS = 5
_NOT_FOUND = ("404", "NoSuchKey", "NotFound")
_DENIED = ("403", "AccessDenied")
_SAYS = {
    "404": "there is no such bucket or object",
    "NoSuchBucket": "there is no such bucket",
    "403": "access is denied",
    "AccessDenied": "access is denied",
    "301": "the bucket lies in another region",
    "PermanentRedirect": "the bucket lies in another region",
    "PreconditionFailed": "the object changed while it was read",
}


@frozen
class Buckets:
    """The buckets that an account can see.

    Errors of every method: AwsError with the URL in front; WarehouseUnreachable; WarehouseError without credentials.
    """

    aws: Aws

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield every object whose URL starts with `prefix`, in the order of S3: by the bytes of the key."""
        bucket, key = _parts(prefix)
        more: dict[str, str] = {}
        while True:
            with _about(prefix):
                page = self.aws.call("s3", "ListObjectsV2", Bucket=bucket, Prefix=key, **more)
            for entry in page.get("Contents", ()):
                url, etag = f"s3://{bucket}/{entry['Key']}", entry["ETag"].strip('"')
                yield StoredObject(url, entry["Size"], etag=etag, modified=entry["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def find(self, url: str) -> StoredObject | None:
        """Return the object at exactly `url`, or None."""
        head = self._head(url)
        return None if head is None else StoredObject(url, head["ContentLength"])

    def read(self, url: str) -> bytes | None:
        """Return the bytes of a small object, or None if there is none."""
        try:
            with _about(url):
                return b"".join(chunks(self._get(url)["Body"]))
        except AwsError as error:
            if error.code in _NOT_FOUND:
                return None
            raise

    def write(self, url: str, content: bytes) -> None:
        """Put `content` at `url`; an object that holds it already is left alone."""
        if self._holds(url, content):
            return
        bucket, key = _parts(url)
        with _about(url):
            self.aws.call("s3", "PutObject", Bucket=bucket, Key=key, Body=content)

    def delete(self, url: str) -> None:
        """Take the object at `url` away, if there is one."""
        bucket, key = _parts(url)
        with _about(url):
            self.aws.call("s3", "DeleteObject", Bucket=bucket, Key=key)

    def region_of(self, url: str) -> str:
        """Return the region of the bucket of `url`."""
        with _about(url):
            head = self.aws.call("s3", "HeadBucket", Bucket=_parts(url)[0])
        return str(head.get("BucketRegion") or head["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", ""))

    def fetch(self, objects: Iterable[StoredObject], folder: Path) -> Iterator[StoredObject]:
        """Yield every object, in the order given, with a copy in `folder` that is the caller's to release.

        Several are on their way at once, at most AHEAD_BYTES before they are asked for.
        """
        stop = Event()
        copies = Path(tempfile.mkdtemp(prefix="s3-", dir=folder))
        pool = ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="s3")
        waiting: deque[tuple[StoredObject, Path, Future[None]]] = deque()
        ahead = 0
        try:
            for number, each in enumerate(objects):
                while waiting and (ahead + each.size > AHEAD_BYTES or len(waiting) >= AHEAD_OBJECTS):
                    first, path, download = waiting.popleft()
                    download.result()
                    ahead -= first.size
                    yield replace(first, file=path, is_copy=True)
                path = copies / str(number)
                waiting.append((each, path, pool.submit(self._download, each.url, path, stop)))
                ahead += each.size
            for first, path, download in waiting:
                download.result()
                yield replace(first, file=path, is_copy=True)
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)

    def _download(self, url: str, path: Path, stop: Event) -> None:
        """Write an object to `path`, going on where an answer broke off as long as it is the same object."""
        rest: dict[str, str] = {}
        with path.open("wb") as file:
            for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
                with _about(url):
                    answer = self._get(url, **rest)
                try:
                    for chunk in chunks(answer["Body"]):
                        file.write(chunk)
                        if stop.is_set():
                            answer["Body"].close()
                            return
                    return
                except WarehouseUnreachable:
                    if attempt == DOWNLOAD_ATTEMPTS:
                        raise
                rest = {"Range": f"bytes={file.tell()}-", "IfMatch": answer["ETag"]}

    def _get(self, url: str, **rest: str) -> dict[str, Any]:
        bucket, key = _parts(url)
        return self.aws.call("s3", "GetObject", Bucket=bucket, Key=key, **rest)

    def _head(self, url: str) -> dict[str, Any] | None:
        bucket, key = _parts(url)
        try:
            with _about(url):
                return self.aws.call("s3", "HeadObject", Bucket=bucket, Key=key)
        except AwsError as error:
            if error.code in _NOT_FOUND:
                return None
            raise

    def _holds(self, url: str, content: bytes) -> bool:
        """Tell whether the object is there and the same; where that may not be asked, it is uploaded."""
        try:
            head = self._head(url)
        except AwsError as error:
            if error.code in _DENIED:
                return False
            raise
        # An ETag that is no MD5 (of a bucket with a KMS key of its own) costs an upload and nothing else.
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return head is not None and head["ETag"].strip('"') == digest


def _parts(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


@contextmanager
def _about(url: str) -> Iterator[None]:
    """Say of an error which URL was asked for."""
    try:
        yield
    except AwsError as error:
        said = _SAYS.get(error.code, error.code)
        raise AwsError(f"{url}: {said}", code=error.code, detail=error.detail, hint=error.hint) from error
