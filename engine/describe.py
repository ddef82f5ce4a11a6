"""A table or a staging source in words: what it is, its columns, what it has to do with others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from .lineage import Lineage
from .model import Check, Column, Definition, Pipeline, StagingSource, Table
from .planning.checks import check_said
from .read import needs
from .tables import attributes

_AFTER = {"keep": "", "empty": "each table gets their rows once, then they are emptied"}
_CHANGED = {"fail": "one that has changed is an error", "skip": "one that has changed is not loaded again",
            "reload": "one that has changed is loaded again"}  # fmt: skip
COLUMN_HEADINGS = ("column", "type", "", "from", "description")


def part_text(pipeline: Pipeline, part: StagingSource | Table) -> Iterator[str]:
    """Yield what there is to say of a table or a staging source beside its columns and its SQL."""
    definition = part.definition
    yield f"{definition.schema}.{part.name}, {definition.where}"
    if definition.description:
        yield definition.description
    yield ""
    waits = needs(pipeline)
    facts = {
        "loaded from": part.copy.source if isinstance(part, StagingSource) else "",
        "strategy": part.load.strategy if isinstance(part, Table) else "",
        "attributes": ", ".join(attribute.lower() for attribute in attributes(definition)),
        **declared_facts(part),
        "waits for": ", ".join(sorted(waits[part.name])),
        "waited for by": ", ".join(name for name, others in waits.items() if part.name in others),
    }
    yield from (f"{name:14} {said}" for name, said in facts.items() if said)
    yield from (f"{'check':14} {check_text(check)}" for check in part.checks)


def declared_facts(part: StagingSource | Table) -> dict[str, str]:
    """Return what else is declared of a part, in words; what is not declared is left out."""
    own = _source_facts(part) if isinstance(part, StagingSource) else _table_facts(part)
    facts = {"tags": ", ".join(part.tags), **own}
    return {name: said for name, said in facts.items() if said}


def _source_facts(source: StagingSource) -> dict[str, str]:
    if not (how := source.incremental):
        return {}
    reloads_all = how.after == "keep" and how.changed == "reload"
    changed = "if one has changed, all are loaded again" if reloads_all else _CHANGED[how.changed]
    broken = f"up to {how.max_bad_files} broken ones are set aside" if how.max_bad_files else ""
    return {"files": "; ".join(filter(None, ("each is loaded once", _AFTER[how.after], changed, broken)))}


def _table_facts(table: Table) -> dict[str, str]:
    grants = [f"{privilege} to {', '.join(grantees)}" for privilege, grantees in table.grants.items()]
    hooks = Counter(hook.when for hook in table.hooks)
    rows = ", the rows of a SELECT" if table.unload and table.unload.select else ""
    return {
        "unknown member": ", ".join(f"{name}: {value}" for name, value in table.unknown_member.items()),
        "grants": "; ".join([*grants, *(["all else is revoked"] if table.grants_are_exclusive else [])]),
        "hooks": ", ".join(f"{count} {when} the load" for when, count in hooks.items()),
        "unloaded to": f"{table.unload.to}{rows}" if table.unload else "",
    }


def check_text(check: Check) -> str:
    """Return what must hold, and whether it only warns."""
    said = check_said(check)
    return said if check.severity == "error" else f"{said} (warns)"


def column_rows(part: StagingSource | Table, lineage: Lineage) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield a row for each column, under COLUMN_HEADINGS."""
    for column in part.definition.columns:
        origin = lineage[part.name, column.name]
        sources = ", ".join(".".join(source) for source in origin.sources) or origin.path
        yield column.name, str(column.type), ", ".join(marks(part.definition, column)), sources, column.description


def marks(definition: Definition, column: Column) -> tuple[str, ...]:
    """Return what else a column is: a key, not NULL."""
    sorted_by = definition.sortkey.columns if definition.sortkey else ()
    holding = {
        "primary key": column.name in definition.primary_key,
        "not null": not column.nullable and column.name not in definition.primary_key,
        "unique": column.unique,
        f"→ {column.references.table}.{column.references.column}" if column.references else "": bool(column.references),
        "dist key": column.name == definition.distkey,
        "sort key": column.name in sorted_by,
    }
    return tuple(mark for mark, holds in holding.items() if holds)
