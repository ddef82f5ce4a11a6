"""The Sparkify plan, sent by redshift_connector through TLS, makes the tables that it makes in process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import redshift_connector
from certificates import Certificates

from engine.environment import resolve
from engine.model import Target
from engine.plan import Plan
from engine.planning import make_plan
from engine.read import read_pipeline
from engine.storage import Mount, Storage
from engine.warehouses.local.session import LocalDatabase, open_database
from engine.wire.server import Server, read_certificate
from engine.wire.settings import Settings
from engine.wire.sign_in import Account

PROJECT = Path(__file__).resolve().parents[2]
_TABLES = ("staging_events", "staging_songs", "songplays", "users", "songs", "artists", "time")


def _plan() -> Plan:
    pipeline = read_pipeline(PROJECT / "pipelines" / "sparkify.yaml", os.environ)
    target = next(target for target in pipeline.targets if target.name == pipeline.target)
    return make_plan(pipeline, resolve(target, os.environ))


def _database(target: Target, work: Path, plan: Plan) -> LocalDatabase:
    work.mkdir()
    data = PROJECT / "pipelines" / "sparkify"
    storage = Storage((Mount("s3://udacity-dend", data), Mount(target.work, work)))
    for step in plan.steps:
        for file in step.files:
            storage.write(file.url, file.content.encode())
    return open_database(None, storage)


def _statements(plan: Plan) -> list[str]:
    found = [statement.sql for statement in plan.prepare]
    for transaction in (transaction for step in plan.steps for transaction in step.transactions):
        found += ["begin", *(statement.sql for statement in transaction.statements), "commit"]
    return found


def test_sparkify_through_the_wire_is_sparkify(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    plan = _plan()
    near, far = (_database(plan.target, tmp_path / name, plan) for name in ("near", "far"))
    session = near.session()
    settings = Settings(
        Account("etl", "secret"), read_certificate(certificates.certificate, certificates.key), tls_required=True
    )
    with Server(far.session, settings) as server, redshift_connector.connect(
        host="localhost", port=server.port, database="dev", user="etl", password="secret", sslmode="verify-full",
        max_prepared_statements=0, application_name="test",
    ) as connection:  # fmt: skip
        connection.autocommit = True
        cursor = connection.cursor()
        for sql in _statements(plan):
            session.execute(sql)
            cursor.execute(sql)
        for table in _TABLES:
            sql = f"select * from {plan.pipeline}.{table}"
            expected = _sorted(session.execute(sql).rows)
            assert expected
            assert _sorted(tuple(row) for row in cursor.execute(sql).fetchall()) == expected, table
    session.close()
    near.close()
    far.close()


def _sorted(rows: Any) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)
