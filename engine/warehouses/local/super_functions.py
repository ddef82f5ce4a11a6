"""OBJECT_TRANSFORM, LOWER_ATTRIBUTE_NAMES, UPPER_ATTRIBUTE_NAMES.

Source: https://docs.aws.amazon.com/redshift/latest/dg/Object_Functions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ...errors import WarehouseError
from . import syntax as s
from .scope import Scope
from .value_functions import Translate
from .values import SUPER, Typed, literal

Tree = dict[str, "Tree | str"]
"""An object to be made: the DuckDB text of '"name":value', or NULL, by attribute; nested where a path goes deeper."""

_STEP = re.compile(r'"((?:[^"\\]|\\.)+)"(?:\.(?=")|$)')


def _object_transform(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """Keep what KEEP names of an object and put in what SET says; what is no object stays as it is."""
    value, keep, changes = node.arguments
    assert isinstance(keep, s.Row)
    assert isinstance(changes, s.Row)
    source = translate(value, scope)
    if source.type != SUPER:
        raise WarehouseError("the input of OBJECT_TRANSFORM is a SUPER value", sqlstate="42883")
    if not keep.values and not changes.values:
        return source
    if not keep.values:
        raise WarehouseError("not supported locally: OBJECT_TRANSFORM with SET and without KEEP", sqlstate="0A000")
    tree: Tree = {}
    for path in keep.values:
        steps = _path(path)
        where = literal("$" + "".join(f'."{step}"' for step in steps))
        shown = f"{_attribute(steps[-1])} || CAST(json_extract({source.sql}, {where}) AS VARCHAR)"
        _put(tree, steps, f"CASE WHEN json_exists({source.sql}, {where}) THEN {shown} END")
    for path, new in zip(changes.values[::2], changes.values[1::2], strict=True):
        steps = _path(path)
        text = f"coalesce(CAST(to_json({translate(new, scope).sql}) AS VARCHAR), 'null')"
        _put(tree, steps, f"{_attribute(steps[-1])} || {text}")
    made = f"CAST('{{' || {_members(tree)} || '}}' AS JSON)"
    return Typed(f"(CASE WHEN json_type({source.sql}) = 'OBJECT' THEN {made} ELSE {source.sql} END)", SUPER)


def _attribute(name: str, opening: str = "") -> str:
    return literal('"' + name + '":' + opening)


def _path(node: s.Expression) -> list[str]:
    steps = _STEP.findall(node.value) if isinstance(node, s.Text) else []
    if not isinstance(node, s.Text) or '."'.join(f'{step}"' for step in steps) != node.value[1:]:
        raise WarehouseError(
            "a path of OBJECT_TRANSFORM is a constant of names in double quotes, with points between them",
            sqlstate="22023",
            hint="""write '"a"."b"'""",
        )
    return steps


def _put(tree: Tree, steps: list[str], text: str) -> None:
    for step in steps[:-1]:
        inner = tree.setdefault(step, {})
        if isinstance(inner, str):
            raise _overlapping(steps)
        tree = inner
    if isinstance(tree.get(steps[-1]), dict):
        raise _overlapping(steps)
    tree[steps[-1]] = text


def _overlapping(steps: list[str]) -> WarehouseError:
    return WarehouseError(
        f'not supported locally: OBJECT_TRANSFORM with a path inside another one: "{steps[0]}"', sqlstate="0A000"
    )


def _members(tree: Tree) -> str:
    texts = []
    for name, inner in tree.items():
        if isinstance(inner, str):
            texts.append(inner)
        else:
            texts.append(f"{_attribute(name, '{')} || nullif({_members(inner)}, '') || '}}'")
    return f"concat_ws(',', {', '.join(texts)})"


def _attribute_names(change: str) -> Callable[[s.Call, Scope, Translate], Typed]:
    def read(node: s.Call, scope: Scope, translate: Translate) -> Typed:
        values = [translate(argument, scope) for argument in node.arguments]
        if len(values) != 1 or values[0].type != SUPER:
            raise WarehouseError(f"{node.name.upper()} takes one SUPER value", sqlstate="42883")
        return Typed(f"rs_attribute_names({values[0].sql}, {literal(change)})", SUPER)

    return read


FUNCTIONS: dict[str, Callable[[s.Call, Scope, Translate], Typed]] = {
    "object_transform": _object_transform,
    "lower_attribute_names": _attribute_names("lower"),
    "upper_attribute_names": _attribute_names("upper"),
}
