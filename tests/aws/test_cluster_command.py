"""`etlrun cluster` and `etlrun doctor` as a user sees them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cloud import Cloud
from lake import PIPELINE

from engine.__main__ import _run

PROJECT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "Correct-Horse-1"


@pytest.fixture
def lake(tmp_path: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> str:
    """The pipeline's path; the environment as a user would set it."""
    path = tmp_path / "lake.yaml"
    path.write_text(PIPELINE)
    monkeypatch.setenv("LAKE_PASSWORD", PASSWORD)
    monkeypatch.setenv("LAKE_CIDR", "203.0.113.7/32")
    return str(path)


def test_create_status_delete(lake: str, tmp_path: Path, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["cluster", "status", lake]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "role etlrun-lake-aws: not there",
        "security group etlrun-lake-aws: not there",
        "cluster lake: not there",
        "to do: iam CreateRole",
        "to do: iam PutRolePolicy",
        "to do: ec2 CreateSecurityGroup",
        "to do: ec2 AuthorizeSecurityGroupIngress",
        "to do: redshift CreateCluster",
        "to do: redshift DescribeClusters, until available",
    ]

    assert _run(["cluster", "create", lake]) == 0
    said = capsys.readouterr()
    host, port = said.out.strip().split(":")
    assert port == "5439"
    env = tmp_path / ".etlrun" / "aws.env"
    assert said.err.splitlines() == [
        "iam CreateRole", "iam PutRolePolicy", "ec2 CreateSecurityGroup", "ec2 AuthorizeSecurityGroupIngress",
        "redshift CreateCluster", f"{env} has LAKE_HOST, LAKE_PORT, LAKE_ROLE",
    ]  # fmt: skip
    assert env.read_text() == (
        f"LAKE_HOST={host}\nLAKE_PORT=5439\nLAKE_ROLE=arn:aws:iam::123456789012:role/etlrun-lake-aws\n"
    )
    assert env.stat().st_mode & 0o777 == 0o600

    assert _run(["cluster", "create", lake]) == 0
    assert capsys.readouterr().err == f"{env} has LAKE_HOST, LAKE_PORT, LAKE_ROLE\n"
    assert _run(["cluster", "status", lake]) == 0
    assert f"cluster lake: available, {host}:5439" in capsys.readouterr().out

    assert _run(["cluster", "delete", lake, "--yes", "--final-snapshot", "last"]) == 0
    assert not env.exists()
    assert _run(["cluster", "delete", lake, "--yes"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "nothing is there to delete"
    assert PASSWORD not in "".join(cloud.requests).replace("MasterUserPassword=" + PASSWORD, "")


def test_what_create_wrote_is_read_by_the_plan(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    _run(["cluster", "create", lake])
    capsys.readouterr()
    assert _run([lake, "--dry-run"]) == 0
    assert "IAM_ROLE 'arn:aws:iam::123456789012:role/etlrun-lake-aws'" in capsys.readouterr().out


def test_the_environment_goes_before_the_file(
    lake: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(["cluster", "create", lake])
    capsys.readouterr()
    monkeypatch.setenv("LAKE_ROLE", "arn:aws:iam::123456789012:role/other")
    _run([lake, "--dry-run"])
    assert "role/other" in capsys.readouterr().out


def test_env_file_of_one_s_own(lake: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.env"
    path.write_text("KEEP=1\n")
    assert _run(["cluster", "create", lake, "--env-file", str(path)]) == 0
    assert path.read_text().startswith("KEEP=1\nLAKE_HOST=lake.")
    assert not (tmp_path / ".etlrun").exists()


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_delete_asks_first(
    lake: str, answer: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    _run(["cluster", "create", lake])
    capsys.readouterr()
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert _run(["cluster", "delete", lake]) == 130
    said = capsys.readouterr()
    assert "redshift DeleteCluster\n    ClusterIdentifier: lake\n    SkipFinalClusterSnapshot: true" in said.err
    assert "delete all of this? the data is gone for good [y/N]" in said.err
    assert said.err.endswith("nothing was deleted; --yes does not ask\n")
    assert _run(["cluster", "status", lake]) == 0


def test_delete_dry_run_deletes_nothing(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    _run(["cluster", "create", lake])
    capsys.readouterr()
    assert _run(["cluster", "delete", lake, "--dry-run"]) == 0
    operations = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert operations == [
        "redshift DeleteCluster", "redshift DescribeClusters, until gone", "ec2 DeleteSecurityGroup",
        "iam DeleteRolePolicy", "iam DeleteRole",
    ]  # fmt: skip
    assert _run(["cluster", "status", lake]) == 0


def test_create_dry_run_connects_to_nothing_and_needs_no_password(
    tmp_path: Path, golden: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lake.yaml"
    path.write_text(PIPELINE)
    code = (
        "import sys; from engine.__main__ import _run; code = _run(sys.argv[1:]);"
        "print('LOADED', code, sorted({'boto3', 'botocore', 'duckdb'} & set(sys.modules)))"
    )
    arguments = ["cluster", "create", str(path), "--dry-run"]
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT), "LAKE_CIDR": "203.0.113.7/32"}
    for target in ("aws", "serverless"):
        command = [sys.executable, "-c", code, *arguments, "--target", target]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
        *lines, last = done.stdout.splitlines()
        assert last == "LOADED 0 []", done.stderr
        golden(PROJECT / "tests" / "golden" / f"cluster.{target}.txt", "\n".join(lines) + "\n")  # type: ignore[operator]


def test_the_whole_internet_needs_its_flag(
    lake: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_CIDR", "0.0.0.0/0")
    assert _run(["cluster", "create", lake]) == 3
    assert "0.0.0.0/0 lets the whole internet try to sign in" in capsys.readouterr().err
    assert _run(["cluster", "create", lake, "--allow-any-address"]) == 0


def test_a_cluster_of_somebody_else_stays(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    from engine.aws import Aws

    given = {"NodeType": "ra3.large", "MasterUsername": "boss", "MasterUserPassword": "Other-Horse-1"}
    Aws().call("redshift", "CreateCluster", ClusterIdentifier="lake", ClusterType="single-node", **given)
    assert _run(["cluster", "create", lake]) == 1
    assert "it has no tag etlrun:pipeline" in capsys.readouterr().err
    assert _run(["cluster", "delete", lake, "--yes"]) == 0
    said = capsys.readouterr().err
    assert "note: the cluster lake stays: it is not tagged as this pipeline's" in said
    assert _run(["cluster", "delete", lake, "--target", "local"]) == 2


def test_no_password_in_any_output(lake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["create", lake, "--dry-run"], ["create", lake], ["status", lake], ["delete", lake, "--yes"]):
        _run(["cluster", *command])
        said = capsys.readouterr()
        assert PASSWORD not in said.out + said.err
    _run(["doctor", lake])
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err
    assert not [path for path in tmp_path.rglob("*.env") if PASSWORD in path.read_text()]


def test_doctor_tells_what_is_wrong_and_its_mend(lake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["doctor", lake]) == 1
    said = capsys.readouterr().out
    assert (
        "lake.yaml:7:11: the environment variable LAKE_HOST is not set\n         `etlrun cluster create` sets it"
        in said
    )
    assert "wrong    s3://lake/visits/: there is no such bucket\n         check the bucket's name" in said
    assert "ok       signed in to AWS as arn:aws:sts::123456789012:user/moto" in said
    assert _run(["doctor", lake, "--target", "local"]) == 2


@pytest.mark.parametrize(("variable", "key"), [("LAKE_PASSWORD", "password"), ("LAKE_CIDR", "allow_cidr")])
def test_create_refuses_variables_that_are_empty(
    variable: str,
    key: str,
    lake: str,
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, "")
    assert _run(["cluster", "create", lake]) == 3
    assert f"'{key}' is empty" in capsys.readouterr().err
    assert cloud.asked("Action=") == 0
