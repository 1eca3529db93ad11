"""What installed distributions offer to Ommi, by name; nothing is imported before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ommi.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

DRIVERS = "ommi.drivers"
"""Schemes of URLs; each leads to a `DriverPlugin`, or to what makes one."""
MIDDLEWARE = "ommi.middleware"
"""Names for `Ommi(url, middleware=["name"])`; each leads to a middleware, or to what makes one."""
MODELS = "ommi.models"
"""Packages of model libraries; each leads to the `Library` that recognises their classes."""


def offered(group: str) -> Mapping[str, EntryPoint]:
    """Give the entry points of a group by name; of two with one name the first is taken."""
    # Its import takes longer than all the rest of opening a database.
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, point)
    return found


def loaded(point: EntryPoint) -> object:
    """Import what an entry point leads to, made if it is a class.

    Raises `ConfigurationError`, which names the distribution, whatever goes wrong there.
    """
    try:
        found = point.load()
        return found() if isinstance(found, type) else found
    except Exception as error:
        raise ConfigurationError(
            f"{point.name!r} of {_distribution(point)} ({point.group}, {point.value}) cannot be "
            f"loaded: {type(error).__name__}: {error}"
        ) from error


def _distribution(point: EntryPoint) -> str:
    if point.dist is None:
        return "an unknown distribution"
    return f"the distribution {point.dist.name} {point.dist.version}"
