"""Template + values -> SQL text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, TemplateNotFound, Undefined
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from .errors import Where
from .lexical import identifier, literal
from .shipped import shipped

SUFFIX = ".sql.j2"
_WIDTH = 88
_LIST_PART = re.compile(r"""(?:"[^"]*+"|[^,])*+(?:,\s*|$)""")


class TemplateError(ValueError):
    """A template cannot be read or filled in.

    `name` is its file (empty for SQL in the YAML), `line` counts from 1, `missing` is the variable that it asked for.
    """

    def __init__(self, message: str, name: str, line: int, missing: str = "") -> None:
        super().__init__(message)
        self.name = name
        self.line = line
        self.missing = missing

    @property
    def where(self) -> Where | None:
        """The line of the template's file; None for SQL in the YAML."""
        if not self.name:
            return None
        lines = Path(self.name).read_text(encoding="utf-8").split("\n")
        text = lines[self.line - 1] if self.line <= len(lines) else ""
        return Where(self.name, self.line, 1, text, max(1, len(text)))


class _Templates(BaseLoader):
    """Shipped templates; a file of the same name beside the pipeline takes the place of one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Any]:
        path = find(self.folder, template)
        if path is None:
            raise TemplateNotFound(template)
        return path.read_text(encoding="utf-8"), str(path), None


def find(folder: Path, template: str) -> Path | None:
    """Return the file of a template such as 'create_table' or 'checks/unique': beside the pipeline, or shipped."""
    if not all(part.isidentifier() for part in template.split("/")):
        return None
    for place in (folder / f"{template.rpartition('/')[2]}{SUFFIX}", shipped("templates") / f"{template}{SUFFIX}"):
        if place.is_file():
            return place
    return None


def available(folder: Path, kind: str) -> tuple[str, ...]:
    """Return the names of the templates of a kind ('strategies', 'checks'), shipped and beside the pipeline."""
    structural = {path.name for path in shipped("templates").rglob(f"*{SUFFIX}") if path.parent.name != kind}
    places = [*(shipped("templates") / kind).glob(f"*{SUFFIX}"), *folder.glob(f"*{SUFFIX}")]
    return tuple(sorted({path.name.removesuffix(SUFFIX) for path in places if path.name not in structural}))


class _Sandbox(ImmutableSandboxedEnvironment):
    """Knows at once that fields of the engine's records are safe; the sandbox asks ten questions each time."""

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        is_record = hasattr(type(obj), "__dataclass_fields__")
        return not attr.startswith("_") if is_record else super().is_safe_attribute(obj, attr, value)


@cache
def _environment(folder: Path) -> _Sandbox:
    environment = _Sandbox(
        loader=_Templates(folder), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=False, autoescape=False,
    )  # fmt: skip
    environment.filters.update(
        identifier=identifier,
        literal=_text_literal,
        identifiers=identifiers,
        value_literal=value_literal,
        wrapped=wrapped,
        matched=matched,
        grantee=grantee,
        indented=indented,
    )
    return environment


def identifiers(names: Iterable[str], relation: str = "") -> str:
    """Return names with commas between, each quoted where it must be; with a relation, its columns: `r.a, r.b`."""
    prefix = f"{identifier(relation)}." if relation else ""
    return ", ".join(prefix + identifier(name) for name in names)


def matched(names: Iterable[str], left: str, right: str) -> str:
    """Return the condition that two relations have the same values in these columns."""
    sides = identifier(left), identifier(right)
    return " AND ".join(f"{sides[0]}.{name} = {sides[1]}.{name}" for name in map(identifier, names))


def grantee(text: str) -> str:
    """Return who gets a privilege as GRANT writes it: a user, 'group NAME', 'role NAME' or 'public'."""
    kind, _, name = text.partition(" ")
    if text.lower() == "public":
        return "PUBLIC"
    return f"{kind.upper()} {identifier(name.strip())}" if kind.lower() in ("group", "role") else identifier(text)


def _text_literal(text: str) -> str:
    if not isinstance(text, (str, Undefined)):
        raise TypeError(f"literal writes text, not {text}: value_literal writes any value")
    return literal(text)


def value_literal(value: str | float) -> str:
    """Return a value of the YAML as SQL writes it."""
    if isinstance(value, bool):
        return str(value).upper()
    return literal(value) if isinstance(value, str) else str(value)


def wrapped(text: str, indent: int = 4) -> str:
    """Break a list at its commas into lines that are easy to read, each indented."""
    lines = [" " * indent]
    for part in _LIST_PART.findall(text):
        if len(lines[-1]) + len(part.rstrip()) > _WIDTH and lines[-1].strip():
            lines.append(" " * indent)
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)


def indented(text: str, width: int) -> str:
    """Return SQL with each line indented; as it is where a line ends within a text, which must not change."""
    if any(line.count("'") % 2 or "$$" in line for line in text.split("\n")):
        return text
    return textwrap.indent(text, " " * width)


def render(folder: Path, template: str, values: Mapping[str, Any]) -> str:
    """Fill in the template of a pipeline in `folder`. Errors: TemplateError, with the template's own line."""
    environment = _environment(folder)
    try:
        return environment.get_template(template).render(values)
    except JinjaError as error:
        raise _template_error(error, template) from error
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        raise _failed(error, template) from error


def render_text(folder: Path, text: str, values: Mapping[str, Any]) -> str:
    """Fill in SQL that stands in the YAML of a pipeline in `folder`; it may import templates.

    Errors: TemplateError, its name empty where the text itself is at fault.
    """
    if not any(mark in text for mark in ("{{", "{%", "{#")):
        return text
    try:
        return _environment(folder).from_string(text).render(values)
    except JinjaError as error:
        raise _template_error(error, "") from error
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError) as error:
        raise _failed(error, "") from error


def render_page(template: str, values: Mapping[str, Any]) -> str:
    """Fill in a shipped template of pages/ as HTML: every value is shown as text, whatever is in it."""
    return _pages().get_template(f"{template}.html.j2").render(values)


@cache
def _pages() -> Environment:
    return Environment(
        loader=FileSystemLoader(shipped("templates") / "pages"), undefined=StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def _template_error(error: JinjaError, template: str) -> TemplateError:
    message = error.message or str(error)
    if isinstance(error, TemplateSyntaxError):
        name = error.filename if error.filename and error.filename != "<template>" else ""
        return TemplateError(f"the template cannot be read: {message}", name, error.lineno)
    if isinstance(error, TemplateNotFound):
        return TemplateError(f"there is no template '{message}'", "", 1)
    name, line = _place(error)
    if isinstance(error, UndefinedError):
        missing = re.search(r"has no attribute '(.+)'|'(.+)' is undefined", message)
        if missing is None:
            return TemplateError(f"the template asks for what is not there: {message}", name, line)
        asked = missing[1] or missing[2]
        return TemplateError(f"the template asks for '{asked}', which is not there", name, line, asked)
    if isinstance(error, SecurityError):
        return TemplateError(f"a template may not do this: {message}", name, line)
    return TemplateError(f"the template {template or 'text'} failed: {message}", name, line)


def _failed(error: Exception, template: str) -> TemplateError:
    name, line = _place(error)
    return TemplateError(f"the template {template or 'text'} failed: {error}", name, line)


def _place(error: Exception) -> tuple[str, int]:
    """Return the template's file and line: Jinja puts them on the traceback as if they were Python's."""
    place = ("", 1)
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith(SUFFIX) or name == "<template>":
            place = ("" if name == "<template>" else name, trace.tb_lineno)
        trace = trace.tb_next
    return place
