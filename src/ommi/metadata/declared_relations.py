"""From the annotation of a relation to what it leads to.

That is found when a relation is first used, so that models may be defined in any order, and refer
to each other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import field
from types import NoneType
from typing import Any, ClassVar, get_args, get_origin

from ommi.errors import ModelError
from ommi.metadata.annotations import Through, Using, markers
from ommi.metadata.collection import DEFAULT_COLLECTION
from ommi.metadata.hints import alternatives, is_union, look_through
from ommi.metadata.model import ModelMetadata, find_metadata
from ommi.metadata.references import ResolvedReference, references_of
from ommi.metadata.relations import Association, Relation
from ommi.metadata.resolution import (
    evaluated,
    is_class_variable,
    is_text,
    own_annotations,
    relation_handle,
)
from ommi.relations import LazyList
from ommi.values import frozen


def declared_relations(
    cls: type, namespace: Mapping[str, object]
) -> Mapping[str, DeclaredRelation]:
    """Give the relations that a class and its bases declare, in either spelling."""
    found: dict[str, DeclaredRelation] = {}
    for base in reversed(cls.__mro__):
        for name, raw in own_annotations(base).items():
            found.pop(name, None)
            handle = relation_handle(raw, base, namespace)
            if handle is not None:
                found[name] = DeclaredRelation(name, base, raw, handle, namespace)
    return found


@frozen(eq=False)
class DeclaredRelation:
    """A relation as it was written: `annotation` may hold names that are not defined yet."""

    name: str
    owner: type
    annotation: object
    handle: type
    namespace: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def is_many(self) -> bool:
        """Whether it leads to any number of rows."""
        return self.handle is LazyList

    @property
    def is_class_variable(self) -> bool:
        """Whether no model library takes it for a field."""
        return is_class_variable(self.annotation)

    def resolved(self, model: ModelMetadata) -> Relation:
        """Give what the relation of `model` leads to; raises `ModelError` for nothing."""
        argument, said = self._understood(model)
        target = self._model(model, argument)
        through = _only(model, self.name, said, Through)
        using = _only(model, self.name, said, Using)
        names = () if using is None else using.fields
        if self.is_many:
            if through is not None:
                middle = self._model(model, through.model)
                return _through(model, self.name, target, middle, names)
            return _reversed(model, self.name, target, names, is_many=True)
        if through is not None:
            raise self._error(model, "Through(...) is for LazyList, which leads to many rows")
        return _to_one(model, self.name, target, names)

    def _understood(self, model: ModelMetadata) -> tuple[object, tuple[object, ...]]:
        """Give what it leads to, and the extras of `Annotated`."""
        inner, extras = look_through(self._evaluated(model, self.annotation))
        if get_origin(inner) is ClassVar:
            inner, more = look_through(get_args(inner)[0])
            extras = (*more, *extras)
        if not get_args(inner):
            raise self._error(model, f"leads to no model; write {self.handle.__name__}[Model]")
        argument = get_args(inner)[0]
        written = self._evaluated(model, argument) if is_text(argument) else argument
        # The extras may stand inside: LazyList[Annotated[Tag, Through(PostTag)]].
        target, more = look_through(written)
        return (target, (*more, *extras)) if more else (argument, extras)

    def _model(self, model: ModelMetadata, written: object) -> ModelMetadata:
        found = self._evaluated(model, written) if is_text(written) else written
        if is_union(found):
            found = next(each for each in alternatives(found) if each is not NoneType)
        target = find_metadata(found)
        if target is None:
            name = getattr(found, "__name__", str(found))
            raise self._error(
                model,
                f"leads to {name}, which is not a model; decorate it with @ommi_model or "
                "register() it",
            )
        return target

    def _evaluated(self, model: ModelMetadata, written: object) -> object:
        module = vars(sys.modules.get(self.owner.__module__, sys))
        # A model need not be imported: those of the collections are known by their names.
        groups = (DEFAULT_COLLECTION, model.collection)
        models = {each.name: each.cls for group in groups for each in group}
        known = {name: cls for name, cls in models.items() if name not in module}
        try:
            scope = {**known, **self.namespace, model.name: model.cls}
            return evaluated(written, self.owner, scope)
        except Exception as error:
            raise self._error(
                model,
                f"its annotation {written!r} cannot be resolved: {error}; its collection has the "
                f"models {', '.join(sorted(each.name for each in model.collection))}",
            ) from error

    def _error(self, model: ModelMetadata, reason: str) -> ModelError:
        return ModelError(reason, model=model.name, field=self.name)


def _only(model: ModelMetadata, name: str, said: tuple[object, ...], kind: type[Any]) -> Any:  # noqa: ANN401 - of the kind asked for
    found = [each for extra in said for each in markers(extra) if isinstance(each, kind)]
    if len(found) > 1:
        raise ModelError(
            f"is marked {kind.__name__} {len(found)} times; keep one", model=model.name, field=name
        )
    return found[0] if found else None


def _to_one(
    owner: ModelMetadata, name: str, target: ModelMetadata, using: tuple[str, ...]
) -> Relation:
    candidates = _leading(owner, target)
    is_elsewhere = using and any(_uses(each, using[0]) for each in _leading(target, owner))
    if not candidates or (is_elsewhere and not any(_uses(r, using[0]) for r in candidates)):
        return _reversed(owner, name, target, using, is_many=False)
    chosen = _named(name, candidates) if len(candidates) > 1 and not using else None
    chosen = chosen or _chosen(owner, name, owner, candidates, using)
    pairs = tuple(zip(chosen.fields, chosen.target_fields, strict=True))
    is_nullable = any(near.is_nullable for near in chosen.fields)
    return Relation(name, owner, target, False, False, is_nullable, pairs)  # noqa: FBT003


def _leading(holder: ModelMetadata, target: ModelMetadata) -> list[ResolvedReference]:
    return [each for each in references_of(holder) if each.target is target]


def _reversed(
    owner: ModelMetadata,
    name: str,
    target: ModelMetadata,
    using: tuple[str, ...],
    *,
    is_many: bool,
) -> Relation:
    candidates = _leading(target, owner)
    if not candidates:
        other = "" if is_many else f", nor has {owner.name} one with ReferenceTo({target.name})"
        raise ModelError(
            f"{target.name} has no field with ReferenceTo({owner.name}){other}; one of them must "
            "say which rows belong together",
            model=owner.name,
            field=name,
        )
    chosen = _chosen(owner, name, target, candidates, using)
    pairs = tuple(zip(chosen.target_fields, chosen.fields, strict=True))
    return Relation(name, owner, target, is_many, True, not is_many, pairs)  # noqa: FBT003


def _through(
    owner: ModelMetadata,
    name: str,
    target: ModelMetadata,
    middle: ModelMetadata,
    using: tuple[str, ...],
) -> Relation:
    every = references_of(middle)
    for side in (owner, target):
        if not any(each.target is side for each in every):
            raise ModelError(
                f"Through({middle.name}) has no field with ReferenceTo({side.name})",
                model=owner.name,
                field=name,
            )
    near = _chosen(owner, name, middle, [r for r in every if r.target is owner], using[:1])
    rest = [each for each in every if each.target is target and each is not near]
    far = _chosen(owner, name, middle, rest, using[1:])
    return Relation(
        name,
        owner,
        target,
        is_many=True,
        is_reversed=True,
        is_nullable=False,
        pairs=tuple(zip(near.target_fields, near.fields, strict=True)),
        association=Association(middle, tuple(zip(far.fields, far.target_fields, strict=True))),
    )


def _chosen(
    owner: ModelMetadata,
    name: str,
    holder: ModelMetadata,
    candidates: list[ResolvedReference],
    using: tuple[str, ...],
) -> ResolvedReference:
    """Choose one of the references: the one that was said, or the only one."""
    if using:
        found = [each for each in candidates if _uses(each, using[0])]
        if not found:
            raise ModelError(
                f"Using({using[0]!r}) names no reference of {holder.name} that fits; there are "
                f"{_listed(holder, candidates)}",
                model=owner.name,
                field=name,
            )
        return found[0]
    if len(candidates) == 1:
        return candidates[0]
    raise ModelError(
        f"may mean any of {_listed(holder, candidates)}; choose one: "
        f"Annotated[..., Using({candidates[0].fields[0].name!r})]",
        model=owner.name,
        field=name,
    )


def _named(name: str, candidates: list[ResolvedReference]) -> ResolvedReference | None:
    """Choose the reference whose fields have the relation's name: `author_id` for `author`."""
    for fits in (_is_named, _has_stem):
        found = [each for each in candidates if fits(each, name)]
        if len(found) == 1:
            return found[0]
    return None


def _uses(reference: ResolvedReference, name: str) -> bool:
    return any(each.name == name for each in reference.fields)


def _is_named(reference: ResolvedReference, name: str) -> bool:
    return all(
        near.name in (f"{name}_id", f"{name}_{far.name}", name)
        for near, far in zip(reference.fields, reference.target_fields, strict=True)
    )


def _has_stem(reference: ResolvedReference, name: str) -> bool:
    return all(near.name.startswith(f"{name}_") for near in reference.fields)


def _listed(holder: ModelMetadata, candidates: list[ResolvedReference]) -> str:
    return ", ".join(
        " + ".join(f"{holder.name}.{each.name}" for each in reference.fields)
        for reference in candidates
    )
