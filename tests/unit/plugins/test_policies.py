"""Rows that a policy hides are not there, however they are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

import pytest

from ommi import (
    Auto,
    ConfigurationError,
    Index,
    Key,
    Lazy,
    LazyList,
    ModelCollection,
    NotFound,
    Ommi,
    PolicyViolation,
    QueryError,
    ReferenceTo,
    Through,
    ommi_model,
)
from ommi.plugins.operation import Operation, Verb
from ommi.plugins.policies import RowPolicy, SoftDelete, TenantScope

pytestmark = pytest.mark.anyio

models = ModelCollection()
tenant: ContextVar[int | None] = ContextVar("tenant", default=None)


@ommi_model(collection=models)
@dataclass
class Team:
    name: str
    tenant_id: int = 1
    deleted_at: datetime | None = None
    id: Annotated[int | None, Key | Auto] = None
    members: ClassVar[LazyList[Member]]


@ommi_model(collection=models)
@dataclass
class Member:
    name: str
    team_id: Annotated[int | None, ReferenceTo(Team.id), Index] = None
    tenant_id: int = 1
    deleted_at: datetime | None = None
    id: Annotated[int | None, Key | Auto] = None
    team: ClassVar[Lazy[Team]]
    skills: ClassVar[Annotated[LazyList[Skill], Through("Has")]]


@ommi_model(collection=models)
@dataclass
class Skill:
    name: str
    deleted_at: datetime | None = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=models)
@dataclass
class Has:
    member_id: Annotated[int, Key | ReferenceTo(Member.id)]
    skill_id: Annotated[int, Key | ReferenceTo(Skill.id)]


soft = SoftDelete("deleted_at")


@pytest.fixture(params=["memory://", "sqlite://"])
async def db(request: pytest.FixtureRequest) -> AsyncGenerator[Ommi, None]:
    async with Ommi(request.param, middleware=[soft]) as opened:
        await opened.use_models(models)
        yield opened


async def filled(db: Ommi) -> tuple[Member, Team]:
    """Add three members, of whom one is deleted, and two teams, of which one is."""
    here, gone = await db.add(Team("here"), Team("gone")).or_raise()
    await db.add_all(
        [Member("Ann", here.id), Member("Bob", here.id), Member("Cid", gone.id)]
    ).or_raise()
    bob = await db.find(Member.name == "Bob").one.or_raise()
    skills = await db.add(Skill("reads"), Skill("forgotten")).or_raise()
    await db.add_all([Has(1, skill.id) for skill in skills]).or_raise()
    await db.delete(bob).or_raise()
    await db.delete(gone).or_raise()
    await db.find(Skill.name == "forgotten").delete().or_raise()
    return bob, gone


def names(found: list[Any]) -> list[str]:
    return sorted(each.name for each in found)


M: Any = Member
T: Any = Team

QUESTIONS: dict[str, tuple[Callable[[Ommi], Awaitable[Any]], Any]] = {
    "all": (lambda db: db.query(M).fetch_all(), ["Ann", "Cid"]),
    "by key": (lambda db: db.query(M).where(M.id == 2).fetch_all(), []),
    "either": (
        lambda db: db.query(M).where((M.name == "Bob") | (M.name == "Ann")).fetch_all(),
        ["Ann"],
    ),
    "not": (lambda db: db.query(M).where(~(M.name == "Ann")).fetch_all(), ["Cid"]),
    "count": (lambda db: db.query(M).count(), 2),
    "exists": (lambda db: db.query(M).where(M.name == "Bob").exists(), False),
    "first": (lambda db: db.query(M).where(M.name == "Bob").first(), None),
    "page": (lambda db: db.query(M).order_by("-name").limit(2).fetch_all(), ["Ann", "Cid"]),
    "any": (lambda db: db.query(T).where(T.members.any(M.name == "Bob")).fetch_all(), []),
    "any at all": (lambda db: db.query(T).where(T.members.any()).fetch_all(), ["here"]),
    "none": (lambda db: db.query(T).where(T.members.none(M.name == "Bob")).fetch_all(), ["here"]),
    "all of": (lambda db: db.query(T).where(T.members.all(M.name == "Ann")).fetch_all(), ["here"]),
    "number": (lambda db: db.query(T).where(T.members.count() == 1).fetch_all(), ["here"]),
    "through": (
        lambda db: db.query(M).where(M.skills.any(Skill.name == "forgotten")).fetch_all(),
        [],
    ),
    "order": (lambda db: db.query(T).order_by(T.members.count().desc).fetch_all(), ["here"]),
    "other model": (lambda db: db.query(M).where(T.name == "gone").fetch_all(), []),
    "not other model": (
        lambda db: db.query(M).where(~(T.name == "gone")).fetch_all(),
        ["Ann", "Cid"],
    ),
    "path": (lambda db: db.query(M).where(M.team.name == "gone").fetch_all(), []),
    "path there": (lambda db: db.query(M).where(M.team.name == "here").fetch_all(), ["Ann"]),
    "not path": (lambda db: db.query(M).where(M.team.name != "here").fetch_all(), ["Cid"]),
    "path null": (lambda db: db.query(M).where(M.team.name.is_null()).fetch_all(), ["Cid"]),
    "path less": (lambda db: db.query(M).where(M.team.name < "z").fetch_all(), ["Ann"]),
    "path not less": (
        lambda db: db.query(M).where(~(M.team.name < "a")).fetch_all(),
        [
            "Ann",
            "Cid",
        ],
    ),
    "path to field": (lambda db: db.query(M).where(M.team.name == M.name).fetch_all(), []),
    "path not to field": (
        lambda db: db.query(M).where(M.team.name != M.name).fetch_all(),
        ["Ann", "Cid"],
    ),
    "of a lambda": (
        lambda db: (
            db.query(T)
            .where(T.members.any(lambda m: m.team.members.any(M.name == "Bob")))
            .fetch_all()
        ),
        [],
    ),
    "update": (lambda db: db.query(M).where(M.name == "Bob").update(name="Rob"), 0),
    "update all": (lambda db: db.query(M).update(team_id=None), 2),
    "update by other": (lambda db: db.query(M).where(T.name == "gone").update(name="x"), 0),
    "delete": (lambda db: db.query(M).delete(), 2),
}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_what_is_deleted_is_not_there_for_any_question(db: Ommi, question: str) -> None:
    await filled(db)
    ask, told = QUESTIONS[question]

    answer = await ask(db)

    assert (names(answer) if isinstance(answer, list) else answer) == told


@pytest.mark.parametrize("question", QUESTIONS)
async def test_it_is_not_there_in_a_transaction_either(db: Ommi, question: str) -> None:
    await filled(db)
    ask, told = QUESTIONS[question]

    async with db.transaction() as tx:
        answer = await ask(tx)  # type: ignore[arg-type]

    assert (names(answer) if isinstance(answer, list) else answer) == told


async def test_it_is_not_there_for_relations_loads_streams_and_instances(db: Ommi) -> None:
    bob, gone = await filled(db)
    ann, cid = await db.query(Member).order_by("name").fetch_all()
    team = await db.find(Team).one.or_raise()

    assert names(await team.members) == ["Ann"]
    assert await cid.team is None
    assert names(await ann.skills) == ["reads"]
    [loaded] = await db.query(Team).load(Team.members).fetch_all()
    assert names(await loaded.members) == ["Ann"]
    assert names([member async for member in db.find(Member)]) == ["Ann", "Cid"]
    bob.name = "Rob"
    assert isinstance(await db.save(bob).error, NotFound)
    assert isinstance(await db.reload(bob).error, NotFound)
    assert isinstance(await db.delete(gone).error, NotFound)
    await db.batch(
        db.find(Member.name == "Bob").update(name="x"), db.find(Member.name == "Ann").delete()
    ).or_raise()
    assert names(await db.query(Member).fetch_all()) == ["Cid"]
    with soft.suspended():
        assert names(await db.query(Member).fetch_all()) == ["Ann", "Bob", "Cid"]
        await db.find(Member.name == "Bob").delete().or_raise()
        assert names(await db.query(Member).fetch_all()) == ["Ann", "Cid"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: M.team.name.in_(["here", None]),
        lambda: (M.team.tenant_id + 1) == 2,
        lambda: M.team.name == M.team.name,
    ],
)
async def test_what_would_tell_of_a_hidden_row_is_refused(
    db: Ommi, ask: Callable[[], Any]
) -> None:
    with pytest.raises(QueryError, match="read from rows under a policy"):
        await db.query(Member).where(ask()).fetch_all()


async def test_an_order_by_a_row_that_may_be_hidden_is_refused(db: Ommi) -> None:
    with pytest.raises(QueryError, match="read from rows under a policy"):
        await db.query(Member).order_by(M.team.name).fetch_all()


async def test_the_command_that_is_shown_is_the_one_that_is_sent() -> None:
    async with Ommi("sqlite://", middleware=[soft]) as db:
        assert "deleted_at" in db.find(Member.name == "Ann").sql().split("WHERE")[1]


async def test_a_field_that_cannot_mark_is_named() -> None:
    async with Ommi("memory://", middleware=[SoftDelete("name")]) as db:
        await db.use_models(models)
        with pytest.raises(ConfigurationError, match=r"Team\.name, which is stored as text"):
            await db.query(Team).fetch_all()


# Tenants


@pytest.fixture(params=["memory://", "sqlite://"])
async def shared(request: pytest.FixtureRequest) -> AsyncGenerator[tuple[Ommi, TenantScope], None]:
    scope = TenantScope("tenant_id", tenant)
    async with Ommi(request.param, middleware=[scope]) as opened:
        await opened.use_models(models)
        with scope.suspended():
            await opened.add_all([Team("one", 1), Team("two", 2)]).or_raise()
        yield opened, scope


@pytest.fixture
def of_tenant_one() -> Any:
    token = tenant.set(1)
    yield
    tenant.reset(token)


NOBODYS: dict[str, Callable[[Ommi], Awaitable[Any]]] = {
    "find": lambda db: db.query(Team).fetch_all(),
    "count": lambda db: db.query(Team).count(),
    "stream": lambda db: anext(db.query(Team).stream()),
    "update": lambda db: db.query(Team).update(name="x"),
    "delete": lambda db: db.query(Team).delete(),
    "add": lambda db: db.add(Team("x")).or_raise(),
    "add_all": lambda db: db.add_all([Team("x"), Team("y")]).or_raise(),
    "batch": lambda db: db.batch(db.add(Team("x"))).or_raise(),
    "save": lambda db: db.save(Team("x", id=1)).or_raise(),
    "explain": lambda db: db.query(Team).explain(),
    "join": lambda db: db.query(Skill).where(T.name == "x").fetch_all(),
}


@pytest.mark.parametrize("question", NOBODYS)
async def test_without_a_tenant_everything_is_refused(
    shared: tuple[Ommi, TenantScope], question: str
) -> None:
    db, scope = shared
    with pytest.raises(PolicyViolation, match="no tenant is set"):
        await NOBODYS[question](db)

    with scope.suspended():
        assert names(await db.query(Team).fetch_all()) == ["one", "two"]


@pytest.mark.usefixtures("of_tenant_one")
async def test_a_tenant_sees_and_writes_its_own_rows_only(
    shared: tuple[Ommi, TenantScope],
) -> None:
    db, scope = shared
    assert names(await db.query(Team).fetch_all()) == ["one"]
    assert await db.find(Team).update(name="mine").or_raise() == 1
    assert await db.find(Skill).count.or_raise() == 0
    mine = await db.find(Team).one.or_raise()
    for write in (
        lambda: db.add(Team("x", 2)).or_raise(),
        lambda: db.add_all([Team("x", 1), Team("y", 2)]).or_raise(),
        lambda: db.batch(db.add(Team("y", 2))).or_raise(),
        lambda: db.query(Team).update(tenant_id=2),
        lambda: db.query(Team).update(tenant_id=Team.tenant_id + 1),  # type: ignore[operator]
        lambda: db.save(Team("stolen", 2, id=1)).or_raise(),
    ):
        with pytest.raises(PolicyViolation) as caught:
            await write()
        assert caught.value.model == "Team"
    mine.tenant_id = 2
    assert isinstance(await db.save(mine).error, PolicyViolation)
    graph = Team("z", 1)
    graph.members.add(Member("stranger", tenant_id=2))
    assert isinstance(await db.add(graph).error, PolicyViolation)

    with scope.suspended():
        assert names(await db.query(Team).fetch_all()) == ["mine", "two"]
        assert await db.query(Member).count() == 0


async def test_tenants_who_load_at_once_each_see_their_own(
    shared: tuple[Ommi, TenantScope],
) -> None:
    db, scope = shared
    with scope.suspended():
        teams = [await db.query(Team).where(T.name == name).one() for name in ("one", "two")]
        await db.add_all([Member("m", team.id, team.tenant_id) for team in teams]).or_raise()

    async def members(team: Team) -> list[Member]:
        tenant.set(team.tenant_id)
        return list(await team.members)

    found = await asyncio.gather(*map(members, teams))

    assert [[member.tenant_id for member in each] for each in found] == [[1], [2]]


@pytest.mark.usefixtures("of_tenant_one")
async def test_the_plan_of_one_tenant_serves_the_next(shared: tuple[Ommi, TenantScope]) -> None:
    db, _ = shared
    question = db.query(Team).order_by("name")
    assert names(await question.fetch_all()) == ["one"]
    plans = len(db._executor.planner.cache)

    token = tenant.set(2)
    assert names(await question.fetch_all()) == ["two"]
    tenant.reset(token)

    assert len(db._executor.planner.cache) == plans


# Rows by condition


async def test_a_row_policy_is_asked_for_each_question() -> None:
    user: ContextVar[str] = ContextVar("user", default="Ann")
    policy = RowPolicy(Member, lambda: M.name == user.get())
    async with Ommi("sqlite://", middleware=[policy]) as db:
        await db.use_models(models)
        with policy.suspended():
            await db.add_all([Member("Ann"), Member("Bob")]).or_raise()

        assert names(await db.query(Member).fetch_all()) == ["Ann"]
        user.set("Bob")
        assert names(await db.query(Member).fetch_all()) == ["Bob"]
        assert isinstance(await db.add(Member("Ann")).error, PolicyViolation)
        await db.add(Member("Bob")).or_raise()


async def test_a_row_policy_names_the_rows_own_fields() -> None:
    policy = RowPolicy(Member, M.team.name == "here")
    async with Ommi("sqlite://", middleware=[policy]) as db:
        with pytest.raises(QueryError, match="names more than the fields of Member"):
            await db.query(Member).fetch_all()


async def test_a_command_in_the_stores_own_language_is_refused_under_a_policy() -> None:
    db = Ommi("memory://", middleware=[soft])
    executor: Any = db._executor
    raw = Operation(Verb.RAW, store="memory", planner=executor.planner)

    with pytest.raises(PolicyViolation, match="may see rows that it hides"):
        executor.chain.policies.allowed(raw)
