from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LoadError, LoadFailed, WarehouseError, Where
from engine.files import Intake, listed, manifest, named, of_files, write_listing
from engine.plan import Listing, Step
from engine.storage import StoredObject
from engine.warehouse import Warehouse

LISTING = Listing("s3://b/in/", "s3://w/list/")
STEP = Step("raw", "staging", frozenset(), Where("p.yaml", 1, 1), (), listing=LISTING, max_bad_files=3)
ROW = LoadError("s3://b/in/2", 4, "n", "integer", "", 0, "", "many", 1207, "Invalid digit")
FAILED = "Load into table 'raw' failed."


@dataclass
class Bucket:
    """What is in it, and what was put."""

    objects: list[StoredObject] = field(default_factory=list)
    put: dict[str, bytes] = field(default_factory=dict)

    @property
    def warehouse(self) -> Warehouse:
        def no_session() -> None:
            raise AssertionError

        return Warehouse(no_session, self.put.__setitem__, lambda: None, self.list, self.put.pop)  # type: ignore[arg-type]

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return (each for each in self.objects if each.url.startswith(prefix))

    def rows(self) -> list[list[str]]:
        texts = (gzip.decompress(content).decode() for _, content in sorted(self.put.items()))
        return [row for text in texts for row in csv.reader(io.StringIO(text, newline=""))]


def stored(key: str, size: int = 1) -> StoredObject:
    return StoredObject(f"s3://b/{key}", size, etag=f"e-{key}", modified=1541152800.0)


# --- listing ---------------------------------------------------------------------------------------------------------


def test_listing_is_written_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.files.PART_FILES", 2)
    bucket = Bucket([stored(f"in/{number}") for number in range(5)])
    with listed(LISTING, bucket.warehouse) as count:
        assert count == 5
        assert sorted(bucket.put) == [f"s3://w/list/0000{number}.csv.gz" for number in range(3)]
        assert bucket.rows()[4] == ["in/4", "e-in/4", "1", "2018-11-02 10:00:00"]
    assert not bucket.put, "it is taken away"


@pytest.mark.parametrize("count", [0, 2, 4])
def test_listing_has_one_part_at_least_and_no_empty_one_more(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("engine.files.PART_FILES", 2)
    bucket = Bucket([stored(f"in/{number}") for number in range(count)])
    assert write_listing(LISTING, bucket.warehouse)[0] == count
    assert len(bucket.put) == max(1, count // 2)
    assert len(bucket.rows()) == count


def test_listing_keeps_strange_keys_and_leaves_out_folders() -> None:
    keys = ['in/a,"b"', "in/two\nlines", "in/ü", "in/it's \\ it"]
    bucket = Bucket([stored("in/folder/", 0), *map(stored, keys), stored("in/empty", 0)])
    write_listing(LISTING, bucket.warehouse)
    assert [row[0] for row in bucket.rows()] == [*keys, "in/empty"]


@pytest.mark.parametrize("key", ["in/blank ", "in/nul\0"])
def test_key_that_redshift_cannot_tell_from_another_is_refused(key: str) -> None:
    with pytest.raises(WarehouseError, match="the key 'in/"):
        write_listing(LISTING, Bucket([stored(key)]).warehouse)


def test_manifest_has_sizes_and_is_json() -> None:
    entries = json.loads(manifest([('s3://b/"x"', 3), ("s3://b/ü", 0)]))["entries"]
    assert entries == [
        {"url": 's3://b/"x"', "mandatory": True, "meta": {"content_length": 3}},
        {"url": "s3://b/ü", "mandatory": True, "meta": {"content_length": 0}},
    ]


# --- broken files ----------------------------------------------------------------------------------------------------


def test_files_are_named_by_their_rows_or_by_the_message() -> None:
    chosen = [f"s3://b/in/{number}" for number in range(1, 21)]
    rows = (ROW, replace(ROW, line=9), replace(ROW, file="s3://b/in/20", raw_value="", column=""))
    assert named(LoadFailed(FAILED, rows), chosen) == {
        "s3://b/in/2": "line 4, column n: Invalid digit: 'many'", "s3://b/in/20": "line 4: Invalid digit",
    }  # fmt: skip
    said = WarehouseError("Spectrum Scan Error", detail="file s3://b/in/7 has an incompatible Parquet schema")
    assert named(said, chosen) == {"s3://b/in/7": "Spectrum Scan Error " + said.detail}
    assert named(LoadFailed(FAILED, ()), chosen) == {}


def test_file_whose_name_was_cut_is_known() -> None:
    long = "s3://b/" + "x" * 300
    row = replace(ROW, file=long[:256])
    assert set(named(LoadFailed(FAILED, (row,)), [long, "s3://b/x"])) == {long}


def test_errors_that_are_of_no_file() -> None:
    assert of_files(LoadFailed(FAILED, ())) is not None
    assert of_files(WarehouseError("1023", detail="Serializable isolation violation")) is None
    assert of_files(WarehouseError("Mandatory url is not present in manifest file", detail="s3://b/in/1")) is None
    assert of_files(ValueError()) is None


@given(st.integers(1, 200), st.data())
def test_halves_find_a_broken_file_in_few_loads(count: int, data: st.DataObject) -> None:
    chosen = tuple(f"s3://b/in/{number}" for number in range(count))
    broken = data.draw(st.sets(st.sampled_from(chosen), min_size=1, max_size=3))
    loads = []

    def try_load(files: frozenset[str]) -> bool:
        loads.append(files)
        return not files & broken

    intake = Intake(STEP, chosen)
    intake.set_aside(LoadFailed(FAILED, ()), try_load)
    assert set(intake.broken) <= broken
    assert len(intake.broken) == 1
    assert len(loads) <= count.bit_length()


def test_one_more_than_allowed_is_the_error_itself() -> None:
    intake = Intake(replace(STEP, max_bad_files=1), ("s3://b/in/2",), broken={"s3://b/in/1": "line 1"})
    with pytest.raises(LoadFailed, match="Load into table") as caught:
        intake.set_aside(LoadFailed(FAILED, (ROW,)), lambda files: True)
    assert caught.value.hint == "2 files are broken, and max_bad_files allows 1"
    assert set(intake.broken) == {"s3://b/in/1"}


def test_error_that_names_no_file_and_is_no_failed_load_is_told() -> None:
    with pytest.raises(WarehouseError, match="permission denied"):
        Intake(STEP, ("s3://b/in/2",)).set_aside(WarehouseError("permission denied"), lambda files: False)


def test_broken_files_are_noted_with_their_reason() -> None:
    intake = Intake(STEP, broken={"s3://b/in/it's": "line 1: 'x\\y'"})
    (sql,) = intake.quarantine()
    assert sql == (
        "UPDATE etlrun_files\nSET status = 'quarantined', reason = 'line 1: ''x\\\\y'''\nWHERE key = 'in/it''s'"
    )
