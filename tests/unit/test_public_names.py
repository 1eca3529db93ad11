from __future__ import annotations

import os
import subprocess
import sys
from types import ModuleType

import pytest

import ommi
from ommi import legacy

LATE = (
    *("aiosqlite", "asyncmy", "asyncpg", "bson", "pymongo", "redis", "rich", "sqlite3"),
    *("_sqlite3", "attr", "attrs", "msgspec", "pydantic", "pydantic_core", "pytest"),
)


def printed_by(program: str) -> list[str]:
    """Run a program in a fresh interpreter, warnings as errors, and give its words."""
    # Measuring coverage imports sqlite3 by itself.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_all_lists_every_public_name_and_no_other() -> None:
    public = {
        name
        for name, value in vars(ommi).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }

    assert set(ommi.__all__) == public | set(ommi._LATE)


def test_all_is_sorted_and_repeats_nothing() -> None:
    assert ommi.__all__ == sorted(set(ommi.__all__))


@pytest.mark.parametrize("name", legacy.__all__)
def test_another_name_is_served_by_the_package_and_is_the_same_thing(name: str) -> None:
    assert getattr(ommi, name) is getattr(legacy, name)
    assert name not in ommi.__all__


def test_importing_the_package_imports_no_client_and_no_model_library() -> None:
    program = f"import sys, ommi; print(*[name for name in {LATE!r} if name in sys.modules])"

    assert printed_by(program) == []


NEEDED = (
    *("asyncio", "base64", "dataclasses", "datetime", "decimal", "enum", "gc", "inspect", "json"),
    *("typing", "uuid"),
)
"""All of the standard library that `import ommi` may take time for."""


def test_importing_the_package_imports_no_more_of_the_standard_library_than_it_needs() -> None:
    program = f"""
import importlib, sys
for name in {NEEDED!r}:
    importlib.import_module(name)
already = set(sys.modules)
import ommi
print(*[n for n in sys.modules if n not in already and n.partition(".")[0] != "ommi"])
"""

    assert printed_by(program) in ([], ["__future__"])


NOT_AT_IMPORT = (
    *("ommi.caches", "ommi.caching", "ommi.cli", "ommi.commits", "ommi.execution.keeping"),
    *("ommi.execution.pool", "ommi.execution.watched", "ommi.legacy", "ommi.migrations"),
    *("ommi.plugins", "ommi.query.evaluate", "ommi.query.ilike_regex", "ommi.query.regex"),
    *("ommi.query.selecting", "ommi.schema", "ommi.sql", "ommi.testing"),
    *(f"ommi.drivers.{store}" for store in ("memory", "mongodb", "mysql", "postgresql")),
    *("ommi.drivers.redis", "ommi.drivers.sqlite"),
)
"""What some programs need, and then import when they do: nothing else pays for it."""

MOST_MODULES = 118


def test_importing_the_package_imports_no_more_of_it_than_every_program_needs() -> None:
    loaded = printed_by("import sys, ommi; print(*[n for n in sys.modules if n[:4] == 'ommi'])")

    assert [name for name in NOT_AT_IMPORT if name in loaded] == []
    assert len(loaded) <= MOST_MODULES


def test_a_model_of_the_standard_library_imports_no_other_library() -> None:
    program = f"""
import sys
from dataclasses import dataclass
from ommi import Ommi, ommi_model

@ommi_model
@dataclass
class User:
    name: str
    id: int | None = None

Ommi("memory://").find(User.name == "a").sql()
print(*[name for name in {LATE!r} if name in sys.modules])
"""

    assert printed_by(program) == []
