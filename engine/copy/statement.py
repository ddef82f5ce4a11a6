"""A COPY as a record, and what its texts stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from ..records import frozen

FormatName = Literal["text", "csv", "fixedwidth", "json", "avro", "parquet", "orc", "shapefile"]
JSON_WORDS = ("auto", "auto ignorecase", "noshred")


@frozen
class Secret:
    """A text that does not show itself; `text` is for the statement that is sent and for nothing else."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


@frozen
class TableName:
    """A table's name in lower case, as Redshift folds it."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@frozen
class IamRole:
    """`role` is an ARN, or several with commas between; None is the default role of the cluster."""

    role: str | None = None


@frozen
class AccessKey:
    """A key pair, and the session token that temporary keys come with."""

    key_id: Secret
    secret_key: Secret
    token: Secret | None = None


@frozen
class Credentials:
    """The older spelling of both: 'aws_iam_role=…' or 'aws_access_key_id=…;aws_secret_access_key=…'."""

    arguments: Secret


Authorization = IamRole | AccessKey | Credentials


@frozen
class Format:
    """How the files are written.

    `argument` is, for JSON and AVRO, 'auto', 'auto ignorecase', 'noshred' or the URL of a jsonpaths file; for
    FIXEDWIDTH 'label:width,…'; for SHAPEFILE what follows it; else empty.
    """

    name: FormatName = "text"
    argument: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One COPY. Every option is named like its keyword; None, False and '' mean that it is not written.

    Texts are as in the statement: delimiter '\\t' is a backslash and a t.
    """

    table: TableName
    source: str
    columns: tuple[str, ...] = ()
    authorization: Authorization | None = None
    format: Format = field(default=Format())
    manifest: bool = False
    region: str | None = None
    compression: Literal["", "gzip", "bzip2", "lzop", "zstd"] = ""
    delimiter: str | None = None
    quote: str | None = None
    null_as: str | None = None
    serializetojson: bool = False
    encoding: Literal["", "utf8", "utf16", "utf16le", "utf16be"] = ""
    ignoreheader: int | None = None
    dateformat: str | None = None
    timeformat: str | None = None
    acceptanydate: bool = False
    acceptinvchars: str | None = None
    blanksasnull: bool = False
    emptyasnull: bool = False
    escape: bool = False
    explicit_ids: bool = False
    fillrecord: bool = False
    ignoreblanklines: bool = False
    removequotes: bool = False
    roundec: bool = False
    trimblanks: bool = False
    truncatecolumns: bool = False
    ignoreallerrors: bool = False
    maxerror: int | None = None
    noload: bool = False
    compupdate: Literal["", "on", "off", "preset"] = ""
    comprows: int | None = None
    statupdate: Literal["", "on", "off"] = ""
    readratio: int | None = None
    ssh: bool = False


def unescape(text: str) -> str:
    """Return the characters that a delimiter or NULL AS text stands for: '\\t' is a tab, '\\001' an octal code."""
    return re.sub(r"\\([0-7]{1,3}|[tnrfbv\\])", _escaped, text)


_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "b": "\b", "v": "\v"}


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 8)) if code.isdigit() else _ESCAPES.get(code, code)
