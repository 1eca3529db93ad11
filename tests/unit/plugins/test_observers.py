"""What is shipped for looking on: log, repeated questions, metrics, OpenTelemetry."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from ommi import Auto, Key, ModelCollection, Ommi, RepeatedQuestionWarning, ommi_model
from ommi.drivers.memory import MemoryDriver
from ommi.plugins.metrics import Metrics
from ommi.plugins.operation import Operation
from ommi.plugins.protocol import Opened
from ommi.plugins.query_log import QueryLog
from ommi.plugins.repeated_questions import RepeatedQuestions
from ommi.plugins.telemetry import Telemetry

pytestmark = pytest.mark.anyio

models = ModelCollection()
SECRET = "hunter2hunter2"


@ommi_model(collection=models)
@dataclass
class Item:
    name: str
    id: Annotated[int | None, Key | Auto] = None


@asynccontextmanager
async def with_layer(layer: Any, url: str = "sqlite://") -> AsyncGenerator[Ommi, None]:
    async with Ommi(url, middleware=[layer]) as db:
        await db.use_models(models)
        yield db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Give a clock that goes on by what is put first, each time it is looked at."""
    step, now = [0.0], [0.0]

    def look() -> float:
        now[0] += step[0]
        return now[0]

    monkeypatch.setattr(Operation, "clock", staticmethod(look))
    return step  # type: ignore[return-value]


# The log


async def test_every_operation_is_logged_without_its_values(
    caplog: pytest.LogCaptureFixture, clock: list[float]
) -> None:
    caplog.set_level(logging.DEBUG, logger="ommi.sql")
    async with with_layer(QueryLog()) as db:
        caplog.clear()
        await db.add(Item(SECRET)).or_raise()
        await db.find(Item.name == SECRET).fetch.all()
        assert await db.add(Item("again", id=1)).error is not None

    added, found, failed = caplog.records[:3]
    assert (added.levelname, added.verb, added.rows) == ("DEBUG", "INSERT", 1)  # type: ignore[attr-defined]
    assert (found.levelname, found.verb, found.store) == ("DEBUG", "SELECT", "SQLite")  # type: ignore[attr-defined]
    assert "SELECT" in found.getMessage()
    assert (failed.levelname, failed.error) == ("INFO", "UniqueViolation")  # type: ignore[attr-defined]
    assert SECRET not in caplog.text


async def test_a_slow_operation_is_a_warning(
    caplog: pytest.LogCaptureFixture, clock: list[float]
) -> None:
    caplog.set_level(logging.WARNING, logger="ommi.sql")
    async with with_layer(QueryLog(slow=0.25)) as db:
        await db.find(Item).fetch.all()
        clock[0] = 0.25
        await db.find(Item).count.or_raise()
        clock[0] = 0.0

    [record] = caplog.records
    assert record.getMessage().startswith("slow: 250.0 ms, 1 rows: SELECT")


async def test_values_are_logged_where_that_is_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="ommi.sql")
    async with with_layer(QueryLog(parameters=True)) as db:
        await db.find(Item.name == "shown").fetch.all()

    assert caplog.records[-1].parameters == ["shown"]  # type: ignore[attr-defined]


# Repeated questions


async def test_a_loop_that_asks_one_question_again_and_again_is_named(
    clock: list[float],
) -> None:
    async with with_layer(RepeatedQuestions(most=5)) as db:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for number in range(20):
                await db.find(Item.id == number).fetch.all()

    [warning] = caught
    assert warning.category is RepeatedQuestionWarning
    assert warning.filename == __file__
    assert "asked for Item 5 times with other values" in str(warning.message)
    assert "SELECT" in str(warning.message)


async def test_questions_that_are_few_or_far_between_are_no_loop(clock: list[float]) -> None:
    async with with_layer(RepeatedQuestions(most=5, seconds=1.0)) as db:
        for number in range(4):
            await db.find(Item.id == number).fetch.all()
        clock[0] = 0.5
        for number in range(20):
            await db.find(Item.id == number).fetch.all()
        for number in range(4):
            await db.find(Item.name == str(number)).fetch.all()
            await db.find(Item.name > str(number)).fetch.all()


# Metrics


async def test_operations_are_counted_by_verb(clock: list[float]) -> None:
    clock[0] = 0.25
    metrics = Metrics()
    async with with_layer(metrics) as db:
        await db.add(Item("a"), Item("b")).or_raise()
        await db.find(Item).fetch.all()
        await db.find(Item).fetch.all()
        assert await db.add(Item("again", id=1)).error is not None

    numbers = metrics.numbers()
    assert numbers["operations.SELECT"] == 2
    assert numbers["rows.SELECT"] == 4
    assert numbers["seconds.SELECT"] == 0.5
    assert (numbers["operations.INSERT"], numbers["failures.INSERT"]) == (2, 1)


async def test_the_numbers_of_pool_and_cache_are_read() -> None:
    @dataclass
    class Stats:
        hits: int = 3

    class Cache:
        stats = Stats()

    @dataclass
    class Pool:
        idle: int = 2

    metrics = Metrics()
    metrics.opened(Opened("memory", Pool, [Cache(), metrics]))

    assert metrics.numbers() == {"cache.hits": 3, "pool.idle": 2}


# OpenTelemetry


class Told:
    """What OpenTelemetry was told."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(SimpleSpanProcessor(self._spans))
        self._reader = InMemoryMetricReader()
        self.meter_provider = MeterProvider(metric_readers=[self._reader])

    def spans(self) -> list[Any]:
        found = list(self._spans.get_finished_spans())
        self._spans.clear()
        return found

    def measured(self) -> Any:
        data: Any = self._reader.get_metrics_data()
        [metric] = data.resource_metrics[0].scope_metrics[0].metrics
        return metric


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    yield told
    told.meter_provider.shutdown()
    told.tracer_provider.shutdown()


def telemetry(told: Told, **options: Any) -> Telemetry:
    return Telemetry(
        tracer_provider=told.tracer_provider, meter_provider=told.meter_provider, **options
    )


async def test_a_span_has_the_names_of_the_conventions_and_no_values(told: Told) -> None:
    async with with_layer(telemetry(told, namespace="shop")) as db:
        told.spans()
        await db.find(Item.name == SECRET).fetch.all()

    [span] = told.spans()
    text = span.attributes["db.query.text"]
    assert span.name == "SELECT Item"
    assert span.kind is SpanKind.CLIENT
    assert dict(span.attributes) == {
        "db.system.name": "sqlite",
        "db.namespace": "shop",
        "db.collection.name": "Item",
        "db.operation.name": "SELECT",
        "db.query.summary": "SELECT Item",
        "db.query.text": text,
        "db.response.returned_rows": 0,
    }
    assert "SELECT" in text
    assert SECRET not in text


async def test_an_error_is_told_by_its_type_and_the_stores_code(told: Told) -> None:
    async with with_layer(telemetry(told)) as db:
        await db.add(Item(SECRET, id=1)).or_raise()
        told.spans()
        assert await db.add(Item(SECRET, id=1)).error is not None

    [span] = told.spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "UniqueViolation"
    assert span.attributes["db.response.status_code"] == "1555"
    assert SECRET not in str(span.to_json())


async def test_a_batch_tells_its_size_and_parameters_are_told_on_request(told: Told) -> None:
    async with with_layer(telemetry(told, parameters=True)) as db:
        told.spans()
        await db.batch(db.add(Item("a")), db.find(Item.name == "b").delete()).or_raise()
        await db.find(Item.name == "shown").fetch.all()
        async for _item in db.find(Item):
            pass

    batch, find, stream = told.spans()
    assert batch.attributes["db.operation.batch.size"] == 2
    assert find.attributes["db.query.parameter.0"] == "shown"
    assert (stream.name, stream.attributes["db.response.returned_rows"]) == ("SELECT Item", 1)


async def test_durations_are_measured_in_seconds(told: Told) -> None:
    async with with_layer(telemetry(told)) as db:
        await db.find(Item).fetch.all()

        metric = told.measured()

    assert (metric.name, metric.unit) == ("db.client.operation.duration", "s")
    facts = [dict(point.attributes) for point in metric.data.data_points]
    assert {"db.system.name": "sqlite", "db.operation.name": "SELECT"}.items() <= next(
        each.items() for each in facts if each["db.operation.name"] == "SELECT"
    )


def test_without_opentelemetry_what_installs_it_is_named() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from ommi import ConfigurationError, Ommi\n"
        "try: Ommi('memory://', middleware=['telemetry'])\n"
        "except ConfigurationError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "pip install ommi[otel]" in done.stdout


@pytest.mark.parametrize("name", ["metrics", "query_log", "repeated_questions", "telemetry"])
async def test_what_is_shipped_is_there_by_name(name: str) -> None:
    async with Ommi(MemoryDriver(), middleware=[name]) as db:
        await db.use_models(models)
        assert await db.find(Item).count.or_raise() == 0
