"""What is to happen after a commit."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import TypeAlias

Hook: TypeAlias = "Callable[[], Awaitable[object] | object]"


async def run_hooks(hooks: Sequence[Hook], context: Context) -> None:
    """Run hooks in order, in a context; a failure of one is reported, and keeps none from running.

    Reported is to the event loop's exception handler: the commit has happened, so the code around
    the transaction must not take it for failed. Cancelled, it runs no more of them, and reports
    that too.
    """
    await asyncio.get_running_loop().create_task(_run(hooks), context=context)


async def _run(hooks: Sequence[Hook]) -> None:
    for number, hook in enumerate(hooks):
        try:
            answer = hook()
            if isinstance(answer, Awaitable):
                await answer
        except CancelledError as error:
            left = len(hooks) - number
            _report(hook, error, f"cancelled; it and {left - 1} more on_commit hooks did not end")
            raise
        except Exception as error:  # noqa: BLE001 - it is reported
            _report(hook, error, "an on_commit hook failed; the transaction is committed")


def _report(hook: Hook, error: BaseException, message: str) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"{message}: {hook!r}", "exception": error}
    )
