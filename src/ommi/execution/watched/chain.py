"""The layers around an operation: policies first, then middleware, then the store."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import FunctionType

from ommi.errors import ConfigurationError
from ommi.execution.watched.policing import Policing
from ommi.plugins.operation import Operation
from ommi.plugins.protocol import Answer, Middleware, Opened, Opening, Policy, Proceed


class Chain:
    """What stands around the operations of one database, in order.

    Raises `ConfigurationError` for what is neither a middleware nor a policy.
    """

    def __init__(self, layers: Sequence[Middleware | Policy]) -> None:
        for layer in layers:
            if isinstance(layer, type) or not isinstance(layer, Middleware | Policy):
                raise ConfigurationError(
                    f"middleware=[...] takes middleware and policies, found {_found(layer)}; a "
                    "middleware is called with an operation and with what proceeds"
                )
        self.layers: tuple[Middleware | Policy, ...] = tuple(layers)
        self.policies: Policing = Policing([x for x in layers if isinstance(x, Policy)])
        self._middleware = [x for x in layers if isinstance(x, Middleware)]

    async def run(self, operation: Operation, store: Proceed) -> Answer:
        """Do an operation through all layers."""
        proceed = store
        for layer in reversed(self._middleware):
            proceed = partial(_through, layer, proceed)
        return await proceed(self.policies.allowed(operation))

    def opened(self, database: Opened) -> None:
        """Tell the layers who want to know that the database is open."""
        for layer in self.layers:
            if isinstance(layer, Opening):
                layer.opened(database)


async def _through(layer: Middleware, proceed: Proceed, operation: Operation) -> Answer:
    answer = await layer(operation, proceed)
    if not isinstance(answer, Answer):
        raise ConfigurationError(
            f"{_named(layer)} gave {type(answer).__name__} for {operation!r}; a middleware gives "
            "the Answer that it got from proceed(operation), or one of its own"
        )
    return answer


def _found(layer: object) -> str:
    return f"the class {_named(layer)} itself" if isinstance(layer, type) else _named(layer)


def _named(layer: object) -> str:
    """Name a function by its name, and anything else by its class."""
    return layer.__name__ if isinstance(layer, type | FunctionType) else type(layer).__name__
