-- etlrun 0.1.0: pipeline sparkify, target aws
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
CREATE TABLE IF NOT EXISTS etlrun.lease_sparkify (
    run        varchar(32)  NOT NULL,
    holder     varchar(255) NOT NULL,
    db_user    varchar(128) NOT NULL,
    session    bigint       NOT NULL,
    taken_at   timestamp    NOT NULL,
    expires_at timestamp    NOT NULL
)
DISTSTYLE ALL;
BEGIN;
LOCK etlrun.lease_sparkify, etlrun.runs;
-- check: no other run of the pipeline is under way
SELECT COUNT(*) AS held
FROM etlrun.lease_sparkify
WHERE run <> 'RUN' AND expires_at > GETDATE();
DELETE FROM etlrun.lease_sparkify;
INSERT INTO etlrun.lease_sparkify (run, holder, db_user, session, taken_at, expires_at)
VALUES (
    'RUN', 'WHO', '' /* db_user */, 0 /* session */, GETDATE(),
    DATEADD(second, 60, GETDATE())
);
UPDATE etlrun.runs
SET status = 'lost', ended_at = GETDATE()
WHERE pipeline = 'sparkify' AND status = 'running' AND run <> 'RUN';
DELETE FROM etlrun.runs
WHERE run = 'RUN';
INSERT INTO etlrun.runs (
    run, pipeline, target, status, started_at, started_by, version, selection, full_refresh, variables, resumes
)
VALUES (
    'RUN', 'sparkify', 'aws', 'running', SYSDATE, 'WHO',
    '0.1.0', '[]', FALSE, '{}',
    ''
);
COMMIT;

CREATE SCHEMA IF NOT EXISTS sparkify;
SET search_path TO sparkify, public;

-- step 1 of 7: staging_events (staging)
-- file ${DWH_WORK}/jsonpaths/sparkify/staging_events-493283c1995d.json, written before the step:
--   {
--     "jsonpaths": [
--       "$.artist",
--       "$.auth",
--       "$.firstName",
--       "$.gender",
--       "$.itemInSession",
--       "$.lastName",
--       "$.length",
--       "$.level",
--       "$.location",
--       "$.method",
--       "$.page",
--       "$.registration",
--       "$.sessionId",
--       "$.song",
--       "$.status",
--       "$.ts",
--       "$.userAgent",
--       "$.userId"
--     ]
--   }

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun sparkify staging_events';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_sparkify
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS sparkify.staging_events (
    artist          varchar(512),
    auth            varchar(32),
    first_name      varchar(128),
    gender          varchar(1),
    item_in_session integer,
    last_name       varchar(128),
    length          double precision,
    level           varchar(8),
    location        varchar(256),
    method          varchar(8),
    page            varchar(32),
    registration    bigint,
    session_id      integer,
    song            varchar(512),
    status          smallint,
    ts              bigint,
    user_agent      varchar(512),
    user_id         varchar(32)
);

DELETE FROM sparkify.staging_events;

COPY sparkify.staging_events (
    artist, auth, first_name, gender, item_in_session, last_name, length, level,
    location, method, page, registration, session_id, song, status, ts, user_agent,
    user_id
)
FROM 's3://udacity-dend/log_data/'
IAM_ROLE '${DWH_ROLE_ARN}'
FORMAT AS JSON '${DWH_WORK}/jsonpaths/sparkify/staging_events-493283c1995d.json'
REGION 'us-west-2'
EMPTYASNULL
TRUNCATECOLUMNS;

COMMENT ON TABLE sparkify.staging_events IS 'The activity log of the app, one row for each request.';
COMMENT ON COLUMN sparkify.staging_events.length IS 'Seconds of the song.';
COMMENT ON COLUMN sparkify.staging_events.level IS 'Paid or free.';
COMMENT ON COLUMN sparkify.staging_events.page IS 'What was asked for; NextSong is a play.';
COMMENT ON COLUMN sparkify.staging_events.registration IS 'Milliseconds since 1970.';
COMMENT ON COLUMN sparkify.staging_events.status IS 'The answer''s HTTP status.';
COMMENT ON COLUMN sparkify.staging_events.ts IS 'Milliseconds since 1970.';
COMMENT ON COLUMN sparkify.staging_events.user_id IS 'Empty for requests without a login.';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'sparkify', 'staging_events', 1, 'done',
    'fb4efeefa15fc594', '87ad1bf9a428b984', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 2 of 7: staging_songs (staging)

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun sparkify staging_songs';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_sparkify
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS sparkify.staging_songs (
    song_id          varchar(32),
    title            varchar(512),
    duration         double precision,
    year             smallint,
    artist_id        varchar(32),
    artist_name      varchar(512),
    artist_location  varchar(512),
    artist_latitude  double precision,
    artist_longitude double precision
);

DELETE FROM sparkify.staging_songs;

COPY sparkify.staging_songs (
    song_id, title, duration, year, artist_id, artist_name, artist_location,
    artist_latitude, artist_longitude
)
FROM 's3://udacity-dend/song_data/'
IAM_ROLE '${DWH_ROLE_ARN}'
FORMAT AS JSON 'auto'
REGION 'us-west-2'
EMPTYASNULL
TRUNCATECOLUMNS;

COMMENT ON TABLE sparkify.staging_songs IS 'The song catalogue, one row for each song.';
COMMENT ON COLUMN sparkify.staging_songs.duration IS 'In seconds.';
COMMENT ON COLUMN sparkify.staging_songs.year IS '0 if not known.';

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'sparkify', 'staging_songs', 1, 'done',
    '9ff4b1da775d8221', '947a599b865ef970', '4f53cda18c2baa0c',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 3 of 7: users (table)
-- after staging_events

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun sparkify users';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_sparkify
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS sparkify.users (
    user_id    integer      NOT NULL,
    first_name varchar(128),
    last_name  varchar(128),
    gender     varchar(1),
    level      varchar(8),
    PRIMARY KEY (user_id)
)
DISTSTYLE ALL
COMPOUND SORTKEY (user_id);

DELETE FROM sparkify.users;

INSERT INTO sparkify.users (
    user_id, first_name, last_name, gender, level
)
SELECT CAST(user_id AS integer) AS user_id, first_name, last_name, gender, level
FROM (
    SELECT
        user_id, first_name, last_name, gender, level,
        ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC, session_id, item_in_session DESC) AS recency
    FROM staging_events
    WHERE page = 'NextSong'
) AS plays
WHERE recency = 1;

COMMENT ON TABLE sparkify.users IS 'One row for each user who has played a song, with the latest level.';

-- check: unique: user_id
SELECT COUNT(*) OVER () AS failures, doubled.*
FROM (
    SELECT user_id, COUNT(*) AS row_count
    FROM sparkify.users
    WHERE user_id IS NOT NULL
    GROUP BY user_id
    HAVING COUNT(*) > 1
) AS doubled
LIMIT 5;

-- check: accepted_values: level free, paid
SELECT
    COUNT(*) OVER () AS failures,
    user_id, level
FROM sparkify.users
WHERE level NOT IN ('free', 'paid')
LIMIT 5;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'sparkify', 'users', 1, 'done',
    'b9c2d5d00264b4a4', 'b2081d0f91f1c99d', '967d2d2e0f034ff1',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 4 of 7: artists (table)
-- after staging_songs

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun sparkify artists';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_sparkify
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS sparkify.artists (
    artist_id varchar(32)      NOT NULL,
    name      varchar(512),
    location  varchar(512),
    latitude  double precision,
    longitude double precision,
    PRIMARY KEY (artist_id)
)
DISTSTYLE ALL
COMPOUND SORTKEY (artist_id);

DELETE FROM sparkify.artists;

INSERT INTO sparkify.artists (
    artist_id, name, location, latitude, longitude
)
SELECT
    artist_id,
    artist_name AS name,
    artist_location AS location,
    artist_latitude AS latitude,
    artist_longitude AS longitude
FROM (
    SELECT
        artist_id, artist_name, artist_location, artist_latitude, artist_longitude,
        ROW_NUMBER() OVER (PARTITION BY artist_id ORDER BY year DESC, song_id) AS choice
    FROM staging_songs
    WHERE artist_id IS NOT NULL
) AS versions
WHERE choice = 1;

COMMENT ON TABLE sparkify.artists IS 'One row for each artist, as the artist''s latest song names it.';

-- check: unique: artist_id
SELECT COUNT(*) OVER () AS failures, doubled.*
FROM (
    SELECT artist_id, COUNT(*) AS row_count
    FROM sparkify.artists
    WHERE artist_id IS NOT NULL
    GROUP BY artist_id
    HAVING COUNT(*) > 1
) AS doubled
LIMIT 5;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'sparkify', 'artists', 1, 'done',
    '7a2bb0d7250c97d4', '10f9404a9c74048c', '62618333eafb4a91',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 5 of 7: songs (table)
-- after artists, staging_songs

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun sparkify songs';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_sparkify
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS sparkify.songs (
    song_id   varchar(32)      NOT NULL,
    title     varchar(512),
    artist_id varchar(32),
    year      smallint,
    duration  double precision,
    PRIMARY KEY (song_id),
    FOREIGN KEY (artist_id) REFERENCES sparkify.artists (artist_id)
)
DISTSTYLE ALL
COMPOUND SORTKEY (song_id);

DELETE FROM sparkify.songs;

INSERT INTO sparkify.songs (
    song_id, title, artist_id, year, duration
)
SELECT song_id, title, artist_id, year, duration
FROM (
    SELECT
        song_id, title, artist_id, year, duration,
        ROW_NUMBER() OVER (PARTITION BY song_id ORDER BY title, duration) AS choice
    FROM staging_songs
    WHERE song_id IS NOT NULL
) AS versions
WHERE choice = 1;

COMMENT ON TABLE sparkify.songs IS 'One row for each song of the catalogue.';

-- check: unique: song_id
SELECT COUNT(*) OVER () AS failures, doubled.*
FROM (
    SELECT song_id, COUNT(*) AS row_count
    FROM sparkify.songs
    WHERE song_id IS NOT NULL
    GROUP BY song_id
    HAVING COUNT(*) > 1
) AS doubled
LIMIT 5;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'sparkify', 'songs', 1, 'done',
    '360849d577e8fd1a', '85e2bde4650d57ea', 'd3432116f934ff30',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 6 of 7: time (table)
-- after staging_events

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun sparkify time';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_sparkify
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS sparkify.time (
    start_time timestamp NOT NULL,
    hour       smallint  NOT NULL,
    day        smallint  NOT NULL,
    week       smallint  NOT NULL,
    month      smallint  NOT NULL,
    year       smallint  NOT NULL,
    weekday    smallint  NOT NULL,
    PRIMARY KEY (start_time)
)
DISTSTYLE KEY
DISTKEY (start_time)
COMPOUND SORTKEY (start_time);

DELETE FROM sparkify.time;

INSERT INTO sparkify.time (
    start_time, hour, day, week, month, year, weekday
)
SELECT
    start_time,
    EXTRACT(hour FROM start_time) AS hour,
    EXTRACT(day FROM start_time) AS day,
    EXTRACT(week FROM start_time) AS week,
    EXTRACT(month FROM start_time) AS month,
    EXTRACT(year FROM start_time) AS year,
    EXTRACT(weekday FROM start_time) AS weekday
FROM (
    SELECT DISTINCT TIMESTAMP 'epoch' + ts / 1000.0 * INTERVAL '1 second' AS start_time
    FROM staging_events
    WHERE page = 'NextSong'
) AS plays;

COMMENT ON TABLE sparkify.time IS 'One row for each moment at which a song was started, in UTC.';
COMMENT ON COLUMN sparkify.time.week IS 'ISO week.';
COMMENT ON COLUMN sparkify.time.weekday IS '0 is Sunday.';

-- check: unique: start_time
SELECT COUNT(*) OVER () AS failures, doubled.*
FROM (
    SELECT start_time, COUNT(*) AS row_count
    FROM sparkify.time
    WHERE start_time IS NOT NULL
    GROUP BY start_time
    HAVING COUNT(*) > 1
) AS doubled
LIMIT 5;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'sparkify', 'time', 1, 'done',
    'fb1642ad80807daa', 'd23cd50c27ca1878', '967d2d2e0f034ff1',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- step 7 of 7: songplays (table)
-- after artists, songs, staging_events, staging_songs, time, users

-- transaction 1 of 1
BEGIN;

SET query_group TO 'etlrun sparkify songplays';

-- check: the run still holds the lease of its pipeline
SELECT 1 - COUNT(*) AS lost
FROM etlrun.lease_sparkify
WHERE run = 'RUN';

CREATE TABLE IF NOT EXISTS sparkify.songplays (
    songplay_id char(32)     NOT NULL,
    start_time  timestamp    NOT NULL,
    user_id     integer      NOT NULL,
    level       varchar(8),
    song_id     varchar(32),
    artist_id   varchar(32),
    session_id  integer      NOT NULL,
    location    varchar(256),
    user_agent  varchar(512),
    PRIMARY KEY (songplay_id),
    FOREIGN KEY (start_time) REFERENCES sparkify.time (start_time),
    FOREIGN KEY (user_id) REFERENCES sparkify.users (user_id),
    FOREIGN KEY (song_id) REFERENCES sparkify.songs (song_id),
    FOREIGN KEY (artist_id) REFERENCES sparkify.artists (artist_id)
)
DISTSTYLE KEY
DISTKEY (start_time)
COMPOUND SORTKEY (start_time);

DELETE FROM sparkify.songplays;

INSERT INTO sparkify.songplays (
    songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location,
    user_agent
)
WITH catalogue AS (
    -- One song for each title, artist and duration: a play is never doubled.
    SELECT
        song_id, artist_id, title, artist_name, duration,
        ROW_NUMBER() OVER (PARTITION BY title, artist_name, duration ORDER BY song_id) AS choice
    FROM staging_songs
)
SELECT
    MD5(e.session_id || '-' || e.item_in_session) AS songplay_id,
    TIMESTAMP 'epoch' + e.ts / 1000.0 * INTERVAL '1 second' AS start_time,
    CAST(e.user_id AS integer) AS user_id,
    e.level,
    c.song_id,
    c.artist_id,
    e.session_id,
    e.location,
    e.user_agent
FROM staging_events AS e
LEFT JOIN catalogue AS c
    ON c.title = e.song AND c.artist_name = e.artist AND c.duration = e.length AND c.choice = 1
WHERE e.page = 'NextSong';

COMMENT ON TABLE sparkify.songplays IS 'One row for each song played.';
COMMENT ON COLUMN sparkify.songplays.songplay_id IS 'The same play has the same id in every run.';
COMMENT ON COLUMN sparkify.songplays.level IS 'The user''s level when the song was played.';
COMMENT ON COLUMN sparkify.songplays.song_id IS 'NULL if the catalogue does not have the song.';

-- check: not_null: songplay_id, start_time, user_id
SELECT
    COUNT(*) OVER () AS failures,
    songplay_id, start_time, user_id
FROM sparkify.songplays
WHERE songplay_id IS NULL OR start_time IS NULL OR user_id IS NULL
LIMIT 5;

-- check: unique: songplay_id
SELECT COUNT(*) OVER () AS failures, doubled.*
FROM (
    SELECT songplay_id, COUNT(*) AS row_count
    FROM sparkify.songplays
    WHERE songplay_id IS NOT NULL
    GROUP BY songplay_id
    HAVING COUNT(*) > 1
) AS doubled
LIMIT 5;

-- check: relationships: user_id users.user_id
SELECT
    COUNT(*) OVER () AS failures,
    child.songplay_id, child.user_id
FROM sparkify.songplays AS child
LEFT JOIN sparkify.users AS parent
    ON child.user_id = parent.user_id
WHERE child.user_id IS NOT NULL AND parent.user_id IS NULL
LIMIT 5;

-- check: relationships: start_time time.start_time
SELECT
    COUNT(*) OVER () AS failures,
    child.songplay_id, child.start_time
FROM sparkify.songplays AS child
LEFT JOIN sparkify.time AS parent
    ON child.start_time = parent.start_time
WHERE child.start_time IS NOT NULL AND parent.start_time IS NULL
LIMIT 5;

INSERT INTO etlrun.steps (
    run, pipeline, step, number, status, columns_hash, sql_hash, inputs_hash, row_count, rejects, seconds, ended_at
)
VALUES (
    'RUN', 'sparkify', 'songplays', 1, 'done',
    'f25b731e9f4216cb', 'a39bab69d06ba92f', '59a99d915ddffd28',
    0 /* rows */, 0 /* rejects */, 0 /* seconds */, GETDATE()
);

COMMIT;

-- the end of the run; until then its lease is renewed by another session:
--   UPDATE etlrun.lease_sparkify
--   SET expires_at = DATEADD(second, 60, GETDATE()), session = 0 /* session */
--   WHERE run = 'RUN'
BEGIN;
LOCK etlrun.lease_sparkify, etlrun.runs;
UPDATE etlrun.runs
SET status = 'done', ended_at = GETDATE()
WHERE run = 'RUN';
DELETE FROM etlrun.lease_sparkify
WHERE run = 'RUN';
COMMIT;
