"""Parameters are found where PostgreSQL sees none of its own: checked against hypothesis and the server itself."""

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frontdesk.database.postgresql import tokens


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT :a, :b, :a", ["a", "b"]),
        ("SELECT x::int, :a::numeric(10, 2), x :: text", ["a"]),
        ("SELECT ':no', \":no\", 'it''s :no', \"a\"\":no\" -- :no\n, :yes", ["yes"]),
        (r"SELECT E'\':no' || e'\\' || :yes, 'standard\', :too", ["yes", "too"]),
        ("SELECT E'a' -- more\n 'b\\' :no' || :yes", ["yes"]),
        ("SELECT U&'\\0041 :no', U&\":no\", :yes", ["yes"]),
        ("SELECT $$ :no $$, $a$ :no $b$ :no $$ $a$, :yes", ["yes"]),
        ("SELECT a$b$ FROM t WHERE c$d$ = :yes", ["yes"]),
        ("SELECT /* :no /* :no */ :no */ :yes", ["yes"]),
        ("SELECT a[1:2], a[lo:hi], a[f(1):hi], a[(1):hi], a[b[1]:hi]", []),
        ("SELECT a[:lo : :hi], a[1 : :n], a[:n]", ["lo", "hi", "n"]),
        ("SELECT a[CASE WHEN :yes THEN 1 END:no]", ["yes"]),
        ("SELECT f(a := :b, c => :d)", ["b", "d"]),
        ("SELECT a FROM t WHERE b > :größe AND c=:c1 AND d = :_e", ["größe", "c1", "_e"]),
        ("SELECT 'never closed :no", []),
        ("SELECT $never$ closed :no", []),
        ("SELECT /* never closed :no", []),
        ("SELECT :1, : a, :'a', :\"a\"", []),
    ],
)
def test_a_parameter_is_found_outside_texts_names_comments_casts_and_slices(sql: str, names: list[str]) -> None:
    assert tokens.parameters(sql) == names


def test_each_parameter_has_one_number_and_stays_apart_from_what_stands_beside_it() -> None:
    assert tokens.numbered("SELECT :a+:b||:a::text") == ("SELECT  $1 + $2 || $1 ::text", ["a", "b"])


@given(st.text())
def test_the_tokens_of_any_text_are_that_text(sql: str) -> None:
    assert "".join(token.text for token in tokens.split(sql)) == sql


@given(st.text(alphabet=":a1'\"$\\/*-E&U[]() \n;"))
def test_the_tokens_of_what_looks_like_sql_are_that_text(sql: str) -> None:
    assert "".join(token.text for token in tokens.split(sql)) == sql


INNER = st.text(alphabet="ab:c1 é\n-*/[].,", max_size=20)
CLOSED = st.one_of(
    INNER.map(lambda text: f"'{text}'"),
    INNER.map(lambda text: f"E'{text}\\''"),
    INNER.map(lambda text: f"$q${text}$q$"),
    INNER.map(lambda text: f"$${text}$$"),
    INNER.map(lambda text: f'"x{text}"'),
    INNER.map(lambda text: "/*" + text.replace("*", "").replace("/", "") + "/* :x */ :y */"),
    INNER.map(lambda text: "--" + text.replace("\n", "") + "\n"),
    st.sampled_from(["a::text", "b[1:2]", "c[lo:hi]", "12.5", "x$y$", "f(1)", "+", "<>", ","]),
)


@given(st.lists(st.tuples(CLOSED, st.sampled_from(["", "a", "b", "name_1"]))))
def test_only_what_stands_between_is_a_parameter(parts: list[tuple[str, str]]) -> None:
    sql = "\n".join(f"{closed} , {f':{name}' if name else ''}" for closed, name in parts)
    assert tokens.parameters(sql) == list(dict.fromkeys(name for _, name in parts if name))


def test_the_server_reads_texts_beside_parameters_as_we_do(postgresql_url: str) -> None:
    """Each text comes back as it was meant, and each parameter stands where it was written."""
    inner = st.text(alphabet="ab:c '\\$é\n-*/", max_size=12)
    written = st.one_of(
        inner.map(lambda text: ("'" + text.replace("'", "''") + "'", text)),
        inner.map(lambda text: ("E'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'", text)),
        inner.map(lambda text: ("e'" + text.replace("\\", "\\\\").replace("'", "''") + "'", text)),
        inner.map(lambda text: ("U&'" + text.replace("\\", "\\\\").replace("'", "''") + "'", text)),
        inner.map(lambda text: (f"$q_1$ {text} $q_1$", f" {text} ")),
        inner.map(lambda text: (f"/* {text.replace('*', '')} /* :no */ */ 'x' -- :no '", "x")),
        st.just(("E'a' -- more\n  'b\\':no'", "ab':no")),
        st.just(("(ARRAY['p', 'q'])[2:2]::text", "{q}")),
    )

    @settings(max_examples=40)
    @given(st.lists(written, min_size=1, max_size=6))
    def check(parts: list[tuple[str, str]]) -> None:
        sql = "SELECT " + "\n, :a::text,".join(sql for sql, _ in parts)
        text, names = tokens.numbered(sql)
        found = connection.cursor().execute(text.encode(), ["given"] if names else None).fetchone()
        assert [value for value in found or () if value != "given"] == [value for _, value in parts]
        assert names == (["a"] if len(parts) > 1 else [])

    with psycopg.connect(postgresql_url.replace("+psycopg", ""), cursor_factory=psycopg.RawCursor) as connection:
        check()
