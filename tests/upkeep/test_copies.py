"""A database carried from SQLite to PostgreSQL and back."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk import errors
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.history import changes, purges, undo
from frontdesk.tables import alterations, imports, rows, sources, structure
from frontdesk.tables.imports import Wish
from frontdesk.tables.keys import KeyText
from tests.conftest import ADA
from tests.postgresql import Server
from tests.upkeep.carrying import SHOP, copy, held, made


def test_a_database_goes_there_and_back_and_is_the_same(tmp_path: Path, postgresql_url: str) -> None:
    shop = made(tmp_path / "shop.db", SHOP)
    there = copy(shop, postgresql_url)
    back = copy(postgresql_url, tmp_path / "back.db")
    assert (there.notes, back.notes) == ((), ())
    assert there.tables == back.tables and all(proof.same for proof in there.tables)
    assert {proof.table: proof.rows for proof in there.tables} == {"customers": 2, "notes": 3, "orders": 2}
    before, after = held(shop), held(tmp_path / "back.db")
    assert after.pop("customers")[0][6:] == ('{"a": 1.50}', b"\x00\xff", 12.5, 0.1)
    assert {name: after[name] for name in after} == {name: before[name] for name in after}
    with closing(Database("a", shop)) as old, closing(Database("b", tmp_path / "back.db")) as new:
        for name, table in schema.tables(old).items():
            known = schema.table(new, name)
            assert set(known.foreign_keys) == set(table.foreign_keys)
            assert [column.kind for column in known.columns] == [
                "integer" if (name, column.name) == ("notes", "n") else column.kind for column in table.columns
            ] or table.kind == "view"
            assert known.key == table.key


def test_on_postgresql_the_tables_have_its_types_keys_and_rules(
    tmp_path: Path, postgresql_url: str, postgresql: Server
) -> None:
    copy(made(tmp_path / "shop.db", SHOP), postgresql_url)

    def run(sql: str) -> list[tuple[Any, ...]]:
        return postgresql.execute(sql, database=postgresql_url)

    typed = "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'customers'::regclass"
    assert [name for (name,) in run(f"{typed} AND attnum > 0 ORDER BY attnum")] == [
        "bigint", "text", "date", "boolean", "timestamp without time zone", "text", "jsonb", "bytea", "numeric(10,2)",
        "double precision",
    ]  # fmt: skip
    assert run('INSERT INTO customers (name) VALUES (\'Dora\') RETURNING id, vip, "We%ird ""x"')[0] == (
        10,
        False,
        "it's",
    )
    assert run("INSERT INTO notes (text) VALUES ('new') RETURNING _frontdesk_row") == [(5,)]
    assert run("SELECT total FROM orders ORDER BY b") == [(10,), (10,)]
    assert run("SELECT * FROM totals ORDER BY 1") == [("Ann", 1), ("Cé", 1)]
    assert run("SELECT indexdef FROM pg_indexes WHERE indexname = 'by_n'")[0][0].endswith("(n DESC) WHERE (n > 1)")
    for wrong in (
        "INSERT INTO customers (name) VALUES ('')",
        "INSERT INTO customers (name) VALUES ('Ann')",
        "INSERT INTO orders (a, b, customer) VALUES (2, 'x', 99)",
    ):
        with pytest.raises(Exception, match="violates"):
            run(wrong)
    run("DELETE FROM customers WHERE id = 7")
    assert run("SELECT count(*) FROM orders") == [(1,)]


def test_a_change_made_before_can_be_undone_on_the_other_engine(tmp_path: Path, postgresql_url: str) -> None:
    shop = made(tmp_path / "shop.db", SHOP)
    with closing(Database("shop", shop)) as database:
        values = {
            "name": "Zoé",
            "vip": True,
            "price": "1.50",
            "data": {"b": 1, "a": [2.0]},
            "joined": "2026-02-03T04:05:06",
        }
        rows.update(database, "customers", KeyText(("7",), "7"), values, ADA)
        rows.delete(database, "notes", KeyText(("2",), "2"), ADA)
        (tmp_path / "cities.csv").write_text("id,name,free\n1,Ulm,true\n2,Bonn,false\n")
        imports.load(database, sources.open(tmp_path / "cities.csv"), "cities", ADA, Wish(create=True))
        before = held(shop)
        known = [(one.operation, one.table, one.rows, one.at) for one in changes.search(database).changes]
    copied = copy(shop, postgresql_url)
    assert copied.changes == 3
    with closing(Database("shop", postgresql_url)) as database:
        there = changes.search(database).changes
        assert [(one.operation, one.table, one.rows, one.at) for one in there] == known
        undo.undo(database, [one.number for one in there], ADA)
        assert list(schema.tables(database)) == ["customers", "notes", "orders", "totals"]
    copy(postgresql_url, tmp_path / "back.db")
    after = held(tmp_path / "back.db")
    assert after["notes"] == [(2, "second", 2), (3, None, None), (4, "last", -4)]
    with closing(Database("shop", tmp_path / "back.db")) as database:
        undone = changes.search(database, size=3).changes
        assert {one.operation for one in undone} == {"undo"}
        redone = [one.number for one in undone if one.table in {"customers", "notes"}]
        undo.undo(database, redone, ADA)
    again = held(tmp_path / "back.db")
    assert again["notes"] == before["notes"]
    assert again["customers"][0][:4] == (7, "Zoé", "2020-01-31", 1)


def test_a_changed_definition_is_shown_there_and_taken_back_here_alone(tmp_path: Path, postgresql_url: str) -> None:
    shop = made(tmp_path / "shop.db", SHOP)
    with closing(Database("shop", shop)) as database:
        columns = [{"name": "id", "type": "INTEGER", "primary_key": True}, {"name": "what", "type": "TEXT"}]
        structure.create(database, {"name": "toys", "columns": columns}, ADA)
        rows.insert(database, "toys", [{"what": "ball"}], ADA)
        alterations.alter(database, "toys", {"rename": {"what": "kind"}}, ADA)
        alterations.delete(database, "notes", ADA)
        known = [(one.operation, one.table, one.rows) for one in changes.search(database).changes]
    copy(shop, postgresql_url)
    with closing(Database("shop", postgresql_url)) as database:
        there = changes.search(database).changes
        assert [(one.operation, one.table, one.rows) for one in there] == known
        assert "notes" not in schema.tables(database)
        for change in there:
            assert changes.rows(database, change.number)[0]
            with pytest.raises(errors.ConflictError):
                undo.undo(database, [change.number], ADA)
        rows.insert(database, "toys", [{"kind": "kite"}], ADA)
        undo.undo(database, [changes.search(database).changes[0].number], ADA)


def test_where_a_history_was_cut_is_known_there_too(tmp_path: Path, postgresql_url: str) -> None:
    source = made(tmp_path / "shop.db", SHOP)
    with closing(Database("shop", source)) as database:
        for name in "abc":
            rows.update(database, "customers", KeyText(("7",), "7"), {"name": name}, ADA)
        purges.purge(database, days=0, changes=1, seconds=60)
        cut = purges.latest(database)
    copy(source, postgresql_url)
    with closing(Database("shop", postgresql_url)) as there:
        assert cut is not None
        assert purges.latest(there) == cut
