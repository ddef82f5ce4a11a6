"""The wheel, installed in an environment of its own, runs from another folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PARTS = ("engine", "schemas", "page", "templates", "setup.cfg", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the commands of an environment that has the wheel and, borrowed, its dependencies."""
    source = tmp_path_factory.mktemp("source")
    for part in PARTS:
        path = PROJECT / part
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, source / part)
    wheels = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    (wheel,) = wheels.glob("etlrun-*.whl")
    home = tmp_path_factory.mktemp("home") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    (site,) = home.glob("lib/python*/site-packages")
    subprocess.run([*pip, "--python", str(home / "bin/python"), "install", "--no-deps", str(wheel)], check=True)
    (site / "borrowed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return home / "bin"


def test_wheel_holds_schemas_templates_and_the_page(installed: Path) -> None:
    (site,) = installed.parent.glob("lib/python*/site-packages")
    shipped = {path.relative_to(PROJECT).as_posix() for folder in ("schemas", "templates")
               for path in (PROJECT / folder).rglob("*") if path.is_file()}  # fmt: skip
    assert shipped
    shipped |= {f"page/{path.name}" for kind in ("html", "css", "js") for path in (PROJECT / "page").glob(f"*.{kind}")}
    assert "page/dagre.js" in shipped
    assert {name for name in shipped if not (site / "engine" / name).is_file()} == set()


def test_wheel_runs_sparkify_from_another_folder(installed: Path, tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "pipelines", tmp_path / "pipelines", ignore=shutil.ignore_patterns(".etlrun"))
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [str(installed / "etlrun"), "pipelines/sparkify.yaml"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"songplays +done +[1-9]", done.stdout)
    assert "Traceback" not in done.stderr


def test_readme_shows_the_two_commands() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/etlrun pipelines/sparkify.yaml" in text
    assert "python3 -m venv .venv && .venv/bin/pip install -q '.[test]' && .venv/bin/pytest" in text
