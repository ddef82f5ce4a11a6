"""The sparkify job as a careful person would write it for DuckDB by hand: the yardstick of every benchmark.

    python benchmarks/by_hand.py FOLDER DATABASE [SETTING=VALUE …]

`FOLDER` holds song_data/ and log_data/, `DATABASE` is a new file, the settings are DuckDB's. The job is that of
pipelines/sparkify.yaml: two typed staging tables, five star tables, and the same checks of what came out. The rows of
every table and the seconds of every part are printed as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

TABLES = ("staging_events", "staging_songs", "songplays", "users", "songs", "artists", "time")

_STAGING = """
CREATE TABLE staging_events (
    artist VARCHAR, auth VARCHAR, first_name VARCHAR, gender VARCHAR, item_in_session INTEGER, last_name VARCHAR,
    length DOUBLE, level VARCHAR, location VARCHAR, method VARCHAR, page VARCHAR, registration BIGINT,
    session_id INTEGER, song VARCHAR, status SMALLINT, ts BIGINT, user_agent VARCHAR, user_id VARCHAR
);
CREATE TABLE staging_songs (
    song_id VARCHAR, title VARCHAR, duration DOUBLE, year SMALLINT, artist_id VARCHAR, artist_name VARCHAR,
    artist_location VARCHAR, artist_latitude DOUBLE, artist_longitude DOUBLE
);
INSERT INTO staging_events
SELECT artist, auth, "firstName", gender, "itemInSession", "lastName", length, level, location, method, page,
       registration, "sessionId", song, status, ts, "userAgent", nullif("userId", '')
FROM read_json('{folder}/log_data/**/*.json', format = 'newline_delimited', columns = {{
    artist: 'VARCHAR', auth: 'VARCHAR', "firstName": 'VARCHAR', gender: 'VARCHAR', "itemInSession": 'INTEGER',
    "lastName": 'VARCHAR', length: 'DOUBLE', level: 'VARCHAR', location: 'VARCHAR', method: 'VARCHAR', page: 'VARCHAR',
    registration: 'DOUBLE', "sessionId": 'INTEGER', song: 'VARCHAR', status: 'SMALLINT', ts: 'BIGINT',
    "userAgent": 'VARCHAR', "userId": 'VARCHAR'
}});
INSERT INTO staging_songs
SELECT song_id, title, duration, year, artist_id, artist_name, nullif(artist_location, ''), artist_latitude,
       artist_longitude
FROM read_json('{folder}/song_data/**/*.json', format = 'newline_delimited', columns = {{
    song_id: 'VARCHAR', title: 'VARCHAR', duration: 'DOUBLE', year: 'SMALLINT', artist_id: 'VARCHAR',
    artist_name: 'VARCHAR', artist_location: 'VARCHAR', artist_latitude: 'DOUBLE', artist_longitude: 'DOUBLE'
}});
"""

_STAR = """
CREATE TABLE users (
    user_id INTEGER NOT NULL, first_name VARCHAR, last_name VARCHAR, gender VARCHAR, level VARCHAR
);
CREATE TABLE songs (
    song_id VARCHAR NOT NULL, title VARCHAR, artist_id VARCHAR, year SMALLINT, duration DOUBLE
);
CREATE TABLE artists (
    artist_id VARCHAR NOT NULL, name VARCHAR, location VARCHAR, latitude DOUBLE, longitude DOUBLE
);
CREATE TABLE time (
    start_time TIMESTAMP NOT NULL, hour SMALLINT NOT NULL, day SMALLINT NOT NULL, week SMALLINT NOT NULL,
    month SMALLINT NOT NULL, year SMALLINT NOT NULL, weekday SMALLINT NOT NULL
);
CREATE TABLE songplays (
    songplay_id VARCHAR NOT NULL, start_time TIMESTAMP NOT NULL, user_id INTEGER NOT NULL, level VARCHAR,
    song_id VARCHAR, artist_id VARCHAR, session_id INTEGER NOT NULL, location VARCHAR, user_agent VARCHAR
);
INSERT INTO users
SELECT user_id::INTEGER, first_name, last_name, gender, level
FROM staging_events
WHERE page = 'NextSong'
QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY ts DESC, session_id, item_in_session DESC) = 1;
INSERT INTO songs
SELECT song_id, title, artist_id, year, duration
FROM staging_songs
QUALIFY row_number() OVER (PARTITION BY song_id ORDER BY title, duration) = 1;
INSERT INTO artists
SELECT artist_id, artist_name, artist_location, artist_latitude, artist_longitude
FROM staging_songs
QUALIFY row_number() OVER (PARTITION BY artist_id ORDER BY year DESC, song_id) = 1;
INSERT INTO time
SELECT start_time, hour(start_time), day(start_time), week(start_time), month(start_time), year(start_time),
       dayofweek(start_time)
FROM (SELECT DISTINCT epoch_ms(ts) AS start_time FROM staging_events WHERE page = 'NextSong');
INSERT INTO songplays
SELECT md5(e.session_id || '-' || e.item_in_session), epoch_ms(e.ts), e.user_id::INTEGER, e.level, s.song_id,
       s.artist_id, e.session_id, e.location, e.user_agent
FROM staging_events e
LEFT JOIN (
    SELECT title, artist_name, duration, song_id, artist_id
    FROM staging_songs
    QUALIFY row_number() OVER (PARTITION BY title, artist_name, duration ORDER BY song_id) = 1
) s ON e.song = s.title AND e.artist = s.artist_name AND e.length = s.duration
WHERE e.page = 'NextSong';
"""

_CHECKS = {
    "songplays has no null": "FROM songplays WHERE songplay_id IS NULL OR start_time IS NULL OR user_id IS NULL",
    "songplay_id is unique": "FROM songplays GROUP BY songplay_id HAVING count(*) > 1",
    "songplays have their user": "FROM songplays ANTI JOIN users USING (user_id)",
    "songplays have their time": "FROM songplays ANTI JOIN time USING (start_time)",
    "user_id is unique": "FROM users GROUP BY user_id HAVING count(*) > 1",
    "users are free or paid": "FROM users WHERE level NOT IN ('free', 'paid')",
    "song_id is unique": "FROM songs GROUP BY song_id HAVING count(*) > 1",
    "artist_id is unique": "FROM artists GROUP BY artist_id HAVING count(*) > 1",
    "start_time is unique": "FROM time GROUP BY start_time HAVING count(*) > 1",
}


def main(folder: str, database: str, *settings: str) -> None:
    if Path(database).exists():
        raise SystemExit(f"{database} is there already: give a new file")
    seconds: dict[str, float] = {}
    with duckdb.connect(database) as connection:
        for setting in settings:
            connection.execute(f"SET {setting}")
        start = time.perf_counter()
        connection.execute(_STAGING.format(folder=folder.replace("'", "''")))
        seconds["staging"] = time.perf_counter() - start
        connection.execute(_STAR)
        seconds["star"] = time.perf_counter() - start - seconds["staging"]
        for name, rows in _CHECKS.items():
            if connection.execute(f"SELECT 1 {rows} LIMIT 1").fetchall():
                raise SystemExit(f"check failed: {name}")
        seconds["checks"] = time.perf_counter() - start - seconds["staging"] - seconds["star"]
        counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in TABLES}
    print(json.dumps({"rows": counts, "seconds": {part: round(value, 3) for part, value in seconds.items()}}))


if __name__ == "__main__":
    main(*sys.argv[1:])
