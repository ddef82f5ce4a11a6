-- p.yaml:16:7: t.b: none in the warehouse, boolean declared
--   refused: cannot be done: 3 rows would have no value: give the column a default
-- 1 difference: 1 refused

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
