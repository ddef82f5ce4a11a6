-- p.yaml:16:7: t.n: decimal(8,2) in the warehouse, decimal(9,2) declared
--   copy: the table is built anew beside the old one and takes its name, in one transaction; nothing is lost
-- p.yaml:13:7: t.k: identity (0, 1) in the warehouse, (0, 1), from the start declared
--   destructive: needs --allow-destructive: 3 rows are numbered anew
-- 2 differences: 1 copy, 1 destructive

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
    k  bigint       IDENTITY(0, 1),
    id integer,
    v  varchar(10),
    n  decimal(9,2)
);

INSERT INTO dw.etlrun_new_t (
    id, v, n
)
SELECT
    id,
    v,
    CAST(n AS decimal(9,2))
FROM dw.t;

ALTER TABLE dw.t RENAME TO etlrun_old_t;
ALTER TABLE dw.etlrun_new_t RENAME TO t;

DROP TABLE dw.etlrun_old_t;

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'p', 't', 1, GETDATE());

COMMIT;
