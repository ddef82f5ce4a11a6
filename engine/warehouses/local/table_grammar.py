"""CREATE TABLE: tokens -> records, with every attribute that Redshift knows.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, r_CREATE_TABLE_AS.html
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...datatypes import DataType
from ...errors import WarehouseError
from . import syntax as s
from .catalog import Column, Constraint
from .source_grammar import parse_table_name
from .tokens import Reader
from .type_grammar import parse_data_type

ENCODINGS = frozenset(
    "auto az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 raw runlength text255 text32k zstd".split()
)


@dataclass(slots=True)
class NewTable:
    """What a CREATE TABLE says. Defaults are expressions not yet translated, by column."""

    table: s.Table
    temporary: bool = False
    if_not_exists: bool = False
    columns: list[Column] = field(default_factory=list)
    defaults: dict[str, s.Expression] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    like: s.Table | None = None
    like_at: int = 0
    """How many columns stand before those of the parent."""
    like_defaults: bool = False
    names: tuple[str, ...] = ()
    """The column names of a CREATE TABLE t (a, b) AS …"""
    query: s.Query | None = None
    diststyle: str = ""
    distkey: str = ""
    sortkeys: tuple[str, ...] = ()
    interleaved: bool = False
    backup: bool = True


def parse_create_table(reader: Reader) -> NewTable:
    """Read CREATE [TEMP] TABLE …, also its forms LIKE and AS."""
    reader.expect("create")
    reader.take("local")
    temporary = reader.take("temporary") or reader.take("temp")
    reader.expect("table")
    if_not_exists = reader.take("if", "not", "exists")
    new = NewTable(parse_table_name(reader), temporary, if_not_exists)
    if new.table.name.startswith("#"):
        new.temporary = True
    if new.temporary and new.table.schema not in (None, "pg_temp"):
        raise WarehouseError("cannot create temporary relation in non-temporary schema", sqlstate="42P16",
                             hint="a temporary table has a schema of its own: leave out the name")  # fmt: skip
    if reader.at_op("("):
        _body(reader, new)
    _table_attributes(reader, new)
    if reader.take("as"):
        _as_query(reader, new)
    elif not new.columns and new.like is None:
        raise reader.error("expected columns in parentheses, or AS")
    _check(new)
    return new


def _body(reader: Reader, new: NewTable) -> None:
    if _only_names(reader):
        new.names = reader.names_in_parentheses()
        return
    reader.expect_op("(")
    while True:
        if reader.take("like"):
            if new.like is not None:
                raise reader.error("a table is LIKE one other")
            new.like, new.like_at = parse_table_name(reader), len(new.columns)
            while reader.take("including") or reader.at("excluding"):
                including = not reader.take("excluding")
                reader.expect("defaults")
                new.like_defaults = including
        elif not _constraint(reader, new):
            parse_column(reader, new)
        if not reader.take_op(","):
            break
    reader.expect_op(")")


def _only_names(reader: Reader) -> bool:
    """CREATE TABLE t (a, b) AS: a name and then a comma or the end."""
    return reader.look().kind in ("word", "name") and reader.look(2).value in (",", ")") and reader.look(2).kind == "op"


def parse_column(reader: Reader, new: NewTable) -> None:
    """Read one column with its attributes."""
    name = reader.name("a column")
    if any(column.name == name for column in new.columns):
        raise WarehouseError(f'column "{name}" duplicated', sqlstate="42701")
    column = Column(name, parse_data_type(reader))
    while True:
        changed = _column_attribute(reader, column, new)
        if changed is None:
            break
        column = changed
    new.columns.append(column)


def _column_attribute(reader: Reader, column: Column, new: NewTable) -> Column | None:
    """Read one attribute of a column; None where there is none left."""
    if reader.take("not", "null"):
        return replace(column, null=False)
    if reader.take("null"):
        return column
    if reader.take("default"):
        return _default(reader, column, new)
    if reader.at("identity") or reader.at("generated"):
        return _identity(reader, column)
    if reader.take("encode"):
        return replace(column, encode=parse_encoding(reader))
    if reader.take("distkey"):
        _set_distkey(new, column.name)
        return column
    if reader.take("sortkey"):
        new.sortkeys = (*new.sortkeys, column.name)
        return column
    if reader.take("collate"):
        return replace(column, nocase=parse_collation(reader))
    return _column_key(reader, column, new)


def _default(reader: Reader, column: Column, new: NewTable) -> Column:
    """Read the expression of DEFAULT; a COLLATE behind it is the column's."""
    if column.identity:
        raise _two_defaults(column.name)
    start = reader.token.start
    value = reader.expression(4)
    if isinstance(value, s.Collate):
        reader.rewind(reader.where - len(("collate", value.collation)))
        value = value.value
    new.defaults[column.name] = value
    return replace(column, default_text=reader.sql[start : reader.tokens[reader.where - 1].end])


def _two_defaults(column: str) -> WarehouseError:
    return WarehouseError(f'multiple default values specified for column "{column}"', sqlstate="42601",
                          hint="a column takes DEFAULT or IDENTITY")  # fmt: skip


def parse_encoding(reader: Reader) -> str:
    encoding = reader.any_name("an encoding")
    if encoding not in ENCODINGS:
        raise WarehouseError(f'invalid encoding type "{encoding}"', sqlstate="42601",
                             hint=f"one of {', '.join(sorted(ENCODINGS))}")  # fmt: skip
    return encoding


def parse_collation(reader: Reader) -> bool:
    """Tell whether the collation is case-insensitive."""
    collation = reader.any_name("a collation")
    if collation not in ("case_sensitive", "case_insensitive", "cs", "ci"):
        raise WarehouseError(f'collation "{collation}" does not exist', sqlstate="42704")
    return collation in ("case_insensitive", "ci")


def _identity(reader: Reader, column: Column) -> Column:
    by_default = reader.take("generated")
    if by_default:
        reader.expect("by", "default", "as")
    reader.expect("identity")
    seed, step = 1, 1
    if reader.take_op("("):
        seed = reader.integer()
        reader.expect_op(",")
        step = reader.integer()
        reader.expect_op(")")
    elif not by_default:
        raise reader.error("write IDENTITY(seed, step)")
    if column.default_text:
        raise _two_defaults(column.name)
    if column.type.name not in ("integer", "bigint"):
        raise WarehouseError("identity column must be of type INT or BIGINT", sqlstate="42804")
    return replace(column, identity="by default" if by_default else "always", seed=seed, step=step, null=False)


def _column_key(reader: Reader, column: Column, new: NewTable) -> Column | None:
    name = reader.any_name() if reader.take("constraint") else ""
    if reader.take("primary", "key"):
        new.constraints.append(Constraint("primary key", (column.name,), name))
        return replace(column, null=False)
    if reader.take("unique"):
        new.constraints.append(Constraint("unique", (column.name,), name))
        return column
    if reader.at("references"):
        new.constraints.append(_references(reader, (column.name,), name))
        return column
    if reader.at("check"):
        raise reader.error("CHECK constraints are not supported by Redshift")
    return None


def _references(reader: Reader, columns: tuple[str, ...], name: str) -> Constraint:
    reader.expect("references")
    table = parse_table_name(reader)
    referenced = reader.names_in_parentheses() if reader.at_op("(") else ()
    shown = f"{table.schema}.{table.name}" if table.schema else table.name
    return Constraint("foreign key", columns, name, shown, referenced)


def parse_constraint(reader: Reader) -> Constraint | None:
    """Read a key of a table; None where none stands."""
    where = reader.where
    name = reader.any_name() if reader.take("constraint") else ""
    if reader.take("primary", "key"):
        return Constraint("primary key", reader.names_in_parentheses(), name)
    if reader.at("unique") and reader.look().value == "(":
        reader.advance()
        return Constraint("unique", reader.names_in_parentheses(), name)
    if reader.take("foreign", "key"):
        return _references(reader, reader.names_in_parentheses(), name)
    if reader.at("check"):
        raise reader.error("CHECK constraints are not supported by Redshift")
    reader.rewind(where)
    return None


def _constraint(reader: Reader, new: NewTable) -> bool:
    found = parse_constraint(reader)
    if found is not None:
        new.constraints.append(found)
    return found is not None


def _table_attributes(reader: Reader, new: NewTable) -> None:
    while True:
        if reader.take("backup"):
            new.backup = reader.advance().value == "yes"
        elif reader.take("diststyle"):
            new.diststyle = parse_diststyle(reader)
        elif reader.take("distkey"):
            _set_distkey(new, reader.names_in_parentheses()[0])
        elif reader.at("compound") or reader.at("interleaved") or reader.at("sortkey"):
            new.interleaved = reader.advance().value == "interleaved" if not reader.at("sortkey") else False
            reader.expect("sortkey")
            new.sortkeys = parse_sortkeys(reader)
        elif reader.take("encode"):
            reader.expect("auto")
        else:
            return


def parse_diststyle(reader: Reader) -> str:
    style = reader.any_name("a distribution style") if not reader.at("all") else reader.advance().value
    if style not in ("auto", "even", "key", "all"):
        raise WarehouseError(f'invalid DISTSTYLE "{style}"', sqlstate="42601", hint="one of AUTO, EVEN, KEY, ALL")
    return style.upper()


def parse_sortkeys(reader: Reader) -> tuple[str, ...]:
    if reader.take("auto") or reader.take("none"):
        return ()
    return reader.names_in_parentheses()


def _set_distkey(new: NewTable, column: str) -> None:
    if new.distkey:
        raise WarehouseError("only one column can be the distribution key", sqlstate="42601")
    new.distkey = column


def _as_query(reader: Reader, new: NewTable) -> None:
    if new.columns:
        raise reader.error("CREATE TABLE AS takes column names without types")
    new.query = reader.query()


def _check(new: NewTable) -> None:
    """Errors: what contradicts itself."""
    names = [column.name for column in new.columns]
    if new.like is not None and (new.distkey or new.diststyle or new.sortkeys):
        raise WarehouseError("LIKE takes over DISTSTYLE, DISTKEY and SORTKEY: they cannot be given", sqlstate="42601")
    if new.columns and new.query is None and new.like is None:
        for key in (*new.sortkeys, *([new.distkey] if new.distkey else [])):
            if key not in names:
                raise WarehouseError(f'column "{key}" named in key does not exist', sqlstate="42703")
        _check_keys(new, names)
    if new.diststyle == "KEY" and not new.distkey and new.query is None:
        raise WarehouseError("DISTSTYLE KEY needs a DISTKEY column", sqlstate="42601")
    if new.distkey and new.diststyle not in ("", "KEY"):
        raise WarehouseError(f"DISTKEY cannot be given with DISTSTYLE {new.diststyle}", sqlstate="42601")
    if len(new.sortkeys) > (8 if new.interleaved else 400):
        raise WarehouseError("too many sort key columns", sqlstate="54011", hint="8 interleaved, 400 compound at most")


def _check_keys(new: NewTable, names: list[str]) -> None:
    types = {column.name: column.type for column in new.columns}
    for key in (*new.sortkeys, *([new.distkey] if new.distkey else [])):
        if types[key].name in ("super", "varbyte", "geometry", "geography", "hllsketch"):
            raise WarehouseError(f'a column of type {types[key]} cannot be a key: "{key}"', sqlstate="42601")
    primary = [constraint for constraint in new.constraints if constraint.kind == "primary key"]
    if len(primary) > 1:
        raise second_primary_key(new.table.name)
    for constraint in new.constraints:
        for name in constraint.columns:
            if name not in names:
                raise WarehouseError(f'column "{name}" named in key does not exist', sqlstate="42703")
    if primary:
        keys = primary[0].columns
        new.columns = [replace(c, null=False) if c.name in keys else c for c in new.columns]
    for column in new.columns:
        if column.encode == "az64" and not _takes_az64(column.type):
            raise WarehouseError(
                f'invalid encoding type specified for column "{column.name}"', sqlstate="42601",
                hint=f"AZ64 is for numbers, dates and times, not for {column.type}",
            )  # fmt: skip


def second_primary_key(table: str) -> WarehouseError:
    return WarehouseError(f'multiple primary keys for table "{table}" are not allowed', sqlstate="42P16")


def _takes_az64(type_: DataType) -> bool:
    return type_.name in (
        "smallint",
        "integer",
        "bigint",
        "decimal",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
    )
