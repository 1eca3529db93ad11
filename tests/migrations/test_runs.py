"""What migrations do to a store, on every store: the steps, the history, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest

from migrations.twelve import (
    MIGRATIONS,
    STEPS,
    TWELVE,
    clear,
    column,
    everything,
    key,
    rows,
    start,
)
from ommi import (
    Auto,
    Key,
    Migration,
    MigrationError,
    ModelCollection,
    Ommi,
    SchemaManager,
    ommi_model,
)
from ommi.metadata.storage import Kind
from ommi.migrations import ZERO, Migrator, Progress, State
from ommi.migrations.session import session_of
from ommi.schema.operations import (
    AddColumn,
    AddConstraint,
    Backfill,
    CreateTable,
    DropConstraint,
    DropTable,
    Execute,
    Nothing,
    Sql,
    replayed,
)
from ommi.schema.snapshot import ForeignKey, Index, Table
from ommi.schema.state import Schema

pytestmark = pytest.mark.anyio


@ommi_model(collection=ModelCollection(), table="thing")
@dataclass
class Thing:
    name: str
    id: Annotated[int | None, Key | Auto] = None


def things(*operations: Any, version: str = "2") -> list[Migration]:
    """Give a migration that makes a table, and one more."""
    table = Table("thing", (key(), column("name", Kind.TEXT, length=20)), ("id",))
    first = Migration("1", operations=[CreateTable(table)])
    return [first, Migration(version, operations=operations)]


async def ask(db: Ommi, text: str) -> list[tuple[object, ...]]:
    async with session_of(db) as session:
        return await rows(session, text)


async def test_up_down_and_up_again_keep_what_is_not_touched(url: str) -> None:
    async with Ommi(url) as db:
        await start(db)
        migrator = Migrator(db, MIGRATIONS)
        before = await everything(db)
        await migrator.apply()
        after = await everything(db)
        assert len(after["rows of posts"]) == 60  # type: ignore[arg-type]
        await migrator.rollback("0001")
        back = await everything(db)
        kept = "SELECT id, name, active FROM people ORDER BY id"
        assert back["rows of posts"] == before["rows of posts"]
        columns: Any = back["people"]
        assert {c.name for c in columns[0]} == {"id", "name", "age", "active", "old"}
        assert await ask(db, kept) == [
            (row[0], row[1], row[3])
            for row in before["rows of people"]  # type: ignore[attr-defined]
        ]
        await migrator.apply()
        again = await everything(db)
        assert {**again, "persons": None, "rows of persons": None} == {
            **after,
            "persons": None,
            "rows of persons": None,
        }
        await migrator.rollback(ZERO)
        assert set(await everything(db)) == {"history"}


async def test_what_the_store_has_is_what_replay_says(url: str) -> None:
    async with Ommi(url) as db:
        await start(db)
        await Migrator(db, MIGRATIONS).apply()
        expected = replayed(tuple(each for m in MIGRATIONS for each in m.operations))
        async with session_of(db) as session:
            found = Schema.of(
                await session._schema_keeping().tables([t.name for t in expected.tables])
            )
        for table in expected.tables:
            there = found.table(table.name)
            assert [(c.name, c.storage, c.is_nullable) for c in there.columns] == [
                (c.name, c.storage, c.is_nullable) for c in table.columns
            ]
            assert {index.name for index in table.indexes} <= {i.name for i in there.indexes}
            assert set(there.foreign_keys) == set(table.foreign_keys)
            assert set(there.checks) == set(table.checks)


async def test_progress_and_history_tell_what_was_done(url: str) -> None:
    told: list[Progress] = []
    async with Ommi(url) as db:
        await start(db)
        await Migrator(db, MIGRATIONS).apply(report=told.append)
        status = await Migrator(db, MIGRATIONS).status()
    assert [each.step for each in told if each.is_done] == list(range(1, STEPS + 1))
    assert [(each.rows, each.of) for each in told if each.rows] == [(10, 25), (20, 25), (25, 25)]
    records = [each.record for each in status]
    assert [record.state for record in records if record] == [State.APPLIED, State.APPLIED]
    assert records[1] is not None
    assert (records[1].step, records[1].checksum) == (STEPS, TWELVE.checksum)


async def test_a_column_that_must_have_a_value_wants_one_for_the_rows(url: str) -> None:
    async with Ommi(url) as db:
        manager = SchemaManager(db)
        await manager.create_table(Thing)
        await manager.add_column(Thing, "first", str)
        await manager.drop_column(Thing, "first")
        await db.add(Thing("a")).or_raise()
        with pytest.raises(MigrationError, match=r"default=.*\| None"):
            await manager.add_column(Thing, "email", str)
        await manager.add_column(Thing, "email", str, default="a@b")
        await manager.add_column(Thing, "note", str | None)
        await manager.add_index(Thing, "email", unique=True)
        await manager.rename_column(Thing, "email", "mail")
        await manager.alter_column(Thing, "note", str, default="none")
        await manager.execute("UPDATE thing SET name = 'b'")
        assert await ask(db, "SELECT name, mail, note FROM thing") == [("b", "a@b", "none")]
        await manager.drop_index(Thing, "mail", unique=True)
        await manager.rename_table(Thing, "thing_2")
        await manager.drop_table("thing_2")


async def test_a_changed_migration_a_gap_and_an_unknown_one_are_refused(url: str) -> None:
    async with Ommi(url) as db:
        await Migrator(db, things(Nothing())).apply()
        changed = things(Execute(Sql.of("SELECT 1")))
        with pytest.raises(MigrationError, match=r"migration 2.*has changed since.*fake"):
            await Migrator(db, changed).apply()
        with pytest.raises(MigrationError, match=r"the store has 2, which is not among"):
            await Migrator(db, changed[:1]).plan()
        between = Migration("1.5", operations=[Nothing()])
        with pytest.raises(MigrationError, match=r"migration 2.*1\.5 before it is not"):
            await Migrator(db, [*things(Nothing()), between]).apply()
        await Migrator(db, changed).fake()
        assert not await Migrator(db, changed).apply()


async def test_a_backfill_that_fails_in_the_middle_goes_on_where_it_was(url: str) -> None:
    add = AddColumn("thing", column("number", Kind.INT, is_nullable=True))
    async with Ommi(url) as db:
        await Migrator(db, things()).apply("1")
        async with session_of(db) as session:
            for n in range(1, 101):
                text = f"INSERT INTO thing (id, name) VALUES ({n}, 'n{n}')"
                await session.change(Execute(Sql.of(text)))
        failing = Backfill(
            "thing",
            (("name", Sql.of("CASE WHEN name = 'n65' THEN NULL ELSE 'done' END")),),
            Sql.of("name <> 'done'"),
            size=10,
        )
        migrations = things(add, failing)
        with pytest.raises(MigrationError, match=r"first 1 steps.*key \[60\]") as raised:
            await Migrator(db, migrations).apply()
        assert (raised.value.version, raised.value.step) == ("2", 2)
        assert await ask(db, "SELECT count(*) FROM thing WHERE name = 'done'") == [(60,)]
        with pytest.raises(MigrationError, match="finish it by migrating"):
            await Migrator(db, migrations).rollback()
        async with session_of(db) as session:
            await session.change(Execute(Sql.of("UPDATE thing SET name = 'right' WHERE id = 65")))
        told: list[Progress] = []
        await Migrator(db, migrations).apply(report=told.append)
        assert [each.rows for each in told if each.rows] == [10, 20, 30, 40]
        assert await ask(db, "SELECT count(*) FROM thing WHERE name = 'done'") == [(100,)]


async def test_steps_that_are_done_may_not_change(url: str) -> None:
    add = AddColumn("thing", column("number", Kind.INT, is_nullable=True))
    other = AddColumn("thing", column("another", Kind.INT, is_nullable=True))
    # Concurrency of this kind commits what came before it, on every store.
    nothing = Backfill("thing", (("number", Sql.of("1")),))
    broken = Execute(Sql.of("UPDATE nowhere SET nothing = 1"))
    async with Ommi(url) as db:
        with pytest.raises(MigrationError, match="first 2 steps are done and stay"):
            await Migrator(db, things(add, nothing, broken)).apply()
        with pytest.raises(MigrationError, match="are not what they were"):
            await Migrator(db, things(other, nothing, Nothing())).apply()
        with pytest.raises(MigrationError, match="it has only 1"):
            await Migrator(db, things(add)).apply()
        plan = await Migrator(db, things(add, nothing, Nothing())).apply()
        assert [planned.done for planned in plan.migrations] == [2]


async def test_a_table_that_is_referred_to_is_not_dropped(url: str) -> None:
    async with Ommi(url) as db:
        await start(db)
        with pytest.raises((MigrationError, Exception), match=r"posts|still referred to"):
            await Migrator(
                db, [*MIGRATIONS[:1], Migration("2", operations=[DropTable("people")])]
            ).apply()
        assert len(await ask(db, "SELECT id FROM posts")) == 60
        await clear(db)


@pytest.mark.parametrize("columns", [("code",), ("number", "code"), ("listed",)], ids="_".join)
async def test_a_reference_that_came_and_went_leaves_nothing(
    url: str, columns: tuple[str, ...]
) -> None:
    """MariaDB makes an index for it where no other does, and bounds what is in an index."""
    target = Table(
        "thing",
        (key(), column("number", Kind.INT), column("code", Kind.TEXT), column("listed", Kind.INT)),
        ("id",),
        tuple(
            Index("_".join(each), each, is_unique=True)
            for each in (("code",), ("number", "code"), ("listed",))
        ),
    )
    referring = replace(target, name="referring", indexes=(Index("by_listed", ("listed",)),))
    reference = AddConstraint("referring", ForeignKey(columns, "thing", columns))
    async with Ommi(url) as db, session_of(db) as session:
        for operation in (CreateTable(target), CreateTable(referring)):
            await session.change(operation)
        before = await session._schema_keeping().tables(["referring"])
        await session.change(reference)
        assert await session._schema_keeping().tables(["referring"]) != before
        await session.change(DropConstraint("referring", reference.name))
        assert await session._schema_keeping().tables(["referring"]) == before


async def test_a_backfill_that_was_refused_may_be_changed(url: str) -> None:
    rows_of = Sql.of("name <> 'done'")
    wrong = Backfill("thing", (("name", Sql.of("CASE WHEN id < 3 THEN 'x' END")),), rows_of, 1)
    right = Backfill("thing", (("name", Sql.of("'done'")),), rows_of, 1)
    async with Ommi(url) as db:
        await Migrator(db, things(wrong)).apply("1")
        await db.add(*(Thing(str(n)) for n in range(4))).or_raise()
        with pytest.raises(MigrationError, match=r"key \[2\]"):
            await Migrator(db, things(wrong)).apply()
        await Migrator(db, things(right)).apply()
        assert await ask(db, "SELECT DISTINCT name FROM thing") == [("done",)]


class ByHand(Migration):
    def __init__(self, version: str, *, fails: bool = False) -> None:
        super().__init__(version, "by hand")
        self.fails = fails

    async def up(self, schema: SchemaManager) -> None:
        await schema.create_table(Thing)
        await schema.step("things", self._add)
        await schema.backfill(Thing, {"name": "'filled'"}, where="name = 'one'", size=1)
        if self.fails:
            await schema.execute("UPDATE nowhere SET nothing = 1")
        await schema.add_column(Thing, "extra", int, default=3)

    async def down(self, schema: SchemaManager) -> None:
        await schema.drop_table(Thing)

    async def _add(self, schema: SchemaManager) -> None:
        await schema.db.add(Thing("one")).or_raise()
        await schema.db.add(Thing("two")).or_raise()


async def test_a_migration_by_hand_goes_on_after_a_failure(url: str) -> None:
    async with Ommi(url) as db:
        failing, manager = SchemaManager(db), SchemaManager(db)
        failing.add_migration(ByHand("10", fails=True))
        with pytest.raises(MigrationError, match="migration 10, step 4"):
            await failing.migrate_up()
        manager.add_migration(ByHand("10"))
        await manager.migrate_up()
        names = "SELECT name, extra FROM thing ORDER BY id"
        assert await ask(db, names) == [("filled", 3), ("two", 3)]
        await manager.migrate_down(ZERO)
        assert await Migrator(db, [ByHand("10")]).status() != ()
        assert not await Migrator(db, []).apply()
