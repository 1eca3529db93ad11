"""Many rows at once: all or none, with their keys, and with errors that name what they guard."""

# Fixtures are imported, and asked for by their names.
# ruff: noqa: F811

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import pytest

from ommi import (
    Auto,
    DatabaseError,
    Default,
    ForeignKeyViolation,
    InvalidValue,
    Key,
    ModelCollection,
    NotNullViolation,
    Ommi,
    ReferenceTo,
    Unique,
    UniqueViolation,
    ommi_model,
)
from ommi.drivers.postgresql.batches import COPIED_FROM, commit
from ommi.drivers.protocol import Step
from ommi.sql.dialect import SqlCommand
from services.postgresql import Server, connection, database, peer, server  # noqa: F401

pytestmark = pytest.mark.anyio

COLLECTION = ModelCollection()
SIZES = (1, 2, COPIED_FROM - 1, COPIED_FROM, 3 * COPIED_FROM)


@ommi_model(collection=COLLECTION, table="owners")
@dataclass
class Owner:
    name: str
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=COLLECTION, table="odd names")
@dataclass
class Pet:
    name: Annotated[str, Unique]
    owner: Annotated[int, ReferenceTo(Owner.id)]
    id: Annotated[int | None, Key | Auto] = None


@pytest.fixture
async def db(server: Server, database: str) -> AsyncIterator[Ommi]:
    async with Ommi(server.driver(database)) as opened:
        await opened.use_models(COLLECTION)
        await opened.add(Owner("o", id=1)).or_raise()
        yield opened


def pets(number: int) -> list[Pet]:
    return [Pet(f"p{n}", 1) for n in range(number)]


@pytest.mark.parametrize("number", SIZES)
async def test_rows_come_back_in_order_with_keys_of_their_own(db: Ommi, number: int) -> None:
    added = await db.add_all(pets(number)).or_raise()

    found = await db.query(Pet).order_by("id").fetch_all()
    assert [pet.id for pet in added] == [pet.id for pet in found]
    assert [pet.name for pet in found] == [f"p{n}" for n in range(number)]


@pytest.mark.parametrize("number", SIZES)
async def test_a_row_that_breaks_a_rule_leaves_none_and_is_named(db: Ommi, number: int) -> None:
    twice = await db.add_all([*pets(number), Pet("p0", 1)]).error
    lost = await db.add_all([*pets(number), Pet("new", 99)]).error

    assert isinstance(twice, UniqueViolation)
    assert (twice.model, twice.fields) == ("Pet", ("name",))
    assert isinstance(lost, ForeignKeyViolation)
    assert (lost.model, lost.fields) == ("Pet", ("owner",))
    assert await db.query(Pet).count() == 0


@pytest.mark.parametrize("number", SIZES)
async def test_several_models_are_added_together_or_not_at_all(db: Ommi, number: int) -> None:
    owners = [Owner(f"o{n}") for n in range(number)]

    failed = await db.add_all([*owners, *pets(number), Pet("p0", 1)]).error
    done = await db.add_all([*owners, *pets(number)]).or_raise()

    assert isinstance(failed, UniqueViolation)
    assert len(done) == 2 * number
    assert await db.query(Owner).count() == number + 1
    assert await db.query(Pet).count() == number


@pytest.mark.parametrize("number", SIZES)
async def test_no_key_is_generated_that_was_given(db: Ommi, number: int) -> None:
    await db.add_all([Owner("given", id=n) for n in range(10, 10 + number)]).or_raise()

    generated = await db.add_all([Owner("g") for _ in range(number)]).or_raise()

    assert not {owner.id for owner in generated} & {*range(10, 10 + number)}


@pytest.mark.parametrize("key", [0, -5, 2**63 - 1])
async def test_a_key_that_no_sequence_reaches_changes_none(db: Ommi, key: int) -> None:
    await db.add(Owner("far", id=key)).or_raise()

    assert (await db.add(Owner("next")).or_raise()).id == 2


async def test_a_value_that_no_column_of_the_table_takes_is_refused_and_not_shown(
    server: Server, db: Ommi, peer: Any
) -> None:
    await peer.execute('ALTER TABLE "odd names" ALTER owner TYPE smallint')
    large = [Pet(f"q{n}", 123456) for n in range(COPIED_FROM)]

    for models in (large[:1], large):
        error = await db.add_all(models).error
        assert isinstance(error, InvalidValue)
        assert "123456" not in f"{error} {error.__cause__}"
    assert await db.query(Pet).count() == 0


@pytest.mark.parametrize("number", SIZES)
async def test_a_table_with_row_level_security_takes_rows_one_by_one(
    server: Server, db: Ommi, peer: Any, number: int
) -> None:
    await peer.execute(
        "DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN; "
        "GRANT USAGE ON SCHEMA public TO guarded; "
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO guarded; "
        "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO guarded; "
        'ALTER TABLE "odd names" ENABLE ROW LEVEL SECURITY; '
        'CREATE POLICY every ON "odd names" USING (TRUE)'
    )
    try:
        async with Ommi(server.driver("test", user="guarded")) as guarded:
            added = await guarded.add_all([*pets(number), Owner("later")]).or_raise()
            assert await guarded.query(Pet).count() == number
        assert len({pet.id for pet in added[:-1]}) == number
    finally:
        await peer.execute("DROP OWNED BY guarded; DROP ROLE guarded")


async def test_a_key_that_comes_from_elsewhere_is_told(db: Ommi, peer: Any) -> None:
    await peer.execute(
        "CREATE SEQUENCE elsewhere START 500; "
        "ALTER TABLE owners ALTER id DROP IDENTITY, ALTER id SET DEFAULT nextval('elsewhere')"
    )

    added = await db.add_all([Owner("o") for _ in range(COPIED_FROM)]).or_raise()

    assert [owner.id for owner in added] == [*range(500, 500 + COPIED_FROM)]


STAMPED = ModelCollection()


@ommi_model(collection=STAMPED, table="stamped")
@dataclass
class Stamped:
    name: str
    kind: Annotated[str | None, Default(sql="'plain'")] = None
    id: Annotated[int | None, Key | Auto] = None


@pytest.mark.parametrize("number", SIZES)
async def test_all_that_the_server_fills_in_is_told(db: Ommi, number: int) -> None:
    await db.use_models(STAMPED)

    added = await db.add_all([Stamped(f"{n}") for n in range(number)]).or_raise()

    assert {row.kind for row in added} == {"plain"}
    found = await db.query(Stamped).order_by("id").fetch_all()
    assert [(row.id, row.name) for row in found] == [(row.id, row.name) for row in added]


async def test_a_required_value_that_is_missing_is_named(db: Ommi, peer: Any) -> None:
    await peer.execute('ALTER TABLE "odd names" ADD must int NOT NULL')

    error = await db.add_all(pets(COPIED_FROM)).error

    assert isinstance(error, NotNullViolation)
    assert error.model == "Pet"


async def test_a_value_of_the_row_is_in_no_message(db: Ommi) -> None:
    secret = "secret-of-the-row"
    await db.add(Pet(secret, 1)).or_raise()

    for many in ([Pet(secret, 1)], [*pets(COPIED_FROM), Pet(secret, 1)]):
        error = await db.add_all(many).error
        assert secret not in f"{error} {error!r} {error.__cause__} {error.__cause__!r}"


async def test_a_commit_that_the_server_turns_into_a_rollback_is_an_error(
    connection: Any,
) -> None:
    client = connection._client
    await client.execute("BEGIN")
    with pytest.raises(Exception, match="zero"):
        await client.execute("SELECT 1 / 0")

    with pytest.raises(DatabaseError, match="nothing was committed"):
        await commit(client)


async def test_a_batch_whose_statements_are_gone_is_done_again(connection: Any, peer: Any) -> None:
    await peer.execute("CREATE TABLE counted (n bigint)")
    insert = SqlCommand("INSERT INTO counted VALUES ($1)", "Counted", "counted", {})
    steps = [Step(insert, [(1,)]), Step(insert, [(2,), (3,)])]
    await connection.run_batch(steps)

    await connection._client.execute("DEALLOCATE ALL")
    await connection.run_batch(steps)

    assert await peer.fetchval("SELECT count(*) FROM counted") == 6


@pytest.mark.parametrize("number", [1, 2])
async def test_no_key_is_generated_that_was_given_when_all_statements_were_gone(
    connection: Any, peer: Any, number: int
) -> None:
    key = "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
    await peer.execute(f"CREATE TABLE numbered ({key}, n bigint)")
    text = "INSERT INTO numbered (id, n) VALUES ($1, $2)"
    columns = ("id", "n")
    insert = SqlCommand(
        text, "Numbered", "numbered", {"id": "id"}, columns=columns, given_key="id"
    )

    async def add(*keys: int) -> None:
        if number == 1:
            await connection.execute(insert, (keys[0], 0))
        else:
            await connection.run_batch([Step(insert, [(key, 0) for key in keys])])

    await add(1, 2)
    await connection._client.execute("DEALLOCATE ALL")
    await add(7, 8)

    key_of_next = "INSERT INTO numbered (n) VALUES (0) RETURNING id"
    assert await peer.fetchval(key_of_next) == {1: 8, 2: 9}[number]
