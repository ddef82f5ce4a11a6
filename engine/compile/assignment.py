"""A column of a SELECT that goes into a column of a table: what may get lost on the way."""

from __future__ import annotations

from collections.abc import Iterator

from ..datatypes import DataType
from ..records import frozen
from ..warehouses.local import syntax as s
from ..warehouses.local.values import UNKNOWN, Typed, category, format_type
from .watching import Record

_SAME_VALUE = ("coalesce", "nvl", "isnull", "greatest", "least", "nullif", "upper", "lower", "initcap")
_HASHES = ("md5", "sha", "sha1", "func_sha1")
_WIDTH = {"smallint": 0, "integer": 1, "bigint": 2}
_LIMIT = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


@frozen
class Loss:
    """What may go wrong with a value, by the name of its rule."""

    rule: str
    message: str
    hint: str


def losses(node: s.Expression, target: DataType, name: str, record: Record) -> Iterator[Loss]:
    """Yield what gets lost when `node` is written into the column `name` of type `target`."""
    value = record.types.get(node)
    if value is None or not _says_its_type(node):
        return
    kinds = category(value.type), category(target)
    if kinds in (("timestamp", "timestamptz"), ("timestamptz", "timestamp")):
        yield _zone(value, target, name)
    elif kinds[1] == "text":
        yield from _text(node, value, target, name)
    elif kinds == ("int", "int"):
        if _WIDTH[value.type.name] > _WIDTH[target.name] and not _fits(node, target):
            yield _narrowing(value, target, name, "what does not fit is an error when it runs")
    elif _loses(value.type, target, kinds):
        yield _narrowing(value, target, name, "what does not fit gets lost without a word")


def _loses(source: DataType, target: DataType, kinds: tuple[str, str]) -> bool:
    if kinds in (("float", "int"), ("float", "decimal")) or (kinds == ("decimal", "int") and source.scale != 0):
        return True
    if kinds == ("decimal", "decimal"):
        return (source.scale or 0) > (target.scale or 0)
    if kinds == ("float", "float"):
        return source.name == "double precision" and target.name == "real"
    return kinds in (("timestamp", "date"), ("timestamptz", "date"), ("timestamp", "time"))


def _narrowing(value: Typed, target: DataType, name: str, what: str) -> Loss:
    message = f"{format_type(value.type)} goes into '{name}', which is {target}: {what}"
    return Loss("narrowing", message, f"write CAST(… AS {target}) if you mean it, or widen the column")


def _zone(value: Typed, target: DataType, name: str) -> Loss:
    message = f"a {value.type} goes into '{name}', which is {target}: the session's time zone decides what it means"
    return Loss("time-zone", message, "say the zone: … AT TIME ZONE 'UTC'")


def _text(node: s.Expression, value: Typed, target: DataType, name: str) -> Iterator[Loss]:
    length, room = _length(value), target.length or 1
    if length is None or length <= room:
        return
    what = "is" if value.constant is not None else "may have"
    message = (
        f"the text {what} {length} bytes long" if value.constant is not None else f"the text {what} {length} bytes"
    )
    yield Loss(
        "text-length",
        f"{message}, '{name}' has room for {room}",
        f"Redshift refuses a text that is too long: write CAST(… AS {target}) to cut it, or widen the column",
    )


def _length(value: Typed) -> int | None:
    if value.type == UNKNOWN:
        return None if value.constant is None else len(value.constant.rstrip(" ").encode())
    return value.type.length if value.type.is_text else None


def _says_its_type(node: s.Expression) -> bool:
    """Tell whether the type of `node` says what its values are; that of most functions is wider than their values."""
    if isinstance(node, s.Case):
        results = [then for _, then in node.whens] + ([node.otherwise] if node.otherwise is not None else [])
        return all(_says_its_type(result) for result in results)
    if isinstance(node, s.Call):
        if node.name in _HASHES:
            return True
        return node.over is None and node.name in _SAME_VALUE and all(_says_its_type(one) for one in node.arguments)
    if isinstance(node, s.Binary):
        return _says_its_type(node.left) and _says_its_type(node.right)
    if isinstance(node, s.Unary):
        return _says_its_type(node.value)
    return isinstance(node, (s.Name, s.Cast, s.Text, s.Number, s.Constant))


def _fits(node: s.Expression, target: DataType) -> bool:
    """Tell whether a whole number fits by what is written: a constant, a part of a date."""
    if isinstance(node, s.Number):
        return node.text.isdigit() and int(node.text) < _LIMIT[target.name]
    if isinstance(node, s.Constant):
        return True
    if isinstance(node, s.Unary):
        return _fits(node.value, target)
    if isinstance(node, s.Case):
        results = [then for _, then in node.whens] + ([node.otherwise] if node.otherwise is not None else [])
        return all(_fits(result, target) for result in results)
    if isinstance(node, s.Call) and node.name in _SAME_VALUE:
        return all(_fits(argument, target) for argument in node.arguments)
    return False


def is_null(node: s.Expression) -> bool:
    """Tell whether a value is NULL whatever the rows are."""
    if isinstance(node, s.Constant):
        return node.value is None and not node.default
    if isinstance(node, s.Cast):
        return is_null(node.value)
    if isinstance(node, s.Case):
        return all(is_null(then) for _, then in node.whens) and (node.otherwise is None or is_null(node.otherwise))
    return isinstance(node, s.Call) and node.name in ("coalesce", "nvl") and all(map(is_null, node.arguments))


def may_be_null(node: s.Expression, record: Record, nullable: frozenset[int]) -> str:
    """Say why a value may be NULL, or nothing: an outer join, a CASE without ELSE, NULLIF."""
    if isinstance(node, s.Cast):
        return may_be_null(node.value, record, nullable)
    if isinstance(node, s.Case) and node.otherwise is None:
        return "the CASE has no ELSE"
    if isinstance(node, s.Call) and node.name == "nullif":
        return "NULLIF gives it"
    origin = record.origin(node)
    if origin is not None and id(origin[0]) in nullable:
        return f"the outer join finds no row of '{origin[0].alias}'"
    return ""
