"""Values of pydantic and msgspec inside a document: their own libraries write and read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_origin

from ommi.metadata.forms import Form, plain, within
from ommi.metadata.json_text import canonical_json
from ommi.metadata.storage import Unfit


def is_pydantic(cls: object) -> bool:
    """Tell whether this is a pydantic model; a dataclass of pydantic's is a dataclass."""
    return hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_dump")


def is_pydantic_root(cls: object) -> bool:
    """Tell whether this is a pydantic model that stands for a single value of any type."""
    return bool(getattr(cls, "__pydantic_root_model__", False))


def is_msgspec(cls: object) -> bool:
    """Tell whether this is a msgspec `Struct`."""
    return hasattr(cls, "__struct_fields__")


def pydantic_form(annotation: object) -> Form:
    """Let the model dump and validate; names are those of the fields, aliases aside."""
    cls: Any = annotation

    def dump(value: object) -> object:
        # Calculated fields stay out, since they could not be read back.
        options = {"mode": "json", "by_alias": False, "round_trip": True, "warnings": "error"}
        return cls.model_dump(value, **options)

    def load(stored: object) -> object:
        # As JSON, because a strict model takes a date from JSON text but not from a `str`.
        return cls.model_validate_json(canonical_json(stored), by_name=True)

    return _form(cls, dump, load, _pydantic_place)


def _pydantic_place(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return ""
    place = errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
    return f".{place[0]}" if place else ""


def msgspec_form(annotation: object) -> Form:
    """Let msgspec convert, to the names that it encodes."""
    from msgspec import convert, to_builtins

    target: Any = annotation

    def load(stored: object) -> object:
        return convert(stored, target, str_keys=True)

    def dump(value: object) -> object:
        # A Struct does not check what it is made of; reading does.
        stored = to_builtins(value, str_keys=True)
        load(stored)
        return stored

    return _form(get_origin(target) or target, dump, load, _msgspec_place)


def _msgspec_place(error: Exception) -> str:
    return str(error).partition(" - at `$")[2].rstrip("`")


def _form(
    cls: type,
    dump: Callable[[object], object],
    load: Callable[[object], object],
    place: Callable[[Exception], str],
) -> Form:
    """Turn the library's errors, which show values, into ones that do not."""

    def checked_dump(value: object) -> object:
        if type(value) is not cls:
            raise Unfit(f"wanted {cls.__name__}, found {type(value).__name__}")
        try:
            stored = dump(value)
        except (ValueError, TypeError) as error:
            raise refusal(error) from None
        return plain(stored)

    def checked_load(stored: object) -> object:
        copy = plain(stored)
        try:
            return load(copy)
        except (ValueError, TypeError) as error:
            raise refusal(error) from None

    def refusal(error: Exception) -> Unfit:
        reason = Unfit(f"does not fit what {cls.__name__} declares")
        where = place(error)
        return within(where, reason) if where else reason

    return Form(checked_dump, checked_load)
