"""A MySQL server of the tests' own, where the machine has one."""

from __future__ import annotations

from dataclasses import dataclass

from services import mariadb


@dataclass(frozen=True)
class Server(mariadb.Server):
    """A server of MySQL."""

    kind = "MySQL"
