"""Local Redshift reads what lies on S3: COPY as in the cloud, without a folder that stands for the bucket."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud import Cloud, Fault

from engine.aws import Aws
from engine.buckets import Buckets
from engine.errors import LoadFailed, WarehouseError, WarehouseUnreachable
from engine.storage import Storage
from engine.warehouses.local.session import LocalSession, open_database


@pytest.fixture(scope="module")
def one_aws() -> dict[str, Aws]:
    return {}


@pytest.fixture
def buckets(cloud: Cloud, one_aws: dict[str, Aws]) -> Buckets:
    buckets = Buckets(one_aws.setdefault(cloud.url, Aws()))
    given = {"LocationConstraint": "us-west-2"}
    buckets.aws.call("s3", "CreateBucket", Bucket="lake", CreateBucketConfiguration=given)
    return buckets


@pytest.fixture
def session(buckets: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSession]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    database = open_database(None, Storage((), lambda: buckets))
    session = database.session()
    session.execute("CREATE TABLE t (id integer, name varchar(4))")
    yield session
    session.close()
    database.close()
    assert list(tmp_path.iterdir()) == [], "every copy is removed"


def copied(session: LocalSession, source: str, options: str = "JSON 'auto'") -> int | None:
    return session.execute(f"COPY t FROM '{source}' IAM_ROLE default {options}").row_count


def rows(session: LocalSession) -> list[tuple[object, ...]]:
    return list(session.execute("SELECT id, name FROM t ORDER BY id").rows)


def lines(*numbers: int, name: str = "n") -> bytes:
    return "\n".join(json.dumps({"id": number, "name": name}) for number in numbers).encode()


def test_many_small_objects(session: LocalSession, buckets: Buckets) -> None:
    for number in range(150):
        buckets.write(f"s3://lake/small/{number:03d}.json", lines(number))
    assert copied(session, "s3://lake/small/") == 150
    assert rows(session) == [(number, "n") for number in range(150)]


def test_large_objects(session: LocalSession, buckets: Buckets) -> None:
    for part in range(3):
        buckets.write(f"s3://lake/large/{part}.json", lines(*range(part * 50_000, (part + 1) * 50_000)))
    assert copied(session, "s3://lake/large/") == 150_000
    assert session.execute("SELECT SUM(id), COUNT(DISTINCT id) FROM t").rows == [(149_999 * 75_000, 150_000)]


def test_compressed_objects(session: LocalSession, buckets: Buckets) -> None:
    buckets.write("s3://lake/zipped/a.gz", gzip.compress(lines(1, 2)))
    assert copied(session, "s3://lake/zipped/", "JSON 'auto' GZIP") == 2


def test_manifest_and_jsonpaths_lie_on_s3_too(session: LocalSession, buckets: Buckets) -> None:
    buckets.write("s3://lake/data/a.json", b'{"a": {"b": 7}, "c": "x"}')
    buckets.write("s3://lake/paths.json", b'{"jsonpaths": ["$.a.b", "$.c"]}')
    entries = [{"url": "s3://lake/data/a.json", "mandatory": True}, {"url": "s3://lake/data/none.json"}]
    buckets.write("s3://lake/manifest", json.dumps({"entries": entries}).encode())
    assert copied(session, "s3://lake/manifest", "JSON 's3://lake/paths.json' MANIFEST") == 1
    assert rows(session) == [(7, "x")]


def test_a_row_that_cannot_be_loaded_is_told_with_its_object(session: LocalSession, buckets: Buckets) -> None:
    buckets.write("s3://lake/bad/1.json", lines(1))
    buckets.write("s3://lake/bad/2.json", lines(2) + b"\n" + lines(3, name="far too long"))
    with pytest.raises(LoadFailed) as caught:
        copied(session, "s3://lake/bad/")
    (error,) = caught.value.errors
    assert (error.file, error.line, error.column) == ("s3://lake/bad/2.json", 2, "name")
    assert rows(session) == []


def test_a_prefix_without_objects(session: LocalSession) -> None:
    with pytest.raises(WarehouseError, match="The specified S3 prefix 'none' does not exist"):
        copied(session, "s3://lake/none")


def test_a_bucket_that_is_not_there_names_both_ways(session: LocalSession) -> None:
    with pytest.raises(WarehouseError, match="s3://nowhere/x: there is no such bucket") as caught:
        copied(session, "s3://nowhere/x")
    assert "--mount s3://nowhere=FOLDER" in caught.value.hint


def test_s3_that_is_busy_does_not_disturb_the_load(session: LocalSession, buckets: Buckets, cloud: Cloud) -> None:
    for number in range(5):
        buckets.write(f"s3://lake/busy/{number}.json", lines(number))
    busy = ("500 Internal Server Error", "InternalError")
    cloud.faults = [Fault("list-type=2", *busy), Fault("^GET /lake/busy/3", *busy), Fault("^GET /lake/busy/4", cut=3)]
    assert copied(session, "s3://lake/busy/") == 5


def test_a_download_that_fails_for_good_leaves_nothing(session: LocalSession, buckets: Buckets, cloud: Cloud) -> None:
    for number in range(5):
        buckets.write(f"s3://lake/broken/{number}.json", lines(number))
    cloud.faults = [Fault("^GET /lake/broken/3", cut=3, times=99)]
    with pytest.raises(WarehouseUnreachable):
        copied(session, "s3://lake/broken/")
    assert rows(session) == []


def test_unload_to_s3(session: LocalSession, buckets: Buckets) -> None:
    session.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    session.execute("UNLOAD ('SELECT * FROM t ORDER BY id') TO 's3://lake/out/t_' IAM_ROLE default CSV PARALLEL OFF")
    (part,) = buckets.list("s3://lake/out/")
    assert buckets.read(part.url) == b"1,a\n2,b\n"
