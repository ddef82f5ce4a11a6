"""dbt-redshift against local Redshift on a port, in an environment of its own: its pins go with few others.

python3 -m venv DBT && DBT/bin/pip install 'dbt-core>=1.10,<1.11' 'dbt-redshift>=1.9,<1.10' 'dbt-adapters<1.17'
ETLRUN_DBT_PYTHON=DBT/bin/python pytest tests/wire/test_wire_dbt.py
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from servers import Local

PYTHON = os.environ.get("ETLRUN_DBT_PYTHON", "")

pytestmark = pytest.mark.skipif(not PYTHON, reason="needs dbt-redshift: ETLRUN_DBT_PYTHON names no interpreter")

_PROJECT = {
    "dbt_project.yml": """
        name: shop
        version: '1.0'
        config-version: 2
        profile: shop
        models: {+persist_docs: {relation: true, columns: true}}
        """,
    "models/plays.sql": """
        {{ config(materialized='table', dist='id', sort=['played']) }}
        SELECT 1 AS id, 'a' AS song, CAST('2024-01-01' AS timestamp) AS played
        UNION ALL SELECT 2, 'b', '2024-01-02'
        """,
    "models/songs.sql": "{{ config(materialized='view') }} SELECT DISTINCT song FROM {{ ref('plays') }}",
    "models/history.sql": """
        {{ config(materialized='incremental', unique_key='id') }}
        SELECT id, song, played FROM {{ ref('plays') }}
        {% if is_incremental() %} WHERE played > (SELECT MAX(played) FROM {{ this }}) {% endif %}
        """,
    "models/schema.yml": """
        version: 2
        models:
          - name: plays
            description: Who 'played' what
            columns: [{name: id, description: its number, data_tests: [unique, not_null]}]
          - name: history
            columns: [{name: id, data_tests: [{relationships: {arguments: {to: ref('plays'), field: id}}}]}]
        """,
}
_PROFILE = """
shop:
  target: local
  outputs:
    local: {{type: redshift, host: 127.0.0.1, port: {port}, user: me, password: any, dbname: dev, schema: made,
            sslmode: disable, threads: 2}}
"""


def _dbt(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [PYTHON, "-c", "from dbt.cli.main import cli; cli()", "--no-use-colors", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "DBT_PROFILES_DIR": str(folder), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_debug_run_and_test(local: Callable[..., Local], tmp_path: Path) -> None:
    served = local()
    for name, text in _PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(dedent(text), encoding="utf-8")
    (tmp_path / "profiles.yml").write_text(_PROFILE.format(port=served.port), encoding="utf-8")
    assert "All checks passed!" in _dbt(tmp_path, "debug")
    assert "PASS=3" in _dbt(tmp_path, "run")
    # Again: dbt renames the table under the view that is bound to it, and the increment finds its rows.
    assert "PASS=3" in _dbt(tmp_path, "run")
    assert "PASS=3" in _dbt(tmp_path, "test")
    assert "Catalog written" in _dbt(tmp_path, "docs", "generate")
    session = served.database.session()
    assert [tuple(row) for row in session.execute("SELECT id, song FROM made.history ORDER BY 1").rows] == [
        (1, "a"), (2, "b"),
    ]  # fmt: skip
    comment = session.execute("SELECT obj_description('made.plays'::regclass::oid)")
    assert comment.rows[0][0] == "Who 'played' what"
