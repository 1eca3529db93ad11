"""What the commands on migrations have in common: the folder, and the words for findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ommi.cli.command import Context
from ommi.cli.console import Json
from ommi.cli.exits import CommandError, Exit
from ommi.migrations.autogenerate import Wanted
from ommi.migrations.folder import Folder
from ommi.migrations.lint import Finding
from ommi.migrations.lockfile import NAME
from ommi.migrations.migration import Migration
from ommi.migrations.models import wanted_of


def folder_of(context: Context) -> Folder:
    """Read the migrations."""
    return Folder.read(context.settings.migrations)


def trusted(context: Context) -> Folder:
    """Read migrations to build on: in order, and as `ommi.lock` knows them.

    Raises `CommandError` otherwise.
    """
    folder = folder_of(context)
    if folder.clash is not None:
        raise CommandError(folder.clash, Exit.REFUSED)
    told = folder.lock_differences()
    if told:
        way = (
            "A migration that was applied somewhere must stay as it was; if none was, `ommi lock` "
        )
        way += "takes them as they are"
        if len(folder.heads) > 1:
            way = "Two branches met: look at both, and `ommi merge` joins them"
        raise CommandError(
            f"{NAME} and the migrations differ: {'; '.join(told)}. {way}", Exit.REFUSED
        )
    return folder


def wanted(context: Context) -> Wanted:
    """Give what the models want."""
    return wanted_of(context.models.models)


def head_version(folder: Folder, said: str | None) -> str | None:
    """Give the version that was said by its number or name."""
    return None if said is None else folder.find(said)


def words(migration: Migration) -> list[str]:
    """Say what a migration does, an operation a line."""
    return [f"  {each}" for each in migration.operations] or ["  nothing"]


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    """Say what lint found."""
    return [
        f"! {each.operation}: {each.harm}: {each.reason}\n    instead: {each.instead}"
        for each in findings
    ]


def finding_data(findings: Sequence[Finding]) -> list[Json]:
    """Give the same as data."""
    return [
        {
            "operation": str(each.operation),
            "harm": each.harm.name.lower(),
            "reason": each.reason,
            "instead": each.instead,
            "safe": each.is_expandable,
        }
        for each in findings
    ]
