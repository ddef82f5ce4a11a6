-- etlrun 0.1.0: pipeline hourly, target aws
-- In a run, its own id stands in place of RUN, who started it in place of WHO, and what is only known then
-- in place of 0 /* … */ and '' /* … */.

-- the run is noted, and takes the lease of its pipeline
CREATE SCHEMA IF NOT EXISTS etlrun;
CREATE TABLE IF NOT EXISTS etlrun.steps (
    run          varchar(32)   NOT NULL,
    pipeline     varchar(127)  NOT NULL,
    step         varchar(127)  NOT NULL,
    number       smallint      NOT NULL,
    status       varchar(16)   NOT NULL,
    columns_hash varchar(16)   NOT NULL,
    sql_hash     varchar(16)   NOT NULL,
    inputs_hash  varchar(16)   NOT NULL,
    row_count    bigint,
    rejects      bigint,
    seconds      decimal(12,3),
    ended_at     timestamp     NOT NULL,
    because      varchar(1024),
    error        varchar(4096)
)
SORTKEY AUTO;
CREATE TABLE IF NOT EXISTS etlrun.runs (
    run          varchar(32)    NOT NULL,
    pipeline     varchar(127)   NOT NULL,
    target       varchar(127)   NOT NULL,
    status       varchar(16)    NOT NULL,
    started_at   timestamp      NOT NULL,
    ended_at     timestamp,
    started_by   varchar(255)   NOT NULL,
    version      varchar(32)    NOT NULL,
    selection    varchar(65535) NOT NULL,
    full_refresh boolean        NOT NULL,
    variables    varchar(65535) NOT NULL,
    resumes      varchar(32)    NOT NULL
)
SORTKEY AUTO;
CREATE TABLE IF NOT EXISTS etlrun.lease_hourly (
    run        varchar(32)  NOT NULL,
    holder     varchar(255) NOT NULL,
    db_user    varchar(128) NOT NULL,
    session    bigint       NOT NULL,
    taken_at   timestamp    NOT NULL,
    expires_at timestamp    NOT NULL
)
DISTSTYLE ALL;
BEGIN;
LOCK etlrun.lease_hourly, etlrun.runs;
-- check: no other run of the pipeline is under way
SELECT COUNT(*) AS held
FROM etlrun.lease_hourly
WHERE run <> 'RUN' AND expires_at > GETDATE();
DELETE FROM etlrun.lease_hourly;
INSERT INTO etlrun.lease_hourly (run, holder, db_user, session, taken_at, expires_at)
VALUES (
    'RUN', 'WHO', '' /* db_user */, 0 /* session */, GETDATE(),
    DATEADD(second, 60, GETDATE())
);
UPDATE etlrun.runs
SET status = 'lost', ended_at = GETDATE()
WHERE pipeline = 'hourly' AND status = 'running' AND run <> 'RUN';
DELETE FROM etlrun.runs
WHERE run = 'RUN';
INSERT INTO etlrun.runs (
    run, pipeline, target, status, started_at, started_by, version, selection, full_refresh, variables, resumes
)
VALUES (
    'RUN', 'hourly', 'aws', 'running', SYSDATE, 'WHO',
    '0.1.0', '[]', FALSE, '{"lake": "s3://hourly-etl/data/lake"}',
    ''
);
COMMIT;

CREATE SCHEMA IF NOT EXISTS hourly;
CREATE TABLE IF NOT EXISTS etlrun.files (
    pipeline    varchar(127)  NOT NULL,
    schema_name varchar(127)  NOT NULL,
    step        varchar(127)  NOT NULL,
    bucket      varchar(255)  NOT NULL,
    key         varchar(1024) NOT NULL,
    etag        varchar(128)  NOT NULL,
    size        bigint        NOT NULL,
    modified    timestamp     NOT NULL,
    status      varchar(11)   NOT NULL,
    run         varchar(32)   NOT NULL,
    loaded_at   timestamp     NOT NULL,
    reason      varchar(1024) NOT NULL
)
SORTKEY AUTO;
CREATE TABLE IF NOT EXISTS etlrun.pending (
    pipeline    varchar(127) NOT NULL,
    schema_name varchar(127) NOT NULL,
    source      varchar(127) NOT NULL,
    step        varchar(127) NOT NULL,
    run         varchar(32)  NOT NULL
)
SORTKEY AUTO;
SET search_path TO hourly, public;

-- step 1 of 5: raw_orders (staging)

-- transaction 1 of 2
BEGIN;

SET query_group TO 'etlrun hourly raw_orders';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS hourly.raw_orders (
    order_id bigint,
    item     varchar(20),
    amount   decimal(12,2)
);

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'raw_orders', 1, 'begun',
    '56b745124a77b5d1', '4f53cda18c2baa0c', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- transaction 2 of 2
BEGIN;

SET query_group TO 'etlrun hourly raw_orders';

LOCK hourly.raw_orders;

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

CREATE TEMP TABLE etlrun_listing (
    key      varchar(1024) NOT NULL,
    etag     varchar(128)  NOT NULL,
    size     bigint        NOT NULL,
    modified timestamp     NOT NULL
);

COPY etlrun_listing
FROM 's3://hourly-etl/data/listings/hourly/raw_orders/RUN/'
IAM_ROLE default
FORMAT AS CSV
GZIP
COMPUPDATE OFF
STATUPDATE OFF;

CREATE TEMP TABLE etlrun_files AS
SELECT
    listed.key, listed.etag, listed.size, listed.modified,
    CAST(CASE WHEN known.status = 'loaded' THEN 'changed' ELSE 'new' END AS varchar(11)) AS status,
    CAST('' AS varchar(1024)) AS reason
FROM etlrun_listing AS listed
LEFT JOIN (
    SELECT key, etag, status
    FROM etlrun.files
    WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND step = 'raw_orders'
        AND bucket = 'hourly-exports'
) AS known
    ON known.key = listed.key
WHERE (known.key IS NULL OR known.etag <> listed.etag)
    AND (
        SELECT COUNT(*)
        FROM etlrun.pending
        WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
            AND step IN ('orders', 'items')
    ) = 0;

-- no file that was loaded may have changed
SELECT COUNT(*) OVER () AS failures, 's3://hourly-exports/' || key AS file, modified
FROM etlrun_files
WHERE status = 'changed'
ORDER BY key
LIMIT 5;

DELETE FROM hourly.raw_orders
WHERE (
    SELECT COUNT(*)
    FROM etlrun.pending
    WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
        AND step IN ('orders', 'items')
) = 0;

-- no file is loaded before every table has taken the rows of the last load
SELECT COUNT(*) OVER () AS failures, step AS "table", run
FROM etlrun.pending
WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
    AND step IN ('orders', 'items')
ORDER BY step
LIMIT 5;

SELECT 's3://hourly-exports/' || key AS url, size
FROM etlrun_files
WHERE status <> 'quarantined'
ORDER BY key;
-- In a run, s3://hourly-etl/data/manifests/hourly/raw_orders/RUN.json lists these files; of none, the COPY is not sent. Files that were
-- found broken are taken out before: UPDATE etlrun_files SET status = 'quarantined' …

COPY hourly.raw_orders (
    order_id, item, amount
)
FROM 's3://hourly-etl/data/manifests/hourly/raw_orders/RUN.json'
IAM_ROLE default
FORMAT AS JSON 'auto'
MANIFEST;

DELETE FROM etlrun.files
USING etlrun_files
WHERE files.key = etlrun_files.key AND files.bucket = 'hourly-exports'
    AND pipeline = 'hourly' AND schema_name = 'hourly' AND step = 'raw_orders';

INSERT INTO etlrun.files (
    pipeline, schema_name, step, bucket, key, etag, size, modified, status, run, loaded_at, reason
)
SELECT
    'hourly', 'hourly', 'raw_orders', 'hourly-exports',
    key, etag, size, modified,
    CASE WHEN status = 'quarantined' THEN status ELSE 'loaded' END,
    'RUN', GETDATE(), reason
FROM etlrun_files;

DELETE FROM etlrun.pending
WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
    AND (SELECT COUNT(*) FROM etlrun_files WHERE status <> 'quarantined') > 0;

INSERT INTO etlrun.pending (pipeline, schema_name, source, step, run)
SELECT 'hourly', 'hourly', 'raw_orders', step, 'RUN'
FROM (
    SELECT CAST('orders' AS varchar(127)) AS step
    UNION ALL SELECT CAST('items' AS varchar(127)) AS step
) AS readers
WHERE (SELECT COUNT(*) FROM etlrun_files WHERE status <> 'quarantined') > 0;

DROP TABLE etlrun_files;
DROP TABLE etlrun_listing;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'raw_orders', 2, 'done',
    '56b745124a77b5d1', '3b2501afa6a042a9', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 2 of 5: raw_prices (staging)

-- transaction 1 of 2
BEGIN;

SET query_group TO 'etlrun hourly raw_prices';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS hourly.raw_prices (
    item  varchar(20),
    price decimal(12,2)
);

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'raw_prices', 1, 'begun',
    '7f2298e49d69fc0c', '4f53cda18c2baa0c', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- transaction 2 of 2
BEGIN;

SET query_group TO 'etlrun hourly raw_prices';

LOCK hourly.raw_prices;

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

CREATE TEMP TABLE etlrun_listing (
    key      varchar(1024) NOT NULL,
    etag     varchar(128)  NOT NULL,
    size     bigint        NOT NULL,
    modified timestamp     NOT NULL
);

COPY etlrun_listing
FROM 's3://hourly-etl/data/listings/hourly/raw_prices/RUN/'
IAM_ROLE default
FORMAT AS CSV
GZIP
COMPUPDATE OFF
STATUPDATE OFF;

CREATE TEMP TABLE etlrun_files AS
SELECT
    listed.key, listed.etag, listed.size, listed.modified,
    CAST(CASE WHEN known.status = 'loaded' THEN 'changed' ELSE 'new' END AS varchar(11)) AS status,
    CAST('' AS varchar(1024)) AS reason
FROM etlrun_listing AS listed
LEFT JOIN (
    SELECT key, etag, status
    FROM etlrun.files
    WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND step = 'raw_prices'
        AND bucket = 'hourly-exports'
) AS known
    ON known.key = listed.key
WHERE (known.key IS NULL OR known.etag <> listed.etag);

-- a file has changed and all are loaded again: none that was loaded may be gone
SELECT COUNT(*) OVER () AS failures, 's3://hourly-exports/' || known.key AS file
FROM etlrun.files AS known
LEFT JOIN etlrun_listing AS listed
    ON listed.key = known.key AND known.bucket = 'hourly-exports'
WHERE known.pipeline = 'hourly' AND known.schema_name = 'hourly' AND known.step = 'raw_prices'
    AND known.status = 'loaded' AND listed.key IS NULL
    AND (SELECT COUNT(*) FROM etlrun_files WHERE status = 'changed') > 0
ORDER BY known.key
LIMIT 5;

DELETE FROM hourly.raw_prices
WHERE (SELECT COUNT(*) FROM etlrun_files WHERE status = 'changed') > 0;

INSERT INTO etlrun_files (key, etag, size, modified, status, reason)
SELECT listed.key, listed.etag, listed.size, listed.modified, 'again', ''
FROM etlrun_listing AS listed
JOIN etlrun.files AS known
    ON known.key = listed.key AND known.etag = listed.etag
WHERE known.pipeline = 'hourly' AND known.schema_name = 'hourly' AND known.step = 'raw_prices'
    AND known.bucket = 'hourly-exports' AND known.status = 'loaded'
    AND (SELECT COUNT(*) FROM etlrun_files WHERE status = 'changed') > 0;

SELECT 's3://hourly-exports/' || key AS url, size
FROM etlrun_files
WHERE status <> 'quarantined'
ORDER BY key;
-- In a run, s3://hourly-etl/data/manifests/hourly/raw_prices/RUN.json lists these files; of none, the COPY is not sent. Files that were
-- found broken are taken out before: UPDATE etlrun_files SET status = 'quarantined' …

COPY hourly.raw_prices (
    item, price
)
FROM 's3://hourly-etl/data/manifests/hourly/raw_prices/RUN.json'
IAM_ROLE default
FORMAT AS CSV
MANIFEST;

DELETE FROM etlrun.files
USING etlrun_files
WHERE files.key = etlrun_files.key AND files.bucket = 'hourly-exports'
    AND pipeline = 'hourly' AND schema_name = 'hourly' AND step = 'raw_prices';

INSERT INTO etlrun.files (
    pipeline, schema_name, step, bucket, key, etag, size, modified, status, run, loaded_at, reason
)
SELECT
    'hourly', 'hourly', 'raw_prices', 'hourly-exports',
    key, etag, size, modified,
    CASE WHEN status = 'quarantined' THEN status ELSE 'loaded' END,
    'RUN', GETDATE(), reason
FROM etlrun_files;

DROP TABLE etlrun_files;
DROP TABLE etlrun_listing;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'raw_prices', 2, 'done',
    '7f2298e49d69fc0c', '4f7e948c865e7eb1', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 3 of 5: orders (table)
-- after raw_orders

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun hourly orders';

LOCK hourly.raw_orders;

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS hourly.orders (
    order_id bigint        NOT NULL,
    item     varchar(20),
    amount   decimal(12,2)
);

INSERT INTO hourly.orders (
    order_id, item, amount
)
SELECT batch.*
FROM (
    SELECT order_id, item, amount FROM raw_orders
) AS batch
WHERE (
    SELECT COUNT(*)
    FROM etlrun.pending
    WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
        AND step = 'orders'
) > 0;

COMMENT ON TABLE hourly.orders IS 'One row for each line of each file.';

-- check: not_null: order_id
SELECT
    COUNT(*) OVER () AS failures,
    order_id, item, amount
FROM hourly.orders
WHERE order_id IS NULL
LIMIT 5;

DELETE FROM etlrun.pending
WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
    AND step = 'orders';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'orders', 1, 'done',
    'e9b02f0ae0733965', 'c86f6d74ea22f078', '5c39c67edb043e21',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 4 of 5: items (table)
-- after raw_orders

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun hourly items';

LOCK hourly.raw_orders;

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS hourly.items (
    item       varchar(20),
    last_order bigint,
    PRIMARY KEY (item)
);

CREATE TEMP TABLE etlrun_items (
    item varchar(20),
    last_order bigint
);

INSERT INTO etlrun_items (
    item, last_order
)
SELECT
    item, last_order
FROM (
    SELECT
        batch.*,
        ROW_NUMBER() OVER (
            PARTITION BY item ORDER BY last_order DESC
        ) AS etlrun_rank
    FROM (
        SELECT batch.*
        FROM (
            SELECT item, order_id AS last_order FROM raw_orders
        ) AS batch
        WHERE (
            SELECT COUNT(*)
            FROM etlrun.pending
            WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
                AND step = 'items'
        ) > 0
    ) AS batch
) AS ranked
WHERE etlrun_rank = 1;

-- no row may be without its key
SELECT COUNT(*) AS failures
FROM etlrun_items
WHERE item IS NULL;

MERGE INTO hourly.items
USING etlrun_items
ON items.item = etlrun_items.item
WHEN MATCHED THEN UPDATE SET
    last_order = etlrun_items.last_order
WHEN NOT MATCHED THEN INSERT (
    item, last_order
)
VALUES (
    etlrun_items.item, etlrun_items.last_order
);

DROP TABLE etlrun_items;

COMMENT ON TABLE hourly.items IS 'One row for each item, with its last order.';

DELETE FROM etlrun.pending
WHERE pipeline = 'hourly' AND schema_name = 'hourly' AND source = 'raw_orders'
    AND step = 'items';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'items', 1, 'done',
    'cdb066bc572508a8', '03d51f3943004023', '5c39c67edb043e21',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 5 of 5: prices (table)
-- after raw_prices

-- transaction 1 of 2
BEGIN;

SET query_group TO 'etlrun hourly prices';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS hourly.prices (
    item  varchar(20),
    price decimal(12,2)
);

DELETE FROM hourly.prices;

INSERT INTO hourly.prices (
    item, price
)
SELECT item, price FROM raw_prices;

SELECT
    'REVOKE ' || privilege_type || ' ON hourly.prices FROM '
    || CASE identity_type
        WHEN 'public' THEN 'PUBLIC'
        WHEN 'user' THEN QUOTE_IDENT(identity_name)
        ELSE UPPER(identity_type) || ' ' || QUOTE_IDENT(identity_name)
    END AS statement
FROM svv_relation_privileges
WHERE namespace_name = 'hourly' AND relation_name = 'prices'
    AND NOT (identity_type = 'user' AND identity_name = CURRENT_USER)
    AND NOT (
        privilege_type = 'SELECT' AND identity_type = 'group' AND identity_name = 'analysts'
    )
ORDER BY statement;
-- In a run, each row of this is sent as a statement.

GRANT SELECT ON hourly.prices TO GROUP analysts;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'prices', 1, 'begun',
    '6cb693569c6326ab', 'adaf492d17075bad', '85ce11c90389a537',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- transaction 2 of 2
BEGIN;

SET query_group TO 'etlrun hourly prices';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

UNLOAD ('SELECT item, price FROM prices WHERE price > 0')
TO 's3://hourly-etl/data/lake/prices/'
IAM_ROLE default
FORMAT AS PARQUET
MANIFEST
CLEANPATH;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'prices', 2, 'done',
    '6cb693569c6326ab', '556d837a397e2df2', '85ce11c90389a537',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- after the steps: hooks

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun hourly hooks.after';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_hourly
WHERE run = 'RUN';

ANALYZE orders;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'hourly', 'hooks.after', 1, 'done',
    '', '', '',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- the end of the run; until then its lease is renewed by another session:
--   UPDATE etlrun.lease_hourly
--   SET expires_at = DATEADD(second, 60, GETDATE()), session = 0 /* session */
--   WHERE run = 'RUN'
BEGIN;
LOCK etlrun.lease_hourly, etlrun.runs;
UPDATE etlrun.runs
SET status = 'done', ended_at = GETDATE()
WHERE run = 'RUN';
DELETE FROM etlrun.lease_hourly
WHERE run = 'RUN';
COMMIT;
