from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import WarehouseError
from engine.storage import Mount, Storage


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def urls(storage: Storage, prefix: str) -> list[str]:
    return [found.url for found in storage.list(prefix)]


NAMES = ("log/1.json", "log/2.json", "log/deep/er/3.json", "log.json", "log_old/4.json", "other/5.json", "é ü/6.json")


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("s3://b", NAMES),
        ("s3://b/", NAMES),
        ("s3://b/log", ("log.json", "log/1.json", "log/2.json", "log/deep/er/3.json", "log_old/4.json")),
        ("s3://b/log/", ("log/1.json", "log/2.json", "log/deep/er/3.json")),
        ("s3://b/log/1.json", ("log/1.json",)),
        ("s3://b/log/1.json/", ()),
        ("s3://b/log/de", ("log/deep/er/3.json",)),
        ("s3://b/é", ("é ü/6.json",)),
        ("s3://b/nothing/at/all", ()),
    ],
)
def test_list_takes_a_prefix_of_the_text(tmp_path: Path, prefix: str, found: tuple[str, ...]) -> None:
    storage = Storage((Mount("s3://b", filled(tmp_path, *NAMES)),))
    assert urls(storage, prefix) == sorted(f"s3://b/{name}" for name in found)


KEYS = st.lists(st.sampled_from(["a", "ab", "b", "a.b", "a-b"]), min_size=1, max_size=4).map("/".join)


@given(st.sets(KEYS, max_size=8), KEYS.map(lambda key: key) | st.sampled_from(["", "a", "a/", "ab/a"]))
def test_list_against_a_bucket(tmp_path_factory: pytest.TempPathFactory, keys: set[str], prefix: str) -> None:
    # A folder cannot hold the file 'a' and the file 'a/b', as a bucket can.
    keys = {key for key in keys if not any(other.startswith(key + "/") for other in keys)}
    storage = Storage((Mount("s3://b", filled(tmp_path_factory.mktemp("bucket"), *keys)),))
    assert urls(storage, f"s3://b/{prefix}") == sorted(f"s3://b/{key}" for key in keys if key.startswith(prefix))


def test_listed_object_knows_its_size_and_its_file(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b", filled(tmp_path, "a/x.json")),))
    (found,) = storage.list("s3://b/a")
    assert found.size == len("a/x.json")
    assert Path(found.path).read_text() == "a/x.json"


def test_mount_of_a_part_of_a_bucket(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b/data/raw", filled(tmp_path, "x.json", "log/y.json")),))
    assert urls(storage, "s3://b/data/raw") == ["s3://b/data/raw/log/y.json", "s3://b/data/raw/x.json"]
    assert urls(storage, "s3://b/data/raw/l") == ["s3://b/data/raw/log/y.json"]


def test_longest_mount_wins(tmp_path: Path) -> None:
    outer, inner = filled(tmp_path / "outer", "in/x"), filled(tmp_path / "inner", "x")
    storage = Storage((Mount("s3://b", outer), Mount("s3://b/in", inner)))
    found = storage.find("s3://b/in/x")
    assert found is not None
    assert Path(found.path).read_text() == "x"


def test_bucket_that_begins_like_another_is_another(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b", tmp_path),))
    for url in ("s3://bb/x", "s3://a/x", "s3://"):
        with pytest.raises(WarehouseError) as caught:
            list(storage.list(url))
        bucket = "/".join(url.split("/")[:3])
        assert str(caught.value) == f"no folder stands for {bucket}"
        assert caught.value.hint == f"give one with --mount {bucket}=FOLDER, or under mounts: of the target"


def test_find(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b", filled(tmp_path, "a/x.json")),))
    found = storage.find("s3://b/a/x.json")
    assert found is not None
    assert (found.url, found.size) == ("s3://b/a/x.json", 8)
    assert storage.find("s3://b/a") is None
    assert storage.find("s3://b/nothing") is None


def test_write_and_find(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b", tmp_path / "new"),))
    storage.write("s3://b/deep/er/x.json", b"one")
    storage.write("s3://b/deep/er/x.json", b"two")
    assert (tmp_path / "new/deep/er/x.json").read_bytes() == b"two"
    assert urls(storage, "s3://b") == ["s3://b/deep/er/x.json"]


def test_write_of_the_same_leaves_the_file_alone(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b", tmp_path),))
    storage.write("s3://b/x", b"one")
    before = (tmp_path / "x").stat()
    storage.write("s3://b/x", b"one")
    assert (tmp_path / "x").stat().st_ino == before.st_ino


@pytest.mark.parametrize("url", ["s3://b/../x", "s3://b/a/../../x", "s3://b/.."])
def test_nothing_leaves_the_folder(tmp_path: Path, url: str) -> None:
    storage = Storage((Mount("s3://b", filled(tmp_path / "bucket", "a/y")),))
    filled(tmp_path, "x")
    for refused in (lambda: storage.find(url), lambda: storage.write(url, b""), lambda: list(storage.list(url))):
        with pytest.raises(WarehouseError, match="leaves the folder that stands for s3://b"):
            refused()


def test_write_that_cannot_be_is_told(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b", filled(tmp_path, "x")),))
    with pytest.raises(WarehouseError) as caught:
        storage.write("s3://b/x/y.json", b"")
    assert str(caught.value) == "cannot write s3://b/x/y.json: File exists"
    assert caught.value.detail == str(tmp_path / "x" / "y.json")


def test_folder_goes_with_its_last_object_and_the_bucket_stays(tmp_path: Path) -> None:
    storage = Storage((Mount("s3://b", tmp_path),))
    for key in ("x/run/1", "x/run/2", "top"):
        storage.write(f"s3://b/{key}", b"")
    storage.delete("s3://b/x/run/1")
    assert (tmp_path / "x" / "run" / "2").is_file()
    storage.delete("s3://b/x/run/2")
    storage.delete("s3://b/x/run/2")
    storage.delete("s3://b/top")
    assert [path.name for path in tmp_path.rglob("*")] == ["x"]
