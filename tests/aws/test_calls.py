"""What is wanted x what is there -> the calls that are missing: a pure function, tried from everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lake import ENVIRON, PIPELINE, pipeline, target

from engine.calls import Call, call_text, creation, deletion, left_alone
from engine.cluster import Group, Resource, Role, There, Wanted, differences, state_text, unread, wanted
from engine.environment import resolve
from engine.errors import InvalidPipeline, UsageError, WarehouseError

VPC = "vpc-1"


def want(folder: Path, name: str = "aws", text: str = PIPELINE, environ: dict[str, str] = ENVIRON) -> Wanted:
    document = pipeline(folder, text)
    return wanted(document, target(document, name), environ)


def operations(calls: tuple[Call, ...]) -> list[str]:
    return [f"{call.operation} until {call.until}" if call.until else call.operation for call in calls]


def made(call: Call, there: There, wanted: Wanted) -> There:
    """What is there after a call: AWS in a few lines."""
    given = call.parameters
    tag = wanted.pipeline
    match call.operation:
        case "CreateRole":
            return replace(there, role=Role("arn:role", tag, given["AssumeRolePolicyDocument"], ""))
        case "UpdateAssumeRolePolicy" if there.role:
            return replace(there, role=replace(there.role, trust=given["PolicyDocument"]))
        case "PutRolePolicy" if there.role:
            return replace(there, role=replace(there.role, policy=given["PolicyDocument"]))
        case "DeleteRolePolicy" if there.role:
            return replace(there, role=replace(there.role, policy=""))
        case "DeleteRole":
            return replace(there, role=None)
        case "CreateSecurityGroup":
            return replace(there, group=Group("sg-1", tag, ()))
        case "AuthorizeSecurityGroupIngress" if there.group:
            return replace(there, group=replace(there.group, rules=(*there.group.rules, _rule(call))))
        case "RevokeSecurityGroupIngress" if there.group:
            rules = tuple(rule for rule in there.group.rules if rule != _rule(call))
            return replace(there, group=replace(there.group, rules=rules))
        case "DeleteSecurityGroup":
            return replace(there, group=None)
        case "CreateCluster":
            return replace(there, cluster=Resource("creating", tag, roles=tuple(given["IamRoles"])))
        case "ModifyClusterIamRoles" if there.cluster:
            return replace(there, cluster=replace(there.cluster, roles=tuple(given["AddIamRoles"])))
        case "DeleteCluster" if there.cluster:
            return replace(there, cluster=replace(there.cluster, status="deleting"))
        case "CreateNamespace":
            return replace(there, namespace=Resource("modifying", tag, roles=tuple(given["iamRoles"])))
        case "UpdateNamespace" if there.namespace:
            return replace(there, namespace=replace(there.namespace, roles=tuple(given["iamRoles"])))
        case "CreateWorkgroup":
            return replace(there, workgroup=Resource("creating", tag))
        case "DeleteNamespace" if there.namespace:
            return replace(there, namespace=replace(there.namespace, status="deleting"))
        case "DeleteWorkgroup" if there.workgroup:
            return replace(there, workgroup=replace(there.workgroup, status="deleting"))
        case "DescribeClusters":
            return replace(there, cluster=_waited(there.cluster))
        case "GetNamespace":
            return replace(there, namespace=_waited(there.namespace))
        case "GetWorkgroup":
            return replace(there, workgroup=_waited(there.workgroup))
    raise AssertionError(call)


def _rule(call: Call) -> tuple[str, int]:
    (permission,) = call.parameters["IpPermissions"]
    (cidr,) = permission.get("IpRanges") or permission["Ipv6Ranges"]
    return next(iter(cidr.values())), permission["FromPort"]


def _waited(there: Resource | None) -> Resource | None:
    return None if there is None or there.status == "deleting" else replace(there, status="available")


statuses = st.sampled_from(["creating", "available", "modifying", "deleting", "resizing"])


@st.composite
def theres(draw: st.DrawFn, tag: str = "lake") -> There:
    """Whatever a kill, a hand in the console or an older YAML may have left behind."""
    texts = st.sampled_from(["", "{}"])
    roles = st.sampled_from([(), ("arn:role",), ("arn:other",)])
    rules = st.lists(st.sampled_from([("203.0.113.7/32", 5439), ("10.0.0.0/8", 5439), ("::/0", 22)]), unique=True)
    resources = st.none() | st.builds(Resource, statuses, st.just(tag), roles=roles)
    return There(
        VPC,
        draw(st.none() | st.builds(Role, st.just("arn:role"), st.just(tag), texts, texts)),
        draw(st.none() | st.builds(Group, st.just("sg-1"), st.just(tag), rules.map(tuple))),
        cluster=draw(resources), namespace=draw(resources), workgroup=draw(resources),
    )  # fmt: skip


def of_its_kind(there: There, wanted: Wanted) -> There:
    """Without what the target is not: a cluster has no namespace."""
    if hasattr(wanted.place, "identifier"):
        return replace(there, namespace=None, workgroup=None)
    return replace(there, cluster=None)


@pytest.fixture(scope="module", params=["aws", "serverless"])
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Wanted:
    return want(tmp_path_factory.mktemp("lake"), request.param)


@given(there=theres())
def test_creation_comes_to_an_end_from_wherever_it_starts(asked: Wanted, there: There) -> None:
    there = of_its_kind(there, asked)
    for _ in range(25):
        calls = creation(asked, there)
        if not calls:
            break
        assert "<" not in json.dumps(dict(calls[0].parameters)), "the first call must know all its values"
        there = made(calls[0], there, asked)
    else:
        raise AssertionError("it goes on for ever")
    assert there.group
    assert there.group.rules == (("203.0.113.7/32", 5439),)
    assert there.role
    assert (there.role.trust, there.role.policy) == (asked.trust, asked.policy)
    assert there.endpoint
    assert there.endpoint.status == "available"
    holder = there.cluster or there.namespace
    assert holder
    assert there.role.arn in holder.roles


@given(there=theres())
def test_deletion_leaves_nothing_of_ours(asked: Wanted, there: There) -> None:
    there = of_its_kind(there, asked)
    for _ in range(25):
        calls = deletion(asked, there)
        if not calls:
            break
        there = made(calls[0], there, asked)
    assert there == There(VPC)


@pytest.mark.parametrize("tag", ["", "other"])
@given(data=st.data())
def test_what_is_not_tagged_as_ours_is_neither_changed_nor_deleted(
    asked: Wanted, tag: str, data: st.DataObject
) -> None:
    there = of_its_kind(data.draw(theres(tag)), asked)
    assert deletion(asked, there) == ()
    found = [each for each in (there.role, there.group, there.cluster, there.namespace, there.workgroup) if each]
    assert len(left_alone(asked, there)) == len(found)
    if found:
        with pytest.raises(WarehouseError, match="is there already, and not of this pipeline"):
            creation(asked, there)


def test_creation_of_a_cluster_from_nothing(tmp_path: Path) -> None:
    calls = creation(want(tmp_path), There())
    assert operations(calls) == [
        "CreateRole", "PutRolePolicy", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress",
        "CreateCluster", "DescribeClusters until available",
    ]  # fmt: skip
    cluster = calls[4].parameters
    assert cluster["Encrypted"] is True
    assert cluster["PubliclyAccessible"] is False
    assert (cluster["ClusterType"], cluster["NumberOfNodes"], cluster["NodeType"]) == ("multi-node", 2, "ra3.large")
    assert cluster["MasterUserPassword"].reveal() == "Correct-Horse-1"
    assert cluster["IamRoles"] == ["<ARN of etlrun-lake-aws>"]
    assert "DefaultIamRoleArn" not in cluster


def test_everything_that_is_made_is_tagged(tmp_path: Path) -> None:
    for name in ("aws", "serverless"):
        for call in creation(want(tmp_path, name), There()):
            if call.operation.startswith("Create"):
                assert '"etlrun:pipeline"' in json.dumps(dict(call.parameters)), call.operation


def test_one_node_is_a_single_node_cluster(tmp_path: Path) -> None:
    text = PIPELINE.replace("nodes: 2", "nodes: 1, public: true, kms_key: alias/lake, subnet_group: inner")
    cluster = creation(want(tmp_path, text=text), There())[4].parameters
    assert cluster["ClusterType"] == "single-node"
    assert "NumberOfNodes" not in cluster
    assert cluster["PubliclyAccessible"] is True
    assert (cluster["KmsKeyId"], cluster["ClusterSubnetGroupName"]) == ("alias/lake", "inner")


def test_a_secret_in_place_of_a_password_is_kept_by_aws(tmp_path: Path) -> None:
    text = PIPELINE.replace("    password: ${LAKE_PASSWORD}\n", "    secret: ${LAKE_SECRET}\n")
    cluster = creation(want(tmp_path, text=text), There())[4].parameters
    assert cluster["ManageMasterPassword"] is True
    assert "MasterUserPassword" not in cluster
    (namespace,) = (c for c in creation(want(tmp_path, "serverless"), There()) if c.operation == "CreateNamespace")
    assert namespace.parameters["manageAdminPassword"] is True


def test_the_default_role_is_made_the_default(tmp_path: Path) -> None:
    text = PIPELINE.replace("    iam_role: ${LAKE_ROLE}\n", "")
    calls = creation(want(tmp_path, text=text), There())
    assert calls[4].parameters["DefaultIamRoleArn"] == "<ARN of etlrun-lake-aws>"


def test_a_role_of_one_s_own_is_used_and_not_touched(tmp_path: Path) -> None:
    arn = "arn:aws:iam::123456789012:role/mine"
    text = PIPELINE.replace("${LAKE_ROLE}", f"{arn},arn:aws:iam::210987654321:role/theirs")
    calls = creation(want(tmp_path, text=text), There())
    assert not [call for call in calls if call.service == "iam"]
    assert calls[2].parameters["IamRoles"] == [arn]


def test_without_a_network_nobody_may_connect(tmp_path: Path) -> None:
    text = PIPELINE.replace("    allow_cidr: ${LAKE_CIDR}\n", "")
    assert "AuthorizeSecurityGroupIngress" not in operations(creation(want(tmp_path, text=text), There()))


def test_another_network_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    there = There(VPC, group=Group("sg-1", "lake", (("10.0.0.0/8", 5439),)))
    calls = [call for call in creation(want(tmp_path), there) if call.service == "ec2"]
    assert operations(tuple(calls)) == ["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]
    assert _rule(calls[1]) == ("10.0.0.0/8", 5439)


def test_ipv6_networks_are_said_in_their_own_key(tmp_path: Path) -> None:
    calls = creation(want(tmp_path, environ={**ENVIRON, "LAKE_CIDR": "2001:db8::/48"}), There())
    assert calls[3].parameters["IpPermissions"][0]["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/48"}]


def test_final_snapshot_is_asked_for_by_name(tmp_path: Path) -> None:
    there = There(VPC, cluster=Resource("available", "lake"))
    (first, *_) = deletion(want(tmp_path), there, "lake-last")
    assert first.parameters == {
        "ClusterIdentifier": "lake", "SkipFinalClusterSnapshot": False, "FinalClusterSnapshotIdentifier": "lake-last",
    }  # fmt: skip
    (first, *_) = deletion(want(tmp_path), there)
    assert first.parameters == {"ClusterIdentifier": "lake", "SkipFinalClusterSnapshot": True}
    there = There(VPC, namespace=Resource("available", "lake"))
    (first, *_) = deletion(want(tmp_path, "serverless"), there, "lake-last")
    assert first.parameters == {"namespaceName": "lake", "finalSnapshotName": "lake-last"}


def test_a_status_that_waiting_does_not_mend_is_told(tmp_path: Path) -> None:
    there = There(VPC, cluster=Resource("incompatible-network", "lake"))
    with pytest.raises(WarehouseError, match="the cluster lake is 'incompatible-network'"):
        creation(want(tmp_path), there)


def test_differences_are_told_and_not_mended(tmp_path: Path) -> None:
    shape = (("node_type", "ra3.4xlarge"), ("nodes", "2"), ("public", "true"))
    there = There(VPC, cluster=Resource("available", "lake", shape=shape))
    assert list(differences(want(tmp_path), there)) == [
        "node_type is ra3.4xlarge, and the YAML says ra3.large",
        "public is true, and the YAML says false",
    ]


def test_no_password_is_in_what_is_shown(tmp_path: Path) -> None:
    wanted = want(tmp_path)
    shown = "\n".join(line for call in creation(wanted, There()) for line in call_text(call))
    assert "    MasterUserPassword: ***" in shown
    for text in (shown, repr(wanted), repr(creation(wanted, There()))):
        assert "Correct-Horse" not in text


def test_call_text_reads_like_aws(tmp_path: Path) -> None:
    lines = list(call_text(creation(want(tmp_path), There())[2]))
    assert lines == [
        "ec2 CreateSecurityGroup",
        "    GroupName: etlrun-lake-aws",
        "    Description: Who may connect to the cluster of the pipeline lake",
        "    VpcId: <id of the default VPC>",
        (
            '    TagSpecifications: [{"ResourceType": "security-group", '
            '"Tags": [{"Key": "etlrun:pipeline", "Value": "lake"}]}]'
        ),
    ]


# --- what is wanted --------------------------------------------------------------------------------------------------


def problems(folder: Path, text: str = PIPELINE, **environ: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidPipeline) as caught:
        want(folder, text=text, environ={**ENVIRON, **environ})
    return [
        (f"{problem.where.line if problem.where else 0}: {problem.message}", problem.hint)
        for problem in caught.value.problems
    ]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0"])
def test_the_whole_internet_must_be_spelled_out(tmp_path: Path, cidr: str) -> None:
    ((message, hint),) = problems(tmp_path, LAKE_CIDR=cidr)
    assert message == f"15: {cidr} lets the whole internet try to sign in"
    assert "--allow-any-address" in hint
    document = pipeline(tmp_path)
    assert wanted(document, target(document), {**ENVIRON, "LAKE_CIDR": cidr}, any_address=True).cidr == cidr


@pytest.mark.parametrize(
    ("cidr", "hint"),
    [
        ("203.0.113.7/24", "did you mean 203.0.113.0/24?"),
        ("everywhere", "write an address and its fixed bits: 203.0.113.7/32"),
    ],
)
def test_what_is_no_network_is_told(tmp_path: Path, cidr: str, hint: str) -> None:
    assert problems(tmp_path, LAKE_CIDR=cidr) == [(f"15: '{cidr}' is no network", hint)]


@pytest.mark.parametrize(
    "password",
    [
        "short1A",
        "nocapital1",
        "NOSMALL11",
        "NoDigitsAtAll",
        "With Blank1",
        "With@Sign1",
        "With'1Quote",
        "A1" + "x" * 63,
    ],
)
def test_a_password_that_redshift_would_not_take_is_told_and_not_shown(tmp_path: Path, password: str) -> None:
    ((message, hint),) = problems(tmp_path, LAKE_PASSWORD=password)
    assert message == "10: Redshift would not take this password"
    assert password not in f"{message} {hint}"


def test_unset_variables_are_told_but_for_those_that_the_cluster_gives(tmp_path: Path) -> None:
    with pytest.raises(InvalidPipeline) as caught:
        want(tmp_path, environ={})
    assert [problem.message for problem in caught.value.problems] == [
        "the environment variable LAKE_PASSWORD is not set",
        "the environment variable LAKE_CIDR is not set",
    ]


def test_a_run_needs_no_variable_that_only_provisioning_reads(tmp_path: Path) -> None:
    given = {"LAKE_HOST": "h", "LAKE_PASSWORD": "p", "LAKE_ROLE": "r"}
    found = resolve(target(pipeline(tmp_path)), given)
    assert (found.host, found.allow_cidr) == ("h", "${LAKE_CIDR}")


def test_a_target_without_a_cluster_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="target 'local' asks for no cluster: give it 'cluster:' or 'serverless:'"):
        want(tmp_path, "local")


def test_names_are_such_that_aws_takes_them(tmp_path: Path) -> None:
    long = want(tmp_path, text=PIPELINE.replace("name: lake\n", f"name: {'län' * 30}\n", 1))
    other = want(tmp_path, text=PIPELINE.replace("name: lake\n", f"name: {'län' * 31}\n", 1))
    assert len(long.name) == 64
    assert long.name.isascii()
    assert long.name != other.name


def test_what_a_manifest_names_must_be_listed(tmp_path: Path) -> None:
    text = PIPELINE.replace("    jsonpaths: s3://lake/paths/people.json\n", "    copy: {manifest: true}\n")
    document = pipeline(tmp_path, text)
    (said,) = unread(document, target(document))
    assert said.startswith("staging source 'people' loads what a manifest names: list those prefixes under 'reads:'")
    listed = text.replace("    cluster: {identifier", "    reads: [s3://lake/parts/]\n    cluster: {identifier", 1)
    document = pipeline(tmp_path, listed)
    assert list(unread(document, target(document))) == []
    assert "arn:aws:s3:::lake/parts/*" in want(tmp_path, text=listed).policy


def test_state_is_told_in_words(tmp_path: Path) -> None:
    wanted = want(tmp_path)
    assert list(state_text(wanted, There())) == [
        "role etlrun-lake-aws: not there", "security group etlrun-lake-aws: not there", "cluster lake: not there",
    ]  # fmt: skip
    there = There(
        VPC, Role("arn:aws:iam::1:role/r", "lake", "", ""), Group("sg-1", "lake", (("10.0.0.0/8", 5439),)),
        cluster=Resource("available", "lake", "lake.x.us-west-2.redshift.amazonaws.com", 5439),
    )  # fmt: skip
    assert list(state_text(wanted, there)) == [
        "role etlrun-lake-aws: arn:aws:iam::1:role/r",
        "security group etlrun-lake-aws: sg-1, lets 10.0.0.0/8 in",
        "cluster lake: available, lake.x.us-west-2.redshift.amazonaws.com:5439",
    ]
