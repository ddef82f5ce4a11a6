-- p.yaml:11:3: t: comment none in the warehouse, "It's things." declared
--   safe: in place; nothing is lost
-- p.yaml:14:7: t.v: comment none in the warehouse, 'A word.' declared
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

COMMENT ON TABLE dw.t IS 'It''s things.';
COMMENT ON COLUMN dw.t.v IS 'A word.';

INSERT INTO etlrun.transactions (run, pipeline, step, number, committed_at)
VALUES ('RUN', 'p', 't', 1, GETDATE());

COMMIT;
