-- etlrun 0.1.0: pipeline shop, target local
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
CREATE TABLE IF NOT EXISTS etlrun.lease_shop (
    run        varchar(32)  NOT NULL,
    holder     varchar(255) NOT NULL,
    db_user    varchar(128) NOT NULL,
    session    bigint       NOT NULL,
    taken_at   timestamp    NOT NULL,
    expires_at timestamp    NOT NULL
)
DISTSTYLE ALL;
BEGIN;
LOCK etlrun.lease_shop, etlrun.runs;
-- check: no other run of the pipeline is under way
SELECT COUNT(*) AS held
FROM etlrun.lease_shop
WHERE run <> 'RUN' AND expires_at > GETDATE();
DELETE FROM etlrun.lease_shop;
INSERT INTO etlrun.lease_shop (run, holder, db_user, session, taken_at, expires_at)
VALUES (
    'RUN', 'WHO', '' /* db_user */, 0 /* session */, GETDATE(),
    DATEADD(second, 60, GETDATE())
);
UPDATE etlrun.runs
SET status = 'lost', ended_at = GETDATE()
WHERE pipeline = 'shop' AND status = 'running' AND run <> 'RUN';
DELETE FROM etlrun.runs
WHERE run = 'RUN';
INSERT INTO etlrun.runs (
    run, pipeline, target, status, started_at, started_by, version, selection, full_refresh, variables, resumes
)
VALUES (
    'RUN', 'shop', 'local', 'running', SYSDATE, 'WHO',
    '0.1.0', '[]', FALSE, '{"currency": "${SHOP_CURRENCY:-EUR}", "smallest_order": 0.5}',
    ''
);
COMMIT;

CREATE SCHEMA IF NOT EXISTS shop;
SET search_path TO shop, public;

-- step 1 of 5: raw_orders (staging)

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop raw_orders';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_shop
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS shop.raw_orders (
    order_id    bigint,
    customer_id integer,
    ordered_on  date,
    amount      decimal(12,2),
    note        varchar(200)
);

DELETE FROM shop.raw_orders;

COPY shop.raw_orders (
    order_id, customer_id, ordered_on, amount, note
)
FROM 's3://shop-exports/orders/'
IAM_ROLE default
FORMAT AS CSV
GZIP
IGNOREHEADER 1
DATEFORMAT 'DD.MM.YYYY'
BLANKSASNULL
EMPTYASNULL
MAXERROR 10;

COMMENT ON TABLE shop.raw_orders IS 'Orders, exported every night as gzipped CSV.';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'shop', 'raw_orders', 1, 'done',
    '9a07668847a72655', 'd38d766ad3cf0371', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 2 of 5: raw_customers (staging)
-- file s3://etlrun-work/jsonpaths/shop/raw_customers-7fbe3ce84a34.json, written before the step:
--   {
--     "jsonpaths": [
--       "$['id']",
--       "$['name']",
--       "$['address']['country']",
--       "$['groups'][0]",
--       "$['exported']"
--     ]
--   }

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop raw_customers';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_shop
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS shop.raw_customers (
    customer_id    integer,
    name           varchar(100),
    country        char(2),
    customer_group varchar(20),
    exported_at    timestamp
);

DELETE FROM shop.raw_customers;

COPY shop.raw_customers (
    customer_id, name, country, customer_group, exported_at
)
FROM 's3://shop-exports/customers/'
IAM_ROLE default
FORMAT AS JSON 's3://etlrun-work/jsonpaths/shop/raw_customers-7fbe3ce84a34.json'
TIMEFORMAT 'epochsecs';

COMMENT ON TABLE shop.raw_customers IS 'Customers, nested.';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'shop', 'raw_customers', 1, 'done',
    'a90a0cb598562575', 'cf0dafb00feb5932', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 3 of 5: customers (table)
-- after raw_customers

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop customers';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_shop
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS shop.customers (
    customer_id integer      NOT NULL,
    name        varchar(100) NOT NULL,
    country     char(2)      DEFAULT '--' ENCODE BYTEDICT,
    "group"     varchar(20),
    PRIMARY KEY (customer_id)
)
DISTSTYLE ALL;

CREATE TEMP TABLE etlrun_customers (
    customer_id integer,
    name varchar(100),
    country char(2),
    "group" varchar(20)
);

INSERT INTO etlrun_customers (
    customer_id, name, country, "group"
)
SELECT
    customer_id, name, country, "group"
FROM (
    SELECT
        batch.*,
        ROW_NUMBER() OVER (
            PARTITION BY customer_id ORDER BY exported_at DESC
        ) AS etlrun_rank
    FROM (
        SELECT customer_id, name, UPPER(country) AS country, customer_group AS "group", exported_at
        FROM raw_customers
    ) AS batch
) AS ranked
WHERE etlrun_rank = 1;

-- no row may be without its key
SELECT COUNT(*) AS failures
FROM etlrun_customers
WHERE customer_id IS NULL;

MERGE INTO shop.customers
USING etlrun_customers
ON customers.customer_id = etlrun_customers.customer_id
WHEN MATCHED THEN UPDATE SET
    name = etlrun_customers.name,
    country = etlrun_customers.country,
    "group" = etlrun_customers."group"
WHEN NOT MATCHED THEN INSERT (
    customer_id, name, country, "group"
)
VALUES (
    etlrun_customers.customer_id, etlrun_customers.name, etlrun_customers.country,
    etlrun_customers."group"
);

DROP TABLE etlrun_customers;

COMMENT ON TABLE shop.customers IS 'One row for each customer, as the last export has it.';
COMMENT ON COLUMN shop.customers."group" IS 'A reserved word as a name.';

-- check: unique: customer_id
SELECT COUNT(*) OVER () AS failures, doubled.*
FROM (
    SELECT customer_id, COUNT(*) AS row_count
    FROM shop.customers
    WHERE customer_id IS NOT NULL
    GROUP BY customer_id
    HAVING COUNT(*) > 1
) AS doubled
LIMIT 5;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'shop', 'customers', 1, 'done',
    'a29618553fb2d3fb', 'b7a50b6c59873a32', '45914813416d8939',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 4 of 5: orders (table)
-- after customers, raw_orders

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop orders';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_shop
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS shop.orders (
    order_id    bigint        ENCODE AZ64 NOT NULL,
    customer_id integer       NOT NULL,
    ordered_on  date          NOT NULL,
    amount      decimal(12,2) NOT NULL,
    currency    char(3)       DEFAULT 'EUR',
    first_seen  timestamp     DEFAULT getdate(),
    PRIMARY KEY (order_id),
    FOREIGN KEY (customer_id) REFERENCES shop.customers
)
DISTSTYLE KEY
DISTKEY (customer_id)
INTERLEAVED SORTKEY (currency, customer_id);

INSERT INTO shop.orders (
    order_id, customer_id, ordered_on, amount, currency
)
SELECT
    batch.order_id, batch.customer_id, batch.ordered_on, batch.amount, batch.currency
FROM (
    SELECT
        o.order_id,
        o.customer_id,
        o.ordered_on,
        o.amount,
        'EUR' AS currency
    FROM raw_orders AS o
    WHERE o.amount >= 0.5
) AS batch
LEFT JOIN shop.orders AS kept
    ON kept.order_id = batch.order_id
WHERE kept.order_id IS NULL;

COMMENT ON TABLE shop.orders IS 'One row for each order, kept as it was first seen.';

-- check: expression: amount >= 0
SELECT
    COUNT(*) OVER () AS failures,
    order_id, customer_id, ordered_on, amount, currency, first_seen
FROM shop.orders
WHERE NOT (amount >= 0)
LIMIT 5;

-- check: relationships: customer_id customers.customer_id
SELECT
    COUNT(*) OVER () AS failures,
    child.order_id, child.customer_id
FROM shop.orders AS child
LEFT JOIN shop.customers AS parent
    ON child.customer_id = parent.customer_id
WHERE child.customer_id IS NOT NULL AND parent.customer_id IS NULL
LIMIT 5;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'shop', 'orders', 1, 'done',
    '0af5dbd3311284db', 'bc53fa6c4101b0d0', '4b9034fc4632a172',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 5 of 5: loads (table)
-- after customers, orders

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop loads';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_shop
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS shop.loads (
    load_id   bigint    IDENTITY(1, 1),
    loaded_at timestamp NOT NULL,
    orders    bigint    NOT NULL,
    PRIMARY KEY (load_id)
)
SORTKEY AUTO;

INSERT INTO shop.loads (
    loaded_at, orders
)
SELECT GETDATE() AS loaded_at, COUNT(*) AS orders FROM orders;

COMMENT ON TABLE shop.loads IS 'One row for each run.';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'shop', 'loads', 1, 'done',
    '6d83dc95f28563af', '53436d62781383e4', '41101c386d197f3b',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- the end of the run; until then its lease is renewed by another session:
--   UPDATE etlrun.lease_shop
--   SET expires_at = DATEADD(second, 60, GETDATE()), session = 0 /* session */
--   WHERE run = 'RUN'
BEGIN;
LOCK etlrun.lease_shop, etlrun.runs;
UPDATE etlrun.runs
SET status = 'done', ended_at = GETDATE()
WHERE run = 'RUN';
DELETE FROM etlrun.lease_shop
WHERE run = 'RUN';
COMMIT;
