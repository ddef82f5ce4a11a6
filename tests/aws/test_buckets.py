"""S3 over HTTP: listings, uploads, downloads, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cloud import Cloud, Fault
from moto.s3.models import s3_backends

from engine import buckets as module
from engine.aws import ATTEMPTS, Aws
from engine.buckets import Buckets
from engine.errors import AwsError, WarehouseError, WarehouseUnreachable

REGION = {"LocationConstraint": "us-west-2"}


@pytest.fixture
def buckets(cloud: Cloud) -> Buckets:
    aws = Aws()
    aws.call("s3", "CreateBucket", Bucket="lake", CreateBucketConfiguration=REGION)
    cloud.requests.clear()
    return Buckets(aws)


def _put(buckets: Buckets, key: str, body: bytes = b"x") -> None:
    buckets.aws.call("s3", "PutObject", Bucket="lake", Key=key, Body=body)


def test_list_takes_a_string_prefix_and_sorts_by_key(buckets: Buckets) -> None:
    for key in ("log/b.json", "log/a.json", "log_old/c.json", "lo", "other/log/a"):
        _put(buckets, key, key.encode())
    found = [(each.url, each.size) for each in buckets.list("s3://lake/log")]
    assert found == [("s3://lake/log/a.json", 10), ("s3://lake/log/b.json", 10), ("s3://lake/log_old/c.json", 14)]
    assert list(buckets.list("s3://lake/none")) == []


def test_list_of_a_whole_bucket_needs_no_slash(buckets: Buckets) -> None:
    _put(buckets, "a")
    assert [each.url for each in buckets.list("s3://lake")] == ["s3://lake/a"]


def test_list_goes_on_after_a_thousand_keys(buckets: Buckets, cloud: Cloud) -> None:
    names = [f"many/{number:05d}" for number in range(2_345)]
    store = s3_backends["123456789012"]["aws"]  # two thousand uploads would take longer than all other tests
    for name in names:
        store.put_object("lake", name, b"x")
    assert [each.url for each in buckets.list("s3://lake/many/")] == [f"s3://lake/{name}" for name in names]
    assert cloud.asked("list-type=2") == 3


@pytest.mark.parametrize("key", ["a b", "ä/ö", "per%cent", "plus+plus", "quote'\"", "日本/x.json", "a&b=c?d", "x//y"])
def test_keys_of_every_kind_are_listed_found_and_read(buckets: Buckets, tmp_path: Path, key: str) -> None:
    buckets.write(f"s3://lake/{key}", b"content")
    (listed,) = buckets.list(f"s3://lake/{key[:1]}")
    assert listed.url == f"s3://lake/{key}"
    assert buckets.find(listed.url) == listed
    assert buckets.read(listed.url) == b"content"
    assert [each.path.read_bytes() for each in buckets.fetch([listed], tmp_path)] == [b"content"]


def test_find_and_read_give_none_for_what_is_not_there(buckets: Buckets) -> None:
    _put(buckets, "a.json.bak")
    assert buckets.find("s3://lake/a.json") is None
    assert buckets.read("s3://lake/a.json") is None


def test_write_uploads_the_same_content_once(buckets: Buckets, cloud: Cloud) -> None:
    for content in (b"one", b"one", b"two"):
        buckets.write("s3://lake/made/paths.json", content)
    assert cloud.asked("^PUT") == 2
    assert buckets.read("s3://lake/made/paths.json") == b"two"


def test_write_uploads_where_looking_is_not_allowed(buckets: Buckets, cloud: Cloud) -> None:
    cloud.faults = [Fault("^HEAD", "403 Forbidden", "AccessDenied")]
    buckets.write("s3://lake/made/paths.json", b"one")
    assert buckets.read("s3://lake/made/paths.json") == b"one"


def test_throttling_and_server_errors_are_tried_again(buckets: Buckets, cloud: Cloud, tmp_path: Path) -> None:
    cloud.faults = [
        Fault("^PUT"),
        Fault("list-type=2"),
        Fault("list-type=2", "500 Internal Server Error", "InternalError"),
        Fault("^GET /a b|^GET /lake/a", "503 Service Unavailable", "ServiceUnavailable"),
    ]
    buckets.write("s3://lake/a", b"content")
    (listed,) = buckets.list("s3://lake/a")
    (copy,) = buckets.fetch([listed], tmp_path)
    assert copy.path.read_bytes() == b"content"
    assert [fault.times for fault in cloud.faults] == [0, 0, 0, 0]


def test_a_store_that_stays_busy_is_told_after_the_last_attempt(buckets: Buckets, cloud: Cloud) -> None:
    cloud.faults = [Fault("list-type=2", "500 Internal Server Error", "InternalError", times=99)]
    with pytest.raises(AwsError, match="s3://lake/a: InternalError") as caught:
        list(buckets.list("s3://lake/a"))
    assert cloud.asked("list-type=2") == ATTEMPTS
    assert "run it again" in caught.value.hint


def test_attempts_are_those_of_the_environment(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    cloud.faults = [Fault("list-type=2", "500 Internal Server Error", "InternalError", times=99)]
    with pytest.raises(AwsError):
        list(Buckets(Aws()).list("s3://lake/a"))
    assert cloud.asked("list-type=2") == 2


def test_a_download_goes_on_where_it_broke_off(buckets: Buckets, cloud: Cloud, tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    _put(buckets, "large", content)
    cloud.requests.clear()
    cloud.faults = [Fault("^GET /lake/large", cut=1_000_000), Fault("^GET /lake/large", cut=0)]
    (copy,) = buckets.fetch(buckets.list("s3://lake/large"), tmp_path)
    assert copy.path.read_bytes() == content
    assert cloud.asked("^GET /lake/large") == 3


def test_a_download_that_breaks_off_again_and_again_is_unreachable(
    buckets: Buckets, cloud: Cloud, tmp_path: Path
) -> None:
    _put(buckets, "large", b"x" * 1000)
    cloud.faults = [Fault("^GET /lake/large", cut=0, times=99)]
    with pytest.raises(WarehouseUnreachable, match="broke off"):
        list(buckets.fetch(buckets.list("s3://lake/large"), tmp_path))


def test_an_object_that_changes_between_two_halves_is_refused(buckets: Buckets, cloud: Cloud, tmp_path: Path) -> None:
    _put(buckets, "large", b"x" * 1000)
    cloud.faults = [
        Fault("^GET /lake/large", cut=10),
        Fault("^GET /lake/large", "412 Precondition Failed", "PreconditionFailed"),
    ]
    with pytest.raises(AwsError, match="s3://lake/large: the object changed while it was read"):
        list(buckets.fetch(buckets.list("s3://lake/large"), tmp_path))


def test_fetch_keeps_the_order_and_stays_within_its_bound(
    buckets: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AHEAD_BYTES", 4_000)
    for number in range(40):
        _put(buckets, f"n/{number:02d}", bytes([number]) * 1_000)
    most = 0
    seen = []
    for each in buckets.fetch(buckets.list("s3://lake/n/"), tmp_path):
        most = max(most, len(list(each.path.parent.iterdir())))
        seen.append(each.path.read_bytes()[0])
        each.release()
    assert seen == list(range(40))
    assert most <= 6


def test_fetch_that_is_given_up_stops(buckets: Buckets, tmp_path: Path) -> None:
    for number in range(10):
        _put(buckets, f"n/{number}", b"x")
    some: Iterator[object] = buckets.fetch(buckets.list("s3://lake/n/"), tmp_path)
    next(some)
    some.close()  # type: ignore[attr-defined]


def test_region_of_a_bucket(buckets: Buckets) -> None:
    assert buckets.region_of("s3://lake/x") == "us-west-2"


# --- errors ----------------------------------------------------------------------------------------------------------


def test_no_such_bucket_is_told_with_its_url(buckets: Buckets) -> None:
    with pytest.raises(AwsError, match=r"^s3://nowhere/log: there is no such bucket$") as caught:
        list(buckets.list("s3://nowhere/log"))
    assert caught.value.hint == "check the bucket's name, and whose account it is in"
    with pytest.raises(AwsError, match="no such bucket"):
        buckets.write("s3://nowhere/x", b"")


def test_access_denied_says_what_to_allow(buckets: Buckets, cloud: Cloud) -> None:
    cloud.faults = [Fault("list-type=2", "403 Forbidden", "AccessDenied")]
    with pytest.raises(AwsError, match=r"^s3://lake/log: access is denied$") as caught:
        list(buckets.list("s3://lake/log"))
    assert "s3:ListBucket" in caught.value.hint
    assert "aws sts get-caller-identity" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "status", "says"),
    [
        ("InvalidAccessKeyId", "403 Forbidden", "AWS does not know these keys"),
        ("SignatureDoesNotMatch", "403 Forbidden", "AWS does not know these keys"),
        ("ExpiredToken", "400 Bad Request", "the session has ended"),
    ],
)
def test_codes_of_s3_have_a_mend(buckets: Buckets, cloud: Cloud, code: str, status: str, says: str) -> None:
    cloud.faults = [Fault("list-type=2|HEAD", status, code, times=99)]
    with pytest.raises(AwsError) as caught:
        list(buckets.list("s3://lake/log"))
    assert says in caught.value.hint


def test_without_credentials_the_ways_to_sign_in_are_told(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(WarehouseError, match="there are no AWS credentials") as caught:
        list(Buckets(Aws()).list("s3://lake/log"))
    assert "aws configure" in caught.value.hint


def test_a_profile_that_is_not_there(cloud: Cloud) -> None:
    with pytest.raises(WarehouseError, match="analytics") as caught:
        Aws("analytics")
    assert "list-profiles" in caught.value.hint


def test_an_endpoint_that_does_not_answer_is_unreachable(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(WarehouseUnreachable, match="AWS does not answer"):
        list(Buckets(Aws()).list("s3://lake/log"))


def test_no_region_says_where_to_write_one(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(WarehouseError, match="no AWS region is known"):
        Aws().call("redshift", "DescribeClusters")


def test_secret_keys_are_in_no_message(buckets: Buckets, cloud: Cloud) -> None:
    cloud.faults = [Fault("list-type=2", "403 Forbidden", "SignatureDoesNotMatch")]
    with pytest.raises(AwsError) as caught:
        list(buckets.list("s3://lake/log"))
    error = caught.value
    assert "wJalr" not in f"{error} {error.detail} {error.hint} {error.__cause__}"
