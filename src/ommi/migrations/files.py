"""Migrations as files: Python modules with typed operations, and code beside them where needed.

A file says `depends`, the versions before it, and `operations`. It may say `replaces`, those that
it was squashed from, and have `async def up(schema)`, which runs after its operations, and
`async def down(schema)`, which runs before they are undone. Its name is its version.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, cast, get_args

from ommi.errors import MigrationError
from ommi.migrations.migration import Migration
from ommi.migrations.writing import imports, written
from ommi.schema.operations import HandWritten, Operation
from ommi.schema.serialisation import digest

Code = Callable[[Any], Awaitable[None]]

CODE = "up"
"""The name of the step that a file's own `up` is."""

_NAME = re.compile(r"\d{4,}_\w+")
_DATA = ("depends", "operations", "replaces")
_LONGEST_SLUG = 48


class FileMigration(Migration):
    """A migration out of a file. `code` is the text of what is not data, for the checksum."""

    def __init__(
        self,
        version: str,
        description: str = "",
        *,
        operations: Sequence[Operation] = (),
        depends: Sequence[str] = (),
        replaces: Sequence[str] = (),
        code: str = "",
    ) -> None:
        super().__init__(
            version, description, operations=operations, depends=depends, replaces=replaces
        )
        self.code = code

    def with_operations(self, operations: Sequence[Operation]) -> FileMigration:
        """Give the migration with other operations."""
        return FileMigration(
            self.version,
            self.description,
            operations=operations,
            depends=self.depends,
            replaces=self.replaces,
            code=self.code,
        )

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of what it does; neither layout nor comments outside of code count."""
        own = super().checksum
        return digest([own, self.code]) if self.code else own


def source_of(migration: Migration, code: str = "") -> str:
    """Write the file of a migration; its steps in Python are `code`."""
    names: set[str] = set()
    data = tuple(each for each in migration.operations if not isinstance(each, HandWritten))
    parts = [f"depends = {written(migration.depends, names)}"]
    if migration.replaces:
        parts.append(f"replaces = {written(migration.replaces, names)}")
    parts.append(f"operations = {written(data, names)}")
    head = [f'"""{_docstring(migration.description)}"""', imports(names)]
    return "\n\n".join(filter(None, (*head, *parts))) + "\n" + (f"\n\n{code}" if code else "")


def read_folder(folder: Path) -> tuple[FileMigration, ...]:
    """Read every migration of a folder, by name; none where there is no folder.

    Files whose names begin with `_` are not migrations. Raises `MigrationError`.
    """
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return tuple(map(read_file, paths))


def read_file(path: Path) -> FileMigration:
    """Read one migration; raises `MigrationError` for a file that is none."""
    if not _NAME.fullmatch(path.stem):
        raise MigrationError(
            f"{path}: a migration's name is a number and words, such as 0007_add_email.py; the "
            "name of another file begins with _"
        )
    try:
        source = path.read_text(encoding="utf-8")
        module = _run(path)
    except (KeyboardInterrupt, MigrationError):
        raise
    except BaseException as error:  # whatever the user's code raises
        raise MigrationError(_explained(path, error)) from error
    return FileMigration(
        path.stem,
        (module.__doc__ or "").strip().partition("\n")[0].removesuffix("."),
        operations=_operations(path, module),
        depends=_versions(path, module, "depends"),
        replaces=_versions(path, module, "replaces"),
        code=_code(source),
    )


def next_version(existing: Iterable[Migration], description: str) -> str:
    """Give the version after all others, with words of the description."""
    numbers = [int(each.version.partition("_")[0]) for each in existing]
    words = re.sub(r"\W+", "_", description.lower(), flags=re.ASCII).strip("_")
    if len(words) > _LONGEST_SLUG:
        cut = words[: _LONGEST_SLUG + 1]
        words = cut.rpartition("_")[0] or cut[:-1]
    slug = words or "change"
    return f"{max(numbers, default=0) + 1:04d}_{slug}"


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"ommi_migration_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise MigrationError(f"{path} cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_MARKS_OF_GIT = ("<<<<<<<", "=======", ">>>>>>>")


def _explained(path: Path, error: BaseException) -> str:
    lines = [
        f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)
    ]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    where = f", line {lines[-1]}" if lines else ""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    if isinstance(error, SyntaxError) and (error.text or "").startswith(_MARKS_OF_GIT):
        return (
            f"{path}{where}: git left the marks of a conflict; keep one migration here, and put "
            "the other into a file of its own, with another name"
        )
    return f"{path}{where}: {type(error).__name__}: {said}"


def _versions(path: Path, module: ModuleType, name: str) -> tuple[str, ...]:
    said = getattr(module, name, ())
    if isinstance(said, tuple | list) and all(isinstance(each, str) for each in said):
        return tuple(said)
    raise MigrationError(f'{path}: {name} is a tuple of versions, as in ("0001_start",)')


def _operations(path: Path, module: ModuleType) -> tuple[Operation, ...]:
    said = getattr(module, "operations", None)
    up, down = _function(path, module, "up"), _function(path, module, "down")
    if said is None and up is None:
        raise MigrationError(f"{path} has neither `operations` nor `async def up(schema)`")
    if not isinstance(said, tuple | list | None):
        raise MigrationError(f"{path}: operations is a tuple, found {type(said).__name__}")
    for each in said or ():
        if not isinstance(each, get_args(Operation)):
            raise MigrationError(
                f"{path}: operations has a {type(each).__name__}, which is no operation"
            )
    if up is None and down is not None:
        up = _nothing
    own = () if up is None else (HandWritten(CODE, up, down),)
    return (*cast("Sequence[Operation]", said or ()), *own)


async def _nothing(schema: object) -> None:
    """Stand in for an `up` where a file has a `down` only."""


def _function(path: Path, module: ModuleType, name: str) -> Code | None:
    function = getattr(module, name, None)
    if function is None or callable(function):
        return cast("Code | None", function)
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
    return f"{said[:1].upper()}{said[1:].removesuffix('.')}."
