"""psycopg against local Redshift on a port, where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from servers import Local

from engine.wire.sign_in import Account

psycopg = pytest.importorskip("psycopg", reason="needs psycopg, which is not installed")


def _connect(port: int, **options: Any) -> Any:
    return psycopg.connect(host="127.0.0.1", port=port, user="etl", password="secret", dbname="dev", **options)


@pytest.mark.parametrize("binary", [False, True])
def test_values_arrive_as_text_and_as_bytes(local: Callable[..., Local], binary: bool) -> None:
    sql = (
        "select 1, 1.50::numeric(10,2), -12345.678::numeric(10,3), date '2020-01-02', true, 'x', 0.1::float8, null, "
        "timestamp '2020-01-02 03:04:05.5', '2020-01-02 03:04:05+00'::timestamptz"
    )
    with _connect(local().port) as connection, connection.cursor(binary=binary) as cursor:
        assert cursor.execute(sql).fetchone() == (
            1, Decimal("1.50"), Decimal("-12345.678"), date(2020, 1, 2), True, "x", 0.1, None,
            datetime(2020, 1, 2, 3, 4, 5, 500000), datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
        )  # fmt: skip


def test_parameters_as_text_and_as_bytes(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        connection.execute("create table t (a int, b varchar(10), p decimal(10,2), d date, f float8)")
        row = (1, "it's", Decimal("-2.50"), date(2020, 1, 2), 0.1)
        connection.execute("insert into t values (%s, %s, %s, %s, %s)", row)
        connection.execute("insert into t values (%b, %b, %b, %b, %b)", row)
        found = connection.execute("select * from t where a = %s and b = %b and p < %s", (1, "it's", 0)).fetchall()
        assert found == [row, row]


def test_statements_are_prepared_and_forgotten(local: Callable[..., Local]) -> None:
    with _connect(local().port, autocommit=True, prepare_threshold=1) as connection:
        for number in range(150):
            assert connection.execute(f"select %s + {number}", (number,)).fetchone() == (2 * number,)


def test_many_rows_at_once(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection, connection.cursor() as cursor:
        cursor.execute("create table t (a int)")
        cursor.executemany("insert into t values (%s)", [(number,) for number in range(20)])
        assert cursor.rowcount == 20
        assert cursor.execute("select sum(a) from t").fetchone() == (190,)


def test_transactions_and_errors(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        connection.execute("create table t (a int)")
        connection.commit()
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("select * from nowhere")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("select 1")
        connection.rollback()
        assert connection.execute("select count(*) from t").fetchone() == (0,)


def test_sign_in_with_scram(local: Callable[..., Local]) -> None:
    served = local(account=Account("etl", "secret"))
    with _connect(served.port) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=served.port, user="etl", password="wrong", dbname="dev")


def test_rows_one_after_the_other(local: Callable[..., Local]) -> None:
    with _connect(local().port) as connection:
        connection.execute("create table t as select 1 as a union all select 2 union all select 3")
        assert sorted(row for row in connection.cursor().stream("select a from t")) == [(1,), (2,), (3,)]
