"""A folder of migrations as one thing: their order, their heads, the state that they lead to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ommi.errors import MigrationError
from ommi.migrations.files import FileMigration, next_version, read_folder, source_of
from ommi.migrations.lockfile import NAME, chained, differences, read_lock, text_of
from ommi.migrations.migration import Migration, ordered
from ommi.schema.operations import Execute, HandWritten, Operation
from ommi.schema.state import Schema


@dataclass(frozen=True)
class Folder:
    """The migrations of a folder, in the order in which they are applied."""

    path: Path
    migrations: tuple[FileMigration, ...]

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Read a folder; an empty one where there is none. Raises `MigrationError`."""
        return cls(path, tuple(_as_files(ordered(read_folder(path)))))

    @cached_property
    def by_version(self) -> dict[str, FileMigration]:
        """The migrations by their versions."""
        return {migration.version: migration for migration in self.migrations}

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """The versions that nothing depends on; more than one where branches have not met."""
        needed = {version for each in self.migrations for version in each.depends}
        return tuple(each.version for each in self.migrations if each.version not in needed)

    @cached_property
    def clash(self) -> str | None:
        """Why the heads do not merge by themselves; `None` where they do, or are one."""
        for number, head in enumerate(self.heads):
            for other in self.heads[:number]:
                reason = self._clash(other, head)
                if reason is not None:
                    return (
                        f"{other} and {head} both come last, and {reason}; look at both, then run "
                        "`ommi merge`"
                    )
        return None

    @cached_property
    def schema(self) -> Schema:
        """What the migrations lead to, by replay; raises `MigrationError`."""
        return self.schema_before(None)

    def schema_before(self, version: str | None) -> Schema:
        """Give the schema that a migration starts from; `None` stands for after the last."""
        schema = Schema()
        for migration in self.migrations:
            if migration.version == version:
                break
            schema = replay(migration, schema)
        return schema

    def schema_of(self, versions: Collection[str]) -> Schema:
        """Give the schema of a store in which these are applied."""
        schema = Schema()
        for migration in self.migrations:
            if migration.version in versions:
                schema = replay(migration, schema)
        return schema

    def ancestors(self, version: str) -> frozenset[str]:
        """Give all that a migration depends on, near and far."""
        found: set[str] = set()
        waiting = [*self.by_version[version].depends]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting.extend(self.by_version[each].depends)
        return frozenset(found)

    def find(self, said: str) -> str:
        """Give the version that was meant, by its number or its whole name."""
        found = [v for v in self.by_version if v == said or v.partition("_")[0] == said.zfill(4)]
        if len(found) == 1:
            return found[0]
        known = ", ".join(self.by_version) or "none"
        what = "no migration" if not found else f"{len(found)} migrations"
        raise MigrationError(f"{what} of {self.path} is {said!r}; there are {known}")

    def lock_differences(self) -> tuple[str, ...]:
        """Tell how `ommi.lock` differs from the files; nothing where it is as it should be."""
        locked = read_lock(self.path)
        if locked is None:
            return (f"there is no {NAME}",) if self.migrations else ()
        return differences(self._checksums(), locked)

    def write_lock(self) -> None:
        """Write `ommi.lock` anew."""
        self.path.mkdir(parents=True, exist_ok=True)
        text = text_of(chained(self._checksums()))
        (self.path / NAME).write_text(text, encoding="utf-8", newline="\n")

    def planned(
        self,
        description: str,
        operations: Sequence[Operation],
        *,
        depends: Sequence[str] | None = None,
    ) -> FileMigration:
        """Make the next migration, which comes after all heads; nothing is written."""
        return FileMigration(
            next_version(self.migrations, description),
            description,
            operations=operations,
            depends=self.heads if depends is None else depends,
        )

    def write(self, migration: Migration, code: str = "") -> Path:
        """Write a migration's file, and the lock anew; gives the file.

        Raises `FileExistsError`, and changes nothing, where there is such a file.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        file = self.path / f"{migration.version}.py"
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(source_of(migration, code))
        Folder.read(self.path).write_lock()
        return file

    def _checksums(self) -> dict[str, str]:
        return {each.version: each.checksum for each in self.migrations}

    def _clash(self, one: str, other: str) -> str | None:
        """Tell why two heads cannot be applied in either order with one result."""
        ours = self._since(one, other)
        theirs = self._since(other, one)
        for migration in (*ours, *theirs):
            if any(isinstance(each, Execute | HandWritten) for each in migration.operations):
                return f"nobody can tell what the code or SQL of {migration.version} touches"
        shared = self.ancestors(one) & self.ancestors(other)
        before = Schema()
        for migration in self.migrations:
            if migration.version in shared:
                before = replay(migration, before)
        try:
            results = [_after(before, (*ours, *theirs)), _after(before, (*theirs, *ours))]
        except MigrationError as error:
            return f"they cannot both be applied: {error}"
        if results[0] != results[1]:
            return "which of them goes first makes a difference"
        return None

    def _since(self, version: str, other: str) -> tuple[FileMigration, ...]:
        """Give what leads to a version and not to another."""
        mine = {version, *self.ancestors(version)} - {other} - self.ancestors(other)
        return tuple(each for each in self.migrations if each.version in mine)


def replay(migration: Migration, before: Schema) -> Schema:
    """Give the schema after a migration; raises `MigrationError`, which names the version."""
    schema = before
    for operation in migration.operations:
        try:
            schema = operation.apply(schema)
        except MigrationError as error:
            raise MigrationError(error.reason, version=migration.version) from error
    return schema


def _after(schema: Schema, migrations: Iterable[Migration]) -> list[tuple[object, ...]]:
    """Give what migrations lead to, without the order in which they did."""
    for migration in migrations:
        schema = replay(migration, schema)
    return [
        (
            table.name,
            table.key,
            *map(frozenset, (table.columns, table.indexes, table.foreign_keys, table.checks)),
        )
        for table in schema.tables
    ]


def _as_files(migrations: Iterable[Migration]) -> Iterable[FileMigration]:
    return (each for each in migrations if isinstance(each, FileMigration))
