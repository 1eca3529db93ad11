"""Savepoints, which all SQL stores say alike."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol


class Savepoints(Protocol):
    """What a transaction of a SQL store inherits."""

    def _say(self, text: str, /) -> Coroutine[Any, Any, None]:
        """Run a statement that answers nothing, in the transaction."""
        ...

    def savepoint(self, name: str) -> Coroutine[Any, Any, None]:
        """Mark where to come back to."""
        return self._say(f"SAVEPOINT {name}")

    def release(self, name: str) -> Coroutine[Any, Any, None]:
        """Forget a savepoint, and those after it."""
        return self._say(f"RELEASE SAVEPOINT {name}")

    def rollback_to(self, name: str) -> Coroutine[Any, Any, None]:
        """Undo what came after a savepoint; it stays."""
        return self._say(f"ROLLBACK TO SAVEPOINT {name}")
