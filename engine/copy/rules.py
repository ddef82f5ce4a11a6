"""What may not go together in a COPY, and what is seldom meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from .statement import JSON_WORDS, AccessKey, Copy, FormatName, IamRole, unescape

_COLUMNAR = ("parquet", "orc")
_COLUMNAR_TAKES = (
    "table", "source", "columns", "authorization", "format",
    "acceptinvchars", "fillrecord", "statupdate", "manifest", "explicit_ids", "serializetojson",
)  # fmt: skip
_TEXT_ONLY = ("delimiter", "escape", "fillrecord", "ignoreblanklines", "null_as", "removequotes")
_NOT_WITH: dict[FormatName, tuple[str, ...]] = {
    "csv": ("removequotes", "escape"),
    "fixedwidth": ("delimiter", "escape"),
    "json": (*_TEXT_ONLY, "readratio"),
    "avro": (*_TEXT_ONLY, "readratio"),
    "shapefile": ("removequotes", "escape"),
}


def conflicts(copy: Copy) -> tuple[str, ...]:
    """Return why Redshift refuses the options of `copy`, each reason with what to change; empty if it takes them.

    What depends on the table (identity columns, the number of columns, a single SUPER column for 'noshred') is not
    known here.
    """
    return tuple(reason for rule in _RULES for reason in rule(copy))


def _authorization_missing(copy: Copy) -> Iterator[str]:
    if copy.authorization is None:
        yield "no authorization: add IAM_ROLE default, or IAM_ROLE 'arn:aws:iam::…:role/…'"
    elif isinstance(copy.authorization, AccessKey) and "" in (
        copy.authorization.key_id.text,
        copy.authorization.secret_key.text,
    ):
        yield "ACCESS_KEY_ID and SECRET_ACCESS_KEY go together: give both, or IAM_ROLE"
    elif isinstance(copy.authorization, IamRole) and re.search(r"\s", copy.authorization.role or ""):
        yield "IAM_ROLE with a blank in it: write chained roles with a comma and nothing else between them"


def _format_excludes(copy: Copy) -> Iterator[str]:
    name = copy.format.name
    for option in _NOT_WITH.get(name, ()):
        if getattr(copy, option) not in (None, False):
            yield f"{name.upper()} does not go with {_keyword(option)}: take {_keyword(option)} out"
    if copy.quote is not None and name != "csv":
        yield "QUOTE is for CSV only: write FORMAT AS CSV, or take QUOTE out"
    if copy.serializetojson and name not in _COLUMNAR:
        yield "SERIALIZETOJSON is for PARQUET and ORC only: take it out"


def _columnar_takes_little(copy: Copy) -> Iterator[str]:
    if copy.format.name not in _COLUMNAR:
        return
    for each in fields(copy):
        known = each.name in _COLUMNAR_TAKES
        if not known and getattr(copy, each.name) not in (None, False, ""):
            hint = "the bucket must be in the cluster's region" if each.name == "region" else "take it out"
            yield f"{copy.format.name.upper()} does not go with {_keyword(each.name, copy)}: {hint}"


def _arguments_unfit(copy: Copy) -> Iterator[str]:
    name, argument = copy.format.name, copy.format.argument
    if name in ("json", "avro") and not argument.startswith("s3://"):
        words = JSON_WORDS if name == "json" else JSON_WORDS[:2]
        if argument not in words:
            lower = argument.lower()
            choice = (
                f"'{lower}', in lower case" if lower in words else f"an s3:// URL, or {', '.join(map(repr, words))}"
            )
            yield f"{name.upper()} '{argument}': write {choice}"
    if name == "fixedwidth" and not re.fullmatch(r"\s*[^:,]+:\s*[1-9]\d*\s*(,\s*[^:,]+:\s*[1-9]\d*\s*)*", argument):
        yield f"FIXEDWIDTH '{argument}': write 'label:width,label:width'"
    if copy.quote is not None and (len(copy.quote) != 1 or not copy.quote.isascii()):
        yield f"QUOTE '{copy.quote}': give one ASCII character"
    if copy.delimiter is not None and len(unescape(copy.delimiter)) != 1:
        yield f"DELIMITER '{copy.delimiter}': give one character, '\\t', or an octal code such as '\\001'"
    if copy.null_as is not None and "\n" in (copy.null_as, unescape(copy.null_as)):
        yield "NULL AS '\\n': a newline ends a row and cannot mark NULL; use another text"
    if copy.acceptinvchars is not None and (len(copy.acceptinvchars) != 1 or not "\0" < copy.acceptinvchars < "\x80"):
        yield f"ACCEPTINVCHARS '{copy.acceptinvchars}': give one ASCII character, not NUL"
    for option in ("TIMEFORMAT", "DATEFORMAT"):
        text = getattr(copy, option.lower())
        known = ("auto", "epochsecs", "epochmillisecs")[: 3 if option == "TIMEFORMAT" else 1]
        if text is not None and text not in known and text.lower() in known:
            yield f"{option} '{text}': write '{text.lower()}', in lower case"


def _sources_differ(copy: Copy) -> Iterator[str]:
    if not copy.source.startswith("s3://"):
        return
    if copy.ssh:
        yield "SSH does not go with a source on S3: take SSH out"
    if copy.readratio is not None and copy.format.name not in ("json", "avro"):
        yield "READRATIO is for DynamoDB only: take READRATIO out"
    if copy.manifest and copy.source.endswith("/"):
        yield f"MANIFEST needs the URL of one manifest file, not a prefix: '{copy.source}'"


def _zstd_off_s3(copy: Copy) -> Iterator[str]:
    if copy.compression == "zstd" and not copy.source.startswith("s3://"):
        yield "ZSTD is for files on S3 only: take ZSTD out"


def _errors_counted_twice(copy: Copy) -> Iterator[str]:
    if copy.ignoreallerrors and copy.maxerror is not None:
        yield "IGNOREALLERRORS does not go with MAXERROR: keep one of them"


_RULES = (
    _authorization_missing, _sources_differ, _format_excludes, _columnar_takes_little, _arguments_unfit, _zstd_off_s3,
    _errors_counted_twice,
)  # fmt: skip


def cautions(copy: Copy) -> tuple[str, ...]:
    """Return what Redshift takes but what is seldom meant."""
    found = []
    if copy.acceptanydate and copy.dateformat is None:
        found.append("ACCEPTANYDATE without DATEFORMAT: add DATEFORMAT 'auto', or dates may become NULL unseen")
    if copy.format.name == "json" and copy.format.argument.startswith(copy.source):
        found.append(f"the prefix '{copy.source}' also matches the jsonpaths file: COPY would read it as data")
    return tuple(found)


def _keyword(option: str, copy: Copy | None = None) -> str:
    if option == "compression" and copy is not None:
        return copy.compression.upper()
    return option.upper().replace("_AS", " AS")
