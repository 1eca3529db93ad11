"""What stands between a URL, or a mapping, and the driver that it means."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol, runtime_checkable

from ommi.drivers.addresses import Address
from ommi.drivers.protocol import Driver


@runtime_checkable
class DriverPlugin(Protocol):
    """Makes drivers for one store.

    A distribution offers one with an entry point in the group `ommi.drivers`, named like the
    scheme of its URLs; a program registers one with a `PluginManager`. It may also be
    `Configurable` and `AddressReading`.
    """

    def get_driver_name(self) -> str:
        """Give the scheme of its URLs."""
        ...

    def create_driver(self, config: dict[str, Any], /) -> Driver | Awaitable[Driver]:
        """Make the driver for a configuration that meets the schema; nothing is opened yet.

        May be async, and is then awaited when the database is opened.
        """
        ...


@runtime_checkable
class Configurable(Protocol):
    """A plug-in that says what its configuration looks like."""

    def get_config_schema(self) -> dict[str, Any]:
        """Give the JSON Schema of the configuration.

        The keywords that are checked are those in `ommi.drivers.configuration`; another one is
        refused. Without a schema every configuration is accepted.
        """
        ...


@runtime_checkable
class AddressReading(Protocol):
    """A plug-in that reads its URLs in its own way."""

    def config_of(self, address: Address) -> Mapping[str, object]:
        """Give what a URL says; options that were given besides are in it already."""
        ...
