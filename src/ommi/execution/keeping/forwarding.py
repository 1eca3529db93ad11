"""Classes that stand around others: with all that those can do, and no more.

Protocols are asked for by what a class has. Of what is not known here, whatever is awaited may
change anything.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from ommi.caching.versions import EVERYTHING

LOOKING = frozenset(
    {"explain", "tables", "table_names", "ping", "has_rows", "count_rows"}
    | {"lock_migrations", "unlock_migrations"}
)
"""What changes no rows, of what connections and transactions may have besides."""

CHANGING = frozenset({"create_tables", "drop_tables", "change_schema", "backfill"})
"""What changes something, also where it is no `async def` but hands on what another one gives."""


def around(kind: type, inner: type, **known: Callable[..., Any]) -> type:
    """Make the class of a `kind` around an `inner`; what it has not, it hands on to `self.inner`.

    `known` are members that it has where the inner class has them.
    """
    names = [name for name in dir(inner) if not name.startswith("_") and not hasattr(kind, name)]
    members = {name: known.get(name) or _member(inner, name) for name in names}
    return type(f"{kind.__name__}Around{inner.__name__}", (kind,), members)


def _member(inner: type, name: str) -> object:
    if name in CHANGING:
        return _changing(name)
    if not iscoroutinefunction(getattr(inner, name)):
        return property(lambda self: getattr(self.inner, name))
    return _asking(name) if name in LOOKING else _changing(name)


def _asking(name: str) -> Callable[..., Any]:
    async def ask(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        return await getattr(self.inner, name)(*arguments, **named)

    return ask


def _changing(name: str) -> Callable[..., Any]:
    async def change(self: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401
        # In a transaction it may commit what came before it, there and then.
        self.touch(EVERYTHING)
        async with self.keeper.writing(EVERYTHING):
            return await getattr(self.inner, name)(*arguments, **named)

    return change
