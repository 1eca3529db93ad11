"""What the references of a model refer to, found when first used."""

from __future__ import annotations

from collections.abc import Iterator

from ommi.errors import ModelError
from ommi.metadata.annotations import OnDelete
from ommi.metadata.collection import DEFAULT_COLLECTION
from ommi.metadata.model import FieldMetadata, ModelMetadata, find_metadata, known_models
from ommi.values import frozen


@frozen(eq=False)
class ResolvedReference:
    """Fields of a model, and the fields of another that they hold the values of."""

    fields: tuple[FieldMetadata, ...]
    target: ModelMetadata
    target_fields: tuple[FieldMetadata, ...]
    on_delete: OnDelete


def references_of(model: ModelMetadata) -> tuple[ResolvedReference, ...]:
    """Give the references of a model; raises `ModelError` for one that leads nowhere.

    Fields that refer to different fields of one model are one composite reference; fields that
    refer to the same field are a reference each.
    """
    groups: list[list[tuple[FieldMetadata, ModelMetadata, FieldMetadata, OnDelete]]] = []
    for field in model.fields:
        if field.reference is None:
            continue
        target, target_field = _target(model, field)
        _check_types(model, field, target, target_field)
        entry = (field, target, target_field, field.reference.on_delete)
        for group in groups:
            taken = {other for _, _, other, _ in group}
            if group[0][1] is target and target_field not in taken:
                group.append(entry)
                break
        else:
            groups.append([entry])
    return tuple(_grouped(model, group) for group in groups)


def keeping_from_deletion(model: ModelMetadata) -> tuple[ModelMetadata, ...]:
    """Give the models whose rows may keep one of `model` from being deleted.

    They refer to it, or to what is deleted with it, and restrict.
    """
    found: dict[ModelMetadata, None] = {}
    gone = [model]
    for each in gone:
        for holder, reference in _referring(each):
            if reference.on_delete == "restrict":
                found[holder] = None
            elif reference.on_delete == "cascade" and holder not in gone:
                gone.append(holder)
    return tuple(found)


def touched_by_deletion(model: ModelMetadata) -> tuple[ModelMetadata, ...]:
    """Give the models whose rows a deletion of rows of `model` may delete or change."""
    gone = [model]
    changed: dict[ModelMetadata, None] = {}
    for each in gone:
        for holder, reference in _referring(each):
            if reference.on_delete == "set_null":
                changed[holder] = None
            elif reference.on_delete == "cascade" and holder not in gone:
                gone.append(holder)
    return tuple(dict.fromkeys((*gone, *changed)))


def _referring(model: ModelMetadata) -> Iterator[tuple[ModelMetadata, ResolvedReference]]:
    for holder in known_models():
        try:
            references = references_of(holder)
        except ModelError:  # one that leads nowhere leads not here
            continue
        yield from ((holder, each) for each in references if each.target is model)


def _grouped(
    model: ModelMetadata,
    group: list[tuple[FieldMetadata, ModelMetadata, FieldMetadata, OnDelete]],
) -> ResolvedReference:
    rules = {rule for _, _, _, rule in group}
    if len(rules) > 1:
        names = ", ".join(field.name for field, *_ in group)
        raise ModelError(
            f"{names} are one composite reference but say on_delete differently", model=model.name
        )
    reference = ResolvedReference(
        fields=tuple(field for field, *_ in group),
        target=group[0][1],
        target_fields=tuple(target_field for _, _, target_field, _ in group),
        on_delete=group[0][3],
    )
    _check_names_one_row(model, reference)
    return reference


def _check_names_one_row(model: ModelMetadata, reference: ResolvedReference) -> None:
    target, names = reference.target, {field.name for field in reference.target_fields}
    sets = [{key.name for key in target.keys}, *map(set, target.unique_together)]
    sets.extend({field.name} for field in target.fields if field.is_unique)
    if names not in sets:
        known = " or ".join(f"({', '.join(sorted(each))})" for each in sets)
        raise ModelError(
            f"refers to {target.name} ({', '.join(sorted(names))}), which may be the same in "
            f"several rows; refer to {known}, or mark the target Unique",
            model=model.name,
            field=reference.fields[0].name,
        )


def _target(model: ModelMetadata, field: FieldMetadata) -> tuple[ModelMetadata, FieldMetadata]:
    target = field.reference.target if field.reference is not None else None
    if isinstance(target, str):
        return _named(model, field, target)
    if isinstance(target, type):
        found = find_metadata(target)
        if found is not None:
            return found, _only_key(model, field, found)
    # A field reference, or what `Model.field` is on a slots class that was registered.
    owner = getattr(target, "owner", None)
    if isinstance(owner, ModelMetadata):
        return owner, owner.field(str(getattr(target, "field", "")))
    registered = find_metadata(getattr(target, "__objclass__", None))
    if registered is not None:
        return registered, registered.field(str(getattr(target, "__name__", "")))
    raise ModelError(
        f"refers to {target!r}, which is neither a model, a field of one, nor 'Model.field'",
        model=model.name,
        field=field.name,
    )


def _named(
    model: ModelMetadata, field: FieldMetadata, text: str
) -> tuple[ModelMetadata, FieldMetadata]:
    name, _, target_name = text.partition(".")
    found = next(
        (m for group in (model.collection, DEFAULT_COLLECTION) for m in group if m.name == name),
        None,
    ) or find_metadata(model.namespace.get(name))
    if found is None:
        known = ", ".join(sorted(m.name for m in model.collection))
        raise ModelError(
            f"refers to {text!r}, but its collection has no model {name!r}; it has {known}",
            model=model.name,
            field=field.name,
        )
    if not target_name:
        return found, _only_key(model, field, found)
    if target_name not in found.by_name:
        raise ModelError(
            f"refers to {text!r}, but {name} has no field {target_name!r}; it has "
            f"{', '.join(found.by_name)}",
            model=model.name,
            field=field.name,
        )
    return found, found.by_name[target_name]


def _only_key(model: ModelMetadata, field: FieldMetadata, target: ModelMetadata) -> FieldMetadata:
    if len(target.keys) == 1:
        return target.keys[0]
    names = ", ".join(f"{target.name}.{key.name}" for key in target.keys)
    raise ModelError(
        f"refers to {target.name}, whose key has several fields; refer to each: {names}",
        model=model.name,
        field=field.name,
    )


def _check_types(
    model: ModelMetadata, field: FieldMetadata, target: ModelMetadata, target_field: FieldMetadata
) -> None:
    if field.storage.kind is not target_field.storage.kind:
        raise ModelError(
            f"is stored as {field.storage} but refers to {target.name}.{target_field.name}, "
            f"which is stored as {target_field.storage}",
            model=model.name,
            field=field.name,
        )
