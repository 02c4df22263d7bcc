from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from frontdesk.web import paths

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(NAMES)
def test_every_name_survives_a_path_and_one_decoding(name: str) -> None:
    in_address = paths.NameConverter.to_url(None, name)  # type: ignore[arg-type]
    assert "/" not in in_address and in_address.isascii() and in_address not in {"", ".", ".."}
    assert paths.read(unquote(in_address)) == name


@given(st.lists(st.one_of(st.none(), NAMES), min_size=2, max_size=4))
def test_the_parts_of_a_key_survive_too(key: list[str | None]) -> None:
    in_address = paths.KeyConverter.to_url(None, tuple(key))  # type: ignore[arg-type]
    found = paths.KeyConverter.to_python(None, unquote(in_address))  # type: ignore[arg-type]
    assert list(found.parts) == key
