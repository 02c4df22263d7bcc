"""What the small forms of a structure page ask for, as the JSON that alters a table."""

from collections.abc import Callable, Mapping
from typing import Any

from frontdesk.tables import structure

LINES = 3
"""Lines for new columns, and columns that an index or a foreign key is chosen by."""


def typed(form: Mapping[str, str]) -> dict[str, Any]:
    """The wish of whichever form was sent: what it does not speak of is left out."""
    made: dict[str, Any] = {}
    for read in _READ:
        made |= read(form)
    return made


def _named(form: Mapping[str, str]) -> dict[str, Any]:
    return {"name": form["name"].strip()} if "name" in form else {}


def _renamed(form: Mapping[str, str]) -> dict[str, Any]:
    """`was.0`, `column.0` and `drop.0`: names as they were and are to be."""
    old = [(form[f"was.{line}"], line) for line in range(structure.MOST_COLUMNS) if f"was.{line}" in form]
    if not old:
        return {}
    dropped = [name for name, line in old if f"drop.{line}" in form]
    renamed = {name: form.get(f"column.{line}", name).strip() for name, line in old if name not in dropped}
    return {"rename": {name: new for name, new in renamed.items() if new != name}, "drop": dropped}


def _added(form: Mapping[str, str]) -> dict[str, Any]:
    added = [
        {
            "name": form[f"add.{line}.name"].strip(),
            "type": form.get(f"add.{line}.type", "TEXT"),
            "nullable": f"add.{line}.required" not in form,
            "default": form.get(f"add.{line}.default") or None,
        }
        for line in range(LINES)
        if form.get(f"add.{line}.name", "").strip()
    ]
    return {"add": added} if added else {}


def _column(form: Mapping[str, str]) -> dict[str, Any]:
    """`column` with `new_name`, `type`, `required`, `default_is`, `default`, `after`, `misfits`, or `drop`."""
    name = form.get("column")
    if name is None:
        return {}
    if "drop" in form:
        return {"drop": [name]}
    new = form.get("new_name", name).strip()
    facts: dict[str, Any] = {"type": form["type"]} if form.get("type") else {}
    if "required_shown" in form:
        facts["nullable"] = "required" not in form
    if form.get("default_is") in {"none", "value"}:
        facts["default"] = form.get("default", "") if form["default_is"] == "value" else None
    made: dict[str, Any] = {"columns": {new: facts}} if facts else {}
    made |= {"rename": {name: new}} if new != name else {}
    made |= {"misfits": "leave"} if form.get("misfits") == "leave" else {}
    return made | _moved(form, name, new)


def _moved(form: Mapping[str, str], name: str, new: str) -> dict[str, Any]:
    """The order with the column after another one, or first; `was` are the names as they stand."""
    place = form.get("after", "as it is")
    if place == "as it is":
        return {}
    rest = [one for one in form.get("order", "").split("\n") if one.strip("\r") and one.strip("\r") != name]
    rest = [one.strip("\r") for one in rest]
    at = rest.index(place) + 1 if place in rest else 0
    return {"order": [*rest[:at], new, *rest[at:]]}


def _chosen(form: Mapping[str, str], what: str) -> list[str]:
    return [form[f"{what}.{line}"] for line in range(LINES) if form.get(f"{what}.{line}")]


def _index(form: Mapping[str, str]) -> dict[str, Any]:
    if form.get("drop_index"):
        return {"drop_indexes": [form["drop_index"]]}
    if "index.0" not in form:
        return {}
    facts = {"name": form.get("index_name", "").strip(), "where": form.get("index_where", "").strip()}
    given = {name: text for name, text in facts.items() if text}
    return {"add_indexes": [{"columns": _chosen(form, "index"), "unique": "index_unique" in form, **given}]}


def _key(form: Mapping[str, str]) -> dict[str, Any]:
    if form.get("drop_key"):
        columns = form["drop_key"].replace("\r", "").split("\n")
        return {"drop_foreign_keys": [{"columns": columns, "table": form.get("drop_key_table", "")}]}
    if "key.0" not in form:
        return {}
    acts = {act: form[act] for act in ("on_delete", "on_update") if form.get(act)}
    return {"add_foreign_keys": [{"columns": _chosen(form, "key"), "table": form.get("key_table", ""), **acts}]}


def _check(form: Mapping[str, str]) -> dict[str, Any]:
    if form.get("drop_check"):
        return {"drop_checks": [form["drop_check"].replace("\r\n", "\n")]}
    return {"add_checks": [form["check"].strip()]} if "check" in form else {}


_READ: tuple[Callable[[Mapping[str, str]], dict[str, Any]], ...] = (
    _named,
    _renamed,
    _added,
    _column,
    _index,
    _key,
    _check,
)
