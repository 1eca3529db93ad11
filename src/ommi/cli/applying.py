"""`migrate`, `rollback`, `sql`: what changes a store, and the script that would."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Collection, Iterator, Sequence

from ommi.cli.command import Command, Context
from ommi.cli.console import Console, Json, Reply
from ommi.cli.exits import CommandError, Exit
from ommi.cli.folders import finding_lines, folder_of, head_version, trusted, words
from ommi.drivers.addresses import parsed
from ommi.errors import MigrationError
from ommi.migrations.folder import Folder
from ommi.migrations.lint import Finding, losses
from ommi.migrations.migration import ZERO, Migration
from ommi.migrations.migrator import Migrator
from ommi.migrations.offline import sql_of
from ommi.migrations.plan import Direction, Plan, Progress
from ommi.schema.operations import HandWritten, Operation, replayed, reversed_operations
from ommi.schema.state import Schema

STORES = ("sqlite", "postgresql", "mariadb", "mysql")


async def migrate(context: Context) -> Reply:
    """Apply what is not applied."""
    folder = trusted(context)
    to = head_version(folder, context.text("to"))
    if not folder.migrations:
        key = "plan" if context.flag("dry_run") else "done"
        return Reply(("there are no migrations; `ommi new` writes the first",), {key: []})
    async with context.database() as db:
        migrator = Migrator(db, folder.migrations)
        if context.flag("fake"):
            return _told(await migrator.fake(to), "marked as applied", is_plan=False)
        plan = await migrator.plan(to)
        if any(each.direction is Direction.DOWN for each in plan.migrations):
            raise CommandError(
                f"{to} is below what is applied; `ommi rollback --to {to}` undoes what is above",
                Exit.REFUSED,
            )
        if context.flag("dry_run"):
            return _told(plan, "would be applied", is_plan=True)
        await _refuse_losses(context, folder, migrator, plan)
        done = await migrator.apply(to, report=_reporter(context.console))
    return _told(done, "applied", is_plan=False)


async def rollback(context: Context) -> Reply:
    """Undo what was applied last."""
    folder = trusted(context)
    said = context.text("to")
    to = ZERO if said == ZERO else head_version(folder, said)
    count = _count(context)
    async with context.database() as db:
        migrator = Migrator(db, folder.migrations)
        plan = await _undone(migrator, to, count)
        if context.flag("dry_run"):
            return _told(plan, "would be undone", is_plan=True)
        await _refuse_losses(context, folder, migrator, plan)
        done = await migrator.rollback(to, count=count, report=_reporter(context.console))
    return _told(done, "undone", is_plan=False)


async def _undone(migrator: Migrator, to: str | None, count: int) -> Plan:
    """Tell what a rollback would undo."""
    if to is None:
        applied = [s.migration for s in await migrator.status() if s.record is not None]
        above = applied[: max(0, len(applied) - count)]
        to = above[-1].version if above else ZERO
    plan = await migrator.plan(to)
    return Plan(tuple(each for each in plan.migrations if each.direction is Direction.DOWN))


def sql(context: Context) -> Reply:
    """Write the script that migrates a store, without one."""
    folder = folder_of(context)
    store = context.text("dialect") or _store_of(context)
    start, end = (head_version(folder, context.text(name)) for name in ("start", "to"))
    chosen = _between(folder, start, end)
    if context.flag("down"):
        chosen = tuple(reversed(chosen))
    texts = []
    for migration in chosen:
        before = folder.schema_before(migration.version)
        statements = _statements(migration, before, store, is_down=context.flag("down"))
        texts.append(f"-- {migration.version}: {migration.description}\n")
        texts.extend(f"{text};\n" for text in statements)
    if chosen and not context.flag("down"):
        texts.append(f"-- Then: ommi migrate --fake --to {chosen[-1].version}\n")
    script = "".join(texts) or "-- nothing\n"
    return Reply((script,), {"store": store, "sql": script})


def _statements(
    migration: Migration, before: Schema, store: str, *, is_down: bool
) -> Sequence[str]:
    operations: Sequence[Operation | None] = migration.operations
    if is_down:
        operations = reversed_operations(migration.operations, before)
        for operation in migration.operations:
            before = operation.apply(before)
    known = [each for each in operations if each is not None]
    if len(known) < len(operations) or any(isinstance(each, HandWritten) for each in known):
        raise MigrationError(
            "has a step in Python, or one that nothing undoes, so it cannot be said in SQL; run "
            "it with `ommi migrate`, or leave it out with --from and --to",
            version=migration.version,
        )
    return sql_of(known, store, before)


def _between(folder: Folder, start: str | None, end: str | None) -> tuple[Migration, ...]:
    versions = [each.version for each in folder.migrations]
    first = 0 if start is None else versions.index(start) + 1
    last = len(versions) if end is None else versions.index(end) + 1
    return folder.migrations[first:last]


def _store_of(context: Context) -> str:
    scheme = parsed(context.settings.required_url, {}).scheme
    store = "postgresql" if scheme == "postgres" else scheme
    if store not in STORES:
        raise CommandError(f"{scheme}:// has no SQL; --dialect is one of {', '.join(STORES)}")
    return store


def _count(context: Context) -> int:
    said = context.text("count") or "1"
    if not said.isdecimal() or int(said) < 1:
        raise CommandError(f"--count is a number above zero, found {said!r}")
    return int(said)


async def _refuse_losses(context: Context, folder: Folder, migrator: Migrator, plan: Plan) -> None:
    """Raise `CommandError` for what would lose data, unless it was said that it may."""
    if context.flag("allow_loss"):
        return
    running = {each.migration.version for each in plan.migrations}
    recorded = {s.migration.version for s in await migrator.status() if s.record is not None}
    found = list(_losses(folder, plan, recorded - running))
    if found:
        lines = "\n".join(finding_lines(found))
        raise CommandError(
            f"data would be lost, and nothing was done; --allow-loss does it:\n{lines}",
            Exit.REFUSED,
        )


def _losses(folder: Folder, plan: Plan, applied: Collection[str]) -> Iterator[Finding]:
    up: list[Operation] = []
    for planned in plan.migrations:
        operations = planned.migration.operations
        if planned.direction is Direction.UP:
            up.extend(operations)
            continue
        before = folder.schema_before(planned.migration.version)
        undone = reversed_operations(operations, before)
        after = replayed(operations, before)
        yield from losses([each for each in undone if each is not None], after)
    # All at once, since a table that the plan itself makes has nothing to lose.
    yield from losses(up, folder.schema_of(applied))


def _reporter(console: Console) -> Callable[[Progress], None]:
    """Say how far it is, a line a step."""

    def report(progress: Progress) -> None:
        where = f"{progress.version} {progress.direction} {progress.step}: {progress.text}"
        if progress.is_done:
            console.note(f"  {where} ({progress.seconds:.2f} s)")
        elif progress.rows is not None:
            of = "" if progress.of is None else f" of {progress.of}"
            console.note(f"  {where}: {progress.rows}{of} rows, {progress.seconds:.0f} s")

    return report


def _told(plan: Plan, verb: str, *, is_plan: bool) -> Reply:
    lines: list[str] = []
    for each in plan.migrations:
        lines.append(f"{each.migration.version} {verb}")
        if is_plan:
            lines.extend(words(each.migration))
    data: list[Json] = [
        {
            "version": each.migration.version,
            "direction": each.direction.value,
            "operations": [str(one) for one in each.migration.operations],
        }
        for each in plan.migrations
    ]
    key = "plan" if is_plan else "done"
    return Reply(tuple(lines) or ("nothing to do",), {key: data})


def _loss_option(parser: ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    parser.add_argument("--allow-loss", action="store_true", help="do what loses data, too")


def _migrate_options(parser: ArgumentParser) -> None:
    parser.add_argument("--to", metavar="VERSION", help="the last one to apply")
    parser.add_argument("--fake", action="store_true", help="only write down that it is applied")
    _loss_option(parser)


def _rollback_options(parser: ArgumentParser) -> None:
    parser.add_argument("--to", metavar="VERSION", help="the last one that stays; or zero")
    parser.add_argument("--count", metavar="N", help="how many to undo (1)")
    _loss_option(parser)


def _sql_options(parser: ArgumentParser) -> None:
    parser.add_argument("--from", dest="start", metavar="VERSION", help="the one before the first")
    parser.add_argument("--to", metavar="VERSION", help="the last one")
    parser.add_argument("--dialect", choices=STORES, help="by default that of the URL")
    parser.add_argument("--down", action="store_true", help="the script that undoes them")


COMMANDS = (
    Command("migrate", "apply the migrations that are not applied", migrate, _migrate_options),
    Command("rollback", "undo the last migration, or several", rollback, _rollback_options),
    Command("sql", "write migrations as a script, without a database", sql, _sql_options),
)
