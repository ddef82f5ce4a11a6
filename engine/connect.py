"""Target -> Warehouse: the one place that knows every warehouse by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import __version__
from .build import inside
from .errors import InvalidPipeline, Problem, UsageError, WarehouseError
from .model import Mount as DeclaredMount
from .model import Target
from .storage import Mount, Storage
from .warehouse import Session, Warehouse

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
    return Warehouse(local.session, storage.write, local.close, storage.list, storage.delete, is_alone=True)


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
    if mounts:
        raise UsageError(f"--mount is for local Redshift; target '{target.name}' reads from S3 itself")
    from .warehouses.redshift import open_session  # the driver takes longer to import than a dry run

    settings = cache(partial(_sign_in, target))
    buckets = cache(partial(open_buckets, target.profile, target.region))

    def session() -> Session:
        opened = open_session(settings(), application=f"etlrun {__version__}")
        if target.statement_timeout_seconds:
            opened.execute(f"SET statement_timeout TO {target.statement_timeout_seconds * 1000}")
        return opened

    return Warehouse(
        session,
        lambda url, content: buckets().write(url, content),
        lambda: None,
        lambda prefix: buckets().list(prefix),
        lambda url: buckets().delete(url),
    )


def _sign_in(target: Target) -> dict[str, Any]:
    """Return redshift_connector's settings. Errors: WarehouseError for a secret that cannot be read."""
    place = {"host": target.host, "port": int(target.port), "database": target.database, "sslmode": target.tls}
    if target.sign_in == "iam":
        account = {"iam": True, "region": target.region or None, "profile": target.profile or None}
        if target.cluster:
            return {**place, **account, "db_user": target.user, "cluster_identifier": target.cluster.identifier}
        workgroup = target.serverless.workgroup if target.serverless else ""
        return {**place, **account, "is_serverless": True, "serverless_work_group": workgroup}
    if target.secret:
        return {**place, **_secret(target)}
    return {**place, "user": target.user, "password": target.password.reveal()}


def _secret(target: Target) -> dict[str, str]:
    from .aws import Aws

    answer = Aws(target.profile, target.region).call("secretsmanager", "GetSecretValue", SecretId=target.secret)
    try:
        content = json.loads(answer["SecretString"])
        return {"user": content.get("username", target.user), "password": content["password"]}
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        hint = 'it must hold JSON such as {"username": "…", "password": "…"}'
        raise WarehouseError(f"the secret {target.secret} holds no password", hint=hint) from error


_WAREHOUSES: dict[str, Callable[[Target, Path, Sequence[tuple[str, Path]]], Warehouse]] = {
    "local": _local,
    "redshift": _redshift,
}
