"""Which SQL a change of the YAML changes: read out of git, compared, shown as Markdown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.__main__ import _run
from engine.git import export
from engine.inputs import is_inside

PIPELINE = """\
version: 1
name: shop
include: [staging.yaml]
vars: {least: 1}
tables:
  items:
    description: One row for each item.
    columns:
      id:   {type: integer}
      name: {type: varchar(20)}
    load: {strategy: append, sql_file: sql/items.sql}
  totals:
    columns: {n: {type: bigint}}
    load: {sql: "SELECT COUNT(*) AS n FROM items WHERE id >= {{ vars.least }}"}
"""
STAGING = "staging:\n  landed: {from: s3://b/landed/, columns: {id: {type: integer}, name: {type: varchar(20)}}}\n"
SELECT = "SELECT id, name\nFROM landed\n"


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a committed pipeline in a folder of it."""
    folder = tmp_path / "repository" / "pipelines"
    (folder / "sql").mkdir(parents=True)
    (folder / "shop.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "staging.yaml").write_text(STAGING, encoding="utf-8")
    (folder / "sql" / "items.sql").write_text(SELECT, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "repository")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "a pipeline")
    return folder / "shop.yaml"


def diff(capsys: pytest.CaptureFixture[str], *options: str, code: int = 1, ref: str = "HEAD") -> str:
    capsys.readouterr()
    assert _run(["diff", "pipelines/shop.yaml", "--against", ref, *options]) == code
    return capsys.readouterr().out


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_differs(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(capsys, code=0) == (
        "## SQL of `pipelines/shop.yaml` against `HEAD`\n\nNo statement changes (target `local`).\n"
    )
    change(shop, "name: shop\n", "name: shop  # a comment\n")
    assert "No statement changes" in diff(capsys, code=0)


def test_changed_select_is_shown_alone(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop.parent / "sql" / "items.sql", "FROM landed", "FROM landed\nWHERE id > 0")
    assert (
        diff(capsys)
        == """\
## SQL of `pipelines/shop.yaml` against `HEAD`

Target `local`, steps: 1 changed.

| step | | statements | risk |
|---|---|---|---|
| `items` | changed | 1 |  |

### `items`: changed

```diff
@@ -3,3 +3,4 @@
 )
 SELECT id, name
 FROM landed
+WHERE id > 0
```
"""
    )


def test_new_statement_is_marked_destructive(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop, "strategy: append", "strategy: replace")
    said = diff(capsys)
    assert "| `items` | changed | 1 | **destructive** |" in said
    assert "- **destructive**: all rows go\n\n```diff\n+DELETE FROM public.items\n```" in said


def test_column_that_is_gone_is_marked(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop, "      name: {type: varchar(20)}\n", "")
    change(shop.parent / "sql" / "items.sql", "id, name", "id")
    said = diff(capsys)
    assert "| `items` | changed | 2 | **destructive**, **takes locks** |" in said
    assert "- **destructive**: the column name and its values are gone, once the table has this shape" in said


def test_new_and_gone_steps(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop, "  totals:", "  sums:")
    said = diff(capsys)
    assert "Target `local`, steps: 1 new, 1 gone." in said
    assert "### `totals`: gone\n\nIts table stays as it is in the warehouse" in said
    # Its own table is new as well: the DELETE of a replace has nothing to delete.
    assert "| `sums` | new | 4 |  |" in said


def test_temporary_table_that_is_dropped_is_no_loss(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop, "strategy: append", "strategy: merge, key: [id], order_by: [name]")
    said = diff(capsys)
    assert "+DROP TABLE etlrun_items" in said
    assert "**destructive**" not in said
    assert "**rewrites a table**: the rows that match are written anew" in said


def test_paths_of_a_jsonpaths_file_are_shown(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop.parent / "staging.yaml", "{type: integer}", "{type: integer, path: $.key}")
    assert '\n+    "$.key",\n' in diff(capsys)


def test_variables_count_in_both(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop, "least: 1", "least: 2")
    assert "-SELECT COUNT(*) AS n FROM items WHERE id >= 1\n+SELECT" in diff(capsys)
    assert "No statement changes" in diff(capsys, "--var", "least=5", code=0)


def test_pipeline_that_the_commit_does_not_have_is_all_new(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.parent / "other.yaml").write_text(PIPELINE, encoding="utf-8")
    assert _run(["diff", "pipelines/other.yaml", "--against", "HEAD"]) == 1
    assert "steps: 4 new." in capsys.readouterr().out


def test_statement_with_backticks_gets_a_longer_fence(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop.parent / "sql" / "items.sql", "FROM landed", "FROM landed -- ```` no end")
    assert "`````diff\n" in diff(capsys)


def test_removed_comment_of_sql_is_shown(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(shop.parent / "sql" / "items.sql", "FROM landed", "-- the raw ones\nFROM landed")
    git("commit", "-qam", "say so")
    change(shop.parent / "sql" / "items.sql", "-- the raw ones\n", "")
    assert "--- the raw ones\n" in diff(capsys)


def test_hooks_of_the_run_are_compared(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop.write_text(PIPELINE.replace("tables:", "hooks: {before: [TRUNCATE items]}\ntables:", 1), encoding="utf-8")
    said = diff(capsys)
    assert "`hooks.before`" in said
    assert "all rows go, and the transaction is committed" in said


# --- git -------------------------------------------------------------------------------------------------------------


def test_work_tree_is_not_touched(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop.parent / "keep_last.sql.j2").write_text("INSERT INTO {{ relation }} {{ select }}", encoding="utf-8")
    git("add", "-A")
    git("commit", "-qm", "a template")
    change(shop.parent / "sql" / "items.sql", "FROM landed", "FROM landed WHERE id > 0")
    (shop.parent / "staging.yaml").rename(shop.parent / "landed.yaml")
    change(shop, "staging.yaml", "landed.yaml")
    before = git("status", "--porcelain")
    diff(capsys)
    assert git("status", "--porcelain") == before
    assert git("log", "--oneline").count("\n") == 2


def test_template_beside_the_pipeline_is_that_of_the_commit(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    template = shop.parent / "append.sql.j2"
    template.write_text("INSERT INTO {{ relation }} ({{ columns | identifiers }})\n{{ select }};\n", encoding="utf-8")
    git("add", "-A")
    git("commit", "-qm", "a template")
    template.write_text(template.read_text(encoding="utf-8") + "ANALYZE {{ relation }};\n", encoding="utf-8")
    # By its whole path: a template is read once in a process for each folder.
    assert _run(["diff", str(shop), "--against", "HEAD"]) == 1
    assert capsys.readouterr().out.count("\n+") == 1


def test_former_pipeline_that_is_not_valid_is_told_as_of_the_commit(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(shop.parent / "sql" / "items.sql", "FROM landed", "FROM landing")
    git("commit", "-qam", "a mistake")
    change(shop.parent / "sql" / "items.sql", "FROM landing", "FROM landed")
    assert _run(["diff", "pipelines/shop.yaml", "--against", "HEAD"]) == 3
    assert "HEAD:pipelines/sql/items.sql:2:6: 'items' reads 'landing'" in capsys.readouterr().err


def test_file_that_the_commit_does_not_have_is_told_as_of_the_commit(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(shop, "include: [staging.yaml]", "include: [none.yaml]")
    git("commit", "-qam", "a mistake")
    change(shop, "include: [none.yaml]", "include: [staging.yaml]")
    assert _run(["diff", "pipelines/shop.yaml", "--against", "HEAD"]) == 3
    said = capsys.readouterr().err
    assert "HEAD:pipelines/shop.yaml:3:11: cannot read HEAD:pipelines/none.yaml: No such file or directory" in said
    assert "  in HEAD there is shop.yaml\n" in said


@pytest.mark.parametrize("ref", ["nope", "--help", "HEAD:pipelines", ""])
def test_ref_that_is_no_commit(shop: Path, ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["diff", "pipelines/shop.yaml", f"--against={ref}"]) == 2
    assert f"git knows no commit '{ref}' here" in capsys.readouterr().err


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    tables = "tables: {t: {columns: {id: {type: integer}}, load: {sql: SELECT 1 AS id}}}\n"
    (tmp_path / "p.yaml").write_text(f"version: 1\nname: p\n{tables}", encoding="utf-8")
    assert _run(["diff", str(tmp_path / "p.yaml"), "--against", "HEAD"]) == 2
    assert "is in no git repository" in capsys.readouterr().err


def test_link_out_of_the_folder_is_not_followed(shop: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.sql"
    secret.write_text("SELECT 1", encoding="utf-8")
    (shop.parent / "sql" / "items.sql").unlink()
    (shop.parent / "sql" / "items.sql").symlink_to(secret)
    git("commit", "-qam", "a link")
    out = tmp_path / "out"
    out.mkdir()
    assert export(shop, "HEAD", out) == out / "shop.yaml"
    assert (out / "staging.yaml").is_file()
    assert not (out / "sql" / "items.sql").exists()
    assert not is_inside(out, "../secret.sql")
