"""The documents of a pipeline -> its record, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import Problem, Where
from ..model import Pipeline
from ..places import At
from ..records import frozen
from ..rules import Severity
from ..source import Document
from ..window import declared_window
from .links import check_links
from .sections import check_name, first_uses, is_first, named
from .staging import declared_source
from .tables import declared_hooks, declared_table
from .targets import declared_targets, default_target

_ROOT_KEYS = ("name", "version", "description", "target", "targets", "schema", "include", "rules", "window", "hooks")


@frozen
class Built:
    """A pipeline, the `vars` with their places, and what is wrong with it."""

    pipeline: Pipeline
    variables: dict[str, tuple[Any, Where]]
    problems: tuple[Problem, ...]


def build(documents: Sequence[Document], lost: frozenset[str] = frozenset()) -> Built:
    """Make the pipeline of its own document (the first) and the included ones, all valid by the schema.

    `lost` names the tables, staging sources and targets that were not: who refers to one of them is not told off.
    """
    problems: list[Problem] = []
    roots = [At(document, (), problems) for document in documents]
    main = documents[0].data
    schema = main.get("schema", "public")
    _included_keys(roots[1:])
    targets = tuple(declared_targets(roots[0] / "targets", main.get("targets"), main["name"]))
    target = default_target(roots[0] / "target", main.get("target"), targets, lost)
    check_name(roots[0] / "schema", schema)
    first = first_uses(roots)
    staging = tuple(
        declared_source(at, name, spec, schema) for at, name, spec in named(roots, "staging") if is_first(at, first)
    )
    tables = tuple(
        declared_table(at, name, spec, schema, documents[0])
        for at, name, spec in named(roots, "tables")
        if is_first(at, first)
    )
    definitions = {each.name: each for each in (*(s.definition for s in staging), *(t.definition for t in tables))}
    if not definitions and not lost:
        roots[0].problem("the pipeline has neither staging nor tables", "add a table under 'tables:'")
    check_links(roots, definitions, lost)
    variables = _variables(roots)
    window = declared_window(roots[0] / "window", main["window"], variables, lost) if "window" in main else None
    pipeline = Pipeline(
        name=main["name"], path=documents[0].path, schema=schema, target=target, targets=targets,
        staging=staging, tables=tables, description=main.get("description", ""), rules=_rules(main.get("rules", {})),
        window=window, hooks=declared_hooks(roots[0] / "hooks", main.get("hooks", {})),
    )  # fmt: skip
    return Built(pipeline, variables, tuple(problems))


def _rules(chosen: dict[str, Severity]) -> dict[str, Severity]:
    return {name: severity for name, severity in chosen.items() if not name.startswith("x-")}


def _variables(roots: Sequence[At]) -> dict[str, tuple[Any, Where]]:
    found: dict[str, tuple[Any, Where]] = {}
    for at, name, value in named(roots, "vars"):
        if name in found:
            hint = f"the first stands at {found[name][1]}; every name is used once"
            at.problem(f"a second variable '{name}'", hint, at_key=True)
        found.setdefault(name, (value, at.value))
    return found


def _included_keys(parts: Sequence[At]) -> None:
    for part in parts:
        for key in part.document.data:
            if key in _ROOT_KEYS:
                message = f"'{key}' belongs into the pipeline's own file"
                (part / key).problem(message, "an included file has vars, staging and tables", at_key=True)
