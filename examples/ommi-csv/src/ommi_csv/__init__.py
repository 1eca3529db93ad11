"""Folders of CSV files as a store for Ommi."""

from ommi_csv.driver import CSVDriver

__all__ = ["CSVDriver"]
