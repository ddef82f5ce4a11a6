"""A run as OpenLineage events: which step read what and wrote what, column by column.

https://openlineage.io/docs/spec. The pipeline is a job, and each step is one, whose parent it is. Tables and files are
named as the specification names those of Redshift and S3, so that they meet what other tools say of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from openlineage.client import OpenLineageClient, event_v2, facet_v2
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

from . import __version__
from .copy import masked
from .errors import UsageError
from .events import Event, StepDone, StepFailed, StepSkipped, StepStarted
from .hosts import parse_host
from .lineage import Origin, trace
from .model import Definition, Pipeline, Table, Target
from .plan import Plan, Step

Emit = Callable[[Any], None]
Dataset = tuple[str, str]
"""Namespace and name."""

_JOBS = "etlrun"
"""The namespace of jobs."""
_RUNS = UUID("6f1e6f6a-4d2b-5a86-9b0e-2f0d6c6b7a11")
"""The namespace of run ids: the same run of etlrun has the same UUID everywhere."""
_PRODUCER = f"urn:etlrun:{__version__}"
"""Who says so, as a URI."""
_TRIES = 2
"""How often an event is sent again: the run waits for it."""


def emitter(place: str, api_key: str = "") -> Emit:
    """Return what sends events to a place: an http(s) URL, a file that they are added to, a line each, or 'config'.

    'config' is what OpenLineage's own configuration says: openlineage.yml, or variables OPENLINEAGE_….
    Errors: UsageError for a folder that is not there.
    """
    transport: Any
    if place == "config":
        transport = OpenLineageClient()
    elif re.match(r"https?://", place):
        signed = {"auth": ApiKeyTokenProvider({"apiKey": api_key})} if api_key else {}
        transport = HttpTransport(HttpConfig(url=place, retry={"total": _TRIES, "backoff_factor": 0.3}, **signed))
    elif Path(place).absolute().parent.is_dir():
        transport = FileTransport(FileConfig(log_file_path=place, append=True))
    else:
        raise UsageError(f"there is no folder for the OpenLineage events: {place}")
    emit: Emit = transport.emit
    return emit


def with_lineage(
    pipeline: Pipeline, plan: Plan, run: str, events: Iterable[Event], emit: Emit, tell: Callable[[str], None]
) -> Iterator[Event]:
    """Pass the events of a run on, and emit what OpenLineage says of them.

    What cannot be sent does not stop the run: `tell` is told once. A run that is broken off is emitted as ABORT.
    """
    event_v2.set_producer(_PRODUCER)
    said = _Said(pipeline, plan, run, emit, tell)
    said.pipeline_is("START")
    outcome = "ABORT"
    try:
        for event in events:
            said.step_is(event)
            yield event
        outcome = "FAIL" if said.failed else "COMPLETE"
    finally:
        said.end(outcome)


@dataclass(slots=True)
class _Said:
    """What has been emitted of a run so far: the steps that are under way, and whether one failed."""

    pipeline: Pipeline
    plan: Plan
    run: str
    emit: Emit
    tell: Callable[[str], None]
    failed: bool = False
    running: dict[str, Step] = field(default_factory=dict)
    broken: bool = False
    definitions: Mapping[str, Definition] = field(init=False)
    sources: Mapping[str, tuple[Dataset, ...]] = field(init=False)
    """What each step reads: the files of a staging source, the tables of a SELECT."""
    origins: Mapping[str, list[Origin]] = field(init=False)
    """The columns of each table."""

    def __post_init__(self) -> None:
        self.definitions = {each.name: each for each in self.pipeline.definitions}
        self.origins = defaultdict(list)
        for (table, _), origin in trace(self.pipeline).items():
            self.origins[table].append(origin)
        staged = {source.name: (_object(source.copy.source),) for source in self.pipeline.staging}
        self.sources = staged | {table.name: self._read_by(table) for table in self.pipeline.tables}

    def _read_by(self, table: Table) -> tuple[Dataset, ...]:
        columns = (name for origin in self.origins[table.name] for name, _ in origin.sources)
        return tuple(dict.fromkeys(self._table(name) for name in (*table.reads, *columns)))

    def pipeline_is(self, state: str) -> None:
        facets: dict[str, Any] = {"jobType": facet_v2.job_type_job.JobTypeJobFacet("BATCH", "ETLRUN", "PIPELINE")}
        if self.pipeline.description:
            facets["documentation"] = facet_v2.documentation_job.DocumentationJobFacet(self.pipeline.description)
        engine = facet_v2.processing_engine_run.ProcessingEngineRunFacet(__version__, "etlrun")
        run = event_v2.Run(str(self._id()), {"processing_engine": engine})
        self._send(state, run, event_v2.Job(_JOBS, self.pipeline.name, facets))

    def step_is(self, event: Event) -> None:
        if event.step.kind == "hooks":  # what they read and write is not known
            self.failed = self.failed or isinstance(event, StepFailed)
            return
        match event:
            case StepStarted(step=step):
                self.running[step.name] = step
                self._step(step, "START")
            case StepDone(step=step, rows=rows):
                self.running.pop(step.name, None)
                self._step(step, "COMPLETE", rows=rows)
            case StepFailed(step=step, error=error):
                self.failed = True
                self.running.pop(step.name, None)
                self._step(step, "FAIL", error=masked(str(error)))
            case StepSkipped():
                self.failed = True

    def end(self, outcome: str) -> None:
        for step in self.running.values():
            self._step(step, "ABORT")
        self.pipeline_is(outcome)

    def _step(self, step: Step, state: str, *, rows: int | None = None, error: str = "") -> None:
        parent = facet_v2.parent_run.ParentRunFacet(
            facet_v2.parent_run.Run(str(self._id())), facet_v2.parent_run.Job(_JOBS, self.pipeline.name)
        )
        facets: dict[str, Any] = {"parent": parent}
        if error:
            facets["errorMessage"] = facet_v2.error_message_run.ErrorMessageRunFacet(error, "SQL")
        job = event_v2.Job(_JOBS, f"{self.pipeline.name}.{step.name}", _job_facets(step))
        inputs = [event_v2.InputDataset(*dataset) for dataset in self.sources[step.name]]
        self._send(state, event_v2.Run(str(self._id(step.name)), facets), job, inputs, [self._output(step, rows)])

    def _output(self, step: Step, rows: int | None) -> Any:
        definition = self.definitions[step.name]
        facets: dict[str, Any] = {"schema": _schema(definition), "columnLineage": self._column_lineage(step)}
        if definition.description:
            facets["documentation"] = facet_v2.documentation_dataset.DocumentationDatasetFacet(definition.description)
        counted = {}
        if rows is not None:
            statistics = facet_v2.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rows)
            counted["outputStatistics"] = statistics
        return event_v2.OutputDataset(*self._table(step.name), facets=facets, outputFacets=counted)

    def _column_lineage(self, step: Step) -> Any:
        module = facet_v2.column_lineage_dataset
        return module.ColumnLineageDatasetFacet({
            origin.name[1]: module.Fields([module.InputField(*source) for source in self._made_of(origin)])
            for origin in self.origins[step.name]
        })  # fmt: skip

    def _made_of(self, origin: Origin) -> Iterator[tuple[str, str, str]]:
        if origin.file:
            yield (*_object(origin.file), origin.path)
        for table, column in origin.sources:
            yield (*self._table(table), column)

    def _table(self, name: str) -> Dataset:
        relation = name if "." in name else f"{self.pipeline.schema}.{name}"
        return namespace(self.plan.target), f"{_database(self.plan.target)}.{relation}"

    def _id(self, step: str = "") -> UUID:
        return uuid5(_RUNS, f"{self.run}/{self.pipeline.name}/{step}")

    def _send(self, state: str, run: Any, job: Any, inputs: list[Any] | None = None, outputs: Any = None) -> None:
        if self.broken:
            return
        kind = event_v2.RunState[state]
        event = event_v2.RunEvent(
            eventTime=datetime.now(UTC).isoformat(), producer=_PRODUCER, eventType=kind, run=run, job=job,
            inputs=inputs or [], outputs=outputs or [],
        )  # fmt: skip
        try:
            self.emit(event)
        except Exception as error:  # whatever a transport raises: the run goes on without its events
            self.broken = True
            self.tell(f"OpenLineage events cannot be sent, the run goes on without them: {error}")


def namespace(target: Target) -> str:
    """Return the namespace of a target's tables, as the specification names a cluster: redshift://name.region:port."""
    if not target.host:
        return f"duckdb://{target.database}"
    host = parse_host(target.host)
    named = f"{host.name}.{host.region}" if host else target.host
    return f"redshift://{named}:{target.port}"


def _database(target: Target) -> str:
    return target.database if target.host else "dev"


def _object(url: str) -> Dataset:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return f"s3://{bucket}", key.rstrip("/") or "/"


def _schema(definition: Definition) -> Any:
    module = facet_v2.schema_dataset
    return module.SchemaDatasetFacet([
        module.SchemaDatasetFacetFields(column.name, str(column.type), column.description or None)
        for column in definition.columns
    ])  # fmt: skip


def _job_facets(step: Step) -> dict[str, Any]:
    sql = ";\n\n".join(masked(each.sql) for part in step.transactions for each in part.statements)
    return {
        "jobType": facet_v2.job_type_job.JobTypeJobFacet("BATCH", "ETLRUN", "STEP"),
        "sql": facet_v2.sql_job.SQLJobFacet(sql, "redshift"),
    }
