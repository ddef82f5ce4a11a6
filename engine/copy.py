"""The COPY statement as a record: its options, their text, what may not go together.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Literal

from .errors import WarehouseError
from .lexical import identifier, literal

FormatName = Literal["text", "csv", "fixedwidth", "json", "avro", "parquet", "orc", "shapefile"]
JSON_WORDS = ("auto", "auto ignorecase", "noshred")


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that does not show itself; `text` is for the statement that is sent and for nothing else."""

    text: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class TableName:
    """A table's name in lower case, as Redshift folds it."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class IamRole:
    """`role` is an ARN, or several with commas between; None is the default role of the cluster."""

    role: str | None = None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair, and the session token that temporary keys come with."""

    key_id: Secret
    secret_key: Secret
    token: Secret | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """The older spelling of both: 'aws_iam_role=…' or 'aws_access_key_id=…;aws_secret_access_key=…'."""

    arguments: Secret


Authorization = IamRole | AccessKey | Credentials


@dataclass(frozen=True, slots=True)
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
    format: Format = Format()
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


_FLAGS = (
    "MANIFEST", "SERIALIZETOJSON", "ACCEPTANYDATE", "BLANKSASNULL", "EMPTYASNULL", "ESCAPE", "EXPLICIT_IDS",
    "FILLRECORD", "IGNOREBLANKLINES", "REMOVEQUOTES", "ROUNDEC", "TRIMBLANKS", "TRUNCATECOLUMNS",
    "IGNOREALLERRORS", "NOLOAD", "SSH",
)  # fmt: skip
_TEXTS = {"REGION": "region", "DELIMITER": "delimiter", "QUOTE": "quote", "NULL": "null_as",
          "DATEFORMAT": "dateformat", "TIMEFORMAT": "timeformat"}  # fmt: skip
_NUMBERS = {"IGNOREHEADER": (0, 2**63 - 1), "MAXERROR": (0, 100_000), "COMPROWS": (1000, 2**31 - 1),
            "READRATIO": (1, 200)}  # fmt: skip
_COMPRESSIONS = ("GZIP", "BZIP2", "LZOP", "ZSTD")
_FORMATS = ("CSV", "FIXEDWIDTH", "JSON", "AVRO", "PARQUET", "ORC", "SHAPEFILE")
_SWITCHES = {"COMPUPDATE": ("on", "off", "preset"), "STATUPDATE": ("on", "off")}
_ENCODINGS = ("UTF8", "UTF16", "UTF16LE", "UTF16BE")
_AUTHORIZATIONS = ("IAM_ROLE", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "CREDENTIALS")
_CLOSED = ("ENCRYPTED", "MASTER_SYMMETRIC_KEY")
_KEYWORDS = (
    *_FLAGS, *_TEXTS, *_NUMBERS, *_COMPRESSIONS, *_FORMATS, *_SWITCHES, *_AUTHORIZATIONS,
    "ENCODING", "ACCEPTINVCHARS", "FORMAT", "WITH",
)  # fmt: skip


# --- reading ---------------------------------------------------------------------------------------------------------

_BLANK = r"(?:\s|--[^\n]*|/\*.*?\*/)"
_TOKEN = re.compile(
    rf"""(?P<blank>{_BLANK}+)
       |(?P<text>'(?:[^'\\]|''|\\.)*')
       |(?P<name>"(?:[^"]|"")+")
       |(?P<number>\d+(?:\.\d+)?)
       |(?P<word>[#\w][\w$]*)
       |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_IS_COPY = re.compile(rf"{_BLANK}*copy\b", re.IGNORECASE | re.DOTALL)


def is_copy(sql: str) -> bool:
    """Tell whether `sql` begins with the keyword COPY."""
    return _IS_COPY.match(sql) is not None


def parse(sql: str) -> Copy:
    """Return the COPY that `sql` is.

    Errors: WarehouseError (42601) with line and column for what Redshift's grammar does not take; (0A000) for options
    that AWS has closed. Whether the options go together is asked with `conflicts`.
    """
    reader = _Reader(sql)
    reader.expect("COPY")
    table = _table(reader)
    columns = _columns(reader) if reader.take("(") else ()
    reader.expect("FROM")
    source = reader.text("the source in quotes, such as 's3://bucket/prefix'")
    found: dict[str, Any] = {}
    while not reader.at_end():
        _parameter(reader, found)
    found["authorization"] = _authorization(found)
    return Copy(table=table, columns=columns, source=source, **found)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int

    @property
    def keyword(self) -> str:
        return self.text.upper() if self.kind in ("word", "sign") else ""


class _Reader:
    """The tokens of a statement and how far they have been read."""

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tokens = [*_tokens(sql), _Token("end", "", len(sql))]
        self._next = 0

    @property
    def token(self) -> _Token:
        return self._tokens[self._next]

    def advance(self) -> _Token:
        token = self.token
        self._next += token.kind != "end"
        return token

    def take(self, *keywords: str) -> str:
        """Read the next token if it is one of `keywords` and return it, else return ''."""
        keyword = self.token.keyword
        if keyword not in keywords or not keyword:
            return ""
        self._next += 1
        return keyword

    def expect(self, keyword: str) -> None:
        if not self.take(keyword):
            raise self.error(f"{keyword} is expected here")

    def at_end(self) -> bool:
        while self.token.kind == "sign" and self.token.text == ";":
            self._next += 1
        return self.token.kind == "end"

    def text(self, wanted: str) -> str:
        if self.token.kind != "text":
            raise self.error(f"write {wanted}")
        return _unquote(self.advance().text)

    def name(self) -> str:
        token = self.token
        if token.kind not in ("word", "name"):
            raise self.error("a name is expected here")
        self._next += 1
        name = token.text[1:-1].replace('""', '"') if token.kind == "name" else token.text
        return fold(name)

    def error(self, hint: str, token: _Token | None = None, message: str = "") -> WarehouseError:
        token = token or self.token
        near = f'at or near "{token.text}"' if token.text else "at end of input"
        line = self._sql.count("\n", 0, token.start) + 1
        begin = self._sql.rfind("\n", 0, token.start) + 1
        end = self._sql.find("\n", begin)
        shown = masked(self._sql[begin : end if end >= 0 else None]).strip()
        return WarehouseError(
            message or f"syntax error {near if token.kind != 'text' else 'at or near a text in quotes'}",
            sqlstate="42601",
            detail=f"line {line}, column {token.start - begin + 1}: {shown}",
            hint=hint,
        )


def _tokens(sql: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(sql):
        if match.lastgroup != "blank":
            yield _Token(str(match.lastgroup), match[0], match.start())


def fold(name: str) -> str:
    """Return `name` as Redshift keeps it: ASCII letters in lower case, even of a quoted name."""
    return name.translate(_LOWER)


_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _table(reader: _Reader) -> TableName:
    parts = [reader.name()]
    while reader.take("."):
        parts.append(reader.name())
    if len(parts) > 2:
        raise reader.error("COPY takes a table of the current database: write schema.table")
    return TableName(parts[0] if len(parts) == 2 else None, parts[-1])


def _columns(reader: _Reader) -> tuple[str, ...]:
    names = [reader.name()]
    while reader.take(","):
        names.append(reader.name())
    reader.expect(")")
    return tuple(names)


def _parameter(reader: _Reader, found: dict[str, Any]) -> None:
    token = reader.advance()
    keyword = token.keyword
    if keyword == "WITH":
        token = reader.advance()
        keyword = token.keyword if token.keyword == "CREDENTIALS" else ""
    if keyword in ("FORMAT", "AS"):
        if keyword == "FORMAT":
            reader.take("AS")
        token = reader.advance()
        keyword = token.keyword if token.keyword in (*_FORMATS, "DELIMITER") else ""
    if keyword in _CLOSED:
        raise WarehouseError(
            f"COPY does not take {keyword}: Amazon Redshift has closed client-side encryption",
            sqlstate="0A000",
            hint="store the files with server-side encryption, which COPY reads without an option",
        )
    read = _READERS.get(keyword)
    if read is None:
        close = get_close_matches(token.text.upper(), _KEYWORDS, n=1)
        raise reader.error(f"did you mean {close[0]}?" if close else "an option of COPY is expected here", token)
    for name, value in read(reader, keyword).items():
        if name in found:
            message = f"conflicting or redundant options: {keyword} after {_spelling(name, found[name])}"
            raise reader.error("write one of them", token, message)
        found[name] = value


def _spelling(name: str, value: object) -> str:
    if isinstance(value, Format):
        return value.name.upper()
    return str(value).upper() if name == "compression" else name.upper().replace("NULL_AS", "NULL AS")


def _flag(reader: _Reader, keyword: str) -> dict[str, Any]:
    return {keyword.lower(): True}


def _text(reader: _Reader, keyword: str) -> dict[str, Any]:
    reader.take("AS")
    return {_TEXTS[keyword]: reader.text(f"{keyword} with a text in quotes")}


def _number(reader: _Reader, keyword: str) -> dict[str, Any]:
    reader.take("AS")
    low, high = _NUMBERS[keyword]
    token = reader.token
    digits = _unquote(token.text) if token.kind == "text" else token.text
    if token.kind not in ("number", "text") or not digits.isdecimal() or not low <= int(digits) <= high:
        raise reader.error(f"{keyword} takes a whole number from {low} to {high}")
    reader.advance()
    return {keyword.lower(): int(digits)}


def _compression(reader: _Reader, keyword: str) -> dict[str, Any]:
    return {"compression": keyword.lower()}


def _format(reader: _Reader, keyword: str) -> dict[str, Any]:
    argument = ""
    if keyword == "FIXEDWIDTH":
        reader.take("AS")
        argument = reader.text("FIXEDWIDTH 'label:width, …'")
    elif keyword in ("JSON", "AVRO"):
        reader.take("AS")
        argument = reader.text("") if reader.token.kind == "text" else "auto"
    elif keyword == "SHAPEFILE" and reader.take("SIMPLIFY"):
        argument = "simplify auto" if reader.take("AUTO") else "simplify"
        if reader.token.kind in ("text", "number"):
            argument += " " + reader.advance().text.strip("'")
    return {"format": Format(keyword.lower(), argument)}  # type: ignore[arg-type]


def _switch(reader: _Reader, keyword: str) -> dict[str, Any]:
    word = reader.take("ON", "TRUE", "OFF", "FALSE", *(["PRESET"] if keyword == "COMPUPDATE" else []))
    return {keyword.lower(): {"": "on", "TRUE": "on", "FALSE": "off"}.get(word, word.lower())}


def _encoding(reader: _Reader, keyword: str) -> dict[str, Any]:
    reader.take("AS")
    token = reader.token
    name = token.text.strip("'").upper().replace("-", "")
    if name not in _ENCODINGS:
        raise reader.error(f"ENCODING takes {', '.join(_ENCODINGS)}")
    reader.advance()
    return {"encoding": name.lower()}


def _acceptinvchars(reader: _Reader, keyword: str) -> dict[str, Any]:
    wanted = reader.take("AS") or reader.token.kind == "text"
    return {"acceptinvchars": reader.text("a character in quotes") if wanted else "?"}


def _iam_role(reader: _Reader, keyword: str) -> dict[str, Any]:
    reader.take("AS")
    if reader.take("DEFAULT"):
        return {"iam_role": IamRole()}
    return {"iam_role": IamRole(reader.text("IAM_ROLE default, or IAM_ROLE 'arn:aws:iam::…:role/…'"))}


def _secret(reader: _Reader, keyword: str) -> dict[str, Any]:
    reader.take("AS")
    return {keyword.lower(): Secret(reader.text(f"{keyword} with a text in quotes"))}


_READERS: dict[str, Callable[[_Reader, str], dict[str, Any]]] = {
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_NUMBERS, _number),
    **dict.fromkeys(_COMPRESSIONS, _compression),
    **dict.fromkeys(_FORMATS, _format),
    **dict.fromkeys(_SWITCHES, _switch),
    **dict.fromkeys(_AUTHORIZATIONS, _secret),
    "IAM_ROLE": _iam_role,
    "ENCODING": _encoding,
    "ACCEPTINVCHARS": _acceptinvchars,
}


def _authorization(found: dict[str, Any]) -> Authorization | None:
    """Take the parts of the authorization out of `found`; one method at most, as Redshift has it."""
    role = found.pop("iam_role", None)
    arguments = found.pop("credentials", None)
    key_id, secret_key, token = (found.pop(word.lower(), None) for word in _AUTHORIZATIONS[1:4])
    keys = [word for word, part in zip(_AUTHORIZATIONS[1:4], (key_id, secret_key, token), strict=True) if part]
    methods = ["IAM_ROLE"] * bool(role) + keys[:1] + ["CREDENTIALS"] * bool(arguments)
    if len(methods) > 1:
        raise WarehouseError(
            f"conflicting or redundant options: {' and '.join(methods)}",
            sqlstate="42601",
            hint="authorize with one of IAM_ROLE, ACCESS_KEY_ID with SECRET_ACCESS_KEY, or CREDENTIALS",
        )
    if keys and not (key_id and secret_key):
        raise WarehouseError(
            f"{keys[0]} needs ACCESS_KEY_ID and SECRET_ACCESS_KEY, both",
            sqlstate="42601",
            hint="write both keys, or IAM_ROLE",
        )
    if key_id and secret_key:
        return AccessKey(key_id, secret_key, token)
    return Credentials(arguments) if arguments else role


# --- writing ---------------------------------------------------------------------------------------------------------


def write(copy: Copy) -> str:
    """Return the statement, one option a line. It holds the secrets in clear: log `masked(write(copy))`."""
    return "\n    ".join([f"COPY {_written_table(copy)}", f"FROM {literal(copy.source)}", *clauses(copy)])


def clauses(copy: Copy) -> tuple[str, ...]:
    """Return what stands after the source, each as it is written: authorization, format, options."""
    options = (_written_option(each.name, getattr(copy, each.name)) for each in fields(copy))
    return (*_written_authorization(copy.authorization), *_written_format(copy.format), *filter(None, options))


def _unquote(quoted: str) -> str:
    return re.sub(r"''|\\['\\]", lambda match: match[0][1], quoted[1:-1])


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


_TEXT_FIELDS = frozenset((*_TEXTS.values(), "acceptinvchars"))
_PLAIN_TEXTS = frozenset(("region", "dateformat", "timeformat"))
_WRITTEN_APART = frozenset(("table", "source", "columns", "authorization", "format"))


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


_HIDDEN = re.compile(
    rf"(?=[AMCS])\b((?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|MASTER_SYMMETRIC_KEY|CREDENTIALS){_BLANK}*"
    rf"(?:\bAS\b{_BLANK}*)?)'(?:[^'\\]|''|\\.)*(?:'|$)",
    re.IGNORECASE | re.DOTALL,
)


def masked(sql: str) -> str:
    """Return `sql` with every literal that carries a key as '***'; works on any statement, finished or not."""
    return _HIDDEN.sub(r"\1'***'", sql)


# --- what may not go together ----------------------------------------------------------------------------------------

_COLUMNAR = ("parquet", "orc")
_COLUMNAR_TAKES = ("acceptinvchars", "fillrecord", "statupdate", "manifest", "explicit_ids", "serializetojson")
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
        known = each.name in _WRITTEN_APART or each.name in _COLUMNAR_TAKES
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


def unescape(text: str) -> str:
    """Return the characters that a delimiter or NULL AS text stands for: '\\t' is a tab, '\\001' an octal code."""
    return re.sub(r"\\([0-7]{1,3}|[tnrfbv\\])", _escaped, text)


_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "b": "\b", "v": "\v"}


def _escaped(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 8)) if code.isdigit() else _ESCAPES.get(code, code)


def _keyword(option: str, copy: Copy | None = None) -> str:
    if option == "compression" and copy is not None:
        return copy.compression.upper()
    return option.upper().replace("_AS", " AS")
