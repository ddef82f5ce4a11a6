"""Aggregate and window functions.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_Aggregate_Functions.html,
https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html
"""

from __future__ import annotations

from collections.abc import Callable

from ...datatypes import DataType
from ...errors import WarehouseError
from . import syntax as s
from .casts import as_text, cast, implicit
from .comparisons import key
from .keywords import AGGREGATES
from .operators import of_units
from .scope import Scope
from .types import stored_type
from .value_functions import Translate, wrong_arguments
from .values import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    INTEGER,
    INTERVAL,
    MONTHS,
    SUPER,
    UNKNOWN,
    Typed,
    as_decimal,
    category,
    decimal,
    is_number,
    literal,
    varchar,
)

Handler = Callable[[s.Call, Scope, Translate], Typed]


def _arguments(node: s.Call, scope: Scope, translate: Translate, least: int, most: int) -> list[Typed]:
    """Translate the arguments of an aggregate or a window function, and check where it stands."""
    if node.over is None and node.name in AGGREGATES:
        if scope.clause in ("WHERE", "JOIN/ON", "GROUP BY"):
            raise WarehouseError(f"aggregates not allowed in {scope.clause} clause", sqlstate="42803")
        if scope.inside_aggregate:
            raise WarehouseError("aggregate function calls may not be nested", sqlstate="42803")
        scope.aggregates = True
    elif node.distinct and node.name != "listagg":
        raise WarehouseError(f"DISTINCT is not supported for the window function {node.name.upper()}", sqlstate="0A000")
    elif scope.clause in ("WHERE", "JOIN/ON", "GROUP BY", "HAVING"):
        raise WarehouseError(f"window functions are not allowed in {scope.clause}", sqlstate="42P20")
    else:
        scope.windows = True
    before = scope.inside_aggregate
    scope.inside_aggregate = before or (node.over is None)
    values = [translate(argument, scope) for argument in node.arguments]
    scope.inside_aggregate = before
    if not least <= len(values) <= most:
        raise wrong_arguments(node, values)
    return values


def _over(node: s.Call, scope: Scope, translate: Translate, *, frame: bool = True) -> str:
    """Return ' OVER (…)', or nothing for a plain aggregate.

    Errors: 42P20 where an aggregate with ORDER BY has no frame, which Redshift asks for.
    """
    if node.over is None:
        return ""
    window = node.over
    assert isinstance(window, s.Window)
    if frame and window.order and not window.frame:
        raise WarehouseError(
            "Aggregate window functions with an ORDER BY clause require a frame clause",
            sqlstate="42P20",
            hint="add ROWS UNBOUNDED PRECEDING, or BETWEEN … AND …",
        )
    parts = []
    if window.partition:
        keys = [grouped(translate(value, scope), scope) for value in window.partition]
        parts.append(f"PARTITION BY {', '.join(keys)}")
    if window.order:
        parts.append(f"ORDER BY {orders_sql(window.order, scope, translate)}")
    if window.frame:
        parts.append(window.frame)
    return f" OVER ({' '.join(parts)})"


def grouped(value: Typed, scope: Scope) -> str:
    """Return what a value is grouped by: of a text, without the blanks at its end."""
    if value.type.name == "varchar" and value.constant is None and scope.session.exact_blanks and not value.nocase:
        return key(value) if not value.sql.startswith("(CASE WHEN ends_with(") else value.sql
    return value.sql


def orders_sql(orders: tuple[s.Order, ...], scope: Scope, translate: Translate) -> str:
    """NULL is larger than anything."""
    return ", ".join(
        f"{_order_key(translate(order.value, scope))} {'DESC' if order.descending else 'ASC'} {nulls(order)}"
        for order in orders
    )


def _order_key(value: Typed) -> str:
    """DuckDB refuses to order by a bare constant."""
    return value.sql if value.constant is None else f"CAST({value.sql} AS VARCHAR)"


def nulls(order: s.Order) -> str:
    first = order.nulls_first if order.nulls_first is not None else order.descending
    return "NULLS FIRST" if first else "NULLS LAST"


def _distinct(node: s.Call) -> str:
    return "DISTINCT " if node.distinct else ""


def _count(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = _arguments(node, scope, translate, 0 if node.star else 1, 0 if node.star else 1)
    over = _over(node, scope, translate)
    if node.star:
        return Typed(f"count(*){over}", BIGINT)
    if node.approximate and node.distinct:
        return Typed(f"approx_count_distinct({values[0].sql})", BIGINT)
    value = grouped(values[0], scope) if node.distinct else values[0].sql
    return Typed(f"count({_distinct(node)}{value}){over}", BIGINT)


def _hll(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """HLL counts distinct values nearly, as APPROXIMATE COUNT does; sketches are not here."""
    (value,) = _arguments(node, scope, translate, 1, 1)
    return Typed(f"approx_count_distinct({value.sql})", BIGINT)


def _numeric(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (value,) = _arguments(node, scope, translate, 1, 1)
    if value.type in (UNKNOWN, SUPER):
        return cast(value, DOUBLE)
    if not is_number(value.type) and not (node.name == "sum" and category(value.type) == "interval"):
        raise wrong_arguments(node, [value])
    return value


def _sum(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    value = _numeric(node, scope, translate)
    if category(value.type) == "interval":
        return _sum_of_intervals(node, value, _over(node, scope, translate))
    core = f"sum({_distinct(node)}{value.sql}){_over(node, scope, translate)}"
    if value.type in (BIGINT,):
        return Typed(f"CAST({core} AS DECIMAL(38,0))", decimal(38, 0))
    if category(value.type) == "int":
        return Typed(f"CAST({core} AS BIGINT)", BIGINT)
    if value.type.name == "decimal":
        return Typed(core, decimal(38, value.type.scale or 0))
    return Typed(core, DOUBLE)


def _sum_of_intervals(node: s.Call, value: Typed, over: str) -> Typed:
    months = f"datepart('year', {value.sql}) * 12 + datepart('month', {value.sql})"
    if value.type == MONTHS:
        return Typed(f"to_months(CAST(sum({_distinct(node)}{months}){over} AS INTEGER))", MONTHS)
    return Typed(f"to_microseconds(CAST(sum({_distinct(node)}epoch_us({value.sql})){over} AS BIGINT))", INTERVAL)


def _avg(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """Of integers BIGINT, of decimals the same scale; both cut, not rounded (of decimals an assumption)."""
    value = _numeric(node, scope, translate)
    over = _over(node, scope, translate)
    distinct = _distinct(node)
    if category(value.type) == "float":
        return Typed(f"avg({distinct}{value.sql}){over}", DOUBLE)
    total = f"sum({distinct}{value.sql}){over}"
    count = f"nullif(count({distinct}{value.sql}){over}, 0)"
    if category(value.type) == "int":
        return Typed(f"CAST(CAST({total} AS HUGEINT) // {count} AS BIGINT)", BIGINT)
    scale = as_decimal(value.type)[1]
    whole = f"CAST({total} * CAST({10**scale} AS DECIMAL({scale + 1},0)) AS HUGEINT)"
    return Typed(of_units(f"({whole} // {count})", decimal(38, scale)), decimal(38, scale))


def _extreme(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (value,) = _arguments(node, scope, translate, 1, 1)
    if value.type == UNKNOWN:
        value = Typed(
            as_text(value) if value.constant is not None else "CAST(NULL AS VARCHAR)",
            varchar(len((value.constant or "").encode()) or 1),
        )
    core = f"{node.name}({value.sql}){_over(node, scope, translate)}"
    if value.type == BOOLEAN:
        raise wrong_arguments(node, [value])
    if value.type == SUPER:
        raise WarehouseError(
            f"not supported locally: {node.name.upper()} of SUPER", sqlstate="0A000", hint="cast the value to its type"
        )
    return Typed(core, value.type, nocase=value.nocase)


def _any_value(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (value,) = _arguments(node, scope, translate, 1, 1)
    return Typed(
        f"any_value({value.sql}){_over(node, scope, translate)}", value.type if value.type != UNKNOWN else varchar(1)
    )


def _statistic(name: str) -> Handler:
    def read(node: s.Call, scope: Scope, translate: Translate) -> Typed:
        value = _numeric(node, scope, translate)
        core = f"{name}({_distinct(node)}{implicit(value, DOUBLE)}){_over(node, scope, translate)}"
        return Typed(core, DOUBLE)

    return read


def _bits(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    value = _numeric(node, scope, translate)
    if category(value.type) != "int":
        raise wrong_arguments(node, [value])
    return Typed(f"{node.name}({value.sql})", value.type)


def _logic(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (value,) = _arguments(node, scope, translate, 1, 1)
    if value.type not in (BOOLEAN, UNKNOWN):
        raise wrong_arguments(node, [value])
    return Typed(f"{node.name}({implicit(value, BOOLEAN)}){_over(node, scope, translate)}", BOOLEAN)


def _check_sorted(node: s.Call, scope: Scope, keys: list[str]) -> None:
    """Errors: 0A000 where an earlier aggregate of the query sorts by something else.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_MEDIAN.html
    """
    if node.over is not None or node.approximate:
        return
    wanted = ", ".join(keys)
    if scope.sorted_by not in (None, wanted):
        raise WarehouseError(
            "within group ORDER BY clauses for aggregate functions must be the same",
            sqlstate="0A000",
            hint="compute them in two queries and join these",
        )
    scope.sorted_by = wanted


def _listagg(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """NULL and '' are left out; 65,535 bytes at most."""
    values = _arguments(node, scope, translate, 1, 2)
    if len(values) > 1 and values[1].constant is None and values[1].sql != "NULL":
        raise WarehouseError("LISTAGG: the delimiter is a constant", sqlstate="42601")
    delimiter = literal(values[1].constant or "") if len(values) > 1 else "''"
    text = f"nullif({as_text(values[0])}, '')"
    order = ""
    if node.order:
        before, scope.inside_aggregate = scope.inside_aggregate, True
        order = f" ORDER BY {orders_sql(node.order, scope, translate)}"
        _check_sorted(node, scope, [translate(one.value, scope).sql for one in node.order])
        if node.distinct and len(node.order) == 1 and translate(node.order[0].value, scope).sql == values[0].sql:
            order = f" ORDER BY {text} {'DESC' if node.order[0].descending else 'ASC'} {nulls(node.order[0])}"
        scope.inside_aggregate = before
    over = _over(node, scope, translate, frame=False)
    core = f"string_agg({_distinct(node)}{text}, {delimiter}{order}){over}"
    if node.distinct and order and not order.startswith(f" ORDER BY {text} "):
        # DuckDB sorts distinct values by themselves alone: here the first of each stays where the order puts it.
        core = f"rs_joined_once(array_agg({text}{order}){over}, {delimiter})"
    return Typed(f"rs_listagg({core})", varchar())


def _percentile(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (fraction,) = _arguments(node, scope, translate, 1, 1)
    if len(node.order) != 1:
        raise WarehouseError(f"{node.name.upper()} needs WITHIN GROUP (ORDER BY …)", sqlstate="42601")
    before, scope.inside_aggregate = scope.inside_aggregate, True
    value = translate(node.order[0].value, scope)
    scope.inside_aggregate = before
    _check_sorted(node, scope, [value.sql])
    over = _over(node, scope, translate, frame=False)
    share = f"1 - {fraction.sql}" if node.order[0].descending else fraction.sql
    if node.name == "percentile_disc":
        type_ = value.type if value.type != UNKNOWN else varchar(1)
        if node.order[0].descending:
            core = f"quantile_disc({value.sql}, {fraction.sql} ORDER BY {value.sql} DESC)" if not over else ""
            if core:
                return Typed(core, type_)
        return Typed(f"quantile_disc({value.sql}, {share}){over}", type_)
    return _interpolated("quantile_cont({value}, " + share + ")", value, node, over)


def _median(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (value,) = _arguments(node, scope, translate, 1, 1)
    _check_sorted(node, scope, [value.sql])
    return _interpolated("median({value})", value, node, _over(node, scope, translate, frame=False))


def _interpolated(template: str, value: Typed, node: s.Call, over: str) -> Typed:
    """MEDIAN and PERCENTILE_CONT: of integers and decimals DECIMAL, of floats DOUBLE, of dates and times their kind.

    Source: https://docs.aws.amazon.com/redshift/latest/dg/r_MEDIAN.html
    """
    kind = category(value.type)
    if kind in ("date", "timestamp", "timestamptz"):
        type_ = value.type if kind != "date" else DataType("timestamp")
        return Typed(f"CAST({template.format(value=value.sql)}{over} AS {stored_type(type_)})", type_)
    if value.type in (UNKNOWN, SUPER):
        value = cast(value, DOUBLE)
    elif kind not in ("int", "decimal", "float"):
        raise wrong_arguments(node, [value])
    return Typed(f"{template.format(value=f'CAST({value.sql} AS DOUBLE)')}{over}", DOUBLE)


def _ratio(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    value = _numeric(node, scope, translate)
    if node.over is None or (isinstance(node.over, s.Window) and node.over.order):
        raise WarehouseError("RATIO_TO_REPORT takes OVER (PARTITION BY …) without ORDER BY", sqlstate="42P20")
    over = _over(node, scope, translate)
    return Typed(f"(CAST({value.sql} AS DOUBLE) / nullif(sum({value.sql}){over}, 0))", DOUBLE)


def _rank(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    _arguments(node, scope, translate, 0, 0)
    type_ = DOUBLE if node.name in ("percent_rank", "cume_dist") else BIGINT
    return Typed(f"{node.name}(){_required(node, scope, translate)}", type_)


def _required(node: s.Call, scope: Scope, translate: Translate) -> str:
    if node.over is None:
        raise WarehouseError(f"{node.name.upper()} needs OVER (…)", sqlstate="42601")
    return _over(node, scope, translate, frame=False)


def _ntile(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    (count,) = _arguments(node, scope, translate, 1, 1)
    if category(count.type) not in ("int", "unknown"):
        raise wrong_arguments(node, [count])
    return Typed(f"ntile({implicit(count, BIGINT)}){_required(node, scope, translate)}", BIGINT)


def _nulls_clause(node: s.Call) -> str:
    return " IGNORE NULLS" if node.nulls == "ignore" else ""


def _shift(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """LAG and LEAD."""
    values = _arguments(node, scope, translate, 1, 3)
    value = values[0] if values[0].type != UNKNOWN else cast(values[0], varchar(256))
    texts = [value.sql, *(argument.sql for argument in values[1:2])]
    if len(values) > 2:
        texts.append(implicit(values[2], value.type))
    over = _required(node, scope, translate)
    return Typed(f"{node.name}({', '.join(texts)}{_nulls_clause(node)}){over}", value.type)


def _edge(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    """FIRST_VALUE, LAST_VALUE, NTH_VALUE: with ORDER BY they need a frame."""
    most = 2 if node.name == "nth_value" else 1
    values = _arguments(node, scope, translate, most, most)
    value = values[0] if values[0].type != UNKNOWN else cast(values[0], varchar(256))
    texts = ", ".join([value.sql, *(argument.sql for argument in values[1:])])
    if node.over is None:
        raise WarehouseError(f"{node.name.upper()} needs OVER (…)", sqlstate="42601")
    over = _over(node, scope, translate)
    return Typed(f"{node.name}({texts}{_nulls_clause(node)}){over}", value.type)


def _grouping(node: s.Call, scope: Scope, translate: Translate) -> Typed:
    values = [translate(argument, scope) for argument in node.arguments]
    return Typed(f"CAST(grouping({', '.join(value.sql for value in values)}) AS INTEGER)", INTEGER)


FUNCTIONS: dict[str, Handler] = {
    "count": _count, "sum": _sum, "avg": _avg, "min": _extreme, "max": _extreme, "any_value": _any_value,
    "stddev": _statistic("stddev_samp"), "stddev_samp": _statistic("stddev_samp"),
    "stddev_pop": _statistic("stddev_pop"), "variance": _statistic("var_samp"), "var_samp": _statistic("var_samp"),
    "var_pop": _statistic("var_pop"), "bit_and": _bits, "bit_or": _bits, "bool_and": _logic, "bool_or": _logic,
    "listagg": _listagg, "percentile_cont": _percentile, "percentile_disc": _percentile, "median": _median,
    "ratio_to_report": _ratio, "row_number": _rank, "rank": _rank, "dense_rank": _rank, "percent_rank": _rank,
    "cume_dist": _rank, "ntile": _ntile, "lag": _shift, "lead": _shift, "first_value": _edge, "last_value": _edge,
    "nth_value": _edge, "grouping": _grouping, "grouping_id": _grouping, "hll": _hll,
}  # fmt: skip
