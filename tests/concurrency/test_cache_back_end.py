"""What is wrong with a back end is told once, and the answers come from the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from concurrency.cached import CACHED, Counted, Owner
from ommi import ConfigurationError, Ommi, QueryCache
from services.private import needed
from services.redis import Server
from services.stores import becomes

pytestmark = pytest.mark.anyio

LEASE = 0.1


@pytest.fixture
def server() -> Server:
    return needed(Server)


@asynccontextmanager
async def opened(path: Path, channel: str) -> AsyncIterator[Ommi]:
    """Open a file whose answers are shared; it has one row."""
    cache = QueryCache(channel=channel, shared_as=path.name, lease=LEASE)
    async with Ommi(f"sqlite:///{path / 'rows.db'}", cache=cache) as db:
        await db.use_models(CACHED)
        if not await db.query(Owner).exists():
            await db.add(Owner(0)).or_raise()
            await db.add(Counted(0, 0, 0)).or_raise()
        yield db


async def is_shared(db: Ommi) -> bool:
    """Ask, and tell whether answers get names that all know, and are vouched for."""
    await db.query(Owner).cached().count()
    keeper = db._caching.keeper  # type: ignore[union-attr]
    return None not in {keeper.group.versions_of(["x"]), keeper.versions.stamp(())}


async def test_another_process_finds_an_answer_and_a_write_takes_it_away(
    server: Server, tmp_path: Path
) -> None:
    async with opened(tmp_path, server.url) as one, opened(tmp_path, server.url) as other:
        await becomes(True, lambda: is_shared(one))
        await becomes(True, lambda: is_shared(other))
        for number in range(5):
            found = await one.query(Counted).cached().fetch_all()
            assert found == await other.query(Counted).cached().fetch_all()

            await one.find(Counted.id == 0).update(number=number + 1).or_raise()
            assert (await other.query(Counted).cached().one()).number == number + 1

        assert other.cache is not None
        assert other.cache.stats.shared_hits > 0


async def test_a_poisoned_entry_is_left_out(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, server.url) as one, opened(tmp_path, server.url) as other:
        await becomes(True, lambda: is_shared(one))
        await becomes(True, lambda: is_shared(other))
        await one.query(Counted).cached().fetch_all()
        await one.query(Counted).where(Counted.id == 0).cached().fetch_all()
        async with server.client() as client:
            for key in await client.keys("ommi:values:*"):
                await client.set(key, b'[1,"another",[[1]]]')

        assert await other.query(Counted).cached().fetch_all() == [Counted(0, 0, 0)]
        again = await other.query(Counted).where(Counted.id == 0).cached().fetch_all()

    assert again == [Counted(0, 0, 0)]
    assert [record.message for record in caplog.records if "entry" in record.message] == [
        "cache: an entry was not what was kept, and is left out: InvalidValue"
    ]


async def test_a_server_that_is_away_costs_nothing_but_the_cache(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path, "redis://127.0.0.1:1/0") as db:
        for number in range(3):
            await db.find(Counted.id == 0).update(number=number).or_raise()
            assert (await db.query(Counted).cached().one()).number == number

        cache = db.cache
        assert cache is not None
        assert (cache.stats.hits, len(cache)) == (0, 0)
    levels = [record.levelno for record in caplog.records if record.name == "ommi.cache"]
    assert levels == [logging.WARNING]


async def test_a_server_that_goes_and_comes_back_is_used_again(
    server: Server, tmp_path: Path
) -> None:
    async with opened(tmp_path, server.url) as db:
        await becomes(True, lambda: is_shared(db))
        await asyncio.to_thread(server.do, "kill")
        try:
            await db.find(Counted.id == 0).update(number=7).or_raise()
            assert (await db.query(Counted).cached().one()).number == 7
        finally:
            await asyncio.to_thread(server.do, "start")

        await becomes(True, lambda: is_shared(db))
        assert (await db.query(Counted).cached().one()).number == 7


@pytest.mark.parametrize(
    ("cache", "wanted"),
    [
        (QueryCache(channel="database"), "cannot tell other processes"),
        (QueryCache(channel="memory://"), "cannot tell other processes"),
        (
            QueryCache(channel="postgresql://a@127.0.0.1:1/b", shared_as="x"),
            "does not keep keys and values",
        ),
    ],
)
async def test_a_channel_that_is_none_is_refused(cache: QueryCache, wanted: str) -> None:
    with pytest.raises(ConfigurationError, match=wanted):
        await Ommi("sqlite://", cache=cache).open()


async def test_models_that_are_always_kept_want_a_cache() -> None:
    with pytest.raises(ConfigurationError, match="wants a cache"):
        Ommi("sqlite://", cache_all=[Owner])
