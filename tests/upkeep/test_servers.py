"""`frontdesk check` and the roles by which typed SQL reads PostgreSQL."""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from frontdesk import config as settings
from frontdesk.config import Config
from frontdesk.database import readers
from frontdesk.database.connections import Database
from frontdesk.database.postgresql import queries, roles
from frontdesk.errors import InputError
from frontdesk.upkeep import servers
from frontdesk.upkeep.findings import Finding
from tests.postgresql import Server

SCRIPT = """
CREATE TABLE people (name text); INSERT INTO people VALUES ('Krish');
CREATE SCHEMA sales; CREATE TABLE sales.orders (id integer); INSERT INTO sales.orders VALUES (7);
CREATE VIEW sales.totals AS SELECT count(*) FROM sales.orders;
CREATE SCHEMA frontdesk; CREATE TABLE frontdesk.users (secret text);
"""


@pytest.fixture
def url(postgresql: Server) -> Iterator[str]:
    made = postgresql.create(postgresql.template(SCRIPT))
    yield made
    for (role,) in postgresql.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^(frontdesk_reader|app|weak)'"):
        postgresql.execute(f'REASSIGN OWNED BY "{role}" TO CURRENT_USER; DROP OWNED BY "{role}"', database=made)
    postgresql.drop(made)
    for (role,) in postgresql.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^(frontdesk_reader|app|weak)'"):
        postgresql.execute(f'DROP ROLE "{role}"')


@pytest.fixture
def config(folder: Path, url: str) -> Config:
    return settings.load(folder, {}, databases={"shop": url})


def owner(postgresql: Server, url: str, rights: str) -> str:
    """The URL of a user who owns the database and all in it."""
    postgresql.execute(f"CREATE ROLE app LOGIN {rights} PASSWORD 'x'")
    postgresql.execute(
        f'ALTER DATABASE "{make_url(url).database}" OWNER TO app; ALTER SCHEMA public OWNER TO app;'
        "ALTER SCHEMA sales OWNER TO app; ALTER TABLE people OWNER TO app; ALTER TABLE sales.orders OWNER TO app;"
        "ALTER VIEW sales.totals OWNER TO app; ALTER SCHEMA frontdesk OWNER TO app",
        database=url,
    )
    return postgresql.url(make_url(url).database or "", user="app", password="x")


def wrong(config: Config) -> list[Finding]:
    return [one for one in servers.look(config) if one.is_wrong]


def reader(config: Config) -> str:
    found = readers.find(config, Database("shop", config.databases["shop"]))
    assert found
    return found


@pytest.mark.parametrize("rights", ["SUPERUSER", "CREATEROLE"])
def test_a_role_that_is_missing_is_found_made_and_reads_all_but_our_own(
    folder: Path, url: str, postgresql: Server, rights: str
) -> None:
    config = settings.load(folder, {}, databases={"shop": owner(postgresql, url, rights)})
    (missing,) = wrong(config)
    assert missing.message == "shop has no role for typed SQL to read by, so its query page stays closed."
    assert missing.hint == "`frontdesk check --fix` makes one."
    (sentence,) = servers.mend(config)
    assert sentence.startswith("Typed SQL reads shop by the new role frontdesk_reader_")
    assert wrong(config) == []
    assert servers.mend(config) == []
    for sql in ("SELECT name FROM people", "SELECT id FROM sales.orders", "SELECT * FROM sales.totals"):
        assert len(queries.read(reader(config), sql, {}, 5.0).rows) == 1
    with pytest.raises(InputError, match="permission denied for schema frontdesk"):
        queries.read(reader(config), "SELECT * FROM frontdesk.users", {}, 5.0)
    assert servers._roles().powers(reader(config)) == []


def test_tables_that_frontdesk_makes_later_are_read_too(config: Config) -> None:
    servers.mend(config)
    queries.write(config.databases["shop"], "CREATE TABLE later AS SELECT 1 AS a", {}, 5.0, trial=False)
    assert queries.read(reader(config), "SELECT a FROM later", {}, 5.0).rows == [(1,)]


def test_a_schema_that_came_later_is_told_and_opened(config: Config, postgresql: Server) -> None:
    servers.mend(config)
    postgresql.execute("CREATE SCHEMA more; CREATE TABLE more.t (a integer)", database=config.databases["shop"])
    (closed,) = wrong(config)
    assert closed.message.endswith("cannot read more.t of shop.")
    assert servers.mend(config)[0].endswith("can read 1 more tables of shop now.")
    assert wrong(config) == []


def test_the_password_is_kept_for_nobody_else_and_told_nowhere(config: Config, postgresql: Server) -> None:
    said = servers.mend(config)
    path = config.state_folder / "readers.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = tomllib.loads(path.read_text())["shop"]
    assert kept["password"] not in "".join(said)
    (hashed,) = postgresql.execute(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{kept['user']}'")[0]
    assert hashed.startswith("SCRAM-SHA-256$")


def test_who_may_not_make_roles_is_given_the_sql_that_does(folder: Path, url: str, postgresql: Server) -> None:
    mine = owner(postgresql, url, "")
    config = settings.load(folder, {}, databases={"shop": mine})
    (missing,) = wrong(config)
    assert servers.mend(config) == []
    sql = "\n".join(line for line in missing.hint.splitlines() if line.endswith(";"))
    postgresql.execute(sql, database=url)
    setting = missing.hint[missing.hint.index("[queries.readers]") :]
    config = settings.load(folder, {}, databases={"shop": mine}, **tomllib.loads(setting))
    assert list(servers.look(config)) == []
    assert queries.read(reader(config), "SELECT count(*) FROM sales.totals", {}, 5.0).rows == [(1,)]


@pytest.mark.parametrize(
    ("sql", "power"),
    [
        ("ALTER ROLE weak SUPERUSER", "is a superuser"),
        ("ALTER ROLE weak CREATEROLE", "may make roles"),
        ("GRANT pg_write_all_data TO weak", "is a member of pg_write_all_data"),
        ("GRANT pg_execute_server_program TO weak", "is a member of pg_execute_server_program"),
        ("GRANT INSERT ON people TO weak", "may write public.people"),
        ("GRANT UPDATE (name) ON people TO weak", "may write public.people"),
        ("ALTER TABLE sales.orders OWNER TO weak", "may write sales.orders"),
        ("CREATE ROLE weaker; GRANT DELETE ON people TO weaker; GRANT weaker TO weak", "may write public.people"),
        ("GRANT CREATE ON SCHEMA sales TO weak", "may make tables in the schema sales"),
        ("GRANT USAGE ON SCHEMA frontdesk TO weak", "may read Frontdesk's own tables, in the schema frontdesk"),
        ("GRANT pg_read_all_data TO weak", "may read Frontdesk's own tables, in the schema frontdesk"),
    ],
)
def test_a_role_that_can_do_more_than_read_is_an_error(
    folder: Path, url: str, postgresql: Server, sql: str, power: str
) -> None:
    postgresql.execute("CREATE ROLE weak LOGIN NOINHERIT PASSWORD 'x'")
    postgresql.execute(sql, database=url)
    theirs = postgresql.url(make_url(url).database or "", user="weak", password="x")
    config = settings.load(folder, {}, databases={"shop": url}, queries={"readers": {"shop": theirs}})
    found = [one for one in servers.look(config) if one.level == "error"]
    assert f"The reading role weak of shop {power}: it should only read people's tables." in [
        one.message for one in found
    ]
    assert all("[queries.readers]" in one.hint for one in found)


def test_a_role_that_reads_another_database_is_told(folder: Path, url: str, postgresql: Server) -> None:
    postgresql.execute("CREATE ROLE weak LOGIN PASSWORD 'x'")
    theirs = postgresql.url("postgres", user="weak", password="x")
    config = settings.load(folder, {}, databases={"shop": url}, queries={"readers": {"shop": theirs}})
    assert [one.message for one in wrong(config)] == [
        "The reading role weak reads the database postgres, which is not shop."
    ]


def test_a_role_that_cannot_log_in_any_more_is_told_and_made_anew(config: Config, postgresql: Server) -> None:
    servers.mend(config)
    role = roles.role_of(reader(config))
    postgresql.execute(f"ALTER ROLE \"{role}\" PASSWORD 'another'")
    (lost,) = wrong(config)
    assert lost.message.startswith(f"The reading role {role} cannot log in to shop.")
    assert lost.hint == "`frontdesk check --fix` makes another one."
    made, left = servers.mend(config)
    assert made.startswith("Typed SQL reads shop by the new role frontdesk_reader_")
    assert left.startswith(f"{role} is in no use any more")
    assert wrong(config) == []


def test_a_role_that_somebody_named_is_left_to_them_when_it_cannot_log_in(
    folder: Path, url: str, postgresql: Server
) -> None:
    theirs = postgresql.url(make_url(url).database or "", user="weak", password="x")
    config = settings.load(folder, {}, databases={"shop": url}, queries={"readers": {"shop": theirs}})
    (lost,) = wrong(config)
    assert lost.hint.startswith("Mend its URL in [queries.readers] shop")
    assert servers.mend(config) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"port": 1}, "shop: The database server cannot be reached."),
        ({"password": "guessed"}, "shop: The database server refuses the password."),
        ({"host": "nowhere.invalid"}, "shop: The database server's name leads nowhere."),
        ({"database": "nosuch"}, "shop: The database server has no such database or user."),
    ],
)
def test_a_server_that_does_not_let_us_in_is_one_finding(
    folder: Path, url: str, change: dict[str, object], message: str
) -> None:
    broken = make_url(url).set(**change).render_as_string(hide_password=False)  # type: ignore[arg-type]
    config = settings.load(folder, {}, databases={"shop": broken})
    (found,) = wrong(config)
    assert (found.level, found.message) == ("error", message)
    assert found.hint
    assert servers.mend(config) == []


def test_an_old_server_is_told(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "OLDEST", 99)
    assert "Frontdesk needs 99 or newer." in wrong(config)[0].message
