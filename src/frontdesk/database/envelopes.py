"""Envelopes: SQL around SQL that was typed, which a guarded connection then carries out as it does any other."""

NAME = "frontdesk_typed"
"""What the typed query is called in the SQL around it; its columns are c0, c1 and so on."""

EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN (FORMAT JSON) "}
"""What asks how a query would be carried out, written before it."""


def around(sql: str, columns: int, query: str) -> str:
    """The query of what was typed, which gives so many columns."""
    listed = ", ".join(f"c{place}" for place in range(columns))
    return f"WITH {NAME} ({listed}) AS (\n{sql}\n)\n{query}"


def types(sql: str, columns: int) -> str:
    """What asks PostgreSQL for the names of the columns' types, also where there is no row."""
    listed = ", ".join(
        f"(SELECT typname::text FROM pg_catalog.pg_type WHERE oid = pg_catalog.pg_typeof(c{place}))"  # noqa: S608
        for place in range(columns)
    )
    return around(sql, columns, f"SELECT {listed} FROM (SELECT 1) AS one LEFT JOIN {NAME} ON true LIMIT 1")  # noqa: S608
