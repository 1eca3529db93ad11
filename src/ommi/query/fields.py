"""The fields of a model as expressions: `User.name`, `fields(User).name`, `row(User).name`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ommi.errors import InvalidValue, QueryError, UnknownField
from ommi.metadata.codecs import codec_for
from ommi.metadata.documents import element_codec, member_annotation, member_codec
from ommi.metadata.model import FieldMetadata, ModelMetadata, find_metadata, metadata_of
from ommi.metadata.storage import Codec, Kind, StorageType, Unfit
from ommi.query.documents import member_operators, member_storage
from ommi.query.expressions import COMPARING, Expression, operators_for
from ommi.query.nodes import (
    Comparison,
    Predicate,
    Term,
    set_left,
    set_right,
)
from ommi.query.operators import QueryOperator
from ommi.query.placeholders import Convert

if TYPE_CHECKING:
    from ommi.relations import Lazy

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_TEXT = codec_for(str, ())
_BYTES = codec_for(bytes, ())


class FieldReference(Expression[T_co]):
    """A field of a model, read in every row; also made from a field's name and a class."""

    __slots__ = ("_compared_with", "equality_shape", "metadata", "operators", "owner")
    equality_shape: tuple[FieldMetadata, QueryOperator]
    """The shape of every comparison by `==` with a value."""
    metadata: FieldMetadata
    owner: ModelMetadata
    operators: frozenset[QueryOperator]
    _compared_with: Codec

    def __init__(self, field: str | FieldMetadata, model: type | ModelMetadata) -> None:
        owner = metadata_of(model) if isinstance(model, type) else model
        metadata = owner.field(field) if isinstance(field, str) else field
        codec = metadata.required_codec
        if codec.storage.length is not None:
            # A longer text may be asked for; no row has it.
            codec = _TEXT if codec.storage.kind is Kind.TEXT else _BYTES
        object.__setattr__(self, "owner", owner)
        object.__setattr__(self, "metadata", metadata)
        object.__setattr__(self, "operators", operators_for(metadata.storage.kind))
        object.__setattr__(self, "equality_shape", (metadata, QueryOperator.EQUALS))
        object.__setattr__(self, "_compared_with", codec)

    @property
    def field(self) -> str:
        """The name of the field."""
        return self.metadata.name

    @property
    def model(self) -> type:
        """The class of the model."""
        return self.owner.cls

    @property
    def storage(self) -> StorageType:
        return self.metadata.storage

    @property
    def is_nullable(self) -> bool:
        return self.metadata.is_nullable

    def shape(self, values: list[object]) -> object:  # noqa: ARG002 - a field has none
        return self.metadata

    def models(self) -> Iterator[ModelMetadata]:
        yield self.owner

    def accepted(self, operator: QueryOperator, operand: object) -> object:
        if operator not in COMPARING or operand is None or isinstance(operand, Term):
            return super().accepted(operator, operand)
        try:
            return self._compared_with.dump(operand)
        except Unfit as error:
            raise _invalid(error, self.metadata) from None

    def converter(self, operator: QueryOperator) -> Convert:
        return self._compared_with.dump if operator in COMPARING else super().converter(operator)

    def __eq__(self, other: object) -> Predicate:  # type: ignore[override]
        if type(self) is not FieldReference or other is None or isinstance(other, Term):
            # Which row a field of another kind is read in is part of the question.
            return super().__eq__(other)
        # The comparison that is written most, and every field has it.
        try:
            value = self._compared_with.dump(other)
        except Unfit as error:
            raise _invalid(error, self.metadata) from None
        equality = _new(Equality)
        set_left(equality, self)
        set_right(equality, value)
        return equality

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...
    else:
        __hash__ = object.__hash__

    def dump(self, value: object) -> object:
        return _dumped(self._compared_with, value, self.metadata)

    def dump_all(self, values: Iterable[object]) -> tuple[object, ...]:
        try:
            return tuple(map(self._compared_with.dump, values))
        except Unfit as error:
            raise _invalid(error, self.metadata) from None

    def dump_element(self, value: object) -> object:
        return _dumped(_codec_of_parts(self, self.metadata.inner_type), value, self.metadata)

    def __getitem__(self, step: str | int) -> JsonPath:
        return JsonPath(self, (step,))

    def __getattr__(self, name: str) -> JsonPath:
        if name.startswith("__") or self.storage.kind is not Kind.JSON:
            raise AttributeError(f"{self!r} is stored as {self.storage}; it has no {name!r}")
        return JsonPath(self, (name,))

    def __repr__(self) -> str:
        return f"{self.owner.name}.{self.metadata.name}"


class Equality(Comparison):
    """A field of the row asked for equals a value, not `None` and in its stored form.

    It is what is asked most, with a type of its own that tells there is nothing left to check.
    """

    __slots__ = ()
    left: FieldReference[Any]  # pyright: ignore[reportIncompatibleVariableOverride]  # is frozen
    operator = QueryOperator.EQUALS
    is_negated = False

    def shape(self, values: list[object]) -> object:
        values.append(self.right)
        return self.left.equality_shape


_new = object.__new__


class JsonPath(Expression[Any]):
    """What stands at a path inside a JSON field; `None` where nothing does."""

    __slots__ = ("_codec", "_storage", "annotation", "operators", "path", "root")
    root: FieldReference[object]
    path: tuple[str | int, ...]
    annotation: object
    _codec: Codec
    _storage: StorageType | None

    def __init__(self, root: FieldReference[object], path: tuple[str | int, ...]) -> None:
        annotation: object = root.metadata.inner_type
        for position, step in enumerate(path):
            annotation = _found_under(root, path[: position + 1], annotation, step)
        object.__setattr__(self, "root", root)
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "annotation", annotation)
        object.__setattr__(self, "_codec", member_codec(annotation))
        object.__setattr__(self, "_storage", member_storage(annotation))
        object.__setattr__(self, "operators", member_operators(annotation))

    @property
    def storage(self) -> StorageType | None:
        return self._storage

    @property
    def is_dynamic(self) -> bool:  # type: ignore[override]
        return self._storage is None

    def shape(self, values: list[object]) -> object:
        # A step of 1 is not one of "1", but they may hash alike; their types tell them apart.
        return self.root.shape(values), self.path, tuple(map(type, self.path))

    def models(self) -> Iterator[ModelMetadata]:
        return self.root.models()

    def dump(self, value: object) -> object:
        return _dumped(self._codec, value, self.root.metadata)

    def dump_element(self, value: object) -> object:
        return _dumped(_codec_of_parts(self, self.annotation), value, self.root.metadata)

    def __getitem__(self, step: str | int) -> JsonPath:
        return JsonPath(self.root, (*self.path, step))

    def __getattr__(self, name: str) -> JsonPath:
        if name.startswith("__"):
            raise AttributeError(name)
        return JsonPath(self.root, (*self.path, name))

    def __repr__(self) -> str:
        return repr(self.root) + "".join(f"[{step!r}]" for step in self.path)


class Fields:
    """The fields of one model as attributes; an unknown name is an `UnknownField`."""

    def __init__(
        self, references: Mapping[str, FieldReference[Any]], model: ModelMetadata
    ) -> None:
        self.__dict__.update(references)
        self.__dict__["__model__"] = model

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - fields are of any type
        if name.startswith("__"):
            raise AttributeError(name)
        model: ModelMetadata = self.__dict__["__model__"]
        if name in model.declared_relations:
            from ommi.query.relation_fields import RelationReference

            return RelationReference(model, name)
        raise UnknownField(model.name, name, (*model.by_name, *model.declared_relations))

    def __repr__(self) -> str:
        return f"fields({self.__dict__['__model__'].name})"


_FIELDS: dict[ModelMetadata, Fields] = {}


def references(model: ModelMetadata) -> Mapping[str, FieldReference[Any]]:
    """Give the references to the fields of a model, the same objects each time."""
    held = _fields_of(model).__dict__
    return MappingProxyType({name: held[name] for name in model.by_name})


def fields(model: type) -> Fields:
    """Give the fields of a model for names that its class cannot answer; raises `ModelError`."""
    return _fields_of(metadata_of(model))


@overload
def row(model: type[T]) -> T: ...
@overload
def row(model: Lazy[T | None]) -> T: ...
@overload
def row(model: Lazy[T]) -> T: ...
def row(model: type[Any] | Lazy[Any]) -> Any:
    """Give a symbolic row of a model: to checkers an instance, at run time its fields.

    Of a relation to one row, as in `lambda post: row(post.author).name == "x"`, it gives the row
    that the relation leads to.
    """
    return fields(model) if isinstance(model, type) else model


def col(value: T) -> Expression[T]:
    """Open the operators of a field to type checkers; at run time, the field itself.

    Also takes what `Model.field` is on a slots class that Ommi did not decorate.
    """
    if isinstance(value, Expression):
        return value
    owner, name = getattr(value, "__objclass__", None), getattr(value, "__name__", None)
    if isinstance(owner, type) and isinstance(name, str) and find_metadata(owner) is not None:
        return FieldReference(name, owner)
    raise QueryError(
        f"col() wants a field of a model, found {type(value).__name__}; write fields(Model).name "
        "for classes that register() mapped from outside"
    )


def _fields_of(model: ModelMetadata) -> Fields:
    known = _FIELDS.get(model)
    if known is None:
        known = Fields({f.name: FieldReference(f, model) for f in model.fields}, model)
        _FIELDS[model] = known
    return known


def _dumped(codec: Codec, value: object, field: FieldMetadata) -> object:
    try:
        return codec.dump(value)
    except Unfit as error:
        raise _invalid(error, field) from None


def _invalid(error: Unfit, field: FieldMetadata) -> InvalidValue:
    return InvalidValue(str(error), model=field.model, field=field.name)


def _codec_of_parts(expression: Expression[object], annotation: object) -> Codec:
    if expression.kind in {Kind.TEXT, None}:
        return _TEXT
    if expression.kind is Kind.BYTES:
        return _BYTES
    codec = element_codec(annotation)
    if codec is None:
        raise QueryError(f"{expression!r} is no text, list or set, so it contains nothing")
    return codec


def _found_under(
    root: FieldReference[object], path: tuple[str | int, ...], annotation: object, step: object
) -> object:
    if root.storage.kind is not Kind.JSON:
        raise QueryError(f"{root!r} is stored as {root.storage}; [...] is for JSON")
    if isinstance(step, bool) or not isinstance(step, str | int):
        raise QueryError(f"a step into {root!r} is a str or an int, not {type(step).__name__}")
    if isinstance(step, int) and step < 0:
        raise QueryError(f"a step into {root!r} counts from the start; {step} is negative")
    try:
        return member_annotation(annotation, step)
    except LookupError as error:
        reason = f"{root!r} has nothing at {'.'.join(map(str, path))}"
        raise QueryError(f"{reason}: {error.args[0]}" if error.args else reason) from None
