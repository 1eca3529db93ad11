"""Models out of the user's modules; what goes wrong there is told without a traceback."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ommi.cli.exits import CommandError
from ommi.cli.settings import Settings
from ommi.metadata.collection import DEFAULT_COLLECTION, ModelCollection
from ommi.metadata.model import ModelMetadata, find_metadata
from ommi.schema.snapshot import Table, check_index_names, in_dependency_order, table_of


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """The models that were asked for, and the modules they came from."""

    models: tuple[ModelMetadata, ...]
    modules: tuple[ModuleType, ...]

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that the models want, each after those it refers to."""
        tables = in_dependency_order(map(table_of, self.models))
        check_index_names(tables)
        return tables


def load_models(settings: Settings) -> LoadedModels:
    """Import the modules that were named; raises `CommandError` for one that cannot be.

    A module stands for the models without a collection and for every collection that it has;
    `module:name` stands for that collection, or that model, alone.
    """
    found: dict[ModelMetadata, None] = {}
    modules = []
    for name in settings.required_models:
        module, attribute = name.partition(":")[::2]
        imported = _imported(module, settings.folder)
        modules.append(imported)
        found.update(dict.fromkeys(_models(imported, attribute)))
    if not found:
        raise CommandError(
            f"no model is defined in {', '.join(settings.required_models)}; decorate a class with "
            "@ommi_model, or register() it"
        )
    return LoadedModels(tuple(found), tuple(modules))


def _imported(name: str, folder: Path) -> ModuleType:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))  # where `python -m` would look
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a module may be a script
        raise CommandError(_explained(name, folder, error)) from error


def _explained(name: str, folder: Path, error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and _is_part_of(error.name, name):
        return (
            f"there is no module {error.name!r} in {folder} or on Python's path; "
            f"models = {name!r} is imported as `import {name}` would"
        )
    said = str(error).strip() or "it says nothing more"
    return f"the module {name} cannot be imported: {type(error).__name__}: {said}{_where(error)}"


def _is_part_of(missing: str | None, name: str) -> bool:
    return missing is not None and (name == missing or name.startswith(f"{missing}."))


def _where(error: BaseException) -> str:
    """Tell the place in the user's code, not in the machinery of imports or in Ommi."""
    own = str(Path(__file__).parents[1])
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((own, "<frozen"))
        and not frame.filename.startswith(str(Path(importlib.__file__).parent))
    ]
    return f"\n  in {frames[-1].filename}, line {frames[-1].lineno}" if frames else ""


def _models(module: ModuleType, attribute: str) -> Iterator[ModelMetadata]:
    if not attribute:
        values = vars(module).values()
        collections = [value for value in values if isinstance(value, ModelCollection)]
        for collection in (DEFAULT_COLLECTION, *collections):
            yield from collection
        return
    value = getattr(module, attribute, None)
    model = find_metadata(value)
    if isinstance(value, ModelCollection):
        yield from value
    elif model is not None:
        yield model
    else:
        raise CommandError(
            f"{module.__name__} has no collection and no model {attribute!r}; it has "
            f"{', '.join(_choices(vars(module).items())) or 'none'}"
        )


def _choices(names: Iterable[tuple[str, object]]) -> Iterator[str]:
    for name, value in names:
        if isinstance(value, ModelCollection) or find_metadata(value) is not None:
            yield name
