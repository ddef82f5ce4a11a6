-- p.yaml:15:7: t.n: decimal(8,2) in the warehouse, integer declared
--   destructive: needs --allow-destructive: 2 values are converted
-- 1 difference: 1 destructive

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

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun p t';

LOCK dw.t;

CREATE TABLE IF NOT EXISTS dw.etlrun_new_t (
    id integer,
    v  varchar(10),
    n  integer
);

INSERT INTO dw.etlrun_new_t (
    id, v, n
)
SELECT
    id,
    v,
    CAST(n AS integer)
FROM dw.t;

ALTER TABLE dw.t RENAME TO etlrun_old_t;
ALTER TABLE dw.etlrun_new_t RENAME TO t;

DROP TABLE dw.etlrun_old_t;

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'p', 't', 1, GETDATE());

COMMIT;
