"""Several sessions over one database at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine.storage import Storage
from engine.warehouses.local.session import LocalDatabase, open_database


def work(database: LocalDatabase, number: int) -> int:
    session = database.session()
    for turn in range(5):
        with session.transaction():
            session.execute(f"create table t{number}_{turn} (id int identity(1, 1), a varchar(10))")
            session.execute(f"insert into t{number}_{turn} (a) values ('x'), ('y')")
            session.execute(f"create temp table scratch as select * from t{number}_{turn}")
            session.execute(f"insert into t{number}_{turn} (a) select a from scratch")
            session.execute("drop table scratch")
            if turn:
                session.execute(f"drop table t{number}_{turn - 1}")
    count = session.execute(f"select count(*) from t{number}_4").rows[0][0]
    session.close()
    return int(count)


def test_sessions_in_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    database = open_database(tmp_path / "x.duckdb", Storage())
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda number: work(database, number), range(4))) == [4] * 4
    session = database.session()
    tables = session.execute("select table_name from information_schema.tables order by 1").rows
    assert [row[0] for row in tables] == [f"t{number}_4" for number in range(4)]
    session.close()
    database.close()
