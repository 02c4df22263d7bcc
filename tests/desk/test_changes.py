import pytest

from frontdesk import context
from frontdesk.config import HistorySettings
from frontdesk.desk import Desk, changes
from frontdesk.errors import ConflictError, InputError
from frontdesk.history import capture
from tests.conftest import ADA

RUN = 7


def change_three_times(desk: Desk) -> None:
    with context.bind(run=RUN):
        connection = capture.connect("example", desk.folder)
        for key in (1, 2, 3):
            connection.execute("UPDATE employees SET age = 1 WHERE id = ?", [key])
            connection.commit()
        connection.close()


def ages(desk: Desk) -> list[int]:
    with desk.database("example").connect() as connection:
        return [age for (age,) in connection.exec_driver_sql("SELECT age FROM employees ORDER BY id")]


def test_every_change_of_a_run_is_undone_however_many_there_are(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", 2)
    change_three_times(desk)

    assert desk.changes.undo_run(RUN, ADA).undone == 3
    assert ages(desk) == [32, 25, 35]


def test_a_run_whose_undoing_was_undone_can_be_undone_again(desk: Desk) -> None:
    change_three_times(desk)
    for change in desk.changes.undo_run(RUN, ADA).changes:
        desk.changes.undo(change, ADA)
    assert ages(desk) == [1, 1, 1]

    assert desk.changes.undo_run(RUN, ADA).undone == 3
    assert ages(desk) == [32, 25, 35]


def test_a_run_over_two_databases_is_undone_in_both_or_in_neither(desk: Desk) -> None:
    change_three_times(desk)
    with context.bind(run=RUN):
        connection = capture.connect("second", desk.folder)
        connection.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY, a); INSERT INTO t VALUES (1, 1)")
        connection.execute("UPDATE t SET a = 2")
        connection.commit()
        connection.close()
    later = capture.connect("second", desk.folder)
    later.execute("UPDATE t SET a = 3")
    later.commit()
    desk._looked = float("-inf")

    with pytest.raises(ConflictError) as refused:
        desk.changes.undo_run(RUN, ADA)
    assert refused.value.refused
    assert ages(desk) == [1, 1, 1]

    later.execute("UPDATE t SET a = 2")
    later.commit()
    later.close()
    assert desk.changes.undo_run(RUN, ADA).undone == 5
    assert ages(desk) == [32, 25, 35]


def test_the_changes_of_all_databases_come_newest_first_page_by_page(desk: Desk) -> None:
    change_three_times(desk)
    connection = capture.connect("second", desk.folder)
    connection.executescript("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")
    for value in (1, 2):
        connection.execute("INSERT INTO t (a) VALUES (?)", [value])
        connection.commit()
        change_three_times(desk)
    connection.close()
    desk._looked = float("-inf")

    whole, end = desk.changes.search(size=100)
    assert end is None
    assert len(whole) == 11 and {one.database for one in whole} == {"example", "second"}
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
    paged, token = desk.changes.search(size=5)
    while token:
        more, token = desk.changes.search(size=5, token=token)
        paged += more
    assert [one.id for one in paged] == [one.id for one in whole]
    assert {one.database for one in desk.changes.search(database="second")[0]} == {"second"}
    assert len(desk.changes.search(operation="update", run=RUN)[0]) == 9
    assert desk.changes.search(user="nobody")[0] == []


@pytest.mark.parametrize("token", ["x", "example.3", "W10", "bnVsbA"])
def test_a_place_that_is_none_is_said(desk: Desk, token: str) -> None:
    with pytest.raises(InputError) as wrong:
        desk.changes.search(token=token)
    assert "_next" in wrong.value.errors


def test_what_the_settings_do_not_keep_is_forgotten_and_a_log_line_says_so(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    change_without_a_run(desk)
    caplog.set_level("INFO", "frontdesk.desk.changes")
    assert desk.changes.purge(HistorySettings())
    assert not desk.changes.cuts()
    assert desk.changes.purge(HistorySettings(keep_changes=2), seconds=60)
    assert "example: older changes not kept, as [history] says: 1" in caplog.text
    assert [cut.database for cut in desk.changes.cuts()] == ["example"]
    assert len(desk.changes.search()[0]) == 2


def change_without_a_run(desk: Desk) -> None:
    connection = capture.connect("example", desk.folder)
    for age in (50, 51, 52):
        connection.execute("UPDATE employees SET age = ?", [age])
        connection.commit()
    connection.close()
