"""What history and migrations say together: what is applied, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ommi.errors import MigrationError
from ommi.migrations.history import HistoryRecord, State
from ommi.migrations.migration import ZERO, Migration, ordered
from ommi.migrations.plan import Direction, Plan, PlannedMigration
from ommi.schema.operations import Operation, replayed, reversed_operations
from ommi.schema.state import Schema

History = Mapping[str, HistoryRecord]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Migrations in their order, those that another one stands for left out.

    `adopted` are those that stand for others which are applied, so that they are applied too.
    """

    migrations: tuple[Migration, ...]
    history: History
    adopted: tuple[Migration, ...] = ()

    def is_applied(self, migration: Migration) -> bool:
        """Tell whether the store has a migration, all of it."""
        record = self.history.get(migration.version)
        return migration in self.adopted or (record is not None and not record.is_half_done)

    def half_done(self) -> tuple[Migration, HistoryRecord] | None:
        """Give the migration whose run was interrupted, if there is one."""
        for migration in self.migrations:
            record = self.history.get(migration.version)
            if record is not None and record.is_half_done:
                return migration, record
        return None

    def place(self, version: str) -> int:
        """Give how many migrations come up to and with a version; raises `MigrationError`."""
        if version == ZERO:
            return 0
        for place, migration in enumerate(self.migrations, start=1):
            if version == migration.version or version in migration.replaces:
                return place
        known = ", ".join(migration.version for migration in self.migrations) or "none"
        raise MigrationError(f"there is no migration {version!r}; there is {known}")


def resolved(migrations: Iterable[Migration], history: History) -> Resolved:
    """Put both together; raises `MigrationError` where they do not fit."""
    chosen, adopted = _standing(ordered(migrations), history)
    found = Resolved(chosen, history, adopted)
    _refuse_unknown(found)
    for migration in chosen:
        record = history.get(migration.version)
        if record is not None and not record.is_half_done:
            _refuse_changed(migration, record)
    _refuse_gaps(found)
    return found


def plan_up(found: Resolved, to: str | None) -> Plan:
    """Tell what is to be run so that everything up to and with a version is applied."""
    end = len(found.migrations) if to is None else found.place(to)
    half = found.half_done()
    first = () if half is None else (_go_on(*half),)
    rest = [
        PlannedMigration(migration, Direction.UP)
        for migration in found.migrations[:end]
        if not found.is_applied(migration) and (half is None or migration is not half[0])
    ]
    if half is not None and half[1].state is State.REVERTING:
        is_wanted = half[0] in found.migrations[:end]
        rest = [PlannedMigration(half[0], Direction.UP), *rest] if is_wanted else rest
        order = {m.version: place for place, m in enumerate(found.migrations)}
        rest.sort(key=lambda planned: order[planned.migration.version])
    return Plan((*first, *rest))


def plan_down(found: Resolved, to: str | None, count: int) -> Plan:
    """Tell what is to be undone so that nothing after a version is applied, the last first."""
    half = found.half_done()
    if half is not None and half[1].state is State.APPLYING:
        raise MigrationError(
            f"its run stopped after step {half[1].step}; finish it by migrating, or say with fake "
            "(`ommi migrate --fake`) that it is finished, before anything is rolled back",
            version=half[0].version,
        )
    applied = [migration for migration in found.migrations if found.is_applied(migration)]
    first = () if half is None else (_go_on(*half),)
    if to is None:
        gone = applied[len(applied) - max(0, count - len(first)) :]
    else:
        kept = set(found.migrations[: found.place(to)])
        gone = [migration for migration in applied if migration not in kept]
    return Plan((*first, *(PlannedMigration(each, Direction.DOWN) for each in reversed(gone))))


def undoing(found: Resolved, migration: Migration) -> tuple[Operation, ...]:
    """Give what undoes the operations of a migration; raises `MigrationError` where nothing does.

    What was there before is known by replay of the migrations before it.
    """
    undone = _undone(found, migration)
    for operation, step in zip(reversed(migration.operations), undone, strict=True):
        if step is None:
            raise MigrationError(
                f"nothing undoes {str(operation)!r}; give it an undo, or the migration a down() "
                "of its own",
                version=migration.version,
            )
    return tuple(step for step in undone if step is not None)


def _undone(found: Resolved, migration: Migration) -> tuple[Operation | None, ...]:
    """Give what undoes each operation, as far as what was there before is known.

    A migration written by hand does what replay cannot know; much can be undone without that.
    """
    earlier = found.migrations[: found.migrations.index(migration)]
    try:
        before = replayed(tuple(each for m in earlier for each in m.operations))
        return reversed_operations(migration.operations, before)
    except MigrationError as error:
        unknown = error
    try:
        return tuple(each.reverse(Schema()) for each in reversed(migration.operations))
    except MigrationError:
        raise MigrationError(
            f"what was there before it is not known, since one before it is written by hand "
            f"({unknown.reason}); give it a down() of its own",
            version=migration.version,
        ) from unknown


def _go_on(migration: Migration, record: HistoryRecord) -> PlannedMigration:
    direction = Direction.UP if record.state is State.APPLYING else Direction.DOWN
    return PlannedMigration(migration, direction, record.step)


def _standing(
    migrations: Sequence[Migration], history: History
) -> tuple[tuple[Migration, ...], tuple[Migration, ...]]:
    """Choose between migrations and the one that replaces them; give those, and the adopted."""
    left_out: set[str] = set()
    adopted: list[Migration] = []
    for migration in migrations:
        if not migration.replaces or migration.version in history:
            left_out.update(migration.replaces)
            continue
        known = [history[version] for version in migration.replaces if version in history]
        if not known:
            left_out.update(migration.replaces)
        elif len(known) == len(migration.replaces) and not any(r.is_half_done for r in known):
            left_out.update(migration.replaces)
            adopted.append(migration)
        else:
            there = {each.version for each in migrations}
            missing = [version for version in migration.replaces if version not in there]
            if missing:
                raise MigrationError(
                    f"replaces {', '.join(migration.replaces)}, of which the store has only "
                    f"{', '.join(record.id for record in known)}; bring back the files of those, "
                    "migrate to the last of them, and then to this one",
                    version=migration.version,
                )
            left_out.add(migration.version)
    chosen = tuple(each for each in migrations if each.version not in left_out)
    return chosen, tuple(adopted)


def _refuse_unknown(found: Resolved) -> None:
    known = {m.version for m in found.migrations}
    known.update(version for m in found.migrations for version in m.replaces)
    unknown = sorted(set(found.history) - known)
    if unknown:
        raise MigrationError(
            f"the store has {', '.join(unknown)}, which is not among the migrations here; it was "
            "migrated by a newer version of the program, or files are missing"
        )


def _refuse_changed(migration: Migration, record: HistoryRecord) -> None:
    is_known = record.checksum and migration.checksum
    if is_known and record.checksum != migration.checksum:
        raise MigrationError(
            "was applied, and what it does has changed since; put it back as it was, and say what "
            "is new in a migration of its own, or have the store take it as it is now with fake "
            "(`ommi migrate --fake`)",
            version=migration.version,
        )


def _refuse_gaps(found: Resolved) -> None:
    by_version = {version: m for m in found.migrations for version in (m.version, *m.replaces)}
    for place, migration in enumerate(found.migrations):
        if not found.is_applied(migration):
            continue
        before = (
            [by_version[version] for version in migration.depends if version in by_version]
            if migration.depends
            else found.migrations[:place]
        )
        missing = [each.version for each in before if not found.is_applied(each)]
        if missing:
            raise MigrationError(
                f"is applied, and {', '.join(missing)} before it is not; apply that first, from a "
                "version of the program that ends there, or mark it with fake "
                "(`ommi migrate --fake`)",
                version=migration.version,
            )
