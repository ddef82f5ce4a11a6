"""SQLAlchemy with sqlalchemy-redshift, and pandas, against local Redshift on a port."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from servers import Local

pytest.importorskip("sqlalchemy_redshift", reason="needs sqlalchemy-redshift, which is not installed")
pd = pytest.importorskip("pandas", reason="needs pandas, which is not installed")
sa = pytest.importorskip("sqlalchemy")

# The dialect itself warns of what SQLAlchemy calls old.
pytestmark = pytest.mark.filterwarnings("ignore")

_TABLES = """
    CREATE SCHEMA shop;
    CREATE TABLE shop.customers (id integer PRIMARY KEY, name varchar(40) DEFAULT 'nobody', email varchar(90) UNIQUE);
    CREATE TABLE shop.orders (
        id bigint IDENTITY(1,1) PRIMARY KEY, customer_id integer REFERENCES shop.customers (id), amount decimal(12,2),
        placed timestamptz, tags super
    ) DISTKEY (customer_id) COMPOUND SORTKEY (placed, id);
    COMMENT ON TABLE shop.orders IS 'what was bought';
    COMMENT ON COLUMN shop.orders.amount IS 'in euro';
    CREATE VIEW shop.big AS SELECT id, amount FROM shop.orders WHERE amount > 100;
    CREATE VIEW shop.late AS SELECT amount, id FROM shop.orders WITH NO SCHEMA BINDING;
"""


@pytest.fixture
def engine(local: Callable[..., Local]) -> Iterator[Any]:
    served = local()
    session = served.database.session()
    for sql in _TABLES.split(";")[:-1]:
        session.execute(sql)
    session.close()
    made = sa.create_engine(
        f"redshift+redshift_connector://me:any@127.0.0.1:{served.port}/dev", connect_args={"ssl": False}
    )
    yield made
    made.dispose()


def test_inspector_lists(engine: Any) -> None:
    inspector = sa.inspect(engine)
    assert set(inspector.get_schema_names()) == {"information_schema", "public", "shop"}
    assert sorted(inspector.get_table_names("shop")) == ["customers", "orders"]
    assert sorted(inspector.get_view_names("shop")) == ["big", "late"]
    assert inspector.get_table_names() == []
    assert (inspector.has_table("orders", "shop"), inspector.has_table("nothing", "shop")) == (True, False)
    assert inspector.get_view_definition("big", "shop") == "SELECT id, amount FROM shop.orders WHERE amount > 100"


def test_inspector_columns(engine: Any) -> None:
    columns = {column["name"]: column for column in sa.inspect(engine).get_columns("orders", "shop")}
    assert {name: str(column["type"]) for name, column in columns.items()} == {
        "id": "BIGINT", "customer_id": "INTEGER", "amount": "NUMERIC(12, 2)", "placed": "TIMESTAMPTZ",
        "tags": "SUPER",
    }  # fmt: skip
    assert [name for name, column in columns.items() if not column["nullable"]] == ["id"]
    assert columns["amount"]["comment"] == "in euro"
    assert columns["id"]["default"].startswith('"identity"(')
    late = sa.inspect(engine).get_columns("late", "shop")
    assert {column["name"]: str(column["type"]) for column in late} == {"id": "BIGINT", "amount": "NUMERIC(12, 2)"}


def test_inspector_keys(engine: Any) -> None:
    inspector = sa.inspect(engine)
    assert inspector.get_pk_constraint("orders", "shop")["constrained_columns"] == ["id"]
    (key,) = inspector.get_foreign_keys("orders", "shop")
    assert (key["constrained_columns"], key["referred_schema"], key["referred_table"], key["referred_columns"]) == (
        ["customer_id"], "shop", "customers", ["id"],
    )  # fmt: skip
    (unique,) = inspector.get_unique_constraints("customers", "shop")
    assert (unique["name"], unique["column_names"]) == ("customers_email_key", ["email"])
    assert inspector.get_indexes("orders", "shop") == []
    assert inspector.get_check_constraints("orders", "shop") == []
    assert inspector.get_table_comment("orders", "shop") == {"text": "what was bought"}
    options = inspector.get_table_options("orders", "shop")
    assert (options["redshift_distkey"], options["redshift_sortkey"]) == ("customer_id", ("placed", "id"))


def test_reflected_table_is_written_and_read(engine: Any) -> None:
    customers = sa.Table("customers", sa.MetaData(), schema="shop", autoload_with=engine)
    with engine.begin() as connection:
        connection.execute(customers.insert(), [{"id": 1, "name": "Åsa"}, {"id": 2, "name": None}])
        connection.execute(customers.update().where(customers.c.id == 2).values(name="100%"))
    with engine.connect() as connection:
        found = connection.execute(sa.select(customers.c.id, customers.c.name).order_by(customers.c.id)).all()
    assert [tuple(row) for row in found] == [(1, "Åsa"), (2, "100%")]


def test_created_table(engine: Any) -> None:
    made = sa.MetaData(schema="shop")
    table = sa.Table(
        "made", made, sa.Column("id", sa.Integer, primary_key=True), sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("at", sa.DateTime), redshift_distkey="id", redshift_sortkey=["id"],
    )  # fmt: skip
    made.create_all(engine)
    moment = datetime(2024, 1, 2, 3, 4, 5)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": 1, "price": Decimal("1.50"), "at": moment}])
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(table.select())] == [(1, Decimal("1.50"), moment)]
    made.drop_all(engine)
    assert not sa.inspect(engine).has_table("made", "shop")


def test_pandas_reads(engine: Any) -> None:
    sql = "SELECT 1 AS a, 'x' AS b, CAST(NULL AS integer) AS c UNION ALL SELECT 2, NULL, 3 ORDER BY 1"
    frame = pd.read_sql(sa.text(sql), engine)
    assert list(frame.columns) == ["a", "b", "c"]
    assert frame["a"].tolist() == [1, 2]
    assert frame["b"].isna().tolist() == [False, True]
    assert frame["c"].fillna(0).tolist() == [0, 3]
