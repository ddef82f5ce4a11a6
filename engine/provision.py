"""Looking at what AWS has of a cluster, and making the calls that are missing, one at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from . import policy
from .aws import Aws
from .calls import Call
from .cluster import TAG, Group, Resource, Role, There, Wanted
from .errors import AwsError, WarehouseError
from .model import Cluster, Secret, Serverless, Target
from .records import frozen

POLL_SECONDS = 15.0
LONGEST_SECONDS = 60 * 60.0
_NOT_THERE = ("NoSuchEntity", "ClusterNotFound", "ClusterNotFoundFault", "ResourceNotFoundException")
_NOT_YET = ("DependencyViolation", "InvalidClusterState", "InvalidClusterStateFault", "ConflictException")
"""What passes by itself: a network card that is still attached, a change that is still going on."""
ROLE_SECONDS = 120.0
"""How long Redshift may say that a role is not valid. A new one is not known everywhere at once."""


@frozen
class Made:
    """A call was made."""

    call: Call


@frozen
class Waiting:
    """A call waits for AWS; `seconds` since the last call was made."""

    call: Call
    seconds: float


Plan = Callable[[There], tuple[Call, ...]]


def carry_out(aws: Aws, wanted: Wanted, plan: Plan, *, poll_seconds: float = POLL_SECONDS) -> Iterator[Made | Waiting]:
    """Look, make the first call of the plan, look again, until nothing is missing.

    So a run that was killed anywhere goes on when it is started again: it knows nothing that AWS does not. Errors:
    AwsError, WarehouseUnreachable; WarehouseError if nothing has moved for an hour.
    """
    last: Call | None = None
    since = time.monotonic()
    while calls := plan(look(aws, wanted)):
        call = calls[0]
        seconds = time.monotonic() - since
        # A call that is missing although it was just made: AWS does not show its effect yet.
        if not call.until and call != last and _made(aws, call, seconds):
            last, since = call, time.monotonic()
            yield Made(call)
            continue
        if seconds > LONGEST_SECONDS:
            hint = "look at it in the console; run it again, and it goes on from here"
            raise WarehouseError(f"{call.service} {call.operation}: nothing has moved for an hour", hint=hint)
        yield Waiting(call, seconds)
        time.sleep(poll_seconds)


def _made(aws: Aws, call: Call, seconds: float) -> bool:
    """Make a call; False if AWS is not ready for it yet. `seconds` is how long it has been tried."""
    parameters = {key: value.reveal() if isinstance(value, Secret) else value for key, value in call.parameters.items()}
    try:
        aws.call(call.service, call.operation, **parameters)
    except AwsError as error:
        if error.code in _NOT_YET or (seconds < ROLE_SECONDS and _is_new_role(error)):
            return False
        raise
    return True


def _is_new_role(error: AwsError) -> bool:
    """Tell whether Redshift does not know a role yet.

    Source: https://github.com/hashicorp/terraform-provider-aws/issues/19113; of serverless it is an assumption.
    """
    return error.code in ("InvalidParameterValue", "ValidationException") and "role" in error.detail.lower()


# --- looking ---------------------------------------------------------------------------------------------------------


def look(aws: Aws, wanted: Wanted) -> There:
    """Return what AWS has of what is wanted. Errors: AwsError, WarehouseUnreachable."""
    vpc = _vpc(aws, wanted.place)
    role, group = _role(aws, wanted.name), _group(aws, wanted.name, vpc)
    if isinstance(wanted.place, Cluster):
        return There(vpc, role, group, cluster=find_cluster(aws, wanted.place.identifier))
    return There(
        vpc, role, group, namespace=_namespace(aws, wanted.place), workgroup=find_workgroup(aws, wanted.place.workgroup)
    )


def _found(aws: Aws, service: str, operation: str, /, **parameters: Any) -> dict[str, Any] | None:
    try:
        return aws.call(service, operation, **parameters)
    except AwsError as error:
        if error.code in _NOT_THERE:
            return None
        raise


def _vpc(aws: Aws, place: Cluster | Serverless) -> str:
    if isinstance(place, Cluster) and place.subnet_group:
        groups = aws.call("redshift", "DescribeClusterSubnetGroups", ClusterSubnetGroupName=place.subnet_group)
        return str(groups["ClusterSubnetGroups"][0]["VpcId"])
    if isinstance(place, Serverless) and place.subnets:
        subnets = aws.call("ec2", "DescribeSubnets", SubnetIds=list(place.subnets))
        return str(subnets["Subnets"][0]["VpcId"])
    found = aws.call("ec2", "DescribeVpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    if not found:
        key = "subnet_group" if isinstance(place, Cluster) else "subnets"
        raise WarehouseError(
            f"region {aws.region} has no default VPC", hint=f"say where the cluster is to lie: '{key}:'"
        )
    return str(found[0]["VpcId"])


def _role(aws: Aws, name: str) -> Role | None:
    found = _found(aws, "iam", "GetRole", RoleName=name)
    if found is None:
        return None
    tags = aws.call("iam", "ListRoleTags", RoleName=name)["Tags"]
    rights = _found(aws, "iam", "GetRolePolicy", RoleName=name, PolicyName="s3")
    trust = policy.text(found["Role"]["AssumeRolePolicyDocument"])
    return Role(found["Role"]["Arn"], _tag(tags), trust, policy.text(rights["PolicyDocument"]) if rights else "")


def _group(aws: Aws, name: str, vpc: str) -> Group | None:
    filters = [{"Name": "group-name", "Values": [name]}, {"Name": "vpc-id", "Values": [vpc]}]
    found = aws.call("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
    if not found:
        return None
    return Group(found[0]["GroupId"], _tag(found[0].get("Tags", ())), tuple(_rules(found[0]["IpPermissions"])))


def _rules(permissions: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    for permission in permissions:
        for each in (*permission.get("IpRanges", ()), *permission.get("Ipv6Ranges", ())):
            yield each.get("CidrIp") or each["CidrIpv6"], permission.get("FromPort", 0)


def find_cluster(aws: Aws, identifier: str) -> Resource | None:
    """Return a provisioned cluster, or None if there is none of that name."""
    answer = _found(aws, "redshift", "DescribeClusters", ClusterIdentifier=identifier)
    if answer is None:
        return None
    found = answer["Clusters"][0]
    public = str(found.get("PubliclyAccessible", False)).lower()
    shape = (("node_type", found["NodeType"]), ("nodes", str(found.get("NumberOfNodes", 1))), ("public", public))
    endpoint = found.get("Endpoint", {})
    return Resource(
        found["ClusterStatus"].lower(), _tag(found.get("Tags", ())), endpoint.get("Address", ""),
        endpoint.get("Port", 0), tuple(each["IamRoleArn"] for each in found.get("IamRoles", ())),
        found.get("MasterPasswordSecretArn", ""), shape,
    )  # fmt: skip


def _namespace(aws: Aws, place: Serverless) -> Resource | None:
    answer = _found(aws, "redshift-serverless", "GetNamespace", namespaceName=place.namespace)
    if answer is None:
        return None
    found = answer["namespace"]
    tag = _serverless_tag(aws, found["namespaceArn"])
    roles = tuple(map(_role_arn, found.get("iamRoles", ())))
    return Resource(found["status"].lower(), tag, roles=roles, secret=found.get("adminPasswordSecretArn", ""))


def find_workgroup(aws: Aws, name: str) -> Resource | None:
    """Return a serverless workgroup, or None if there is none of that name."""
    answer = _found(aws, "redshift-serverless", "GetWorkgroup", workgroupName=name)
    if answer is None:
        return None
    found = answer["workgroup"]
    endpoint = found.get("endpoint") or {}
    public = str(found.get("publiclyAccessible", False)).lower()
    return Resource(
        found["status"].lower(), _serverless_tag(aws, found["workgroupArn"]), endpoint.get("address", ""),
        endpoint.get("port", 0), shape=(("base_capacity", str(found.get("baseCapacity", ""))), ("public", public)),
    )  # fmt: skip


def _role_arn(said: str) -> str:
    """Serverless says roles as 'IamRole(applyStatus=in-sync, iamRoleArn=arn:…)', where an ARN was given."""
    match = re.search(r"arn:[\w-]+:iam::\d*:role/[\w+=,.@/-]*[\w+=.@-]", said)
    return match[0] if match else said


def _serverless_tag(aws: Aws, arn: str) -> str:
    return _tag(aws.call("redshift-serverless", "ListTagsForResource", resourceArn=arn)["tags"])


def _tag(tags: Any) -> str:
    pairs = ((each.get("Key", each.get("key")), each.get("Value", each.get("value"))) for each in tags)
    return next((str(value) for key, value in pairs if key == TAG), "")


# --- what comes out --------------------------------------------------------------------------------------------------

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}")


def outputs(target: Target, wanted: Wanted, there: There) -> dict[str, str]:
    """Return what a run needs to know of the cluster, by the names of the variables that the YAML reads it from.

    `target` is as written, its variables not put in: host: ${DWH_HOST} gives DWH_HOST.
    """
    endpoint = there.endpoint or Resource("", "")
    role = wanted.role or (there.role.arn if there.role else "")
    said = {target.host: endpoint.host, target.port: str(endpoint.port or ""), target.iam_role: role}
    values = {**said, target.secret: there.secret}
    found = {match[1]: value for text, value in values.items() if (match := _VARIABLE.fullmatch(text)) and value}
    return dict(sorted(found.items()))


def mismatches(target: Target, there: There) -> Iterator[str]:
    """Yield what the YAML writes out and the cluster does not have: a host that is another one's."""
    host = there.endpoint.host if there.endpoint else ""
    if host and "${" not in target.host and target.host != host:
        yield f"the YAML's host is {target.host}, and the cluster's is {host}: write host: ${{DWH_HOST}}"
