"""The text of a COPY -> the record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any

from ..errors import WarehouseError
from ..lexical import fold
from ..records import frozen
from .masking import BLANK, masked
from .statement import AccessKey, Authorization, Copy, Credentials, Format, IamRole, Secret, TableName

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

_TOKEN = re.compile(
    rf"""(?P<blank>{BLANK}+)
       |(?P<text>'(?:[^'\\]|''|\\.)*')
       |(?P<name>"(?:[^"]|"")+")
       |(?P<number>\d+(?:\.\d+)?)
       |(?P<word>[#\w][\w$]*)
       |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_IS_COPY = re.compile(rf"{BLANK}*copy\b", re.IGNORECASE | re.DOTALL)


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


@frozen
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


def _unquote(quoted: str) -> str:
    return re.sub(r"''|\\['\\]", lambda match: match[0][1], quoted[1:-1])


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
