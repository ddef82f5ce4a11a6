-- p.yaml:11:3: t.n: decimal(8,2) in the warehouse, none declared
--   destructive: needs --allow-destructive: 2 values are lost
-- p.yaml:11:3: t: sort key compound (n) in the warehouse, auto declared
--   copy: the table is built anew beside the old one and takes its name, in one transaction; nothing is lost
-- 2 differences: 1 copy, 1 destructive

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

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun p t';

LOCK dw.t;

CREATE TABLE IF NOT EXISTS dw.etlrun_new_t (
    id integer,
    v  varchar(10)
);

INSERT INTO dw.etlrun_new_t (
    id, v
)
SELECT
    id,
    v
FROM dw.t;

ALTER TABLE dw.t RENAME TO etlrun_old_t;
ALTER TABLE dw.etlrun_new_t RENAME TO t;

DROP TABLE dw.etlrun_old_t;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'p', 't', 1, 'changed',
    '', '', '',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;
