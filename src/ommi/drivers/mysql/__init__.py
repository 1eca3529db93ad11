"""MariaDB and MySQL, on asyncmy."""

from ommi.drivers.mysql.driver import MySQLDriver

__all__ = ["MySQLDriver"]
