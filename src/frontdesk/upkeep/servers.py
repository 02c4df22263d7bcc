"""What is wrong with the databases of a PostgreSQL server, and with the roles by which typed SQL reads them."""

from contextlib import closing
from types import ModuleType

from frontdesk.config import Config
from frontdesk.database import readers
from frontdesk.database.connections import Database
from frontdesk.errors import BusyError, ConfigError, Error, PermissionDenied
from frontdesk.upkeep import ailments
from frontdesk.upkeep.findings import Finding, Found

SECONDS = 20.0
"""How long the references of one database are looked at."""
AWAY = "Look whether it runs, and at the host and port of its URL; a desk that is served tries again by itself."
FIX = "`frontdesk check --fix` makes one."
UNREADABLE = "`frontdesk check --fix` lets the role read them; where Frontdesk may not grant that, their owner does."
SUPERUSER = "Give it a user of its own that owns the database: what an admin types could reach the server's files."


def look(config: Config) -> Found:
    """Everything that is found, database by database."""
    given = {**config.databases, "state": config.state, "logs": config.log_index}
    for name, url in given.items():
        if not url:
            continue
        try:
            yield from _database(config, name, url, is_peoples=name in config.databases)
        except Error as error:
            hint = AWAY if isinstance(error, BusyError) else error.hint
            yield Finding("error", name, f"{name}: {error.message}", hint or "Look at the server's own log.")


def mend(config: Config) -> list[str]:
    """Makes the reading roles that are missing, and lets them read what they cannot; a sentence for each."""
    done: list[str] = []
    for name, url in config.databases.items():
        try:
            done += _mend(config, name, url)
        except Error:  # told by `look`
            continue
    return done


def _database(config: Config, name: str, url: str, *, is_peoples: bool) -> Found:
    roles = _roles()
    server = roles.look(url)
    if server.version < roles.OLDEST:
        message = f"{name} is on PostgreSQL {server.version}; Frontdesk needs {roles.OLDEST} or newer."
        yield Finding("error", name, message, "Move it to a newer server: pg_dump and pg_restore.")
    if not is_peoples:
        return
    if server.superuser:
        message = f"Frontdesk connects to {name} as {server.user}, a superuser."
        yield Finding("note", name, message, SUPERUSER)
    with closing(Database(name, url, read_only=True)) as database:
        yield from ailments.find(database, SECONDS)
    reader = _reader(config, name, url)
    if reader is None:
        yield _missing(name, url, can_make=server.makes_roles)
    else:
        yield from _role(config, name, url, reader, _again(config, name, can_make=server.makes_roles))


def _missing(name: str, url: str, *, can_make: bool) -> Finding:
    message = f"{name} has no role for typed SQL to read by, so its query page stays closed."
    if can_make:
        return Finding("warning", name, message, FIX)
    roles, role = _roles(), f"frontdesk_reader_{name}"
    setting = f'[queries.readers]\n{name} = "{roles.named(url, role)}"'
    hint = f"Frontdesk may not make roles there. As one who may, with a password of yours:\n{roles.by_hand(url, role)}"
    return Finding("warning", name, message, f"{hint}\nand in frontdesk.toml:\n{setting}")


def _role(config: Config, name: str, url: str, reader: str, again: str) -> Found:
    """What is wrong with the reading role; `again` is what to do about one that will not do."""
    roles = _roles()
    role = roles.role_of(reader)
    try:
        powers = roles.powers(reader)
    except Error as error:
        hint = again if error.hint else "Look at the server's own log."
        yield Finding("error", name, f"The reading role {role} cannot log in to {name}. {error.message}", hint)
        return
    if roles.database_of(reader) != roles.database_of(url):
        message = f"The reading role {role} reads the database {roles.database_of(reader)}, which is not {name}."
        yield Finding("error", name, message, f"Mend its URL in [queries.readers] {name}.")
        return
    for power in powers:
        message = f"The reading role {role} of {name} {power}: it should only read people's tables."
        yield Finding("error", name, message, again)
    closed = [] if powers else roles.unreadable(url, role)
    if closed:
        more = f" and {len(closed) - 3:,} more" if len(closed) > 3 else ""
        message = f"The reading role {role} cannot read {', '.join(closed[:3])}{more} of {name}."
        yield Finding("warning", name, message, UNREADABLE)
    if not powers and not roles.is_limited(reader):
        message = f"What a query of {name} sorts on the server's disk has no limit."
        yield Finding("note", name, message, f"A superuser sets one: {roles.limit_by_hand(role)}")


def _again(config: Config, name: str, *, can_make: bool) -> str:
    """What to do about a role that will not do."""
    if name in config.queries.readers:
        return f"Mend its URL in [queries.readers] {name}, or take the line away and run `frontdesk check --fix`."
    if can_make:
        return "`frontdesk check --fix` makes another one."
    return f"Take {name} out of .frontdesk/{readers.FILE}: `frontdesk check` then says how another one is made."


def _mend(config: Config, name: str, url: str) -> list[str]:
    roles, reader = _roles(), _reader(config, name, url)
    if reader is None:
        return _make(config, name, url)
    role = roles.role_of(reader)
    if name not in config.queries.readers and not _will_do(reader):
        made = _make(config, name, url)
        return [*made, f"{role} is in no use any more; drop it at the server when you like."] if made else []
    closed = roles.unreadable(url, role)
    if not closed:
        return []
    roles.grant(url, role)
    left = len(closed) - len(roles.unreadable(url, role))
    return [f"{role} can read {left:,} more tables of {name} now."] if left else []


def _will_do(reader: str) -> bool:
    """Whether a role can log in and do no more than read."""
    try:
        return not _roles().powers(reader)
    except BusyError:
        raise
    except Error:
        return False


def _make(config: Config, name: str, url: str) -> list[str]:
    roles = _roles()
    if not roles.look(url).makes_roles:
        return []
    try:
        role, password = roles.make(url)
    except PermissionDenied:  # `look` says by which SQL it is made
        return []
    roles.grant(url, role)
    path = readers.keep(config, name, role, password)
    return [f"Typed SQL reads {name} by the new role {role}, kept in {path.relative_to(config.folder)}."]


def _reader(config: Config, name: str, url: str) -> str | None:
    with closing(Database(name, url)) as database:
        return readers.find(config, database)


def _roles() -> ModuleType:
    try:
        from frontdesk.database.postgresql import roles  # its driver is an extra
    except ImportError as error:  # pragma: no cover - told by the drivers' own room
        raise ConfigError("PostgreSQL needs the package psycopg.") from error
    return roles
