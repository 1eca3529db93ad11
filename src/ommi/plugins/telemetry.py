"""OpenTelemetry: a span and a measurement for each operation (`pip install ommi[otel]`).

Names are those of the stable semantic conventions for database clients,
https://opentelemetry.io/docs/specs/semconv/database/.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ommi.errors import ConfigurationError
from ommi.plugins.operation import Operation, Verb
from ommi.plugins.protocol import Observer, Report

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

_SYSTEMS: Mapping[str, str] = {
    "PostgreSQL": "postgresql",
    "MariaDB": "mariadb",
    "MySQL": "mysql",
    "SQLite": "sqlite",
    "MongoDB": "mongodb",
    "Redis": "redis",
}
_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
"""The bounds that the conventions advise for durations, in seconds."""


class Telemetry(Observer):
    """Reports each operation to OpenTelemetry.

    `namespace` is the name of the database. Parameters are reported with `parameters=True` only:
    they may be secrets. Without providers the global ones are used. Raises `ConfigurationError`
    where opentelemetry-api is not installed.
    """

    def __init__(
        self,
        *,
        namespace: str | None = None,
        parameters: bool = False,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise ConfigurationError(
                "Telemetry needs opentelemetry-api: pip install ommi[otel]"
            ) from error
        self._kind = trace.SpanKind.CLIENT
        self._error = trace.StatusCode.ERROR
        self._tracer = trace.get_tracer("ommi", tracer_provider=tracer_provider)
        self._seconds = metrics.get_meter("ommi", meter_provider=meter_provider).create_histogram(
            "db.client.operation.duration",
            unit="s",
            description="Duration of database client operations.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._namespace = namespace
        self._shows_parameters = parameters

    def begun(self, operation: Operation) -> tuple[Span, dict[str, Any]]:
        """Start the span of an operation."""
        facts = self._facts(operation)
        span = self._tracer.start_span(
            facts["db.query.summary"], kind=self._kind, attributes=facts
        )
        if span.is_recording():
            span.set_attributes(self._details(operation))
        return span, facts

    def ended(
        self, operation: Operation, report: Report, begun: tuple[Span, dict[str, Any]]
    ) -> None:
        """End the span, and measure."""
        span, facts = begun
        if report.error is not None:
            facts["error.type"] = type(report.error).__qualname__
            code = _status_code(report.error)
            if code is not None:
                facts["db.response.status_code"] = code
            span.set_attributes(facts)
            span.set_status(self._error, type(report.error).__name__)
        elif operation.is_read:
            span.set_attribute("db.response.returned_rows", report.count)
        span.end()
        self._seconds.record(report.seconds, facts)

    def _facts(self, operation: Operation) -> dict[str, Any]:
        """Give what both spans and measurements have: few values of each."""
        verb = Verb.SELECT if operation.is_stream else operation.verb
        facts: dict[str, Any] = {
            "db.system.name": _SYSTEMS.get(operation.store, operation.store),
            "db.operation.name": verb.value,
            "db.query.summary": verb.value,
        }
        if self._namespace is not None:
            facts["db.namespace"] = self._namespace
        if operation.model is not None:
            facts["db.collection.name"] = operation.model.table
            facts["db.query.summary"] = f"{verb.value} {operation.model.table}"
        return facts

    def _details(self, operation: Operation) -> dict[str, Any]:
        details: dict[str, Any] = {}
        if len(operation.parts) > 1:
            details["db.operation.batch.size"] = len(operation.parts)
        if operation.statement is None and not operation.parts:
            return details
        details["db.query.text"] = operation.text
        if self._shows_parameters and operation.statement is not None:
            for number, value in enumerate(operation.parameters):
                details[f"db.query.parameter.{number}"] = str(value)
        return details


def _status_code(error: BaseException) -> str | None:
    """Give the store's own code for what went wrong, where its client library tells one."""
    cause = error.__cause__
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorcode", None)
    return None if code is None else str(code)
