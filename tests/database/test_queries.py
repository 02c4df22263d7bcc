import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from frontdesk.database import queries
from frontdesk.errors import InputError

REFUSED = """
INSERT INTO t VALUES (1) | UPDATE t SET a = 2 | DELETE FROM t | REPLACE INTO t VALUES (1) | INSERT INTO t DEFAULT VALUES
WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x | INSERT INTO t VALUES (1) RETURNING a
UPDATE t SET a = 1 RETURNING a
CREATE TABLE pwned (a)
CREATE TABLE pwned AS SELECT 1 | CREATE TEMP TABLE pwned (a) | CREATE TEMP VIEW pwned AS SELECT 1
CREATE VIEW pwned AS SELECT 1 | CREATE INDEX pwned ON t (a) | CREATE TRIGGER pwned AFTER INSERT ON t BEGIN SELECT 1; END
CREATE TEMP TRIGGER pwned AFTER INSERT ON t BEGIN SELECT 1; END | CREATE VIRTUAL TABLE pwned USING fts5(a)
DROP TABLE t | DROP VIEW v | DROP TABLE IF EXISTS t | ALTER TABLE t RENAME TO pwned | ALTER TABLE t ADD COLUMN pwned
ALTER TABLE t DROP COLUMN a | ATTACH 'pwned.db' AS pwned | ATTACH ':memory:' AS pwned | ATTACH '' AS pwned | DETACH main
VACUUM | VACUUM INTO 'pwned.db' | REINDEX | ANALYZE | BEGIN | BEGIN IMMEDIATE | COMMIT | ROLLBACK | END
SAVEPOINT pwned | RELEASE pwned | PRAGMA writable_schema = 1 | PRAGMA query_only = 0 | PRAGMA journal_mode = DELETE
PRAGMA journal_mode | PRAGMA database_list | PRAGMA table_info(t) | PRAGMA user_version = 7 | PRAGMA wal_checkpoint
UPDATE sqlite_master SET sql = '' | UPDATE sqlite_schema SET sql = '' | PRAGMA data_version = 1
PRAGMA temp_store_directory = '.' | PRAGMA trusted_schema = 1 | PRAGMA cell_size_check | PRAGMA optimize
SELECT * FROM pragma_table_info('t') | SELECT * FROM pragma_database_list | SELECT * FROM pragma_function_list
SELECT load_extension('pwned') | SELECT readfile('/etc/passwd') | SELECT writefile('pwned', 'x') | SELECT edit('x')
SELECT fts3_tokenizer('simple') | SELECT fts3_tokenizer('simple', x'00') | SELECT * FROM fsdir('.')
SELECT 1; DELETE FROM t | SELECT 1; SELECT 2 | EXPLAIN DELETE FROM t | EXPLAIN QUERY PLAN DELETE FROM t
SELECT * FROM _frontdesk_secrets | SELECT count(*) FROM _frontdesk_secrets | SELECT a FROM "_FRONTDESK_SECRETS"
SELECT (SELECT a FROM _frontdesk_secrets) | SELECT * FROM t WHERE a IN (SELECT a FROM _frontdesk_secrets)
SELECT * FROM t JOIN _frontdesk_secrets | SELECT * FROM leak | SELECT * FROM main._frontdesk_secrets
EXPLAIN SELECT * FROM _frontdesk_secrets | WITH x AS (SELECT * FROM _frontdesk_secrets) SELECT * FROM x
SELECT 1 UNION SELECT a FROM _frontdesk_secrets | SELECT * FROM sqlite_dbpage | SELECT nosuch() | SELEC 1 | SELECT
"""
STATEMENTS = [one.strip() for line in REFUSED.strip().splitlines() for one in line.split(" | ")]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect(tmp_path / "d.db")) as connection:
        connection.executescript(
            "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2); CREATE VIEW v AS SELECT a FROM t;"
            "CREATE TABLE _frontdesk_secrets (a); INSERT INTO _frontdesk_secrets VALUES ('canary');"
            "CREATE VIEW leak AS SELECT a FROM _frontdesk_secrets"
        )
    return tmp_path / "d.db"


@pytest.mark.parametrize("sql", STATEMENTS)
def test_what_does_not_only_read_is_refused_and_nothing_is_created(path: Path, sql: str) -> None:
    before = path.read_bytes()
    with pytest.raises(InputError) as refusal:
        queries.read(path, sql, {}, 5.0)
    assert refusal.value.errors["sql"].endswith(".")
    assert "canary" not in refusal.value.message
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["d.db"]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT a FROM t ORDER BY a", [(1,), (2,)]),
        ("SELECT * FROM v", [(1,), (2,)]),
        (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3) SELECT n FROM c",
            [(1,), (2,), (3,)],
        ),
        ("/* a ; b */ VALUES (1, 'x') -- :nothing", [(1, "x")]),
        ("SELECT 1;", [(1,)]),
        ("SELECT upper('é;'), :a", [("é;".upper().replace("É", "é"), 7)]),
        ("SELECT CAST(x'ff41' AS TEXT)", [("\ufffdA",)]),
    ],
)
def test_a_query_gives_its_rows(path: Path, sql: str, rows: list[tuple[object, ...]]) -> None:
    assert queries.read(path, sql, {"a": 7}, 5.0).rows == rows


def test_explain_of_what_may_be_read_is_answered(path: Path) -> None:
    assert queries.read(path, "EXPLAIN QUERY PLAN SELECT * FROM t", {}, 5.0).rows


def test_ten_million_rows_are_cut_at_the_first_thousand(path: Path) -> None:
    many = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000000) SELECT n FROM c"
    answer = queries.read(path, many, {}, 5.0)
    assert (len(answer.rows), answer.truncated) == (1000, True)
    assert queries.read(path, f"{many} LIMIT 1000", {}, 5.0).truncated is False


def test_many_long_values_are_cut_before_they_fill_the_memory(path: Path) -> None:
    sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT zeroblob(9000000) FROM c"
    answer = queries.read(path, sql, {}, 5.0)
    assert answer.truncated
    assert len(answer.rows) < 6


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT zeroblob(1000000000)",
        "SELECT randomblob(20000000)",
        f"SELECT {'(' * 10_000}1{')' * 10_000}",
        "SELECT '\0'",
        f"SELECT '{'x' * 1_000_000}'",
        f"SELECT {', '.join(['1'] * 3000)}",
        "SELECT\u20281",
        "SELECT 1 WHERE :missing",
    ],
)
def test_what_is_too_big_or_no_sql_is_told_in_a_sentence(path: Path, sql: str) -> None:
    with pytest.raises(InputError):
        queries.read(path, sql, {}, 5.0)


def test_a_query_without_end_ends_at_its_limit(path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(InputError, match=r"stopped after 0\.3 s"):
        queries.read(
            path, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n FROM c) SELECT count(*) FROM c", {}, 0.3
        )
    assert time.monotonic() - began < 5


def test_a_full_text_index_is_searched(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE VIRTUAL TABLE words USING fts5 (text); INSERT INTO words VALUES ('a needle')")
    assert queries.read(path, "SELECT text FROM words WHERE words MATCH 'needle'", {}, 5.0).rows == [("a needle",)]
