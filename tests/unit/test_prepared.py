from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import pytest

from ommi import (
    Auto,
    ConnectionFailed,
    Finding,
    InvalidValue,
    Key,
    Lazy,
    LazyList,
    ModelCollection,
    Ommi,
    Query,
    QueryCache,
    QueryError,
    ReferenceTo,
    TransactionClosed,
    ommi_model,
)
from ommi.plugins.operation import Operation
from ommi.plugins.policies import TenantScope
from ommi.plugins.protocol import Answer, Proceed
from ommi.query.nodes import Comparison
from ommi.query.statements import Select

pytestmark = pytest.mark.anyio

MODELS = ModelCollection()
tenant: ContextVar[int | None] = ContextVar("tenant", default=None)


@ommi_model(collection=MODELS)
@dataclass
class Team:
    name: str
    id: Annotated[int | None, Key | Auto] = None
    members: ClassVar[LazyList[Member]]


@ommi_model(collection=MODELS)
@dataclass
class Member:
    name: str
    age: int = 0
    extra: dict[str, Any] = field(default_factory=dict)
    team_id: Annotated[int | None, ReferenceTo(Team.id)] = None
    tenant_id: int = 1
    id: Annotated[int | None, Key | Auto] = None
    team: ClassVar[Lazy[Team]]


@pytest.fixture
async def db() -> AsyncGenerator[Ommi, None]:
    async with Ommi("sqlite://") as db:
        await filled(db)
        yield db


async def filled(db: Ommi) -> None:
    await db.use_models(MODELS)
    await db.add(Team("red"), Team("blue")).or_raise()
    await db.add(
        Member("Ann", 31, {"size": 3}, 1), Member("Bob", 17, {"size": "3"}, 1), Member("Cy", 40)
    ).or_raise()


def names(members: list[Member]) -> list[str]:
    return sorted(member.name for member in members)


class TestPuttingTogether:
    async def test_the_function_is_run_once_for_any_number_of_calls(self, db: Ommi) -> None:
        runs = []

        @db.prepare
        def older(age: int, name: str) -> Query[Member]:
            runs.append((age, name))
            return db.query(Member).where(Member.age > age, Member.name != name)

        found = [names(await older(age, "Cy").fetch_all()) for age in (0, 20, 30)]
        await older(0, "x").first()
        await older(0, "x").count()
        await older(0, "x").exists()

        assert found == [["Ann", "Bob"], ["Ann"], ["Ann"]]
        assert len(runs) == 1

    async def test_it_shares_the_plan_of_the_ordinary_question(self, db: Ommi) -> None:
        named = db.prepare(lambda name: db.find(Member.name == name))
        await db.find(Member.name == "Ann").one.or_raise()
        await db.find(Member.name == "Ann").count.or_raise()
        known = len(db._executor.planner.cache)

        await named("Bob").one.or_raise()
        await named("Bob").count.or_raise()

        assert len(db._executor.planner.cache) == known
        assert named("Cy").sql() == db.find(Member.name == "Cy").sql()

    @pytest.mark.parametrize("size", [3, "3", 4, None])
    async def test_what_is_another_question_for_each_value_is_put_together_each_time(
        self, db: Ommi, size: object
    ) -> None:
        def sized(size: object) -> Query[Member]:
            return db.query(Member, Member.extra["size"] == size)

        found = await db.prepare(sized)(size).fetch_all()

        assert found == await sized(size).fetch_all()

    async def test_a_value_may_stand_among_related_rows_in_orders_and_in_what_is_loaded(
        self, db: Ommi
    ) -> None:
        of_members = db.prepare(
            lambda name: db.query(Team, Team.members.any(lambda member: member.name == name))
        )
        counted = db.prepare(
            lambda age: db.query(Team).order_by(
                Team.members.count(lambda member: member.age > age).desc, "id"
            )
        )
        loaded = db.prepare(
            lambda age, team: db.query(Team, Team.name == team).load(
                Team.members.where(lambda member: member.age > age)
            )
        )

        assert [team.name for team in await of_members("Bob").fetch_all()] == ["red"]
        assert [team.name for team in await counted(50).fetch_all()] == ["red", "blue"]
        assert (await counted(20).first()).name == "red"
        assert [names(await (await loaded(age, "red").one()).members) for age in (0, 20)] == [
            ["Ann", "Bob"],
            ["Ann"],
        ]

    async def test_relations_come_with_the_rows(self, db: Ommi) -> None:
        named = db.prepare(lambda name: db.query(Member, Member.name == name).load(Member.team))

        members = [await named(name).one() for name in ("Ann", "Cy")]

        assert members[0].team.is_loaded
        assert [await member.team for member in members] == [Team("red", 1), None]

    async def test_one_may_be_asked_in_another(self, db: Ommi) -> None:
        older = db.prepare(lambda age: db.query(Member, Member.age > age))
        adults = db.prepare(lambda: older(18))
        named = db.prepare(lambda age, name: older(age).where(Member.name == name))

        assert names(await adults().fetch_all()) == ["Ann", "Cy"]
        assert await adults().count() == 2
        assert names(await named(30, "Ann").fetch_all()) == ["Ann"]
        assert await named(31, "Ann").first() is None


class TestParameters:
    async def test_they_are_those_of_the_function(self, db: Ommi) -> None:
        def page(values: int, /, kind: str = "zzz", *, form: int = 10) -> Finding[Member]:
            """A page."""
            return db.find(Member.age > values, Member.name < kind).order_by("-age").limit(form)

        ask = db.prepare(page)

        assert names(await ask(0).fetch.all()) == ["Ann", "Bob", "Cy"]
        assert names(await ask(20, "B").fetch.all()) == ["Ann"]
        assert names(await ask(0, form=1).fetch.all()) == ["Cy"]
        assert names(await ask(0, form=2, kind="C").fetch.all()) == ["Ann", "Bob"]
        assert inspect.signature(ask) == inspect.signature(page)
        assert (ask.__name__, ask.__doc__) == ("page", "A page.")

    @pytest.mark.parametrize(
        ("arguments", "named"), [((), {}), ((1, 2), {}), ((), {"age": 1}), ((1,), {"key": 1})]
    )
    async def test_other_ones_are_refused_as_by_the_function(
        self, db: Ommi, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        by_key = db.prepare(lambda key: db.find(Member.id == key))

        with pytest.raises(TypeError, match="argument"):
            by_key(*arguments, **named)

    async def test_a_wrong_value_is_refused_where_the_question_stands(self, db: Ommi) -> None:
        by_key = db.prepare(lambda key: db.find(Member.id == key))
        page = db.prepare(lambda size: db.find(Member).limit(size))

        with pytest.raises(InvalidValue, match=r"Member\.id: wanted int"):
            by_key("1")
        with pytest.raises(InvalidValue, match="limit wants 0 or more"):
            page(-1)

    @pytest.mark.parametrize(
        ("question", "error", "message"),
        [
            (lambda key: Member.id == key, QueryError, "and gave Comparison"),
            (lambda key: DB.find(Member.id == key).one, QueryError, "asked of what a call gives"),
            (lambda key: DB.query(Member, Member.id == key).one(), QueryError, "gave coroutine"),
            (lambda key: DB.find(Member), QueryError, "the same whatever key may be"),
            (lambda *keys: DB.find(Member), QueryError, "any number of values"),
            (lambda **keys: DB.find(Member), QueryError, "any number of values"),
            (lambda key: DB.find(Member.id == key) if key else None, TypeError, "neither True"),
            (lambda key: DB.find(Member.id == 1) if key == 1 else 2, TypeError, "no value yet"),
            (lambda key: DB.find(Member.id == 1) if key != 1 else 2, TypeError, "no value yet"),
            (lambda name: DB.find(Member.name == f"{name}!"), TypeError, "no text yet"),
            (lambda name: DB.find(Member.name == name.lower()), AttributeError, "lower"),
            (lambda age: DB.find(Member.age == age + 1), TypeError, "unsupported operand"),
            (lambda age: DB.find(Member.age.in_([age])), InvalidValue, "found Placeholder"),
            (lambda age: DB.find(Member, age), QueryError, "stands alone as a condition"),
            (lambda name: DB.query(Member).order_by(name), QueryError, "order_by wants"),
            (lambda name: OTHER.find(Member.name == name), QueryError, "another database"),
            (Member, QueryError, "should give a question"),
            (7, QueryError, "takes a function"),
        ],
    )
    def test_what_cannot_be_prepared_is_refused_when_it_is(
        self, question: Any, error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            DB.prepare(question)

    def test_what_the_function_raises_says_why_it_was_run(self) -> None:
        with pytest.raises(AttributeError) as raised:
            DB.prepare(lambda name: DB.find(Member.name == name.lower()))

        assert "runs the function once" in raised.value.__notes__[0]


DB, OTHER = Ommi("memory://"), Ommi("memory://")


class TestAround:
    async def test_it_is_prepared_before_and_asked_while_the_database_is_open(self) -> None:
        db = Ommi("memory://")
        named = db.prepare(lambda name: db.query(Member, Member.name == name))

        async with db:
            await filled(db)
            assert (await named("Ann").one()).age == 31

        with pytest.raises(ConnectionFailed, match="not open"):
            await named("Ann").one()
        async with db:
            assert (await named("Bob").one()).age == 17

    async def test_one_of_a_transaction_ends_with_it(self, db: Ommi) -> None:
        async with db.transaction() as tx:
            named = tx.prepare(lambda name: tx.query(Member, Member.name == name))
            assert (await named("Ann").one()).age == 31

        with pytest.raises(TransactionClosed):
            await named("Ann").one()

    async def test_answers_are_kept_for_it_and_for_the_ordinary_question(self) -> None:
        cache = QueryCache()
        async with Ommi("sqlite://", cache=cache) as db:
            await filled(db)
            named = db.prepare(lambda name: db.query(Member, Member.name == name).cached())

            await db.query(Member, Member.name == "Ann").cached().fetch_all()
            await named("Ann").fetch_all()
            await named("Ann").fetch_all()
            await named("Bob").fetch_all()
            assert (cache.stats.hits, cache.stats.misses) == (2, 2)

            await db.find(Member.name == "Ann").update(age=32).or_raise()
            assert (await named("Ann").one()).age == 32

    async def test_middleware_sees_the_question_with_its_values(self) -> None:
        seen: list[object] = []

        async def looking(operation: Operation, proceed: Proceed) -> Answer:
            if isinstance(operation.statement, Select):
                seen.append(operation.statement.where)
            return await proceed(operation)

        async with Ommi("memory://", middleware=[looking]) as db:
            await filled(db)
            named = db.prepare(lambda name: db.query(Member, Member.name == name))
            await named("Ann").fetch_all()

        [where] = seen
        assert isinstance(where, Comparison)
        assert where.right == "Ann"

    async def test_a_policy_is_asked_each_time(self) -> None:
        policy = TenantScope("tenant_id", tenant)
        async with Ommi("memory://", middleware=[policy]) as db:
            tenant.set(1)
            await db.use_models(MODELS)
            await db.add(Member("Ann", tenant_id=1)).or_raise()
            tenant.set(2)
            await db.add(Member("Ann", tenant_id=2)).or_raise()
            named = db.prepare(lambda name: db.query(Member, Member.name == name))

            found = []
            for number in (1, 2):
                tenant.set(number)
                found.append((await named("Ann").one()).tenant_id)

        assert found == [1, 2]
