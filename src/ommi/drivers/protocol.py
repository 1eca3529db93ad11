"""What a driver is: a small contract, and optional parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, runtime_checkable

from ommi.planning.capabilities import Capability
from ommi.planning.compiler import Compiler
from ommi.planning.plan import Parameters, Rows
from ommi.schema.snapshot import Table

T = TypeVar("T")
Build = Callable[[Rows], T]


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a batch and the parameters of each time it runs.

    `follow` makes them where they wait for the rows that earlier steps returned.
    """

    command: object
    parameters: Sequence[Parameters]
    follow: Callable[[Sequence[Rows]], Sequence[Parameters]] | None = None

    def after(self, told: Sequence[Rows]) -> Step:
        """Give the step with its parameters, once the rows of all earlier steps are known."""
        return self if self.follow is None else replace(self, parameters=self.follow(told))


class Connection(Protocol):
    """A way to the store. Its calls may overlap; it keeps them apart.

    Errors of the client library come out as Ommi's, with theirs as the cause.
    """

    async def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> T:
        """Run a command that gives rows; build something of them, inside `context` if given."""
        ...

    async def execute(self, command: object, parameters: Parameters) -> int:
        """Run a command and give the number of rows that it matched."""
        ...

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        """Run commands together or not at all; give, for each step, the rows that it returned."""
        ...

    def stream(
        self,
        command: object,
        parameters: Parameters,
        size: int,
        build: Build[T],
        context: Context | None = None,
    ) -> AsyncIterator[T]:
        """Run a command that gives rows, and build something of every `size` of them.

        The rows are those of the start, whatever is written meanwhile.
        """
        ...

    async def close(self) -> None:
        """Give everything back; what still waits fails with `ConnectionLost`."""
        ...


class Driver(Protocol):
    """Everything for one store."""

    @property
    def name(self) -> str:
        """The store's name, as its makers spell it."""
        ...

    @property
    def capabilities(self) -> Collection[Capability]:
        """What the store can do."""
        ...

    @property
    def compiler(self) -> Compiler:
        """What turns statements into commands."""
        ...

    async def connect(self) -> Connection:
        """Open a connection and try it; raises `ConnectionFailed`."""
        ...


@runtime_checkable
class Poolable(Protocol):
    """A connection that serves one caller at a time, and so wants a pool in front of it."""

    @property
    def is_usable(self) -> bool:
        """Whether the next caller may have it: open, with nothing unread and nothing half done."""
        ...

    @property
    def is_changed(self) -> bool:
        """Whether something changed the session, so that it must be reset for the next caller."""
        ...

    async def reset(self) -> None:
        """Make the session as it was when it was opened."""
        ...

    async def ping(self) -> None:
        """Ask the server for a sign of life; raises `ConnectionLost`."""
        ...

    def abort(self) -> None:
        """Close the socket at once; waits for nothing, and can be called at any time."""
        ...


@runtime_checkable
class SchemaKeeping(Protocol):
    """A connection that can make and remove tables."""

    async def tables(self, names: Collection[str]) -> list[Table]:
        """Tell what those of the named tables look like that are there."""
        ...

    async def create_tables(self, tables: Sequence[Table]) -> None:
        """Make the tables that are not there, all or none, in the order given."""
        ...

    async def drop_tables(self, tables: Sequence[Table]) -> None:
        """Remove the tables that are there, all or none, in the order given."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A connection that can tell how the store would run a command."""

    async def explain(self, command: object, parameters: Parameters) -> list[str]:
        """Give the store's own plan, a line each."""
        ...
