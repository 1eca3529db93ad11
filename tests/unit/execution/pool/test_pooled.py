from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from concurrency.clock import clocked, turns
from concurrency.scripted import Act, SchemaConnection, Store
from ommi import ConnectionLost, ConnectionPool, UnsupportedOperation
from ommi.drivers.protocol import Connection, Explaining, SchemaKeeping, Step
from ommi.execution.pool.pooled import PooledConnection


class SchemaStore(Store):
    async def connect(self) -> SchemaConnection:
        connection = SchemaConnection(self)
        self.alive.append(connection)
        return connection


def pooled(store: Store, size: int = 2) -> PooledConnection:
    return PooledConnection(store.pool(size))


def everything_is_back(connection: PooledConnection) -> bool:
    return connection.pool.stats.leased == 0


@clocked
async def test_it_does_what_a_connection_does() -> None:
    connection: Connection = (front := pooled(Store()))

    assert await connection.fetch("a", (1,), list) == [("a", 1)]
    assert await connection.execute("a", (1, 2)) == 2
    assert await connection.run_batch([Step("a", [()])]) == [[Step("a", [()])]]
    streamed = [rows async for rows in connection.stream("a", (), 1, list)]
    assert streamed == [[("a", 0)], [("a", 1)], [("a", 2)]]
    assert everything_is_back(front)
    await connection.close()


@clocked
async def test_it_keeps_schemas_and_explains_where_its_connections_do() -> None:
    store = SchemaStore()
    connection = pooled(store)
    assert isinstance(connection, SchemaKeeping)
    assert isinstance(connection, Explaining)

    [table] = await connection.tables(["users"])
    assert table.name == "users"
    await connection.create_tables([table])
    with pytest.raises(ConnectionLost):
        await connection.drop_tables([table])
    assert await connection.explain("a", ()) == ["scan for a"]
    assert everything_is_back(connection)
    await connection.close()


@clocked
async def test_it_says_what_its_connections_cannot_do() -> None:
    connection = pooled(Store())

    with pytest.raises(UnsupportedOperation, match="scripted cannot do this: make tables"):
        await connection.tables(["users"])
    with pytest.raises(UnsupportedOperation, match="tell its plan"):
        await connection.explain("a", ())
    assert everything_is_back(connection)
    await connection.close()


@clocked
async def test_calls_that_overlap_have_a_connection_each() -> None:
    store = Store()
    connection = pooled(store, 10)

    async def fetch(number: int) -> Any:
        return await connection.fetch("mine", (number,), list)

    found = await asyncio.gather(*map(fetch, range(100)))

    assert found == [[("mine", number)] for number in range(100)]
    assert len(store.alive) <= 10
    await connection.close()


@clocked
async def test_an_error_gives_the_connection_back() -> None:
    store = Store()
    store.fetching = Act.BADLY
    connection = pooled(store)

    for call in (connection.fetch("a", (), list), connection.execute("a", ())):
        with pytest.raises(ConnectionLost):
            await call
    with pytest.raises(ConnectionLost):
        await connection.run_batch([])
    with pytest.raises(ConnectionLost):
        async for _ in connection.stream("a", (), 1, list):
            pass

    assert everything_is_back(connection)
    await connection.close()


@clocked
async def test_a_statement_is_never_repeated() -> None:
    store = Store()
    connection = pooled(store)
    store.fetching = Act.BADLY
    with pytest.raises(ConnectionLost):
        await connection.execute("a", ())

    assert len(store.attempts) == 1
    await connection.close()


@clocked
async def test_a_stream_holds_its_connection_until_it_ends() -> None:
    connection = pooled(Store(), 1)
    async with aclosing(connection.stream("a", (), 1, list)) as chunks:
        await anext(chunks)
        other = asyncio.get_running_loop().create_task(connection.fetch("b", (), list))
        await turns(9)
        assert not other.done()

    assert await other == [("b",)]
    assert everything_is_back(connection)
    await connection.close()


@clocked
async def test_what_is_left_of_a_stream_is_read_by_nobody() -> None:
    store = Store()
    connection = pooled(store, 1)
    async with aclosing(connection.stream("mine", (), 1, list)) as chunks:
        await anext(chunks)

    assert await connection.fetch("yours", (), list) == [("yours",)]
    assert len(store.attempts) == 2
    await connection.close()


@clocked
async def test_a_cancelled_stream_gives_its_connection_back() -> None:
    store = Store()
    connection = pooled(store, 1)

    async def read() -> None:
        async with aclosing(connection.stream("a", (), 1, list)) as chunks:
            async for _ in chunks:
                store.fetching = Act.NEVER

    reading = asyncio.get_running_loop().create_task(read())
    await turns(20)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading

    assert everything_is_back(connection)
    await connection.close()


def test_it_works_on_the_usual_loop() -> None:
    async def use() -> list[Any]:
        pool: ConnectionPool[Any] = await Store().pool().open()
        connection = PooledConnection(pool)
        try:
            return [await connection.fetch("a", (n,), list) for n in range(3)]
        finally:
            await connection.close()

    assert asyncio.run(use()) == [[("a", 0)], [("a", 1)], [("a", 2)]]
