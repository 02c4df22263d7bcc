"""Which typed SQL is taken at all on PostgreSQL, before the server sees it."""

from itertools import pairwise

from frontdesk.database import places
from frontdesk.database.definitions import OWN
from frontdesk.database.postgresql import OWN_SCHEMA, tokens
from frontdesk.database.postgresql.tokens import Token
from frontdesk.database.queries import wrong

READ_RULE = "A query only reads what is shown here"
WRITE_RULE = "Typed SQL changes rows and definitions, never what is Frontdesk's own"

READING = frozenset({"select", "with", "values", "table", "explain"})
CHANGING = frozenset("select insert update delete merge with values table comment truncate refresh".split())
DEFINING = frozenset({"create", "alter", "drop"})
DEFINED = frozenset({"table", "view", "index", "sequence", "type", "schema"})
_BETWEEN = frozenset({"or", "replace", "unique", "unlogged", "recursive", "materialized"})
COMMANDS = frozenset(
    "abort alter analyze analyse begin call checkpoint close cluster comment commit copy create deallocate declare"
    " delete discard do drop end execute fetch grant import insert listen load lock merge move notify prepare reassign"
    " refresh reindex release reset revoke rollback savepoint security set show start truncate unlisten update"
    " vacuum".split()
)

REACHING = frozenset(
    "lo_import lo_export pg_reload_conf pg_rotate_logfile pg_promote pg_switch_wal pg_terminate_backend"
    " pg_cancel_backend pg_create_restore_point pg_backup_start pg_backup_stop pg_wal_replay_pause set_config"
    " query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema"
    " pg_logical_emit_message pg_import_system_collations".split()
)
"""Functions that reach beyond the database, or carry out a text that nobody has looked at."""
ENDING = frozenset({"pg_terminate_backend", "pg_cancel_backend"})
"""Functions that end what others have running by the same role."""
LARGE = frozenset("lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lo_unlink lowrite".split())
"""Functions that write large objects, which a read-only transaction of PostgreSQL 15 does not refuse."""
_FAMILIES = ("dblink", "pg_read_", "pg_ls_", "pg_file_", "pg_stat_file", "pg_logical_slot", "pg_replication_", "lo_")


def check_reading(sql: str) -> None:
    """Raises InputError for what is no single SELECT, VALUES, TABLE, WITH or EXPLAIN."""
    found = _one(sql)
    first = _first(found)
    if first in COMMANDS:
        raise wrong(f"{READ_RULE}; {first.upper()} is not authorized.")
    for name in _called(found) & (ENDING | LARGE):
        raise wrong(f"{READ_RULE}; {name}() may not be called.")


def explains(sql: str) -> bool:
    """Whether the SQL asks how a query would be carried out."""
    return _first(tokens.significant(sql)) == "explain"


def check_writing(sql: str) -> None:
    """Raises InputError for what is no single statement about rows or definitions, or names what is refused."""
    found = _one(sql)
    first = _first(found)
    if first in DEFINING:
        noun = next((token.identifier for token in found[1:] if token.identifier not in _BETWEEN), "")
        if noun not in DEFINED:
            raise wrong(f"{WRITE_RULE}; {first.upper()} {noun.upper()} is not authorized.".replace("  ", " "))
    elif first not in CHANGING and first in COMMANDS | READING:
        raise wrong(f"{WRITE_RULE}; {first.upper()} is not authorized.")
    elif first not in CHANGING:
        raise wrong(f"Begin with a statement such as INSERT, UPDATE or DELETE, not with {found[0].text[:40]!r}.")
    for name in _called(found):
        if name in REACHING | ENDING or name.startswith(_FAMILIES):
            raise wrong(f"{WRITE_RULE}; {name}() is not authorized.")
    for token in found:
        _check_name(token)


def _called(found: list[Token]) -> set[str]:
    """The names before brackets."""
    return {token.identifier for token, after in pairwise(found) if token.identifier and after.text == "("}


def _check_name(token: Token) -> None:
    name = token.identifier
    if name == OWN_SCHEMA or name.startswith(OWN):
        raise wrong(f"{WRITE_RULE}; {name} is not authorized. A text that holds it goes in as a parameter.")
    if token.kind == "name" and not name:
        raise wrong('A name is written as it is, not as U&"…".')


def _one(sql: str) -> list[Token]:
    """The tokens of a single statement. Raises InputError."""
    found = tokens.significant(sql)
    while found and found[-1].text == ";":
        found.pop()
    if not found:
        raise wrong("Write a query, such as SELECT * FROM … .")
    if any(token.text == ";" for token in found):
        raise wrong("Write one statement at a time.")
    if any(token.text == "$" and after.kind == "number" for token, after in pairwise(found)):
        raise wrong(places.UNNAMED.format("$1"))
    return found


def _first(found: list[Token]) -> str:
    """The first word, past brackets."""
    return next((token.identifier for token in found if token.text != "("), "")
