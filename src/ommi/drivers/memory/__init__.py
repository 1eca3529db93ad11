"""A store in memory: the reference for the others, and a fake that behaves."""

from ommi.drivers.memory.driver import MemoryDriver

__all__ = ["MemoryDriver"]
