"""The reference document's examples, as it writes them, on rows that make them non-trivial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Dict, List, Optional, Union  # noqa: UP035 - as written there

import pytest

import ommi
from ommi import (
    ASTComparisonNode,
    ASTLogicalNode,
    ASTNode,
    ASTReferenceNode,
    AsyncResultWrapper,
    Auto,
    DatabaseDriver,
    DriverPlugin,
    Failure,
    FieldMetadata,
    IsolationLevel,
    Key,
    LogicalOperator,
    Middleware,
    Migration,
    MigrationError,
    ModelCollection,
    NotFound,
    Ommi,
    OrderDirection,
    PluginManager,
    QueryBuilder,
    QueryOperator,
    ReferenceTo,
    Result,
    SchemaManager,
    Success,
    Transaction,
    TransactionOptions,
    TypeSystem,
    Unique,
    UniqueViolation,
    ommi_model,
    transaction,
)
from ommi.drivers.memory import MemoryDriver

pytestmark = pytest.mark.anyio

collection = ModelCollection()


@ommi_model(collection=collection)
@dataclass
class User:
    name: str
    age: int
    email: str | None = None
    active: bool = True
    deleted_at: datetime | None = None
    last_login: datetime | None = None
    id: Annotated[int | None, Key | Auto] = None


@ommi_model(collection=collection)
@dataclass
class Post:
    title: str
    content: str
    id: Annotated[int | None, Key | Auto] = None


@pytest.fixture(params=["memory://", "sqlite://", "sqlite:///{}/reference.db"])
async def db(request: pytest.FixtureRequest, tmp_path: Any) -> AsyncGenerator[Ommi, None]:
    async with Ommi(request.param.format(tmp_path)) as db:
        await db.use_models(collection)
        yield db


def names(users: list[User]) -> list[str]:
    return sorted(user.name for user in users)


# Phase 1, 1: results


async def test_map_of_a_success_is_the_success_of_what_the_function_gives() -> None:
    assert Success(2).map(lambda value: value + 1) == Success(3)


async def test_map_turns_an_exception_into_a_failure() -> None:
    mapped = Success(0).map(lambda value: 1 / value)

    assert not mapped.is_success()
    assert isinstance(mapped.error, ZeroDivisionError)


async def test_map_of_a_failure_is_the_same_failure() -> None:
    error = LookupError("gone")

    assert Failure(error).map(str) == Failure(error)


async def test_flat_map_goes_on_with_a_result() -> None:
    assert Success("7").flat_map(lambda text: Success(int(text))) == Success(7)


async def test_a_success_and_a_failure_are_results() -> None:
    assert isinstance(Success(1), Result)
    assert isinstance(Failure(LookupError()), Result)


def promised(result: Result[int, Exception]) -> AsyncResultWrapper[int]:
    async def run() -> Result[int, Exception]:
        await asyncio.sleep(0)
        return result

    return AsyncResultWrapper(run())


async def test_a_wrapper_goes_around_any_awaitable_of_a_result() -> None:
    future: Awaitable[Result[int, Exception]] = asyncio.get_running_loop().create_future()
    future.set_result(Success(5))  # type: ignore[attr-defined]

    assert await AsyncResultWrapper(future) == Success(5)


async def test_the_value_of_a_wrapper_is_awaited() -> None:
    assert await promised(Success(5)).value == 5
    with pytest.raises(LookupError, match="gone"):
        await promised(Failure(LookupError("gone"))).value


async def test_a_wrapper_has_a_default_for_a_failure() -> None:
    assert await promised(Success(5)).value_or(0) == 5
    assert await promised(Failure(LookupError())).value_or(0) == 0


async def test_a_wrapper_maps_at_once_and_can_be_awaited_twice() -> None:
    mapped = promised(Success(5)).map(lambda value: value * 2)

    assert await mapped == Success(10)
    assert await mapped.value == 10


async def test_every_operation_answers_with_a_result(db: Ommi) -> None:
    user = User("Alice", 31, id=1)

    answers = [
        await db.add(user),
        await db.add(User("Alice again", 31, id=1)),
        await db.find(User.age == 31).fetch(),
        await db.find(User.age == 99).one(),
        await db.find(User.age == 31).count(),
        await db.find(User.age == 31).update(active=False),
        await db.save(user),
        await db.reload(user),
        await db.delete(user),
        await db.find(User.age == 31).delete(),
    ]

    assert all(isinstance(answer, Result) for answer in answers)
    errors = [type(answer.error) for answer in answers if not answer.is_success()]
    assert errors == [UniqueViolation, NotFound]


# Phase 1, 2: the query tree


async def test_enhanced_query_capabilities(db: Ommi) -> None:
    await db.add(
        User("Alice", 18, "alice@example.com"),
        User("Ann", 20, "ann@example.com"),
        User("Abe", 21, "abe@example.com"),
        User("Anonymous", 19, None),
        User("alan", 19, "alan@example.com"),
        User("Bob", 18, "bob@example.com"),
    ).or_raise()

    # fmt: off
    users = await db.find(
        (User.name.starts_with("A")) &
        (User.age.in_([18, 19, 20])) &
        (User.email.is_not_null())
    ).fetch.all()
    # fmt: on

    assert names(users) == ["Alice", "Ann"]


async def test_string_search(db: Ommi) -> None:
    await db.add(
        Post("On snakes", "some eat, some write python"),
        Post("Monty Python", "no language at all"),
        Post("pythons", "another snake"),
        Post("PYTHON", "Shouted, and Python inside"),
        Post("Ruby", "gems"),
    ).or_raise()

    posts = await db.find(
        Post.content.contains("python") |
        Post.title.regex(r".*[Pp]ython.*")
    ).fetch.all()  # fmt: skip

    assert sorted(post.title for post in posts) == ["Monty Python", "On snakes", "pythons"]


async def test_complex_conditions(db: Ommi) -> None:
    now, long_ago = datetime.now(), datetime(2001, 1, 1)  # noqa: DTZ001, DTZ005 - naive there
    await db.add(
        User("deleted, seen", 1, deleted_at=long_ago, last_login=now),
        User("deleted, not seen", 1, deleted_at=long_ago, last_login=long_ago),
        User("deleted, never seen", 1, deleted_at=now),
        User("there, seen", 1, last_login=now),
        User("there, not seen", 1, last_login=long_ago),
    ).or_raise()

    active_users = await db.find(
        ~User.deleted_at.is_null() &
        User.last_login > datetime.now() - timedelta(days=30)  # noqa: DTZ005
    ).fetch.all()  # fmt: skip

    assert names(active_users) == ["deleted, seen"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EQUALS", "eq"),
        ("NOT_EQUALS", "ne"),
        ("GREATER_THAN", "gt"),
        ("GREATER_THAN_OR_EQUAL", "gte"),
        ("LESS_THAN", "lt"),
        ("LESS_THAN_OR_EQUAL", "lte"),
        ("IN", "in"),
        ("NOT_IN", "not_in"),
        ("CONTAINS", "contains"),
        ("NOT_CONTAINS", "not_contains"),
        ("STARTS_WITH", "starts_with"),
        ("ENDS_WITH", "ends_with"),
        ("REGEX", "regex"),
        ("ILIKE", "ilike"),
        ("IS_NULL", "is_null"),
        ("IS_NOT_NULL", "is_not_null"),
    ],
)
async def test_every_operator_is_listed(name: str, value: str) -> None:
    assert QueryOperator[name].value == value


async def test_a_reference_makes_comparisons_and_they_make_logical_nodes() -> None:
    reference = ASTReferenceNode("name", User)

    comparison = reference.in_(["a"])
    both = comparison & reference.is_not_null()

    assert (reference.field, reference.model) == ("name", User)
    assert isinstance(comparison, ASTComparisonNode)
    assert comparison.operator is QueryOperator.IN
    assert isinstance(both, ASTLogicalNode)
    assert both.operator is LogicalOperator.AND
    assert (~comparison).operator is LogicalOperator.NOT  # type: ignore[attr-defined]
    assert (comparison | both).operator is LogicalOperator.OR
    assert all(isinstance(node, ASTNode) for node in (reference, comparison, both))


async def test_a_comparison_made_by_hand_is_a_condition(db: Ommi) -> None:
    await db.add(User("Alice", 31), User("Bob", 17)).or_raise()
    node = ASTComparisonNode(ASTReferenceNode("age", User), QueryOperator.GREATER_THAN, 18)

    assert names(await db.find(node).fetch.all()) == ["Alice"]


# Phase 1, 3: types


async def test_optional_types_are_recognised() -> None:
    assert TypeSystem.is_optional(Optional[int])  # noqa: UP045
    assert TypeSystem.is_optional(Union[int, None])  # noqa: UP007
    assert TypeSystem.is_optional(int | None)
    assert not TypeSystem.is_optional(int)
    assert TypeSystem.get_optional_inner_type(Optional[int]) is int  # noqa: UP045
    assert TypeSystem.get_optional_inner_type(str) is str


async def test_lists_are_recognised() -> None:
    assert TypeSystem.is_generic_list(List[int])  # noqa: UP006
    assert not TypeSystem.is_generic_list(Dict[str, int])  # noqa: UP006
    assert TypeSystem.get_list_item_type(list[int]) is int
    assert TypeSystem.get_list_item_type(int) is Any


async def test_values_are_validated() -> None:
    assert TypeSystem.validate_value([1, None], List[Optional[int]])  # noqa: UP006, UP045
    assert not TypeSystem.validate_value([1, "2"], List[int])  # noqa: UP006
    assert not TypeSystem.validate_value({"a": "1"}, Dict[str, int])  # noqa: UP006
    assert TypeSystem.validate_value(object(), Any)


async def test_field_metadata_is_made_of_a_name_an_annotation_and_a_default() -> None:
    field = FieldMetadata("age", Optional[int], None)  # noqa: UP045

    assert (field.name, field.type_annotation, field.default) == ("age", int | None, None)
    assert field.is_optional
    assert field.inner_type is int
    assert field.validate_value(None)
    assert not field.validate_value("7")


# Phase 2, 1: the query builder


async def test_a_query_is_built_step_by_step(db: Ommi) -> None:
    minors = [User(f"minor {number}", 18) for number in range(3)]
    idle = [User(f"idle {number}", 30, active=False) for number in range(3)]
    users = [User(f"user {number:02}", 19 + number) for number in reversed(range(12))]
    await db.add_all([*minors, *idle, *users]).or_raise()

    # fmt: off
    users = await (db.query(User)
        .where(User.age > 18)
        .where(User.active == True)  # noqa: E712
        .order_by("name")
        .limit(10)
        .fetch_all())
    # fmt: on

    assert [user.name for user in users] == [f"user {number:02}" for number in range(10)]


async def test_one_row_is_fetched(db: Ommi) -> None:
    await db.add(
        User("Bob", 40, "bob@example.com"), User("Al", 30, "alice@example.org")
    ).or_raise()

    async def by_email() -> User | None:
        # fmt: off
        user = await (db.query(User)
            .where(User.email == "alice@example.com")
            .fetch_one())
        # fmt: on
        return user  # noqa: RET504 - as written there

    assert await by_email() is None
    alice = await db.add(User("Alice", 31, "alice@example.com")).or_raise()
    assert await by_email() == alice


async def test_a_query_takes_a_direction_an_offset_and_counts(db: Ommi) -> None:
    await db.add_all(User(f"u{number}", number) for number in range(5)).or_raise()

    query = db.query(User).where(User.age > 0).order_by("age", OrderDirection.DESC)

    assert isinstance(query, QueryBuilder)
    assert [user.age for user in await query.offset(1).limit(2).fetch_all()] == [3, 2]
    assert await query.count() == 4


# Phase 1, 2 of the second part: transactions


async def test_a_transaction_with_a_nested_savepoint(db: Ommi) -> None:
    blog = ModelCollection()

    @ommi_model(collection=blog, table="tx_users")
    @dataclass
    class User:
        name: str
        id: Annotated[int | None, Key | Auto] = None

    @ommi_model(collection=blog, table="tx_posts")
    @dataclass
    class Post:
        title: Annotated[str, Unique]
        author_id: Annotated[int | None, ReferenceTo(User.id)] = None
        id: Annotated[int | None, Key | Auto] = None

    await db.use_models(blog)
    for expected in (1, 1):
        async with transaction(db, TransactionOptions(
            isolation_level=IsolationLevel.SERIALIZABLE,
            retry_on_conflict=True,
            max_retries=3
        )) as tx:  # fmt: skip
            user = User(name="Alice")
            await db.add(user)

            # Nested savepoint
            await tx.savepoint("before_posts")
            try:
                post = Post(title="Hello", author_id=user.id)
                await db.add(post)
            except Exception:  # noqa: BLE001 - as written there
                await tx.rollback_to_savepoint("before_posts")

        assert await db.query(Post).count() == expected

    users = await db.query(User).order_by("id").fetch_all()
    [post] = await db.query(Post).fetch_all()
    assert [user.name for user in users] == ["Alice", "Alice"]
    assert post.author_id == users[0].id


async def test_a_transaction_is_begun_and_ended_by_hand(db: Ommi) -> None:
    tx = Transaction(db, TransactionOptions(retry_on_conflict=True, max_retries=3))
    await tx.begin()
    await db.add(User("Alice", 31))
    await tx.commit()
    tx = Transaction(db, TransactionOptions())
    await tx.begin()
    await db.add(User("Bob", 31))
    await tx.rollback()

    assert names(await db.query(User).fetch_all()) == ["Alice"]
    assert [level.value for level in IsolationLevel] == [
        "READ_UNCOMMITTED",
        "READ_COMMITTED",
        "REPEATABLE_READ",
        "SERIALIZABLE",
    ]


# Phase 3, 2: plug-ins


async def test_a_driver_plugin_is_registered_and_used() -> None:
    # On a machine without Redis the example is about the store in memory.
    class RedisDriver(MemoryDriver):
        def __init__(self, config: Dict[str, Any]) -> None:  # noqa: UP006
            super().__init__()
            self.config = config

    # Usage
    plugin_manager = PluginManager()

    # Third-party driver plugin
    class RedisDriverPlugin:
        def get_driver_name(self) -> str:
            return "redis"

        async def create_driver(self, config: Dict[str, Any]) -> DatabaseDriver:  # noqa: UP006
            return RedisDriver(config)

    plugin_manager.register_driver(RedisDriverPlugin())

    plugin = plugin_manager.get_driver("redis")
    assert isinstance(plugin, DriverPlugin)
    assert plugin.get_driver_name() == "redis"
    assert plugin_manager.get_driver("nonsense") is None
    async with Ommi("redis://there:6379/0", plugins=plugin_manager) as db:
        await db.use_models(collection)
        await db.add(User("Alice", 31)).or_raise()
        assert names(await db.query(User).fetch_all()) == ["Alice"]
        assert db.driver.config == {"host": "there", "port": 6379, "database": "0"}  # type: ignore[attr-defined]


async def test_a_registered_middleware_is_called() -> None:
    seen = []

    async def middleware(operation: Any, proceed: Any) -> Any:
        seen.append(operation.verb.value)
        return await proceed(operation)

    plugin_manager = PluginManager()
    plugin_manager.register_middleware(middleware)
    assert isinstance(middleware, Middleware)
    async with Ommi("memory://", plugins=plugin_manager) as db:
        await db.use_models(collection)
        await db.query(User).fetch_all()

    assert seen == ["CREATE TABLES", "SELECT"]


# 3. Advanced Schema Management


async def test_the_migration_is_applied_and_undone(db: Ommi) -> None:
    before = ModelCollection()

    @ommi_model(collection=before, table="users_before")
    @dataclass
    class User:
        name: str
        id: Annotated[int | None, Key | Auto] = None

    await db.use_models(before)

    # Example migration
    class AddUserEmailMigration(Migration):
        def __init__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
            super().__init__("001", "Add email column to users table")

        async def up(self, schema: SchemaManager) -> None:
            await schema.add_column(User, "email", str)

        async def down(self, schema: SchemaManager) -> None:
            await schema.drop_column(User, "email")

    # Usage
    schema = SchemaManager(db)
    schema.add_migration(AddUserEmailMigration())
    await schema.migrate_up()

    @ommi_model(collection=ModelCollection(), table="users_before")
    @dataclass
    class UserWithEmail:
        name: str
        email: str
        id: Annotated[int | None, Key | Auto] = None

    await db.add(UserWithEmail("Alice", "alice@example.org")).or_raise()
    assert [user.email for user in await db.query(UserWithEmail).fetch_all()] == [
        "alice@example.org"
    ]
    await schema.migrate_down("zero")
    assert names(await db.query(User).fetch_all()) == ["Alice"]

    with pytest.raises(MigrationError, match=r"default=.*\| None"):
        await schema.migrate_up()


# Names


async def test_other_names_are_listed_and_unknown_ones_are_not_there() -> None:
    assert {"ASTNode", "QueryBuilder", "use_driver", "Ommi"} <= {*dir(ommi)}
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        ommi.nothing_of_the_kind  # type: ignore[attr-defined]


async def test_use_driver_says_which_database_a_new_instance_uses(db: Ommi) -> None:
    added = await db.add(User("Alice", 31)).or_raise()
    async with Ommi("memory://"):
        with ommi.use_driver(db):
            await User("Bob", 17, id=added.id).save().or_raise()  # type: ignore[attr-defined]

    assert names(await db.query(User).fetch_all()) == ["Bob"]
