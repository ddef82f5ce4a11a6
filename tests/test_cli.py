"""The command line: what it prints where, its exit codes, interrupts and kills."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import click
import pytest
from events import read_events

from engine import __version__, errors
from engine.__main__ import INTERRUPTED, _run
from engine.cli import cli

PROJECT = Path(__file__).resolve().parent.parent

VISITS = """\
version: 1
name: visits
targets:
  local: {warehouse: local, mounts: {s3://site: bucket}}
  other: {warehouse: local, database: other.duckdb, mounts: {s3://site: bucket}}
  cluster:
    warehouse: redshift
    host: ${VISITS_TEST_HOST}
    user: etl
    password: ${VISITS_TEST_PASSWORD}
    work: s3://site-etl/work
target: local
vars: {least: 1}
schema: visits
staging:
  raw_visits:
    from: s3://site/visits/
    columns:
      id:    {type: integer}
      page:  {type: varchar(10)}
      price: {type: 'decimal(8,2)'}
  raw_pages:
    from: s3://site/pages/
    columns:
      page: {type: varchar(10)}
tables:
  visits:
    columns:
      id:    {type: integer, primary_key: true}
      page:  {type: varchar(10)}
      price: {type: 'decimal(8,2)'}
    load:
      sql: SELECT id, page, price FROM raw_visits WHERE id >= {{ vars.least }}
    checks:
      - unique: [id]
  totals:
    columns:
      page: {type: varchar(10)}
      n:    {type: bigint}
    load:
      sql: SELECT page, COUNT(*) AS n FROM visits GROUP BY page
  pages:
    columns:
      page: {type: varchar(10)}
    load:
      sql: SELECT page FROM raw_pages
"""


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """A small pipeline with its data: two visits, one page."""
    folder = tmp_path / "site"
    (folder / "bucket" / "visits").mkdir(parents=True)
    (folder / "bucket" / "pages").mkdir()
    (folder / "bucket" / "visits" / "1.json").write_text(
        '{"id": 1, "page": "home", "price": 1.5}\n{"id": 2, "page": "sök", "price": null}'
    )
    (folder / "bucket" / "pages" / "1.json").write_text('{"page": "home"}')
    path = folder / "visits.yaml"
    path.write_text(VISITS, encoding="utf-8")
    return path


def put(pipeline: Path, name: str, text: str) -> None:
    (pipeline.parent / "bucket" / name).write_text(text, encoding="utf-8")


def answer(pipeline: Path, sql: str, capsys: pytest.CaptureFixture[str], *options: str) -> list[tuple[str, ...]]:
    capsys.readouterr()
    assert _run(["query", str(pipeline), sql, "--format", "csv", *options]) == 0
    return [tuple(row) for row in csv.reader(io.StringIO(capsys.readouterr().out))][1:]


# --- what is printed, and where --------------------------------------------------------------------------------------


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["--version"]) == 0
    assert capsys.readouterr().out == f"etlrun {__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(arguments) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {command} " in shown for command in ("run", "validate", "query"))
    assert all(f"\n{group}:" in shown for group in ("Run", "Know before", "Places to run"))


def test_show_tells_a_table(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["show", str(visits), "totals"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("visits.totals, ")
    assert "waits for      visits" in shown
    columns = shown.index(next(line for line in shown if line.startswith("column ")))
    assert shown[columns + 2].split()[0] == "page"
    assert "BEGIN;" in shown
    assert "CREATE TABLE IF NOT EXISTS visits.totals (" in shown
    assert _run(["show", str(visits), "total"]) == 2
    assert "no table 'total': did you mean 'totals'?" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_what_the_shell_evaluates(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["completion", shell]) == 0
    assert f"_ETLRUN_COMPLETE={shell}_complete" in capsys.readouterr().out


def test_bash_completes_commands_and_files(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash, which is not here")
    command = str(Path(sys.executable).with_name("etlrun"))
    environ = {**os.environ, "_ETLRUN_COMPLETE": "bash_complete", "COMP_WORDS": "etlrun va", "COMP_CWORD": "1"}
    done = subprocess.run([command], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["plain,validate", "file,va"]


def test_run_prints_progress_to_stderr_and_a_summary_to_stdout(
    visits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([str(visits)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split() == ["step", "status", "rows", "seconds", "rejects"]
    assert [line.split()[:3] for line in lines[2:]] == [
        ["raw_visits", "done", "2"], ["raw_pages", "done", "1"], ["visits", "done", "2"], ["totals", "done", "2"],
        ["pages", "done", "1"],
    ]  # fmt: skip
    assert "[3/5] visits: 2 rows in " in said.err


def test_json_events_are_one_object_a_line(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(visits, "visits/2.json", '{"id": 1, "page": "again"}')
    assert _run([str(visits), "--json"]) == 1
    said = capsys.readouterr()
    events = read_events(said.out)
    assert [(event["event"], event["step"]) for event in events] == [
        ("started", "raw_visits"), ("done", "raw_visits"), ("started", "raw_pages"), ("done", "raw_pages"),
        ("started", "visits"), ("failed", "visits"), ("skipped", "totals"), ("started", "pages"), ("done", "pages"),
    ]  # fmt: skip
    assert events[1]["rows"] == 3
    assert events[5]["error"] == "check failed: unique: id: 1 failure"
    assert events[6]["because"] == "visits"
    assert {(event["pipeline"], event["target"]) for event in events} == {("visits", "local")}
    assert len({event["run"] for event in events}) == 1


def test_failed_step_skips_exactly_what_is_below_it(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(visits)]) == 0
    put(visits, "visits/2.json", '{"id": 1, "page": "again"}')
    put(visits, "pages/2.json", '{"page": "new"}')
    assert _run([str(visits)]) == 1
    said = capsys.readouterr()
    assert re.search(r"^totals +skipped: visits failed", said.out, re.MULTILINE)
    assert "visits.yaml:27:3: visits failed and was rolled back: check failed: unique: id: 1 failure" in said.err
    assert "Traceback" not in said.err
    # The failed step and what is below it are as before; what did not depend on it has gone on.
    assert answer(visits, "SELECT id, page FROM visits ORDER BY id", capsys) == [("1", "home"), ("2", "sök")]
    assert answer(visits, "SELECT SUM(n) FROM totals", capsys) == [("2",)]
    assert answer(visits, "SELECT page FROM pages ORDER BY page", capsys) == [("home",), ("new",)]


def test_load_error_is_told_with_file_line_and_column(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(visits, "visits/2.json", '{"id": 3, "page": "fine"}\n{"id": 4, "page": "far too long"}\n{"id": "x"}')
    assert _run([str(visits)]) == 1
    said = capsys.readouterr().err
    assert "Load into table 'raw_visits' failed.  Check 'stl_load_errors' system table for details." in said
    assert "s3://site/visits/2.json:2: column page varchar(10): String length exceeds DDL length (code 1204)" in said
    assert "far too long" in said
    assert answer(visits, "SELECT COUNT(*) FROM pages", capsys) == [("1",)]
    rows = answer(visits, "SELECT TRIM(filename), line_number, TRIM(colname), err_code FROM stl_load_errors", capsys)
    assert rows == [("s3://site/visits/2.json", "2", "page", "1204")]


def test_validate_connects_to_nothing_and_leaves_its_answers_alone(
    visits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(visits.parent.rglob("*"))
    assert _run(["validate", str(visits)]) == 0
    assert _run([str(visits), "--dry-run"]) == 0
    assert _run([str(visits), "--dry-run", "--target", "cluster"]) == 0
    assert "is valid: 2 staging sources, 3 tables" in capsys.readouterr().out
    kept = visits.parent / ".etlrun"
    assert [path.name for path in kept.iterdir()] == ["cache"]
    assert sorted(path for path in visits.parent.rglob("*") if kept not in (path, *path.parents)) == before


def test_dry_run_can_be_sent_statement_by_statement(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What --dry-run prints is a script: sent as it stands, it gives the same tables as a run."""
    from engine.script import statements
    from engine.storage import Mount, Storage
    from engine.warehouses.local.session import open_database

    assert _run([str(visits), "--dry-run"]) == 0
    script = capsys.readouterr().out
    database = open_database(None, Storage((Mount("s3://site", visits.parent / "bucket"),)))
    session = database.session()
    for statement in statements(script):
        session.execute(statement)
    assert session.execute("SELECT page, n FROM visits.totals ORDER BY page").rows == [("home", 1), ("sök", 1)]
    session.close()
    database.close()


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("csv", "id,page,price\n1,home,1.50\n2,sök,\n"),
        ("json", [{"id": 1, "page": "home", "price": "1.50"}, {"id": 2, "page": "sök", "price": None}]),
        ("table", "id   page   price\n─────────────────\n1    home   1.50 \n2    sök    NULL \n2 rows\n"),
    ],
)
def test_query_formats(visits: Path, format_: str, expected: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(visits)]) == 0
    capsys.readouterr()
    assert _run(["query", str(visits), "SELECT * FROM visits ORDER BY id", "--format", format_]) == 0
    shown = capsys.readouterr().out
    assert (json.loads(shown) if format_ == "json" else shown) == expected


def test_query_shows_line_breaks_in_a_table_and_keeps_them_elsewhere(
    visits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT 'a' || CHR(10) || 'b' || CHR(27) || '[31mä' AS v"
    assert _run(["query", str(visits), sql]) == 0
    assert capsys.readouterr().out.splitlines()[2].strip() == r"a\nb\x1b[31mä"
    assert answer(visits, sql, capsys) == [("a\nb\x1b[31mä",)]


def test_query_that_is_wrong_is_told_with_its_place(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(visits)]) == 0
    capsys.readouterr()
    assert _run(["query", str(visits), "SELECT id\nFROM visits WHERE nope = 1"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        'query:2:19: column "nope" does not exist',
        "    2 | FROM visits WHERE nope = 1",
        "      |                   ^^^^",
    ]


def test_query_is_one_statement(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(visits)]) == 0
    assert _run(["query", str(visits), "SELECT 1; DELETE FROM visits"]) == 1
    capsys.readouterr()
    assert _run(["query", str(visits), "SELECT COUNT(*) AS n FROM visits", "--format", "csv"]) == 0
    assert capsys.readouterr().out == "n\n2\n"


# --- options ---------------------------------------------------------------------------------------------------------


def test_target_mount_select_and_var(visits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "elsewhere" / "visits").mkdir(parents=True)
    (tmp_path / "elsewhere" / "visits" / "1.json").write_text('{"id": 7, "page": "a"}{"id": 8, "page": "b"}')
    options = ["--target", "other", "--mount", f"s3://site={tmp_path / 'elsewhere'}"]
    assert _run([str(visits), *options, "--select", "+visits", "--var", "least=8"]) == 0
    assert (visits.parent / "other.duckdb").is_file()
    assert answer(visits, "SELECT id, page FROM visits", capsys, "--target", "other") == [("8", "b")]
    assert _run(["query", str(visits), "SELECT 1 FROM totals", "--target", "other"]) == 1
    assert 'relation "totals" does not exist' in capsys.readouterr().err


def test_full_refresh_takes_changed_columns(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(visits)]) == 0
    changed = VISITS.replace("      n:    {type: bigint}", "      n:    {type: integer}\n      least: {type: integer}")
    changed = changed.replace("COUNT(*) AS n", "CAST(COUNT(*) AS integer) AS n, MIN(id) AS least")
    visits.write_text(changed, encoding="utf-8")
    assert _run([str(visits)]) == 1
    assert "--full-refresh" in capsys.readouterr().err
    assert answer(visits, "SELECT SUM(n) FROM totals", capsys) == [("2",)]
    assert _run([str(visits), "--full-refresh"]) == 0
    assert answer(visits, "SELECT SUM(least) FROM totals", capsys) == [("3",)]


def test_run_needs_its_environment_and_only_its_own(
    visits: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("VISITS_TEST_HOST", raising=False)
    monkeypatch.setenv("VISITS_TEST_PASSWORD", "correct horse")
    assert _run([str(visits)]) == 0
    capsys.readouterr()
    assert _run([str(visits), "--target", "cluster"]) == 3
    said = capsys.readouterr()
    assert "visits.yaml:8:11: the environment variable VISITS_TEST_HOST is not set" in said.err
    assert "correct horse" not in said.err + said.out


# --- exit codes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{p}", "--target", "othr"], "did you mean 'other'?"),
        (["{p}", "--mount", "bucket=here"], "is not s3://bucket=FOLDER"),
        (["{p}", "--mount", "s3://site=nowhere"], "there is no folder 'nowhere'"),
        (["{p}", "--select", "vists"], "did you mean 'visits'?"),
        (["{p}", "--exclude", "vists+"], "did you mean 'visits'?"),
        (["{p}", "--select", "tag:daily"], "no step has the tag 'daily': none has any"),
        (["{p}", "--select", "visits", "--exclude", "+visits"], "--exclude leaves no step"),
        (["{p}", "--select", "changed", "--dry-run"], "'changed' asks the warehouse what was done"),
        (["test", "{p}", "--select", "changed+"], "'changed' asks the warehouse what was done"),
        (["plan", "{p}", "--out", "x.json", "--exclude", "changed"], "'changed' asks the warehouse what was done"),
        (["{p}", "--var", "least"], "is not NAME=VALUE"),
        (["{p}", "--dryrun"], "--dry-run"),
        (["query", "{p}", "DELETE FROM visits"], "query answers a SELECT"),
        (["query", "{p}"], "Missing argument"),
        (["validate"], "Missing argument"),
    ],
)
def test_wrong_usage_exits_2(
    visits: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run([part.format(p=visits) for part in arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""


def test_invalid_pipeline_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(tmp_path / "none.yaml")]) == 3
    assert "No such file" in capsys.readouterr().err


def test_unreachable_warehouse_exits_4(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (visits.parent / ".etlrun").mkdir()
    (visits.parent / ".etlrun" / "visits.duckdb").write_bytes(b"this is no database" * 1000)
    assert _run([str(visits)]) == 4
    said = capsys.readouterr().err
    assert "visits.duckdb" in said
    assert "Traceback" not in said


def test_database_in_use_exits_4(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([str(visits)]) == 0
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    database = str(visits.parent / ".etlrun" / "visits.duckdb")
    other = subprocess.Popen(
        [sys.executable, "-c", code, database], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        capsys.readouterr()
        assert _run([str(visits)]) == 4
        said = capsys.readouterr().err
        assert f"in use by another process (process {other.pid})" in said
        assert "--wait SECONDS" in said
        threading.Timer(0.7, other.kill).start()
        assert _run([str(visits), "--wait", "30"]) == 0
    finally:
        other.communicate()


def test_bug_exits_70_without_a_traceback(
    visits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("engine.planning.run.order", lambda waits: 1 / 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert _run([str(visits), "--dry-run"]) == 70
    said = capsys.readouterr().err
    assert "this is a bug in etlrun: ZeroDivisionError" in said
    assert "Traceback" not in said
    (log,) = tmp_path.glob("etlrun-*.log")
    assert "ZeroDivisionError" in log.read_text()


def test_exit_codes_are_those_of_the_readme() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    classes = [errors.UsageError, errors.InvalidPipeline, errors.RunFailed, errors.WarehouseUnreachable]
    codes = [0, INTERRUPTED, errors.EtlrunError.exit_code, *(each.exit_code for each in classes)]
    assert len(set(codes)) == len(codes)
    assert all(f"| {code} | " in readme for code in codes)


def test_readme_mentions_every_command_and_option() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    assert {path.stem for path in (PROJECT / "engine" / "commands").glob("*.py")} > set(commands)
    options = {
        option
        for command in commands.values()
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
    }
    assert len(options) >= 8
    assert {option for option in options if option not in readme} == set()
    assert {name for name in commands if f"etlrun {name}" not in readme} == set()


# --- interrupts and kills --------------------------------------------------------------------------------------------


def start(pipeline: Path, *options: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.Popen(
        [sys.executable, "-m", "engine", str(pipeline), *options],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def slow(visits: Path) -> Path:
    """The pipeline with so many visits that a run can be caught in the middle; a first run with few is done."""
    assert _run([str(visits)]) == 0
    with (visits.parent / "bucket" / "visits" / "2.json").open("w") as file:
        file.writelines(f'{{"id": {n}, "page": "p{n % 1000}", "price": 0.5}}\n' for n in range(10, 400_010))
    return visits


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_roll_back_and_exit_130(
    slow: Path, how: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    process = start(slow)
    assert process.stderr is not None
    for line in process.stderr:
        if "raw_visits …" in line:
            break
    time.sleep(0.2)
    process.send_signal(how)
    _, said = process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED, said
    assert "interrupted; what was not committed is rolled back" in said
    assert "Traceback" not in said
    assert answer(slow, "SELECT COUNT(*) FROM visits", capsys) == [("2",)]


@pytest.mark.parametrize("share", [0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
def test_killed_run_leaves_each_table_as_before_or_as_after(
    slow: Path, share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed without mercy after a share of the time that a whole run takes."""
    trial = slow.parent.with_name("trial")
    shutil.copytree(slow.parent, trial)
    begin = time.monotonic()
    start(trial / slow.name).communicate(timeout=120)
    whole = time.monotonic() - begin

    process = start(slow)
    time.sleep(share * whole)
    process.kill()
    process.communicate(timeout=30)
    before_after = {
        "raw_visits": {"2", "400002"}, "visits": {"2", "400002"}, "raw_pages": {"1"}, "pages": {"1"},
        "totals": {"2", "1002"},
    }  # fmt: skip
    for table, allowed in before_after.items():
        ((count,),) = answer(slow, f"SELECT COUNT(*) FROM {table}", capsys)
        assert count in allowed, table
    assert _run([str(slow)]) == 0
    assert answer(slow, "SELECT COUNT(*), COUNT(DISTINCT id) FROM visits", capsys) == [("400002", "400002")]


def test_output_cut_short_by_its_reader_is_no_error(visits: Path) -> None:
    with start(visits, "--dry-run") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(timeout=30) == 0


@pytest.mark.parametrize(("options", "unread"), [(["--json"], "stdout"), ([], "stderr")])
def test_run_whose_events_nobody_reads_is_not_done(
    visits: Path, options: list[str], unread: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with start(visits, *options) as process:
        getattr(process, unread).close()
        if unread == "stdout":
            assert process.stderr is not None
            assert "interrupted; what was not committed is rolled back" in process.stderr.read()
        assert process.wait(timeout=30) == INTERRUPTED
    assert answer(visits, "SELECT status FROM etlrun.runs", capsys) == [("interrupted",)]


@pytest.mark.parametrize(
    ("word", "said"), [("validte", "did you mean 'validate'?"), ("nothing", "commands are: cluster, completion")]
)
def test_misspelt_command_is_told(word: str, said: str, visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run([word, str(visits)]) == 2
    assert f"no command or pipeline '{word}': {said}" in capsys.readouterr().err


def test_checks_that_are_not_there_are_told(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["test", str(visits), "--select", "raw_visits"]) == 0
    assert "there are no checks to ask" in capsys.readouterr().err


def test_checks_before_the_first_run_say_that_it_comes_first(visits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["test", str(visits)]) == 1
    assert "the tables are made by a run: etlrun PIPELINE comes first" in capsys.readouterr().err
    visits.write_text(visits.read_text() + "    hooks:\n      after:\n        - DELETE FROM nowhere\n")
    assert _run([str(visits)]) == 1
    lines = visits.read_text().splitlines()
    place = f"{visits}:{len(lines)}:{lines[-1].index('DELETE') + 1}"
    said = capsys.readouterr().err
    assert f'{place}: pages failed and was rolled back: relation "nowhere" does not exist' in said
    assert "comes first" not in said


@pytest.mark.parametrize(
    ("arguments", "times"),
    [(["validate"], 1), (["run"], 1), (["run", "--dry-run"], 1), (["why"], 0), (["test"], 0), (["diff"], 0)],
)
def test_warnings_are_told_where_the_file_is_in_question(
    arguments: list[str], times: int, visits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visits.write_text(visits.read_text().replace("s3://site/pages/", "s3://site/pages"))
    assert _run([str(visits)]) == 0
    capsys.readouterr()
    first, *rest = arguments
    assert _run([first, str(visits), *rest, *(["visits"] if first == "why" else [])]) == 0
    assert capsys.readouterr().err.count("[copy-prefix]") == times
