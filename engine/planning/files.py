"""What is asked to see what became of the files of incremental sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import InvalidPipeline, Problem
from ..model import Pipeline, StagingSource, Target
from ..plan import FilesLook, Statement
from .making import Making
from .preparing import prepared
from .staging import listed_files

SHOWN_FILES = 20
"""How many files that are not loaded are shown."""


def make_files_looks(
    pipeline: Pipeline, target: Target, *, only: str | None, run: str, retry: Sequence[str] = ()
) -> tuple[FilesLook, ...]:
    """Render what tells of the files of each incremental source, or of the one named `only`.

    `retry` are keys or URLs. Errors: InvalidPipeline.
    """
    making = Making(pipeline, target, False, run, {})
    problems: list[Problem] = []
    # In a run the ledger has made its schema before; here there may have been no run yet.
    prepare = (*making.statements("ledger_schema", {}), *prepared(pipeline, problems))
    if problems:
        raise InvalidPipeline(problems)
    return tuple(
        _look(source, making, prepare, retry)
        for source in pipeline.staging
        if source.incremental and only in (None, source.name)
    )


def _look(
    source: StagingSource, making: Making, prepare: tuple[Statement, ...], retry: Sequence[str]
) -> FilesLook:  # fmt: skip
    listing, values = listed_files(source, making)
    prefix = f"s3://{values['bucket']}/"

    def one(template: str, **more: Any) -> Statement:
        (statement,) = making.statements(template, {**values, **more})
        return statement

    return FilesLook(
        source.name, listing, prepare,
        (*making.statements("files/list_files", values), one("files/file_status")),
        one("files/count_files"), one("files/show_files", every=False, limit=SHOWN_FILES),
        one("files/show_files", every=True),
        making.statements("files/drop_files", {"temporary": ("etlrun_status", "etlrun_listing")}),
        tuple(one("files/retry_file", key=each.removeprefix(prefix)) for each in retry),
    )  # fmt: skip
