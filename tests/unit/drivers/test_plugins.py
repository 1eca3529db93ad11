"""Drivers come through one door: registered, shipped, or offered by another distribution."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from offering import importable, put_distribution
from ommi import ConfigurationError, ConnectionFailed, DriverPlugin, Ommi, PluginManager
from ommi.drivers.memory import MemoryDriver
from ommi.drivers.sqlite import SQLiteDriver

pytestmark = pytest.mark.anyio


class Bare:
    """All that a plug-in needs, as the reference document writes it."""

    def __init__(self) -> None:
        self.given: list[dict[str, Any]] = []

    def get_driver_name(self) -> str:
        return "shelf"

    async def create_driver(self, config: dict[str, Any]) -> MemoryDriver:
        self.given.append(config)
        return MemoryDriver()


class Described(Bare):
    def get_config_schema(self) -> dict[str, Any]:
        return {
            "properties": {"host": {"type": "string"}, "size": {"type": "integer"}},
            "required": ["host"],
            "additionalProperties": False,
        }


def manager_with(plugin: DriverPlugin) -> PluginManager:
    manager = PluginManager()
    manager.register_driver(plugin)
    return manager


def test_what_has_the_two_methods_is_a_plugin() -> None:
    plugin = Bare()

    assert isinstance(plugin, DriverPlugin)
    assert manager_with(plugin).get_driver("shelf") is plugin


def test_what_has_them_not_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="object is no driver plug-in"):
        PluginManager().register_driver(object())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["sqlite", "memory", "postgresql", "postgres", "mysql"])
def test_what_ommi_ships_is_a_plugin_like_every_other(name: str) -> None:
    plugin = PluginManager().get_driver(name)

    assert isinstance(plugin, DriverPlugin)


def test_an_unknown_name_has_no_plugin() -> None:
    assert PluginManager().get_driver("nonsense") is None


async def test_a_registered_plugin_comes_before_what_is_shipped() -> None:
    class Own(Bare):
        def get_driver_name(self) -> str:
            return "sqlite"

    plugin = Own()

    async with Ommi("sqlite:///nowhere.db", plugins=manager_with(plugin)) as db:
        assert isinstance(db.driver, MemoryDriver)


async def test_a_driver_that_is_made_later_works_as_any_other() -> None:
    plugin = Bare()
    db = Ommi("shelf://me@there:1/place?size=5", plugins=manager_with(plugin))
    assert plugin.given == []
    with pytest.raises(ConnectionFailed, match="is made when the database is opened"):
        db.driver
    assert "not made" in repr(db)

    async with db:
        assert isinstance(db.driver, MemoryDriver)
    async with db:
        pass

    said = {"host": "there", "port": 1, "user": "me", "database": "place", "size": "5"}
    assert plugin.given == [said]


async def test_a_mapping_says_what_a_url_says() -> None:
    plugin = Described()
    where = {"driver": "shelf", "host": "there", "size": 5}

    async with Ommi(where, plugins=manager_with(plugin)):
        pass

    assert plugin.given == [{"host": "there", "size": 5}]


def test_a_mapping_configures_what_is_shipped(tmp_path: Path) -> None:
    db = Ommi({"driver": "sqlite", "database": str(tmp_path / "a.db")}, readers=1)

    assert isinstance(db.driver, SQLiteDriver)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"database": "a.db"}, "a mapping says which driver"),
        ({"driver": "nonsense"}, "no driver for nonsense:// is known"),
        ({"driver": "sqlite", "databse": "a.db"}, "databse: there is no such option"),
        ({"driver": "postgresql", "user": "me"}, "postgresql: database: it must be given"),
        ("mysql://me@host/app?port=x", "mysql: port: integer wanted, found str"),
        ("shelf://", "shelf: host: it must be given"),
        ("shelf://there?size=x", "shelf: size: integer wanted, found str"),
    ],
)
def test_a_wrong_configuration_is_refused_by_its_key(where: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Ommi(where, plugins=manager_with(Described()))


def test_an_unknown_scheme_is_told_what_there_is_and_what_installs_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Ommi("nonsense://", plugins=manager_with(Bare()))

    told = str(caught.value)
    assert "shelf://, sqlite://, memory://" in told
    assert "postgresql:// (pip install ommi[postgresql])" in told


async def test_a_plugin_that_makes_no_driver_is_told_what_is_missing() -> None:
    class Wrong(Bare):
        async def create_driver(self, config: dict[str, Any]) -> Any:
            return object()

    db = Ommi("shelf://", plugins=manager_with(Wrong()))
    with pytest.raises(ConfigurationError, match="no name, capabilities, compiler, connect"):
        await db.open()


PLUGIN = """
from ommi.drivers.memory import MemoryDriver

class ShelfPlugin:
    def get_driver_name(self):
        return "shelf"

    def create_driver(self, config):
        return MemoryDriver()
"""


async def test_another_distribution_offers_a_driver(tmp_path: Path) -> None:
    points = {"ommi.drivers": {"shelf": "shelf_plugin:ShelfPlugin"}}
    put_distribution(tmp_path, "ommi-shelf", points, {"shelf_plugin": PLUGIN})

    with importable(tmp_path, "shelf_plugin"):
        async with Ommi("shelf://") as db:
            assert isinstance(db.driver, MemoryDriver)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("broken_plugin", "ommi-broken 1.0 .*ZeroDivisionError"),
        ("broken_plugin_that_is_nowhere", "ModuleNotFoundError"),
        ("json:dumps", "is no driver plug-in"),
    ],
)
async def test_a_plugin_that_is_broken_breaks_its_own_use_only(
    tmp_path: Path, value: str, told: str
) -> None:
    points = {"ommi.drivers": {"broken": value, "shelf": "shelf_plugin:ShelfPlugin"}}
    modules = {"broken_plugin": "1 / 0", "shelf_plugin": PLUGIN}
    put_distribution(tmp_path, "ommi-broken", points, modules)

    with importable(tmp_path, "shelf_plugin", "broken_plugin"):
        async with Ommi("shelf://"), Ommi("sqlite://"):
            pass
        with pytest.raises(ConfigurationError, match="broken://"):
            Ommi("nonsense://")
        with pytest.raises(ConfigurationError, match=told):
            Ommi("broken://")


KIND = """
class Meta(type):
    pass

class Base(metaclass=Meta):
    pass
"""
LIBRARY = """
from ommi.metadata.libraries.plain import PlainLibrary
import kind

class KindLibrary(PlainLibrary):
    name = "kind"

    def recognises(self, cls):
        return isinstance(cls, kind.Meta)
"""
PROGRAM = """
import sys
import kind
from dataclasses import dataclass
from ommi import ConfigurationError, fields, ommi_model, register
from ommi.metadata.model import metadata_of

@ommi_model
@dataclass
class Ours:
    id: int = 0

assert "importlib.metadata" not in sys.modules, "looked for what cannot be there"

@ommi_model
class Plain:
    id: int = 0

try:
    @ommi_model
    class Theirs(kind.Base):
        id: int = 0
except ConfigurationError as error:
    print(error)
else:
    print(metadata_of(Theirs).library.name)
print(metadata_of(Ours).library.name, metadata_of(Plain).library.name)
"""


@pytest.mark.parametrize(
    ("library", "told"), [(LIBRARY, "kind\n"), ("1 / 0", "ommi-kind 1.0")], ids=["sound", "broken"]
)
def test_another_distribution_teaches_a_model_library(
    tmp_path: Path, library: str, told: str
) -> None:
    points = {"ommi.models": {"kind": "kind_library:KindLibrary"}}
    modules = {"kind": KIND, "kind_library": library, "program": PROGRAM}
    put_distribution(tmp_path, "ommi-kind", points, modules)

    done = subprocess.run(
        [sys.executable, "-S", str(tmp_path / "program.py")],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join([str(tmp_path), *filter(None, sys.path)])},
    )

    assert done.stderr == ""
    assert told in done.stdout
    assert done.stdout.endswith("dataclass plain\n")
