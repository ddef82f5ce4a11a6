"""A planned run in a file: written for review, read again to be run, compared with what would be sent."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from . import __version__
from .copy import masked
from .environment import put_into_sql, references
from .errors import InvalidPipeline, Problem
from .inputs import input_hashes, shipped_hash
from .lexical import literal
from .plan import Plan, Statement, Step
from .records import frozen
from .schema import plan_mistake
from .selection import Selection

FORMAT, VERSION = "etlrun plan", 1
_AGAIN = "plan again with `etlrun plan`, and have the new plan reviewed"
_DECIDES = "where a variable of the environment decides more than a value, give it with --var"


@frozen
class Request:
    """What a run was asked for on the command line."""

    pipeline: Path
    target: str | None
    variables: Mapping[str, str]
    selection: Selection
    full_refresh: bool


@frozen
class PlanFile:
    """A plan file as it was read: the run that it asks for, and all that it says."""

    path: Path
    request: Request
    content: Mapping[str, Any]


def plan_file_text(request: Request, plan: Plan, folder: Path) -> str:
    """Return the text of a plan file that lies in `folder`; references of `plan` to the environment are as written."""
    sent = _sent(plan)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "etlrun": __version__,
        "pipeline": Path(os.path.relpath(request.pipeline.resolve(), folder.resolve())).as_posix(),
        "target": plan.target.name,
        "variables": dict(sorted(request.variables.items())),
        "select": list(request.selection.select),
        "exclude": list(request.selection.exclude),
        "full_refresh": request.full_refresh,
        "inputs": input_hashes(request.pipeline),
        "templates": shipped_hash(),
        **sent,
    }
    named = sorted(set(references(json.dumps(list(sent.values()), ensure_ascii=False))))
    content = {**content, "environment": named}
    return json.dumps({**content, "digest": _digest(content)}, ensure_ascii=False, indent=2) + "\n"


def _sent(plan: Plan) -> dict[str, Any]:
    return {
        "prepare": [_statement(each) for each in plan.prepare],
        "hooks": [_step(step) for step in plan.hooks],
        "steps": [_step(step) for step in plan.steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "kind": step.kind,
        "after": sorted(step.needs),
        "files": [{"url": file.url, "content": file.content} for file in step.files],
        "transactions": [
            [_statement(each) for each in (*transaction.statements, *transaction.ledger)]
            for transaction in step.transactions
        ],
    }


def _statement(statement: Statement) -> dict[str, str]:
    asked = {"check": statement.check, "severity": statement.severity} if statement.check else {}
    return {"sql": masked(statement.sql), **asked}


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


# --- reading it again ------------------------------------------------------------------------------------------------


def read_plan_file(path: Path, pipeline: Path | None = None) -> PlanFile:
    """Read a plan file; `pipeline` says where its pipeline is, if not where it was.

    Errors: InvalidPipeline for what is no plan file, or one that somebody has changed.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise _refused(f"cannot read {path}: {error.strerror}", "check the path") from error
    except (ValueError, RecursionError) as error:
        raise _refused(f"{path} is no JSON: {error}", _AGAIN) from error
    if isinstance(content, dict) and content.get("format") == FORMAT and content.get("version") != VERSION:
        raise _refused(
            f"{path} has version {content.get('version')} of the format, this etlrun reads {VERSION}", _AGAIN
        )
    mistake = plan_mistake(content)
    if mistake:
        raise _refused(f"{path} is no plan file: {mistake}", _AGAIN)
    if _digest({key: value for key, value in content.items() if key != "digest"}) != content["digest"]:
        raise _refused(f"{path} is not as etlrun wrote it: its digest does not fit its content", _AGAIN)
    place = pipeline or path.parent / content["pipeline"]
    selection = Selection(tuple(content["select"]), tuple(content["exclude"]))
    return PlanFile(
        path, Request(place, content["target"], content["variables"], selection, content["full_refresh"]), content
    )


def _refused(message: str, hint: str) -> InvalidPipeline:
    return InvalidPipeline([Problem(message, None, hint)])


def refuse(problems: Iterable[Problem]) -> None:
    """Errors: InvalidPipeline if there are any."""
    found = list(problems)
    if found:
        raise InvalidPipeline(found)


def changed_inputs(file: PlanFile) -> Iterator[Problem]:
    """Yield what has changed since the plan was made: the engine, its templates, files of the pipeline."""
    if file.content["etlrun"] != __version__:
        message = f"the plan was made by etlrun {file.content['etlrun']}, this is {__version__}"
        yield Problem(message, None, _AGAIN)
    elif file.content["templates"] != shipped_hash():
        yield Problem("the templates of etlrun have changed since the plan was made", None, _AGAIN)
    before, now = file.content["inputs"], input_hashes(file.request.pipeline)
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            what = "is new" if name not in before else "is gone" if name not in now else "has changed"
            yield Problem(f"{file.request.pipeline.parent / name} {what} since the plan was made", None, _AGAIN)


def disagreements(file: PlanFile, plan: Plan, environ: Mapping[str, str]) -> Iterator[Problem]:
    """Yield where `plan` is not what was reviewed, with the environment's variables put in."""
    sent = _sent(plan)
    if not _agree(file.content["prepare"], sent["prepare"], environ):
        yield Problem(f"what {file.path} sends before the first step is not what the pipeline gives", None, _AGAIN)
    if not _agree(file.content["hooks"], sent["hooks"], environ):
        yield Problem(f"the hooks of {file.path} are not what the pipeline gives", None, f"{_AGAIN}; {_DECIDES}")
    if [step["name"] for step in file.content["steps"]] != [step.name for step in plan.steps]:
        yield Problem(f"the steps of {file.path} are not those of the pipeline", None, _AGAIN)
        return
    for reviewed, wanted, step in zip(file.content["steps"], sent["steps"], plan.steps, strict=True):
        if not _agree(reviewed, wanted, environ):
            message = f"the step '{step.name}' of {file.path} is not what the pipeline gives"
            yield Problem(
                message,
                step.where,
                f"{_AGAIN}; {_DECIDES}",
            )


def _agree(reviewed: Any, sent: Any, environ: Mapping[str, str]) -> bool:
    """Compare what was reviewed with what would be sent, text by text."""
    if isinstance(reviewed, str) and isinstance(sent, str):
        written = (str, lambda value: literal(value)[1:-1])
        return reviewed == sent or any(put_into_sql(reviewed, environ, write) == sent for write in written)
    if isinstance(reviewed, list) and isinstance(sent, list):
        return len(reviewed) == len(sent) and all(_agree(*pair, environ) for pair in zip(reviewed, sent, strict=True))
    if isinstance(reviewed, dict) and isinstance(sent, dict):
        return reviewed.keys() == sent.keys() and all(_agree(reviewed[key], sent[key], environ) for key in sent)
    return bool(reviewed == sent)
