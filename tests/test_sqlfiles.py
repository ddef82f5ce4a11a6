from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from engine.__main__ import _run
from engine.dry_run import plan_text
from engine.environment import fill
from engine.planning import make_plan
from engine.read import read_pipeline
from engine.sqlfiles import sql_files

PROJECT = Path(__file__).resolve().parent.parent
PIPELINE = """\
version: 1
name: shop
targets:
  local: {warehouse: local}
  aws: {warehouse: redshift, host: h, user: u, password: '${PW}', work: '${WORK}', iam_role: '${ROLE:-default}'}
target: local
staging:
  landed: {from: s3://b/landed/, columns: {id: {type: integer, path: $.id}}}
tables:
  items:
    columns: {id: {type: integer}}
    load: {sql: SELECT id FROM landed}
  totals:
    columns: {n: {type: bigint}}
    load: {sql: SELECT COUNT(*) AS n FROM items}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.yaml"
    path.write_text(PIPELINE, encoding="utf-8")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def render(*options: str) -> int:
    return _run(["render", "shop.yaml", "--out", "sql", *options])


def test_a_file_for_each_step(shop: Path) -> None:
    assert render() == 0
    assert sorted(contents(Path("sql"))) == ["0-prepare.sql", "items.sql", "landed.sql", "totals.sql"]


def test_files_hold_every_statement_of_the_dry_run() -> None:
    pipeline = read_pipeline(PROJECT / "pipelines" / "sparkify.yaml", {})
    for target in pipeline.targets:
        plan = make_plan(pipeline, fill(target, {}))
        files = sql_files(plan)
        ordered = [files["0-prepare.sql"], *(files[f"{step.name}.sql"] for step in plan.steps)]
        assert code("".join(ordered)) == code("\n".join(plan_text(plan)))


def code(script: str) -> list[str]:
    return [line for line in script.split("\n") if line and not line.startswith("-- ")]


def test_second_time_writes_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render()
    before = {path: path.stat().st_mtime_ns for path in Path("sql").iterdir()}
    capsys.readouterr()
    assert render() == 0
    assert capsys.readouterr().out == "sql: 0 written, 0 removed\n"
    assert {path: path.stat().st_mtime_ns for path in Path("sql").iterdir()} == before


def test_environment_does_not_count_and_no_secret_is_written(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    render("--target", "aws")
    before = contents(Path("sql"))
    for name, value in (("PW", "topsecret"), ("WORK", "s3://w/x"), ("ROLE", "arn:aws:iam::1:role/r")):
        monkeypatch.setenv(name, value)
    assert render("--target", "aws", "--check") == 0
    assert contents(Path("sql")) == before
    assert b"${WORK}/jsonpaths" in before["landed.sql"]
    assert b"IAM_ROLE default" in before["landed.sql"]
    assert not any(b"topsecret" in content for content in before.values())


# --- files of others -------------------------------------------------------------------------------------------------


def test_file_of_a_step_that_is_gone_is_removed_and_no_other(shop: Path) -> None:
    render()
    folder = Path("sql")
    (folder / "notes.sql").write_text("SELECT 'mine'")
    (folder / "other.sql").write_text("-- etlrun render: pipeline shop2, target local, step other (table)\n")
    (folder / "totals.txt").write_text("-- etlrun render: pipeline shop, step totals\n")
    (folder / "linked.sql").symlink_to("totals.sql")
    (folder / "below").mkdir()
    shutil.copy(folder / "totals.sql", folder / "below" / "totals.sql")
    shop.write_text(PIPELINE[: PIPELINE.index("  totals:")], encoding="utf-8")
    assert render() == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "0-prepare.sql", "below", "items.sql", "landed.sql", "linked.sql", "notes.sql", "other.sql", "totals.txt",
    ]  # fmt: skip
    assert (folder / "below" / "totals.sql").is_file()


@pytest.mark.parametrize("check", [(), ("--check",)])
def test_file_of_another_in_the_way_stops_before_anything_is_written(
    shop: Path, check: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sql").mkdir()
    (Path("sql") / "totals.sql").write_text("SELECT 'mine'")
    assert render(*check) == 2
    assert "sql/totals.sql is not of this pipeline's `etlrun render`" in capsys.readouterr().err
    assert contents(Path("sql")) == {"totals.sql": b"SELECT 'mine'"}


def test_link_is_not_written_through(shop: Path) -> None:
    render()
    elsewhere = Path("elsewhere.sql")
    elsewhere.write_bytes((Path("sql") / "totals.sql").read_bytes() + b"-- more\n")
    (Path("sql") / "totals.sql").unlink()
    (Path("sql") / "totals.sql").symlink_to(elsewhere.resolve())
    assert render() == 2
    assert elsewhere.read_bytes().endswith(b"-- more\n")


def test_folder_that_is_a_file(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sql").write_text("")
    assert render() == 2
    assert "sql is no folder" in capsys.readouterr().err


def test_folder_that_cannot_be_made(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["render", "shop.yaml", "--out", "shop.yaml/sql"]) == 2
    assert "cannot write shop.yaml/sql/0-prepare.sql: " in capsys.readouterr().err


# --- check -----------------------------------------------------------------------------------------------------------


def test_check_shows_what_differs_and_writes_nothing(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    render()
    shop.write_text(PIPELINE.replace("{n: {type: bigint}}", "{n: {type: integer}}"), encoding="utf-8")
    before = contents(Path("sql"))
    capsys.readouterr()
    assert render("--check") == 1
    said = capsys.readouterr()
    assert "-    n bigint\n+    n integer\n" in said.out
    assert "--- sql/totals.sql\n" in said.out
    assert "sql: 1 file is not as shop.yaml gives them" in said.err
    assert contents(Path("sql")) == before


def test_check_tells_missing_and_superfluous_files(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert render("--check") == 1
    assert "sql/items.sql is missing\n" in capsys.readouterr().out
    render()
    shop.write_text(PIPELINE[: PIPELINE.index("  totals:")], encoding="utf-8")
    capsys.readouterr()
    assert render("--check") == 1
    assert capsys.readouterr().out == "sql/totals.sql is of a step that is gone\n"


def test_check_takes_the_line_ends_of_windows(shop: Path) -> None:
    render()
    path = Path("sql") / "items.sql"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert render("--check") == 0


# --- hooks of pre-commit ---------------------------------------------------------------------------------------------

HOOKS = {hook["id"]: hook for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}


def hook(name: str, *arguments: str) -> int:
    """Run a hook as pre-commit does: its entry, split as a shell does, and then the arguments."""
    program, *rest = shlex.split(HOOKS[name]["entry"])
    assert program == "etlrun"
    return _run([*rest, *arguments])


def test_hooks_have_what_pre_commit_wants() -> None:
    for each in HOOKS.values():
        assert each.keys() >= {"id", "name", "entry", "language", "description"}
        assert each["language"] == "python"


def test_hook_validate_passes_and_fails(shop: Path) -> None:
    assert hook("etlrun-validate", "shop.yaml") == 0
    shop.write_text(PIPELINE.replace("SELECT id FROM landed", "SELECT ident FROM raw"), encoding="utf-8")
    assert hook("etlrun-validate", "shop.yaml") == 3


def test_hook_render_passes_and_fails(shop: Path) -> None:
    assert HOOKS["etlrun-render"]["pass_filenames"] is False
    assert hook("etlrun-render", "shop.yaml", "--out", "sql") == 1
    render()
    assert hook("etlrun-render", "shop.yaml", "--out", "sql") == 0
