"""What a pipeline is: frozen records, made by `build` from documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from .copy import Copy
from .datatypes import DataType
from .errors import Problem, Where
from .records import frozen
from .rules import Severity
from .source import Text


class Secret(str):
    """A text that shows itself to nobody who prints it; `reveal` is for the driver."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def reveal(self) -> str:
        return str.__str__(self)


@frozen
class Mount:
    """A folder that stands for a bucket, as it was declared."""

    url: str
    folder: str


@frozen
class Cluster:
    """A provisioned cluster, as `etlrun cluster create` makes it."""

    identifier: str
    node_type: str
    nodes: int
    subnet_group: str = ""
    kms_key: str = ""
    public: bool = False


@frozen
class Serverless:
    """A serverless namespace and its workgroup, as `etlrun cluster create` makes them."""

    namespace: str
    workgroup: str
    base_capacity: int
    """In Redshift Processing Units."""
    subnets: tuple[str, ...] = ()
    kms_key: str = ""
    public: bool = False


@frozen
class Target:
    """A named place to run. Texts may still hold ${NAME}, until `environment.resolve` has been asked."""

    name: str
    warehouse: str
    where: Where
    database: str = ""
    mounts: tuple[Mount, ...] = ()
    host: str = ""
    port: str = "5439"
    user: str = field(default="", repr=False)
    password: Secret = field(default=Secret(""), repr=False)
    sign_in: str = "password"
    tls: str = "verify-full"
    statement_timeout_seconds: int = 0
    """0: as the cluster has it."""
    threads: int = 1
    iam_role: str = "default"
    region: str = ""
    profile: str = ""
    secret: str = ""
    """The ARN of the Secrets Manager secret that holds the password; empty where a password is given."""
    work: str = ""
    cluster: Cluster | None = None
    serverless: Serverless | None = None
    allow_cidr: str = ""
    reads: tuple[str, ...] = ()
    """S3 prefixes that COPY reads and no `from` names."""
    places: Mapping[str, Where] = field(default_factory=dict, repr=False, compare=False)
    """Where each setting was written, by its key."""


@frozen
class Reference:
    """A foreign key: the table and its column."""

    table: str
    column: str


@frozen
class Lookup:
    """How a column gets its value from another table: that of the row whose columns `on` match the SELECT's."""

    table: str
    column: str
    on: tuple[tuple[str, str], ...]
    """Pairs of a column of the other table and one of the SELECT."""
    default: str | float | None = None
    """The value where there is no such row; None for NULL."""
    at: str = ""
    """The SELECT's column that says which version of a row with history is meant; empty for the current one."""


@frozen
class Column:
    name: str
    type: DataType
    where: Where
    description: str = ""
    nullable: bool = True
    default: str = ""
    """A SQL expression; empty for none."""
    encode: str = ""
    identity: tuple[int, int] | None = None
    unique: bool = False
    references: Reference | None = None
    path: str = ""
    """The JSONPath of a staging column; empty if none was written."""
    hash: tuple[str, ...] = ()
    """The SELECT's columns that this one is a hash of; empty if it is none."""
    lookup: Lookup | None = None

    @property
    def is_derived(self) -> bool:
        """Whether its value is derived from what the SELECT gives."""
        return bool(self.hash or self.lookup)


@frozen
class SortKey:
    """How rows are sorted; `columns` is empty for AUTO."""

    kind: Literal["auto", "compound", "interleaved"]
    columns: tuple[str, ...] = ()


@frozen
class Check:
    """One thing that must hold: `kind` names a template of checks/, `values` is what the YAML says of it."""

    kind: str
    values: Any
    where: Where
    severity: Literal["error", "warn"] = "error"
    name: str = ""
    """What must hold, in words; empty: as the YAML says it."""
    keep: str = ""
    """The table that keeps the rows that fail; empty for none."""
    text: Text | None = None
    """The SELECT of a check in SQL, as written; `values` is it as it is sent."""
    reads: tuple[str, ...] = ()
    """The steps that its SELECT reads, found by `read`."""


@frozen
class Definition:
    """A table as CREATE TABLE sees it."""

    name: str
    schema: str
    where: Where
    columns: tuple[Column, ...]
    description: str = ""
    primary_key: tuple[str, ...] = ()
    diststyle: str = ""
    distkey: str = ""
    sortkey: SortKey | None = None

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@frozen
class Incremental:
    """How a source whose files are loaded exactly once treats them."""

    after: Literal["keep", "empty"] = "keep"
    changed: Literal["fail", "skip", "reload"] = "fail"
    max_bad_files: int = 0
    places: Mapping[str, Where] = field(default_factory=dict, repr=False, compare=False)
    """Where each setting was written, by its key; 'load' is always there."""


@frozen
class StagingSource:
    """Raw files, and the staging table that COPY loads them into."""

    definition: Definition
    copy: Copy
    """The COPY without its authorization and without a generated JSONPaths file: the target gives both."""
    where: Where
    tags: tuple[str, ...] = ()
    jsonpaths: tuple[str, ...] = ()
    """The paths of the JSONPaths file to generate, in the order of the columns; empty for none."""
    checks: tuple[Check, ...] = ()
    incremental: Incremental | None = None
    """None: each run loads all files anew."""

    @property
    def name(self) -> str:
        return self.definition.name


@frozen
class Load:
    """How rows get into a table."""

    strategy: str
    where: Where
    sql: Text
    """The SELECT as written: a Jinja template."""
    select: str = ""
    """The SELECT as it is sent, rendered by `read`."""
    columns: tuple[str, ...] = ()
    """The table's columns that the SELECT fills, in the SELECT's order."""
    gives: tuple[str, ...] = ()
    """Where columns are derived from it: what the SELECT gives and is needed, by name. Empty elsewhere."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The strategy's own keys: key, order_by, …; their texts are Jinja templates until `read` has rendered them."""
    places: Mapping[str, Where] = field(default_factory=dict, repr=False, compare=False)
    """Where each of the settings was written, by its key."""


@frozen
class Unload:
    """Rows that UNLOAD writes to S3 after a table's load was committed."""

    to: str
    where: Where
    text: Text | None
    """The SELECT as written; None for all rows of the table."""
    options: tuple[str, ...]
    """What stands behind the authorization, each as it is written."""
    partition_by: tuple[str, ...] = ()
    select: str = ""
    """The SELECT as it is sent, rendered by `read`; empty for all rows of the table."""
    reads: tuple[str, ...] = ()
    """The steps that it reads, found by `read`."""


@frozen
class Hook:
    """A statement of one's own.

    In a step's transaction it is sent before the load, or between the load and the checks. Of a whole run it is a
    transaction of its own: before all steps, after them if none failed, or after them if one did.
    """

    when: Literal["before", "after", "on_failure"]
    text: Text
    sql: str = ""
    """The statement as it is sent, rendered by `read`."""


@frozen
class Table:
    """A table of the star schema, and how it is filled."""

    definition: Definition
    load: Load
    tags: tuple[str, ...] = ()
    depends_on: tuple[tuple[str, Where], ...] = ()
    checks: tuple[Check, ...] = ()
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each privilege the users, 'group NAME's, 'role NAME's and 'public' that get it."""
    grants_are_exclusive: bool = False
    """Whether what is granted and not declared is revoked."""
    unload: Unload | None = None
    hooks: tuple[Hook, ...] = ()
    unknown_member: Mapping[str, Any] = field(default_factory=dict)
    """The values of the row that stands for what is not known, by column; empty for no such row."""
    reads: tuple[str, ...] = ()
    """The steps that its SELECT reads, found by `read`."""
    is_own_source: bool = False
    """Whether its SELECT looks at the rows that the table has already."""

    @property
    def name(self) -> str:
        return self.definition.name


@frozen
class Window:
    """The time that a run is of: the variables that bound it, and the slices that a longer one is run in."""

    begin: str
    """The variable with the first moment that is in it."""
    end: str
    """The variable with the first moment that is not."""
    every: Literal["hour", "day", "week", "month"]


@frozen
class Inputs:
    """What a pipeline was read from, other than templates."""

    files: tuple[tuple[Path, str], ...] = ()
    """Each file, and the digest of what was read; empty where it was looked for and is not there."""
    variables: tuple[str, ...] = ()
    """The environment variables that its targets and vars name; what is only a password is none."""


@frozen
class Pipeline:
    """One YAML file, with what it includes."""

    name: str
    path: Path
    schema: str
    target: str
    targets: tuple[Target, ...]
    staging: tuple[StagingSource, ...]
    tables: tuple[Table, ...]
    description: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    written_variables: Mapping[str, Any] = field(default_factory=dict)
    """The same as they are written: what comes from the environment is ${NAME}."""
    window: Window | None = None
    hooks: tuple[Hook, ...] = ()
    """Of the whole run."""
    rules: Mapping[str, Severity] = field(default_factory=dict)
    """How grave the rules of SELECTs are, where it is not as shipped."""
    warnings: tuple[Problem, ...] = ()
    """What the rules say of the SELECTs, and is no error."""
    inputs: Inputs = field(default=Inputs(), compare=False)

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def definitions(self) -> tuple[Definition, ...]:
        return (*(source.definition for source in self.staging), *(table.definition for table in self.tables))
