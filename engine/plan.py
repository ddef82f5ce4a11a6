"""What a run sends: every statement, in order, before anything is sent. `planning` makes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from .errors import Where
from .model import Column, Target
from .records import frozen
from .script import statements

_SELECT = re.compile(r"(?i)(?:--.*\n|[^\S\n]*\n)*\s*(?:select|with)\b")
"""A statement that asks, behind the comments above it."""


@frozen
class Keep:
    """The table that keeps rows that fail a check, made by the template keep_failures, and whose rows they are."""

    relation: str
    run: str
    pipeline: str
    step: str


@frozen
class Statement:
    """One statement as it is sent. A `check` says what must hold: its SELECT must answer 0, or no row."""

    sql: str
    check: str = ""
    is_load: bool = True
    """Whether the rows that it writes are rows of the load: the unknown member is none."""
    severity: Literal["guard", "error", "warn", "lease"] = "guard"
    """Of a check. A guard is part of a strategy: what follows must not be sent if it fails. A lease asks whether the
    run may go on at all. The other checks stand behind the load, and are all asked before the step fails."""
    where: Where | None = field(default=None, compare=False)
    """Where a check or a hook is declared."""
    keep: Keep | None = None
    """Where rows that fail a check are kept; None where they are not."""
    manifest: str = ""
    """Of a SELECT of files, each a row of URL and size: where the manifest that lists them is put before the next
    statement is sent. Files that cannot be loaded are noted before it is sent."""
    gives_statements: bool = False
    """Whether each row of its answer is a statement, which is sent in its place in the same transaction."""
    needs_files: bool = False
    """Whether it reads that manifest, and is not sent where the manifest lists nothing: COPY refuses it."""


@frozen
class Transaction:
    """Statements that become visible together."""

    statements: tuple[Statement, ...]
    ledger: tuple[Statement, ...] = ()
    """What notes in the same transaction that it was committed: see `ledger.measured`. It is sent last: a transaction
    locks its own table first, and the ledger only until its COMMIT."""
    proof: tuple[Statement, ...] = ()
    """What to ask when the connection was lost during COMMIT: the last one answers how often it was committed."""
    alone: bool = False
    """Whether it is none: Redshift takes some statements only outside of a transaction."""


@frozen
class StoredFile:
    """A file that a COPY reads and the engine writes, before the step begins."""

    url: str
    content: str


@frozen
class Listing:
    """The files of an incremental source, which are listed before the step begins."""

    source: str
    """Every file whose URL starts with it."""
    url: str
    """The prefix of the files that the list is written to."""


@frozen
class Step:
    """One node of the graph, with all that is done for it."""

    name: str
    kind: Literal["staging", "table", "checks", "changes", "hooks"]
    needs: frozenset[str]
    where: Where
    transactions: tuple[Transaction, ...]
    files: tuple[StoredFile, ...] = ()
    columns: tuple[Column, ...] = ()
    """Of its table; to find the YAML line of a column that a COPY speaks of."""
    listing: Listing | None = None
    max_bad_files: int = 0
    """How many files that cannot be loaded are set aside, so that the others are loaded."""
    sql_hash: str = ""
    """Of what is sent for it, whatever the run."""
    columns_hash: str = ""
    """Of what creates its table."""
    inputs_hash: str = ""
    """Of what is sent for all that it waits for, directly or not."""
    begun_hash: str = ""
    """Of what its first transaction sends, where others follow."""


@frozen
class Ledger:
    """What notes a run in the warehouse, and keeps others from running the same pipeline meanwhile."""

    run: str
    tables: tuple[Statement, ...]
    """What makes the tables of the ledger, before the run begins."""
    begin: tuple[Statement, ...]
    """A transaction that takes the lease and notes the run; its check fails where somebody else holds the lease."""
    session: Statement
    """Asks for the user and the number of a session."""
    holder: Statement
    """Asks who holds the lease: run, holder, user, session, since when, for how many seconds; no row if nobody does."""
    alive: Statement
    """Asks whether the holder's session is there; a user sees their own sessions only."""
    seize: Statement
    """Takes the lease from a holder that is gone."""
    renew: Statement
    ends: Mapping[str, tuple[Statement, ...]]
    """The transaction that ends the run, by what became of it."""


@frozen
class Plan:
    """A run: what each session is prepared with, and the steps in an order that works."""

    pipeline: str
    target: Target
    prepare: tuple[Statement, ...]
    steps: tuple[Step, ...]
    ledger: Ledger | None = None
    """None for a plan that leaves no trace: one of checks alone."""
    before: Step | None = None
    """The hooks before the steps; None for none."""
    after: Step | None = None
    """The hooks after the steps, if none of them failed."""
    on_failure: Step | None = None
    """The hooks at the end of a run in which something failed."""

    @property
    def hooks(self) -> tuple[Step, ...]:
        return tuple(step for step in (self.before, self.after, self.on_failure) if step)


@frozen
class FilesLook:
    """What is sent to see what became of the files of an incremental source."""

    source: str
    listing: Listing
    prepare: tuple[Statement, ...]
    begin: tuple[Statement, ...]
    counts: Statement
    some: Statement
    """Those that are not simply loaded, SHOWN_FILES at most."""
    every: Statement
    end: tuple[Statement, ...]
    retries: tuple[Statement, ...]
    """What makes files that were set aside new again, one for each."""


def template_statements(script: str) -> tuple[Statement, ...]:
    """Return the statements of a rendered template; a SELECT is a check of what the comment above it says."""
    return tuple(Statement(text, _must_hold(text)) for text in statements(script))


def _must_hold(text: str) -> str:
    """Return what a SELECT of a template checks: the comment above it. Other statements check nothing."""
    if not _SELECT.match(text):
        return ""
    lines = text.split("\n")
    comments = [line.lstrip("- ").removeprefix("check: ") for line in lines if line.startswith("--")]
    return " ".join(comments) or "the query must answer 0"
