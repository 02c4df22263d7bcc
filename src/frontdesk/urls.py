"""The addresses of databases on a server: checked, written in one way, and shown without their password."""

import re
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from frontdesk.errors import ConfigError

POSTGRESQL = "postgresql+psycopg"
_NAMES = {"postgresql", "postgres", POSTGRESQL}
_HINT = "Write it as postgresql://user:password@host:5432/database."
_SECRET = re.compile(r"((?:^|[?&])(?:password|sslpassword|passfile)=)[^&]*", re.IGNORECASE)
MASKED = r"\1***"


def postgresql(label: str, url: str) -> str:
    """The URL with the driver that Frontdesk uses. Raises ConfigError, naming the setting and never the password."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in _NAMES:
        raise ConfigError(f"{label} is no address of a PostgreSQL database.", _HINT)
    made = f"{POSTGRESQL}://{rest}"
    try:
        parts = urlsplit(made)
        _ = parts.port
    except ValueError:
        raise ConfigError(
            f"{label} cannot be read as an address.", f"{_HINT} A sign such as # or @ is %23, %40."
        ) from None
    if not parts.path.strip("/") or parts.fragment or "#" in made:
        raise ConfigError(f"{label} names no database.", f"{_HINT} A sign such as # or / in a password is %23, %2F.")
    if any(ord(sign) <= 32 for sign in made):
        raise ConfigError(f"{label} holds a space or a control character.", _HINT)
    return made


def is_server(place: str) -> bool:
    """Whether this names a database on a server rather than a file."""
    return place.partition("://")[0].lower() in _NAMES and "://" in place


def names_one(value: object) -> bool:
    """Whether what was written holds an address somewhere."""
    return "://" in str(value)


def masked(url: str) -> str:
    """The URL as it may be shown: with `***` in place of what stands before the host, and of each password.

    It is `postgresql://`, as people write it, whatever the driver.
    """
    start, separator, rest = url.partition("://")
    if not separator:
        return url
    who, at, place = rest.rpartition("@")
    shown = f"{who.partition(':')[0]}:***@" if at and ":" in who else f"{who}@" if at else ""
    return f"{start.removesuffix('+psycopg')}://{shown}{_SECRET.sub(MASKED, place)}"


def database(url: str) -> str:
    """The name of the database that the URL names."""
    return unquote(urlsplit(url).path.strip("/"))


def beside(url: str, name: str) -> str:
    """The URL of the database beside the URL's whose name goes on with `_NAME`."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}_{quote(name, safe='')}"))
