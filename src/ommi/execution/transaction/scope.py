"""Which transaction the code at hand is in: a context variable, kept apart per database."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ommi.execution.executor import Executor
    from ommi.execution.transaction.block import Block


class Scope:
    """The block that one database has here; `None` where its block was opted out of."""

    __slots__ = ("block", "outer", "owner")
    owner: Executor
    block: Block | None
    outer: Scope | None

    def __init__(self, owner: Executor, block: Block | None, outer: Scope | None) -> None:
        self.owner = owner
        self.block = block
        self.outer = outer

    def block_of(self, owner: Executor) -> Block | None:
        """Give the innermost block of a database, if it has one here."""
        scope: Scope | None = self
        while scope is not None:
            if scope.owner is owner:
                return scope.block
            scope = scope.outer
        return None


SCOPE: ContextVar[Scope | None] = ContextVar("ommi_transaction", default=None)


def block_here(owner: Executor) -> Block | None:
    """Give the innermost block of a database that the code at hand is in."""
    scope = SCOPE.get()
    return None if scope is None else scope.block_of(owner)


def is_rerun_here() -> bool:
    """Tell whether the code at hand is run again, as a whole, after a conflict."""
    scope = SCOPE.get()
    while scope is not None:
        if scope.block is not None and scope.block.is_rerun:
            return True
        scope = scope.outer
    return False
