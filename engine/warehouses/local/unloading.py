"""UNLOAD on local Redshift: the rows of a query into files of a mounted bucket.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from __future__ import annotations

import bz2
import gzip
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import WarehouseError
from ...warehouse import Outcome
from . import facts
from .casts import as_text
from .queries import query_sql
from .query_grammar import StatementReader
from .scope import OutColumn, Scope
from .tokens import Reader
from .unload_grammar import Unload, parse_unload
from .values import BOOLEAN, Typed, literal, quote

if TYPE_CHECKING:
    from .session import LocalSession


def unload(session: LocalSession, reader: Reader) -> Outcome:
    """Run an UNLOAD. Errors: WarehouseError XX000 where the target is not empty."""
    statement = parse_unload(reader)
    inner = StatementReader(statement.query)
    query = inner.query()
    inner.expect_end()
    if query.limit is not None:
        raise WarehouseError("LIMIT clause is not supported in the outer query of UNLOAD", sqlstate="0A000",
                             hint="put it into a subquery: SELECT * FROM (SELECT … LIMIT n)")  # fmt: skip
    sql, columns = query_sql(query, Scope(facts.context(session)))
    _make_room(session, statement)
    names = [quote(column.name) for column in columns]
    source = f"(SELECT * FROM ({sql}) AS q({', '.join(names)}))"
    written: list[tuple[str, int, int]] = []
    for folder, condition in _partitions(session, statement, source, columns):
        kept = [column for column in columns if statement.partition_included or column.name not in statement.partition]
        url = f"{statement.target}{folder}{_file_name(statement)}"
        content, rows = _content(session, statement, source + condition, kept)
        if rows or not written:
            session.storage.write(url, content)
            written.append((url, len(content), rows))
    if statement.manifest:
        entries = {"entries": [{"url": url, "meta": {"content_length": size}} for url, size, _ in written]}
        session.storage.write(f"{statement.target}manifest", json.dumps(entries).encode())
    count = sum(rows for _, _, rows in written)
    session.last_unload_count = count
    return Outcome("UNLOAD", count, notices=(f"INFO: UNLOAD completed, {count} record(s) unloaded successfully.",))


def _make_room(session: LocalSession, statement: Unload) -> None:
    found = list(session.storage.list(statement.target))
    if statement.clean:
        for stored in found:
            session.storage.delete(stored.url)
    elif found and not statement.overwrite:
        raise WarehouseError(
            f"Specified unload destination on S3 is not empty: {found[0].url}",
            sqlstate="XX000",
            hint="use another prefix, remove the files, or add ALLOWOVERWRITE",
        )


def _file_name(statement: Unload) -> str:
    name = "0000_part_00" if statement.parallel else "000"
    if statement.extension:
        return f"{name}.{statement.extension.lstrip('.')}"
    ending = ".parquet" if statement.format == "parquet" else ""
    return name + ending + {"gzip": ".gz", "bzip2": ".bz2", "zstd": ".zst", "": ""}[statement.compression]


def _partitions(
    session: LocalSession, statement: Unload, source: str, columns: tuple[OutColumn, ...]
) -> list[tuple[str, str]]:
    """Return the folder below the target, and the condition, of each file."""
    if not statement.partition:
        return [("", "")]
    known = [column.name for column in columns]
    for name in statement.partition:
        if name not in known:
            raise WarehouseError(f'column "{name}" named in PARTITION BY does not exist', sqlstate="42703")
    keys = ", ".join(f"CAST({quote(name)} AS VARCHAR)" for name in statement.partition)
    found = []
    for values in session.query_rows(f"SELECT DISTINCT {keys} FROM {source} ORDER BY ALL"):
        pairs = list(zip(statement.partition, values, strict=True))
        folder = "".join(f"{name}={'__HIVE_DEFAULT_PARTITION__' if v is None else v}/" for name, v in pairs)
        tests = [f"CAST({quote(name)} AS VARCHAR) {'IS NULL' if v is None else '= ' + literal(v)}" for name, v in pairs]
        found.append((folder, f" WHERE {' AND '.join(tests)}"))
    return found


def _content(session: LocalSession, statement: Unload, source: str, columns: list[OutColumn]) -> tuple[bytes, int]:
    """Return the bytes of one file and how many rows it holds."""
    if statement.format == "parquet":
        shown = ", ".join(quote(column.name) for column in columns)
        return _parquet(session, f"SELECT {shown} FROM {source}")
    rows = session.query_rows(f"SELECT {_line(statement, columns)} FROM {source}")
    lines = [row[0] for row in rows]
    if statement.header:
        lines.insert(0, (statement.delimiter or _delimiter(statement)).join(column.name for column in columns))
    content = ("\n".join(lines) + "\n").encode() if lines else b""
    if statement.compression == "gzip":
        content = gzip.compress(content, mtime=0)
    elif statement.compression == "bzip2":
        content = bz2.compress(content)
    elif statement.compression == "zstd":
        raise WarehouseError("not supported locally: UNLOAD with ZSTD", sqlstate="0A000", hint="use GZIP")
    return content, len(rows)


def _parquet(session: LocalSession, sql: str) -> tuple[bytes, int]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "part.parquet"
        target = literal(str(file))
        rows = session.query_rows(f"COPY ({sql}) TO {target} (FORMAT parquet, COMPRESSION snappy)")
        return file.read_bytes(), int(rows[0][0])


def _delimiter(statement: Unload) -> str:
    given = statement.delimiter.replace("\\t", "\t")
    return given or ("," if statement.format == "csv" else "|")


def _line(statement: Unload, columns: list[OutColumn]) -> str:
    """Return the expression of a row's line."""
    if statement.format == "json":
        pairs = ", ".join(f"{literal(column.name)}, {quote(column.name)}" for column in columns)
        return f"CAST(json_object({pairs}) AS VARCHAR)"
    delimiter = _delimiter(statement)
    return f" || {literal(delimiter)} || ".join(_field(statement, column, delimiter) for column in columns)


def _field(statement: Unload, column: OutColumn, delimiter: str) -> str:
    name = quote(column.name)
    text = as_text(Typed(name, column.type)) if column.type.name != "super" else f"CAST({name} AS VARCHAR)"
    if column.type == BOOLEAN:
        text = f"CASE WHEN {name} THEN 't' ELSE 'f' END"
    if statement.format == "csv":
        test = " OR ".join(f"contains({text}, {sign})" for sign in (literal(delimiter), "'\"'", "chr(10)", "chr(13)"))
        text = f"CASE WHEN {test} THEN '\"' || replace({text}, '\"', '\"\"') || '\"' ELSE {text} END"
    elif statement.add_quotes:
        text = f"'\"' || replace({text}, '\"', '\\\"') || '\"'" if statement.escape else f"'\"' || {text} || '\"'"
    elif statement.escape:
        for sign in ("'\\'", literal(delimiter), "chr(10)", "chr(13)", "'\"'", "''''"):
            text = f"replace({text}, {sign}, '\\' || {sign})"
    return f"CASE WHEN {name} IS NULL THEN {literal(statement.null_as)} ELSE {text} END"
