"""YAML text -> Document: plain data that remembers where each value was written."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .errors import InvalidPipeline, Problem, Where
from .kept import digest
from .records import frozen

MAX_DEPTH = 40
"""How deep mappings and sequences may nest; a pipeline needs about ten."""
MAX_ALIASED_VALUES = 1_000_000
"""How many values aliases may add in all before the file counts as a bomb."""

_Loader = getattr(yaml, "CLoader", yaml.Loader)

Key = str | int
Mark = tuple[int, int, int]
"""Line and column, both from 0, and how many characters are meant; 0 for the rest of the line."""
_START: Mark = (0, 0, 1)


class Mapping(dict[str, Any]):
    """A mapping of the document: `marks[key]` says where the key and where its value were written."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        super().__init__()
        self.marks: dict[str, tuple[Mark, Mark]] = {}


class Items(list[Any]):
    """A sequence of the document: `marks[i]` says where item i was written."""

    __slots__ = ("marks",)

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[Mark] = []


@frozen
class Document:
    """A YAML file as plain data (Mapping, Items, str, int, float, bool, None; dates stay text)."""

    path: Path
    name: str
    """The path as the user wrote it: messages say this one."""
    lines: tuple[str, ...]
    data: Any
    digest: str = ""
    """Of the bytes that were read, as `digest` gives it."""

    def key(self, path: Sequence[Key]) -> Where:
        """Return where the last key of `path` was written; for an item of a sequence, where the item was."""
        return self.at(self._marks(path)[0])

    def value(self, path: Sequence[Key]) -> Where:
        """Return where the value at `path` was written."""
        return self.at(self._marks(path)[1])

    def text(self, path: Sequence[Key]) -> Text:
        """Return the text at `path`, with its place in the file."""
        mark = self._marks(path)[1]
        content, line = self._at(path), self.lines[mark[0]]
        start = _PROPERTIES.match(line, mark[1]).end()  # type: ignore[union-attr]  # it matches nothing as well
        if line.startswith("|", start):
            said = content.split("\n")
            written = self.lines[mark[0] + 1 : mark[0] + 1 + len(said)]
            pairs = zip(written, said, strict=False)
            indent = next((len(row) - len(line) for row, line in pairs if line.strip()), 0)
            return Text(content, self, (mark[0] + 1, indent, 0))
        start += line.startswith(("'", '"'), start)
        exact = line.startswith(content, start)
        return Text(content, self, (mark[0], start, 0) if exact else mark, exact)

    def _at(self, path: Sequence[Key]) -> Any:
        node = self.data
        for step in path:
            node = node[step]
        return node

    def at(self, mark: Mark) -> Where:
        """Return the place at a mark."""
        line, column, width = mark
        text = self.lines[line] if line < len(self.lines) else ""
        rest = len(text.rstrip()) - column
        return Where(self.name, line + 1, column + 1, text, max(1, min(width or rest, rest)))

    def _marks(self, path: Sequence[Key]) -> tuple[Mark, Mark]:
        node, marks = self.data, (_START, _START)
        for step in path:
            if isinstance(node, Mapping) and step in node.marks:
                marks = node.marks[str(step)]
            elif isinstance(node, Items) and isinstance(step, int) and step < len(node.marks):
                marks = (node.marks[step], node.marks[step])
            else:
                return marks
            node = node[step]
        return marks


_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")


@frozen
class Text:
    """A text of many lines, such as a SELECT, and where its first character stands."""

    content: str
    document: Document
    start: Mark = _START
    exact: bool = True
    """False where the text's columns are not the file's: folded text, escapes, an alias."""

    def at(self, line: int, column: int, width: int = 1) -> Where:
        """Return the place in the file of a line and a column of this text, both from 1."""
        first, indent, _ = self.start
        if not self.exact or (line > 1 and first + line > len(self.document.lines)):
            return self.document.at(self.start)
        return self.document.at((first + line - 1, indent + column - 1, width))


def rendered_place(text: Text, sent: str, line: int, column: int, width: int) -> Where:
    """Return where a spot of the rendered `text` stands in the file; its beginning if Jinja moved the lines."""
    written = text.content
    skipped = written[: len(written) - len(written.lstrip())].count("\n")
    lines, rendered = written.split("\n")[skipped:], sent.split("\n")
    shift = lines[line - 1].find(rendered[line - 1].rstrip()) if line <= min(len(lines), len(rendered)) else -1
    return text.at(line + skipped, column + shift, width) if shift >= 0 else text.at(1, 1)


def read_text(path: Path, name: str) -> Text:
    """Read a file of plain text, such as a `sql_file`. Errors: InvalidPipeline."""
    content, digest = _decoded(path, name)
    return Text(content, Document(path, name, tuple(content.split("\n")), content, digest))


def read_document(path: Path, name: str) -> Document:
    """Read the YAML file at `path`; `name` is what messages call it.

    Errors: InvalidPipeline for a file that is missing, unreadable, empty or broken YAML, for duplicate keys,
    several documents, unknown tags, and for aliases that refer to themselves or explode.
    """
    text, digest = _decoded(path, name)
    lines = tuple(text.split("\n"))
    return Document(path, name, lines, _Builder(Document(path, name, lines, None)).build(text), digest)


def _decoded(path: Path, name: str) -> tuple[str, str]:
    """Return the text of a file, and the digest of its bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidPipeline([Problem(f"cannot read {name}: {error.strerror}", hint=_missing_hint(path))]) from error
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        where = Where(name, line, error.start - content.rfind(b"\n", 0, error.start))
        raise InvalidPipeline([Problem("the file is not UTF-8", where, "save it as UTF-8")]) from error
    return text, digest(content)


def _missing_hint(path: Path) -> str:
    kind = f"*{path.suffix}" if path.suffix else "*.y*ml"
    beside = sorted(p.name for p in path.parent.glob(kind)) if path.parent.is_dir() else []
    if path.is_dir():
        return "name a pipeline file, not a folder"
    return f"in {path.parent} there is {', '.join(beside)}" if beside else "check the path"


class _Builder:
    """Builds the data from the parser's events, without recursion."""

    def __init__(self, blank: Document) -> None:
        self.blank = blank
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.open_anchors: set[str] = set()
        self.events = 0
        self.aliased = 0

    def build(self, text: str) -> Any:
        loader = _Loader(text)
        try:
            data = self._document(loader)
        except yaml.MarkedYAMLError as error:
            raise InvalidPipeline([*self.problems, self._broken(error)]) from error
        except yaml.reader.ReaderError as error:
            place = text[: error.position]
            mark = (place.count("\n"), len(place) - place.rfind("\n") - 1, 1)
            raise InvalidPipeline([Problem("a character that YAML does not allow", self.blank.at(mark))]) from error
        finally:
            loader.dispose()
        if self.problems:
            raise InvalidPipeline(self.problems)
        return data

    def _document(self, loader: Any) -> Any:
        get = loader.get_event
        get()  # the start of the stream
        data = None
        if not isinstance(get(), yaml.StreamEndEvent):
            data = self._tree(get)
            get()  # the end of the document
            event = get()
            if not isinstance(event, yaml.StreamEndEvent):
                self._stop("a second YAML document", self._mark(event), "one pipeline a file; take out the '---'")
        if data is None:
            self._stop("the file is empty", _START, "a pipeline starts with 'version: 1' and 'name: …'")
        return data

    def _tree(self, get: Any) -> Any:
        stack: list[_Open] = []
        while True:
            event = get()
            self.events += 1
            mark = self._mark(event)
            if isinstance(event, yaml.ScalarEvent):
                value, size = self._scalar(event), 1
                if event.anchor:
                    self.anchors[event.anchor] = (value, 1)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                if len(stack) >= MAX_DEPTH:
                    self._stop(_TOO_DEEP[0], mark, _TOO_DEEP[1])
                stack.append(self._open(event))
                continue
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                done = stack.pop()
                value, size = done.node, done.size
                mark = _span(done.start, event.end_mark)
                if done.anchor:
                    self.open_anchors.discard(done.anchor)
                    self.anchors[done.anchor] = (value, size)
            else:
                value, size = self._alias(event)
            if not stack:
                return value
            stack[-1].size += size
            self._add(stack[-1], event, value, mark)

    def _open(self, event: Any) -> _Open:
        if event.tag and event.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._unknown_tag(event)
        if event.anchor:
            self.open_anchors.add(event.anchor)
        node = Mapping() if isinstance(event, yaml.MappingStartEvent) else Items()
        return _Open(node, event.anchor, event.start_mark)

    def _add(self, parent: _Open, event: Any, value: Any, mark: Mark) -> None:
        node = parent.node
        if isinstance(node, Items):
            node.append(value)
            node.marks.append(mark)
        elif parent.key is None:
            parent.key, parent.key_mark = self._key(event, value, mark), mark
            parent.merges = value == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]
        else:
            key, parent.key = parent.key, None
            if parent.merges:
                self._merge(parent, value, mark)
            elif key in node and key not in parent.merged:
                first = node.marks[key][0][0] + 1
                self._note(f"the key '{key}' is here twice", parent.key_mark, f"it stands first in line {first}")
            else:
                parent.merged.discard(key)
                node[key] = value
                node.marks[key] = (parent.key_mark, mark)

    def _key(self, event: Any, value: Any, mark: Mark) -> str:
        if isinstance(value, (Mapping, Items)):
            self._stop("a key must be text", mark, "quote it, or take out the '?'")
        return str(event.value if isinstance(event, yaml.ScalarEvent) else value)

    def _merge(self, parent: _Open, value: Any, mark: Mark) -> None:
        """Put the keys of `value` where the '<<' stands; keys that are written out go before them."""
        for part in value if isinstance(value, Items) else [value]:
            if not isinstance(part, Mapping):
                self._note("'<<' takes a mapping", mark, "write '<<: *anchor' where the anchor marks a mapping")
                continue
            for key, item in part.items():
                if key not in parent.node:
                    parent.node[key] = item
                    parent.node.marks[key] = part.marks[key]
                    parent.merged.add(key)

    def _alias(self, event: Any) -> tuple[Any, int]:
        name, mark = event.anchor, self._mark(event)
        if name in self.open_anchors:
            self._stop(f"'*{name}' stands inside of what it refers to", mark, "an alias may not contain itself")
        if name not in self.anchors:
            close = ", ".join(f"*{anchor}" for anchor in sorted(self.anchors))
            hint = f"anchors are {close}" if close else f"mark one with &{name}"
            self._stop(f"'*{name}' refers to no anchor", mark, hint)
        value, size = self.anchors[name]
        self.aliased += size
        if self.aliased > max(MAX_ALIASED_VALUES, 20 * self.events):
            self._stop("the aliases of this file expand to more than a million values", mark, "write the values out")
        return value, size

    def _scalar(self, event: Any) -> Any:
        if event.tag and event.tag != "!":
            if event.tag != "tag:yaml.org,2002:str":
                self._unknown_tag(event)
            return event.value
        return _plain(event.value) if event.implicit[0] else event.value

    def _unknown_tag(self, event: Any) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        line, column, _ = self._mark(event)
        self._note(f"the tag '{tag}' is not known", (line, column, len(tag)), "take it out")

    def _mark(self, event: Any) -> Mark:
        return _span(event.start_mark, event.end_mark)

    def _note(self, message: str, mark: Mark, hint: str = "") -> None:
        self.problems.append(Problem(message, self.blank.at(mark), hint))

    def _stop(self, message: str, mark: Mark, hint: str = "") -> None:
        raise InvalidPipeline([*self.problems, Problem(message, self.blank.at(mark), hint)])

    def _broken(self, error: yaml.MarkedYAMLError) -> Problem:
        said = " ".join(part for part in (error.context, error.problem) if part)
        # What is not closed is wrong where it was opened, not where the parser noticed.
        opened = any(word in said for word in ("flow", "quoted", "simple key")) and "escape" not in said
        mark = (opened and error.context_mark) or error.problem_mark or error.context_mark
        place = self._inside(mark.line, mark.column) if mark else _START
        for number in (place[0], place[0] - 1):
            line = self.blank.lines[number] if number >= 0 else ""
            blanks = line[: len(line) - len(line.lstrip())]
            if "\t" in blanks:
                message = "a tab in the indentation"
                return Problem(message, self.blank.at((number, blanks.index("\t"), 1)), "YAML is indented with spaces")
        for found, message, hint in _SYNTAX:
            if found in said:
                return Problem(message, self.blank.at(place), hint)
        return Problem(f"broken YAML: {said}", self.blank.at(place))

    def _inside(self, line: int, column: int) -> Mark:
        """Return a mark of the parser; where it is after the end, the last character that says something."""
        last = max((number for number, text in enumerate(self.blank.lines) if text.strip()), default=0)
        return (line, column, 1) if line <= last else (last, max(0, len(self.blank.lines[last].rstrip()) - 1), 1)


@dataclass(slots=True)
class _Open:
    """A mapping or a sequence whose end has not come yet."""

    node: Any
    anchor: str | None
    start: Any
    size: int = 1
    """How many values it holds, those of its aliases included."""
    key: str | None = None
    """The key of a mapping that waits for its value."""
    key_mark: Mark = _START
    merges: bool = False
    """The key that waits is '<<'."""
    merged: set[str] = field(default_factory=set)
    """The keys that a '<<' brought: one that is written out takes the place of each."""


def _span(start: Any, end: Any) -> Mark:
    return (start.line, start.column, end.column - start.column if end.line == start.line else 0)


_TOO_DEEP = (f"more than {MAX_DEPTH} levels deep", "a pipeline needs about ten")
_SYNTAX = (
    ("maximum nesting depth", *_TOO_DEEP),
    ("mapping values are not allowed", "a ':' where no key can be", "quote the text, or check the indentation"),
    ("could not find expected ':'", "a key without its ':'", "write 'key: value', or quote the text"),
    ("did not find expected ',' or '}'", "a '{' that is not closed, or a ',' missing", "write {key: value}"),
    ("did not find expected ',' or ']'", "a '[' that is not closed, or a ',' missing", "write [one, two]"),
    ("did not find expected node content", "a value is missing here, or a bracket is not closed", "write it, or ''"),
    ("did not find expected key", "the indentation does not fit", "keys of one mapping start in one column"),
    ("did not find expected '-'", "the indentation does not fit", "items of one list start in one column"),
    ("found unknown escape character", "an unknown escape", "inside \"…\" write \\\\ for a backslash, or use '…'"),
    ("quoted scalar", "a quote that is not closed", "close it, or double it inside of the text"),
    ("cannot start any token", "a character that cannot start a value", "quote the text"),
)

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip


def _plain(text: str) -> Any:
    """Return what an unquoted scalar means. Source: YAML 1.2.2, 10.3.2 (core schema): dates and yes/no are text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-+.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        # Long digits are text that forgot its quotes; int() would refuse more than 4,300 of them.
        return int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) <= 40 else text
    return float(text) if _FLOAT.fullmatch(text) and math.isfinite(float(text)) else text
