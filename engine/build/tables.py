"""`tables:` -> a table, how it is loaded, and what is done around that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import InvalidPipeline
from ..loads import check_columns, check_dates, check_strategy, check_unknown_member, declared_checks
from ..model import Hook, Load, Table
from ..places import At, places_of
from ..source import Document, Text, read_text
from ..unload import declared_unload
from .definitions import declared_definition
from .paths import inside


def declared_table(at: At, name: str, spec: dict[str, Any], schema: str, main: Document) -> Table:
    definition = declared_definition(at, name, spec, schema)
    load, place = spec["load"], at / "load"
    check_strategy(place, load, definition)
    if "unknown_member" in spec:
        check_unknown_member(at / "unknown_member", spec["unknown_member"], definition)
    if "dates" in load:
        check_dates(place / "dates", definition)
    check_columns(at, spec.get("checks", ()), definition)
    settings = {key: value for key, value in load.items() if key not in ("strategy", "sql", "sql_file")}
    return Table(
        definition,
        Load(
            strategy=load.get("strategy", "replace"),
            where=(place / "strategy").value if "strategy" in load else place.key,
            sql=_sql(place, load, main),
            settings=settings,
            places=places_of(place, settings),
        ),
        tags=tuple(spec.get("tags", ())),
        depends_on=tuple((other, (at / "depends_on" / i).value) for i, other in enumerate(spec.get("depends_on", ()))),
        checks=declared_checks(at, spec),
        hooks=declared_hooks(at / "hooks", spec.get("hooks", {})),
        unknown_member=spec.get("unknown_member", {}),
        grants={name: tuple(grantees) for name, grantees in spec.get("grants", {}).items() if name != "exclusive"},
        grants_are_exclusive=spec.get("grants", {}).get("exclusive", False),
        unload=declared_unload(at / "unload", spec["unload"]) if "unload" in spec else None,
    )


def declared_hooks(at: At, spec: dict[str, list[str]]) -> tuple[Hook, ...]:
    found = []
    for when in ("before", "after", "on_failure"):
        for position, _ in enumerate(spec.get(when, ())):
            found.append(Hook(when, at.document.text((*at.path, when, position))))
    return tuple(found)


def _sql(at: At, load: dict[str, Any], main: Document) -> Text:
    if "sql" in load:
        return at.document.text((*at.path, "sql"))
    if "dates" in load:
        return Text("", at.document)
    name = load["sql_file"]
    try:
        return read_text(inside(main.path.parent, name), str(Path(main.name).parent / name))
    except ValueError as error:
        (at / "sql_file").problem(str(error), "move it into the folder")
    except InvalidPipeline as error:
        (at / "sql_file").problem(str(error), "; ".join(problem.hint for problem in error.problems))
    return Text("", at.document)
