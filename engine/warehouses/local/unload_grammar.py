"""UNLOAD: tokens -> a record.

Source: https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import WarehouseError
from .tokens import Reader


@dataclass(slots=True)
class Unload:
    """What an UNLOAD says."""

    query: str
    target: str
    authorized: bool = False
    format: str = "text"
    delimiter: str = ""
    null_as: str = ""
    header: bool = False
    add_quotes: bool = False
    escape: bool = False
    overwrite: bool = False
    clean: bool = False
    parallel: bool = True
    manifest: bool = False
    compression: str = ""
    extension: str = ""
    partition: tuple[str, ...] = ()
    partition_included: bool = False


_FLAGS = {"header": "header", "addquotes": "add_quotes", "escape": "escape", "allowoverwrite": "overwrite",
          "cleanpath": "clean"}  # fmt: skip
_FORMATS = frozenset({"csv", "parquet", "json"})
_COMPRESSIONS = frozenset({"gzip", "bzip2", "zstd"})
_SIZES_MB = {"maxfilesize": (5, 6.2 * 1024, "from 5 MB to 6.2 GB"), "rowgroupsize": (32, 128, "from 32 MB to 128 MB")}
_NOT_HERE = frozenset({"fixedwidth", "encrypted", "kms_key_id", "master_symmetric_key"})


def parse_unload(reader: Reader) -> Unload:
    """Read UNLOAD ('query') TO 's3://…' … Errors: 42601, 0A000."""
    reader.expect("unload")
    reader.expect_op("(")
    token = reader.advance()
    if token.kind not in ("string", "body"):
        raise reader.error("the query stands in quotes")
    reader.expect_op(")")
    reader.expect("to")
    unload = Unload(token.value, reader.string())
    while reader.token.kind == "word":
        _option(reader, unload)
    reader.expect_end()
    _check(unload)
    return unload


def _option(reader: Reader, unload: Unload) -> None:
    word = reader.token.value
    if word in _NOT_HERE:
        raise WarehouseError(f"not supported locally: UNLOAD with {word.upper()}", sqlstate="0A000")
    reader.advance()
    if word in _FLAGS:
        setattr(unload, _FLAGS[word], True)
    elif word in _FORMATS:
        unload.format = word
    elif word in _COMPRESSIONS:
        if unload.compression not in ("", word):
            raise WarehouseError("UNLOAD takes one compression", sqlstate="42601", hint="GZIP, BZIP2 or ZSTD")
        unload.compression = word
    elif word == "format":
        reader.take("as")
        unload.format = reader.advance().value
        if unload.format not in (*_FORMATS, "text"):
            raise reader.error("the format is CSV, PARQUET or JSON")
    elif word in ("iam_role", "credentials", "access_key_id", "secret_access_key", "session_token", "with"):
        _authorization(reader, unload, word)
    elif word in ("delimiter", "null", "extension", "region", "maxfilesize", "rowgroupsize"):
        _argument(reader, unload, word)
    elif word == "parallel":
        unload.parallel = reader.advance().value in ("on", "true")
    elif word == "manifest":
        unload.manifest = True
        reader.take("verbose")
    elif word == "partition":
        _partition(reader, unload)
    else:
        reader.rewind(reader.where - 1)
        raise reader.error()


def _authorization(reader: Reader, unload: Unload, word: str) -> None:
    unload.authorized = True
    if word == "with":
        reader.expect("credentials")
    reader.take("as")
    if not (word == "iam_role" and reader.take("default")):
        reader.string()


def _argument(reader: Reader, unload: Unload, word: str) -> None:
    reader.take("as")
    if word in ("maxfilesize", "rowgroupsize"):
        _size(reader, word)
        return
    value = reader.string()
    if word == "delimiter":
        unload.delimiter = value
    elif word == "null":
        unload.null_as = value
    elif word == "extension":
        unload.extension = value


def _size(reader: Reader, word: str) -> None:
    """Read a size in MB or GB. Errors: 22023 for one that is out of range; files here are as large as they come."""
    token = reader.advance()
    if token.kind != "number":
        raise reader.error("expected a size such as 100 MB")
    size_mb = float(token.value) * (1024 if reader.take("gb") else 1)
    reader.take("mb")
    least, most, shown = _SIZES_MB[word]
    if not least <= size_mb <= most:
        raise WarehouseError(f"invalid {word.upper()} value: {token.value}", sqlstate="22023", hint=shown)


def _partition(reader: Reader, unload: Unload) -> None:
    reader.expect("by")
    reader.expect_op("(")
    names = [reader.name("a column")]
    while reader.take_op(","):
        names.append(reader.name("a column"))
    reader.expect_op(")")
    unload.partition = tuple(names)
    unload.partition_included = reader.take("include")


def _check(unload: Unload) -> None:
    if not unload.authorized:
        raise WarehouseError("UNLOAD needs an authorization", sqlstate="42601", hint="such as IAM_ROLE default")
    if unload.format == "parquet" and (unload.header or unload.delimiter or unload.add_quotes or unload.compression):
        raise WarehouseError("PARQUET takes no HEADER, DELIMITER, ADDQUOTES or compression", sqlstate="42601")
    if unload.format == "json" and (unload.header or unload.delimiter or unload.add_quotes or unload.null_as):
        raise WarehouseError("JSON takes no HEADER, DELIMITER, ADDQUOTES or NULL AS", sqlstate="42601")
    if unload.format == "csv" and (unload.add_quotes or unload.escape):
        raise WarehouseError("CSV takes no ADDQUOTES or ESCAPE", sqlstate="42601")
    if unload.clean and unload.overwrite:
        raise WarehouseError("CLEANPATH and ALLOWOVERWRITE do not go together", sqlstate="42601")
