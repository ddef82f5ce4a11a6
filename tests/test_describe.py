"""What is declared of a part, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.describe import declared_facts
from engine.read import read_pipeline

PIPELINE = """\
version: 1
name: p
schema: dw
targets: {here: {warehouse: local, work: s3://b/work}}
staging:
  plain: {from: s3://b/plain/, columns: {id: {type: integer}}}
  files:
    from: s3://b/files/
    load: incremental
    SETTINGS
    columns: {id: {type: integer}}
tables:
  told:
    columns: {id: {type: integer, primary_key: true}, name: {type: varchar(9)}}
    load: {sql: 'SELECT id FROM plain', strategy: delete_insert, key: [id]}
    unknown_member: {id: -1, name: nobody}
    grants: {select: [public, role readers], update: [ada]}
    hooks:
      before: [SET analyze_threshold_percent TO 0]
      after: [DELETE FROM dw.told WHERE id = 3, DELETE FROM dw.told WHERE id = 4]
    unload: {to: s3://b/out/, existing: overwrite}
  silent: {columns: {id: {type: integer}}, load: {sql: SELECT id FROM files}}
"""


def facts(folder: Path, name: str, settings: str = "x-none: 0") -> dict[str, str]:
    path = folder / "p.yaml"
    path.write_text(PIPELINE.replace("SETTINGS", settings), encoding="utf-8")
    pipeline = read_pipeline(path, {})
    return next(declared_facts(part) for part in (*pipeline.staging, *pipeline.tables) if part.name == name)


def test_table_with_all_there_is_to_declare(tmp_path: Path) -> None:
    assert facts(tmp_path, "told") == {
        "unknown member": "id: -1, name: nobody",
        "grants": "select to public, role readers; update to ada",
        "hooks": "1 before the load, 2 after the load",
        "unloaded to": "s3://b/out/",
    }


@pytest.mark.parametrize("name", ["plain", "silent"])
def test_what_is_not_declared_is_left_out(tmp_path: Path, name: str) -> None:
    assert facts(tmp_path, name) == {}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("x-none: 0", "one that has changed is an error"),
        ("changed: skip", "one that has changed is not loaded again"),
        ("changed: reload", "if one has changed, all are loaded again"),
        ("max_bad_files: 3", "one that has changed is an error; up to 3 broken ones are set aside"),
    ],
)
def test_files_of_an_incremental_source(tmp_path: Path, settings: str, said: str) -> None:
    assert facts(tmp_path, "files", settings) == {"files": f"each is loaded once; {said}"}
