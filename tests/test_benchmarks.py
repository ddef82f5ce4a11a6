"""The benchmarks measure what they say: the yardstick gives the known results, and a difference is noticed."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from benchmarks.planning import parents, write_dbt, write_pipeline, write_sqlmesh
from benchmarks.results import END, START, Result, write
from pipelines.generate_sparkify import generate

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def python(script: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / script), *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database filled by hand from a generated bucket, beside a file with the generator's counts."""
    folder = tmp_path_factory.mktemp("by_hand")
    counts = generate(folder / "bucket", songs=900, events=4_000, days=4, seed=3, songs_per_file=300)
    (folder / "counts.json").write_text(json.dumps(asdict(counts)), "ascii")
    answer = python("by_hand.py", folder / "bucket", folder / "a.duckdb")
    assert answer.returncode == 0, answer.stderr
    (folder / "rows.json").write_text(json.dumps(json.loads(answer.stdout)["rows"]), "ascii")
    return folder


def test_by_hand_gives_the_known_results(by_hand: Path) -> None:
    counts = json.loads((by_hand / "counts.json").read_text("ascii"))
    with duckdb.connect(str(by_hand / "a.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT count(song_id) FROM songplays").fetchall()[0][0]
    assert json.loads((by_hand / "rows.json").read_text("ascii")) | {"songplays_with_song": found} == counts


def test_compare_finds_equal_tables_equal(by_hand: Path) -> None:
    answer = python("compare.py", by_hand / "a.duckdb", by_hand / "a.duckdb")
    assert (answer.returncode, answer.stdout) == (0, "equal\n")


def test_compare_notices_one_value_and_one_row(by_hand: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.duckdb"
    other.write_bytes((by_hand / "a.duckdb").read_bytes())
    with duckdb.connect(str(other)) as connection:
        connection.execute("UPDATE users SET level = 'gold' WHERE user_id = 7")
        connection.execute("DELETE FROM time WHERE start_time = (SELECT min(start_time) FROM time)")
        connection.execute("DROP TABLE artists")
    answer = python("compare.py", other, by_hand / "a.duckdb")
    assert answer.returncode == 1
    assert "users: rows only in ours, such as (7, " in answer.stdout
    assert "time: " in answer.stdout
    assert " rows by hand" not in answer.stdout
    assert "artists: 0 tables have that name on our side" in answer.stdout
    assert "songs:" not in answer.stdout


def test_the_pipeline_gives_the_tables_made_by_hand(by_hand: Path, tmp_path: Path) -> None:
    pipeline = tmp_path / "sparkify.yaml"
    pipeline.write_bytes((BENCHMARKS.parent / "pipelines" / "sparkify.yaml").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "engine", str(pipeline), "--mount", f"s3://udacity-dend={by_hand / 'bucket'}"],
        capture_output=True, text=True, check=False, cwd=BENCHMARKS.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = python("compare.py", tmp_path / ".etlrun" / "sparkify.duckdb", by_hand / "a.duckdb")
    assert (answer.returncode, answer.stdout) == (0, "equal\n")


def test_write_changes_only_what_is_between_the_markers(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", "utf-8")
    results = [Result("work", "1.2 ×", "1.1 ×", met=True, note="note"), Result("other", "2 ×", "3 ×", met=False)]
    write(page, results, 0.0)
    write(page, results, 0.0)
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{START}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "| work | 1.2 × | 1.1 × | yes | note |\n| other | 2 × | 3 × | **no** |  |\n" in text
    assert "old" not in text


def test_write_pipeline_writes_a_valid_one(tmp_path: Path) -> None:
    write_pipeline(tmp_path / "many.yaml", 40)
    answer = subprocess.run(
        [sys.executable, "-m", "engine", "validate", str(tmp_path / "many.yaml")],
        capture_output=True, text=True, check=False, cwd=BENCHMARKS.parent,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "40 tables" in answer.stdout


def test_new_files_are_found_beside_a_ledger() -> None:
    answer = python("files.py", Path("--known"), Path("1000"), Path("--new"), Path("3"))
    assert answer.returncode == 0, answer.stderr
    assert "ledger of 1,000 files, 3 new: " in answer.stdout


def test_peers_plan_the_same_graph(tmp_path: Path) -> None:
    write_pipeline(tmp_path / "many.yaml", 25)
    write_dbt(tmp_path / "dbt", 25)
    write_sqlmesh(tmp_path / "mesh", 25)
    plan = (tmp_path / "many.yaml").read_text("utf-8")
    assert len(list((tmp_path / "dbt" / "models").glob("*.sql"))) == 25
    for number in range(25):
        near, far = parents(number)
        model = (tmp_path / "dbt" / "models" / f"t{number:05}.sql").read_text("utf-8")
        select = (tmp_path / "mesh" / "models" / f"t{number:05}.sql").read_text("utf-8").partition(";\n\n")[2].strip()
        assert textwrap.indent(select.replace("many.", ""), " " * 8) in plan
        for name in (near, far):
            reference = "{{ source('many', 'events') }}" if name == "events" else f"{{{{ ref('{name}') }}}}"
            model = model.replace(reference, f"many.{name}")
        assert model == select
