"""What one table says of another: foreign keys, look-ups, depends_on, relationships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..model import Definition
from ..places import At, did_you_mean, known_columns
from .sections import named


def check_links(roots: Sequence[At], definitions: dict[str, Definition], lost: frozenset[str]) -> None:
    """Check what one table says of another: foreign keys, depends_on, relationships."""
    swapped = {name for _, name, spec in named(roots, "tables") if spec["load"].get("strategy") == "swap"}
    for at, name, spec in (*named(roots, "staging"), *named(roots, "tables")):
        for column, settings in spec["columns"].items():
            if "references" in settings:
                place = at / "columns" / column / "references"
                _check_reference(place, settings["references"], definitions, lost)
                if settings["references"].partition(".")[0] in swapped:
                    hint = "load that table with 'replace', or take the reference out"
                    place.problem("a table that is swapped may not be referred to: it could not be dropped", hint)
            if "lookup" in settings:
                _check_lookup(at / "columns" / column / "lookup", settings["lookup"], definitions, lost)
        for position, other in enumerate(spec.get("depends_on", ())):
            if (other not in definitions and other not in lost) or other == name:
                hint = did_you_mean(other, set(definitions) - {name}, "steps are")
                (at / "depends_on" / position).problem(f"depends_on names no other step: '{other}'", hint)
        for position, check in enumerate(spec.get("checks", ())):
            for column, other in check.get("relationships", {}).items():
                _check_reference(at / "checks" / position / "relationships" / column, other, definitions, lost)
            if check.get("keep_failures") in definitions and check["keep_failures"] != name:
                place = at / "checks" / position / "keep_failures"
                place.problem(
                    f"'{check['keep_failures']}' is a table of the pipeline", "give the failures one of their own"
                )


def _check_lookup(at: At, spec: dict[str, Any], definitions: dict[str, Definition], lost: frozenset[str]) -> None:
    _check_reference(at / "from", spec["from"], definitions, lost)
    other = definitions.get(spec["from"].partition(".")[0])
    if other:
        names = [column.name for column in other.columns]
        known_columns(at / "on", spec["on"], names, f"a lookup in '{other.name}'")


def _check_reference(at: At, text: str, definitions: dict[str, Definition], lost: frozenset[str]) -> None:
    table, _, column = text.partition(".")
    if table in lost:
        return
    if table not in definitions:
        at.problem(f"no table '{table}'", did_you_mean(table, definitions, "tables are"))
    elif column and definitions[table].column(column) is None:
        names = [known.name for known in definitions[table].columns]
        at.problem(f"'{table}' has no column '{column}'", did_you_mean(column, names, "columns are"))
    elif not column and len(definitions[table].primary_key) != 1:
        at.problem(f"'{table}' has no primary key of one column", f"write {table}.column")
