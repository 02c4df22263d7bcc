from pathlib import Path

import pytest

from frontdesk.context import Caller
from frontdesk.errors import InputError, IntegrityError
from frontdesk.tables import rows, structure
from tests import places

ADA = Caller("ada", "admin")


def people(column: str) -> dict[str, object]:
    boss = {"name": "boss", "type": "INTEGER", "references": {"table": "people", "column": column}}
    return {"name": "people", "columns": [{"name": "id", "type": "INTEGER", "primary_key": True}, boss]}


def test_a_new_table_can_refer_to_itself(place: Path | str) -> None:
    database = places.opened(place)
    with pytest.raises(InputError) as refused:
        structure.create(database, people("nosuch"), ADA)
    assert list(refused.value.errors) == ["columns.1.references"]

    made = structure.create(database, people("id"), ADA)
    assert made.column("boss").references == ("people", "id")
    rows.insert(database, "people", [{"id": 1, "boss": None}, {"id": 2, "boss": 1}], ADA)
    with pytest.raises(IntegrityError):
        rows.insert(database, "people", [{"boss": 77}], ADA)
    database.close()
