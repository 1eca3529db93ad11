"""Questions, streams and cancellation on one session, with the server looked at from outside."""

# Fixtures are imported, and asked for by their names; sessions end a little late.
# ruff: noqa: ASYNC110, F811

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from itertools import count
from typing import Any

import pytest

from ommi import ConflictError, ConnectionLost, DatabaseError, StatementTimeout
from ommi.drivers.postgresql import driver as driver_module
from ommi.drivers.postgresql.driver import PostgreSQLConnection
from ommi.drivers.protocol import Step
from ommi.sql.dialect import SqlCommand
from services.postgresql import Server, connection, database, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

SLOW = "SELECT pg_sleep(30)"


def command(text: str, **facts: Any) -> SqlCommand:
    return SqlCommand(text, "Thing", "things", {"id": "id", "name": "name"}, **facts)


async def ask(connection: PostgreSQLConnection, text: str, *parameters: object) -> list[Any]:
    return await connection.fetch(
        command(text), parameters, lambda rows: [tuple(row) for row in rows]
    )


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():
            await asyncio.sleep(0.005)


async def running(peer: Any) -> int:
    return int(
        await peer.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ommi' "
            "AND (state <> 'idle' OR xact_start IS NOT NULL)"
        )
    )


async def is_quiet(peer: Any) -> bool:
    return not await running(peer)


async def is_busy(peer: Any) -> bool:
    return bool(await running(peer))


async def cancelled_after(turns: int, work: Coroutine[Any, Any, Any]) -> bool:
    """Cancel when the loop has turned so often; tell whether the work was over before."""
    task = asyncio.create_task(work)
    for _ in range(turns):
        await asyncio.sleep(0)
    was_cancelled = task.cancel()
    done = (await asyncio.gather(task, return_exceptions=True))[0]
    assert not was_cancelled or isinstance(done, asyncio.CancelledError)
    return not was_cancelled


@pytest.fixture
async def things(peer: Any) -> None:
    await peer.execute("CREATE TABLE things (id bigint PRIMARY KEY, name text NOT NULL)")
    await peer.execute("INSERT INTO things SELECT n, 'n' || n FROM generate_series(1, 100) AS n")


async def test_a_statement_is_prepared_once(connection: PostgreSQLConnection) -> None:
    for n in range(3):
        assert await ask(connection, "SELECT $1::int + 1", n) == [(n + 1,)]

    assert await ask(
        connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%+ 1'"
    ) == [(1,)]


async def test_statements_that_were_not_used_for_long_are_closed_on_the_server(
    server: Server, database: str
) -> None:
    client = await server.client(database)
    few = PostgreSQLConnection(client, kept=2)

    for n in range(9):
        await ask(few, f"SELECT {n}")
        await ask(few, "SELECT 'often'")

    kept = [row[0] for row in await ask(few, "SELECT statement FROM pg_prepared_statements")]
    assert "SELECT 'often'" in kept
    assert len(kept) <= 4
    await few.close()


async def test_behind_a_pooler_nothing_is_kept(server: Server, database: str) -> None:
    pooled = await server.driver(database, pooler="transaction").connect()

    assert await ask(pooled, "SELECT $1::int", 1) == [(1,)]
    assert await ask(pooled, "SELECT $1::int", 2) == [(2,)]
    async with aclosing(pooled.stream(command("SELECT 3"), (), 10, list)) as chunks:
        assert [tuple(row) for chunk in [c async for c in chunks] for row in chunk] == [(3,)]
    assert await ask(pooled, "SELECT count(*) FROM pg_prepared_statements") == [(0,)]
    await pooled.close()


@pytest.mark.parametrize("pooler", [None, "transaction"])
async def test_a_column_of_another_type_is_read_as_what_it_is_now(
    server: Server, database: str, things: None, peer: Any, pooler: Any
) -> None:
    connection = await server.driver(database, pooler=pooler).connect()
    assert await ask(connection, "SELECT id FROM things WHERE id = 5") == [(5,)]

    await peer.execute("ALTER TABLE things ALTER id TYPE double precision")

    assert await ask(connection, "SELECT id FROM things WHERE id = 5") == [(5.0,)]
    await connection.close()


async def test_a_statement_that_is_gone_is_prepared_again(
    connection: PostgreSQLConnection,
) -> None:
    assert await ask(connection, "SELECT 1") == [(1,)]

    await connection._client.execute("DEALLOCATE ALL")

    assert await ask(connection, "SELECT 1") == [(1,)]
    assert connection.is_usable


async def test_a_write_tells_how_many_rows_it_matched(
    connection: PostgreSQLConnection, things: None
) -> None:
    assert await connection.execute(command("UPDATE things SET name = name"), ()) == 100
    assert await connection.execute(command("DELETE FROM things WHERE id <= $1"), (3,)) == 3
    assert await connection.execute(command("DELETE FROM things WHERE FALSE"), ()) == 0


async def test_a_cancelled_question_ends_on_the_server_and_the_session_goes_on(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    task = asyncio.create_task(ask(connection, SLOW))
    await until(lambda: is_busy(peer))

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert connection.is_usable
    assert await ask(connection, "SELECT 1") == [(1,)]
    assert await is_quiet(peer)


async def test_a_question_cancelled_at_any_await_leaves_the_session_in_order(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    for turns in count():
        text = f"SELECT id, {turns} FROM things"
        is_over = await cancelled_after(turns, ask(connection, text))

        assert connection.is_usable
        assert await ask(connection, "SELECT $1::int", turns) == [(turns,)]
        if is_over:
            break
    assert await is_quiet(peer)


async def test_a_batch_cancelled_at_any_await_is_done_or_leaves_nothing(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    insert = command("INSERT INTO things VALUES ($1, $2)", columns=("id", "name"))
    update = command("UPDATE things SET name = $1 WHERE id = $2")
    for turns in count():
        await peer.execute("DELETE FROM things WHERE id > 100")
        rows = [(n, "new") for n in range(1000, 1200)]
        steps = [Step(update, [(f"{turns}", 1)]), Step(insert, rows)]
        is_over = await cancelled_after(turns, connection.run_batch(steps))

        assert connection.is_usable
        found = await peer.fetchval("SELECT count(*) FROM things WHERE id > 100")
        name = await peer.fetchval("SELECT name FROM things WHERE id = 1")
        assert (found, name == f"{turns}") in {(0, False), (200, True)}
        if is_over:
            break
    assert await is_quiet(peer)


async def test_a_stream_cancelled_at_any_await_leaves_no_transaction(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    async def streamed() -> None:
        chunks = connection.stream(command("SELECT id FROM things"), (), 30, list)
        async with aclosing(chunks):
            async for _ in chunks:
                await asyncio.sleep(0)

    for turns in count():
        is_over = await cancelled_after(turns, streamed())
        assert connection.is_usable
        if is_over:
            break
    assert await is_quiet(peer)


async def test_being_cancelled_again_while_it_ends_changes_nothing(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    for more in range(20):
        task = asyncio.create_task(ask(connection, SLOW))
        await until(lambda: is_busy(peer))
        for _ in range(more):
            task.cancel()
            await asyncio.sleep(0)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task

        assert connection.is_usable
        assert await ask(connection, "SELECT $1::int", more) == [(more,)]
        assert await is_quiet(peer)


async def test_a_server_that_answers_nothing_holds_a_cancel_for_the_grace_only(
    server: Server, connection: PostgreSQLConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_module, "GRACE", 0.2)
    task = asyncio.create_task(ask(connection, SLOW))
    await asyncio.sleep(0.05)
    server.do("pause")
    try:
        task.cancel()
        async with asyncio.timeout(3):
            with pytest.raises(asyncio.CancelledError):
                await task
    finally:
        server.do("resume")

    assert not connection.is_usable


async def test_a_coroutine_thrown_away_closes_the_session(
    connection: PostgreSQLConnection,
) -> None:
    # asyncpg leaves the future that nobody awaits any more with an error that nobody sees.
    asyncio.get_running_loop().set_exception_handler(None)
    work = ask(connection, SLOW)
    work.send(None)

    work.close()

    assert not connection.is_usable
    gc.collect()


async def test_a_session_that_the_server_ends_is_lost(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    task = asyncio.create_task(ask(connection, SLOW))
    await until(lambda: is_busy(peer))
    await peer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ommi'"
    )

    with pytest.raises(ConnectionLost):
        await task

    assert not connection.is_usable
    with pytest.raises(ConnectionLost):
        await ask(connection, "SELECT 1")
    with pytest.raises(ConnectionLost):
        await connection.ping()
    with pytest.raises(ConnectionLost):
        await connection.run_batch([Step(command("SELECT 1"), [()])])


async def test_a_statement_that_takes_too_long_for_the_server_is_a_timeout(
    connection: PostgreSQLConnection,
) -> None:
    await connection._client.execute("SET statement_timeout = 20")

    with pytest.raises(StatementTimeout):
        await ask(connection, SLOW)

    assert connection.is_usable


async def test_resetting_undoes_what_was_set(connection: PostgreSQLConnection) -> None:
    await connection._client.execute("SET timezone = 'Asia/Tokyo'")
    await connection._client.execute("SELECT pg_advisory_lock(1)")
    connection.is_changed = True

    await connection.reset()

    assert await ask(connection, "SELECT current_setting('timezone')") == [("UTC",)]
    assert await ask(connection, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == [
        (0,)
    ]
    assert not connection.is_changed
    assert connection.is_usable


async def test_a_transaction_of_the_callers_own_is_left_to_the_caller(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    await connection._client.execute("BEGIN")
    with pytest.raises(DatabaseError):
        await ask(connection, "SELECT 1 / 0")
    assert connection._client.is_in_transaction()
    await connection._client.execute("ROLLBACK")

    await connection._client.execute("BEGIN")
    task = asyncio.create_task(ask(connection, SLOW))
    await until(lambda: is_asleep(peer))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert connection._client.is_in_transaction()
    assert not connection._client.is_closed()
    assert not connection.is_usable


async def is_asleep(peer: Any) -> bool:
    return bool(
        await peer.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    )


async def test_waiting_for_a_lock_for_too_long_is_a_conflict(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    await connection._client.execute("SET lock_timeout = 20")
    async with peer.transaction():
        await peer.execute("LOCK TABLE things")
        with pytest.raises(ConflictError) as caught:
            await connection.execute(command("DELETE FROM things"), ())

    assert caught.value.retryable


async def test_a_deadlock_is_a_conflict(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    lock = command("SELECT id FROM things WHERE id = $1 FOR UPDATE")
    await connection._client.execute("SET deadlock_timeout = '20ms'")
    await peer.execute("BEGIN; SELECT id FROM things WHERE id = 2 FOR UPDATE")
    task = asyncio.create_task(connection.run_batch([Step(lock, [(1,)]), Step(lock, [(2,)])]))
    await until(lambda: is_waiting(peer))

    theirs = asyncio.create_task(peer.execute("SELECT id FROM things WHERE id = 1 FOR UPDATE"))
    ended = await asyncio.gather(task, theirs, return_exceptions=True)
    await peer.execute("ROLLBACK")

    assert isinstance(ended[0], ConflictError)
    assert connection.is_usable


async def is_waiting(peer: Any) -> bool:
    return bool(await peer.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_a_stream_gives_the_rows_of_its_start(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    found: list[int] = []
    chunks = connection.stream(
        command("SELECT id FROM things ORDER BY id"), (), 30, lambda rows: [r[0] for r in rows]
    )
    async with aclosing(chunks):
        async for chunk in chunks:
            found.extend(chunk)
            await peer.execute("DELETE FROM things WHERE id > 40")

    assert found == list(range(1, 101))
    assert connection.is_usable


@pytest.mark.parametrize("size", [1, 50, 100, 101])
async def test_a_stream_gives_chunks_of_the_size_asked_for(
    connection: PostgreSQLConnection, things: None, size: int
) -> None:
    chunks = connection.stream(command("SELECT id FROM things WHERE id > $1"), (0,), size, len)

    lengths = [length async for length in chunks]

    assert sum(lengths) == 100
    assert set(lengths[:-1]) <= {size}


async def test_a_stream_left_early_ends_its_transaction(
    connection: PostgreSQLConnection, things: None, peer: Any
) -> None:
    async with aclosing(
        connection.stream(command("SELECT id FROM things"), (), 10, list)
    ) as chunks:
        async for _ in chunks:
            break

    assert connection.is_usable
    assert await is_quiet(peer)
    assert await ask(connection, "SELECT count(*) FROM things") == [(100,)]


async def test_a_failure_to_build_ends_the_stream_as_it_is(
    connection: PostgreSQLConnection, things: None
) -> None:
    def fail(rows: Any) -> None:
        raise LookupError(len(rows))

    with pytest.raises(LookupError, match="10"):
        await anext(connection.stream(command("SELECT id FROM things"), (), 10, fail))

    assert connection.is_usable


async def test_a_stream_of_what_the_server_refuses_fails_and_leaves_nothing(
    connection: PostgreSQLConnection, peer: Any
) -> None:
    with pytest.raises(Exception, match="does not exist"):
        await anext(connection.stream(command("SELECT id FROM nowhere"), (), 10, list))

    assert connection.is_usable
    assert await is_quiet(peer)


async def test_a_plan_is_told_line_by_line(connection: PostgreSQLConnection, things: None) -> None:
    lines = await connection.explain(command("SELECT id FROM things WHERE id = $1"), (1,))

    assert any("things_pkey" in line for line in lines)
    assert connection.is_usable


async def test_closing_leaves_no_session(connection: PostgreSQLConnection, peer: Any) -> None:
    await connection.ping()
    await connection.close()
    await connection.close()

    async def is_gone() -> bool:
        return not await peer.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ommi'"
        )

    await until(is_gone)
