"""What the role may do: exactly the prefixes, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.policy import allows, partition, permissions, text, trust, trusts


def _policy(*prefixes: str, work: str = "s3://made/etlrun", region: str = "us-west-2") -> dict[str, Any]:
    return permissions(prefixes, work, region)


def test_permissions_name_the_prefixes_and_nothing_else() -> None:
    assert _policy("s3://lake/log_data/", "s3://lake/song_data") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:GetBucketLocation",
                "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::made"],
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::lake",
                "Condition": {"StringLike": {"s3:prefix": ["log_data/*", "song_data*"]}},
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::made",
                "Condition": {"StringLike": {"s3:prefix": ["etlrun/*"]}},
            },
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [
                    "arn:aws:s3:::lake/log_data/*",
                    "arn:aws:s3:::lake/song_data*",
                    "arn:aws:s3:::made/etlrun/*",
                ],
            },
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::made/etlrun/*"},
        ],
    }


def test_no_statement_has_a_bare_star() -> None:
    for statement in _policy("s3://lake", "s3://lake/x")["Statement"]:
        assert "*" not in (statement["Action"], statement["Resource"])
        assert not str(statement["Action"]).endswith("*")


def test_a_whole_bucket_is_listed_without_a_condition() -> None:
    (listing,) = (each for each in _policy("s3://lake")["Statement"] if each["Resource"] == "arn:aws:s3:::lake")
    assert "Condition" not in listing
    assert allows([_policy("s3://lake")], "s3:GetObject", "arn:aws:s3:::lake/x")
    assert not allows([_policy("s3://lake")], "s3:GetObject", "arn:aws:s3:::lake-of-others/x")


def test_a_prefix_that_another_one_covers_is_left_out() -> None:
    assert _policy("s3://lake/log", "s3://lake/log_data/2018") == _policy("s3://lake/log")


def test_characters_that_are_patterns_in_iam_are_meant_as_they_are() -> None:
    policy = _policy("s3://lake/a*b?c${d}")
    assert allows([policy], "s3:GetObject", "arn:aws:s3:::lake/a*b?c${d}/x")
    assert not allows([policy], "s3:GetObject", "arn:aws:s3:::lake/aXb?c${d}/x")
    assert "a${*}b${?}c${$}{d}*" in json.dumps(policy)


_keys = st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=12)


@given(prefix=_keys, key=_keys)
def test_reading_is_allowed_just_where_copy_would_read(prefix: str, key: str) -> None:
    policy = _policy(f"s3://lake/{prefix}", work="s3://made/w")
    assert allows([policy], "s3:GetObject", f"arn:aws:s3:::lake/{key}") == key.startswith(prefix)
    assert not allows([policy], "s3:PutObject", f"arn:aws:s3:::lake/{key}")


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("us-west-2", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("", "aws"),
        ("eu-south-1", "aws"),
    ],
)
def test_partition_of_a_region(region: str, expected: str) -> None:
    assert partition(region) == expected
    assert f"arn:{expected}:s3:::lake" in json.dumps(_policy("s3://lake", region=region))


def test_trust_names_redshift_alone() -> None:
    document = trust("redshift.amazonaws.com")
    assert trusts(document, "redshift.amazonaws.com")
    assert not trusts(document, "ec2.amazonaws.com")
    assert not trusts({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}, "redshift")


def test_text_is_the_same_for_the_same_policy() -> None:
    document = trust("redshift.amazonaws.com")
    assert text(document) == text(json.dumps(document, indent=2)) == text(json.loads(text(document)))


def test_a_denial_counts_more_than_what_is_allowed() -> None:
    denied = {"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": ["*"]}}
    assert not allows([_policy("s3://lake/x"), denied], "s3:GetObject", "arn:aws:s3:::lake/x/y")


def test_what_is_unloaded_may_be_written_and_deleted_and_nothing_else() -> None:
    policy = permissions(["s3://lake/in/"], "s3://made/etlrun", "us-west-2", ["s3://lake/out/"])
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:GetObject"):
        assert allows([policy], action, "arn:aws:s3:::lake/out/0000_part_00")
        assert allows([policy], action, "arn:aws:s3:::lake/in/1.json") == (action == "s3:GetObject")
