-- p.yaml:14:7: t.v: encoding raw in the warehouse, zstd declared
--   safe: in place; nothing is lost
-- p.yaml:15:7: t.n: encoding raw in the warehouse, az64 declared
--   safe: in place; nothing is lost
-- 2 differences: 2 safe

-- etlrun 0.1.0: pipeline p, target here
-- In a run, the run's own id stands in place of RUN.

CREATE SCHEMA IF NOT EXISTS dw;
CREATE SCHEMA IF NOT EXISTS etlrun;
CREATE TABLE IF NOT EXISTS etlrun.transactions (
    run          varchar(32)  NOT NULL,
    pipeline     varchar(127) NOT NULL,
    step         varchar(127) NOT NULL,
    number       smallint     NOT NULL,
    committed_at timestamp    NOT NULL
)
SORTKEY AUTO;
SET search_path TO dw, public;

-- step 1 of 1: t (changes)

-- transaction 1 of 1: none, each statement stands on its own
SET query_group TO 'etlrun p t';

ALTER TABLE dw.t
    ALTER COLUMN v ENCODE ZSTD,
    ALTER COLUMN n ENCODE AZ64;

