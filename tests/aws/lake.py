"""A small pipeline on S3, for the tests of what is around it."""

from __future__ import annotations

from pathlib import Path

from engine.model import Pipeline, Target
from engine.read import read_pipeline

ENVIRON = {"LAKE_PASSWORD": "Correct-Horse-1", "LAKE_CIDR": "203.0.113.7/32"}
PIPELINE = """\
version: 1
name: lake
target: aws
targets:
  aws:
    warehouse: redshift
    host: ${LAKE_HOST}
    port: ${LAKE_PORT:-5439}
    user: etl
    password: ${LAKE_PASSWORD}
    iam_role: ${LAKE_ROLE}
    region: us-west-2
    work: s3://lake-work/etlrun
    cluster: {identifier: lake, node_type: ra3.large, nodes: 2}
    allow_cidr: ${LAKE_CIDR}
  serverless:
    warehouse: redshift
    host: ${LAKE_HOST}
    user: etl
    secret: ${LAKE_SECRET}
    iam_role: ${LAKE_ROLE}
    region: us-west-2
    work: s3://lake-work/etlrun
    serverless: {namespace: lake, workgroup: lake-work, base_capacity: 16}
    allow_cidr: ${LAKE_CIDR}
  local: {warehouse: local}
staging:
  visits:
    from: s3://lake/visits/
    columns: {id: {type: integer, path: $.visit}}
  people:
    from: s3://lake/people
    jsonpaths: s3://lake/paths/people.json
    columns: {id: {type: integer}}
"""


def pipeline(folder: Path, text: str = PIPELINE) -> Pipeline:
    """Write the pipeline into a folder and read it."""
    path = folder / "lake.yaml"
    path.write_text(text, encoding="utf-8")
    return read_pipeline(path, {})


def target(document: Pipeline, name: str = "aws") -> Target:
    return next(each for each in document.targets if each.name == name)
