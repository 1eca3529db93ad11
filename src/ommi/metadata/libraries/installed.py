"""Model libraries that other distributions teach Ommi, by entry points of `ommi.models`.

An entry point is named like the package whose classes its `Library` recognises, and is imported
only where that package is in use. Looking for entry points takes longer than everything else that
is done with a class, so it is not done for one in which no other package can have had a hand.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, cast

from ommi.entry_points import MODELS, loaded, offered
from ommi.errors import ConfigurationError
from ommi.metadata.libraries.protocol import Library

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_KNOWN = frozenset(("abc", "builtins", "ommi", "msgspec", "pydantic", "typing"))
"""Packages from which a class may have its metaclass and bases without being of another kind."""


def installed_library(cls: type, *, is_plain: bool) -> Library | None:
    """Give the installed library that recognises a class which Ommi's own take for theirs.

    `is_plain` says that none of them made it, so that anything may have. Raises
    `ConfigurationError` where the library of one of its bases cannot be loaded.
    """
    packages = set(_packages(cls)) - _KNOWN
    if not is_plain and not packages:
        return None
    for name, point in _points().items():
        if name not in sys.modules:
            continue
        try:
            library = _library(point)
        except ConfigurationError:
            if name in packages:
                raise
            continue
        if library.recognises(cls):
            return library
    return None


def _packages(cls: type) -> Iterator[str]:
    """Give the packages of the class's metaclass and bases that are not the class's own."""
    own = cls.__module__.partition(".")[0]
    metaclass: type = type(cls)
    for each in (*cls.__mro__[1:], *metaclass.__mro__):
        package = each.__module__.partition(".")[0]
        if package != own:
            yield package


@cache
def _points() -> Mapping[str, EntryPoint]:
    return offered(MODELS)


@cache
def _library(point: EntryPoint) -> Library:
    library = loaded(point)
    missing = [
        name
        for name in ("name", "recognises", "declared_fields", "construction")
        if not hasattr(library, name)
    ]
    if missing:
        raise ConfigurationError(
            f"{point.value}, which the entry point {point.name!r} of {MODELS} leads to, is no "
            f"model library: it has no {', '.join(missing)}"
        )
    return cast("Library", library)
