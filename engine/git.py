"""A pipeline as it was at a commit. The one door to git, which is only asked, never told to change anything."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from .errors import InvalidPipeline, UsageError
from .inputs import TEMPLATE_SUFFIX, included, is_inside, sql_files
from .source import read_document


def export(path: Path, ref: str, folder: Path) -> Path | None:
    """Write the pipeline at `path` as it was at `ref` into the empty `folder`, with the files that it is made of.

    The work tree is not touched. Returns its path there; None where the commit does not have it.
    Errors: UsageError for what is no repository, and for a ref that it does not have.
    """
    home = path.parent
    said = _git(home, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if said is None:
        if _git(home, "rev-parse", "--git-dir") is None:
            raise UsageError(f"{path} is in no git repository")
        raise UsageError(f"git knows no commit '{ref}' here")
    commit = said.decode().strip()
    main = _written(home, commit, folder, [path.name]).get(path.name)
    if main is None:
        return None
    beside = (_git(home, "ls-tree", "-z", "--name-only", commit) or b"").decode(errors="surrogateescape").split("\0")
    templates = [name for name in beside if name.endswith(TEMPLATE_SUFFIX)]
    try:
        document = read_document(main, str(path))
        parts = _written(home, commit, folder, included(document))
        documents = [document, *(read_document(part, name) for name, part in parts.items())]
    except InvalidPipeline:
        return main  # whoever reads it tells what is wrong
    selects = (name for each in documents for name in sql_files(each))
    _written(home, commit, folder, [*templates, *selects])
    return main


def _written(home: Path, commit: str, folder: Path, names: Iterable[str]) -> Mapping[str, Path]:
    """Write those of the files that the commit has, and return where each is."""
    wanted = [name for name in dict.fromkeys(names) if is_inside(folder, name) and "\n" not in name]
    asked = "".join(f"{commit}:./{name}\n" for name in wanted)
    answer = _git(home, "cat-file", "--batch", "--follow-symlinks", given=asked.encode(errors="surrogateescape")) or b""
    found: dict[str, Path] = {}
    for name in wanted:
        head, _, answer = answer.partition(b"\n")
        if head.endswith(b" missing"):
            continue
        # '<object> blob <size>', or 'symlink <size>' and its like for what git cannot follow.
        words = head.split()
        size = int(words[-1])
        content, answer = answer[:size], answer[size + 1 :]
        if words[1] == b"blob":
            found[name] = folder / name
            found[name].parent.mkdir(parents=True, exist_ok=True)
            found[name].write_bytes(content)
    return found


def _git(home: Path, *arguments: str, given: bytes = b"") -> bytes | None:
    """Return what git answers; None where it refuses. Errors: UsageError without git."""
    try:
        command = ["git", "-C", str(home), *arguments]
        done = subprocess.run(command, input=given, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise UsageError("--against needs git, which is not installed") from error
    return done.stdout if done.returncode == 0 else None
