"""The catalogs that clients ask: numbers of relations, keys, columns, views, and what PostgreSQL writes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.errors import WarehouseError
from engine.storage import Storage
from engine.warehouses.local.session import LocalSession, open_database

_TABLES = (
    "CREATE SCHEMA shop",
    """CREATE TABLE shop.customers (
        id integer NOT NULL, name varchar(40) DEFAULT 'nobody', email varchar(100) ENCODE zstd, PRIMARY KEY (id),
        UNIQUE (email)
    ) DISTSTYLE ALL""",
    """CREATE TABLE shop.orders (
        id bigint IDENTITY(5,2), customer_id integer REFERENCES shop.customers, amount decimal(12,2),
        "Two Words" char(3) ENCODE raw, PRIMARY KEY (id, customer_id)
    ) DISTKEY (customer_id) SORTKEY (id)""",
    "COMMENT ON TABLE shop.customers IS $$Who 'buys'$$",
    "COMMENT ON COLUMN shop.customers.email IS 'how to reach them'",
    "CREATE VIEW shop.big AS SELECT id, amount FROM shop.orders WHERE amount > 100",
    "CREATE VIEW shop.late AS SELECT amount, id FROM shop.orders WITH NO SCHEMA BINDING",
)


@pytest.fixture
def shop() -> Iterator[LocalSession]:
    database = open_database(None, Storage(()))
    session = database.session()
    for sql in _TABLES:
        session.execute(sql)
    yield session
    database.close()


def rows(session: LocalSession, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(sql).rows]


def test_columns_of_a_table(shop: LocalSession) -> None:
    found = rows(
        shop,
        "SELECT attname, pg_catalog.format_type(atttypid, atttypmod), attnotnull, atthasdef, "
        "format_encoding(attencodingtype::integer), attisdistkey, attsortkeyord "
        "FROM pg_catalog.pg_attribute WHERE attrelid = 'shop.orders'::regclass::oid AND attnum > 0 ORDER BY attnum",
    )
    assert found == [
        ("id", "bigint", True, True, "none", False, 1),
        ("customer_id", "integer", True, False, "none", True, 0),
        ("amount", "numeric(12,2)", False, False, "none", False, 0),
        ("two words", "character(3)", False, False, "none", False, 0),
    ]


def test_defaults_comments_and_encodings(shop: LocalSession) -> None:
    assert rows(
        shop,
        "SELECT a.attname, pg_get_expr(d.adbin, d.adrelid), format_encoding(a.attencodingtype), "
        "col_description(a.attrelid, a.attnum), obj_description(a.attrelid) "
        "FROM pg_attribute a LEFT JOIN pg_attrdef d ON (a.attrelid, a.attnum) = (d.adrelid, d.adnum) "
        "WHERE a.attrelid = 'shop.customers'::regclass ORDER BY a.attnum",
    ) == [
        ("id", None, "none", None, "Who 'buys'"),
        ("name", "'nobody'", "none", None, "Who 'buys'"),
        ("email", None, "zstd", "how to reach them", "Who 'buys'"),
    ]
    assert rows(shop, "SELECT adsrc LIKE '\"identity\"(%, 0, ''5,2''::text)' FROM pg_attrdef WHERE adnum = 1") == [
        (True,)
    ]


def test_keys(shop: LocalSession) -> None:
    assert rows(
        shop,
        "SELECT conname, contype, conkey, confkey, pg_catalog.pg_get_constraintdef(k.oid, true), confrelid::regclass "
        "FROM pg_constraint k ORDER BY conname",
    ) == [
        ("customers_email_key", "u", [3], None, "UNIQUE (email)", None),
        ("customers_pkey", "p", [1], None, "PRIMARY KEY (id)", None),
        (
            "orders_customer_id_fkey", "f", [2], [1], "FOREIGN KEY (customer_id) REFERENCES shop.customers(id)",
            "shop.customers",
        ),
        ("orders_pkey", "p", [1, 2], None, "PRIMARY KEY (id, customer_id)", None),
    ]  # fmt: skip
    shop.execute("SET search_path TO shop")
    assert rows(shop, "SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE contype = 'f'") == [
        ("FOREIGN KEY (customer_id) REFERENCES customers(id)",)
    ]


def test_columns_of_keys_by_number(shop: LocalSession) -> None:
    by_any = (
        "SELECT c.conname, a.attname FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid "
        "AND a.attnum = ANY(c.conkey) WHERE c.contype = 'p' ORDER BY 1, a.attnum"
    )
    by_step = (
        "SELECT c.conname, a.attname FROM pg_constraint c, pg_attribute a, pg_catalog.generate_series(1, 4) AS k(n) "
        "WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[k.n] AND c.contype = 'p' ORDER BY 1, k.n"
    )
    by_index = (
        "SELECT ci.relname, a.attname FROM pg_index i JOIN pg_class ci ON ci.oid = i.indexrelid "
        "JOIN pg_attribute a ON a.attrelid = ci.oid WHERE i.indisprimary ORDER BY 1, a.attnum"
    )
    expected = [("customers_pkey", "id"), ("orders_pkey", "id"), ("orders_pkey", "customer_id")]
    assert rows(shop, by_any) == rows(shop, by_step) == rows(shop, by_index) == expected


def test_a_foreign_key_depends_on_the_key_that_it_names(shop: LocalSession) -> None:
    assert rows(
        shop,
        "SELECT k.conname, i.relname FROM pg_depend d JOIN pg_constraint k ON k.oid = d.objid JOIN pg_class i "
        "ON i.oid = d.refobjid WHERE d.classid = 'pg_constraint'::regclass AND d.refclassid = 'pg_class'::regclass",
    ) == [("orders_customer_id_fkey", "customers_pkey")]


def test_views(shop: LocalSession) -> None:
    assert rows(shop, "SELECT viewname FROM pg_views WHERE schemaname = 'shop' ORDER BY 1") == [("big",), ("late",)]
    found = rows(shop, "SELECT TRIM(TRAILING ';' FROM pg_get_viewdef('shop.big'::regclass::oid, true))")
    assert found == [("SELECT id, amount FROM shop.orders WHERE amount > 100",)]
    assert rows(
        shop,
        "SELECT r.relname, t.relname, d.deptype FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid JOIN pg_class r "
        "ON r.oid = w.ev_class JOIN pg_class t ON t.oid = d.refobjid ORDER BY 1, 2",
    ) == [("big", "big", "i"), ("big", "orders", "n"), ("late", "late", "i")]


def test_columns_of_late_binding_views(shop: LocalSession) -> None:
    asked = (
        "SELECT * FROM pg_get_late_binding_view_cols() cols(view_schema name, view_name name, col_name name, "
        "col_type varchar, col_num int) ORDER BY col_num"
    )
    assert rows(shop, asked) == [
        ("shop", "late", "amount", "numeric(12,2)", 1),
        ("shop", "late", "id", "bigint", 2),
    ]
    assert rows(shop, "SELECT COUNT(*) FROM pg_attribute WHERE attrelid = 'shop.late'::regclass") == [(0,)]
    shop.execute("DROP TABLE shop.orders CASCADE")
    assert rows(shop, asked) == []


def test_names_of_relations_and_types(shop: LocalSession) -> None:
    assert rows(shop, "SELECT 'pg_class'::regclass::oid, 1043::regtype, current_schemas(true)") == [
        (1259, "character varying", ["pg_catalog", "public"])
    ]
    assert rows(shop, "SELECT pg_table_is_visible(c.oid) FROM pg_class c WHERE relname = 'orders'") == [(False,)]
    with pytest.raises(WarehouseError, match=r'relation "shop\.nothing" does not exist'):
        shop.execute("SELECT 'shop.nothing'::regclass")
    with pytest.raises(WarehouseError, match="not supported locally: regclass"):
        shop.execute("SELECT nspname::regclass FROM pg_namespace")


def test_functions_in_from(shop: LocalSession) -> None:
    assert rows(shop, "SELECT current_database AS c FROM current_database()") == [("dev",)]
    with pytest.raises(WarehouseError, match="does not exist"):
        shop.execute("SELECT * FROM getdate()")


def test_operators_by_their_full_names(shop: LocalSession) -> None:
    asked = "SELECT relname FROM pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(orders)$' AND relkind = 'r'"
    assert rows(shop, asked) == [("orders",)]
    assert rows(shop, "SELECT ((2 OPERATOR(pg_catalog.*) 3) + 1)") == [(7,)]
    with pytest.raises(WarehouseError, match="syntax error"):
        shop.execute("SELECT 1 OPERATOR(pg_catalog.nothing) 2")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ARRAY[1, 2]",
        "SELECT ARRAY[id] FROM shop.orders",
        "SELECT 1 FROM shop.orders WHERE id = ANY(customer_id)",
    ],
)
def test_arrays_are_refused_outside_of_catalogs(shop: LocalSession, sql: str) -> None:
    with pytest.raises(WarehouseError, match="not supported") as caught:
        shop.execute(sql)
    assert caught.value.sqlstate == "0A000"


def test_arrays_go_into_no_table(shop: LocalSession) -> None:
    with pytest.raises(WarehouseError, match='Column "conkey" has unsupported type'):
        shop.execute("CREATE TABLE keys AS SELECT conkey FROM pg_constraint")


def test_arrays_in_queries_of_catalogs(shop: LocalSession) -> None:
    asked = "SELECT relname FROM pg_class WHERE relkind = ANY (ARRAY['r', 'm']) ORDER BY 1"
    assert rows(shop, asked) == [("customers",), ("orders",)]
    assert rows(shop, "SELECT array_to_string(conkey, ' ') FROM pg_constraint WHERE conname = 'orders_pkey'") == [
        ("1 2",)
    ]


def test_where_takes_aliases_of_the_select_list(shop: LocalSession) -> None:
    asked = "SELECT n.nspname AS schema, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    assert len(rows(shop, f"{asked} WHERE 1 AND schema = 'shop' AND c.relkind = 'r'")) == 2
    with pytest.raises(WarehouseError, match='column "total" does not exist'):
        shop.execute("SELECT SUM(amount) AS total FROM shop.orders WHERE total > 1")


def test_null_beside_values_in_unions(shop: LocalSession) -> None:
    outcome = shop.execute("SELECT true AS a UNION SELECT null UNION SELECT false ORDER BY 1")
    assert (outcome.columns[0].type, list(outcome.rows)) == ("boolean", [(False,), (True,), (None,)])


def test_a_view_follows_a_table_with_a_new_name(shop: LocalSession) -> None:
    shop.execute("SET search_path TO shop")
    shop.execute("CREATE VIEW pairs AS SELECT orders.id, o.amount FROM orders JOIN shop.orders o ON o.id = orders.id")
    shop.execute("INSERT INTO orders (customer_id, amount) VALUES (1, 500)")
    shop.execute("ALTER TABLE orders RENAME TO old_orders")
    shop.execute("CREATE TABLE orders (id integer, amount integer)")
    assert rows(shop, "SELECT * FROM pairs UNION ALL SELECT * FROM big") == [(5, 500), (5, 500)]
    with pytest.raises(WarehouseError, match="other objects depend on it"):
        shop.execute("DROP TABLE old_orders")
    shop.execute("DROP TABLE old_orders CASCADE")
    assert rows(shop, "SELECT viewname FROM pg_views WHERE schemaname = 'shop'") == [("late",)]
