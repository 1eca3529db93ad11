"""A log of what is asked: the logger `ommi.sql`."""

from __future__ import annotations

import logging

from ommi.plugins.operation import Operation
from ommi.plugins.protocol import Observer, Report

LOGGER = logging.getLogger("ommi.sql")


class QueryLog(Observer):
    """Logs every operation at DEBUG, and slow ones at WARNING.

    `slow` is in seconds. A record has the facts as attributes: `verb`, `statement`, `seconds`,
    `rows`, `store`, `error`. Values are shown with `parameters=True` only: they may be secrets.
    """

    def __init__(
        self,
        *,
        slow: float = 0.5,
        parameters: bool = False,
        logger: logging.Logger = LOGGER,
    ) -> None:
        self._slow = slow
        self._shows_parameters = parameters
        self._logger = logger

    def ended(self, operation: Operation, report: Report, begun: object) -> None:
        """Log an operation that is over."""
        del begun
        level = self._level(report)
        if not self._logger.isEnabledFor(level):
            return
        facts: dict[str, object] = {
            "verb": operation.verb.value,
            "statement": _text(operation),
            "seconds": report.seconds,
            "rows": report.count,
            "store": operation.store,
            "error": None if report.error is None else type(report.error).__name__,
        }
        if self._shows_parameters and operation.statement is not None:
            facts["parameters"] = list(operation.parameters)
        how = f"failed, {facts['error']}" if report.error is not None else f"{report.count} rows"
        self._logger.log(
            level,
            "%s%.1f ms, %s: %s",
            "slow: " if report.seconds >= self._slow else "",
            report.seconds * 1000,
            how,
            facts["statement"],
            extra=facts,
        )

    def _level(self, report: Report) -> int:
        if report.seconds >= self._slow:
            return logging.WARNING
        return logging.DEBUG if report.error is None else logging.INFO


def _text(operation: Operation) -> str:
    try:
        return operation.text
    except Exception:  # noqa: BLE001 - what the store cannot do has no text
        return repr(operation)
