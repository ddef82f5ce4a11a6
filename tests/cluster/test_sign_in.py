"""Ways to sign in to a cluster, and what is said when it does not let us in."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from certificates import Certificates
from lab import CLEAN, PASSWORD, TALLIED, UNCLOSED_SOCKETS, StandIn

from engine.__main__ import _run
from engine.wire.faults import Statement
from engine.wire.server import Server, read_certificate
from engine.wire.settings import Settings

pytestmark = UNCLOSED_SOCKETS


def test_doctor_signs_in_and_asks_for_rights(
    stand_in: StandIn, tally: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(["doctor", str(tally), "--target", "lab"])
    shown = capsys.readouterr()
    assert "signed in to dev as" in shown.out
    assert "may create tables in the schema tally" in shown.out
    assert "may create tables in the schema etlrun" in shown.out


def test_secret_in_place_of_a_password(stand_in: StandIn, tally: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = json.dumps({"username": "etl", "password": PASSWORD})
    arn = boto3.client("secretsmanager").create_secret(Name="lab", SecretString=content)["ARN"]
    tally.write_text(tally.read_text().replace("password: ${LAB_PASSWORD}", f"secret: {arn}"), encoding="utf-8")
    assert _run([str(tally)]) == 0, capsys.readouterr().err
    assert stand_in.rows("tally", TALLIED) == CLEAN


def test_iam_signs_in_with_credentials_for_an_hour(
    stand_in: StandIn, tally: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """moto gives a password of its own making, so this cluster lets anybody in and tells who came."""
    boto3.client("redshift").create_cluster(
        ClusterIdentifier="lab", NodeType="ra3.large", MasterUsername="admin", MasterUserPassword="Sesame12",
        ClusterType="single-node",
    )  # fmt: skip
    sign_in = "sign_in: iam\n    cluster: {identifier: lab}"
    tally.write_text(tally.read_text().replace("password: ${LAB_PASSWORD}", sign_in), encoding="utf-8")
    log: list[Statement] = []
    settings = Settings(None, read_certificate(certificates.certificate, certificates.key), log=log.append)
    with Server(stand_in.database.session, settings) as server:
        monkeypatch.setenv("LAB_PORT", str(server.port))
        assert _run([str(tally)]) == 0, capsys.readouterr().err
    assert {each.parameters["user"] for each in log} == {"IAM:etl"}
    assert stand_in.rows("tally", TALLIED) == CLEAN


def test_wrong_password_exits_4(
    stand_in: StandIn, tally: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAB_PASSWORD", "guess")
    assert _run([str(tally)]) == 4
    said = capsys.readouterr().err
    assert "cannot connect to localhost:" in said
    assert "guess" not in said


def test_certificate_of_nobody_exits_4(
    stand_in: StandIn, tally: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert _run([str(tally)]) == 4
    assert "certificate" in capsys.readouterr().err.lower()
