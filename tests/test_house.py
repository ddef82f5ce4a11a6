"""The house keeps its floors, its doors and its manners."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=PROJECT, capture_output=True, text=True, check=False)


def test_imports_go_down_the_floors_and_each_library_has_one_door() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports('setup.cfg'))"
    done = _run("-c", code)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_ruff_finds_nothing() -> None:
    for command in (["check"], ["format", "--check"]):
        done = _run("-m", "ruff", *command, "--no-cache", ".")
        assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_strict_finds_nothing() -> None:
    done = _run("-m", "mypy")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("arguments", [["validate"], ["run", "--dry-run"], ["run", "--dry-run", "--target", "aws"]])
def test_no_driver_is_imported_before_it_is_needed(arguments: list[str]) -> None:
    """validate and dry runs start without a driver, without rich, without the network's libraries, without sqlglot."""
    code = (
        "import sys; from engine.__main__ import _run; code = _run(sys.argv[1:]);"
        "late = {'duckdb', 'boto3', 'botocore', 'redshift_connector', 'rich', 'sqlglot'};"
        "print('LOADED', code, sorted(late & set(sys.modules)))"
    )
    done = _run("-c", code, *arguments, "pipelines/sparkify.yaml")
    assert done.stdout.splitlines()[-1] == "LOADED 0 []", done.stderr


def test_version_needs_no_library_but_click() -> None:
    code = (
        "import sys; from engine.__main__ import _run; _run(['--version']);"
        "print(sorted({'yaml', 'jinja2', 'jsonschema', 'sqlglot', 'duckdb', 'rich'} & set(sys.modules)))"
    )
    assert _run("-c", code).stdout.splitlines()[-1] == "[]"


def test_nothing_names_a_path_of_one_machine() -> None:
    done = subprocess.run(
        ["git", "grep", "-nE", "(^|[^a-z0-9:/-])/(home|root|Users|work)/[a-z]", "--", ".", ":!tests/test_house.py"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 128), done.stdout
