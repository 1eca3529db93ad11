"""What is given in the place of something else is told by a clear error, where it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ommi import (
    ConfigurationError,
    ModelCollection,
    ModelError,
    Ommi,
    OmmiError,
    QueryCache,
    QueryError,
    ommi_model,
    register,
)
from ommi.plugins.policies import RowPolicy, SoftDelete, TenantScope
from ommi.plugins.query_log import QueryLog

MODELS = ModelCollection()


@ommi_model(collection=MODELS)
@dataclass
class Newcomer:
    name: str
    id: int | None = None


@dataclass
class Undecorated:
    name: str
    id: int | None = None


def _function() -> None:
    """Is no class."""


WRONG: dict[str, tuple[Callable[[Any], object], type[OmmiError], str]] = {
    "collection by position": (
        lambda _: ommi_model(ModelCollection())(Undecorated),  # type: ignore[call-overload]
        ModelError,
        "found ModelCollection; write collection=...",
    ),
    "collection by name": (
        lambda wrong: ommi_model(collection=wrong("main"))(Undecorated),
        ModelError,
        "collection is a ModelCollection, not str",
    ),
    "table": (
        lambda wrong: ommi_model(table=wrong(3))(Undecorated),
        ModelError,
        "table is a str, the table's name, not int",
    ),
    "registered table": (
        lambda wrong: register(Undecorated, table=wrong(3)),
        ModelError,
        "Undecorated: table is a str",
    ),
    "decorated function": (
        lambda wrong: ommi_model(collection=MODELS)(wrong(_function)),
        ModelError,
        "_function: ommi_model wants a class, found function",
    ),
    "decorated function, bare": (
        lambda wrong: ommi_model(wrong(_function)),
        ModelError,
        "found function",
    ),
    "no location": (
        lambda wrong: Ommi(wrong(None)),
        ConfigurationError,
        "named by a URL such as sqlite:///app.db, by a mapping, or by a driver, not by NoneType",
    ),
    "one model in cache_all": (
        lambda wrong: Ommi("memory://", cache=QueryCache(), cache_all=wrong(Newcomer)),
        ConfigurationError,
        r"cache_all is a list, as in cache_all=\[...\]; found Newcomer",
    ),
    "one middleware": (
        lambda wrong: Ommi("memory://", middleware=wrong(QueryLog())),
        ConfigurationError,
        "middleware is a list.*found QueryLog",
    ),
    "the name of one middleware": (
        lambda _: Ommi("memory://", middleware="query_log"),
        ConfigurationError,
        "middleware is a list.*found str",
    ),
    "the class of a middleware": (
        lambda wrong: Ommi("memory://", middleware=[wrong(QueryLog)]),
        ConfigurationError,
        "found the class QueryLog itself",
    ),
    "channel": (
        lambda wrong: QueryCache(channel=wrong(3)),
        ConfigurationError,
        'channel is "database" or the URL of a PostgreSQL or Redis server, not int',
    ),
    "tenant of a cache": (
        lambda wrong: QueryCache(tenant=wrong(3)),
        ConfigurationError,
        "tenant is a function that gives the tenant, not int",
    ),
    "tenant of a scope": (
        lambda wrong: TenantScope("tenant_id", wrong(3)),
        ConfigurationError,
        "wants a context variable or a function.*found int",
    ),
    "field of a scope": (
        lambda wrong: TenantScope(wrong(Newcomer.name), lambda: 1),
        ConfigurationError,
        "TenantScope wants the name of a field, as a str, found FieldReference",
    ),
    "field of a mark": (
        lambda wrong: SoftDelete(wrong(3)),
        ConfigurationError,
        "SoftDelete wants the name of a field",
    ),
    "model of a policy": (
        lambda wrong: RowPolicy(wrong("Newcomer"), lambda: None),
        ModelError,
        "is not a model",
    ),
    "condition of a policy": (
        lambda wrong: RowPolicy(Newcomer, wrong(3)),
        ConfigurationError,
        "wants a condition such as.*found int",
    ),
    "one model for add_all": (
        lambda wrong: Ommi("memory://").add_all(wrong(Newcomer("Ann"))),
        QueryError,
        r"add_all\(models\) takes a list, found Newcomer; add\(a, b\) takes models one by one",
    ),
}


def _wrong(value: Any) -> Any:
    return value


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_told_of_where_it_is_given(case: str) -> None:
    do, kind, said = WRONG[case]
    with pytest.raises(kind, match=said):
        do(_wrong)


@pytest.mark.anyio
@pytest.mark.parametrize("given", [Newcomer("Ann"), [Newcomer]])
async def test_use_models_takes_classes(given: Any) -> None:
    async with Ommi("memory://") as db:
        with pytest.raises(ModelError, match="model classes and collections are wanted"):
            await db.use_models(given)


@pytest.mark.anyio
@pytest.mark.parametrize("url", ["memory://", "sqlite://"])
async def test_a_table_that_is_not_there_is_told_with_what_makes_it(url: str) -> None:
    async with Ommi(url) as db:
        error = await db.find(Newcomer).count.error

    assert "table" in str(error)
    assert "Newcomer" in str(error)
    assert "use_models() makes it" in str(error)
