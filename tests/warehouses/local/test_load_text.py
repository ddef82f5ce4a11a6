"""What COPY does with delimited, CSV, fixed-width and Parquet files."""

from __future__ import annotations

import bz2
from pathlib import Path
from typing import Any

import pytest
from bucket import Bucket

from engine.errors import LoadFailed, WarehouseError


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path)


def loaded(bucket: Bucket, columns: str, content: str | bytes, options: str) -> list[tuple[Any, ...]]:
    bucket.table(columns)
    bucket.put("data", content)
    bucket.copy(options)
    return bucket.rows()


def refused(bucket: Bucket, columns: str, content: str | bytes, options: str) -> list[tuple[int, int, str]]:
    """Return line, code and reason of the errors."""
    bucket.table(columns)
    bucket.put("data", content)
    with pytest.raises(LoadFailed) as caught:
        bucket.copy(options)
    assert bucket.rows() == []
    return [(error.line, error.code, error.reason) for error in caught.value.errors]


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("1|a\n2|b\n", "", [(1, "a"), (2, "b")]),
        ("1|a\n2|b", "", [(1, "a"), (2, "b")]),
        ("1|a|\n2|b|\n", "", [(1, "a"), (2, "b")]),
        ("1|a\r\n2|b\r\n", "", [(1, "a"), (2, "b")]),
        ("1,a\n2,b\n", "delimiter ','", [(1, "a"), (2, "b")]),
        ("1\ta\n", r"delimiter '\t'", [(1, "a")]),
        ("1\x01a\n", r"delimiter '\001'", [(1, "a")]),
        ('1|"a\n', "", [(1, '"a')]),
        ("1|\\N\n\\N|b\n", "", [(1, None), (None, "b")]),
        ("1|-\n", "null as '-'", [(1, None)]),
        ("1|\n|b\n", "", [(1, ""), (None, "b")]),
        ("1|\n", "emptyasnull", [(1, None)]),
        ("1| \n", "blanksasnull", [(1, None)]),
        (" 1 |a  \n", "", [(1, "a  ")]),
        ("1|a  \n", "trimblanks", [(1, "a")]),
        ('1|"a|b"\n', "removequotes", [(1, "a|b")]),
        ("1|'ab'\n", "removequotes", [(1, "ab")]),
        ("1|a\\|b\n2|c\\\\\n", "escape", [(1, "a|b"), (2, "c\\")]),
        ("1|a\\\nb\n2|c\n", "escape", [(1, "a\nb"), (2, "c")]),
        ("1|\\N\n\\N|c", "escape", [(1, None), (None, "c")]),
        ("1\n2|b\n", "fillrecord", [(1, ""), (2, "b")]),
        ("1\n2|b\n", "fillrecord emptyasnull", [(1, None), (2, "b")]),
        ("1|a\n\n2|b\n\n", "ignoreblanklines", [(1, "a"), (2, "b")]),
        ("n|s\n1|a\n", "ignoreheader 1", [(1, "a")]),
        ("1,a\n", "csv", [(1, "a")]),
        ('1,"a,b"\n2,"c ""d"""\n', "csv", [(1, "a,b"), (2, 'c "d"')]),
        ('1,"a\nb"\n2,"c\n\nd"\n', "csv", [(1, "a\nb"), (2, "c\n\nd")]),
        ('"1", "a"\n', "csv", [(1, "a")]),
        ("1,%a,%%b%\n", "csv quote '%'", [(1, "a,%b")]),
        ("1;a\n", "csv delimiter ';'", [(1, "a")]),
        ('1,"a"\r\n2,b\r\n', "csv", [(1, "a"), (2, "b")]),
        ("n,s\r\n1,a\n", "csv ignoreheader 1", [(1, "a")]),
        ("1    ab   \n22   cd   \n", "fixedwidth 'n:5,s:5'", [(1, "ab   "), (22, "cd   ")]),
        ("1    öb   \n", "fixedwidth 'n:5,s:5' trimblanks", [(1, "öb")]),
    ],
)
def test_text_becomes_rows(bucket: Bucket, content: str, options: str, expected: list[tuple[Any, ...]]) -> None:
    assert loaded(bucket, "n int, s varchar(9)", content, options) == expected


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ("1|a\n2\n", "", (2, 1214, "Delimiter not found")),
        ("1|a\n2|b|c\n", "", (2, 1202, "Extra column(s) found")),
        ("1|a\n2|b|c|d\n", "", (2, 1202, "Extra column(s) found")),
        ("1,a\n2,b,\n", "csv", (2, 1202, "Extra column(s) found")),
        ("1,a\n2,b,c,d\n", "csv", (2, 1202, "Extra column(s) found")),
        ("1,a\n2\n", "csv", (2, 1214, "Delimiter not found")),
        ("1,a\r\n2\r\n3,b\r\n", "csv", (2, 1214, "Delimiter not found")),
        ("1,a\r\n2", "csv", (2, 1214, "Delimiter not found")),
        ("1|a\r\n2\r\n", "", (2, 1214, "Delimiter not found")),
        ('1,a\n2,"b"c\n', "csv", (2, 1216, "Invalid quote formatting for CSV")),
        ('1,a\r\n2,"b"c\r\n', "csv", (2, 1216, "Invalid quote formatting for CSV")),
        ('1|"a"b\r\n', "removequotes", (1, 1216, "Invalid quote formatting for CSV")),
        ('"1"0,a\r\n', "csv", (1, 1216, "Invalid quote formatting for CSV")),
        ("1,a\r\n2,b,\r\n", "csv", (2, 1202, "Extra column(s) found")),
        ("1|a\n\n2|b\n", "", (2, 1214, "Delimiter not found")),
        ("1|a\nx|b\n", "", (2, 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
        ("1|a\n1.0|b\n", "", (2, 1207, "Invalid digit, Value '.', Pos 1, Type: Integer")),
        ("1|0123456789\n", "", (1, 1204, "String length exceeds DDL length")),
        ('1,"a\nb"\nx,c\n', "csv", (3, 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
        ('1,"a\nb\n2,c\n', "csv", (3, 1216, "Invalid quote formatting for CSV")),
        ("1|a\\\nb\nx|c\n", "escape", (3, 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
        ("n|s\n1|a\nx|b\n", "ignoreheader 1", (3, 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")),
    ],
)
def test_text_is_refused_with_its_line(
    bucket: Bucket, content: str, options: str, expected: tuple[int, int, str]
) -> None:
    assert refused(bucket, "n int, s varchar(9)", content, options) == [expected]


def test_text_that_is_no_utf8_is_refused_left_out_or_replaced(bucket: Bucket) -> None:
    content = b"1|a\n2|\xff\n3|c\n"
    assert [each[:2] for each in refused(bucket, "n int, s varchar(9)", content, "")] == [(2, 1220)]
    assert loaded(bucket, "n int, s varchar(9)", content, "maxerror 2") == [(1, "a"), (3, "c")]
    assert loaded(bucket, "n int, s varchar(9)", content, "acceptinvchars '^'") == [(1, "a"), (2, "^"), (3, "c")]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_follows_a_closing_quote_is_not_lost_with_maxerror(bucket: Bucket, end: str) -> None:
    content = end.join(['1,"a"b', '2,"a""b"', '3,"a,""b"" c"', '4,a"b"c', '5,"a"', ""])
    kept = [(2, 'a"b'), (3, 'a,"b" c'), (4, 'a"b"c'), (5, "a")]
    assert loaded(bucket, "n int, s varchar(9)", content, "csv maxerror 2") == kept


def test_text_is_left_out_row_by_row_with_maxerror(bucket: Bucket) -> None:
    bucket.table("n int, s varchar(3)")
    bucket.put("data/1.csv", '1,a\nx,b\n3,"c\nd"\n4\n')
    bucket.put("data/2.csv", "5,long\r\n6,e\r\n7,f,g\r\n")
    result = bucket.copy("csv maxerror 10")
    assert sorted(bucket.rows()) == [(1, "a"), (3, "c\nd"), (6, "e")]
    assert [(error.file[-5:], error.line, error.code) for error in result.errors] == [
        ("1.csv", 2, 1207),
        ("1.csv", 5, 1214),
        ("2.csv", 1, 1204),
        ("2.csv", 3, 1202),
    ]


def test_columns_of_text_are_positional_against_the_list(bucket: Bucket) -> None:
    bucket.table("a int, b varchar(3), c int = 9")
    bucket.put("data", "x|1\n")
    bucket.copy("", columns="(b, a)")
    assert bucket.rows() == [(1, "x", 9)]


def test_super_from_text_is_parsed(bucket: Bucket) -> None:
    assert loaded(bucket, "n int, s super", '1|{"a": [1]}\n2|\n', "") == [(1, '{"a": [1]}'), (2, None)]
    assert [each[1] for each in refused(bucket, "n int, s super", "1|{a}\n", "")] == [1224]


def test_utf16_is_read_with_its_encoding(bucket: Bucket) -> None:
    assert loaded(bucket, "n int, s varchar(9)", "1|ö\n".encode("utf-16"), "encoding utf16") == [(1, "ö")]
    assert loaded(bucket, "n int, s varchar(9)", "2|ü\n".encode("utf-16-be"), "encoding utf16be") == [(2, "ü")]


def test_compressed_text_is_read(bucket: Bucket) -> None:
    assert loaded(bucket, "n int, s varchar(9)", bz2.compress(b"n|s\n1|a\n"), "bzip2 ignoreheader 1") == [(1, "a")]


def test_large_files_are_read_where_they_lie(bucket: Bucket) -> None:
    rows = "".join(f"{n}|{'x' * 90}\n" for n in range(20_000))
    bucket.table("n int, s varchar(90)")
    bucket.put("data/1", rows)
    bucket.put("data/2", rows + "0|y\nz|y\n")
    result = bucket.copy("maxerror 2")
    assert result.rows == 40_001
    assert [(error.file, error.line) for error in result.errors] == [("s3://b/data/2", 20_002)]


def test_fixedwidth_needs_a_width_for_each_column(bucket: Bucket) -> None:
    bucket.table("a int, b int")
    bucket.put("data", "1")
    with pytest.raises(WarehouseError, match="FIXEDWIDTH has 1 columns"):
        bucket.copy("fixedwidth 'a:3'")


def test_parquet_columns_are_positional(bucket: Bucket) -> None:
    bucket.connection.execute(
        f"COPY (SELECT 1::BIGINT AS x, 'abc' AS y, TIMESTAMP '2018-11-02 01:02:03' AS z, [1, 2] AS w "
        f"UNION ALL SELECT 2, NULL, NULL, NULL) TO '{bucket.folder}/data.parquet' (FORMAT parquet)"
    )
    bucket.table("a bigint, b varchar(3), c timestamp, d super")
    bucket.copy("format parquet")
    first, second = sorted(bucket.rows())
    assert (first[0], first[1], str(first[2]), first[3]) == (1, "abc", "2018-11-02 01:02:03", "[1,2]")
    assert second == (2, None, None, None)
    bucket.table("a bigint, b varchar(2), c timestamp, d super")
    assert [code for code, _ in bucket.errors("format parquet")] == [1204]
    bucket.table("a int")
    with pytest.raises(WarehouseError, match="Table columns: 1, Data columns: 4"):
        bucket.copy("format parquet")
    bucket.put("data.parquet", "no parquet")
    with pytest.raises(WarehouseError, match="is not a Parquet file"):
        bucket.copy("format parquet")


@pytest.mark.parametrize(
    ("written", "declared", "words", "edit"),
    [
        ("1::BIGINT", "integer", "Column type: INT | required int64 x [i:0", "bigint, or write int32"),
        ("1::BIGINT", "smallint", "Column type: SMALLINT | required int64 x", "bigint, or write int16"),
        ("1::BIGINT", "varchar(20)", "Column type: VARCHAR | required int64 x", "or write a string"),
        ("'1'", "integer", "Column type: INT | required byte_array x", "make the column varchar"),
        ("'2020-01-01'", "date", "Column type: DATE | required byte_array x", "or write date into"),
        ("1.5::DOUBLE", "decimal(12,2)", "Column type: DECIMAL(12, 2) | required double x", "double pre"),
        ("1.5::DOUBLE", "real", "Column type: FLOAT | required double x", "make the column double pre"),
        ("1.5::DECIMAL(12,2)", "decimal(12,1)", "Column type: DECIMAL(12, 1)", "has decimal(12,2): make the column"),
        ("1.5::DECIMAL(12,2)", "decimal(14,2)", "Column type: DECIMAL(14, 2)", "or write decimal(14,2) into the file"),
        ("1.5::DECIMAL(12,2)", "bigint", "Column type: BIGINT", "make the column decimal(12,2)"),
        ("DATE '2020-01-01'", "timestamp", "Column type: TIMESTAMP", "has int32 (date): make the column date"),
        ("TIMESTAMP '2020-01-01'", "date", "Column type: DATE", "has int64 (timestamp): make the column timestamp"),
        ("TRUE", "integer", "Column type: INT | required boolean x", "make the column boolean"),
        ("{'a': 1}", "varchar(20)", "Column type: VARCHAR | required group x", "make the column super"),
    ],
)
def test_parquet_column_of_another_type_is_refused(
    bucket: Bucket, written: str, declared: str, words: str, edit: str
) -> None:
    bucket.connection.execute(f"COPY (SELECT {written} AS x) TO '{bucket.folder}/data.parquet' (FORMAT parquet)")
    bucket.table(f"a {declared.replace(',', ';')}")
    with pytest.raises(WarehouseError, match=r"^Spectrum Scan Error$") as caught:
        bucket.copy("format parquet")
    assert "File 's3://b/data.parquet' has an incompatible Parquet schema for column" in caught.value.detail
    assert words in caught.value.detail.replace(", Parquet schema:\n", " | ")
    assert caught.value.hint.startswith(f"a is {declared}, the file has")
    assert edit in caught.value.hint


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("1::INT", "int"), ("1::SMALLINT", "smallint"), ("1.5::DECIMAL(12,2)", "decimal(12;2)"), ("1.5::FLOAT", "real"),
        ("1.5::DECIMAL(30,2)", "decimal(30;2)"), ("TRUE", "boolean"), ("DATE '2020-01-01'", "date"), ("'a'", "char(1)"),
        ("1", "super"), ("TIME '10:00'", "time"), ("now()", "timestamptz"),
        # assumptions: engine.parquet
        ("1::INT", "smallint"), ("1::INT", "bigint"), ("1.5::FLOAT", "double precision"),
        ("1::INT", "double precision"),
    ],
)  # fmt: skip
def test_parquet_column_of_the_same_type_is_loaded(bucket: Bucket, written: str, declared: str) -> None:
    bucket.connection.execute(f"COPY (SELECT {written} AS x) TO '{bucket.folder}/data.parquet' (FORMAT parquet)")
    bucket.table(f"a {declared}")
    assert bucket.copy("format parquet").rows == 1
    assert bucket.values() != [None]


def test_parquet_goes_by_position_in_each_file(bucket: Bucket) -> None:
    for number, columns in enumerate(["1 AS x, 2 AS y", "3 AS y, 4 AS x", "5 AS v, 6 AS w", "7 AS x, 8 AS y"]):
        bucket.connection.execute(f"COPY (SELECT {columns}) TO '{bucket.folder}/data{number}' (FORMAT parquet)")
    bucket.table("a int, b int")
    bucket.copy("format parquet")
    assert sorted(bucket.rows()) == [(1, 2), (3, 4), (5, 6), (7, 8)]
    bucket.connection.execute(f"COPY (SELECT 9 AS x, 'z' AS y) TO '{bucket.folder}/data9' (FORMAT parquet)")
    with pytest.raises(WarehouseError) as caught:
        bucket.copy("format parquet")
    assert "File 's3://b/data9' has an incompatible" in caught.value.detail
    bucket.put("data9", "no parquet")
    with pytest.raises(WarehouseError, match=r"^s3://b/data9 is not a Parquet file"):
        bucket.copy("format parquet")


@pytest.mark.parametrize(
    ("options", "content", "location"),
    [
        ("", b"2|c\n1|a\0b\n", 4),
        ("csv", b'2,c\n1,"a\0b"\n', 5),
        ("fixedwidth 'a:1,b:3'", b"2c  \n1a\0b\n", 3),
        ("removequotes", b"2|c\n1|a\0b\n", 4),
        ("", b"2|cccc\n" * 200_000 + b"1|a\0b\n", 4),
    ],
)
def test_nul_ends_a_row_too_early(bucket: Bucket, options: str, content: bytes, location: int) -> None:
    bucket.table("a int, b varchar(9)")
    bucket.put("data", content)
    said = f"Missing newline: Unexpected character 0x62 found at location {location}"
    assert bucket.errors(options) == [(1216, said)]
    bucket.copy(f"{options} maxerror 2")
    assert len(bucket.rows()) == content.count(b"\n") - 1


def test_nul_alone_is_null_where_null_as_says_so(bucket: Bucket) -> None:
    bucket.table("a int, b varchar(9)")
    bucket.put("data", b"1|\0\n2|c\n")
    bucket.copy(r"null as '\0'")
    assert bucket.rows() == [(1, None), (2, "c")]
    bucket.put("data", b"1|\0\n2|c\0\n")
    bucket.table("a int, b varchar(9)")
    assert bucket.errors(r"null as '\0'") == [(1218, "Invalid null byte - field longer than 1 byte")]
