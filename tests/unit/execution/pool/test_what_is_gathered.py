"""Which questions by key may share a statement: those whose key compares as it does here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import Collation, Key, ModelCollection, Ommi, ommi_model
from ommi.sql.dialect import SqlCommand

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Word:
    text: Annotated[str, Key]


@ommi_model(collection=COLLECTION)
@dataclass
class ForeignWord:
    """Its store may take `A` for `a`, and then gives the row of another key than was asked for."""

    text: Annotated[str, Key | Collation("database")]


@pytest.mark.parametrize(("model", "is_gathered"), [(Word, True), (ForeignWord, False)])
def test_a_key_that_the_store_compares_its_own_way_is_asked_for_alone(
    model: Any, *, is_gathered: bool
) -> None:
    db = Ommi("sqlite://")
    plan, _ = db._executor.planner.plan(db.query(model).where(model.text == "a")._select)

    assert isinstance(plan.command, SqlCommand)
    assert (plan.command.by_keys is not None) is is_gathered
