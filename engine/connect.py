"""Target -> Warehouse: the one place that knows every warehouse by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from .build import inside
from .errors import InvalidPipeline, Problem, UsageError
from .model import Mount as DeclaredMount
from .model import Target
from .storage import Mount, Storage
from .warehouse import Warehouse

if TYPE_CHECKING:
    from .buckets import Buckets


def connect(target: Target, folder: Path, mounts: Sequence[tuple[str, Path]] = ()) -> Warehouse:
    """Reach the warehouse of a resolved target; `folder` is the pipeline's. `mounts` go before the target's own.

    Errors: WarehouseUnreachable, InvalidPipeline, UsageError.
    """
    return _WAREHOUSES[target.warehouse](target, folder, mounts)


def _local(target: Target, folder: Path, mounts: Sequence[tuple[str, Path]]) -> Warehouse:
    database = None if target.database == ":memory:" else inside(folder, target.database)
    return open_local(database, declared_mounts(target, folder, mounts), target.profile, target.region)


def open_local(database: Path | None, mounts: Sequence[Mount], profile: str = "", region: str = "") -> Warehouse:
    """Reach local Redshift in a file, or one in memory that is empty; what is not mounted is read from S3.

    Errors: WarehouseUnreachable.
    """
    from .warehouses.local.session import open_database  # importing DuckDB costs more than a dry run

    storage = Storage(tuple(mounts), cache(partial(open_buckets, profile, region)))
    local = open_database(database, storage)
    return Warehouse(local.session, storage.write, local.close)


def open_buckets(profile: str, region: str) -> Buckets:
    """Return the buckets of an account. Errors: WarehouseError for a profile that is not there."""
    from .aws import Aws  # boto3 is needed by few runs, and takes longer to import than a dry run
    from .buckets import Buckets

    return Buckets(Aws(profile, region))


def given_mounts(mounts: Sequence[tuple[str, Path]]) -> list[Mount]:
    """Return the mounts of a command line."""
    return [Mount(url, path) for url, path in mounts]


def declared_mounts(target: Target, folder: Path, mounts: Sequence[tuple[str, Path]]) -> list[Mount]:
    """Return what stands for each bucket: what is given, what the target declares, and its `work:`."""
    given = given_mounts(mounts)
    overridden = {mount.url for mount in given}
    declared = [_declared(mount, target, folder) for mount in target.mounts if mount.url not in overridden]
    return [*given, *declared, Mount(target.work, folder / ".etlrun" / "work")]


def _declared(mount: DeclaredMount, target: Target, folder: Path) -> Mount:
    try:
        path = inside(folder, mount.folder)
    except ValueError as error:
        raise InvalidPipeline([Problem(str(error), target.places.get("mounts"), "mount it with --mount")]) from error
    if not path.is_dir():
        message = f"the folder '{mount.folder}' that stands for {mount.url} is not there"
        raise InvalidPipeline([Problem(message, target.places.get("mounts"), f"give one: --mount {mount.url}=FOLDER")])
    return Mount(mount.url, path)


def _redshift(target: Target, folder: Path, mounts: Sequence[tuple[str, Path]]) -> Warehouse:
    raise UsageError(
        f"target '{target.name}': this version plans for a cluster but does not send to one; "
        f"see what it would get with: --target {target.name} --dry-run"
    )


_WAREHOUSES: dict[str, Callable[[Target, Path, Sequence[tuple[str, Path]]], Warehouse]] = {
    "local": _local,
    "redshift": _redshift,
}
