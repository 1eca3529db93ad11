"""Migrations as files: Python modules with typed operations, and code beside them where needed.

A file says `depends`, the names of those before it, and `operations`. It may say `replaces`, the
names of those that it was squashed from, and have `async def up(schema)`, which runs after its
operations, and `async def down(schema)`, which runs before they are undone.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ommi.errors import MigrationError
from ommi.migrations.writing import normal_form, text, written
from ommi.schema.operations import Operation

if TYPE_CHECKING:
    from ommi.migrations.manager import SchemaManager

Code = Callable[["SchemaManager"], Awaitable[None]]

_NAME = re.compile(r"(\d{4,})_\w+")
_DATA = ("depends", "operations", "replaces")
_LONGEST_SLUG = 40


@dataclass(frozen=True)
class MigrationFile:
    """What a file says. `code` is the text of what is not data, for the checksum."""

    name: str
    description: str = ""
    depends: tuple[str, ...] = ()
    operations: tuple[Operation, ...] = ()
    replaces: tuple[str, ...] = ()
    up: Code | None = None
    down: Code | None = None
    code: str = ""

    @property
    def number(self) -> int:
        """The number that the name begins with."""
        return int(self.name.partition("_")[0])

    @cached_property
    def checksum(self) -> str:
        """A digest of what the migration does: the layout of the file does not count."""
        said = {
            "depends": sorted(self.depends),
            "operations": [normal_form(each) for each in self.operations],
            "code": self.code,
        }
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def source(self) -> str:
        """Write the file; code is not among it."""
        names: set[str] = set()
        parts = [f"depends = {written(self.depends, names)}"]
        if self.replaces:
            parts.append(f"replaces = {written(self.replaces, names)}")
        parts.append(f"operations = {written(self.operations, names)}")
        head = [f'"""{_docstring(self.description)}"""']
        if names:
            head.append(_import(sorted(names)))
        return "\n\n".join([*head, *parts]) + "\n"


def read_folder(folder: Path) -> tuple[MigrationFile, ...]:
    """Read every migration of a folder, by name; none where there is no folder.

    Files whose names begin with `_` are not migrations. Raises `MigrationError`.
    """
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return tuple(map(read_file, paths))


def read_file(path: Path) -> MigrationFile:
    """Read one migration; raises `MigrationError` for a file that is none."""
    if not _NAME.fullmatch(path.stem):
        raise MigrationError(
            f"{path}: the name of a migration is a number and words, such as 0007_add_email; a "
            "file that is none begins with _"
        )
    try:
        source = path.read_text(encoding="utf-8")
        module = _run(path)
    except (KeyboardInterrupt, MigrationError):
        raise
    except BaseException as error:  # noqa: BLE001 - it is the user's code
        raise MigrationError(_explained(path, error)) from error
    return MigrationFile(
        name=path.stem,
        description=(module.__doc__ or "").strip(),
        depends=_names(path, module, "depends"),
        operations=_operations(path, module),
        replaces=_names(path, module, "replaces"),
        up=_function(path, module, "up"),
        down=_function(path, module, "down"),
        code=_code(source),
    )


def slug_of(description: str) -> str:
    """Give the words of a file's name."""
    words = re.sub(r"\W+", "_", description.lower(), flags=re.ASCII).strip("_")
    return words[:_LONGEST_SLUG].strip("_") or "change"


def name_of(existing: Iterable[MigrationFile], slug: str) -> str:
    """Give the next name."""
    number = max((file.number for file in existing), default=0) + 1
    return f"{number:04d}_{slug}"


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ommi_migration_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise MigrationError(f"{path} cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _explained(path: Path, error: BaseException) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    line = error.lineno if isinstance(error, SyntaxError) else (lines[-1] if lines else None)
    where = f", line {line}" if line is not None else ""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{path}{where}: {type(error).__name__}: {said}"


def _names(path: Path, module: ModuleType, name: str) -> tuple[str, ...]:
    said = getattr(module, name, ())
    if isinstance(said, tuple | list) and all(isinstance(each, str) for each in said):
        return tuple(said)
    raise MigrationError(f'{path}: {name} is a tuple of names, as in {name} = ("0001_start",)')


def _operations(path: Path, module: ModuleType) -> tuple[Operation, ...]:
    said = getattr(module, "operations", None)
    if said is None and not hasattr(module, "up"):
        raise MigrationError(f"{path} says no operations, and has no `async def up(schema)`")
    every = said or ()
    if not isinstance(every, tuple | list):
        raise MigrationError(f"{path}: operations is a tuple, found {type(every).__name__}")
    for each in every:
        if not isinstance(each, Operation):
            raise MigrationError(
                f"{path}: operations holds {type(each).__name__}, which is no operation"
            )
    return tuple(every)


def _function(path: Path, module: ModuleType, name: str) -> Code | None:
    function = getattr(module, name, None)
    if function is None or callable(function):
        return function
    raise MigrationError(f"{path}: {name} is a function, as in async def {name}(schema)")


def _code(source: str) -> str:
    """Give the text of all that is neither data, nor an import, nor the docstring."""
    lines = source.splitlines()
    kept: list[str] = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Assign | ast.AnnAssign) and _assigned(node) in _DATA:
            continue
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        kept.extend(line.rstrip() for line in lines[first - 1 : node.end_lineno])
    return "\n".join(kept)


def _assigned(node: ast.Assign | ast.AnnAssign) -> str | None:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    return target.id if isinstance(target, ast.Name) else None


def _docstring(description: str) -> str:
    said = description.replace("\\", "\\\\").replace('"', "'").strip() or "Change the schema"
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _import(names: Sequence[str]) -> str:
    line = f"from ommi.migrations import {', '.join(names)}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join(["from ommi.migrations import (", *(f"    {name}," for name in names), ")"])


_WIDTH = 96
