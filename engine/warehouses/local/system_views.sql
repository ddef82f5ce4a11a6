-- Redshift's system tables and views over local Redshift's catalog. A block begins with the name and the columns;
-- {relations} and {columns} are the catalog with the session's temporary tables, {queries} the statements run,
-- {path} the schemas of the search path. Names without a schema are of pg_catalog.
-- Source: https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html

--- information_schema.tables: table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), table_type varchar(128), self_referencing_column_name varchar(128), reference_generation varchar(128), user_defined_type_catalog varchar(128), user_defined_type_schema varchar(128), user_defined_name varchar(128)
SELECT 'dev', schema, name, CASE WHEN kind IN ('view', 'late view') THEN 'VIEW' WHEN schema LIKE 'pg_temp%' THEN 'LOCAL TEMPORARY' ELSE 'BASE TABLE' END, NULL, NULL, NULL, NULL, NULL FROM {relations}

--- information_schema.columns: table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), column_name varchar(128), ordinal_position integer, column_default varchar(65535), is_nullable varchar(3), data_type varchar(128), character_maximum_length integer, character_octet_length integer, numeric_precision integer, numeric_precision_radix integer, numeric_scale integer, datetime_precision integer, interval_type varchar(128), interval_precision varchar(128), character_set_catalog varchar(128), character_set_schema varchar(128), character_set_name varchar(128), collation_catalog varchar(128), collation_schema varchar(128), collation_name varchar(128), domain_name varchar(128)
SELECT 'dev', schema, relation, name, position, nullif(shown_default, ''), CASE WHEN "null" THEN 'YES' ELSE 'NO' END, bare_type, CASE WHEN type.name IN ('varchar', 'char') THEN type.length END, CASE WHEN type.name IN ('varchar', 'char') THEN type.length END, CASE type.name WHEN 'smallint' THEN 16 WHEN 'integer' THEN 32 WHEN 'bigint' THEN 64 WHEN 'real' THEN 24 WHEN 'double precision' THEN 53 ELSE type.precision END, CASE WHEN type.name IN ('smallint', 'integer', 'bigint', 'real', 'double precision') THEN 2 WHEN type.name = 'decimal' THEN 10 END, CASE WHEN type.name IN ('smallint', 'integer', 'bigint') THEN 0 ELSE type.scale END, CASE WHEN type.name LIKE 'time%' THEN 6 END, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM {columns}

--- information_schema.schemata: catalog_name varchar(128), schema_name varchar(128), schema_owner varchar(128)
SELECT 'dev', name, owner FROM {schemas}

--- information_schema.views: table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), view_definition varchar(65535)
SELECT 'dev', schema, name, definition FROM {relations} WHERE kind IN ('view', 'late view')

--- information_schema.table_constraints: constraint_catalog varchar(128), constraint_schema varchar(128), constraint_name varchar(128), table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), constraint_type varchar(128), is_deferrable varchar(3), initially_deferred varchar(3)
SELECT 'dev', schema, constraint_name, 'dev', schema, relation, upper(kind), 'NO', 'NO' FROM {constraints}

--- information_schema.key_column_usage: constraint_catalog varchar(128), constraint_schema varchar(128), constraint_name varchar(128), table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), column_name varchar(128), ordinal_position integer
SELECT 'dev', schema, constraint_name, 'dev', schema, relation, unnest(columns), unnest(range(1, len(columns) + 1)) FROM {constraints}

--- svv_tables: table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), table_type varchar(128), remarks varchar(65535)
SELECT 'dev', schema, name, CASE WHEN kind IN ('view', 'late view') THEN 'VIEW' ELSE 'BASE TABLE' END, nullif(comment, '') FROM {relations}

--- svv_all_tables: database_name varchar(128), schema_name varchar(128), table_name varchar(128), table_type varchar(128), table_acl varchar(128), remarks varchar(65535)
SELECT 'dev', schema, name, CASE WHEN kind IN ('view', 'late view') THEN 'VIEW' ELSE 'TABLE' END, NULL, nullif(comment, '') FROM {relations}

--- svv_redshift_tables: database_name varchar(128), schema_name varchar(128), table_name varchar(128), table_type varchar(128), table_acl varchar(128), remarks varchar(65535)
SELECT 'dev', schema, name, CASE WHEN kind IN ('view', 'late view') THEN 'VIEW' ELSE 'TABLE' END, NULL, nullif(comment, '') FROM {relations}

--- svv_columns: table_catalog varchar(128), table_schema varchar(128), table_name varchar(128), column_name varchar(128), ordinal_position integer, column_default varchar(65535), is_nullable varchar(3), data_type varchar(128), character_maximum_length integer, numeric_precision integer, numeric_precision_radix integer, numeric_scale integer, datetime_precision integer, interval_type varchar(128), interval_precision varchar(128), character_set_catalog varchar(128), character_set_schema varchar(128), character_set_name varchar(128), collation_catalog varchar(128), collation_schema varchar(128), collation_name varchar(128), domain_name varchar(128), remarks varchar(65535)
SELECT 'dev', schema, relation, name, position, nullif(shown_default, ''), CASE WHEN "null" THEN 'YES' ELSE 'NO' END, bare_type, CASE WHEN type.name IN ('varchar', 'char') THEN type.length END, CASE type.name WHEN 'smallint' THEN 16 WHEN 'integer' THEN 32 WHEN 'bigint' THEN 64 ELSE type.precision END, NULL, type.scale, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, nullif(comment, '') FROM {columns}

--- svv_all_columns: database_name varchar(128), schema_name varchar(128), table_name varchar(128), column_name varchar(128), ordinal_position integer, column_default varchar(65535), is_nullable varchar(3), data_type varchar(128), character_maximum_length integer, numeric_precision integer, numeric_scale integer, remarks varchar(65535)
SELECT 'dev', schema, relation, name, position, nullif(shown_default, ''), CASE WHEN "null" THEN 'YES' ELSE 'NO' END, bare_type, CASE WHEN type.name IN ('varchar', 'char') THEN type.length END, CASE type.name WHEN 'smallint' THEN 16 WHEN 'integer' THEN 32 WHEN 'bigint' THEN 64 ELSE type.precision END, type.scale, nullif(comment, '') FROM {columns}

--- svv_redshift_columns: database_name varchar(128), schema_name varchar(128), table_name varchar(128), column_name varchar(128), ordinal_position integer, data_type varchar(128), column_default varchar(65535), is_nullable varchar(3), encoding varchar(128), distkey boolean, sortkey integer, column_acl varchar(128), remarks varchar(65535)
SELECT 'dev', schema, relation, name, position, full_type, nullif(shown_default, ''), CASE WHEN "null" THEN 'YES' ELSE 'NO' END, coalesce(nullif(encode, ''), 'none'), is_distkey, sort_position, NULL, nullif(comment, '') FROM {columns}

--- svv_all_schemas: database_name varchar(128), schema_name varchar(128), schema_owner integer, schema_type varchar(128), schema_acl varchar(128), source_database varchar(128), schema_option varchar(128)
SELECT 'dev', name, 100, 'local', NULL, NULL, NULL FROM {schemas}

--- svv_table_info: database varchar(128), schema varchar(128), table_id integer, table varchar(128), encoded varchar(30), diststyle varchar(128), sortkey1 varchar(128), max_varchar integer, sortkey1_enc varchar(32), sortkey_num integer, size bigint, pct_used decimal(10,4), empty bigint, unsorted decimal(5,2), stats_off decimal(5,2), tbl_rows decimal(38,0), skew_sortkey1 decimal(19,2), skew_rows decimal(19,2), estimated_visible_rows decimal(38,0)
SELECT 'dev', r.schema, r.oid, r.name, 'Y, AUTO(ENCODE)', CASE diststyle WHEN 'KEY' THEN 'KEY(' || distkey || ')' WHEN 'AUTO' THEN 'AUTO(ALL)' ELSE diststyle END, CASE WHEN len(sortkeys) = 0 THEN 'AUTO(SORTKEY)' WHEN auto_sorted THEN 'AUTO(SORTKEY(' || sortkeys[1] || '))' ELSE sortkeys[1] END, (SELECT max(c.type.length) FROM {columns} AS c WHERE c.relation_oid = r.oid AND c.type.name = 'varchar'), 'none', len(sortkeys), greatest(1, t.estimated_size // 65536), 0, 0, 0, 0, t.estimated_size, NULL, NULL, t.estimated_size FROM {relations} AS r JOIN duckdb_tables() AS t ON t.database_name = 'dev' AND t.schema_name = r.schema AND t.table_name = r.name WHERE r.kind = 'table' AND t.estimated_size > 0

--- svv_relation_privileges: namespace_name varchar(128), relation_name varchar(128), privilege_type varchar(16), identity_id integer, identity_name varchar(128), identity_type varchar(16), admin_option boolean
SELECT split_part(object, '.', 1), split_part(object, '.', 2), upper(privileges), CASE grantee WHEN 'public' THEN 0 ELSE 100 + hash(grantee) % 1000000 END, regexp_replace(grantee, '^(group|role) ', ''), CASE WHEN grantee = 'public' THEN 'public' WHEN contains(grantee, ' ') THEN split_part(grantee, ' ', 1) ELSE 'user' END, FALSE FROM local_catalog.privilege WHERE statement = 'grant' AND object IN (SELECT schema || '.' || name FROM {relations}) AND NOT contains(privileges, '(')

--- svv_schema_privileges: namespace_name varchar(128), privilege_type varchar(16), identity_id integer, identity_name varchar(128), identity_type varchar(16), admin_option boolean
SELECT substring(object, 8), upper(privileges), CASE grantee WHEN 'public' THEN 0 ELSE 100 + hash(grantee) % 1000000 END, regexp_replace(grantee, '^(group|role) ', ''), CASE WHEN grantee = 'public' THEN 'public' WHEN contains(grantee, ' ') THEN split_part(grantee, ' ', 1) ELSE 'user' END, FALSE FROM local_catalog.privilege WHERE statement = 'grant' AND starts_with(object, 'schema ')

--- stl_load_errors: userid integer, slice integer, tbl integer, starttime timestamp, session integer, query integer, filename char(256), line_number bigint, colname char(127), type char(10), col_length char(10), position integer, raw_line char(1024), raw_field_value char(1024), err_code integer, err_reason char(100), is_partial integer, start_offset bigint, copy_job_id bigint
SELECT 100, 0, table_id, start_time, session, query, left(file_name, 256), line_number, column_name, type, length, position, left(raw_line, 1024), left(raw_value, 1024), code, left(reason, 100), 0, start_offset, -1 FROM local_catalog.load_error

--- stl_loaderror_detail: userid integer, slice integer, session integer, query integer, filename char(256), line_number bigint, field integer, colname char(127), value char(1024), is_null integer, type char(10), col_length char(10)
SELECT 100, 0, session, query, left(file_name, 256), line_number, 0, column_name, left(raw_value, 1024), CAST(raw_value IS NULL AS INTEGER), type, length FROM local_catalog.load_error

--- stl_load_commits: userid integer, query integer, slice integer, name char(256), filename char(256), byte_offset integer, lines_scanned bigint, errors integer, curtime timestamp, status integer, file_format char(16), is_partial integer, start_offset bigint, copy_job_id bigint
SELECT 100, f.query, 0, '', left(file_name, 256), 0, lines, errors, curtime, 1, format, 0, 0, -1 FROM local_catalog.load_file AS f

--- sys_load_history: user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar(128), status varchar(16), table_name varchar(128), start_time timestamp, end_time timestamp, duration bigint, data_source varchar(1024), file_format varchar(16), loaded_rows bigint, loaded_bytes bigint, source_file_count bigint, source_file_bytes bigint, file_count_scanned bigint, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint
SELECT 100, query, query, session, 'dev', status, table_name, start_time, end_time, date_diff('microsecond', start_time, end_time), source, format, loaded_rows, loaded_bytes, (SELECT count(*) FROM local_catalog.load_file AS f WHERE f.query = l.query), loaded_bytes, (SELECT count(*) FROM local_catalog.load_file AS f WHERE f.query = l.query), loaded_bytes, error_count, -1 FROM local_catalog.load AS l

--- sys_load_error_detail: user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name char(64), table_id integer, start_time timestamp, file_name char(256), line_number bigint, column_name char(127), column_type char(10), column_length char(10), position integer, error_code integer, error_message char(512)
SELECT 100, query, query, session, 'dev', table_id, start_time, left(file_name, 256), line_number, column_name, type, length, position, code, left(reason, 512) FROM local_catalog.load_error

--- sys_load_detail: user_id integer, query_id bigint, transaction_id bigint, session_id integer, database_name varchar(64), file_name varchar(256), bytes_scanned bigint, lines_scanned bigint, record_time timestamp, error_count integer
SELECT 100, query, query, NULL, 'dev', left(file_name, 256), size, lines, curtime, errors FROM local_catalog.load_file

--- stl_query: userid integer, query integer, label varchar(320), xid bigint, pid integer, database varchar(32), querytxt varchar(4000), starttime timestamp, endtime timestamp, aborted integer
SELECT 100, query, 'default', query, session, 'dev', left(text, 4000), started, ended, CAST(error <> '' AS INTEGER) FROM {queries}

--- sys_query_history: user_id integer, query_id bigint, query_label varchar(320), transaction_id bigint, session_id integer, database_name varchar(128), query_type varchar(32), status varchar(10), start_time timestamp, end_time timestamp, elapsed_time bigint, error_message varchar(512), query_text varchar(4000)
SELECT 100, query, 'default', query, session, 'dev', upper(regexp_extract(text, '[A-Za-z]+')), CASE WHEN error = '' THEN 'success' ELSE 'failed' END, started, ended, date_diff('microsecond', started, ended), left(error, 512), left(text, 4000) FROM {queries}

--- stv_sessions: starttime timestamp, process integer, user_name varchar(50), db_name varchar(50)
SELECT since, session, 'local', 'dev' FROM {sessions}

--- stv_db_isolation_level: db_name varchar(128), isolation_level varchar(128)
SELECT 'dev', 'Snapshot Isolation'

--- stl_querytext: userid integer, xid bigint, pid integer, query integer, sequence integer, text char(200)
SELECT 100, query, session, query, number, substring(text, number * 200 + 1, 200) FROM (SELECT *, unnest(range((length(text) + 199) // 200)) AS number FROM {queries})

--- svl_statementtext: userid integer, xid bigint, pid integer, label varchar(320), starttime timestamp, endtime timestamp, sequence integer, type varchar(10), text varchar(200)
SELECT 100, query, session, 'default', started, ended, number, CASE WHEN word IN ('select', 'with', 'insert', 'update', 'delete', 'merge', 'copy', 'unload') THEN 'QUERY' WHEN word IN ('create', 'drop', 'alter', 'truncate') THEN 'DDL' ELSE 'UTILITY' END, substring(text, number * 200 + 1, 200) FROM (SELECT *, lower(regexp_extract(text, '[A-Za-z]+')) AS word, unnest(range((length(text) + 199) // 200)) AS number FROM {queries})

--- stl_ddltext: userid integer, xid bigint, pid integer, label varchar(320), starttime timestamp, endtime timestamp, sequence integer, text char(200)
SELECT 100, query, session, 'default', started, ended, number, substring(text, number * 200 + 1, 200) FROM (SELECT *, unnest(range((length(text) + 199) // 200)) AS number FROM {queries} WHERE lower(regexp_extract(text, '[A-Za-z]+')) IN ('create', 'drop', 'alter', 'truncate'))

--- svl_qlog: userid integer, query integer, xid bigint, pid integer, starttime timestamp, endtime timestamp, elapsed bigint, aborted integer, label varchar(320), substring varchar(60)
SELECT 100, query, query, session, started, ended, date_diff('microsecond', started, ended), CAST(error <> '' AS INTEGER), 'default', left(text, 60) FROM {queries}

--- sys_query_text: user_id integer, query_id bigint, transaction_id bigint, session_id integer, start_time timestamp, sequence integer, text char(4000)
SELECT 100, query, query, session, started, 0, left(text, 4000) FROM {queries}
