"""Where columns rest in a document, and how the user's own documents are written into it.

No name that a user chose reaches the server as it is: `$`, `.` and `%` are written as `%24`, `%2E`
and `%25`. So nothing in a document can be taken for an operator or a path, and fields that begin
with `%` and another letter are free for what pipelines calculate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ommi.errors import InvalidValue
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.storage import LARGEST_INT, SMALLEST_INT

KEY = "_id"
DEEPEST = 100
"""How deep documents nest in MongoDB at most."""

_OTHER_ID = "%5Fid"
_ESCAPES = (("%", "%25"), ("$", "%24"), (".", "%2E"))


def stored_name(name: str) -> str:
    """Write a name so that it is nothing but a name."""
    for sign, escape in _ESCAPES:
        if sign in name:
            name = name.replace(sign, escape)
    return name


def known_name(name: str) -> str:
    """Give back what `stored_name` wrote."""
    if "%" in name:
        for sign, escape in reversed(_ESCAPES):
            name = name.replace(escape, sign)
    return name


def place_of_column(column: str, key: Sequence[str]) -> str:
    """Say where a column of a table with this key rests, as a path.

    The key is the document's `_id`; of several columns it is a document inside it.
    """
    if column in key:
        return KEY if len(key) == 1 else f"{KEY}.{stored_name(column)}"
    return _OTHER_ID if column == KEY else stored_name(column)


def place_of(model: ModelMetadata, field: FieldMetadata) -> str:
    """Say where a field of a model rests, as a path."""
    return place_of_column(field.column, tuple(key.column for key in model.keys))


def column_at(place: str) -> str:
    """Give the column that rests at a place beside the key."""
    return KEY if place == _OTHER_ID else known_name(place)


def stored(value: object) -> object:
    """Write a JSON value so that equal documents are equal in MongoDB, where order counts.

    Raises `InvalidValue` for what a document of MongoDB cannot hold.
    """
    return _stored(value, 1)


def _stored(value: object, depth: int) -> object:
    if isinstance(value, dict | list) and depth > DEEPEST:
        raise InvalidValue(f"a document that nests more than {DEEPEST} levels deep")
    if isinstance(value, dict):
        return {stored_name(name): _stored(value[name], depth + 1) for name in sorted(value)}
    if isinstance(value, list):
        return [_stored(each, depth + 1) for each in value]
    if type(value) is int and not SMALLEST_INT <= value <= LARGEST_INT:
        raise InvalidValue("wanted int (64 bit) in a document, found int outside 64 bits")
    return value


def known(value: object) -> object:
    """Give back the JSON value that `stored` wrote."""
    if isinstance(value, dict):
        return {known_name(name): known(each) for name, each in value.items()}
    if isinstance(value, list):
        return [known(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value


Read = Callable[[dict[str, object]], tuple[object, ...]]


def reader(places: Sequence[str]) -> Read:
    """Give the function that reads a row out of a document; what is missing is `None`."""
    if not any("." in place for place in places):
        flat = tuple(places)
        return lambda document: tuple(map(document.get, flat))
    steps = [tuple(place.split(".")) for place in places]
    return lambda document: tuple([_found(document, path) for path in steps])


def _found(document: object, path: Sequence[str]) -> object:
    for step in path:
        document = document.get(step) if isinstance(document, dict) else None
    return document


def nested(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Build a document of values by their places, in order; `None` is left out."""
    made: dict[str, object] = {}
    for place, value in pairs:
        if value is None:
            continue
        outer, _, inner = place.partition(".")
        if inner:
            inside = made.setdefault(outer, {})
            inside[inner] = value  # type: ignore[index]  # made above
        else:
            made[outer] = value
    return made
