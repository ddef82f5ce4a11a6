from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine import build as building
from engine.copy import Copy
from engine.errors import Problem
from engine.schema import check, pipeline_schema, prune
from engine.source import Document, Items, Key, Mapping, read_document

PIPELINES = Path(__file__).resolve().parent.parent / "pipelines"

A_SORTKEY = "expected a list of columns, 'auto', or {interleaved: [columns]}"
A_CHECK = "expected one check after each '-', such as not_null: [user_id]"

START = "version: 1\nname: p\n"
TABLE = """\
tables:
  t:
    columns:
      id: {type: integer}
    load:
      sql: SELECT 1 AS id
"""
STAGING = """\
staging:
  raw:
    from: s3://b/raw/
    columns:
      id: {type: integer}
"""


def document(folder: Path, text: str) -> Document:
    path = folder / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(path, "p.yaml")


def told(folder: Path, text: str) -> list[str]:
    return [f"{p.where} {p.message}" + f" | {p.hint}" * bool(p.hint) for p in check(document(folder, text))]


# --- the schema itself -----------------------------------------------------------------------------------------------


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each property of the schema with its path, references not followed: what they name is walked as well."""
    if isinstance(schema, list):
        for position, item in enumerate(schema):
            yield from properties(item, f"{path}/{position}")
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key == "properties":
            for name, each in value.items():
                yield f"{path}/{name}", each
                yield from properties(each, f"{path}/{name}")
        elif key not in ("enum", "const", "examples", "default"):
            yield from properties(value, f"{path}/{key}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema and "description" not in schema:
        place: Any = pipeline_schema()
        for part in schema["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        schema = place
    return schema


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(pipeline_schema())


def test_every_key_has_a_description() -> None:
    listed = list(properties(pipeline_schema()))
    assert len(listed) > 100
    # `{}` says that a key which is described elsewhere may stand here; a lone const or enum is a condition.
    silent = [path for path, each in listed if each and not {*each} <= {"const", "enum"} and not described(path, each)]
    assert silent == []


def described(path: str, each: dict[str, Any]) -> bool:
    return len(resolved(each).get("description", "")) > 10 or path.endswith("/sortkey/anyOf/2/interleaved")


def test_every_definition_is_used() -> None:
    text = str(pipeline_schema())
    for name in pipeline_schema()["$defs"]:
        assert f"#/$defs/{name}'" in text or f"#/$defs/{name}/" in text, name


# --- the schema and its readers --------------------------------------------------------------------------------------

EVERY_KEY = """\
version: 1
name: p
description: d
target: here
targets:
  here: {warehouse: local, database: p.duckdb, mounts: {s3://b: raw}, iam_role: default, work: s3://w,
         region: r, profile: p}
  there: {warehouse: redshift, host: h, port: 1, database: d, user: u, password: p, iam_role: default, region: r,
          work: s3://w, profile: p, allow_cidr: 10.0.0.0/8, reads: [s3://b/x],
          cluster: {identifier: c, node_type: t, nodes: 1, subnet_group: g, kms_key: k, public: false}}
  beyond: {warehouse: redshift, host: h, user: u, secret: s, work: s3://w,
           serverless: {namespace: n, workgroup: w, base_capacity: 8, subnets: [s], kms_key: k, public: false}}
vars: {v: 1}
schema: s
include: []
staging:
  raw:
    description: d
    from: s3://b/raw/
    format: json
    jsonpaths: auto
    columns:
      id: {type: integer, path: $.id, description: d, 'null': false, default: 1, encode: raw}
    diststyle: key
    distkey: id
    sortkey: [id]
    primary_key: [id]
    copy: {}
    checks: [{not_null: [id]}, {unique: [id]}, {accepted_values: {id: [1]}}, {relationships: {id: t.id}},
             {sql: SELECT 1 AS id}]
tables:
  t:
    description: d
    columns:
      id: {type: integer, description: d, 'null': false, default: 1, encode: raw, identity: [0, 1], primary_key: true,
           unique: true, references: t.id}
    diststyle: key
    distkey: id
    sortkey: {interleaved: [id]}
    primary_key: [id]
    depends_on: [raw]
    load: {strategy: merge, sql: SELECT 1 AS id, key: [id], order_by: [id]}
    checks: [{not_null: [id]}, {unique: [id]}, {accepted_values: {id: [1]}}, {relationships: {id: t.id}}]
    grants: {select: [public]}
    hooks: {before: [LOCK t], after: [SELECT 1]}
    unknown_member: {id: -1}
  u:
    columns: {id: {type: integer}}
    load: {sql_file: q.sql}
  days:
    columns: {date: {type: date}}
    load: {strategy: delete_insert, range: {column: date, from: a, to: z}, dates: {from: 2018-01-01, to: 2018-12-31}}
  versions:
    columns:
      id:         {type: bigint, hash: [v]}
      v:          {type: integer, lookup: {from: t.id, on: [id], default: -1, at: x}}
      valid_from: {type: timestamp}
      valid_to:   {type: timestamp}
      is_current: {type: boolean}
    load: {strategy: scd2, sql: SELECT 1 AS v, key: [v], order_by: [v], track: [id]}
"""
TABLES_ONLY = {"identity", "primary_key", "unique", "references", "hash", "lookup"}
READ_ELSEWHERE = {
    ("pipeline", "version"),  # the schema alone says which there are
    ("pipeline", "include"),  # read.py
    ("load", "order_by"),  # a strategy's own keys go to its template
    ("load", "deleted"),
    ("check", "expression"),  # its template
}


class Recording(dict[str, Any]):
    """A mapping that notes which keys are asked for by name."""

    def __init__(self, kind: str, asked: set[tuple[str, str]]) -> None:
        super().__init__()
        self.kind = kind
        self.asked = asked
        self.marks: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        self.asked.add((self.kind, key))
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add((self.kind, key))
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.asked.add((self.kind, str(key)))
        return super().__contains__(key)


def kind_of(path: tuple[Key, ...]) -> str:
    match path:
        case ():
            return "pipeline"
        case ("targets", "here" | "there" as name):
            return f"target {name}"
        case ("targets", _, "cluster" | "serverless" as kind):
            return kind
        case ("staging" | "tables" as section, _):
            return section
        case ("staging" | "tables" as section, _, "columns", _):
            return f"{section} column"
        case (_, _, "load"):
            return "load"
        case (_, _, "checks", int()):
            return "check"
        case (_, _, "sortkey"):
            return "sortkey"
        case _:
            return ""


def recording(node: Any, path: tuple[Key, ...], asked: set[tuple[str, str]]) -> Any:
    if isinstance(node, Mapping):
        copied = Recording(kind_of(path), asked)
        for key, value in node.items():
            dict.__setitem__(copied, key, recording(value, (*path, key), asked))
        return copied
    if isinstance(node, Items):
        return [recording(item, (*path, position), asked) for position, item in enumerate(node)]
    return node


def declared(schema: dict[str, Any], kind: str) -> set[tuple[str, str]]:
    return {(kind, key) for key in schema["properties"]}


def schema_keys() -> set[tuple[str, str]]:
    defs = pipeline_schema()["$defs"]
    strategies = [part["then"] for part in defs["load"]["allOf"]]
    return {
        *declared(defs["pipeline"], "pipeline"),
        *declared(defs["local_target"], "target here"),
        *declared(defs["redshift_target"], "target there"),
        *declared(defs["cluster"], "cluster"),
        *declared(defs["serverless"], "serverless"),
        *declared(defs["staging"], "staging"),
        *declared(defs["table"], "tables"),
        *declared(defs["staging_column"], "staging column"),
        *declared(defs["column"], "tables column"),
        *declared(defs["load"], "load"),
        *(each for strategy in strategies for each in declared(strategy, "load")),
        *declared(defs["checks"]["items"], "check"),
        *declared(defs["distribution"]["properties"]["sortkey"]["anyOf"][2], "sortkey"),
    }


def test_what_the_schema_declares_is_read_and_what_is_read_is_declared(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT 1 AS id")
    written = document(tmp_path, EVERY_KEY)
    assert check(written) == []
    asked: set[tuple[str, str]] = set()
    data = recording(written.data, (), asked)
    building.build([Document(written.path, written.name, written.lines, data)])
    asked = {(kind, key) for kind, key in asked if (kind and not kind.startswith("target")) or key in TARGET_KEYS}
    shared = {("staging column", key) for key in sorted(TABLES_ONLY)}
    shared |= {("tables column", "path"), ("staging", "depends_on")}  # one function reads both sorts of columns
    assert schema_keys() - READ_ELSEWHERE == {each for each in asked if each[0]} - shared


TARGET_KEYS = {
    key for name in ("local_target", "redshift_target") for key in pipeline_schema()["$defs"][name]["properties"]
}


def test_every_copy_option_of_the_schema_is_one_of_the_record() -> None:
    options = set(pipeline_schema()["$defs"]["copy"]["properties"])
    known = {field.name for field in fields(Copy)}
    apart = {"table", "source", "columns", "authorization", "format"}
    out_of_scope = {"ssh", "readratio"}
    assert options - {"fixedwidth"} == known - apart - out_of_scope


# --- unknown and missing keys, each in each place --------------------------------------------------------------------


def mappings(node: Any, path: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], Mapping]]:
    if isinstance(node, Mapping):
        yield path, node
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from mappings(value, (*path, key))


def sparkify() -> Document:
    return read_document(PIPELINES / "sparkify.yaml", "sparkify.yaml")


def at(node: Any, path: tuple[Key, ...]) -> Any:
    for step in path:
        node = node[step]
    return node


FREE = ("targets", "vars", "staging", "tables", "columns", "mounts")
SPARKIFY = [path for path, _ in mappings(sparkify().data)]
CLOSED = [path for path in SPARKIFY if not (path and path[-1] in FREE) and "checks" not in path]


def test_sparkify_has_mappings_enough_to_try() -> None:
    assert len(CLOSED) > 60


def test_unknown_key_is_found_in_every_mapping() -> None:
    for path in CLOSED:
        tried = sparkify()
        at(tried.data, path)["nonsense"] = 1
        messages = [problem.message for problem in check(tried)]
        assert messages == ["unknown key 'nonsense'"], path


def test_name_that_cannot_be_is_found_in_every_mapping_of_names() -> None:
    for path in SPARKIFY:
        if path and path[-1] in FREE:
            tried = sparkify()
            node = at(tried.data, path)
            node["Not A Name"] = next(iter(node.values()))
            assert [problem.message for problem in check(tried)] == ["'Not A Name' cannot be a name here"], path


def required_keys() -> Iterator[tuple[tuple[Key, ...], str]]:
    yield (), "version"
    yield (), "name"
    for path in SPARKIFY:
        match path:
            case ("targets", "aws"):
                yield from ((path, key) for key in ("host", "user", "password", "work"))
            case ("targets", _):
                yield path, "warehouse"
            case ("staging", _):
                yield from ((path, key) for key in ("from", "columns"))
            case ("tables", _):
                yield from ((path, key) for key in ("columns", "load"))
            case (_, _, "columns", _):
                yield path, "type"


def test_every_required_key_is_missed() -> None:
    tried_keys = list(required_keys())
    assert len(tried_keys) > 70
    for path, key in tried_keys:
        tried = sparkify()
        del at(tried.data, path)[key]
        (said,) = check(tried)
        assert said.message == f"the key '{key}' is missing" + (f" in '{path[-1]}'" if path else "")
        assert said.where == tried.key(path)
        assert said.hint, (path, key)


def test_every_value_of_a_wrong_kind_is_found() -> None:
    """Put a mapping where a scalar is, and a scalar where a container is, everywhere."""

    def leaves(node: Any, path: tuple[Key, ...] = ()) -> Iterator[tuple[Key, ...]]:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in items:
            yield (*path, key)
            yield from leaves(value, (*path, key))

    found = list(leaves(sparkify().data))
    assert len(found) > 200
    for path in found:
        tried = sparkify()
        parent = at(tried.data, path[:-1])
        parent[path[-1]] = {"a": {}} if not isinstance(parent[path[-1]], (dict, list)) else 5
        assert check(tried), path


# --- in words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            START + "tabels: {}\n",
            ["p.yaml:3:1 unknown key 'tabels' | did you mean 'tables'?"],
        ),
        (
            START + "zzz: {}\n",
            [
                (
                    "p.yaml:3:1 unknown key 'zzz' | expected one of version, name, description, target, targets, vars, "
                    "window, hooks, schema, include, rules, staging, tables"
                )
            ],
        ),
        ("version: 2\nname: p\n", ["p.yaml:1:10 'version' cannot be '2' | expected 1"]),
        ("version: '1'\nname: p\n", ["p.yaml:1:10 'version' cannot be '1' | write it without quotes: 1"]),
        (
            START + "schema: My\n",
            [
                (
                    "p.yaml:3:9 'schema' cannot be 'My' | expected a name: lower-case letters, digits "
                    "and _, not a digit first (Redshift folds names to lower case)"
                )
            ],
        ),
        (START + "tables: []\n", ["p.yaml:3:9 'tables' must be a mapping, not a list"]),
        (START + "tables:\n", ["p.yaml:3:8 'tables' must be a mapping, not nothing"]),
        (START + "description: 5\n", ["p.yaml:3:14 'description' must be text, not the number 5"]),
        (
            START + "description: yes\nvars: {a: null}\n",
            [("p.yaml:4:11 'a' must be text or a number or true or false, not nothing")],
        ),
        (START + "targets: {}\n", ["p.yaml:3:10 'targets' is empty"]),
        (
            START + "targets: {a: {warehouse: duckdb}}\n",
            ["p.yaml:3:26 'warehouse' cannot be 'duckdb' | expected one of local, redshift"],
        ),
        (
            START + "targets: {a: {warehouse: local, mounts: {gs://b: x}}}\n",
            ["p.yaml:3:42 'gs://b' cannot be a name here | expected a bucket: s3://bucket or s3://bucket/prefix"],
        ),
        (
            START + "targets: {a: {warehouse: redshift, host: h, user: u, password: p, work: w}}\n",
            ["p.yaml:3:73 'work' cannot be 'w' | expected an S3 prefix: s3://bucket/prefix"],
        ),
        (
            START + "targets: {a: {warehouse: redshift, host: h, user: u, password: p, work: s3://w, port: x}}\n",
            ["p.yaml:3:87 'port' cannot be 'x' | expected a number, such as 5439"],
        ),
        (
            START + TABLE.replace("integer}", "integer, 'null': no}"),
            ["p.yaml:6:35 'null' must be true or false, not the text 'no'"],
        ),
        (
            START + TABLE.replace("integer}", "decimal(12,2)}"),
            [
                (
                    "p.yaml:6:18 'decimal(12,2)' was split at its comma: inside of {…} a comma ends a value | "
                    "quote it: type: 'decimal(12,2)'"
                )
            ],
        ),
        (
            START + TABLE.replace("integer}", "decimal(12, 2), 'null': false}"),
            [
                (
                    "p.yaml:6:18 'decimal(12, 2)' was split at its comma: inside of {…} a comma ends a value | "
                    "quote it: type: 'decimal(12, 2)'"
                )
            ],
        ),
        (
            START + TABLE.replace("integer}", "integer, encode: zst}"),
            ["p.yaml:6:35 'encode' cannot be 'zst' | did you mean 'zstd'?"],
        ),
        (
            START + TABLE.replace("integer}", "integer, identity: [1]}"),
            ["p.yaml:6:37 'identity' must have 2 items, not 1 | expected [seed, step], such as [0, 1]"],
        ),
        (
            START + TABLE.replace("integer}", "integer, identity: [1, 1, 1]}"),
            ["p.yaml:6:37 'identity' must have 2 items, not 3 | expected [seed, step], such as [0, 1]"],
        ),
        (
            START + TABLE + "    sortkey: [id, id]\n",
            [f"p.yaml:9:14 'sortkey' names something twice | {A_SORTKEY}"],
        ),
        (
            START + TABLE + "    sortkey: id\n",
            [
                (
                    "p.yaml:9:14 'sortkey' cannot be 'id' | expected a list of columns, "
                    "'auto', or {interleaved: [columns]}"
                )
            ],
        ),
        (
            START + TABLE + "    sortkey: {interlaced: [id]}\n",
            [f"p.yaml:9:14 'sortkey' is not as it must be | {A_SORTKEY}"],
        ),
        (
            START + TABLE + "    primary_key: []\n",
            [("p.yaml:9:18 'primary_key' is empty | expected a list of column names: [one, two]")],
        ),
        (
            START + TABLE + "    checks: [not_null]\n",
            [f"p.yaml:9:14 item 1 of 'checks' must be a mapping, not the text 'not_null' | {A_CHECK}"],
        ),
        (
            START + TABLE + "    checks: [{relationships: {id: t}}]\n",
            ["p.yaml:9:35 'id' cannot be 't' | expected table.column"],
        ),
        (
            START + TABLE.replace("sql: SELECT 1 AS id", "strategy: append"),
            ["p.yaml:7:5 'load' must have 'sql', 'sql_file' or 'dates', one of them"],
        ),
        (
            START + TABLE + "      sql_file: q.sql\n",
            ["p.yaml:7:5 'load' must have 'sql', 'sql_file' or 'dates', one of them"],
        ),
        (
            START + TABLE + "      key: [id]\n",
            ["p.yaml:9:7 unknown key 'key' | expected one of strategy, sql, sql_file, dates"],
        ),
        (
            START + TABLE + "      strategy: Merge\n",
            [
                (
                    "p.yaml:9:17 'strategy' cannot be 'Merge' | expected the name of a strategy: replace, swap, "
                    "append, insert_missing, merge, delete_insert, scd2, or of a template beside the pipeline"
                )
            ],
        ),
        (START + STAGING + "    copy: {maxerror: 100001}\n", ["p.yaml:8:22 'maxerror' is 100001, more than 100000"]),
        (START + STAGING + "    copy: {comprows: 1}\n", ["p.yaml:8:22 'comprows' is 1, less than 1000"]),
        (START + STAGING + "    copy: {quote: '||'}\n", ["p.yaml:8:19 'quote' is longer than 1 character"]),
        (START + STAGING + "    copy: {gzip: true}\n", ["p.yaml:8:12 unknown key 'gzip' | write compression: gzip"]),
        (START + STAGING + "    format: jsn\n", ["p.yaml:8:13 'format' cannot be 'jsn' | did you mean 'json'?"]),
        (
            START + STAGING.replace("s3://b/raw/", "raw/"),
            ["p.yaml:5:11 'from' cannot be 'raw/' | expected an S3 URL: s3://bucket/prefix"],
        ),
    ],
)
def test_said(tmp_path: Path, text: str, said: list[str]) -> None:
    assert told(tmp_path, text) == said


@pytest.mark.parametrize("text", ["- 1\n", "text\n", "5\n"])
def test_root_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    (said,) = check(document(tmp_path, text))
    assert said.message.startswith("a pipeline must be a mapping, not ")


def test_name_that_is_too_long_is_told_to_be_so(tmp_path: Path) -> None:
    (said,) = told(tmp_path, START + TABLE.replace("  t:", f"  {'t' * 128}:"))
    assert said == f"p.yaml:4:3 '{'t' * 128}' is longer than 127 characters"


def test_own_keys_are_free(tmp_path: Path) -> None:
    text = START + "x-types: {a: [1]}\n" + STAGING + "    x-owner: me\n    copy: {x-a: 1}\n" + TABLE + "      x-a: 1\n"
    assert told(tmp_path, text) == []


def test_strategy_of_one_s_own_has_keys_of_its_own(tmp_path: Path) -> None:
    assert told(tmp_path, START + TABLE + "      strategy: history\n      valid_from: ts\n") == []


def test_included_part_needs_neither_version_nor_name(tmp_path: Path) -> None:
    assert [problem.message for problem in check(document(tmp_path, TABLE))] == [
        "the key 'version' is missing",
        "the key 'name' is missing",
    ]
    assert check(document(tmp_path, TABLE), part=True) == []


@pytest.mark.parametrize("path", sorted(PIPELINES.glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_are_valid(path: Path) -> None:
    assert check(read_document(path, path.name)) == []


# --- pruning ---------------------------------------------------------------------------------------------------------


def pruned(folder: Path, text: str) -> tuple[Any, frozenset[str]]:
    found = document(folder, text)
    lost = prune(found)
    assert not check(found, part=True)
    return found.data, lost


def test_unknown_key_goes_alone(tmp_path: Path) -> None:
    data, lost = pruned(tmp_path, START + TABLE.replace("integer}", "integer, typ: 1}") + "    sortky: [id]\n")
    assert data["tables"]["t"]["columns"]["id"] == {"type": "integer"}
    assert "sortky" not in data["tables"]["t"]
    assert lost == frozenset()


def test_value_that_was_split_is_put_together(tmp_path: Path) -> None:
    data, lost = pruned(tmp_path, START + TABLE.replace("integer}", "decimal(12, 2), unique: true}"))
    assert data["tables"]["t"]["columns"]["id"] == {"type": "decimal(12, 2)", "unique": True}
    assert lost == frozenset()


def test_table_with_a_mistake_goes_whole(tmp_path: Path) -> None:
    data, lost = pruned(tmp_path, START + STAGING + TABLE.replace("integer", "5"))
    assert data["tables"] == {}
    assert "raw" in data["staging"]
    assert lost == {"t"}


def test_section_that_is_no_mapping_goes_whole(tmp_path: Path) -> None:
    data, _ = pruned(tmp_path, START + STAGING + "tables: [t]\n")
    assert "tables" not in data


def test_table_by_a_name_that_cannot_be_goes_whole(tmp_path: Path) -> None:
    data, lost = pruned(tmp_path, START + TABLE.replace("  t:", "  Tea:"))
    assert data["tables"] == {}
    assert {"Tea", "tea"} <= lost


def test_unknown_key_in_an_aliased_mapping_is_taken_out_once(tmp_path: Path) -> None:
    text = START + "x-c: &c {id: {type: integer, typ: 1}}\n" + TABLE.replace("\n      id: {type: integer}", " *c")
    text += "  u:\n    columns: *c\n    load: {sql: SELECT 1 AS id}\n"
    data, lost = pruned(tmp_path, text)
    assert data["tables"]["u"]["columns"] == {"id": {"type": "integer"}}
    assert lost == frozenset()


def test_problems_are_values() -> None:
    assert Problem("a") == Problem("a")
