"""A migration: a version, and how to get there and back."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Sequence
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from ommi.errors import MigrationError
from ommi.schema.operations import Operation
from ommi.schema.serialisation import digest, to_data

if TYPE_CHECKING:
    from ommi.migrations.manager import SchemaManager

ZERO = "zero"
"""The version before every migration."""

LONGEST_VERSION = 190


class Migration:
    """One change of the schema, known by its `version`.

    Either `operations` say what to change, the same for every store, or a subclass says it in
    `up` and `down`, or both: a subclass may do more than its operations. `depends` are the
    versions that come before it; without any it comes after every lower version. `replaces` are
    the versions that it stands for where they are applied already.

    `up` may run again after a crash: steps that were done are then passed over, in the order of
    the first time, so it must ask for the same steps whenever it runs.
    """

    def __init__(
        self,
        version: str,
        description: str = "",
        *,
        operations: Sequence[Operation] = (),
        depends: Sequence[str] = (),
        replaces: Sequence[str] = (),
    ) -> None:
        if not version or version == ZERO or len(version) > LONGEST_VERSION:
            raise MigrationError(
                f"a version is a text of 1 to {LONGEST_VERSION} characters that is not {ZERO!r}"
            )
        self.version = version
        self.description = description
        self.operations: tuple[Operation, ...] = tuple(operations)
        self.depends: tuple[str, ...] = tuple(depends)
        self.replaces: tuple[str, ...] = tuple(replaces)

    def __repr__(self) -> str:
        return f"<Migration {self.version} {self.description!r}>"

    async def up(self, schema: SchemaManager) -> None:
        """Apply it; without a method of one's own, the operations one after the other."""
        for operation in self.operations:
            await schema.run(operation)

    async def down(self, schema: SchemaManager) -> None:
        """Undo it; without a method of one's own, what reverses the operations, the last first.

        Raises `MigrationError` for an operation that nothing undoes.
        """
        await schema.run_reversed(self)

    @property
    def is_written_by_hand(self) -> bool:
        """Whether `up` is a method of its own, so that the operations do not say all of it."""
        return type(self).up is not Migration.up

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of what it does: of its operations, and of `up` and `down` as written.

        Comments, blank lines and indentation are no part of it. Empty where the source of a
        method is not there, as in a session or a program that is shipped without it; then nobody
        can tell whether it changed.
        """
        try:
            written = [
                _normalised(inspect.getsource(method))
                for method in (type(self).up, type(self).down)
                if method not in {Migration.up, Migration.down}
            ]
        except OSError:
            return ""
        return digest([self.version, [to_data(each) for each in self.operations], written])


def ordered(migrations: Iterable[Migration]) -> tuple[Migration, ...]:
    """Put migrations in the order in which they are applied.

    Each comes after what it depends on, and otherwise in the order of versions, in which 10 comes
    after 2. Raises `MigrationError` for two of one version, for what depends on one that is not
    there, and for a circle.
    """
    by_version: dict[str, Migration] = {}
    for migration in sorted(migrations, key=lambda each: version_key(each.version)):
        if migration.version in by_version:
            raise MigrationError("there are two of this version", version=migration.version)
        by_version[migration.version] = migration
    graph: dict[str, tuple[str, ...]] = {}
    for version, migration in by_version.items():
        missing = [name for name in migration.depends if name not in by_version]
        if missing:
            raise MigrationError(
                f"depends on {', '.join(missing)}, which is not there", version=version
            )
        graph[version] = migration.depends
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise MigrationError(f"migrations depend on each other in a circle: {circle}") from error
    order: list[Migration] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted((*ready, *sorter.get_ready()), key=version_key)
        first = ready.pop(0)
        order.append(by_version[first])
        sorter.done(first)
    return tuple(order)


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """Give what versions are sorted by: their numbers as numbers, the rest as text."""
    return tuple(
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", version)
        if part
    )


def _normalised(source: str) -> list[str]:
    lines = textwrap.dedent(source).splitlines()
    return [line.rstrip() for line in lines if line.strip() and not line.strip().startswith("#")]
