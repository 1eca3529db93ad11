"""A reply that is cut, at whichever byte, is never taken for a shorter one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from concurrency.leftovers import cut_off
from concurrency.things import find_one, find_three, stream_some, update_one
from ommi import ConnectionLost, Ommi
from profiles import examples
from services.proxy import End, Proxy, before
from services.stores import ServerPlace

pytestmark = pytest.mark.anyio

Operation = Callable[[Ommi], Coroutine[Any, Any, None]]


async def fetch(db: Ommi) -> None:
    await find_three(db)


async def stream(db: Ommi) -> None:
    await stream_some(db, count=3)


async def update(db: Ommi) -> None:
    await update_one(db, 3)


@pytest.fixture
async def proxy(server: ServerPlace) -> AsyncIterator[Proxy]:
    async with before(server.port) as proxy:
        yield proxy


async def prepare(db: Ommi, operation: Operation, *, is_warm: bool) -> None:
    """Have a connection that knows the question already, or does not."""
    await find_one(db, 7)
    if is_warm:
        await operation(db)


@pytest.mark.parametrize(("is_warm", "end"), [(False, End.FIN), (True, End.RST)])
@pytest.mark.parametrize("operation", [fetch, stream, update])
async def test_a_reply_cut_at_any_byte_is_whole_or_lost(
    server: ServerPlace,
    proxy: Proxy,
    operation: Operation,
    end: End,
    *,
    is_warm: bool,
) -> None:
    lost = 0
    async with server.database(port=proxy.port, max_connections=1) as db:
        await prepare(db, operation, is_warm=is_warm)
        proxy.cut_after(None)
        await operation(db)
        length = proxy.told
        cut_off(db)
        cuts = [*range(0, length, examples(10, 1)), length]

        for cut in cuts:
            await prepare(db, operation, is_warm=is_warm)
            proxy.cut_after(cut, end)
            try:
                await operation(db)
            except ConnectionLost:
                lost += 1
            proxy.cut_after(None)
            cut_off(db)

    assert lost > len(cuts) / 2
