"""What a transaction did, so that it can be done again and compared."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextvars import Context
from typing import Any, ClassVar, Protocol

from ommi.drivers.protocol import Build, Step, Unit
from ommi.errors import ConflictError, DatabaseError
from ommi.planning.plan import Parameters, Rows

Seen = tuple[int, ...]
"""A number for each row that was given; equal rows have equal numbers."""

MOST_CALLS = 1_000
MOST_ROWS = 100_000


class Different(Exception):
    """Done again, something answered otherwise; `change` says how, `command` is what it was."""

    def __init__(self, change: str) -> None:
        super().__init__(change)
        self.change = change
        self.command: object = None


Pin = Callable[[Parameters, Sequence[object]], tuple[object, Parameters]]


class Told:
    """Takes what an INSERT tells as it is, and can say that INSERT again with it given.

    `pin` gives the command and the parameters for a row's parameters and what was told of it.
    """

    __slots__ = ("pin",)
    pin: Pin

    def __init__(self, pin: Pin) -> None:
        self.pin = pin

    def __call__(self, rows: Rows) -> Rows:
        return rows


class Call(Protocol):
    """Something that was asked of the store."""

    is_logged: ClassVar[bool]
    error: DatabaseError | None

    @property
    def command(self) -> object:
        """The command that it is, for messages."""
        ...

    def run(self, unit: Unit) -> Awaitable[Any]:
        """Do it, when awaited."""
        ...

    def record(self, unit: Unit) -> Awaitable[Any]:
        """Do it, when awaited, and remember what was seen."""
        ...

    async def again(self, unit: Unit) -> None:
        """Do it once more, for the same to come of it; raises `Different`."""
        ...


class Fetch:
    """Rows, or what an INSERT tells."""

    __slots__ = ("build", "command", "context", "error", "parameters", "seen", "told")
    is_logged: ClassVar[bool] = True

    def __init__(
        self, command: object, parameters: Parameters, build: Build[Any], context: Context | None
    ) -> None:
        self.command: object = command
        self.parameters: Parameters = parameters
        self.build: Build[Any] = build
        self.context: Context | None = context
        self.error: DatabaseError | None = None
        self.seen: Seen = ()
        self.told: Rows = ()

    def run(self, unit: Unit) -> Awaitable[Any]:
        return unit.fetch(self.command, self.parameters, self.build, self.context)

    async def record(self, unit: Unit) -> Any:  # noqa: ANN401 - whatever `build` gives
        def build(rows: Rows) -> object:
            self.seen = numbered(rows)
            if isinstance(self.build, Told):
                self.told = rows
            return self.build(rows)

        return await unit.fetch(self.command, self.parameters, build, self.context)

    async def again(self, unit: Unit) -> None:
        if isinstance(self.build, Told) and self.told:
            command, parameters = self.build.pin(self.parameters, self.told[0])
            await unit.execute(command, parameters)
            return
        seen = await unit.fetch(self.command, self.parameters, numbered)
        if self.error is None:
            compare(self.seen, seen)


class Execute:
    """A write that counts the rows that it matched."""

    __slots__ = ("command", "error", "matched", "parameters")
    is_logged: ClassVar[bool] = True

    def __init__(self, command: object, parameters: Parameters) -> None:
        self.command: object = command
        self.parameters: Parameters = parameters
        self.error: DatabaseError | None = None
        self.matched: int = 0

    def run(self, unit: Unit) -> Awaitable[int]:
        return unit.execute(self.command, self.parameters)

    async def record(self, unit: Unit) -> int:
        self.matched = await self.run(unit)
        return self.matched

    async def again(self, unit: Unit) -> None:
        matched = await self.run(unit)
        if self.error is None and matched != self.matched:
            raise Different(f"it matched {matched} rows, and {self.matched} before")


class RunBatch:
    """Writes that happen together."""

    __slots__ = ("error", "returned", "steps")
    is_logged: ClassVar[bool] = True

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps: Sequence[Step] = steps
        self.error: DatabaseError | None = None
        self.returned: Sequence[Rows] = ()

    @property
    def command(self) -> object:
        return self.steps[0].command if self.steps else None

    def run(self, unit: Unit) -> Awaitable[list[Rows]]:
        return unit.run_batch(self.steps)

    async def record(self, unit: Unit) -> list[Rows]:
        self.returned = returned = await self.run(unit)
        return returned

    async def again(self, unit: Unit) -> None:
        if self.error is not None:
            await self.run(unit)
            return
        known = [step.after(self.returned[:n]) for n, step in enumerate(self.steps)]
        pairs = zip(known, self.returned, strict=True)
        await unit.run_batch([_pinned(step, rows) for step, rows in pairs])


class Streamed:
    """Rows that were taken from a stream, as far as they were."""

    __slots__ = ("command", "error", "parameters", "seen")
    is_logged: ClassVar[bool] = True

    def __init__(self, command: object, parameters: Parameters) -> None:
        self.command: object = command
        self.parameters: Parameters = parameters
        self.error: DatabaseError | None = None
        self.seen: list[int] = []

    async def run(self, unit: Unit) -> Seen:
        return await unit.fetch(self.command, self.parameters, numbered)

    record = run

    async def again(self, unit: Unit) -> None:
        # One more than were seen may be there: nobody asked for it.
        rows = await self.run(unit)
        compare(tuple(self.seen), rows[: len(self.seen)])


class Said:
    """Anything without an answer to compare: a savepoint, a table made."""

    __slots__ = ("command", "error", "what")
    is_logged: ClassVar[bool] = True

    def __init__(self, what: Callable[[Unit], Any], command: object = None) -> None:
        self.what: Callable[[Unit], Any] = what
        self.command: object = command
        self.error: DatabaseError | None = None

    async def run(self, unit: Unit) -> Any:  # noqa: ANN401 - whatever it gives
        return await self.what(unit)

    record = run

    async def again(self, unit: Unit) -> None:
        await self.run(unit)


END = object()
"""What comes after the last part of a stream."""


class Next:
    """The next part of a stream, which is `Streamed` as a whole."""

    __slots__ = ("command", "error", "parts")
    is_logged: ClassVar[bool] = False

    def __init__(self, parts: AsyncGenerator[Any, None]) -> None:
        self.parts: AsyncGenerator[Any, None] = parts
        self.command: object = None
        self.error: DatabaseError | None = None

    async def run(self, unit: Unit) -> Any:  # noqa: ANN401 - a part, or `END`
        del unit  # It is that of the stream.
        return await anext(self.parts, END)

    record = run

    async def again(self, unit: Unit) -> None:
        """Do nothing: the whole stream is done again."""


def _pinned(step: Step, rows: Rows) -> Step:
    if not isinstance(step.told, Told) or not rows:
        return Step(step.command, step.parameters)
    pin = step.told.pin
    pinned = [pin(row, told) for row, told in zip(step.parameters, rows, strict=True)]
    return Step(pinned[0][0], [parameters for _, parameters in pinned])


def numbered(rows: Rows) -> Seen:
    """Give a number for each row."""
    return tuple([hash(repr(tuple(row))) for row in rows])


def compare(before: Seen, now: Seen) -> None:
    """Raise `Different` where other rows came than before."""
    if before == now:
        return
    if len(before) != len(now):
        raise Different(f"it gave {len(now)} rows, and {len(before)} before")
    first = next(i for i, (old, new) in enumerate(zip(before, now, strict=True)) if old != new)
    raise Different(f"row {first + 1} of the {len(now)} that it gave is another than before")


class Log:
    """All that a transaction did so far."""

    __slots__ = ("calls", "rows")

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.rows: int = 0

    def add(self, call: Call) -> bool:
        """Remember a call; tell whether there is room for more."""
        self.calls.append(call)
        self.rows += _size(call)
        return len(self.calls) <= MOST_CALLS and self.rows <= MOST_ROWS

    async def repeat(self, unit: Unit) -> None:
        """Do everything again on a new transaction.

        Raises `Different`, and the conflicts that come up.
        """
        for call in self.calls:
            try:
                await self._repeat(call, unit)
            except Different as different:
                different.command = call.command
                raise

    async def _repeat(self, call: Call, unit: Unit) -> None:
        try:
            await call.again(unit)
        except ConflictError:
            raise
        except DatabaseError as error:
            if call.error is None or not _is_same(error, call.error):
                raise Different(f"it failed with {type(error).__name__}") from error
            return
        if call.error is not None:
            raise Different(f"it went well, and failed with {type(call.error).__name__} before")


def _is_same(one: DatabaseError, other: DatabaseError) -> bool:
    fields = [getattr(error, "fields", ()) for error in (one, other)]
    return type(one) is type(other) and fields[0] == fields[1]


def _size(call: Call) -> int:
    if isinstance(call, RunBatch):
        return sum(map(len, call.returned)) + sum(len(step.parameters) for step in call.steps)
    seen: Iterable[object] = getattr(call, "seen", ())
    return len(tuple(seen))
