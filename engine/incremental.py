"""What a source whose files are loaded exactly once may say, and which tables may read it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .errors import Problem
from .model import Incremental, Pipeline, StagingSource, Table, Target
from .places import At

_SETTINGS = ("after", "changed", "max_bad_files")
_BY_KEY = ("insert_missing", "merge", "scd2")
_ANEW = ("replace", "swap")


def declared_incremental(at: At, spec: dict[str, Any]) -> Incremental | None:
    """Return how a source treats its files; None where each run loads all of them."""
    if spec.get("load") != "incremental":
        for key in _SETTINGS:
            if key in spec:
                (at / key).problem(f"'{key}' is for incremental loads", "add 'load: incremental'", at_key=True)
        return None
    options = spec.get("copy", {})
    for option, why in (("manifest", "the engine writes a manifest of its own"), ("noload", "nothing would be loaded")):
        if options.get(option):
            hint = "take it out, or load: full"
            (at / "copy" / option).problem(f"'{option}' does not go with load: incremental: {why}", hint, at_key=True)
    lenient = (
        "ignoreallerrors" if options.get("ignoreallerrors") else "maxerror" if options.get("maxerror", 0) > 1 else ""
    )
    if lenient and spec.get("max_bad_files"):
        message = f"'{lenient}' leaves out rows, 'max_bad_files' files"
        (at / "max_bad_files").problem(message, "take one of them out", at_key=True)
    places = {key: (at / key).value for key in ("load", *_SETTINGS) if key in spec}
    return Incremental(
        spec.get("after", "keep"), spec.get("changed", "fail"), spec.get("max_bad_files", 0), places
    )  # fmt: skip


def readers(source: StagingSource, pipeline: Pipeline) -> tuple[Table, ...]:
    """Return the tables whose SELECT reads a source."""
    return tuple(table for table in pipeline.tables if source.name in table.reads)


def emptied_source(table: Table, pipeline: Pipeline) -> StagingSource | None:
    """Return the source that a table takes rows from which are gone afterwards; there is one at most."""
    return next((source for source in pipeline.staging if _is_emptied(source) and source.name in table.reads), None)


def reader_problems(pipeline: Pipeline) -> Iterator[Problem]:
    """Yield what cannot be right: tables that would lose rows of an incremental source, or double them."""
    for source in pipeline.staging:
        if source.incremental is None:
            continue
        reading = readers(source, pipeline)
        for table in reading:
            yield from _emptied_problems(source, table) if _is_emptied(source) else _kept_problems(source, table)
        if _is_emptied(source):
            yield from _emptied_alone(source, source.incremental, reading)
    yield from _two_sources(pipeline)
    yield from _lookups(pipeline)


def _is_emptied(source: StagingSource) -> bool:
    return source.incremental is not None and source.incremental.after == "empty"


def _kept_problems(source: StagingSource, table: Table) -> Iterator[Problem]:
    if table.load.strategy == "append" and not table.is_own_source:
        message = f"'{table.name}' would append all rows of '{source.name}' again in each run: they are kept there"
        hint = f"write 'after: empty' at '{source.name}', or another strategy, or let the SELECT look at '{table.name}'"
        yield Problem(message, table.load.where, hint)


def _emptied_problems(source: StagingSource, table: Table) -> Iterator[Problem]:
    load, name = table.load, source.name
    if load.strategy in _ANEW:
        message = f"'{table.name}' is filled anew, but '{name}' holds the rows of its last load only"
        yield Problem(message, load.where, f"write 'after: keep' at '{name}', or another strategy")
    if load.strategy == "delete_insert" and "range" in load.settings:
        message = f"'{table.name}' rewrites a range, but '{name}' holds the rows of its last load only"
        yield Problem(message, load.places["range"], f"write 'after: keep' at '{name}', or give a key")
    if load.settings.get("deleted") == "close":
        message = f"'{table.name}' ends what the SELECT does not give, but '{name}' holds its last load only"
        yield Problem(message, load.places["deleted"], f"take it out, or write 'after: keep' at '{name}'")


def _emptied_alone(source: StagingSource, incremental: Incremental, reading: tuple[Table, ...]) -> Iterator[Problem]:
    if not reading:
        message = f"no table reads '{source.name}': its rows would go, and nobody would have taken them"
        yield Problem(message, incremental.places["after"], "write 'after: keep', or a table that reads it")
    doubled = [table.name for table in reading if not _takes_again(table)]
    if incremental.changed == "reload" and doubled:
        message = f"a file that is loaded again would double its rows in {', '.join(doubled)}"
        hint = "write 'changed: fail' or 'changed: skip', or load by key: insert_missing, merge, delete_insert"
        yield Problem(message, incremental.places["changed"], hint)


def _takes_again(table: Table) -> bool:
    """Whether rows that come again leave the table as it is; of a strategy of one's own nobody knows."""
    by_key = table.load.strategy == "delete_insert" and "key" in table.load.settings
    return by_key or table.load.strategy in _BY_KEY


def _two_sources(pipeline: Pipeline) -> Iterator[Problem]:
    for table in pipeline.tables:
        names = [source.name for source in pipeline.staging if _is_emptied(source) and source.name in table.reads]
        if len(names) > 1:
            message = f"'{table.name}' reads {' and '.join(names)}, which are emptied at different times"
            yield Problem(message, table.load.where, "write 'after: keep' at all but one of them")


def _lookups(pipeline: Pipeline) -> Iterator[Problem]:
    emptied = {source.name for source in pipeline.staging if _is_emptied(source)}
    for table in pipeline.tables:
        for column in table.definition.columns:
            if column.lookup and column.lookup.table in emptied:
                message = f"'{column.name}' is looked up in '{column.lookup.table}', which is emptied"
                yield Problem(message, column.where, "look it up in a table that keeps its rows")


def plan_problems(
    pipeline: Pipeline, target: Target, only: Collection[str], *, full_refresh: bool
) -> Iterator[Problem]:  # fmt: skip
    """Yield what a run may not do: of a source and its tables refresh some only, or load what the engine wrote."""
    for source in pipeline.staging:
        if source.incremental is None or source.name not in only:
            continue
        if f"{target.work}/".startswith(source.copy.source):
            message = f"'work: {target.work}' of target '{target.name}' lies among the files of '{source.name}'"
            yield Problem(message, source.where, "what is put there would be loaded: choose another prefix")
    for source in pipeline.staging if full_refresh else ():
        names = {source.name, *(table.name for table in readers(source, pipeline))}
        if _is_emptied(source) and names & set(only) not in (names, set()):
            message = (
                f"'{source.name}' is emptied: without it its tables would lose rows in a full refresh, or double them"
            )
            yield Problem(
                message, source.where, f"refresh {', '.join(sorted(names))} together: --select {source.name}+"
            )
