"""Adds, and batches of writes, through the layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, cast

from ommi.execution.graph import GraphWriter, nodes_of
from ommi.execution.watched.executor import WatchedExecutor
from ommi.metadata.model import ModelMetadata, metadata_of
from ommi.plugins.operation import NewRow, Operation, Verb
from ommi.plugins.protocol import Answer
from ommi.query.statements import Delete, Insert, Update
from ommi.relations import attachments_of

Work = Update | Delete | list[Any]


class WatchedWriter(GraphWriter):
    """Writes what a writer writes, each time through the layers."""

    _executor: WatchedExecutor

    async def add(self, instance: Any) -> Any:  # noqa: ANN401 - of the user's own class
        async def run(operation: Operation) -> Answer:
            added = await super(WatchedWriter, self).add(instance)
            return Answer(operation, count=1, value=added)

        return (await self._executor.chain.run(self._insert([instance]), run)).value

    async def add_all(self, instances: Sequence[Any]) -> list[Any]:
        if not instances:
            return []

        async def run(operation: Operation) -> Answer:
            added = await super(WatchedWriter, self).add_all(instances)
            return Answer(operation, count=len(added), value=added)

        answer = await self._executor.chain.run(self._insert(instances), run)
        return cast("list[Any]", answer.value)

    async def run_together(self, works: Sequence[Work]) -> list[Any]:
        if not works:
            return []

        async def run(operation: Operation) -> Answer:
            statements = (part.statement for part in operation.parts)
            given = await super(WatchedWriter, self).run_together(
                [
                    work if isinstance(work, list) else cast("Update | Delete", statement)
                    for work, statement in zip(works, statements, strict=True)
                ]
            )
            return Answer(operation, count=len(given), value=given)

        parts = [self._part(work) for work in works]
        batch = self._executor.operation(Verb.BATCH, parts=parts)
        return cast("list[Any]", (await self._executor.chain.run(batch, run)).value)

    def _part(self, work: Work) -> Operation:
        if isinstance(work, list):
            return self._insert(work)
        verb = Verb.UPDATE if isinstance(work, Update) else Verb.DELETE
        return self._executor.operation(verb, work)

    def _insert(self, instances: Sequence[Any]) -> Operation:
        """Make the operation for an add: of one statement for each model, of one for one."""
        models = dict.fromkeys(metadata_of(type(instance)) for instance in instances)
        is_graph = any(map(attachments_of, instances))
        if len(models) == 1 and not is_graph:
            [model] = models
            return self._insert_into(model, instances)
        rows = partial(_rows_of_graph, instances)
        if is_graph:
            models = dict.fromkeys(row.model for row in rows())
        parts = [self._insert_into(model, ()) for model in models]
        return self._executor.operation(Verb.BATCH, parts=parts, rows=rows)

    def _insert_into(self, model: ModelMetadata, instances: Sequence[Any]) -> Operation:
        generated = set(model.generated)
        left = tuple(
            field
            for field in model.generated
            if all(getattr(instance, field.name) is None for instance in instances)
        )
        fields = tuple(f for f in model.fields if f not in generated or f not in left)
        statement = Insert(model, fields, left)
        return self._executor.operation(
            Verb.INSERT, statement, rows=lambda: list(_rows_of_graph(instances))
        )


def _rows_of_graph(instances: Sequence[Any]) -> Iterator[NewRow]:
    return (NewRow(*facts) for facts in nodes_of(instances))
