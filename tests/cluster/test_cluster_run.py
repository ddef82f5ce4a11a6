"""A run on a cluster: redshift_connector over TLS, files and JSONPaths on S3 over HTTP."""

from __future__ import annotations

import shutil
from pathlib import Path

import boto3
import pytest
from lab import CLEAN, PROJECT, TABLES, TALLIED, Lab, StandIn

from engine import __version__
from engine.__main__ import _run


def queried(pipeline: Path, target: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    found = {}
    for table in TABLES:
        capsys.readouterr()
        question = ["query", str(pipeline), f"SELECT * FROM {table}", "--format", "csv", "--target", target]
        assert _run(question) == 0
        found[table] = sorted(capsys.readouterr().out.splitlines()[1:])
    return found


def test_sparkify_on_the_cluster_is_sparkify_on_the_laptop(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline, laptop = lab.pipeline("sparkify", tmp_path / "home"), tmp_path / "laptop" / "sparkify.yaml"
    lab.upload(PROJECT / "pipelines" / "sparkify", "udacity-dend")
    for _ in range(2):  # the second run finds every table there, and replaces what is in it
        assert _run([str(pipeline), "--target", "lab"]) == 0
        assert "songplays        done     1,259" in capsys.readouterr().out
    shutil.copytree(PROJECT / "pipelines", laptop.parent, ignore=shutil.ignore_patterns(".etlrun"))
    assert _run([str(laptop)]) == 0
    assert queried(pipeline, "lab", capsys) == queried(laptop, "local", capsys)


def test_the_same_jsonpaths_are_uploaded_once(stand_in: StandIn, tmp_path: Path) -> None:
    pipeline = stand_in.pipeline("sparkify", tmp_path / "home")
    stand_in.upload(PROJECT / "pipelines" / "sparkify", "udacity-dend")
    for _ in range(2):
        assert _run([str(pipeline), "--target", "lab"]) == 0
        assert stand_in.cloud.asked("^PUT /lab-work/etlrun") == 1
    (key,) = [each["Key"] for each in boto3.client("s3").list_objects_v2(Bucket="lab-work")["Contents"]]
    assert key.startswith("etlrun/jsonpaths/sparkify/staging_events-")


def test_small_real_data_on_the_cluster(lab: Lab, shared_data: Path, tmp_path: Path) -> None:
    pipeline = lab.pipeline("sparkify", tmp_path / "home")
    lab.upload(shared_data / "sparkify", "udacity-dend")
    assert _run([str(pipeline), "--target", "lab"]) == 0
    counts = {table: len(rows) for table, rows in lab.rows("sparkify", TABLES).items()}
    assert counts == {
        "staging_events": 8056, "staging_songs": 71, "songplays": 6820, "users": 96, "songs": 71, "artists": 69,
        "time": 6813,
    }  # fmt: skip


def test_tally_is_what_its_records_give(lab: Lab, tally: Path) -> None:
    assert _run([str(tally)]) == 0
    assert lab.rows("tally", TALLIED) == CLEAN


def test_load_that_fails_is_explained(
    lab: Lab, tally: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more" / "raw").mkdir(parents=True)
    (tmp_path / "more" / "raw" / "2.json").write_text('{"i": 3, "n": 1}\n{"i": 4, "n": "many"}')
    lab.upload(tmp_path / "more", "tally")
    assert _run([str(tally)]) == 1
    said = capsys.readouterr().err
    assert "Load into table 'raws' failed.  Check 'stl_load_errors' system table for details." in said
    assert f"{lab.bucket('tally')}/raw/2.json:2: column n" in said
    assert "many" in said, said
    line = tally.read_text(encoding="utf-8").splitlines().index("      n:  {type: integer, path: $.n}") + 1
    assert f"{tally}:{line}:7: n is integer" in said


def test_statements_name_their_step(stand_in: StandIn, tally: Path) -> None:
    assert _run([str(tally)]) == 0
    begun = [after.sql for before, after in zip(stand_in.log, stand_in.log[1:], strict=False) if before.sql == "BEGIN"]
    begun = [sql for sql in begun if not sql.startswith("LOCK ")]  # those of the ledger
    assert begun == [f"SET query_group TO 'etlrun tally {step}'" for step in TALLIED]
    assert {each.parameters["application_name"] for each in stand_in.log} == {f"etlrun {__version__}"}
