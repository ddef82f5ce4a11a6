"""Answers that are kept: they are given again while all that they were made of is as it was, and never else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from engine import kept
from engine.__main__ import _run
from engine.environment import fill
from engine.kept import Answer, ask, keep, recall
from engine.read import read_pipeline
from engine.render import _environment

MAIN = """\
version: 1
name: p
targets:
  here: {warehouse: local, mounts: {s3://b: bucket}, iam_role: "${KEPT_ROLE:-default}"}
  there: {warehouse: redshift, host: "${KEPT_HOST}", user: u, password: "${KEPT_PASSWORD}", work: s3://b/w}
target: here
vars: {least: "${KEPT_LEAST:-1}", most: 9}
schema: s
include: [part.yaml]
tables:
  t:
    columns:
      id: {type: integer}
    load:
      sql_file: t.sql
"""
PART = """\
staging:
  visits:
    from: s3://b/visits/
    jsonpaths: s3://b/paths.json
    columns:
      id: {type: integer}
"""
PATHS = '{"jsonpaths": ["$.id"]}'
ROLE = "arn:aws:iam::1:role/r"
SELECT = "SELECT id FROM visits WHERE id >= {{ vars.least }} AND id <= {{ vars.most }} AND 10 / 4 * 1.5 > id\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.yaml").write_text(MAIN)
    (tmp_path / "part.yaml").write_text(PART)
    (tmp_path / "t.sql").write_text(SELECT)
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket" / "paths.json").write_text(PATHS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


Asking = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(capsys: pytest.CaptureFixture[str]) -> Asking:
    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = _run([*arguments])
        return (code, *capsys.readouterr())

    return run


DRY_RUN = ("run", "p.yaml", "--dry-run")


def cache(folder: Path) -> Path:
    return folder / ".etlrun" / "cache"


def entry(folder: Path) -> Path:
    (found,) = (path for path in cache(folder).iterdir() if path.name != ".gitignore")
    return found


def test_an_answer_that_is_known_reads_no_pipeline(folder: Path) -> None:
    program = """
import sys
from engine.__main__ import _run
assert _run(sys.argv[1:]) == 0
print("engine.read" in sys.modules, end="")
"""
    commands = [DRY_RUN, ("validate", "p.yaml")]
    for known in (False, True):
        for command in commands:
            done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, check=True)
            assert done.stdout.endswith(str(not known))


def test_an_answer_that_is_known_is_the_same(folder: Path, asked: Asking) -> None:
    for command in (DRY_RUN, ("validate", "p.yaml"), ("validate", "p.yaml", "--target", "there")):
        first = asked(*command)
        assert first[0] == 0
        assert "integer-division" in first[2]
        assert asked(*command) == first


def replaced(name: str, old: str, new: str) -> Callable[[pytest.MonkeyPatch], None]:
    def change(_: pytest.MonkeyPatch) -> None:
        path = Path(name)
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


def written(name: str, text: str) -> Callable[[pytest.MonkeyPatch], None]:
    def change(_: pytest.MonkeyPatch) -> None:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
        _environment.cache_clear()  # one process compiles a template once

    return change


CHANGES = {
    "the pipeline": replaced("p.yaml", "id: {type: integer}", "id: {type: bigint}"),
    "an included file": replaced("part.yaml", "s3://b/visits/", "s3://b/other/"),
    "a JSONPaths file": replaced("bucket/paths.json", '"$.id"', '"$.id", "$.more"'),
    "a JSONPaths file that breaks": lambda _: Path("bucket/paths.json").write_text("{"),
    "a sql_file": replaced("t.sql", "<=", "<"),
    "a template beside": written("begin.sql.j2", "SET query_group TO 'mine';"),
    "an environment variable of vars": lambda monkeypatch: monkeypatch.setenv("KEPT_LEAST", "5"),
    "an environment variable of the target": lambda monkeypatch: monkeypatch.setenv("KEPT_ROLE", ROLE),
    "an environment file": written(".etlrun/here.env", f"KEPT_ROLE={ROLE}\n"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_an_answer_was_made_of_has_changed(
    folder: Path, asked: Asking, monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    before = asked(*DRY_RUN)
    change(monkeypatch)
    after = asked(*DRY_RUN)
    assert after[0] == 0
    assert after != before
    shutil.rmtree(cache(folder))
    assert asked(*DRY_RUN) == after


@pytest.mark.parametrize(
    "more", [("--var", "most=7"), ("--target", "there"), ("--full-refresh",), ("--select", "visits")], ids=" ".join
)
def test_other_arguments_are_another_question(folder: Path, asked: Asking, more: tuple[str, ...]) -> None:
    assert asked(*DRY_RUN) != asked(*DRY_RUN, *more)


def test_a_mistake_is_told_every_time(folder: Path, asked: Asking) -> None:
    assert asked("validate", "p.yaml")[0] == 0
    (folder / "t.sql").write_text("SELECT od FROM visits")
    first = asked("validate", "p.yaml")
    assert first[0] == 3
    assert asked("validate", "p.yaml") == first


def test_a_new_engine_answers_anew(folder: Path) -> None:
    question = ask(folder / "p.yaml", "words")
    keep(question, Answer("out"), (), (), {})
    assert recall(question, {}) == Answer("out")
    newer = kept.Question(question.place, {**question.around, "engine": "newer"})
    assert recall(newer, {}) is None


def _broken(content: bytes) -> Iterator[bytes]:
    for size in (0, 1, 20, content.index(b"\n"), content.index(b"\n") + 1, len(content) - 1):
        yield content[:size]
    yield b"\x00\xff" * 50
    yield content.replace(b"SELECT", b"DELETE")
    yield content + b"\n"
    for rest in (b"", b"[]\n", b"{}\n", b'{"around": 1}\n', b"[" * 100_000 + b"\n"):
        yield kept.digest(rest).encode() + b"\n" + rest


def test_a_broken_cache_is_harmless(folder: Path, asked: Asking) -> None:
    asked(*DRY_RUN)
    place = entry(folder)
    question = kept.Question(place, ask(folder / "p.yaml", "").around)
    assert recall(question, os.environ) is not None
    for content in _broken(place.read_bytes()):
        place.write_bytes(content)
        assert recall(question, os.environ) is None


def test_what_cannot_be_read_is_written_anew(folder: Path, asked: Asking) -> None:
    right = asked(*DRY_RUN)
    entry(folder).write_bytes(b"{}")
    assert asked(*DRY_RUN) == right
    assert entry(folder).stat().st_size > 1000
    place = entry(folder)
    place.unlink()
    place.mkdir()
    assert asked(*DRY_RUN) == right


def test_nothing_is_kept_where_it_cannot_be_written(folder: Path, asked: Asking) -> None:
    (folder / ".etlrun").write_text("a file")
    first = asked(*DRY_RUN)
    assert first[0] == 0
    assert asked(*DRY_RUN) == first
    assert (folder / ".etlrun").read_text() == "a file"


def test_several_processes_at_once(folder: Path) -> None:
    command = [sys.executable, "-m", "engine", *DRY_RUN]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(4)]
    answers = {process.communicate()[0] for process in running}
    assert len(answers) == 1
    assert answers.pop().endswith(entry(folder).read_bytes()[-100:])


def test_few_answers_are_kept(tmp_path: Path) -> None:
    for number in range(kept.MOST_ANSWERS + 5):
        keep(ask(tmp_path / "p.yaml", str(number)), Answer(str(number)), (), (), {})
        os.utime(ask(tmp_path / "p.yaml", str(number)).place, (number, number))
    assert len(list(cache(tmp_path).iterdir())) <= kept.MOST_ANSWERS + 1
    assert recall(ask(tmp_path / "p.yaml", "0"), {}) is None
    assert recall(ask(tmp_path / "p.yaml", str(kept.MOST_ANSWERS + 4)), {}) is not None
    assert (cache(tmp_path) / ".gitignore").read_text() == "*\n"


def test_a_template_that_changed_while_the_answer_was_made(folder: Path) -> None:
    question = ask(folder / "p.yaml", "words")
    (folder / "begin.sql.j2").write_text("SELECT 1")
    keep(question, Answer("out"), (), (), {})
    assert not cache(folder).exists()


def test_every_file_that_is_opened_counts(folder: Path) -> None:
    """A new input of a plan must become one of `Pipeline.inputs`, or lie in `kept._around`."""
    (folder / "begin.sql.j2").write_text("SET query_group TO 'mine';")
    written(".etlrun/here.env", "KEPT_ROLE=x\n")(pytest.MonkeyPatch())
    program = """
import os, sys
from pathlib import Path
from engine.__main__ import _run
opened = set()
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, os.PathLike)):
        opened.add(os.path.abspath(arguments[0]))
sys.addaudithook(hook)
assert _run(sys.argv[1:]) == 0
print(*sorted(path for path in opened if path.startswith(os.getcwd())), sep="\\n", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program, *DRY_RUN], capture_output=True, text=True, check=True)
    opened = {Path(line) for line in done.stderr.splitlines() if line.startswith(str(folder))}
    inputs = {path.resolve() for path, _ in read_pipeline(folder / "p.yaml", {}).inputs.files}
    around = {Path(name) for name in ask(folder / "p.yaml", "").around if name != "engine"}
    assert {path.name for path in inputs} == {"p.yaml", "part.yaml", "t.sql", "paths.json"}
    assert {path.name for path in around} == {"begin.sql.j2", "here.env"}
    assert {path for path in opened if cache(folder) not in path.parents} == inputs | around


def test_every_environment_variable_that_is_asked_for_counts(folder: Path) -> None:
    asked: set[str] = set()

    class Noted(dict[str, str]):
        def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
            asked.add(key)
            return super().get(key, default)

        def __contains__(self, key: object) -> bool:
            asked.add(str(key))
            return super().__contains__(key)

    environ: Mapping[str, str] = Noted()
    pipeline = read_pipeline(folder / "p.yaml", environ)
    for target in pipeline.targets:
        fill(target, environ)
    assert set(pipeline.inputs.variables) == asked - {"KEPT_PASSWORD"} == {"KEPT_ROLE", "KEPT_HOST", "KEPT_LEAST"}
