"""What planning asks of a store: compile a statement, and say how values travel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ommi.metadata.model import ModelMetadata
from ommi.metadata.storage import StorageType
from ommi.planning.plan import Compiled, ResultColumn, StoreCodec
from ommi.query.statements import Statement


class Compiler(Protocol):
    """Turns statements, their values taken out, into commands of one store."""

    def compile(self, statement: Statement) -> Compiled:
        """Give the command for a statement, or raise `UnsupportedOperation`."""
        ...

    def codec(self, storage: StorageType) -> StoreCodec:
        """Say how values of a storage type travel to the store and back."""
        ...

    def text(self, command: object) -> str:
        """Show a command to a person, without values."""
        ...


@runtime_checkable
class JoiningCompiler(Compiler, Protocol):
    """A compiler that can give rows of other models beside those asked for: `Select.beside`."""

    def columns_of(self, model: ModelMetadata) -> Sequence[ResultColumn]:
        """Say what stands in a row for another model: all of its fields."""
        ...
