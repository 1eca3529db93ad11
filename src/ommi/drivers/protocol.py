"""What a driver is: a small contract, and optional parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from contextvars import Context
from dataclasses import replace
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from ommi.planning.capabilities import Capability
from ommi.planning.compiler import Compiler
from ommi.planning.plan import Parameters, Rows
from ommi.values import frozen

if TYPE_CHECKING:
    # Few programs change a schema, and all import this.
    from ommi.schema.operations import Backfill, Operation
    from ommi.schema.snapshot import Table
    from ommi.schema.state import Schema

T = TypeVar("T")
Build = Callable[[Rows], T]
Noting = Callable[[], Awaitable[None]]


@frozen
class Step:
    """A command of a batch and the parameters of each time it runs.

    `follow` makes them where they wait for the rows that earlier steps returned. `told` is for
    whoever runs the batch again; drivers do not look at it.
    """

    command: object
    parameters: Sequence[Parameters]
    told: object = None
    follow: Callable[[Sequence[Rows]], Sequence[Parameters]] | None = None

    def after(self, told: Sequence[Rows]) -> Step:
        """Give the step with its parameters, once the rows of all earlier steps are known."""
        return self if self.follow is None else replace(self, parameters=self.follow(told))


class Connection(Protocol):
    """A way to the store. Its calls may overlap; it keeps them apart.

    Errors of the client library come out as Ommi's, with theirs as the cause.
    """

    def fetch(
        self,
        command: object,
        parameters: Parameters,
        build: Build[T],
        context: Context | None = None,
    ) -> Coroutine[Any, Any, T]:
        """Run a command that gives rows; build something of them, inside `context` if given."""
        ...

    def execute(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, int]:
        """Run a command and give the number of rows that it matched."""
        ...

    def run_batch(self, steps: Sequence[Step]) -> Coroutine[Any, Any, list[Rows]]:
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


class IsolationLevel(Enum):
    """How far transactions are kept apart, the weakest first."""

    READ_UNCOMMITTED = "READ_UNCOMMITTED"
    READ_COMMITTED = "READ_COMMITTED"
    REPEATABLE_READ = "REPEATABLE_READ"
    SERIALIZABLE = "SERIALIZABLE"

    def includes(self, other: IsolationLevel) -> bool:
        """Tell whether this level keeps all that the other promises."""
        every = list(IsolationLevel)
        return every.index(self) >= every.index(other)


@frozen
class Beginning:
    """How a transaction begins; without a level it has the store's own."""

    level: IsolationLevel | None = None
    is_read_only: bool = False
    allows_implicit_commit: bool = False
    """Whether it may make and remove tables where the store commits before that."""
    checks_references_last: bool = False
    """Whether references are only looked at when it commits, where the store can put that off."""


class Outcome(StrEnum):
    """What became of a transaction, as far as is known."""

    OPEN = "open"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled_back"
    UNKNOWN = "unknown"


class Unit(Connection, Protocol):
    """A transaction of the store, and its connection until it ends; one caller at a time.

    Nothing is sent before the first call that needs the store. Whatever is cancelled leaves the
    transaction fit to be rolled back, or gone.
    """

    @property
    def level(self) -> IsolationLevel:
        """The level that it has."""
        ...

    @property
    def outcome(self) -> Outcome:
        """What became of it."""
        ...

    async def commit(self) -> None:
        """Commit, and give the connection back, however it ends.

        Raises what the store answers, and `CommitOutcomeUnknown` where the answer is lost.
        """
        ...

    async def rollback(self) -> None:
        """Roll back, and give the connection back; a connection that cannot do it is closed.

        Raises nothing but the `CancelledError` that came meanwhile.
        """
        ...

    def savepoint(self, name: str) -> Coroutine[Any, Any, None]:
        """Mark where to come back to; names are letters, digits and `_`, and all different."""
        ...

    def release(self, name: str) -> Coroutine[Any, Any, None]:
        """Forget a savepoint, and those after it."""
        ...

    def rollback_to(self, name: str) -> Coroutine[Any, Any, None]:
        """Undo what came after a savepoint; it stays."""
        ...


@runtime_checkable
class Transactional(Protocol):
    """A connection that can hold a transaction open."""

    async def begin(self, how: Beginning, ended: Callable[[], None] = ...) -> Unit:
        """Give a transaction; `ended` is called when its connection can serve another.

        Raises `UnsupportedOperation` for a level that the store cannot give.
        """
        ...


@runtime_checkable
class SchemaKeeping(Protocol):
    """A connection that can make and remove tables."""

    def tables(self, names: Collection[str]) -> Coroutine[Any, Any, list[Table]]:
        """Tell what those of the named tables look like that are there."""
        ...

    def create_tables(self, tables: Sequence[Table]) -> Coroutine[Any, Any, None]:
        """Make the tables that are not there, all or none, in the order given."""
        ...

    def drop_tables(self, tables: Sequence[Table]) -> Coroutine[Any, Any, None]:
        """Remove the tables that are there, all or none, in the order given."""
        ...


@runtime_checkable
class Listing(Protocol):
    """A connection that can tell which tables there are, whoever made them."""

    async def table_names(self) -> list[str]:
        """Give the names of all tables, in order; the store's own are left out."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A connection that can tell how the store would run a command."""

    def explain(self, command: object, parameters: Parameters) -> Coroutine[Any, Any, list[str]]:
        """Give the store's own plan, a line each."""
        ...


class SchemaWriter(Protocol):
    """Says in the store's language what operations on a schema say."""

    def statements(self, operation: Operation, before: Schema) -> Sequence[str]:
        """Give the statements that do it to `before`, in order; nothing is sent.

        Raises `MigrationError` for what cannot be said, such as a step in Python.
        """
        ...


class Manner(Enum):
    """How a change of the schema must be run."""

    WITHIN = "in a transaction, with others"
    UNCHECKED = "in a transaction that looks at references only when it commits"
    OUTSIDE = "outside every transaction, since the store commits by itself"


@frozen
class Filled:
    """A batch of a backfill: the key of its last row, `None` where no row was left, and rows."""

    last: tuple[object, ...] | None
    rows: int


@runtime_checkable
class SchemaChanging(Protocol):
    """A transaction that can change tables that are there."""

    async def change_schema(self, operation: Operation) -> None:
        """Do what an operation says, as part of the transaction.

        Raises `MigrationError` for what has no meaning on the tables that are there.
        """
        ...

    async def has_rows(self, table: str) -> bool:
        """Tell whether a table has a row."""
        ...

    async def backfill(self, operation: Backfill, after: tuple[object, ...] | None) -> Filled:
        """Do a batch of a backfill: the rows behind a key, or from the first on."""
        ...

    async def count_rows(self, table: str) -> int:
        """Count the rows of a table."""
        ...


async def silent() -> None:
    """Write nothing down: what a step is that no history is kept of."""


@runtime_checkable
class Migrating(Protocol):
    """A connection on which migrations can be run."""

    def manner(self, operation: Operation) -> Manner:
        """Tell how an operation must be run."""
        ...

    async def change_schema(
        self, operation: Operation, *, is_resumed: bool = False, noting: Noting = silent
    ) -> None:
        """Do what an operation says outside transactions.

        `is_resumed` says that it was begun before, and does what is left of it. `noting` is
        awaited when it is known what to do, before any of it is done. Raises `MigrationError`,
        and notes nothing, for what has no meaning on the tables that are there.
        """
        ...

    async def lock_migrations(self, wait_seconds: float) -> bool:
        """Keep other deployers out until `unlock_migrations`; give whether that came to be.

        The lock ends with the process that holds it, however that ends.
        """
        ...

    async def unlock_migrations(self) -> None:
        """Let the next deployer in."""
        ...


class Channel(Protocol):
    """A place where all who listen hear what each of them says, in one order."""

    async def tell(self, message: bytes) -> None:
        """Have the store take a message, which those who listen then hear; the teller too.

        Raises `ConnectionLost`.
        """
        ...

    async def close(self) -> None:
        """Listen no more."""
        ...


@runtime_checkable
class Notifying(Protocol):
    """A driver of a store that hands messages on to all who listen."""

    async def listen(
        self, name: str, heard: Callable[[bytes], None], lost: Callable[[], None]
    ) -> Channel:
        """Hear what is said on a channel from now on, nothing left out; raises `ConnectionFailed`.

        `lost` is called once, as soon as something may have been left out; nothing is heard then.
        """
        ...


class KeyValues(Protocol):
    """Values of keys, as bytes; each ends by itself."""

    async def get(self, key: str) -> bytes | None:
        """Give the value of a key, if there is one."""
        ...

    async def set(self, key: str, value: bytes, seconds: float) -> None:
        """Give a key a value, for so long."""
        ...

    async def delete(self, key: str) -> None:
        """Take the value of a key away."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...


@runtime_checkable
class KeyValueKeeping(Protocol):
    """A driver of a store that keeps values of keys."""

    async def key_values(self) -> KeyValues:
        """Open a way to the keys; raises `ConnectionFailed`."""
        ...
