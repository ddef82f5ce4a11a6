"""What a local warehouse sees: mounted folders first, then S3."""

from __future__ import annotations

from pathlib import Path

import pytest
from cloud import Cloud

from engine.aws import Aws
from engine.buckets import Buckets
from engine.errors import WarehouseError
from engine.storage import Mount, Storage, StoredObject


@pytest.fixture
def buckets(cloud: Cloud) -> Buckets:
    buckets = Buckets(Aws())
    for name in ("lake", "mounted"):
        given = {"LocationConstraint": "us-west-2"}
        buckets.aws.call("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=given)
    cloud.requests.clear()
    return buckets


@pytest.fixture
def storage(buckets: Buckets, tmp_path: Path) -> Storage:
    (tmp_path / "mounted").mkdir()
    (tmp_path / "copies").mkdir()
    return Storage((Mount("s3://mounted", tmp_path / "mounted"),), lambda: buckets)


def test_a_mounted_bucket_is_never_asked_for(storage: Storage, cloud: Cloud) -> None:
    storage.write("s3://mounted/a/b", b"x")
    assert storage.read("s3://mounted/a/b") == b"x"
    assert [each.url for each in storage.list("s3://mounted/a")] == ["s3://mounted/a/b"]
    assert storage.find("s3://mounted/none") is None
    assert cloud.requests == []


def test_boto3_is_not_asked_for_before_it_is_needed(tmp_path: Path) -> None:
    def remote() -> Buckets:
        raise AssertionError("asked for")

    storage = Storage((Mount("s3://mounted", tmp_path),), remote)
    storage.write("s3://mounted/a", b"x")
    assert [each.path.read_bytes() for each in storage.fetch(storage.list("s3://mounted"), tmp_path)] == [b"x"]


def test_what_is_not_mounted_lies_on_s3(storage: Storage, buckets: Buckets, tmp_path: Path) -> None:
    storage.write("s3://lake/a/b", b"xyz")
    assert buckets.read("s3://lake/a/b") == b"xyz"
    assert storage.read("s3://lake/a/b") == b"xyz"
    assert storage.find("s3://lake/a/b") == StoredObject("s3://lake/a/b", 3)
    assert list(storage.list("s3://lake/a")) == [StoredObject("s3://lake/a/b", 3)]
    assert storage.read("s3://lake/none") is None


def test_fetch_gives_files_of_both_in_the_order_asked_for(storage: Storage, tmp_path: Path) -> None:
    urls = [f"s3://{bucket}/{number}" for number in range(5) for bucket in ("lake", "mounted", "lake", "lake")]
    for url in urls:
        storage.write(url, url.encode())
    objects = [each for url in urls if (each := storage.find(url))]
    fetched = list(storage.fetch(objects, tmp_path / "copies"))
    assert [each.path.read_bytes().decode() for each in fetched] == urls
    for each in fetched:
        each.release()
    assert not [path for path in (tmp_path / "copies").rglob("*") if path.is_file()]
    assert len(list((tmp_path / "mounted").iterdir())) == 5


def test_an_object_without_a_file_says_so() -> None:
    with pytest.raises(RuntimeError, match="s3://lake/a has not been fetched"):
        _ = StoredObject("s3://lake/a", 1).path


def test_what_s3_says_comes_with_the_other_way(storage: Storage) -> None:
    with pytest.raises(WarehouseError, match="s3://nowhere/a: there is no such bucket") as caught:
        list(storage.list("s3://nowhere/a"))
    assert caught.value.hint.endswith("; a folder may stand for it: --mount s3://nowhere=FOLDER")
