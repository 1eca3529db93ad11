"""Prepared questions: put together once, asked with other values many times.

The function that asks a question is run once, with placeholders for its parameters. What is left
to be done for each call is written as a function with the same parameters: check the values, and
put them where they belong. Whatever cannot be done that way, the user's own function does.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import update_wrapper
from inspect import Parameter, signature
from keyword import iskeyword
from typing import Any

from ommi.errors import InvalidValue, QueryError
from ommi.execution.building import Source
from ommi.execution.executor import Executor
from ommi.execution.hydration import compiled
from ommi.metadata.storage import Unfit
from ommi.query.placeholders import Blank, Placeholder
from ommi.query.prepared_select import Arguments, Form, PreparedSelect
from ommi.query.statements import Select
from ommi.results import AsyncResultWrapper
from ommi.selection import Selection

Question = Callable[..., Selection[Any]]

NOTE = (
    "prepare() runs the function once, with placeholders for its parameters: they can be compared "
    "with fields, and be a limit or an offset; all else is to be done with a value before the call"
)


def prepared(question: Question, executor: Executor) -> Question:
    """Give a function that asks the same, without putting the question together each time.

    Raises `QueryError` for what is no question of the executor's database, and whatever the
    function raises.
    """
    parameters = _parameters(question)
    placeholders = [Placeholder(each.name, number) for number, each in enumerate(parameters)]
    asked = _asked(question, parameters, placeholders)
    if asked._executor.database is not executor.database:  # noqa: SLF001 - a part of it
        raise QueryError(f"{_name(question)} asks a question of another database")
    unused = [each.name for each in placeholders if not each.blanks and not each.varies]
    if unused:
        raise QueryError(f"{_name(question)} asks the same whatever {' and '.join(unused)} may be")

    def ask(arguments: Arguments) -> Select:
        return _select_of(_called(question, parameters, arguments))

    form = Form(_select_of(asked), ask)
    if asked._executor.is_watched or not _is_settled(form, placeholders):  # noqa: SLF001
        # What stands around it looks at the question itself; or it is another one each time.
        return question
    return update_wrapper(compiled(_source(question, parameters, asked, form)), question)


def _parameters(question: Question) -> Sequence[Parameter]:
    if not callable(question):
        raise QueryError(
            "prepare() takes a function that gives a question, as in prepare(lambda id: "
            f"db.find(User.id == id)), found {type(question).__name__}"
        )
    parameters = tuple(signature(question).parameters.values())
    for each in parameters:
        if each.kind in {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD}:
            raise QueryError(
                f"{_name(question)} takes any number of values in {each}; a prepared question has "
                "a parameter for each"
            )
    return parameters


def _asked(
    question: Question, parameters: Sequence[Parameter], placeholders: Sequence[Placeholder]
) -> Selection[Any]:
    try:
        asked: object = _called(question, parameters, tuple(placeholders))
    except Exception as error:
        error.add_note(NOTE)
        raise
    if isinstance(asked, Selection):
        return asked
    if isinstance(asked, Coroutine):
        asked.close()
    advice = ""
    if isinstance(asked, Coroutine | AsyncResultWrapper):
        advice = "; what is wanted of it, such as .one, is asked of what a call gives"
    raise QueryError(
        f"{_name(question)} should give a question, db.find(...) or db.query(...), and gave "
        f"{type(asked).__name__}{advice}"
    )


def _called(
    question: Question, parameters: Sequence[Parameter], arguments: Arguments
) -> Selection[Any]:
    pairs = list(zip(parameters, arguments, strict=True))
    named = {p.name: value for p, value in pairs if p.kind is Parameter.KEYWORD_ONLY}
    return question(*arguments[: len(arguments) - len(named)], **named)


def _select_of(asked: Selection[Any]) -> Select:
    select = asked._select  # noqa: SLF001
    return select.whole if isinstance(select, PreparedSelect) else select


def _is_settled(form: Form, placeholders: Sequence[Placeholder]) -> bool:
    """Tell whether every blank is a value of the question, and none a part of what it is."""
    left = {blank for each in placeholders for blank in each.blanks}
    ordering: list[object] = []
    for each in form.select.order:
        each.shape(ordering)
    is_found = left == {value for value in form.values if isinstance(value, Blank)}
    has_fixed_order = not any(isinstance(value, Blank) for value in ordering)
    return is_found and has_fixed_order and not any(each.varies for each in placeholders)


def _source(
    question: Question, parameters: Sequence[Parameter], asked: Selection[Any], form: Form
) -> Source:
    """Write the function; names of ours cannot be those of parameters."""
    source = Source()
    again = source.bind("__ommi_question", question)
    kind = source.bind("__ommi_kind", type(asked))
    select_of = source.bind("__ommi_select_of", PreparedSelect)
    shape = source.bind("__ommi_form", form)
    executor = source.bind("__ommi_executor", asked._executor)  # noqa: SLF001
    loads = source.bind("__ommi_loads", asked._loads)  # noqa: SLF001
    refused = source.bind("__ommi_refused", (Unfit, InvalidValue))
    names = [each.name for each in parameters]
    values = ", ".join(_values(source, form.values, names))
    calls = [f"{n}={n}" if p.kind is p.KEYWORD_ONLY else n for p, n in zip(parameters, names)]  # noqa: B905
    # `None` makes another question, and the message for a value that does not fit is that of the
    # line where the question stands.
    ordinary = f"return {again}({', '.join(calls)})"
    is_none = " or ".join(f"{name} is None" for name in names)
    arguments = f"({', '.join(names)}{',' * bool(names)})"
    return source.define(
        [
            f"def made({', '.join(_signature(source, parameters))}):",
            *([f"    if {is_none}:", f"        {ordinary}"] if names else []),
            "    try:",
            f"        __ommi_values = [{values}]",
            f"    except {refused}:",
            f"        {ordinary}",
            f"    __ommi_select = {select_of}({shape}, __ommi_values, {arguments})",
            f"    return {kind}({executor}, __ommi_select, {loads})",
        ]
    )


def _values(source: Source, values: Sequence[object], names: Sequence[str]) -> Iterator[str]:
    for number, value in enumerate(values):
        if isinstance(value, Blank):
            convert = source.bind(f"__ommi_convert_{number}", value.convert)
            yield f"{convert}({names[value.place]})"
        else:
            yield source.bind(f"__ommi_value_{number}", value)


def _signature(source: Source, parameters: Sequence[Parameter]) -> Iterator[str]:
    last = None
    for each in parameters:
        if not each.name.isidentifier() or iskeyword(each.name):
            raise QueryError(f"{each.name!r} is no name of a parameter")
        if last is Parameter.POSITIONAL_ONLY and each.kind is not last:
            yield "/"
        if each.kind is Parameter.KEYWORD_ONLY and last is not each.kind:
            yield "*"
        last = each.kind
        if each.default is Parameter.empty:
            yield each.name
        else:
            default = source.bind(f"__ommi_default_{each.name}", each.default)
            yield f"{each.name}={default}"
    if last is Parameter.POSITIONAL_ONLY:
        yield "/"


def _name(question: object) -> str:
    return str(getattr(question, "__qualname__", type(question).__name__))
