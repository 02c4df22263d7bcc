"""Passwords: which are taken, how they are kept, and at most two hashed at once."""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from frontdesk.errors import BusyError, InputError

SHORTEST = 8
LONGEST = 1000

AT_ONCE = 2
"""Hashes that one process computes at the same time: each takes 19 MiB and a whole core."""

WAIT_SECONDS = 2.0

STAND_IN = "$argon2id$v=19$m=19456,t=2,p=1$an+VBxuX6s6u3uvdG4H6EA$amLJiBQHMsmtkeBTPofn0VMVXWjQ/MCfvUPAFpEUXP8"
"""A hash of nothing anyone knows: compared for a user who is not there, so that the answer takes as long."""

_COMMONEST = """
password password1 password12 password123 passw0rd p@ssw0rd p@ssword pa55word passwort kennwort contraseña
motdepasse 12345678 123456789 1234567890 123123123 1234567891 87654321 987654321 0987654321 11111111 00000000
12341234 11223344 123456789a 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 qwertyui qwertyuiop qwerty123 qwerty1234
qwerty12 qwertz123 asdfghjk asdfghjkl zxcvbnm1 zaq12wsx abcd1234 abc12345 abcdefgh abcdefg1 aa123456 a1234567
a12345678 iloveyou iloveyou1 sunshine princess princess1 football football1 baseball baseball1 basketball
superman superman1 batman123 trustno1 starwars starwars1 whatever whatever1 computer computer1 internet michelle
jennifer jessica1 charlie1 michael1 jordan23 liverpool liverpool1 chelsea1 arsenal1 welcome1 welcome123 letmein1
letmein123 dragon123 monkey123 shadow123 master123 admin123 admin1234 administrator changeme changeme1
changeme123 default1 frontdesk frontdesk1 secret123 test1234 testtest guest123 hello123 hallo123 helloworld
login123 access14 mustang1 corvette maverick samsung1 blink182 pokemon1 naruto123
"""
COMMON = frozenset(_COMMONEST.split())

_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_permits = threading.BoundedSemaphore(AT_ONCE)


def check(password: str, name: str = "") -> None:
    """Refuses a password that is too short, among the commonest, or the user's own name. Raises InputError."""
    folded = password.casefold()
    if len(password) < SHORTEST:
        _refuse(f"Write at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        _refuse(f"Write at most {LONGEST} characters.")
    if folded in COMMON or len(set(password)) < 3:
        _refuse("This is one of the commonest passwords; write another.")
    if name and folded == name.casefold():
        _refuse("Write a password that is not the name.")


def digest(password: str) -> str:
    """The password as it is kept: argon2id with a salt of its own. Raises BusyError when many wait."""
    with _permit():
        return _hasher.hash(_bytes_of(password))


def verify(password: str, kept: str | None) -> bool:
    """Whether this is the password of the kept hash; without one it takes as long and says no. Raises BusyError."""
    with _permit():
        try:
            _hasher.verify(kept or STAND_IN, _bytes_of(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@contextmanager
def _permit() -> Iterator[None]:
    if not _permits.acquire(timeout=WAIT_SECONDS):
        raise BusyError("Too many people are signing in at once.")
    try:
        yield
    finally:
        _permits.release()


def _bytes_of(password: str) -> bytes:
    """One form for letters that keyboards compose in different ways."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _refuse(sentence: str) -> None:
    raise InputError(errors={"password": sentence})
