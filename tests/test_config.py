from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontdesk import config, urls
from frontdesk.config import Config
from frontdesk.desk import Desk
from frontdesk.errors import ConfigError


def load(folder: Path, text: str, **environment: str) -> Config:
    (folder / "frontdesk.toml").write_text(text)
    return config.load(folder, environment)


def test_what_is_written_counts_and_the_rest_stays_as_it_was(tmp_path: Path) -> None:
    read = load(tmp_path, '[logs]\nlevel = "DEBUG"\n[functions]\nseconds = 5\n')
    assert (read.logs.level, read.logs.console, read.functions.seconds) == ("DEBUG", True, 5.0)


def test_the_environment_goes_before_the_file_and_the_command_line_before_both(tmp_path: Path) -> None:
    text = "[server]\nport = 8001\nthreads = 2\nprocesses = 3\n"
    (tmp_path / "frontdesk.toml").write_text(text)
    environment = {"FRONTDESK_SERVER_PORT": "8002", "FRONTDESK_SERVER_THREADS": "5", "FRONTDESK_READ_ONLY": "true"}
    read = config.load(tmp_path, environment, server={"port": 8003})
    assert (read.server.port, read.server.threads, read.server.processes, read.read_only) == (8003, 5, 3, True)


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ('[logs]\nlevle = "INFO"', "unknown key [logs] levle.", "Did you mean level?"),
        ('[log]\nlevel = "INFO"', "unknown key log.", "Did you mean logs?"),
        ("reed_only = true", "unknown key reed_only.", "Did you mean read_only?"),
        ("[server\nport = 1", "cannot be read", "docs/settings.md"),
        ("logs = 3", "logs takes a table, not 3.", ""),
        ("[logs]\nlevel = 3", "[logs] level takes a text in quotes, not 3.", ""),
        ('[logs]\nlevel = "LOUD"', "[logs] level is no level: 'LOUD'.", "WARNING"),
        ('[logs.levels]\nschool = "LOUD"', "[logs.levels] school is no level: 'LOUD'.", "WARNING"),
        ('[logs]\nfile_mode = "x"', '[logs] file_mode is "a" or "w"', ""),
        ('[logs]\nfile = "nowhere/app.log"', "[logs] file cannot be 'nowhere/app.log'.", "a folder that is there"),
        ('[logs]\nfile = "."', "[logs] file cannot be '.'.", ""),
        ('[logs]\nformat = "%(asctime"', "[logs] format cannot be used", "logging.basicConfig"),
        ('[logs]\nformat = "%(nothing)s"', "[logs] format cannot be used", "logging.basicConfig"),
        ("[logs]\nkeep_days = 0", "[logs] keep_days is at least 1.", ""),
        ("[history]\nkeep_days = -1", "[history] keep_days is at least 0, which keeps everything.", ""),
        ('[server]\nport = "x"', "[server] port takes a whole number, not 'x'.", ""),
        ("[server]\nthreads = 0", "[server] threads is at least 1.", ""),
        ("[functions]\nseconds = -1", "[functions] seconds is more than 0.", ""),
        ("[functions]\nworkers = true", "[functions] workers takes a whole number", ""),
        ("[sessions]\nidle_hours = 0", "[sessions] idle_hours is at least 1.", ""),
        ('[databases]\nshop = "mysql://a:b@c/d"', "[databases] shop is no address of a PostgreSQL database.", "user:"),
        ('[databases]\nshop = "postgresql://a:b@c"', "[databases] shop names no database.", "postgresql://"),
        ('[databases]\nshop = "postgresql://a:b@c:x/d"', "[databases] shop cannot be read as an address.", ""),
        ('[databases]\n"a/b" = "postgresql://c/d"', "'a/b' in [databases] cannot be a database's name.", ""),
        ('[queries.readers]\nshop = "x"', "[queries.readers] shop is no address", "postgresql://"),
        ('databases = "postgresql://a:hush@h/d"', "databases takes a table.", ""),
        ('state = ["postgresql://a:hush@h/d"]', "state takes a text in quotes.", ""),
        ('[databases]\n"postgresql://a:hush@h/d" = "x"', "'postgresql://a:***@h/d' in [databases] cannot be", "shop ="),
        ('state = "postgresql://a/b"\n[databases]\nstate = "postgresql://a/c"', "name two databases", ""),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_what_to_write(
    tmp_path: Path, text: str, sentence: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert sentence in caught.value.message
    assert hint in caught.value.hint


def test_a_number_in_the_environment_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FRONTDESK_SERVER_PORT is 'abc', which is no number"):
        load(tmp_path, "", FRONTDESK_SERVER_PORT="abc")


def test_a_size_that_is_none_is_named_before_anything_is_served(tmp_path: Path) -> None:
    (tmp_path / "frontdesk.toml").write_text('[functions]\nmemory = "lots"')
    with pytest.raises(ConfigError, match=r"\[functions\] memory must be written as in .512 MB., not 'lots'"):
        Desk(tmp_path)


def test_databases_are_named_by_url_in_the_file_and_the_environment_and_two_names_are_our_own(tmp_path: Path) -> None:
    text = '[databases]\nshop = "postgres://a:b@c/d"\nlogs = "postgresql+psycopg://c/e"'
    variables = {"FRONTDESK_DATABASES_MORE": "postgresql://c/m?pooler=1", "FRONTDESK_STATE": "postgresql://c/s"}
    read = load(tmp_path, text, **variables, FRONTDESK_QUERIES_READERS_SHOP="postgresql://r:p@c/d")
    assert read.databases == {"shop": "postgresql+psycopg://a:b@c/d", "more": "postgresql+psycopg://c/m?pooler=1"}
    assert (read.state, read.log_index) == ("postgresql+psycopg://c/s", "postgresql+psycopg://c/e")
    assert read.queries.readers == {"shop": "postgresql+psycopg://r:p@c/d"}


@given(st.text(min_size=6).filter(lambda text: len(set(text)) > 3), st.booleans())
def test_no_sentence_about_an_address_holds_its_password(password: str, in_query: bool) -> None:
    secret = quote(f"hush{password}hush", safe="")
    assert urls.masked(f"postgresql+psycopg://ada:{password}@host/db").startswith("postgresql://ada")
    assert password not in urls.masked(f"postgresql://ada:{password}@host/db")
    raw = f"postgresql://ada:{secret}@host/db" if not in_query else f"postgresql://ada@host/db?password={secret}"
    assert secret not in urls.masked(raw)
    read = replace(Config(Path()), databases={"shop": raw}, state=raw)
    assert secret not in repr(read)
    for broken in (raw.replace("@host/db", "@host"), f"my{raw}", f"{raw}#{secret}", raw.replace("@host", "@host:port")):
        with pytest.raises(ConfigError) as caught:
            urls.postgresql("[databases] shop", broken)
        assert secret not in str(caught.value) + caught.value.hint
