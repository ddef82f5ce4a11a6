"""etlrun serve: local Redshift on a port."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ..connect import connect, declared_mounts, given_mounts, open_local
from ..environment import resolve
from ..read import read_pipeline
from ..warehouse import Warehouse
from ..wire.hosting import host as listen
from ..wire.hosting import settings
from .asked import asked_target, environment_of
from .opened import database_file
from .options import Mounts, mount_option, target_option, var_option


@click.command()
@click.argument("pipeline", required=False, type=click.Path(path_type=Path))
@target_option
@mount_option
@var_option
@click.option("--database", metavar="FILE|:memory:", help="The database; left out, the target's own or :memory:.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=5439, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option("--user", default="", metavar="NAME", help="Let in this user only; anybody if left out.")
@click.option("--password-env", metavar="NAME", help="The environment variable that has the user's password.")
@click.option("--tls-cert", type=click.Path(path_type=Path), metavar="FILE", help="A certificate, in PEM: speak TLS.")
@click.option("--tls-key", type=click.Path(path_type=Path), metavar="FILE", help="The certificate's key, in PEM.")
def command(
    pipeline: Path | None, target: str | None, mounts: Mounts, variables: dict[str, str],
    database: str | None, host: str, port: int, user: str, password_env: str | None, tls_cert: Path | None,
    tls_key: Path | None,
) -> None:  # fmt: skip
    """Put local Redshift on a port, for psql, redshift_connector or any client of Redshift. Ends with Ctrl-C.

    It is the database of PIPELINE, or an empty one.
    """
    rules = settings(host, user, password_env, os.environ, tls_cert, tls_key)
    warehouse = _served(pipeline, target, mounts, variables, database)
    try:
        listen(warehouse.open_session, rules, host, port, click.echo)
    finally:
        warehouse.close()


def _served(
    pipeline: Path | None, target: str | None, mounts: Mounts, variables: dict[str, str],
    database: str | None,
) -> Warehouse:  # fmt: skip
    file = database_file(database)
    if pipeline is None:
        return open_local(file, given_mounts(mounts))
    document = read_pipeline(pipeline, os.environ, variables)
    chosen = asked_target(document, target)
    chosen = resolve(chosen, environment_of(document, chosen))
    if database is None:
        return connect(chosen, document.folder, mounts)
    return open_local(file, declared_mounts(chosen, document.folder, mounts), chosen.profile, chosen.region)
