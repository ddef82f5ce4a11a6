"""Redshift's scalar functions, as a table: name(parameters) -> result = DuckDB expression.

Kinds of parameters: text, int, num (int, decimal or float), dec (int or decimal), float (any number, as double), bool,
date and ts (a date or timestamp, converted), tz, time, super, varbyte, str (anything, as text), any; `?` may be left
out, `*` may come again. The first line of a name that takes the arguments is the one. A result `$1` is the type of the
first argument, `$1+` the same as text or number of the widest kind; `varchar` without a length is the widest.

Source: https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html, and the page of each function beneath it
"""

from __future__ import annotations

import re
from functools import cache

from ...datatypes import DataType, parse_type
from ...records import frozen
from .values import varchar

_TABLE = r"""
# String functions: https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html
ascii(text) -> integer = CASE WHEN {0} = '' THEN 0 ELSE unicode({0}) END
bpcharcmp(text, text) -> integer = rs_compare(rtrim({0}, ' '), rtrim({1}, ' '))
btrim(text) -> $1 = trim({0}, ' ')
btrim(text, text) -> $1 = trim({0}, {1})
bttext_pattern_cmp(text, text) -> integer = rs_compare({0}, {1})
char_length(text) -> integer = CAST(length({0}) AS INTEGER)
character_length(text) -> integer = CAST(length({0}) AS INTEGER)
charindex(text, text) -> integer = CAST(strpos({1}, {0}) AS INTEGER)
chr(int) -> varchar(4) = rs_chr({0})
concat(str, str) -> varchar = {0} || {1}
concat(varbyte, varbyte) -> varbyte = {0} || {1}
crc32(text) -> varchar(8) = rs_crc32({0})
difference(text, text) -> integer = rs_difference({0}, {1})
func_sha1(text) -> varchar(40) = sha1({0})
func_sha1(varbyte) -> varchar(40) = sha1({0})
initcap(text) -> $1 = rs_initcap({0})
left(text, int) -> $1 = left({0}, {1})
len(text) -> integer = CAST(length({0}) AS INTEGER)
len(varbyte) -> integer = CAST(octet_length({0}) AS INTEGER)
length(text) -> integer = CAST(length({0}) AS INTEGER)
length(varbyte) -> integer = CAST(octet_length({0}) AS INTEGER)
lower(text) -> $1 = lower({0})
lower(super) -> super = rs_super_text({0}, lower({0} ->> '$'))
lpad(text, int) -> varchar = rs_lpad({0}, {1}, ' ')
lpad(text, int, text) -> varchar = rs_lpad({0}, {1}, {2})
ltrim(text) -> $1 = ltrim({0}, ' ')
ltrim(text, text) -> $1 = ltrim({0}, {1})
md5(text) -> varchar(32) = md5({0})
md5(varbyte) -> varchar(32) = md5({0})
octet_length(text) -> integer = CAST(strlen({0}) AS INTEGER)
octet_length(varbyte) -> integer = CAST(octet_length({0}) AS INTEGER)
octetindex(text, text) -> integer = rs_octet_index({0}, {1})
quote_ident(text) -> varchar = rs_quote_ident({0})
quote_literal(text) -> varchar = '''' || replace(replace({0}, '\', '\\'), '''', '''''') || ''''
repeat(text, int) -> varchar = rs_repeat({0}, {1})
replicate(text, int) -> varchar = rs_repeat({0}, {1})
replace(text, text, text) -> varchar = CASE WHEN {1} = '' AND {2} IS NOT NULL THEN {0} ELSE replace({0}, {1}, {2}) END
reverse(text) -> $1 = reverse({0})
right(text, int) -> $1 = right({0}, {1})
rpad(text, int) -> varchar = rs_rpad({0}, {1}, ' ')
rpad(text, int, text) -> varchar = rs_rpad({0}, {1}, {2})
rtrim(text) -> $1 = rtrim({0}, ' ')
rtrim(text, text) -> $1 = rtrim({0}, {1})
sha(text) -> varchar(40) = sha1({0})
sha(varbyte) -> varchar(40) = sha1({0})
sha1(text) -> varchar(40) = sha1({0})
sha1(varbyte) -> varchar(40) = sha1({0})
soundex(text) -> varchar(4) = rs_soundex({0})
split_part(text, text, int) -> $1 = rs_split_part({0}, {1}, {2})
strpos(text, text) -> integer = CAST(strpos({0}, {1}) AS INTEGER)
strtol(text, int) -> bigint = rs_strtol({0}, CAST({1} AS INTEGER))
substring(text, int) -> $1 = rs_substring({0}, {1})
substring(text, int, int) -> $1 = rs_substring_for({0}, {1}, {2})
substring(varbyte, int) -> varbyte = {0}[{1}:]
substring(varbyte, int, int) -> varbyte = {0}[{1}:{1} + {2} - 1]
substr(text, int) -> $1 = rs_substring({0}, {1})
substr(text, int, int) -> $1 = rs_substring_for({0}, {1}, {2})
substr(varbyte, int) -> varbyte = {0}[{1}:]
substr(varbyte, int, int) -> varbyte = {0}[{1}:{1} + {2} - 1]
textlen(text) -> integer = CAST(length({0}) AS INTEGER)
substring(str, int) -> varchar = rs_substring({0}, {1})
substring(str, int, int) -> varchar = rs_substring_for({0}, {1}, {2})
to_hex(int) -> varchar(16) = lower(to_hex({0}))
to_hex(varbyte) -> varchar = lower(hex({0}))
from_hex(text) -> varbyte = rs_hex_bytes({0})
getbit(varbyte, int) -> integer = rs_get_bit({0}, {1})
to_varbyte(text, text) -> varbyte = rs_to_varbyte({0}, {1})
from_varbyte(varbyte, text) -> varchar = rs_from_varbyte({0}, {1})
translate(text, text, text) -> $1 = translate({0}, {1}, {2})
upper(text) -> $1 = upper({0})
upper(super) -> super = rs_super_text({0}, upper({0} ->> '$'))
text(str) -> varchar = {0}

text_to_int_alt(text) -> integer = rs_alternative_int({0})

# Math functions: https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html
abs(num) -> $1 = abs({0})
abs(super) -> super = rs_super_of(abs(rs_number_of_super({0})))
acos(float) -> double precision = acos(rs_cosine_of({0}))
asin(float) -> double precision = asin(rs_cosine_of({0}))
atan(float) -> double precision = atan({0})
atan2(float, float) -> double precision = atan2({0}, {1})
cbrt(float) -> double precision = rs_cbrt({0})
cos(float) -> double precision = cos({0})
cot(float) -> double precision = cot({0})
degrees(float) -> double precision = degrees({0})
dexp(float) -> double precision = rs_finite(exp({0}), {0}, 0)
dlog1(float) -> double precision = rs_ln({0})
dlog10(float) -> double precision = rs_log10({0})
exp(float) -> double precision = rs_finite(exp({0}), {0}, 0)
ln(float) -> double precision = rs_ln({0})
log(float) -> double precision = rs_log10({0})
log(float, float) -> double precision = ln({1}) / ln({0})
pi() -> double precision = pi()
pow(float, float) -> double precision = rs_power({0}, {1})
power(float, float) -> double precision = rs_power({0}, {1})
radians(float) -> double precision = radians({0})
random() -> double precision = random()
sign(float) -> double precision = CAST(sign({0}) AS DOUBLE)
sin(float) -> double precision = sin({0})
sqrt(float) -> double precision = rs_sqrt({0})
tan(float) -> double precision = tan({0})

# Bits and hashes: https://docs.aws.amazon.com/redshift/latest/dg/hash-functions.html
sha2(varbyte, int) -> varchar(128) = rs_sha2({0}, {1})

# Dates: https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
add_months(ts, int) -> timestamp = rs_add_months({0}, CAST({1} AS INTEGER))
date_cmp(date, date) -> integer = rs_compare({0}, {1})
date_cmp_timestamp(date, ts) -> integer = rs_compare(CAST({0} AS TIMESTAMP), {1})
date_cmp_timestamptz(date, tz) -> integer = rs_compare(timezone('UTC', CAST({0} AS TIMESTAMP)), {1})
date_part_year(date) -> integer = CAST(year({0}) AS INTEGER)
interval_cmp(interval, interval) -> integer = rs_compare({0}, {1})
last_day(date) -> date = last_day({0})
months_between(ts, ts) -> double precision = rs_months_between({0}, {1})
next_day(date, text) -> date = rs_next_day({0}, {1})
timestamp_cmp(ts, ts) -> integer = rs_compare({0}, {1})
timestamp_cmp_date(ts, date) -> integer = rs_compare({0}, CAST({1} AS TIMESTAMP))
timestamp_cmp_timestamptz(ts, tz) -> integer = rs_compare(timezone('UTC', {0}), {1})
timestamptz_cmp(tz, tz) -> integer = rs_compare({0}, {1})
timestamptz_cmp_date(tz, date) -> integer = rs_compare({0}, timezone('UTC', CAST({1} AS TIMESTAMP)))
timestamptz_cmp_timestamp(tz, ts) -> integer = rs_compare({0}, timezone('UTC', {1}))
convert_timezone(text, tz) -> timestamp = timezone(rs_zone({0}), {1})
convert_timezone(text, ts) -> timestamp = timezone(rs_zone({0}), timezone('UTC', {1}))
convert_timezone(text, text, ts) -> timestamp = timezone(rs_zone({1}), timezone(rs_zone({0}), {2}))
timeofday() -> varchar(64) = strftime(now(), '%a %b %d %H:%M:%S.%f %Y UTC')
date(date) -> date = {0}

# JSON: https://docs.aws.amazon.com/redshift/latest/dg/json-functions.html
is_valid_json(text) -> boolean = rs_is_json({0})
is_valid_json_array(text) -> boolean = rs_is_json_array({0})
json_array_length(text) -> integer = rs_json_array_length({0}, false)
json_array_length(text, bool) -> integer = rs_json_array_length({0}, {1})
json_extract_array_element_text(text, int) -> varchar = rs_json_element({0}, {1}, false)
json_extract_array_element_text(text, int, bool) -> varchar = rs_json_element({0}, {1}, {2})
json_parse(text) -> super = rs_json_parse({0})
json_parse(super) -> super = {0}
can_json_parse(text) -> boolean = rs_is_json_text({0})
json_serialize(super) -> varchar = CAST({0} AS VARCHAR)
json_serialize_to_varbyte(super) -> varbyte = encode(CAST({0} AS VARCHAR))
json_size(super) -> integer = CAST(strlen(CAST({0} AS VARCHAR)) AS INTEGER)
json_typeof(super) -> varchar(16) = rs_json_typeof({0})

# SUPER: https://docs.aws.amazon.com/redshift/latest/dg/Array_Functions.html, r_object_function.html
get_array_length(super) -> integer = rs_array_length({0})
get_number_attributes(super) -> integer = rs_attribute_count({0})
array_concat(super, super) -> super = rs_array_concat({0}, {1})
array_flatten(super) -> super = rs_array_flatten({0})
array_contains(super, any) -> boolean = rs_array_contains({0}, CAST(to_json({1}) AS JSON))
array_distinct(super) -> super = rs_array_distinct({0})
array_except(super, super) -> super = rs_array_except({0}, {1}, false)
array_except(super, super, bool) -> super = rs_array_except({0}, {1}, {2})
array_intersection(super, super) -> super = rs_array_intersection({0}, {1}, false)
array_intersection(super, super, bool) -> super = rs_array_intersection({0}, {1}, {2})
array_position(super, any) -> integer = rs_array_position({0}, CAST(to_json({1}) AS JSON))
array_positions(super, any) -> super = rs_array_positions({0}, CAST(to_json({1}) AS JSON))
array_union(super, super) -> super = rs_array_union({0}, {1}, false)
array_union(super, super, bool) -> super = rs_array_union({0}, {1}, {2})
arrays_overlap(super, super) -> boolean = list_has_any(from_json({0}, '["JSON"]'), from_json({1}, '["JSON"]'))
subarray(super, int) -> super = rs_subarray({0}, CAST({1} AS BIGINT), CAST(2147483647 AS BIGINT))
subarray(super, int, int) -> super = rs_subarray({0}, CAST({1} AS BIGINT), CAST({2} AS BIGINT))
split_to_array(text) -> super = CAST(to_json(string_split({0}, ',')) AS JSON)
split_to_array(text, text) -> super = CASE WHEN {1} IS NOT NULL THEN CAST(to_json(string_split({0}, {1})) AS JSON) END
decimal_precision(super) -> integer = rs_decimal_precision({0})
decimal_scale(super) -> integer = rs_decimal_scale({0})
is_array(super) -> boolean = coalesce((json_type({0}) = 'ARRAY'), FALSE)
is_object(super) -> boolean = coalesce((json_type({0}) = 'OBJECT'), FALSE)
is_scalar(super) -> boolean = coalesce((json_type({0}) NOT IN ('ARRAY', 'OBJECT', 'NULL')), FALSE)
is_varchar(super) -> boolean = coalesce((json_type({0}) = 'VARCHAR'), FALSE)
is_char(super) -> boolean = coalesce((json_type({0}) = 'VARCHAR'), FALSE)
is_boolean(super) -> boolean = coalesce((json_type({0}) = 'BOOLEAN'), FALSE)
is_float(super) -> boolean = coalesce((json_type({0}) = 'DOUBLE'), FALSE)
is_decimal(super) -> boolean = coalesce(rs_is_number({0}), FALSE)
is_integer(super) -> boolean = coalesce((json_type({0}) IN ('BIGINT', 'UBIGINT')), FALSE)
is_smallint(super) -> boolean = coalesce(rs_is_between({0}, -32768, 32767), FALSE)
is_bigint(super) -> boolean = coalesce((json_type({0}) IN ('BIGINT', 'UBIGINT')), FALSE)

# System: https://docs.aws.amazon.com/redshift/latest/dg/r_System_administration_functions.html
has_table_privilege(text, text) -> boolean = true
has_table_privilege(text, text, text) -> boolean = true
has_schema_privilege(text, text) -> boolean = true
has_schema_privilege(text, text, text) -> boolean = true
has_database_privilege(text, text) -> boolean = true
has_database_privilege(text, text, text) -> boolean = true
has_function_privilege(text, text) -> boolean = true
has_function_privilege(text, text, text) -> boolean = true
pg_get_userbyid(int) -> varchar(128) = rs_user_name({0})
pg_encoding_to_char(int) -> varchar(32) = CASE {0} WHEN 6 THEN 'UNICODE' ELSE '' END
pg_get_expr(text, int) -> varchar = {0}
pg_get_expr(text, int, bool) -> varchar = {0}
inet_server_addr() -> varchar(64) = CAST(NULL AS VARCHAR)
"""

_LINE = re.compile(r"(\w+)\(([^)]*)\) -> (\$1|[a-z ]+(?:\(\d+\))?) = (.+)")


@frozen
class Function:
    """One line of the table."""

    kinds: tuple[str, ...]
    result: DataType | None
    """None for the type of the first argument."""
    sql: str


@cache
def functions() -> dict[str, tuple[Function, ...]]:
    """Return the table by name."""
    found: dict[str, tuple[Function, ...]] = {}
    for line in _TABLE.splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        assert match is not None, line
        kinds = tuple(kind.strip() for kind in match[2].split(",") if kind.strip())
        result = None if match[3] == "$1" else varchar() if match[3] == "varchar" else parse_type(match[3])
        found[match[1]] = (*found.get(match[1], ()), Function(kinds, result, match[4]))
    return found
