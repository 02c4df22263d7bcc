"""Plans of queries on both engines: as a tree, and in plain words what costs."""

import re
from collections.abc import Callable

import pytest

from tests.tables.asking import Asking

SCRIPT = """
CREATE TABLE orders (id DRAWN, region TEXT, customer INTEGER, amount INTEGER);
CREATE TABLE customers (id DRAWN, name TEXT);
CREATE INDEX orders_customer ON orders (customer);
INSERT INTO orders (region, customer, amount) VALUES ('North', 1, 5), ('South', 2, 6), ('North', 1, 7);
INSERT INTO customers (name) VALUES ('a'), ('b');
"""


@pytest.fixture
def shop(asking: Callable[[str], Asking]) -> Asking:
    return asking(SCRIPT)


def test_a_table_that_is_read_whole_is_told_with_its_rows_and_what_no_index_serves(shop: Asking) -> None:
    told = " ".join(shop.sentences("SELECT * FROM orders WHERE region = 'North' -- amount > 3"))
    assert told.startswith("Reads all 3 rows of orders: no index ")
    assert "region = " in told
    assert "amount" not in told


def test_sorting_without_an_index_is_told(shop: Asking) -> None:
    told = shop.sentences("SELECT region FROM orders ORDER BY amount")
    assert any(one.startswith("Sorts what was found") for one in told)


def test_the_steps_stand_in_a_tree(shop: Asking) -> None:
    steps = shop.plan("SELECT amount FROM orders WHERE customer = (SELECT max(amount) FROM orders)")
    depth = [len(steps), max(len(one.steps) for one in steps)]
    assert max(depth) >= 1
    assert all(one.text for one in steps)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # PostgreSQL reads three rows faster than an index
def test_a_key_that_is_asked_for_costs_nothing(shop: Asking) -> None:
    assert shop.sentences("SELECT * FROM orders WHERE id = 1") == []
    (step,) = shop.plan("SELECT * FROM orders WHERE customer = :c", {"c": 1})
    assert step.sentence == "Finds rows of orders by the index orders_customer (customer = …)."


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("SELECT * FROM orders o JOIN customers c ON c.id = o.amount WHERE o.region LIKE 'N%'", "orders (o)"),
        ("SELECT * FROM orders WHERE region = 'x' ORDER BY id; -- done", "region ="),
        ("SELECT count(*) FROM customers", "all 2 rows of customers"),
    ],
)
def test_tables_are_told_by_their_own_names(shop: Asking, sql: str, sentence: str) -> None:
    assert sentence in " ".join(shop.sentences(sql))


def test_what_does_not_only_read_has_no_plan(shop: Asking) -> None:
    for sql in ("DELETE FROM orders", "SELECT 1; SELECT 2", "UPDATE orders SET amount = 1", ""):
        assert "sql" in shop.refused(lambda sql=sql: shop.plan(sql)).errors, sql  # type: ignore[misc]
    assert re.match("3", str(shop.read("SELECT count(*) FROM orders").rows[0][0]))
