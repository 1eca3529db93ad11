"""A driver in another distribution: written after the page, installed by pip, used by its URL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ommi import ConfigurationError
from ommi.cli.scaffold import new_driver
from profiles import PROFILE, SOAK

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "ommi-csv"
PART = "TestAdding or TestFinding or TestUpdating or TestDeleting or TestTypes or TestUnique"


def run(arguments: Sequence[str], *places: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    known = [str(place) for place in places] + [place for place in sys.path if place]
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(known)},
    )


def installed(distribution: Path, place: Path) -> Path:
    """Install a distribution into a folder with pip, without asking any index."""
    target = place / "installed"
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    done = run(
        ["-m", "pip", "install", "-q", *offline, "--target", str(target), str(distribution)],
        cwd=place,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def compliance(tests: Path, target: Path, *more: str) -> subprocess.CompletedProcess[str]:
    quiet = ["-q", "-p", "no:cacheprovider", "-rN", "--tb=no"]
    return run(["-m", "pytest", *quiet, str(tests), *more], target, cwd=ROOT)


PROGRAM = """
import asyncio
from dataclasses import dataclass
from typing import Annotated
from ommi import Auto, Key, Ommi, ommi_model

@ommi_model
@dataclass
class User:
    name: str
    age: int | None = None
    id: Annotated[int | None, Key | Auto] = None

async def main():
    async with Ommi("csv:///rows") as db:
        await db.use_models()
        await db.add(User("Alice", 31), User('"', None)).or_raise()
    async with Ommi({"driver": "csv", "database": "rows"}) as db:
        print([(user.name, user.age) async for user in db.find(User)])

asyncio.run(main())
"""


def test_a_driver_of_another_distribution_is_used_by_its_url(tmp_path: Path) -> None:
    target = installed(EXAMPLE, tmp_path)

    done = run(["-c", PROGRAM], target, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "[('Alice', 31), ('\"', None)]\n"
    rows = (tmp_path / "rows" / "User.csv").read_text().splitlines()
    assert rows[:2] == ["name,age,id", "Alice,31,1"]
    select = [] if PROFILE == SOAK else ["-k", PART]
    done = compliance(EXAMPLE / "tests", target, *select)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


OPENED = """
import asyncio
from ommi import ConfigurationError, Ommi

async def main():
    async with Ommi("shelf://here") as db:
        print(db.driver)
    try:
        Ommi("shelf://here?colour=red")
    except ConfigurationError as error:
        print(error)

asyncio.run(main())
"""


def test_a_new_driver_fails_nothing_but_compliance(tmp_path: Path) -> None:
    written = new_driver("shelf", tmp_path)
    assert {path.relative_to(tmp_path).as_posix() for path in written} == {
        "ommi-shelf/pyproject.toml",
        "ommi-shelf/README.md",
        "ommi-shelf/src/ommi_shelf/__init__.py",
        "ommi-shelf/src/ommi_shelf/plugin.py",
        "ommi-shelf/src/ommi_shelf/driver.py",
        "ommi-shelf/src/ommi_shelf/compiler.py",
        "ommi-shelf/tests/test_compliance.py",
    }
    place = tmp_path / "ommi-shelf"
    target = installed(place, tmp_path)
    done = run(["-c", OPENED], target, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ShelfDriver('here')\nshelf: colour: there is no such option")
    sound = ["--isolated", "--select", "E,F", "--ignore", "F403", "--line-length", "99"]
    lint = run(["-m", "ruff", "check", *sound, str(place)], cwd=tmp_path)
    assert lint.returncode == 0, lint.stdout
    part = place / "tests" / "test_compliance.py"
    done = compliance(Path(f"{part}::TestDeleting"), target)
    assert done.returncode == 1, done.stdout
    assert "shelf" not in done.stderr
    assert done.stdout.splitlines()[-1].split()[1] in {"failed,", "failed", "errors"}


@pytest.mark.parametrize("name", ["", "Shelf", "my-shelf", "1st", "class", "../shelf"])
def test_a_driver_that_cannot_be_a_scheme_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="lower-case letters and digits"):
        new_driver(name, tmp_path)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ommi-shelf").mkdir()

    with pytest.raises(ConfigurationError, match="is there already"):
        new_driver("shelf", tmp_path)


LIARS = '''
"""Drivers that say of themselves what is not so."""

import dataclasses
import pytest
from ommi import Ommi
from ommi.drivers.memory.driver import MemoryConnection, MemoryDriver
from ommi.planning.capabilities import Capability
from ommi.testing.compliance import (  # noqa: F401 - among them a test of each capability
    TestAdding,
    TestBatches,
    TestDeleting,
    TestMismatches,
    TestReferences,
    TestServerDefaults,
    TestTransactions,
    TestUnique,
    TestUsingModels,
    anyio_backend,
    database,
    db,
)


class Liar(MemoryConnection):
    pass


class WithoutUnique(Liar):
    async def create_tables(self, tables):
        await super().create_tables([dataclasses.replace(t, indexes=()) for t in tables])


class WithoutReferences(Liar):
    async def create_tables(self, tables):
        await super().create_tables([dataclasses.replace(t, foreign_keys=()) for t in tables])


class WithoutAtoms(Liar):
    async def run_batch(self, steps):
        told = []
        for step in steps:
            for parameters in step.after(told).parameters:
                one = dataclasses.replace(step, parameters=[parameters], follow=None)
                told += await super().run_batch([one])
        return told


class Blind(Liar):
    async def tables(self, names):
        return []


class Commits(Liar):
    async def begin(self, how, ended=lambda: None):
        unit = await super().begin(how, ended)
        unit.rollback = unit.commit
        return unit


LIES = {
    "UNIQUE": WithoutUnique,
    "FOREIGN_KEYS": WithoutReferences,
    "ATOMIC_BATCHES": WithoutAtoms,
    "INTROSPECTION": Blind,
    "TRANSACTIONS": Commits,
    "PERSISTENCE": Liar,
    "SERVER_DEFAULTS": Liar,
}


@pytest.fixture(params=LIES)
def make_database(request):
    class Driver(MemoryDriver):
        capabilities = MemoryDriver.capabilities | {Capability[request.param]}

        async def connect(self):
            return LIES[request.param](self._tables)

    return lambda: Ommi(Driver())
'''
SELECTION = """
from ommi.planning.capabilities import Capability
from ommi.testing.requirements import needed_by

def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if about(item)]

def about(item):
    lie = Capability[item.callspec.params["make_database"]]
    return lie in {*needed_by(item.function), *needed_by(item.cls)}
"""


def test_a_driver_that_lies_about_a_capability_is_found(tmp_path: Path) -> None:
    (tmp_path / "test_liars.py").write_text(LIARS)
    (tmp_path / "conftest.py").write_text(SELECTION)

    done = run(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no", "-rfE", "test_liars.py"],
        cwd=tmp_path,
    )

    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    found = {
        lie
        for lie in (
            "UNIQUE",
            "FOREIGN_KEYS",
            "ATOMIC_BATCHES",
            "INTROSPECTION",
            "TRANSACTIONS",
            "PERSISTENCE",
            "SERVER_DEFAULTS",
        )
        if any(f"[{lie}" in line or f"-{lie}" in line for line in failed)
    }
    assert len(found) == 7, done.stdout[-4000:]
