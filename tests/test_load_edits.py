"""Rows that COPY refused: what is told to be changed."""

from __future__ import annotations

import pytest

from engine.datatypes import parse_type
from engine.errors import LoadError, WarehouseError, Where
from engine.load_edits import column_edit, file_edits, parquet_edit
from engine.model import Column

COLUMNS = [Column(name, parse_type("integer"), Where("p.yaml", 1, 1)) for name in ("id", "day", "note")]


def refused(
    code: int, value: str = "", line: str = "", *, number: int = 7, file: str = "1.csv", reason: str = "r"
) -> LoadError:
    return LoadError(f"s3://b/{file}", number, "c", "t", "", 0, line, value, code, reason)


def edits(*errors: LoadError, sql: str = "COPY t\nFORMAT AS CSV") -> list[str]:
    return list(file_edits(errors, COLUMNS, sql))


@pytest.mark.parametrize(
    ("error", "edit"),
    [
        (refused(1207, "id", 'id,"Day",note', number=1), "copy: {ignoreheader: 1}"),
        (refused(1214, "", "1;2018-11-01;a"), "copy: {delimiter: ';'}"),
        (refused(1214, "", "1\t2018-11-01\ta"), "copy: {delimiter: '\\t'}"),
        (refused(1214, "", "1,2018-11-01"), "copy: {fillrecord: true}"),
        (refused(1214, "", ""), "copy: {ignoreblanklines: true}"),
        (refused(1202, "", "1,2,3,4"), "declare them all"),
        (refused(1220, "", "\xff"), "copy: {acceptinvchars: true}"),
        (refused(1216, reason="Invalid JSONPath format: Not an array or index out of range."), "load the whole array"),
        (refused(1216, reason="Missing newline: Unexpected character 0x62 found at location 4"), "{null_as: '\\0'}"),
        (refused(1220, file="1.csv.gz"), "copy: {compression: gzip}"),
    ],
)  # fmt: skip
def test_file_that_is_written_in_another_way(error: LoadError, edit: str) -> None:
    (found,) = edits(error, error)
    assert edit in found


@pytest.mark.parametrize(
    "error",
    [
        refused(1207, "x", "x,2018-11-01,a", number=1),
        refused(1207, "id", "id,day,note", number=2),
        refused(1216, reason="Invalid value."),
    ],
)
def test_nothing_is_guessed_of_other_rows(error: LoadError) -> None:
    assert edits(error) == []


def test_delimiter_is_that_of_the_format() -> None:
    (found,) = edits(refused(1214, "", "1,2018-11-01"), sql="COPY t\nIAM_ROLE default")
    assert "copy: {delimiter: ','}" in found
    (found,) = edits(refused(1214, "", "1,2018-11-01"), sql="COPY t\nIAM_ROLE default\nDELIMITER ';'")
    assert "fillrecord" in found


def test_compression_that_is_declared_is_not_asked_for() -> None:
    assert edits(refused(1207, file="1.csv.gz"), sql="COPY t\nFORMAT AS CSV\nGZIP") == []


@pytest.mark.parametrize(
    ("code", "values", "edit"),
    [
        (1205, ["31.12.2018", "1.2.2018"], "; copy: {dateformat: 'DD.MM.YYYY'}"),
        (1205, ["12/31/2018"], "; copy: {dateformat: 'MM/DD/YYYY'}"),
        (1205, ["31/12/2018"], "; copy: {dateformat: 'DD/MM/YYYY'}"),
        (1205, ["1/2/2018"], "; how the file writes it: copy: {dateformat: auto}, or its own form"),
        (1206, ["1541106106"], "; copy: {timeformat: epochsecs}"),
        (1206, ["1541106106796"], "; copy: {timeformat: epochmillisecs}"),
        (1206, ["noon", "1541106106796"], "; how the file writes it: copy: {timeformat: auto}"),
        (1207, ["1,5"], "; Redshift wants a point in numbers"),
        (1207, ["x"], ""),
    ],
)  # fmt: skip
def test_values_that_are_written_in_another_way(code: int, values: list[str], edit: str) -> None:
    found = column_edit(COLUMNS[0], [refused(code, value) for value in values])
    assert found.startswith(edit)
    assert bool(found) == bool(edit)


def test_parquet_field_is_told_at_its_column_as_a_cluster_says_it() -> None:
    said = (
        "\n  error:  Spectrum Scan Error\n  code:  15007\n  context:   File 'https://s3.us-west-2.aws.com/b/1' "
        "has an incompatible Parquet schema for column 's3://b/1.day'. Column type: DECIMAL(18, 2), Parquet schema:\n"
        "optional int64 day [i:1 d:1 r:0]\n (s3://b/1)"
    )
    found = parquet_edit(WarehouseError("Spectrum Scan Error", detail=said), COLUMNS)
    assert found == (COLUMNS[1], "; the file has int64: make the column bigint, or write int32 into the file")
    assert parquet_edit(WarehouseError("Spectrum Scan Error", detail=said, hint="so"), COLUMNS) == (COLUMNS[1], "")
    assert parquet_edit(WarehouseError("Spectrum Scan Error", detail=said), COLUMNS[:1]) is None
    assert parquet_edit(WarehouseError("Spectrum Scan Error", detail=said[:150]), COLUMNS) is None
