"""What a statement of Redshift SQL says, as records: expressions, queries, changes of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal as OneOf

from ...datatypes import DataType


@dataclass(slots=True, eq=False, repr=False, match_args=False, kw_only=True)
class Expression:
    """A value in a query, and from where to where it was written, as offsets; -1 for one that nobody wrote."""

    start: int = -1
    end: int = -1


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Number(Expression):
    text: str


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Text(Expression):
    value: str


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Constant(Expression):
    """NULL, TRUE, FALSE or DEFAULT."""

    value: bool | None
    default: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Name(Expression):
    """A column, perhaps with its table and schema, perhaps followed by steps into a SUPER value."""

    parts: tuple[str | int | Expression, ...]


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Star(Expression):
    table: tuple[str, ...] = ()


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Step(Expression):
    """A step into a SUPER value that is not a plain column: json_parse(x).a[0]."""

    value: Expression
    path: tuple[str | int | Expression, ...]


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Unary(Expression):
    op: str
    value: Expression


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Binary(Expression):
    op: str
    left: Expression
    right: Expression


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Match(Expression):
    """LIKE, ILIKE, SIMILAR TO, and the POSIX operators."""

    op: OneOf["like", "ilike", "similar", "~", "~*"]
    value: Expression
    pattern: Expression
    escape: Expression | None = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Is(Expression):
    value: Expression
    what: bool | OneOf["unknown"] | None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Between(Expression):
    value: Expression
    low: Expression
    high: Expression


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class In(Expression):
    value: Expression
    choices: tuple[Expression, ...] | Query


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Quantified(Expression):
    """x = ANY (query), x > ALL (query)."""

    op: str
    value: Expression
    all: bool
    query: Query


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class InArray(Expression):
    """x = ANY (array), which only catalogs have."""

    op: str
    value: Expression
    all: bool
    array: Expression


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Array(Expression):
    """ARRAY[a, b], which goes with catalogs only; ARRAY(a, b) is a call."""

    values: tuple[Expression, ...]


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Exists(Expression):
    query: Query


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Scalar(Expression):
    """A query in parentheses where a value stands."""

    query: Query


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Row(Expression):
    values: tuple[Expression, ...]


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Case(Expression):
    value: Expression | None
    whens: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Cast(Expression):
    value: Expression
    type: DataType
    try_: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Interval(Expression):
    text: str
    fields: str = ""
    """What follows the text: 'day', 'day to second', or nothing."""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class AtTimeZone(Expression):
    value: Expression
    zone: Expression


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Collate(Expression):
    value: Expression
    collation: str


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Order:
    value: Expression
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Window:
    partition: tuple[Expression, ...] = ()
    order: tuple[Order, ...] = ()
    frame: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Call(Expression):
    name: str
    arguments: tuple[Expression, ...] = ()
    distinct: bool = False
    star: bool = False
    approximate: bool = False
    order: tuple[Order, ...] = ()
    """WITHIN GROUP (ORDER BY …)."""
    nulls: OneOf["", "ignore", "respect"] = ""
    over: Window | str | None = None
    """A string names a window of the WINDOW clause."""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Item:
    """An item of a select list."""

    value: Expression
    alias: str = ""
    start: int = -1
    end: int = -1


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Table:
    name: str
    schema: str | None = None
    database: str | None = None
    alias: str = ""
    columns: tuple[str, ...] = ()
    start: int = -1
    end: int = -1


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Derived:
    """A query in FROM."""

    query: Query
    alias: str = ""
    columns: tuple[str, ...] = ()
    start: int = -1
    end: int = -1


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Unnest:
    """FROM t, t.items AS item AT position; with `object`, FROM t, UNPIVOT t.attributes AS value AT name."""

    path: Name
    alias: str
    position: str = ""
    object: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Series:
    """FROM generate_series(1, 10) AS n."""

    arguments: tuple[Expression, ...]
    alias: str = ""
    columns: tuple[str, ...] = ()


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Join:
    left: Source
    right: Source
    kind: OneOf["", "inner", "left", "right", "full", "cross"]
    """Empty for a comma."""
    on: Expression | None = None
    using: tuple[str, ...] | None = None
    natural: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Pivot:
    source: Source
    aggregates: tuple[Item, ...]
    by: Expression
    values: tuple[Item, ...]
    alias: str = ""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Unpivot:
    source: Source
    value: str
    name: str
    columns: tuple[Item, ...]
    nulls: bool = False
    alias: str = ""


Source = Table | Derived | Unnest | Series | Join | Pivot | Unpivot


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Grouping(Expression):
    """ROLLUP, CUBE or GROUPING SETS."""

    kind: OneOf["rollup", "cube", "grouping sets"]
    groups: tuple[Expression, ...]


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Select:
    items: tuple[Item, ...]
    source: Source | None = None
    where: Expression | None = None
    group: tuple[Expression, ...] = ()
    having: Expression | None = None
    qualify: Expression | None = None
    windows: dict[str, Window] = field(default_factory=dict)
    distinct: bool = False
    top: Expression | None = None
    exclude: tuple[str, ...] = ()
    into: Table | None = None
    into_temporary: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class SetOperation:
    op: OneOf["union", "intersect", "except"]
    all: bool
    left: Query
    right: Query


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Common:
    """One query of a WITH list."""

    name: str
    columns: tuple[str, ...]
    query: Query


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Query:
    body: Select | SetOperation | Query
    common: tuple[Common, ...] = ()
    recursive: bool = False
    order: tuple[Order, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Insert:
    table: Table
    columns: tuple[str, ...] | None
    source: Query | tuple[tuple[Expression, ...], ...] | None
    """A query, rows of VALUES, or None for DEFAULT VALUES."""


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Update:
    table: Table
    changes: tuple[tuple[str, Expression], ...]
    source: Source | None = None
    where: Expression | None = None
    common: tuple[Common, ...] = ()
    recursive: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Delete:
    table: Table
    using: Source | None = None
    where: Expression | None = None
    common: tuple[Common, ...] = ()
    recursive: bool = False


@dataclass(slots=True, eq=False, repr=False, match_args=False)
class Merge:
    table: Table
    source: Table
    on: Expression
    changes: tuple[tuple[str, Expression], ...] | None = None
    """None where a match is deleted, or with `deduplicate`."""
    columns: tuple[str, ...] | None = None
    values: tuple[Expression, ...] = ()
    deduplicate: bool = False
