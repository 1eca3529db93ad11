"""`merge`, `squash`, `baseline`: branches that meet, a history made short, one begun late."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from dataclasses import replace

from ommi.cli.command import Command, Context
from ommi.cli.console import Reply
from ommi.cli.exits import CommandError, Exit
from ommi.cli.folders import folder_of, head_version, trusted, words
from ommi.cli.live import tables_of
from ommi.migrations.files import FileMigration, source_of
from ommi.migrations.folder import Folder
from ommi.migrations.migrator import Migrator
from ommi.schema.changes import changes
from ommi.schema.operations import Backfill, Execute, HandWritten, Operation
from ommi.schema.snapshot import Table
from ommi.schema.state import Schema


def merge(context: Context) -> Reply:
    """Write a migration that comes after all heads; it does nothing itself."""
    folder = folder_of(context)
    folder.schema_before(None)  # raises where the branches cannot both be applied
    if len(folder.heads) < 2:  # noqa: PLR2004
        folder.write_lock()
        return Reply(("there is one head; ommi.lock is up to date",), {"heads": [*folder.heads]})
    migration = folder.planned("merge", ())
    folder.write(migration)
    line = f"wrote {migration.version}, after {' and '.join(folder.heads)}"
    return Reply((line,), {"heads": [*folder.heads], "version": migration.version})


def squash(context: Context) -> Reply:
    """Write one migration in the place of several that follow each other."""
    folder = trusted(context)
    chosen = _run_of(folder, context)
    first = chosen[0]
    operations = _shortened(folder, chosen)
    number = first.version.partition("_")[0]
    made = FileMigration(
        f"{number}_squashed_to_{chosen[-1].version.partition('_')[0]}",
        f"squash {len(chosen)} migrations",
        operations=operations,
        depends=first.depends,
        replaces=[v for each in chosen for v in (*each.replaces, each.version)],
    )
    if context.flag("dry_run"):
        return Reply((source_of(made),), {"version": made.version, "source": source_of(made)})
    _replace(folder, chosen, made)
    lines = (f"wrote {made.version}, in the place of", *(f"  {e.version}" for e in chosen))
    return Reply(lines, {"version": made.version, "replaces": [*made.replaces]})


def _run_of(folder: Folder, context: Context) -> tuple[FileMigration, ...]:
    versions = [each.version for each in folder.migrations]
    first = head_version(folder, context.text("first")) or next(iter(versions), None)
    last = head_version(folder, context.text("last")) or next(reversed(versions), None)
    if first is None or last is None or versions.index(first) >= versions.index(last):
        raise CommandError("squash wants at least two migrations, the earlier one first")
    chosen = folder.migrations[versions.index(first) : versions.index(last) + 1]
    inside = {each.version for each in chosen}
    for each in folder.migrations:
        outside = set(each.depends) - inside
        if each.version in inside and each.version != first and outside:
            raise CommandError(
                f"{each.version} comes after {', '.join(outside)}, too, which is not among them",
                Exit.REFUSED,
            )
        if each.version not in inside and set(each.depends) & inside - {last}:
            raise CommandError(
                f"{each.version} comes after one in the middle of them", Exit.REFUSED
            )
    return chosen


def _shortened(folder: Folder, chosen: tuple[FileMigration, ...]) -> tuple[Operation, ...]:
    """Give the shortest way, where nothing but the schema changes; else all steps in turn."""
    every = tuple(each for migration in chosen for each in migration.operations)
    by_hand = [each.version for each in chosen if each.code]
    if by_hand:
        raise CommandError(
            f"{', '.join(by_hand)} has code of its own, which nothing can squash; move it into a "
            "file of its own, or squash what is before and behind it",
            Exit.REFUSED,
        )
    if any(isinstance(each, Execute | HandWritten | Backfill) for each in every):
        return every
    before = folder.schema_before(chosen[0].version)
    after = before
    for operation in every:
        after = operation.apply(after)
    if before.tables:
        return every  # Rows that are there must go the way that they went.
    return changes(Schema(), after.tables, {})


def _replace(folder: Folder, chosen: tuple[FileMigration, ...], made: FileMigration) -> None:
    """Write the new file, have later ones depend on it, and remove the old ones."""
    path = folder.path / f"{made.version}.py"
    path.write_text(source_of(made), encoding="utf-8", newline="\n")
    gone = {each.version for each in chosen}
    for each in folder.migrations:
        if each.version not in gone and gone & set(each.depends):
            _follow(folder, each, gone, made.version)
    for version in gone:
        (folder.path / f"{version}.py").unlink()
    Folder.read(folder.path).write_lock()


def _follow(folder: Folder, later: FileMigration, gone: set[str], version: str) -> None:
    file = folder.path / f"{later.version}.py"
    pattern = "|".join(map(re.escape, gone))
    text = file.read_text(encoding="utf-8")
    head, word, rest = text.partition("depends")
    statement, line, tail = rest.partition("\n\n")
    statement = re.sub(rf"(['\"])({pattern})\1", rf'"{version}"', statement)
    file.write_text(f"{head}{word}{statement}{line}{tail}", encoding="utf-8", newline="\n")


async def baseline(context: Context) -> Reply:
    """Write the tables that a store has as the first migration, and mark it as applied."""
    folder = folder_of(context)
    if folder.migrations:
        raise CommandError(
            f"there are migrations in {folder.path}; a baseline is the first one", Exit.REFUSED
        )
    found = await tables_of(context.settings.required_url, context.texts("tables"))
    if not found:
        raise CommandError("the store has no tables; `ommi new` makes the first migration")
    operations = changes(Schema(), tuple(map(_plain, found)), {})
    migration = folder.planned("baseline", operations)
    folder.write(migration)
    async with context.database() as db:
        await Migrator(db, Folder.read(folder.path).migrations).fake(migration.version)
    lines = (f"wrote {migration.version}, which counts as applied", *words(migration))
    return Reply(lines, {"version": migration.version, "tables": [each.name for each in found]})


def _plain(table: Table) -> Table:
    """Give a table without the store's own words; raises `CommandError` for a type of its own."""
    foreign = [c for c in table.columns if c.storage is None]
    if foreign:
        listed = ", ".join(f"{c.name} ({c.declared or 'no type'})" for c in foreign)
        raise CommandError(
            f"{table.name} has columns of types that Ommi does not make: {listed}; change them, "
            "or name the tables that Ommi is to look after",
            Exit.REFUSED,
        )
    return replace(table, columns=tuple(replace(c, declared="") for c in table.columns))


def _squash_options(parser: ArgumentParser) -> None:
    parser.add_argument("first", nargs="?", help="the first of them (the very first)")
    parser.add_argument("last", nargs="?", help="the last of them (the very last)")
    parser.add_argument("--dry-run", action="store_true", help="show the file, write nothing")


def _baseline_options(parser: ArgumentParser) -> None:
    parser.add_argument("tables", nargs="*", help="the tables; all, unless some are named")


COMMANDS = (
    Command("merge", "join branches of migrations", merge),
    Command("squash", "make one migration of several", squash, _squash_options),
    Command("baseline", "begin with a store that has tables", baseline, _baseline_options),
)
