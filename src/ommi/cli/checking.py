"""`status`, `check`, `lint`: whether code, migrations and store agree, and what would hurt."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable

from ommi.cli.command import Command, Context
from ommi.cli.console import Json, Reply, Rows
from ommi.cli.exits import CommandError, Exit
from ommi.cli.folders import (
    finding_data,
    finding_lines,
    folder_of,
    wanted,
)
from ommi.cli.live import tables_of
from ommi.database import Ommi
from ommi.errors import MigrationError
from ommi.migrations.autogenerate import generated
from ommi.migrations.files import source_of
from ommi.migrations.folder import Folder
from ommi.migrations.history import State
from ommi.migrations.lint import Finding, expanded, lint
from ommi.migrations.lockfile import NAME
from ommi.migrations.migrator import Migrator
from ommi.migrations.plan import MigrationStatus
from ommi.schema.drift import drift


async def status(context: Context) -> Reply:
    """Tell of every migration whether it is applied."""
    folder = folder_of(context)
    async with context.database() as db:
        found = await Migrator(db, folder.migrations).status()
    rows = tuple(_row(each) for each in found)
    table = Rows(("migration", "state", "at", "took"), rows)
    data: list[Json] = [
        {"version": row[0], "state": row[1], "at": row[2] or None, "took": row[3] or None}
        for row in rows
    ]
    return Reply(
        (table,) if rows else ("there are no migrations; `ommi new` writes the first",),
        {"migrations": data},
    )


def _row(status: MigrationStatus) -> tuple[str, str, str, str]:
    record = status.record
    if record is None:
        return status.migration.version, "pending", "", ""
    at = record.applied_at.strftime("%Y-%m-%d %H:%M:%S")
    return status.migration.version, record.state.value, at, f"{record.duration_ms} ms"


async def check(context: Context) -> Reply:
    """Compare models, migrations, `ommi.lock` and the store."""
    folder = folder_of(context)
    found = {
        "models": _of_models(context, folder),
        "heads": [folder.clash] if folder.clash is not None else [],
        "lock": list(folder.lock_differences()),
        "store": [] if context.flag("offline") else await _of_store(context, folder),
    }
    lines = [f"{kind}: {each}" for kind, told in found.items() for each in told]
    data: dict[str, Json] = {kind: list(told) for kind, told in found.items()}
    if lines:
        return Reply(tuple(lines), data, Exit.FOUND)
    return Reply(("models, migrations and store agree",), data)


def _of_models(context: Context, folder: Folder) -> list[str]:
    """Tell what no migration does yet."""
    try:
        found = generated(folder.schema, wanted(context))
    except MigrationError as error:
        return [str(error)]
    told = [f"no migration does: {operation}" for operation in found.operations]
    return [*map(str, found.questions), *told]


async def _of_store(context: Context, folder: Folder) -> list[str]:
    """Tell what is pending in the store, or else how it differs from the migrations."""
    url = context.settings.required_url
    async with context.database() as db:
        try:
            statuses = await _planned(db, folder)
        except MigrationError as error:
            return [str(error)]
    done = {s.migration.version for s in statuses if s.record and s.record.state is State.APPLIED}
    half = [s.migration.version for s in statuses if s.record and s.migration.version not in done]
    told = [f"{s.migration.version} is not applied" for s in statuses if s.record is None]
    if half:
        # Nobody can say what the store should be until it is finished.
        return [
            *told,
            *(f"{version} stopped half way; `ommi migrate` goes on" for version in half),
        ]
    return [*told, *drift(folder.schema_of(done).tables, await tables_of(url))]


async def _planned(db: Ommi, folder: Folder) -> tuple[MigrationStatus, ...]:
    migrator = Migrator(db, folder.migrations)
    await migrator.plan()  # raises for a history that does not fit
    return await migrator.status()


def lint_(context: Context) -> Reply:
    """Tell what of the migrations locks, rewrites, loses or breaks, and what does not."""
    folder = folder_of(context)
    said = [folder.find(each) for each in context.texts("versions")]
    chosen = said or [each.version for each in folder.migrations]
    found: dict[str, tuple[Finding, ...]] = {}
    for version in chosen:
        migration = folder.by_version[version]
        found[version] = lint(migration.operations, folder.schema_before(version))
    if context.flag("safe"):
        return _expand(folder, said)
    lines = [
        line for version, each in found.items() if each for line in (version, *finding_lines(each))
    ]
    data: dict[str, Json] = {version: finding_data(each) for version, each in found.items()}
    if lines:
        return Reply(tuple(lines), {"findings": data}, Exit.FOUND)
    return Reply(("nothing that would hurt",), {"findings": data})


def _expand(folder: Folder, said: Iterable[str]) -> Reply:
    """Write the safe expansion of the last migration in its place."""
    chosen = list(said)
    if len(chosen) != 1 or chosen[0] not in folder.heads:
        raise CommandError(
            "--safe rewrites the last migration, which must not be applied anywhere; name it"
        )
    migration = folder.by_version[chosen[0]]
    if migration.code:
        raise CommandError(f"{migration.version} has code of its own; expand it by hand")
    stages = expanded(migration.operations, folder.schema_before(migration.version))
    file = folder.path / f"{migration.version}.py"
    first = migration.with_operations(stages[0] if stages else ())
    file.write_text(source_of(first), encoding="utf-8", newline="\n")
    wrote = [migration.version]
    for operations in stages[1:]:
        again = Folder.read(folder.path)
        later = again.planned(f"{migration.description} after a look at the rows", operations)
        again.write(later)
        wrote.append(later.version)
    Folder.read(folder.path).write_lock()
    return Reply(tuple(f"wrote {each}" for each in wrote), {"wrote": wrote})


def lock(context: Context) -> Reply:
    """Take the migrations as they are into `ommi.lock`."""
    folder = folder_of(context)
    told = folder.lock_differences()
    folder.write_lock()
    lines = (*told, f"wrote {NAME}, which has them as they are now") if told else ()
    return Reply(lines or ("nothing changed",), {"changed": list(told)})


def _check_options(parser: ArgumentParser) -> None:
    parser.add_argument("--offline", action="store_true", help="leave the store out")


def _lint_options(parser: ArgumentParser) -> None:
    parser.add_argument("versions", nargs="*", help="the migrations; all, unless some are named")
    parser.add_argument("--safe", action="store_true", help="rewrite the last one without harm")


COMMANDS = (
    Command("status", "tell which migrations are applied", status),
    Command("check", "tell whether models, migrations and store agree", check, _check_options),
    Command("lint", "tell what would lock, rewrite, lose or break", lint_, _lint_options),
    Command("lock", "take changed migrations into ommi.lock", lock),
)
