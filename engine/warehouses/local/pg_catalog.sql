-- The catalogs that Redshift has of PostgreSQL 8.0, as drivers and tools ask for them, written as in system_views.sql.
-- {constraints} are the keys, {late_columns} the columns that late-binding views have now, {encodings} a list of the
-- encodings; NOTHING is a relation without rows, for what local Redshift never has.
-- Source: https://docs.aws.amazon.com/redshift/latest/dg/c_intro_catalog_views.html,
-- https://www.postgresql.org/docs/8.0/catalogs.html

--- pg_namespace: oid integer, nspname varchar(128), nspowner integer, nspacl text[]
SELECT oid, name, CASE owner WHEN 'rdsdb' THEN 1 ELSE 100 END, NULL FROM {schemas}

--- pg_class: oid integer, relname varchar(128), relnamespace integer, reltype integer, relowner integer, relam integer, relfilenode integer, reltablespace integer, relpages integer, reltuples real, reltoastrelid integer, reltoastidxid integer, relhasindex boolean, relisshared boolean, relkind char(1), relnatts smallint, relexternid integer, reldiststyle smallint, relchecks smallint, reltriggers smallint, relukeys smallint, relfkeys smallint, relrefs smallint, relhasoids boolean, relhaspkey boolean, relhasrules boolean, relhassubclass boolean, relacl text[]
SELECT oid, name, schema_oid, 0, 100, 0, oid, 0, 0, 0.001, 0, 0, FALSE, FALSE, CASE WHEN kind = 'table' THEN 'r' ELSE 'v' END, width, 0, CASE diststyle WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END, 0, 0, 0, 0, 0, FALSE, len(list_filter(constraints, lambda c: c.kind = 'primary key')) > 0, kind <> 'table', FALSE, NULL FROM {relations} UNION ALL SELECT oid + 1, constraint_name, schema_oid, 0, 100, 403, oid + 1, 0, 0, 0, 0, 0, FALSE, FALSE, 'i', len(columns), 0, 0, 0, 0, 0, 0, 0, FALSE, FALSE, FALSE, FALSE, NULL FROM {constraints} WHERE kind <> 'foreign key'

--- pg_class_info: reloid integer, relname varchar(128), relnamespace integer, relowner integer, relkind char(1), relnatts smallint, reldiststyle smallint, releffectivediststyle smallint, relcreationtime timestamp
SELECT oid, name, schema_oid, 100, CASE WHEN kind = 'table' THEN 'r' ELSE 'v' END, width, CASE diststyle WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END, CASE diststyle WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 10 END, NULL FROM {relations}

--- pg_attribute: attrelid integer, attname varchar(128), atttypid integer, attstattarget integer, attlen smallint, attnum smallint, attndims integer, attcacheoff integer, atttypmod integer, attbyval boolean, attstorage char(1), attalign char(1), attnotnull boolean, atthasdef boolean, attisdropped boolean, attislocal boolean, attinhcount integer, attisdistkey boolean, attispreloaded boolean, attsortkeyord integer, attencodingtype smallint, attencrypttype smallint
SELECT relation_oid, name, type_oid, -1, CASE type.name WHEN 'smallint' THEN 2 WHEN 'integer' THEN 4 WHEN 'bigint' THEN 8 WHEN 'real' THEN 4 WHEN 'double precision' THEN 8 WHEN 'boolean' THEN 1 WHEN 'date' THEN 4 WHEN 'timestamp' THEN 8 WHEN 'timestamptz' THEN 8 WHEN 'time' THEN 8 WHEN 'timetz' THEN 12 ELSE -1 END, position, 0, -1, CASE WHEN type.length IS NOT NULL THEN type.length + 4 WHEN type.precision IS NOT NULL THEN type.precision * 65536 + type.scale + 4 ELSE -1 END, FALSE, 'p', 'i', NOT "null", shown_default <> '', FALSE, TRUE, 0, is_distkey, FALSE, sort_position, coalesce(list_position({encodings}, encode), 0), 0 FROM {columns} WHERE kind <> 'late view' UNION ALL SELECT k.oid + 1, c.name, c.type_oid, -1, -1, n.i, 0, -1, -1, FALSE, 'p', 'i', FALSE, FALSE, FALSE, TRUE, 0, FALSE, FALSE, 0, 0, 0 FROM (SELECT oid, relation_oid, numbers, unnest(range(1, len(numbers) + 1)) AS i FROM {constraints} WHERE kind <> 'foreign key') AS k, (SELECT k.i) AS n, {columns} AS c WHERE c.relation_oid = k.relation_oid AND c.position = k.numbers[k.i]

--- pg_attrdef: oid integer, adrelid integer, adnum smallint, adbin varchar(65535), adsrc varchar(65535)
SELECT relation_oid + position, relation_oid, position, shown_default, shown_default FROM {columns} WHERE shown_default <> ''

--- pg_type: oid integer, typname varchar(128), typnamespace integer, typowner integer, typlen smallint, typbyval boolean, typtype char(1), typisdefined boolean, typdelim char(1), typrelid integer, typelem integer, typinput varchar(128), typoutput varchar(128), typalign char(1), typstorage char(1), typnotnull boolean, typbasetype integer, typtypmod integer, typndims integer, typdefault varchar(256)
SELECT t.oid, t.name, s.oid, 1, len, len > 0, 'b', TRUE, ',', 0, elem, t.name || 'in', t.name || 'out', 'i', 'p', FALSE, 0, -1, 0, NULL FROM (VALUES (16, 'bool', 1, 0), (18, 'char', 1, 0), (19, 'name', 128, 18), (20, 'int8', 8, 0), (21, 'int2', 2, 0), (23, 'int4', 4, 0), (25, 'text', -1, 0), (26, 'oid', 4, 0), (700, 'float4', 4, 0), (701, 'float8', 8, 0), (1005, '_int2', -1, 21), (1009, '_text', -1, 25), (1042, 'bpchar', -1, 0), (1043, 'varchar', -1, 0), (1082, 'date', 4, 0), (1083, 'time', 8, 0), (1114, 'timestamp', 8, 0), (1184, 'timestamptz', 8, 0), (1188, 'intervaly2m', 4, 0), (1190, 'intervald2s', 8, 0), (1266, 'timetz', 12, 0), (1700, 'numeric', -1, 0), (2935, 'hllsketch', -1, 0), (3000, 'geometry', -1, 0), (3001, 'geography', -1, 0), (4000, 'super', -1, 0), (6551, 'varbyte', -1, 0)) AS t(oid, name, len, elem), {schemas} AS s WHERE s.name = 'pg_catalog'

--- pg_constraint: oid integer, conname varchar(128), connamespace integer, contype char(1), condeferrable boolean, condeferred boolean, conrelid integer, contypid integer, confrelid integer, confupdtype char(1), confdeltype char(1), confmatchtype char(1), conkey smallint[], confkey smallint[], conbin varchar(256), consrc varchar(256)
SELECT oid, constraint_name, schema_oid, CASE kind WHEN 'primary key' THEN 'p' WHEN 'unique' THEN 'u' ELSE 'f' END, FALSE, FALSE, relation_oid, 0, coalesce(to_oid, 0), CASE kind WHEN 'foreign key' THEN 'a' ELSE '' END, CASE kind WHEN 'foreign key' THEN 'a' ELSE '' END, CASE kind WHEN 'foreign key' THEN 'u' ELSE '' END, numbers, CASE kind WHEN 'foreign key' THEN to_numbers END, NULL, NULL FROM {constraints}

--- pg_tables: schemaname varchar(128), tablename varchar(128), tableowner varchar(128), tablespace varchar(128), hasindexes boolean, hasrules boolean, hastriggers boolean
SELECT schema, name, 'local', NULL, FALSE, FALSE, FALSE FROM {relations} WHERE kind = 'table'

--- pg_views: schemaname varchar(128), viewname varchar(128), viewowner varchar(128), definition varchar(65535)
SELECT schema, name, 'local', definition FROM {relations} WHERE kind <> 'table'

--- pg_get_late_binding_view_cols: view_schema varchar(128), view_name varchar(128), col_name varchar(128), col_type varchar(128), col_num integer
SELECT * FROM {late_columns}

--- pg_database: oid integer, datname varchar(128), datdba integer, encoding integer, datistemplate boolean, datallowconn boolean, datconnlimit integer, datlastsysoid integer, dattablespace integer, datconfig text[], datacl text[]
SELECT 100001, 'dev', 100, 6, FALSE, TRUE, -1, 0, 0, NULL, NULL

--- pg_database_info: datname varchar(128), datid integer, datallowconn boolean, datconnlimit varchar(32)
SELECT 'dev', 100001, TRUE, 'UNLIMITED'

--- pg_user: usename varchar(128), usesysid integer, usecreatedb boolean, usesuper boolean, usecatupd boolean, passwd varchar(8), valuntil timestamp, useconfig text[]
SELECT * FROM (VALUES ('rdsdb', 1, TRUE, TRUE, TRUE, '********', NULL, NULL), ('local', 100, TRUE, TRUE, FALSE, '********', NULL, NULL)) UNION ALL SELECT grantee, CAST(101 + hash(grantee) % 1000000 AS INTEGER), FALSE, FALSE, FALSE, '********', NULL, NULL FROM local_catalog.privilege WHERE statement = 'principal' AND object = 'user'

--- pg_user_info: usename varchar(128), usesysid integer, usecreatedb boolean, usesuper boolean, usecatupd boolean, passwd varchar(8), valuntil timestamp, useconfig text[], useconnlimit varchar(256)
SELECT * FROM (VALUES ('rdsdb', 1, TRUE, TRUE, TRUE, '********', NULL, NULL, 'UNLIMITED'), ('local', 100, TRUE, TRUE, FALSE, '********', NULL, NULL, 'UNLIMITED')) UNION ALL SELECT grantee, CAST(101 + hash(grantee) % 1000000 AS INTEGER), FALSE, FALSE, FALSE, '********', NULL, NULL, 'UNLIMITED' FROM local_catalog.privilege WHERE statement = 'principal' AND object = 'user'

--- pg_group: groname varchar(128), grosysid integer, grolist text[]
SELECT grantee, CAST(101 + hash(grantee) % 1000000 AS INTEGER), NULL FROM local_catalog.privilege WHERE statement = 'principal' AND object = 'group'

--- pg_index: indexrelid integer, indrelid integer, indkey smallint[], indclass smallint[], indnatts smallint, indisunique boolean, indisprimary boolean, indisclustered boolean, indexprs varchar(256), indpred varchar(256)
SELECT oid + 1, relation_oid, numbers, NULL, len(numbers), TRUE, kind = 'primary key', FALSE, NULL, NULL FROM {constraints} WHERE kind <> 'foreign key'

--- pg_indexes: schemaname varchar(128), tablename varchar(128), indexname varchar(128), tablespace varchar(128), indexdef varchar(256)
NOTHING

--- pg_inherits: inhrelid integer, inhparent integer, inhseqno integer
NOTHING

--- pg_trigger: oid integer, tgrelid integer, tgname varchar(128), tgfoid integer, tgtype smallint, tgenabled boolean, tgisconstraint boolean, tgconstrname varchar(128), tgconstrrelid integer
NOTHING

--- pg_am: oid integer, amname varchar(128), amowner integer
NOTHING

--- pg_rewrite: oid integer, rulename varchar(128), ev_class integer, ev_attr smallint, ev_type char(1), is_instead boolean, ev_qual varchar(256), ev_action varchar(256)
SELECT oid + 1, '_RETURN', oid, -1, '1', TRUE, NULL, NULL FROM {relations} WHERE kind <> 'table'

--- pg_depend: classid integer, objid integer, objsubid integer, refclassid integer, refobjid integer, refobjsubid integer, deptype char(1)
SELECT 2618, oid + 1, 0, 1259, oid, 0, 'i' FROM {relations} WHERE kind <> 'table' UNION ALL SELECT 2618, oid + 1, 0, 1259, CAST(100000 + hash(read_key) % 1000000000 AS INTEGER), 0, 'n' FROM (SELECT oid, unnest(reads) AS read_key FROM {relations} WHERE kind IN ('view', 'materialized view')) UNION ALL SELECT 2606, f.oid, 0, 1259, p.oid + 1, 0, 'n' FROM {constraints} AS f JOIN {constraints} AS p ON p.relation_oid = f.to_oid AND p.kind <> 'foreign key' AND p.numbers = f.to_numbers WHERE f.kind = 'foreign key'

--- pg_proc: oid integer, proname varchar(128), pronamespace integer, proowner integer, prolang integer, proisagg boolean, prosecdef boolean, proisstrict boolean, proretset boolean, provolatile char(1), pronargs smallint, prorettype integer, proargtypes smallint[], proargnames text[], prosrc varchar(65535), probin varchar(256), proacl text[], prokind char(1)
SELECT CAST(100000 + hash(f.name || parameters) % 1000000000 AS INTEGER), f.name, s.oid, 100, 14, FALSE, FALSE, FALSE, FALSE, 'i', len(list_filter(string_split(parameters, '|'), lambda p: p <> '')), 0, NULL, NULL, body, NULL, NULL, 'f' FROM local_catalog.function_ AS f, {schemas} AS s WHERE s.name = 'public'

--- pg_proc_info: prooid integer, proname varchar(128), pronamespace integer, proowner integer, prolang integer, prokind char(1), pronargs smallint, prorettype integer, prosrc varchar(65535)
SELECT CAST(100000 + hash(f.name || parameters) % 1000000000 AS INTEGER), f.name, s.oid, 100, 14, 'f', len(list_filter(string_split(parameters, '|'), lambda p: p <> '')), 0, body FROM local_catalog.function_ AS f, {schemas} AS s WHERE s.name = 'public'

--- pg_language: oid integer, lanname varchar(128), lanispl boolean, lanpltrusted boolean
SELECT 14, 'sql', FALSE, TRUE

--- pg_tablespace: oid integer, spcname varchar(128), spcowner integer, spclocation varchar(256), spcacl text[]
SELECT 1663, 'pg_default', 1, '', NULL

--- pg_external_schema: esoid integer, eskind integer, esdbname varchar(128), esoptions varchar(65535)
NOTHING

--- svv_external_schemas: esoid integer, eskind smallint, schemaname varchar(128), esowner integer, databasename varchar(128), esoptions varchar(65535)
NOTHING

--- svv_external_tables: redshift_database_name varchar(128), schemaname varchar(128), tablename varchar(128), tabletype varchar(128), location varchar(128), input_format varchar(128), output_format varchar(128), serialization_lib varchar(128), serde_parameters varchar(128), compressed integer, parameters varchar(128)
NOTHING

--- svv_external_columns: redshift_database_name varchar(128), schemaname varchar(128), tablename varchar(128), columnname varchar(128), external_type varchar(128), columnnum integer, part_key integer, is_nullable varchar(128)
NOTHING

--- svv_external_databases: eskind integer, databasename varchar(128), location varchar(128), parameters varchar(128)
NOTHING

--- svv_redshift_databases: database_name varchar(128), database_owner integer, database_type varchar(32), database_acl varchar(128), database_options varchar(128), database_isolation_level varchar(128)
SELECT 'dev', 100, 'local', NULL, NULL, 'Snapshot Isolation'

--- svv_redshift_schemas: database_name varchar(128), schema_name varchar(128), schema_owner integer, schema_type varchar(16), schema_acl varchar(128), schema_option varchar(128)
SELECT 'dev', name, 100, 'local', NULL, NULL FROM {schemas}

--- stv_mv_info: db_name char(128), schema char(128), name char(128), updated_upto_xid bigint, is_stale char(1), owner_user_name char(128), state integer, autorefresh char(1), autorewrite char(1)
SELECT 'dev', schema, name, 0, CASE WHEN schema || '.' || name IN {stale} THEN 't' ELSE 'f' END, 'local', 1, 'f', 'f' FROM {relations} WHERE kind = 'materialized view'

--- svv_mv_info: database_name char(128), schema_name char(128), user_name char(128), name char(128), is_stale char(1), state integer, autorefresh char(1), autorewrite char(1), refresh_status varchar(128)
SELECT 'dev', schema, 'local', name, CASE WHEN schema || '.' || name IN {stale} THEN 't' ELSE 'f' END, 1, 'f', 'f', NULL FROM {relations} WHERE kind = 'materialized view'

--- pg_table_def: schemaname varchar(128), tablename varchar(128), column varchar(128), type varchar(128), encoding varchar(128), distkey boolean, sortkey integer, notnull boolean
SELECT schema, relation, name, full_type, coalesce(nullif(encode, ''), 'none'), is_distkey, sort_position, NOT "null" FROM {columns} WHERE (schema IN ({path}) OR schema = 'pg_temp') AND kind = 'table'

--- pg_description: objoid integer, classoid integer, objsubid integer, description varchar(65535)
SELECT oid, 1259, 0, comment FROM {relations} WHERE comment <> '' UNION ALL SELECT relation_oid, 1259, position, comment FROM {columns} WHERE comment <> ''
