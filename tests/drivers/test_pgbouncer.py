"""Behind a pooler each transaction may have another server session."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest

from ommi import Aware, ConnectionFailed, Key, Ommi, ommi_model
from ommi.drivers.postgresql.driver import PostgreSQLConnection
from ommi.sql.dialect import SqlCommand
from profiles import examples
from services.pgbouncer import PgBouncer, pooler_of, through
from services.postgresql import Server, database, peer, server  # noqa: F401

# Fixtures are imported, and asked for by their names; a statement ends a little late.
# ruff: noqa: ASYNC110, F811

pytestmark = pytest.mark.anyio

SESSIONS = 3


@ommi_model
@dataclass
class Event:
    id: Annotated[int, Key]
    at: Annotated[datetime, Aware]
    name: str


@pytest.fixture(scope="module")
def pooler(server: Server) -> Iterator[PgBouncer]:
    with pooler_of(server.url, POOL_SIZE=str(SESSIONS)) as found:
        yield found


@pytest.fixture
async def db(server: Server, pooler: PgBouncer, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(through(pooler, server.url), max_connections=10) as db:
        await db.use_models(Event)
        yield db


async def ask(connection: PostgreSQLConnection, text: str, *parameters: object) -> list[Any]:
    command = SqlCommand(text, "Event", "event", {})
    return await connection.fetch(command, parameters, lambda rows: [tuple(row) for row in rows])


async def running(peer: Any) -> int:
    return int(
        await peer.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
            "AND query LIKE '%sleep%' AND pid <> pg_backend_pid()"
        )
    )


async def until_running(peer: Any, number: int) -> None:
    async with asyncio.timeout(1):
        while await running(peer) != number:
            await asyncio.sleep(0.005)


async def test_the_sessions_of_the_server_are_lent_by_turns(
    pooler: PgBouncer, database: str
) -> None:
    driver = pooler.driver(database, pooler="transaction")
    connections = [await driver.connect() for _ in range(SESSIONS)]
    await asyncio.gather(*(ask(each, "SELECT pg_sleep(0.1)") for each in connections))

    seen = {(await ask(connections[0], "SELECT pg_backend_pid()"))[0][0] for _ in range(20)}

    assert len(seen) == SESSIONS
    for connection in connections:
        await connection.close()


async def test_what_others_set_in_a_session_changes_no_answer(db: Ommi, pooler: PgBouncer) -> None:
    others = [await pooler.client() for _ in range(SESSIONS)]
    event = Event(1, datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC), "a\\'b")
    await db.add(event).or_raise()

    for other, zone in zip(others, ("Asia/Tokyo", "America/New_York", "Europe/Oslo"), strict=True):
        await other.execute(
            f"SET timezone = '{zone}'; SET datestyle = 'German'; "
            "SET standard_conforming_strings = off; SET intervalstyle = 'sql_standard'"
        )

    for _ in range(2 * SESSIONS):
        query = db.query(Event).where(Event.at == event.at, Event.name == event.name)
        assert await query.fetch_all() == [event]
        assert await db.query(Event).where(Event.at > event.at).count() == 0
    for other in others:
        await other.close()


async def test_a_setting_that_the_pooler_does_not_know_is_refused_when_connecting(
    pooler: PgBouncer, database: str
) -> None:
    settings = {"search_path": "elsewhere"}
    driver = pooler.driver(database, pooler="transaction", server_settings=settings)

    with pytest.raises(ConnectionFailed, match="search_path"):
        await driver.connect()


async def test_questions_find_their_statements_in_whichever_session(db: Ommi) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    events = [Event(n, at + timedelta(days=n), f"n{n}") for n in range(50)]
    await db.add_all(events).or_raise()

    async def asked(n: int) -> None:
        assert await db.query(Event).where(Event.id == n).fetch_all() == [events[n]]
        assert await db.query(Event).where(Event.name == f"n{n}").count() == 1
        assert await db.find(Event.id == n).update(name=f"n{n}").or_raise() == 1
        found = [event.id async for event in db.query(Event).where(Event.id < n).stream()]
        assert sorted(found) == list(range(n))

    await asyncio.gather(*(asked(n) for n in range(50)))


async def test_a_cancelled_question_ends_on_the_server(
    pooler: PgBouncer, database: str, peer: Any
) -> None:
    connection = await pooler.driver(database, pooler="transaction").connect()
    task = asyncio.create_task(ask(connection, "SELECT pg_sleep(30)"))
    await until_running(peer, 1)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await until_running(peer, 0)
    assert connection.is_usable
    assert await ask(connection, "SELECT 1") == [(1,)]
    await connection.close()


async def test_a_cancel_meets_nobody_elses_question(
    pooler: PgBouncer, database: str, peer: Any
) -> None:
    rng = random.Random("cancels")
    driver = pooler.driver(database, pooler="transaction")
    victim, bystanders = await driver.connect(), [await driver.connect() for _ in range(4)]
    is_over = asyncio.Event()

    async def goes_on(number: int, connection: PostgreSQLConnection) -> int:
        asked = 0
        while not is_over.is_set():
            text = "SELECT $1::int FROM pg_sleep(0.001)"
            assert await ask(connection, text, number) == [(number,)]
            asked += 1
        return asked

    async with asyncio.TaskGroup() as tasks:
        others = [tasks.create_task(goes_on(n, each)) for n, each in enumerate(bystanders)]
        for n in range(examples(100, 2_000)):
            task = asyncio.create_task(ask(victim, "SELECT $1::int FROM pg_sleep(0.004)", n))
            await asyncio.sleep(rng.uniform(0, 0.006))
            task.cancel()
            with suppress(asyncio.CancelledError):
                assert await task == [(n,)]
            assert victim.is_usable
            assert await ask(victim, "SELECT $1::int", -n) == [(-n,)]
        is_over.set()

    assert all(other.result() for other in others)
    for connection in (victim, *bystanders):
        await connection.close()
