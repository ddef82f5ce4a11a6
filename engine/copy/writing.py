"""The record -> the text of a COPY, as AWS writes it."""

from __future__ import annotations

import re
from dataclasses import fields

from ..lexical import identifier, literal
from .statement import AccessKey, Authorization, Copy, Credentials, Format, IamRole

_WRITTEN_APART = frozenset(("table", "source", "columns", "authorization", "format"))
_PLAIN_TEXTS = frozenset(("region", "dateformat", "timeformat"))
_TEXT_FIELDS = _PLAIN_TEXTS | {"delimiter", "quote", "null_as", "acceptinvchars"}


def write(copy: Copy) -> str:
    """Return the statement, one option a line. It holds the secrets in clear: log `masked(write(copy))`."""
    return "\n    ".join([f"COPY {_written_table(copy)}", f"FROM {literal(copy.source)}", *clauses(copy)])


def clauses(copy: Copy) -> tuple[str, ...]:
    """Return what stands after the source, each as it is written: authorization, format, options."""
    options = (_written_option(each.name, getattr(copy, each.name)) for each in fields(copy))
    return (*_written_authorization(copy.authorization), *_written_format(copy.format), *filter(None, options))


def _name(name: str) -> str:
    is_temporary = re.fullmatch(r"#[a-z_][a-z0-9_$]*", name)
    return name if is_temporary else identifier(name)


def _written_table(copy: Copy) -> str:
    name = ".".join(_name(part) for part in (copy.table.schema, copy.table.name) if part is not None)
    if not copy.columns:
        return name
    columns = [_name(column) for column in copy.columns]
    if sum(map(len, columns)) <= 80:
        return f"{name} ({', '.join(columns)})"
    return f"{name} (\n        " + ",\n        ".join(columns) + "\n    )"


def _written_authorization(authorization: Authorization | None) -> list[str]:
    match authorization:
        case IamRole(role):
            return [f"IAM_ROLE {'default' if role is None else literal(role)}"]
        case AccessKey(key_id, secret_key, token):
            return [
                f"ACCESS_KEY_ID {literal(key_id.text)}",
                f"SECRET_ACCESS_KEY {literal(secret_key.text)}",
                *([f"SESSION_TOKEN {literal(token.text)}"] if token else []),
            ]
        case Credentials(arguments):
            return [f"CREDENTIALS {literal(arguments.text)}"]
        case None:
            return []


def _written_format(format_: Format) -> list[str]:
    match format_.name:
        case "text":
            return []
        case "json" | "avro" | "fixedwidth":
            return [f"FORMAT AS {format_.name.upper()} {literal(format_.argument)}"]
        case "shapefile":
            return [f"FORMAT AS SHAPEFILE {format_.argument.upper()}".rstrip()]
        case name:
            return [f"FORMAT AS {name.upper()}"]


def _escaping_literal(text: str) -> str:
    r"""Return a literal that keeps its escapes, as AWS writes them: DELIMITER '\t', NULL AS '\N'.

    A backslash is doubled only where it would hide a quote. `parse` reads both spellings alike.
    """
    return "'" + re.sub(r"\\(?=[\\']|\Z)", r"\\\\", text).replace("'", "''") + "'"


def _written_option(name: str, value: object) -> str:
    if name in _WRITTEN_APART or value is None or value is False:
        return ""
    keyword = name.upper().removesuffix("_AS")
    if isinstance(value, str) and name in _TEXT_FIELDS:
        text = _escaping_literal(value) if name in ("delimiter", "null_as") else literal(value)
        return f"{keyword} {'' if name in _PLAIN_TEXTS else 'AS '}{text}"
    if value is True or value == "":
        return keyword if value else ""
    return str(value).upper() if name == "compression" else f"{keyword} {str(value).upper()}"
