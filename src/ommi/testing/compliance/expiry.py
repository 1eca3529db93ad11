"""Rows that expire: never seen again, or refused before anything is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest

from ommi.database import Ommi
from ommi.decorator import ommi_model
from ommi.errors import NotFound, UniqueViolation, UnsupportedOperation
from ommi.metadata.annotations import Auto, Aware, Expires, Index, Key, Length, Unique
from ommi.planning.capabilities import Capability
from ommi.query.fields import fields
from ommi.testing.compliance.fixtures import tables
from ommi.testing.compliance.models import new_collection
from ommi.testing.requirements import requires

PAST = datetime(2020, 1, 1, tzinfo=UTC)
FUTURE = datetime(9999, 12, 31, tzinfo=UTC)


@ommi_model(collection=new_collection())
@dataclass
class Visit:
    """A row that says itself when it ends."""

    code: Annotated[str, Unique | Length(20)]
    ends: Annotated[datetime | None, Aware | Expires] = None
    size: Annotated[int, Index] = 0
    id: Annotated[int | None, Key | Auto] = None


VISIT: Any = fields(Visit)


@pytest.mark.anyio
class TestExpiry:
    async def test_where_rows_do_not_expire_such_a_model_is_refused(self, database: Ommi) -> None:
        if Capability.EXPIRY in database.driver.capabilities:
            pytest.skip(f"rows expire on {database.driver.name}")
        with pytest.raises(UnsupportedOperation, match="let rows of Visit expire by ends"):
            await database.use_models(Visit)

    @requires(Capability.EXPIRY)
    async def test_a_row_that_has_expired_is_never_seen(self, database: Ommi) -> None:
        async with tables(database, Visit):
            await database.add(Visit("old", PAST), Visit("new", FUTURE), Visit("ever")).or_raise()
            for asked in (VISIT.code == "old", VISIT.size < 1, VISIT.size + 0 == 0):
                found = await database.query(Visit).where(asked).fetch_all()
                assert "old" not in [visit.code for visit in found]
            assert await database.query(Visit).count() == 2
            assert await database.find(Visit).update(size=1).or_raise() == 2
            assert await database.find(VISIT.code == "old").delete().or_raise() == 0

    @requires(Capability.EXPIRY, Capability.UNIQUE)
    async def test_what_a_row_had_that_has_expired_is_free(self, database: Ommi) -> None:
        async with tables(database, Visit):
            visit = await database.add(Visit("a", FUTURE)).or_raise()
            assert isinstance(await database.add(Visit("a")).error, UniqueViolation)

            await database.find(VISIT.id == visit.id).update(ends=PAST).or_raise()
            again = await database.add(Visit("a")).or_raise()

            assert await database.query(Visit).one() == again

    @requires(Capability.EXPIRY)
    async def test_an_instance_whose_row_has_expired_is_found_no_more(
        self, database: Ommi
    ) -> None:
        async with tables(database, Visit):
            visit = await database.add(Visit("a", PAST)).or_raise()
            visit.size = 5
            assert isinstance(await database.save(visit).error, NotFound)
            assert isinstance(await database.reload(visit).error, NotFound)
