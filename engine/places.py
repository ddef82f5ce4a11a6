"""A place in a document: what is wrong below it, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from .errors import Problem, Where
from .records import frozen
from .source import Document, Key


@frozen
class At:
    """A place in a document; problems that are found below it go into one list."""

    document: Document
    path: tuple[Key, ...]
    problems: list[Problem]

    def __truediv__(self, key: Key) -> At:
        return At(self.document, (*self.path, key), self.problems)

    @property
    def key(self) -> Where:
        return self.document.key(self.path)

    @property
    def value(self) -> Where:
        return self.document.value(self.path)

    def problem(self, message: str, hint: str = "", *, at_key: bool = False) -> None:
        self.problems.append(Problem(message, self.key if at_key else self.value, hint))


def did_you_mean(word: str, known: Iterable[str], what: str) -> str:
    """Return a hint: the nearest of the known words, or all of them when few."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"{what}: {shown}" if names else ""


def known_columns(at: At, wanted: str | Iterable[str], known: Sequence[str], what: str) -> None:
    """Check the column names at `at`: one, the items of a list, or the keys of a mapping."""
    keyed = isinstance(wanted, dict)
    for position, name in enumerate([wanted] if isinstance(wanted, str) else wanted):
        if name not in known:
            place = at if isinstance(wanted, str) else at / (name if keyed else position)
            hint = did_you_mean(name, known, "columns are")
            place.problem(f"{what} names no column: '{name}'", hint, at_key=keyed)


def places_of(at: At, keys: Iterable[str]) -> dict[str, Where]:
    return {key: (at / key).value for key in keys}
