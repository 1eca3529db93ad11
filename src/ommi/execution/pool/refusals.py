"""What a pool says when it refuses."""

from __future__ import annotations

from ommi.errors import ConnectionFailed, ConnectionLost, ForkedPool, StaleLease, WrongLoop


def unreachable(seconds: float, cause: BaseException | None, store: str) -> ConnectionFailed:
    """Say that no connection could be opened, because of the last failure if there was one."""
    reason = f": {cause.reason}" if isinstance(cause, ConnectionFailed) else ""
    error = ConnectionFailed(
        f"no connection could be opened within {seconds:g} s{reason}", store=store
    )
    error.__cause__ = cause
    return error


def ended(store: str) -> ConnectionLost:
    """Say that the pool is closed, or about to be."""
    return ConnectionLost("the pool was closed", store=store)


def not_lent(store: str) -> StaleLease:
    """Say that what was given back is not lent."""
    return StaleLease(
        "this pool has not lent that connection, or has it back already", store=store
    )


def wrong_loop(store: str) -> WrongLoop:
    """Say that the pool is used outside the event loop that it belongs to."""
    return WrongLoop(
        "the pool belongs to another event loop; open a database in each loop, and close it there",
        store=store,
    )


def forked(store: str) -> ForkedPool:
    """Say that the pool is used in a child of the process that it belongs to."""
    return ForkedPool(
        "the pool belongs to the process that was forked; open a database in each process",
        store=store,
    )
