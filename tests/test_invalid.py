"""Every pipeline in tests/invalid is refused, with exactly the words beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.__main__ import main

FOLDER = Path(__file__).parent / "invalid"
PIPELINES = sorted([*FOLDER.glob("*.yaml"), *FOLDER.glob("*/pipeline.yaml")])


def test_invalid_pipelines_were_found() -> None:
    assert len(PIPELINES) >= 30


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_invalid_pipeline_is_refused_in_words(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    monkeypatch.chdir(FOLDER)
    with pytest.raises(SystemExit) as stopped:
        main(["run", path.relative_to(FOLDER).as_posix()])
    said = capsys.readouterr()
    assert stopped.value.code == 3
    assert said.out == ""
    name = path.stem if path.parent == FOLDER else path.parent.name
    golden(FOLDER / f"{name}.txt", said.err)


def test_every_text_has_its_pipeline() -> None:
    names = {path.stem if path.parent == FOLDER else path.parent.name for path in PIPELINES}
    assert {path.stem for path in FOLDER.glob("*.txt")} == names
