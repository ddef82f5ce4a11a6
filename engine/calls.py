"""A cluster that is wanted x what is there -> the calls to AWS that are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from .cluster import TAG, Resource, Role, There, Wanted, resources
from .errors import WarehouseError
from .model import Cluster, Secret, Serverless
from .records import frozen

_AT_WORK = ("creating", "modifying", "rebooting", "resizing", "renaming", "rotating-keys", "updating-hsm", "resuming")
_GOING = ("deleting", "final-snapshot")


@frozen
class Call:
    """A call to AWS in AWS's own words. One with `until` looks again and again, and changes nothing."""

    service: str
    operation: str
    parameters: Mapping[str, Any]
    until: str = ""


# --- create ----------------------------------------------------------------------------------------------------------


def creation(wanted: Wanted, there: There) -> tuple[Call, ...]:
    """Return the calls that are missing, in order; none if all is there and ready.

    Only the first is sure to have all its values: what a later one needs may be a <placeholder>. So the first is made,
    and then AWS is looked at again. Errors: WarehouseError for what bears our name and not our tag, or will not come.
    """
    _refuse_foreign(wanted, there)
    role = wanted.role or (there.role.arn if there.role else f"<ARN of {wanted.name}>")
    group = there.group.id if there.group else f"<id of {wanted.name}>"
    if isinstance(wanted.place, Cluster):
        place = _cluster_calls(wanted, wanted.place, there.cluster, role, group)
    else:
        place = _serverless_calls(wanted, wanted.place, there, role, group)
    return (*_role_calls(wanted, there.role), *_group_calls(wanted, there), *place)


def _refuse_foreign(wanted: Wanted, there: There) -> None:
    for what, tag in _tags(wanted, there):
        if tag != wanted.pipeline:
            said = f"its tag {TAG} is '{tag}'" if tag else f"it has no tag {TAG}"
            hint = "choose another name in the YAML, or tag it if it is this pipeline's"
            raise WarehouseError(f"the {what} is there already, and not of this pipeline: {said}", hint=hint)


def _tags(wanted: Wanted, there: There) -> Iterator[tuple[str, str]]:
    """Yield what there is, in words, with its tag."""
    shared = {f"role {wanted.name}": there.role, f"security group {wanted.name}": there.group}
    for what, found in {**shared, **resources(wanted.place, there)}.items():
        if found is not None:
            yield what, found.tag


def _role_calls(wanted: Wanted, there: Role | None) -> Iterator[Call]:
    if wanted.role:
        return
    name = {"RoleName": wanted.name}
    if there is None:
        said = {"Description": f"What Redshift reads and writes for the pipeline {wanted.pipeline}"}
        document = {"AssumeRolePolicyDocument": wanted.trust}
        yield Call("iam", "CreateRole", {**name, **said, **document, "Tags": _tag(wanted)})
    elif there.trust != wanted.trust:
        yield Call("iam", "UpdateAssumeRolePolicy", {**name, "PolicyDocument": wanted.trust})
    if there is None or there.policy != wanted.policy:
        yield Call("iam", "PutRolePolicy", {**name, "PolicyName": "s3", "PolicyDocument": wanted.policy})


def _group_calls(wanted: Wanted, there: There) -> Iterator[Call]:
    group = there.group
    rule = (wanted.cidr, wanted.port)
    if group is None:
        tags = [{"ResourceType": "security-group", "Tags": _tag(wanted)}]
        said = f"Who may connect to the cluster of the pipeline {wanted.pipeline}"
        names = {"GroupName": wanted.name, "Description": said, "VpcId": there.vpc}
        yield Call("ec2", "CreateSecurityGroup", {**names, "TagSpecifications": tags})
    if wanted.cidr and (group is None or rule not in group.rules):
        yield _rule_call("AuthorizeSecurityGroupIngress", group.id if group else f"<id of {wanted.name}>", *rule)
    for other in group.rules if group else ():
        if other != rule:
            yield _rule_call("RevokeSecurityGroupIngress", group.id if group else "", *other)


def _rule_call(operation: str, group: str, cidr: str, port: int) -> Call:
    ranges = {"Ipv6Ranges": [{"CidrIpv6": cidr}]} if ":" in cidr else {"IpRanges": [{"CidrIp": cidr}]}
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **ranges}
    return Call("ec2", operation, {"GroupId": group, "IpPermissions": [permission]})


def _cluster_calls(wanted: Wanted, place: Cluster, there: Resource | None, role: str, group: str) -> Iterator[Call]:
    name = {"ClusterIdentifier": place.identifier}
    wait = Call("redshift", "DescribeClusters", name, until="available")
    default = {"DefaultIamRoleArn": role} if wanted.is_default_role else {}
    if there is None:
        nodes = {"NumberOfNodes": place.nodes} if place.nodes > 1 else {}
        password = {"MasterUserPassword": wanted.password} if wanted.password else {"ManageMasterPassword": True}
        optional = {"ClusterSubnetGroupName": place.subnet_group, "KmsKeyId": place.kms_key}
        parameters = {
            **name, "ClusterType": "multi-node" if nodes else "single-node", "NodeType": place.node_type, **nodes,
            "DBName": wanted.database, "Port": wanted.port, "MasterUsername": wanted.user, **password,
            "Encrypted": True, "PubliclyAccessible": place.public, "VpcSecurityGroupIds": [group], "IamRoles": [role],
            **default, **{key: value for key, value in optional.items() if value}, "Tags": _tag(wanted),
        }  # fmt: skip
        yield Call("redshift", "CreateCluster", parameters)
        yield wait
    elif there.status in _GOING:
        yield replace(wait, until="gone")
        yield from _cluster_calls(wanted, place, None, role, group)
    elif not _is_ready(f"cluster {place.identifier}", there):
        yield wait
    elif role not in there.roles:
        yield Call("redshift", "ModifyClusterIamRoles", {**name, "AddIamRoles": [role], **default})


def _serverless_calls(wanted: Wanted, place: Serverless, there: There, role: str, group: str) -> Iterator[Call]:
    namespace, workgroup = there.namespace, there.workgroup
    name = {"namespaceName": place.namespace}
    default = {"defaultIamRoleArn": role} if wanted.is_default_role else {}
    tags = [{"key": TAG, "value": wanted.pipeline}]
    if namespace is not None and not _is_ready(f"namespace {place.namespace}", namespace):
        until = "gone" if namespace.status in _GOING else "available"
        yield Call("redshift-serverless", "GetNamespace", name, until=until)
    if namespace is None or namespace.status in _GOING:
        secret = {"adminUserPassword": wanted.password} if wanted.password else {"manageAdminPassword": True}
        key = {"kmsKeyId": place.kms_key} if place.kms_key else {}
        user = {"adminUsername": wanted.user, **secret, "dbName": wanted.database}
        parameters = {**name, **user, "iamRoles": [role], **default, **key, "tags": tags}
        yield Call("redshift-serverless", "CreateNamespace", parameters)
    elif role not in namespace.roles:
        roles = [*namespace.roles, role]
        yield Call("redshift-serverless", "UpdateNamespace", {**name, "iamRoles": roles, **default})
    work = {"workgroupName": place.workgroup}
    if workgroup is not None and workgroup.status in _GOING:
        yield Call("redshift-serverless", "GetWorkgroup", work, until="gone")
    if workgroup is None or workgroup.status in _GOING:
        subnets = {"subnetIds": list(place.subnets)} if place.subnets else {}
        reach = {"publiclyAccessible": place.public, "securityGroupIds": [group], **subnets, "port": wanted.port}
        parameters = {**work, **name, "baseCapacity": place.base_capacity, **reach, "tags": tags}
        yield Call("redshift-serverless", "CreateWorkgroup", parameters)
    if workgroup is None or not _is_ready(f"workgroup {place.workgroup}", workgroup):
        yield Call("redshift-serverless", "GetWorkgroup", work, until="available")


def _is_ready(what: str, there: Resource) -> bool:
    """Tell whether it can be used. Errors: WarehouseError if waiting would not help."""
    if there.status in (*_AT_WORK, *_GOING):
        return False
    if there.status.partition(",")[0] != "available":
        raise WarehouseError(f"the {what} is '{there.status}'", hint="look at it in the console, mend it, run it again")
    return True


def _tag(wanted: Wanted) -> list[dict[str, str]]:
    return [{"Key": TAG, "Value": wanted.pipeline}]


# --- delete ----------------------------------------------------------------------------------------------------------


def deletion(wanted: Wanted, there: There, snapshot: str = "") -> tuple[Call, ...]:
    """Return the calls that take away what bears this pipeline's tag, and nothing else.

    `snapshot` names the final snapshot of the data; without one the data is gone.
    """
    mine = replace(
        there, role=_mine(wanted, there.role), group=_mine(wanted, there.group), cluster=_mine(wanted, there.cluster),
        namespace=_mine(wanted, there.namespace), workgroup=_mine(wanted, there.workgroup),
    )  # fmt: skip
    if isinstance(wanted.place, Cluster):
        place = _cluster_deletion(wanted.place, mine.cluster, snapshot)
    else:
        place = _serverless_deletion(wanted.place, mine, snapshot)
    return (*place, *_shared_deletion(wanted, mine))


def left_alone(wanted: Wanted, there: There) -> tuple[str, ...]:
    """Return what is there under a name of ours and stays, since its tag is not ours."""
    return tuple(what for what, tag in _tags(wanted, there) if tag != wanted.pipeline)


def _mine(wanted: Wanted, found: Any) -> Any:
    return found if found is not None and found.tag == wanted.pipeline else None


def _cluster_deletion(place: Cluster, there: Resource | None, snapshot: str) -> Iterator[Call]:
    if there is None:
        return
    name = {"ClusterIdentifier": place.identifier}
    if there.status in _AT_WORK:
        yield Call("redshift", "DescribeClusters", name, until="available")
    if there.status not in _GOING:
        final = {"FinalClusterSnapshotIdentifier": snapshot} if snapshot else {}
        yield Call("redshift", "DeleteCluster", {**name, "SkipFinalClusterSnapshot": not snapshot, **final})
    yield Call("redshift", "DescribeClusters", name, until="gone")


def _serverless_deletion(place: Serverless, there: There, snapshot: str) -> Iterator[Call]:
    parts: tuple[tuple[str, dict[str, str], Resource | None, dict[str, str]], ...] = (
        ("Workgroup", {"workgroupName": place.workgroup}, there.workgroup, {}),
        ("Namespace", {"namespaceName": place.namespace}, there.namespace, {"finalSnapshotName": snapshot}),
    )
    for what, name, found, final in parts:
        if found is None:
            continue
        if found.status in _AT_WORK:
            yield Call("redshift-serverless", f"Get{what}", name, until="available")
        if found.status not in _GOING:
            kept = {key: value for key, value in final.items() if value}
            yield Call("redshift-serverless", f"Delete{what}", {**name, **kept})
        yield Call("redshift-serverless", f"Get{what}", name, until="gone")


def _shared_deletion(wanted: Wanted, there: There) -> Iterator[Call]:
    if there.group:
        yield Call("ec2", "DeleteSecurityGroup", {"GroupId": there.group.id})
    if there.role:
        if there.role.policy:
            yield Call("iam", "DeleteRolePolicy", {"RoleName": wanted.name, "PolicyName": "s3"})
        yield Call("iam", "DeleteRole", {"RoleName": wanted.name})


# --- in words --------------------------------------------------------------------------------------------------------


def call_text(call: Call) -> Iterator[str]:
    """Yield the lines of a call: its name, then its parameters; a password shows as ***."""
    yield f"{call.service} {call.operation}" + (f", until {call.until}" if call.until else "")
    for key, value in call.parameters.items():
        if isinstance(value, str) and value.startswith("{"):
            yield f"    {key}:"
            yield from (f"      {line}" for line in json.dumps(json.loads(value), indent=2).split("\n"))
        else:
            yield f"    {key}: {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, Secret):
        return "***"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
