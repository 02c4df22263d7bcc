import sqlite3
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from frontdesk.desk import Desk
from frontdesk.errors import Error, InputError, StatementError
from frontdesk.tables import parameters, queries
from tests.conftest import ADA
from tests.tables.asking import Asking


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT :a, :b, :a", ["a", "b"]),
        ("SELECT ':no', \":no\", `:no`, [:no] -- :no\n, /* :no */ :yes", ["yes"]),
        ("SELECT 'it''s :no' || :yes", ["yes"]),
        ("SELECT $x + @y", ["x", "y"]),
        ("SELECT 'never closed :no", []),
        ("SELECT a FROM t WHERE b > :größe", ["größe"]),
    ],
)
def test_parameters_are_found_outside_texts_names_and_comments(sql: str, names: list[str]) -> None:
    assert parameters.find(sql) == names


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30), ("-1.5", -1.5), ("02134", "02134"), ("", ""), ("1e3", "1e3"), ("9" * 20, "9" * 20)]
)
def test_a_typed_value_is_a_number_only_where_nothing_is_lost(text: str, value: object) -> None:
    assert parameters.typed(text) == value
    assert type(parameters.typed(text)) is type(value)


@pytest.mark.parametrize(
    ("sql", "column"),
    [
        ("SELECT * FROM t WHERE id = ?", 28),
        ("SELECT '?', \"id\" FROM t WHERE id IN (?, ?) -- ?", 38),
        ("SELECT * FROM t LIMIT ?", 23),
    ],
)
def test_a_question_mark_for_a_parameter_is_shown_how_it_is_written(
    asking: Callable[[str], Asking], sql: str, column: int
) -> None:
    asked = asking("CREATE TABLE t (id integer)")
    refused = asked.refused(lambda: asked.read(sql))
    assert refused.message == "Write a parameter as :name, such as WHERE id = :id, not as ?."
    assert isinstance(refused, StatementError)
    assert (refused.line, refused.column) == (1, column)


class Killed:
    """A pool whose worker is killed right after it has carried out what it was asked."""

    def submit(self, function: Callable[..., Any], *arguments: Any, **_: Any) -> "Future[Any]":
        task: Future[Any] = Future()
        with suppress(Error):
            function(*arguments)
        task.set_exception(CancelledError())
        return task


def test_what_was_written_is_told_even_where_the_worker_was_killed_right_after(folder: Path, desk: Desk) -> None:
    place = desk.database("example")
    stopped = queries.Queries(desk.config, desk.state, Killed())  # type: ignore[arg-type]
    done = stopped.write(place, "UPDATE employees SET age = 1", {}, ADA, trial=False)
    assert done.changes == ["example.1"]
    for sql, trial in (("UPDATE employees SET age = 2", True), ("SELECT 1", False), ("DELETE FROM nosuch", False)):
        with pytest.raises(InputError, match="stopped by ada"):
            stopped.write(place, sql, {}, ADA, trial=trial)
    with closing(sqlite3.connect(folder / "example.db")) as connection:
        assert connection.execute("SELECT DISTINCT age FROM employees").fetchall() == [(1,)]
