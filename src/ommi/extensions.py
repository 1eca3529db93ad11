"""What a program adds to Ommi: drivers, and behaviour around statements."""

from __future__ import annotations

from ommi.drivers.plugin import DriverPlugin
from ommi.drivers.registry import DriverRegistry


class PluginManager:
    """The plug-ins of a program: `Ommi(url, plugins=manager)`.

    What is registered here comes before what Ommi ships and what is installed; all of these are
    found as well.
    """

    def __init__(self) -> None:
        self.registry: DriverRegistry = DriverRegistry()

    def register_driver(self, plugin: DriverPlugin) -> None:
        """Use a plug-in for the URLs of its name; raises `ConfigurationError` for what is none."""
        self.registry.register(plugin)

    def get_driver(self, name: str) -> DriverPlugin | None:
        """Give the plug-in of a name, if there is one.

        Raises `ConfigurationError` where there is one that cannot be loaded.
        """
        return self.registry.get(name)
