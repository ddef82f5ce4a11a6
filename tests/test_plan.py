from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from engine.dry_run import plan_text
from engine.environment import fill
from engine.errors import InvalidPipeline
from engine.plan import Plan, Step
from engine.planning import make_plan
from engine.read import read_pipeline

START = "version: 1\nname: p\nschema: dw\n"
RAW = "staging: {src: {from: s3://b/src/, columns: {id: {type: integer}, v: {type: integer}}}}\n"


def plan(
    folder: Path,
    text: str,
    only: frozenset[str] | None = None,
    full_refresh: bool = False,
    environ: dict[str, str] | None = None,
    run: str = "RUN",
) -> Plan:
    path = folder / "p.yaml"
    path.write_text(START + text, encoding="utf-8")
    pipeline = read_pipeline(path, environ or {})
    target = next(target for target in pipeline.targets if target.name == pipeline.target)
    return make_plan(pipeline, fill(target, environ or {}), only=only, full_refresh=full_refresh, run=run)


def sent(step: Step) -> list[str]:
    """Return what the step sends after naming itself in the query history."""
    (transaction,) = step.transactions
    begin, *statements = (statement.sql for statement in transaction.statements)
    assert begin == f"SET query_group TO 'etlrun p {step.name}'"
    return statements


def staging(folder: Path, rest: str = "", columns: str = "{id: {type: integer}}", before: str = "") -> Step:
    text = f"{before}staging:\n  src:\n    from: s3://b/src/\n    columns: {columns}\n{rest}"
    (step,) = plan(folder, text).steps
    return step


def table(folder: Path, columns: str, rest: str = "", load: str = "sql: SELECT 1 AS id", name: str = "t") -> Step:
    text = f"tables:\n  {name}:\n    columns: {columns}\n    load: {{{load}}}\n{rest}"
    return next(step for step in plan(folder, text).steps if step.name == name)


def created(folder: Path, columns: str, rest: str = "", name: str = "t") -> str:
    load = f"sql: SELECT '1' AS {next(iter(columns[1:].split(':')))}"
    return sent(table(folder, columns, rest, load, name))[0]


# --- CREATE TABLE ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "line"),
    [
        ("{type: int}", "id integer"),
        ("{type: text}", "id varchar(256)"),
        ("{type: 'numeric(12, 2)'}", "id decimal(12,2)"),
        ("{type: integer, 'null': false}", "id integer NOT NULL"),
        ("{type: integer, 'null': true}", "id integer"),
        ("{type: integer, default: 0}", "id integer DEFAULT 0"),
        ("{type: boolean, default: true}", "id boolean DEFAULT TRUE"),
        ("{type: timestamp, default: SYSDATE}", "id timestamp DEFAULT SYSDATE"),
        ("{type: integer, encode: az64}", "id integer ENCODE AZ64"),
        ("{type: integer, unique: true}", "id integer UNIQUE"),
        (
            "{type: date, default: SYSDATE, encode: raw, 'null': false, unique: true}",
            "id date DEFAULT SYSDATE ENCODE RAW NOT NULL UNIQUE",
        ),
    ],
)
def test_column(tmp_path: Path, column: str, line: str) -> None:
    assert created(tmp_path, f"{{id: {column}}}") == f"CREATE TABLE IF NOT EXISTS dw.t (\n    {line}\n)"


def test_identity(tmp_path: Path) -> None:
    columns = "{id: {type: integer}, n: {type: bigint, identity: [0, 1], encode: raw, 'null': false}}"
    assert "    n  bigint  IDENTITY(0, 1) ENCODE RAW NOT NULL\n" in created(tmp_path, columns)


def test_columns_stand_one_under_the_other(tmp_path: Path) -> None:
    columns = "{id: {type: integer, 'null': false}, description: {type: varchar(9)}, c: {type: date, default: SYSDATE}}"
    assert created(tmp_path, columns) == (
        "CREATE TABLE IF NOT EXISTS dw.t (\n"
        "    id          integer    NOT NULL,\n"
        "    description varchar(9),\n"
        "    c           date       DEFAULT SYSDATE\n"
        ")"
    )


def test_reserved_words_are_quoted_everywhere(tmp_path: Path) -> None:
    columns = "{user: {type: integer, primary_key: true, description: d}, end: {type: integer, references: order.user}}"
    rest = (
        "    distkey: user\n    sortkey: [end, user]\n"
        "    checks: [{not_null: [user]}, {unique: [end, user]}, {accepted_values: {end: [1]}},\n"
        "             {relationships: {end: order.user}}]\n"
    )
    load = 'sql: \'SELECT 1 AS "user", 2 AS "end"\''
    create, delete, insert, comment, *checks = sent(table(tmp_path, columns, rest, load, "order"))
    assert create == (
        'CREATE TABLE IF NOT EXISTS dw."order" (\n'
        '    "user" integer,\n'
        '    "end"  integer,\n'
        '    PRIMARY KEY ("user"),\n'
        '    FOREIGN KEY ("end") REFERENCES dw."order" ("user")\n'
        ")\n"
        "DISTSTYLE KEY\n"
        'DISTKEY ("user")\n'
        'COMPOUND SORTKEY ("end", "user")'
    )
    assert comment == 'COMMENT ON COLUMN dw."order"."user" IS \'d\''
    assert delete == 'DELETE FROM dw."order"'
    assert insert == 'INSERT INTO dw."order" (\n    "user", "end"\n)\nSELECT 1 AS "user", 2 AS "end"'
    for check in checks:
        code = "".join(line for line in check.split("\n") if not line.startswith("--"))
        assert '"order"' in code
        assert '"end"' in code or '"user"' in code


@pytest.mark.parametrize(
    ("rest", "attributes"),
    [
        ("", ""),
        ("diststyle: even", "\nDISTSTYLE EVEN"),
        ("diststyle: all\n    sortkey: auto", "\nDISTSTYLE ALL\nSORTKEY AUTO"),
        ("distkey: id", "\nDISTSTYLE KEY\nDISTKEY (id)"),
        ("diststyle: key\n    distkey: id\n    sortkey: [id]", "\nDISTSTYLE KEY\nDISTKEY (id)\nCOMPOUND SORTKEY (id)"),
        ("sortkey: {interleaved: [id]}", "\nINTERLEAVED SORTKEY (id)"),
    ],
)
def test_table_attributes(tmp_path: Path, rest: str, attributes: str) -> None:
    found = created(tmp_path, "{id: {type: integer}}", f"    {rest}\n" if rest else "")
    assert found == f"CREATE TABLE IF NOT EXISTS dw.t (\n    id integer\n){attributes}"


def test_foreign_key_to_a_table_s_primary_key(tmp_path: Path) -> None:
    columns = "{id: {type: integer, primary_key: true}, up: {type: integer, references: t}}"
    assert created(tmp_path, columns).endswith("    PRIMARY KEY (id),\n    FOREIGN KEY (up) REFERENCES dw.t\n)")


def test_descriptions_become_comments(tmp_path: Path) -> None:
    columns = "{id: {type: integer, description: It's an id.}, v: {type: integer}}"
    step = table(tmp_path, columns, "    description: 'A table; a\\b.'\n")
    assert sent(step)[3:] == [
        "COMMENT ON TABLE dw.t IS 'A table; a\\\\b.'",
        "COMMENT ON COLUMN dw.t.id IS 'It''s an id.'",
    ]


# --- COPY ------------------------------------------------------------------------------------------------------------


def copied(step: Step) -> list[str]:
    """Return what stands after FROM, a clause a line."""
    (statement,) = [sql for sql in sent(step) if sql.startswith("COPY")]
    return statement.split("\n)\nFROM ")[1].split("\n")


def test_staging_step(tmp_path: Path) -> None:
    step = staging(tmp_path)
    assert (step.name, step.kind, step.files, step.needs) == ("src", "staging", (), frozenset())
    assert sent(step) == [
        "CREATE TABLE IF NOT EXISTS dw.src (\n    id integer\n)",
        "DELETE FROM dw.src",
        "COPY dw.src (\n    id\n)\nFROM 's3://b/src/'\nIAM_ROLE default\nFORMAT AS JSON 'auto'",
    ]


@pytest.mark.parametrize(
    ("format_", "option", "clauses"),
    [
        ("json", "region: us-west-2", ["FORMAT AS JSON 'auto'", "REGION 'us-west-2'"]),
        ("json", "compression: gzip", ["FORMAT AS JSON 'auto'", "GZIP"]),
        (
            "json",
            "dateformat: auto, timeformat: epochmillisecs",
            ["FORMAT AS JSON 'auto'", "DATEFORMAT 'auto'", "TIMEFORMAT 'epochmillisecs'"],
        ),
        (
            "json",
            "acceptanydate: true, acceptinvchars: true",
            ["FORMAT AS JSON 'auto'", "ACCEPTANYDATE", "ACCEPTINVCHARS AS '?'"],
        ),
        (
            "json",
            "blanksasnull: true, emptyasnull: true, trimblanks: true, truncatecolumns: true, roundec: true",
            ["FORMAT AS JSON 'auto'", "BLANKSASNULL", "EMPTYASNULL", "ROUNDEC", "TRIMBLANKS", "TRUNCATECOLUMNS"],
        ),
        ("json", "maxerror: 10, noload: true", ["FORMAT AS JSON 'auto'", "MAXERROR 10", "NOLOAD"]),
        ("json", "ignoreallerrors: true", ["FORMAT AS JSON 'auto'", "IGNOREALLERRORS"]),
        (
            "json",
            "compupdate: off, comprows: 2000, statupdate: on",
            ["FORMAT AS JSON 'auto'", "COMPUPDATE OFF", "COMPROWS 2000", "STATUPDATE ON"],
        ),
        ("json", "encoding: utf16", ["FORMAT AS JSON 'auto'", "ENCODING UTF16"]),
        (
            "csv",
            "ignoreheader: 1, quote: '%', delimiter: ';', null_as: '-'",
            ["FORMAT AS CSV", "DELIMITER AS ';'", "QUOTE AS '%'", "NULL AS '-'", "IGNOREHEADER 1"],
        ),
        ("csv", "fillrecord: true, ignoreblanklines: true", ["FORMAT AS CSV", "FILLRECORD", "IGNOREBLANKLINES"]),
        (
            "delimited",
            "delimiter: '\\t', escape: true, removequotes: true, explicit_ids: true",
            ["DELIMITER AS '\\t'", "ESCAPE", "EXPLICIT_IDS", "REMOVEQUOTES"],
        ),
        ("fixedwidth", "fixedwidth: 'id:3'", ["FORMAT AS FIXEDWIDTH 'id:3'"]),
        ("parquet", "serializetojson: true", ["FORMAT AS PARQUET", "SERIALIZETOJSON"]),
        ("orc", "fillrecord: true", ["FORMAT AS ORC", "FILLRECORD"]),
        ("avro", "region: r", ["FORMAT AS AVRO 'auto'", "REGION 'r'"]),
    ],
)
def test_copy_options(tmp_path: Path, format_: str, option: str, clauses: list[str]) -> None:
    step = staging(tmp_path, f"    format: {format_}\n    copy: {{{option}}}\n")
    assert copied(step) == ["'s3://b/src/'", "IAM_ROLE default", *clauses]


def test_manifest(tmp_path: Path) -> None:
    text = "staging: {src: {from: s3://b/files.manifest, columns: {id: {type: integer}}, copy: {manifest: true}}}\n"
    (step,) = plan(tmp_path, text).steps
    assert copied(step) == ["'s3://b/files.manifest'", "IAM_ROLE default", "FORMAT AS JSON 'auto'", "MANIFEST"]


def test_role_of_the_target(tmp_path: Path) -> None:
    before = "targets: {here: {warehouse: local, iam_role: 'arn:aws:iam::1:role/r'}}\n"
    assert copied(staging(tmp_path, before=before))[1] == "IAM_ROLE 'arn:aws:iam::1:role/r'"


def test_paths_become_a_file_named_by_its_content(tmp_path: Path) -> None:
    before = "targets: {here: {warehouse: local, work: '${WORK:-s3://w/x/}'}}\n"
    columns = "{id: {type: integer}, v: {type: integer, path: $.V}}"
    step = staging(tmp_path, "", columns, before)
    (file,) = step.files
    assert json.loads(file.content) == {"jsonpaths": ["$.id", "$.V"]}
    digest = hashlib.sha256(file.content.encode()).hexdigest()[:12]
    assert file.url == f"s3://w/x/jsonpaths/p/src-{digest}.json"
    assert copied(step)[2] == f"FORMAT AS JSON '{file.url}'"
    other = staging(tmp_path, "", columns.replace("$.V", "$.W"), before)
    assert other.files[0].url != file.url


def test_file_of_paths_that_exists_is_not_written(tmp_path: Path) -> None:
    step = staging(tmp_path, "    jsonpaths: s3://b/paths.json\n")
    assert step.files == ()
    assert copied(step)[2] == "FORMAT AS JSON 's3://b/paths.json'"


# --- strategies ------------------------------------------------------------------------------------------------------

IDV = "{id: {type: integer}, v: {type: varchar(9)}, n: {type: integer, default: 0}}"
SELECT = "sql: 'SELECT v, id FROM other.x'"


def test_replace(tmp_path: Path) -> None:
    _, *body = sent(table(tmp_path, IDV, load=SELECT))
    assert body == ["DELETE FROM dw.t", "INSERT INTO dw.t (\n    v, id\n)\nSELECT v, id FROM other.x"]


def test_append(tmp_path: Path) -> None:
    _, *body = sent(table(tmp_path, IDV, load=f"strategy: append, {SELECT}"))
    assert body == ["INSERT INTO dw.t (\n    v, id\n)\nSELECT v, id FROM other.x"]


def test_select_that_ends_in_a_comment(tmp_path: Path) -> None:
    step = table(tmp_path, IDV, load=f"strategy: merge, key: [id], order_by: [v], {SELECT[:-1]} -- all'")
    assert len(sent(step)) == 6
    _, _, insert, *_ = sent(step)
    assert "SELECT v, id FROM other.x -- all\n" in insert
    assert insert.endswith(") AS ranked\nWHERE etlrun_rank = 1")


@pytest.mark.parametrize(
    ("load", "place"), [("strategy: merge, key: [id], order_by: [v]", 2), ("strategy: delete_insert, key: [id]", 2)]
)
def test_text_of_several_lines_keeps_its_blanks(tmp_path: Path, load: str, place: int) -> None:
    step = table(tmp_path, IDV, load=f"{load}, sql: \"SELECT id,\\n 'a\\nb' AS v\\nFROM other.x\"")
    assert "SELECT id,\n 'a\nb' AS v\nFROM other.x" in sent(step)[place]


def test_merge(tmp_path: Path) -> None:
    load = "strategy: merge, key: [id], order_by: [seen DESC, v], sql: 'SELECT v, id, seen FROM other.x'"
    step = table(tmp_path, IDV, load=load)
    _, create, insert, check, merge, drop = sent(step)
    assert create == "CREATE TEMP TABLE etlrun_t (\n    id integer,\n    v varchar(9)\n)"
    assert insert.startswith("INSERT INTO etlrun_t (\n    v, id\n)\nSELECT\n    v, id\nFROM (")
    assert "PARTITION BY id ORDER BY seen DESC, v" in insert
    assert "        SELECT v, id, seen FROM other.x\n" in insert
    assert check.endswith("SELECT COUNT(*) AS failures\nFROM etlrun_t\nWHERE id IS NULL")
    assert merge == (
        "MERGE INTO dw.t\nUSING etlrun_t\nON t.id = etlrun_t.id\n"
        "WHEN MATCHED THEN UPDATE SET\n    v = etlrun_t.v\n"
        "WHEN NOT MATCHED THEN INSERT (\n    v, id\n)\nVALUES (\n    etlrun_t.v, etlrun_t.id\n)"
    )
    assert drop == "DROP TABLE etlrun_t"
    statements = step.transactions[0].statements
    assert [statement.check for statement in statements if statement.check] == ["no row may be without its key"]


def test_merge_by_several_keys_and_nothing_else(tmp_path: Path) -> None:
    load = "strategy: merge, key: [id, v], order_by: [id], sql: 'SELECT v, id FROM other.x'"
    merge = sent(table(tmp_path, IDV, load=load))[4]
    assert "ON t.id = etlrun_t.id AND t.v = etlrun_t.v\n" in merge
    assert "UPDATE SET\n    id = etlrun_t.id,\n    v = etlrun_t.v\nWHEN NOT" in merge


def test_look_up_in_a_staging_table(tmp_path: Path) -> None:
    columns = "{id: {type: integer}, w: {type: integer, lookup: {from: src.v, on: [id]}}}"
    found = plan(tmp_path, f"{RAW}tables: {{t: {{columns: {columns}, load: {{sql: SELECT 1 AS id}}}}}}\n")
    assert [(step.name, sorted(step.needs)) for step in found.steps] == [("src", []), ("t", ["src"])]
    _, guard, _, insert = sent(found.steps[1])
    assert guard.startswith("-- a look-up must find one row: src by id\n")
    assert insert.endswith(") AS batch\nLEFT JOIN dw.src AS lookup_w\n    ON lookup_w.id = batch.id")


def test_strategy_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "history.sql.j2").write_text(
        "UPDATE {{ relation }} SET {{ load.valid_to }} = {{ vars.now | literal }};\n"
        "INSERT INTO {{ relation }} ({{ columns | identifiers }})\n{{ select }};\nANALYZE {{ relation }};\n"
    )
    load = f"strategy: history, valid_to: until, {SELECT}"
    text = f"vars: {{now: 'it''s'}}\ntables: {{t: {{columns: {IDV}, load: {{{load}}}}}}}\n"
    (step,) = plan(tmp_path, text).steps
    assert sent(step)[1:] == [
        "UPDATE dw.t SET until = 'it''s'",
        "INSERT INTO dw.t (v, id)\nSELECT v, id FROM other.x",
        "ANALYZE dw.t",
    ]


def test_template_beside_the_pipeline_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "replace.sql.j2").write_text("LOCK {{ relation }};\n")
    (tmp_path / "create_table.sql.j2").write_text("CREATE TABLE {{ relation }} ({{ lines | join('; ') }});\n")
    assert sent(table(tmp_path, IDV, load=SELECT)) == [
        "CREATE TABLE dw.t (id integer",
        "v  varchar(9)",
        "n  integer    DEFAULT 0)",
        "LOCK dw.t",
    ]


# --- checks ----------------------------------------------------------------------------------------------------------


def checked(folder: Path, checks: str) -> list[tuple[str, str]]:
    step = table(folder, "{id: {type: integer}, v: {type: integer}}", f"    checks: [{checks}]\n")
    statements = step.transactions[0].statements
    return [(each.check, each.sql.partition("FROM ")[2]) for each in statements if each.check]


@pytest.mark.parametrize(
    ("check", "said", "sql"),
    [
        ("not_null: [id, v]", "not_null: id, v", "dw.t\nWHERE id IS NULL OR v IS NULL\nLIMIT 5"),
        (
            "unique: [id, v]",
            "unique: id, v",
            (
                "(\n    SELECT id, v, COUNT(*) AS row_count\n    FROM dw.t\n"
                "    WHERE id IS NOT NULL AND v IS NOT NULL\n    GROUP BY id, v\n"
                "    HAVING COUNT(*) > 1\n) AS doubled\nLIMIT 5"
            ),
        ),
        (
            'accepted_values: {id: [1, 2], v: ["it\'s", true]}',
            "accepted_values: id 1, 2, v it's, True",
            "dw.t\nWHERE id NOT IN (1, 2) OR v NOT IN ('it''s', TRUE)\nLIMIT 5",
        ),
        (
            "relationships: {v: t.id}",
            "relationships: v t.id",
            (
                "dw.t AS child\nLEFT JOIN dw.t AS parent\n    ON child.v = parent.id\n"
                "WHERE child.v IS NOT NULL AND parent.id IS NULL\nLIMIT 5"
            ),
        ),
        (
            "expression: 'id > 0 OR\n      v = 1'",
            "expression: id > 0 OR v = 1",
            "dw.t\nWHERE NOT (id > 0 OR v = 1)\nLIMIT 5",
        ),
    ],
)
def test_check(tmp_path: Path, check: str, said: str, sql: str) -> None:
    assert checked(tmp_path, f"{{{check}}}") == [(said, sql)]


def test_relationships_are_a_statement_each(tmp_path: Path) -> None:
    found = checked(tmp_path, "{relationships: {id: t.v, v: t.id}}")
    assert len(found) == 2


def test_checks_stand_after_the_load_in_its_transaction(tmp_path: Path) -> None:
    step = table(tmp_path, "{id: {type: integer}}", "    checks: [{not_null: [id]}]\n")
    (transaction,) = step.transactions
    assert [bool(statement.check) for statement in transaction.statements] == [False, False, False, False, True]


def test_check_of_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "at_least.sql.j2").write_text(
        "-- check: {{ said }}\nSELECT CASE WHEN COUNT(*) < {{ values }} THEN 1 ELSE 0 END FROM {{ relation }};\n"
    )
    assert checked(tmp_path, "{at_least: 5}") == [("at_least: 5", "dw.t")]


def test_check_without_a_comment(tmp_path: Path) -> None:
    (tmp_path / "none.sql.j2").write_text("WITH x AS (SELECT 1) SELECT COUNT(*) FROM {{ relation }};\n")
    assert checked(tmp_path, "{none: 5}") == [("the query must answer 0", "dw.t")]


def test_staging_is_checked(tmp_path: Path) -> None:
    step = staging(tmp_path, "    checks: [{unique: [id]}]\n")
    assert [each.check for each in step.transactions[0].statements if each.check] == ["unique: id"]


# --- the whole plan --------------------------------------------------------------------------------------------------

CHAIN = RAW + (
    "tables:\n"
    "  c: {columns: {id: {type: integer}}, load: {sql: SELECT id FROM b}}\n"
    "  a: {columns: {id: {type: integer}}, load: {sql: SELECT id FROM src}}\n"
    "  b: {columns: {id: {type: integer}}, load: {sql: SELECT id FROM a}}\n"
)


def test_plan_prepares_and_orders(tmp_path: Path) -> None:
    found = plan(tmp_path, CHAIN)
    assert [statement.sql.split(" (")[0] for statement in found.prepare] == [
        "CREATE SCHEMA IF NOT EXISTS dw",
        "SET search_path TO dw, public",
    ]
    assert (found.pipeline, found.target.name) == ("p", "local")
    assert [(step.name, sorted(step.needs)) for step in found.steps] == [
        ("src", []),
        ("a", ["src"]),
        ("b", ["a"]),
        ("c", ["b"]),
    ]
    assert [step.where.line for step in found.steps] == [4, 7, 8, 6]


def test_plan_of_chosen_steps(tmp_path: Path) -> None:
    found = plan(tmp_path, CHAIN, frozenset({"c", "a"}))
    assert [(step.name, step.needs) for step in found.steps] == [("a", frozenset()), ("c", frozenset())]


def test_search_path_names_public_once(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(f"version: 1\nname: p\n{RAW}")
    pipeline = read_pipeline(tmp_path / "q.yaml", {})
    assert make_plan(pipeline, pipeline.targets[0]).prepare[-1].sql == "SET search_path TO public"


def test_full_refresh_drops_each_table_first(tmp_path: Path) -> None:
    for step in plan(tmp_path, CHAIN, full_refresh=True).steps:
        first, second, *_ = sent(step)
        assert first == f"DROP TABLE IF EXISTS dw.{step.name}"
        assert second.startswith("CREATE TABLE")
    for step in plan(tmp_path, CHAIN).steps:
        assert not any("DROP" in sql for sql in sent(step))


def test_same_input_gives_the_same_plan(tmp_path: Path) -> None:
    assert plan(tmp_path, CHAIN) == plan(tmp_path, CHAIN)


def test_no_statement_holds_a_semicolon_at_its_end(tmp_path: Path) -> None:
    for step in plan(tmp_path, CHAIN, full_refresh=True).steps:
        for sql in sent(step):
            assert sql == sql.strip()
            assert not sql.endswith(";")


def test_template_that_fails_is_told_with_its_line_and_who_asked(tmp_path: Path) -> None:
    (tmp_path / "history.sql.j2").write_text("SELECT 1;\n{{ load.valid_to }};\n")
    load = f"strategy: history, {SELECT}"
    with pytest.raises(InvalidPipeline) as caught:
        table(tmp_path, IDV, load=load)
    (said,) = caught.value.problems
    assert said.message == "the template asks for 'valid_to', which is not there"
    assert str(said.where) == f"{tmp_path / 'history.sql.j2'}:2:1"
    assert said.hint == f"asked for by {tmp_path / 'p.yaml'}:7:22"


def test_name_that_is_too_long_for_the_batch_of_a_merge(tmp_path: Path) -> None:
    load = "strategy: merge, key: [id], order_by: [id], sql: 'SELECT id FROM other.x'"
    with pytest.raises(InvalidPipeline, match="a name has 1 to 127 bytes: 'etlrun_ttt"):
        table(tmp_path, IDV, load=load, name="t" * 125)


def test_every_template_that_fails_is_told(tmp_path: Path) -> None:
    (tmp_path / "replace.sql.j2").write_text("{{ nothing }}")
    (tmp_path / "prepare.sql.j2").write_text("\n{{ nothing }}")
    with pytest.raises(InvalidPipeline) as caught:
        plan(tmp_path, CHAIN)
    assert [(str(p.where).rpartition("/")[2], p.hint.rpartition("/")[2]) for p in caught.value.problems] == [
        ("prepare.sql.j2:2:1", ""),
        ("replace.sql.j2:1:1", "p.yaml:7:39"),
        ("replace.sql.j2:1:1", "p.yaml:8:39"),
        ("replace.sql.j2:1:1", "p.yaml:6:39"),
    ]


# --- hooks of the run ------------------------------------------------------------------------------------------------

HOOKS = """\
version: 1
name: p
schema: dw
vars: {what: it}
hooks:
  before: ["INSERT INTO log VALUES ('{{ vars.what }}')", TRUNCATE staged]
  after: [VACUUM t, "-- not a VACUUM\\nANALYZE t"]
  on_failure: ["DELETE FROM log\\nWHERE TRUE"]
tables:
  t: {columns: {id: {type: integer}}, load: {sql: SELECT 1 AS id}}
"""


def test_hooks_of_the_run_are_a_transaction_each_where_they_take_one(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(HOOKS, encoding="utf-8")
    pipeline = read_pipeline(tmp_path / "p.yaml", {})
    planned = make_plan(pipeline, pipeline.targets[0])
    assert [(step.name, step.kind) for step in planned.hooks] == [
        ("hooks.before", "hooks"), ("hooks.after", "hooks"), ("hooks.on_failure", "hooks"),
    ]  # fmt: skip
    said = [(part.statements[-1].sql, part.alone) for step in planned.hooks for part in step.transactions]
    assert said == [
        ("INSERT INTO log VALUES ('it')", False), ("TRUNCATE staged", True), ("VACUUM t", True),
        ("-- not a VACUUM\nANALYZE t", False), ("DELETE FROM log\nWHERE TRUE", False),
    ]  # fmt: skip
    assert [step.name for step in planned.steps] == ["t"]
    assert pipeline.warnings == ()


def test_dry_run_has_the_hooks_in_their_order_and_sends_none_of_a_failure(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(HOOKS, encoding="utf-8")
    pipeline = read_pipeline(tmp_path / "p.yaml", {})
    text = "\n".join(plan_text(make_plan(pipeline, pipeline.targets[0])))
    places = [
        text.index(part) for part in ("INSERT INTO log", "TRUNCATE staged;", "INSERT INTO dw.t", "VACUUM t;", "ANALYZE")
    ]
    assert places == sorted(places)
    assert "--   DELETE FROM log\n--   WHERE TRUE;" in text
    assert "\nDELETE FROM log" not in text
