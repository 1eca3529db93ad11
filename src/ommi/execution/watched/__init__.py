"""The executor, the writer and the connection of a database that has middleware or policies.

A database without any has those of `execution` itself, which know nothing of this.
"""

from ommi.execution.watched.chain import Chain
from ommi.execution.watched.executor import WatchedExecutor
from ommi.execution.watched.writer import WatchedWriter

__all__ = ["Chain", "WatchedExecutor", "WatchedWriter"]
