-- p.yaml:11:3: t: FOREIGN KEY (id) REFERENCES dw.people(id) in the warehouse, none declared
--   safe: in place; nothing is lost
-- p.yaml:11:3: t: UNIQUE (v) in the warehouse, none declared
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

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun p t';

ALTER TABLE dw.t DROP CONSTRAINT t_id_fkey;
ALTER TABLE dw.t DROP CONSTRAINT t_v_key;

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'p', 't', 1, GETDATE());

COMMIT;
