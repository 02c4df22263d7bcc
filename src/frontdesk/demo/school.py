"""school.db: attendance, grades and behavior of a small class."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

STUDENTS = (
    "John Doe",
    "Jane Doe",
    "Mark Smith",
    "Amara Okafor",
    "Björn Lund",
    "Chen Wei",
    "Dara O'Neill",
    "Esra Yılmaz",
)
SUBJECTS = ("Mathematics", "English", "Biology", "History")
FIRST_DAY = date(2024, 6, 10)

TABLES = """
CREATE TABLE attendance (
    id INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    day DATE NOT NULL,
    present BOOLEAN NOT NULL
);
CREATE TABLE grades (
    id INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    subject TEXT NOT NULL,
    grade REAL NOT NULL CHECK (grade BETWEEN 0 AND 100),
    day DATE NOT NULL
);
CREATE TABLE behavior (
    id INTEGER PRIMARY KEY,
    student TEXT NOT NULL,
    incident TEXT NOT NULL,
    note TEXT,
    day DATE NOT NULL
);
"""
BEHAVIOR = [
    ("Chen Wei", "praise", "Helped to carry the chairs.", "2024-06-11"),
    ("Björn Lund", "late", None, "2024-06-12"),
    ("Dara O'Neill", "praise", "Wrote the class's newspaper.", "2024-06-14"),
]


def fill(driver: Any) -> None:
    """Makes and fills the tables through a PEP 249 connection."""
    drawn = random.Random(2024)  # noqa: S311 - the same data everywhere is what is wanted
    driver.executescript(TABLES)
    driver.execute("BEGIN")
    driver.executemany("INSERT INTO attendance (student, day, present) VALUES (?, ?, ?)", _attendance(drawn))
    driver.executemany("INSERT INTO grades (student, subject, grade, day) VALUES (?, ?, ?, ?)", _grades(drawn))
    driver.executemany("INSERT INTO behavior (student, incident, note, day) VALUES (?, ?, ?, ?)", BEHAVIOR)


def _attendance(drawn: random.Random) -> Iterator[tuple[str, str, int]]:
    for number in range(5):
        day = (FIRST_DAY + timedelta(days=number)).isoformat()
        for student in STUDENTS:
            yield student, day, int(drawn.random() < 0.9)


def _grades(drawn: random.Random) -> Iterator[tuple[str, str, float, str]]:
    for place, subject in enumerate(SUBJECTS):
        day = (FIRST_DAY + timedelta(days=place)).isoformat()
        for student in STUDENTS:
            yield student, subject, float(drawn.randint(55, 98)), day
