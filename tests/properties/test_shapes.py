"""What a statement is without its values, and the values that it leaves behind, fit together."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from ommi import Expression, FieldMetadata, Ommi, Query
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.query.evaluate import condition
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.nodes import Comparison, Logical
from ommi.query.statements import Count, Delete, Select, Statement, Update
from ommi.query.transform import Lifter
from ommi.sql.compiler import SqlCompiler
from profiles import examples
from properties.pages import page
from properties.questions import drawn, question
from properties.stores import asked
from properties.test_writes import changes
from properties.things import Thing, things

DATABASE = Ommi("memory://")
MODEL = DATABASE.query(Thing).model
ROWS = [
    {field.column: field.dump(getattr(thing, field.name)) for field in MODEL.fields}
    for thing in things(50, 20, 20)
]


def select(query: Query[Thing]) -> Select:
    return query._select


def statement(rng: random.Random) -> Statement:
    found = select(asked(DATABASE, question(rng), page(rng)))
    made = (
        lambda: found,
        lambda: Count(found),
        lambda: Delete(found.model, found.where),
        lambda: Update(found.model, tuple(_changes(rng)), found.where),
    )
    return rng.choice(made)()


def _changes(rng: random.Random) -> Iterator[tuple[FieldMetadata, object]]:
    for name, value in changes(rng).items():
        field, said = MODEL.field(name), getattr(value, "reference", value)
        # A value that does not fit the field may be there: it is never sent.
        yield field, said if isinstance(said, Expression) or said is None else field.dump(said)


def places(node: Any) -> Iterator[int]:
    """Give the indexes of all parameters in a lifted statement, in no order."""
    if isinstance(node, Parameter):
        yield node.index
    for part in parts(node):
        yield from places(part)


def parts(node: Any) -> Sequence[Any]:
    match node:
        case Comparison() | Arithmetic():
            return node.left, node.right
        case Logical():
            return node.parts
        case Select():
            return node.where, *(o.expression for o in node.order), node.limit, node.offset
        case Count():
            return (node.select,)
        case Delete():
            return (node.where,)
        case Update():
            return *(value for _, value in node.changes), node.where
    return ()


def test_a_shape_leaves_as_many_values_as_there_are_places_for() -> None:
    for rng in drawn("places", examples(500, 20_000)):
        asks = statement(rng)
        values: list[object] = []
        asks.shape(values)
        assert sorted(places(Lifter().statement(asks))) == list(range(len(values)))


def test_a_lifted_question_with_its_values_asks_what_the_question_asks() -> None:
    for rng in drawn("lifted", examples(300, 20_000)):
        asks = question(rng)
        whole = select(asked(DATABASE, asks))
        values: list[object] = []
        whole.shape(values)
        holds, lifted = condition(whole.where), condition(Lifter().statement(whole).where)
        assert [lifted(row, values) for row in ROWS] == [holds(row, ()) for row in ROWS], asks


def test_statements_of_one_shape_have_one_text() -> None:
    texts: dict[object, str] = {}
    for rng in drawn("texts", examples(500, 20_000)):
        asks = statement(rng)
        text = SqlCompiler(DIALECT).compile(Lifter().statement(asks)).command.text
        assert texts.setdefault(asks.shape([]), text) == text
