"""What COPY does with files, rule by rule; AWS documentation is the source of what is expected."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pytest
from bucket import Bucket

from engine.copy import parse
from engine.errors import LoadFailed, WarehouseError
from engine.storage import Storage, StoredObject
from engine.warehouses.local.load import LoadTable, load


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path)


def one(bucket: Bucket, type_: str, value: object, options: str = "json 'auto'") -> Any:
    """Load one JSON value into a column of `type_` and return what it has become."""
    bucket.table(f"a {type_.replace(',', ';')}")
    bucket.put("data.json", json.dumps({"a": value}))
    bucket.copy(options)
    return bucket.values()[0]


def refused(bucket: Bucket, type_: str, value: object, options: str = "json 'auto'") -> tuple[int, str]:
    bucket.table(f"a {type_.replace(',', ';')}")
    bucket.put("data.json", json.dumps({"a": value}))
    (error,) = bucket.errors(options)
    return error


# --- which files -----------------------------------------------------------------------------------------------------


def test_copy_of_a_prefix_takes_every_object_that_starts_with_it(bucket: Bucket) -> None:
    bucket.table("a int")
    for number, key in enumerate(("data.bak", "data.json", "data_old/x.json", "data/1.json", "other.json")):
        bucket.put(key, json.dumps({"a": number}))
    loaded = bucket.copy()
    assert sorted(bucket.values()) == [0, 1, 2, 3]
    assert [file.url for file in loaded.files] == [
        "s3://b/data.bak", "s3://b/data.json", "s3://b/data/1.json", "s3://b/data_old/x.json",
    ]  # fmt: skip


def test_copy_of_a_prefix_without_objects_is_refused(bucket: Bucket) -> None:
    bucket.table("a int")
    with pytest.raises(WarehouseError, match="The specified S3 prefix 'nothing/here' does not exist"):
        bucket.copy(source="nothing/here")


def test_copy_of_empty_files_loads_nothing(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data/1.json", "")
    bucket.put("data/2.json", " \n\n")
    assert bucket.copy().rows == 0


def test_copy_with_a_manifest_takes_what_it_names_and_that_twice_if_named_twice(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("1.json", '{"a": 1}')
    bucket.put("2.json", '{"a": 2}')
    entries = [{"url": "s3://b/2.json"}, {"url": "s3://b/2.json", "mandatory": True}, {"url": "s3://b/gone.json"}]
    bucket.put("data", json.dumps({"entries": entries}))
    bucket.copy("json 'auto' manifest")
    assert bucket.values() == [2, 2]


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ('{"entries": [{"url": "s3://b/gone", "mandatory": true}]}', "Mandatory url is not present in manifest file"),
        ('{"entries": [{"url": "s3://b/gone"}]}', "No file of the manifest was found"),
        ('{"files": []}', "Error parsing manifest file"),
        ("nonsense", "Error parsing manifest file"),
    ],
)
def test_copy_with_a_manifest_that_leads_nowhere_is_refused(bucket: Bucket, manifest: str, message: str) -> None:
    bucket.table("a int")
    bucket.put("data", manifest)
    with pytest.raises(WarehouseError, match=message):
        bucket.copy("json 'auto' manifest")


@pytest.mark.parametrize("options", ["format avro 'auto'", "format orc", "lzop csv"])
def test_copy_of_a_format_that_duckdb_has_not_is_refused_plainly(bucket: Bucket, options: str) -> None:
    bucket.table("a int")
    bucket.put("data", "x")
    with pytest.raises(WarehouseError, match="not supported locally") as caught:
        bucket.copy(options)
    assert caught.value.sqlstate == "0A000"


def test_copy_with_options_that_conflict_is_refused(bucket: Bucket) -> None:
    bucket.table("a int")
    with pytest.raises(WarehouseError, match="JSON does not go with DELIMITER"):
        bucket.copy("json 'auto' delimiter ','")


# --- which columns ---------------------------------------------------------------------------------------------------


def test_columns_outside_the_list_get_their_default_and_listed_ones_never(bucket: Bucket) -> None:
    bucket.table("a int = 7, b int = 8, c varchar(9) = 'it''s', d int")
    bucket.put("data.json", '{"a": 1, "c": "no"}')
    bucket.copy(columns="(b, a)")
    assert bucket.rows() == [(1, None, "it's", None)]


def test_default_is_evaluated_once_for_a_copy(bucket: Bucket) -> None:
    bucket.table("a int, b double precision = random()")
    bucket.put("data/1.json", '{"a": 1}{"a": 2}')
    bucket.put("data/2.json", '{"a": 1}\n{"a": 2}')
    bucket.copy(columns="(a)")
    assert len({row[1] for row in bucket.rows()}) == 1


def test_missing_member_is_null_and_not_the_default(bucket: Bucket) -> None:
    bucket.table("a int = 7, b int")
    bucket.put("data.json", '{"b": 1, "other": 2}')
    bucket.copy()
    assert bucket.rows() == [(None, 1)]


def test_identity_column_is_not_filled_from_the_file(bucket: Bucket) -> None:
    bucket.connection.execute("CREATE SEQUENCE ids MINVALUE 0 START 0")
    bucket.table("id int = nextval('ids'), a int")
    bucket.columns = (replace(bucket.columns[0], identity="always", null=False), bucket.columns[1])
    bucket.put("data.json", '{"id": 50, "a": 1}\n{"a": 2}')
    bucket.copy()
    assert bucket.rows() == [(0, 1), (1, 2)]
    bucket.copy("json 'auto' explicit_ids maxerror 2")
    assert bucket.rows()[2:] == [(50, 1)]
    with pytest.raises(WarehouseError, match='identity column "id"'):
        bucket.copy(columns="(id, a)")
    with pytest.raises(WarehouseError, match="EXPLICIT_IDS needs"):
        bucket.copy("json 'auto' explicit_ids", columns="(a)")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("(a, nope)", 'column "nope" of relation "t" does not exist'),
        ("(a, a)", 'column "a" specified more than once'),
        ("(a)", "Cannot insert a NULL value into column b"),
    ],
)
def test_column_list_that_cannot_be_is_refused(bucket: Bucket, columns: str, message: str) -> None:
    bucket.table("a int, b int not null")
    bucket.put("data.json", "{}")
    with pytest.raises(WarehouseError, match=message):
        bucket.copy(columns=columns)


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("bigint", 1541016707796.0, 1541016707796),
        ("int", "26", 26),
        ("int", " +26 ", 26),
        ("int", "", None),
        ("int", "  ", None),
        ("int", None, None),
        ("int", -3, -3),
        ("double precision", "1.5e3", 1500.0),
        ("double precision", "", None),
        ("decimal(10,2)", 20.259, "20.25"),
        ("decimal(10,2)", "-20.259", "-20.25"),
        ("decimal(10,2)", "20", "20.00"),
        ("decimal(10,2)", ".5", "0.50"),
        ("decimal(10,2)", "5.", "5.00"),
        ("decimal(10,2)", "1.5e2", "150.00"),
        ("decimal(10,0)", "19.99", "19"),
        ("decimal(38,37)", "1.5", "1.5" + "0" * 36),
        ("boolean", True, True),
        ("boolean", "f", False),
        ("boolean", 1, True),
        ("boolean", "No", False),
        ("boolean", "", None),
        ("varchar(9)", "", ""),
        ("varchar(9)", 4.6, "4.6"),
        ("varchar(9)", 311, "311"),
        ("varchar(9)", True, "true"),
        ("varchar(9)", "a\nb\t\\", "a\nb\t\\"),
        ("varchar(20)", ["x", "y"], '["x","y"]'),
        ("varchar(20)", {"id": 1}, '{"id":1}'),
        ("varchar(3)", "ö1", "ö1"),
        ("char(3)", "ab", "ab"),
        ("char(3)", "ab    ", "ab"),
        ("date", "2018-11-02", "2018-11-02"),
        ("date", "2018-11-02 10:00:00", "2018-11-02"),
        ("date", "", None),
        ("timestamp", "2018-11-02 01:25:34", "2018-11-02 01:25:34"),
        ("timestamp", "2018-11-02 01:25:34.123456", "2018-11-02 01:25:34.123456"),
        ("timestamp", "2018-11-02", "2018-11-02 00:00:00"),
        ("timestamptz", "2018-11-02 01:25:34+02", "2018-11-01 23:25:34+00"),
        ("time", "01:25:34", "01:25:34"),
        ("super", {"a": [1, "x"]}, '{"a":[1,"x"]}'),
        ("super", "x", '"x"'),
        ("super", None, None),
        ("varbyte(4)", "00ff", "\\x00\\xFF"),
    ],
)
def test_json_value_becomes(bucket: Bucket, type_: str, value: object, expected: object) -> None:
    one(bucket, type_, value)
    ((found,),) = bucket.connection.execute(
        "SELECT CASE WHEN a IS NOT NULL THEN CAST(a AS VARCHAR) END FROM t"
    ).fetchall()
    wanted = expected if expected is None or isinstance(expected, str) else str(expected)
    assert found == (wanted.lower() if isinstance(expected, bool) and wanted else wanted)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        ("int", "a", (1207, "Invalid digit, Value 'a', Pos 0, Type: Integer")),
        ("int", "12x", (1207, "Invalid digit, Value 'x', Pos 2, Type: Integer")),
        ("int", 1.5, (1207, "Invalid digit, Value '.', Pos 1, Type: Integer")),
        ("int", "1.0", (1207, "Invalid digit, Value '.', Pos 1, Type: Integer")),
        ("int", True, (1207, "Invalid digit, Value 't', Pos 0, Type: Integer")),
        ("int", {"a": 1}, (1207, "Invalid digit, Value '{', Pos 0, Type: Integer")),
        ("bigint", "0x1f", (1207, "Invalid digit, Value 'x', Pos 1, Type: Long")),
        ("smallint", 40000, (1222, "Overflow (Short valid range: -32768 to 32767)")),
        ("decimal(4,2)", 100, (1204, "Overflow for NUMERIC(4,2)")),
        ("decimal(4,2)", "1_0", (1207, "Invalid digit, Value '_', Pos 1, Type: Decimal")),
        ("double precision", "x", (1207, "Invalid digit, Value 'x', Pos 0, Type: Double")),
        ("boolean", "maybe", (1210, "Unknown boolean format")),
        ("varchar(2)", "abc", (1204, "String length exceeds DDL length")),
        ("varchar(3)", "öö", (1204, "String length exceeds DDL length")),
        ("char(2)", "abc", (1204, "Char length exceeds DDL length")),
        ("char(4)", "ö",
         (1220, "Multibyte character not supported for CHAR (Hint: Try using VARCHAR). Invalid char: c3 b6")),
        ("date", "2018", (1205, "Invalid Date Format - length must be 10 or more")),
        ("date", "2018-13-01", (1205, "Invalid date format or value [YYYY-MM-DD]")),
        ("timestamp", "2018-11-02T01:25:34Z", (1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]")),
        ("timestamp", 1541105830796, (1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]")),
        ("int not null", None, (1213, "Missing data for not-null field")),
        ("int not null", "", (1213, "Missing data for not-null field")),
        ("varchar(3) not null", None, (1213, "Missing data for not-null field")),
        ("varbyte(4)", "0g", (1223, "Invalid value for type varbyte(4)")),
    ],
)  # fmt: skip
def test_json_value_is_refused(bucket: Bucket, type_: str, value: object, expected: tuple[int, str]) -> None:
    assert refused(bucket, type_, value) == expected


@pytest.mark.parametrize(
    ("type_", "value", "options", "expected"),
    [
        ("decimal(10,2)", 20.259, "roundec", "20.26"),
        ("varchar(3)", "abcdef", "truncatecolumns", "abc"),
        ("varchar(4)", "aöü", "truncatecolumns", "aö"),
        ("varchar(2)", "€", "truncatecolumns", ""),
        ("varchar(9)", "", "emptyasnull", None),
        ("varchar(9)", " ", "emptyasnull", " "),
        ("varchar(9)", " \t", "blanksasnull", None),
        ("varchar(9)", "", "blanksasnull", ""),
        ("varchar(9)", " ", "blanksasnull emptyasnull", None),
        ("date", "no date", "acceptanydate dateformat 'auto'", None),
        ("timestamp", "no time", "acceptanydate", None),
        ("date", "02/11/2018", "dateformat 'DD/MM/YYYY'", "2018-11-02"),
        ("date", "11.02.2018", "dateformat 'MM.DD.YYYY'", "2018-11-02"),
        ("date", "20181102", "dateformat 'auto'", "2018-11-02"),
        ("date", "11/02/2018", "dateformat 'auto'", "2018-11-02"),
        ("date", "2-Nov-2018", "dateformat 'DD-MON-YYYY'", "2018-11-02"),
        ("date", "2-November-2018", "dateformat 'DD-MON-YYYY'", "2018-11-02"),
        ("timestamp", "02.11.2018 13:25", "timeformat 'DD.MM.YYYY HH:MI'", "2018-11-02 13:25:00"),
        ("timestamp", "02.11.2018 01:25:34 PM", "timeformat 'DD.MM.YYYY HH12:MI:SS AM'", "2018-11-02 13:25:34"),
        ("timestamp", "2018-11-02T13:25:34.5", "timeformat 'YYYY-MM-DDTHH:MI:SS'", "2018-11-02 13:25:34.5"),
        ("timestamp", 1541105830796, "timeformat 'epochmillisecs'", "2018-11-01 20:57:10.796"),
        ("timestamp", "1541105830796", "timeformat 'epochmillisecs'", "2018-11-01 20:57:10.796"),
        ("timestamp", 1541105830, "timeformat 'epochsecs'", "2018-11-01 20:57:10"),
        ("timestamptz", 1541105830, "timeformat 'epochsecs'", "2018-11-01 20:57:10+00"),
        ("timestamp", "2019-02-11T05:09:12.195Z", "timeformat 'auto'", "2019-02-11 05:09:12.195"),
        ("timestamp", "19960108 040809", "timeformat 'auto'", "1996-01-08 04:08:09"),
        ("timestamp", "960108 040809", "timeformat 'auto'", "1996-01-08 04:08:09"),
        ("timestamp", "1996.008", "timeformat 'auto'", "1996-01-08 00:00:00"),
        ("timestamp", "1996-01-08 04:05:06.789", "timeformat 'auto'", "1996-01-08 04:05:06.789"),
        ("timestamp", "17 Dec 07:37:16 1997 PST", "timeformat 'auto'", "1997-12-17 07:37:16"),
        ("timestamp", "12/17/1997 07:37:16.00 PST", "timeformat 'auto'", "1997-12-17 07:37:16"),
        ("timestamp", "1997-12-17 07:37:16-08", "timeformat 'auto'", "1997-12-17 07:37:16"),
        ("timestamp", "12.17.1997 07:37:16.00 PST", "timeformat 'auto'", "1997-12-17 07:37:16"),
        ("timestamptz", "1997-12-17 07:37:16-08", "timeformat 'auto'", "1997-12-17 15:37:16+00"),
        ("timestamptz", "2019-02-11T05:09:12.195Z", "timeformat 'auto'", "2019-02-11 05:09:12.195+00"),
        ("timestamptz", "12/17/1997 07:37:16", "timeformat 'auto'", "1997-12-17 07:37:16+00"),
        ("varchar(9)", "aXb", "acceptinvchars", "aXb"),
    ],
)
def test_option_changes_what_a_value_becomes(
    bucket: Bucket, type_: str, value: object, options: str, expected: str | None
) -> None:
    one(bucket, type_, value, f"json 'auto' {options}")
    assert bucket.connection.execute("SELECT CAST(a AS VARCHAR) FROM t").fetchall() == [(expected,)]


@pytest.mark.parametrize(
    ("type_", "value", "options"),
    [
        ("timestamp", 1541105830796, "timeformat 'auto'"),
        ("timestamp", 1541105830.5, "timeformat 'epochsecs'"),
        ("timestamp", "2018-11-02 01:25:34", "timeformat 'epochsecs'"),
        ("timestamp", 99999999999999999999, "timeformat 'epochmillisecs'"),
        ("timestamp", "infinity", "timeformat 'auto'"),
        ("timestamptz", "infinity", "timeformat 'auto'"),
    ],
)
def test_time_that_does_not_fit_its_format_is_refused(bucket: Bucket, type_: str, value: object, options: str) -> None:
    assert refused(bucket, type_, value, f"json 'auto' {options}")[0] == 1206


# --- JSON ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        '{"a": 1}\n{"a": 2}\n',
        '{"a": 1}\n{"a": 2}',
        '{"a": 1}{"a": 2}',
        '{"a": 1} {"a": 2}',
        '{\n  "a":\n 1}\n\n{"a": 2\n}\n',
        '\n\n{"a": 1}\r\n{"a": 2}\r\n',
        '{"a": 1, "b": "}{"}\n{"a": 2}',
        '{"a": 1}\n\n{"a": 2, "x": {"y": [1, {"z": 2}]}}',
    ],
)
def test_json_objects_may_stand_in_any_way(bucket: Bucket, content: str) -> None:
    bucket.table("a int")
    bucket.put("data.json", content)
    assert bucket.copy().rows == 2
    assert bucket.values() == [1, 2]


def test_auto_takes_keys_as_they_are_and_ignorecase_does_not(bucket: Bucket) -> None:
    bucket.table("userid int, b int")
    bucket.put("data.json", '{"userId": 1, "b": 1}\n{"userid": 2, "b": 2}\n{"USERID": 3, "B": 3}')
    bucket.copy()
    assert bucket.rows() == [(None, 1), (2, 2), (None, None)]
    bucket.table("userid int, b int")
    bucket.copy("json 'auto ignorecase'")
    assert bucket.rows() == [(1, 1), (2, 2), (3, 3)]


def test_members_that_differ_in_case_are_warned_of(bucket: Bucket) -> None:
    bucket.table("userid int, page varchar(9), song varchar(9), absent int")
    bucket.put("data", '{"userId": 1, "Page": "a", "song": "x", "SONG": "y"}\n')
    loaded = bucket.copy()
    assert bucket.rows() == [(None, None, "x", None)]
    assert loaded.warning == (
        "WARNING: members that differ in case are not loaded, and NULL is in their place: 'page' "
        "(the files have 'Page'), 'userid' (the files have 'userId'); JSON 'auto ignorecase' takes them "
        "(in a pipeline: jsonpaths: auto ignorecase)"
    )
    assert bucket.copy("json 'auto ignorecase'").warning == ""
    bucket.put("paths", '{"jsonpaths": ["$.UserID", "$.Page", "$.song", "$.absent"]}')
    warning = bucket.copy("json 's3://b/paths'").warning
    assert "'UserID' (the files have 'userId'); write the paths as the files have it" in warning
    bucket.put("data", '{"userId": 1}\n{"userid": 2, "Page": null, "page": null}\n')
    assert bucket.copy().warning == ""


def test_ignorecase_refuses_what_is_no_object(bucket: Bucket) -> None:
    bucket.table("k int")
    bucket.put("data.json", '{"K": 1}\n[{"k": 2}]\n{"k": 3}')
    assert bucket.errors("json 'auto ignorecase'") == [(1216, "Invalid JSONPath format: Member is not an object.")]


def test_noshred_takes_the_whole_document(bucket: Bucket) -> None:
    bucket.table("doc super")
    bucket.put("data.json", '{"a": [1, {"b": null}]}\n[1]\n')
    bucket.copy("json 'noshred'")
    assert [json.loads(value) for value in bucket.values()] == [{"a": [1, {"b": None}]}, [1]]
    bucket.table("doc super, a int")
    with pytest.raises(WarehouseError, match="exactly one SUPER column"):
        bucket.copy("json 'noshred'")


def test_jsonpaths_fill_columns_by_position(bucket: Bucket) -> None:
    bucket.table("x int, y varchar(20), z int, doc super, same super")
    bucket.put("paths.json", json.dumps({"jsonpaths": ["$.b.c", "$.a", "$.l[1]", "$", "$.b"]}))
    bucket.put("data.json", '{"a": "A", "b": {"c": 5}, "l": [1, 2]}\n{"a": null, "b": {}, "l": [3, 4]}')
    bucket.copy("json 's3://b/paths.json'")
    first, second = bucket.rows()
    assert first[:3] == (5, "A", 2)
    assert json.loads(first[3])["l"] == [1, 2]
    assert json.loads(first[4]) == {"c": 5}
    assert second[:3] == (None, None, 4)


def test_jsonpaths_in_brackets_take_keys_with_any_character(bucket: Bucket) -> None:
    bucket.table("a int, b int, c int")
    bucket.put("paths.json", json.dumps({"jsonpaths": ["$['x.y']", "$['a/b']['~']", "$['Q\"q']"]}))
    bucket.put("data.json", json.dumps({"x.y": 1, "a/b": {"~": 2}, 'Q"q': 3}))
    bucket.copy("json 's3://b/paths.json'")
    assert bucket.rows() == [(1, 2, 3)]


def test_jsonpaths_that_differ_in_case_are_two_members(bucket: Bucket) -> None:
    bucket.table("a int, b int")
    bucket.put("paths.json", '{"jsonpaths": ["$.k", "$.K"]}')
    bucket.put("data.json", '{"k": 1, "K": 2}')
    bucket.copy("json 's3://b/paths.json'")
    assert bucket.rows() == [(1, 2)]


def test_jsonpaths_of_a_root_array(bucket: Bucket) -> None:
    bucket.table("a int, b varchar(5)")
    bucket.put("paths.json", '{"jsonpaths": ["$[0]", "$[1]"]}')
    bucket.put("data.json", '[1, "x"]\n[2, "y"]')
    bucket.copy("json 's3://b/paths.json'")
    assert bucket.rows() == [(1, "x"), (2, "y")]


def test_jsonpaths_file_without_its_key_behaves_as_auto(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("paths.json", '{"jsonPaths": ["$.b"]}')
    bucket.put("data.json", '{"a": 1, "b": 2}')
    bucket.copy("json 's3://b/paths.json'")
    assert bucket.values() == [1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"jsonpaths": ["$.a"]}', "JSONPath size: 1, Number of columns in table or column list: 2"),
        ('{"jsonpaths": ["$.a", ""]}', "not a list of texts"),
        ('{"jsonpaths": ["$.a", 1]}', "not a list of texts"),
        ('{"jsonpaths": ["$.a", "$[\'b\']"]}', "mixes dots and brackets"),
        ('{"jsonpaths": ["$.a", "$.*"]}', "wildcard"),
        ('{"jsonpaths": ["$.a", "$.b"]} x', "not one JSON object"),
        ("[]", "not a JSON object"),
    ],
)
def test_jsonpaths_file_that_is_wrong_is_refused(bucket: Bucket, content: str, message: str) -> None:
    bucket.table("a int, b int")
    bucket.put("paths.json", content)
    bucket.put("data.json", '{"a": 1, "b": 2}')
    with pytest.raises(WarehouseError, match=message.replace("[", r"\[")):
        bucket.copy("json 's3://b/paths.json' maxerror 100")


def test_jsonpaths_file_that_is_missing_is_told(bucket: Bucket) -> None:
    bucket.table("a int")
    with pytest.raises(WarehouseError, match=r"The specified S3 prefix 'paths.json' does not exist"):
        bucket.copy("json 's3://b/paths.json'")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("$.a[2]", {"a": [1, 2]}, "Invalid JSONPath format: Not an array or index out of range."),
        ("$.a[0]", {"a": 1}, "Invalid JSONPath format: Not an array or index out of range."),
        ("$.a.b", {"a": [1]}, "Invalid JSONPath format: Member is not an object."),
        ("$.a.b.c", {"a": {"b": 1}}, "Invalid JSONPath format: Member is not an object."),
    ],
)
def test_path_that_cannot_be_followed_is_a_row_error(bucket: Bucket, path: str, value: object, expected: str) -> None:
    bucket.table("x int")
    bucket.put("paths.json", json.dumps({"jsonpaths": [path]}))
    bucket.put("data.json", json.dumps(value))
    assert bucket.errors("json 's3://b/paths.json'") == [(1216, expected)]


@pytest.mark.parametrize("value", [{}, {"a": None}, {"a": {}}, {"a": {"b": None}}])
def test_path_to_a_member_that_is_not_there_is_null(bucket: Bucket, value: object) -> None:
    bucket.table("x int")
    bucket.put("paths.json", '{"jsonpaths": ["$.a.b"]}')
    bucket.put("data.json", json.dumps(value))
    bucket.copy("json 's3://b/paths.json'")
    assert bucket.values() == [None]


def test_array_of_objects_is_explained(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data.json", '[{"a": 1},\n {"a": 2}]')
    with pytest.raises(LoadFailed) as caught:
        bucket.copy()
    assert "JSON array" in caught.value.hint
    assert caught.value.errors[0].reason == "Invalid JSONPath format: Member is not an object."


def test_prefix_that_takes_the_jsonpaths_file_in_loads_it_as_data(bucket: Bucket) -> None:
    """AWS: COPY reads it as data. Its one object has no member that is wanted: a row of NULLs, or an error."""
    bucket.table("a int not null")
    bucket.put("data.json", '{"a": 1}')
    bucket.put("data_paths.json", '{\n"jsonpaths": ["$.a"]\n}')
    assert bucket.errors("json 's3://b/data_paths.json'") == [(1213, "Missing data for not-null field")]


def test_objects_without_any_wanted_member_are_rows(bucket: Bucket) -> None:
    bucket.table("a int, b int")
    bucket.put("data/1.json", '{"x": 1}\n{"a": 1}\n{}\n{"b": null}')
    bucket.put("data/2.json", '{"y": 1}{"b": 2}')
    assert bucket.copy().rows == 6
    assert sorted(bucket.rows(), key=str) == [(1, None), (None, 2), *[(None, None)] * 4]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('{"a": 1}\n{"a": }\n{"a": 3}', 2),
        ('{"a": 1}\n{"a": 2\n', 2),
        ('{"a": 1},{"a": 2}', 1),
        ('{"a": 1}\n\n  nonsense\n', 3),
        ('{"a": 1}\n"text"\n', 2),
        ('{"a": 1}\n17\n', 2),
        ('{"a": 1}\nnull\n', 2),
        ('{\n"a": 1}\n{\n"a": \n}\n', 5),
    ],
)
def test_malformed_json_is_refused_with_its_line(bucket: Bucket, content: str, line: int) -> None:
    bucket.table("a int")
    bucket.put("data.json", content)
    with pytest.raises(LoadFailed) as caught:
        bucket.copy()
    (error,) = caught.value.errors
    assert (error.code, error.line) == (1216, line)
    assert bucket.rows() == []


def test_malformed_json_is_left_out_with_maxerror(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data/1.json", '{"a": 1}\n{"a": }\n{"a": 3}{"a": 4}\n{"a": "x"}\n{"a": 6}')
    bucket.put("data/2.json", '{\n"a": 7}\n{"a":\n}\n{"a": 9}')
    loaded = bucket.copy("json 'auto' maxerror 10")
    assert sorted(bucket.values()) == [1, 3, 4, 6, 7, 9]
    assert loaded.rows == 6
    assert [(error.file[-6:], error.line, error.code) for error in loaded.errors] == [
        ("1.json", 2, 1216),
        ("1.json", 4, 1207),
        ("2.json", 4, 1216),
    ]


def test_bytes_that_are_no_utf8_are_refused_or_replaced(bucket: Bucket) -> None:
    bucket.table("a varchar(9)")
    bucket.put("data.json", b'{"a": "x\xffy"}\n{"a": "z"}')
    assert [code for code, _ in bucket.errors()] == [1220]
    bucket.copy("json 'auto' acceptinvchars '#'")
    assert bucket.values() == ["x#y", "z"]


def test_object_of_more_than_4_mb_fails_the_copy(bucket: Bucket) -> None:
    bucket.table("a int, b varchar(max)")
    bucket.put("data.json", '{"a": 1}\n' + json.dumps({"b": "x" * (4 << 20)}))
    with pytest.raises(WarehouseError, match="longer than the 4 MB that COPY takes"):
        bucket.copy("json 'auto' maxerror 100 truncatecolumns")
    assert bucket.rows() == []


def test_ignoreheader_skips_lines_of_every_file(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data/1.json", 'header\n{"a": 1}\n{"a": "x"}')
    bucket.put("data/2.json", 'header\n{"a": 2}')
    loaded = bucket.copy("json 'auto' ignoreheader 1 maxerror 2")
    assert bucket.values() == [1, 2]
    assert [(error.line, error.start_offset) for error in loaded.errors] == [(3, 16)]


# --- errors ----------------------------------------------------------------------------------------------------------


def test_errors_tell_file_line_offset_column_and_value(bucket: Bucket) -> None:
    bucket.table("a int, b varchar(3), c decimal(12; 2)")
    bucket.put("data/1.json", '{"a": 1, "b": "x"}\n{"a": 2, "b": "long"}\n')
    bucket.put("data/2.json", '{"a": 3}{"a": 4}')
    bucket.put("data/3.json", '\n{"a": 5}\n{"c": "1,5"}')
    bucket.put("data/4.json", '{"a":\n "x"\n}')
    loaded = bucket.copy("json 'auto' maxerror 10")
    assert loaded.rows == 4
    found = {error.file: error for error in loaded.errors}
    assert sorted(found) == ["s3://b/data/1.json", "s3://b/data/3.json", "s3://b/data/4.json"]
    first, third, fourth = (found[f"s3://b/data/{number}.json"] for number in (1, 3, 4))
    assert (first.line, first.start_offset, first.column, first.type, first.length) == (2, 19, "b", "varchar", "3")
    assert (first.raw_value, first.raw_line) == ("long", '{"a": 2, "b": "long"}')
    assert (third.line, third.column, third.type, third.length) == (3, "c", "numeric", "12, 2")
    assert (third.raw_value, third.position, third.code) == ("1,5", 1, 1207)
    assert (fourth.line, fourth.column, fourth.raw_value) == (3, "a", "x")


@pytest.mark.parametrize(("options", "fails"), [("", True), ("maxerror 0", True), ("maxerror 1", True),
                                               ("maxerror 2", True), ("maxerror 3", False),
                                               ("ignoreallerrors", False)])  # fmt: skip
def test_load_fails_when_errors_reach_maxerror(bucket: Bucket, options: str, fails: bool) -> None:
    bucket.table("a int")
    bucket.put("data/1.json", '{"a": 1}\n{"a": "x"}')
    bucket.put("data/2.json", '{"a": "y"}\n{"a": 2}')
    if fails:
        assert bucket.errors(f"json 'auto' {options}")
    else:
        loaded = bucket.copy(f"json 'auto' {options}")
        assert (loaded.rows, len(loaded.errors), bucket.values()) == (2, 2, [1, 2])


def test_noload_reports_and_loads_nothing(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data.json", '{"a": 1}\n{"a": "x"}')
    assert bucket.errors("json 'auto' noload")
    loaded = bucket.copy("json 'auto' noload maxerror 5")
    assert (loaded.rows, len(loaded.errors), bucket.rows()) == (0, 1, [])


def test_failed_copy_leaves_an_open_transaction_to_be_rolled_back(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data.json", '{"a": 1}\n{"a": "x"}')
    bucket.connection.execute("INSERT INTO t VALUES (0)")
    bucket.connection.execute("BEGIN")
    bucket.connection.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(LoadFailed):
        bucket.copy("json 'auto' maxerror 1")
    with pytest.raises(duckdb.Error, match="aborted"):
        bucket.rows()
    bucket.connection.execute("ROLLBACK")
    assert bucket.values() == [0]


def test_copy_inside_a_transaction_is_rolled_back_with_it(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data.json", '{"a": 1}')
    bucket.connection.execute("BEGIN")
    bucket.copy()
    assert bucket.values() == [1]
    bucket.connection.execute("ROLLBACK")
    assert bucket.values() == []


@dataclass(frozen=True)
class Elsewhere:
    """Buckets that no folder stands for; remembers the copies it gave."""

    contents: dict[str, bytes]
    copies: list[Path] = field(default_factory=list)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        return (StoredObject(url, len(self.contents[url])) for url in sorted(self.contents) if url.startswith(prefix))

    def find(self, url: str) -> StoredObject | None:
        return next((each for each in self.list(url) if each.url == url), None)

    def read(self, url: str) -> bytes | None:
        return self.contents.get(url)

    def write(self, url: str, content: bytes) -> None:
        self.contents[url] = content

    def fetch(self, objects: Iterable[StoredObject], folder: Path) -> Iterator[StoredObject]:
        for each in objects:
            path = folder / f"copy{len(self.copies)}"
            path.write_bytes(self.contents[each.url])
            self.copies.append(path)
            yield replace(each, file=path, is_copy=True)


@pytest.mark.parametrize("size", [10, 2 << 20])
def test_objects_that_lie_elsewhere_are_fetched_and_released(bucket: Bucket, size: int) -> None:
    contents = {f"s3://far/data/{n}": json.dumps({"k": n, "x": "x" * size}).encode() for n in range(3)}
    contents["s3://far/paths.json"] = b'{"jsonpaths": ["$.k"]}'
    far = Elsewhere(contents)
    bucket.table("a int")
    copy = parse("copy t from 's3://far/data' iam_role default json 's3://far/paths.json'")
    loaded = load(bucket.connection, copy, LoadTable("t", "t", bucket.columns), Storage((), lambda: far))
    assert bucket.values() == [0, 1, 2]
    assert [file.url for file in loaded.files] == sorted(contents)[:3]
    assert not any(path.exists() for path in far.copies)


# --- compression -----------------------------------------------------------------------------------------------------


def test_gzip_and_bzip2_are_read(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.put("data.gz", gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}'))
    bucket.put("more.bz2", bz2.compress(b'{"a": 3}'))
    bucket.copy("json 'auto' gzip")
    bucket.copy("json 'auto' bzip2", source="more")
    assert bucket.values() == [1, 2, 3]
    with pytest.raises(WarehouseError, match="is not gzip"):
        bucket.copy("json 'auto' gzip", source="more")


@pytest.mark.parametrize(("compression", "module"), [("gzip", gzip), ("bzip2", bz2)])
@pytest.mark.parametrize("left", [0.5, 0.999])
def test_compressed_file_that_ends_in_the_middle_is_refused(
    bucket: Bucket, compression: str, module: ModuleType, left: float
) -> None:
    bucket.table("a int")
    content = module.compress("".join(f'{{"a": {n * n * 7919 % 99991}}}\n' for n in range(5000)).encode())
    bucket.put("data", content[: int(len(content) * left)])
    with pytest.raises(WarehouseError, match="the file ends in the middle"):
        bucket.copy(f"json 'auto' {compression}")
    assert bucket.values() == []


def test_zstd_is_read(bucket: Bucket) -> None:
    bucket.table("a int")
    bucket.connection.execute(
        f"COPY (SELECT unnest([1, 2]) AS a) TO '{bucket.folder}/data.zst' (FORMAT json, COMPRESSION zstd)"
    )
    bucket.copy("json 'auto' zstd")
    assert bucket.values() == [1, 2]


@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, 0.99])
def test_zstd_file_that_ends_in_the_middle_is_refused(bucket: Bucket, left: float) -> None:
    bucket.table("a int")
    path = bucket.folder / "data.zst"
    query = "SELECT range * range * 7919 % 99991 AS a FROM range(100000)"
    bucket.connection.execute(f"COPY ({query}) TO '{path}' (FORMAT json, COMPRESSION zstd)")
    content = path.read_bytes()
    bucket.copy("json 'auto' zstd")
    assert len(bucket.values()) == 100_000
    path.write_bytes(content + content[: int(len(content) * left)])
    with pytest.raises(WarehouseError, match="the file ends in the middle"):
        bucket.copy("json 'auto' zstd")
    path.write_bytes(content + content)
    bucket.copy("json 'auto' zstd")
    assert len(bucket.values()) == 300_000
