"""Modules of Ommi 0.2 are found, and hold what they held; what they are not is not hidden."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from ommi import Ommi, legacy


@pytest.mark.parametrize("name", legacy.MODULES)
def test_a_module_is_found_with_its_names(name: str) -> None:
    module = import_module(name)

    for each, value in legacy.MODULES[name].items():
        assert getattr(module, each) is value


def test_a_module_that_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"ommi\.nonsense"):
        import_module("ommi.nonsense")
    with pytest.raises(ModuleNotFoundError):
        import_module("ommi.database.nonsense")
    with pytest.raises(ImportError, match="nonsense"):
        from ommi.drivers import nonsense  # type: ignore[attr-defined] # noqa: F401


def test_modules_that_still_are_there_are_still_themselves() -> None:
    program = """
import sys
from ommi.database import Ommi
from ommi.drivers.sqlite import SQLiteDriver
assert "ommi.legacy" not in sys.modules
from ommi.drivers import BaseDriver
assert "ommi.legacy" in sys.modules
assert not issubclass(SQLiteDriver, BaseDriver)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_importing_goes_in_any_order() -> None:
    for first in ("ommi.query_ast", "ommi.ext.drivers.sqlite.driver", "ommi.database.results"):
        program = f"import {first}, ommi.models.collections, ommi; ommi.Ommi"
        subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_the_database_class_is_the_same_from_everywhere() -> None:
    assert import_module("ommi.database").Ommi is Ommi
    assert import_module("ommi.database.ommi").Ommi is Ommi
