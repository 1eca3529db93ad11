"""What a command reads and writes, found out when it is compiled."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import count
from weakref import WeakValueDictionary

from ommi.caching.keyed import KeyPlace, key_place
from ommi.caching.rows import typed
from ommi.caching.versions import (
    EVERYTHING,
    ROWS,
    RowVersions,
    Stamp,
    Tables,
    TableVersion,
    Versions,
    new_rows_of,
    row_of,
)
from ommi.metadata.model import ModelMetadata
from ommi.metadata.references import touched_by_deletion
from ommi.metadata.storage import StorageType
from ommi.planning.cache import RecentlyUsed
from ommi.planning.compiler import Compiler
from ommi.planning.plan import Compiled, Parameters, Rows, StoreCodec
from ommi.query.guards import models_in
from ommi.query.statements import Count, Delete, Insert, Select, Statement, Update
from ommi.schema.snapshot import table_of

MOST_COMMANDS = 4096
"""Of how many commands it is remembered what they read and write, besides those with a plan.

A write that was forgotten touches everything, and an answer to a forgotten question is not kept.
"""

_numbers = count(1)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Footprint:
    """What a command reads (`reads`) and writes (`writes`); `number` is of no other command.

    One that is about the row with a key has the `key`'s place, and a question the `rows` too.
    """

    command: object
    number: int
    reads: tuple[TableVersion, ...]
    writes: Tables
    is_write: bool
    may_be_kept: bool
    is_always_kept: bool
    width: int | None
    models: tuple[ModelMetadata, ...]
    text: Callable[[object], str]
    key: KeyPlace | None
    rows: RowVersions | None
    digest: bytes | None = None

    def reading(self, parameters: Parameters) -> tuple[TableVersion, ...]:
        """Give the versions that an answer depends on: of its tables, or of one row."""
        number = None if self.key is None else self.key.number(parameters)
        if number is None or self.rows is None:
            return self.reads
        return self.rows.others, self.rows.rows[number % ROWS], self.rows.new

    def lasting(self, stamp: Stamp, rows: Rows) -> Stamp:
        """Give what of a stamp an answer that was read depends on.

        As long as a row is there, none is added with its key.
        """
        is_there = bool(rows) if self.width is not None else bool(rows[0][0])
        is_by_key = self.rows is not None and stamp[0][0] is self.rows.others
        return stamp[:-1] if is_by_key and is_there else stamp

    def written(self, parameters: Parameters) -> Tables:
        """Give what is written with these parameters: tables, or a part of one."""
        number = None if self.key is None else self.key.number(parameters)
        if number is None or self.key is None:
            return self.writes
        return frozenset((row_of(self.key.table, self.key.column, number),))

    def question(self, parameters: Parameters, tenant: object, versions: Sequence[str]) -> str:
        """Name the question for other processes: its text, its tables, values and versions."""
        if self.digest is None:
            facts = [self.text(self.command), *(repr(table_of(model)) for model in self.models)]
            self.digest = blake2b(repr(facts).encode("utf-8", "surrogatepass")).digest()
        asked = repr((typed(parameters), tenant, tuple(versions)))
        text = asked.encode("utf-8", "surrogatepass")
        return blake2b(self.digest + text, digest_size=24).hexdigest()


class Footprints:
    """The footprints of the commands of one database, those with a plan or used of late."""

    def __init__(self, versions: Versions, always: Collection[ModelMetadata] = ()) -> None:
        self._versions = versions
        self._always = frozenset(always)
        self._known: RecentlyUsed[Footprint] = RecentlyUsed(MOST_COMMANDS)
        self._get = self._known.get
        # Plans that are held for good, as those of adds are, hold their footprints.
        self._living: WeakValueDictionary[int, Footprint] = WeakValueDictionary()

    def of(self, command: object) -> Footprint | None:
        """Give the footprint of a command that has a plan, or was compiled of late."""
        found = self._get(id(command)) or self._living.get(id(command))
        return found if found is not None and found.command is command else None

    def written_by(self, command: object, parameters: Parameters) -> Tables:
        """Give what a command writes; everything, where nobody knows."""
        found = self.of(command)
        return EVERYTHING if found is None else found.written(parameters)

    def note(
        self, statement: Statement, compiled: Compiled, text: Callable[[object], str]
    ) -> Footprint:
        """Remember, and give, what a command does that was compiled for a statement."""
        is_write = not isinstance(statement, Select | Count)
        models = tuple(sorted(models_in(statement), key=lambda model: model.table))
        asked = statement.select.model if isinstance(statement, Count) else statement.model
        width = len(compiled.columns) if isinstance(statement, Select) else None
        # Rows that expire change an answer, and nobody writes them.
        may_be_kept = not is_write and all(model.expiry is None for model in models)
        key = key_place(statement, compiled)
        of_rows = None
        if key is not None and not is_write:
            of_rows = self._versions.rows_of(key.table, key.column)
        footprint = Footprint(
            command=compiled.command,
            number=next(_numbers),
            reads=self._versions.of(dict.fromkeys(model.table for model in models)),
            writes=frozenset(_written(statement)) if is_write else frozenset(),
            is_write=is_write,
            may_be_kept=may_be_kept,
            is_always_kept=may_be_kept and asked in self._always,
            width=width,
            models=models,
            text=text,
            key=key,
            rows=of_rows,
        )
        self._known.put(id(compiled.command), footprint)
        self._living[id(compiled.command)] = footprint
        return footprint


def _written(statement: Statement) -> Iterator[str]:
    if isinstance(statement, Delete):
        yield from (model.table for model in touched_by_deletion(statement.model))
    elif isinstance(statement, Insert):
        yield new_rows_of(statement.model.table)
    elif isinstance(statement, Update):
        yield statement.model.table


class NotingCompiler:
    """A store's compiler; what it compiles is noted."""

    def __init__(self, compiler: Compiler, footprints: Footprints) -> None:
        self._compiler = compiler
        self._footprints = footprints

    def compile(self, statement: Statement) -> Compiled:
        """Give the command for a statement, or raise `UnsupportedOperation`."""
        compiled = self._compiler.compile(statement)
        note = self._footprints.note(statement, compiled, self._compiler.text)
        return replace(compiled, note=note)

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values of a storage type travel to the store and back."""
        return self._compiler.codec(storage)

    def text(self, command: object) -> str:
        """Show a command to a person, without values."""
        return self._compiler.text(command)
