"""`targets:` -> where a pipeline runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..model import Cluster, Mount, Secret, Serverless, Target
from ..places import At, did_you_mean, places_of
from .paths import stays_inside


def declared_targets(at: At, specs: dict[str, Any] | None, pipeline: str) -> Iterator[Target]:
    if not specs:
        yield _local_target("local", {}, pipeline, at)
        return
    for name, spec in specs.items():
        if spec["warehouse"] == "local":
            yield _local_target(name, spec, pipeline, at / name)
        else:
            yield _cluster_target(name, spec, at / name)


def _local_target(name: str, spec: dict[str, Any], pipeline: str, at: At) -> Target:
    for url, folder in spec.get("mounts", {}).items():
        stays_inside(at / "mounts" / url, folder, "or mount it with --mount")
    mounts = tuple(Mount(url.rstrip("/"), folder) for url, folder in spec.get("mounts", {}).items())
    database = spec.get("database", f".etlrun/{pipeline}.duckdb")
    if database != ":memory:":
        stays_inside(at / "database", database, "")
    return Target(
        name=name, warehouse="local", where=at.key, database=database, mounts=mounts,
        iam_role=spec.get("iam_role", "default"), work=spec.get("work", "s3://etlrun-work").rstrip("/"),
        region=spec.get("region", ""), profile=spec.get("profile", ""), threads=spec.get("threads", 1),
        places=places_of(at, spec),
    )  # fmt: skip


def _cluster_target(name: str, spec: dict[str, Any], at: At) -> Target:
    if "cluster" in spec and "serverless" in spec:
        (at / "serverless").problem(
            "a target has 'cluster' or 'serverless', not both", "make it two targets", at_key=True
        )
    if "password" in spec and "secret" in spec:
        (at / "secret").problem("a target has 'password' or 'secret', not both", "take one of them out", at_key=True)
    if spec.get("sign_in") == "iam" and not spec.keys() & {"cluster", "serverless"}:
        hint = "add 'cluster: {identifier: …}' or 'serverless: {workgroup: …}'"
        (at / "sign_in").problem("AWS gives credentials for a named cluster or workgroup", hint)
    return Target(
        name=name, warehouse=spec["warehouse"], where=at.key, host=spec["host"], port=str(spec.get("port", 5439)),
        database=spec.get("database", "dev"), user=spec["user"], password=Secret(spec.get("password", "")),
        secret=spec.get("secret", ""), iam_role=spec.get("iam_role", "default"), region=spec.get("region", ""),
        profile=spec.get("profile", ""), work=spec["work"].rstrip("/"), cluster=_cluster(spec.get("cluster")),
        serverless=_serverless(spec.get("serverless")), allow_cidr=spec.get("allow_cidr", ""),
        reads=tuple(spec.get("reads", ())), sign_in=spec.get("sign_in", "password"),
        tls=spec.get("tls", "verify-full"), statement_timeout_seconds=spec.get("statement_timeout", 0),
        threads=spec.get("threads", 1), places=places_of(at, spec),
    )  # fmt: skip


def _cluster(spec: dict[str, Any] | None) -> Cluster | None:
    if spec is None:
        return None
    return Cluster(
        identifier=spec["identifier"], node_type=spec.get("node_type", "ra3.large"), nodes=spec.get("nodes", 1),
        subnet_group=spec.get("subnet_group", ""), kms_key=spec.get("kms_key", ""), public=spec.get("public", False),
    )  # fmt: skip


def _serverless(spec: dict[str, Any] | None) -> Serverless | None:
    if spec is None:
        return None
    return Serverless(
        namespace=spec["namespace"], workgroup=spec.get("workgroup", spec["namespace"]),
        base_capacity=spec.get("base_capacity", 8), subnets=tuple(spec.get("subnets", ())),
        kms_key=spec.get("kms_key", ""), public=spec.get("public", False),
    )  # fmt: skip


def default_target(at: At, name: str | None, targets: Sequence[Target], lost: frozenset[str]) -> str:
    known = [target.name for target in targets]
    if name is None:
        if len(known) == 1 or lost:
            return known[0]
        at.problem("'target' is missing, and there are several targets", f"add 'target: {known[0]}'")
        return known[0]
    if name not in known and name not in lost:
        at.problem(f"unknown target '{name}'", did_you_mean(name, known, "targets are"))
    return name
