"""Pydantic v2 models."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

from ommi.errors import ModelError
from ommi.metadata.annotations import markers
from ommi.metadata.builtin_values import holds_only_builtins, says_only_ours
from ommi.metadata.libraries.constructor import make_class_variables, own_parameters
from ommi.metadata.libraries.protocol import Bypass, Construction, DeclaredField
from ommi.metadata.model import MISSING

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

# Settings that change neither values nor what an instance holds; any other means: validate.
_HARMLESS = frozenset(
    {
        "alias_generator",
        "arbitrary_types_allowed",
        "defer_build",
        "field_title_generator",
        "from_attributes",
        "frozen",
        "hide_input_in_errors",
        "json_encoders",
        "json_schema_extra",
        "json_schema_mode_override",
        "json_schema_serialization_defaults_required",
        "loc_by_alias",
        "model_title_generator",
        "populate_by_name",
        "protected_namespaces",
        "ser_json_bytes",
        "ser_json_inf_nan",
        "ser_json_temporal",
        "ser_json_timedelta",
        "serialize_by_alias",
        "strict",
        "title",
        "use_attribute_docstrings",
        "validate_assignment",
        "validate_by_alias",
        "validate_by_name",
    }
)


class PydanticLibrary:
    """How pydantic models are read and built."""

    name = "pydantic"

    def recognises(self, cls: type) -> bool:
        """Tell whether `cls` is a model; a dataclass of pydantic's is a dataclass."""
        return hasattr(cls, "__pydantic_fields__") and hasattr(cls, "model_dump")

    def prepare(self, cls: type) -> type:
        """Give the class as it is."""
        return cls

    def without_relations(self, cls: type, names: Collection[str]) -> type:
        """Take the fields away, and have pydantic make its schema anew."""
        model: Any = cls
        make_class_variables(cls, names)
        for name in names:
            del model.__pydantic_fields__[name]
            model.__class_vars__.add(name)
        model.model_rebuild(force=True, raise_errors=False)
        return cls

    def declared_fields(
        self, cls: type, annotations: Mapping[str, object]
    ) -> tuple[DeclaredField, ...]:
        """List the fields under their names; private attributes and computed ones are none."""
        model = _model(cls)
        spelled = _spelled_parameters(cls)
        return tuple(
            DeclaredField(
                name=name,
                annotation=_annotation(annotations, name, info),
                default=_default(info),
                default_factory=_factory(info),
                parameter=name if name in spelled else _parameter(model, name, info),
                is_keyword_only=True,
            )
            for name, info in model.__pydantic_fields__.items()
        )

    def construction(self, cls: type) -> Construction:
        """Tell how instances are built; only what has nothing to validate goes without."""
        model: Any = cls
        model.model_rebuild()
        decorators = model.__pydantic_decorators__
        runs_user_code = bool(
            decorators.validators
            or decorators.field_validators
            or decorators.root_validators
            or decorators.model_validators
            or model.__pydantic_post_init__
            or model.__private_attributes__
            or _has_own_init(cls)
            or not _is_trusted(_model(cls))
        )
        return Construction(runs_user_code, Bypass.NONE if runs_user_code else Bypass.PYDANTIC)

    def is_frozen(self, cls: type) -> bool:
        """Tell whether the model, or one field of it, is frozen."""
        model = _model(cls)
        fields = model.__pydantic_fields__.values()
        return bool(model.model_config.get("frozen")) or any(info.frozen for info in fields)

    def replace(self, instance: object, changes: Mapping[str, object]) -> object:
        """Give a copy by `model_copy`, which does not validate."""
        return cast("BaseModel", instance).model_copy(update=dict(changes))


def _model(cls: type) -> type[BaseModel]:
    return cast("type[BaseModel]", cls)


def _has_own_init(cls: type) -> bool:
    from pydantic import BaseModel

    return cls.__init__ is not BaseModel.__init__  # type: ignore[misc]


def _spelled_parameters(cls: type) -> Collection[str]:
    """Name the fields that a hand-written constructor spells out; others go by their alias."""
    if not _has_own_init(cls):
        return ()
    _, *own = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    names = tuple(_model(cls).__pydantic_fields__)
    taken = own_parameters(cls, names, inspect.Signature(own))
    missing = [name for name in names if name not in taken]
    if missing:
        raise ModelError(
            "its own __init__ does not take the field, so no instance can be made from a row; "
            "give it **data and hand that on to super().__init__",
            model=cls.__name__,
            field=missing[0],
        )
    return {parameter.name for parameter in own}


def _annotation(annotations: Mapping[str, object], name: str, info: FieldInfo) -> object:
    found = annotations.get(name)
    # What stands for a type variable only pydantic knows: its generic classes are made, not typed.
    if found is None or isinstance(found, TypeVar) or getattr(found, "__parameters__", None):
        return Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return found


def _default(info: FieldInfo) -> object:
    return MISSING if info.is_required() or info.default_factory is not None else info.default


def _factory(info: FieldInfo) -> Any:  # noqa: ANN401 - pydantic says no more
    return None if info.default_factory_takes_validated_data else info.default_factory


def _parameter(model: type[BaseModel], name: str, info: FieldInfo) -> str:
    config = model.model_config
    by_name = config.get("populate_by_name") or config.get("validate_by_name")
    alias = info.validation_alias if info.validation_alias is not None else info.alias
    if alias is None or by_name or config.get("validate_by_alias") is False:
        return name
    choices: list[object] = [alias, *getattr(alias, "choices", [])]
    written = next((choice for choice in choices if isinstance(choice, str)), None)
    if written is None:
        raise ModelError(
            "can only be given by an alias path, so no instance can be made from a row; "
            "set model_config = ConfigDict(validate_by_name=True)",
            model=model.__name__,
            field=name,
        )
    return written


def _is_trusted(model: type[BaseModel]) -> bool:
    config = {name: value for name, value in model.model_config.items() if name != "extra"}
    return (
        config.keys() <= _HARMLESS
        and model.model_config.get("extra") != "allow"
        and all(_is_trusted_field(info) for info in model.__pydantic_fields__.values())
    )


def _is_trusted_field(info: FieldInfo) -> bool:
    # A constraint or a validator of the user's leaves its trace in the metadata.
    ours = all(list(markers(said)) for said in info.metadata)
    return ours and says_only_ours(info.annotation) and holds_only_builtins(info.annotation)
