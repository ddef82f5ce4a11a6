from __future__ import annotations

from pathlib import Path

import pytest

from engine.build import Built, build, inside
from engine.copy import Format
from engine.datatypes import parse_type
from engine.model import Check, Column, Mount, Pipeline, Reference, SortKey, StagingSource, Table
from engine.places import did_you_mean
from engine.schema import check
from engine.source import Document, read_document

START = "version: 1\nname: p\n"
RAW = "staging: {raw: {from: s3://b/raw/, columns: {id: {type: integer}}}}\n"


def document(folder: Path, text: str, name: str = "p.yaml") -> Document:
    (folder / name).write_text(text, encoding="utf-8")
    found = read_document(folder / name, name)
    assert check(found, part=True) == []
    return found


def built(folder: Path, text: str, *parts: str) -> Built:
    included = [document(folder, part, f"part{number}.yaml") for number, part in enumerate(parts, start=1)]
    return build([document(folder, START + text), *included])


def pipeline(folder: Path, text: str, *parts: str) -> Pipeline:
    found = built(folder, text, *parts)
    assert found.problems == ()
    return found.pipeline


def told(folder: Path, text: str, *parts: str) -> list[str]:
    """Return each problem as 'line:column message | hint'; the first two lines are `version` and `name`."""
    problems = built(folder, text, *parts).problems
    assert all(problem.where for problem in problems)
    return [f"{str(p.where).removeprefix('p.yaml:')} {p.message} | {p.hint}" for p in problems]


def table(folder: Path, columns: str, rest: str = "", load: str = "sql: SELECT 1 AS id") -> Table:
    (found,) = pipeline(folder, f"tables:\n  t:\n    columns: {columns}\n    load: {{{load}}}\n{rest}").tables
    return found


def table_told(folder: Path, columns: str, rest: str = "", load: str = "sql: SELECT 1 AS id") -> list[str]:
    """Columns stand in line 5, the load in line 6, the rest in line 7."""
    return told(folder, f"tables:\n  t:\n    columns: {columns}\n    load: {{{load}}}\n{rest}")


def staging(folder: Path, rest: str, columns: str = "{id: {type: integer}}") -> StagingSource:
    (found,) = pipeline(folder, f"staging:\n  raw:\n    from: s3://b/raw/\n    columns: {columns}\n{rest}").staging
    return found


def staging_told(folder: Path, rest: str, columns: str = "{id: {type: integer}}") -> list[str]:
    """The columns stand in line 6, the rest in line 7."""
    return told(folder, f"staging:\n  raw:\n    from: s3://b/raw/\n    columns: {columns}\n{rest}")


# --- the pipeline and its targets ------------------------------------------------------------------------------------


def test_pipeline_has_what_the_document_says(tmp_path: Path) -> None:
    found = pipeline(tmp_path, f"description: d\nschema: s\nvars: {{a: 1, b: two}}\n{RAW}")
    assert (found.name, found.description, found.schema) == ("p", "d", "s")
    assert found.folder == tmp_path
    assert [each.name for each in found.definitions] == ["raw"]
    assert found.definitions[0].schema == "s"
    assert found.definitions[0].where.line == 6


def test_variables_keep_their_places(tmp_path: Path) -> None:
    variables = built(tmp_path, f"vars: {{a: 1, b: two}}\n{RAW}").variables
    assert {name: (value, str(where)) for name, (value, where) in variables.items()} == {
        "a": (1, "p.yaml:3:11"),
        "b": ("two", "p.yaml:3:17"),
    }


def test_schema_is_public_unless_it_is_said(tmp_path: Path) -> None:
    assert pipeline(tmp_path, RAW).schema == "public"


def test_target_is_local_unless_it_is_said(tmp_path: Path) -> None:
    found = pipeline(tmp_path, RAW)
    assert found.target == "local"
    (target,) = found.targets
    assert (target.warehouse, target.database, target.work) == ("local", ".etlrun/p.duckdb", "s3://etlrun-work")
    assert (target.iam_role, target.mounts) == ("default", ())


def test_local_target(tmp_path: Path) -> None:
    text = "targets: {here: {warehouse: local, database: ':memory:', mounts: {s3://b/: raw}, iam_role: r, work: s3://w/}}\n"
    found = pipeline(tmp_path, text + RAW)
    (target,) = found.targets
    assert found.target == target.name == "here"
    assert (target.database, target.mounts, target.iam_role, target.work) == (
        ":memory:",
        (Mount("s3://b", "raw"),),
        "r",
        "s3://w",
    )


def test_cluster_target(tmp_path: Path) -> None:
    text = "targets: {aws: {warehouse: redshift, host: h, user: u, password: hush, work: s3://w/x/, region: r}}\n"
    (target,) = pipeline(tmp_path, text + RAW).targets
    assert (target.warehouse, target.host, target.port, target.database) == ("redshift", "h", "5439", "dev")
    assert (target.user, target.password.reveal(), target.work, target.region) == ("u", "hush", "s3://w/x", "r")
    assert str(target.places["host"]) == "p.yaml:3:44"
    assert "hush" not in f"{target!r} {target.password} {target.password!r} {target.password:>9}"


TWO = "targets: {a: {warehouse: local}, b: {warehouse: local, database: ':memory:'}}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO, "1:1 'target' is missing, and there are several targets | add 'target: a'"),
        (f"target: c\n{TWO}", "3:9 unknown target 'c' | targets are: a, b"),
        (f"target: aa\n{TWO}", "3:9 unknown target 'aa' | did you mean 'a'?"),
        ("target: aws\n", "3:9 unknown target 'aws' | targets are: local"),
        (
            "targets: {a: {warehouse: local, database: ../x.duckdb}}\n",
            "3:43 the path '../x.duckdb' leaves the pipeline's folder | move it into the folder",
        ),
        (
            "targets: {a: {warehouse: local, mounts: {s3://b: /data}}}\n",
            "3:50 the path '/data' leaves the pipeline's folder | move it into the folder or mount it with --mount",
        ),
    ],
)
def test_target_that_cannot_be(tmp_path: Path, text: str, said: str) -> None:
    assert told(tmp_path, text + RAW) == [said]


def test_pipeline_without_steps(tmp_path: Path) -> None:
    assert told(tmp_path, "") == ["1:1 the pipeline has neither staging nor tables | add a table under 'tables:'"]


def test_schema_with_too_many_bytes(tmp_path: Path) -> None:
    said = told(tmp_path, f"schema: {'é' * 64}\n{RAW}")
    assert said == ["3:9 the name has 128 bytes in UTF-8 | Redshift takes 127"]


# --- included files --------------------------------------------------------------------------------------------------


def test_included_files_add_vars_staging_and_tables(tmp_path: Path) -> None:
    part = "vars: {a: 1}\ntables: {t: {columns: {id: {type: integer}}, load: {sql: SELECT 1 AS id}}}\n"
    found = built(tmp_path, RAW, part)
    assert [each.name for each in found.pipeline.definitions] == ["raw", "t"]
    assert found.variables["a"][1].file == "part1.yaml"
    assert found.pipeline.tables[0].definition.where.file == "part1.yaml"


@pytest.mark.parametrize(
    "key", ["name: q", "version: 1", "schema: s", "target: a", "include: [x.yaml]", "description: d"]
)
def test_included_file_with_a_key_of_the_pipeline(tmp_path: Path, key: str) -> None:
    said = told(tmp_path, RAW, f"{key}\n")
    name = key.partition(":")[0]
    hint = "an included file has vars, staging and tables"
    assert said == [f"part1.yaml:1:1 '{name}' belongs into the pipeline's own file | {hint}"]


ONE = "staging: {raw: {from: s3://b/raw/, columns: {id: {type: integer}}}}\n"


def test_name_that_is_used_twice(tmp_path: Path) -> None:
    text = RAW + "tables: {raw: {columns: {id: {type: integer}}, load: {sql: SELECT 1 AS id}}}\n"
    hint = "the first stands at p.yaml:3:11; every name is used once"
    assert told(tmp_path, text) == [f"4:10 a second table 'raw' | {hint}"]
    assert told(tmp_path, RAW, RAW, RAW) == [
        f"part1.yaml:1:11 a second table 'raw' | {hint}",
        f"part2.yaml:1:11 a second table 'raw' | {hint}",
    ]


def test_first_of_two_in_one_file_is_the_upper(tmp_path: Path) -> None:
    text = "tables: {raw: {columns: {id: {type: integer}}, load: {sql: SELECT 1 AS id}}}\n" + RAW
    assert told(tmp_path, text) == [
        "4:11 a second table 'raw' | the first stands at p.yaml:3:10; every name is used once"
    ]


def test_variable_that_is_declared_twice(tmp_path: Path) -> None:
    found = built(tmp_path, f"vars: {{a: 1}}\n{RAW}", "vars: {a: 2}\n")
    (said,) = found.problems
    assert said.message == "a second variable 'a'"
    assert str(said.where) == "part1.yaml:1:8"
    assert said.hint == "the first stands at p.yaml:3:11; every name is used once"
    assert found.variables["a"][0] == 1


# --- columns ---------------------------------------------------------------------------------------------------------


def column(folder: Path, text: str) -> Column:
    found = table(folder, f"{{id: {text}, key: {{type: integer, primary_key: true}}}}").definition.column("id")
    assert found is not None
    return found


def test_column_has_what_is_said(tmp_path: Path) -> None:
    found = column(
        tmp_path,
        "{type: int, description: d, null: false, default: 5, encode: az64, unique: true, references: t.key}",
    )
    assert found == Column(
        name="id", type=parse_type("integer"), where=found.where, description="d", nullable=False, default="5",
        encode="az64", unique=True, references=Reference("t", "key"),
    )  # fmt: skip
    assert str(found.where) == "p.yaml:5:15"


@pytest.mark.parametrize(
    ("written", "default"),
    [("0", "0"), ("true", "TRUE"), ("false", "FALSE"), ("1.5", "1.5"), ("sysdate", "sysdate"), ("\"'x'\"", "'x'")],
)
def test_default_is_sql(tmp_path: Path, written: str, default: str) -> None:
    assert column(tmp_path, f"{{type: integer, default: {written}}}").default == default


def test_identity(tmp_path: Path) -> None:
    assert column(tmp_path, "{type: bigint, identity: [0, 1]}").identity == (0, 1)


def test_column_that_is_not_there(tmp_path: Path) -> None:
    assert table(tmp_path, "{id: {type: integer}}").definition.column("other") is None


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("{id: {type: string}}", "5:26 'string' is not a Redshift type | Redshift has no string; use varchar(256)"),
        ("{id: {type: varchar(10}}", "5:26 'varchar(10' is not a Redshift type | close the parenthesis: varchar(10)"),
        (
            "{id: {type: varchar(20), identity: [0, 1]}}",
            "5:49 an identity column is integer or bigint, not varchar(20) | change the type",
        ),
        (
            "{id: {type: bigint, identity: [0, 1], default: 5}}",
            "5:61 an identity column has no default | take one of them out",
        ),
        (
            "{id: {type: varchar(9), encode: az64}}",
            "5:46 az64 does not encode varchar(9) | leave 'encode' out, and Redshift chooses",
        ),
        (
            "{id: {type: super, encode: az64}}",
            "5:41 az64 does not encode super | leave 'encode' out, and Redshift chooses",
        ),
        (
            "{id: {type: date, encode: text255}}",
            "5:40 text255 encodes varchar only, not date | leave 'encode' out, and Redshift chooses",
        ),
        ("{id: {type: integer, references: u.id}}", "5:47 no table 'u' | tables are: t"),
        (
            "{id: {type: integer, references: t.idd}}",
            "5:47 't' has no column 'idd' | did you mean 'id'?",
        ),
        ("{id: {type: integer, references: t}}", "5:47 't' has no primary key of one column | write t.column"),
    ],
)
def test_column_that_cannot_be(tmp_path: Path, columns: str, said: str) -> None:
    assert table_told(tmp_path, columns) == [said]


def test_column_with_too_many_bytes(tmp_path: Path) -> None:
    said = table_told(tmp_path, f"{{{'é' * 64}: {{type: integer}}}}", load="sql: SELECT 1")
    assert said == ["5:15 the name has 128 bytes in UTF-8 | Redshift takes 127"]


def test_reference_to_a_table_s_primary_key(tmp_path: Path) -> None:
    found = table(tmp_path, "{id: {type: integer, primary_key: true}, up: {type: integer, references: t}}")
    assert found.definition.columns[1].references == Reference("t", "")


# --- keys and distribution -------------------------------------------------------------------------------------------

AB = "{a: {type: integer}, b: {type: super}}"


def test_primary_key_of_the_columns_or_of_the_table(tmp_path: Path) -> None:
    flagged = table(tmp_path, "{a: {type: integer, primary_key: true}, b: {type: integer, primary_key: true}}")
    listed = table(tmp_path, "{a: {type: integer}, b: {type: integer}}", "    primary_key: [b, a]\n")
    assert flagged.definition.primary_key == ("a", "b")
    assert listed.definition.primary_key == ("b", "a")


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("auto", SortKey("auto")),
        ("[a]", SortKey("compound", ("a",))),
        ("{interleaved: [a]}", SortKey("interleaved", ("a",))),
    ],
)
def test_sortkey(tmp_path: Path, written: str, key: SortKey) -> None:
    assert table(tmp_path, AB, f"    sortkey: {written}\n").definition.sortkey == key


def test_distribution(tmp_path: Path) -> None:
    found = table(tmp_path, AB, "    diststyle: key\n    distkey: a\n").definition
    assert (found.diststyle, found.distkey) == ("key", "a")
    assert table(tmp_path, AB, "    distkey: a\n").definition.diststyle == ""
    assert table(tmp_path, AB, "    diststyle: all\n").definition.distkey == ""


@pytest.mark.parametrize(
    ("rest", "said"),
    [
        ("distkey: c", "7:14 distkey names no column: 'c' | columns are: a, b"),
        ("diststyle: key", "7:16 diststyle key needs a distkey | add 'distkey: column'"),
        ("diststyle: even\n    distkey: a", "7:16 diststyle even has no distkey | take one of them out"),
        ("distkey: b", "7:14 'b' is super, which no distkey or sortkey may be | choose another column"),
        ("sortkey: [a, c]", "7:18 sortkey names no column: 'c' | columns are: a, b"),
        ("sortkey: {interleaved: [a, c]}", "7:32 sortkey names no column: 'c' | columns are: a, b"),
        ("sortkey: [b]", "7:14 'b' is super, which no distkey or sortkey may be | choose another column"),
        ("primary_key: [c]", "7:19 primary_key names no column: 'c' | columns are: a, b"),
        ("depends_on: [t]", "7:18 depends_on names no other step: 't' | "),
        ("depends_on: [u]", "7:18 depends_on names no other step: 'u' | "),
        ("checks: [{not_null: [a, c]}]", "7:29 not_null names no column: 'c' | columns are: a, b"),
        ("checks: [{unique: [c]}]", "7:24 unique names no column: 'c' | columns are: a, b"),
        ("checks: [{accepted_values: {c: [1]}}]", "7:33 accepted_values names no column: 'c' | columns are: a, b"),
        ("checks: [{relationships: {c: t.a}}]", "7:31 relationships names no column: 'c' | columns are: a, b"),
        ("checks: [{relationships: {a: t.c}}]", "7:34 't' has no column 'c' | columns are: a, b"),
        ("checks: [{relationships: {a: v.c}}]", "7:34 no table 'v' | tables are: t"),
    ],
)
def test_table_that_cannot_be(tmp_path: Path, rest: str, said: str) -> None:
    assert table_told(tmp_path, AB, f"    {rest}\n") == [said]


def test_primary_key_that_is_declared_twice(tmp_path: Path) -> None:
    said = table_told(tmp_path, "{a: {type: integer, primary_key: true}}", "    primary_key: [a]\n")
    assert said == ["7:18 the primary key is declared twice | on the columns, or here"]


@pytest.mark.parametrize(("kind", "most"), [("compound", 400), ("interleaved", 8)])
def test_sortkey_of_too_many_columns(tmp_path: Path, kind: str, most: int) -> None:
    names = [f"c{number}" for number in range(most + 1)]
    columns = "{" + ", ".join(f"{name}: {{type: integer}}" for name in names) + "}"
    listed = f"[{', '.join(names)}]" if kind == "compound" else f"{{interleaved: [{', '.join(names)}]}}"
    said = table_told(tmp_path, columns, f"    sortkey: {listed}\n")
    assert said == [f"7:14 {most + 1} sort columns, {most} at most for {kind} sort keys | take some out"]


def test_lost_names_are_not_missed(tmp_path: Path) -> None:
    text = (
        "target: aws\ntables: {t: {columns: {a: {type: integer, references: u.a}}, depends_on: [u],"
        " load: {sql: SELECT 1 AS a}, checks: [{relationships: {a: u.a}}]}}\n"
    )
    found = document(tmp_path, START + text)
    assert len(build([found]).problems) == 4
    assert build([found], frozenset({"u", "aws"})).problems == ()


# --- staging ---------------------------------------------------------------------------------------------------------


def test_staging_source(tmp_path: Path) -> None:
    found = staging(tmp_path, "    copy: {region: r, truncatecolumns: true, gzip: x}\n".replace(", gzip: x", ""))
    assert (found.name, found.copy.source, found.copy.columns) == ("raw", "s3://b/raw/", ("id",))
    assert found.copy.format == Format("json", "auto")
    assert (found.copy.region, found.copy.truncatecolumns, found.jsonpaths) == ("r", True, ())
    assert str(found.where) == "p.yaml:5:11"
    assert str(found.copy.table) == "public.raw"


@pytest.mark.parametrize(
    ("written", "option", "value"),
    [
        ("truncatecolumns: false", "truncatecolumns", False),
        ("compupdate: off", "compupdate", "off"),
        ("compupdate: false", "compupdate", "off"),
        ("compupdate: true", "compupdate", "on"),
        ("compupdate: preset", "compupdate", "preset"),
        ("statupdate: false", "statupdate", "off"),
        ("acceptinvchars: true", "acceptinvchars", "?"),
        ("acceptinvchars: '!'", "acceptinvchars", "!"),
        ("acceptinvchars: false", "acceptinvchars", None),
        ("maxerror: 0", "maxerror", 0),
        ("timeformat: epochmillisecs", "timeformat", "epochmillisecs"),
        ("compression: gzip", "compression", "gzip"),
    ],
)
def test_copy_option(tmp_path: Path, written: str, option: str, value: object) -> None:
    assert getattr(staging(tmp_path, f"    copy: {{{written}}}\n").copy, option) == value


@pytest.mark.parametrize(
    ("rest", "format_"),
    [
        ("format: csv", Format("csv")),
        ("format: delimited", Format("text")),
        ("format: parquet", Format("parquet")),
        ("format: avro", Format("avro", "auto")),
        ("jsonpaths: auto ignorecase", Format("json", "auto ignorecase")),
        ("jsonpaths: s3://b/paths.json", Format("json", "s3://b/paths.json")),
        ("format: fixedwidth\n    copy: {fixedwidth: 'id:3'}", Format("fixedwidth", "id:3")),
    ],
)
def test_format(tmp_path: Path, rest: str, format_: Format) -> None:
    assert staging(tmp_path, f"    {rest}\n").copy.format == format_


def test_paths_become_a_file_in_the_order_of_the_columns(tmp_path: Path) -> None:
    columns = "{id: {type: integer}, user: {type: integer, path: $.userId}, tag: {type: super, path: '$.tags[0]'}}"
    assert staging(tmp_path, "", columns).jsonpaths == ("$.id", "$.userId", "$.tags[0]")


def test_paths_that_are_left_out_follow_the_notation_of_the_others(tmp_path: Path) -> None:
    columns = "{id: {type: integer}, user: {type: integer, path: \"$['user']['id']\"}}"
    assert staging(tmp_path, "", columns).jsonpaths == ("$['id']", "$['user']['id']")


def test_column_with_a_default_and_no_path_is_not_loaded(tmp_path: Path) -> None:
    columns = "{id: {type: integer, path: $.x}, at: {type: timestamp, default: sysdate}, n: {type: integer}}"
    found = staging(tmp_path, "", columns)
    assert found.copy.columns == ("id", "n")
    assert found.jsonpaths == ("$.x", "$.n")


@pytest.mark.parametrize(
    ("rest", "columns", "said"),
    [
        (
            "format: csv\n    jsonpaths: auto",
            "{id: {type: integer}}",
            "8:5 jsonpaths, but the format is csv | take it out",
        ),
        (
            "format: csv",
            "{id: {type: integer, path: $.x}}",
            "6:35 a path, but csv files have no paths | columns are taken in their order",
        ),
        (
            "jsonpaths: auto",
            "{id: {type: integer, path: $.x}}",
            "6:35 a path, but 'jsonpaths' is given as well | keep one of them",
        ),
        (
            "jsonpaths: noshred",
            "{id: {type: integer}}",
            "7:16 'noshred' needs a table of exactly one super column | declare one",
        ),
        (
            "format: json",
            "{id: {type: integer, path: $..x}}",
            "6:41 the JSONPath '$..x' searches at any depth | COPY has no '..': write every level out",
        ),
        (
            "format: json",
            "{a: {type: integer, path: $.x}, b: {type: integer, path: \"$['y']\"}}",
            (
                "6:71 the path '$['y']' is in bracket notation, '$.x' in dot notation | "
                "one JSONPaths file keeps to one notation"
            ),
        ),
        (
            "format: fixedwidth",
            "{id: {type: integer}}",
            "7:13 fixedwidth needs its widths | add copy: {fixedwidth: 'label:width,label:width'}",
        ),
        (
            "copy: {fixedwidth: 'a:1'}",
            "{id: {type: integer}}",
            "7:24 widths, but the format is json | write 'format: fixedwidth'",
        ),
        (
            "copy: {delimiter: '|'}",
            "{id: {type: integer}}",
            "7:12 JSON does not go with DELIMITER | take DELIMITER out",
        ),
        (
            "copy: {ignoreallerrors: true, maxerror: 5}",
            "{id: {type: integer}}",
            "7:12 IGNOREALLERRORS does not go with MAXERROR | keep one of them",
        ),
        ("checks: [{unique: [x]}]", "{id: {type: integer}}", "7:24 unique names no column: 'x' | columns are: id"),
    ],
)
def test_staging_that_cannot_be(tmp_path: Path, rest: str, columns: str, said: str) -> None:
    assert staging_told(tmp_path, f"    {rest}\n", columns) == [said]


def test_copy_that_cannot_be_for_its_source(tmp_path: Path) -> None:
    said = staging_told(tmp_path, "    copy: {manifest: true}\n")
    assert said == ["7:12 MANIFEST needs the URL of one manifest file, not a prefix | 's3://b/raw/'"]


# --- tables ----------------------------------------------------------------------------------------------------------


def test_load_and_checks(tmp_path: Path) -> None:
    rest = "    checks: [{unique: [id]}, {expression: id > 0}, {mine: 5}]\n    depends_on: [raw]\n" + RAW
    found = table(tmp_path, "{id: {type: integer}}", rest, "strategy: merge, key: [id], order_by: [id], sql: SELECT 1")
    assert (found.name, found.load.strategy, found.load.sql.content) == ("t", "merge", "SELECT 1")
    assert found.load.settings == {"key": ["id"], "order_by": ["id"]}
    assert str(found.load.where) == "p.yaml:6:22"
    unique, expression, mine = found.checks
    assert unique == Check("unique", ["id"], unique.where)
    assert (expression.values, mine.values) == ("id > 0", 5)
    assert str(mine.where) == "p.yaml:7:53"
    assert [(name, str(where)) for name, where in found.depends_on] == [("raw", "p.yaml:8:18")]


def test_strategy_is_replace_unless_it_is_said(tmp_path: Path) -> None:
    assert table(tmp_path, "{id: {type: integer}}").load.strategy == "replace"


def test_key_that_is_no_column(tmp_path: Path) -> None:
    said = table_told(tmp_path, AB, load="strategy: merge, key: [c], order_by: [a], sql: SELECT 1 AS a")
    assert said == ["6:35 key names no column: 'c' | columns are: a, b"]


def test_sql_file_is_beside_the_pipeline(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "t.sql").write_text("SELECT 1\n  AS id\n")
    sql = table(tmp_path, "{id: {type: integer}}", load="sql_file: sql/t.sql").load.sql
    assert sql.content == "SELECT 1\n  AS id\n"
    assert str(sql.at(2, 6)) == "sql/t.sql:2:6"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("../t.sql", "6:22 the path '../t.sql' leaves the pipeline's folder | move it into the folder"),
        ("/t.sql", "6:22 the path '/t.sql' leaves the pipeline's folder | move it into the folder"),
        ("t.sql", "6:22 cannot read t.sql: No such file or directory | in FOLDER there is old.sql"),
    ],
)
def test_sql_file_that_cannot_be(tmp_path: Path, path: str, said: str) -> None:
    (tmp_path / "old.sql").write_text("SELECT 1")
    assert table_told(tmp_path, AB, load=f"sql_file: {path}") == [said.replace("FOLDER", str(tmp_path))]


# --- small things ----------------------------------------------------------------------------------------------------


def test_inside_follows_links(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "out").symlink_to(tmp_path)
    assert inside(tmp_path / "p", "a/../b") == tmp_path / "p" / "b"
    for path in ("..", "/", "out/x", "a/../../x"):
        with pytest.raises(ValueError, match="leaves the pipeline's folder"):
            inside(tmp_path / "p", path)


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("usr", ["users", "songs"], "did you mean 'users'?"),
        ("x", ["users", "songs"], "tables are: songs, users"),
        ("x", [], ""),
        ("zz", [f"t{n:02}" for n in range(20)], f"tables are: {', '.join(f't{n:02}' for n in range(12))}, …"),
    ],
)
def test_did_you_mean(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known, "tables are") == hint
