"""CREATE TABLE in all its forms, DROP TABLE and ALTER TABLE.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html, r_CREATE_TABLE_AS.html,
r_ALTER_TABLE.html, r_DROP_TABLE.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ...datatypes import DataType
from ...errors import WarehouseError
from ...warehouse import Outcome
from . import facts
from . import syntax as s
from .casts import assign
from .catalog import (
    Column,
    Constraint,
    Relation,
    constraint_name,
    dependent_views,
    forget_privileges,
    forget_relation,
    move_privileges,
    rewrite_relation,
    write_relation,
)
from .changes import insert_query
from .expressions import expression
from .keys import check_references, with_new_name, without_references
from .principals import KINDS, alter_default_privileges, alter_principal
from .queries import query_sql
from .query_grammar import StatementReader
from .reading import tables
from .scope import Scope
from .source_grammar import parse_table_name
from .table_grammar import (
    NewTable,
    parse_collation,
    parse_column,
    parse_constraint,
    parse_create_table,
    parse_diststyle,
    parse_encoding,
    parse_sortkeys,
    second_primary_key,
)
from .tokens import Reader
from .type_grammar import parse_data_type
from .types import stored_type
from .values import ARRAYS, literal, quote

if TYPE_CHECKING:
    from .session import LocalSession

MAX_COLUMNS = 1600


def create_table(session: LocalSession, reader: Reader) -> Outcome:
    """Run CREATE TABLE."""
    new = parse_create_table(reader)
    reader.expect_end()
    schema = session.creation_schema(new.table.schema, new.temporary)
    if _exists(session, schema, new.table.name, new.if_not_exists):
        return Outcome("CREATE TABLE", notices=(f'INFO: Relation "{new.table.name}" already exists, skipping',))
    if new.query is not None:
        return _create_from(session, new, schema)
    columns = _like(session, new) if new.like is not None else tuple(_with_defaults(session, new))
    relation = Relation(
        schema, new.table.name, "table", columns, tuple(new.constraints), _diststyle(new), new.distkey, new.sortkeys,
        new.interleaved, backup=new.backup,
    )  # fmt: skip
    if new.like is not None:
        parent = session.find(new.like.schema, new.like.name)
        relation = replace(relation, diststyle=parent.diststyle, distkey=parent.distkey, sortkeys=parent.sortkeys,
                           interleaved=parent.interleaved, backup=parent.backup)  # fmt: skip
    check_references(session, relation)
    with session.atomic():
        make_table(session, relation)
    return Outcome("CREATE TABLE")


def _exists(session: LocalSession, schema: str, name: str, if_not_exists: bool) -> bool:
    if session.lookup(schema, name) is None:
        return False
    if if_not_exists:
        return True
    raise WarehouseError(f'Relation "{name}" already exists', sqlstate="42P07", hint="CREATE TABLE IF NOT EXISTS")


def _diststyle(new: NewTable) -> str:
    return "KEY" if new.distkey else new.diststyle or "AUTO"


def _like(session: LocalSession, new: NewTable) -> tuple[Column, ...]:
    assert new.like is not None
    parent = session.find(new.like.schema, new.like.name)
    taken = [_taken_over(column, new.like_defaults) for column in parent.columns]
    own = _with_defaults(session, new)
    columns = [*own[: new.like_at], *taken, *own[new.like_at :]]
    names = [column.name for column in columns]
    for column in own:
        if names.count(column.name) > 1:
            raise WarehouseError(f'column "{column.name}" duplicated', sqlstate="42701")
    keys = {name for one in new.constraints if one.kind == "primary key" for name in one.columns}
    return tuple(replace(column, null=False) if column.name in keys else column for column in columns)


def _taken_over(column: Column, with_default: bool) -> Column:
    """Return a column of a LIKE's parent as its copy has it."""
    default = column.default if with_default else None
    return replace(column, default=default, default_text=column.default_text if default else "", identity="",
                   sequence="", comment="")  # fmt: skip


def _with_defaults(session: LocalSession, new: NewTable) -> list[Column]:
    scope = Scope(facts.context(session))
    columns = []
    for column in new.columns:
        node = new.defaults.get(column.name)
        if node is not None:
            column = replace(column, default=_default(node, column, scope))
        columns.append(column)
    return columns


def _default(node: s.Expression, column: Column, scope: Scope) -> str:
    if isinstance(node, s.Name) or "subquery" in type(node).__name__.lower() or isinstance(node, s.Scalar):
        raise WarehouseError("cannot use column references or subqueries in default expression", sqlstate="42601")
    return assign(expression(node, scope), column.type, column.name)


def make_table(session: LocalSession, relation: Relation) -> Relation:
    """Create the table in DuckDB and in the catalog; call it inside session.atomic()."""
    if len(relation.columns) > MAX_COLUMNS:
        raise WarehouseError(f"tables can have at most {MAX_COLUMNS} columns", sqlstate="54011")
    connection = session.connection
    columns = tuple(_with_sequence(session, relation, column) for column in relation.columns)
    relation = replace(relation, columns=columns)
    shown = ", ".join(column_sql(column) for column in columns)
    connection.execute(f"CREATE {'TEMP ' if relation.temporary else ''}TABLE {relation.sql} ({shown})")
    if relation.temporary:
        session.made_temporary = True
    add(session, relation)
    return relation


def add(session: LocalSession, relation: Relation) -> None:
    """Put a relation that is new into the catalog."""
    session.catalog_changes(relation)
    write_relation(session.connection, relation)
    session.remember(relation)


def column_sql(column: Column) -> str:
    type_ = stored_type(column.type) + (" COLLATE NOCASE" if column.nocase else "")
    return f"{quote(column.name)} {type_}{'' if column.null else ' NOT NULL'}"


def _with_sequence(session: LocalSession, relation: Relation, column: Column) -> Column:
    """Give an IDENTITY column the sequence that counts for it."""
    if not column.identity:
        return column
    place = "temp.main" if relation.temporary else "local_catalog"
    name = f"identity_{session.query}_{relation.name}_{column.name}"[:200]
    edge = f"MINVALUE {min(column.seed, 1)}" if column.step > 0 else f"MAXVALUE {max(column.seed, -1)}"
    sequence = f"{place}.{quote(name)}"
    session.connection.execute(
        f"CREATE {'TEMP ' if relation.temporary else ''}SEQUENCE {sequence} "
        f"START {column.seed} INCREMENT {column.step} {edge}"
    )
    default = f"CAST(nextval({literal(sequence)}) AS {stored_type(column.type)})"
    return replace(column, default=default, default_text=f'"identity"({column.seed}, {column.step})', sequence=sequence)


def create_as(session: LocalSession, table: s.Table, temporary: bool, query: s.Query, command: str) -> Outcome:
    """Run SELECT … INTO."""
    temporary = temporary or table.name.startswith("#")
    schema = session.creation_schema(table.schema, temporary)
    _exists(session, schema, table.name, False)
    outcome = _create_from(session, NewTable(table, temporary, query=query), schema)
    return replace(outcome, command=command)


def _create_from(session: LocalSession, new: NewTable, schema: str) -> Outcome:
    """CREATE TABLE AS: names and types are those of the query, nothing else is taken over."""
    assert new.query is not None
    sql, found = query_sql(new.query, Scope(facts.context(session)))
    if len(new.names) > len(found):
        raise WarehouseError("CREATE TABLE AS specifies too many column names", sqlstate="42601")
    names = (*new.names, *(column.name for column in found[len(new.names) :]))
    _check_names(names, new)
    columns = tuple(Column(name, column.type, nocase=column.nocase) for name, column in zip(names, found, strict=True))
    for column in columns:
        if column.type in ARRAYS:
            raise WarehouseError(f'Column "{column.name}" has unsupported type "{column.type}".', sqlstate="0A000",
                                 hint="only catalogs have arrays")  # fmt: skip
    relation = Relation(schema, new.table.name, "table", columns, (), _diststyle(new), new.distkey, new.sortkeys,
                        new.interleaved, backup=new.backup)  # fmt: skip
    with session.atomic():
        relation = make_table(session, relation)
        rows = session.query_rows(insert_query(relation, list(columns), sql, found))
    return Outcome("CREATE TABLE", int(rows[0][0]))


def _check_names(names: tuple[str, ...], new: NewTable) -> None:
    for name in names:
        if names.count(name) > 1:
            raise WarehouseError(f'column "{name}" duplicated', sqlstate="42701",
                                 hint="give every column of the query a name of its own with AS")  # fmt: skip
    for key in (*new.sortkeys, *([new.distkey] if new.distkey else [])):
        if key not in names:
            raise WarehouseError(f'column "{key}" named in key does not exist', sqlstate="42703")


def drop_table(session: LocalSession, reader: Reader) -> Outcome:
    """Run DROP TABLE. Errors: 2BP01 where a view reads the table, or a table refers to it, and CASCADE is not said."""
    reader.expect("table")
    missing_ok = reader.take("if", "exists")
    names = [parse_table_name(reader)]
    while reader.take_op(","):
        names.append(parse_table_name(reader))
    cascade = reader.take("cascade")
    if not cascade:
        reader.take("restrict")
    reader.expect_end()
    notices = []
    with session.atomic():
        going = []
        for name in names:
            relation = session.lookup(name.schema, name.name)
            if relation is None and missing_ok:
                notices.append(f'INFO: Table "{name.name}" does not exist and will be skipped')
                continue
            relation = relation or session.find(name.schema, name.name)
            if relation.kind != "table":
                raise WarehouseError(f'"{relation.name}" is not a table', sqlstate="42809", hint="use DROP VIEW")
            going.append(relation)
        for relation in going:  # what goes as well does not hold the others
            rewrite(session, relation, replace(relation, constraints=()))
        for relation in going:
            drop_relation(session, replace(relation, constraints=()), cascade)
    return Outcome("DROP TABLE", notices=tuple(notices))


def drop_relation(session: LocalSession, relation: Relation, cascade: bool) -> None:
    """Drop a relation and, with `cascade`, the views and foreign keys that depend on it; inside session.atomic()."""
    for table, without in without_references(session, relation, cascade):
        rewrite(session, table, without)
    for view in list(dependent_views(session.connection, relation)):
        if not cascade:
            raise WarehouseError(
                f"cannot drop {relation.kind} {relation.name} because other objects depend on it",
                sqlstate="2BP01",
                detail=f"view {view.name} depends on {relation.kind} {relation.name}",
                hint="Use DROP ... CASCADE to drop the dependent objects too.",
            )
        drop_relation(session, view, cascade)
    session.catalog_changes(relation)
    if relation.kind in ("table", "materialized view"):
        session.connection.execute(f"DROP TABLE {relation.sql}")
    for column in relation.columns:
        if column.sequence:
            session.connection.execute(f"DROP SEQUENCE IF EXISTS {column.sequence}")
    forget_relation(session.connection, relation)
    forget_privileges(session.connection, relation)


def rewrite(session: LocalSession, old: Relation, new: Relation) -> None:
    """Put `new` into the catalog in the place of `old`."""
    session.catalog_changes(old, new)
    rewrite_relation(session.connection, old, new)
    session.remember(new)
    if old.key != new.key:
        move_privileges(session.connection, old, new)
        for table, followed in with_new_name(session, old, new):
            rewrite(session, table, followed)


# --- ALTER TABLE -----------------------------------------------------------------------------------------------------


def alter(session: LocalSession, reader: Reader) -> Outcome:
    """Run ALTER TABLE, and ALTER of users, groups and roles; other ALTERs are refused."""
    reader.expect("alter")
    if not reader.take("table"):
        return _alter_other(session, reader)
    table = parse_table_name(reader)
    relation = session.find(table.schema, table.name)
    with session.atomic():
        _alter(session, relation, reader)
        reader.expect_end()
    return Outcome("ALTER TABLE")


def _alter_other(session: LocalSession, reader: Reader) -> Outcome:
    if reader.at_any(KINDS):
        return alter_principal(session, reader)
    if reader.take("default", "privileges"):
        return alter_default_privileges(reader)
    if reader.take("materialized", "view"):
        return _alter_materialized(session, reader)
    kind = reader.advance().value
    raise WarehouseError(f"not supported locally: ALTER {kind.upper()}", sqlstate="0A000")


def _alter_materialized(session: LocalSession, reader: Reader) -> Outcome:
    """AUTO REFRESH, which nothing here obeys: a view is refreshed by REFRESH. Other forms are refused."""
    table = parse_table_name(reader)
    relation = session.find(table.schema, table.name)
    if relation.kind != "materialized view":
        raise WarehouseError(f'"{relation.name}" is not a materialized view', sqlstate="42809")
    if not reader.take("auto", "refresh"):
        raise WarehouseError("not supported locally: this form of ALTER MATERIALIZED VIEW", sqlstate="0A000")
    if not reader.take("yes"):
        reader.expect("no")
    reader.expect_end()
    return Outcome("ALTER MATERIALIZED VIEW")


def _alter(session: LocalSession, relation: Relation, reader: Reader) -> None:
    if reader.take("append"):
        _append(session, relation, reader)
    elif reader.take("add"):
        _add(session, relation, reader)
    elif reader.take("drop"):
        _drop(session, relation, reader)
    elif reader.take("rename"):
        _rename(session, relation, reader)
    elif reader.take("owner"):
        reader.expect("to")
        reader.any_name("a user")
    elif reader.take("set"):
        _set(session, relation, reader)
    else:
        reader.expect("alter")
        _alter_column(session, relation, reader)
        while reader.take_op(","):
            reader.expect("alter")
            relation = session.find(relation.schema, relation.name)
            _alter_column(session, relation, reader)


def _set(session: LocalSession, relation: Relation, reader: Reader) -> None:
    if not reader.take("schema"):
        raise WarehouseError("not supported locally: this form of ALTER TABLE … SET", sqlstate="0A000")
    _refuse_views(session, relation)
    schema = session.creation_schema(reader.name("a schema"), False)
    _move(session, relation, replace(relation, schema=schema))


def _move(session: LocalSession, old: Relation, new: Relation) -> None:
    """A table that changes its schema is made anew: DuckDB has no other way."""
    if session.lookup(new.schema, new.name) is not None:
        raise WarehouseError(f'Relation "{new.name}" already exists', sqlstate="42P07")
    shown = ", ".join(column_sql(column) for column in new.columns)
    session.connection.execute(f"CREATE TABLE {new.sql} ({shown})")
    session.connection.execute(f"INSERT INTO {new.sql} SELECT * FROM {old.sql}")
    session.connection.execute(f"DROP TABLE {old.sql}")
    rewrite(session, old, new)


def _add_constraint(session: LocalSession, relation: Relation, constraint: Constraint) -> None:
    if constraint.kind == "primary key" and any(one.kind == "primary key" for one in relation.constraints):
        raise second_primary_key(relation.name)
    for name in constraint.columns:
        column = relation.column(name)
        if constraint.kind == "primary key" and column.null:
            raise WarehouseError(f'column "{name}" is nullable: a primary key needs NOT NULL', sqlstate="42P16")
    changed = replace(relation, constraints=(*relation.constraints, constraint))
    check_references(session, changed)
    rewrite(session, relation, changed)


def _add(session: LocalSession, relation: Relation, reader: Reader) -> None:
    constraint = parse_constraint(reader)
    if constraint is not None:
        _add_constraint(session, relation, constraint)
        return
    reader.take("column")
    new = NewTable(s.Table(relation.name))
    parse_column(reader, new)
    column = new.columns[0]
    if any(one.name == column.name for one in relation.columns):
        raise WarehouseError(f'column "{column.name}" of relation "{relation.name}" already exists', sqlstate="42701")
    if column.identity or new.constraints or new.distkey or new.sortkeys:
        raise WarehouseError("ALTER TABLE ADD COLUMN takes no IDENTITY, key, DISTKEY or SORTKEY", sqlstate="0A000")
    column = _with_defaults(session, new)[0]
    if not column.null and column.default is None:
        raise WarehouseError("ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression",
                             sqlstate="0A000")  # fmt: skip
    default = f" DEFAULT {column.default}" if column.default is not None else ""
    session.query_rows(f"ALTER TABLE {relation.sql} ADD COLUMN {column_sql(replace(column, null=True))}{default}")
    if not column.null:
        session.connection.execute(f"ALTER TABLE {relation.sql} ALTER COLUMN {quote(column.name)} SET NOT NULL")
    rewrite(session, relation, replace(relation, columns=(*relation.columns, column)))


def _drop(session: LocalSession, relation: Relation, reader: Reader) -> None:
    if reader.take("constraint"):
        name = reader.any_name("a constraint")
        going = next((one for one in relation.constraints if constraint_name(relation, one) == name), None)
        cascade = reader.take("cascade")
        if not cascade:
            reader.take("restrict")
        if going is None:
            raise WarehouseError(f'constraint "{name}" of relation "{relation.name}" does not exist', sqlstate="42704")
        if going.kind != "foreign key":
            for table, without in without_references(session, relation, cascade, going):
                rewrite(session, table, without)
        kept = tuple(one for one in relation.constraints if one is not going)
        rewrite(session, relation, replace(relation, constraints=kept))
        return
    reader.take("column")
    column = relation.column(reader.name("a column"))
    cascade = reader.take("cascade")
    reader.take("restrict")
    if len(relation.columns) == 1:
        raise WarehouseError("cannot drop the only column of a table", sqlstate="0A000")
    if column.name == relation.distkey or column.name in relation.sortkeys:
        raise WarehouseError(f'cannot drop column "{column.name}": it is a distkey or sortkey', sqlstate="0A000")
    for view in list(dependent_views(session.connection, relation)):
        if not cascade:
            raise WarehouseError(
                f"cannot drop table {relation.name} column {column.name} because other objects depend on it",
                sqlstate="2BP01", detail=f"view {view.name} depends on it", hint="use CASCADE",
            )  # fmt: skip
        drop_relation(session, view, True)
    session.connection.execute(f"ALTER TABLE {relation.sql} DROP COLUMN {quote(column.name)}")
    kept_columns = tuple(one for one in relation.columns if one.name != column.name)
    keys = tuple(one for one in relation.constraints if column.name not in one.columns)
    rewrite(session, relation, replace(relation, columns=kept_columns, constraints=keys))


def _refuse_views(session: LocalSession, relation: Relation) -> None:
    """On Redshift a view follows a column that is renamed; here it is kept as text, and would not."""
    view = next(iter(dependent_views(session.connection, relation)), None)
    if view is not None:
        raise WarehouseError(
            f"not supported locally: a new name for a column of what the view {view.name} reads",
            sqlstate="0A000",
            hint=f"DROP VIEW {view.name} first, or make it WITH NO SCHEMA BINDING",
        )


def _follow(session: LocalSession, relation: Relation, name: str) -> None:
    """Write the new name of a relation into the views that read it: on Redshift a view reads what it was made on."""
    key = f"{relation.schema}.{name}"
    for view in list(dependent_views(session.connection, relation)):
        text = view.definition
        for table in sorted(tables(StatementReader(text).query()), key=lambda table: -table.start):
            meant = session.lookup(table.schema, table.name)
            if meant is not None and meant.key == relation.key:
                alias = "" if table.alias else f" AS {quote(table.name)}"
                text = f"{text[: table.start]}{quote(name)}{alias}{text[table.end :]}"
        reads = tuple(sorted(key if one == relation.key else one for one in view.reads))
        rewrite(session, view, replace(view, definition=text, reads=reads))


def _rename(session: LocalSession, relation: Relation, reader: Reader) -> None:
    if reader.take("to"):
        name = reader.name("a table")
        if session.lookup(relation.schema, name) is not None:
            raise WarehouseError(f'relation "{name}" already exists', sqlstate="42P07")
        if relation.kind in ("table", "materialized view"):
            session.connection.execute(f"ALTER TABLE {relation.sql} RENAME TO {quote(name)}")
        _follow(session, relation, name)
        rewrite(session, relation, replace(relation, name=name))
        return
    _refuse_views(session, relation)
    reader.take("column")
    old = relation.column(reader.name("a column"))
    reader.expect("to")
    name = reader.name("a column")
    if any(column.name == name for column in relation.columns):
        raise WarehouseError(f'column "{name}" of relation "{relation.name}" already exists', sqlstate="42701")
    session.connection.execute(f"ALTER TABLE {relation.sql} RENAME COLUMN {quote(old.name)} TO {quote(name)}")

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name if one == old.name else one for one in names)

    columns = tuple(replace(one, name=name) if one is old else one for one in relation.columns)
    keys = tuple(replace(one, columns=renamed(one.columns)) for one in relation.constraints)
    distkey = name if relation.distkey == old.name else relation.distkey
    rewrite(session, relation, replace(relation, columns=columns, constraints=keys, distkey=distkey,
                                       sortkeys=renamed(relation.sortkeys)))  # fmt: skip


def _alter_column(session: LocalSession, relation: Relation, reader: Reader) -> None:
    if reader.take("distkey"):
        _refuse_interleaved(relation, "ALTER DISTKEY")
        column = relation.column(reader.name("a column"))
        rewrite(session, relation, replace(relation, distkey=column.name, diststyle="KEY"))
    elif reader.take("diststyle"):
        style = parse_diststyle(reader)
        _refuse_interleaved(relation, f"ALTER DISTSTYLE {style}")
        key = ""
        if style == "KEY":
            reader.expect("distkey")
            key = relation.column(reader.name("a column")).name
        rewrite(session, relation, replace(relation, diststyle=style, distkey=key))
    elif reader.at("compound") or reader.at("sortkey"):
        reader.take("compound")
        reader.expect("sortkey")
        if reader.take("auto"):
            rewrite(session, relation, replace(relation, auto_sorted=True))
            return
        keys = parse_sortkeys(reader)
        for key in keys:
            relation.column(key)
        rewrite(session, relation, replace(relation, sortkeys=keys, interleaved=False, auto_sorted=False))
    elif reader.take("encode"):
        reader.expect("auto")
    else:
        reader.take("column")
        _change_column(session, relation, relation.column(reader.name("a column")), reader)


def _change_column(session: LocalSession, relation: Relation, column: Column, reader: Reader) -> None:
    if reader.take("encode"):
        _refuse_interleaved(relation, "ALTER COLUMN … ENCODE")
        changed = replace(column, encode=parse_encoding(reader))
    elif reader.take("type"):
        type_ = parse_data_type(reader)
        _check_resize(session, relation, column, type_)
        changed = replace(column, type=type_)
    elif reader.take("collate"):
        changed = replace(column, nocase=parse_collation(reader))
    else:
        raise reader.error("expected TYPE or ENCODE")
    columns = tuple(changed if one is column else one for one in relation.columns)
    rewrite(session, relation, replace(relation, columns=columns))


def _refuse_interleaved(relation: Relation, what: str) -> None:
    if relation.interleaved:
        raise WarehouseError(f"{what} is not supported for tables with interleaved sort keys", sqlstate="0A000")


_ENCODED_BY_LENGTH = ("bytedict", "runlength", "text255", "text32k")


def _check_resize(session: LocalSession, relation: Relation, column: Column, type_: DataType) -> None:
    """Only the length of a VARCHAR can change, and not of every one. Errors: 25001, 0A000, 22001.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html, "ALTER COLUMN … TYPE"
    """
    if session.in_block:
        raise WarehouseError("ALTER TABLE ALTER COLUMN cannot run inside a transaction block", sqlstate="25001")
    said = f'cannot alter type of column "{column.name}"'
    if column.type.name != "varchar" or type_.name != "varchar":
        hint = "only the size of a VARCHAR column can change"
        raise WarehouseError(f"{said} from {column.type} to {type_}", sqlstate="0A000", hint=hint)
    if column.default_text:
        raise WarehouseError(f"{said} with a default", sqlstate="0A000")
    if column.encode in _ENCODED_BY_LENGTH:
        raise WarehouseError(f"{said} with the encoding {column.encode.upper()}", sqlstate="0A000")
    if any(column.name in key.columns for key in relation.constraints):
        raise WarehouseError(f"{said} of a primary key, unique or foreign key", sqlstate="0A000")
    longest = session.query_rows(f"SELECT max(strlen({quote(column.name)})) FROM {relation.sql}")[0][0]
    if longest is not None and longest > (type_.length or 0):
        raise WarehouseError(f"{said}: a value has {longest} bytes, more than {type_}", sqlstate="22001")


def _append(session: LocalSession, relation: Relation, reader: Reader) -> None:
    """ALTER TABLE … APPEND: the rows move, the source is left empty.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE_APPEND.html
    """
    if session.in_block:
        raise WarehouseError("ALTER TABLE APPEND cannot run inside a transaction block", sqlstate="25001")
    reader.expect("from")
    name = parse_table_name(reader)
    source = session.find(name.schema, name.name)
    ignore, fill = reader.take("ignoreextra"), reader.take("filltarget")
    if ignore and fill:
        raise WarehouseError("IGNOREEXTRA and FILLTARGET do not go together", sqlstate="42601")
    if (
        relation.temporary
        or source.temporary
        or relation.kind != "table"
        or source.kind not in ("table", "materialized view")
    ):
        raise WarehouseError("ALTER TABLE APPEND takes permanent tables only", sqlstate="0A000")
    theirs = {column.name: column for column in source.columns}
    ours = {column.name: column for column in relation.columns if not column.identity}
    _check_append(ours, theirs, ignore, fill)
    values = {name: quote(name) for name in ours if name in theirs}
    shown = ", ".join(values.get(column.name) or (column.default or "NULL") for column in relation.columns)
    session.query_rows(f"INSERT INTO {relation.sql} SELECT {shown} FROM {source.sql}")
    session.connection.execute(f"DELETE FROM {source.sql}")


def _check_append(ours: dict[str, Column], theirs: dict[str, Column], ignore: bool, fill: bool) -> None:
    extra = [name for name in theirs if name not in ours and not theirs[name].identity]
    missing = [name for name in ours if name not in theirs]
    if extra and not ignore:
        raise WarehouseError(f"the source has columns that the target has not: {', '.join(extra)}", sqlstate="42703",
                             hint="add IGNOREEXTRA")  # fmt: skip
    if missing and not fill:
        raise WarehouseError(f"the target has columns that the source has not: {', '.join(missing)}", sqlstate="42703",
                             hint="add FILLTARGET")  # fmt: skip
    for name in ours:
        if name in theirs and ours[name].type != theirs[name].type:
            raise WarehouseError(f'column "{name}" has different types', sqlstate="42804")
