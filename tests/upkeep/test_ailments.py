import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.database import vitals
from frontdesk.database.connections import Database
from frontdesk.errors import ConflictError
from frontdesk.upkeep import ailments, examinations
from frontdesk.upkeep.findings import Finding
from tests import engines, places

HEALTHY = """
CREATE TABLE people (id DRAWN, name TEXT, town TEXT);
CREATE TABLE pets (id DRAWN, owner BIGINT REFERENCES people (id), name TEXT);
CREATE INDEX pets_owner ON pets (owner, name);
INSERT INTO people (name, town) VALUES ('Krish', 'Oslo'), ('Bob', 'Rome');
INSERT INTO pets (owner, name) VALUES (1, 'Rex'), (2, 'Kit');
"""
LOST = {
    "sqlite": "PRAGMA foreign_keys = OFF; UPDATE pets SET owner = 99 WHERE id = 2",
    "postgresql": "ALTER TABLE pets DISABLE TRIGGER ALL; UPDATE pets SET owner = 99 WHERE id = 2",
}


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    opened = places.opened(place, HEALTHY, "home")
    yield opened
    opened.close()


def also(database: Database, script: str) -> None:
    places.execute(database.place, script)


def found(database: Database, *words: str) -> list[Finding]:
    """The findings whose sentence holds all of these words."""
    listed = examinations.examine(database).findings
    assert [one.message for one in listed] == [one.message for one in by_level(ailments.find(database, 60))]
    return [one for one in listed if all(word in one.message for word in words)]


def by_level(listed: list[Finding]) -> list[Finding]:
    return sorted(listed, key=lambda one: examinations.LEVELS.index(one.level))


def names(database: Database) -> list[str]:
    return [index for one in found(database) for index in (one.mend or {}).get("drop_indexes", [])]


def test_a_healthy_database_has_nothing_to_mend_and_says_what_it_takes(database: Database) -> None:
    health = examinations.examine(database)
    assert (health.findings, health.left, health.checked, health.waits) == ([], [], True, [])
    assert {"people", "pets"} <= {one.table for one in health.sizes or ()}
    assert health.room.bytes > 8_000
    assert health.indexes >= 1


def test_rows_that_refer_to_nothing_are_named_by_their_keys(database: Database) -> None:
    also(database, LOST[database.dialect])
    (one,) = found(database, "refers to a row that people does not have")
    assert (one.level, one.table, one.keys) == ("warning", "pets", (2,))
    assert "(owner)" in one.message


def test_a_foreign_key_without_an_index_is_found_until_the_index_is_there(database: Database) -> None:
    also(database, "CREATE TABLE visits (id BIGINT PRIMARY KEY, pet BIGINT REFERENCES pets (id), day TEXT)")
    (one,) = found(database, "visits refers to pets by pet without an index")
    assert one.mend == {"add_indexes": [{"columns": ["pet"]}]}
    also(database, "CREATE INDEX day ON visits (day, pet)")
    assert found(database, "without an index"), "its first column is another one"
    also(database, "CREATE INDEX visits_pet ON visits (pet) WHERE day IS NOT NULL")
    assert found(database, "without an index"), "it holds some rows only"
    also(database, "CREATE INDEX visits_pet_2 ON visits (pet)")
    assert not found(database, "without an index")


def test_an_index_that_begins_another_is_needless_and_of_two_equal_ones_one_stays(database: Database) -> None:
    also(
        database,
        "CREATE INDEX a ON people (town); CREATE INDEX b ON people (town, name);"
        "CREATE INDEX c ON people (name); CREATE INDEX d ON people (name); CREATE INDEX e ON people (town DESC, name)",
    )
    needless = [one.message for one in found(database, "would not find")]
    assert len(needless) == 2
    assert "index a of people" in needless[0] and "index b" in needless[0]
    assert "index d of people" in needless[1] and "index c" in needless[1]


def test_a_unique_index_is_a_rule_and_never_needless(database: Database) -> None:
    also(database, "CREATE UNIQUE INDEX a ON people (town); CREATE INDEX b ON people (town, name)")
    assert "a" not in names(database)


def test_findings_of_one_database_come_worst_first(database: Database) -> None:
    also(database, "CREATE INDEX a ON people (town); CREATE INDEX b ON people (town, name)")
    also(database, LOST[database.dialect])
    levels = [one.level for one in found(database)]
    assert levels[0] == "warning" and set(levels[1:]) == {"note"}


def test_what_takes_too_long_is_left_and_named(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    many = "WITH RECURSIVE n (x) AS (SELECT 3 UNION ALL SELECT x + 1 FROM n WHERE x < 60000)"
    also(database, f"INSERT INTO pets (id, owner) {many} SELECT x, 1 FROM n")
    monkeypatch.setattr(examinations, "SECONDS", 0.001)
    assert "references" in examinations.examine(database).left


def test_a_second_check_is_refused_while_one_is_under_way(database: Database) -> None:
    with examinations._checking, pytest.raises(ConflictError, match="under way"):
        examinations.examine(database)
    assert examinations.examine(database).checked


@pytest.mark.parametrize("engine", ["sqlite"])
class TestOnSQLite:
    def test_a_damaged_page_is_an_error_of_the_check_and_the_page_stands(self, database: Database) -> None:
        also(database, "CREATE INDEX people_name ON people (name)")
        damage(database.path)
        assert examinations.glance(database).room.bytes
        one = examinations.examine(database).findings[0]
        assert one.level == "error"
        assert "backup" in one.hint

    def test_a_reference_to_no_key_is_told(self, database: Database) -> None:
        also(database, "CREATE TABLE odd (a REFERENCES people (town)); INSERT INTO odd VALUES ('Oslo')")
        (one,) = found(database, "references of odd cannot be looked at")
        assert one.level == "warning"

    def test_free_room_is_a_note(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ailments, "MUCH_FREE", 10_000)
        also(database, "CREATE TABLE big AS SELECT zeroblob(200000) AS b; DROP TABLE big")
        (one,) = found(database, "are free")
        assert "VACUUM" in one.hint

    def test_rows_without_a_number_are_counted_too(self, database: Database) -> None:
        also(
            database,
            "CREATE TABLE seats (a, b REFERENCES people (id), PRIMARY KEY (a, b)) WITHOUT ROWID;"
            "PRAGMA foreign_keys = OFF; INSERT INTO seats VALUES (1, 98), (2, 99)",
        )
        (one,) = found(database, "2 rows of seats refer to rows that people does not have")
        assert one.keys == ()

    def test_looking_changes_nothing(self, database: Database) -> None:
        kept = database.path.read_bytes()
        examinations.examine(database)
        assert database.path.read_bytes() == kept
        assert not database.path.with_name(f"{database.path.name}-wal").exists()


def damage(path: Path) -> None:
    """Overwrites the last page, which belongs to an index or a table."""
    with closing(sqlite3.connect(path)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(path.read_bytes())
    content[-size:] = b"\xff" * size
    path.write_bytes(content)


@pytest.mark.parametrize("engine", ["postgresql"])
class TestOnPostgreSQL:
    def test_an_index_that_nothing_used_is_a_note_and_one_of_a_reference_is_not(self, database: Database) -> None:
        also(database, "CREATE INDEX people_town ON people (town); CREATE INDEX more ON pets (owner)")
        (one,) = found(database, "has used", "people_town")
        assert one.mend == {"drop_indexes": ["people_town"]}
        assert not found(database, "has used", "pets_owner")

    def test_a_reference_that_was_not_validated_is_told_at_a_glance(self, database: Database) -> None:
        also(database, "ALTER TABLE pets ADD CONSTRAINT late FOREIGN KEY (owner) REFERENCES people NOT VALID")
        told = [one for one in examinations.glance(database).findings if "never held against" in one.message]
        assert "VALIDATE CONSTRAINT late" in told[0].hint

    def test_who_waits_for_whom_is_told(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        import psycopg

        monkeypatch.setattr(ailments, "LONG_WAIT", 0.0)
        url = str(database.place).replace("+psycopg", "")
        with psycopg.connect(url) as holder, psycopg.connect(url) as waiter:
            holder.execute("LOCK TABLE people")
            waiter.execute("SELECT 1")
            waiter.pgconn.send_query(b"SELECT * FROM people")
            wait, sessions = waited(database), [one.info.backend_pid for one in (waiter, holder)]
            holder.rollback()
            while waiter.pgconn.get_result() is not None:
                pass
        assert f"session {sessions[0]} " in wait.who
        assert wait.what == "people"
        assert f"session {sessions[1]} " in wait.holders[0]

    def test_tables_in_other_schemas_are_named_by_them(self, database: Database) -> None:
        also(database, "CREATE SCHEMA lab; CREATE TABLE lab.probes (id int PRIMARY KEY, pet bigint REFERENCES pets)")
        (one,) = found(database, "lab.probes refers to pets by pet")
        assert one.table == "lab.probes"
        assert ("pets",) in engines.query(database.place, "SELECT relname::text FROM pg_class WHERE relname = 'pets'")


def waited(database: Database) -> vitals.Wait:
    """The first session that waits, once one does."""
    for _ in range(1000):
        health = examinations.glance(database)
        if health.waits:
            assert any("has waited" in one.message for one in health.findings)
            return health.waits[0]
    raise AssertionError("nobody waits")
