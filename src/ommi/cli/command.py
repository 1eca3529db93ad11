"""What a command is, and what it is run with."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ommi.cli.console import Console, Reply
from ommi.cli.loading import LoadedModels, load_models
from ommi.cli.settings import Settings
from ommi.database import Ommi


@dataclass(frozen=True)
class Context:
    """What was asked, and what was configured."""

    options: Namespace
    settings: Settings
    console: Console

    def text(self, name: str) -> str | None:
        """Give an option that is a text."""
        value = getattr(self.options, name)
        return None if value is None else str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Give an option that may be said several times."""
        return tuple(getattr(self.options, name) or ())

    def flag(self, name: str) -> bool:
        """Tell whether an option was said."""
        return bool(getattr(self.options, name))

    @cached_property
    def models(self) -> LoadedModels:
        """The models; raises `CommandError`."""
        return load_models(self.settings)

    def database(self) -> Ommi:
        """Give the database, not yet open; raises `CommandError` or `ConfigurationError`."""
        return Ommi(self.settings.required_url)


Run = Callable[[Context], Reply] | Callable[[Context], Coroutine[Any, Any, Reply]]


@dataclass(frozen=True, slots=True)
class Command:
    """One word after `ommi`."""

    name: str
    summary: str
    run: Run
    arguments: Callable[[ArgumentParser], None] | None = None
