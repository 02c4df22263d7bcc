"""What is wrong with typed SQL: where it is, and which names are like the one that is not there, on both engines."""

from collections.abc import Callable

import pytest

from frontdesk.errors import StatementError
from tests.tables.asking import Asking

SCRIPT = """
CREATE TABLE sales (id DRAWN, region TEXT, amount INTEGER);
CREATE TABLE "Order Lines" (id DRAWN, price INTEGER);
"""


@pytest.fixture
def shop(asking: Callable[[str], Asking]) -> Asking:
    return asking(SCRIPT)


@pytest.mark.parametrize(
    ("sql", "line", "column", "near"),
    [
        ("SELECT id,\n  regoin\nFROM sales", 2, 3, ["region"]),
        ("SELECT s.regoin FROM sales s", 1, None, ["region"]),
        ("SELECT 'regoin', regoin FROM sales", 1, 18, ["region"]),
        ("-- é regoin\nSELECT regoin FROM sales", 2, 8, ["region"]),
        ("SELECT * FROM slaes", 1, 15, ["sales"]),
        ("SELECT uper(region) FROM sales", 1, 8, ["upper"]),
        ("SELECT *\nFORM sales", 2, None, ["FROM"]),
        ("SELECT * FROM sales WHER id = 1", 1, None, ["WHERE"]),
        ("SELECT * FROM sales WHERE id = = 1", 1, 34, []),
        ("SELECT 1;\nSELECT 2;\n  SELECT regoin FROM sales", 3, 10, ["region"]),
        ("SELECT * FROM sales WHERE amount > :least AND regoin = 'x'", 1, 47, ["region"]),
    ],
)
def test_the_place_is_told_with_names_that_are_like_it(
    shop: Asking, sql: str, line: int, column: int | None, near: list[str]
) -> None:
    error = shop.refused(lambda: shop.read(sql, {"least": 1}))
    assert isinstance(error, StatementError), error.message
    assert error.line == line
    assert column in {None, error.column} or sql.endswith("= = 1")
    assert error.near == near
    assert (f"Did you mean {near[0]}?" in error.message) if near else ("mean" not in error.message)
    assert error.errors["sql"] == error.message


def test_charts_and_plans_tell_it_too(shop: Asking) -> None:
    for ask in (shop.plan, shop.draw):
        error = shop.refused(lambda ask=ask: ask("SELECT regoin FROM sales"))  # type: ignore[misc]
        assert isinstance(error, StatementError)
        assert error.near == ["region"]


@pytest.mark.parametrize("sql", ["SELECT (1", "SELECT 'a", "SELECT 1 +", "SELECT nosuch.zzzz FROM sales", "€"])
def test_what_is_not_complete_or_like_nothing_is_told_without_a_guess(shop: Asking, sql: str) -> None:
    error = shop.refused(lambda: shop.read(sql))
    assert error.message.endswith(".")


def test_several_statements_give_each_its_answer(shop: Asking) -> None:
    found = shop.all("SELECT 1 AS a; /* ; */ SELECT ';' AS b -- c;\n; SELECT :x AS c;", {"x": "y"})
    assert [answer.columns for _, answer in found] == [["a"], ["b"], ["c"]]
    assert [answer.rows[0][0] for _, answer in found] == [1, ";", "y"]


def test_of_several_statements_none_writes(shop: Asking) -> None:
    for sql in (
        "SELECT 1; DELETE FROM sales",
        "SELECT 1; CREATE TABLE pwned (a INTEGER); SELECT 2",
        "SELECT 1; COMMIT",
    ):
        assert "authorized" in shop.refused(lambda sql=sql: shop.read(sql)).message  # type: ignore[misc]
    assert "20 statements" in shop.refused(lambda: shop.read("SELECT 1;" * 21)).message
