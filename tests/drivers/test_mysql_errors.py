"""MariaDB's errors as Ommi's, and writes that happen together or not at all."""

# ruff: noqa: F811 - fixtures are imported, and asked for by their names

from __future__ import annotations

import asyncio
from asyncio import CancelledError, create_task
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import (
    Auto,
    CheckViolation,
    ConflictError,
    ConnectionLost,
    DatabaseError,
    ForeignKeyViolation,
    InvalidValue,
    Key,
    ModelCollection,
    NotNullViolation,
    Ommi,
    ReferenceTo,
    StatementTimeout,
    StoreAs,
    Unique,
    UniqueTogether,
    UniqueViolation,
    UnsupportedOperation,
    fields,
    ommi_model,
)
from ommi.drivers.mysql.errors import translated
from services.mariadb import Peer, Server, database, on_mariadb, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()


@ommi_model(UniqueTogether("city", "street"), collection=COLLECTION, table="houses")
@dataclass
class House:
    city: str
    street: str
    plate: Annotated[str | None, Unique, StoreAs("plate_text")] = None
    is_old: bool = False
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION, table="rooms")
@dataclass
class Room:
    house: Annotated[int, ReferenceTo(House)]
    size: float = 1.0
    id: Annotated[int | None, Key | Auto] = None


H: Any = fields(House)
R: Any = fields(Room)


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as db:
        await db.use_models(COLLECTION)
        yield db


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    ("again", "names"),
    [
        (House("B", "2", "hidden-plate"), ("plate",)),
        (House("A", "1"), ("city", "street")),
        (House("C", "3", id=1), ("id",)),
    ],
)
async def test_a_value_twice_names_its_fields(
    db: Ommi, again: House, names: tuple[str, ...], together: bool
) -> None:
    await db.add(House("A", "1", "hidden-plate", id=1)).or_raise()

    models = [House("Z", "9"), again] if together else [again]
    failed = await db.add(*models).error

    assert isinstance(failed, UniqueViolation)
    assert (failed.model, failed.fields) == ("House", names)
    assert "hidden-plate" not in f"{failed} {failed.__cause__}"
    assert await db.find(H.id > 0).count.or_raise() == 1


async def test_a_reference_to_nothing_names_its_field(db: Ommi) -> None:
    failed = await db.add(Room(house=7)).error

    assert isinstance(failed, ForeignKeyViolation)
    assert (failed.model, failed.fields) == ("Room", ("house",))


async def test_a_row_that_is_referred_to_stays(db: Ommi) -> None:
    house = await db.add(House("A", "1")).or_raise()
    await db.add(Room(house=house.id)).or_raise()

    failed = await db.find(H.id == house.id).delete().error

    assert isinstance(failed, ForeignKeyViolation)
    assert failed.model == "House"


async def test_what_another_program_left_out_is_named(db: Ommi, peer: Peer) -> None:
    await peer.ask("ALTER TABLE rooms ADD floor BIGINT NOT NULL, ADD CHECK (size > 0)")
    await db.add(House("A", "1", id=1)).or_raise()

    assert isinstance(await db.add(Room(1)).error, NotNullViolation)
    await peer.ask("ALTER TABLE rooms ALTER floor SET DEFAULT 0")
    assert isinstance(await db.add(Room(1, -1.0)).error, CheckViolation)


async def test_a_check_of_ours_names_its_field(db: Ommi, peer: Peer) -> None:
    await peer.ask("ALTER TABLE houses MODIFY is_old BIGINT NOT NULL DEFAULT 5")
    connection = await db.driver.connect()

    with pytest.raises(DatabaseError) as caught:
        await connection._session.say("INSERT INTO houses (city, street) VALUES ('A', '1')")

    assert isinstance(caught.value, CheckViolation)
    await connection.close()


@on_mariadb
async def test_a_value_too_long_for_a_column_of_others_is_refused(db: Ommi, peer: Peer) -> None:
    await peer.ask("ALTER TABLE houses MODIFY street VARCHAR(3) COLLATE utf8mb4_nopad_bin")

    failed = await db.add(House("A", "hidden-street")).error

    assert isinstance(failed, DatabaseError)
    assert "the column of street" in str(failed)
    assert "hidden-street" not in f"{failed} {failed.__cause__}"


async def test_a_deadlock_can_be_tried_again(db: Ommi, peer: Peer) -> None:
    await db.add(House("A", "1", id=1), House("B", "2", id=2)).or_raise()
    await peer.ask("BEGIN")
    await peer.ask("UPDATE houses SET street = '9' WHERE id = 1")

    connection = await db.driver.connect()
    await connection._session.begin()
    await connection._session.say("UPDATE houses SET street = '8' WHERE id = 2")
    waiting = create_task(connection._session.say("UPDATE houses SET street = '7' WHERE id = 1"))
    await peer.until(lambda running: any("'7'" in text for text in running))
    theirs = await asyncio.gather(
        peer.ask("UPDATE houses SET street = '6' WHERE id = 2"), return_exceptions=True
    )
    mine = await asyncio.gather(waiting, return_exceptions=True)

    conflicts = [e for e in mine if isinstance(e, ConflictError) and e.retryable]
    assert len(conflicts) + sum(isinstance(e, Exception) for e in theirs) == 1
    connection.abort()
    await peer.ask("ROLLBACK")


@on_mariadb
async def test_a_lock_that_takes_too_long_is_a_conflict(db: Ommi, peer: Peer) -> None:
    await db.add(House("A", "1", id=1)).or_raise()
    await peer.ask("BEGIN")
    await peer.ask("UPDATE houses SET street = '9' WHERE id = 1")
    connection = await db.driver.connect()
    await connection._session.say("SET innodb_lock_wait_timeout = 0")

    with pytest.raises(ConflictError) as caught:
        await connection._session.say("UPDATE houses SET street = '7' WHERE id = 1")

    assert caught.value.retryable
    await peer.ask("ROLLBACK")
    await connection.close()


@on_mariadb
async def test_a_statement_that_takes_too_long_is_stopped(db: Ommi) -> None:
    connection = await db.driver.connect()
    await connection._session.say("SET max_statement_time = 0.01")

    with pytest.raises(StatementTimeout):
        await connection._session.say("SELECT SLEEP(9) FROM seq_1_to_9")

    await connection.close()


async def test_a_server_that_only_reads_says_so(db: Ommi) -> None:
    connection = await db.driver.connect()
    await connection._session.say("START TRANSACTION READ ONLY")

    with pytest.raises(UnsupportedOperation):
        await connection._session.say("DELETE FROM rooms")

    await connection.close()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1020, ConflictError),
        (1213, ConflictError),
        (1205, ConflictError),
        (2006, ConnectionLost),
        (2013, ConnectionLost),
        (1927, ConnectionLost),
        (3024, StatementTimeout),
        (3819, CheckViolation),
        (1364, NotNullViolation),
        (1836, UnsupportedOperation),
    ],
)
async def test_numbers_have_their_errors(code: int, kind: type[Exception]) -> None:
    from asyncmy.errors import OperationalError

    assert type(translated(OperationalError(code, "it said"), "MariaDB")) is kind


async def test_a_large_batch_that_fails_leaves_nothing(db: Ommi, peer: Peer) -> None:
    houses = [House("A", str(n)) for n in range(1_500)]

    failed = await db.add_all([*houses, House("A", "0")]).error

    assert isinstance(failed, UniqueViolation)
    assert await db.find(H.id > 0).count.or_raise() == 0
    assert await peer.ask("SELECT count(*) FROM information_schema.innodb_trx") == [(0,)]


async def test_a_cancelled_batch_leaves_nothing(db: Ommi, peer: Peer) -> None:
    await db.add(House("A", "1", id=1)).or_raise()
    await peer.ask("BEGIN")
    await peer.ask("SELECT * FROM houses WHERE id = 1 FOR UPDATE")
    rooms = [Room(1) for _ in range(1_000)]

    adding = create_task(db.add_all(rooms).or_raise())
    await peer.until(lambda running: any("INSERT" in text for text in running))
    adding.cancel()
    with pytest.raises(CancelledError):
        await adding
    await peer.ask("ROLLBACK")

    await peer.until(lambda running: not running)
    assert await db.find(R.id > 0).count.or_raise() == 0


async def test_keys_of_many_rows_are_those_of_the_rows(db: Ommi) -> None:
    await db.add(House("A", "1", id=1)).or_raise()

    added = await db.add_all(Room(1, float(n)) for n in range(1_234)).or_raise()

    found = await db.query(Room).order_by("id").fetch_all()
    assert len({room.id for room in added}) == 1_234
    assert sorted(added, key=lambda room: room.id or 0) == found


async def test_rows_of_several_mebibytes_go_in_several_statements(db: Ommi) -> None:
    added = await db.add_all(Wall("x" * 1_000_000) for _ in range(20)).error
    assert isinstance(added, DatabaseError)
    assert "use_models() makes it" in str(added)

    await db.use_models(Wall)
    await db.add_all(Wall("x" * 1_000_000) for _ in range(20)).or_raise()

    assert await db.find(fields(Wall).id > 0).count.or_raise() == 20


@ommi_model(collection=ModelCollection(), table="walls")
@dataclass
class Wall:
    text: str
    id: Annotated[int | None, Key | Auto] = None


async def test_a_value_for_no_field_is_refused_before_it_is_sent(db: Ommi) -> None:
    with pytest.raises(InvalidValue):
        await db.add(House({"a": 1}, "1")).or_raise()  # type: ignore[arg-type]
