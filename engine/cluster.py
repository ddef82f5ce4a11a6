"""Which cluster a pipeline wants, and what of it is there: the records of provisioning."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from ipaddress import ip_network

from . import policy
from .environment import PROVISIONING, SETTINGS, resolve
from .errors import InvalidPipeline, Problem, UsageError
from .model import Cluster, Pipeline, Secret, Serverless, Target
from .records import frozen

TAG = "etlrun:pipeline"
_OPEN_BITS = 8
"""A network of fewer fixed bits is as good as the whole internet."""
_PASSWORD = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[!-~]{8,64}")
_PASSWORD_SAYS = "Redshift takes 8 to 64 characters: a capital, a small letter, a digit, none of ' \" \\ / @ or blanks"


@frozen
class Wanted:
    """What a target asks for, all variables put in."""

    pipeline: str
    """The value of the tag that everything gets."""
    name: str
    """Of the role and the security group."""
    place: Cluster | Serverless
    database: str
    user: str
    port: int
    password: Secret = field(repr=False)
    """Empty: Redshift makes one and keeps it in Secrets Manager."""
    trust: str
    policy: str
    role: str
    """The ARN of a role of the user's own; empty: one is made."""
    is_default_role: bool
    """COPY names no role: the cluster's default is meant."""
    cidr: str


@frozen
class Role:
    arn: str
    tag: str
    trust: str
    policy: str


@frozen
class Group:
    """A security group; `rules` are (CIDR, port)."""

    id: str
    tag: str
    rules: tuple[tuple[str, int], ...]


@frozen
class Resource:
    """A cluster, a namespace or a workgroup; its status in lower case."""

    status: str
    tag: str
    host: str = ""
    port: int = 0
    roles: tuple[str, ...] = ()
    secret: str = ""
    shape: tuple[tuple[str, str], ...] = ()
    """What the YAML says of it too: (key, value)."""


@frozen
class There:
    """What AWS has already. Empty: what a first run finds."""

    vpc: str = "<id of the default VPC>"
    role: Role | None = None
    group: Group | None = None
    cluster: Resource | None = None
    namespace: Resource | None = None
    workgroup: Resource | None = None

    @property
    def endpoint(self) -> Resource | None:
        """What has a host and a port."""
        return self.cluster or self.workgroup

    @property
    def secret(self) -> str:
        """The ARN of the secret with the password; empty if Redshift keeps none."""
        return next((each.secret for each in (self.cluster, self.namespace) if each), "")


# --- what is wanted --------------------------------------------------------------------------------------------------


def wanted(
    pipeline: Pipeline,
    target: Target,
    environ: Mapping[str, str],
    *,
    any_address: bool = False,
    with_password: bool = True,
) -> Wanted:
    """Return what `cluster create` is to make for a target. What it gives itself (host, role, secret) may be unset.

    `any_address` says that the whole internet may connect, if `allow_cidr` says so; without `with_password` its
    variable is not read. Errors: UsageError for a target that asks for no cluster; InvalidPipeline for variables that
    are unset and for values that AWS does not take.
    """
    place = target.cluster or target.serverless
    if place is None:
        raise UsageError(f"target '{target.name}' asks for no cluster: give it 'cluster:' or 'serverless:'")
    own_role = "" if re.fullmatch(r"\$\{\w+(:-)?\}", target.iam_role) else target.iam_role
    password = target.password if with_password else Secret("")
    bare = replace(target, host="", secret="", password=password, iam_role=own_role or "default")
    given = resolve(bare, environ, (*SETTINGS, *PROVISIONING))
    problems = [*_empty(bare, given), *_problems(given, any_address)]
    if problems:
        raise InvalidPipeline(problems)
    known_password = given.password if with_password else Secret("not read" if target.password else "")
    services = ["redshift.amazonaws.com", *["redshift-serverless.amazonaws.com"] * (given.serverless is not None)]
    return Wanted(
        pipeline=_safe(pipeline.name, 256), name=_safe(f"etlrun-{pipeline.name}-{target.name}", 64),
        place=given.cluster or given.serverless or place, database=given.database, user=given.user,
        port=int(given.port), password=known_password, trust=policy.text(policy.trust(*services)),
        policy=policy.text(
            policy.permissions(read_prefixes(pipeline, given), given.work, given.region, unload_prefixes(pipeline))
        ),
        role="" if given.iam_role == "default" else given.iam_role.partition(",")[0],
        is_default_role=given.iam_role == "default" and own_role != "", cidr=given.allow_cidr,
    )  # fmt: skip


def read_prefixes(pipeline: Pipeline, target: Target) -> tuple[str, ...]:
    """Return the S3 prefixes that the COPYs of a pipeline read, but for generated files below `work:`."""
    sources = [source.copy.source for source in pipeline.staging]
    arguments = [source.copy.format.argument for source in pipeline.staging]
    return tuple(dict.fromkeys([*sources, *(each for each in arguments if each.startswith("s3://")), *target.reads]))


def unload_prefixes(pipeline: Pipeline) -> tuple[str, ...]:
    """Return the S3 prefixes that the UNLOADs of a pipeline write to."""
    return tuple(dict.fromkeys(table.unload.to for table in pipeline.tables if table.unload))


def unread(pipeline: Pipeline, target: Target) -> Iterator[str]:
    """Yield what the role may turn out not to read: what a manifest names is not known before it is read."""
    for source in pipeline.staging:
        if source.copy.manifest and not target.reads:
            said = f"staging source '{source.name}' loads what a manifest names"
            yield f"{said}: list those prefixes under 'reads:' of the target, so that the role may read them"


def _empty(written: Target, target: Target) -> Iterator[Problem]:
    """Tell of variables that are empty: AWS would be asked for something else, a group that lets nobody in."""
    for key in ("password", "allow_cidr"):
        if getattr(written, key) and not getattr(target, key):
            hint = f"'{key}' needs a value: set its variable, or take it out"
            yield Problem(f"'{key}' is empty", target.places.get(key, target.where), hint)


def _problems(target: Target, any_address: bool) -> Iterator[Problem]:
    def problem(key: str, message: str, hint: str) -> Problem:
        return Problem(message, target.places.get(key, target.where), hint)

    unfit = set(target.password.reveal()) & set("'\"\\/@ ")
    if target.password and (unfit or not _PASSWORD.fullmatch(target.password.reveal())):
        yield problem("password", "Redshift would not take this password", _PASSWORD_SAYS)
    if target.allow_cidr:
        try:
            network = ip_network(target.allow_cidr)
        except ValueError:
            yield problem("allow_cidr", f"'{target.allow_cidr}' is no network", _network_hint(target.allow_cidr))
            return
        if network.prefixlen < _OPEN_BITS and not any_address:
            hint = "name your own network, such as 203.0.113.7/32, or say --allow-any-address"
            yield problem("allow_cidr", f"{network} lets the whole internet try to sign in", hint)


def _network_hint(text: str) -> str:
    try:
        return f"did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        return "write an address and its fixed bits: 203.0.113.7/32"


def _safe(text: str, longest: int) -> str:
    """Return a name that AWS takes, the same for the same text and for no other."""
    name = re.sub(r"[^A-Za-z0-9_-]", "-", text)
    if name == text and len(name) <= longest:
        return name
    return f"{name[: longest - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


# --- what differs ----------------------------------------------------------------------------------------------------


def differences(wanted: Wanted, there: There) -> Iterator[str]:
    """Yield what a running cluster is and the YAML says otherwise: `create` resizes nothing."""
    has = dict((there.endpoint or Resource("", "")).shape)
    for key, value in shape(wanted.place).items():
        if has.get(key, value) != value:
            yield f"{key} is {has[key]}, and the YAML says {value}"


def shape(place: Cluster | Serverless) -> dict[str, str]:
    """Return what can be compared with what AWS says: by the YAML's keys, as text."""
    if isinstance(place, Cluster):
        return {"node_type": place.node_type, "nodes": str(place.nodes), "public": str(place.public).lower()}
    return {"base_capacity": str(place.base_capacity), "public": str(place.public).lower()}


def state_text(wanted: Wanted, there: There) -> Iterator[str]:
    """Yield a line for each thing that is wanted: what is there of it."""
    missing = "not there"
    if wanted.role:
        yield f"role {wanted.role}: given"
    else:
        yield f"role {wanted.name}: {there.role.arn if there.role else missing}"
    if there.group:
        networks = ", ".join(cidr for cidr, _ in there.group.rules) or "nobody"
        yield f"security group {wanted.name}: {there.group.id}, lets {networks} in"
    else:
        yield f"security group {wanted.name}: {missing}"
    for what, found in resources(wanted.place, there).items():
        host = f", {found.host}:{found.port}" if found and found.host else ""
        yield f"{what}: {found.status + host if found else missing}"


def resources(place: Cluster | Serverless, there: There) -> dict[str, Resource | None]:
    """Return what computes and stores, by what it is called: 'cluster sparkify'."""
    if isinstance(place, Cluster):
        return {f"cluster {place.identifier}": there.cluster}
    return {f"namespace {place.namespace}": there.namespace, f"workgroup {place.workgroup}": there.workgroup}
