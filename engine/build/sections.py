"""Names of a section, over all of a pipeline's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..lexical import MAX_NAME_BYTES
from ..places import At


def named(roots: Sequence[At], section: str) -> Iterator[tuple[At, str, Any]]:
    for root in roots:
        for name, spec in root.document.data.get(section, {}).items():
            yield root / section / name, name, spec


def first_uses(roots: Sequence[At]) -> dict[str, At]:
    """Return for each name of a staging source or a table the place that uses it first."""
    first: dict[str, At] = {}
    for root in roots:
        places = [(at.key.line, name, at) for kind in ("staging", "tables") for at, name, _ in named([root], kind)]
        for _, name, at in sorted(places, key=lambda place: place[0]):
            first.setdefault(name, at)
    return first


def is_first(at: At, first: dict[str, At]) -> bool:
    """Tell whether `at` is the first to use its name; a later one is a problem, told once."""
    name = str(at.path[-1])
    if first[name].document is at.document and first[name].path == at.path:
        return True
    hint = f"the first stands at {first[name].key}; every name is used once"
    at.problem(f"a second table '{name}'", hint, at_key=True)
    return False


def check_name(at: At, name: str, *, at_key: bool = False) -> None:
    """Check what the schema cannot: it counts characters, Redshift bytes."""
    if (size := len(name.encode())) > MAX_NAME_BYTES:
        at.problem(f"the name has {size} bytes in UTF-8", f"Redshift takes {MAX_NAME_BYTES}", at_key=at_key)
