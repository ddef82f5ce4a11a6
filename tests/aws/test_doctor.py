"""The doctor, over HTTP against moto: every check well, and every check ill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Certificates
from cloud import Cloud, Fault
from lake import ENVIRON, PIPELINE, pipeline, target

from engine import policy
from engine.aws import Aws
from engine.calls import creation
from engine.cluster import wanted
from engine.doctor import CHECKS, Finding, examine
from engine.errors import UsageError, WarehouseError
from engine.provision import carry_out
from engine.storage import Storage
from engine.warehouses.local.session import open_database
from engine.wire.server import Server, read_certificate
from engine.wire.settings import Settings

WORK = "arn:aws:s3:::lake-work/etlrun"
ROLE = "arn:aws:iam::123456789012:role/etlrun-lake-aws"


@pytest.fixture(scope="module")
def one_aws() -> dict[str, Aws]:
    return {}


@pytest.fixture
def aws(cloud: Cloud, one_aws: dict[str, Aws]) -> Aws:
    """An account with the buckets, some objects and the role that `cluster create` makes; no cluster."""
    aws = one_aws.setdefault(cloud.url, Aws())
    for bucket in ("lake", "lake-work"):
        given = {"LocationConstraint": "us-west-2"}
        aws.call("s3", "CreateBucket", Bucket=bucket, CreateBucketConfiguration=given)
    for key in ("visits/1.json", "people.json", "paths/people.json"):
        aws.call("s3", "PutObject", Bucket="lake", Key=key, Body=b"{}")
    return aws


@pytest.fixture
def port(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A cluster that answers over TLS and lets anybody in."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    database = open_database(None, Storage(()))
    settings = Settings(tls=read_certificate(certificates.certificate, certificates.key))
    with Server(database.session, settings) as server:
        yield server.port
    database.close()


def role(aws: Aws, folder: Path) -> None:
    document = pipeline(folder)
    want = wanted(document, target(document), ENVIRON)
    for event in carry_out(aws, want, lambda there: creation(want, there)):
        if event.call.operation == "PutRolePolicy":
            return


def findings(folder: Path, text: str = PIPELINE, **environ: str) -> list[Finding]:
    document = pipeline(folder, text)
    return list(examine(document, target(document), {**ENVIRON, **environ}))


def ill(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(each.status, each.what, each.mend) for each in found if each.status != "ok"]


def test_all_is_well(aws: Aws, tmp_path: Path, port: int) -> None:
    role(aws, tmp_path)
    found = findings(tmp_path, LAKE_HOST="127.0.0.1", LAKE_PORT=str(port), LAKE_ROLE=ROLE)
    assert ill(found) == [("unknown", "127.0.0.1 is no endpoint of AWS, so its status cannot be asked for", "")]
    assert [each.what for each in found if each.status == "ok"] == [
        "target 'aws' has all the environment variables that it reads",
        "signed in to AWS as arn:aws:sts::123456789012:user/moto",
        "s3://lake/visits/: can be listed, and has s3://lake/visits/1.json",
        "s3://lake/people: can be listed, and has s3://lake/people.json",
        "s3://lake/paths/people.json: can be listed, and has s3://lake/paths/people.json",
        "s3://lake is in us-west-2, as COPY expects",
        "s3://lake-work/etlrun: can be written and read",
        "Redshift may take on the role etlrun-lake-aws",
        "the role etlrun-lake-aws may read s3://lake/visits/, by its policies",
        "the role etlrun-lake-aws may read s3://lake/people, by its policies",
        "the role etlrun-lake-aws may read s3://lake/paths/people.json, by its policies",
        "the role etlrun-lake-aws may read s3://lake-work/etlrun/jsonpaths/lake/, by its policies",
        f"127.0.0.1:{port} answers",
        "signed in to dev as local",
        "may create tables in the schema public",
        "may create tables in the schema etlrun",
    ]
    assert aws.call("s3", "ListObjectsV2", Bucket="lake-work")["KeyCount"] == 0


def test_unset_variables_are_told_with_their_place_and_the_rest_is_looked_at(aws: Aws, tmp_path: Path) -> None:
    found = findings(tmp_path)
    first, second = ill(found)
    assert first[1].endswith("lake.yaml:7:11: the environment variable LAKE_HOST is not set")
    assert second[1].endswith("lake.yaml:11:15: the environment variable LAKE_ROLE is not set")
    assert first[2] == second[2] == "`etlrun cluster create` sets it, or set it yourself"
    assert "s3://lake is in us-west-2, as COPY expects" in [each.what for each in found]


def test_without_credentials_it_is_said_once(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = findings(tmp_path, LAKE_HOST="127.0.0.1", LAKE_PORT=str(port), LAKE_ROLE=ROLE)
    assert [what for _, what, _ in ill(found)] == [
        "there are no AWS credentials", "127.0.0.1 is no endpoint of AWS, so its status cannot be asked for",
    ]  # fmt: skip
    assert "aws configure" in ill(found)[0][2]


def test_a_prefix_without_objects(aws: Aws, tmp_path: Path) -> None:
    found = ill(findings(tmp_path, PIPELINE.replace("s3://lake/visits/", "s3://lake/Visits/")))
    assert (
        "wrong",
        "s3://lake/Visits/: no object's name starts with it",
        "check the prefix, and its capitals",
    ) in found


def test_a_bucket_that_is_not_there_does_not_hide_the_others(aws: Aws, tmp_path: Path) -> None:
    found = findings(tmp_path, PIPELINE.replace("s3://lake/visits/", "s3://nowhere/visits/"))
    said = [each.what for each in found]
    assert "s3://nowhere/visits/: there is no such bucket" in said
    assert "s3://lake/people: can be listed, and has s3://lake/people.json" in said


def test_a_bucket_in_another_region_needs_copy_to_say_so(aws: Aws, tmp_path: Path) -> None:
    found = ill(findings(tmp_path, PIPELINE.replace("region: us-west-2", "region: eu-west-1", 1)))
    wrong = [each for each in found if each[0] == "wrong" and "is in us-west-2" in each[1]]
    assert [what for _, what, _ in wrong] == ["s3://lake is in us-west-2, and the cluster is in eu-west-1"]
    assert "write 'copy: {region: us-west-2}' in staging source 'visits' (" in wrong[0][2]


def test_a_region_that_copy_gets_wrong(aws: Aws, tmp_path: Path) -> None:
    text = PIPELINE.replace("{id: {type: integer}}", "{id: {type: integer}}\n    copy: {region: eu-west-1}")
    assert [what for _, what, _ in ill(findings(tmp_path, text)) if "COPY" in what] == [
        "s3://lake is in us-west-2, and COPY is told eu-west-1"
    ]


def test_jsonpaths_in_another_region_than_the_data(aws: Aws, tmp_path: Path) -> None:
    away = Aws(region="eu-west-1")
    away.call("s3", "CreateBucket", Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    found = ill(findings(tmp_path, PIPELINE.replace("s3://lake-work/etlrun", "s3://far/etlrun")))
    assert ("unknown", "s3://far is in eu-west-1, and has a JSONPaths file for s3://lake, which is in us-west-2",
            "to be sure, put 'work:' into a bucket in us-west-2") in found  # fmt: skip


def test_work_that_cannot_be_written(aws: Aws, cloud: Cloud, tmp_path: Path) -> None:
    cloud.faults = [Fault("^PUT /lake-work/", "403 Forbidden", "AccessDenied", times=9)]
    (said,) = (each for each in ill(findings(tmp_path)) if "lake-work" in each[1])
    assert said[1].endswith(": access is denied")
    assert "s3:PutObject" in said[2]


def test_a_file_that_may_not_be_deleted_is_told(aws: Aws, cloud: Cloud, tmp_path: Path) -> None:
    cloud.faults = [Fault("^DELETE /lake-work/", "403 Forbidden", "AccessDenied", times=9)]
    (said,) = (each for each in ill(findings(tmp_path)) if "lake-work" in each[1])
    assert said[0] == "unknown"


def test_parquet_in_another_region_must_move(aws: Aws, tmp_path: Path) -> None:
    text = PIPELINE.replace("region: us-west-2", "region: eu-west-1", 1)
    text = text.replace(
        "    from: s3://lake/people\n    jsonpaths: s3://lake/paths/people.json\n",
        "    from: s3://lake/people\n    format: parquet\n",
    )
    text = text.replace("{id: {type: integer, path: $.visit}}", "{id: {type: integer}}").replace(
        "visits/\n", "visits/\n    format: parquet\n"
    )
    mends = {mend for _, what, mend in ill(findings(tmp_path, text)) if "is in us-west-2" in what}
    assert mends == {"COPY takes no REGION for parquet: keep the files in eu-west-1"}


def test_what_one_may_not_look_at_is_unknown(aws: Aws, cloud: Cloud, tmp_path: Path) -> None:
    cloud.faults = [
        Fault("Action=GetRole", "403 Forbidden", "AccessDenied"),
        Fault("^HEAD /lake ", "403 Forbidden", ""),
    ]
    found = ill(findings(tmp_path, LAKE_ROLE=ROLE))
    assert ("unknown", "iam GetRole was refused: AccessDenied") in [(status, what) for status, what, _ in found]
    assert ("unknown", "s3://lake: access is denied") in [(status, what) for status, what, _ in found]


def test_a_role_that_is_not_there(aws: Aws, tmp_path: Path) -> None:
    assert "iam GetRole was refused: NoSuchEntity" in [w for _, w, _ in ill(findings(tmp_path, LAKE_ROLE=ROLE))]


def test_a_role_that_redshift_may_not_take_on_and_that_may_read_too_little(aws: Aws, tmp_path: Path) -> None:
    trust = policy.text(policy.trust("ec2.amazonaws.com"))
    aws.call("iam", "CreateRole", RoleName="etlrun-lake-aws", AssumeRolePolicyDocument=trust)
    rights = policy.text(policy.permissions(["s3://lake/visits/"], "s3://other", "us-west-2"))
    arn = aws.call("iam", "CreatePolicy", PolicyName="reads", PolicyDocument=rights)["Policy"]["Arn"]
    aws.call("iam", "AttachRolePolicy", RoleName="etlrun-lake-aws", PolicyArn=arn)
    said = [each for each in ill(findings(tmp_path, LAKE_ROLE=ROLE)) if "etlrun-lake-aws" in each[1]]
    assert said == [
        ("wrong", "Redshift may not take on the role etlrun-lake-aws",
         "let its trust policy name redshift.amazonaws.com"),
        ("wrong", "the role etlrun-lake-aws may not read s3://lake/people",
         "allow s3:GetObject on arn:aws:s3:::lake/people.json"),
        ("wrong", "the role etlrun-lake-aws may not read s3://lake/paths/people.json",
         "allow s3:GetObject on arn:aws:s3:::lake/paths/people.json"),
        ("wrong", "the role etlrun-lake-aws may not read s3://lake-work/etlrun/jsonpaths/lake/",
         "allow s3:ListBucket on arn:aws:s3:::lake-work and " + f"s3:GetObject on {WORK}/jsonpaths/lake/"),
    ]  # fmt: skip


def test_a_cluster_its_role_and_its_port(aws: Aws, tmp_path: Path) -> None:
    given = {"NodeType": "ra3.large", "MasterUsername": "etl", "MasterUserPassword": "Correct-Horse-1"}
    aws.call("redshift", "CreateCluster", ClusterIdentifier="lake", ClusterType="single-node", **given)
    host = "lake.abc123.us-west-2.redshift.amazonaws.com.invalid"
    found = findings(tmp_path, LAKE_HOST=host, LAKE_ROLE=ROLE)
    assert "lake is available" in [each.what for each in found if each.status == "ok"]
    said = ill(found)[-2:]
    assert said[0][1] == f"the cluster lake does not have the role {ROLE}"
    assert "modify-cluster-iam-roles --cluster-identifier lake --add-iam-roles arn:aws:iam" in said[0][2]
    assert said[1][1] == f"the name {host} is not known"


def test_a_cluster_that_is_not_there(aws: Aws, tmp_path: Path) -> None:
    found = ill(findings(tmp_path, LAKE_HOST="gone.abc123.us-west-2.redshift.amazonaws.com.invalid"))
    assert ("wrong", "there is no cluster or workgroup gone", "check the host and the region") in found


def test_a_port_that_does_not_answer(aws: Aws, tmp_path: Path) -> None:
    found = ill(findings(tmp_path, LAKE_HOST="127.0.0.1", LAKE_PORT="9"))
    assert found[-1][1].startswith("127.0.0.1:9 does not answer: ")
    assert "allow_cidr" in found[-1][2]


@pytest.mark.parametrize(
    ("content", "status"), [('{"username": "etl", "password": "Correct-Horse-1"}', "ok"), ("not json", "wrong")]
)
def test_the_secret_in_place_of_a_password(aws: Aws, tmp_path: Path, content: str, status: str) -> None:
    arn = aws.call("secretsmanager", "CreateSecret", Name="lake", SecretString=content)["ARN"]
    text = PIPELINE.replace("    password: ${LAKE_PASSWORD}\n", f"    secret: {arn}\n")
    found = findings(tmp_path, text)
    (said,) = (each for each in found if each.what.startswith("the secret "))
    assert said.status == status
    assert "Correct-Horse" not in repr(found)


def test_an_unreachable_aws_is_told_once(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    text = PIPELINE[: PIPELINE.index("  people:")]
    said = ill(findings(tmp_path, text, LAKE_HOST="127.0.0.1", LAKE_PORT="9", LAKE_ROLE=ROLE))
    assert "AWS does not answer" in said[0][1]
    assert said[0][2] == "check the network, the proxy and AWS_ENDPOINT_URL"


def test_a_profile_that_is_not_there_is_an_error(cloud: Cloud, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="nobody"):
        findings(tmp_path, PIPELINE.replace("    region: us-west-2", "    region: us-west-2\n    profile: nobody", 1))


def test_a_local_target_needs_no_doctor(tmp_path: Path) -> None:
    document = pipeline(tmp_path)
    with pytest.raises(UsageError, match="target 'local' needs nothing of AWS"):
        list(examine(document, target(document, "local"), {}))


def test_no_password_is_told(aws: Aws, tmp_path: Path) -> None:
    assert "Correct-Horse" not in repr(findings(tmp_path, LAKE_HOST="127.0.0.1", LAKE_PORT="9", LAKE_ROLE=ROLE))


def test_every_check_says_what_it_checks() -> None:
    assert len(CHECKS) >= 9
    assert all(check.__doc__ for check in CHECKS)
