"""What a statement is without its values, and the values that it leaves behind, fit together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ommi import Expression, Ommi, Query
from ommi.drivers.sqlite.dialect import DIALECT
from ommi.query.evaluate import condition
from ommi.query.expressions import Arithmetic, Parameter
from ommi.query.nodes import Comparison, Logical
from ommi.query.statements import Count, Delete, Select, Statement, Update
from ommi.query.transform import Lifter
from ommi.sql.compiler import SqlCompiler
from profiles import examples
from properties.questions import Question, pages, questions
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


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    question, page = draw(questions()), draw(pages)
    found = select(asked(DATABASE, question, page))
    match draw(st.integers(0, 3)):
        case 0:
            return found
        case 1:
            return Count(found)
        case 2:
            return Delete(found.model, found.where)
    values = {name: getattr(v, "reference", v) for name, v in draw(changes).items()}
    fields = [(found.model.field(name), value) for name, value in values.items()]
    return Update(
        found.model,
        tuple((f, v if isinstance(v, Expression) else f.dump(v)) for f, v in fields),
        found.where,
    )


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


@settings(max_examples=examples(500, 20_000))
@given(statement=statements())
def test_a_shape_leaves_as_many_values_as_there_are_places_for(statement: Statement) -> None:
    values: list[object] = []

    statement.shape(values)

    assert sorted(places(Lifter().statement(statement))) == list(range(len(values)))


@settings(max_examples=examples(300, 20_000))
@given(question=questions())
def test_a_lifted_question_with_its_values_asks_what_the_question_asks(
    question: Question,
) -> None:
    whole = select(asked(DATABASE, question))
    values: list[object] = []
    whole.shape(values)
    lifted = Lifter().statement(whole)

    holds, lifted_holds = condition(whole.where), condition(lifted.where)

    for row in ROWS:
        assert lifted_holds(row, values) == holds(row, ())


TEXTS: dict[object, str] = {}


@settings(max_examples=examples(500, 20_000))
@given(statement=statements())
def test_statements_of_one_shape_have_one_text(statement: Statement) -> None:
    shape = statement.shape([])

    command = SqlCompiler(DIALECT).compile(Lifter().statement(statement)).command

    assert TEXTS.setdefault(shape, command.text) == command.text
