"""COPY as a record: what is read, written, refused and hidden."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.copy import (
    AccessKey,
    Copy,
    Credentials,
    Format,
    IamRole,
    Secret,
    TableName,
    cautions,
    clauses,
    conflicts,
    is_copy,
    masked,
    parse,
    unescape,
    write,
)
from engine.errors import WarehouseError

ROLE = "arn:aws:iam::0123456789012:role/reader"

texts = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
names = st.from_regex(r"[a-z_][a-z0-9_$]{0,12}", fullmatch=True) | st.sampled_from(
    ["select", "my table", 'quo"ted', "ö"]
)
secrets = st.builds(Secret, texts)
authorizations = st.one_of(
    st.none(),
    st.builds(IamRole, st.none() | texts),
    st.builds(AccessKey, secrets, secrets, st.none() | secrets),
    st.builds(Credentials, secrets),
)
formats = st.one_of(
    st.just(Format()),
    st.builds(Format, st.sampled_from(["csv", "parquet", "orc"])),
    st.builds(Format, st.sampled_from(["json", "avro", "fixedwidth"]), texts),
    st.builds(Format, st.just("shapefile"), st.sampled_from(["", "simplify", "simplify auto", "simplify auto 0.5"])),
)
NUMBERS = {
    "ignoreheader": (0, 2**63 - 1),
    "maxerror": (0, 100_000),
    "comprows": (1000, 2**31 - 1),
    "readratio": (1, 200),
}
WORDS = {
    "compression": ["", "gzip", "bzip2", "lzop", "zstd"],
    "encoding": ["", "utf8", "utf16", "utf16le", "utf16be"],
    "compupdate": ["", "on", "off", "preset"],
    "statupdate": ["", "on", "off"],
}
APART = {"table", "source", "columns", "authorization", "format"}


def option(name: str, type_: str) -> st.SearchStrategy[Any]:
    if type_ == "bool":
        return st.booleans()
    if name in WORDS:
        return st.sampled_from(WORDS[name])
    return st.none() | (st.integers(*NUMBERS[name]) if name in NUMBERS else texts)


copies = st.builds(
    Copy,
    table=st.builds(TableName, st.none() | names, names),
    source=texts,
    columns=st.lists(names, max_size=8).map(tuple),
    authorization=authorizations,
    format=formats,
    **{each.name: option(each.name, str(each.type)) for each in fields(Copy) if each.name not in APART},
)


@given(copies)
def test_what_is_written_reads_back(copy: Copy) -> None:
    text = write(copy)
    assert parse(text) == copy
    assert write(parse(text)) == text


@given(copies)
def test_no_secret_is_shown(copy: Copy) -> None:
    hidden = "s3cr3t/value"
    if isinstance(copy.authorization, AccessKey):
        copy = replace(copy, authorization=AccessKey(Secret(hidden), Secret(hidden), Secret(hidden)))
    else:
        copy = replace(copy, authorization=Credentials(Secret(hidden)))
    assert hidden in write(copy)
    assert hidden not in masked(write(copy))
    assert hidden not in repr(copy)
    assert hidden not in str(copy.authorization)


@given(copies)
def test_every_conflict_says_what_to_do(copy: Copy) -> None:
    assert all(": " in reason for reason in conflicts(copy))
    assert "\n".join(clauses(copy)).count("FROM 's3") == 0


def test_parse_takes_everything_at_once() -> None:
    copy = parse(
        """
        -- the events of November
        copy Sparkify."Staging_Events" (Artist, "select", /* nested */ userId)
        from 's3://bucket/log data/it''s'
        credentials as 'aws_iam_role=arn:aws:iam::0123456789012:role/r'
        region as 'us-west-2' FORMAT AS JSON 's3://bucket/paths.json'
        timeformat 'epochmillisecs' gzip maxerror as 10 truncatecolumns
        compupdate off statupdate acceptinvchars '^' null as '\\N';
        """
    )
    assert copy == Copy(
        table=TableName("sparkify", "staging_events"),
        columns=("artist", "select", "userid"),
        source="s3://bucket/log data/it's",
        authorization=Credentials(Secret("aws_iam_role=arn:aws:iam::0123456789012:role/r")),
        format=Format("json", "s3://bucket/paths.json"),
        region="us-west-2",
        timeformat="epochmillisecs",
        compression="gzip",
        maxerror=10,
        truncatecolumns=True,
        compupdate="off",
        statupdate="on",
        acceptinvchars="^",
        null_as="\\N",
    )


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("json", {"format": Format("json", "auto")}),
        ("format as json 'auto ignorecase'", {"format": Format("json", "auto ignorecase")}),
        ("format csv quote as '%'", {"format": Format("csv"), "quote": "%"}),
        ("as csv", {"format": Format("csv")}),
        ("fixedwidth as 'a:1,b:2'", {"format": Format("fixedwidth", "a:1,b:2")}),
        ("format parquet serializetojson", {"format": Format("parquet"), "serializetojson": True}),
        ("avro 's3://b/p.json'", {"format": Format("avro", "s3://b/p.json")}),
        ("shapefile simplify auto '0.5'", {"format": Format("shapefile", "simplify auto 0.5")}),
        ("delimiter as '\\t'", {"delimiter": "\\t"}),
        ("delimiter '\\\\t'", {"delimiter": "\\t"}),
        ("null ''", {"null_as": ""}),
        ("compupdate", {"compupdate": "on"}),
        ("compupdate true", {"compupdate": "on"}),
        ("compupdate preset comprows 5000", {"compupdate": "preset", "comprows": 5000}),
        ("statupdate false", {"statupdate": "off"}),
        ("acceptinvchars", {"acceptinvchars": "?"}),
        ("acceptinvchars as '#' emptyasnull", {"acceptinvchars": "#", "emptyasnull": True}),
        ("encoding as utf16le", {"encoding": "utf16le"}),
        ("encoding 'UTF-8'", {"encoding": "utf8"}),
        ("ignoreheader as 1 explicit_ids noload", {"ignoreheader": 1, "explicit_ids": True, "noload": True}),
        ("ssh readratio 50", {"ssh": True, "readratio": 50}),
    ],
)
def test_parse_reads_the_clause(clause: str, expected: dict[str, Any]) -> None:
    expected_copy = Copy(table=TableName(None, "t"), source="s3://b/p", authorization=IamRole(), **expected)
    assert parse(f"copy t from 's3://b/p' iam_role default {clause}") == expected_copy
    assert parse(f"COPY t FROM 's3://b/p' {clause.upper() if chr(39) not in clause else clause} IAM_ROLE DEFAULT") == (
        expected_copy
    )


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (f"iam_role '{ROLE}'", IamRole(ROLE)),
        ("iam_role default", IamRole()),
        ("with credentials 'x=y'", Credentials(Secret("x=y"))),
        ("access_key_id 'a' secret_access_key 'b'", AccessKey(Secret("a"), Secret("b"))),
        ("session_token 'c' secret_access_key 'b' access_key_id 'a'", AccessKey(Secret("a"), Secret("b"), Secret("c"))),
        ("", None),
    ],
)
def test_parse_reads_the_authorization(clause: str, expected: object) -> None:
    assert parse(f"copy t from 's3://b/p' {clause}").authorization == expected


@pytest.mark.parametrize(
    ("sql", "message", "detail", "hint"),
    [
        ("copy t from 's3://b/p'\n  iam_rol default", 'near "iam_rol"', "line 2, column 3", "did you mean IAM_ROLE?"),
        ("copy t form 's3://b/p'", 'near "form"', "line 1, column 8", "FROM is expected here"),
        ("copy from 's3://b/p'", "near a text", "line 1, column 11", "FROM is expected here"),
        ("copy t", "at end of input", "line 1, column 7", "FROM is expected here"),
        ("copy a.b.c from 's3://b/p'", 'near "from"', "line 1, column 12", "schema.table"),
        ("copy t (a, from 's3://b/p'", "near a text", "line 1, column 17", ""),
        ("copy t from s3://b/p", 'near "s3"', "line 1, column 13", "in quotes"),
        ("copy t from 's3://b/p' json 'auto' csv", "conflicting", "line 1, column 36", "one of them"),
        ("copy t from 's3://b/p' gzip zstd", "conflicting or redundant options: ZSTD after GZIP", "column 29", ""),
        ("copy t from 's3://b/p' maxerror 200000", 'near "200000"', "column 33", "from 0 to 100000"),
        ("copy t from 's3://b/p' maxerror", "at end of input", "", "from 0 to 100000"),
        ("copy t from 's3://b/p' region us", 'near "us"', "", "REGION with a text in quotes"),
        ("copy t from 's3://b/p' encoding latin1", 'near "latin1"', "", "ENCODING takes UTF8"),
        (
            "copy t from 's3://b/p' iam_role default credentials 'x'",
            "IAM_ROLE and CREDENTIALS",
            "",
            "authorize with one",
        ),
        ("copy t from 's3://b/p' session_token 'x'", "SESSION_TOKEN needs", "", "both keys"),
        ("copy t from 's3://b/p' access_key_id 'x'", "ACCESS_KEY_ID needs", "", "both keys"),
        ("copy t from 's3://b/p' nonsense", 'near "nonsense"', "", "an option of COPY"),
        ("copy t from 's3://b/p", 'near "\'"', "line 1, column 13", "in quotes"),
    ],
)
def test_parse_refuses_with_place_and_advice(sql: str, message: str, detail: str, hint: str) -> None:
    with pytest.raises(WarehouseError) as caught:
        parse(sql)
    assert message in caught.value.message
    assert detail in caught.value.detail
    assert hint in caught.value.hint
    assert caught.value.sqlstate == "42601"


def test_parse_refuses_what_aws_has_closed() -> None:
    with pytest.raises(WarehouseError, match="closed client-side encryption") as caught:
        parse("copy t from 's3://b/p' iam_role default encrypted")
    assert caught.value.sqlstate == "0A000"


def test_error_does_not_show_secrets_of_its_line() -> None:
    with pytest.raises(WarehouseError) as caught:
        parse("copy t from 's3://b/p' access_key_id 'AKIA' secret_access_key 'hush' nonsense")
    assert "hush" not in caught.value.detail
    assert "AKIA" not in caught.value.detail


def test_write_is_laid_out_for_reading() -> None:
    copy = Copy(
        table=TableName("sparkify", "staging_events"),
        columns=("artist", "user"),
        source="s3://udacity-dend/log_data",
        authorization=IamRole(ROLE),
        format=Format("json", "s3://udacity-dend/log_json_path.json"),
        region="us-west-2",
        timeformat="epochmillisecs",
        truncatecolumns=True,
        compupdate="off",
    )
    assert write(copy) == (
        'COPY sparkify.staging_events (artist, "user")\n'
        "    FROM 's3://udacity-dend/log_data'\n"
        f"    IAM_ROLE '{ROLE}'\n"
        "    FORMAT AS JSON 's3://udacity-dend/log_json_path.json'\n"
        "    REGION 'us-west-2'\n"
        "    TIMEFORMAT 'epochmillisecs'\n"
        "    TRUNCATECOLUMNS\n"
        "    COMPUPDATE OFF"
    )


PLAIN = Copy(table=TableName(None, "t"), source="s3://b/p", authorization=IamRole())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"authorization": None}, "no authorization: add IAM_ROLE"),
        ({"authorization": AccessKey(Secret("a"), Secret(""))}, "go together"),
        ({"authorization": IamRole("arn:1, arn:2")}, "with a blank in it"),
        ({"ssh": True}, "take SSH out"),
        ({"readratio": 50}, "take READRATIO out"),
        ({"quote": "%"}, "QUOTE is for CSV only"),
        ({"format": Format("csv"), "removequotes": True}, "CSV does not go with REMOVEQUOTES"),
        ({"format": Format("csv"), "escape": True}, "CSV does not go with ESCAPE"),
        ({"format": Format("fixedwidth", "a:1"), "delimiter": ","}, "FIXEDWIDTH does not go with DELIMITER"),
        ({"format": Format("fixedwidth", "a:1"), "escape": True}, "FIXEDWIDTH does not go with ESCAPE"),
        ({"format": Format("fixedwidth", "a")}, "write 'label:width,label:width'"),
        ({"format": Format("json", "auto"), "delimiter": ","}, "JSON does not go with DELIMITER"),
        ({"format": Format("json", "auto"), "escape": True}, "JSON does not go with ESCAPE"),
        ({"format": Format("json", "auto"), "fillrecord": True}, "JSON does not go with FILLRECORD"),
        ({"format": Format("json", "auto"), "ignoreblanklines": True}, "JSON does not go with IGNOREBLANKLINES"),
        ({"format": Format("json", "auto"), "null_as": ""}, "JSON does not go with NULL AS"),
        ({"format": Format("json", "auto"), "removequotes": True}, "JSON does not go with REMOVEQUOTES"),
        ({"format": Format("json", "auto"), "readratio": 9}, "JSON does not go with READRATIO"),
        ({"format": Format("avro", "auto"), "null_as": ""}, "AVRO does not go with NULL AS"),
        ({"format": Format("avro", "noshred")}, "AVRO 'noshred': write an s3:// URL"),
        ({"format": Format("json", "Auto")}, "write 'auto', in lower case"),
        ({"format": Format("json", "paths.json")}, "write an s3:// URL"),
        ({"format": Format("parquet"), "maxerror": 5}, "PARQUET does not go with MAXERROR"),
        ({"format": Format("parquet"), "region": "us-east-1"}, "the bucket must be in the cluster's region"),
        ({"format": Format("orc"), "compupdate": "off"}, "ORC does not go with COMPUPDATE"),
        ({"format": Format("parquet"), "compression": "gzip"}, "PARQUET does not go with GZIP"),
        ({"format": Format("parquet"), "ignoreallerrors": True}, "PARQUET does not go with IGNOREALLERRORS"),
        ({"serializetojson": True}, "SERIALIZETOJSON is for PARQUET and ORC only"),
        ({"format": Format("shapefile"), "escape": True}, "SHAPEFILE does not go with ESCAPE"),
        ({"ignoreallerrors": True, "maxerror": 5}, "IGNOREALLERRORS does not go with MAXERROR"),
        ({"source": "emr://b/p", "compression": "zstd"}, "ZSTD is for files on S3 only"),
        ({"source": "s3://b/p/", "manifest": True}, "MANIFEST needs the URL of one manifest file"),
        ({"delimiter": "||"}, "DELIMITER '||'"),
        ({"format": Format("csv"), "quote": "''"}, "QUOTE"),
        ({"null_as": "\\n"}, "NULL AS"),
        ({"acceptinvchars": "ab"}, "ACCEPTINVCHARS 'ab'"),
        ({"timeformat": "EPOCHSECS"}, "write 'epochsecs', in lower case"),
        ({"dateformat": "Auto"}, "write 'auto', in lower case"),
    ],
)
def test_conflict_is_told(changes: dict[str, Any], reason: str) -> None:
    found = conflicts(replace(PLAIN, **changes))
    assert len(found) == 1
    assert reason in found[0]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"format": Format("csv"), "quote": "%", "delimiter": ";", "null_as": "-", "ignoreheader": 1},
        {"format": Format("json", "auto"), "maxerror": 5, "emptyasnull": True, "ignoreheader": 1},
        {"format": Format("parquet"), "statupdate": "off", "acceptinvchars": "?", "serializetojson": True},
        {"delimiter": "\\t", "escape": True, "removequotes": True, "null_as": "\\0"},
        {"delimiter": "\\001"},
        {"dateformat": "auto", "timeformat": "epochsecs"},
    ],
)
def test_what_goes_together_has_no_conflicts(changes: dict[str, Any]) -> None:
    assert conflicts(replace(PLAIN, **changes)) == ()


def test_cautions_tell_what_is_seldom_meant() -> None:
    assert cautions(PLAIN) == ()
    assert "ACCEPTANYDATE without DATEFORMAT" in cautions(replace(PLAIN, acceptanydate=True))[0]
    assert "also matches the jsonpaths file" in cautions(replace(PLAIN, format=Format("json", "s3://b/paths.json")))[0]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [("copy t", True), (" \n-- x\n/* y */ CoPy t", True), ("copyist", False), ("select 'copy'", False), ("", False)],
)
def test_is_copy(sql: str, expected: bool) -> None:
    assert is_copy(sql) is expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("unload ('q') to 's3://b' credentials 'aws_secret'", "unload ('q') to 's3://b' credentials '***'"),
        ("Secret_Access_Key\n/* x */ 'it''s' gzip", "Secret_Access_Key\n/* x */ '***' gzip"),
        ("session_token 'never ends", "session_token '***'"),
        ("credentials as 'a\\'b' region 'r'", "credentials as '***' region 'r'"),
        ("iam_role 'arn'", "iam_role 'arn'"),
    ],
)
def test_masked_hides_every_key(sql: str, expected: str) -> None:
    assert masked(sql) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("\\t", "\t"), ("\\001", "\x01"), ("\\0", "\0"), ("\\\\", "\\"), ("|", "|"), ("\\N", "\\N")]
)
def test_unescape(text: str, expected: str) -> None:
    assert unescape(text) == expected
