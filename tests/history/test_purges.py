from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from frontdesk import context
from frontdesk.context import Caller
from frontdesk.database import schema, steps, values
from frontdesk.database.connections import Database
from frontdesk.errors import NotFoundError
from frontdesk.history import changes, entries, purges, undo
from frontdesk.tables import alterations, imports, past, rows, sources
from frontdesk.tables.keys import KeyText
from tests import engines, places

ADA = Caller("ada", "admin")
ONE = KeyText(("1",), "1")
SCRIPT = """
CREATE TABLE people (id DRAWN, name TEXT);
CREATE TABLE pets (id DRAWN, owner BIGINT REFERENCES people (id) ON DELETE CASCADE, name TEXT);
INSERT INTO people (name) VALUES ('Krish'), ('Bob');
INSERT INTO pets (owner, name) VALUES (1, 'Rex'), (1, 'Tom'), (2, 'Kit');
"""


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    opened = places.opened(place, SCRIPT, "home")
    yield opened
    opened.close()


def rename(database: Database, *names: str) -> None:
    for name in names:
        rows.update(database, "people", ONE, {"name": name}, ADA)


def kept(database: Database) -> list[int]:
    return [change.number for change in changes.search(database, size=1000).changes]


def purge(database: Database, *, days: int = 0, keep: int = 0) -> int:
    gone, done = purges.purge(database, days=days, changes=keep, seconds=60)
    assert done
    return gone


def count(database: Database, table: sa.Table) -> int:
    with database.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def age(database: Database, days: int) -> None:
    """Makes all changes look older."""
    listed = entries.changes
    with database.transaction() as connection:
        connection.execute(sa.update(listed).values(at=values.now() - timedelta(days=days)))


def test_everything_is_kept_where_nothing_is_set(database: Database) -> None:
    assert purge(database) == 0
    rename(database, "a", "b")
    age(database, 4000)
    assert (purge(database), len(kept(database)), purges.latest(database)) == (0, 2, None)


def test_only_the_newest_changes_are_kept_and_their_undo_works(database: Database) -> None:
    rename(database, *"abcdefgh")
    newest = kept(database)
    assert purge(database, keep=3) == 5
    assert kept(database) == newest[:3]
    assert count(database, entries.rows) == 3
    undo.undo(database, newest[:3], ADA)
    assert engines.rows(database, "people")[0][1] == "e"


def test_changes_older_than_so_many_days_go_and_the_history_says_where_it_begins(database: Database) -> None:
    rename(database, *"abc")
    age(database, 40)
    rename(database, "d")
    assert purge(database, days=50) == 0
    assert purge(database, days=30) == 3
    assert [one.row.after["name"] for one in changes.search(database).changes if one.row and one.row.after] == ["d"]
    cut = purges.latest(database)
    assert cut is not None
    assert values.now() - cut.at > timedelta(days=39)
    assert purge(database, days=30) == 0


def test_the_newest_change_stays_so_that_no_number_is_given_twice(database: Database) -> None:
    rename(database, *"abc")
    age(database, 40)
    (newest, *_) = kept(database)
    purge(database, days=30)
    assert kept(database) == [newest]
    rename(database, "d")
    assert kept(database)[0] > newest


def test_what_was_done_together_stays_together(database: Database) -> None:
    rename(database, *"abc")
    rows.delete(database, "people", ONE, ADA)  # and both of its pets
    together = kept(database)[:2]
    purge(database, keep=1)
    assert kept(database) == together
    undo.undo(database, together, ADA)
    assert len(engines.rows(database, "pets")) == 3


def test_a_run_of_which_a_change_stays_is_kept_whole(database: Database) -> None:
    rename(database, "a", "b")
    with context.bind(run=7):
        rename(database, "c", "d")
    assert purge(database, keep=1) == 2
    assert len(changes.search(database, run=7).changes) == 2


def test_an_undo_that_is_kept_keeps_what_it_undid_and_can_be_undone(database: Database) -> None:
    rename(database, "a", "b", "c")
    (newest, *_) = kept(database)
    undo.undo(database, [newest], ADA)
    assert purge(database, keep=1) == 2
    assert len(kept(database)) == 2
    undo.undo(database, [kept(database)[0]], ADA)
    assert engines.rows(database, "people")[0][1] == "c"


def test_tables_kept_for_an_undo_go_with_the_change_that_deleted_them(database: Database) -> None:
    alterations.delete(database, "pets", ADA)
    rename(database, "a")
    purge(database, keep=2)
    assert hidden(database), "its undo is kept"
    rename(database, "b", "c")
    alterations.alter(database, "people", {"drop": ["name"]}, ADA)
    (dropped, *_) = kept(database)
    purge(database, keep=1)
    assert len(hidden(database)) == 1
    undo.undo(database, [dropped], ADA)
    assert engines.rows(database, "people")[0][1] == "c"


def hidden(database: Database) -> list[str]:
    with database.connect() as connection:
        return schema.names(connection, steps.KEPT)


def test_loads_are_forgotten_and_their_rows_stay(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text("id,name\n11,Ann\n12,Bea\n", "utf-8")
    imports.load(database, sources.open(file), "people", ADA, imports.Wish())
    rename(database, "a", "b")
    purge(database, keep=1)
    assert count(database, entries.blocks) == 0
    assert len(engines.rows(database, "people")) == 4


def test_it_ends_when_its_time_is_over_and_goes_on_the_next_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purges, "CHANGES", 2)
    rename(database, *"abcdefg")
    gone, done = purges.purge(database, days=0, changes=1, seconds=0)
    assert (gone, done) == (2, False)
    assert purge(database, keep=1) == 4
    assert count(database, entries.rows) == 1


def test_a_change_that_was_not_kept_says_so(database: Database) -> None:
    rename(database, "a", "b")
    (_, first) = kept(database)
    purge(database, keep=1)
    for ask in (lambda: changes.find(database, first), lambda: undo.undo(database, [first], ADA)):
        with pytest.raises(NotFoundError, match=rf"home\.{first} was not kept"):
            ask()
    with pytest.raises(NotFoundError, match=r"There is no change home\.99"):
        changes.find(database, 99)


def test_a_row_before_the_history_begins_is_not_guessed(database: Database) -> None:
    before = values.now().isoformat()
    rename(database, "a", "b", "c")
    assert (past.find(database, "people", ONE, before).then or {})["name"] == "Krish"
    purge(database, keep=1)
    with pytest.raises(NotFoundError, match="older changes were not kept"):
        past.find(database, "people", ONE, before)
    assert (past.find(database, "people", ONE, values.now().isoformat()).then or {})["name"] == "c"
