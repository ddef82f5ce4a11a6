-- etlrun 0.1.0: pipeline shop, target local
-- In a run, the run's own id stands in place of RUN.

CREATE SCHEMA IF NOT EXISTS shop;
CREATE SCHEMA IF NOT EXISTS etlrun;
CREATE TABLE IF NOT EXISTS etlrun.transactions (
    run          varchar(32)  NOT NULL,
    pipeline     varchar(127) NOT NULL,
    step         varchar(127) NOT NULL,
    number       smallint     NOT NULL,
    committed_at timestamp    NOT NULL
)
SORTKEY AUTO;
SET search_path TO shop, public;

-- step 1 of 5: raw_orders (staging)

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop raw_orders';

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

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'shop', 'raw_orders', 1, GETDATE());

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

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'shop', 'raw_customers', 1, GETDATE());

COMMIT;

-- step 3 of 5: customers (table)
-- after raw_customers

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop customers';

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

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'shop', 'customers', 1, GETDATE());

COMMIT;

-- step 4 of 5: orders (table)
-- after customers, raw_orders

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop orders';

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

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'shop', 'orders', 1, GETDATE());

COMMIT;

-- step 5 of 5: loads (table)
-- after customers, orders

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun shop loads';

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

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'shop', 'loads', 1, GETDATE());

COMMIT;
