"""What a COPY reads: prefixes, JSONPaths files, regions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import Problem, Where
from ..inputs import is_inside
from ..model import Pipeline, StagingSource
from ..places import At

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+")
_MOST_BYTES = 1_000_000


def copy_problems(at: At, source: StagingSource, pipeline: Pipeline) -> Iterator[Problem]:
    """Yield what is said of one COPY; `at` is the place of its staging source."""
    url, jsonpaths = source.copy.source, source.copy.format.argument
    last = url.partition("://")[2].partition("/")[2].rpartition("/")[2]
    if last and "." not in last and not source.copy.manifest:
        message = f"the prefix ends within a name: it takes '{last}/', and also '{last}2/' or '{last}_old.csv'"
        yield Problem(message, (at / "from").value, f"if a folder is meant: {url}/", "copy-prefix")
    if jsonpaths.startswith("s3://"):
        if jsonpaths.startswith(url):
            message = "the JSONPaths file lies under 'from': COPY reads it as data as well"
            yield Problem(message, (at / "jsonpaths").value, "put it somewhere else", "copy-prefix")
        yield from _jsonpaths(at / "jsonpaths", source, jsonpaths, pipeline)
    if source.copy.region and not _REGION.fullmatch(source.copy.region):
        message = f"'{source.copy.region}' is no name of a region"
        yield Problem(message, (at / "copy" / "region").value, "expected a name such as us-west-2", "copy-region")


def _jsonpaths(at: At, source: StagingSource, url: str, pipeline: Pipeline) -> Iterator[Problem]:
    """Look into a JSONPaths file where a folder of the pipeline stands for its bucket."""
    path = _mounted(url, pipeline)
    if path is None:
        return
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        yield Problem(f"{path} is no JSON", at.value, 'expected {"jsonpaths": ["$.one", "$.two"]}', "jsonpaths-file")
        return
    if not isinstance(content, dict) or list(content) != ["jsonpaths"] or not isinstance(content["jsonpaths"], list):
        keys = ", ".join(f"'{key}'" for key in content) if isinstance(content, dict) else "no mapping"
        message = f"{path} has {keys or 'nothing'} where it must have 'jsonpaths' alone: COPY may take it for 'auto'"
        yield Problem(message, at.value, 'expected {"jsonpaths": ["$.one", "$.two"]}', "jsonpaths-file")
    elif len(content["jsonpaths"]) != len(source.copy.columns):
        message = f"{path} has {len(content['jsonpaths'])} paths, the table takes {len(source.copy.columns)} columns"
        yield Problem(message, at.value, "one path for each column, in their order", "jsonpaths-file")


def _mounted(url: str, pipeline: Pipeline) -> Path | None:
    there = (path for path in _places(url, pipeline) if path.is_file() and path.stat().st_size <= _MOST_BYTES)
    return next(there, None)


def _places(url: str, pipeline: Pipeline) -> Iterator[Path]:
    for mount in (mount for target in pipeline.targets for mount in target.mounts):
        name = f"{mount.folder}/{url.removeprefix(mount.url).lstrip('/')}"
        if url.startswith(f"{mount.url}/") and is_inside(pipeline.folder, name):
            yield pipeline.folder / name


def files_looked_for(pipeline: Pipeline) -> Iterator[Path]:
    """Yield the files beside a pipeline that are looked into where they are there."""
    for source in pipeline.staging:
        if source.copy.format.argument.startswith("s3://"):
            yield from _places(source.copy.format.argument, pipeline)


def region_problems(sources: Sequence[tuple[At, StagingSource]], pipeline: Pipeline) -> Iterator[Problem]:
    """Yield where two COPYs look for one bucket in two regions."""
    first: dict[str, tuple[str, Where]] = {}
    for at, source in sources:
        if source.copy.region:
            first.setdefault(_bucket(source), (source.copy.region, (at / "copy" / "region").value))
    clusters = {target.region for target in pipeline.targets if target.warehouse != "local" and target.region}
    for at, source in sources:
        if _bucket(source) in first:
            yield from _region(at, source, first, clusters)


def _region(
    at: At, source: StagingSource, first: Mapping[str, tuple[str, Where]], clusters: set[str]
) -> Iterator[Problem]:  # fmt: skip
    bucket = _bucket(source)
    region, place = first[bucket]
    if source.copy.region and source.copy.region != region:
        message = f"the bucket {bucket} is in {source.copy.region} here and in {region} at {place}"
        yield Problem(message, (at / "copy" / "region").value, "a bucket has one region", "copy-region")
    elif not source.copy.region and any(each != region and not each.startswith("${") for each in clusters):
        message = f"COPY looks for {bucket} in the region of the cluster; it is in {region} at {place}"
        yield Problem(message, (at / "from").value, f"add copy: {{region: {region}}}", "copy-region")


def _bucket(source: StagingSource) -> str:
    return "s3://" + source.copy.source.partition("://")[2].partition("/")[0]
