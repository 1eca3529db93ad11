"""Rows that expire are nothing that a migration can make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import pytest

from ommi import (
    Aware,
    Expires,
    ModelCollection,
    ModelError,
    Ommi,
    SchemaManager,
    UnsupportedOperation,
    ommi_model,
)
from ommi.metadata.model import metadata_of
from ommi.migrations.models import wanted_of

pytestmark = pytest.mark.anyio


@ommi_model(collection=ModelCollection())
@dataclass
class Visit:
    ends: Annotated[datetime, Aware | Expires]
    id: int


def test_a_model_whose_rows_expire_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"Visit\.ends: its rows expire"):
        wanted_of([metadata_of(Visit)])


async def test_no_store_that_has_migrations_gets_its_table() -> None:
    async with Ommi("sqlite://") as db:
        with pytest.raises(UnsupportedOperation, match=r"let rows of Visit expire by ends"):
            await db.use_models(Visit)
        with pytest.raises(ModelError, match="its rows expire"):
            await SchemaManager(db).create_table(Visit)
