"""A staging source -> its step: COPY, JSONPaths, and files that are loaded exactly once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from .. import copy as copying
from ..incremental import readers
from ..jsonpaths import file_content
from ..model import Incremental, StagingSource
from ..plan import Listing, Step, StoredFile, Transaction
from ..tables import relation
from .checks import SHOWN_ROWS, check_statements
from .making import Making, role, shape, values_of
from .transaction import DROPPED, rendered, step_transaction


def staging_step(source: StagingSource, making: Making) -> Step:
    files: tuple[StoredFile, ...] = ()
    pipeline, target = making.pipeline, making.target
    statement = replace(source.copy, authorization=role(target))
    if source.jsonpaths:
        content = file_content(source.jsonpaths)
        # Named by its content: the same paths are never uploaded twice, and a running COPY never sees them change.
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        url = f"{target.work}/jsonpaths/{pipeline.name}/{source.name}-{digest}.json"
        files = (StoredFile(url, content),)
        statement = replace(statement, format=copying.Format(statement.format.name, url))
    definition = source.definition
    step = Step(source.name, "staging", frozenset(), definition.where, (), files, definition.columns)
    if source.incremental:
        return _incremental_step(step, source, statement, source.incremental, making)
    values = _copy_values(statement)
    return replace(
        step, transactions=(step_transaction(definition, ("copy", "comments"), values, source.checks, making),)
    )  # fmt: skip


def _copy_values(statement: copying.Copy) -> dict[str, Any]:
    return {
        "columns": statement.columns,
        "source": statement.source,
        "clauses": copying.clauses(statement),
        "copy": statement,
    }


def _incremental_step(
    step: Step, source: StagingSource, statement: copying.Copy, incremental: Incremental, making: Making
) -> Step:
    """Return the step of a source whose files are loaded exactly once; `statement` is its COPY.

    Its table is made in a transaction of its own: the second one locks it before it does anything else.
    """
    definition = source.definition
    manifest = f"{making.target.work}/manifests/{making.pipeline.name}/{source.name}/{making.run}.json"
    listing, listed = listed_files(source, making)
    names = [table.name for table in readers(source, making.pipeline)]
    values = {
        **listed, **shape(definition), "locked": relation(definition), "readers": names,
        "temporary": ("etlrun_files", "etlrun_listing"),
    }  # fmt: skip
    copied = _copy_values(replace(statement, source=manifest, manifest=True))
    create = making.statements("create_table", values)
    anew = (*DROPPED, "create_table", "files/forget_files") if making.full_refresh else ()
    wanted = ("begin", "files/lock_source", *anew, "files/list_files", "files/choose_files")
    checked = check_statements(source.checks, definition, values, making)
    before = rendered(wanted, values, making)
    sent = (
        *(replace(each, is_load=False) for each in before),
        *(replace(each, severity="warn") for each in making.statements("files/waiting_files", values)),
        *(replace(each, check="", manifest=manifest) for each in making.statements("files/chosen_files", values)),
        *(replace(each, needs_files=True) for each in making.statements("files/copy_files", {**values, **copied})),
        *making.statements("comments", values),
        *checked,
    )
    noted = tuple(each for name in ("note_files", "drop_files") for each in making.statements(f"files/{name}", values))
    transactions = (
        Transaction((*making.statements("begin", values), *create)),
        Transaction(sent, noted),
    )
    return replace(step, transactions=transactions, listing=listing, max_bad_files=incremental.max_bad_files)


def listed_files(source: StagingSource, making: Making) -> tuple[Listing, dict[str, Any]]:
    """Return where the files of a source are listed, and what every template about them may ask for."""
    definition, target = source.definition, making.target
    url = f"{target.work}/listings/{making.pipeline.name}/{source.name}/{making.run}/"
    # COPY wants its manifest in the region of its files: so `work:` is there.
    copied = copying.Copy(
        table=copying.TableName(None, "etlrun_listing"), source=url, authorization=role(target),
        format=copying.Format("csv"), compression="gzip", region=source.copy.region, compupdate="off", statupdate="off",
    )  # fmt: skip
    return Listing(source.copy.source, url), {
        **values_of(definition, making.pipeline), "bucket": source.copy.source.split("/")[2], "listing": url,
        "clauses": copying.clauses(copied), "incremental": source.incremental, "run": making.run, "limit": SHOWN_ROWS,
    }  # fmt: skip
