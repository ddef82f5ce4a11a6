"""What the host name of a cluster or a workgroup on AWS says."""

from __future__ import annotations

import re

from .records import frozen

_HOST = re.compile(
    r"(?P<name>[\w-]+)\.[\w]+\.(?P<region>[a-z]+(-[a-z]+)+-\d)\.(?P<service>redshift|redshift-serverless)\.amazonaws\."
)


@frozen
class Host:
    """`name` is that of the cluster or the workgroup."""

    name: str
    region: str
    is_serverless: bool


def parse_host(host: str) -> Host | None:
    """Read 'lake.abc123xyz789.us-west-2.redshift.amazonaws.com'; None for a host that is named otherwise."""
    match = _HOST.match(host)
    return Host(match["name"], match["region"], match["service"] == "redshift-serverless") if match else None
