"""Numbers for a monitor: what was asked, and what pool and cache tell of themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ommi.plugins.operation import Operation
from ommi.plugins.protocol import Observer, Opened, Report

Numbers = dict[str, int | float]


class Metrics(Observer):
    """Counts operations, failures, rows and seconds by verb, and reads the pool and the cache.

    `numbers()` gives all of it as one flat mapping: `operations.SELECT`, `failures.SELECT`,
    `rows.SELECT`, `seconds.SELECT`; `pool.idle` and the rest of `ConnectionStats`; and
    `<name>.hits` and so on for each other middleware whose `stats` is a dataclass of numbers,
    under the name of its class in lower case.
    """

    def __init__(self) -> None:
        self._counted: Numbers = {}
        self._sources: dict[str, Callable[[], object]] = {}

    def opened(self, database: Opened, /) -> None:
        """Read the pool and the other middleware of a database from now on."""
        self._sources = {
            type(layer).__name__.lower(): partial(getattr, layer, "stats")
            for layer in database.middleware
            if dataclasses.is_dataclass(getattr(layer, "stats", None))
        }
        if database.pool is not None:
            self._sources["pool"] = database.pool

    def ended(self, operation: Operation, report: Report, begun: object) -> None:
        """Count an operation that is over."""
        del begun
        verb = operation.verb.value
        for name, number in (
            ("operations", 1),
            ("failures", report.error is not None),
            ("rows", report.count),
            ("seconds", report.seconds),
        ):
            key = f"{name}.{verb}"
            self._counted[key] = self._counted.get(key, 0) + number

    def numbers(self) -> Mapping[str, int | float]:
        """Give every number by its name."""
        return {**self._counted, **dict(self._read())}

    def _read(self) -> Iterator[tuple[str, int | float]]:
        for name, source in self._sources.items():
            stats = source()
            assert dataclasses.is_dataclass(stats)  # noqa: S101 - looked at before
            for field in dataclasses.fields(stats):
                number = getattr(stats, field.name)
                if isinstance(number, int | float):
                    yield f"{name}.{field.name}", number
