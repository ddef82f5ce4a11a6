"""${NAME} and ${NAME:-default}: environment variables in the YAML's targets and vars."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

from .errors import InvalidPipeline, Problem, Where
from .model import Cluster, Mount, Secret, Serverless, Target

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
SETTINGS = ("database", "host", "port", "user", "password", "secret", "iam_role", "region", "profile", "work")
_NEVER_EMPTY = ("host", "database", "user", "iam_role", "work")
PROVISIONING = ("cluster", "serverless", "allow_cidr", "reads")
"""Settings that `etlrun cluster` needs and a run does not."""


def expand(text: str, environ: Mapping[str, str] | None) -> tuple[str, tuple[str, ...]]:
    """Return `text` with its variables put in, and the names of those that are unset and have no default.

    An unset one stays as it was written. As in a shell, ':-' also counts an empty variable as unset. Without an
    `environ` all stay as they were written.
    """
    if environ is None:
        return text, ()
    unset: list[str] = []

    def value(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if default is not None:
            return environ.get(name) or default
        if name not in environ:
            unset.append(name)
        return environ.get(name, match[0])

    return _REFERENCE.sub(value, text), tuple(unset)


def references(text: str) -> tuple[str, ...]:
    """Return the names of the environment variables that a text refers to."""
    return tuple(match[1] for match in _REFERENCE.finditer(text))


def put_into_sql(text: str, environ: Mapping[str, str], write: Callable[[str], str] = str) -> str:
    """Return SQL that was rendered with its references as they are written, as it is with the variables put in.

    `write` says how a value stands in the SQL: as it is, or as a literal has it.
    """

    def value(match: re.Match[str]) -> str:
        found = write(expand(match[0], environ)[0])
        # The prefix `work` loses its last slash when it is put in.
        return found.rstrip("/") if text.startswith("/", match.end()) else found

    return _REFERENCE.sub(value, text).replace("IAM_ROLE 'default'", "IAM_ROLE default")


def named(value: Any) -> Iterator[str]:
    """Yield the variables that the texts of a value of the YAML name, those of passwords left out."""
    if isinstance(value, str):
        yield from (match[1] for match in _REFERENCE.finditer(value))
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from () if key == "password" else named(each)
            yield from named(key)
    elif isinstance(value, list):
        for each in value:
            yield from named(each)


def fill(target: Target, environ: Mapping[str, str]) -> Target:
    """Return the target with the variables that are set; what is unset stays as ${NAME}. For dry runs."""
    return _filled(target, environ)[0]


def resolve(target: Target, environ: Mapping[str, str], settings: Sequence[str] = SETTINGS) -> Target:
    """Return the target with its variables put in. Errors: InvalidPipeline, naming each that `settings` need."""
    filled, unset = _filled(target, environ)
    problems = [problem for setting, problem in unset if setting in (*settings, "mounts")]
    if not problems:
        problems = [*_empty(target, filled, settings), *_unfit(filled)]
    if problems:
        raise InvalidPipeline(problems)
    return filled


def expand_variables(
    variables: Mapping[str, tuple[Any, Where]], environ: Mapping[str, str] | None
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the values of `vars`, and a problem for each environment variable that is unset."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, (value, where) in variables.items():
        values[name], unset = expand(value, environ) if isinstance(value, str) else (value, ())
        problems += [_unset(variable, where) for variable in unset]
    return values, problems


def _filled(target: Target, environ: Mapping[str, str]) -> tuple[Target, list[tuple[str, Problem]]]:
    """Return the target, and a problem for each variable that is unset, with the setting that names it."""
    problems: list[tuple[str, Problem]] = []

    def put(text: str, place: str) -> str:
        result, unset = expand(text, environ)
        problems.extend((place, _unset(name, target.places.get(place, target.where))) for name in unset)
        return result

    settings: dict[str, Any] = {
        name: _put(value, partial(put, place=name))
        for name in (*SETTINGS, *PROVISIONING)
        if (value := getattr(target, name))
    }
    if "work" in settings:
        settings["work"] = settings["work"].rstrip("/")
    mounts = tuple(Mount(put(mount.url, "mounts"), put(mount.folder, "mounts")) for mount in target.mounts)
    return replace(target, mounts=mounts, **settings), problems


def _empty(written: Target, target: Target, settings: Sequence[str]) -> Iterator[Problem]:
    """Tell which settings are empty because their variables are."""
    for setting in _NEVER_EMPTY:
        text = getattr(written, setting)
        if setting not in settings or not text or getattr(target, setting) or (setting == "user" and target.secret):
            continue
        names = " and ".join(references(text))
        hint = f"'{setting}' needs a value: set it before the run"
        yield Problem(f"the environment variable {names} is empty", written.places.get(setting, written.where), hint)


def _unfit(target: Target) -> Iterator[Problem]:
    """Tell what a variable brought and the schema could not see."""
    if not target.port.isdecimal():
        where = target.places.get("port", target.where)
        yield Problem(f"'port' is '{target.port}'", where, "expected a number, such as 5439")
    if target.work and not re.match(r"s3://[^/]", target.work):
        where = target.places.get("work", target.where)
        yield Problem(f"'work' is '{target.work}'", where, "expected an S3 prefix: s3://bucket/prefix")


def _put(value: Any, put: Callable[[str], str]) -> Any:
    """Put variables into a text, or into every text of a list or of a record."""
    match value:
        case Secret():
            return Secret(put(value.reveal()))
        case str():
            return put(value)
        case tuple():
            return tuple(_put(item, put) for item in value)
        case Cluster() | Serverless():
            return replace(value, **{each.name: _put(getattr(value, each.name), put) for each in fields(value)})
        case _:
            return value


def _unset(name: str, where: Where) -> Problem:
    hint = f"set it before the run, or give a default: ${{{name}:-…}}"
    return Problem(f"the environment variable {name} is not set", where, hint)
