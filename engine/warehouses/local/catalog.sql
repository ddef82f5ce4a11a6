-- What local Redshift keeps in its own schema of a database: relations, grants, functions, loads.
CREATE SCHEMA local_catalog;
CREATE TABLE local_catalog.relation (schema VARCHAR, name VARCHAR, kind VARCHAR, record VARCHAR);
CREATE TABLE local_catalog.schema_ (name VARCHAR, owner VARCHAR);
CREATE TABLE local_catalog.privilege (statement VARCHAR, object VARCHAR, grantee VARCHAR, privileges VARCHAR);
CREATE TABLE local_catalog.function_ (name VARCHAR, parameters VARCHAR, result VARCHAR, body VARCHAR);
CREATE TABLE local_catalog.load (query BIGINT, session BIGINT, table_id BIGINT, table_name VARCHAR, status VARCHAR, start_time TIMESTAMP, end_time TIMESTAMP, source VARCHAR, format VARCHAR, loaded_rows BIGINT, loaded_bytes BIGINT, error_count BIGINT);
CREATE TABLE local_catalog.load_file (query BIGINT, file_name VARCHAR, size BIGINT, lines BIGINT, errors BIGINT, curtime TIMESTAMP, format VARCHAR);
CREATE TABLE local_catalog.load_error (query BIGINT, session BIGINT, table_id BIGINT, start_time TIMESTAMP, file_name VARCHAR, line_number BIGINT, column_name VARCHAR, type VARCHAR, length VARCHAR, position INTEGER, raw_line VARCHAR, raw_value VARCHAR, code INTEGER, reason VARCHAR, start_offset BIGINT);
CREATE SCHEMA public;
INSERT INTO local_catalog.schema_ VALUES ('public', 'local');
CREATE TABLE local_catalog.layout (layout VARCHAR);
