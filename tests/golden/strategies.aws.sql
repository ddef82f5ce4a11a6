-- etlrun 0.1.0: pipeline strategies, target aws
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
CREATE TABLE IF NOT EXISTS etlrun.lease_strategies (
    run        varchar(32)  NOT NULL,
    holder     varchar(255) NOT NULL,
    db_user    varchar(128) NOT NULL,
    session    bigint       NOT NULL,
    taken_at   timestamp    NOT NULL,
    expires_at timestamp    NOT NULL
)
DISTSTYLE ALL;
BEGIN;
LOCK etlrun.lease_strategies, etlrun.runs;
-- check: no other run of the pipeline is under way
SELECT COUNT(*) AS held
FROM etlrun.lease_strategies
WHERE run <> 'RUN' AND expires_at > GETDATE();
DELETE FROM etlrun.lease_strategies;
INSERT INTO etlrun.lease_strategies (run, holder, db_user, session, taken_at, expires_at)
VALUES (
    'RUN', 'WHO', '' /* db_user */, 0 /* session */, GETDATE(),
    DATEADD(second, 60, GETDATE())
);
UPDATE etlrun.runs
SET status = 'lost', ended_at = GETDATE()
WHERE pipeline = 'strategies' AND status = 'running' AND run <> 'RUN';
DELETE FROM etlrun.runs
WHERE run = 'RUN';
INSERT INTO etlrun.runs (
    run, pipeline, target, status, started_at, started_by, version, selection, full_refresh, variables, resumes
)
VALUES (
    'RUN', 'strategies', 'aws', 'running', SYSDATE, 'WHO',
    '0.1.0', '[]', FALSE, '{"since": "2018-11-01", "until": "2018-11-03"}',
    ''
);
COMMIT;

CREATE SCHEMA IF NOT EXISTS site;
SET search_path TO site, public;
CREATE TABLE IF NOT EXISTS site.check_failures (
    run         varchar(32)    NOT NULL,
    pipeline    varchar(127)   NOT NULL,
    step        varchar(127)   NOT NULL,
    check_name  varchar(512)   NOT NULL,
    found_at    timestamp      NOT NULL,
    failing_row varchar(65535) NOT NULL
)
SORTKEY AUTO;

-- step 1 of 12: raw_customers (staging)

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies raw_customers';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.raw_customers (
    id         integer,
    name       varchar(100),
    city       varchar(100),
    changed_at timestamp
);

DELETE FROM site.raw_customers;

COPY site.raw_customers (
    id, name, city, changed_at
)
FROM 's3://site-exports/customers/'
IAM_ROLE default
FORMAT AS JSON 'auto'
TIMEFORMAT 'auto';

-- check: row_count: min 1
SELECT 1 AS failures, COUNT(*) AS row_count
FROM site.raw_customers
HAVING COUNT(*) < 1;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'raw_customers', 1, 'done',
    '6c196fff452f36eb', '2f54411f0a00dd8a', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 2 of 12: raw_visits (staging)

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies raw_visits';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.raw_visits (
    visit_id    bigint,
    customer_id integer,
    page        varchar(200),
    visited_at  timestamp
);

DELETE FROM site.raw_visits;

COPY site.raw_visits (
    visit_id, customer_id, page, visited_at
)
FROM 's3://site-exports/visits/'
IAM_ROLE default
FORMAT AS JSON 'auto'
TIMEFORMAT 'auto';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'raw_visits', 1, 'done',
    'b0c0385025b919da', '889e7eefb7def079', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 3 of 12: pages (table)
-- after raw_visits

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies pages';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.pages (
    page   varchar(200),
    visits bigint,
    PRIMARY KEY (page)
);

DELETE FROM site.pages;

INSERT INTO site.pages (
    page, visits
)
SELECT page, COUNT(*) AS visits FROM raw_visits GROUP BY page;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'pages', 1, 'done',
    '1e301e9121921891', '380a352e277e53d6', 'b1fb5d0f7bab9b1e',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 4 of 12: page_days (table)
-- after raw_visits

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies page_days';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.page_days (
    page   varchar(200),
    day    date,
    visits bigint
)
COMPOUND SORTKEY (day);

CREATE TABLE IF NOT EXISTS site.etlrun_new_page_days (
    page   varchar(200),
    day    date,
    visits bigint
)
COMPOUND SORTKEY (day);

INSERT INTO site.etlrun_new_page_days (
    page, day, visits
)
SELECT page, CAST(visited_at AS date) AS day, COUNT(*) AS visits
FROM raw_visits
GROUP BY 1, 2;

ALTER TABLE site.page_days RENAME TO etlrun_old_page_days;
ALTER TABLE site.etlrun_new_page_days RENAME TO page_days;

DROP TABLE site.etlrun_old_page_days;

COMMENT ON TABLE site.page_days IS 'One row for each page and day.';

GRANT SELECT ON site.page_days TO GROUP analysts;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'page_days', 1, 'done',
    '32595c355d0d0a66', 'bed9aac8770c5766', 'b1fb5d0f7bab9b1e',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 5 of 12: runs (table)
-- after raw_visits

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies runs';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.runs (
    run_at timestamp,
    visits bigint
);

INSERT INTO site.runs (
    run_at, visits
)
SELECT GETDATE() AS run_at, COUNT(*) AS visits FROM raw_visits;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'runs', 1, 'done',
    '1cb3858c6b31c3db', '27a627186b9ad74b', 'b1fb5d0f7bab9b1e',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 6 of 12: first_visits (table)
-- after raw_visits

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies first_visits';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.first_visits (
    customer_id integer,
    visited_at  timestamp,
    PRIMARY KEY (customer_id)
);

CREATE TEMP TABLE etlrun_first_visits (
    customer_id integer,
    visited_at timestamp
);

INSERT INTO etlrun_first_visits (
    customer_id, visited_at
)
SELECT
    customer_id, visited_at
FROM (
    SELECT
        batch.*,
        ROW_NUMBER() OVER (
            PARTITION BY customer_id ORDER BY visited_at
        ) AS etlrun_rank
    FROM (
        SELECT customer_id, visited_at FROM raw_visits
    ) AS batch
) AS ranked
WHERE etlrun_rank = 1;

-- no row may be without its key
SELECT COUNT(*) AS failures
FROM etlrun_first_visits
WHERE customer_id IS NULL;

INSERT INTO site.first_visits (
    customer_id, visited_at
)
SELECT
    batch.customer_id, batch.visited_at
FROM etlrun_first_visits AS batch
LEFT JOIN site.first_visits AS kept
    ON kept.customer_id = batch.customer_id
WHERE kept.customer_id IS NULL;

DROP TABLE etlrun_first_visits;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'first_visits', 1, 'done',
    '9465cc274ffea157', 'bfd646946f142be4', 'b1fb5d0f7bab9b1e',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 7 of 12: customers (table)
-- after raw_customers

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies customers';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.customers (
    id         integer,
    name       varchar(100),
    city       varchar(100),
    changed_at timestamp,
    PRIMARY KEY (id)
);

CREATE TEMP TABLE etlrun_customers (
    id integer,
    name varchar(100),
    city varchar(100),
    changed_at timestamp
);

INSERT INTO etlrun_customers (
    id, name, city, changed_at
)
SELECT
    id, name, city, changed_at
FROM (
    SELECT
        batch.*,
        ROW_NUMBER() OVER (
            PARTITION BY id ORDER BY changed_at DESC
        ) AS etlrun_rank
    FROM (
        SELECT id, name, city, changed_at FROM raw_customers
    ) AS batch
) AS ranked
WHERE etlrun_rank = 1;

-- no row may be without its key
SELECT COUNT(*) AS failures
FROM etlrun_customers
WHERE id IS NULL;

MERGE INTO site.customers
USING etlrun_customers
ON customers.id = etlrun_customers.id
WHEN MATCHED THEN UPDATE SET
    name = etlrun_customers.name,
    city = etlrun_customers.city,
    changed_at = etlrun_customers.changed_at
WHEN NOT MATCHED THEN INSERT (
    id, name, city, changed_at
)
VALUES (
    etlrun_customers.id, etlrun_customers.name, etlrun_customers.city,
    etlrun_customers.changed_at
);

DROP TABLE etlrun_customers;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'customers', 1, 'done',
    'e6edd9818b417341', 'e6600774a4653666', '3e0e78b15d6c83e2',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 8 of 12: visits (table)
-- after raw_visits

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies visits';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.visits (
    visit_id   bigint,
    page       varchar(200),
    visited_at timestamp
);

DELETE FROM site.visits
WHERE visited_at >= '2018-11-01' AND visited_at < '2018-11-03';

INSERT INTO site.visits (
    visit_id, page, visited_at
)
SELECT
    visit_id, page, visited_at
FROM (
    SELECT DISTINCT visit_id, page, visited_at FROM raw_visits
) AS batch
WHERE visited_at >= '2018-11-01' AND visited_at < '2018-11-03';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'visits', 1, 'done',
    'ccf51243dbb14923', '317ec0fda592d7cc', 'b1fb5d0f7bab9b1e',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 9 of 12: visit_pages (table)
-- after raw_visits

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies visit_pages';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.visit_pages (
    visit_id bigint,
    page     varchar(200)
);

CREATE TEMP TABLE etlrun_visit_pages (
    visit_id bigint,
    page varchar(200)
);

INSERT INTO etlrun_visit_pages (
    visit_id, page
)
SELECT DISTINCT visit_id, page FROM raw_visits;

-- no row may be without its key
SELECT COUNT(*) AS failures
FROM etlrun_visit_pages
WHERE visit_id IS NULL;

DELETE FROM site.visit_pages
USING etlrun_visit_pages
WHERE visit_pages.visit_id = etlrun_visit_pages.visit_id;

INSERT INTO site.visit_pages (
    visit_id, page
)
SELECT
    visit_id, page
FROM etlrun_visit_pages;

DROP TABLE etlrun_visit_pages;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'visit_pages', 1, 'done',
    '6fd94686933f802d', '92fe5f93243e8b91', 'b1fb5d0f7bab9b1e',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 10 of 12: customer_history (table)
-- after raw_customers

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies customer_history';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.customer_history (
    customer_key bigint,
    id           integer      NOT NULL,
    name         varchar(100),
    city         varchar(100),
    valid_from   timestamp    NOT NULL,
    valid_to     timestamp,
    is_current   boolean      NOT NULL,
    PRIMARY KEY (customer_key)
);

CREATE TEMP TABLE etlrun_customer_history (
    customer_key bigint,
    id integer,
    name varchar(100),
    city varchar(100),
    valid_from timestamp
);

INSERT INTO etlrun_customer_history (
    id, name, city, valid_from, customer_key
)
SELECT
    id, name, city, valid_from, customer_key
FROM (
    SELECT
        batch.*,
        ROW_NUMBER() OVER (
            PARTITION BY id ORDER BY valid_from DESC
        ) AS etlrun_rank
    FROM (
        SELECT
            batch.id,
            batch.name,
            batch.city,
            batch.valid_from,
            STRTOL(LEFT(MD5(
                COALESCE(CAST(batch.id AS varchar(max)), '<NULL>')
                || '|' || COALESCE(CAST(batch.valid_from AS varchar(max)), '<NULL>')
            ), 15), 16) AS customer_key
        FROM (
            SELECT id, name, city, changed_at AS valid_from FROM raw_customers
        ) AS batch
    ) AS batch
) AS ranked
WHERE etlrun_rank = 1;

-- no row may be without its key
SELECT COUNT(*) AS failures
FROM etlrun_customer_history
WHERE id IS NULL;

-- no version may be without its begin
SELECT COUNT(*) AS failures
FROM etlrun_customer_history
WHERE valid_from IS NULL;

-- a change must be later than the version that it ends
SELECT COUNT(*) AS failures
FROM site.customer_history
JOIN etlrun_customer_history
    ON customer_history.id = etlrun_customer_history.id
WHERE customer_history.is_current
    AND etlrun_customer_history.valid_from <= customer_history.valid_from
    AND (DECODE(customer_history.city, etlrun_customer_history.city, 0, 1) = 1);

-- an empty batch may not end every version
SELECT COUNT(*) AS failures
FROM site.customer_history
WHERE is_current AND NOT (customer_key = -1) AND NOT EXISTS (SELECT 1 FROM etlrun_customer_history);

UPDATE site.customer_history
SET valid_to = etlrun_customer_history.valid_from, is_current = FALSE
FROM etlrun_customer_history
WHERE customer_history.id = etlrun_customer_history.id
    AND customer_history.is_current
    AND (DECODE(customer_history.city, etlrun_customer_history.city, 0, 1) = 1);

UPDATE site.customer_history
SET valid_to = SYSDATE, is_current = FALSE
WHERE is_current AND NOT (customer_key = -1)
    AND NOT EXISTS (
        SELECT 1
        FROM etlrun_customer_history
        WHERE etlrun_customer_history.id = customer_history.id
    );

UPDATE site.customer_history
SET
    name = etlrun_customer_history.name
FROM etlrun_customer_history
WHERE customer_history.id = etlrun_customer_history.id
    AND customer_history.is_current
    AND (DECODE(customer_history.name, etlrun_customer_history.name, 0, 1) = 1);

INSERT INTO site.customer_history (
    id, name, city, customer_key, valid_from, valid_to, is_current
)
SELECT
    etlrun_customer_history.id, etlrun_customer_history.name,
    etlrun_customer_history.city, etlrun_customer_history.customer_key,
    etlrun_customer_history.valid_from, CAST(NULL AS timestamp), TRUE
FROM etlrun_customer_history
LEFT JOIN site.customer_history
    ON customer_history.id = etlrun_customer_history.id AND customer_history.is_current
WHERE customer_history.id IS NULL;

DROP TABLE etlrun_customer_history;

INSERT INTO site.customer_history (
    customer_key, id, name, valid_from, is_current
)
SELECT
    -1,
    -1,
    'unknown',
    CAST('1900-01-01' AS timestamp),
    TRUE
WHERE NOT EXISTS (
    SELECT 1
    FROM site.customer_history
    WHERE customer_key = -1
);

COMMENT ON TABLE site.customer_history IS 'One row for each version of a customer.';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'customer_history', 1, 'done',
    'ed07bf32532809d0', '10484ca72bc082d8', '3e0e78b15d6c83e2',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 11 of 12: days (table)

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies days';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.days (
    date_key   integer,
    date       date       NOT NULL,
    day_name   varchar(9),
    is_weekend boolean,
    PRIMARY KEY (date_key)
)
DISTSTYLE ALL;

DELETE FROM site.days;

INSERT INTO site.days (
    date_key, date, day_name, is_weekend
)
WITH digits AS (
    SELECT 0 AS n
    UNION ALL SELECT 1
    UNION ALL SELECT 2
    UNION ALL SELECT 3
    UNION ALL SELECT 4
    UNION ALL SELECT 5
    UNION ALL SELECT 6
    UNION ALL SELECT 7
    UNION ALL SELECT 8
    UNION ALL SELECT 9
),
every_day AS (
    SELECT CAST(
        DATEADD(
            day,
            ones.n + 10 * tens.n + 100 * hundreds.n + 1000 * thousands.n + 10000 * ten_thousands.n,
            CAST('2018-01-01' AS date)
        ) AS date
    ) AS day
    FROM digits AS ones
    CROSS JOIN digits AS tens
    CROSS JOIN digits AS hundreds
    CROSS JOIN digits AS thousands
    CROSS JOIN digits AS ten_thousands
)
SELECT
    CAST(TO_CHAR(day, 'YYYYMMDD') AS integer) AS date_key,
    day AS date,
    RTRIM(TO_CHAR(day, 'Day')) AS day_name,
    EXTRACT(dow FROM day) IN (0, 6) AS is_weekend
FROM every_day
WHERE day <= CAST('2019-12-31' AS date);

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'days', 1, 'done',
    'e781e02386237f53', '52fd57956d9316d3', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 12 of 12: visit_facts (table)
-- after customer_history, days, raw_visits

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun strategies visit_facts';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_strategies
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS site.visit_facts (
    visit_id     bigint,
    customer_key bigint,
    date_key     integer,
    page         varchar(200)
);

-- a look-up must find one row: days by date
SELECT COUNT(*) AS failures
FROM (
    SELECT date
    FROM site.days
    WHERE date IS NOT NULL
    GROUP BY date
    HAVING COUNT(*) > 1
) AS doubled;

DELETE FROM site.visit_facts;

INSERT INTO site.visit_facts (
    visit_id, page, customer_key, date_key
)
SELECT
    batch.visit_id,
    batch.page,
    COALESCE(lookup_customer_key.customer_key, -1) AS customer_key,
    lookup_date_key.date_key AS date_key
FROM (
    SELECT DISTINCT visit_id, customer_id, page, visited_at, CAST(visited_at AS date) AS day
    FROM raw_visits
) AS batch
LEFT JOIN site.customer_history AS lookup_customer_key
    ON lookup_customer_key.id = batch.customer_id
    AND batch.visited_at >= lookup_customer_key.valid_from
    AND (batch.visited_at < lookup_customer_key.valid_to OR lookup_customer_key.valid_to IS NULL)
LEFT JOIN site.days AS lookup_date_key
    ON lookup_date_key.date = batch.day;

COMMENT ON TABLE site.visit_facts IS 'One row for each visit.';

-- check: unique: visit_id
SELECT COUNT(*) OVER () AS failures, doubled.*
FROM (
    SELECT visit_id, COUNT(*) AS row_count
    FROM site.visit_facts
    WHERE visit_id IS NOT NULL
    GROUP BY visit_id
    HAVING COUNT(*) > 1
) AS doubled
LIMIT 5;

-- check: relationships: customer_key customer_history.customer_key
SELECT
    COUNT(*) OVER () AS failures,
    child.visit_id, child.customer_key, child.date_key, child.page
FROM site.visit_facts AS child
LEFT JOIN site.customer_history AS parent
    ON child.customer_key = parent.customer_key
WHERE child.customer_key IS NOT NULL AND parent.customer_key IS NULL
LIMIT 5;

-- check: not_null: date_key
SELECT
    COUNT(*) OVER () AS failures,
    visit_id, customer_key, date_key, page
FROM site.visit_facts
WHERE date_key IS NULL
LIMIT 1000;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'strategies', 'visit_facts', 1, 'done',
    '9b8c680cca8bbab7', 'dadc003a08648634', '349b18fe3071fcdb',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- the end of the run; until then its lease is renewed by another session:
--   UPDATE etlrun.lease_strategies
--   SET expires_at = DATEADD(second, 60, GETDATE()), session = 0 /* session */
--   WHERE run = 'RUN'
BEGIN;
LOCK etlrun.lease_strategies, etlrun.runs;
UPDATE etlrun.runs
SET status = 'done', ended_at = GETDATE()
WHERE run = 'RUN';
DELETE FROM etlrun.lease_strategies
WHERE run = 'RUN';
COMMIT;
