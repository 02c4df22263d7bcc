import pytest

from frontdesk.tables import queries


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT :a, :b, :a", ["a", "b"]),
        ("SELECT ':no', \":no\", `:no`, [:no] -- :no\n, /* :no */ :yes", ["yes"]),
        ("SELECT 'it''s :no' || :yes", ["yes"]),
        ("SELECT $x + @y", ["x", "y"]),
        ("SELECT 'never closed :no", []),
        ("SELECT a FROM t WHERE b > :größe", ["größe"]),
    ],
)
def test_parameters_are_found_outside_texts_names_and_comments(sql: str, names: list[str]) -> None:
    assert queries.parameters(sql) == names


@pytest.mark.parametrize(
    ("text", "value"), [("30", 30), ("-1.5", -1.5), ("02134", "02134"), ("", ""), ("1e3", "1e3"), ("9" * 20, "9" * 20)]
)
def test_a_typed_value_is_a_number_only_where_nothing_is_lost(text: str, value: object) -> None:
    assert queries.typed(text) == value
    assert type(queries.typed(text)) is type(value)
