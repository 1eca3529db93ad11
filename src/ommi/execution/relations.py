"""Fills relations: one statement for all instances that were read together.

What is loaded is remembered by the batch of the instances, by the key that each of them has in the
relation; the batch knows the keys of all its instances from their rows, never the instances.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import cache
from os.path import dirname
from types import FrameType
from typing import Any, cast

from ommi.errors import LazyLoadRefused, ModelError, QueryError
from ommi.execution.building import Source
from ommi.execution.executor import Executor
from ommi.execution.hydration import compiled
from ommi.execution.joining import joinable
from ommi.metadata.model import FieldMetadata, ModelMetadata
from ommi.metadata.paths import names_one_row
from ommi.metadata.relations import Relation, key_name
from ommi.query.builder import when
from ommi.query.fields import references
from ommi.query.loads import Load, RelatedSelection
from ommi.query.nodes import Comparison, Logical, Predicate
from ommi.query.operators import LogicalOperator, QueryOperator
from ommi.query.ordering import Ordering
from ommi.query.relation_fields import RelationReference
from ommi.query.statements import BESIDE, Select
from ommi.relations import BATCH, Attachments, Batch, Lazy, LazyList, batch_of, handles

Keys = Collection[object]
Related = dict[object, object]

KEYS_AT_ONCE = 256
"""How many keys of several fields go into one statement."""

# Nobody else needs pathlib to import Ommi.
_OURS = (dirname(__file__), dirname(handles.__file__))  # noqa: PTH120
_EVENT_LOOP = dirname(asyncio.__file__)  # noqa: PTH120


async def select_with(executor: Executor, select: Select, loads: Sequence[Load]) -> list[Any]:
    """Give the models that a selection means, with relations loaded."""
    beside = joinable(select, loads) if executor.can_join else ()
    instances = await executor.select(select.but(BESIDE, beside) if beside else select)
    if len(beside) < len(loads) or any(load.nested for load in loads):
        await load_related(executor, instances, loads, beside)
    return instances


async def load_related(
    executor: Executor,
    instances: Sequence[Any],
    loads: Sequence[Load],
    beside: Sequence[Relation] = (),
) -> None:
    """Load relations of instances that were read together, and what is to be loaded with them.

    Those `beside` came with the instances.
    """
    if not instances:
        return
    for load in loads:
        relation = load.relation
        if relation in beside:
            batch = cast("Batch", batch_of(instances[0]))
            came = [each for each in batch.known(relation).values() if each is not None]
            await load_related(executor, came, load.nested)
            continue
        keys = dict.fromkeys(map(relation.key_of, instances))
        keys.pop(None, None)
        others, related, batches = await _fetched(executor, relation, keys, load.selection)
        _put(relation, _batch_of_all(executor, relation, instances), related, keys)
        inverse = _inverse_of(relation)
        if inverse is not None and batches:
            _put_back(relation, inverse, instances, batches)
        await load_related(executor, others, load.nested)


class RelationLoader:
    """Loads relations when they are awaited, those that are awaited together in one statement."""

    def __init__(self, executor: Executor, *, refuses: bool = False) -> None:
        self._executor = executor
        self._refuses = refuses
        self._gathering: dict[object, _Loading] = {}
        self._under_way: dict[object, _Loading] = {}

    async def load(self, instance: object, relation: Relation, *, again: bool) -> object:
        """Give what belongs to an instance; what is remembered by its batch is not loaded."""
        if self._refuses and not again:
            raise _refusal(relation)
        key = _checked_key(relation, instance)
        batch = _batch_of(relation, instance)
        if again:
            _, related, _ = await _fetched(self._executor, relation, [key])
            _put(relation, batch, related, [key])
        while key not in batch.known(relation):
            await self._joined(relation, batch, key)
        return batch.known(relation)[key]

    async def _joined(self, relation: Relation, batch: Batch, key: object) -> None:
        """Wait for a statement that loads the key: one that is under way, or one of our own."""
        place = self._executor.place_of(relation)
        loading = self._under_way.get((relation, batch, place))
        if loading is None:
            loading = self._gathering.get((relation, place))
        if loading is None:
            await self._led(_Loading(relation, batch, key), place)
            return
        loading.join(batch, key)
        self._under_way[relation, batch, place] = loading
        await loading.finished.wait()
        if loading.error is not None:
            raise loading.error

    async def _led(self, loading: _Loading, place: object) -> None:
        relation = loading.relation
        [batch] = loading.keys
        self._gathering[relation, place] = self._under_way[relation, batch, place] = loading
        try:
            try:
                # Let those join that were started in the same turn of the loop.
                await asyncio.sleep(0)
            finally:
                del self._gathering[relation, place]
            await self._run(loading)
        except Exception as error:
            loading.error = error
            raise
        finally:
            for batch in loading.keys:
                self._under_way.pop((relation, batch, place), None)
            loading.finished.set()

    async def _run(self, loading: _Loading) -> None:
        relation = loading.relation
        for batch, keys in loading.keys.items():
            known = batch.known(relation)
            keys.update(dict.fromkeys(self._keys_of_all(relation, batch)))
            for key in [None, *known]:
                keys.pop(key, None)
        every = {key: None for keys in loading.keys.values() for key in keys}
        _, related, _ = await _fetched(self._executor, relation, every)
        if len(loading.keys) == 1:
            _put(relation, next(iter(loading.keys)), related, every)
            return
        for batch, keys in loading.keys.items():
            # Lists are the caller's to change, so no two of them are the same.
            own = {key: copy(related[key]) for key in keys if key in related}
            _put(relation, batch, own if relation.is_many else related, keys)

    def _keys_of_all(self, relation: Relation, batch: Batch) -> Keys:
        """Give the keys of all instances of a batch, as they were read."""
        columns = [self._column(relation, field, batch) for field in relation.near_fields]
        if len(columns) == 1:
            return columns[0]
        return [key for key in zip(*columns, strict=True) if None not in key]

    def _column(self, relation: Relation, field: FieldMetadata, batch: Batch) -> list[object]:
        place = relation.owner.fields.index(field)
        decode = self._executor.planner.compiler.codec(field.storage).decode
        raw = [row[place] for row in batch.rows]
        if decode is None:
            return raw
        return [value if value is None else decode(value) for value in raw]


class _Loading:
    """One statement that is being gathered, or under way: the keys that it loads, by batch."""

    def __init__(self, relation: Relation, batch: Batch, key: object) -> None:
        self.relation = relation
        self.keys: dict[Batch, dict[object, None]] = {}
        self.finished = asyncio.Event()
        self.error: Exception | None = None
        self.join(batch, key)

    def join(self, batch: Batch, key: object) -> None:
        """Ask for a key too; one that comes too late asks again."""
        self.keys.setdefault(batch, {})[key] = None


async def _fetched(
    executor: Executor,
    relation: Relation,
    keys: Keys,
    selection: RelatedSelection | None = None,
) -> tuple[list[Any], Related, list[Batch]]:
    """Give the instances that belong to keys: all, those of each key, and their batches."""
    wanted = list(keys)
    if not wanted:
        return [], {}, []
    if relation.association is not None:
        # Nothing leads back through an association, so nobody asks for the batches.
        return (*await _fetched_through(executor, relation, wanted, selection), [])
    select = _select(relation, selection)
    found, batches = await _all_with(executor, select, relation.far_fields, wanted)
    if not relation.is_many:
        far_keys = map(relation.far_key_of, found)
        return found, dict(zip(far_keys, found, strict=True)), batches
    related: Related = {key: [] for key in wanted}
    try:
        _spreading(relation)(related, found)
    except KeyError:
        raise QueryError(
            f"{relation!r}: the store takes two keys for the same that differ; compare them "
            "by code point, or make them the same"
        ) from None
    return found, related, batches


@cache
def _spreading(relation: Relation) -> Callable[[Related, Sequence[Any]], None]:
    """Make the function that adds each instance to the list of its key."""
    source = Source()
    name = key_name(relation.far_fields)
    key = f"{source.bind('key_of', relation.far_key_of)}(m)" if name is None else f"m.{name}"
    lines = [
        "def made(related, found):",
        "    for m in found:",
        f"        related[{key}].append(m)",
    ]
    return cast("Callable[[Related, Sequence[Any]], None]", compiled(source.define(lines)))


async def _fetched_through(
    executor: Executor,
    relation: Relation,
    wanted: list[object],
    selection: RelatedSelection | None,
) -> tuple[list[Any], Related]:
    association = relation.association
    assert association is not None  # noqa: S101 - the caller looked
    between, _ = await _all_with(executor, Select(association.model), relation.far_fields, wanted)
    owners: dict[object, dict[object, None]] = {}
    for each in between:
        owners.setdefault(association.key_of(each), {})[relation.far_key_of(each)] = None
    owners.pop(None, None)
    found, _ = await _all_with(
        executor, _select(relation, selection), association.far_fields, list(owners)
    )
    related: dict[object, list[object]] = {key: [] for key in wanted}
    for instance in found:
        for owner in owners[association.far_key_of(instance)]:
            related[owner].append(instance)
    if selection is None or (selection.most is None and not selection.skipped):
        return found, cast("Related", related)
    end = None if selection.most is None else selection.skipped + selection.most
    cut = {key: each[selection.skipped : end] for key, each in related.items()}
    kept = {id(instance): instance for each in cut.values() for instance in each}
    return list(kept.values()), cast("Related", cut)


def _select(relation: Relation, selection: RelatedSelection | None) -> Select:
    if selection is None:
        selection = RelatedSelection(RelationReference(relation.owner, relation.name))
    # Without another order many come in that of the key, the same on every store.
    order = selection.order or (_by_key(relation.target) if relation.is_many else ())
    select = Select(relation.target, selection.filter, order)
    is_whole = selection.most is None and not selection.skipped
    if is_whole or relation.association is not None:
        return select
    return select._replace(
        limit=selection.most, offset=selection.skipped or None, of_each=relation.far_fields
    )


def _put_back(
    relation: Relation, inverse: Relation, instances: Sequence[Any], batches: Sequence[Batch]
) -> None:
    """Let those that were loaded know whom they belong to."""
    owners = dict(zip(map(relation.key_of, instances), instances, strict=True))
    owners.pop(None, None)
    for batch in batches:
        batch.known(inverse).update(owners)


@cache
def _inverse_of(relation: Relation) -> Relation | None:
    """Give the relation by which each row that is loaded leads back to its one owner."""
    target = relation.target
    if (
        relation.association is not None
        or target.set_state is None
        or not names_one_row(relation.owner, relation.near_fields)
    ):
        return None
    back = tuple((far, near) for near, far in relation.pairs)
    for name in target.declared_relations:
        # One that leads nowhere is refused where it is used.
        with suppress(ModelError):
            there = target.relation(name)
            if there.pairs == back and there.target is relation.owner and not there.is_many:
                return there
    return None


@cache
def _by_key(model: ModelMetadata) -> tuple[Ordering, ...]:
    known = references(model)
    return tuple(known[key.name].asc for key in model.keys)


async def _all_with(
    executor: Executor, select: Select, fields: Sequence[FieldMetadata], keys: list[object]
) -> tuple[list[Any], list[Batch]]:
    """Give the rows of a selection whose fields have one of the keys, and their batches."""
    if not keys:
        return [], []
    if len(fields) == 1:
        parts = [_among(select.model, fields[0], keys)]
    else:
        chunks = range(0, len(keys), KEYS_AT_ONCE)
        parts = [
            _any_of(select.model, fields, keys[start : start + KEYS_AT_ONCE]) for start in chunks
        ]
    found: list[Any] = []
    batches: list[Batch] = []
    for part in parts:
        where = part if select.where is None else when(select.where, part)
        there = await executor.select(select._replace(where=where))
        found += there
        # All that a statement gives are of one batch, if their class keeps it.
        batch = batch_of(there[0]) if there else None
        if batch is not None:
            batches.append(batch)
    return found, batches


def _among(model: ModelMetadata, field: FieldMetadata, keys: list[object]) -> Predicate:
    # The keys are stored forms already.
    return Comparison.unchecked(references(model)[field.name], QueryOperator.IN, tuple(keys))


def _any_of(
    model: ModelMetadata, fields: Sequence[FieldMetadata], keys: Sequence[object]
) -> Predicate:
    known = references(model)
    # Filled up with the last one to a power of two: few shapes, few plans.
    count = 1 << (len(keys) - 1).bit_length()
    rest = [keys[-1]] * (count - len(keys))
    each = [
        Logical(
            LogicalOperator.AND,
            [
                Comparison.unchecked(known[field.name], QueryOperator.EQUALS, value)
                for field, value in zip(fields, cast("tuple[object, ...]", key), strict=True)
            ],
        )
        for key in (*keys, *rest)
    ]
    return each[0] if len(each) == 1 else Logical(LogicalOperator.OR, each)


def put_related(relation: Relation, batch: Batch, related: Mapping[object, object]) -> None:
    """Let a batch remember what belongs to keys."""
    batch.known(relation).update(related)


def _put(relation: Relation, batch: Batch, related: Mapping[object, object], keys: Keys) -> None:
    known = batch.known(relation)
    known.update(related)
    # Of many there is a list for each key that was asked for.
    if not relation.is_many and len(related) < len(keys):
        known.update((key, None) for key in keys if key not in related)


def _batch_of_all(executor: Executor, relation: Relation, instances: Sequence[Any]) -> Batch:
    """Give the batch of instances that were read together.

    Those of a registered class have none, and are given one here, with the handle: this is the
    only time that Ommi puts anything into them.
    """
    batch = batch_of(instances[0])
    if batch is None:
        batch = Batch(executor.database)
    if relation.owner.set_state is None:
        handle = LazyList if relation.is_many else Lazy
        for instance in instances:
            instance.__dict__[BATCH] = batch
            instance.__dict__[relation.name] = handle(instance, relation)
    return batch


def _batch_of(relation: Relation, instance: object) -> Batch:
    batch = batch_of(instance)
    if batch is None:
        batch = Attachments()
        if relation.owner.set_state is not None:
            relation.owner.set_state(instance, (None, batch))
    return batch


def _checked_key(relation: Relation, instance: object) -> object:
    """Give the key of an instance, whose fields may have been assigned anything since."""
    for field in relation.near_fields:
        field.dump(getattr(instance, field.name))
    return relation.key_of(instance)


def _refusal(relation: Relation) -> LazyLoadRefused:
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    known = frame is not None and not frame.f_code.co_filename.startswith(_EVENT_LOOP)
    if frame is None or not known:
        return LazyLoadRefused(repr(relation), None, None)
    return LazyLoadRefused(repr(relation), frame.f_code.co_filename, frame.f_lineno)
