"""The import finder for modules of Ommi 0.2; what is in them says `ommi.legacy`.

It stands behind all others, so that it is asked only for modules that are not there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType

PACKAGE = "ommi."


class Finder:
    """Finds the modules that `ommi.legacy.MODULES` lists."""

    @classmethod
    def find_spec(
        cls, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Give the specification of an older module."""
        del path, target
        if not name.startswith(PACKAGE) or name.startswith("ommi.legacy"):
            return None
        modules = import_module("ommi.legacy").MODULES
        if name not in modules:
            return None
        is_package = any(other.startswith(f"{name}.") for other in modules)
        return ModuleSpec(name, Loader(), is_package=is_package)  # type: ignore[arg-type]


class Loader:
    """Fills a module with its names."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the names into the module."""
        module.__doc__ = "A module of Ommi 0.2; see the page about it in the documentation."
        module.__dict__.update(import_module("ommi.legacy").MODULES[module.__name__])


def serve() -> None:
    """Let older modules be found, and older names in modules that still exist."""
    sys.meta_path.append(Finder)
    for name in ("database", "drivers"):
        module = sys.modules[f"{PACKAGE}{name}"]
        # Without a path, nothing is looked for below a module.
        module.__dict__.setdefault("__path__", [])
        module.__dict__["__getattr__"] = _older_names_of(module.__name__)


def _older_names_of(module: str) -> Callable[[str], object]:
    def find(name: str) -> object:
        names = {} if name.startswith("__") else import_module("ommi.legacy").MODULES[module]
        if name in names:
            return names[name]
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return find
