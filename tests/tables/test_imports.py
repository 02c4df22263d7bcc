import random
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.history import changes, undo
from frontdesk.tables import imports, rows, sources
from frontdesk.tables.keys import KeyText

BY = Caller("ada", "admin")


def load(folder: Path, text: str | bytes, name: str = "sales.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    database = Database("sales", folder / "sales.db", create=True)
    with closing(database):
        count = imports.load(database, sources.open(path), "sales", BY, imports.Wish(create=True)).inserted
        table = schema.table(database, "sales")
        found = rows.page(database, "sales").json()["rows"]
        assert count == len(found)
        return {column.name: column.type for column in table.columns}, found, table.primary_key


def left(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "sales.db")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]


def test_each_column_has_the_narrowest_type_that_its_values_fit(tmp_path: Path):
    types, found, _ = load(
        tmp_path,
        "n,x,day,at,word,zip\n1,1.5,2023-01-01,2023-01-01 10:00,a,01234\n-2,3,2024-02-29,2023-01-01T10:00:30,,7\n",
    )
    assert types == {"n": "INTEGER", "x": "REAL", "day": "DATE", "at": "DATETIME", "word": "TEXT", "zip": "TEXT"}
    assert [row["n"] for row in found] == [1, -2]
    assert [row["x"] for row in found] == [1.5, 3.0]
    assert [row["zip"] for row in found] == ["01234", "7"]
    assert [row["word"] for row in found] == ["a", None]


def test_a_day_that_is_not_in_the_calendar_makes_the_column_text(tmp_path: Path):
    assert load(tmp_path, "day\n2023-02-30\n")[0] == {"day": "TEXT"}


def test_an_id_that_is_whole_and_never_twice_becomes_the_primary_key(tmp_path: Path):
    assert load(tmp_path, "id,name\n7,a\n8,b\n")[2] == ("id",)


def test_an_id_that_comes_twice_stays_a_column(tmp_path: Path):
    assert load(tmp_path, "id,name\n7,a\n7,b\n")[2] == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_in_the_first_line(tmp_path: Path, delimiter: str):
    types, found, _ = load(tmp_path, f"a{delimiter}b\n1{delimiter}x\n")
    assert (list(types), found[0]["b"]) == (["a", "b"], "x")


def test_quotes_newlines_and_a_byte_order_mark_are_read_as_spreadsheets_write_them(tmp_path: Path):
    types, found, _ = load(tmp_path, '\ufeff"a","b"\r\n"say ""hi"", twice","two\r\nlines"\r\n')
    assert list(types) == ["a", "b"]
    assert (found[0]["a"], found[0]["b"]) == ('say "hi", twice', "two\r\nlines")


def test_names_that_are_missing_or_come_twice_are_made_different(tmp_path: Path):
    assert list(load(tmp_path, "a,A,,a\n1,2,3,4\n")[0]) == ["a", "A_2", "column3", "a_3"]


def test_odd_names_are_kept_as_they_are(tmp_path: Path):
    assert list(load(tmp_path, '"a ""b]"" %/",select,größe\n1,2,3\n')[0]) == ['a "b]" %/', "select", "größe"]


def test_a_line_of_another_width_is_named_and_nothing_is_left(tmp_path: Path):
    with pytest.raises(errors.InputError, match=r"sales\.csv, line 3: 1 value, but 2 columns"):
        load(tmp_path, "a,b\n1,2\n3\n")
    assert left(tmp_path) == []


def test_a_file_without_a_first_line_is_refused(tmp_path: Path):
    with pytest.raises(errors.InputError, match="is empty"):
        load(tmp_path, "")


def test_a_table_that_is_there_is_not_loaded_over(tmp_path: Path):
    load(tmp_path, "a\n1\n")
    with pytest.raises(errors.ConflictError):
        load(tmp_path, "a\n2\n")


def test_the_load_is_in_the_history_by_who_did_it(tmp_path: Path):
    load(tmp_path, "a\n1\n")
    with closing(Database("sales", tmp_path / "sales.db")) as database:
        assert [(change.table, change.user) for change in changes.search(database).changes] == [("sales", "ada")]


def opened(folder: Path) -> Database:
    database = Database("sales", folder / "sales.db", create=True)
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER)")
        connection.exec_driver_sql("INSERT INTO people VALUES (1, 'Krish', 32), (2, 'Bob', 25)")
    return database


def people(database: Database) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM people ORDER BY id")]


def into(database: Database, text: str | bytes, table: str = "people", name: str = "in.csv", **wish: object):
    path = database.path.with_name(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return imports.load(database, sources.open(path), table, BY, imports.Wish(**wish))  # type: ignore[arg-type]


REFUSED = [
    ("empty", b"", r"empty"),
    ("ten thousand columns", ",".join(f"c{n}" for n in range(10_000)).encode() + b"\n", r"10,000 columns; .*1,000"),
    ("a quote that is not closed", b'a,b\n1,"x\n' + b"2,y\n" * 10_000, r"line 2: A quote is opened here"),
    ("a quote within", b'a,b\n1,2\n"x"y,3\n', r"line 3"),
    ("a huge cell", b"a,b\n1,2\n1," + b"x" * 10_000_001 + b"\n", r"line 3: A value has more than 10,000,000"),
    ("NUL", b"a,b\n1,2\n1,\0\n", r"line 3: a NUL"),
    ("a byte of another encoding", "a\nx\nJürgen\n".encode("cp1252"), r"line 3: byte 5 \(0xFC\) is not UTF-8"),
    ("no CSV at all", b"\x89PNG\r\n\x1a\n\0\0", r"is not UTF-8"),
    ("a short line among good ones", b"a,b\n" + b"1,2\n" * 6000 + b"3\n", r"line 6002: 1 value, but 2 columns"),
]


@pytest.mark.parametrize(("what", "text", "sentence"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_is_no_csv_is_refused_with_the_line_and_nothing_is_left(
    tmp_path: Path, what: str, text: bytes, sentence: str
):
    with (
        closing(Database("sales", tmp_path / "sales.db", create=True)) as database,
        pytest.raises(errors.InputError, match=sentence),
    ):
        into(database, text, "new", create=True)
    assert left(tmp_path) == []


def test_the_first_hundred_bad_lines_are_named(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        with pytest.raises(errors.InputError) as caught:
            into(database, "id,name,age\n" + "".join(f"{n},x,old\n" for n in range(10, 160)))
        assert len(caught.value.errors) == 100
        assert caught.value.errors["line 2"] == "age: Write a whole number, such as 42."
        assert len(people(database)) == 2


def test_a_file_with_only_a_header_makes_an_empty_table(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        done = into(database, "a,b\n", "new", create=True)
        assert (done.inserted, [column["type"] for column in done.columns]) == (0, ["TEXT", "TEXT"])
        assert "new" in schema.tables(database)


@pytest.mark.parametrize(
    ("encoding", "given"), [("utf-16", ""), ("utf-8-sig", ""), ("cp1252", "cp1252"), ("latin-1", "latin-1")]
)
def test_other_encodings_are_read_by_their_mark_or_by_name(tmp_path: Path, encoding: str, given: str):
    path = tmp_path / "in.csv"
    path.write_bytes("name,n\r\nJürgen,1\r\n".encode(encoding))
    with closing(opened(tmp_path)) as database:
        imports.load(database, sources.open(path, encoding=given), "new", BY, imports.Wish(create=True))
        assert rows.page(database, "new").json()["rows"][0] == {"name": "Jürgen", "n": 1, "_key": 1}


def test_lines_end_as_old_macs_wrote_them_and_separators_of_unicode_stay_text(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        into(database, "a,b\r1,x\u2028y\r2,z\r", "new", create=True)
        assert [row["b"] for row in rows.page(database, "new").json()["rows"]] == ["x\u2028y", "z"]


def test_json_and_ndjson_keep_their_types_and_exact_digits(tmp_path: Path):
    text = '[{"a": 1, "big": 12345678901234567890, "t": "02134"},\n {"a": 2.5, "on": true, "o": {"x": [1]}}]'
    with closing(opened(tmp_path)) as database:
        done = into(database, text, "one", name="in.json", create=True)
        lines = '{"a": 1, "big": 12345678901234567890, "t": "02134"}\n\n{"a": 2.5, "on": true, "o": {"x": [1]}}\n'
        assert into(database, lines, "two", name="in.ndjson", create=True).columns == done.columns
        assert {column["name"]: column["type"] for column in done.columns} == {
            "a": "REAL",
            "big": "TEXT",
            "t": "TEXT",
            "on": "BOOLEAN",
            "o": "JSON",
        }
        one = rows.page(database, "one").json()["rows"]
        assert one == rows.page(database, "two").json()["rows"]
        assert (one[0]["big"], one[0]["t"], one[1]["o"]) == ("12345678901234567890", "02134", {"x": [1]})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[{"a": 1},\n{"a": }]', "line 2: This is not JSON"),
        ('{"a": 1}', "line 1: Write an array"),
        ('[{"a": 1}\n', "line 2: The array is not closed"),
        ("[1]", "line 1: Write an object"),
        ('[{"a": "\\ud800"}]', "line 1: A text holds"),
        ("[]", "no rows"),
    ],
)
def test_json_that_is_none_is_refused_with_the_line(tmp_path: Path, text: str, sentence: str):
    with closing(opened(tmp_path)) as database, pytest.raises(errors.InputError, match=sentence):
        into(database, text, "new", name="in.json", create=True)


def test_a_late_value_of_another_kind_makes_the_whole_column_wider(tmp_path: Path):
    text = "id,n\n" + "".join(f"{n},{n}\n" for n in range(30_000)) + "30000,02134\n"
    with closing(opened(tmp_path)) as database:
        done = into(database, text, "new", create=True)
        assert [column["type"] for column in done.columns] == ["INTEGER", "TEXT"]
        assert schema.table(database, "new").primary_key == ("id",)
        with database.connect() as connection:
            kinds = connection.exec_driver_sql("SELECT DISTINCT typeof(n), count(*) FROM new GROUP BY 1").all()
        assert [tuple(row) for row in kinds] == [("text", 30_001)]


def test_an_id_that_comes_twice_at_the_end_of_a_long_file_is_no_key(tmp_path: Path):
    text = "id,n\n" + "".join(f"{n},x\n" for n in range(30_000)) + "7,x\n"
    with closing(opened(tmp_path)) as database:
        assert into(database, text, "new", create=True).inserted == 30_001
        assert schema.table(database, "new").primary_key == ()


def test_a_load_is_one_change_and_its_undo_drops_the_table_unless_a_row_has_changed(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        done = into(database, "id,n\n" + "".join(f"{n},x\n" for n in range(1, 12_001)), "new", create=True)
        (change,) = changes.search(database, table="new").changes
        assert (change.id, change.operation, change.rows, change.user) == (done.change, "import", 12_000, "ada")
        assert [row.key for row in changes.rows(database, change.number, size=3)[0]] == [1, 2, 3]
        assert changes.search(database, table="new", key=(77,)).changes == [change]

        rows.update(database, "new", KeyText(("5",), "5"), {"n": "y"}, BY)
        with pytest.raises(errors.ConflictError) as caught:
            undo.undo(database, [change.number], BY)
        assert caught.value.refused == [{"key": 5, "reason": "The row was changed after the load."}]
        rows.update(database, "new", KeyText(("5",), "5"), {"n": "x"}, BY)
        assert undo.undo(database, [change.number], BY).undone == 12_000
        assert "new" not in schema.tables(database)


def test_what_another_program_changed_stands_in_the_way_of_undoing_a_load(tmp_path: Path):
    for sql in ("UPDATE new SET a = 9 WHERE a = 2", "DELETE FROM new WHERE a = 1", "INSERT INTO new VALUES (4)"):
        with closing(opened(tmp_path)) as database:
            done = into(database, "a\n1\n2\n3\n", "new", create=True)
            with closing(sqlite3.connect(database.path)) as other, other:
                other.execute(sql)
            number = int(str(done.change).rpartition(".")[2])
            with pytest.raises(errors.ConflictError):
                undo.undo(database, [number], BY)
        for path in tmp_path.glob("sales.db*"):
            path.unlink()


@pytest.mark.parametrize(
    "text", ["name,age\nEve,40\nZoe,\n", "id,name,age\n3,Eve,40\n4,Zoe,\n", "id,name,age\n9,Eve,40\n4,Zoe,\n"]
)
def test_rows_loaded_into_a_table_are_one_change_that_can_be_undone_and_redone(tmp_path: Path, text: str):
    with closing(opened(tmp_path)) as database:
        before = people(database)
        done = into(database, text)
        after = people(database)
        assert len(after) == 4 and {row[1] for row in after[2:]} == {"Eve", "Zoe"}
        (change,) = changes.search(database, table="people").changes
        assert (change.id, change.operation, change.rows) == (done.change, "import", 2)
        undone = undo.undo(database, [change.number], BY)
        assert (people(database), undone.undone) == (before, 2)
        undo.undo(database, [int(undone.changes[0].rpartition(".")[2])], BY)
        assert people(database) == after


def test_a_key_that_is_there_is_an_error_ignored_or_updated(tmp_path: Path):
    text = "id,name,age\n2,Robert,26\n3,Eve,40\n"
    with closing(opened(tmp_path)) as database:
        with pytest.raises(errors.InputError, match="line 2: Another row has the same id"):
            into(database, text)
        assert len(people(database)) == 2
        done = into(database, text, on_conflict="ignore")
        assert (done.inserted, done.updated, done.ignored) == (1, 0, 1)
        assert (2, "Bob", 25) in people(database)
        done = into(database, text.replace("Eve", "Eva"), on_conflict="update")
        assert (done.inserted, done.updated, done.ignored) == (0, 2, 0)
        assert people(database)[1:] == [(2, "Robert", 26), (3, "Eva", 40)]
        undo.undo(database, [int(str(done.change).rpartition(".")[2])], BY)
        assert people(database)[1:] == [(2, "Bob", 25), (3, "Eve", 40)]


def test_what_people_do_by_trigger_is_in_the_history_of_a_load(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql(
                "CREATE TRIGGER up AFTER INSERT ON people BEGIN"
                " UPDATE people SET name = upper(name) WHERE id = NEW.id; END"
            )
        into(database, "name\nEve\n")
        assert people(database)[2] == (3, "EVE", None)
        (change,) = changes.search(database, table="people").changes
        undo.undo(database, [change.number], BY)
        assert len(people(database)) == 2


def test_columns_that_the_table_has_not_or_needs_are_named(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        with pytest.raises(errors.InputError) as caught:
            into(database, "age,shoe\n1,2\n")
        assert set(caught.value.errors) == {"shoe", "name"}


def test_a_table_dropped_during_its_import_is_a_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with closing(opened(tmp_path)) as database:

        def drop(*_: int) -> None:
            with closing(sqlite3.connect(database.path)) as other, other:
                other.execute("DROP TABLE IF EXISTS people")

        with pytest.raises(errors.ConflictError, match="dropped"):
            into(database, "name\nEve\n", progress=drop)


def test_of_two_imports_of_one_name_one_wins_and_the_other_leaves_nothing(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        path = tmp_path / "in.csv"
        path.write_text("n\n" + "1\n" * 20_000)
        ends: list[object] = []
        start = threading.Barrier(2)

        def load_one() -> None:
            start.wait(10)
            try:
                ends.append(imports.load(database, sources.open(path), "new", BY, imports.Wish(create=True)).inserted)
            except errors.ConflictError:
                ends.append("conflict")

        threads = [threading.Thread(target=load_one) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(map(str, ends)) == ["20000", "conflict"]
        assert rows.page(database, "new", count="1").count == 20_000
    assert not [name for name in left(tmp_path) if name.startswith("_frontdesk_import")]


def test_only_an_admin_makes_a_table(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        (tmp_path / "in.csv").write_text("a\n1\n")
        with pytest.raises(errors.PermissionDenied):
            imports.load(
                database, sources.open(tmp_path / "in.csv"), "new", Caller("eve", "editor"), imports.Wish(create=True)
            )


def test_leftovers_of_dead_imports_are_dropped_and_never_listed(tmp_path: Path):
    with closing(opened(tmp_path)) as database:
        with database.transaction() as connection:
            connection.exec_driver_sql('CREATE TABLE "_frontdesk_import_999999999_5_1" (a)')
        assert list(schema.tables(database)) == ["people"]
        imports.drop_leftovers(database)
    assert not [name for name in left(tmp_path) if "import" in name]


def test_how_far_a_load_is_can_be_told(tmp_path: Path):
    heard: list[tuple[int, ...]] = []
    with closing(opened(tmp_path)) as database:
        into(database, "n\n" + "1\n" * 12_000, "new", create=True, progress=lambda *told: heard.append(told))
    assert heard[-1] == (24_002, 24_002, 12_000)
    assert [rows for _, _, rows in heard] == sorted(rows for _, _, rows in heard)


LOAD = """
import sys
from pathlib import Path
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import imports, sources
database = Database("sales", Path(sys.argv[1]))
print("ready", flush=True)
imports.load(database, sources.open(Path(sys.argv[2])), "new", Caller("a", "admin"), imports.Wish(create=True))
"""


def kill_once(folder: Path, round_: int) -> None:
    """Kills a load at some time, and looks at what is left."""
    with closing(opened(folder)):
        pass
    path = folder / "big.csv"
    path.write_text("id,name\n" + "".join(f"{n},name {n}\n" for n in range(60_000)))
    process = subprocess.Popen([sys.executable, "-c", LOAD, folder / "sales.db", path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(random.Random(round_).random() * 0.7)
    process.kill()
    process.wait(10)
    process.stdout.close()
    with closing(Database("sales", folder / "sales.db")) as database:
        imports.drop_leftovers(database)
        listed = schema.tables(database)
        assert set(listed) in ({"people"}, {"people", "new"})
        if "new" in listed:
            assert rows.page(database, "new", count="1").count == 60_000
            assert changes.search(database, table="new").changes[0].rows == 60_000
    assert not [name for name in left(folder) if name.startswith("_frontdesk_import")]
    with closing(sqlite3.connect(folder / "sales.db")) as connection:
        assert connection.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    for one in folder.glob("sales.db*"):
        one.unlink()


def test_a_load_that_is_killed_leaves_all_rows_or_none(tmp_path: Path):
    for round_ in range(3):
        kill_once(tmp_path, round_)


@pytest.mark.long
def test_two_hundred_loads_that_are_killed_leave_all_rows_or_none(tmp_path: Path):
    for round_ in range(200):
        kill_once(tmp_path, round_)


@pytest.mark.parametrize(
    "text",
    [
        "id,n\n" + "".join(f"{n},x\n" for n in range(2000, 0, -1)),
        "id,n\n" + "".join(f"{n},x\n" + "\n" * (n % 7 == 0) for n in range(1, 2000)),
        "code,n\n" + "".join(f"c{n * 7 % 2000},{n}.5\n" for n in range(2000)),
        "id,rowid,n\n" + "".join(f"x{n},{n % 5},true\n" for n in range(2000)),
    ],
    ids=["falling", "blank lines", "text keys", "a column named rowid"],
)
def test_any_load_can_be_undone_while_nothing_has_changed(tmp_path: Path, text: str):
    with closing(opened(tmp_path)) as database:
        key = ("code",) if text.startswith("code") else ()
        done = into(database, text, "new", create=True, key=key)
        number = int(str(done.change).rpartition(".")[2])
        assert len(changes.rows(database, number, size=1000)[0]) == 1000
        assert undo.undo(database, [number], BY).undone == done.inserted


def test_a_repeated_key_of_a_new_table_is_ignored_or_updated_if_asked(tmp_path: Path):
    text = "code,n\na,1\nb,2\na,3\n"
    with closing(opened(tmp_path)) as database:
        with pytest.raises(errors.InputError, match="line 4: Another row has the same code"):
            into(database, text, "new", create=True, key=("code",))
        assert "new" not in schema.tables(database)
        done = into(database, text, "one", create=True, key=("code",), on_conflict="ignore")
        assert (done.inserted, done.updated, done.ignored) == (2, 0, 1)
        done = into(database, text, "two", create=True, key=("code",), on_conflict="update")
        assert (done.inserted, done.updated, done.ignored) == (2, 1, 0)
        assert [row["n"] for row in rows.page(database, "two", sort="code").json()["rows"]] == [3, 2]
        assert undo.undo(database, [int(str(done.change).rpartition(".")[2])], BY).undone == 2


def test_another_writer_waits_for_no_long_time_beside_an_import(tmp_path: Path):
    path = tmp_path / "in.csv"
    path.write_text("id,name\n" + "".join(f"{n},name {n}\n" for n in range(100_000)))
    with closing(opened(tmp_path)) as database:
        wish = imports.Wish(create=True)
        thread = threading.Thread(target=imports.load, args=(database, sources.open(path), "new", BY, wish))
        thread.start()
        written = 0
        with closing(sqlite3.connect(database.path, timeout=5, isolation_level=None)) as other:
            while thread.is_alive():
                other.execute("INSERT INTO people (name) VALUES ('x')")
                written += 1
                time.sleep(0.005)
        thread.join()
        assert written > 5
        assert rows.page(database, "new", count="1").count == 100_000
