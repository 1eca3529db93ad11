"""Lists, tuples, sets and dicts inside a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, get_args, get_origin

from ommi.metadata.choices import single_codec
from ommi.metadata.forms import ANY_KEY, Convert, Form, json_type, single_form, within
from ommi.metadata.json_text import canonical_json, parse_json
from ommi.metadata.scalars import wanted
from ommi.metadata.storage import Unfit
from ommi.metadata.typesystem import TypeSystem, repeated_item, without_none

FormOf = Callable[[object], Form]


def list_form(annotation: object, form: FormOf) -> Form:
    """Make the form of a list: a list."""
    item = form((*get_args(annotation), Any)[0])
    return Form(_each(list, item.dump, list), _each(list, item.load, list))


def tuple_form(annotation: object, form: FormOf) -> Form:
    """Make the form of a tuple, of any length or of one: a list."""
    repeated = repeated_item(annotation)
    if repeated is not None:
        item = form(repeated)
        return Form(_each(tuple, item.dump, list), _each(list, item.load, tuple))
    items = [form(argument) for argument in get_args(annotation)]
    return Form(
        _in_order(tuple, [item.dump for item in items], list),
        _in_order(list, [item.load for item in items], tuple),
    )


def _each(
    cls: type[Iterable[object]], convert: Convert, build: Callable[[list[object]], object]
) -> Convert:
    def each(value: object) -> object:
        if not isinstance(value, cls):
            raise wanted(cls.__name__, value)
        done: list[object] = []
        try:
            # What was converted before an error stays in the list, and so counts the items.
            done.extend(map(convert, value))
        except Unfit as error:
            raise within(f"[{len(done)}]", error) from None
        return done if build is list else build(done)

    return each


def _in_order(
    cls: type[Sequence[object]],
    converts: list[Convert],
    build: Callable[[list[object]], object],
) -> Convert:
    def in_order(value: object) -> object:
        if not isinstance(value, cls):
            raise wanted(cls.__name__, value)
        if len(value) != len(converts):
            raise Unfit(f"wanted {len(converts)} items, found {len(value)}")
        done: list[object] = []
        try:
            for convert, item in zip(converts, value, strict=True):
                done.append(convert(item))
        except Unfit as error:
            raise within(f"[{len(done)}]", error) from None
        return build(done)

    return in_order


def set_form(annotation: object, form: FormOf) -> Form:
    """Make the form of a set: a list in the order of the items' texts."""
    cls = frozenset if frozenset in (annotation, get_origin(annotation)) else set
    item = form((*get_args(annotation), Any)[0])

    def dump(value: object) -> object:
        if not isinstance(value, cls):
            raise wanted(cls.__name__, value)
        try:
            return sorted(map(item.dump, value), key=canonical_json)
        except Unfit as error:
            raise within(ANY_KEY, error) from None

    def build(items: list[object]) -> object:
        try:
            found = cls(items)
        except TypeError:
            raise Unfit(f"wanted {cls.__name__}, found a list with items of no hash") from None
        if len(found) != len(items):
            raise Unfit(f"wanted {cls.__name__}, found a list with an item twice")
        return found

    return Form(dump, _each(list, item.load, build))


def dict_form(annotation: object, form: FormOf) -> Form:
    """Make the form of a dict: an object, keys as text."""
    key_type, item_type = get_args(annotation) or (str, Any)
    key, item = _key_form(key_type), form(item_type)

    def convert(value: object, key: Convert, item: Convert) -> object:
        if not isinstance(value, dict):
            raise wanted("dict", value)
        try:
            items = list(map(item, value.values()))
        except Unfit as error:
            raise within(ANY_KEY, error) from None
        result = dict(zip(_keys(value, key), items, strict=True))
        if len(result) != len(value):
            raise Unfit("wanted dict, found one with two keys of the same text")
        return result

    return Form(
        lambda value: convert(value, key.dump, item.dump),
        lambda stored: convert(stored, key.load, item.load),
    )


def _keys(value: dict[object, object], convert: Convert) -> list[object]:
    try:
        return list(map(convert, value))
    except Unfit as error:
        raise Unfit(f"a key: {error}") from None


def _key_form(annotation: object) -> Form:
    """Make the form of keys: text, that of JSON for what is not text in a document."""
    core, markers = without_none(annotation)
    codec = single_codec(str if core is Any else core, markers)
    if codec is None or TypeSystem.is_optional(annotation):
        raise TypeError(f"{TypeSystem.describe(annotation)} cannot be the key of a stored dict")
    form = single_form(codec)
    if json_type(codec.storage) is str:
        return form

    def load(text: object) -> object:
        return form.load(_number(text))

    return Form(lambda key: canonical_json(form.dump(key)), load)


def _number(text: object) -> object:
    if type(text) is not str:
        raise wanted("a number as text", text)
    try:
        return parse_json(text)
    except ValueError:
        raise Unfit("wanted a number as text, found other text") from None
