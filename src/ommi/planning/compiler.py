"""What planning asks of a store: compile a statement, and say how values travel."""

from __future__ import annotations

from typing import Protocol

from ommi.metadata.storage import StorageType
from ommi.planning.plan import Compiled, StoreCodec
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
