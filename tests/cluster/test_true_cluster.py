"""The tests of a run take the cluster that REDSHIFT_TEST_URL names: here one that is true but for its warehouse."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.parse

import pytest
from lab import PASSWORD, PROJECT, TRUE_CLUSTER, StandIn


@pytest.mark.skipif(bool(TRUE_CLUSTER), reason="they run on a true one")
def test_runs_are_tested_where_the_variable_says(stand_in: StandIn) -> None:
    place = f"etl:{urllib.parse.quote(PASSWORD)}@localhost:{os.environ['LAB_PORT']}"
    url = f"redshift://{place}/dev?region=us-west-2&work=s3://lab-work/true"
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "--no-cov", "-p", "no:cacheprovider", "tests/cluster"]
    done = subprocess.run(
        [*command, "-k", "tally_is or load_that_fails or laptop"], cwd=PROJECT, capture_output=True, text=True,
        env={**os.environ, "REDSHIFT_TEST_URL": url}, check=False,
    )  # fmt: skip
    assert "3 passed" in done.stdout, done.stdout
    assert {each.parameters["user"] for each in stand_in.log} == {"etl"}
    assert stand_in.cloud.asked("^PUT /lab-work/true/tally/raw/1.json") == 1 + 1
    copied = {each.sql.split()[1] for each in stand_in.log if each.sql.startswith("COPY")}
    assert copied == {"sparkify.staging_events", "sparkify.staging_songs", "tally.raws"}
