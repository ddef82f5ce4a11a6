"""What the role of a cluster may do, as IAM writes it, and what such a policy allows."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Document = dict[str, Any]


def partition(region: str) -> str:
    """Return the first part of a region's ARNs: aws, aws-cn or aws-us-gov."""
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")


def trust(*services: str) -> Document:
    """Return the policy that lets AWS services take the role on."""
    principal = {"Service": list(services)}
    return _document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def permissions(prefixes: Iterable[str], work: str, region: str, unloads: Iterable[str] = ()) -> Document:
    """Return the policy to read what starts with one of `prefixes`, and to read and write below `work`.

    What starts with one of `unloads` may be written and deleted. All are s3:// URLs; a prefix is meant as COPY means
    it, 's3://b/log' covers 's3://b/log_old/x' too.
    Source: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-access-permissions.html
    """
    below = f"{work.rstrip('/')}/"
    written = _widest(set(unloads))
    widest = _widest({*prefixes, below, *written})
    arn = f"arn:{partition(region)}:s3:::"
    buckets = sorted({_bucket(url) for url in widest})
    lists = [_list(arn, bucket, [url for url in widest if _bucket(url) == bucket]) for bucket in buckets]
    return _document(
        {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": [arn + bucket for bucket in buckets]},
        *lists,
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [f"{arn}{_literal(url[5:])}*" for url in widest]},
        {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"{arn}{_literal(below[5:])}*"},
        *[
            {
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:DeleteObject"],
                "Resource": [f"{arn}{_literal(url[5:])}*" for url in written],
            }
        ]
        * bool(written),
    )


def text(document: Any) -> str:
    """Return a policy in one form, so that two can be compared; IAM may give it as text or as data."""
    return json.dumps(json.loads(document) if isinstance(document, str) else document, sort_keys=True)


def allows(documents: Iterable[Document], action: str, resource: str) -> bool:
    """Tell whether policies allow an action on an ARN, and none of them forbids it; conditions are taken as met.

    An assumption, for where IAM cannot be asked to simulate: no boundary, no rule of the organization, no rule of the
    bucket says otherwise.
    """
    fitting = [each for document in documents for each in _statements(document) if _fits(each, action, resource)]
    return bool(fitting) and all(each.get("Effect") == "Allow" for each in fitting)


def trusts(document: Document, service: str) -> bool:
    """Tell whether a role lets `service` take it on."""
    return any(
        each.get("Effect") == "Allow" and service in _listed(dict(each.get("Principal") or {}).get("Service"))
        for each in _statements(document)
        if isinstance(each.get("Principal"), Mapping)
    )


def _document(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _list(arn: str, bucket: str, urls: list[str]) -> Document:
    statement: Document = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn + bucket}
    keys = [url[5:].partition("/")[2] for url in urls]
    if "" not in keys:
        statement["Condition"] = {"StringLike": {"s3:prefix": [f"{_literal(key)}*" for key in keys]}}
    return statement


def _widest(urls: Iterable[str]) -> list[str]:
    """Return the prefixes without those that another one covers, sorted; 's3://bucket' becomes 's3://bucket/'."""
    found: list[str] = []
    for url in sorted(url if "/" in url[5:] else f"{url}/" for url in urls):
        if not found or not url.startswith(found[-1]):
            found.append(url)
    return found


def _bucket(url: str) -> str:
    return url[5:].partition("/")[0]


def _literal(key: str) -> str:
    """Write a key so that IAM takes none of its characters for a pattern."""
    return re.sub(r"[*?$]", lambda match: f"${{{match[0]}}}", key)


def _statements(document: Document) -> Iterator[Document]:
    statements = document.get("Statement", [])
    yield from statements if isinstance(statements, list) else [statements]


def _fits(statement: Document, action: str, resource: str) -> bool:
    actions = [each.lower() for each in _listed(statement.get("Action"))]
    resources = [_pattern(each) for each in _listed(statement.get("Resource"))]
    return any(fnmatch.fnmatchcase(action.lower(), each) for each in actions) and any(
        re.fullmatch(each, resource, re.DOTALL) for each in resources
    )


def _pattern(written: str) -> str:
    parts = re.split(r"(\$\{[*?$]\}|[*?])", written)
    return "".join({"*": ".*", "?": "."}.get(part) or re.escape(re.sub(r"^\$\{(.)\}$", r"\1", part)) for part in parts)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())
