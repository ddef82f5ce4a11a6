-- p.yaml:14:7: t.v: encoding raw in the warehouse, zstd declared
--   safe: in place; nothing is lost
-- p.yaml:15:7: t.n: encoding raw in the warehouse, az64 declared
--   safe: in place; nothing is lost
-- 2 differences: 2 safe

-- etlrun 0.1.0: pipeline p, target here
-- In a run, its own id stands in place of RUN, who started it in place of WHO, and what is only known then
-- in place of 0 /* … */ and '' /* … */.

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
CREATE SCHEMA IF NOT EXISTS dw;
SET search_path TO dw, public;

-- step 1 of 1: t (changes)

-- transaction 1 of 1: none, each statement stands on its own
SET query_group TO 'etlrun p t';

ALTER TABLE dw.t
    ALTER COLUMN v ENCODE ZSTD,
    ALTER COLUMN n ENCODE AZ64;

