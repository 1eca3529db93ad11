"""MariaDB and MySQL, on asyncmy."""

from ommi.errors import ConfigurationError

try:
    import asyncmy  # noqa: F401
except ImportError as error:
    raise ConfigurationError(
        "MariaDB and MySQL want the client library asyncmy: pip install ommi[mysql]"
    ) from error

from ommi.drivers.mysql.driver import MySQLDriver

__all__ = ["MySQLDriver"]
