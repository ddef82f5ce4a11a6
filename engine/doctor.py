"""What a run on a cluster needs, checked one by one, with the mend for each."""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from . import policy
from .aws import Aws
from .buckets import Buckets
from .cluster import Resource, read_prefixes
from .connect import connect
from .environment import fill, resolve
from .errors import AwsError, InvalidPipeline, UsageError, WarehouseError, WarehouseUnreachable
from .hosts import parse_host
from .lexical import identifier, literal
from .model import Pipeline, StagingSource, Target
from .provision import find_cluster, find_workgroup
from .records import frozen
from .warehouse import Session

CONNECT_SECONDS = 5.0
_DENIED = ("AccessDenied", "AccessDeniedException", "403")
_SERVICE = "redshift.amazonaws.com"


@frozen
class Finding:
    """One thing that was looked at; `mend` says what to do about it."""

    status: Literal["ok", "wrong", "unknown"]
    what: str
    mend: str = ""


@frozen
class Examined:
    """What the checks look at. In `target` the variables are put in that are set."""

    pipeline: Pipeline
    target: Target
    written: Target
    environ: Mapping[str, str]
    aws: Aws

    @property
    def buckets(self) -> Buckets:
        return Buckets(self.aws)

    @property
    def region(self) -> str:
        """The cluster's region: as the YAML says it, or as its host does; else that of the calls."""
        host = parse_host(self.target.host)
        return self.target.region or (host.region if host else self.aws.region)


Check = Callable[[Examined], Iterator[Finding]]


def examine(pipeline: Pipeline, target: Target, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what is found, check after check; what two checks stumble over is told once.

    `target` is as written. Errors: UsageError for a target that is no cluster; WarehouseError for an AWS profile that
    is not there.
    """
    if not target.host:
        raise UsageError(f"target '{target.name}' needs nothing of AWS; doctor looks at the target of a cluster")
    filled = fill(target, environ)
    examined = Examined(pipeline, filled, target, environ, Aws(_known(filled.profile), _known(filled.region)))
    told: set[str] = set()
    for check in CHECKS:
        for finding in _guarded(check, examined):
            if finding.what not in told:
                told.add(finding.what)
                yield finding


def _guarded(check: Check, examined: Examined) -> Iterator[Finding]:
    try:
        yield from check(examined)
    except AwsError as error:
        # A run needs to do what it is denied; it does not need to look at regions, roles and clusters.
        is_only_looking = error.code in _DENIED and check in (regions, role, cluster)
        yield Finding("unknown" if is_only_looking else "wrong", str(error), error.hint or error.detail)
    except WarehouseError as error:
        yield _wrong(error)
    except WarehouseUnreachable as error:
        yield Finding("wrong", str(error), "check the network, the proxy and AWS_ENDPOINT_URL")


def _wrong(error: WarehouseError) -> Finding:
    return Finding("wrong", str(error), error.hint or error.detail)


def _known(text: str) -> str:
    """Return a setting, or nothing where a variable is still missing in it."""
    return "" if "${" in text else text


# --- environment and sign-in -----------------------------------------------------------------------------------------


def variables(examined: Examined) -> Iterator[Finding]:
    """The environment variables that the target reads are set."""
    try:
        resolve(examined.written, examined.environ)
    except InvalidPipeline as error:
        made = bool(examined.target.cluster or examined.target.serverless)
        given = [examined.written.places.get(key) for key in ("host", "iam_role", "secret")] if made else []
        for problem in error.problems:
            place = f"{problem.where}: " if problem.where else ""
            mend = "`etlrun cluster create` sets it, or set it yourself" if problem.where in given else problem.hint
            yield Finding("wrong", place + problem.message, mend)
    else:
        yield Finding("ok", f"target '{examined.target.name}' has all the environment variables that it reads")


def credentials(examined: Examined) -> Iterator[Finding]:
    """AWS knows who is signed in."""
    who = examined.aws.call("sts", "GetCallerIdentity")
    yield Finding("ok", f"signed in to AWS as {who['Arn']}")


def secret(examined: Examined) -> Iterator[Finding]:
    """The secret in place of a password can be read, and has one."""
    arn = _known(examined.target.secret)
    if arn:
        content = examined.aws.call("secretsmanager", "GetSecretValue", SecretId=arn).get("SecretString", "")
        if "password" in _mapping(content):
            yield Finding("ok", f"the secret {arn} has a password")
        else:
            yield Finding("wrong", f"the secret {arn} has no password", 'store {"username": …, "password": …} there')


def _mapping(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


# --- S3 --------------------------------------------------------------------------------------------------------------


def prefixes(examined: Examined) -> Iterator[Finding]:
    """Each prefix that a COPY reads has something in it."""
    for url in read_prefixes(examined.pipeline, examined.target):
        try:
            first = next(examined.buckets.list(url), None)
        except WarehouseError as error:
            yield _wrong(error)
            continue
        if first is None:
            yield Finding("wrong", f"{url}: no object's name starts with it", "check the prefix, and its capitals")
        else:
            yield Finding("ok", f"{url}: can be listed, and has {first.url}")


def regions(examined: Examined) -> Iterator[Finding]:
    """A bucket lies in the cluster's region, or COPY says in which."""
    for source in examined.pipeline.staging:
        bucket = "/".join(source.copy.source.split("/")[:3])
        region = examined.buckets.region_of(bucket)
        wanted = source.copy.region or examined.region
        if region != wanted:
            said = f"COPY is told {source.copy.region}" if source.copy.region else f"the cluster is in {wanted}"
            yield Finding("wrong", f"{bucket} is in {region}, and {said}", _region_mend(source, region, wanted))
        else:
            yield Finding("ok", f"{bucket} is in {region}, as COPY expects")
        if source.jsonpaths and _known(examined.target.work):
            yield from _jsonpaths_region(examined, bucket, region)


def _jsonpaths_region(examined: Examined, bucket: str, region: str) -> Iterator[Finding]:
    """An assumption: AWS does not say whether COPY reads a JSONPaths file from another region than the data's."""
    work = "/".join(examined.target.work.split("/")[:3])
    its = examined.buckets.region_of(work)
    if its != region:
        mend = f"to be sure, put 'work:' into a bucket in {region}"
        yield Finding(
            "unknown", f"{work} is in {its}, and has a JSONPaths file for {bucket}, which is in {region}", mend
        )


def _region_mend(source: StagingSource, region: str, wanted: str) -> str:
    if source.copy.format.name in ("parquet", "orc"):
        return f"COPY takes no REGION for {source.copy.format.name}: keep the files in {wanted}"
    return f"write 'copy: {{region: {region}}}' in staging source '{source.name}' ({source.where})"


def work(examined: Examined) -> Iterator[Finding]:
    """Files can be put under `work:`, and be read again."""
    if not _known(examined.target.work):
        return
    url = f"{examined.target.work}/doctor-{secrets.token_hex(4)}.txt"
    buckets = examined.buckets
    buckets.write(url, b"etlrun doctor was here; this file may go\n")
    buckets.read(url)
    yield Finding("ok", f"{examined.target.work}: can be written and read")
    try:
        buckets.delete(url)
    except AwsError as error:
        yield Finding("unknown", f"{url} stays: {error}", "etlrun deletes nothing there; remove it when you like")


# --- the role --------------------------------------------------------------------------------------------------------


def role(examined: Examined) -> Iterator[Finding]:
    """Redshift may take the role on, and the role may read what COPY reads."""
    arn = _known(examined.target.iam_role).partition(",")[0]
    if arn == "default":
        yield Finding("unknown", "COPY uses the cluster's default role, which is not looked at", "or name its ARN")
    if not arn.startswith("arn:"):
        return
    name = arn.rpartition("/")[2]
    found = examined.aws.call("iam", "GetRole", RoleName=name)["Role"]
    if policy.trusts(_document(found["AssumeRolePolicyDocument"]), _SERVICE):
        yield Finding("ok", f"Redshift may take on the role {name}")
    else:
        yield Finding("wrong", f"Redshift may not take on the role {name}", f"let its trust policy name {_SERVICE}")
    if "," in examined.target.iam_role:
        yield Finding("unknown", "the last role of the chain reads S3; its policies are not looked at")
        return
    documents = tuple(_policies(examined.aws, name))
    for url in (*read_prefixes(examined.pipeline, examined.target), *_work_files(examined)):
        yield from _readable(examined, name, documents, url)


def _work_files(examined: Examined) -> Iterator[str]:
    if _known(examined.target.work) and any(source.jsonpaths for source in examined.pipeline.staging):
        yield f"{examined.target.work}/jsonpaths/{examined.pipeline.name}/"


def _readable(examined: Examined, name: str, documents: tuple[policy.Document, ...], url: str) -> Iterator[Finding]:
    arn = f"arn:{policy.partition(examined.region)}:s3:::"
    try:
        first = next(examined.buckets.list(url), None)
    except WarehouseError:
        first = None  # told by `prefixes`
    wanted = {
        "s3:ListBucket": arn + url[5:].partition("/")[0],
        "s3:GetObject": arn + (first.url if first else url)[5:],
    }
    missing = [action for action, resource in wanted.items() if not policy.allows(documents, action, resource)]
    if missing:
        mend = f"allow {' and '.join(f'{action} on {wanted[action]}' for action in missing)}"
        yield Finding("wrong", f"the role {name} may not read {url}", mend)
    else:
        yield Finding("ok", f"the role {name} may read {url}, by its policies")


def _policies(aws: Aws, name: str) -> Iterator[policy.Document]:
    for inline in aws.call("iam", "ListRolePolicies", RoleName=name)["PolicyNames"]:
        yield _document(aws.call("iam", "GetRolePolicy", RoleName=name, PolicyName=inline)["PolicyDocument"])
    for attached in aws.call("iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = aws.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield _document(
            aws.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        )


def _document(given: Any) -> policy.Document:
    document: policy.Document = json.loads(policy.text(given))
    return document


# --- the cluster -----------------------------------------------------------------------------------------------------


def cluster(examined: Examined) -> Iterator[Finding]:
    """The cluster is there, available, and has the role."""
    target = examined.target
    host = parse_host(_known(target.host))
    if host is None:
        if _known(target.host):
            yield Finding("unknown", f"{target.host} is no endpoint of AWS, so its status cannot be asked for")
        return
    name = host.name
    if not host.is_serverless:
        found = find_cluster(examined.aws, name)
        resume = f"aws redshift resume-cluster --cluster-identifier {name}"
    else:
        found, resume = find_workgroup(examined.aws, name), "wait a little"
    yield _status(name, found, resume)
    role = _known(target.iam_role).partition(",")[0]
    if found and not host.is_serverless and role.startswith("arn:") and role not in found.roles:
        mend = f"aws redshift modify-cluster-iam-roles --cluster-identifier {name} --add-iam-roles {role}"
        yield Finding("wrong", f"the cluster {name} does not have the role {role}", mend)


def _status(name: str, found: Resource | None, resume: str) -> Finding:
    if found is None:
        return Finding("wrong", f"there is no cluster or workgroup {name}", "check the host and the region")
    if found.status == "available":
        return Finding("ok", f"{name} is available")
    return Finding(
        "wrong", f"{name} is {found.status}", resume if found.status == "paused" else "wait, or look into it"
    )


def sign_in(examined: Examined) -> Iterator[Finding]:
    """The cluster's port answers from here; it lets us in; the user may make what a run needs."""
    host, port = _known(examined.target.host), _known(examined.target.port)
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except socket.gaierror:
        yield Finding("wrong", f"the name {host} is not known", "check the host; a private cluster needs its VPC's DNS")
    except OSError as error:
        mend = "let this network in ('allow_cidr'), make the cluster 'public', or come through a VPN or its VPC"
        yield Finding("wrong", f"{host}:{port} does not answer: {error}", mend)
    else:
        yield Finding("ok", f"{host}:{port} answers")
        yield from _rights(examined)


def _rights(examined: Examined) -> Iterator[Finding]:
    try:
        resolved = resolve(examined.written, examined.environ)
    except InvalidPipeline:
        return  # the variables that are missing have been told
    warehouse = connect(resolved, examined.pipeline.folder)
    session = warehouse.open_session()
    try:
        ((user,),) = session.execute("SELECT current_user").rows
        yield Finding("ok", f"signed in to {resolved.database} as {str(user).strip()}")
        for schema in (examined.pipeline.schema, "etlrun"):
            yield _schema(session, schema, resolved.database)
    finally:
        session.close()
        warehouse.close()


def _schema(session: Session, name: str, database: str) -> Finding:
    """A run creates its schema and the ledger's where they are missing, and tables in both."""
    known = session.execute(f"SELECT COUNT(*) FROM pg_namespace WHERE nspname = {literal(name)}").rows
    if known and known[0][0]:
        question = f"SELECT has_schema_privilege({literal(name)}, 'create')"
        mend = f"GRANT USAGE, CREATE ON SCHEMA {identifier(name)} TO the user"
    else:
        question = f"SELECT has_database_privilege({literal(database)}, 'create')"
        mend = f"GRANT CREATE ON DATABASE {identifier(database)} TO the user, or create the schema {identifier(name)}"
    ((may,),) = session.execute(question).rows
    if may:
        return Finding("ok", f"may create tables in the schema {name}")
    return Finding("wrong", f"may not create tables in the schema {name}", mend)


CHECKS: tuple[Check, ...] = (variables, credentials, secret, prefixes, regions, work, role, cluster, sign_in)
"""In the order in which they are told: what a later one needs, an earlier one has looked at."""
