from __future__ import annotations

import pytest

from engine.risks import reshaped, risks


@pytest.mark.parametrize(
    ("statement", "kinds"),
    [
        ("DROP TABLE dw.t", ["destructive", "locks"]),
        ("DROP SCHEMA dw", ["destructive"]),
        ("TRUNCATE dw.t", ["destructive", "locks"]),
        ("DELETE FROM dw.t", ["destructive"]),
        ("DELETE FROM dw.t\nWHERE day = '2018-11-01'", ["destructive"]),
        ("delete from dw.t using s where s.id = t.id", ["destructive"]),
        ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", ["destructive"]),
        ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a", ["rewrites"]),
        ("UPDATE t SET a = 1", ["rewrites"]),
        ("UPDATE t SET a = 1 WHERE b = 2", ["rewrites"]),
        ("VACUUM t", ["rewrites"]),
        ("ALTER TABLE t DROP COLUMN a", ["destructive", "locks"]),
        ("ALTER TABLE t APPEND FROM s", ["destructive", "locks"]),
        ("ALTER TABLE t ALTER DISTKEY a", ["rewrites", "locks"]),
        ("ALTER TABLE t ALTER COLUMN a ENCODE zstd", ["rewrites", "locks"]),
        ("ALTER TABLE t RENAME TO s", ["rewrites", "locks"]),
        ("ALTER TABLE t ADD COLUMN a integer", ["locks"]),
        ("LOCK t", ["locks"]),
        ("-- DROP TABLE t\nSELECT 'TRUNCATE t'", []),
        ("INSERT INTO t (a) SELECT 1", []),
        ("CREATE TABLE IF NOT EXISTS t (a integer)", []),
        ("COMMENT ON TABLE t IS 'DELETE FROM t'", []),
    ],
)
def test_risks_of_a_statement(statement: str, kinds: list[str]) -> None:
    assert [risk.kind for risk in risks(statement)] == kinds


def test_rows_and_all_rows_are_told_apart() -> None:
    assert [risk.why for risk in risks("DELETE FROM t")] == ["all rows go"]
    assert [risk.why for risk in risks("DELETE FROM t WHERE a = 1")] == ["rows go"]


TABLE = """\
CREATE TABLE IF NOT EXISTS dw.t (
    id   integer     NOT NULL,
    name varchar(20),
    PRIMARY KEY (id)
)
DISTKEY (id)"""


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        ("x", "x", []),
        ("    name varchar(20),\n", "", ["destructive", "locks"]),
        ("varchar(20)", "varchar(30)", ["rewrites", "locks"]),
        ("DISTKEY (id)", "DISTSTYLE ALL", ["rewrites"]),
        ("    PRIMARY", "    more date,\n    PRIMARY", ["locks"]),
    ],
)
def test_risks_of_another_shape(old: str, new: str, kinds: list[str]) -> None:
    assert [risk.kind for risk in reshaped(TABLE, TABLE.replace(old, new))] == kinds
