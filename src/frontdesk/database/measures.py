"""What is measured of a column on either engine: its numbers, the beginnings of its times, the bins of a histogram."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement, FunctionElement
from sqlalchemy.types import NullType

from frontdesk.database.schema import Column, Table

UNITS = ("hour", "day", "week", "month", "year")
"""How long the parts are into which times are put; a week begins on Monday. A time as it is has the unit second."""

_DATE = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*"
_DATE_TEXT = r"^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"


_FITS = "BETWEEN -1e290 AND 1e290"
"""Numbers whose sums stay within what a double holds, whatever the number of rows."""
_CLOCK_TEXT = "^.{10}[ T]((?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?)"
_CLOCK = {"hour": ("%H:00:00", "HH24:00:00"), "second": ("%H:%M:%S", "HH24:MI:SS")}


class _Measure(FunctionElement[Any]):
    """An expression of one column that is written otherwise on each engine."""

    type = NullType()

    def __init__(self, place: ColumnElement[Any], declared: Column, unit: str = "") -> None:
        super().__init__(place)
        self.declared = declared
        self.unit = unit


class _Number(_Measure):
    inherit_cache = False
    name = "frontdesk_number"


class _Time(_Measure):
    inherit_cache = False
    name = "frontdesk_time"


class _Bin(_Measure):
    inherit_cache = False
    name = "frontdesk_bin"


def numbers(table: Table, name: str) -> ColumnElement[Any]:
    """The column's numbers within 1e290 on both sides of 0; NULL for texts, infinities and what is no number."""
    return _Number(table.place(name), table.column(name))


def times(table: Table, name: str, unit: str) -> ColumnElement[Any]:
    """Where the unit begins in which each time lies, as ISO text in UTC; NULL for what is no time from 1 to 9999."""
    return _Time(table.place(name), table.column(name), unit)


def bins(table: Table, name: str, start: float, step: float) -> ColumnElement[Any]:
    """The number of the bin in which each of the column's numbers lies, from 0; none may be smaller than `start`."""
    within = (sa.cast(numbers(table, name), sa.Double) - start) / step + 1e-9  # 0.3 / 0.1 is a little less than 3
    return _Bin(within, table.column(name))


@compiles(_Number)
def _sqlite_number(element: _Measure, compiler: SQLCompiler, **kw: Any) -> str:
    place = compiler.process(element.clauses, **kw)
    return f"(CASE WHEN typeof({place}) IN ('integer', 'real') AND {place} {_FITS} THEN {place} END)"


@compiles(_Number, "postgresql")
def _postgresql_number(element: _Measure, compiler: SQLCompiler, **kw: Any) -> str:
    place = compiler.process(element.clauses, **kw)
    if element.declared.kind == "integer":
        return f"({place})"
    found = f"(CASE WHEN {place} {_FITS} THEN {place} END)"
    return f"{found}::float8" if element.declared.kind == "real" else found  # a sum of float4 is a float4 there


_SQLITE_UNITS = {
    "week": ", 'weekday 0', '-6 days'",
    "month": ", 'start of month'",
    "year": ", 'start of year'",
}


@compiles(_Time)
def _sqlite_time(element: _Measure, compiler: SQLCompiler, **kw: Any) -> str:
    place = compiler.process(element.clauses, **kw)
    # By adding nothing, 2024-02-31 runs over into March before anything else is done.
    begins = f"date({place}, '+0 days'{_SQLITE_UNITS.get(element.unit, '')})"
    if element.unit in _CLOCK:
        begins = f"strftime('%Y-%m-%dT{_CLOCK[element.unit][0]}', {place}, '+0 days')"
    return f"(CASE WHEN typeof({place}) = 'text' AND {place} GLOB '{_DATE}' THEN {begins} END)"


@compiles(_Time, "postgresql")
def _postgresql_time(element: _Measure, compiler: SQLCompiler, **kw: Any) -> str:
    place = compiler.process(element.clauses, **kw)
    form = 'YYYY-MM-DD"T"' + _CLOCK[element.unit][1] if element.unit in _CLOCK else "YYYY-MM-DD"
    if element.declared.kind in {"date", "datetime"}:
        # Infinities and years of other lengths are no times of a chart.
        fits = f"{place} >= '0001-01-01' AND {place} < '10000-01-01'"
        moment = f"{place} AT TIME ZONE 'UTC'" if element.declared.zoned else f"{place}::timestamp"
    else:
        text = f"({place})::text"
        fits = f"{text} ~ '{_DATE_TEXT}'"
        # Of a text such as 2024-02-31 the day runs over into March, as on SQLite, where a cast would raise.
        day = f"make_date(substr({text}, 1, 4)::int, substr({text}, 6, 2)::int, 1) + substr({text}, 9, 2)::int - 1"
        moment = f"({day})::timestamp"
        if element.unit in _CLOCK:
            moment = f"({moment} + coalesce(substring({text} from '{_CLOCK_TEXT}'), '00:00')::time)"
    return f"(CASE WHEN {fits} THEN to_char(date_trunc('{element.unit}', {moment}), '{form}') END)"


@compiles(_Bin)
def _sqlite_bin(element: _Measure, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS INTEGER)"


@compiles(_Bin, "postgresql")
def _postgresql_bin(element: _Measure, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST(floor({compiler.process(element.clauses, **kw)}) AS bigint)"
