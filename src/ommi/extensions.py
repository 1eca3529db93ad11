"""What a program adds to Ommi: drivers, and behaviour around statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, cast

from ommi.drivers.plugin import DriverPlugin
from ommi.drivers.registry import DriverRegistry

if TYPE_CHECKING:
    from ommi.plugins.protocol import Middleware, Policy

Layer: TypeAlias = "Middleware | Policy"


class PluginManager:
    """The plug-ins of a program: `Ommi(url, plugins=manager)`.

    What is registered here comes before what Ommi ships and what is installed; all of these are
    found as well.
    """

    def __init__(self) -> None:
        self.registry: DriverRegistry = DriverRegistry()
        self._layers: list[Layer] = []

    def register_driver(self, plugin: DriverPlugin) -> None:
        """Use a plug-in for the URLs of its name; raises `ConfigurationError` for what is none."""
        self.registry.register(plugin)

    def get_driver(self, name: str) -> DriverPlugin | None:
        """Give the plug-in of a name, if there is one.

        Raises `ConfigurationError` where there is one that cannot be loaded.
        """
        return self.registry.get(name)

    def register_middleware(self, middleware: Layer) -> None:
        """Put a middleware, or a policy, around every operation; the first one stands outside."""
        self._layers.append(middleware)

    def layers(self, more: Iterable[Layer | str] = ()) -> list[Layer]:
        """Give what was registered, and then more, by name or as it is.

        Raises `ConfigurationError` for an unknown name.
        """
        from ommi.plugins.installed import middleware_named

        named = (middleware_named(each) if isinstance(each, str) else each for each in more)
        return [*self._layers, *cast("Iterable[Layer]", named)]
