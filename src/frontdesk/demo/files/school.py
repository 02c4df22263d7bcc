"""A school with three classrooms: attendance, grades and behavior, each with its own logger and its own table."""

import logging
from contextlib import closing
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

import frontdesk

logger_attendance = logging.getLogger("attendance")
logger_grades = logging.getLogger("grades")
logger_behavior = logging.getLogger("behavior")

Subject = Literal["Mathematics", "English", "Biology", "History"]
Incident = Literal["cheating", "late", "praise"]


@frontdesk.function
def record_attendance(student: str = "John Doe", present: bool = True):
    """Note whether a student is here today; gives the student's days of presence."""
    day = date.today().isoformat()
    with closing(frontdesk.connect("school")) as connection, connection:
        connection.execute(
            "INSERT INTO attendance (student, day, present) VALUES (?, ?, ?)", (student, day, int(present))
        )
        days = connection.execute(
            "SELECT count(*) FROM attendance WHERE student = ? AND present", (student,)
        ).fetchone()[0]
    logger_attendance.info(f"Student {student} was {'present' if present else 'absent'} today.")
    return days


@frontdesk.function
def record_grade(
    student: str = "Jane Doe",
    subject: Subject = "Mathematics",
    grade: Annotated[float, Field(ge=0, le=100, description="Points out of 100")] = 52,
):
    """Enter a grade; one below the school's average is a WARNING in the logs. Gives that average."""
    with closing(frontdesk.connect("school")) as connection, connection:
        average = connection.execute("SELECT avg(grade) FROM grades").fetchone()[0] or 0
        connection.execute(
            "INSERT INTO grades (student, subject, grade, day) VALUES (?, ?, ?, ?)",
            (student, subject, grade, date.today().isoformat()),
        )
    if grade < average:
        logger_grades.warning(f"Student {student}'s grade is below average.")
    else:
        logger_grades.info(f"Student {student}'s grade is {grade:g}.")
    return round(average, 1)


@frontdesk.function(roles=("viewer",))
def average_grade(subject: Subject | None = None):
    """The average of all grades, or of one subject's."""
    with closing(frontdesk.connect("school")) as connection:
        average = connection.execute(
            "SELECT round(avg(grade), 1) FROM grades WHERE ? IS NULL OR subject = ?", (subject, subject)
        ).fetchone()[0]
    logger_grades.debug(f"The average of {subject or 'all grades'} is {average}.")
    return average


@frontdesk.function
def record_behavior(student: str = "Mark Smith", incident: Incident = "cheating", note: str = ""):
    """Note what a student did; cheating is an ERROR in the logs. Gives the student's notes so far."""
    with closing(frontdesk.connect("school")) as connection, connection:
        connection.execute(
            "INSERT INTO behavior (student, incident, note, day) VALUES (?, ?, ?, ?)",
            (student, incident, note or None, date.today().isoformat()),
        )
        notes = connection.execute("SELECT day, incident, note FROM behavior WHERE student = ?", (student,)).fetchall()
    if incident == "cheating":
        logger_behavior.error(f"Student {student} was caught cheating.")
    elif incident == "late":
        logger_behavior.warning(f"Student {student} came late.")
    else:
        logger_behavior.info(f"Student {student} was praised.")
    return [{"day": day, "incident": what, "note": text} for day, what, text in notes]
