"""Middleware by name: what Ommi ships, and what other distributions offer."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from ommi.entry_points import MIDDLEWARE, loaded, offered
from ommi.errors import ConfigurationError

SHIPPED: Mapping[str, str] = {
    "metrics": "ommi.plugins.metrics:Metrics",
    "query_log": "ommi.plugins.query_log:QueryLog",
    "repeated_questions": "ommi.plugins.repeated_questions:RepeatedQuestions",
    "telemetry": "ommi.plugins.telemetry:Telemetry",
}
"""Those that can be used without saying anything more of them."""


def middleware_named(name: str) -> object:
    """Make the middleware of a name; raises `ConfigurationError` where there is none."""
    if name in SHIPPED:
        module, _, kind = SHIPPED[name].partition(":")
        made: object = getattr(import_module(module), kind)()
        return made
    points = offered(MIDDLEWARE)
    if name not in points:
        raise ConfigurationError(
            f"no middleware is called {name!r}; there are {', '.join((*SHIPPED, *points))}"
        )
    return loaded(points[name])
