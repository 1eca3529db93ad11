"""From an annotation to the codec of a JSON column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, get_origin

from ommi.metadata.annotations import Marker
from ommi.metadata.choices import single_codec
from ommi.metadata.containers import dict_form, list_form, set_form, tuple_form
from ommi.metadata.forms import NULL, PLAIN, Form, nullable, single_form
from ommi.metadata.hints import alternatives, is_union
from ommi.metadata.libraries.nested import (
    is_msgspec,
    is_pydantic,
    msgspec_form,
    pydantic_form,
)
from ommi.metadata.storage import Codec, Kind, StorageType, Unfit
from ommi.metadata.structures import members, structure_form
from ommi.metadata.typesystem import TypeSystem, without_none
from ommi.metadata.unions import union_form

Markers = tuple[Marker, ...]


def json_codec(annotation: object, markers: Markers = ()) -> Codec:
    """Make the codec that writes values of the annotation as JSON, single values too.

    Raises `TypeError` with the reason for an annotation that JSON cannot hold, or not so that
    every value comes back as it was.
    """
    form = _Forms().form(annotation, markers)
    return Codec(StorageType(Kind.JSON), _bounded(form.dump), _bounded(form.load))


def _bounded(convert: Callable[[object], object]) -> Callable[[object], object]:
    def bounded(value: object) -> object:
        try:
            return convert(value)
        except RecursionError:
            raise Unfit("nests too deeply, or holds itself") from None

    return bounded


def _later(made: list[Form]) -> Form:
    def dump(value: object) -> object:
        return made[0].dump(value)

    def load(stored: object) -> object:
        return made[0].load(stored)

    return Form(dump, load)


class _Forms:
    """The forms of one codec as they are made; what is being made already may be referred to."""

    def __init__(self) -> None:
        self._known: dict[object, Form] = {}

    def form(self, annotation: object, markers: Markers = ()) -> Form:
        """Give the form of an annotation, making it if it is new."""
        key = (annotation, markers)
        try:
            known = self._known.get(key)
        except TypeError:  # other people's extras in `Annotated` may have no hash
            return self._made(annotation, markers)
        if known is not None:
            return known
        made: list[Form] = []
        self._known[key] = _later(made)
        made.append(self._made(annotation, markers))
        self._known[key] = made[0]
        return made[0]

    def _made(self, annotation: object, markers: Markers) -> Form:
        core, inside = without_none(annotation)
        if core is None or core is NoneType:
            return NULL
        form = self._required(core, (*inside, *markers))
        return nullable(form) if TypeSystem.is_optional(annotation) else form

    def _required(self, core: object, markers: Markers) -> Form:
        if core is Any:
            return PLAIN
        if (codec := single_codec(core, markers)) is not None:
            return single_form(codec)
        if is_union(core):
            return union_form(core, [(m, self.form(m, markers)) for m in alternatives(core)])
        container = _CONTAINERS.get(get_origin(core) or core)
        return self._structure(core) if container is None else container(core, self.form)

    def _structure(self, core: object) -> Form:
        if is_msgspec(get_origin(core) or core):
            return msgspec_form(core)
        if is_pydantic(core):
            return pydantic_form(core)
        parts = members(core)
        if parts is None:
            raise TypeError(f"{TypeSystem.describe(core)} is of no type that can be stored")
        return structure_form(core, parts, self.form)


_CONTAINERS: Mapping[object, Callable[[object, Callable[[object], Form]], Form]] = {
    list: list_form,
    tuple: tuple_form,
    set: set_form,
    frozenset: set_form,
    dict: dict_form,
}
