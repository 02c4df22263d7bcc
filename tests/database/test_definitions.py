"""What is read from the text of definitions."""

import pytest

from frontdesk.database.sqlite import definitions


def test_conditions_and_generated_columns_are_found_wherever_they_stand() -> None:
    sql = """CREATE TABLE [t] ( -- CHECK (no)
      [a b] INTEGER CONSTRAINT "c" CHECK ([a b] > (1)), Name TEXT DEFAULT 'CHECK (x)' CHECK(`name` <> ')'),
      twice AS ([a b] * 2) VIRTUAL, "check" INTEGER, /* CHECK (y) */ CHECK ("Name" IN ('a', 'b'))
    ) STRICT"""
    found = definitions.rules(sql, ["a b", "Name", "twice", "check"])
    assert found.checks == ('"a b" > (1)', "\"Name\" <> ')'", "\"Name\" IN ('a', 'b')")
    assert found.generated == {"twice": '"a b" * 2'}


@pytest.mark.parametrize(
    ("sql", "plain"),
    [
        ("((a)::text = 'x'::character varying(3))", "((a) = 'x')"),
        ("(a = ANY (ARRAY['x'::text, 'y'::text]))", "(a IN ('x', 'y'))"),
        ("((a)::text = ANY ((ARRAY['x'::character varying])::text[]))", "((a) IN ('x'))"),
        ("('now'::text)::timestamp(3) without time zone", "('now')"),
        ("'a::b'::text", "'a::b'"),
        ("(name ~ '^a'::text)", None),
        ("(name ~~ 'a%'::text)", None),
    ],
)
def test_what_postgresql_alone_writes_is_taken_away(sql: str, plain: str | None) -> None:
    assert definitions.plainer(sql) == plain


def test_an_index_keeps_its_expressions_order_and_condition() -> None:
    sql = "CREATE INDEX i ON t (lower(Name) desc, [a b]) WHERE Name IS NOT NULL"
    listed, condition = definitions.index(sql, ["Name", "a b"])
    assert (listed, condition) == ('((lower("Name")) DESC, "a b")', ' WHERE "Name" IS NOT NULL')
