"""What a SELECT reads and gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import WarehouseError
from .lexical import fold
from .records import frozen
from .script import unclosed
from .warehouses.local.reading import column_names, leaves, read_query, tables

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.errors import ParseError, TokenError

_INTO = "SELECT … INTO where a SELECT belongs: the strategy says where the rows go"


class InvalidSql(ValueError):
    """The text is not one SELECT; `line`, `column` (from 1) and `width` (characters) say where it makes no sense."""

    def __init__(self, message: str, line: int = 1, column: int = 1, width: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.width = width


@frozen
class Relation:
    """A table that a SELECT reads, in lower case as Redshift folds names, and where it names it (from 1)."""

    schema: str
    name: str
    line: int
    column: int


@frozen
class Select:
    """What a SELECT reads and gives.

    `columns` has one name for each column of the result, '' where an expression has none of its own; it is empty where
    the columns depend on what is read (`SELECT *`).
    """

    relations: tuple[Relation, ...]
    columns: tuple[str, ...]


def read_select(text: str) -> Select:
    """Parse one SELECT of Redshift SQL. Errors: InvalidSql."""
    try:
        query = read_query(text)
    except (WarehouseError, RecursionError):
        return _read_otherwise(text)  # what local Redshift's grammar does not have may be right
    if any(select.into is not None for select in leaves(query)):
        raise InvalidSql(_INTO)
    found: dict[tuple[str, str], Relation] = {}
    for table in tables(query):
        line, start = text.count("\n", 0, table.start) + 1, text.rfind("\n", 0, table.start)
        found.setdefault(
            (table.schema or "", table.name), Relation(table.schema or "", table.name, line, table.start - start)
        )
    relations = sorted(found.values(), key=lambda relation: (relation.line, relation.column))
    return Select(tuple(relations), column_names(query) or ())


def _read_otherwise(text: str) -> Select:
    """Read a SELECT with sqlglot, whose import takes longer than most pipelines."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import OptimizeError, ParseError, TokenError

    try:
        expressions = sqlglot.parse(text, read="redshift")
    except (ParseError, TokenError) as error:
        raise _invalid(error, text) from error
    except (TypeError, AttributeError, LookupError, RecursionError) as error:
        raise InvalidSql("the SQL cannot be read") from error  # sqlglot stumbles over '0?', for one
    statements = [expression for expression in expressions if expression is not None]
    if len(statements) != 1:
        raise InvalidSql("no statement" if not statements else f"{len(statements)} statements where one SELECT belongs")
    query = statements[0]
    if not isinstance(query, exp.Query):
        raise InvalidSql(f"{sqlglot.tokenize(text)[0].text.upper()} where a SELECT belongs")
    if query.args.get("into"):
        raise InvalidSql(_INTO)
    try:
        return Select(tuple(_relations(query)), _columns(query))
    except OptimizeError as error:
        raise InvalidSql("one side of a UNION, INTERSECT or EXCEPT is no SELECT") from error


def _relations(query: exp.Query) -> list[Relation]:
    from sqlglot import exp
    from sqlglot.optimizer.scope import traverse_scope

    found: dict[tuple[str, str], Relation] = {}
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            # A name that an outer WITH defines is a scope here, not a table.
            if isinstance(source, exp.Table) and source.name:
                name = source.this
                relation = Relation(
                    fold(source.db), fold(source.name), name.meta.get("line", 1), _start(name.meta, source.name)
                )
                found.setdefault((relation.schema, relation.name), relation)
    return sorted(found.values(), key=lambda relation: (relation.line, relation.column))


def _start(meta: dict[str, int], name: str) -> int:
    # sqlglot's `col` is the column of a token's last character, from 1.
    width = meta.get("end", 0) - meta.get("start", 0) + 1 if "start" in meta else len(name)
    return max(1, meta.get("col", 1) - width + 1)


def _columns(query: exp.Query) -> tuple[str, ...]:
    if any(column.is_star for column in query.selects):
        return ()
    return tuple(_name(column) for column in query.selects)


def _name(column: Any) -> str:
    from sqlglot import exp

    # Redshift would name COUNT(*) 'count' and a literal '?column?'; nobody means these names.
    while isinstance(column, (exp.Cast, exp.Paren)):
        column = column.this
    return fold(column.alias_or_name) if isinstance(column, (exp.Alias, exp.Column, exp.Dot, exp.Subquery)) else ""


def _invalid(error: ParseError | TokenError, text: str) -> InvalidSql:
    first = next(iter(getattr(error, "errors", ())), None)
    if first is None:
        start = unclosed(text) or 0
        line, column = text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
        return InvalidSql("the SQL cannot be read: a quote or a comment is not closed", line, column)
    near = first.get("highlight") or ""
    line, column = first.get("line") or 1, max(1, (first.get("col") or 1) - max(0, len(near) - 1))
    if line > text.count("\n") + 1:  # sqlglot counts a line twice after '$1'
        line, column = 1, 1
    # sqlglot's own description speaks of its classes and tokens; the place says more to a user.
    message = f"the SQL makes no sense from '{near}' on" if near else "the SQL ends too early"
    return InvalidSql(message, line, column, len(near) or 1)
