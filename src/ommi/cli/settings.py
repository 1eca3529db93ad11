"""Where the command finds out which database and which models: options, environment, files."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from ommi.cli.exits import CommandError

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_RELATIVE_FILE = re.compile(r"(sqlite:///)(?!/)([^?]+)(.*)", re.DOTALL)
_NAMES = ("url", "models", "migrations", "databases")


@dataclass(frozen=True, slots=True)
class Said:
    """What one place says; the URL may hold a password."""

    url: str | None = field(default=None, repr=False)
    models: str | Sequence[str] | None = None
    migrations: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What was configured. `origins` tells where each setting comes from.

    The URL may hold a password, so it is never shown.
    """

    folder: Path
    url: str | None = field(default=None, repr=False)
    models: tuple[str, ...] = ()
    migrations: Path = Path("migrations")
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def required_url(self) -> str:
        """The URL; raises `CommandError` where none was said."""
        if self.url:
            return self.url
        raise _missing("which database", "--url", "OMMI_URL", 'url = "sqlite:///app.db"')

    @property
    def required_models(self) -> tuple[str, ...]:
        """The modules of models; raises `CommandError` where none were said."""
        if self.models:
            return self.models
        raise _missing("where the models are", "--models", "OMMI_MODELS", 'models = "app.models"')

    def over(self, origin: str, said: Said) -> Self:
        """Give the settings with those that were said in place of these."""
        given = [name for name in ("url", "models", "migrations") if getattr(said, name)]
        return replace(
            self,
            url=said.url or self.url,
            models=_modules(said.models, origin) if said.models else self.models,
            migrations=self.folder / said.migrations if said.migrations else self.migrations,
            origins={**self.origins, **dict.fromkeys(given, origin)},
        )


def settings_from(
    start: Path,
    options: Said,
    environment: Mapping[str, str] = os.environ,
    *,
    database: str | None = None,
) -> Settings:
    """Put together what files, environment and command line say, the last the strongest.

    `ommi.toml`, or `pyproject.toml` with a `[tool.ommi]`, is looked for in `start` and above.
    Relative paths in it, that of a SQLite file included, start at its folder. `database` names one
    of its `databases`, which is stronger than the environment. Raises `CommandError`.
    """
    file, section = _section(start)
    folder = start if file is None else file.parent
    settings = Settings(folder, migrations=folder / "migrations")
    if file is not None:
        table = _Table(file, section, environment)
        settings = settings.over(file.name, table.said(_NAMES))
    settings = settings.over("the environment", _of_environment(environment))
    if database is not None:
        table = _Table(file or folder / "pyproject.toml", section, environment)
        settings = settings.over(f"the database {database!r}", table.database(database))
    return settings.over("the command line", options)


def anchored(url: str, folder: Path) -> str:
    """Give a URL whose SQLite file, if it is relative, starts at the folder."""
    match = _RELATIVE_FILE.fullmatch(url)
    if match is None or match[2] == ":memory:":
        return url
    return f"{match[1]}{(folder / match[2]).as_posix()}{match[3]}"


def _of_environment(environment: Mapping[str, str]) -> Said:
    return Said(
        environment.get("OMMI_URL"),
        environment.get("OMMI_MODELS"),
        environment.get("OMMI_MIGRATIONS"),
    )


def _section(start: Path) -> tuple[Path | None, Mapping[str, object]]:
    """Find the nearest file with settings."""
    for folder in (start, *start.parents):
        own, shared = folder / "ommi.toml", folder / "pyproject.toml"
        if own.is_file():
            return own, _parsed(own)
        if shared.is_file():
            tools = _parsed(shared).get("tool")
            section = tools.get("ommi") if isinstance(tools, dict) else None
            if isinstance(section, dict):
                return shared, section
            if section is not None:
                raise CommandError(f"{shared}: [tool.ommi] is a table of settings")
    return None, {}


def _parsed(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CommandError(f"{file} is no TOML: {error}") from error


@dataclass(frozen=True, slots=True)
class _Table:
    """Settings as a file has them."""

    file: Path
    content: Mapping[str, object] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)

    def said(self, known: Sequence[str]) -> Said:
        unknown = sorted(self.content.keys() - set(known))
        if unknown:
            raise CommandError(
                f"{self.file}: unknown setting {', '.join(unknown)}; there are {', '.join(known)}"
            )
        url = self._text("url")
        return Said(
            None if url is None else anchored(url, self.file.parent),
            self._models(),
            self._text("migrations"),
        )

    def database(self, name: str) -> Said:
        tables = self.content.get("databases", {})
        if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
            raise CommandError(f"{self.file}: databases is a table of tables, each with its url")
        if name not in tables:
            known = ", ".join(tables) or "none"
            raise CommandError(f"{self.file}: no database {name!r} is configured; known: {known}")
        return _Table(self.file, tables[name], self.environment).said(_NAMES[:3])

    def _text(self, name: str) -> str | None:
        value = self.content.get(name)
        if value is None or isinstance(value, str):
            return None if value is None else self._filled(name, value)
        raise CommandError(f"{self.file}: {name} is a text, found {type(value).__name__}")

    def _models(self) -> str | list[str] | None:
        value = self.content.get("models")
        if not isinstance(value, list):
            return self._text("models")
        texts = [each for each in value if isinstance(each, str)]
        if len(texts) != len(value):
            raise CommandError(f"{self.file}: models is a text, or a list of texts")
        return texts

    def _filled(self, name: str, text: str) -> str:
        """Put variables of the environment in the places of `${NAME}`."""

        def value(match: re.Match[str]) -> str:
            if match[1] not in self.environment:
                raise CommandError(
                    f"{self.file}: {name} asks for the variable {match[1]}, which is not set"
                )
            return self.environment[match[1]]

        return _VARIABLE.sub(value, text)


def _modules(said: str | Sequence[str], origin: str) -> tuple[str, ...]:
    texts = said.split(",") if isinstance(said, str) else said
    modules = tuple(text.strip() for text in texts if text.strip())
    for text in modules:
        name, colon, attribute = text.partition(":")
        parts = (*name.split("."), *([attribute] if colon else []))
        if not all(part.isidentifier() for part in parts):
            raise CommandError(
                f"{origin}: {text!r} is not the name of a module, such as app.models, or of a "
                "collection in one, such as app.models:blog"
            )
    return modules


def _missing(what: str, option: str, variable: str, line: str) -> CommandError:
    return CommandError(
        f"nothing says {what}; say it with {option}, with {variable}, or in pyproject.toml:\n\n"
        f"    [tool.ommi]\n    {line}\n\n`ommi init` writes such a section"
    )
