"""What a pool promises, on real sessions: nobody's leftovers, no deadlock, few attempts."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any

import pytest

from concurrency.leftovers import pool_of, unchanged
from concurrency.things import Thing, find_one, find_three
from ommi import ConnectionFailed, ForkedPool, Ommi, PoolDeadlock, WrongLoop
from ommi.sql.dialect import SqlCommand
from profiles import examples
from services.proxy import before
from services.stores import ServerPlace, View

pytestmark = pytest.mark.anyio

DIRT = {
    "PostgreSQL": [
        ("SET timezone = 'Asia/Tokyo'", "SHOW timezone"),
        ("SET search_path = pg_catalog", "SHOW search_path"),
        ("SET statement_timeout = 12345", "SHOW statement_timeout"),
        (
            "SET default_transaction_isolation = 'serializable'",
            "SHOW default_transaction_isolation",
        ),
        ("SET default_transaction_read_only = on", "SHOW default_transaction_read_only"),
        ("SET ROLE pg_monitor", "SELECT current_user::text"),
        ("SET my.own = 'mine'", "SELECT coalesce(current_setting('my.own', true), '')"),
        (
            "CREATE TEMP TABLE mine (id int)",
            "SELECT count(*) FROM pg_class WHERE relname = 'mine'",
        ),
        (
            "SELECT pg_advisory_lock(7)",
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
        ),
        ("LISTEN mine", "SELECT count(*) FROM pg_listening_channels()"),
        (
            "DECLARE mine CURSOR WITH HOLD FOR SELECT 1",
            "SELECT count(*) FROM pg_cursors WHERE name = 'mine'",
        ),
        ("SET SESSION AUTHORIZATION pg_monitor", "SELECT session_user::text"),
    ],
    "MariaDB": [
        ("SET time_zone = '+09:00'", "SELECT @@time_zone"),
        ("SET sql_mode = ''", "SELECT @@sql_mode"),
        ("SET autocommit = 0", "SELECT @@autocommit"),
        ("SET foreign_key_checks = 0", "SELECT @@foreign_key_checks"),
        (
            "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SELECT @@tx_isolation",
        ),
        ("SET SESSION TRANSACTION READ ONLY", "SELECT @@tx_read_only"),
        ("SET innodb_snapshot_isolation = 0", "SELECT @@innodb_snapshot_isolation"),
        ("SET NAMES latin1", "SELECT @@character_set_client"),
        ("SET sql_select_limit = 1", "SELECT @@sql_select_limit"),
        ("SET @mine = 1", "SELECT @mine"),
        (
            "CREATE TEMPORARY TABLE things (id bigint)",
            "SELECT count(*) FROM things",
        ),
        ("SELECT GET_LOCK('mine', 0)", "SELECT IS_USED_LOCK('mine')"),
    ],
}


async def told(connection: Any, text: str) -> list[Any]:
    rows = await connection.fetch(SqlCommand(text, "", "", {}), (), list)
    return [tuple(row) for row in rows]


async def dirty(connection: Any, text: str) -> None:
    session = getattr(connection, "_session", None)
    await (connection._client.execute(text) if session is None else session.say(text))
    (session or connection).is_changed = True


async def test_nobody_sees_what_the_one_before_has_left(server: ServerPlace) -> None:
    async with server.database(max_connections=1) as db:
        pool = pool_of(db)
        assert pool is not None
        for make, look in DIRT[server.name]:
            lease = await pool.acquire()
            clean = await told(lease.connection, look)
            await dirty(lease.connection, make)
            assert await told(lease.connection, look) != clean, make
            pool.give_back(lease)

            lease = await pool.acquire()
            assert await told(lease.connection, look) == clean, make
            pool.give_back(lease)
            await find_three(db)
        assert pool.stats.opened == 1


async def test_two_hundred_streams_that_ask_on_end_or_are_told_at_once(
    server: ServerPlace, view: View
) -> None:
    refused = 0

    async def ask_on(number: int) -> None:
        nonlocal refused
        with suppress(PoolDeadlock):
            refused += 1
            async for thing in db.find(Thing.id == number):
                await find_one(db, thing.id + 1)
            refused -= 1

    async with server.database(max_connections=4) as db:
        async with asyncio.timeout(30):
            await asyncio.gather(*(ask_on(number) for number in range(1, 201)))

        await unchanged(db, view, limit=4)
        # With a connection left for each, nobody is refused.
        refused = 0
        await asyncio.gather(*(ask_on(number) for number in range(1, 3)))
        assert refused == 0


async def test_many_who_want_a_server_that_is_down_make_few_attempts(
    server: ServerPlace,
) -> None:
    async with (
        before(server.port) as proxy,
        server.database(port=proxy.port, max_connections=4, connection_timeout=1.0) as db,
    ):
        pool = pool_of(db)
        assert pool is not None
        await proxy.refuse()
        lease = await pool.acquire()
        lease.connection.abort()
        pool.give_back(lease)

        tried = await asyncio.gather(
            *(find_one(db, n) for n in range(1, 201)), return_exceptions=True
        )

        assert {type(error) for error in tried} == {ConnectionFailed}
        # Of four at once the first time, and then of ever fewer.
        assert pool.stats.failed <= 15


async def test_a_forked_process_leaves_the_sessions_to_its_parent(
    server: ServerPlace, view: View
) -> None:
    async with server.database(max_connections=2) as db:
        pool = pool_of(db)
        assert pool is not None
        lent = await pool.acquire()
        await find_three(db)
        for number in range(examples(5, 50)):
            child = os.fork()
            if not child:
                os._exit(_in_child(db))
            _, status = await asyncio.to_thread(os.waitpid, child, 0)
            assert os.waitstatus_to_exitcode(status) == 0

            await find_one(db, number + 1)
            assert await told(lent.connection, "SELECT 1") == [(1,)]
        pool.give_back(lent)
        await unchanged(db, view, limit=2)
        assert pool.stats.opened == 2


def _in_child(db: Ommi) -> int:
    """Use what is the parent's, as a child would; give what the process ends with."""
    try:
        asyncio.new_event_loop().run_until_complete(find_one(db, 1))
    except ForkedPool:
        return 0
    except BaseException:  # noqa: BLE001 - the child must end here, whatever happens
        return 2
    return 1


def test_another_loop_is_refused(server: ServerPlace) -> None:
    with asyncio.Runner() as first, asyncio.Runner() as second:
        db = first.run(server.database().open())
        try:
            with pytest.raises(WrongLoop):
                second.run(find_one(db, 1))
            first.run(find_one(db, 1))
        finally:
            first.run(db.close())
