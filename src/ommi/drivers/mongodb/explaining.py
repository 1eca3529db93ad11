"""How the server would run a command: the names of its stages and indexes, and no values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pymongo.asynchronous.database import AsyncDatabase

from ommi.drivers.mongodb import commands
from ommi.drivers.mongodb.commands import Aggregate, Command, Find
from ommi.drivers.mongodb.connecting import CODEC
from ommi.drivers.mongodb.errors import translating
from ommi.planning.plan import Parameters

Document = dict[str, Any]


async def explained(
    database: AsyncDatabase[Document], command: Command, parameters: Parameters
) -> list[str]:
    """Give the winning plan, a line for each stage, the inner ones behind spaces."""
    with translating(command):
        command.check(parameters)
        asked = _asked(command, parameters)
        if asked is None:
            return ["nothing is sent: no row is wanted"]
        answer = await database.command(
            "explain", asked, verbosity="queryPlanner", codec_options=CODEC
        )
    return list(_stages(answer, 0)) or ["the server tells no stages"]


def _asked(command: Command, parameters: Parameters) -> Document | None:
    name = command.collection
    if isinstance(command, Find | Aggregate | commands.Count):
        if command.bounds.are_empty(parameters):
            return None
        filled = command.fill(parameters)
        if not isinstance(command, Find):
            return {"aggregate": name, "pipeline": filled, "cursor": {}}
        skip, limit = command.bounds.of(parameters)
        find: Document = {"find": name, "filter": filled, "sort": dict(command.sort)}
        return {**find, **({"skip": skip} if skip else {}), **({"limit": limit} if limit else {})}
    matching = cast("commands.Update | commands.Delete", command).matching
    filled = matching.fill(parameters)
    if matching.is_pipeline:
        return {"aggregate": name, "pipeline": filled, "cursor": {}}
    return {"find": name, "filter": filled}


def _stages(part: object, depth: int) -> Iterator[str]:
    """Find the plans that won in what the server tells, in whatever it wraps them."""
    if isinstance(part, list):
        for each in part:
            yield from _stages(each, depth)
    if not isinstance(part, Mapping):
        return
    if isinstance(part.get("stage"), str):
        index = f" {part['indexName']}" if "indexName" in part else ""
        yield f"{'  ' * depth}{part['stage']}{index}"
        depth += 1
    for name, inner in part.items():
        if name.startswith("$") and isinstance(inner, Mapping):
            yield f"{'  ' * depth}{name.removeprefix('$').upper()}"
        if name not in {"rejectedPlans", "command", "parsedQuery", "serverInfo"}:
            yield from _stages(inner, depth)
