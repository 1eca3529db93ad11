"""No value of a user becomes an operator, a wildcard or a command, wherever it stands."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any

import pytest

from ommi import (
    Auto,
    InvalidValue,
    Key,
    ModelCollection,
    ModelError,
    Ommi,
    OmmiError,
    StoreAs,
    UnsupportedOperation,
    escape_like,
    ommi_model,
)
from ommi.planning.capabilities import Capability
from profiles import examples
from properties.stores import Stores, opened
from services.mongodb.server import serving

COLLECTION = ModelCollection()


@ommi_model(collection=COLLECTION)
@dataclass
class Hostile:
    text: str
    document: dict[str, Any]
    number: int = 0
    id: Annotated[int | None, Key | Auto] = None


H: Any = Hostile
PARTS = (
    *(
        "'",
        '"',
        "`",
        "''",
        "\\",
        "\\'",
        ";",
        "--",
        "#",
        "/*",
        "*/",
        "\n",
        "\r",
        "\t",
        "\x1a",
        "\x7f",
    ),
    *("%", "_", "%%", "*", "?", "[a-z]", "{", "}", "(", ")", "^", "$", ".", ".*", "|", "&", "+"),
    *(
        "$1",
        "%s",
        "%(a)s",
        ":a",
        "@a",
        "?1",
        "{0}",
        "${a}",
        "#{a}",
        "{{a}}",
        "\\x27",
        "%27",
        "\u02bc",
    ),
    *(" OR 1=1", '\'; DROP TABLE "Hostile"; --', "') OR ('1'='1", "1; DELETE FROM Hostile"),
    *(" UNION SELECT 1", "NULL", "null", "None", "true", "0x41", "1e9", "-1", "id", "text"),
    *("$gt", "$ne", "$where", "$regex", "$expr", "$or", "$lookup", '{"$gt": ""}', "a.b", "$$ROOT"),
    *("EVAL", "FLUSHALL\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "KEYS *", "redis.call('DEL')", "]]"),
    *(
        "$.a",
        '$."a"',
        "a'b\"c",
        "[0]",
        "->>",
        "#>",
        "@>",
        "::int",
        "ß",
        "İ",
        "\U0001f600",
        "\u202e",
    ),
)
"""What means something to SQL, LIKE, regex, MongoDB, Redis, JSON paths and formats."""


def strings(count: int) -> list[str]:
    rng = random.Random(8)
    made = dict.fromkeys(PARTS)
    while len(made) < count + len(PARTS):
        made["".join(rng.choices(PARTS, k=rng.randint(1, 4)))] = None
    every = list(made)
    rng.shuffle(every)
    return every[:count]


def documents(count: int) -> list[dict[str, Any]]:
    rng = random.Random(80)

    def value(depth: int) -> Any:
        if depth and rng.random() < 0.5:
            return {rng.choice(PARTS): value(depth - 1) for _ in range(rng.randint(0, 3))}
        if depth and rng.random() < 0.3:
            return [value(depth - 1) for _ in range(rng.randint(0, 3))]
        return rng.choice((*PARTS, True, None, 0, 1, -1.5, ""))

    return [{rng.choice(PARTS): value(3) for _ in range(rng.randint(1, 3))} for _ in range(count)]


STRINGS = strings(examples(30, 300))
DOCUMENTS = documents(examples(50, 500))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    with (
        serving() as mongodb,
        opened(tmp_path_factory.mktemp("hostile"), COLLECTION, MongoDB=mongodb.url) as found,
    ):
        yield found


def everywhere(stores: Stores, check: Any) -> None:
    for name, database in stores.databases.items():
        try:
            stores.run(check(database))
        except BaseException as error:
            error.add_note(f"on {name}")
            raise


async def texts(query: Any) -> list[str]:
    return [row.text for row in await query.order_by("id").fetch_all()]


def test_a_hostile_text_is_a_text_in_every_value_position(stores: Stores) -> None:
    async def check(db: Ommi) -> None:
        await db.query(Hostile).delete()
        await db.add_all([Hostile(text, {}) for text in STRINGS]).or_raise()
        assert await texts(db.query(Hostile)) == STRINGS
        for text in STRINGS:
            questions = {
                H.text == text: lambda other, t=text: other == t,
                H.text != text: lambda other, t=text: other != t,
                H.text < text: lambda other, t=text: other < t,
                H.text.in_([text, "never"]): lambda other, t=text: other == t,
                H.text.contains(text): lambda other, t=text: t in other,
                H.text.starts_with(text): lambda other, t=text: other.startswith(t),
                H.text.ends_with(text): lambda other, t=text: other.endswith(t),
                H.text.ilike(escape_like(text)): None,
            }
            for question, meaning in questions.items():
                found = await texts(db.query(Hostile, question))
                if meaning is None:
                    assert text in found
                    assert all(other.lower() == text.lower() for other in found)
                else:
                    wanted = [other for other in STRINGS if meaning(other)]
                    assert sorted(found) == sorted(wanted), question
            matched = await db.find(H.text == text).update(number=1, text=f"{text}!").or_raise()
            assert matched == 1
            assert await db.find(H.number == 1).delete().or_raise() == 1
            await db.add(Hostile(text, {})).or_raise()
        assert await db.query(Hostile).count() == len(STRINGS)

    everywhere(stores, check)


def test_a_hostile_document_is_a_document_in_every_value_position(stores: Stores) -> None:
    async def check(db: Ommi) -> None:
        await db.query(Hostile).delete()
        rows = [Hostile(str(n), document) for n, document in enumerate(DOCUMENTS)]
        await db.add_all(rows).or_raise()
        found = await db.query(Hostile).order_by("id").fetch_all()
        assert [row.document for row in found] == DOCUMENTS
        for number, document in enumerate(DOCUMENTS):
            alike = [str(n) for n, other in enumerate(DOCUMENTS) if repr(other) == repr(document)]
            equal = await texts(db.query(Hostile, H.document == document))
            assert set(alike) <= set(equal)
            assert all(DOCUMENTS[int(n)] == document for n in equal)
            where = H.text == str(number)
            assert await db.find(where).update(document={"x": document}).or_raise() == 1
            changed = await db.find(where).one.or_raise()
            assert changed.document == {"x": document}
            await db.find(where).update(document=document).or_raise()
        with pytest.raises(InvalidValue):
            await db.query(Hostile, H.text == DOCUMENTS[0]).fetch_all()
        with pytest.raises(InvalidValue):
            await db.query(Hostile, H.number == {"$gt": 0}).fetch_all()

    everywhere(stores, check)


def test_a_hostile_key_of_a_path_is_a_key(stores: Stores) -> None:
    async def check(db: Ommi) -> None:
        await db.query(Hostile).delete()
        rows = [Hostile(key, {key: "here", "other": "there"}) for key in STRINGS]
        await db.add_all(rows).or_raise()
        for key in STRINGS:
            try:
                found = await texts(db.query(Hostile, H.document[key] == "here"))
            except UnsupportedOperation:
                continue
            assert found == [key]

    everywhere(stores, check)


def test_a_hostile_name_is_refused_where_fields_are_named(stores: Stores) -> None:
    async def check(db: Ommi) -> None:
        await db.query(Hostile).delete()
        await db.add(Hostile("kept", {})).or_raise()
        for name in STRINGS:
            if name in {"id", "text"}:
                continue
            with pytest.raises(OmmiError):
                db.query(Hostile).order_by(name)
            with pytest.raises(OmmiError):
                db.query(Hostile).update(**{name: 1})
            if Capability.SAVEPOINTS not in db.driver.capabilities:
                continue
            async with db.transaction() as tx:
                await tx.savepoint(name)
                await tx.add(Hostile("undone", {}))
                await tx.rollback_to_savepoint(name)
        assert await texts(db.query(Hostile)) == ["kept"]

    everywhere(stores, check)


def test_a_hostile_name_of_a_table_or_column_is_refused_or_a_name(stores: Stores) -> None:
    async def check(db: Ommi) -> None:
        for name in STRINGS[: examples(10, 300)]:
            own = ModelCollection()
            fields = [
                ("value", Annotated[str, StoreAs(name)]),
                ("id", Annotated[int | None, Key | Auto], None),
            ]
            try:
                model: Any = ommi_model(collection=own, table=f"t{name}"[:40])(
                    make_dataclass("Named", fields)
                )
                await db.use_models(own)
            except (ModelError, UnsupportedOperation):
                continue
            try:
                await db.add(model("hostile")).or_raise()
                found = await db.query(model, model.value == "hostile").fetch_all()
                assert [row.value for row in found] == ["hostile"]
            finally:
                await db.remove_models(own)
        assert await db.query(Hostile).count() >= 0

    everywhere(stores, check)
