"""No secret comes out anywhere: a password in every form, in every sink."""

from __future__ import annotations

import base64
import json
import urllib.parse
from pathlib import Path

import pytest
from lab import PASSWORD, UNCLOSED_SOCKETS, StandIn

from engine.__main__ import _run

pytestmark = UNCLOSED_SOCKETS


SECRETS = (PASSWORD, "wJalrXUtnFEMI/K7MDENG", 'wrong "guess" %27;--', "pass: word, {x} ${HOME}")


def forms(secret: str) -> set[str]:
    """Return a secret as it may show up: plain, quoted for SQL, JSON, a URL or a repr, or in base64."""
    plain = {secret, secret.replace("'", "''"), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    encoded = base64.b64encode(secret.encode()).decode()
    return plain | {urllib.parse.quote(secret), urllib.parse.quote_plus(secret), encoded}


@pytest.mark.parametrize("password", SECRETS[:1] + SECRETS[2:])
def test_no_secret_comes_out_anywhere(
    stand_in: StandIn, tally: Path, tmp_path: Path, password: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Outputs, events, plans, logs of bugs, files, statements: after runs that go well and runs that go wrong."""
    monkeypatch.setenv("LAB_PASSWORD", password)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    commands = [["run"], ["run", "--json"], ["run", "--dry-run"], ["validate"], ["doctor", "--target", "lab"]]
    for name, *options in commands:
        _run([name, str(tally), *options])
    _run(["query", str(tally), "SELECT 1 / 0"])
    tally.write_text(tally.read_text().replace("${LAB_PASSWORD}", json.dumps(password)), encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("engine.planning.run.order", lambda waits: 1 / 0)
        assert _run(["run", str(tally)]) == 70
    tally.write_text(tally.read_text().replace("    user:", "    usr:"), encoding="utf-8")
    assert _run(["run", str(tally)]) == 3
    tally.unlink()
    shown = capsys.readouterr()
    files = [path.read_text(encoding="utf-8", errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    sinks = [shown.out, shown.err, *files, *(statement.sql for statement in stand_in.log)]
    assert len(shown.err) > 300
    for secret in {*SECRETS, password}:
        for form in forms(secret):
            assert not any(form in sink for sink in sinks), form
