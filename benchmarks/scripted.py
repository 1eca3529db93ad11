"""A PostgreSQL that is not there: its text, a pool, and rows that are always the same.

Nothing in it waits, so that a run takes the same steps each time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextvars import Context
from typing import TypeVar, cast

from ommi.drivers.postgresql.dialect import DIALECT
from ommi.drivers.protocol import Beginning, Build, IsolationLevel, Outcome, Step
from ommi.planning.capabilities import Capability
from ommi.planning.plan import Parameters, Rows
from ommi.sql.compiler import SqlCompiler
from ommi.sql.dialect import SqlCommand

T = TypeVar("T")

_A_KEY = [(1,)]


class ScriptedDriver:
    """Answers every question with `rows`, and every single add with a key."""

    name = "scripted"
    capabilities = frozenset(Capability)

    def __init__(self, rows: Rows) -> None:
        self.compiler = SqlCompiler(DIALECT)
        self._rows = rows

    async def connect(self) -> ScriptedConnection:
        return ScriptedConnection(self._rows)


class ScriptedConnection:
    """One session, for one caller at a time."""

    is_usable = True
    is_changed = False

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def fetch(
        self,
        command: object,
        parameters: Parameters,  # noqa: ARG002
        build: Build[T],
        context: Context | None = None,  # noqa: ARG002
    ) -> T:
        return build(_A_KEY if cast("SqlCommand", command).is_write else self._rows)

    async def execute(self, command: object, parameters: Parameters) -> int:  # noqa: ARG002
        return 1

    async def run_batch(self, steps: Sequence[Step]) -> list[Rows]:
        return [self._rows for _ in steps]

    async def stream(
        self,
        command: object,  # noqa: ARG002
        parameters: Parameters,  # noqa: ARG002
        size: int,
        build: Build[T],
        context: Context | None = None,  # noqa: ARG002
    ) -> AsyncGenerator[T, None]:
        for start in range(0, len(self._rows), size):
            yield build(self._rows[start : start + size])

    async def begin(self, how: Beginning, ended: Callable[[], None]) -> ScriptedUnit:  # noqa: ARG002
        return ScriptedUnit(self._rows, ended)

    async def reset(self) -> None: ...

    async def ping(self) -> None: ...

    async def close(self) -> None: ...

    def abort(self) -> None: ...


class ScriptedUnit(ScriptedConnection):
    """A transaction, which takes nothing to begin or to end."""

    level = IsolationLevel.READ_COMMITTED

    def __init__(self, rows: Rows, ended: Callable[[], None]) -> None:
        super().__init__(rows)
        self.outcome = Outcome.OPEN
        self._ended = ended

    async def commit(self) -> None:
        self.outcome = Outcome.COMMITTED
        self._ended()

    async def rollback(self) -> None:
        self.outcome = Outcome.ROLLED_BACK
        self._ended()
