"""The session that a command line asks for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..connect import connect, given_mounts, open_local
from ..environment import resolve
from ..errors import UsageError
from ..lexical import identifier
from ..places import did_you_mean
from ..read import read_pipeline
from ..warehouse import Session, Warehouse
from .asked import asked_target, environment_of
from .options import Mounts


@contextmanager
def pipeline_session(
    path: Path, target: str | None, mounts: Mounts, variables: Mapping[str, str]
) -> Iterator[Session]:  # fmt: skip
    """Open a session on a target of a pipeline, whose schema is where names are looked for first.

    Errors: InvalidPipeline, UsageError, WarehouseUnreachable.
    """
    document = read_pipeline(path, os.environ, variables)
    chosen = asked_target(document, target)
    warehouse = connect(resolve(chosen, environment_of(document, chosen)), document.folder, mounts)
    with _session(warehouse) as session:
        session.execute(f"SET search_path TO {identifier(document.schema)}, public")
        yield session


@contextmanager
def database_session(database: str, mounts: Mounts) -> Iterator[Session]:
    """Open a session of local Redshift in a file, or in memory for ':memory:'. Errors: WarehouseUnreachable."""
    with _session(open_local(database_file(database), given_mounts(mounts))) as session:
        yield session


def database_file(database: str | None) -> Path | None:
    """Return the file that --database names; None for one in memory.

    Errors: UsageError for a folder that is not there.
    """
    if database in (None, ":memory:"):
        return None
    file = Path(database or "")
    missing = next((each for each in reversed(file.parents) if not each.is_dir()), None)
    if missing:
        beside = [each.name for each in missing.parent.iterdir() if each.is_dir()] if missing.parent.is_dir() else []
        hint = did_you_mean(missing.name, beside, "folders are") or "make it first"
        raise UsageError(f"--database {database}: there is no folder '{missing}': {hint}")
    return file.absolute()


@contextmanager
def _session(warehouse: Warehouse) -> Iterator[Session]:
    """Open a session; at the end it is closed, which rolls back what is not committed."""
    try:
        session = warehouse.open_session()
        try:
            yield session
        finally:
            session.close()
    finally:
        warehouse.close()
