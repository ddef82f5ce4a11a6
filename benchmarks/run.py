"""Measure etlrun against the same job written by hand for DuckDB, and write the results into benchmarks/README.md.

    python benchmarks/run.py [--quick] [--only WORK …] [--events N] [--dbt-python PYTHON]
                             [--sqlmesh-python PYTHON] [--scratch FOLDER]

Both sides run in turn, in one go, each in a fresh process with a new database; what counts is the ratio of their
medians. After each job every table of both databases is compared, row for row. --quick takes less data and writes no
results. The 10 million events of the full run take 10 GB of disk, generated anew unless --scratch keeps them.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import buckets
from buckets import ROOT, SAMPLE
from children import CommandFailed, Usage, median, run
from planning import write_dbt, write_pipeline, write_sqlmesh
from results import Result, write

HERE = Path(__file__).parent.resolve()
PIPELINE = ROOT / "pipelines" / "sparkify.yaml"
BUCKET = "s3://udacity-dend"
MEGABYTE = 1_000_000
TUNED = ("preserve_insertion_order=false",)
"""A tenth faster at 10 million events, and twice as fast over small files.

Source: https://duckdb.org/docs/stable/guides/performance/how_to_tune_workloads
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """`scratch` is a folder for data and databases; `etlrun` the words that start the command."""

    scratch: Path
    etlrun: tuple[str, ...]
    events: int
    songs: int
    dbt_python: str = ""
    sqlmesh_python: str = ""
    peer_tables: tuple[int, ...] = (1_000, 10_000)
    quick: bool = False

    @property
    def repeats(self) -> int:
        return 3 if self.quick else 7


@dataclass(frozen=True, slots=True)
class Job:
    """The sparkify job over one folder, done by both sides: their usage, medians of as many runs."""

    etlrun: Usage
    by_hand: Usage


# One job, done by each side


def etlrun(settings: Settings, bucket: Path) -> tuple[Usage, Path]:
    """Run a copy of the pipeline over `bucket`; return its usage and its database."""
    home = _new_folder(settings, "etlrun")
    shutil.copy(PIPELINE, home)
    usage = run([*settings.etlrun, home / PIPELINE.name, "--mount", f"{BUCKET}={bucket}"], folder=ROOT)
    database = re.search(r"^ +database: (.*\.duckdb)$", PIPELINE.read_text("utf-8"), re.MULTILINE)
    if database is None:
        raise SystemExit(f"{PIPELINE}: no local target with a database file was found")
    return usage, home / database[1]


def by_hand(settings: Settings, bucket: Path, tuning: Sequence[str] = TUNED) -> tuple[Usage, Path]:
    database = _new_folder(settings, "by_hand") / "sparkify.duckdb"
    return run([sys.executable, HERE / "by_hand.py", bucket, database, *tuning]), database


def dbt(settings: Settings, bucket: Path) -> tuple[Usage, Path]:
    """Run `dbt build`, which checks too; its second run over one folder finds its parse already done."""
    home = _new_folder(settings, "dbt")
    database = home / "sparkify.duckdb"
    target, log = settings.scratch / "dbt_target", settings.scratch / "dbt_log"
    usage = run(
        [settings.dbt_python, "-m", "dbt.cli.main", "build", "--quiet", "--profiles-dir", HERE / "dbt",
         "--target-path", target, "--log-path", log],
        environment={"SPARKIFY_FOLDER": str(bucket), "SPARKIFY_DATABASE": str(database)},
        folder=HERE / "dbt",
    )  # fmt: skip
    return usage, database


def _dbt_version(settings: Settings) -> str:
    core, duckdb = (_version_of(settings.dbt_python, package) for package in ("dbt-core", "dbt-duckdb"))
    return f"dbt-core {core} with dbt-duckdb {duckdb}"


def _version_of(python: str, package: str) -> str:
    ask = f"from importlib.metadata import version; print(version('{package}'))"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def _new_folder(settings: Settings, name: str) -> Path:
    folder = settings.scratch / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def job(settings: Settings, bucket: Path, repeats: int) -> Job:
    """Let both sides do the job in turn, and compare what they made. Errors: CommandFailed if the tables differ."""
    ours, theirs = [], []
    for _ in range(repeats):
        usage, our_database = etlrun(settings, bucket)
        ours.append(usage)
        usage, their_database = by_hand(settings, bucket)
        theirs.append(usage)
    run([sys.executable, HERE / "compare.py", our_database, their_database])
    return Job(median(ours), median(theirs))


# The works


def startup(settings: Settings) -> Iterator[Result]:
    """How long the command takes before it does anything."""
    home = _new_folder(settings, "startup")
    pipeline = shutil.copy(PIPELINE, home)
    validate: list[str | Path] = [*settings.etlrun, "validate", pipeline]
    bare = median([run([sys.executable, "-c", "pass"]) for _ in range(2 * settings.repeats)]).seconds
    for name, budget, command, is_known in (
        ("`etlrun --version`", 0.10, [*settings.etlrun, "--version"], True),
        ("`etlrun validate` of sparkify.yaml", 0.25, validate, False),
        ("the same, asked again", 0.25, validate, True),
    ):
        usages = []
        for _ in range(2 * settings.repeats):
            if not is_known:
                _forget(home)
            usages.append(run(command, folder=ROOT))
        seconds = median(usages).seconds
        note = f"{seconds / bare:.1f} × a bare `python -c pass` ({bare:.3f} s)"
        yield Result(name, f"{budget:.2f} s", f"{seconds:.2f} s", seconds <= budget, note)


def _forget(home: Path) -> None:
    """Take away the answers that etlrun keeps beside a pipeline."""
    shutil.rmtree(home / ".etlrun" / "cache", ignore_errors=True)


def sample(settings: Settings) -> Iterator[Result]:
    job(settings, SAMPLE, 1)  # fills the page cache and Python's bytecode for both
    measured = job(settings, SAMPLE, settings.repeats)
    yield _against_hand("the committed sample, end to end", measured, 2.5)
    if settings.dbt_python:
        runs = [dbt(settings, SAMPLE) for _ in range(settings.repeats // 2 + 2)]
        run([sys.executable, HERE / "compare.py", runs[-1][1], settings.scratch / "by_hand" / "sparkify.duckdb"])
        theirs = median([usage for usage, _ in runs[1:]])
        yield _faster(f"the same against {_dbt_version(settings)} (`dbt build`)", theirs, measured.etlrun, 4)


def small_files(settings: Settings) -> Iterator[Result]:
    """The budget was set against DuckDB as it comes; tuned, its reader of many files is twice as fast."""
    name, bucket = buckets.small_files(settings.scratch, settings.songs)
    measured = job(settings, bucket, 3)
    untuned = median([by_hand(settings, bucket, tuning=())[0] for _ in range(3)])
    yield _faster(name, untuned, measured.etlrun, 3)
    yield _faster("the same against DuckDB tuned for it", measured.by_hand, measured.etlrun, None)


def large_files(settings: Settings) -> Iterator[Result]:
    """The large job, and a tenth of it, for the memory that each takes."""
    small = job(settings, buckets.large_files(settings.scratch, settings.events // 10), 3)
    large = job(settings, buckets.large_files(settings.scratch, settings.events), 2)
    name = f"{settings.events:,} events in large files"
    yield _against_hand(name, large, 1.2)
    yield _against_hand(f"{settings.events // 10:,} events in large files", small, None)
    yield _memory("etlrun", small.etlrun, large.etlrun)
    yield _memory("by hand", small.by_hand, large.by_hand)


def _memory(side: str, small: Usage, large: Usage) -> Result:
    note = f"{small.peak_bytes / MEGABYTE:,.0f} MB, then {large.peak_bytes / MEGABYTE:,.0f} MB"
    growth = f"{large.peak_bytes / small.peak_bytes:.2f} ×"
    return Result(f"peak memory, ten times the events, {side}", "", growth, None, note)


def planning(settings: Settings) -> Iterator[Result]:
    """The whole plan of many tables as text: the first time, and again with whatever was kept from it."""
    for tables, cold_budget, warm_budget in ((1_000, 1.5, 0.5), (10_000, 10.0, 2.0))[: 1 if settings.quick else 2]:
        cold, warm = _planned(_etlrun_planner(settings), settings, tables, 3)
        for name, budget, usage in (("cold", cold_budget, cold), ("warm", warm_budget, warm)):
            note = f"peak memory {usage.peak_bytes / MEGABYTE:,.0f} MB"
            work = f"validate + plan, {tables:,} tables, {name}"
            yield Result(work, f"{budget} s", f"{usage.seconds:.2f} s", usage.seconds <= budget, note)


@dataclass(frozen=True, slots=True)
class Planner:
    """A tool that plans many tables: `write` makes its project in a folder; it keeps what it knows in `kept`."""

    name: str
    write: Callable[[Path, int], None]
    command: tuple[str | Path, ...]
    kept: tuple[str, ...]


def _etlrun_planner(settings: Settings) -> Planner:
    command = (*settings.etlrun, "--dry-run", "many.yaml")
    return Planner("etlrun", lambda folder, tables: write_pipeline(folder / "many.yaml", tables), command, (".etlrun",))


def _planned(planner: Planner, settings: Settings, tables: int, repeats: int) -> tuple[Usage, Usage]:
    """Plan in a folder that knows nothing, then in one that knows all; return the medians of both."""
    home = _new_folder(settings, f"planning_{planner.name}")
    planner.write(home, tables)
    cold = []
    for _ in range(repeats):
        for name in planner.kept:
            shutil.rmtree(home / name, ignore_errors=True)
        cold.append(run(planner.command, folder=home))
    return median(cold), median([run(planner.command, folder=home) for _ in range(repeats)])


def peers(settings: Settings) -> Iterator[Result]:
    """The same tables for other tools, as cold and as warm: all of them write or show every statement.

    dbt asks no warehouse (it is told not to look for what is there), SQLMesh one that is empty.
    """
    planners = []
    if settings.dbt_python:
        words = ("-m", "dbt.cli.main", "compile", "--quiet", "--no-introspect", "--no-populate-cache")
        command = (settings.dbt_python, *words, "--profiles-dir", ".")
        name = f"dbt-core {_version_of(settings.dbt_python, 'dbt-core')} (`dbt compile`)"
        planners.append((name, Planner("dbt", write_dbt, command, ("target",))))
    if settings.sqlmesh_python:
        command = (Path(settings.sqlmesh_python).with_name("sqlmesh"), "plan", "--no-prompts", "--skip-tests")
        name = f"SQLMesh {_version_of(settings.sqlmesh_python, 'sqlmesh')} (`sqlmesh plan --explain`)"
        planners.append((name, Planner("sqlmesh", write_sqlmesh, (*command, "--no-diff", "--explain"), (".cache",))))
    for tables in settings.peer_tables[: 1 if settings.quick else None] if planners else ():
        repeats = 3 if tables <= 1_000 and not settings.quick else 1
        ours = _planned(_etlrun_planner(settings), settings, tables, repeats)
        for name, planner in planners:
            theirs = _planned(planner, settings, tables, repeats)
            for state, their, our in zip(("cold", "warm"), theirs, ours, strict=True):
                yield _faster(f"plan of {tables:,} tables, {state}, against {name}", their, our, None)


def _against_hand(name: str, job: Job, budget: float | None) -> Result:
    ratio = job.etlrun.seconds / job.by_hand.seconds
    met = None if budget is None else ratio <= budget
    budget_words = f"{budget} × by hand" if budget else ""
    return Result(name, budget_words, f"{ratio:.2f} ×", met, _both(job.etlrun, job.by_hand))


def _faster(name: str, theirs: Usage, ours: Usage, budget: int | None) -> Result:
    times = theirs.seconds / ours.seconds
    met = None if budget is None else times >= budget
    return Result(name, f"{budget} × faster" if budget else "", f"{times:.1f} × faster", met, _both(ours, theirs))


def _both(ours: Usage, theirs: Usage) -> str:
    """Say what both took; where others use the machine too, the seconds of its cores tell more than the clock."""
    cores = f"{ours.cpu_seconds:.2f} s against {theirs.cpu_seconds:.2f} s"
    return f"{ours.seconds:.2f} s against {theirs.seconds:.2f} s; of all cores {cores}"


WORKS: dict[str, Callable[[Settings], Iterator[Result]]] = {
    "startup": startup, "sample": sample, "small-files": small_files, "large-files": large_files, "planning": planning,
    "peers": peers,
}  # fmt: skip


# The command


def _installed() -> str:
    command = Path(sys.executable).with_name("etlrun")
    return shlex.quote(str(command)) if command.exists() else shlex.join([sys.executable, "-m", "engine"])


def _settings(options: argparse.Namespace, scratch: Path) -> Settings:
    events, songs = (min(options.events, 300_000), 1_490) if options.quick else (options.events, 14_896)
    words = tuple(shlex.split(options.etlrun))
    return Settings(
        scratch.resolve(), words, events, songs, options.dbt_python, options.sqlmesh_python,
        tuple(options.peer_tables), options.quick,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure etlrun against the same job written by hand for DuckDB.")
    parser.add_argument("--quick", action="store_true", help="less data, under a minute; the results are only printed")
    parser.add_argument("--only", nargs="+", choices=WORKS, default=list(WORKS), help="the results are only printed")
    parser.add_argument("--events", type=int, default=10_000_000, help="how many the large files hold")
    parser.add_argument("--dbt-python", default="", metavar="PYTHON", help="an interpreter that has dbt-duckdb")
    parser.add_argument("--sqlmesh-python", default="", metavar="PYTHON", help="an interpreter that has sqlmesh")
    parser.add_argument(
        "--peer-tables", nargs="+", type=int, default=[1_000, 10_000], metavar="N",
        help="how many tables others plan as well: 10,000 take them half an hour",
    )  # fmt: skip
    parser.add_argument("--scratch", type=Path, help="a folder for data and databases, kept for the next time")
    parser.add_argument("--etlrun", default=_installed(), metavar="COMMAND", help="what is measured: %(default)s")
    options = parser.parse_args()
    load, _, _ = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="etlrun-benchmarks-") as temporary:
        settings = _settings(options, options.scratch or Path(temporary))
        results = []
        for name in options.only:
            try:
                for result in WORKS[name](settings):
                    results.append(result)
                    print(result, flush=True)
            except CommandFailed as error:
                print(error, file=sys.stderr)
                return 1
    if not options.quick and options.only == list(WORKS):
        write(HERE / "README.md", results, load)
    return 0


if __name__ == "__main__":
    sys.exit(main())
