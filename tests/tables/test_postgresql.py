"""Imports into PostgreSQL: what only that engine has. What both have is in test_imports."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from frontdesk import errors
from frontdesk.context import Caller
from frontdesk.database import schema
from frontdesk.database.connections import Database
from frontdesk.history import changes, undo
from frontdesk.tables import imports, rows, sources
from frontdesk.tables.imports import Loaded
from frontdesk.tables.keys import KeyText
from tests.postgresql import Server

BY = Caller("ada", "admin")


@pytest.fixture
def database(postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An empty database; files to import stand in the current folder."""
    monkeypatch.chdir(tmp_path)
    with closing(Database("shop", postgresql_url)) as opened:
        yield opened


def sql(database: Database, *statements: str) -> list[tuple[Any, ...]]:
    """Carries them out; the rows of the last one."""
    with database.transaction() as connection:
        for statement in statements:
            found = connection.exec_driver_sql(statement)
        return [tuple(row) for row in found] if found.returns_rows else []


def into(database: Database, text: str, table: str, name: str = "in.csv", **wish: Any) -> Loaded:
    Path(name).write_text(text)
    return imports.load(database, sources.open(Path(name)), table, BY, imports.Wish(**wish))


def undone(database: Database, done: Loaded) -> undo.Undone:
    return undo.undo(database, [int(str(done.change).rpartition(".")[2])], BY)


def test_a_key_that_is_drawn_next_follows_the_largest_that_was_imported(database: Database):
    into(database, "id,name\n7,a\n9,b\n", "new", create=True)
    assert rows.insert(database, "new", [{"name": "c"}], BY).keys == [(10,)]
    into(database, "id,name\n50,d\n40,e\n", "new")
    assert rows.insert(database, "new", [{"name": "f"}], BY).keys == [(51,)]
    into(database, "name\ng\nh\n", "new")
    into(database, "id,name\n,i\n90,j\n", "new")
    found = rows.page(database, "new", sort="id").json()["rows"]
    assert [(row["id"], row["name"]) for row in found][6:] == [(52, "g"), (53, "h"), (90, "j"), (91, "i")]


def test_what_belongs_to_a_new_table_is_named_after_it(database: Database):
    into(database, "id,name\n7,a\n", "new", create=True)
    into(database, "name\na\n", "other", create=True)
    names = "SELECT relname FROM pg_class WHERE relname LIKE '%%import%%' OR relname IN ('new_pkey', 'new_id_seq')"
    assert sorted(sql(database, names)) == [("new_id_seq",), ("new_pkey",)]
    assert sql(database, "SELECT conname FROM pg_constraint WHERE conname LIKE '%%import%%'") == []


def test_a_new_table_stands_in_the_schema_that_its_name_says(database: Database):
    sql(database, 'CREATE SCHEMA "North %%"')
    done = into(database, "id,name\n7,a\n", "North %.sales", create=True)
    assert (done.table, schema.table(database, "North %.sales").schema) == ("North %.sales", "North %")
    assert into(database, "name\nb\nc\n", "North %.sales").inserted == 2
    assert [row["id"] for row in rows.page(database, "North %.sales").json()["rows"]] == [7, 8, 9]
    with pytest.raises(errors.ConflictError, match="already"):
        into(database, "a\n1\n", "north %.SALES", create=True)
    with pytest.raises(errors.PermissionDenied, match="own tables"):
        into(database, "a\n1\n", "frontdesk.sales", create=True)
    with pytest.raises(errors.ConflictError):
        undone(database, done)
    into(database, "a\n1\n", "public.plain", create=True)
    assert "plain" in schema.tables(database)


def test_without_the_right_to_make_tables_one_sentence_says_so(database: Database, postgresql: Server):
    postgresql.execute("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'x'")
    sql(database, "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text)")
    into(database, "text\na\n", "notes")
    sql(
        database,
        "GRANT USAGE ON SCHEMA frontdesk TO reader",
        "GRANT ALL ON ALL TABLES IN SCHEMA frontdesk TO reader",
        "GRANT ALL ON ALL SEQUENCES IN SCHEMA frontdesk TO reader",
        "GRANT SELECT, INSERT ON notes TO reader",
    )
    name = str(database.place).rpartition("/")[2]
    with closing(Database("shop", postgresql.url(name, user="reader", password="x"))) as theirs:
        with pytest.raises(errors.PermissionDenied, match="Permission denied for schema public"):
            into(theirs, "a\n1\n", "new", create=True)
        done = into(theirs, "text\nb\nc\n", "notes")  # without a right to the sequence, row by row
        assert (done.inserted, changes.search(theirs, table="notes").changes[0].rows) == (2, 2)
    sql(database, "DROP OWNED BY reader", "DROP ROLE reader")


KINDS = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE kinds (
  id int PRIMARY KEY, small smallint, exact numeric, price numeric(6, 2), day date, at timestamptz, plain timestamp,
  on_off boolean, bytes bytea, j jsonb, list int[], words text[], mood mood, short varchar(3), u uuid, x float8,
  twice int GENERATED ALWAYS AS (small * 2) STORED
)"""
ROW = {
    "id": "1",
    "small": "-32768",
    "exact": "12345678901234567890.1234567890",
    "price": "1.50",
    "day": "2024-02-29",
    "at": "2026-01-01T10:00:00+02:00",
    "plain": "2026-01-01 10:00",
    "on_off": "true",
    "bytes": "AP8=",
    "j": '{"a": ["\\\\ \\"tab\\t"]}',
    "list": "[1, 2]",
    "words": '{"a b",NULL}',
    "mood": "happy",
    "short": "äöü",
    "u": "11111111-2222-3333-4444-555555555555",
    "x": "1e300",
}


def quoted(values: list[str]) -> str:
    return ",".join('"' + value.replace('"', '""') + '"' for value in values)


def test_every_kind_of_column_takes_what_a_file_says_and_keeps_it(database: Database):
    sql(database, *KINDS.split(";"))
    into(database, f"{','.join(ROW)}\n{quoted(list(ROW.values()))}\n2{',' * (len(ROW) - 1)}\n", "kinds")
    first, second = rows.page(database, "kinds").json()["rows"]
    assert first == {
        "id": 1,
        "small": -32768,
        "exact": "12345678901234567890.1234567890",
        "price": "1.50",
        "day": "2024-02-29",
        "at": "2026-01-01T08:00:00Z",
        "plain": "2026-01-01 10:00:00",
        "on_off": True,
        "bytes": {"$base64": "AP8="},
        "j": {"a": ['\\ "tab\t']},
        "list": [1, 2],
        "words": ["a b", None],
        "mood": "happy",
        "short": "äöü",
        "u": "11111111-2222-3333-4444-555555555555",
        "x": 1e300,
        "twice": -65536,
    }
    assert second == {"id": 2} | dict.fromkeys(list(first)[1:])


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("small", "32768", "small: Write at most 32767"),
        ("exact", "1,5", "exact: Write a number"),
        ("price", "10000", "price: Write less than 10000"),
        ("day", "2024-02-30", "day: Write a date"),
        ("at", "soon", "at: Write a date and a time"),
        ("j", "{", "j: Write JSON"),
        ("j", '{""a"": ""\\u0000""}', "j: (Remove the NUL|Unsupported Unicode)"),
        ("list", "[1, true]", "list: In the list"),
        ("list", "1", "list: Write a list"),
        ("mood", "angry", "mood: Choose one of: sad, happy"),
        ("short", "abcd", "short: Write at most 3 characters"),
        ("u", "x", 'u: "x" is no uuid'),
        ("x", "1e999", "x: Write a number"),
    ],
)
@pytest.mark.parametrize("key", ["2", "99"], ids=["contiguous", "row by row"])
def test_what_a_column_cannot_hold_is_refused_with_its_line(
    database: Database, column: str, value: str, sentence: str, key: str
):
    sql(database, *KINDS.split(";"))
    lines = [quoted([ROW["id"], ROW[column]]), f'{key},"{value}"']
    with pytest.raises(errors.InputError, match=rf"in\.csv, line 3: {sentence}"):
        into(database, f"id,{column}\n" + "\n".join(lines), "kinds")
    assert rows.page(database, "kinds").json()["rows"] == []


def test_times_that_have_zones_are_moments_and_among_others_they_stay_text(database: Database):
    into(database, "at\n2026-01-01T10:00:00+02:00\n\n2026-01-01T10:00Z\n", "moments", create=True)
    assert [row["at"] for row in rows.page(database, "moments").json()["rows"]] == [
        "2026-01-01T08:00:00Z",
        "2026-01-01T10:00:00Z",
    ]
    late = "at\n" + "2026-01-01T10:00\n" * 6000 + "2026-01-01T10:00Z\n"
    into(database, late, "mixed", create=True)
    assert schema.table(database, "mixed").column("at").kind == "text"
    assert rows.page(database, "mixed", where=[("at", "2026-01-01T10:00Z")], count="1").count == 1


def test_special_characters_come_in_as_they_are(database: Database):
    words = ["\\", "\\N", "\\.", "a\tb", "a\nb", "a\rb", "", " ", "ä\u2028", "%s", "'\"", "N"]
    text = "word,n\n" + "".join(quoted([word]) + ",1\n" for word in words)
    into(database, text, "plain", create=True)
    assert [row["word"] for row in rows.page(database, "plain").json()["rows"]] == [word or None for word in words]
    into(database, text, "empty", create=True, empty_text=True)
    assert [row["word"] for row in rows.page(database, "empty").json()["rows"]] == words
    into(database, text, "plain", empty_text=True)
    assert [row["word"] for row in rows.page(database, "plain").json()["rows"]][len(words) :] == words
    into(database, "word\n\\.\n", "alone", create=True)
    assert rows.page(database, "alone").json()["rows"][0]["word"] == "\\."


def test_keys_drawn_beside_another_writer_are_one_change_that_can_be_undone(database: Database):
    sql(database, "CREATE TABLE notes (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, text text)")
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            rows.insert(database, "notes", [{"text": "other"}], BY)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        done = into(database, "text\n" + "mine\n" * 20_000, "notes")
    finally:
        over.set()
        thread.join()
    found = sql(database, "SELECT max(id) - min(id) + 1, count(*) FROM notes WHERE text = 'mine'")
    assert found == [(20_000, 20_000)]
    assert undone(database, done).undone == 20_000
    assert sql(database, "SELECT count(*) FROM notes WHERE text = 'mine'") == [(0,)]


def test_a_table_without_a_key_takes_rows_too(database: Database):
    sql(database, "CREATE TABLE bare (a int, b text)")
    done = into(database, "a,b\n1,x\n2,y\n", "bare")
    assert (done.inserted, changes.search(database, table="bare").changes[0].rows) == (2, 2)


RULES = """
CREATE TABLE shops (name text PRIMARY KEY);
INSERT INTO shops VALUES ('north');
CREATE TABLE sales (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE, amount int CHECK (amount > 0),
  shop text REFERENCES shops, note text NOT NULL DEFAULT '-'
)"""


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("code,amount\na,1\nb,0\nc,2\nd,-1\n", {"line 3": "forbids this value", "line 5": "forbids this value"}),
        ("code\na\nb\na\n", {"line 4": "Another row has the same code"}),
        ("shop\nnorth\nsouth\n", {"line 3": "refers to a row that is not there"}),
        ("id,code\n5,a\n3,b\n5,c\n", {"line 4": "Another row has the same id"}),
        ("note\na\n\nb\n", {}),
        ('note,code\na,a\n"",b\n', {"line 3": "note needs a value"}),
    ],
)
def test_rows_that_a_rule_forbids_are_named_by_line_and_nothing_is_left(
    database: Database, text: str, wrong: dict[str, str]
):
    sql(database, *RULES.split(";"))
    if not wrong:
        assert into(database, text, "sales").inserted == 2
        return
    with pytest.raises(errors.InputError) as caught:
        into(database, text, "sales")
    assert list(caught.value.errors) == list(wrong)
    assert all(part in caught.value.errors[line] for line, part in wrong.items())
    assert sql(database, "SELECT count(*) FROM sales") == [(0,)]


def test_of_rows_with_one_key_the_last_stands_and_undo_brings_back_what_was(database: Database):
    sql(database, *RULES.split(";"))
    into(database, "code,amount\na,1\nb,2\n", "sales")
    before = rows.page(database, "sales").json()["rows"]
    text = "code,amount\na,10\nc,3\na,11\nc,4\n"
    done = into(database, text, "sales", key=["code"], on_conflict="update")
    assert (done.inserted, done.updated, done.ignored) == (1, 3, 0)
    assert sql(database, "SELECT code, amount FROM sales ORDER BY code") == [("a", 11), ("b", 2), ("c", 4)]
    assert undone(database, done).undone == 4
    assert rows.page(database, "sales").json()["rows"] == before
    done = into(database, text, "sales", key=["code"], on_conflict="ignore")
    assert (done.inserted, done.updated, done.ignored) == (1, 0, 3)
    with pytest.raises(errors.InputError, match="name columns that are unique"):
        into(database, text, "sales", key=["amount"], on_conflict="update")


def test_what_an_update_changes_along_is_in_the_history(database: Database):
    sql(
        database,
        "CREATE TABLE shops (id int PRIMARY KEY, name text UNIQUE)",
        "CREATE TABLE sales (id int PRIMARY KEY, shop text REFERENCES shops (name) ON UPDATE CASCADE)",
        "INSERT INTO shops VALUES (1, 'north')",
        "INSERT INTO sales VALUES (1, 'north')",
    )
    done = into(database, "id,name\n1,up\n2,down\n", "shops", on_conflict="update")
    assert (done.inserted, done.updated) == (1, 1)
    assert sql(database, "SELECT shop FROM sales") == [("up",)]
    assert [change.rows for change in changes.search(database, table="sales").changes] == [1]
    undone(database, done)
    assert sql(database, "SELECT shop, (SELECT count(*) FROM shops) FROM sales") == [("north", 1)]


def test_a_file_in_place_of_a_tables_rows_is_one_change(database: Database):
    sql(database, "CREATE TABLE notes (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, text text)")
    into(database, "id,text\n1,a\n2,b\n", "notes")
    Path("new.csv").write_text("id,text\n2,B\n3,c\n")
    done = imports.replace(database, sources.open(Path("new.csv")), "notes", BY)
    assert (done.inserted, sql(database, "SELECT * FROM notes ORDER BY 1")) == (2, [(2, "B"), (3, "c")])
    undone(database, done)
    assert sql(database, "SELECT * FROM notes ORDER BY 1") == [(1, "a"), (2, "b")]


def test_a_load_of_a_table_that_was_undone_cannot_be_redone(database: Database):
    done = into(database, "a\n1\n", "new", create=True)
    back = undone(database, done)
    with pytest.raises(errors.ConflictError):
        undo.undo(database, [int(back.changes[0].rpartition(".")[2])], BY)


def test_a_row_of_a_load_shows_the_load_in_its_history_until_it_is_changed(database: Database):
    done = into(database, "a\n1\n2\n", "new", create=True)
    assert [change.id for change in changes.search(database, table="new", key=(2,)).changes] == [done.change]
    rows.update(database, "new", KeyText(("2",), "2"), {"a": 5}, BY)
    assert len(changes.search(database, table="new", key=(2,)).changes) == 2
    with pytest.raises(errors.ConflictError) as caught:
        undone(database, done)
    assert caught.value.refused == [{"key": 2, "reason": "The row was changed after the load."}]


MEASURED = """
import resource, sys
from pathlib import Path
from frontdesk.context import Caller
from frontdesk.database.connections import Database
from frontdesk.tables import imports, sources
database, by = Database("shop", sys.argv[1]), Caller("a", "admin")
for file in ("small.csv", "large.csv"):
    for table, wish in (("new", imports.Wish(create=True)), ("there", imports.Wish()), ("keyed", imports.Wish())):
        name = f"new_{file[:5]}" if table == "new" else table
        imports.load(database, sources.open(Path(file)), name, by, wish)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.long
def test_a_large_file_takes_no_more_memory_than_a_small_one(database: Database):
    sql(
        database,
        "CREATE TABLE there (n bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, id bigint, name text)",
        "CREATE TABLE keyed (id bigint, name text UNIQUE)",
    )
    for name, rows_of_it in (("small.csv", 20_000), ("large.csv", 600_000)):
        with Path(name).open("w") as file:
            file.write("id,name\n")
            file.writelines(f"{n},the {name} name {n}\n" for n in range(1, rows_of_it + 1))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(database.place)], check=True, capture_output=True, text=True
    )
    small, large = map(int, done.stdout.split())
    assert large - small < 20
