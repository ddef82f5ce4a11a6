"""Clusters made, looked at and taken away: over HTTP, against moto and a stand-in for serverless."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import serverless
from cloud import Cloud, Fault
from lake import ENVIRON, PIPELINE, pipeline, target

from engine import policy, provision
from engine.aws import Aws
from engine.calls import creation, deletion
from engine.cluster import There, Wanted, wanted
from engine.errors import AwsError, WarehouseError, WarehouseUnreachable
from engine.provision import Made, Waiting, carry_out, look, mismatches, outputs


@pytest.fixture(scope="module")
def one_aws() -> dict[str, Aws]:
    """One for all tests: making clients takes longer than the calls."""
    return {}


@pytest.fixture
def aws(cloud: Cloud, one_aws: dict[str, Aws], stand_in: serverless.Serverless) -> Aws:
    return one_aws.setdefault(cloud.url, Aws())


@pytest.fixture(scope="module")
def _service() -> Iterator[serverless.Serverless]:
    with serverless.running() as service:
        yield service


@pytest.fixture
def stand_in(_service: serverless.Serverless, monkeypatch: pytest.MonkeyPatch) -> serverless.Serverless:
    monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS", _service.url)
    _service.clear()
    return _service


def want(folder: Path, name: str = "aws", text: str = PIPELINE) -> Wanted:
    document = pipeline(folder, text)
    return wanted(document, target(document, name), ENVIRON)


def create(aws: Aws, wanted: Wanted) -> list[str]:
    events = carry_out(aws, wanted, lambda there: creation(wanted, there), poll_seconds=0.01)
    return [event.call.operation for event in events if isinstance(event, Made)]


def delete(aws: Aws, wanted: Wanted, snapshot: str = "") -> list[str]:
    events = carry_out(aws, wanted, lambda there: deletion(wanted, there, snapshot), poll_seconds=0.01)
    return [event.call.operation for event in events if isinstance(event, Made)]


def test_create_makes_all_of_it_and_the_second_time_nothing(aws: Aws, cloud: Cloud, tmp_path: Path) -> None:
    wanted = want(tmp_path)
    assert create(aws, wanted) == [
        "CreateRole", "PutRolePolicy", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateCluster",
    ]  # fmt: skip
    there = look(aws, wanted)
    assert there.role and there.group and there.cluster  # noqa: PT018
    assert there.role.tag == there.group.tag == there.cluster.tag == "lake"
    assert there.group.rules == (("203.0.113.7/32", 5439),)
    assert there.cluster.status == "available"
    assert there.cluster.roles == (there.role.arn,)
    cloud.requests.clear()
    assert create(aws, wanted) == []
    assert not cloud.asked("Action=(Create|Put|Authorize|Modify|Update)")


def test_what_aws_got_is_encrypted_private_and_tagged(aws: Aws, tmp_path: Path) -> None:
    create(aws, want(tmp_path))
    (made,) = aws.call("redshift", "DescribeClusters", ClusterIdentifier="lake")["Clusters"]
    assert made["Encrypted"] is True
    assert made["PubliclyAccessible"] is False
    assert made["NumberOfNodes"] == 2
    assert made["MasterUsername"] == "etl"
    assert made["Tags"] == [{"Key": "etlrun:pipeline", "Value": "lake"}]


@pytest.mark.parametrize("killed_after", range(6))
def test_a_run_that_was_killed_goes_on(aws: Aws, tmp_path: Path, killed_after: int) -> None:
    wanted = want(tmp_path)
    events = carry_out(aws, wanted, lambda there: creation(wanted, there), poll_seconds=0.01)
    before = list(islice(events, killed_after))
    after = create(aws, wanted)
    whole = ["CreateRole", "PutRolePolicy", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateCluster"]
    assert [event.call.operation for event in before] + after == whole


@pytest.mark.parametrize("killed_after", range(4))
def test_a_deletion_that_was_killed_goes_on(aws: Aws, tmp_path: Path, killed_after: int) -> None:
    wanted = want(tmp_path)
    create(aws, wanted)
    events = carry_out(aws, wanted, lambda there: deletion(wanted, there), poll_seconds=0.01)
    before = list(islice(events, killed_after))
    after = delete(aws, wanted)
    whole = ["DeleteCluster", "DeleteSecurityGroup", "DeleteRolePolicy", "DeleteRole"]
    assert [event.call.operation for event in before] + after == whole
    assert look(aws, wanted) == There(look(aws, wanted).vpc)


@pytest.mark.parametrize(
    "action", ["CreateRole", "PutRolePolicy", "CreateSecurityGroup", "AuthorizeSec", "CreateCluster"]
)
def test_a_call_that_is_refused_is_told_and_the_next_run_goes_on(
    aws: Aws, cloud: Cloud, tmp_path: Path, action: str
) -> None:
    wanted = want(tmp_path)
    cloud.faults = [Fault(f"Action={action}", "403 Forbidden", "AccessDenied")]
    with pytest.raises(AwsError, match=f"{action}.* was refused: AccessDenied") as caught:
        create(aws, wanted)
    assert "aws sts get-caller-identity" in caught.value.hint
    create(aws, wanted)
    assert look(aws, wanted).cluster is not None


def test_delete_can_keep_a_snapshot(aws: Aws, tmp_path: Path) -> None:
    wanted = want(tmp_path)
    create(aws, wanted)
    delete(aws, wanted, "lake-last")
    (snapshot,) = aws.call("redshift", "DescribeClusterSnapshots")["Snapshots"]
    assert snapshot["SnapshotIdentifier"] == "lake-last"
    assert delete(aws, wanted) == []


def test_a_role_of_ours_that_was_changed_by_hand_is_put_right(aws: Aws, tmp_path: Path) -> None:
    wanted = want(tmp_path)
    create(aws, wanted)
    aws.call("iam", "DeleteRolePolicy", RoleName=wanted.name, PolicyName="s3")
    aws.call(
        "iam",
        "UpdateAssumeRolePolicy",
        RoleName=wanted.name,
        PolicyDocument=policy.text(policy.trust("ec2.amazonaws.com")),
    )
    assert create(aws, wanted) == ["UpdateAssumeRolePolicy", "PutRolePolicy"]


def test_another_network_replaces_the_rule(aws: Aws, tmp_path: Path) -> None:
    create(aws, want(tmp_path))
    text = PIPELINE.replace("${LAKE_CIDR}", "2001:db8::/48")
    wanted = want(tmp_path, text=text)
    assert create(aws, wanted) == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]
    group = look(aws, wanted).group
    assert group is not None
    assert group.rules == (("2001:db8::/48", 5439),)


def test_a_cluster_of_somebody_else_is_neither_taken_over_nor_deleted(aws: Aws, tmp_path: Path) -> None:
    given = {"NodeType": "ra3.large", "MasterUsername": "boss", "MasterUserPassword": "Other-Horse-1"}
    aws.call("redshift", "CreateCluster", ClusterIdentifier="lake", ClusterType="single-node", **given)
    wanted = want(tmp_path)
    with pytest.raises(WarehouseError, match="cluster lake is there already, and not of this pipeline: it has no tag"):
        create(aws, wanted)
    assert delete(aws, wanted) == []
    assert look(aws, wanted).cluster is not None


def test_what_passes_by_itself_is_waited_for(aws: Aws, cloud: Cloud, tmp_path: Path) -> None:
    wanted = want(tmp_path)
    create(aws, wanted)
    cloud.faults = [Fault("Action=DeleteSecurityGroup", "400 Bad Request", "DependencyViolation", times=2)]
    events = list(carry_out(aws, wanted, lambda there: deletion(wanted, there), poll_seconds=0.01))
    assert sum(isinstance(event, Waiting) for event in events) == 2
    assert look(aws, wanted).group is None


NEW_ROLE = "The IAM role etlrun-lake-aws is not valid. The IAM role must delegate access to an Amazon Redshift account."


def test_a_role_that_redshift_does_not_know_yet_is_waited_for(aws: Aws, cloud: Cloud, tmp_path: Path) -> None:
    cloud.faults = [Fault("Action=CreateCluster", "400 Bad Request", "InvalidParameterValue", 2, NEW_ROLE)]
    assert create(aws, want(tmp_path))[-1] == "CreateCluster"


def test_a_role_that_redshift_never_knows_is_told(
    aws: Aws, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provision, "ROLE_SECONDS", 0.05)
    cloud.faults = [Fault("Action=CreateCluster", "400 Bad Request", "InvalidParameterValue", 99, NEW_ROLE)]
    with pytest.raises(AwsError, match="redshift CreateCluster was refused: InvalidParameterValue") as caught:
        create(aws, want(tmp_path))
    assert "must delegate access" in caught.value.detail


def test_waiting_has_an_end(aws: Aws, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = want(tmp_path)
    create(aws, wanted)
    monkeypatch.setattr(provision, "LONGEST_SECONDS", 0.05)
    cloud.faults = [Fault("Action=DeleteSecurityGroup", "400 Bad Request", "DependencyViolation", times=999)]
    with pytest.raises(WarehouseError, match="ec2 DeleteSecurityGroup: nothing has moved for an hour"):
        delete(aws, wanted)


def test_an_unreachable_aws_is_told(aws: Aws, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(WarehouseUnreachable):
        create(Aws(), want(tmp_path))


def test_a_region_without_a_default_vpc_says_what_to_write(aws: Aws, tmp_path: Path) -> None:
    (vpc,) = aws.call("ec2", "DescribeVpcs")["Vpcs"]
    for subnet in aws.call("ec2", "DescribeSubnets")["Subnets"]:
        aws.call("ec2", "DeleteSubnet", SubnetId=subnet["SubnetId"])
    aws.call("ec2", "DeleteVpc", VpcId=vpc["VpcId"])
    with pytest.raises(WarehouseError, match="has no default VPC") as caught:
        create(aws, want(tmp_path))
    assert "subnet_group" in caught.value.hint


def test_a_subnet_group_says_which_vpc(aws: Aws, tmp_path: Path) -> None:
    vpc = aws.call("ec2", "CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.call("ec2", "CreateSubnet", VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
    aws.call(
        "redshift", "CreateClusterSubnetGroup", ClusterSubnetGroupName="inner", Description="d", SubnetIds=[subnet]
    )
    wanted = want(tmp_path, text=PIPELINE.replace("nodes: 2", "nodes: 2, subnet_group: inner"))
    create(aws, wanted)
    assert look(aws, wanted).vpc == vpc


# --- serverless ------------------------------------------------------------------------------------------------------


def test_serverless_is_made_and_the_second_time_nothing(
    aws: Aws, stand_in: serverless.Serverless, tmp_path: Path
) -> None:
    wanted = want(tmp_path, "serverless")
    assert create(aws, wanted) == [
        "CreateRole", "PutRolePolicy", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "CreateNamespace",
        "CreateWorkgroup",
    ]  # fmt: skip
    there = look(aws, wanted)
    assert there.role and there.workgroup and there.namespace  # noqa: PT018
    assert there.workgroup.host == "lake-work.123456789012.us-west-2.redshift-serverless.amazonaws.com"
    assert there.namespace.roles == (there.role.arn,)
    assert there.secret.startswith("arn:aws:secretsmanager:")
    given = dict(stand_in.asked)["CreateWorkgroup"]
    assert given["baseCapacity"] == 16
    assert given["publiclyAccessible"] is False
    assert create(aws, wanted) == []


@pytest.mark.parametrize("killed_after", [1, 4, 5, 7])
def test_serverless_that_was_killed_goes_on(
    aws: Aws, stand_in: serverless.Serverless, tmp_path: Path, killed_after: int
) -> None:
    wanted = want(tmp_path, "serverless")
    list(islice(carry_out(aws, wanted, lambda there: creation(wanted, there), poll_seconds=0.01), killed_after))
    create(aws, wanted)
    assert [name for name, _ in stand_in.asked].count("CreateNamespace") == 1
    assert [name for name, _ in stand_in.asked].count("CreateWorkgroup") == 1
    list(islice(carry_out(aws, wanted, lambda there: deletion(wanted, there), poll_seconds=0.01), killed_after))
    delete(aws, wanted)
    assert look(aws, wanted) == There(look(aws, wanted).vpc)


def test_serverless_gets_the_role_that_it_lacks(aws: Aws, stand_in: serverless.Serverless, tmp_path: Path) -> None:
    wanted = want(tmp_path, "serverless")
    create(aws, wanted)
    stand_in.namespaces["lake"]["iamRoles"] = ["IamRole(iamRoleArn=arn:aws:iam::1:role/x, applyStatus=in-sync)"]
    assert create(aws, wanted) == ["UpdateNamespace"]
    role = look(aws, wanted).role
    assert role is not None
    assert stand_in.namespaces["lake"]["iamRoles"] == ["arn:aws:iam::1:role/x", role.arn]


# --- what comes out --------------------------------------------------------------------------------------------------


def test_outputs_have_the_names_that_the_yaml_reads(aws: Aws, tmp_path: Path) -> None:
    wanted = want(tmp_path)
    create(aws, wanted)
    there = look(aws, wanted)
    values = outputs(target(pipeline(tmp_path)), wanted, there)
    assert there.cluster is not None
    assert values == {
        "LAKE_HOST": there.cluster.host,
        "LAKE_PORT": "5439",
        "LAKE_ROLE": "arn:aws:iam::123456789012:role/etlrun-lake-aws",
    }


def test_a_host_that_is_written_out_and_another_one_is_told(aws: Aws, tmp_path: Path) -> None:
    text = PIPELINE.replace("host: ${LAKE_HOST}", "host: other.example.com", 1)
    wanted = want(tmp_path, text=text)
    create(aws, wanted)
    (said,) = mismatches(target(pipeline(tmp_path, text)), look(aws, wanted))
    assert said.startswith("the YAML's host is other.example.com, and the cluster's is lake.")
