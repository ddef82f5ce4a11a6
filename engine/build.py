"""Documents -> Pipeline: what the JSON Schema cannot say is checked here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import copy as copying
from .datatypes import DataType, UnknownType, parse_type
from .errors import InvalidPipeline, Problem, Where
from .incremental import declared_incremental
from .jsonpaths import InvalidPath, notation, parse_path, path_to
from .lexical import MAX_NAME_BYTES
from .loads import check_columns, check_dates, check_derived, check_strategy, check_unknown_member, declared_checks
from .model import (
    Cluster,
    Column,
    Definition,
    Hook,
    Load,
    Lookup,
    Mount,
    Pipeline,
    Reference,
    Secret,
    Serverless,
    SortKey,
    StagingSource,
    Table,
    Target,
)
from .places import At, did_you_mean, known_columns
from .records import frozen
from .rules import Severity
from .source import Document, Text, read_text
from .unload import declared_unload
from .window import declared_window

MAX_COMPOUND_SORTKEY = 400
MAX_INTERLEAVED_SORTKEY = 8
_NUMBER_ENCODINGS = ("az64", "delta", "delta32k", "mostly8", "mostly16", "mostly32")
_TEXT_ENCODINGS = ("lzo", "text255", "text32k")
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
    targets = tuple(_targets(roots[0] / "targets", main.get("targets"), main["name"]))
    target = _default_target(roots[0] / "target", main.get("target"), targets, lost)
    _check_name(roots[0] / "schema", schema)
    first = _first_uses(roots)
    staging = tuple(
        _staging(at, name, spec, schema) for at, name, spec in _named(roots, "staging") if _is_first(at, first)
    )
    tables = tuple(
        _table(at, name, spec, schema, documents[0])
        for at, name, spec in _named(roots, "tables")
        if _is_first(at, first)
    )
    definitions = {each.name: each for each in (*(s.definition for s in staging), *(t.definition for t in tables))}
    if not definitions and not lost:
        roots[0].problem("the pipeline has neither staging nor tables", "add a table under 'tables:'")
    _check_links(roots, definitions, lost)
    variables = _variables(roots)
    window = declared_window(roots[0] / "window", main["window"], variables, lost) if "window" in main else None
    pipeline = Pipeline(
        name=main["name"], path=documents[0].path, schema=schema, target=target, targets=targets,
        staging=staging, tables=tables, description=main.get("description", ""), rules=_rules(main.get("rules", {})),
        window=window, hooks=_hooks(roots[0] / "hooks", main.get("hooks", {})),
    )  # fmt: skip
    return Built(pipeline, variables, tuple(problems))


def inside(folder: Path, relative: str) -> Path:
    """Return the path of `relative` in `folder`. Errors: ValueError if it leaves the folder, also through a link."""
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"the path '{relative}' leaves the pipeline's folder")
    return path


def _named(roots: Sequence[At], section: str) -> Iterator[tuple[At, str, Any]]:
    for root in roots:
        for name, spec in root.document.data.get(section, {}).items():
            yield root / section / name, name, spec


def _first_uses(roots: Sequence[At]) -> dict[str, At]:
    """Return for each name of a staging source or a table the place that uses it first."""
    first: dict[str, At] = {}
    for root in roots:
        places = [(at.key.line, name, at) for kind in ("staging", "tables") for at, name, _ in _named([root], kind)]
        for _, name, at in sorted(places, key=lambda place: place[0]):
            first.setdefault(name, at)
    return first


def _is_first(at: At, first: dict[str, At]) -> bool:
    """Tell whether `at` is the first to use its name; a later one is a problem, told once."""
    name = str(at.path[-1])
    if first[name].document is at.document and first[name].path == at.path:
        return True
    hint = f"the first stands at {first[name].key}; every name is used once"
    at.problem(f"a second table '{name}'", hint, at_key=True)
    return False


def _rules(chosen: dict[str, Severity]) -> dict[str, Severity]:
    return {name: severity for name, severity in chosen.items() if not name.startswith("x-")}


def _variables(roots: Sequence[At]) -> dict[str, tuple[Any, Where]]:
    found: dict[str, tuple[Any, Where]] = {}
    for at, name, value in _named(roots, "vars"):
        if name in found:
            hint = f"the first stands at {found[name][1]}; every name is used once"
            at.problem(f"a second variable '{name}'", hint, at_key=True)
        found.setdefault(name, (value, at.value))
    return found


def _check_name(at: At, name: str, *, at_key: bool = False) -> None:
    """Check what the schema cannot: it counts characters, Redshift bytes."""
    if (size := len(name.encode())) > MAX_NAME_BYTES:
        at.problem(f"the name has {size} bytes in UTF-8", f"Redshift takes {MAX_NAME_BYTES}", at_key=at_key)


def _included_keys(parts: Sequence[At]) -> None:
    for part in parts:
        for key in part.document.data:
            if key in _ROOT_KEYS:
                message = f"'{key}' belongs into the pipeline's own file"
                (part / key).problem(message, "an included file has vars, staging and tables", at_key=True)


# --- targets ---------------------------------------------------------------------------------------------------------


def _targets(at: At, specs: dict[str, Any] | None, pipeline: str) -> Iterator[Target]:
    if not specs:
        yield _local_target("local", {}, pipeline, at)
        return
    for name, spec in specs.items():
        if spec["warehouse"] == "local":
            yield _local_target(name, spec, pipeline, at / name)
        else:
            yield _cluster_target(name, spec, at / name)


def _local_target(name: str, spec: dict[str, Any], pipeline: str, at: At) -> Target:
    for url, folder in spec.get("mounts", {}).items():
        _stays_inside(at / "mounts" / url, folder, "or mount it with --mount")
    mounts = tuple(Mount(url.rstrip("/"), folder) for url, folder in spec.get("mounts", {}).items())
    database = spec.get("database", f".etlrun/{pipeline}.duckdb")
    if database != ":memory:":
        _stays_inside(at / "database", database, "")
    return Target(
        name=name, warehouse="local", where=at.key, database=database, mounts=mounts,
        iam_role=spec.get("iam_role", "default"), work=spec.get("work", "s3://etlrun-work").rstrip("/"),
        region=spec.get("region", ""), profile=spec.get("profile", ""), threads=spec.get("threads", 1),
        places=_places(at, spec),
    )  # fmt: skip


def _cluster_target(name: str, spec: dict[str, Any], at: At) -> Target:
    if "cluster" in spec and "serverless" in spec:
        (at / "serverless").problem(
            "a target has 'cluster' or 'serverless', not both", "make it two targets", at_key=True
        )
    if "password" in spec and "secret" in spec:
        (at / "secret").problem("a target has 'password' or 'secret', not both", "take one of them out", at_key=True)
    if spec.get("sign_in") == "iam" and not spec.keys() & {"cluster", "serverless"}:
        hint = "add 'cluster: {identifier: …}' or 'serverless: {workgroup: …}'"
        (at / "sign_in").problem("AWS gives credentials for a named cluster or workgroup", hint)
    return Target(
        name=name, warehouse=spec["warehouse"], where=at.key, host=spec["host"], port=str(spec.get("port", 5439)),
        database=spec.get("database", "dev"), user=spec["user"], password=Secret(spec.get("password", "")),
        secret=spec.get("secret", ""), iam_role=spec.get("iam_role", "default"), region=spec.get("region", ""),
        profile=spec.get("profile", ""), work=spec["work"].rstrip("/"), cluster=_cluster(spec.get("cluster")),
        serverless=_serverless(spec.get("serverless")), allow_cidr=spec.get("allow_cidr", ""),
        reads=tuple(spec.get("reads", ())), sign_in=spec.get("sign_in", "password"),
        tls=spec.get("tls", "verify-full"), statement_timeout_seconds=spec.get("statement_timeout", 0),
        threads=spec.get("threads", 1), places=_places(at, spec),
    )  # fmt: skip


def _cluster(spec: dict[str, Any] | None) -> Cluster | None:
    if spec is None:
        return None
    return Cluster(
        identifier=spec["identifier"], node_type=spec.get("node_type", "ra3.large"), nodes=spec.get("nodes", 1),
        subnet_group=spec.get("subnet_group", ""), kms_key=spec.get("kms_key", ""), public=spec.get("public", False),
    )  # fmt: skip


def _serverless(spec: dict[str, Any] | None) -> Serverless | None:
    if spec is None:
        return None
    return Serverless(
        namespace=spec["namespace"], workgroup=spec.get("workgroup", spec["namespace"]),
        base_capacity=spec.get("base_capacity", 8), subnets=tuple(spec.get("subnets", ())),
        kms_key=spec.get("kms_key", ""), public=spec.get("public", False),
    )  # fmt: skip


def _places(at: At, spec: dict[str, Any]) -> dict[str, Where]:
    return {key: (at / key).value for key in spec}


def _stays_inside(at: At, relative: str, hint: str) -> None:
    try:
        inside(at.document.path.parent, relative)
    except ValueError as error:
        at.problem(str(error), f"move it into the folder {hint}".rstrip())


def _default_target(at: At, name: str | None, targets: Sequence[Target], lost: frozenset[str]) -> str:
    known = [target.name for target in targets]
    if name is None:
        if len(known) == 1 or lost:
            return known[0]
        at.problem("'target' is missing, and there are several targets", f"add 'target: {known[0]}'")
        return known[0]
    if name not in known and name not in lost:
        at.problem(f"unknown target '{name}'", did_you_mean(name, known, "targets are"))
    return name


# --- definitions -----------------------------------------------------------------------------------------------------


def _definition(at: At, name: str, spec: dict[str, Any], schema: str) -> Definition:
    _check_name(at, name, at_key=True)
    columns = tuple(_column(at / "columns" / key, key, column) for key, column in spec["columns"].items())
    names = [column.name for column in columns]
    flagged = tuple(key for key, column in spec["columns"].items() if column.get("primary_key"))
    listed = tuple(spec.get("primary_key", ()))
    if flagged and listed:
        (at / "primary_key").problem("the primary key is declared twice", "on the columns, or here")
    known_columns(at / "primary_key", listed, names, "primary_key")
    return Definition(
        name=name, schema=schema, where=at.key, columns=columns, description=spec.get("description", ""),
        primary_key=listed or flagged, diststyle=spec.get("diststyle", ""), distkey=_distkey(at, spec, columns),
        sortkey=_sortkey(at, spec.get("sortkey"), columns),
    )  # fmt: skip


def _column(at: At, name: str, spec: dict[str, Any]) -> Column:
    _check_name(at, name, at_key=True)
    type_ = _type(at / "type", spec["type"])
    identity = tuple(spec["identity"]) if "identity" in spec else None
    if identity and type_.name not in ("integer", "bigint"):
        (at / "identity").problem(f"an identity column is integer or bigint, not {type_}", "change the type")
    if identity and "default" in spec:
        (at / "default").problem("an identity column has no default", "take one of them out")
    if "encode" in spec:
        _encoding(at / "encode", spec["encode"], type_)
    check_derived(at, name, spec, type_)
    default = spec.get("default", "")
    return Column(
        name=name, type=type_, where=at.key, description=spec.get("description", ""), nullable=spec.get("null", True),
        default=str(default).upper() if isinstance(default, bool) else str(default), encode=spec.get("encode", ""),
        identity=identity, unique=spec.get("unique", False), references=_reference(spec.get("references")),
        path=spec.get("path", ""), hash=tuple(spec.get("hash", ())), lookup=_lookup(spec.get("lookup")),
    )  # fmt: skip


def _type(at: At, text: str) -> DataType:
    try:
        return parse_type(text)
    except UnknownType as error:
        at.problem(str(error), error.hint)
        return DataType("varchar", length=256)


def _encoding(at: At, encode: str, type_: DataType) -> None:
    unordered = type_.name in ("boolean", "real", "double precision", "super")
    if (encode in _NUMBER_ENCODINGS and type_.is_text) or (encode == "az64" and unordered):
        at.problem(f"{encode} does not encode {type_}", "leave 'encode' out, and Redshift chooses")
    elif encode in ("text255", "text32k") and type_.name != "varchar":
        at.problem(f"{encode} encodes varchar only, not {type_}", "leave 'encode' out, and Redshift chooses")


def _reference(text: str | None) -> Reference | None:
    if text is None:
        return None
    table, _, column = text.partition(".")
    return Reference(table, column)


def _lookup(spec: dict[str, Any] | None) -> Lookup | None:
    if spec is None:
        return None
    table, _, column = spec["from"].partition(".")
    on = spec["on"]
    pairs = tuple(on.items()) if isinstance(on, dict) else tuple((name, name) for name in on)
    return Lookup(table, column, pairs, spec.get("default"), spec.get("at", ""))


def _distkey(at: At, spec: dict[str, Any], columns: Sequence[Column]) -> str:
    distkey: str = spec.get("distkey", "")
    style = spec.get("diststyle")
    if distkey:
        known_columns(at / "distkey", distkey, [column.name for column in columns], "distkey")
        _sortable(at / "distkey", [distkey], columns)
        if style not in (None, "key"):
            (at / "diststyle").problem(f"diststyle {style} has no distkey", "take one of them out")
    elif style == "key":
        (at / "diststyle").problem("diststyle key needs a distkey", "add 'distkey: column'")
    return distkey


def _sortkey(at: At, spec: Any, columns: Sequence[Column]) -> SortKey | None:
    if spec is None:
        return None
    if spec == "auto":
        return SortKey("auto")
    kind, wanted, most = ("compound", spec, MAX_COMPOUND_SORTKEY)
    if isinstance(spec, dict):
        kind, wanted, most = ("interleaved", spec["interleaved"], MAX_INTERLEAVED_SORTKEY)
    place = at / "sortkey" / "interleaved" if isinstance(spec, dict) else at / "sortkey"
    known_columns(place, wanted, [column.name for column in columns], "sortkey")
    _sortable(at / "sortkey", wanted, columns)
    if len(wanted) > most:
        (at / "sortkey").problem(f"{len(wanted)} sort columns, {most} at most for {kind} sort keys", "take some out")
    return SortKey("interleaved" if kind == "interleaved" else "compound", tuple(wanted))


def _sortable(at: At, wanted: Iterable[str], columns: Sequence[Column]) -> None:
    for column in columns:
        if column.name in wanted and column.type.name in ("super", "varbyte", "geometry", "geography", "hllsketch"):
            at.problem(f"'{column.name}' is {column.type}, which no distkey or sortkey may be", "choose another column")


def _check_links(roots: Sequence[At], definitions: dict[str, Definition], lost: frozenset[str]) -> None:
    """Check what one table says of another: foreign keys, depends_on, relationships."""
    swapped = {name for _, name, spec in _named(roots, "tables") if spec["load"].get("strategy") == "swap"}
    for at, name, spec in (*_named(roots, "staging"), *_named(roots, "tables")):
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


# --- staging ---------------------------------------------------------------------------------------------------------


def _staging(at: At, name: str, spec: dict[str, Any], schema: str) -> StagingSource:
    definition = _definition(at, name, spec, schema)
    options = dict(spec.get("copy", {}))
    for option, value in list(options.items()):
        if option.startswith("x-") or (value is False and option not in ("compupdate", "statupdate")):
            del options[option]
        elif option in ("compupdate", "statupdate") and isinstance(value, bool):
            options[option] = "on" if value else "off"
        elif option == "acceptinvchars" and value is True:
            options[option] = "?"
    paths = _paths(at, spec, definition)
    statement = copying.Copy(
        table=copying.TableName(schema, name), source=spec["from"],
        columns=tuple(column.name for column in definition.columns if column.path or not column.default),
        format=_format(at, spec, options.pop("fixedwidth", "")), **options,
    )  # fmt: skip
    for reason in copying.conflicts(replace(statement, authorization=copying.IamRole())):
        what, _, hint = reason.partition(": ")
        _blamed(at, spec, what).problem(what, hint, at_key=True)
    check_columns(at, spec.get("checks", ()), definition)
    incremental = declared_incremental(at, spec)
    return StagingSource(
        definition, statement, (at / "from").value, tuple(spec.get("tags", ())), paths, declared_checks(at, spec),
        incremental,
    )  # fmt: skip


def _blamed(at: At, spec: dict[str, Any], reason: str) -> At:
    """Return the place of the first option that `reason` names."""
    words = re.findall(r"[A-Z_]+", reason)
    named = (at / "copy" / option for option in spec.get("copy", {}) if option.upper().removesuffix("_AS") in words)
    return next(named, at / "copy" if "copy" in spec else at / "from")


def _format(at: At, spec: dict[str, Any], fixedwidth: str) -> copying.Format:
    name = spec.get("format", "json")
    if name == "fixedwidth":
        if not fixedwidth:
            (at / "format").problem("fixedwidth needs its widths", "add copy: {fixedwidth: 'label:width,label:width'}")
        return copying.Format("fixedwidth", fixedwidth or "a:1")
    if fixedwidth:
        (at / "copy" / "fixedwidth").problem(f"widths, but the format is {name}", "write 'format: fixedwidth'")
    if name in ("json", "avro"):
        return copying.Format(name, spec.get("jsonpaths", "auto"))
    return copying.Format("text" if name == "delimited" else name)


def _paths(at: At, spec: dict[str, Any], definition: Definition) -> tuple[str, ...]:
    written = [column for column in definition.columns if column.path]
    kind = spec.get("format", "json")
    if "jsonpaths" in spec and kind not in ("json", "avro"):
        (at / "jsonpaths").problem(f"jsonpaths, but the format is {kind}", "take it out", at_key=True)
    if not written:
        if spec.get("jsonpaths") == "noshred" and [c.type.name for c in definition.columns] != ["super"]:
            (at / "jsonpaths").problem("'noshred' needs a table of exactly one super column", "declare one")
        return ()
    place = at / "columns" / written[0].name / "path"
    if kind not in ("json", "avro"):
        place.problem(f"a path, but {kind} files have no paths", "columns are taken in their order", at_key=True)
    elif "jsonpaths" in spec:
        place.problem("a path, but 'jsonpaths' is given as well", "keep one of them", at_key=True)
    for column in written:
        try:
            parse_path(column.path)
        except InvalidPath as error:
            (at / "columns" / column.name / "path").problem(str(error), error.hint)
    return _one_notation(at, definition.columns)


def _one_notation(at: At, columns: Sequence[Column]) -> tuple[str, ...]:
    written = [(column, notation(column.path)) for column in columns if column.path]
    kinds = [(column, kind) for column, kind in written if kind]
    for column, kind in kinds:
        if kind != kinds[0][1]:
            message = f"the path '{column.path}' is in {kind} notation, '{kinds[0][0].path}' in {kinds[0][1]} notation"
            (at / "columns" / column.name / "path").problem(message, "one JSONPaths file keeps to one notation")
            break
    bracket = bool(kinds) and kinds[0][1] == "bracket"
    default = "$['{}']".format if bracket else path_to
    return tuple(column.path or default(column.name) for column in columns if column.path or not column.default)


# --- tables ----------------------------------------------------------------------------------------------------------


def _table(at: At, name: str, spec: dict[str, Any], schema: str, main: Document) -> Table:
    definition = _definition(at, name, spec, schema)
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
            places=_places(place, settings),
        ),
        tags=tuple(spec.get("tags", ())),
        depends_on=tuple((other, (at / "depends_on" / i).value) for i, other in enumerate(spec.get("depends_on", ()))),
        checks=declared_checks(at, spec),
        hooks=_hooks(at / "hooks", spec.get("hooks", {})),
        unknown_member=spec.get("unknown_member", {}),
        grants={name: tuple(grantees) for name, grantees in spec.get("grants", {}).items() if name != "exclusive"},
        grants_are_exclusive=spec.get("grants", {}).get("exclusive", False),
        unload=declared_unload(at / "unload", spec["unload"]) if "unload" in spec else None,
    )


def _hooks(at: At, spec: dict[str, list[str]]) -> tuple[Hook, ...]:
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
