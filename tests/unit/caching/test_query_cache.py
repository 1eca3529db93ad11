from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from ommi import CacheEntry, CacheStats, ConfigurationError, QueryCache
from ommi.caching.query_cache import MISSING
from ommi.caching.versions import Versions
from profiles import examples

pytestmark = pytest.mark.anyio

QUESTIONS = examples(100_000, 1_000_000)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_set_is_given_until_its_time_is_over() -> None:
    clock = Clock()
    cache = QueryCache(max_size=10, ttl=300, clock=clock)
    await cache.set("q", [1])
    await cache.set("short", [2], ttl=1)

    clock.now = 1
    assert (await cache.get("q"), await cache.get("short")) == ([1], None)
    clock.now = 300
    assert await cache.get("q") is None
    assert (cache.stats.hits, cache.stats.misses, cache.stats.expirations) == (1, 2, 2)


async def test_none_is_a_value() -> None:
    cache = QueryCache()
    await cache.set("q", None)

    assert await cache.get("q", MISSING) is None
    assert await cache.get("other", MISSING) is MISSING


async def test_the_least_recently_used_goes_first() -> None:
    cache = QueryCache(max_size=2)
    await cache.set("a", 1)
    await cache.set("b", 2)
    await cache.get("a")
    await cache.set("c", 3)

    assert [await cache.get(key) for key in "abc"] == [1, None, 3]


async def test_it_does_what_a_slow_and_simple_cache_does() -> None:
    random, cache, size = Random(1), QueryCache(max_size=8), 8
    kept: dict[str, int] = {}
    for number in range(5_000):
        key = str(random.randrange(16))
        if random.random() < 0.5:
            found = await cache.get(key)
            assert found == kept.get(key)
            if found is not None:
                kept[key] = kept.pop(key)
        else:
            await cache.set(key, number)
            kept.pop(key, None)
            kept[key] = number
            if len(kept) > size:
                del kept[next(iter(kept))]


async def test_bytes_are_bounded_and_what_is_too_large_is_not_kept() -> None:
    cache = QueryCache(max_size=1_000, max_bytes=10_000)
    for number in range(100):
        await cache.set(str(number), "x" * 1_000)
    await cache.set("large", "x" * 20_000)

    assert cache.stats.size <= 10_000
    assert 0 < len(cache) < 10
    assert (await cache.get("large"), cache.stats.refused) == (None, 1)


async def test_memory_is_bounded_whatever_is_asked() -> None:
    cache = QueryCache(max_size=1_000, max_bytes=2**20)
    blocks = sys.getallocatedblocks()
    for number in range(QUESTIONS):
        cache.keep((number, int, number), ((number, "x" * 20),))

    assert len(cache) <= 1_000
    assert cache.stats.size <= 2**20
    # An entry has about twenty objects; none are left of those that went.
    assert sys.getallocatedblocks() - blocks < 40 * 1_000


def test_an_entry_and_the_counts_are_as_in_the_reference_document() -> None:
    stats = CacheStats()
    stats.hit()
    stats.miss()

    assert CacheEntry([1], 300).value == [1]
    assert not CacheEntry([1], 300).is_expired()
    assert (stats.hits, stats.misses, stats.hit_rate) == (1, 1, 0.5)
    assert CacheStats().hit_rate == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: QueryCache(max_size=0),
        lambda: QueryCache(max_size=True),
        lambda: QueryCache(ttl=0),
        lambda: QueryCache(ttl=float("inf")),
        lambda: QueryCache(max_bytes="1"),  # type: ignore[arg-type]
        lambda: QueryCache(lease=-1),
        lambda: QueryCache(shared_as="shop"),
    ],
)
def test_settings_that_mean_nothing_are_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigurationError):
        make()


def test_nothing_can_be_stamped_while_a_table_is_written() -> None:
    versions = Versions()
    [users] = versions.of(["users"])
    before = versions.stamp([users])

    versions.begin(frozenset({"users"}))
    assert versions.stamp([users]) is None
    versions.end(frozenset({"users"}))

    assert versions.stamp([users]) not in {None, before}


def test_a_write_of_everything_counts_for_tables_that_are_met_meanwhile() -> None:
    versions = Versions()
    versions.begin(None)
    [late] = versions.of(["late"])

    assert versions.stamp([late]) is None
    versions.end(None)
    assert versions.stamp([late]) is not None


def test_a_write_that_may_yet_happen_keeps_its_table_out_for_a_while() -> None:
    clock = Clock()
    versions = Versions(clock)
    [users] = versions.of(["users"])
    versions.begin(frozenset({"users"}))
    versions.end(frozenset({"users"}), is_sure=False)

    assert versions.stamp([users]) is None
    clock.now = 61
    assert versions.stamp([users]) is not None


async def test_entries_of_two_loops_turns_are_the_same_cache() -> None:
    cache = QueryCache()
    await asyncio.gather(*(cache.set(str(n % 10), n) for n in range(100)))

    assert len(cache) == 10
