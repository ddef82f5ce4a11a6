"""The SQL of a load: a scan of raw values, each turned into its column's type, bad rows refused or counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...copy import Copy
from ...records import frozen
from .load_files import Unit
from .load_reasons import Reason
from .load_records import Place, Record
from .load_values import LoadColumn, Raw, Rule, rule

LEFT_OUT = "temp.etlrun_left_out"
"""A sequence that counts the rows that a scan leaves out: the only way to learn it without a second scan."""


@frozen
class Reading:
    """How the files of one format become rows of raw values."""

    columns: tuple[LoadColumn, ...]
    raws: tuple[Raw, ...]
    """One for each column."""
    scan: Callable[[tuple[Unit, ...]], str]
    """A FROM item over units of one layout."""
    broken: str
    """SQL that is true for a row that could not be taken apart; empty if the scan raises instead."""
    records: Callable[[Unit], Iterator[Record]]
    """The rows of a unit, as many as a scan has."""
    wrong: Callable[[Place], Reason]
    """Why a row is broken."""
    lost: Callable[[Place, int], Reason]
    """Why the path of the column of that number could not be followed."""
    sound: Callable[[Record, Place], Iterator[tuple[Place, bytes, Reason | None]]] | None = None
    """What can be saved of a broken row, as rows for `again`, and what cannot."""
    again: Reading | None = None
    """How rows that were saved are read."""


def rules(reading: Reading, copy: Copy) -> list[Rule]:
    """Return the rule of each column, over the columns v0, r0, l0, v1, … of a scan; bad includes a lost path."""
    found = []
    for i, (column, raw) in enumerate(zip(reading.columns, reading.raws, strict=True)):
        each = rule(column, copy, raw.kind, f"r{i}", f"v{i}")
        found.append(Rule(each.value, f"l{i} OR {each.bad}") if raw.lost else each)
    return found


def insert(reading: Reading, copy: Copy, relation: str, defaults: dict[str, str], units: tuple[Unit, ...]) -> str:
    """Return the INSERT that raises on a bad value. Broken rows are left out and counted."""
    selected = [
        f"v{i}" if each.bad == "false" else f"CASE WHEN {each.bad} THEN error('a value cannot be loaded') ELSE v{i} END"
        for i, each in enumerate(rules(reading, copy))
    ]
    return _insert(reading, relation, defaults, selected, _values(reading, copy, _whole_rows(reading, units)))


def insert_good(reading: Reading, copy: Copy, relation: str, defaults: dict[str, str], units: tuple[Unit, ...]) -> str:
    """Return the INSERT that leaves bad and broken rows out and counts them."""
    refused = " OR ".join(each.bad for each in rules(reading, copy) if each.bad != "false")
    selected = [f"v{i}" for i in range(len(reading.columns))]
    rows = _values(reading, copy, _whole_rows(reading, units))
    return _counted(refused, _insert(reading, relation, defaults, selected, rows))


def refused_rows(reading: Reading, copy: Copy, unit: Unit) -> str:
    """Return the SELECT of the rows that cannot be loaded, in the order of the file.

    Shape: ordinal in the file from 1; number of the first bad column from 0, or NULL for a broken row; its raw text;
    whether its path could not be followed.
    """
    cases = [f"WHEN {each.bad} THEN {i}" for i, each in enumerate(rules(reading, copy)) if each.bad != "false"]
    if reading.broken:
        cases.insert(0, "WHEN broken THEN -1")
    first = f"CASE {' '.join(cases)} END" if cases else "NULL::INTEGER"
    raw = " ".join(f"WHEN {i} THEN r{i}::VARCHAR" for i in range(len(reading.raws)))
    lost = " ".join(f"WHEN {i} THEN l{i}" for i, each in enumerate(reading.raws) if each.lost)
    numbered = f"SELECT *, row_number() OVER () AS n FROM {reading.scan((unit,))}"
    values = _values(reading, copy, numbered, f", n, {reading.broken or 'false'} AS broken")
    return (
        f"SELECT n, nullif(bad, -1), CASE bad {raw} END, {f'CASE bad {lost} ELSE false END' if lost else 'false'} "
        f"FROM (SELECT *, {first} AS bad FROM ({values})) WHERE bad IS NOT NULL"
    )


def scan_only(reading: Reading, unit: Unit) -> str:
    """Return the SELECT that fails if `unit` cannot be scanned, and does nothing else."""
    return f"SELECT {', '.join(f'count({raw.sql})' for raw in reading.raws)} FROM {reading.scan((unit,))}"


def _whole_rows(reading: Reading, units: tuple[Unit, ...]) -> str:
    return _counted(reading.broken, f"SELECT * FROM {reading.scan(units)}")


def _values(reading: Reading, copy: Copy, rows: str, extra: str = "") -> str:
    """Return the SELECT of v0, v1, … (values), r0, r1, … (raw) and l0, … (path lost) over the rows of a scan."""
    raw = [f"{each.sql} AS r{i}" for i, each in enumerate(reading.raws)]
    raw += [f"{each.lost} AS l{i}" for i, each in enumerate(reading.raws) if each.lost]
    values = [f"{each.value} AS v{i}" for i, each in enumerate(rules(reading, copy))]
    return f"SELECT *, {', '.join(values)} FROM (SELECT {', '.join(raw)}{extra} FROM ({rows}))"


def _counted(refused: str, select: str) -> str:
    """Add to a SELECT that `refused` rows are left out, and that the sequence counts them."""
    if not refused:
        return select
    return f"{select} WHERE CASE WHEN {refused} THEN nextval('{LEFT_OUT}') < 0 ELSE true END"


def _insert(reading: Reading, relation: str, defaults: dict[str, str], selected: list[str], rows: str) -> str:
    names = ", ".join(quoted(name) for name in (*(column.name for column in reading.columns), *defaults))
    return f"INSERT INTO {relation} ({names}) SELECT {', '.join((*selected, *defaults.values()))} FROM ({rows})"


def quoted(name: str) -> str:
    """Return `name` as a quoted DuckDB name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return `text` as a DuckDB literal."""
    return "'" + text.replace("'", "''") + "'"


def files(units: tuple[Unit, ...]) -> str:
    """Return the paths of `units` as a DuckDB list."""
    return "[" + ", ".join(literal(str(unit.path)) for unit in units) + "]"
