"""A Python prompt with top-level await and an open database.

The prompt stands in the main thread, where Ctrl-C arrives; what is typed runs in an event loop
in another, to which the database belongs.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import sys
import traceback
from code import InteractiveConsole
from collections.abc import Callable, Coroutine, Mapping
from threading import Thread
from types import CodeType, FunctionType, TracebackType
from typing import Any, Self, TypeVar

from ommi.database import Ommi

T = TypeVar("T")

_TYPED = frozenset({"<console>", "<command>"})


class _Left(Exception):
    """The code asked to leave; `SystemExit` itself would end the loop at once."""


class Shell:
    """An open database and a prompt; a context manager."""

    def __init__(self, db: Ommi, names: Mapping[str, object]) -> None:
        self._db = db
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="ommi shell", daemon=True)
        self._console = _Console({"asyncio": asyncio, "db": db, **names}, self.wait)
        self._names = tuple(names)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.wait(self._db.open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.wait(self._db.close())
        finally:
            self._stop()

    def converse(self) -> None:
        """Read and run until the input ends or asks to leave."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - it gives the prompt a memory
        banner = f"Python {sys.version.split()[0]}, with await. At hand: db, asyncio"
        with contextlib.suppress(SystemExit):
            self._console.interact(", ".join((banner, *self._names)), exitmsg="")

    def run(self, code: str) -> bool:
        """Run code; tell whether it came to its end."""
        compiled = self._console.compiled(code)
        if compiled is None:
            return False
        try:
            self._console.runcode(compiled)
        except SystemExit as leaving:
            return leaving.code in {None, 0}
        return not self._console.has_failed

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work in the loop until it is done, or Ctrl-C cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class _Console(InteractiveConsole):
    """The prompt; `wait` runs in the loop."""

    def __init__(
        self, names: dict[str, object], wait: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        super().__init__(names)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.has_failed = False
        self._wait = wait

    def compiled(self, text: str) -> CodeType | None:
        """Compile a whole text; shows what is wrong with it."""
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        try:
            code: CodeType = compile(text, "<command>", "exec", flags)
        except (SyntaxError, ValueError, OverflowError):
            self.showsyntaxerror("<command>")
            return None
        return code

    def runcode(self, code: CodeType) -> None:
        """Run in the loop what was typed, and wait for it."""
        try:
            self._wait(self._running(code))
        except _Left as left:
            raise SystemExit(*left.args) from None
        except KeyboardInterrupt:
            self.has_failed = True
            self.write("KeyboardInterrupt\n")
        except BaseException as error:  # noqa: BLE001 - whatever was typed
            self.has_failed = True
            self.write("".join(traceback.format_exception(_from_what_was_typed(error))))

    async def _running(self, code: CodeType) -> None:
        try:
            value = FunctionType(code, self.locals)()
            if inspect.iscoroutine(value):
                await value
        except SystemExit as leaving:
            raise _Left(leaving.code) from None


def _from_what_was_typed(error: BaseException) -> BaseException:
    """Give the error without the calls that led to what was typed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename not in _TYPED:
        trace = trace.tb_next
    return error.with_traceback(trace or error.__traceback__)
