-- What Redshift computes and DuckDB does not, or otherwise. A session makes those that its statements use (macros.py).
-- An error that carries its SQLSTATE is raised as error('22001|message').

-- Text into and out of columns: https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
CREATE OR REPLACE TEMP MACRO rs_inside_character(b, n) AS hex(b[n:n])[1] IN ('8', '9', 'A', 'B');
CREATE OR REPLACE TEMP MACRO rs_cut_blob(b, n) AS decode(b[1:n - CASE WHEN NOT rs_inside_character(b, n + 1) THEN 0 WHEN NOT rs_inside_character(b, n) THEN 1 WHEN NOT rs_inside_character(b, n - 1) THEN 2 ELSE 3 END]);
CREATE OR REPLACE TEMP MACRO rs_cut_bytes(x, n) AS CASE WHEN strlen(x) = length(x) THEN left(x, n) ELSE rs_cut_blob(encode(x), n) END;
CREATE OR REPLACE TEMP MACRO rs_cut(x, n) AS CASE WHEN strlen(x) <= n THEN x ELSE rs_cut_bytes(x, n) END;
-- rtrim takes ten times as long as a look at the last byte.
CREATE OR REPLACE TEMP MACRO rs_trimmed(x) AS CASE WHEN ends_with(x, ' ') THEN rtrim(x, ' ') ELSE x END;
CREATE OR REPLACE TEMP MACRO rs_cut_char(x, n) AS rs_trimmed(rs_cut(x, n));
CREATE OR REPLACE TEMP MACRO rs_fit(x, n, t) AS CASE WHEN strlen(x) > n THEN CASE WHEN strlen(rtrim(x, ' ')) > n THEN error('22001|value too long for type ' || t) ELSE rpad(rtrim(x, ' '), CAST(n - strlen(rtrim(x, ' ')) + length(rtrim(x, ' ')) AS INTEGER), ' ') END ELSE x END;
CREATE OR REPLACE TEMP MACRO rs_fit_char(x, n, t) AS CASE WHEN strlen(x) <= n AND strlen(x) = length(x) AND NOT ends_with(x, ' ') THEN x WHEN strlen(x) <> length(x) THEN error('22001|multibyte characters are not supported for ' || t || ' (hint: use VARCHAR): ' || x) WHEN strlen(rtrim(x, ' ')) > n THEN error('22001|value too long for type ' || t) ELSE rtrim(x, ' ') END;
CREATE OR REPLACE TEMP MACRO rs_text_of_double(x) AS CASE WHEN isfinite(x) THEN regexp_replace(CAST(x AS VARCHAR), '\.0$', '') WHEN isnan(x) THEN 'NaN' WHEN x > 0 THEN 'Infinity' WHEN x < 0 THEN '-Infinity' END;
CREATE OR REPLACE TEMP MACRO rs_text_of_super(x) AS CASE WHEN json_type(x) NOT IN ('ARRAY', 'OBJECT', 'NULL') THEN x ->> '$' END;
CREATE OR REPLACE TEMP MACRO rs_text_of_interval(x) AS CAST(x AS VARCHAR);

-- Text to other types: https://docs.aws.amazon.com/redshift/latest/dg/r_CAST_function.html
CREATE OR REPLACE TEMP MACRO rs_bad(state, what, x) AS error(state || '|invalid input syntax for ' || what || ': "' || x || '"');
CREATE OR REPLACE TEMP MACRO rs_is_int(x) AS regexp_full_match(x, '\s*[-+]?[0-9]+\s*');
CREATE OR REPLACE TEMP MACRO rs_int(x) AS CASE WHEN x IS NULL THEN NULL WHEN rs_is_int(x) THEN CAST(x AS BIGINT) ELSE rs_bad('22P02', 'integer', x) END;
CREATE OR REPLACE TEMP MACRO rs_double(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(CASE WHEN NOT contains(x, '_') THEN TRY_CAST(x AS DOUBLE) END, rs_bad('22P02', 'type double precision', x)) END;
CREATE OR REPLACE TEMP MACRO rs_number(x) AS CASE WHEN x IS NULL THEN NULL WHEN TRY_CAST(x AS DOUBLE) IS NULL OR contains(lower(x), 'n') OR contains(x, '_') THEN rs_bad('22P02', 'type numeric', x) ELSE trim(x) END;
CREATE OR REPLACE TEMP MACRO rs_sign_first(x) AS regexp_replace(trim(x), '^(.*[0-9.])([-+])$', '\2\1');
CREATE OR REPLACE TEMP MACRO rs_alternative_int(x) AS CASE WHEN trim(x) = '' THEN 0 WHEN TRY_CAST(rs_sign_first(x) AS DECIMAL(38, 8)) IS NULL THEN rs_bad('22P02', 'integer', x) WHEN abs(TRY_CAST(rs_sign_first(x) AS DECIMAL(38, 8))) >= 2147483648 THEN error('22003|Value out of range for 4 bytes: ' || x) ELSE CAST(trunc(CAST(rs_sign_first(x) AS DECIMAL(38, 8))) AS INTEGER) END;
CREATE OR REPLACE TEMP MACRO rs_is_tie(x, s) AS regexp_full_match(x, '[-+]?[0-9]*\.[0-9]{' || s || '}50*') AND NOT regexp_full_match(x, '.*[13579]\.?50*');
CREATE OR REPLACE TEMP MACRO rs_alternative_number(x, s) AS CASE WHEN x IS NULL THEN NULL WHEN trim(x) = '' THEN '0' WHEN TRY_CAST(rs_sign_first(x) AS DOUBLE) IS NULL OR contains(lower(x), 'n') THEN rs_bad('22P02', 'type numeric', x) WHEN rs_is_tie(rs_sign_first(x), s) THEN regexp_replace(rs_sign_first(x), '50*$', '') ELSE rs_sign_first(x) END;
CREATE OR REPLACE TEMP MACRO rs_bool(x) AS CASE WHEN x IS NULL THEN NULL WHEN lower(trim(x)) IN ('t', 'true', 'y', 'yes', '1', 'on') THEN TRUE WHEN lower(trim(x)) IN ('f', 'false', 'n', 'no', '0', 'off') THEN FALSE ELSE rs_bad('22P02', 'type boolean', x) END;
CREATE OR REPLACE TEMP MACRO rs_without_zone(x) AS CASE WHEN regexp_matches(x, ':.*(Z|UTC|GMT|[-+][0-9:]+)\s*$') THEN regexp_replace(x, '\s*(Z|UTC|GMT|[-+][0-9:]+)\s*$', '') ELSE x END;
CREATE OR REPLACE TEMP MACRO rs_other_moment(x) AS CASE WHEN regexp_full_match(x, '[Jj][0-9]{1,7}') THEN CAST(DATE '4714-11-24 (BC)' + CAST(substring(x, 2) AS INTEGER) AS TIMESTAMP) WHEN x = 'epoch' THEN TIMESTAMP '1970-01-01' WHEN lower(x) IN ('now', 'today', 'yesterday', 'tomorrow') THEN CASE lower(x) WHEN 'now' THEN timezone('UTC', now()) WHEN 'today' THEN date_trunc('day', timezone('UTC', now())) WHEN 'yesterday' THEN date_trunc('day', timezone('UTC', now())) - INTERVAL 1 DAY ELSE date_trunc('day', timezone('UTC', now())) + INTERVAL 1 DAY END ELSE coalesce(
    CASE WHEN regexp_full_match(x, '[0-9]{8}[ T][0-9].*') THEN TRY_CAST(left(x, 4) || '-' || substring(x, 5, 2) || '-' || substring(x, 7) AS TIMESTAMP) END,
    try_strptime(x, ['%b %d,%Y %H:%M:%S', '%b %d,%Y %H:%M', '%b %d,%Y', '%B %d,%Y', '%Y%m%d %H%M']),
    try_strptime(x, ['%Y%m%d', '%m/%d/%y', '%m-%d-%y', '%m/%d/%Y', '%m-%d-%Y', '%m.%d.%Y', '%Y%m%d %H%M%S', '%y%m%d', '%Y.%j']),
    try_strptime(x, ['%m/%d/%Y %H:%M:%S', '%m-%d-%Y %H:%M:%S', '%m.%d.%Y %H:%M:%S', '%m.%d.%Y %H:%M:%S.%f', '%d.%m.%Y %H:%M:%S', '%d.%m.%Y %H:%M:%S.%f', '%d.%m.%Y', '%m/%d/%Y %H:%M', '%Y%m%d %H:%M:%S', '%m/%d/%Y %H:%M:%S.%f', '%m-%d-%Y %H:%M:%S.%f', '%Y%m%dT%H%M%S', '%y%m%d %H%M%S']),
    try_strptime(x, ['%b %d %Y', '%b %d, %Y', '%d %b %Y', '%d-%b-%y', '%d-%b-%Y', '%b-%d-%y', '%b-%d-%Y', '%Y-%b-%d', '%B %d, %Y', '%B %d %Y', '%d %B %Y', '%d %b %H:%M:%S %Y']),
    try_strptime(x, ['%b %d %Y %H:%M:%S', '%b %d, %Y %H:%M:%S', '%d %b %Y %H:%M:%S', '%a %b %d %H:%M:%S %Y', '%Y-%m-%d %I:%M:%S %p', '%m/%d/%Y %I:%M:%S %p', '%Y-%m-%d %I:%M %p', '%Y-%m-%d %H:%M', '%B %d, %Y %H:%M:%S', '%d-%b-%Y %H:%M:%S'])) END;
CREATE OR REPLACE TEMP MACRO rs_moment(x) AS coalesce(CASE WHEN regexp_matches(x, '^\s*[0-9]{4}') AND NOT regexp_matches(x, '[AaPp][Mm]\s*$') THEN TRY_CAST(trim(rs_without_zone(x)) AS TIMESTAMP) END, rs_other_moment(trim(x)));
CREATE OR REPLACE TEMP MACRO rs_date(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(CASE WHEN regexp_matches(x, '^\s*[0-9]{4}') THEN TRY_CAST(x AS DATE) END, CAST(rs_moment(x) AS DATE), rs_no_moment(x, 'date')) END;
CREATE OR REPLACE TEMP MACRO rs_timestamp(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(rs_moment(x), rs_no_moment(x, 'timestamp')) END;
CREATE OR REPLACE TEMP MACRO rs_iso_offset(x) AS regexp_extract(trim(x), '([-+])([0-9]{1,2}):?([0-9]{2})?$', ['sign', 'h', 'm']);
CREATE OR REPLACE TEMP MACRO rs_with_offset(x) AS CASE WHEN regexp_full_match(x, '.*:[0-9.]+\s*[-+][0-9]{1,2}(:?[0-9]{2})?\s*') THEN timezone('GMT' || rs_iso_offset(x).sign || lpad(rs_iso_offset(x).h, 2, '0') || ':' || lpad(rs_iso_offset(x).m, 2, '0'), rs_moment(regexp_replace(x, '\s*[-+][0-9:]+\s*$', ''))) END;
CREATE OR REPLACE TEMP MACRO rs_timestamptz(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(timezone(rs_last_zone(x), rs_moment(regexp_replace(x, ' *[A-Za-z]+ *$', ''))), CASE WHEN regexp_matches(x, '^\s*[0-9]{4}') THEN TRY_CAST(x AS TIMESTAMPTZ) END, rs_with_offset(x), CASE WHEN regexp_full_match(x, '.*[0-9] +[A-Za-z_]+/[A-Za-z_/]+ *') THEN timezone(trim(regexp_extract(x, ' +[A-Za-z_/]+ *$')), rs_moment(regexp_replace(x, ' +[A-Za-z_/]+ *$', ''))) END, timezone('UTC', rs_moment(x)), error('22007|invalid input syntax for type timestamp with time zone: "' || x || '"')) END;
CREATE OR REPLACE TEMP MACRO rs_time(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(TRY_CAST(x AS TIME), CAST(TRY_CAST(x AS TIMESTAMP) AS TIME), CAST(try_strptime(trim(x), ['%I:%M:%S %p', '%I:%M %p', '%H%M%S', '%H:%M']) AS TIME), rs_no_moment(x, 'time')) END;
CREATE OR REPLACE TEMP MACRO rs_last_zone(x) AS rs_zone_of_abbreviation(upper(regexp_extract(x, '[0-9] *([A-Za-z]{1,5}) *$', 1)));
CREATE OR REPLACE TEMP MACRO rs_offset(z) AS CASE WHEN z = 'Etc/GMT' THEN '+00' ELSE translate(substring(z, 8, 1), '+-', '-+') || lpad(substring(z, 9), 2, '0') END;
CREATE OR REPLACE TEMP MACRO rs_timetz(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(TRY_CAST(x AS TIMETZ), TRY_CAST(regexp_extract(x, '[0-9]{1,2}:[0-9:.]+') || rs_offset(rs_last_zone(x)) AS TIMETZ), CAST(TRY_CAST(x AS TIME) AS TIMETZ), CASE WHEN regexp_full_match(trim(x), '[0-9:.]+ +[A-Za-z_/]+') THEN error('0A000|not supported locally: a time with the name of its time zone: write the offset') END, rs_no_moment(x, 'time with time zone')) END;
CREATE OR REPLACE TEMP MACRO rs_no_moment(x, t) AS CASE WHEN regexp_full_match(trim(x), '([0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4})?[ T]?([0-9]{1,2}:[0-9]{2}(:[0-9.]+)?)?') AND trim(x) <> '' THEN error('22008|date/time field value out of range: "' || x || '"') ELSE error('22007|invalid input syntax for type ' || t || ': "' || x || '"') END;
CREATE OR REPLACE TEMP MACRO rs_interval(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(TRY_CAST(replace(x, ',', ' ') AS INTERVAL), error('22007|invalid input syntax for type interval: "' || x || '"')) END;

-- SUPER: https://docs.aws.amazon.com/redshift/latest/dg/query-super.html#lax-mode
CREATE OR REPLACE TEMP MACRO rs_scalar(x) AS CASE WHEN json_type(x) NOT IN ('ARRAY', 'OBJECT', 'NULL') THEN x ->> '$' END;
CREATE OR REPLACE TEMP MACRO rs_elements(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN from_json(x, '["JSON"]') END;
CREATE OR REPLACE TEMP MACRO rs_string_of_super(x) AS CASE WHEN json_type(x) = 'VARCHAR' THEN x ->> '$' END;
CREATE OR REPLACE TEMP MACRO rs_number_of_super(x) AS CASE WHEN json_type(x) IN ('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT') THEN TRY_CAST(x ->> '$' AS DOUBLE) END;
CREATE OR REPLACE TEMP MACRO rs_is_whole(x) AS coalesce(json_type(x) IN ('BIGINT', 'UBIGINT'), FALSE);
CREATE OR REPLACE TEMP MACRO rs_super_of(d) AS CASE WHEN d IS NULL THEN NULL WHEN isinf(d) OR isnan(d) THEN error('22003|value out of range: overflow') ELSE CAST(format('{:.15g}', d) AS JSON) END;
CREATE OR REPLACE TEMP MACRO rs_whole_of(x) AS CASE WHEN rs_is_whole(x) THEN CAST(x ->> '$' AS HUGEINT) END;
CREATE OR REPLACE TEMP MACRO rs_super_whole(n) AS CAST(to_json(CAST(n AS BIGINT)) AS JSON);
CREATE OR REPLACE TEMP MACRO rs_are_whole(a, b) AS rs_is_whole(a) AND rs_is_whole(b);
CREATE OR REPLACE TEMP MACRO rs_super_plus(a, b) AS list_transform([{'a': a, 'b': b}], lambda p: CASE WHEN json_type(p.a) = 'VARCHAR' AND json_type(p.b) = 'VARCHAR' THEN CAST(to_json((p.a ->> '$') || (p.b ->> '$')) AS JSON) WHEN rs_are_whole(p.a, p.b) THEN rs_super_whole(rs_whole_of(p.a) + rs_whole_of(p.b)) ELSE rs_super_of(rs_number_of_super(p.a) + rs_number_of_super(p.b)) END)[1];
CREATE OR REPLACE TEMP MACRO rs_super_minus(a, b) AS list_transform([{'a': a, 'b': b}], lambda p: CASE WHEN rs_are_whole(p.a, p.b) THEN rs_super_whole(rs_whole_of(p.a) - rs_whole_of(p.b)) ELSE rs_super_of(rs_number_of_super(p.a) - rs_number_of_super(p.b)) END)[1];
CREATE OR REPLACE TEMP MACRO rs_super_times(a, b) AS list_transform([{'a': a, 'b': b}], lambda p: CASE WHEN rs_are_whole(p.a, p.b) THEN rs_super_whole(rs_whole_of(p.a) * rs_whole_of(p.b)) ELSE rs_super_of(rs_number_of_super(p.a) * rs_number_of_super(p.b)) END)[1];
CREATE OR REPLACE TEMP MACRO rs_super_divided(a, b) AS list_transform([{'a': a, 'b': b}], lambda p: CASE WHEN rs_number_of_super(p.b) = 0 AND rs_number_of_super(p.a) IS NOT NULL THEN error('22012|division by zero') WHEN rs_are_whole(p.a, p.b) THEN rs_super_whole(rs_whole_of(p.a) // rs_whole_of(p.b)) ELSE rs_super_of(rs_number_of_super(p.a) / rs_number_of_super(p.b)) END)[1];
CREATE OR REPLACE TEMP MACRO rs_super_modulo(a, b) AS list_transform([{'a': a, 'b': b}], lambda p: CASE WHEN rs_number_of_super(p.b) = 0 AND rs_number_of_super(p.a) IS NOT NULL THEN error('22012|division by zero') WHEN rs_are_whole(p.a, p.b) THEN rs_super_whole(rs_whole_of(p.a) % rs_whole_of(p.b)) ELSE rs_super_of(rs_number_of_super(p.a) % rs_number_of_super(p.b)) END)[1];
CREATE OR REPLACE TEMP MACRO rs_super_rank(x) AS CASE json_type(x) WHEN 'BOOLEAN' THEN 0 WHEN 'VARCHAR' THEN 2 WHEN 'ARRAY' THEN 3 WHEN 'OBJECT' THEN 4 WHEN 'NULL' THEN NULL ELSE CASE WHEN x IS NOT NULL THEN 1 END END;
CREATE OR REPLACE TEMP MACRO rs_super_text(x, changed) AS CASE WHEN json_type(x) = 'VARCHAR' THEN CAST(to_json(changed) AS JSON) ELSE x END;
CREATE OR REPLACE TEMP MACRO rs_are_twins(names) AS len(names) > len(list_distinct(names));
CREATE OR REPLACE TEMP MACRO rs_has_twins(x) AS rs_are_twins(json_keys(x)) OR list_bool_or(list_transform(json_keys(x, '$..*'), lambda names: rs_are_twins(names)));
-- The list of one value binds it: a macro would write it out in each of its places.
CREATE OR REPLACE TEMP MACRO rs_json_parse(x) AS list_transform([x], lambda t: CASE WHEN t IS NULL THEN NULL WHEN NOT rs_is_json_text(t) THEN error('22P02|The input text is not valid JSON: ' || left(t, 100)) WHEN contains(t, '{') AND rs_has_twins(CASE WHEN json_valid(t) THEN t END) THEN error('22P02|Duplicate attribute in the JSON text: ' || left(t, 100)) ELSE CAST(json(CASE WHEN json_valid(t) THEN t END) AS JSON) END)[1];
CREATE OR REPLACE TEMP MACRO rs_json_typeof(x) AS CASE json_type(x) WHEN 'ARRAY' THEN 'array' WHEN 'OBJECT' THEN 'object' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE CASE WHEN x IS NOT NULL THEN 'number' END END;
CREATE OR REPLACE TEMP MACRO rs_is_number(x) AS json_type(x) IN ('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT');
CREATE OR REPLACE TEMP MACRO rs_is_between(x, low, high) AS json_type(x) IN ('BIGINT', 'UBIGINT') AND CAST(x ->> '$' AS HUGEINT) BETWEEN low AND high;
CREATE OR REPLACE TEMP MACRO rs_array_concat(a, b) AS CAST(to_json(from_json(a, '["JSON"]') || from_json(b, '["JSON"]')) AS JSON);
CREATE OR REPLACE TEMP MACRO rs_count_of(l, x) AS len(list_filter(l, lambda y: y IS NOT DISTINCT FROM x));
CREATE OR REPLACE TEMP MACRO rs_without(a, b) AS list_filter(a, lambda x, i: rs_count_of(a[1:i], x) > rs_count_of(b, x));
CREATE OR REPLACE TEMP MACRO rs_within(a, b) AS list_filter(a, lambda x, i: rs_count_of(a[1:i], x) <= rs_count_of(b, x));
CREATE OR REPLACE TEMP MACRO rs_once(a) AS list_filter(a, lambda x, i: rs_count_of(a[1:i], x) = 1);
CREATE OR REPLACE TEMP MACRO rs_array_of(l) AS CASE WHEN l IS NOT NULL THEN CAST(to_json(l) AS JSON) END;
CREATE OR REPLACE TEMP MACRO rs_array_except(a, b, one) AS rs_array_of(CASE WHEN one THEN rs_once(list_filter(rs_elements(a), lambda x: rs_count_of(rs_elements(b), x) = 0)) ELSE rs_without(rs_elements(a), rs_elements(b)) END);
CREATE OR REPLACE TEMP MACRO rs_array_intersection(a, b, one) AS rs_array_of(CASE WHEN one THEN rs_once(list_filter(rs_elements(a), lambda x: rs_count_of(rs_elements(b), x) > 0)) ELSE rs_within(rs_elements(a), rs_elements(b)) END);
CREATE OR REPLACE TEMP MACRO rs_array_union(a, b, one) AS rs_array_of(CASE WHEN one THEN rs_once(rs_elements(a) || rs_elements(b)) ELSE rs_elements(a) || rs_without(rs_elements(b), rs_elements(a)) END);
CREATE OR REPLACE TEMP MACRO rs_same_element(e, x) AS e IS NOT DISTINCT FROM nullif(x, CAST('null' AS JSON));
CREATE OR REPLACE TEMP MACRO rs_places(l, x) AS list_filter(list_transform(l, lambda e, i: CASE WHEN rs_same_element(e, x) THEN i - 1 END), lambda i: i IS NOT NULL);
CREATE OR REPLACE TEMP MACRO rs_array_position(a, x) AS CASE WHEN rs_elements(a) IS NOT NULL THEN CAST(coalesce(rs_places(rs_elements(a), x)[1], -1) AS INTEGER) END;
CREATE OR REPLACE TEMP MACRO rs_array_positions(a, x) AS rs_array_of(rs_places(rs_elements(a), x));
CREATE OR REPLACE TEMP MACRO rs_decimal_digits(x) AS CASE WHEN rs_is_number(x) THEN ltrim(x ->> '$', '-') END;
CREATE OR REPLACE TEMP MACRO rs_decimal_precision(x) AS CAST(length(ltrim(replace(rs_decimal_digits(x), '.', ''), '0')) AS INTEGER);
CREATE OR REPLACE TEMP MACRO rs_decimal_scale(x) AS CAST(length(split_part(rs_decimal_digits(x), '.', 2)) AS INTEGER);
CREATE OR REPLACE TEMP MACRO rs_array_flatten(a) AS CAST(to_json(flatten(list_transform(from_json(a, '["JSON"]'), lambda e: CASE WHEN json_type(e) = 'ARRAY' THEN from_json(e, '["JSON"]') ELSE [e] END))) AS JSON);
CREATE OR REPLACE TEMP MACRO rs_subarray(a, start, n) AS CAST(to_json(from_json(a, '["JSON"]')[start + 1:start + n]) AS JSON);

CREATE OR REPLACE TEMP MACRO rs_changed_name(t, change) AS CASE WHEN NOT regexp_full_match(t, '".*"\s*:') THEN t WHEN contains(t, '\') THEN error('0A000|not supported locally: ' || upper(change) || '_ATTRIBUTE_NAMES of a name with a backslash') WHEN change = 'lower' THEN lower(t) ELSE upper(t) END;
CREATE OR REPLACE TEMP MACRO rs_attribute_names(x, change) AS CAST(array_to_string(list_transform(regexp_extract_all(CAST(x AS VARCHAR), '"(?:[^"\\]|\\.)*"\s*:?|[^"]+'), lambda t: rs_changed_name(t, change)), '') AS JSON);

-- JSON text: https://docs.aws.amazon.com/redshift/latest/dg/json-functions.html
CREATE OR REPLACE TEMP MACRO rs_outside_strings(x) AS regexp_replace(x, '"(?:[^"\\]|\\.)*"', '""', 'g');
-- DuckDB also reads a comma before a closing bracket, NaN and Infinity. CASE, unlike AND, computes only what it must.
CREATE OR REPLACE TEMP MACRO rs_is_json_text(x) AS CASE WHEN NOT json_valid(x) THEN FALSE WHEN contains(x, 'N') OR contains(x, 'I') OR regexp_matches(x, ',\s*[\]}]') THEN NOT regexp_matches(rs_outside_strings(x), ',\s*[\]}]|[NI]') WHEN x IS NOT NULL THEN TRUE END;
CREATE OR REPLACE TEMP MACRO rs_good_json(x) AS CASE WHEN rs_is_json_text(x) THEN x END;
CREATE OR REPLACE TEMP MACRO rs_bare_json(x) AS CASE WHEN json_valid(x) THEN x END;
CREATE OR REPLACE TEMP MACRO rs_is_json(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(json_type(rs_good_json(x)) = 'OBJECT', FALSE) END;
CREATE OR REPLACE TEMP MACRO rs_is_json_array(x) AS CASE WHEN x IS NULL THEN NULL ELSE coalesce(json_type(rs_good_json(x)) = 'ARRAY', FALSE) END;
CREATE OR REPLACE TEMP MACRO rs_invalid_json(x, quiet) AS CASE WHEN quiet THEN NULL ELSE error('XX000|JSON parsing error') END;
CREATE OR REPLACE TEMP MACRO rs_json_text(x) AS CASE WHEN x IS NULL OR json_type(x) = 'NULL' THEN '' ELSE x ->> '$' END;
CREATE OR REPLACE TEMP MACRO rs_json_step(x) AS CASE WHEN regexp_full_match(x, '[0-9]{1,9}') THEN '[' || x || ']' ELSE '."' || replace(x, '"', '\"') || '"' END;
CREATE OR REPLACE TEMP MACRO rs_json_path_text(x, path, quiet) AS CASE WHEN x IS NULL THEN NULL WHEN NOT rs_is_json_text(x) THEN rs_invalid_json(x, quiet) ELSE rs_json_text(json_extract(rs_bare_json(x), path)) END;
CREATE OR REPLACE TEMP MACRO rs_json_element(x, n, quiet) AS CASE WHEN x IS NULL OR n IS NULL THEN NULL WHEN coalesce(json_type(rs_good_json(x)), '') <> 'ARRAY' THEN rs_invalid_json(x, quiet) WHEN n < 0 THEN '' ELSE rs_json_text(json_extract(rs_bare_json(x), '$[' || n || ']')) END;
CREATE OR REPLACE TEMP MACRO rs_json_array_length(x, quiet) AS CASE WHEN x IS NULL THEN NULL WHEN coalesce(json_type(rs_good_json(x)), '') <> 'ARRAY' THEN rs_invalid_json(x, quiet) ELSE CAST(json_array_length(rs_bare_json(x)) AS INTEGER) END;

-- Bytes and hashes: https://docs.aws.amazon.com/redshift/latest/dg/hash-functions.html
CREATE OR REPLACE TEMP MACRO rs_get_bit(b, n) AS CASE WHEN n NOT BETWEEN 0 AND octet_length(b) * 8 - 1 THEN error('22003|bit index ' || n || ' out of range') ELSE get_bit(CAST(b AS BIT), CAST(octet_length(b) * 8 - 1 - n AS INTEGER)) END;
CREATE OR REPLACE TEMP MACRO rs_fit_blob(b, n, t) AS CASE WHEN octet_length(b) > n THEN error('22001|value too long for type ' || t) ELSE b END;
CREATE OR REPLACE TEMP MACRO rs_bytes(b) AS CASE WHEN b IS NOT NULL THEN list_transform(range(octet_length(b)), lambda i: CAST('0x' || substring(hex(b), i * 2 + 1, 2) AS BIGINT)) END;
CREATE OR REPLACE TEMP MACRO rs_bytes_of_int(x, n) AS list_transform(range(n), lambda i: CAST((CAST(x AS HUGEINT) + 18446744073709551616) // CAST(pow(256, i) AS HUGEINT) % 256 AS BIGINT));
CREATE OR REPLACE TEMP MACRO rs_unsigned(x) AS CASE WHEN x < 0 THEN CAST(x AS HUGEINT) + 18446744073709551616 ELSE CAST(x AS HUGEINT) END;
CREATE OR REPLACE TEMP MACRO rs_signed(x) AS CAST(CASE WHEN x >= 9223372036854775808 THEN x - 18446744073709551616 ELSE x END AS BIGINT);
CREATE OR REPLACE TEMP MACRO rs_fnv_hash(bytes, seed) AS CASE WHEN bytes IS NOT NULL THEN list_transform([list_reduce(list_prepend(rs_unsigned(seed), list_transform(bytes, lambda b: CAST(b AS HUGEINT))), lambda a, b: (xor(a, b) * 1099511628211) % 18446744073709551616)], lambda h: rs_signed(h))[1] END;
CREATE OR REPLACE TEMP MACRO rs_times32(a, b) AS CAST(CAST(a AS HUGEINT) * b % 4294967296 AS BIGINT);
CREATE OR REPLACE TEMP MACRO rs_rotated32(x, n) AS ((x << n) & 4294967295) | (x >> (32 - n));
CREATE OR REPLACE TEMP MACRO rs_murmur_mixed(k) AS rs_times32(rs_rotated32(rs_times32(k, 3432918353), 15), 461845907);
CREATE OR REPLACE TEMP MACRO rs_murmur_word(b, i) AS coalesce(b[i * 4 + 1], 0) + coalesce(b[i * 4 + 2], 0) * 256 + coalesce(b[i * 4 + 3], 0) * 65536 + coalesce(b[i * 4 + 4], 0) * 16777216;
CREATE OR REPLACE TEMP MACRO rs_murmur_words(b, seed) AS list_reduce(list_prepend(CAST(seed AS BIGINT) & 4294967295, list_transform(range(len(b) // 4), lambda i: rs_murmur_word(b, i))), lambda h, k: (rs_rotated32(xor(h, rs_murmur_mixed(k)), 13) * 5 + 3864292196) % 4294967296);
CREATE OR REPLACE TEMP MACRO rs_murmur(b, seed) AS CASE WHEN b IS NOT NULL THEN list_transform(list_transform(list_transform([xor(xor(rs_murmur_words(b, seed), rs_murmur_mixed(rs_murmur_word(b, len(b) // 4))), len(b))], lambda h: rs_times32(xor(h, h >> 16), 2246822507)), lambda h: rs_times32(xor(h, h >> 13), 3266489909)), lambda h: CAST(CASE WHEN xor(h, h >> 16) >= 2147483648 THEN xor(h, h >> 16) - 4294967296 ELSE xor(h, h >> 16) END AS INTEGER))[1] END;

-- Strings: https://docs.aws.amazon.com/redshift/latest/dg/String_functions_header.html
CREATE OR REPLACE TEMP MACRO rs_initcap(x) AS array_to_string(list_transform(regexp_extract_all(x, '[[:alnum:]\x{80}-\x{10ffff}]+|[^[:alnum:]\x{80}-\x{10ffff}]+'), lambda w: upper(w[1]) || lower(w[2:])), '');
CREATE OR REPLACE TEMP MACRO rs_lpad(x, n, p) AS CASE WHEN x IS NULL OR n IS NULL OR p IS NULL THEN NULL WHEN n <= 0 THEN '' WHEN n > 16000000 THEN error('22001|the result of LPAD has more than 16000000 bytes') WHEN p = '' THEN left(x, n) ELSE lpad(x, CAST(least(n, 16000000) AS INTEGER), p) END;
CREATE OR REPLACE TEMP MACRO rs_rpad(x, n, p) AS CASE WHEN x IS NULL OR n IS NULL OR p IS NULL THEN NULL WHEN n <= 0 THEN '' WHEN n > 16000000 THEN error('22001|the result of RPAD has more than 16000000 bytes') WHEN p = '' THEN left(x, n) ELSE rpad(x, CAST(least(n, 16000000) AS INTEGER), p) END;
CREATE OR REPLACE TEMP MACRO rs_quote_ident(x) AS CASE WHEN regexp_full_match(x, '[a-z_][a-z0-9_$]*') THEN x ELSE '"' || replace(x, '"', '""') || '"' END;
CREATE OR REPLACE TEMP MACRO rs_split_part(x, d, n) AS CASE WHEN n <= 0 THEN error('22023|field position must be greater than zero') WHEN d = '' THEN CASE WHEN n = 1 THEN x ELSE '' END ELSE split_part(x, d, n) END;
CREATE OR REPLACE TEMP MACRO rs_substring(x, s) AS CASE WHEN s < 1 THEN x ELSE substring(x, s) END;
CREATE OR REPLACE TEMP MACRO rs_substring_for(x, s, n) AS CASE WHEN n < 0 THEN error('22011|negative substring length not allowed') WHEN s < 1 THEN left(x, CAST(CASE WHEN s + n < 1 THEN 0 ELSE s + n - 1 END AS BIGINT)) ELSE substring(x, s, n) END;
CREATE OR REPLACE TEMP MACRO rs_digit(c) AS CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', c) - 1 AS BIGINT);
CREATE OR REPLACE TEMP MACRO rs_base_number(x, b) AS list_reduce(list_prepend(CAST(0 AS BIGINT), list_transform(string_split(x, ''), lambda c: rs_digit(c))), lambda a, d: a * b + d);
CREATE OR REPLACE TEMP MACRO rs_is_base(x, b) AS x <> '' AND list_bool_and(list_transform(string_split(x, ''), lambda c: rs_digit(c) BETWEEN 0 AND b - 1));
CREATE OR REPLACE TEMP MACRO rs_bare_digits(x, b) AS lower(regexp_replace(regexp_replace(trim(x), '^[-+]', ''), CASE WHEN b = 16 THEN '^0[xX]' ELSE '^$' END, ''));
CREATE OR REPLACE TEMP MACRO rs_strtol(x, b) AS CASE WHEN x IS NULL OR b IS NULL THEN NULL WHEN NOT rs_is_base(rs_bare_digits(x, b), b) THEN error('22P02|The input ' || x || ' is not valid to be converted to base ' || b) ELSE rs_base_number(rs_bare_digits(x, b), b) * CASE WHEN starts_with(trim(x), '-') THEN -1 ELSE 1 END END;
CREATE OR REPLACE TEMP MACRO rs_sha2(x, bits) AS CASE WHEN bits IN (0, 256) THEN sha256(x) WHEN bits IN (224, 384, 512) THEN error('0A000|not supported locally: SHA2 with ' || bits || ' bits') WHEN x IS NOT NULL AND bits IS NOT NULL THEN '' END;
CREATE OR REPLACE TEMP MACRO rs_not_here(f) AS error('0A000|not supported locally: ' || f);
CREATE OR REPLACE TEMP MACRO rs_soundex_of(x) AS CASE WHEN x = '' THEN '' ELSE rpad(left(x[1] || regexp_replace(regexp_replace(substring(regexp_replace(regexp_replace(translate(regexp_replace(x, '[HW]', '', 'g'), 'BFPVCGJKQSXZDTLMNRAEIOUY', '111122222222334556000000'), '^[HW]', '0'), '00+|11+|22+|33+|44+|55+|66+', '', 'g'), 2), '0', '', 'g'), '[^0-9]', '', 'g'), 4), 4, '0') END;
CREATE OR REPLACE TEMP MACRO rs_soundex(x) AS rs_soundex_of(upper(regexp_replace(x, '[^A-Za-z]', '', 'g')));
CREATE OR REPLACE TEMP MACRO rs_difference(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN CAST(list_sum(list_transform(range(1, 5), lambda i: CASE WHEN rs_soundex(a)[i] = rs_soundex(b)[i] THEN 1 ELSE 0 END)) AS INTEGER) END;
CREATE OR REPLACE TEMP MACRO rs_crc_byte(c) AS list_reduce([c, 0, 0, 0, 0, 0, 0, 0, 0], lambda a, _: CASE WHEN a & 1 = 1 THEN xor(a >> 1, CAST(2197175160 AS BIGINT)) ELSE a >> 1 END);
CREATE OR REPLACE TEMP MACRO rs_crc32(x) AS CASE WHEN x IS NOT NULL THEN lpad(lower(to_hex(xor(list_reduce(list_prepend(CAST(4294967295 AS BIGINT), list_transform(range(strlen(x)), lambda i: CAST('0x' || substring(hex(encode(x)), i * 2 + 1, 2) AS BIGINT))), lambda c, b: xor(c >> 8, rs_crc_byte(xor(c, b) & 255))), CAST(4294967295 AS BIGINT)))), 8, '0') END;
CREATE OR REPLACE TEMP MACRO rs_to_varbyte(x, f) AS CASE lower(f) WHEN 'hex' THEN rs_hex_bytes(x) WHEN 'base64' THEN from_base64(x) WHEN 'utf8' THEN encode(x) WHEN 'utf-8' THEN encode(x) WHEN 'binary' THEN from_binary(x) ELSE error('22023|the format is hex, binary, base64 or utf8') END;
CREATE OR REPLACE TEMP MACRO rs_from_varbyte(x, f) AS CASE lower(f) WHEN 'hex' THEN lower(hex(x)) WHEN 'base64' THEN to_base64(x) WHEN 'utf8' THEN decode(x) WHEN 'utf-8' THEN decode(x) WHEN 'binary' THEN CAST(CAST(x AS BIT) AS VARCHAR) ELSE error('22023|the format is hex, binary, base64 or utf8') END;
CREATE OR REPLACE TEMP MACRO rs_regexp_nth(x, p, start, nth, g, o) AS coalesce(regexp_extract_all(substring(x, start), p, g, o)[nth], CASE WHEN x IS NOT NULL THEN '' END);
CREATE OR REPLACE TEMP MACRO rs_regexp_walk(x, found) AS list_reduce(list_prepend({'at': CAST(1 AS BIGINT), 'end': CAST(1 AS BIGINT), 'm': ''}, list_transform(found, lambda m: {'at': CAST(0 AS BIGINT), 'end': CAST(0 AS BIGINT), 'm': m})), lambda a, m: {'at': a."end" + strpos(substring(x, a."end"), m.m) - 1, 'end': a."end" + strpos(substring(x, a."end"), m.m) - 1 + length(m.m), 'm': m.m});
CREATE OR REPLACE TEMP MACRO rs_regexp_edge(w, after) AS CASE WHEN after = 1 THEN w."end" ELSE w.at END;
CREATE OR REPLACE TEMP MACRO rs_regexp_instr(x, p, start, nth, after, o) AS CASE WHEN x IS NULL THEN NULL WHEN len(regexp_extract_all(substring(x, start), p, 0, o)) < nth THEN 0 ELSE (start - 1) + rs_regexp_edge(rs_regexp_walk(substring(x, start), regexp_extract_all(substring(x, start), p, 0, o)[1:nth]), after) END;
CREATE OR REPLACE TEMP MACRO rs_similar(x, p) AS regexp_full_match(x, '(?:' || replace(replace(regexp_replace(p, '([.^$/\\-])', '\\\1', 'g'), '%', '.*'), '_', '.') || ')', 's');
CREATE OR REPLACE TEMP MACRO rs_joined_once(l, d) AS list_transform([list_filter(l, lambda x: x IS NOT NULL)], lambda a: CASE WHEN len(a) > 0 THEN array_to_string(list_filter(a, lambda x, i: list_position(a, x) = i), d) END)[1];
CREATE OR REPLACE TEMP MACRO rs_listagg(x) AS CASE WHEN strlen(x) > 65535 THEN error('XX000|Result size exceeds LISTAGG limit') ELSE x END;

CREATE OR REPLACE TEMP MACRO rs_octet_index(part, x) AS CASE WHEN part IS NULL OR x IS NULL THEN NULL WHEN contains(x, part) THEN CAST(strlen(split_part(x, part, 1)) + 1 AS INTEGER) ELSE 0 END;
CREATE OR REPLACE TEMP MACRO rs_array_length(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN CAST(json_array_length(x) AS INTEGER) END;
CREATE OR REPLACE TEMP MACRO rs_attribute_count(x) AS CASE WHEN json_type(x) = 'OBJECT' THEN CAST(len(json_keys(x)) AS INTEGER) END;
CREATE OR REPLACE TEMP MACRO rs_array_contains(x, e) AS list_contains(from_json(x, '["JSON"]'), e);
CREATE OR REPLACE TEMP MACRO rs_array_distinct(x) AS CASE WHEN x IS NOT NULL THEN CAST(to_json(list_transform(list_filter(list_zip(from_json(x, '["JSON"]'), range(len(from_json(x, '["JSON"]')))), lambda p: list_position(from_json(x, '["JSON"]'), p[1]) = p[2] + 1), lambda p: p[1])) AS JSON) END;

-- Numbers: https://docs.aws.amazon.com/redshift/latest/dg/Math_functions.html
CREATE OR REPLACE TEMP MACRO rs_cbrt(x) AS CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END;
CREATE OR REPLACE TEMP MACRO rs_roman(n) AS lpad(CASE WHEN n NOT BETWEEN 1 AND 3999 THEN repeat('#', 15) ELSE repeat('M', CAST(n // 1000 AS BIGINT)) || ['', 'C', 'CC', 'CCC', 'CD', 'D', 'DC', 'DCC', 'DCCC', 'CM'][n // 100 % 10 + 1] || ['', 'X', 'XX', 'XXX', 'XL', 'L', 'LX', 'LXX', 'LXXX', 'XC'][n // 10 % 10 + 1] || ['', 'I', 'II', 'III', 'IV', 'V', 'VI', 'VII', 'VIII', 'IX'][n % 10 + 1] END, 15, ' ');
CREATE OR REPLACE TEMP MACRO rs_ln(x) AS CASE WHEN x <= 0 THEN error('2201E|cannot take logarithm of ' || CASE WHEN x = 0 THEN 'zero' ELSE 'a negative number' END) ELSE ln(x) END;
CREATE OR REPLACE TEMP MACRO rs_log10(x) AS CASE WHEN x <= 0 THEN error('2201E|cannot take logarithm of ' || CASE WHEN x = 0 THEN 'zero' ELSE 'a negative number' END) ELSE log10(x) END;
CREATE OR REPLACE TEMP MACRO rs_sqrt(x) AS CASE WHEN x < 0 THEN error('2201F|cannot take square root of a negative number') ELSE sqrt(x) END;
CREATE OR REPLACE TEMP MACRO rs_power(x, y) AS CASE WHEN x < 0 AND y <> floor(y) THEN error('2201F|invalid argument for power function') WHEN x = 0 AND y < 0 THEN error('2201F|invalid argument for power function') ELSE rs_finite(pow(x, y), x, y) END;
CREATE OR REPLACE TEMP MACRO rs_finite(found, x, y) AS CASE WHEN isinf(found) AND NOT (isinf(x) OR isinf(y)) THEN error('22003|value out of range: overflow') ELSE found END;
CREATE OR REPLACE TEMP MACRO rs_cosine_of(x) AS CASE WHEN abs(x) > 1 THEN error('22003|input is out of range') ELSE x END;
CREATE OR REPLACE TEMP MACRO rs_chr(n) AS CASE WHEN n NOT BETWEEN 0 AND 1114111 OR n BETWEEN 55296 AND 57343 THEN error('22023|requested character not valid for encoding: ' || n) ELSE chr(CAST(n AS INTEGER)) END;
CREATE OR REPLACE TEMP MACRO rs_hex_bytes(x) AS CASE WHEN regexp_full_match(x, '([0-9A-Fa-f]{2})*') THEN from_hex(x) WHEN x IS NOT NULL THEN error('22023|invalid hexadecimal text: "' || x || '"') END;
CREATE OR REPLACE TEMP MACRO rs_repeat(x, n) AS CASE WHEN strlen(x) * CAST(n AS HUGEINT) > 16000000 THEN error('22001|the result of REPEAT has more than 16000000 bytes') ELSE repeat(x, least(n, 16000000 // greatest(strlen(x), 1))) END;
CREATE OR REPLACE TEMP MACRO rs_trunc(x, n) AS CASE WHEN n IS NULL THEN NULL WHEN isfinite(CAST(x * pow(10, n) AS DOUBLE)) AND pow(10, n) > 0 THEN trunc(x * pow(10, n)) / pow(10, n) WHEN n < 0 THEN x * 0 ELSE x END;
CREATE OR REPLACE TEMP MACRO rs_compare(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN a < b THEN -1 WHEN a > b THEN 1 ELSE 0 END;
CREATE OR REPLACE TEMP MACRO rs_to_number(x) AS CASE WHEN NOT regexp_matches(x, '[0-9]') THEN rs_bad('22P02', 'type numeric', x) ELSE CASE WHEN contains(x, '-') OR contains(x, '<') THEN '-' ELSE '' END || regexp_replace(x, '[^0-9.]', '', 'g') END;
CREATE OR REPLACE TEMP MACRO rs_digits(x, n, zeros) AS lpad(lpad(CASE WHEN split_part(x, '.', 1) = '0' AND contains(x, '.') THEN '' ELSE split_part(x, '.', 1) END, CAST(greatest(zeros, length(CASE WHEN split_part(x, '.', 1) = '0' AND contains(x, '.') THEN '' ELSE split_part(x, '.', 1) END)) AS INTEGER), '0'), CAST(n AS INTEGER), ' ');

-- Dates: https://docs.aws.amazon.com/redshift/latest/dg/Date_functions_header.html
CREATE OR REPLACE TEMP MACRO rs_interval_times(i, n) AS to_months(CAST(trunc(datepart('year', i) * 12 * n + datepart('month', i) * n) AS INTEGER)) + to_microseconds(CAST(round((datepart('day', i) * 86400000000 + epoch_us(i - to_months(CAST(datepart('year', i) * 12 + datepart('month', i) AS INTEGER)) - to_days(CAST(datepart('day', i) AS INTEGER)))) * n) AS BIGINT));
CREATE OR REPLACE TEMP MACRO rs_add_years(x, n) AS CASE WHEN month(x) = 2 AND day(x) = 29 AND day(x + to_years(CAST(n AS INTEGER))) <> 29 THEN x + to_years(CAST(n AS INTEGER)) + to_days(1) ELSE x + to_years(CAST(n AS INTEGER)) END;
CREATE OR REPLACE TEMP MACRO rs_add_months(x, n) AS CASE WHEN CAST(x AS DATE) = last_day(x) THEN CAST(last_day(x + to_months(n)) AS TIMESTAMP) + (x - date_trunc('day', x)) ELSE x + to_months(n) END;
CREATE OR REPLACE TEMP MACRO rs_months_between(a, b) AS CASE WHEN day(a) = day(b) OR (CAST(a AS DATE) = last_day(a) AND CAST(b AS DATE) = last_day(b)) THEN CAST((year(a) - year(b)) * 12 + month(a) - month(b) AS DOUBLE) ELSE (year(a) - year(b)) * 12 + month(a) - month(b) + (CAST(day(a) AS DOUBLE) + epoch(a - date_trunc('day', a)) / 86400 - day(b) - epoch(b - date_trunc('day', b)) / 86400) / 31.0 END;
CREATE OR REPLACE TEMP MACRO rs_weekday(x) AS CASE WHEN starts_with(lower(x), 'su') THEN 0 WHEN starts_with(lower(x), 'm') THEN 1 WHEN starts_with(lower(x), 'tu') THEN 2 WHEN starts_with(lower(x), 'w') THEN 3 WHEN starts_with(lower(x), 'th') THEN 4 WHEN starts_with(lower(x), 'f') THEN 5 WHEN starts_with(lower(x), 'sa') THEN 6 ELSE error('22023|"' || x || '" is not a day of the week') END;
CREATE OR REPLACE TEMP MACRO rs_next_day(d, x) AS d + CAST((rs_weekday(x) - dayofweek(d) + 6) % 7 + 1 AS INTEGER);
CREATE OR REPLACE TEMP MACRO rs_zeros(n, width) AS lpad(CAST(n AS VARCHAR), width, '0');
CREATE OR REPLACE TEMP MACRO rs_ordinal(n) AS CASE WHEN n % 100 BETWEEN 11 AND 13 THEN 'th' WHEN n % 10 = 1 THEN 'st' WHEN n % 10 = 2 THEN 'nd' WHEN n % 10 = 3 THEN 'rd' ELSE 'th' END;
CREATE OR REPLACE TEMP MACRO rs_month(x, f) AS CASE WHEN x = '' THEN 1 WHEN (strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(left(x, 3))) - 1) % 3 <> 0 OR NOT contains('janfebmaraprmayjunjulaugsepoctnovdec', lower(left(x, 3))) THEN error('22007|invalid value for MONTH/MON') ELSE (strpos('janfebmaraprmayjunjulaugsepoctnovdec', lower(left(x, 3))) + 2) // 3 END;
CREATE OR REPLACE TEMP MACRO rs_to_date(y, m, d, strict) AS CASE WHEN m NOT BETWEEN 1 AND 12 OR d NOT BETWEEN 1 AND 366 OR (strict AND d > day(last_day(make_date(CAST(y AS BIGINT), CAST(m AS BIGINT), 1)))) THEN error('22008|date/time field date value out of range: ' || y || '-' || m || '-' || d) ELSE CAST(make_date(CAST(y AS BIGINT), CAST(m AS BIGINT), 1) AS TIMESTAMP) + to_days(CAST(d - 1 AS INTEGER)) END;
CREATE OR REPLACE TEMP MACRO rs_iso_date(y, w, d) AS CAST(date_trunc('week', make_date(CAST(y AS BIGINT), 1, 4)) AS TIMESTAMP) + to_days(CAST((w - 1) * 7 + d - 1 AS INTEGER));
CREATE OR REPLACE TEMP MACRO rs_no_date(x, f) AS error('22007|invalid value "' || x || '" for the format "' || f || '"');
-- An offset is POSIX: UTC+2 lies west. https://docs.aws.amazon.com/redshift/latest/dg/CONVERT_TIMEZONE.html
CREATE OR REPLACE TEMP MACRO rs_west_of(z) AS regexp_extract(z, '([-+]?)([0-9]{1,2}):?([0-9]{2})?$', ['sign', 'h', 'm']);
CREATE OR REPLACE TEMP MACRO rs_zone(z) AS CASE WHEN regexp_full_match(z, '[A-Za-z/_ ]*[-+]?[0-9]{1,2}(:[0-9]{2})?') THEN 'GMT' || CASE rs_west_of(z).sign WHEN '-' THEN '+' ELSE '-' END || lpad(rs_west_of(z).h, 2, '0') || ':' || lpad(rs_west_of(z).m, 2, '0') ELSE coalesce(rs_zone_of_abbreviation(upper(z)), z) END;
-- An abbreviation is a fixed offset, in summer too; PST is not America/Los_Angeles.
CREATE OR REPLACE TEMP MACRO rs_zone_of_abbreviation(z) AS CASE WHEN z IN ('EST', 'CDT') THEN 'Etc/GMT+5' WHEN z IN ('CST', 'MDT') THEN 'Etc/GMT+6' WHEN z IN ('MST', 'PDT') THEN 'Etc/GMT+7' WHEN z IN ('PST', 'AKDT') THEN 'Etc/GMT+8' WHEN z IN ('EDT', 'AST') THEN 'Etc/GMT+4' WHEN z = 'AKST' THEN 'Etc/GMT+9' WHEN z = 'HST' THEN 'Etc/GMT+10' WHEN z IN ('ADT', 'BRT', 'ART') THEN 'Etc/GMT+3' WHEN z IN ('UTC', 'GMT', 'WET', 'UCT', 'Z', 'ZULU') THEN 'Etc/GMT' WHEN z IN ('CET', 'BST', 'WEST', 'MET') THEN 'Etc/GMT-1' WHEN z IN ('EET', 'CEST', 'SAST') THEN 'Etc/GMT-2' WHEN z IN ('MSK', 'EEST') THEN 'Etc/GMT-3' WHEN z IN ('MSD') THEN 'Etc/GMT-4' WHEN z = 'PKT' THEN 'Etc/GMT-5' WHEN z = 'ICT' THEN 'Etc/GMT-7' WHEN z IN ('HKT', 'SGT', 'AWST') THEN 'Etc/GMT-8' WHEN z IN ('JST', 'KST') THEN 'Etc/GMT-9' WHEN z = 'AEST' THEN 'Etc/GMT-10' WHEN z = 'AEDT' THEN 'Etc/GMT-11' WHEN z = 'NZST' THEN 'Etc/GMT-12' WHEN z = 'NZDT' THEN 'Etc/GMT-13' END;

-- Catalogs: https://www.postgresql.org/docs/8.0/functions-misc.html
CREATE OR REPLACE TEMP MACRO rs_format_type(o, m) AS CASE o WHEN 16 THEN 'boolean' WHEN 18 THEN '"char"' WHEN 19 THEN 'name' WHEN 20 THEN 'bigint' WHEN 21 THEN 'smallint' WHEN 23 THEN 'integer' WHEN 25 THEN 'text' WHEN 26 THEN 'oid' WHEN 700 THEN 'real' WHEN 701 THEN 'double precision' WHEN 1042 THEN 'character' WHEN 1043 THEN 'character varying' WHEN 1082 THEN 'date' WHEN 1083 THEN 'time without time zone' WHEN 1114 THEN 'timestamp without time zone' WHEN 1184 THEN 'timestamp with time zone' WHEN 1188 THEN 'interval year to month' WHEN 1190 THEN 'interval day to second' WHEN 1266 THEN 'time with time zone' WHEN 1700 THEN 'numeric' WHEN 2935 THEN 'hllsketch' WHEN 3000 THEN 'geometry' WHEN 3001 THEN 'geography' WHEN 4000 THEN 'super' WHEN 6551 THEN 'binary varying' WHEN 1005 THEN 'smallint[]' WHEN 1009 THEN 'text[]' ELSE '???' END || CASE WHEN m IS NULL OR m < 4 THEN '' WHEN o IN (1042, 1043, 6551) THEN '(' || (m - 4) || ')' WHEN o = 1700 THEN '(' || ((m - 4) >> 16) || ',' || ((m - 4) & 65535) || ')' ELSE '' END;
CREATE OR REPLACE TEMP MACRO rs_user_name(o) AS CASE o WHEN 100 THEN 'local' WHEN 1 THEN 'rdsdb' ELSE 'unknown (OID=' || o || ')' END;
